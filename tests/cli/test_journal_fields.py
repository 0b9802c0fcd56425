"""What the commands of the journal print: values as JSON and in words."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from kesspay.cli.journal_fields import (
    account_fields,
    duration,
    entry_fields,
    moment,
    payment_fields,
    record_fields,
    rules_in_words,
)
from kesspay.transfers.attempt import RELAXED, STRICT, Rules
from kesspay.transfers.journal import Record, Status
from tests.transfers.helpers import ACCOUNT, entry, payment


def test_bytes_that_are_no_text() -> None:
    """A message that is not UTF-8 is written in base64, and can be read again."""
    fields = entry_fields(replace(entry(), sent=b'{"a":1}', received=b"\xff\x00"))
    assert fields["sent"] == '{"a":1}'
    assert base64.b64decode(fields["received_base64"]) == b"\xff\x00"
    assert entry_fields(replace(entry(), sent=None))["sent"] is None


def test_amounts_are_text() -> None:
    """An amount has two places, whatever it was written with."""
    assert payment_fields(payment(amount="1.5"))["amount"] == "1.50"


def test_a_record() -> None:
    """Without rules and without an account these are null."""
    fields = record_fields(Record(payment(), Status("new", 0, None), ()), None)
    assert (fields["rules"], fields["account"], fields["entries"]) == (None, None, [])
    with_rules = Record(payment(), Status("new", 0, None), (entry(),), STRICT)
    fields = record_fields(with_rules, ACCOUNT)
    assert fields["rules"]["relaxed"] is False
    assert fields["account"] == account_fields(ACCOUNT)
    assert len(fields["entries"]) == 1


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (None, "none recorded; STRICT holds"),
        (STRICT, "STRICT"),
        (replace(RELAXED, deadline=12.5), "RELAXED, deadline 12.5"),
    ],
)
def test_rules(rules: Rules | None, words: str) -> None:
    """They are named by what they begin with, and by what differs."""
    assert rules_in_words(rules) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.0014, "0.0014 s"),
        (1.25, "1.25 s"),
        (59.6, "59.6 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3601, "1 h"),
        (3_661, "1 h 1 min"),
        (90_000, "1 d 1 h"),
        (86_400 * 40 + 59, "40 d"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    """Two units next to each other at most, and none that says zero."""
    assert duration(seconds) == words


def test_moments() -> None:
    """Times are in UTC, and say so."""
    assert moment(0.0) == "1970-01-01 00:00:00+00:00"
