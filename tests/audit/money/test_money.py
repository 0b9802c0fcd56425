# mypy: disable-error-code="no-any-unimported"

"""Checks of the money: each planted fault is found, and nothing else."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kesspay import InputError
from kesspay.audit.money import Money, Statement
from kesspay.audit.runner import Target, run
from tests.support.recording import private, ring


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.audit.runner import Result

TIME = datetime(2026, 9, 10, tzinfo=UTC)
CREATE = "create.unified.fundTransfer"
CONFIRM = "confirm.fundTransfer"
QUERY = "query.fundTransfer"


class Traffic:
    """A recording that grows, a minute a record."""

    def __init__(self) -> None:
        """Begin with three transfers without a fault."""
        self.rows: list[tuple[datetime, bytes | None, bytes]] = []
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
            "out_trade_no": f"T-{name}",
            "receiver_id": "012",
            "amount": 10.5,
            "currency": "USD",
            "pre_transfer_id": f"P-{name}",
        }
        return {**made, **change}

    def create(self, name: str, **change: Any) -> None:  # noqa: ANN401 - any value
        """Record a create."""
        request = {"service": CREATE, **self.data(name)}
        del request["pre_transfer_id"]
        self.record(request, self.data(name, expire_in=300, **change))

    def confirm(self, name: str, code: str = "", **change: Any) -> None:  # noqa: ANN401 - any value
        """Record a confirm."""
        request = {
            "service": CONFIRM,
            "pre_transfer_id": f"P-{name}",
            "partner_transaction_id": change.pop("debit", f"D-{name}"),
        }
        after = change.pop("after", 1)
        paid = {"result_code": "SUCCESS", "fund_transfer_id": f"F-{name}"}
        data = self.data(name, **{**paid, **change})
        self.record(request, code or data, after=after)

    def query(self, name: str, code: str = "", **change: Any) -> None:  # noqa: ANN401 - any value
        """Record a query."""
        paid = {"result_code": "SUCCESS", "fund_transfer_id": f"F-{name}"}
        data = self.data(name, **{**paid, **change})
        del data["pre_transfer_id"]
        request = {"service": QUERY, "out_trade_no": f"T-{name}"}
        self.record(request, code or data)

    def transfer(self, name: str) -> None:
        """Record a transfer without a fault."""
        self.create(name)
        self.confirm(name)
        self.query(name)

    def audited(self, **words: Any) -> Result:  # noqa: ANN401 - passed on
        """Audit it."""
        times, requests, bodies = zip(*self.rows, strict=True)
        table = pa.table(
            {
                "at": pa.array(times),
                "sent": pa.array(requests, pa.binary()),
                "body": pa.array(bodies, pa.binary()),
            }
        )
        pq.write_table(table, "t.parquet")
        where = {"time": "at", "request": "sent", "explain_budget": 0, **words}
        target = Target(
            Path(where.pop("out", "out")), statement=where.pop("statement", None)
        )
        paths = where.pop("paths", ["t.parquet"])
        return run(paths, ring(), out=target, money=True, threads=1, **where)


def found(result: Result) -> dict[str, int]:
    """Return the findings by check."""
    assert result.money is not None
    return {one.name: one.count for one in result.money.checks if one.count}


@pytest.fixture
def traffic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Traffic:
    """Return traffic without a fault."""
    monkeypatch.chdir(tmp_path)
    return Traffic()


def test_nothing_is_found_in_good_traffic(traffic: Traffic) -> None:
    """Without a fault there is no finding; what did not run says why."""
    result = traffic.audited()
    assert result.money is not None
    assert (found(result), result.money.findings, result.money.facts) == ({}, 0, 9)
    skipped = {one.name: one.skipped for one in result.money.checks if one.skipped}
    assert set(skipped) == {
        *("journal_paid", "journal_unpaid", "statement_amount", "statement_days"),
        *("statement_missing_here", "statement_missing_there", "statement_receiver"),
    }
    assert skipped["journal_paid"] == "no input is a journal of transfers"
    assert Money.of(result.money.described()) == result.money
    assert "money-findings.parquet" in Path("out/SHA256SUMS").read_text()
    target = Target(Path("out"), resume=True)
    words: dict[str, Any] = {"time": "at", "request": "sent", "explain_budget": 0}
    again = run(["t.parquet"], ring(), out=target, money=True, **words)
    assert again.money == result.money
    # Without times and requests fewer checks run.
    alone = traffic.audited(time="", request="", out="alone")
    assert alone.money is not None
    missing = {one.name for one in alone.money.checks if one.skipped}
    assert {"first_used", "twice", "other_transfer", "late_success"} <= missing


def _two_credits(traffic: Traffic) -> None:
    traffic.query("A", fund_transfer_id="F-other")


def _two_credits_of_a_pre(traffic: Traffic) -> None:
    traffic.confirm("B", out_trade_no="T-new", fund_transfer_id="F-new")


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


FAULTS: dict[str, tuple[Callable[[Traffic], None], set[str]]] = {
    "two credits": (_two_credits, {"double_credit_trade"}),
    "two of a pre-transfer": (
        _two_credits_of_a_pre,
        {"double_credit_pre"},
    ),
    "one id": (
        lambda t: t.query("A", fund_transfer_id="F-B"),
        {
            "id_twice",
            "double_credit_trade",
        },
    ),
    "amount": (lambda t: t.query("A", amount=10.51), {"amount_differs"}),
    "currency": (lambda t: t.query("A", currency="KHR"), {"currency_differs"}),
    "receiver": (lambda t: t.query("A", receiver_id="099"), {"receiver_differs"}),
    "places": (lambda t: t.query("A", amount=10.505), {"amount_places"}),
    "no amount": (lambda t: t.query("A", amount="ten"), {"amount_places"}),
    "one answer": (_one_answer, {"one_answer_for_two"}),
    "refunded": (_refunded, {"paid_after_refusal"}),
    "gone": (lambda t: t.query("A", "NOTEXIST"), {"gone_after_paid"}),
    "used": (_used, {"first_used"}),
    "late": (_late, {"late_success"}),
    "early": (_early, {"early_expired"}),
    "two pre-transfers": (
        lambda t: t.create("A", pre_transfer_id="P-2"),
        {"two_pre_transfers"},
    ),
    "open": (_open, {"no_final_word"}),
    "twice": (_twice, {"twice"}),
    "other transfer": (
        lambda t: t.record(
            {"service": QUERY, "out_trade_no": "T-A"},
            {
                k: v
                for k, v in t.data("B", result_code="PENDING").items()
                if k != "pre_transfer_id"
            },
        ),
        {"other_transfer"},
    ),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found(traffic: Traffic, fault: str) -> None:
    """A planted fault is found, and nothing else."""
    plant, checks = FAULTS[fault]
    plant(traffic)
    assert set(found(traffic.audited())) == checks


def test_only_what_verified_is_a_fact(traffic: Traffic) -> None:
    """A body that did not verify feeds no check; what it claims is reported."""
    last = traffic.rows[-1]
    for body in (
        last[2].replace(b"10.5", b"99.25").replace(b"F-C", b"F-X"),
        b'{"data":{"amount":"1.00"}}',
        b'{"data":{"amount":"x"}}',
        b'{"data":[]}',
        b"{",
    ):
        traffic.rows.append((last[0] + timedelta(1), None, body))
    # The key of this one is outside of its window.
    late = last[0] + timedelta(days=30)
    traffic.rows.append((late, None, last[2]))
    result = traffic.audited()
    assert found(result) == {}
    assert result.money is not None
    assert (result.money.unverified, result.money.claimed) == (5, "100.25")
    assert result.money.facts == 10


def test_a_changed_body_is_no_fact(traffic: Traffic) -> None:
    """A second credit that was written into an answer later is no finding."""
    moment, _, body = traffic.rows[-1]
    changed = body.replace(b"F-C", b"F-X")
    traffic.rows.append((moment + timedelta(1), None, changed))
    result = traffic.audited()
    assert found(result) == {}
    assert result.money is not None
    assert (result.money.facts, result.money.unverified) == (9, 1)


def test_statement(traffic: Traffic) -> None:
    """Transfers, amounts, receivers and the totals of days are compared."""
    Path("s.csv").write_text(
        "Ref,Sum,Who,When\nT-A,10.50,012,2026-09-10\nT-B,11,099,2026-09-10\n"
        "T-X,x,012,\n"
    )
    Path("s.toml").write_text(
        'out_trade_no = "Ref"\namount = "Sum"\nreceiver_id = "Who"\nday = "When"\n'
    )
    result = traffic.audited(statement=Path("s.csv"))
    assert found(result) == {
        "statement_amount": 1,
        "statement_days": 1,
        "statement_missing_here": 1,
        "statement_missing_there": 1,
        "statement_receiver": 1,
    }
    Path("t.csv").write_text("out_trade_no,amount\nT-A,10.5\nT-B,10.5\nT-C,10.5\n")
    result = traffic.audited(statement=Path("t.csv"), out="again")
    assert found(result) == {}
    Path("empty.csv").write_text("out_trade_no,amount\n")
    result = traffic.audited(statement=Path("empty.csv"), out="third")
    assert found(result) == {"statement_missing_there": 3}


def test_bad_statements(tmp_path: Path) -> None:
    """What cannot be read, or lacks a column, is refused before any work."""
    path = tmp_path / "s.csv"
    with pytest.raises(InputError, match="cannot be read as CSV"):
        Statement.load(path)
    path.write_text("a,b\n")
    with pytest.raises(InputError, match="no column 'out_trade_no'"):
        Statement.load(path)
    mapping = tmp_path / "s.toml"
    for text, why in {"x": "as TOML", 'x = "a"': "maps", "amount = 1": "maps"}.items():
        mapping.write_text(text)
        with pytest.raises(InputError, match=why):
            Statement.load(path)


def test_journal(traffic: Traffic) -> None:
    """What a journal says of the money is compared with the records."""
    with sqlite3.connect("j.db") as journal:
        journal.execute("CREATE TABLE payments (payment_id, attempt, state)")
        journal.execute(
            "CREATE TABLE entries (payment_id, number, attempt, what, code, at, sent,"
            " received)"
        )
        rows = [("T", "A", "paid"), ("T", "B", "unknown"), ("T", "X", "paid")]
        journal.executemany("INSERT INTO payments VALUES (?, ?, ?)", rows)
    journal.close()
    result = traffic.audited(paths=["t.parquet", "j.db"])
    assert found(result) == {"journal_paid": 1, "journal_unpaid": 1}
    with sqlite3.connect("j.db") as journal:
        journal.execute("DELETE FROM payments")
    journal.close()
    assert found(traffic.audited(paths=["t.parquet", "j.db"], out="again")) == {}
