"""The program that audits a large recording with planted faults, with a small one."""

from __future__ import annotations

import pytest

from tests.audit import million


@pytest.mark.minutes
@pytest.mark.exhaustive
def test_planted_faults(capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind of fault is found once, nothing else is, and kills change no byte."""
    kinds = len(million.MONEY_FAULTS) + len(million.BODY_FAULTS)
    rows = 3 * kinds * million.EVERY
    assert million.main(["--rows", str(rows), "--kills", "2", "--jobs", "1"]) == 0
    assert "same bytes: True" in capsys.readouterr().out
