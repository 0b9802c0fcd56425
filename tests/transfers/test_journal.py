"""What every journal promises; all tests run on every back-end."""

from __future__ import annotations

import copy
import math
import multiprocessing
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import (
    InputError,
    JournalError,
    JournalUnavailable,
    LeaseHeld,
    LeaseLost,
    PaymentConflict,
)
from kesspay.transfers.account import Account
from kesspay.transfers.attempt import RELAXED, STRICT, UNSETTLED, Happened, State
from kesspay.transfers.journal import Entry, Lease, Record, Status
from tests.support import odd
from tests.support.odd import deep
from tests.transfers.helpers import BODY, CONFIRMING, DUE, entry, payment
from tests.transfers.worker import fight, open_place


if TYPE_CHECKING:
    from tests.transfers.helpers import Bench


ACCOUNT: Final = Account("https://pay.example/v1", "partner")


def leased(bench: Bench, payment_id: str = "p-1", owner: str = "one") -> Lease:
    """Begin a payment and take it."""
    bench.journal.begin(payment(payment_id))
    return bench.journal.lease(payment_id, owner, 60)


def read(bench: Bench, payment_id: str = "p-1") -> Record:
    """Read a payment that is there."""
    record = bench.journal.read(payment_id)
    assert record is not None
    return record


# --------------------------------------------------------- payments and entries


def test_begin_enters_a_payment(bench: Bench) -> None:
    """A new payment is entered, has no entries, and waits for its caller."""
    record = bench.journal.begin(payment())
    assert record == Record(payment(), Status("new", 1, None), ())
    assert read(bench) == record
    assert bench.again().read("p-1") == record


def test_begin_again_returns_what_is_there(bench: Bench) -> None:
    """The same payment again changes nothing and returns its record."""
    lease = leased(bench)
    bench.journal.append(lease, [entry()], CONFIRMING, 60)
    record = bench.journal.begin(payment(amount="1.5"))
    assert record == Record(payment(), CONFIRMING, (entry(),))
    assert record.payment.amount.as_tuple() == Decimal("1.50").as_tuple()


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("1.51")},
        {"receiver_id": "85512345679"},
        {"sender_name": "Sok Darа"},  # noqa: RUF001 - Cyrillic, on purpose
    ],
    ids=["amount", "receiver_id", "sender_name"],
)
def test_conflict(bench: Bench, change: dict[str, Any]) -> None:
    """An id with another field is refused, and what is there stays."""
    bench.journal.begin(payment())
    with pytest.raises(
        PaymentConflict, match=f"p-1: it differs in {next(iter(change))}\\."
    ):
        bench.journal.begin(replace(payment(), **change))
    assert read(bench) == Record(payment(), Status("new", 1, None), ())


def test_nothing_is_read_of_nothing(bench: Bench) -> None:
    """A payment that was never begun has no record, and no lease."""
    assert bench.journal.read("p-1") is None
    with pytest.raises(JournalError, match="begin it first"):
        bench.journal.lease("p-1", "one", 60)
    with pytest.raises(LeaseLost):
        bench.journal.append(Lease("p-1", "one", 1), [entry()], CONFIRMING, 60)
    bench.journal.release(Lease("p-1", "one", 1))
    assert bench.journal.list() == []
    assert list(bench.journal.export()) == []


def test_amounts_and_names_are_kept_exactly(bench: Bench) -> None:
    """Amounts are Decimals with their digits, and texts code point by code point."""
    asked = replace(
        payment(), amount=Decimal("9999999999999.99"), sender_name="ស៊ុខ \U0001f600 'x\\"
    )
    bench.journal.begin(asked)
    bench.journal.begin(payment("p-2", "1E+2"))
    assert bench.again().read("p-1") == Record(asked, Status("new", 1, None), ())
    assert str(read(bench, "p-2").payment.amount) == "100"


ODD = Entry(
    2**31 - 1,
    Happened.QUERY_SAID,
    0.1 + 0.2,
    'USED\x00\n\ud800\\u0041 é \U0001f600 "',
    {"\x00": "\ud800\\", "big": 2**70, "tiny": 5e-324, "": ""},
    b"",
    bytes(range(256)) * 300,
)


def test_entries_are_kept_exactly(bench: Bench) -> None:
    """Every byte, code point and number comes back, in the order of writing."""
    lease = leased(bench)
    bench.journal.append(lease, [entry(1), ODD], CONFIRMING, 60)
    bench.journal.append(lease, [], DUE, 60)
    bench.journal.append(lease, [entry(3)], DUE, 60)
    record = bench.again().read("p-1")
    assert record == Record(payment(), DUE, (entry(1), ODD, entry(3)))
    assert list(bench.journal.export()) == [record]


