"""Which allocator Arrow takes in a program of ours."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["VARIABLE", "frugal"]

#: What Arrow reads when it is imported, and never again.
VARIABLE: Final = "ARROW_DEFAULT_MEMORY_POOL"
_FRUGAL: Final = "jemalloc"
#: The wheels that PyPI has for Linux on x86-64.
_WHEEL: Final = re.compile(r"^Tag: \S*-(?:many|musl)linux\S*_x86_64$", re.MULTILINE)


@contextmanager
def frugal() -> Iterator[None]:
    """
    Let Arrow take the allocator that keeps least, where it is imported within.

    Threads that judge need 20 MB of Arrow at a time. mimalloc, which Arrow prefers,
    keeps 100 MB for that, and jemalloc 25. Arrow prints a warning where it was built
    without the one that it is asked for, so that only wheels are asked which have it.
    What the user has chosen stays, and programs started later see no variable.
    """
    if VARIABLE in os.environ or not _has_frugal():
        yield
        return
    os.environ[VARIABLE] = _FRUGAL
    try:
        yield
    finally:
        del os.environ[VARIABLE]


def _has_frugal() -> bool:
    try:
        wheel = distribution("pyarrow").read_text("WHEEL")
    except PackageNotFoundError:
        return False
    return _WHEEL.search(wheel or "") is not None
