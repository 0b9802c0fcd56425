"""The journal of Transfers as a recording."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import kesspay
from kesspay import InputError
from kesspay.audit import journals
from kesspay.audit.journals import read_journal
from kesspay.audit.options import Options
from kesspay.audit.rows import Damaged
from kesspay.sandbox import Sandbox


if TYPE_CHECKING:
    from pathlib import Path


def test_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer of a payment is a row, with its request, time and kind."""
    sandbox = Sandbox()
    path = tmp_path / "journal.sqlite"
    client = kesspay.Client(**sandbox.settings, transport=sandbox.transport)
    with kesspay.SqliteJournal(path) as journal:
        transfers = kesspay.Transfers(client, journal)
        for number in range(3):
            transfers.start(
                payment_id=f"p-{number}",
                receiver_id="85512345678",
                amount=Decimal("0.50"),
                sender_name="Chan Sophea",
            ).confirm(f"debit-{number}")
    options = Options(ids=("payment_id", "number"))
    (rows,) = read_journal(path, options)
    assert rows.ids[0].to_pylist() == [f"p-{n}" for n in range(3) for _ in range(2)]
    assert rows.services.to_pylist() == ["create_granted", "confirm_paid"] * 3
    assert rows.numbers.tolist() == list(range(6))
    public = sandbox.settings["gateway_key"]
    assert public.verify_documents(rows.bodies) == [kesspay.VerifyStatus.OK] * 6
    assert None not in rows.times.to_pylist()
    monkeypatch.setattr(journals, "_ROWS", 4)
    assert [len(rows) for rows in read_journal(path, options)] == [4, 2]


def test_no_journal(tmp_path: Path) -> None:
    """Another database, a damaged one, and a column that a journal does not have."""
    path = tmp_path / "other.sqlite"
    sqlite3.connect(path).close()
    with pytest.raises(Damaged, match="no whole journal"):
        list(read_journal(path, Options()))
    path.write_bytes(b"SQLite format 3\0" + bytes(500))
    with pytest.raises(Damaged, match="no whole journal"):
        list(read_journal(path, Options()))
    with pytest.raises(InputError, match="did you mean payment_id"):
        list(read_journal(path, Options(ids=("payment",))))
