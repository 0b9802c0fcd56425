"""``kesspay transfer``: exit codes say what is known about the money."""

from __future__ import annotations

import errno
import json
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import click
import pytest

from kesspay.cli import main, transfer
from kesspay.cli.output import OutFile
from kesspay.errors import TransportError
from tests.cli.conftest import Refusing
from tests.gateway.helpers import (
    CONFIRM_DATA,
    CREATE_DATA,
    QUERY_DATA,
    UNAUTHENTICATED,
    Script,
    failure,
    plain,
    signed,
    success,
    token_answer,
)


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from kesspay.sandbox import Sandbox
    from tests.cli.conftest import Wired


CREATE = [
    *("transfer", "create", "--out-trade-no", "order-1", "--receiver", "85512345678"),
    *("--sender", "Chan Sophea", "--amount", "0.50"),
]
FIELDS = ["--out-trade-no", "order-1", "--receiver", "85512345678", "--amount", "0.5"]
PRE = {
    "out_trade_no": "order-1",
    "receiver_id": "85512345678",
    "amount": "0.50",
    "currency": "USD",
    "pre_transfer_id": "PT-1",
    "receiver_name": "Sok Dara",
    "expire_in": 300,
}


@pytest.fixture
def pre(tmp_path: Path) -> Path:
    """Write a pre-transfer as create prints it."""
    path = tmp_path / "pre.json"
    path.write_text(json.dumps({"ok": True, "transfer": PRE}), encoding="utf-8")
    return path


@pytest.fixture
def answers(
    wire: Callable[..., Wired],
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Script]:
    """Return a function that scripts what follows the log-in."""
    monkeypatch.setenv("KESSPAY_RETRIES", "0")

    def script(*replies: object) -> Script:
        made = Script(token_answer(), *replies)  # type: ignore[arg-type] # answers, or what makes one
        wire(made)
        return made

    return script


def confirm(path: Path | str, *more: str) -> list[str]:
    """Return the words of a confirm."""
    words = ["transfer", "confirm", str(path)]
    return [*words, "--partner-transaction-id", "debit-1", *more]


