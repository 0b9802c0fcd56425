# mypy: disable-error-code="no-any-unimported"

"""JSON lines: the quick way and the careful one give the same rows."""

from __future__ import annotations

import json
from typing import Any, Final, TypeAlias

import pytest

from kesspay.audit import jsonl
from kesspay.audit.jsonl import Columns, rows_of
from kesspay.audit.options import Options
from kesspay.audit.rows import TOO_LONG, Rows
from kesspay.audit.texts import Block, line_ends


#: Body, whether it was an object, and why it cannot be read.
_Seen: TypeAlias = tuple[bytes | None, bool, str | None]

OPTIONS: Final = Options(
    column="r.body", time="at", service="service", ids=("id", "r.n"), request="q"
)


def block(data: bytes, row: int = 0, offset: int = 0) -> Block:
    """Return a block."""
    return Block(data, row, offset, is_cut=False, size=len(data), ends=line_ends(data))


def read(data: bytes, options: Options = OPTIONS) -> list[dict[str, Any]]:
    """Return the rows of a text."""
    return listed(rows_of(block(data), Columns(options), options))


def listed(rows: Rows) -> list[dict[str, Any]]:
    """Return rows as Python has them."""
    nothing = [None] * len(rows)

    def plain(column: Any) -> list[Any]:  # noqa: ANN401 - of pyarrow or numpy
        if column is None:
            return nothing
        found: list[Any] = (
            column.to_pylist() if hasattr(column, "to_pylist") else column.tolist()
        )
        return found

    return [
        {
            "row": row,
            "offset": offset,
            "body": body,
            "at": at and at.isoformat(),
            "service": service,
            "q": q,
            "ids": list(ids),
            "object": bool(is_object),
            "why": rows.unreadable.get(number),
        }
        for number, (row, offset, body, at, service, q, is_object, *ids) in enumerate(
            zip(
                plain(rows.numbers),
                plain(rows.offsets),
                plain(rows.bodies),
                plain(rows.times),
                plain(rows.services),
                plain(rows.requests),
                plain(rows.reencoded),
                *map(plain, rows.ids),
                strict=True,
            )
        )
    ]


GOOD: Final = [
    {"r": {"body": '{"a":1}', "n": "x"}, "at": "2026-09-17T00:00:00Z", "id": 7},
    {"r": {"body": "é\u0000\\", "n": None}, "service": "create", "q": "{}", "id": 8},
    {"r": None, "at": None, "id": None},
    {"other": [1, {"r": 2}]},
    {},
]