@pytest.mark.parametrize(
    "change",
    [
        {"attempt": 0},
        {"attempt": True},
        {"attempt": 2**31},
        {"what": "debited"},
        {"at": math.nan},
        {"at": "1"},
        {"code": None},
        {"facts": {"a": math.inf}},
        {"facts": {"a": None}},
        {"facts": {"a": True}},
        {"facts": {1: "a"}},
        {"sent": "text"},
        {"received": bytearray(b"x")},
        {"at": 10**400},
        {"facts": {"a": -(10**400)}},
        {"facts": None},
        {"facts": [("a", 1)]},
    ],
    ids=str,
)
def test_what_cannot_be_kept_is_refused(bench: Bench, change: dict[str, Any]) -> None:
    """Nothing is converted silently, and nothing of the batch is written."""
    lease = leased(bench)
    with pytest.raises(InputError, match="cannot be kept"):
        bench.journal.append(lease, [entry(), replace(entry(), **change)], DUE, 60)
    assert read(bench).entries == ()


@pytest.mark.parametrize(
    "status",
    [
        Status("", 1, None),
        Status("two words", 1, None),
        Status("new", 0, None),
        Status("new", 1, math.inf),
        Status("new", 1, 10**400),
        Status("new", 1, "soon"),  # type: ignore[arg-type] # that is the test
    ],
    ids=repr,
)
def test_a_bad_status_is_refused(bench: Bench, status: Status) -> None:
    """A status that cannot be kept is refused, and nothing is written."""
    lease = leased(bench)
    with pytest.raises(InputError, match="status cannot be kept"):
        bench.journal.append(lease, [entry()], status, 60)
    assert read(bench) == Record(payment(), Status("new", 1, None), ())


def test_what_cannot_be_written_is_refused(bench: Bench) -> None:
    """An entry and a status of which there is no repr are refused as others are."""
    lease = leased(bench)
    value: Any = deep(5000)
    with pytest.raises(InputError, match="cannot be kept"):
        bench.journal.append(lease, [replace(entry(), what=value)], DUE, 60)
    with pytest.raises(InputError, match="status cannot be kept"):
        bench.journal.append(lease, [entry()], Status("new", value, None), 60)


def test_bad_arguments(bench: Bench) -> None:
    """Owners, seconds and limits are checked."""
    lease = leased(bench)
    for owner in ("", "two words", "x" * 129, None):
        with pytest.raises(InputError, match="owner"):
            bench.journal.lease("p-1", owner, 60)  # type: ignore[arg-type] # that is the test
    for seconds in (0, -1, math.inf, math.nan, "1"):
        with pytest.raises(InputError, match="seconds"):
            bench.journal.take_due("one", seconds, 1)  # type: ignore[arg-type] # that is the test
        with pytest.raises(InputError, match="seconds"):
            bench.journal.append(lease, [], DUE, seconds)  # type: ignore[arg-type] # that is the test
    for limit in (0, -1, 10_001, True, 1.0):
        with pytest.raises(InputError, match="limit"):
            bench.journal.take_due("one", 1, limit)  # type: ignore[arg-type] # that is the test
        with pytest.raises(InputError, match="limit"):
            bench.journal.list(limit=limit)  # type: ignore[arg-type] # that is the test


@pytest.mark.parametrize("text", odd.ODD_TEXTS)
def test_texts_that_no_database_takes(bench: Bench, text: str) -> None:
    """They are refused before a database is asked; one that is long is unknown."""
    if text.isprintable():
        assert bench.journal.read(text) is None
        with pytest.raises(JournalError, match="there is no payment") as caught:
            bench.journal.lease(text, "one", 60)
        assert len(str(caught.value)) < 150
        return
    for act, name in (
        (lambda: bench.journal.read(text), "payment_id"),
        (lambda: bench.journal.lease(text, "one", 60), "payment_id"),
        (lambda: bench.journal.list(state=text), "state"),
        (lambda: bench.journal.list(after=text), "after"),
    ):
        with pytest.raises(InputError, match=f"cannot take this value as {name}: "):
            act()