def test_a_whole_transfer(
    run: Callable[..., Result], wired: Wired, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Create into a file, confirm and query from it: credited exactly once."""
    created = run(*CREATE)
    assert created.exit_code == 0
    report = json.loads(created.stdout)
    assert report["command"] == "transfer create"
    assert report["transfer"]["receiver_name"] == "Sok Dara"
    assert report["transfer"]["amount"] == "0.50"
    assert json.loads(report["canonical"])["success"] is True
    path = tmp_path / "pre.json"
    path.write_text(created.stdout, encoding="utf-8")

    waiting = run("transfer", "query", path)
    assert waiting.exit_code == 20
    assert json.loads(waiting.stdout)["error"]["code"] == "PENDING"

    paid = run(*confirm("-", "--yes"), stdin=created.stdout)
    assert paid.exit_code == 0
    fields = json.loads(paid.stdout)["transfer"]
    assert fields["result_code"] == "SUCCESS"
    assert fields["pre_transfer_id"] == report["transfer"]["pre_transfer_id"]

    for asked in (run("transfer", "query", path), run("transfer", "query", *FIELDS)):
        assert asked.exit_code == 0
        found = json.loads(asked.stdout)["transfer"]
        assert found["fund_transfer_id"] == fields["fund_transfer_id"]

    again = run(*confirm(path, "--yes"))
    assert again.exit_code == 20
    assert json.loads(again.stdout)["error"]["code"] == "USED"
    assert [credit.amount for credit in sandbox.ledger.credits()] == [Decimal("0.50")]


def test_tables_show_the_same(
    run: Callable[..., Result], wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line for each field; what is not known has none."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    shown = run(*CREATE).stdout
    assert "receiver name: Sok Dara" in shown
    assert "amount: 0.50" in shown


CASES = [
    (signed(400, failure("EXPIRED")), [], 10, "rejected", "EXPIRED"),
    (signed(400, failure("NOTEXIST")), [], 10, "rejected", "NOTEXIST"),
    (signed(400, failure("EXPIRED")), ["--sent-before"], 20, "unknown", "EXPIRED"),
    (signed(400, failure("USED")), [], 20, "unknown", "USED"),
    (signed(500, failure("SYSTEMERROR")), [], 20, "unknown", "SYSTEMERROR"),
    (plain(200, b'{"success":true}'), [], 20, "unknown", ""),
    (plain(502, b"<html>"), [], 20, "unknown", ""),
    (TransportError("no_reply", "gone"), [], 20, "unknown", ""),
    (TransportError("not_sent", "refused"), [], 11, "not_sent", ""),
    (
        signed(200, success({**CONFIRM_DATA, "amount": Decimal("5.00")})),
        *([], 20, "unknown", ""),
    ),
]


@pytest.mark.parametrize(("reply", "more", "exit_code", "outcome", "code"), CASES)
def test_what_a_confirm_can_come_to(
    run: Callable[..., Result],
    answers: Callable[..., Script],
    pre: Path,
    reply: object,
    more: list[str],
    exit_code: int,
    outcome: str,
    code: str,
) -> None:
    """Every answer that is no proof is 20; a final no is 10; not sent is 11."""
    answers(reply)
    result = run(*confirm(pre, "--yes", *more))
    assert result.exit_code == exit_code
    report = json.loads(result.stdout)
    assert report["command"] == "transfer confirm"
    error = report["error"]
    assert (error["outcome"], error["code"]) == (outcome, code)
    assert error["evidence"]["service"] == "confirm.fundTransfer"
    assert error["safe_to_retry"] is (outcome == "not_sent")


def test_a_confirm_that_needs_a_new_token(
    run: Callable[..., Result], answers: Callable[..., Script], pre: Path
) -> None:
    """After a 401 a refusal is not final any more."""
    answers(UNAUTHENTICATED, token_answer("t2"), signed(400, failure("EXPIRED")))
    assert run(*confirm(pre, "--yes")).exit_code == 20


def test_a_refused_create(
    run: Callable[..., Result], answers: Callable[..., Script]
) -> None:
    """Exit code 10, with the code and the description of the gateway."""
    answers(signed(400, failure("NOTELIGIBLE", "not eligible")))
    result = run(*CREATE)
    assert result.exit_code == 10
    error = json.loads(result.stdout)["error"]
    assert (error["code"], error["description"]) == ("NOTELIGIBLE", "not eligible")


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        ("0.505", "at most 2 places"),
        ("5e-1", "such as 0.50"),
        ("1E2", "such as 0.50"),
        ("+1", "such as 0.50"),
        (".5", "such as 0.50"),
        ("1_0", "such as 0.50"),
        ("\u0661", "such as 0.50"),
        ("NaN", "such as 0.50"),
        ("0", "above 0"),
        ("0.00", "above 0"),
        ("10000000000000", "below 10**13"),
        ("", "such as 0.50"),
    ],
)
def test_amounts_are_digits(
    run: Callable[..., Result], answers: Callable[..., Script], amount: str, why: str
) -> None:
    """Nothing is rounded and nothing is sent."""
    script = answers()
    result = run(*CREATE[:-1], amount)
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert error["type"] == "FieldError"
    assert error["message"].startswith("amount ")
    assert why in error["message"]
    assert script.sent == []


def test_without_a_terminal_money_needs_a_yes(
    run: Callable[..., Result],
    answers: Callable[..., Script],
    pre: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit code 2 and nothing sent, also where FILE is standard input."""
    script = answers()
    result = run(*confirm(pre))
    assert result.exit_code == 2
    assert "--yes" in json.loads(result.stdout)["error"]["message"]
    monkeypatch.setattr(transfer, "can_ask", lambda: True)
    assert run(*confirm("-"), stdin=json.dumps(PRE)).exit_code == 2
    assert script.sent == []


@pytest.mark.parametrize("agrees", [True, False])
def test_on_a_terminal_the_user_is_asked(
    run: Callable[..., Result],
    answers: Callable[..., Script],
    pre: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    agrees: bool,
) -> None:
    """The question has the name and the amount; no means not sent."""
    asked: list[str] = []

    def ask(question: str, *, err: bool) -> bool:
        assert err
        asked.append(question)
        return agrees

    monkeypatch.setattr(transfer, "can_ask", lambda: True)
    monkeypatch.setattr(click, "confirm", ask)
    script = answers(signed(200, success(CONFIRM_DATA)))
    result = run(*confirm(pre))
    assert asked == ["Pay 0.50 USD to Sok Dara (85512345678)?"]
    assert result.exit_code == (0 if agrees else 11)
    assert bool(script.sent) is agrees


def test_an_interrupted_confirm_is_unknown(
    run: Callable[..., Result], answers: Callable[..., Script], pre: Path
) -> None:
    """Ctrl-C while it is under way says nothing about the money."""

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    answers(interrupt)
    result = run(*confirm(pre, "--yes"))
    assert result.exit_code == 20
    assert "query" in json.loads(result.stdout)["error"]["next"]


def test_ids_are_checked_before_the_question(
    run: Callable[..., Result], answers: Callable[..., Script], pre: Path
) -> None:
    """A debit id that cannot be sent is an error at once."""
    script = answers()
    words = confirm(pre, "--yes")
    words[words.index("debit-1")] = "no good"
    assert run(*words).exit_code == 2
    assert script.sent == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no JSON object"),
        ("[]", "no JSON object"),
        ("[" * 100_000, "no JSON object"),
        ('"text"', "no JSON object"),
        ('{"ok":false,"error":{}}', "no pre-transfer"),
        (json.dumps({**PRE, "amount": 0.5}), "amount"),
        (json.dumps({**PRE, "amount": "1e2"}), "amount"),
        (json.dumps({**PRE, "expire_in": 1.5}), "expire_in"),
        (json.dumps({**PRE, "receiver_name": " "}), "receiver_name"),
        (json.dumps({**PRE, "currency": "KHR"}), "currency"),
        ('{"amount":"0.50","amount":"900.00"}', "twice"),
        (json.dumps({k: v for k, v in PRE.items() if k != "expire_in"}), "expire_in"),
    ],
)
def test_a_file_that_is_no_pre_transfer(
    run: Callable[..., Result],
    answers: Callable[..., Script],
    pre: Path,
    content: str,
    words: str,
) -> None:
    """It is refused by what is wrong with it; nothing is sent."""
    script = answers()
    pre.write_text(content, encoding="utf-8")
    result = run(*confirm(pre, "--yes"))
    assert result.exit_code == 2
    assert words in json.loads(result.stdout)["error"]["message"]
    assert script.sent == []


