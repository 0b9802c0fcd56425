"""The runbook speaks of what there is: outcomes, reasons, events and their fields."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import get_args

import pytest

import kesspay
from kesspay.transfers import states
from kesspay.transfers.payment import Outcome
from tests.support.pages import DOCS, ROOT, code_span, tables


PAGE = (DOCS / "runbook.md").read_text(encoding="utf-8")
EVENTS = ["AnswerEvent", "RequestEvent", "RetryEvent", "TokenEvent"]


def test_every_outcome() -> None:
    """The first table has the outcomes of a transfer, all of them."""
    header = "| outcome | the money | your customer's money | whom to call |\n"
    rows = tables("runbook.md", header)
    assert {code_span(row[0]) for row in rows} == set(get_args(Outcome))


def test_the_reasons() -> None:
    """What `journal show` is said to say is what the state machine says."""
    rows = tables("runbook.md", "| what it says | what that means |\n")
    source = " ".join((ROOT / str(states.__file__)).read_text().split())
    for said, _ in rows[:-1]:
        assert said in source


@pytest.mark.parametrize("name", EVENTS)
def test_events(name: str) -> None:
    """A field or an event in an alert is one that exists."""
    rows = tables("runbook.md", "| watch | alert when | because |\n")
    event = getattr(kesspay, name)
    known = {field.name for field in fields(event)}
    for watch, _, _ in rows:
        if f"`{name}" not in watch:
            continue
        for word in re.findall(r"`([a-z_]+)`", watch):
            assert word in known | {"unknown"}, watch


def test_errors() -> None:
    """Every exception that is named exists."""
    named = set(re.findall(r"\b([A-Z][a-z]+[A-Z]\w+)\b", PAGE))
    known = set(kesspay.__all__)
    others = {"OpenTelemetry", "PostgreSQL", "SQLite"}
    assert named <= known | others
