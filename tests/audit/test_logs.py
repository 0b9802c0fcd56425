"""Plain logs: a line is a body, or an expression finds it."""

from __future__ import annotations

from kesspay.audit.logs import rows_of
from kesspay.audit.options import Options
from kesspay.audit.rows import TOO_LONG
from kesspay.audit.texts import Block, line_ends


def block(data: bytes, *, is_cut: bool = False) -> Block:
    """Return a block that is not the first of its file."""
    return Block(data, 10, 100, is_cut=is_cut, size=len(data), ends=line_ends(data))


def test_lines() -> None:
    """Each line that is not blank is a body, without its end."""
    rows = rows_of(block(b'{"a":1}\r\n\n  \nx\xff'), None, Options())
    assert rows.bodies.to_pylist() == [b'{"a":1}', b"x\xff"]
    assert rows.numbers.tolist() == [10, 13]
    assert rows.offsets is not None
    assert rows.offsets.tolist() == [100, 113]
    assert rows.times is None
    assert rows.services is None
    assert rows.requests is None
    assert rows_of(block(b"a\n"), None, Options()).bodies.to_pylist() == [b"a"]


def test_expression() -> None:
    """An expression finds the columns; a line that it does not fit is named."""
    options = Options(
        line_regex=(
            r'^(?P<time>\S+ \S+) (?P<s>\w+) "(?P<body>[^"]*)" "(?P<q>[^"]*)"'
            r" ?(?P<id>\d+)?"
        ),
        body_encoding="nginx",
        service="s",
        request="q",
        ids=("id",),
    )
    data = (
        b'17/Sep/2026:15:30:01 +0700 create "{\\x22a\\x22:1}" "{}" 7\n'
        b'2026-09-17 08:30:01 query "-" "-"\n'
        b"nonsense\n"
    )
    rows = rows_of(block(data), options.pattern(), options)
    assert rows.bodies.to_pylist() == [b'{"a":1}', None, None]
    assert rows.unreadable == {2: "line_no_match"}
    assert [one and one.isoformat() for one in rows.times.to_pylist()] == [
        "2026-09-17T08:30:01+00:00",
        "2026-09-17T08:30:01+00:00",
        None,
    ]
    assert rows.services.to_pylist() == ["create", "query", None]
    assert rows.requests.to_pylist() == [b"{}", b"-", None]
    assert rows.ids[0].to_pylist() == ["7", None, None]


def test_without_time() -> None:
    """An expression need not find a time."""
    options = Options(line_regex="(?P<body>.*)", body_encoding="hex")
    rows = rows_of(block(b"7b7d\nz\n"), options.pattern(), options)
    assert rows.times is None
    assert rows.bodies.to_pylist() == [b"{}", None]
    assert rows.unreadable == {1: "body_encoding"}


def test_too_long() -> None:
    """A line that is too long is one row."""
    rows = rows_of(block(b"xxx", is_cut=True), None, Options(ids=("a",)))
    assert rows.bodies.to_pylist() == [None]
    assert rows.unreadable == {0: TOO_LONG}
    assert rows.numbers.tolist() == [10]
