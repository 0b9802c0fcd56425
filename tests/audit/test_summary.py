# mypy: disable-error-code="no-any-unimported"

"""Counts of one unit, and of all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kesspay.audit import summary
from kesspay.audit.kernel import VERDICTS
from kesspay.audit.options import Options
from kesspay.audit.parts import part_schema
from kesspay.audit.summary import Tally


if TYPE_CHECKING:
    import pytest


DAY = datetime(2026, 9, 17, 12, tzinfo=UTC)


def part(rows: list[tuple[str, str | None, datetime | None, str | None]]) -> Any:  # noqa: ANN401 - of pyarrow
    """Return a part with these verdicts, keys, times and services."""
    verdicts, keys, times, services = ([row[at] for row in rows] for at in range(4))
    size = len(rows)
    places = pa.array([VERDICTS.index(one) for one in verdicts], pa.int32())
    return pa.record_batch(
        [
            pa.nulls(size, pa.string()).dictionary_encode(),
            pa.array(range(size)),
            pa.nulls(size, pa.int64()),
            pa.array(times, pa.timestamp("us", "UTC")),
            pa.array(services, pa.string()).dictionary_encode(),
            pa.DictionaryArray.from_arrays(places, pa.array(VERDICTS)),
            pa.nulls(size, pa.int16()),
            pa.array(keys, pa.string()).dictionary_encode(),
            pa.nulls(size, pa.bool_()),
        ],
        schema=part_schema(Options(), []),
    )


ROWS = [
    ("authentic", "old", DAY, "create"),
    ("authentic", "old", DAY + timedelta(days=1), "create"),
    ("outside_window", "old", DAY + timedelta(days=9), None),
    ("refused", None, DAY, "create"),
    ("no_body", None, None, "confirm"),
]


def test_counts() -> None:
    """Rows by verdict, key, day and service."""
    tally = Tally()
    tally.add(part(ROWS))
    found = tally.described()
    assert found["rows"] == 5
    assert tally.failures == 3
    assert found["verdicts"] == {
        **dict.fromkeys(VERDICTS, 0),
        "authentic": 2,
        "outside_window": 1,
        "refused": 1,
        "no_body": 1,
    }
    day = int(DAY.timestamp() * 1_000_000)
    assert found["keys"] == {
        "old": {"rows": 3, "outside": 1, "first": day, "last": day + 9 * 86_400_000_000}
    }
    assert found["days"] == {
        "": {"no_body": 1},
        "2026-09-17": {"authentic": 1, "refused": 1},
        "2026-09-18": {"authentic": 1},
        "2026-09-26": {"outside_window": 1},
    }
    assert found["services"] == {
        "": {"outside_window": 1},
        "confirm": {"no_body": 1},
        "create": {"authentic": 2, "refused": 1},
    }


def test_merged() -> None:
    """Parts of the rows together give the same, whatever is missing in one."""
    whole = Tally()
    whole.add(part(ROWS))
    merged = Tally()
    for row in [*ROWS, None]:
        one = Tally()
        one.add(part([row] if row else []))
        merged.merge(one.described())
    assert merged.described() == whole.described()
    timeless = Tally()
    timeless.add(part([("authentic", "old", None, None)]))
    assert timeless.described()["keys"]["old"]["first"] is None


def test_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of nonsense does not fill the memory."""
    monkeypatch.setattr(summary, "_MOST", 2)
    tally = Tally()
    tally.add(part([("refused", None, None, f"s{n}") for n in range(5)]))
    found = tally.described()["services"]
    assert found == {
        "s0": {"refused": 1},
        "s1": {"refused": 1},
        "(others)": {"refused": 3},
    }
