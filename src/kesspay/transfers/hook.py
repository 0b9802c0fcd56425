"""The hook that is called with each result of a transfer, for metrics and the like."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeAlias

from kesspay._signals import raised_by_a_signal
from kesspay.errors import InputError
from kesspay.transfers.payment import TransferResult


__all__ = ["ResultHook", "Results"]

ResultHook: TypeAlias = Callable[[TransferResult], None]
"""Called with each result, in the thread or task of the call; it must be quick."""

_log = logging.getLogger("kesspay.transfers")


class Results:
    """
    Calls a hook with each result.

    Args:
        hook: called with each result, or None. What it raises is logged and changes
            nothing about the payment.

    Raises:
        InputError: the hook cannot be called.
    """

    def __init__(self, hook: ResultHook | None) -> None:
        """Take the hook."""
        if hook is not None and not callable(hook):
            raise InputError("on_result must be a function")
        self._hook = hook

    def of(self, result: TransferResult) -> TransferResult:
        """Call the hook with a result, and return the result."""
        if self._hook is not None:
            try:
                self._hook(result)
            except Exception as error:
                if raised_by_a_signal(error):
                    raise
                _log.warning("on_result raised %s", type(error).__name__)
        return result
