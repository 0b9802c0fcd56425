"""``kesspay journal show``: the result of a payment, and its timeline."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.cli.journal_show import timeline
from kesspay.signing.documents import canonicalize
from kesspay.transfers.attempt import Happened
from kesspay.transfers.journal import Entry, Record, Status
from tests.gateway.helpers import BASE_URL
from tests.transfers.helpers import payment


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from kesspay.sandbox import Sandbox


H = Happened


def test_show(run: Callable[..., Result], place: Path, sandbox: Sandbox) -> None:
    """Every entry is there, with the very messages."""
    report = json.loads(run("journal", "show", "a-paid", "--journal", place).stdout)
    assert report["result"]["outcome"] == "paid"
    assert [one["what"] for one in report["entries"]] == [
        "create_sending",
        "create_granted",
        "debited",
        "confirm_sending",
        "confirm_paid",
    ]
    sent = report["entries"][3]["sent"]
    assert b'"service":"confirm.fundTransfer"' in canonicalize(sent)
    sandbox.settings["private_key"].public_key.verify_document(sent.encode())
    answer = report["entries"][4]["received"]
    sandbox.settings["gateway_key"].verify_document(answer.encode())


def test_a_payment_that_is_not_there(run: Callable[..., Result], place: Path) -> None:
    """It is an error, which does not repeat what was given for an id."""
    result = run("journal", "show", "order-9", "--journal", place)
    assert result.exit_code == 2
    message = json.loads(result.stdout)["error"]["message"]
    assert message == "the journal has no payment with this id (a word of 7 characters)"


def test_for_people(
    run: Callable[..., Result], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came of it, the names and references, then a line for each entry."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    text = run("journal", "show", "a-paid", "--journal", place).stdout
    for line in (
        "outcome: paid",
        f"account: partner partner-1 at {BASE_URL}",
        "receiver: ",
        "debit: debit-1",
        "credit: FT",
        "attempt 1, a-paid-1",
    ):
        assert f"\n{line}" in f"\n{text}"
    assert "  the gateway paid: fund_transfer_id FT" in text
    text = run("journal", "show", "b-pending", "--journal", place).stdout
    assert "reason: the confirm was not sent" in text
    assert "\nchecked" not in text


def test_when_a_worker_looks(
    run: Callable[..., Result], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payment on its way says when a worker continues it."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    from kesspay.transfers.sqlite import SqliteJournal

    with SqliteJournal(place) as journal:
        lease = journal.lease("b-pending", "test", 60)
        debit = Entry(1, H.DEBITED, journal.now(), facts={"debit_id": "debit-2"})
        journal.append(lease, [debit], Status("debited", 1, 0.0), 60)
        journal.release(lease)
    text = run("journal", "show", "b-pending", "--journal", place).stdout
    assert "\nchecked: by a worker from " in text


def test_signatures_are_shortened(
    run: Callable[..., Result], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature takes a line, not a screen; --full and JSON have it whole."""
    words = ("journal", "show", "a-paid", "--journal", place)
    whole = [one["sent"] for one in json.loads(run(*words).stdout)["entries"]]
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    text = run(*words).stdout
    assert text.count("... (344 characters)") == 4
    for body in filter(None, whole):
        assert body not in text
        assert body in run(*words, "--full").stdout


def history(*made: tuple[Happened, dict[str, Any]], **more: Any) -> list[str]:  # noqa: ANN401 - passed on
    """Return the timeline of entries that are half a second apart."""
    entries = [
        replace(Entry(1, what, 1000.0 + 0.5 * number, facts=facts), **more)
        for number, (what, facts) in enumerate(made)
    ]
    record = Record(payment("order-1"), Status("new", 0, None), tuple(entries))
    return list(timeline(record))


@pytest.mark.parametrize("what", list(Happened))
def test_every_entry_has_words(what: Happened) -> None:
    """They are words, not the journal's own names."""
    _, line = history((what, {}))
    assert what.value not in line
    assert len(line.split()) > 4


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            {"error": "NotSent", "transport": "not_sent"},
            "the gateway could not be reached",
        ),
        (
            {"error": "NotSent", "transport": "no_reply", "phase": "log-in"},
            "the gateway did not answer (log-in)",
        ),
        (
            {"error": "OutcomeUnknown", "transport": "bad_reply", "http_status": 502},
            "what came back is no HTTP answer, http_status 502",
        ),
        ({"error": "OutcomeUnknown"}, "OutcomeUnknown"),
        ({"reason": "interrupted"}, "reason interrupted"),
    ],
)
def test_why_an_answer_is_missing(facts: dict[str, Any], said: str) -> None:
    """A gateway that was not reached is said so, and no older code is repeated."""
    _, line = history((H.CONFIRM_UNKNOWN, facts))
    assert line.endswith(f"confirm has no answer that counts: {said}")


def test_codes() -> None:
    """A code of the gateway stands where an answer brought one."""
    _, line = history((H.QUERY_SAID, {"error": "OutcomeUnknown"}), code="PENDING")
    assert line.endswith("a query does not say that it is paid: PENDING")


def test_the_time_between() -> None:
    """Each line has the seconds since the one before; a clock may go back."""
    lines = history((H.CREATE_SENDING, {}), (H.CREATE_UNKNOWN, {}))
    assert "+0.5 s" in lines[2]
    assert "+" not in lines[1].replace("+00:00", "")
    entries = [Entry(1, H.CREATE_SENDING, 1000.0), Entry(2, H.CREATE_SENDING, 900.0)]
    record = Record(payment("order-1"), Status("new", 0, None), tuple(entries))
    lines = list(timeline(record))
    assert [line for line in lines if not line.startswith(" ")] == [
        "attempt 1, order-1-1",
        "attempt 2, order-1-2",
    ]
    assert "+0 s" in lines[3]


def test_a_signature_after_blanks_is_shortened() -> None:
    """What came back may have been written by a proxy, in another way."""
    sign = "A" * 344
    body = f'{{"code": 200, "sign" :\n "{sign}"}}'.encode()
    [*_, line] = history((H.CONFIRM_UNKNOWN, {}), received=body)
    assert '"AAAAAAAAAAAA... (344 characters)"}' in line


def test_words_of_a_server_move_no_cursor() -> None:
    """Control characters of facts and of messages are shown as escapes."""
    lines = history(
        (H.CONFIRM_UNKNOWN, {"reason": "\x1b[2J"}), received=b'{"a":"\x1b[2J"}'
    )
    assert "\x1b" not in "".join(lines)
    assert "\\x1b[2J" in lines[1]
    assert "\\x1b[2J" in lines[2]
