"""Forks: what each object learns, before it and on both sides after it."""

from __future__ import annotations

import gc
import signal
import threading
import weakref

import pytest

from kesspay import _forks as forks
from tests.support.forks import in_child, needs_fork


class Noted(forks.Forkable):
    """Notes what it learns of."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.seen: list[str] = []
        forks.heed_forks(self)

    def before_fork(self) -> None:
        """Note it."""
        self.seen.append("before")

    def after_fork_in_parent(self) -> None:
        """Note it."""
        self.seen.append("parent")

    def after_fork_in_child(self) -> None:
        """Note it."""
        self.seen.append("child")


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_both_sides_learn_of_a_fork() -> None:
    """Before the fork once, then the parent and the child each for itself."""
    one, other = Noted(), Noted()

    def work() -> None:
        assert one.seen == other.seen == ["before", "child"]

    assert in_child(work) == 0
    assert one.seen == other.seen == ["before", "parent"]
    assert in_child(lambda: None) == 0
    assert one.seen == ["before", "parent"] * 2


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_child_forks_again() -> None:
    """A child is the parent of its own child."""
    one = Noted()

    def work() -> None:
        assert in_child(lambda: None) == 0
        assert one.seen == ["before", "child", "before", "parent"]

    assert in_child(work) == 0


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_lock_is_free_in_a_child() -> None:
    """Also where another thread holds it, which is not there to give it back."""
    lock = forks.ForkLock()

    def work() -> None:
        signal.alarm(30)
        with lock:
            pass

    with lock:
        assert in_child(work) == 0
        # As in the child, where nothing measures.
        lock.after_fork_in_child()
        with lock:
            pass
        lock._lock.acquire()


@pytest.mark.thorough
def test_what_is_gone_is_not_kept() -> None:
    """To learn of forks keeps nothing alive."""
    one = Noted()
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None
    forks._before()
    forks._after_in_parent()


def test_what_begins_during_a_fork_waits_for_its_end() -> None:
    """What comes while a process forks learns of the next fork, not of half of this."""
    forks._before()
    made: list[Noted] = []
    thread = threading.Thread(target=lambda: made.append(Noted()))
    thread.start()
    thread.join(0.05)
    assert not made
    forks._after_in_parent()
    thread.join(30)
    assert made[0].seen == []
