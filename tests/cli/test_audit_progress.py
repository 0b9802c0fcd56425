"""How far an audit is, on a terminal and elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kesspay.audit.work import Meter
from kesspay.cli import audit_progress
from kesspay.cli.audit_progress import Display


class Clock:
    """A clock that is moved by hand."""

    now = 100.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock of the display."""
    made = Clock()
    monkeypatch.setattr(audit_progress, "time", made)
    return made


def test_lines(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Every ten seconds a line with rate, share and what is left."""
    meter = Meter(rows=100, size=1000, failures=3)
    with Display() as display:
        display.show(meter, 8000, 800)
        assert capsys.readouterr().err == ""
        clock.now += 10
        meter.add(300, 3000, 1)
        display.show(meter, 8000, 800)
        display.show(meter, 8000, 800)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line) == {
        "rows": 400,
        # What a resumed run found before is no work of this one.
        "rows_per_second": 30,
        "failures": 4,
        "share": 0.5,
        "seconds_left": 13,
    }


@pytest.mark.parametrize(
    ("meter", "size", "share", "left"),
    [
        (Meter(rows=200, size=250), 1000, 0.25, 60),
        (Meter(rows=200, size=5000), 1000, 1.0, 0),
        (Meter(rows=200, size=5), 0, None, None),
        (Meter(rows=0, size=0), 1000, 0.0, None),
    ],
)
def test_bytes(
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
    meter: Meter,
    size: int,
    share: float | None,
    left: int | None,
) -> None:
    """Where rows are not known, bytes say how far it is."""
    with Display() as display:
        display.show(Meter(), size, 0)
        clock.now += 20
        display.show(meter, size, 0)
        found = json.loads(capsys.readouterr().err.splitlines()[-1])
        assert found["share"] == share
        # Half of the time that ten rows a second would take.
        assert found["seconds_left"] == left


def test_terminal(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal there is a bar, which is gone at the end."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    seen: list[dict[str, Any]] = []
    with Display() as display:
        monkeypatch.setattr(
            display._bar, "update", lambda _, **words: seen.append(words)
        )
        clock.now += 2
        display.show(Meter(rows=10, size=50, failures=1), 100, 20)
        display.show(Meter(rows=10, size=50, failures=1), 100, 0)
        display.show(Meter(rows=10, size=50, failures=1), 0, 0)
    assert [(one["total"], one["completed"]) for one in seen] == [
        *((20, 10), (100, 50), (None, 50))
    ]
    assert seen[0]["description"] == "10 rows"
    capsys.readouterr()
