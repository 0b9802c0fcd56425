"""The loop that runs a generator: do what it yields, and send in what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast


if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator


__all__ = ["adrive", "drive"]

_T = TypeVar("_T")
_WantedT = TypeVar("_WantedT")


def _never(error: BaseException) -> bool:
    del error
    return False


def drive(
    steps: Generator[_WantedT, Any, _T],
    act: Callable[[_WantedT], Any],
    *,
    passes: Callable[[BaseException], bool] = _never,
) -> _T:
    """
    Run a generator to its end, and return what it returns.

    It is closed in any case, so that it cleans up.

    Args:
        steps: decides what is done next; what an act raises is thrown into it.
        act: does one thing that was yielded, and returns what is sent in.
        passes: whether an exception goes to the caller instead, past ``steps``.
    """
    go_on: Callable[[Any], _WantedT] = steps.send
    given: Any = None
    try:
        while True:
            try:
                wanted = go_on(given)
            except StopIteration as stop:
                return cast("_T", stop.value)
            try:
                given, go_on = act(wanted), steps.send
            except BaseException as error:
                if passes(error):
                    raise
                given, go_on = error, steps.throw
    finally:
        # An exception that is kept here would hold itself, by its traceback.
        del given
        steps.close()


async def adrive(
    steps: Generator[_WantedT, Any, _T],
    act: Callable[[_WantedT], Awaitable[Any]],
    *,
    passes: Callable[[BaseException], bool] = _never,
) -> _T:
    """Run a generator to its end, as ``drive`` does, with acts that are awaited."""
    go_on: Callable[[Any], _WantedT] = steps.send
    given: Any = None
    try:
        while True:
            try:
                wanted = go_on(given)
            except StopIteration as stop:
                return cast("_T", stop.value)
            try:
                given, go_on = await act(wanted), steps.send
            except BaseException as error:
                if passes(error):
                    raise
                given, go_on = error, steps.throw
    finally:
        del given
        steps.close()
