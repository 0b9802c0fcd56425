"""A wrong argument of a function for engines is named, with what was expected."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from kesspay import InputError, audit
from kesspay.audit.engines.arguments import frames_of
from tests.support.recording import ring


if TYPE_CHECKING:
    from collections.abc import Callable

WRONG: Any = object()
#: As ``partial``, for which mypy compares no types: they are wrong here.
later: Any = partial
KEYS = ring()
FRAME = SimpleNamespace(mapInArrow=None, schema=None, sparkSession=None)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (later(audit.register_duckdb, WRONG, KEYS), "connection must be a conn"),
        (later(audit.register_duckdb, None, KEYS), "not a NoneType"),
        (
            later(audit.register_duckdb, duckdb.DuckDBPyConnection, KEYS),
            "not the class DuckDBPyConnection",
        ),
        (later(audit.polars_verdict, WRONG, ring=KEYS), "body must be the name"),
        (later(audit.polars_verdict, "", ring=KEYS), "body must .* empty text"),
        (later(audit.polars_verdict, "b", WRONG, ring=KEYS), "time must be the name"),
        (later(audit.spark_verdicts, WRONG, KEYS, body="b"), "df must be a DataFr"),
        (
            later(audit.spark_verdicts, FRAME, WRONG, body="b"),
            "a Kernel needs a Ring",
        ),
        (
            later(audit.spark_verdicts, FRAME, KEYS, body=None),
            "body must be the name",
        ),
        (
            later(audit.spark_verdicts, FRAME, KEYS, body="b", time=1),
            "time must be the name",
        ),
        (
            later(audit.spark_verdicts, FRAME, KEYS, body="b", request=1),
            "request must be the name",
        ),
        (
            later(audit.spark_verdicts, FRAME, KEYS, body="b", keep="id"),
            "keep must be a list of names",
        ),
        (
            later(audit.spark_verdicts, FRAME, KEYS, body="b", keep=[1]),
            "keep must be the name",
        ),
        (
            later(audit.spark_verdicts, FRAME, KEYS, body="b", money=1),
            "money must be True or False",
        ),
        (later(audit.spark_facts, WRONG), "parts must be a DataFrame"),
        (later(audit.spark_money, None), "facts must be a DataFrame"),
        (later(audit.spark_money, FRAME, statement="s.csv"), "statement must be"),
        (later(audit.spark_money, FRAME, journal="j.db"), "journal must be"),
    ],
)
def test_a_wrong_argument(call: Callable[[], object], words: str) -> None:
    """The message has the name of the argument."""
    with pytest.raises(InputError, match=words):
        call()


def test_what_may_be_given() -> None:
    """DataFrames are named as the checks name them; what is None is left out."""
    assert frames_of(FRAME, FRAME, None) == {"facts": FRAME, "statement_rows": FRAME}
