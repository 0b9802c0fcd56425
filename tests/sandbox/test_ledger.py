"""The books: exactly one credit for each pre-transfer, whatever happens."""

from __future__ import annotations

import sqlite3
import threading
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, Literal

import pytest

from kesspay.errors import InputError
from kesspay.sandbox.ledger import Credit, Ledger, PreTransferRow, Refusal, User
from tests.support.odd import ODD


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Clock:
    """Seconds that pass when the test lets them."""

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
    assert books.audit() == []
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


@pytest.mark.parametrize("digits", [1, 28])
@pytest.mark.parametrize("text", ["0.01", "0.10", "19.99", "9999999999999.99", "100"])
def test_money_is_exact(ledger: Ledger, text: str, digits: int) -> None:
    """An amount comes back as it went in, also where the caller rounds."""
    with localcontext() as context:
        context.prec = digits
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


def test_ids_continue_after_a_restart(tmp_path: Path, clock: Clock) -> None:
    """A pre-transfer of the next run has an id of its own."""
    path = str(tmp_path / "ledger.db")
    seen = set()
    for _ in range(3):
        books = Ledger(path, clock)
        books.add_user("855", "Sok Dara")
        row = create(books)
        books.confirm(row.pre_transfer_id, f"debit-{row.pre_transfer_id}")
        seen.add(row.pre_transfer_id)
        books.close()
    books = Ledger(path, clock)
    assert len(seen) == len(books.credits()) == 3
    assert books.balance("855") == Decimal("1.50")
    assert books.audit() == []
    books.close()


def test_a_file_is_written_ahead(tmp_path: Path, clock: Clock) -> None:
    """The database is in WAL mode: readers do not wait for writers."""
    path = tmp_path / "ledger.db"
    books = Ledger(str(path), clock)
    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()
    books.close()


def test_a_delayed_credit_survives_a_restart(tmp_path: Path, clock: Clock) -> None:
    """It is made when it is due, once, whichever call has the books open then."""
    path = str(tmp_path / "ledger.db")
    books = Ledger(path, clock)
    books.add_user("855", "Sok Dara")
    row = create(books)
    due = books.confirm(row.pre_transfer_id, "debit-1", delay=400)
    assert (due.state, due.fund_transfer_id) == ("due", None)
    assert books.find("order-1") == due
    books.close()
    books = Ledger(path, clock)
    clock.now += 399.9
    # Past the expiry the credit is still certain, and a second one is not.
    assert books.find("order-1").state == "due"
    assert refusal_of(books.confirm, row.pre_transfer_id, "debit-2") == "USED"
    assert books.credits() == ()
    assert books.balance("855") == 0
    clock.now += 0.1
    other = Ledger(path, clock)
    assert other.balance("855") == books.balance("855") == Decimal("0.50")
    assert len(books.credits()) == len(other.credits()) == 1
    assert books.find("order-1").state == "credited"
    assert books.audit() == []
    other.close()
    books.close()


@pytest.mark.parametrize("used_first", [True, False])
@pytest.mark.parametrize("after", ["answer", "expired"])
def test_the_answer_for_a_credited_transfer_after_its_expiry(
    clock: Clock, *, used_first: bool, after: Literal["answer", "expired"]
) -> None:
    """Both questions that the document leaves open can be answered both ways."""
    books = Ledger(":memory:", clock, used_first=used_first, query_after_expiry=after)
    books.add_user("855", "Sok Dara")
    paid = books.confirm(create(books).pre_transfer_id, "debit-1")
    assert refusal_of(books.confirm, paid.pre_transfer_id, "debit-1") == "USED"
    assert books.find("order-1") == paid
    clock.now += 300
    wanted = "USED" if used_first else "EXPIRED"
    assert refusal_of(books.confirm, paid.pre_transfer_id, "debit-1") == wanted
    if after == "answer":
        assert books.find("order-1") == paid
    else:
        assert refusal_of(books.find, "order-1") == "EXPIRED"
    books.close()


def test_what_the_books_list(ledger: Ledger, clock: Clock) -> None:
    """Users by id, transfers newest first, each with its state."""
    create(ledger)
    clock.now += 200
    paid, due, _ = (create(ledger, f"order-{n}") for n in (2, 3, 4))
    ledger.confirm(paid.pre_transfer_id, "debit-1")
    ledger.confirm(due.pre_transfer_id, "debit-2", delay=9)
    clock.now += 100
    ledger.confirm(create(ledger, "order-5").pre_transfer_id, "d-3", delay=9)
    states = [(row.out_trade_no, row.state) for row in ledger.transfers()]
    assert states == [
        ("order-5", "due"),
        ("order-4", "open"),
        ("order-3", "credited"),
        ("order-2", "credited"),
        ("order-1", "expired"),
    ]
    assert [row.out_trade_no for row in ledger.transfers(2)] == ["order-5", "order-4"]
    assert ledger.users() == (
        User("666", "Closed", eligible=False, balance=Decimal("0.00")),
        User("855", "Sok Dara", eligible=True, balance=Decimal("1.00")),
    )


