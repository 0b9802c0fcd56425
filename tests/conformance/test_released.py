"""An id of a case means one question for ever."""

from __future__ import annotations

from dataclasses import replace

from tests.conformance.released import changed, fingerprint, read, written
from tests.support.kit import stored_kit


KIT = stored_kit()


def test_no_released_case_was_changed() -> None:
    """Each released case is as it was, or withdrawn."""
    released = read()
    assert len(released) > 700
    assert changed(released, KIT.cases, KIT.withdrawn) == []


def test_a_change_is_noticed() -> None:
    """Another text, setting or key is another question; another hint is none."""
    case = KIT.cases[0]
    released = {case.id: fingerprint(case)}
    assert changed(released, [replace(case, comment="x", since="2.0")], []) == []
    for other in (
        replace(case, text=b"[]"),
        replace(case, profile=("ksort=7",)),
        replace(case, key=b"x"),
        replace(case, password=b"x"),
    ):
        assert changed(released, [other], []) == [case.id]
    assert changed(released, [], []) == [case.id]
    assert changed(released, [], [case.id]) == []


def test_lines_that_are_there_stay() -> None:
    """A new case is added, and a line of before is never replaced."""
    first, second = KIT.cases[:2]
    text = written({first.id: "as before"}, [first, second])
    assert text == f"{first.id} as before\n{second.id} {fingerprint(second)}\n"
