"""``kesspay journal``: what is written down can be read, by state and by id."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import asdict, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pytest

from kesspay.errors import JournalUnavailable
from kesspay.gateway.client import Client
from kesspay.gateway.environment import VARIABLES
from kesspay.transfers.attempt import RELAXED, STRICT, State
from kesspay.transfers.journal import Listed, Status
from kesspay.transfers.postgres import PostgresJournal
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.transfers import Transfers
from tests.gateway.helpers import BASE_URL, CANARIES, credentials
from tests.support.postgres import PASSWORD
from tests.transfers.helpers import payment


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from kesspay.gateway.messages import HttpRequest, HttpResponse
    from kesspay.sandbox import Sandbox
    from kesspay.transfers.attempt import Rules
    from kesspay.transfers.payment import TransferResult
    from tests.cli.conftest import Wired
    from tests.support.postgres import Postgres


BELONGS: Final = f"The journal belongs to partner partner-1 at {BASE_URL}."
OURS: Final = {"base_url": BASE_URL, "partner_id": "partner-1"}
MOVED: Final = "https://pay.example/partnerapi/v1"


def test_list(run: Callable[..., Result], place: Path) -> None:
    """Payments come in the order of their ids, by state, page by page."""
    report = json.loads(run("journal", "list", "--journal", place).stdout)
    assert [one["payment_id"] for one in report["payments"]] == [
        "a-paid",
        "b-pending",
        "c-odd",
    ]
    assert report["more"] is False
    first = report["payments"][0]
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


def test_for_people(
    run: Callable[..., Result], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal there are lines to read."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    text = run("journal", "list", "--journal", place, "--limit", "2").stdout
    assert text.splitlines()[0] == BELONGS
    assert text.splitlines()[1].startswith("paid       a-paid  0.50 USD to 85512345678")
    assert text.splitlines()[-1] == "more: --after b-pending"
    assert run("journal", "list", "--journal", place, "--state", "manual").stdout == (
        f"{BELONGS}\nThere is no such payment.\n"
    )


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


def test_no_journal_is_made(
    run: Callable[..., Result],
    wired: Wired,
    postgres: Postgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A place without a journal is refused in both kinds alike, and stays as it was."""
    del wired
    path = tmp_path / "journal.sqlite"
    where = f"kesspay:{quote(PASSWORD, safe='')}@127.0.0.1:{postgres.port}/postgres"
    nothing = {
        str(path): f"nothing is at '{path}'",
        f"postgresql://{where}": (
            "the database 'postgres' has none in its schema kesspay"
        ),
    }
    for words in (
        *(["journal", one] for one in ("list", "summary", "export", "account")),
        ["journal", "show", "order-1"],
        ["journal", "rebind", "--yes"],
        ["resume"],
        ["resume", "--watch"],
    ):
        for place, why in nothing.items():
            monkeypatch.setenv("KESSPAY_JOURNAL", place)
            result = run(*words)
            assert result.exit_code == 2, words
            error = json.loads(result.stdout)["error"]
            message = f"KESSPAY_JOURNAL names no journal: {why}"
            assert (error["type"], error["message"]) == ("InputError", message)
            assert PASSWORD not in result.output
    assert not path.exists()


# ------------------------------------------------------------------ the account


def test_the_account_is_shown_without_settings(
    run: Callable[..., Result], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command that looks says whom the journal belongs to."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert json.loads(run("journal", "list", "--journal", place).stdout)["account"] == (
        OURS
    )
    shown = json.loads(run("journal", "show", "a-paid", "--journal", place).stdout)
    assert shown["account"] == OURS
    lines = run("journal", "export", "--journal", place).stdout.splitlines()
    assert [json.loads(line)["account"] for line in lines] == [OURS] * 3
    report = json.loads(run("journal", "account", "--journal", place).stdout)
    assert report["account"] == OURS
    (binding,) = report["bindings"]
    assert {name: binding[name] for name in OURS} == OURS
    assert binding["by"].endswith(f":{os.getpid()}")
    assert [key["whose"] for key in report["keys"]] == ["gateway", "partner"]


