"""A wrong argument of a public function is named, with what was expected."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from kesspay import InputError, audit
from tests.support.odd import UnlikeAll
from tests.support.recording import ring


if TYPE_CHECKING:
    from collections.abc import Callable

WRONG: Any = object()
#: As ``partial``, for which mypy compares no types: they are wrong here.
later: Any = partial
KEYS = ring()
KERNEL = audit.Kernel(KEYS)
OUT = Path("no")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (later(KERNEL.canonical, [b"{}"], WRONG), "verdicts must be what Kernel"),
        (later(KERNEL.verdicts, [b"{}"], WRONG), "times must be a column"),
        (later(KERNEL.verdicts, [b"{}"], ["now", 1]), "times must be a column"),
        (later(audit.Ring, WRONG), "keys of a Ring must be a tuple"),
        (later(audit.Ring, (WRONG,)), "keys of a Ring must be a tuple"),
        (later(audit.Ring, KEYS.keys, WRONG), "own of a Ring must be a tuple"),
        (later(audit.Ring, KEYS.keys, skew=WRONG), "skew must be a timedelta"),
        (later(audit.Ring.load, WRONG), "path"),
        (later(audit.Options, ids=WRONG), "ids must be"),
        (later(audit.Options, money=WRONG), "money must be True or False"),
        (later(audit.Options, show_values=1), "show_values must be True or False"),
        (later(audit.Target, "out"), "out must be a Path, not a str"),
        (later(audit.Target, OUT, resume=1), "resume must be True or False"),
        (later(audit.Target, OUT, overwrite=1), "overwrite must be True or False"),
        (later(audit.Target, OUT, failures="f"), "failures must be a Path or an op"),
        (later(audit.Target, OUT, report="f"), "report must be a Path"),
        (later(audit.Target, OUT, ring="f"), "ring must be a Path"),
        (later(audit.Target, OUT, evidence="f"), "evidence must be a Path"),
        (later(audit.Target, OUT, statement="f"), "statement must be a Path"),
        (later(audit.Target, OUT, journal=OUT), "journal must be a text"),
        (later(audit.Hooks, stop=WRONG), "stop must be a threading.Event"),
        (later(audit.Hooks, progress=1), "progress must be a function"),
        (later(audit.Hooks, progress=UnlikeAll()), "progress must be a function"),
        (later(audit.Hooks, examine=1), "examine must be a function"),
        (later(audit.Hooks, triage=1), "triage must be a function"),
        (later(audit.run, WRONG, KEYS, out=OUT), "paths must be a list of paths"),
        (later(audit.run, [WRONG], KEYS, out=OUT), "a path is a text or a Path"),
        (later(audit.run, "t", KEYS, out=OUT), "paths must be a list of them"),
        (later(audit.run, ["t"], WRONG, out=OUT), "a Kernel needs a Ring"),
        (later(audit.run, ["t"], KEYS, out=WRONG), "path"),
        (later(audit.run, ["t"], KEYS, out=OUT, ids="id"), "ids must be a list"),
        (later(audit.run, ["t"], KEYS, out=OUT, ids=5), "ids must be a list"),
        (later(audit.run, ["t"], KEYS, out=OUT, profile=WRONG), "rofile"),
        (later(audit.run, ["t"], KEYS, out=OUT, hooks=WRONG), "hooks must be"),
        (later(audit.run, ["t"], KEYS, out=OUT, threads="2"), "threads must be"),
        (later(audit.run, ["t"], KEYS, out=OUT, money="yes"), "money must be True"),
    ],
)
def test_a_wrong_argument(call: Callable[[], object], words: str) -> None:
    """Nothing is made, and the message has the name of the argument."""
    with pytest.raises(InputError, match=words):
        call()
    assert not OUT.exists()


def test_times_as_a_list() -> None:
    """A list of times is as good as a column."""
    found = KERNEL.verdicts([None, None], [None, pa.scalar(0, pa.timestamp("us"))])
    assert found.column("verdict").to_pylist() == ["no_body", "no_body"]
