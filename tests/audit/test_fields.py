# mypy: disable-error-code="no-any-unimported"

"""Times in every spelling, and bodies as loggers write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Literal

import pyarrow as pa
import pytest

from kesspay.audit.fields import TIME, decoded, is_time, times_of


MOMENT = datetime(2026, 9, 17, 8, 30, 1, 250_000, UTC)
WHOLE = MOMENT.replace(microsecond=0)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([MOMENT, None], pa.timestamp("ns", "UTC")), [MOMENT, None]),
        (pa.array([MOMENT], pa.timestamp("ms", "Asia/Phnom_Penh")), [MOMENT]),
        (pa.array([MOMENT.replace(tzinfo=None)], pa.timestamp("us")), [MOMENT]),
        (pa.array([date(2026, 9, 17)]), [datetime(2026, 9, 17, tzinfo=UTC)]),
        (pa.array([1789633801, None]), [WHOLE, None]),
        (pa.array([1789633801250]), [MOMENT]),
        (pa.array([1789633801250000]), [MOMENT]),
        (pa.array([1789633801250000000]), [MOMENT]),
        (pa.array([1789633801.25, float("nan"), 1e300]), [MOMENT, None, None]),
        (pa.array([1789633801250.0]), [MOMENT]),
        (pa.array([2**64 - 1], pa.uint64()), [None]),
        (pa.array(["2026-09-17T08:30:01.25Z", None]), [MOMENT, None]),
        (pa.array(["2026-09-17T15:30:01.25+07:00"]), [MOMENT]),
        (pa.array(["2026-09-17 08:30:01"]), [WHOLE]),
        (pa.array(["2026-09-17T08:30:01Z", "2026-09-17 08:30:01"]), [WHOLE, WHOLE]),
        (pa.array(["17/Sep/2026:15:30:01 +0700", "soon"]), [WHOLE, None]),
        (pa.array(["1789633801.25", "1789633801", ""]), [MOMENT, WHOLE, None]),
        (pa.array([" 2026-09-17T08:30:01Z "], pa.string_view()), [WHOLE]),
        (pa.array(["2026-09-17T08:30:01Z"] * 2).dictionary_encode(), [WHOLE, WHOLE]),
        (pa.nulls(2), [None, None]),
    ],
)
def test_times(column: Any, expected: list[datetime | None]) -> None:  # noqa: ANN401 - of pyarrow
    """Every spelling of a time gives the moment, and what is none gives null."""
    found = times_of(column)
    assert found.type == TIME
    assert found.to_pylist() == expected
    assert is_time(column.type)


def test_zone() -> None:
    """The zone of a text counts."""
    east = MOMENT.astimezone(timezone(timedelta(hours=7)))
    assert times_of(pa.array([east.isoformat()])).to_pylist() == [MOMENT]


def test_no_times() -> None:
    """Columns that hold no times."""
    assert not is_time(pa.list_(pa.int8()))
    assert not is_time(pa.bool_())


@pytest.mark.parametrize(
    ("encoding", "given", "expected", "failed"),
    [
        ("text", [b"\\x22", None], [b"\\x22", None], {}),
        ("base64", [b"e30=", b"e30", None], [b"{}", None, None], {1: "body_encoding"}),
        (
            "hex",
            [b"7b7D", b"7", b"zz"],
            [b"{}", None, None],
            dict.fromkeys((1, 2), "body_encoding"),
        ),
        ("nginx", [b"{\\x22a\\x22:1}", b"-", b"{}"], [b'{"a":1}', None, b"{}"], {}),
    ],
)
def test_decoded(
    encoding: Literal["text", "base64", "hex", "nginx"],
    given: list[bytes | None],
    expected: list[bytes | None],
    failed: dict[int, str],
) -> None:
    """Bodies come out as they were sent; what is damaged has a reason."""
    assert decoded(given, encoding) == (expected, failed)
