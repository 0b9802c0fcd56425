"""What an audit found, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kesspay.audit.failures import CauseCount
from kesspay.audit.kernel import VERDICTS
from kesspay.audit.runner import Result
from kesspay.cli import audit_words
from tests.support.recording import ring


class _Printer:
    """Keeps what is printed."""

    def __init__(self) -> None:
        self.printed: list[str] = []

    def line(self, text: str = "", style: str = "") -> None:
        """Keep a line."""
        del style
        self.printed.append(text)

    def table(self, rows: list[tuple[str, str]], title: str = "") -> None:
        """Keep title and rows."""
        self.printed += [title, *(f"{label}: {value}" for label, value in rows)]


def result(**words: Any) -> Result:  # noqa: ANN401 - attributes of a Result
    """Return a result of 10 rows, of which 4 were refused."""
    counts = {**dict.fromkeys(VERDICTS, 0), "authentic": 6, "refused": 4}
    return Result(Path("out"), 10, counts, digest="d1", **words)


def causes(count: int) -> list[CauseCount]:
    """Return different causes."""
    return [CauseCount(f"code-{n}", 1, "a.jsonl", n, {}) for n in range(count)]


@pytest.mark.parametrize(("count", "hidden"), [(20, ""), (21, "and 1 more in causes")])
def test_many_causes(count: int, hidden: str) -> None:
    """The table of causes is short; the file has all of them."""
    printer: Any = _Printer()
    found = result(causes=causes(count))
    audit_words.view(printer, found, ring(), "", quiet=False)
    more = [line for line in printer.printed if line.startswith("and ")]
    assert "".join(more).startswith(hidden)
    assert bool(more) == bool(hidden)


def test_strange_times() -> None:
    """A time that no calendar has is shown as none."""
    keys = {"kess-2025": {"rows": 1, "outside": 0, "first": 2**62, "last": 0}}
    key = audit_words.fields(result(keys=keys), ring())["keys"][0]
    assert (key["first"], key["last"]) == (None, "1970-01-01T00:00:00+00:00")


def test_advice() -> None:
    """What to do next, by what was found."""
    *words, out, digest = audit_words.advice(result(), "")
    assert words == [
        "refused: keep a body with --evidence, and give it to kesspay explain"
    ]
    assert (out, digest) == ("verdicts: out", "SHA256SUMS: d1")
    assert audit_words.advice(result(), "continue")[1] == "continue"
    none = dict.fromkeys(result().counts, 0)
    for counts, rows, first in (
        ({"authentic": 1}, 1, "every body is authentic"),
        ({"no_body": 1}, 1, "no_body: the recorder kept no body there: correct it"),
        ({}, 0, "nothing was judged: no input has a row"),
    ):
        found = result()
        found.rows, found.counts = rows, {**none, **counts}
        assert audit_words.advice(found, "")[0] == first
