"""The table of time-outs is true: the defaults, and which one ends what."""

from __future__ import annotations

import inspect
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import pytest

import kesspay
from kesspay.cli import resume as resume_command
from kesspay.sandbox import Sandbox
from tests.support.pages import tables


if TYPE_CHECKING:
    from pathlib import Path

    from kesspay import HttpRequest, HttpResponse, Transport


ROWS: Final = tables("transfers.md", "| setting | default | what it limits |\n")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_the_defaults(row: list[str]) -> None:
    """Each class of the row has the argument, with the default of the row."""
    expected = None if row[1] == "none" else float(row[1].removesuffix(" s"))
    for name, argument in re.findall(r"`(\w+)\((\w+)=\)`", row[0]):
        for prefix in ("", "Async"):
            found = getattr(kesspay, prefix + name, None)
            if found is None:
                assert prefix, name
                continue
            default = inspect.signature(found).parameters[argument].default
            assert default == expected, (prefix, name)


def test_no_time_out_is_missing() -> None:
    """Every argument of a public class that is a time-out has its row."""
    named = set(re.findall(r"`(\w+)\((\w+)=\)`", " ".join(row[0] for row in ROWS)))
    assert len(ROWS) == 8
    for name in kesspay.__all__:
        thing = getattr(kesspay, name)
        if not inspect.isclass(thing) or name.startswith(("Async", "Base")):
            continue
        try:
            arguments = inspect.signature(thing).parameters
        except ValueError:  # a class of C
            continue
        for argument in arguments:
            if argument.endswith("timeout") or argument == "deadline":
                assert (name, argument) in named


def test_the_worker_of_the_command_line_has_the_same() -> None:
    """`kesspay resume` without --timeout gives a payment as long as Transfers does."""
    default = inspect.signature(kesspay.Transfers).parameters["timeout"].default
    assert default == resume_command._TIMEOUT


class Stopwatch:
    """A transport that notes how long each request may take."""

    def __init__(self, inner: Transport) -> None:
        """Send through another transport."""
        self._inner = inner
        self.given: list[float] = []

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Note the limit, and send."""
        self.given.append(timeout)
        return self._inner.send(request, timeout=timeout)


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("of_client", "of_transfers", "deadline", "of_call", "expected"),
    [
        # The client's own limit means nothing to transfers, shorter or longer.
        (0.5, 60.0, 30.0, None, 30.0),
        (300.0, 60.0, 30.0, None, 30.0),
        (30.0, 60.0, 8.0, None, 8.0),
        (30.0, 6.0, 30.0, None, 6.0),
        (30.0, 60.0, 30.0, 4.0, 4.0),
    ],
)
def test_the_first_limit_ends_a_message(
    tmp_path: Path,
    of_client: float,
    of_transfers: float,
    deadline: float,
    of_call: float | None,
    expected: float,
) -> None:
    """A message of a payment gets the shortest of call, transfers and rules."""
    sandbox = Sandbox(clock=lambda: 0.0)
    transport = Stopwatch(sandbox.transport)
    client = kesspay.Client(
        **sandbox.settings, transport=transport, timeout=of_client, clock=sandbox.clock
    )
    transfers = kesspay.Transfers(
        client,
        kesspay.SqliteJournal(tmp_path / "journal"),
        rules=kesspay.Rules(deadline=deadline),
        timeout=of_transfers,
    )
    pending = transfers.start(
        payment_id="order-1",
        receiver_id="85512345678",
        amount=Decimal("0.50"),
        sender_name="Chan Sophea",
        timeout=of_call,
    )
    assert pending.confirm("debit-1", timeout=of_call).outcome == "paid"
    assert len(transport.given) == 3  # log-in, create, confirm
    assert max(transport.given) == pytest.approx(expected)
