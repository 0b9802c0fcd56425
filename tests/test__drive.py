# ruff: noqa: ANN401 - what is yielded and sent in is of any type

"""The loop that runs a generator, with acts that return and acts that are awaited."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from kesspay._drive import adrive, drive


if TYPE_CHECKING:
    from collections.abc import Callable, Generator


def _at_once(steps: Generator[Any, Any, Any], act: Callable[[Any], Any]) -> Any:
    return drive(steps, act)


def _awaited(steps: Generator[Any, Any, Any], act: Callable[[Any], Any]) -> Any:
    async def wait(wanted: Any) -> Any:
        await asyncio.sleep(0)
        return act(wanted)

    return asyncio.run(adrive(steps, wait))


def _passing(steps: Generator[Any, Any, Any], act: Callable[[Any], Any]) -> Any:
    return drive(steps, act, passes=lambda error: isinstance(error, OSError))


def _passing_awaited(steps: Generator[Any, Any, Any], act: Callable[[Any], Any]) -> Any:
    async def wait(wanted: Any) -> Any:
        await asyncio.sleep(0)
        return act(wanted)

    coroutine = adrive(steps, wait, passes=lambda error: isinstance(error, OSError))
    return asyncio.run(coroutine)


@pytest.fixture(params=[_at_once, _awaited])
def run(request: pytest.FixtureRequest) -> Any:
    """Return the loop, then the one that awaits."""
    return request.param


@pytest.fixture(params=[_passing, _passing_awaited])
def run_passing(request: pytest.FixtureRequest) -> Any:
    """Return both loops, each letting OSError pass."""
    return request.param


def _refuse(error: BaseException) -> Callable[[Any], Any]:
    def act(wanted: Any) -> Any:
        del wanted
        raise error

    return act


def _ask_once(log: list[str]) -> Generator[str, str, str]:
    try:
        return (yield "what")
    except LookupError as error:
        log.append(type(error).__name__)
        return "without"
    finally:
        log.append("closed")


def test_what_is_yielded_is_done_and_sent_in(run: Any) -> None:
    """Each act gets what was yielded; its result comes in; the end is returned."""

    def steps() -> Generator[int, int, list[int]]:
        first = yield 1
        second = yield first
        return [first, second]

    assert run(steps(), lambda wanted: wanted + 10) == [11, 21]


def test_a_generator_that_asks_for_nothing(run: Any) -> None:
    """No act is needed to come to an end."""

    def steps() -> Generator[int, int, str]:
        return "at once"
        yield 1

    assert run(steps(), _refuse(AssertionError())) == "at once"


def test_what_an_act_raises_is_thrown_in(run: Any) -> None:
    """The generator decides: it can continue, and it can end."""
    log: list[str] = []
    assert run(_ask_once(log), _refuse(KeyError("gone"))) == "without"
    assert log == ["KeyError", "closed"]


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_what_is_not_caught_reaches_the_caller(
    run: Any, kind: type[BaseException]
) -> None:
    """The exception itself arrives, without another one in its context."""
    log: list[str] = []
    error = kind("why")
    with pytest.raises(kind) as caught:
        run(_ask_once(log), _refuse(error))
    assert caught.value is error
    assert error.__context__ is None
    assert log == ["closed"]


def test_an_error_instead_of_another_has_no_context(run: Any) -> None:
    """What the generator raises outside of a handler does not take the cause along."""

    def steps() -> Generator[int, int, None]:
        with suppress(ValueError):
            yield 1
        raise LookupError

    with pytest.raises(LookupError) as caught:
        run(steps(), _refuse(ValueError("secret")))
    assert caught.value.__context__ is None


def test_the_end_of_an_iteration_is_no_result(run: Any) -> None:
    """StopIteration of an act is a fault of the act, and not the end of the steps."""
    with pytest.raises(RuntimeError):
        run(_ask_once([]), _refuse(StopIteration("result")))


def test_what_passes_is_never_thrown_in(run_passing: Any) -> None:
    """It reaches the caller as itself; the generator is closed, and cleans up."""

    def steps() -> Generator[int, int, str]:
        try:
            yield 1
        except OSError:
            return "taken for a fault of its own"
        finally:
            log.append("closed")
        return ""

    log: list[str] = []
    error = TimeoutError("of a signal handler")
    with pytest.raises(TimeoutError) as caught:
        run_passing(steps(), _refuse(error))
    assert caught.value is error
    assert log == ["closed"]


def test_other_exceptions_do_not_pass(run_passing: Any) -> None:
    """What does not pass is thrown in, as ever."""
    log: list[str] = []
    assert run_passing(_ask_once(log), _refuse(KeyError("gone"))) == "without"


def _by_hand(steps: Generator[Any, Any, Any], act: Callable[[Any], Any]) -> Any:
    """Run a coroutine without a loop, which would hold the exception."""

    async def wait(wanted: Any) -> Any:
        return act(wanted)

    return adrive(steps, wait).send(None)


@pytest.mark.parametrize("run", [_at_once, _by_hand])
def test_no_exception_holds_itself(run: Any) -> None:
    """What is raised is freed with its last reference, and secrets with it."""

    class Held(Exception):
        pass

    def act(wanted: Any) -> Any:
        raise Held

    def attempt() -> weakref.ref[Held]:
        try:
            run(_ask_once([]), act)
        except Held as caught:
            return weakref.ref(caught)
        raise AssertionError

    gc.disable()
    try:
        gone = attempt()
        assert gone() is None
    finally:
        gc.enable()


def test_a_task_that_is_cancelled() -> None:
    """The generator sees the cancellation, and can add to it."""
    log: list[str] = []

    def steps() -> Generator[int, int, None]:
        try:
            yield 1
        except asyncio.CancelledError:
            log.append("cancelled")
            raise

    async def for_ever(wanted: int) -> None:
        del wanted
        await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(adrive(steps(), for_ever))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert log == ["cancelled"]
