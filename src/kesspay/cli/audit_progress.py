"""How far an audit is: a bar on a terminal, JSON lines elsewhere."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final, Self

import click


if TYPE_CHECKING:
    from types import TracebackType

    from kesspay.audit.work import Meter


__all__ = ["Display"]

#: Seconds between two lines where there is no terminal.
_EVERY: Final = 10.0


class Display:
    """Shows rows, rows a second, failures and the time that is left, on stderr."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._bar: Any = None
        self._task: Any = None
        self._began = 0.0
        self._last = 0.0
        self._before = -1

    def __enter__(self) -> Self:
        """Begin."""
        self._began = self._last = time.monotonic()
        if sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task("", total=None, failures=0, speed=0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()

    def show(self, meter: Meter, size: int, rows: int) -> None:
        """Show what was done so far, of the bytes and rows of all inputs."""
        now = time.monotonic()
        if self._before < 0:
            # What a resumed run found is no work of this one.
            self._before = meter.rows
        passed = max(now - self._began, 1e-9)
        speed = (meter.rows - self._before) / passed
        if self._bar is not None:
            self._bar.update(
                self._task,
                total=rows or size or None,
                completed=meter.rows if rows else meter.size,
                failures=meter.failures,
                speed=round(speed),
                description=f"{meter.rows:,} rows",
            )
        elif now - self._last >= _EVERY:
            self._last = now
            click.echo(_line(meter, size, rows, speed), err=True)


def _bar() -> Any:  # noqa: ANN401 - of rich, which is imported when it is needed
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[speed]:,} rows/s"),
        TextColumn("{task.fields[failures]:,} failures"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _line(meter: Meter, size: int, rows: int, speed: float) -> str:
    done, whole = (meter.rows, rows) if rows else (meter.size, size)
    share = min(1.0, done / whole) if whole else None
    left = None
    if rows and speed > 0:
        left = round(max(0, rows - meter.rows) / speed)
    elif share and meter.rows and speed > 0:
        left = round(meter.rows / share * (1 - share) / speed)
    return json.dumps(
        {
            "rows": meter.rows,
            "rows_per_second": round(speed),
            "failures": meter.failures,
            "share": None if share is None else round(share, 4),
            "seconds_left": left,
        }
    )
