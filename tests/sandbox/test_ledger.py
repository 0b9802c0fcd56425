"""The books: exactly one credit for each pre-transfer, whatever happens."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from kesspay.sandbox.ledger import Credit, Ledger, PreTransferRow, Refusal


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        """Begin at a time."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Iterator[Ledger]:
    """Return books with one user who can be paid and one who cannot."""
    books = Ledger(":memory:", clock)
    books.add_user("855", "Sok Dara")
    books.add_user("666", "Closed", eligible=False)
    yield books
    books.close()


def create(ledger: Ledger, out_trade_no: str = "order-1") -> PreTransferRow:
    """Enter a pre-transfer of half a dollar that lives for 300 s."""
    return ledger.create(
        out_trade_no=out_trade_no,
        receiver_id="855",
        sender_name="Chan",
        amount=Decimal("0.50"),
        life=300,
    )


def refusal_of(act: object, *arguments: object) -> str:
    """Return the code that an act is refused with."""
    assert callable(act)
    with pytest.raises(Refusal) as caught:
        act(*arguments)
    assert caught.value.status == 400
    return caught.value.code


def test_a_transfer_from_end_to_end(ledger: Ledger) -> None:
    """Create moves nothing; confirm credits; the books tell of it."""
    row = create(ledger)
    assert (row.receiver_name, row.amount) == ("Sok Dara", Decimal("0.50"))
    assert ledger.credits() == ()
    assert ledger.balance("855") == 0
    paid = ledger.confirm(row.pre_transfer_id, "debit-1")
    assert paid.fund_transfer_id
    assert ledger.find("order-1") == paid
    credit = Credit(paid.fund_transfer_id, "order-1", "855", Decimal("0.50"))
    assert ledger.credits() == (credit,)
    assert ledger.balance("855") == Decimal("0.50")
    assert ledger.balance("nobody") == 0


@pytest.mark.parametrize("receiver_id", ["666", "777", ""])
def test_who_cannot_be_paid(ledger: Ledger, receiver_id: str) -> None:
    """An unknown or closed account is not eligible."""
    with pytest.raises(Refusal) as caught:
        ledger.create(
            out_trade_no="o",
            receiver_id=receiver_id,
            sender_name="s",
            amount=Decimal(1),
            life=9,
        )
    assert caught.value.code == "NOTELIGIBLE"


def test_a_confirm_works_once(ledger: Ledger) -> None:
    """The second confirm is USED, also after the expiry."""
    row = create(ledger)
    ledger.confirm(row.pre_transfer_id, "debit-1")
    assert refusal_of(ledger.confirm, row.pre_transfer_id, "debit-1") == "USED"
    assert refusal_of(ledger.confirm, row.pre_transfer_id, "debit-2") == "USED"
    assert len(ledger.credits()) == 1


def test_a_debit_pays_once(ledger: Ledger) -> None:
    """One partner_transaction_id cannot pay two transfers."""
    first, second = create(ledger), create(ledger, "order-2")
    ledger.confirm(first.pre_transfer_id, "debit-1")
    code = refusal_of(ledger.confirm, second.pre_transfer_id, "debit-1")
    assert code == "VALIDATIONERROR"
    ledger.confirm(second.pre_transfer_id, "debit-2")
    assert len(ledger.credits()) == 2


def test_what_does_not_exist(ledger: Ledger) -> None:
    """Unknown ids are NOTEXIST."""
    assert refusal_of(ledger.confirm, "PT-9", "debit-1") == "NOTEXIST"
    assert refusal_of(ledger.find, "order-9") == "NOTEXIST"


def test_expiry(ledger: Ledger, clock: Clock) -> None:
    """A pre-transfer can be confirmed until its last moment, and not after."""
    early, late = create(ledger), create(ledger, "order-2")
    clock.now += 299.9
    ledger.confirm(early.pre_transfer_id, "debit-1")
    assert ledger.find("order-2").fund_transfer_id is None
    clock.now += 0.1
    assert refusal_of(ledger.confirm, late.pre_transfer_id, "debit-2") == "EXPIRED"
    assert refusal_of(ledger.find, "order-2") == "EXPIRED"
    assert refusal_of(ledger.confirm, early.pre_transfer_id, "debit-1") == "USED"
    assert ledger.find("order-1").fund_transfer_id


def test_two_creates_with_one_reference(ledger: Ledger) -> None:
    """They are two pre-transfers; a query finds the one that was credited."""
    first, second = create(ledger), create(ledger)
    assert first.pre_transfer_id != second.pre_transfer_id
    assert ledger.find("order-1").pre_transfer_id == second.pre_transfer_id
    ledger.confirm(first.pre_transfer_id, "debit-1")
    assert ledger.find("order-1").pre_transfer_id == first.pre_transfer_id


def test_many_confirms_at_once(ledger: Ledger) -> None:
    """Sixteen threads that confirm one pre-transfer make one credit."""
    row = create(ledger)
    outcomes: list[str] = []
    barrier = threading.Barrier(16)

    def confirm(number: int) -> None:
        barrier.wait(20)
        try:
            ledger.confirm(row.pre_transfer_id, f"debit-{number}")
            outcomes.append("paid")
        except Refusal as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=confirm, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["USED"] * 15 + ["paid"]
    assert len(ledger.credits()) == 1


@pytest.mark.parametrize("text", ["0.01", "0.10", "19.99", "9999999999999.99", "100"])
def test_money_is_exact(ledger: Ledger, text: str) -> None:
    """An amount comes back as it went in."""
    row = ledger.create(
        out_trade_no="o",
        receiver_id="855",
        sender_name="s",
        amount=Decimal(text),
        life=9,
    )
    ledger.confirm(row.pre_transfer_id, "d")
    assert ledger.balance("855") == Decimal(text)


def test_the_books_survive_a_restart(tmp_path: Path, clock: Clock) -> None:
    """Books in a file are opened again as they were closed."""
    path = str(tmp_path / "ledger.db")
    books = Ledger(path, clock)
    books.add_user("855", "Sok Dara")
    row = create(books)
    paid = books.confirm(row.pre_transfer_id, "debit-1")
    books.close()
    books = Ledger(path, clock)
    assert books.find("order-1") == paid
    assert refusal_of(books.confirm, row.pre_transfer_id, "debit-1") == "USED"
    books.close()
