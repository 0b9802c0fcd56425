"""Options of a run: what is refused before any work."""

from __future__ import annotations

from typing import Any

import pytest

from kesspay import InputError
from kesspay.audit.options import Options, no_column


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ({"format": "csv"}, "format must be one of auto, parquet"),
        ({"body_encoding": "b64"}, "body_encoding must be one of"),
        ({"column": ""}, "column needs a name"),
        ({"column": 5}, "column must be a text"),
        ({"ids": ("a", "a")}, "named twice"),
        ({"ids": ("row", "id_row")}, "named twice"),
        ({"ids": ("a", "")}, "ids has an empty text"),
        ({"ids": (b"a",)}, "ids must be the names"),
        ({"explain_budget": float("nan")}, "0 to 86400 seconds"),
        ({"explain_budget": "60s"}, "0 to 86400 seconds"),
        ({"line_regex": "(?P<body>\ud800)"}, "half of a character"),
        ({"max_body": 0}, "1 byte to 64 MiB"),
        ({"max_body": True}, "1 byte to 64 MiB"),
        ({"max_body": 1 << 40}, "1 byte to 64 MiB"),
        ({"line_regex": "("}, "cannot be used: missing"),
        ({"line_regex": "a"}, "no group"),
    ],
)
def test_refused(words: dict[str, Any], match: str) -> None:
    """What cannot be used is named."""
    with pytest.raises(InputError, match=match):
        Options(**words)


def test_names_of_ids() -> None:
    """A column whose name a part has itself gets another."""
    made = Options(ids=("id", "status", "a.b"))
    assert made.id_names() == ["id", "id_status", "a.b"]
    assert made.described()["ids"] == ["id", "status", "a.b"]


def test_an_expression_of_any_bytes() -> None:
    """The command line gives a byte that is no UTF-8 as a surrogate."""
    found = Options(line_regex="\udcff(?P<body>.*)").pattern().fullmatch(b"\xff{}")
    assert found is not None
    assert found["body"] == b"{}"


def test_longest_line() -> None:
    """A line may hold the longest body in its longest spelling."""
    assert Options(max_body=10).longest_line == 60 + (1 << 20)


def test_no_column() -> None:
    """Close names are offered, else those that are there."""
    close = no_column("bdy", ["body", "id"], "a.parquet")
    assert str(close) == "a.parquet has no column 'bdy'; did you mean body?"
    assert str(no_column("x", ["b", "a"], "f")).endswith("it has a, b")
    assert str(no_column("x", [], "f")).endswith("'x'")
    hidden = str(no_column("hunter2", ["body"], "f"))
    assert (
        hidden == "f has no column of that name (a word of 7 characters); it has body"
    )
