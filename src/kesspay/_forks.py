"""
What must be done about a fork: connections, threads and locks do not survive one.

SQLite keeps locks for each process, and a socket has one reader. So an object with
connections closes them before the process forks, and begins anew in the child. There
another thread is gone, and what it held or was about to do stays so for ever: an
object with a lock, or one that has threads work for it, begins anew as well.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakSet


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["ForkLock", "Forkable", "heed_forks"]


class Forkable:
    """Something that has connections, threads or locks. Nothing here may raise."""

    def before_fork(self) -> None:
        """Close what the child must not inherit; calls wait until the fork is done."""

    def after_fork_in_parent(self) -> None:
        """Continue."""

    def after_fork_in_child(self) -> None:
        """Start with new state: the child has no other thread; locks may stay held."""


_heeding: Final[WeakSet[Forkable]] = WeakSet()
_lock = Lock()
_forking: list[Forkable] = []


def heed_forks(one: Forkable) -> None:
    """Call an object's methods at every fork from now on, for as long as it lives."""
    with _lock:
        _heeding.add(one)


class ForkLock(Forkable):
    """A lock that is free in a child, also where a thread held it at the fork."""

    def __init__(self) -> None:
        """Begin free."""
        self._lock = Lock()
        heed_forks(self)

    def __enter__(self) -> None:
        """Take it."""
        self._lock.acquire()

    def __exit__(self, *exception: object) -> None:
        """Give it back."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Be free."""
        self._lock = Lock()


def _before() -> None:
    _lock.acquire()
    _forking.extend(_heeding)
    for one in _forking:
        one.before_fork()


def _after_in_parent() -> None:
    for one in _all_of_this_fork():
        one.after_fork_in_parent()


def _after_in_child() -> None:
    for one in _all_of_this_fork():
        one.after_fork_in_child()


def _all_of_this_fork() -> Iterator[Forkable]:
    yield from _forking
    _forking.clear()
    _lock.release()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(
        before=_before,
        after_in_parent=_after_in_parent,
        after_in_child=_after_in_child,
    )
