"""What a run writes, and what takes part in it."""

from __future__ import annotations

import io
from pathlib import Path

from kesspay.audit import Hooks, Target


def test_what_may_be_given() -> None:
    """Paths are paths; failures may go to an open file, and hooks are functions."""
    out = Path("out")
    assert Target(out, failures=out).failures is out
    with io.BytesIO() as file:
        assert Target(out, failures=file).failures is file
    target = Target(
        out, report=out, ring=out, evidence=out, statement=out, journal="j.db"
    )
    assert target.journal == "j.db"
    assert not Hooks(progress=lambda *_: None).stop.is_set()
