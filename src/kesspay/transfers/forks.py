"""
What must be done about a fork: connections do not survive one.

SQLite keeps locks for each process, and a socket has one reader. So an object with
connections closes them before the process forks, and begins anew in the child.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakSet


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["Forkable", "heed_forks"]


class Forkable:
    """Something that has connections, or threads. Nothing here may raise."""

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
