"""
Exceptions that a signal handler of the application raises.

A job queue ends a job like that, out of whatever we wait for. Such an exception is no
fault of the network, whatever its class: handlers like to raise TimeoutError,
which sockets raise, too. It belongs to the caller, and reaches the caller.
"""

from __future__ import annotations

import signal
from functools import partial
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from types import CodeType


__all__ = ["raised_by_a_signal"]


def raised_by_a_signal(error: BaseException) -> bool:
    """Return whether an exception came out of a signal handler."""
    handlers = _handlers()
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code in handlers:
            return True
        traceback = traceback.tb_next
    return False


def _handlers() -> set[CodeType]:
    """Return the code of every handler that is set."""
    found = map(_code_of, map(signal.getsignal, signal.valid_signals()))
    return {code for code in found if code is not None}


def _code_of(handler: object) -> CodeType | None:
    while isinstance(handler, partial):
        handler = handler.func
    function = getattr(handler, "__func__", handler)
    if not hasattr(function, "__code__"):
        # An object that can be called.
        function = vars(type(handler)).get("__call__")
    return getattr(function, "__code__", None)