def test_what_is_no_text(bench: Bench) -> None:
    """It is refused by name, and so is what is no payment and no rules."""
    values: tuple[Any, ...] = (*odd.ODD, 5, None)
    for value in values:
        for act, name in (
            (partial(bench.journal.read, value), "payment_id"),
            (partial(bench.journal.lease, value, "one", 60), "payment_id"),
            (partial(bench.journal.list, state=value), "state"),
            (partial(bench.journal.list, after=value), "after"),
            (partial(bench.journal.begin, value), "payment"),
            (partial(bench.journal.bind, ACCOUNT, by=value), "by"),
        ):
            with pytest.raises(InputError, match=rf"\b{name}(: it)? must be a "):
                act()
        if value is not None:
            with pytest.raises(InputError, match=r"^rules must be a Rules"):
                bench.journal.begin(payment(), value)


def test_what_is_written_has_its_types(bench: Bench) -> None:
    """Leases, entries, a status, an account and keys are checked before a database."""
    lease = leased(bench)
    values: tuple[Any, ...] = (
        *odd.ODD,
        "x",
        5,
        None,
        [("partner", 5)],
        [(5, "f" * 64)],
    )
    for value in values:
        acts: list[tuple[str, partial[Any]]] = [
            ("lease", partial(bench.journal.append, value, [entry()], DUE, 60)),
            ("status", partial(bench.journal.append, lease, [entry()], value, 60)),
            ("lease", partial(bench.journal.release, value)),
            ("account", partial(bench.journal.bind, value, by="test")),
            ("account", partial(bench.journal.rebind, None, value, by="test")),
        ]
        if not isinstance(value, list | tuple) or value:
            acts += [
                ("entries", partial(bench.journal.append, lease, value, DUE, 60)),
                ("keys", partial(bench.journal.bind, ACCOUNT, value, by="test")),
            ]
        if value is not None:
            acts.append(
                ("old", partial(bench.journal.rebind, value, ACCOUNT, by="test"))
            )
        for name, act in acts:
            with pytest.raises(InputError, match=rf"^{name} must be "):
                act()
    bench.journal.append(lease, (), DUE, 60)
    assert read(bench).entries == ()
    assert bench.journal.ownership().account is None


def test_a_due_time_of_any_size(bench: Bench) -> None:
    """An int that no column of a database holds is the float next to it."""
    lease = leased(bench)
    bench.journal.append(lease, [entry()], Status("new", 1, 2**70), 60)
    assert read(bench).status.due_at == 2.0**70


# ------------------------------------------------------------------------ leases


def test_a_lease_keeps_others_out(bench: Bench) -> None:
    """Another owner waits until the lease is released; fences only grow."""
    lease = leased(bench)
    with pytest.raises(LeaseHeld, match="one works on payment p-1"):
        bench.again().lease("p-1", "two", 60)
    bench.journal.release(lease)
    second = bench.again().lease("p-1", "two", 60)
    assert second.fence > lease.fence
    with pytest.raises(LeaseLost):
        bench.journal.append(lease, [entry()], DUE, 60)


def test_an_owner_may_take_its_own_again(bench: Bench) -> None:
    """It gets a new fence, and the older one is worth nothing more."""
    first = leased(bench)
    second = bench.journal.lease("p-1", "one", 60)
    assert second.fence > first.fence
    with pytest.raises(LeaseLost):
        bench.journal.append(first, [entry()], DUE, 60)
    bench.journal.release(first)
    bench.journal.append(second, [entry()], DUE, 60)
    assert read(bench).entries == (entry(),)


def test_a_lease_that_was_given_back_writes_nothing(bench: Bench) -> None:
    """After release the lease is lost, though no other worker took the payment."""
    lease = leased(bench)
    bench.journal.release(lease)
    bench.journal.release(lease)
    with pytest.raises(LeaseLost, match="nothing was written"):
        bench.journal.append(lease, [entry()], DUE, 60)
    assert read(bench) == Record(payment(), Status("new", 1, None), ())


def test_a_paused_worker_writes_nothing(bench: Bench) -> None:
    """Its lease ran out and was taken: its late write is refused as a whole."""
    paused = leased(bench, owner="paused")
    bench.pass_time(61)
    other = bench.again()
    lease = other.lease("p-1", "other", 60)
    other.append(lease, [entry(1)], DUE, 60)
    with pytest.raises(LeaseLost, match="paused"):
        bench.journal.append(paused, [entry(2), entry(3)], CONFIRMING, 60)
    bench.journal.release(paused)
    assert read(bench) == Record(payment(), DUE, (entry(1),))
    with pytest.raises(LeaseHeld):
        bench.journal.lease("p-1", "paused", 60)


