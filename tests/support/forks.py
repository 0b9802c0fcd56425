"""A forked child of a test, and what became of it."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["in_child", "needs_fork"]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def in_child(work: Callable[[], object]) -> int:
    """Run something in a forked child and return its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
