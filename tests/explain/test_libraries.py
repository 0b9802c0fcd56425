"""What libraries do at once is made of known mistakes."""

from __future__ import annotations

from kesspay.explain.libraries import LIBRARIES
from kesspay.explain.mistakes import MISTAKES


def test_a_library_makes_known_mistakes() -> None:
    """Each change has a mistake of its own, and no two libraries write alike."""
    known = {one.changes for one in MISTAKES if len(one.changes) == 1}
    for name, _, changes in LIBRARIES:
        assert len(changes) > 1, name
        assert {(change,) for change in changes.items()} <= known, name
    written = [tuple(sorted(changes.items())) for _, _, changes in LIBRARIES]
    assert len(set(written)) == len(written)