def test_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick way was taken, and the careful one gives the same."""
    data = "".join(json.dumps(one) + "\n" for one in GOOD).encode()
    quick = jsonl._quick(data, line_ends(data), Columns(OPTIONS), OPTIONS)
    assert quick is not None
    found = read(data)
    monkeypatch.setattr(jsonl, "_quick", lambda *_: None)
    assert read(data) == found
    assert found[0] == {
        "row": 0,
        "offset": 0,
        "body": b'{"a":1}',
        "at": "2026-09-17T00:00:00+00:00",
        "service": None,
        "q": None,
        "ids": ["7", "x"],
        "object": False,
        "why": None,
    }
    assert found[1]["body"] == "é\u0000\\".encode()
    assert [one["ids"][0] for one in found] == ["7", "8", None, None, None]
    assert found[2]["body"] is None


def test_places() -> None:
    """Numbers and offsets count from the beginning of the file."""
    rows = rows_of(
        block(b'{"body":"a"}\n{"body":"b"}\n', 5, 100), Columns(Options()), Options()
    )
    assert [(one["row"], one["offset"]) for one in listed(rows)] == [(5, 100), (6, 113)]
    assert rows.size == 26


def words(data: bytes) -> list[_Seen]:
    """Return body, whether it was an object, and why it cannot be read."""
    return [(one["body"], one["object"], one["why"]) for one in read(data, Options())]


A: Final[_Seen] = (b"a", False, None)
B: Final[_Seen] = (b"b", False, None)
LOST: Final[_Seen] = (None, False, "line_syntax")
TWICE: Final[_Seen] = (None, False, "line_column_twice")

BAD: Final[dict[str, tuple[bytes, list[_Seen]]]] = {
    "bad line": (
        b'{"body":"a"}\nnonsense\n{"body":"b"}\n',
        [A, LOST, B],
    ),
    "half a line": (b'{"body":"a"', [LOST]),
    "no object": (b"[1]\n", [LOST]),
    "a text": (b'"{}"\n', [LOST]),
    "two": (b'{"body":"a"}\n{"body":"b"}{"body":"b"}\n', [A, LOST]),
    "two in a line": (
        b'{"body":"a"}{"body":"b"}\n\n{"body":"c"}\n',
        [LOST, (b"c", False, None)],
    ),
    "two in a line, one in two": (
        b'{"body":"a"}\n{"body":"a"}{"body":"b"}\n{"body":"c","x":{}\n,"y":{}}\n',
        [A, LOST, LOST, LOST],
    ),
    "blank lines": (
        b'\n{"body":"a"}\r\n  \n{"body":"b"}',
        [A, B],
    ),
    "carriage returns": (
        b'{"body":"a"}\r\n{}\r\n',
        [A, (None, False, None)],
    ),
    "an object": (
        b'{"body":{"a": 0.50,"b":1e2}}\n{"body":"x"}\n',
        [(b'{"a": 0.50,"b":1e2}', True, None), (b"x", False, None)],
    ),
    "a number": (b'{"body":1}\n', [(None, False, "body_type")]),
    "a list": (b'{"body":[{}]}\n', [(None, False, "body_type")]),
    "twice": (b'{"body":"a","body":"b"}\n', [TWICE]),
    "twice in other words": (
        b'{"body":"a","b\\u006fdy":"b"}\n',
        [TWICE],
    ),
    "twice within": (
        b'{"body":{"body":1,"body":2}}\n',
        [(b'{"body":1,"body":2}', True, None)],
    ),
    "once in other words": (
        b'{"b\\u006fdy":"a"}\n{"body":{}}\n',
        [A, (b"{}", True, None)],
    ),
    "not UTF-8": (b'{"body":"\xff"}\n', [(b"\xff", False, None)]),
    "not UTF-8 line by line": (
        b'{"body":"\xff\\n"}\nx\n',
        [(b"\xff\n", False, None), LOST],
    ),
    "half a pair": (b'{"body":"\\ud800"}\n', [(b"\xed\xa0\x80", False, None)]),
    "a pair": (
        b'{"body":"\\ud83d\\ude00"}\nx\n',
        [("😀".encode(), False, None), LOST],
    ),
    "not UTF-8 and half a pair": (
        b'{"body":"\xff\\ud800"}\n',
        [(None, False, "body_type")],
    ),
    "no number": (
        b'{"body":"a","n":NaN}\nx\n',
        [A, LOST],
    ),
    "not a number itself": (b"NaN\n", [LOST]),
    "a mark": (b'\xef\xbb\xbf{"body":"a"}\n', [A]),
    "deep": (
        b'{"body":"a","d":' + b"[" * 5000 + b"]" * 5000 + b"}\nx\n",
        [LOST] * 2,
    ),
    "a raw line feed in a text": (
        b'{"body":"a\n"}\n',
        [LOST] * 2,
    ),
    "nothing": (b"", []),
    "line feeds": (b"\n\n", []),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_lines(name: str) -> None:
    """Every line is judged for itself, and the others stay as they are."""
    data, expected = BAD[name]
    assert words(data) == expected


def test_mark() -> None:
    """A mark at the beginning is no part of the first line, but of the offsets."""
    rows = read(b'\xef\xbb\xbf{"body":"a"}\n{"body":"b"}\n', Options())
    assert [one["offset"] for one in rows] == [3, 16]


def test_too_long() -> None:
    """A line that is too long is one row without a body."""
    cut = Block(b"{", 3, 50, is_cut=True, size=9, ends=line_ends(b""))
    rows = listed(rows_of(cut, Columns(OPTIONS), OPTIONS))
    assert [(one["row"], one["offset"], one["why"]) for one in rows] == [
        (3, 50, TOO_LONG)
    ]


def test_types() -> None:
    """Ids keep the text of their numbers; times may be numbers."""
    options = Options(time="t", ids=("n",))
    for data, ids, times in (
        (b'{"n":1.50,"t":1789633801}\n', ["1.50"], "2026-09-17T08:30:01+00:00"),
        (b'{"n":-3,"t":1789633801.25}\n', ["-3"], "2026-09-17T08:30:01.250000+00:00"),
        (b'{"n":{"a": 1},"t":true}\n', ['{"a": 1}'], None),
        (b'{"n":"\xff","t":null}\n', ['"\\xff"'], None),
        (b'{"n":true,"t":"soon"}\n', ["true"], None),
    ):
        (row,) = read(data, options)
        assert (row["ids"], row["at"]) == (ids, times)


def test_requests() -> None:
    """A request is a text or an object; what is neither is left out."""
    options = Options(request="q")
    rows = read(b'{"q":{"a":1}}\n{"q":3}\n{"q":"x"}\n', options)
    assert [one["q"] for one in rows] == [b'{"a":1}', None, b"x"]


def test_one_column_within_another() -> None:
    """An id may be in the object that is the body."""
    options = Options(column="body", ids=("body.id", "body.x.y"))
    (row,) = read(b'{"body":{"id":"5","x":1}}\n', options)
    assert (row["body"], row["ids"]) == (b'{"id":"5","x":1}', ["5", None])
    options = Options(column="body.text", ids=("body",))
    (row,) = read(b'{"body":{"text":"5"}}\n', options)
    assert (row["body"], row["ids"]) == (b"5", ['{"text":"5"}'])
    options = Options(ids=("body.id",))
    (row,) = read(b'{"body":"x"}\n', options)
    assert (row["body"], row["ids"]) == (b"x", [None])
    options = Options(column="body.text", ids=("body",))
    (row,) = read(b'{"other":1}\n', options)
    assert (row["body"], row["ids"]) == (None, [None])
    twice = Options(column="a.b", ids=("a.c",))
    (row,) = read(b'{"a":{"b":"x"},"a":{"b":"y"}}\n', twice)
    assert row["why"] == "line_column_twice"
    (row,) = read(b'{"a":"\\u0041","b":1}\n', twice)
    assert row["body"] is None


def test_encodings() -> None:
    """A body may be in base64 within its text."""
    rows = read(b'{"body":"e30="}\n{"body":"?"}\n{}\n', Options(body_encoding="base64"))
    assert [(one["body"], one["why"]) for one in rows] == [
        (b"{}", None),
        (None, "body_encoding"),
        (None, None),
    ]