def test_a_late_worker_that_was_not_replaced_may_write(bench: Bench) -> None:
    """An expired lease is good while no other worker took it, and is extended."""
    lease = leased(bench)
    bench.pass_time(61)
    bench.journal.append(lease, [entry()], DUE, 60)
    with pytest.raises(LeaseHeld):
        bench.journal.lease("p-1", "two", 60)
    assert bench.journal.take_due("two", 60, 10) == []


def test_append_extends_the_lease(bench: Bench) -> None:
    """Each write counts the seconds anew."""
    lease = leased(bench)
    for number in (1, 2, 3):
        bench.pass_time(40)
        bench.journal.append(lease, [entry(number)], DUE, 60)
        with pytest.raises(LeaseHeld):
            bench.journal.lease("p-1", "two", 60)


def test_take_due(bench: Bench) -> None:
    """The most overdue come first; not those that are leased, early, or waiting."""
    now = bench.journal.now()
    for name, due_at in (
        ("later", now + 3600),
        ("b", now - 10),
        ("a", now - 10),
        ("first", now - 20),
        ("leased", now - 30),
        ("waiting", None),
    ):
        lease = leased(bench, name)
        bench.journal.append(lease, [], Status("unknown", 1, due_at), 60)
        if name != "leased":
            bench.journal.release(lease)
    taken = bench.journal.take_due("two", 60, 2)
    assert [lease.payment_id for lease in taken] == ["first", "a"]
    assert [lease.payment_id for lease in bench.again().take_due("three", 60, 9)] == [
        "b"
    ]
    # Not even its own: two threads of one owner must not work on one payment.
    assert bench.journal.take_due("two", 60, 10) == []
    bench.journal.append(taken[0], [entry()], CONFIRMING, 60)
    bench.pass_time(61)
    again = bench.journal.take_due("four", 60, 10)
    assert [lease.payment_id for lease in again] == ["leased", "a", "b"]


def test_now_moves(bench: Bench) -> None:
    """The clock is that of all workers, and continues."""
    before = bench.journal.now()
    assert abs(bench.again().now() - before) < 30
    bench.pass_time(100)
    assert bench.journal.now() >= before


# -------------------------------------------------------------- lists and exports


def test_list_goes_by_pages(bench: Bench) -> None:
    """Pages follow each other in the order of the bytes of the ids."""
    ids = ["A", "B", "Z-1", "_", "a", "a-1", "a0", "b"]
    for name in ids[::-1]:
        lease = leased(bench, name)
        if name in "abAB":
            bench.journal.append(lease, [entry()], DUE, 60)
    seen: list[str] = []
    while page := bench.journal.list(after=seen[-1] if seen else "", limit=3):
        seen.extend(one.payment.payment_id for one in page)
    assert seen == sorted(ids)
    due = bench.journal.list(state="unknown", after="A", limit=2)
    assert [one.payment.payment_id for one in due] == ["B", "a"]
    assert due[0].status == DUE
    assert due[0].payment == payment("B")
    assert due[0].begun_at <= due[0].changed_at
    assert bench.journal.list(state="paid") == []


def test_unknown_is_also_what_a_crash_left(bench: Bench) -> None:
    """A list of "unknown" has every payment whose confirm may have left; no other."""
    for state in State:
        status = Status(state.value, 1, None)
        bench.journal.append(leased(bench, f"p-{state}"), [entry()], status, 60)
    listed = bench.journal.list(state="unknown")
    names = [one.payment.payment_id for one in listed]
    assert names == ["p-confirming", "p-refused", "p-unknown"]
    (first,) = bench.journal.list(state="unknown", limit=1)
    assert first == listed[0]
    assert bench.journal.list(state="unknown", after=names[0]) == listed[1:]
    for state in State:
        if state is not State.UNKNOWN:
            (one,) = bench.journal.list(state=state.value)
            assert one.payment.payment_id == f"p-{state}"
    assert len(bench.journal.list()) == len(State)


def test_a_state_of_another_version(bench: Bench) -> None:
    """It may be any text, of any place in the order: a list of "unknown" has it."""
    others = ["!", "Paid", "aa", "arranged", "paid-by-hand", "zz"]
    for number, state in enumerate([*State, *others]):
        status = Status(state, 1, None)
        bench.journal.append(leased(bench, f"p-{number:02}"), [entry()], status, 60)
    listed = bench.journal.list(state="unknown")
    assert [one.status.state for one in listed] == [
        *(state for state in State if state in UNSETTLED),
        *others,
    ]
    ids = [one.payment.payment_id for one in listed]
    assert ids == sorted(ids)
    assert bench.journal.list(state="unknown", after=ids[3], limit=2) == listed[4:6]
    (one,) = bench.journal.list(state="paid-by-hand")
    assert one.status.state == "paid-by-hand"