def test_a_bare_pre_transfer_will_do(
    run: Callable[..., Result], answers: Callable[..., Script], pre: Path
) -> None:
    """Who keeps own records can write the fields alone."""
    answers(signed(200, success(CONFIRM_DATA)))
    pre.write_text(json.dumps(PRE), encoding="utf-8")
    assert run(*confirm(pre, "--yes")).exit_code == 0


@pytest.mark.parametrize("words", [[], FIELDS[:4], ["FILE", *FIELDS[:2]]])
def test_a_query_needs_a_file_or_all_fields(
    run: Callable[..., Result],
    answers: Callable[..., Script],
    pre: Path,
    words: list[str],
) -> None:
    """Not both, and not half of them."""
    script = answers()
    given = [str(pre) if word == "FILE" else word for word in words]
    result = run("transfer", "query", *given)
    assert result.exit_code == 2
    assert "FILE" in json.loads(result.stdout)["error"]["message"]
    assert script.sent == []


def test_a_query_of_another_transfer_is_no_success(
    run: Callable[..., Result], answers: Callable[..., Script]
) -> None:
    """The answer has to repeat the fields that were given."""
    answers(signed(200, success({**QUERY_DATA, "amount": Decimal("0.40")})))
    result = run("transfer", "query", *FIELDS)
    assert result.exit_code == 20
    assert json.loads(result.stdout)["error"]["evidence"]["differs"] == "amount"


def test_wrong_usage_is_json_in_a_pipe(run: Callable[..., Result]) -> None:
    """Scripts need not ask for --json to read what is wrong."""
    result = run("transfer", "create")
    assert (result.exit_code, result.stderr) == (2, "")
    report = json.loads(result.stdout)
    assert report["command"] == "transfer create"
    assert "--out-trade-no" in report["error"]["message"]


def test_the_fixture_data_is_that_of_the_wire() -> None:
    """What create answers is what the file holds."""
    assert {**CREATE_DATA, "amount": "0.50"} == PRE


