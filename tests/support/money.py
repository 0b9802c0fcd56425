# mypy: disable-error-code="no-any-unimported"

"""Traffic in which the money has a fault, and the check that must find it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from kesspay.audit.runner import Target, run
from tests.support.recording import private, ring


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kesspay.audit.runner import Result


__all__ = ["FAULTS", "TIME", "Traffic", "audited", "write", "write_journal"]

TIME = datetime(2026, 9, 10, tzinfo=UTC)
CREATE = "create.unified.fundTransfer"
CONFIRM = "confirm.fundTransfer"
QUERY = "query.fundTransfer"

#: The time of a record, its request or None, and its answer.
Record = tuple[datetime, bytes | None, bytes]


class Traffic:
    """A recording that grows, a minute a record."""

    def __init__(self, mark: str = "") -> None:
        """Begin with three transfers without a fault, whose names begin with a mark."""
        self.mark = mark
        self.rows: list[Record] = []
        for name in ("A", "B", "C"):
            self.transfer(name)

    def record(
        self,
        request: dict[str, Any] | None,
        data: dict[str, Any] | str,
        *,
        after: float = 1,
        key: str = "kess-2025",
    ) -> None:
        """Add an answer, and what was asked; a text is an error_code."""
        moment = (self.rows[-1][0] if self.rows else TIME) + timedelta(minutes=after)
        answer: dict[str, Any] = {"success": False, "error_code": data}
        if isinstance(data, dict):
            answer = {"success": True, "code": 200, "data": data}
        sent = None if request is None else private("us").signed_body(request)
        self.rows.append((moment, sent, private(key).signed_body(answer)))

    def data(self, name: str, **change: Any) -> dict[str, Any]:  # noqa: ANN401 - any value
        """Return what answers about a transfer hold."""
        made = {
            "out_trade_no": f"T-{self.mark}{name}",
            "receiver_id": "012",
            "amount": 10.5,
            "currency": "USD",
            "pre_transfer_id": f"P-{self.mark}{name}",
        }
        return {**made, **change}

    def paid(self, name: str, **change: Any) -> dict[str, Any]:  # noqa: ANN401 - any value
        """Return what answers about a transfer that was credited hold."""
        paid = {"result_code": "SUCCESS", "fund_transfer_id": f"F-{self.mark}{name}"}
        return self.data(name, **{**paid, **change})

    def create(self, name: str, **change: Any) -> None:  # noqa: ANN401 - any value
        """Record a create."""
        request = {"service": CREATE, **self.data(name)}
        del request["pre_transfer_id"]
        self.record(request, self.data(name, expire_in=300, **change))

    def confirm(self, name: str, code: str = "", **change: Any) -> None:  # noqa: ANN401 - any value
        """Record a confirm."""
        request = {
            "service": CONFIRM,
            "pre_transfer_id": f"P-{self.mark}{name}",
            "partner_transaction_id": change.pop("debit", f"D-{self.mark}{name}"),
        }
        after = change.pop("after", 1)
        self.record(request, code or self.paid(name, **change), after=after)

    def query(self, name: str, code: str = "", **change: Any) -> None:  # noqa: ANN401 - any value
        """Record a query."""
        data = self.paid(name, **change)
        del data["pre_transfer_id"]
        request = {"service": QUERY, "out_trade_no": f"T-{self.mark}{name}"}
        self.record(request, code or data)

    def transfer(self, name: str) -> None:
        """Record a transfer without a fault."""
        self.create(name)
        self.confirm(name)
        self.query(name)


def write(rows: Sequence[Record], path: str | Path) -> None:
    """Write a recording."""
    times, requests, bodies = zip(*rows, strict=True)
    table = pa.table(
        {
            "at": pa.array(times),
            "sent": pa.array(requests, pa.binary()),
            "body": pa.array(bodies, pa.binary()),
        }
    )
    pq.write_table(table, path)


def audited(rows: Sequence[Record], **words: Any) -> Result:  # noqa: ANN401 - passed on
    """Audit a recording, which is written into this folder."""
    write(rows, "t.parquet")
    where = {"time": "at", "request": "sent", "explain_budget": 0, **words}
    target = Target(
        Path(where.pop("out", "out")),
        statement=where.pop("statement", None),
        journal=where.pop("journal", None),
    )
    paths = where.pop("paths", ["t.parquet"])
    return run(paths, ring(), out=target, money=True, threads=1, **where)


def _two_credits(traffic: Traffic) -> None:
    traffic.query("A", fund_transfer_id=f"F-{traffic.mark}other")


def _two_credits_of_a_pre(traffic: Traffic) -> None:
    new = f"{traffic.mark}new"
    traffic.confirm("B", out_trade_no=f"T-{new}", fund_transfer_id=f"F-{new}")


def _two_credits_without_a_name(traffic: Traffic) -> None:
    traffic.confirm("B", out_trade_no=None, fund_transfer_id=f"F-{traffic.mark}new")


def _one_answer(traffic: Traffic) -> None:
    traffic.confirm("A", debit="D-other")


def _refunded(traffic: Traffic) -> None:
    traffic.create("D")
    traffic.confirm("D", "VALIDATIONERROR")
    traffic.confirm("D")


def _open(traffic: Traffic) -> None:
    traffic.create("D")
    traffic.confirm("D", "SYSTEMERROR")


def _late(traffic: Traffic) -> None:
    traffic.create("D")
    traffic.confirm("D", after=6)


def _early(traffic: Traffic) -> None:
    traffic.create("D")
    traffic.confirm("D", "EXPIRED")


def _used(traffic: Traffic) -> None:
    traffic.create("D")
    traffic.confirm("D", "USED")


def _twice(traffic: Traffic) -> None:
    traffic.rows.append(traffic.rows[-1])


def _asked_another(traffic: Traffic) -> None:
    data = traffic.data("B", result_code="PENDING")
    del data["pre_transfer_id"]
    request = {"service": QUERY, "out_trade_no": f"T-{traffic.mark}A"}
    traffic.record(request, data)


def _amount(value: Any, traffic: Traffic) -> None:  # noqa: ANN401 - any value
    traffic.query("A", amount=value)


#: What is planted, and the checks that find it.
FAULTS: dict[str, tuple[Callable[[Traffic], None], set[str]]] = {
    "two credits": (_two_credits, {"double_credit_trade"}),
    "two of a pre-transfer": (_two_credits_of_a_pre, {"double_credit_pre"}),
    "two of a pre-transfer, one without a name": (
        _two_credits_without_a_name,
        {"double_credit_pre"},
    ),
    "one id": (
        lambda t: t.query("A", fund_transfer_id=f"F-{t.mark}B"),
        {"id_twice", "double_credit_trade"},
    ),
    "amount": (lambda t: t.query("A", amount=10.51), {"amount_differs"}),
    "large amount": (lambda t: t.query("A", amount=12345678.9), {"amount_differs"}),
    "largest amount": (
        lambda t: t.query("A", amount="9999999999999.99"),
        {"amount_differs"},
    ),
    "negative amount": (lambda t: t.query("A", amount=-10.5), {"amount_differs"}),
    "amount as text": (lambda t: t.query("A", amount="10.50"), set()),
    "currency": (lambda t: t.query("A", currency="KHR"), {"currency_differs"}),
    "receiver": (lambda t: t.query("A", receiver_id="099"), {"receiver_differs"}),
    "places": (lambda t: t.query("A", amount=10.505), {"amount_places"}),
    "one answer": (_one_answer, {"one_answer_for_two"}),
    "refunded": (_refunded, {"paid_after_refusal"}),
    "gone": (lambda t: t.query("A", "NOTEXIST"), {"gone_after_paid"}),
    "used": (_used, {"first_used"}),
    "late": (_late, {"late_success"}),
    "early": (_early, {"early_expired"}),
    "two pre-transfers": (
        lambda t: t.create("A", pre_transfer_id=f"P-{t.mark}2"),
        {"two_pre_transfers"},
    ),
    "open": (_open, {"no_final_word"}),
    "twice": (_twice, {"twice"}),
    "other transfer": (_asked_another, {"other_transfer"}),
    # What is no amount: a text, an exponent, more digits, a list, and hidden blanks.
    **{
        f"no amount: {value!r}": (partial(_amount, value), {"amount_places"})
        for value in (
            *("ten", "", "1.05e1", "1.23456789E7", "10,50", "10.50\n", "\u0661\u0660"),
            *("10\0", "\U0001f600", "x" * 60),
            *(1e25, 1.5e-7, 0.00001, 1234567.123456789, 9007199254740993),
            *([10.5, {"x": 12345678.9}], {"amount": 10.5}, True, "12345678901234.5"),
        )
    },
}


def write_journal(payments: Sequence[tuple[str, int, str]]) -> None:
    """Write "j.db", a journal of these payments: id, newest attempt, and its state."""
    with closing(sqlite3.connect("j.db")) as journal, journal:
        journal.execute(
            "CREATE TABLE payments (payment_id, attempt, state, begun_at DEFAULT 0,"
            " changed_at DEFAULT 0)"
        )
        journal.execute(
            "CREATE TABLE entries (payment_id, number, attempt, what, code, at, sent,"
            " received)"
        )
        journal.executemany(
            "INSERT INTO payments (payment_id, attempt, state) VALUES (?, ?, ?)",
            payments,
        )