@pytest.mark.parametrize("state", ["", "\x01\n", "\N{SNOWMAN}"])
def test_a_state_that_damage_left(bench: Bench, state: str) -> None:
    """Also one that no version can have written is in a list of "unknown"."""
    leased(bench)
    kind, place = bench.place.split(" ", 1)
    if kind == "sqlite":
        with sqlite3.connect(place) as tables:
            tables.execute("UPDATE payments SET state = ?", (state,))
        tables.close()
    else:
        import psycopg

        conninfo, schema = place.split("\n")
        with psycopg.connect(conninfo) as server:
            server.execute(f"UPDATE {schema}.payments SET state = %s", (state,))  # noqa: S608 - a name of the test
    (one,) = bench.journal.list(state="unknown")
    assert one.status.state == state


def test_export_is_of_one_moment(bench: Bench) -> None:
    """What is written while an export runs is not in it."""
    names = [f"p-{number:04}" for number in range(600)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(bench.journal.begin, map(payment, names)))
    export = bench.journal.export()
    first = next(export)
    lease = bench.journal.lease(names[-1], "one", 60)
    bench.journal.append(lease, [entry()], DUE, 60)
    bench.journal.begin(payment("q"))
    rest = [first, *export]
    assert [record.payment.payment_id for record in rest] == names
    assert all(record.entries == () for record in rest)
    assert len(list(bench.journal.export())) == 601


def test_an_export_may_be_left(bench: Bench) -> None:
    """A reader that stops leaves nothing behind."""
    for name in ("a", "b"):
        bench.journal.begin(payment(name))
    export = bench.journal.export()
    next(export)
    export.close()  # type: ignore[attr-defined] # a generator
    bench.journal.begin(payment("c"))


# ------------------------------------------------------------ threads, processes


def test_threads_write_without_loss(bench: Bench) -> None:
    """Many threads write at once, and each entry is there once, in order."""

    def work(number: int) -> None:
        lease = leased(bench, f"p-{number}")
        for step in range(10):
            bench.journal.append(lease, [entry(step)], DUE, 60)
            assert len(read(bench, f"p-{number}").entries) == step + 1

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(work, range(24)))
    for record in bench.again().export():
        assert record.entries == tuple(entry(step) for step in range(10))


def test_one_refusal_does_not_hurt_others(bench: Bench) -> None:
    """Threads that are refused share a transaction with those that are not."""
    lease = leased(bench)
    lost = Lease("p-1", "one", lease.fence + 7)
    gate = threading.Barrier(16)

    def work(number: int) -> bool:
        gate.wait()
        try:
            bench.journal.append(
                lost if number % 2 else lease, [entry(number)], DUE, 60
            )
        except LeaseLost:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(work, range(16)))
    assert done == [True, False] * 8
    numbers = {one.facts["pre_transfer_id"] for one in read(bench).entries}
    assert numbers == {f"pre-{number}" for number in range(0, 16, 2)}


@pytest.mark.few(1)
def test_processes_fight_for_leases(bench: Bench) -> None:
    """Several processes take what is due: each payment is driven by one at a time."""
    for number in range(12):
        lease = leased(bench, f"p-{number}")
        bench.journal.append(lease, [], DUE, 60)
        bench.journal.release(lease)
    spawn = multiprocessing.get_context("spawn")
    workers = [
        spawn.Process(target=fight, args=(bench.place, f"w-{number}"))
        for number in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    for record in bench.journal.export():
        steps = [one.facts["step"] for one in record.entries]
        assert steps == list(range(6)), record
        owners = [str(one.facts["owner"]) for one in record.entries]
        assert owners[::2] == owners[1::2], "two workers went on at once"


def test_entries_survive_a_kill(bench: Bench) -> None:
    """A process is killed the moment append returned: everything is there."""
    script = "import sys; from tests.transfers.worker import *; killed(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", script, bench.place],
        check=False,
        timeout=60,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    record = bench.again().read("killed")
    assert record is not None
    assert record.entries == (entry(1), entry(2))
    assert record.status == CONFIRMING


