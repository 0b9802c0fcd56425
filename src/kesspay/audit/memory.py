"""What Arrow takes and loads in a program of ours."""

from __future__ import annotations

import os
import re
import sys
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
    Let Arrow take and load what needs least, where it is imported within.

    Where a program has imported it before, both were decided.
    """
    if "pyarrow" in sys.modules:
        yield
        return
    with _no_pandas(), _allocator():
        yield


@contextmanager
def _allocator() -> Iterator[None]:
    """
    Let Arrow take the allocator that keeps least.

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


class _NoPandas:
    """Says that pandas is not installed."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Refuse pandas; leave other packages to those that look next."""
        if name == "pandas":
            raise ModuleNotFoundError(name, name=name)


@contextmanager
def _no_pandas() -> Iterator[None]:
    """
    Let Arrow do without pandas, which takes 35 MB and 0.2 s.

    Arrow imports it, if it is installed, for the first list that becomes an array, and
    does without it from then on if that fails.
    """
    sys.meta_path.insert(0, _NoPandas)
    try:
        yield
        if "pyarrow" in sys.modules:
            # The first list.
            sys.modules["pyarrow"].array([])
    finally:
        sys.meta_path.remove(_NoPandas)


def _has_frugal() -> bool:
    try:
        wheel = distribution("pyarrow").read_text("WHEEL")
    except PackageNotFoundError:
        return False
    return _WHEEL.search(wheel or "") is not None
