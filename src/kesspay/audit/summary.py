"""The counts of a run: those of one unit, and of all of them together."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kesspay.audit.kernel import AUTHENTIC, VERDICTS


if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["Tally"]

_DAY: Final = 86_400_000_000
_EPOCH: Final = date(1970, 1, 1)
#: Services and days that are counted by name; a column of nonsense has more.
_MOST: Final = 5000
_OTHERS: Final = "(others)"


class Tally:
    """
    Counts of rows by verdict, key, day and service.

    Attributes:
        rows: all of them.
        verdicts: rows by verdict.
        keys: of each key that verified, the rows, those outside of its window, and the
            first and last time at which it did, in microseconds since 1970.
        days: rows by day (UTC) and verdict; "" for rows without a time.
        services: rows by service and verdict; "" for rows without one.
    """

    def __init__(self) -> None:
        """Count nothing yet."""
        self.rows = 0
        self.verdicts = dict.fromkeys(VERDICTS, 0)
        self.keys: dict[str, dict[str, int | None]] = {}
        self.days: dict[str, dict[str, int]] = {}
        self.services: dict[str, dict[str, int]] = {}

    @property
    def failures(self) -> int:
        """How many rows are not authentic."""
        return self.rows - self.verdicts[VERDICTS[AUTHENTIC]]

    def add(self, batch: Any) -> None:  # noqa: ANN401 - of pyarrow
        """Count the rows of a part."""
        self.rows += len(batch)
        verdict = np.asarray(batch.column("verdict").indices)
        for code, count in enumerate(np.bincount(verdict, minlength=len(VERDICTS))):
            self.verdicts[VERDICTS[code]] += int(count)
        times = batch.column("seen_at")
        known = np.asarray(times.is_valid())
        micros = np.asarray(times.cast("int64").fill_null(0))
        self._add_keys(batch.column("key"), verdict, micros, known)
        days = np.where(known, micros // _DAY, np.iinfo(np.int64).min)
        for day, code, count in _pairs(days, verdict):
            name = _day(day)
            _bump(self.days, name, VERDICTS[code], count)
        services = batch.column("service")
        names = services.dictionary.to_pylist()
        places = np.asarray(services.indices.fill_null(-1))
        for place, code, count in _pairs(places, verdict):
            name = names[place] if place >= 0 else ""
            _bump(self.services, name, VERDICTS[code], count)

    def _add_keys(
        self,
        keys: Any,  # noqa: ANN401 - of pyarrow
        verdict: NDArray[Any],
        micros: NDArray[Any],
        known: NDArray[Any],
    ) -> None:
        places = np.asarray(keys.indices.fill_null(-1))
        for place, name in enumerate(keys.dictionary.to_pylist()):
            mine = places == place
            if not mine.any():
                continue
            timed = micros[mine & known]
            self._merge_key(
                name,
                {
                    "rows": int(mine.sum()),
                    "outside": int((mine & (verdict != AUTHENTIC)).sum()),
                    "first": int(timed.min()) if len(timed) else None,
                    "last": int(timed.max()) if len(timed) else None,
                },
            )

    def _merge_key(self, name: str, new: dict[str, int | None]) -> None:
        old = self.keys.setdefault(
            name, {"rows": 0, "outside": 0, "first": None, "last": None}
        )
        for field in ("rows", "outside"):
            old[field] = (old[field] or 0) + (new[field] or 0)
        for field, pick in (("first", min), ("last", max)):
            found = [one for one in (old[field], new[field]) if one is not None]
            old[field] = pick(found) if found else None

    def merge(self, described: dict[str, Any]) -> None:
        """Add what another tally has described."""
        self.rows += described["rows"]
        for verdict, count in described["verdicts"].items():
            self.verdicts[verdict] += count
        for name, one in described["keys"].items():
            self._merge_key(name, one)
        for mine, other in (
            (self.days, described["days"]),
            (self.services, described["services"]),
        ):
            for name, counts in other.items():
                for verdict, count in counts.items():
                    _bump(mine, name, verdict, count)

    def described(self) -> dict[str, Any]:
        """Return the counts, in one order."""
        return {
            "rows": self.rows,
            "verdicts": self.verdicts,
            "keys": {name: self.keys[name] for name in sorted(self.keys)},
            "days": {name: _sorted(self.days[name]) for name in sorted(self.days)},
            "services": {
                name: _sorted(self.services[name]) for name in sorted(self.services)
            },
        }


def _pairs(groups: NDArray[Any], verdict: NDArray[Any]) -> list[tuple[int, int, int]]:
    """Return each pair of a group and a verdict, with its count."""
    if not len(groups):
        return []
    first, last = int(groups.min()), int(groups.max())
    if last - first < len(groups):
        # As days and services are; it saves sorting them.
        distinct, places = np.arange(first, last + 1), groups - first
    else:
        distinct, places = np.unique(groups, return_inverse=True)
    counts = np.bincount(places * len(VERDICTS) + verdict)
    return [
        (int(distinct[at // len(VERDICTS)]), int(at % len(VERDICTS)), int(counts[at]))
        for at in np.flatnonzero(counts)
    ]


def _day(number: int) -> str:
    try:
        return (_EPOCH + timedelta(days=number)).isoformat()
    except OverflowError:
        # No time is known, or none that a calendar has.
        return ""


def _bump(
    counts: dict[str, dict[str, int]], name: str, verdict: str, count: int
) -> None:
    if name not in counts and len(counts) >= _MOST:
        name = _OTHERS
    one = counts.setdefault(name, {})
    one[verdict] = one.get(verdict, 0) + count


def _sorted(counts: dict[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in VERDICTS if name in counts}