def test_a_journal_without_an_account(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that no client has used yet says so, and looking does not change that."""
    place = tmp_path / "journal.sqlite"
    with SqliteJournal(place) as journal:
        journal.begin(payment("order-1"))
    for words in (["list"], ["show", "order-1"], ["summary"], ["export"], ["account"]):
        result = run("journal", *words, "--journal", place)
        assert json.loads(result.stdout)["account"] is None
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    for words in (["list"], ["account"]):
        text = run("journal", *words, "--journal", place).stdout
        assert text.startswith("The journal belongs to no account yet.\n")
    assert (
        "account: none yet"
        in run("journal", "show", "order-1", "--journal", place).stdout
    )


def test_resuming_with_another_account(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is sent, and the problem names both accounts and the way out."""
    monkeypatch.setenv("KESSPAY_BASE_URL", MOVED)
    wired.behind = Silent()
    for words in (["resume"], ["resume", "--watch"]):
        result = run(*words, "--journal", place)
        assert result.exit_code == 2
        error = json.loads(result.stdout)["error"]
        assert error["type"] == "WrongAccount"
        for part in (BASE_URL, MOVED, "kesspay journal rebind"):
            assert part in error["message"]


class Silent:
    """A transport that nothing may be sent to."""

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Fail."""
        pytest.fail(f"{request} was sent, within {timeout} s")


def test_rebinding(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The journal gets the account of the variables, and keeps who did it and when."""
    wired.behind = Silent()
    same = json.loads(run("journal", "rebind", "--journal", place).stdout)
    assert (same["changed"], same["old"], same["new"]) == (False, OURS, OURS)
    monkeypatch.setenv("KESSPAY_BASE_URL", MOVED)
    refused = run("journal", "rebind", "--journal", place)
    assert refused.exit_code == 2
    assert "--yes" in json.loads(refused.stdout)["error"]["message"]
    report = json.loads(run("journal", "rebind", "--yes", "--journal", place).stdout)
    assert (report["changed"], report["old"]) == (True, OURS)
    assert report["new"] == {**OURS, "base_url": MOVED}
    # b-pending and c-odd have a pre-transfer of the old place.
    assert report["unfinished"] == 2
    found = json.loads(run("journal", "account", "--journal", place).stdout)
    assert [one["base_url"] for one in found["bindings"]] == [BASE_URL, MOVED]
    assert found["bindings"][1]["by"] == report["by"]
    assert run("resume", "--journal", place).exit_code == 0
    monkeypatch.setenv("KESSPAY_BASE_URL", BASE_URL)
    assert run("resume", "--journal", place).exit_code == 2


@pytest.mark.parametrize("answer", ["y", "n"])
def test_rebinding_by_hand(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
) -> None:
    """On a terminal the operator is asked, and sees what is at stake."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    monkeypatch.setattr("kesspay.cli.journal.can_ask", lambda: True)
    monkeypatch.setenv("KESSPAY_BASE_URL", MOVED)
    result = run("journal", "rebind", "--journal", place, stdin=f"{answer}\n")
    assert "2 unfinished payments" in result.stderr
    assert f"Rebind it to partner partner-1 at {MOVED}?" in result.stderr
    text = run("journal", "account", "--journal", place).stdout
    if answer == "y":
        assert result.exit_code == 0
        assert f"belonged to partner partner-1 at {BASE_URL}" in result.stdout
        assert text.startswith(f"The journal belongs to partner partner-1 at {MOVED}.")
        assert "partner key " in text
        again = run("journal", "rebind", "--journal", place)
        assert again.stdout.startswith("Nothing was changed")
    else:
        assert result.exit_code == 11
        assert text.startswith(BELONGS)


def test_another_partner_cannot_have_it(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A partner id does not move, whatever the operator says."""
    monkeypatch.setenv("KESSPAY_PARTNER_ID", "partner-2")
    result = run("journal", "rebind", "--yes", "--journal", place)
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["type"] == "WrongAccount"


def test_many_payments_are_counted() -> None:
    """All pages are counted, not the first one alone."""
    from kesspay.cli.journal import _count

    class Paged:
        def list(self, *, state: str, after: str, limit: int) -> list[Listed]:
            assert (state, limit) == ("unknown", 10_000)
            pages = {"": ["a", "b"], "b": ["c"]}
            status = Status("unknown", 1, None)
            return [
                Listed(payment(name), status, 0.0, 0.0) for name in pages.get(after, [])
            ]

    assert _count(Paged(), "unknown") == 3  # type: ignore[arg-type] # one method


# ------------------------------------------------------------------ the rules


def leave(sandbox: Sandbox, path: Path, rules: Rules) -> TransferResult | None:
    """Settle a payment whose confirm never arrived, an hour ago."""
    began = time.time() - 3600
    past = {"now": began}
    settings = {**sandbox.settings, "credentials": credentials()}
    client = Client(**settings, transport=sandbox.transport)  # type: ignore[arg-type] # mixed settings
    sandbox.faults.plan("drop-before", service="confirm.fundTransfer", times=100)
    with SqliteJournal(path, clock=lambda: past["now"]) as journal:
        transfers = Transfers(client, journal, rules=rules)
        transfers.start(
            payment_id="d-lost",
            receiver_id="85512345678",
            amount=Decimal("0.50"),
            sender_name="Chan Sophea",
        )
        transfers.confirm("d-lost", debit_id="debit-1", timeout=0.5)
        for seconds in (700, 61, 61):
            past["now"] += seconds
            sandbox.advance(seconds)
            list(transfers.resume(timeout=1))
        return transfers.look("d-lost")


@pytest.mark.parametrize("rules", [STRICT, RELAXED])
def test_program_and_command_line_agree(
    run: Callable[..., Result],
    wired: Wired,
    sandbox: Sandbox,
    tmp_path: Path,
    rules: Rules,
) -> None:
    """A payment is judged by its own rules, by every command."""
    place = tmp_path / "journal.sqlite"
    result = leave(sandbox, place, rules)
    assert result is not None
    assert result.outcome == ("not_paid" if rules.relaxed else "manual")
    shown = json.loads(run("journal", "show", "d-lost", "--journal", place).stdout)
    assert shown["result"] == result.as_json()
    assert shown["rules"] == json.loads(json.dumps(asdict(rules)))
    (listed,) = json.loads(run("journal", "list", "--journal", place).stdout)[
        "payments"
    ]
    assert listed["state"] == result.outcome
    line = json.loads(run("journal", "export", "--journal", place).stdout)
    assert (line["state"], line["rules"]) == (result.outcome, shown["rules"])
    assert json.loads(run("resume", "--journal", place).stdout)["results"] == []


@pytest.mark.parametrize("relaxed", [True, False])
def test_resuming_by_the_rules_of_the_payment(
    run: Callable[..., Result],
    wired: Wired,
    sandbox: Sandbox,
    tmp_path: Path,
    relaxed: bool,  # noqa: FBT001 - given by pytest
) -> None:
    """``kesspay resume`` ends a payment as its program would have done."""
    place = tmp_path / "journal.sqlite"
    began = time.time() - 3600
    settings = {**sandbox.settings, "credentials": credentials()}
    client = Client(**settings, transport=sandbox.transport)  # type: ignore[arg-type] # mixed settings
    with SqliteJournal(place, clock=lambda: began) as journal:
        rules = replace(RELAXED if relaxed else STRICT, apart=0.01, slow_poll=0.02)
        transfers = Transfers(client, journal, rules=rules)
        transfers.start(
            payment_id="d-lost",
            receiver_id="85512345678",
            amount=Decimal("0.50"),
            sender_name="Chan Sophea",
        )
        sandbox.faults.plan("drop-before", service="confirm.fundTransfer", times=100)
        transfers.confirm("d-lost", debit_id="debit-1", timeout=0.5)
    sandbox.advance(3600)
    wanted = "not_paid" if relaxed else "manual"
    for _ in range(20):
        results = json.loads(run("resume", "--journal", place).stdout)["results"]
        if results and results[0]["outcome"] != "unknown":
            break
        time.sleep(0.05)
    assert [one["outcome"] for one in results] == [wanted]


def test_rules_for_people(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are named, with what differs from the usual ones."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    place = tmp_path / "journal.sqlite"
    words = {
        "none recorded; STRICT holds": None,
        "STRICT": STRICT,
        "RELAXED": RELAXED,
        "RELAXED, deadline 12.5": replace(RELAXED, deadline=12.5),
    }
    with SqliteJournal(place) as journal:
        for number, rules in enumerate(words.values()):
            journal.begin(payment(f"p-{number}"), rules)
    for number, said in enumerate(words):
        text = run("journal", "show", f"p-{number}", "--journal", place).stdout
        assert f"rules: {said}\n" in text


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["list", "--open"],
        ["show", "a-paid"],
        ["summary"],
        ["export"],
        ["account"],
    ],
)
def test_a_journal_that_is_away(
    run: Callable[..., Result],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    """Nothing happened, and the command can be given again: exit code 11."""

    def fail(*_: object, **__: object) -> None:
        raise JournalUnavailable("the journal is locked.")

    for name in ("list", "read", "export", "ownership"):
        monkeypatch.setattr(SqliteJournal, name, fail)
    result = run("journal", *words, "--journal", place)
    assert result.exit_code == 11
    error = json.loads(result.stdout)["error"]
    assert error["type"] == "JournalUnavailable"
    assert error["next"]


def test_a_journal_that_cannot_be_opened(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    """What is there and no journal that can be opened now has the same exit code."""
    result = run("journal", "list", "--journal", tmp_path)
    assert result.exit_code == 11


@pytest.fixture
def names(run: Callable[..., Result], every_state: Path) -> Callable[..., list[str]]:
    """Return a function that lists, and returns the payments."""

    def call(*words: str) -> list[str]:
        result = run("journal", "list", "--journal", every_state, *words)
        assert result.exit_code == 0, result.output
        return [one["payment_id"] for one in json.loads(result.stdout)["payments"]]

    return call


FINISHED = {"abandoned", "closed", "decided", "not_paid", "paid", "rejected"}


def test_what_is_open(names: Callable[..., list[str]]) -> None:
    """Everything but what is finished: crashed confirms and manual ones, too."""
    expected = sorted({*State, "z-closed-due"} - FINISHED)
    assert names("--open") == expected
    assert {"confirming", "manual", "unknown", "debited"} <= set(expected)


def test_pages(names: Callable[..., list[str]]) -> None:
    """A page begins after the last payment of the one before."""
    everything = names("--open")
    found: list[str] = []
    while page := names("--open", "--limit", "2", "--after", (found or [""])[-1]):
        found += page
    assert found == everything


def test_unknown_is_also_what_is_on_its_way(names: Callable[..., list[str]]) -> None:
    """A crash leaves a payment that is unknown in one of these states."""
    assert names("--state", "unknown") == [
        "confirming",
        "debited",
        "refused",
        "unknown",
    ]
    assert names("--state", "paid") == ["paid"]
    assert names("--state", "closed") == ["closed", "z-closed-due"]


def test_a_state_of_another_version(
    names: Callable[..., list[str]], every_state: Path
) -> None:
    """It may be of any newer version: it is open, and its money may be on its way."""
    with closing(sqlite3.connect(every_state)) as tables, tables:
        tables.execute("UPDATE payments SET state = 'gone' WHERE payment_id = 'paid'")
    assert "paid" in names("--open")
    assert names("--state", "unknown") == [
        "confirming",
        "debited",
        "paid",
        "refused",
        "unknown",
    ]
    assert names("--state", "paid") == []


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("unkown", "did you mean unknown?"),
        ("none-of-these", "there is no such"),
        ("", "there is no such"),
    ],
)
def test_an_unknown_state(
    run: Callable[..., Result], every_state: Path, given: str, hint: str
) -> None:
    """Exit code 2, and the states that there are."""
    result = run("journal", "list", "--journal", every_state, "--state", given)
    assert result.exit_code == 2
    report = json.loads(result.stdout)["error"]["message"]
    assert hint in report
    assert all(state in report for state in State)


def test_open_or_a_state(run: Callable[..., Result], every_state: Path) -> None:
    """Not both at once."""
    words = ["--journal", every_state, "--open", "--state", "paid"]
    assert run("journal", "list", *words).exit_code == 2