@pytest.fixture
def errors(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return a function that returns what is on standard error."""
    return lambda: capfd.readouterr().err


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EPIPE, errno.EIO])
@pytest.mark.parametrize(
    ("reply", "exit_code"),
    [
        (signed(200, success(CONFIRM_DATA)), 20),
        (signed(400, failure("EXPIRED")), 10),
        (TransportError("no_reply", "gone"), 20),
        (TransportError("not_sent", "no route"), 11),
    ],
)
def test_a_result_that_cannot_be_written(
    answers: Callable[..., Script],
    pre: Path,
    monkeypatch: pytest.MonkeyPatch,
    errors: Callable[[], str],
    reason: int,
    reply: object,
    exit_code: int,
) -> None:
    """What moved money, or may have, is 20; what did not keeps its code."""
    answers(reply)
    monkeypatch.setattr(sys, "stdout", Refusing(OSError(reason, "x")).stream())
    assert main(confirm(pre, "--yes")) == exit_code
    report = errors()
    assert report.count("\n") == 1
    assert "standard output could not be written" in report
    assert ("it may have been carried out" in report) is (exit_code == 20)


def test_the_result_is_in_the_file(
    answers: Callable[..., Script],
    pre: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    errors: Callable[[], str],
    full: OSError,
) -> None:
    """With --out it is there, whatever becomes of standard output."""
    out = tmp_path / "result.json"
    answers(signed(200, success(CONFIRM_DATA)))
    monkeypatch.setattr(sys, "stdout", Refusing(full).stream())
    assert main(confirm(pre, "--yes", "--out", str(out))) == 20
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["ok"] is True
    assert report["transfer"]["fund_transfer_id"] == CONFIRM_DATA["fund_transfer_id"]
    assert errors().count("\n") == 1


@pytest.mark.parametrize(
    ("reply", "exit_code", "is_kept"),
    [
        (signed(400, failure("EXPIRED")), 10, True),
        (TransportError("no_reply", "gone"), 20, True),
        (TransportError("not_sent", "no route"), 11, False),
    ],
)
def test_a_problem_in_the_file(
    run: Callable[..., Result],
    answers: Callable[..., Script],
    pre: Path,
    tmp_path: Path,
    reply: object,
    exit_code: int,
    *,
    is_kept: bool,
) -> None:
    """The file has the same object; where nothing was sent there is none."""
    out = tmp_path / "result.json"
    answers(reply)
    result = run(*confirm(pre, "--yes", "--out", str(out)))
    assert result.exit_code == exit_code
    assert out.exists() is is_kept
    if is_kept:
        assert json.loads(out.read_text("utf-8")) == json.loads(result.stdout)


def test_a_file_that_cannot_be_made(
    run: Callable[..., Result], answers: Callable[..., Script], pre: Path
) -> None:
    """Nothing is sent."""
    script = answers(signed(200, success(CONFIRM_DATA)))
    result = run(*confirm(pre, "--yes", "--out", str(pre)))
    assert result.exit_code == 2
    assert "exists" in result.stdout
    assert not script.sent


def test_a_file_that_breaks_down(
    answers: Callable[..., Script],
    pre: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    errors: Callable[[], str],
    full: OSError,
) -> None:
    """The result is on standard output, and the code says what to do."""
    answers(signed(200, success(CONFIRM_DATA)))
    shown = Refusing(None)
    monkeypatch.setattr(sys, "stdout", shown.stream())

    def fail(*_: object) -> None:
        raise OSError(*full.args)

    monkeypatch.setattr(OutFile, "_put", fail_later(fail))
    assert main(confirm(pre, "--yes", "--out", str(tmp_path / "result.json"))) == 20
    assert json.loads(shown.taken)["ok"] is True
    assert "the file of --out could not be written: No space left" in errors()


def fail_later(fail: Callable[..., None]) -> Callable[..., None]:
    """Return what works once."""
    times: list[int] = []

    def put(*_: object) -> None:
        times.append(1)
        if len(times) > 1:
            fail()

    return put


def test_standard_error_that_is_full(
    answers: Callable[..., Script],
    pre: Path,
    monkeypatch: pytest.MonkeyPatch,
    full: OSError,
) -> None:
    """--verbose writes there while the confirm is under way: nothing depends on it."""
    answers(signed(200, success(CONFIRM_DATA)))
    shown = Refusing(None)
    monkeypatch.setattr(sys, "stdout", shown.stream())
    monkeypatch.setattr(sys, "stderr", Refusing(full).stream())
    assert main(confirm(pre, "--yes", "--verbose")) == 0
    assert json.loads(shown.taken)["ok"] is True


def test_a_defect_after_money_moved(
    run: Callable[..., Result],
    answers: Callable[..., Script],
    pre: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is reported in one line with 20, and its words are not shown."""
    answers(signed(200, success(CONFIRM_DATA)))

    def fail(*_: object) -> None:
        raise RuntimeError("words")

    monkeypatch.setattr(transfer, "_outcome", fail)
    result = run(*confirm(pre, "--yes"))
    assert result.exit_code == 20, result.output
    report = json.loads(result.stdout)["error"]
    assert report["type"] == "RuntimeError"
    assert "test_transfer.py" in report["message"]
    assert "words" not in result.output
    assert "it may have been carried out" in report["next"]
