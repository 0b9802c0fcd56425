"""
The stored inputs of fuzzing, once each, and mutations of them.

``KESSPAY_LONG=n`` tries n times as many mutations.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Final

import pytest

from tests.fuzzing.targets import CORPORA, TARGETS, meaning_of
from tests.support.hostile import mutate
from tests.support.rng import Rng


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend

LONG: Final = max(1, int(os.environ.get("KESSPAY_LONG") or 1))

#: How many mutations of each stored input are tried.
MUTATIONS: Final = {
    "canonicalize": 5,
    "document": 5,
    "key": 1,
    "answer": 40,
    "http": 40,
}


@pytest.mark.parametrize("name", TARGETS)
def test_target(name: str, both_backends: dict[str, Backend]) -> None:
    """What the target promises holds for each stored input and its mutations."""
    rng = Rng(f"fuzzing {name}")
    stored = [path.read_bytes() for path in sorted(CORPORA[name].iterdir())]
    assert len(stored) >= 8
    previous = b""
    for data in stored:
        inputs = [data]
        inputs += [mutate(rng, data, previous) for _ in range(MUTATIONS[name] * LONG)]
        for one in inputs:
            try:
                TARGETS[name](one)
            except Exception as error:
                error.add_note(f"input: {base64.b64encode(one).decode()}")
                raise
        previous = data


def test_answers_reach_every_meaning(backend: Backend) -> None:
    """The stored answers are not refused at the door: each kind of end is met."""
    met = {meaning_of(path.read_bytes()) for path in CORPORA["answer"].iterdir()}
    results = {"Token", "PreTransfer", "FundTransfer", "VerifiedAnswer"}
    errors = {
        "AuthenticationFailed",
        "NotSent",
        "OutcomeUnknown",
        "Rejected",
        "TokenRejected",
    }
    assert met == results | errors