def test_a_kill_leaves_all_or_nothing(bench: Bench) -> None:
    """A process is killed while it writes pairs: no half of one is there."""
    script = "import sys; from tests.transfers.worker import *; pairs(sys.argv[1])"
    with subprocess.Popen(
        [sys.executable, "-c", script, bench.place],
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        for _ in range(20):
            count = process.stdout.readline()
        process.kill()
    record = bench.again().read("pairs")
    assert record is not None
    assert len(record.entries) % 2 == 0
    assert len(record.entries) >= 2 * int(count)
    again = bench.again()
    bench.pass_time(61)
    lease = again.lease("pairs", "one", 60)
    again.append(lease, [entry()], DUE, 60)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_child_uses_connections_of_its_own(bench: Bench) -> None:
    """After a fork both sides continue with the journal, and both write."""
    lease = leased(bench)
    bench.journal.append(lease, [entry(1)], DUE, 60)
    child = os.fork()
    if child == 0:
        try:
            for number in (2, 3):
                bench.journal.append(lease, [entry(number)], DUE, 60)
            ok = len(read(bench).entries) >= 3
        finally:
            os._exit(0 if ok else 1)
    bench.journal.begin(payment("parent"))
    assert os.waitpid(child, 0)[1] == 0
    assert len(read(bench).entries) == 3
    bench.journal.append(lease, [entry(4)], DUE, 60)
    assert read(bench).entries == tuple(entry(number) for number in (1, 2, 3, 4))


# --------------------------------------------------------------------- the object


def test_a_closed_journal_says_so(bench: Bench) -> None:
    """Every method of a closed journal raises; closing again is no error."""
    lease = leased(bench)
    bench.journal.close()
    bench.journal.close()
    calls: list[Any] = [
        lambda: bench.journal.begin(payment()),
        lambda: bench.journal.read("p-1"),
        lambda: bench.journal.lease("p-1", "one", 60),
        lambda: bench.journal.take_due("one", 60, 1),
        lambda: bench.journal.append(lease, [entry()], DUE, 60),
        lambda: bench.journal.release(lease),
        bench.journal.list,
        lambda: list(bench.journal.export()),
    ]
    for call in calls:
        with pytest.raises(JournalUnavailable, match="closed") as caught:
            call()
        assert caught.value.is_refused  # a worker ends, and does not try again
    assert bench.again().read("p-1") is not None


def test_a_journal_that_was_never_used_closes(bench: Bench) -> None:
    """A journal closes at the end of a with block, used or not."""
    other: Any = bench.again()
    with other as same:
        assert same is other
    with pytest.raises(JournalUnavailable):
        other.read("p-1")


def test_one_that_was_not_opened(bench: Bench) -> None:
    """A tool that shows the variables of a traceback can show it, too."""
    kind = type(bench.journal)
    assert repr(kind.__new__(kind)).startswith(f"<{kind.__name__} ")


def test_no_copies(bench: Bench) -> None:
    """A journal is never pickled or copied."""
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(InputError, match="never pickled"):
            attempt(bench.journal)


def test_another_process_opens_it(bench: Bench) -> None:
    """What the other tests give to processes leads to the same journal."""
    bench.journal.begin(payment())
    other = open_place(bench.place)
    assert other.read("p-1") == read(bench)
    other.close()
    assert BODY not in repr(bench.journal).encode()


# ------------------------------------------------------------------------ rules


def test_the_rules_of_a_payment_stay(bench: Bench) -> None:
    """They are recorded with a new payment, exactly, and never changed."""
    rules = replace(RELAXED, deadline=0.1 + 0.2, polls=(1.0,))
    assert bench.journal.begin(payment(), rules).rules == rules
    for other in (STRICT, None):
        assert bench.journal.begin(payment(), other).rules == rules
    lease = bench.journal.lease("p-1", "one", 60)
    bench.journal.append(lease, [entry(1), entry(2)], DUE, 60)
    record = bench.again().read("p-1")
    assert record == Record(payment(), DUE, (entry(1), entry(2)), rules)
    assert list(bench.journal.export()) == [record]


def test_a_payment_without_rules_gets_none(bench: Bench) -> None:
    """One that began before rules were recorded stays without."""
    bench.journal.begin(payment())
    assert bench.journal.begin(payment(), RELAXED).rules is None
    assert read(bench).rules is None


def test_rules_that_cannot_be_kept(bench: Bench) -> None:
    """Nothing is begun then."""
    with pytest.raises(InputError, match="rule deadline"):
        bench.journal.begin(payment(), replace(STRICT, deadline=math.inf))
    assert bench.journal.read("p-1") is None