def test_changing_a_user(ledger: Ledger) -> None:
    """A user who changes keeps the money."""
    ledger.confirm(create(ledger).pre_transfer_id, "debit-1")
    ledger.add_user("855", "Dara Sok", eligible=False)
    assert ledger.balance("855") == Decimal("0.50")
    with pytest.raises(Refusal, match="eligible"):
        create(ledger, "order-2")


@pytest.mark.parametrize(
    ("receiver_id", "name"),
    [("", "A"), ("8" * 26, "A"), ("8", ""), ("8", "a" * 97), ("8", "\ud800")],
)
def test_users_who_cannot_be(ledger: Ledger, receiver_id: str, name: str) -> None:
    """Ids and names keep to the lengths of the document."""
    with pytest.raises(InputError, match="receiver"):
        ledger.add_user(receiver_id, name)


def test_odd_arguments_of_users(ledger: Ledger) -> None:
    """No id, no name and no switch of another type."""
    odd: Any
    for odd in (*ODD, None, 1):
        for pair in ((odd, "A"), ("8", odd)):
            with pytest.raises(InputError, match="receiver"):
                ledger.add_user(*pair)
        with pytest.raises(InputError, match="eligible must be True or False"):
            ledger.add_user("8", "A", eligible=odd)


@pytest.mark.parametrize(
    "identity", ["PT1", "PT0000000000001", "pt000000000001", "PT-9", "PT00000000000 "]
)
def test_ids_that_are_none(ledger: Ledger, identity: str) -> None:
    """An id has one spelling; no other finds the transfer."""
    assert create(ledger).pre_transfer_id == "PT000000000001"
    assert refusal_of(ledger.confirm, identity, "debit-1") == "NOTEXIST"


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("UPDATE users SET cents = cents + 1", "balance of 855 is 51 cents"),
        ("UPDATE credits SET done = 0, due_at = 1e12", "its credits are 0"),
        ("DELETE FROM pre_transfers", "belongs to nothing"),
        ("INSERT INTO twice SELECT 2, 1, 'debit-1', 0, 1", "more than once"),
    ],
)
def test_the_audit_finds_what_is_wrong(
    tmp_path: Path, clock: Clock, damage: str, found: str
) -> None:
    """Books that were spoilt are not right, and the audit says how."""
    path = tmp_path / "ledger.db"
    books = Ledger(str(path), clock)
    books.add_user("855", "Sok Dara")
    books.confirm(create(books).pre_transfer_id, "debit-1")
    with sqlite3.connect(path) as other:
        if "twice" in damage:
            other.executescript(
                "CREATE TABLE twice AS SELECT * FROM credits; DROP TABLE credits;"
                "ALTER TABLE twice RENAME TO credits;"
            )
            damage = damage.replace("twice", "credits")
        other.execute(damage)
    other.close()
    assert any(found in text for text in books.audit()), books.audit()
    books.close()


def test_the_clock_is_remembered(tmp_path: Path, clock: Clock) -> None:
    """How far the clock was put forward outlives a restart."""
    path = str(tmp_path / "ledger.db")
    books = Ledger(path, clock)
    assert books.ahead == 0
    books.ahead = 2.5
    books.close()
    books = Ledger(path, clock)
    assert books.ahead == 2.5
    books.close()


def test_files_that_are_no_ledger(tmp_path: Path, clock: Clock) -> None:
    """Another database, another file, no folder: an error that says so."""
    text = tmp_path / "text"
    text.write_text("not a database, by far " * 100, encoding="utf-8")
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE t (a)")
    database.close()
    for path in (text, other, tmp_path / "none" / "ledger.db"):
        with pytest.raises(InputError, match="ledger"):
            Ledger(str(path), clock)


def test_settings_that_are_none(clock: Clock) -> None:
    """A setting that is misspelt is an error."""
    with pytest.raises(InputError, match="query_after_expiry"):
        Ledger(":memory:", clock, query_after_expiry="Answer")  # type: ignore[arg-type] # that is the test


def test_a_value_that_is_no_path(clock: Clock) -> None:
    """A key in place of the path makes no file of that name, and is not shown."""
    pem = "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"
    with pytest.raises(InputError, match="in place of the path of the ledger") as found:
        Ledger(pem, clock)
    assert "canary" not in str(found.value)
