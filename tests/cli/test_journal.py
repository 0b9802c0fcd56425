"""``kesspay journal``: what is written down can be read."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from kesspay.gateway.client import Client
from kesspay.signing.documents import canonicalize
from kesspay.transfers.postgres import PostgresJournal
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.transfers import Transfers
from tests.gateway.helpers import CANARIES, credentials
from tests.support.postgres import PASSWORD
from tests.transfers.helpers import payment


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from kesspay.sandbox import Sandbox
    from tests.support.postgres import Postgres


@pytest.fixture
def place(tmp_path: Path, sandbox: Sandbox) -> Path:
    """Make a journal with a transfer that was paid, and two that were only begun."""
    path = tmp_path / "journal.sqlite"
    journal = SqliteJournal(str(path))
    settings = {**sandbox.settings, "credentials": credentials()}
    client = Client(**settings, transport=sandbox.transport)  # type: ignore[arg-type]
    transfers = Transfers(client, journal)
    for payment_id in ("a-paid", "b-pending", "c-odd"):
        if payment_id == "c-odd":
            sandbox.faults.plan("oversized", service="create.unified.fundTransfer")
        pending = transfers.start(
            payment_id=payment_id,
            receiver_id="85512345678",
            amount=Decimal("0.50"),
            sender_name="Chan Sophea",
        )
        if payment_id == "a-paid":
            pending.confirm("debit-1")
    journal.close()
    return path


def test_list(run: Callable[..., Result], place: Path) -> None:
    """Payments come in the order of their ids, by state, page by page."""
    told = json.loads(run("journal", "list", "--journal", place).stdout)
    assert [one["payment_id"] for one in told["payments"]] == [
        "a-paid",
        "b-pending",
        "c-odd",
    ]
    assert told["more"] is False
    first = told["payments"][0]
    assert (first["state"], first["attempt"], first["amount"]) == ("paid", 1, "0.50")
    assert first["due_at"] is None
    page = json.loads(run("journal", "list", "--journal", place, "--limit", "1").stdout)
    assert page["more"] is True
    rest = json.loads(
        run("journal", "list", "--journal", place, "--after", "a-paid").stdout
    )
    assert len(rest["payments"]) == 2
    new = json.loads(
        run("journal", "list", "--journal", place, "--state", "created").stdout
    )
    assert [one["payment_id"] for one in new["payments"]] == ["b-pending", "c-odd"]


def test_show(run: Callable[..., Result], place: Path, sandbox: Sandbox) -> None:
    """Every entry is there, with the very messages."""
    told = json.loads(run("journal", "show", "a-paid", "--journal", place).stdout)
    assert told["result"]["outcome"] == "paid"
    assert [one["what"] for one in told["entries"]] == [
        "create_sending",
        "create_granted",
        "debited",
        "confirm_sending",
        "confirm_paid",
    ]
    sent = told["entries"][3]["sent"]
    assert b'"service":"confirm.fundTransfer"' in canonicalize(sent)
    sandbox.settings["private_key"].public_key.verify_document(sent.encode())
    answer = told["entries"][4]["received"]
    sandbox.settings["gateway_key"].verify_document(answer.encode())


def test_export(run: Callable[..., Result], place: Path) -> None:
    """Every payment is a line; no secret is in any of them."""
    text = run("journal", "export", "--journal", place).stdout
    lines = [json.loads(line) for line in text.splitlines()]
    assert [one["payment"]["payment_id"] for one in lines] == [
        "a-paid",
        "b-pending",
        "c-odd",
    ]
    assert lines[0]["state"] == "paid"
    assert not [canary for canary in CANARIES.values() if canary in text]
    assert "Bearer" not in text


def test_bytes_that_are_no_text() -> None:
    """A message that is no UTF-8 is written in base64, and can be read again."""
    from kesspay.cli.journal import _body

    assert _body("sent", None) == {"sent": None}
    coded = _body("received", b"\xff\x00")["received_base64"]
    assert coded is not None
    assert base64.b64decode(coded) == b"\xff\x00"


def test_for_people(
    run: Callable[..., Result], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal there are lines to read."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    text = run("journal", "list", "--journal", place, "--limit", "2").stdout
    assert text.splitlines()[0].startswith("paid       a-paid  0.50 USD to 85512345678")
    assert text.splitlines()[-1] == "more: --after b-pending"
    assert run("journal", "list", "--journal", place, "--state", "manual").stdout == (
        "There is no such payment.\n"
    )
    text = run("journal", "show", "a-paid", "--journal", place).stdout
    assert "outcome: paid" in text
    assert "credit: FT" in text
    assert "#1 confirm_sending" in text
    text = run("journal", "show", "b-pending", "--journal", place).stdout
    assert "reason: it is created" in text


def test_a_payment_that_is_not_there(run: Callable[..., Result], place: Path) -> None:
    """It is an error, which does not repeat what was given for an id."""
    result = run("journal", "show", "order-9", "--journal", place)
    assert result.exit_code == 2
    message = json.loads(result.stdout)["error"]["message"]
    assert message == "the journal has no payment with this id (a word of 7 characters)"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_journal_in_postgres(
    run: Callable[..., Result],
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    """A URL of either form opens one; its password is not shown."""
    where = f"kesspay:{quote(PASSWORD)}@127.0.0.1:{postgres.port}/postgres"
    monkeypatch.setenv("KESSPAY_JOURNAL", f"{scheme}://{where}")
    with PostgresJournal(postgres.conninfo) as journal:
        journal.begin(payment("order-1"))
    try:
        result = run("journal", "list")
    finally:
        with postgres.connect() as connection:
            connection.execute("DROP SCHEMA kesspay CASCADE")
    assert result.exit_code == 0, result.output
    (one,) = json.loads(result.stdout)["payments"]
    assert one["payment_id"] == "order-1"
    assert PASSWORD not in result.output
