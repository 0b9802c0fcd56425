"""``kesspay audit``: options, exit codes, what is printed and where."""

from __future__ import annotations

import builtins
import json
import os
import shlex
import signal
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pyarrow.parquet as pq
import pytest

import kesspay
from kesspay.audit import runner, triage, work
from kesspay.cli import audit as command
from kesspay.cli import audit_progress, main
from kesspay.transfers.journal import Payment
from tests.support.postgres import PASSWORD
from tests.support.recording import as_json as line_of
from tests.support.recording import private, record, ring, write_ring


if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from tests.support.postgres import Postgres


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a ring and recordings the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(triage, "_RATE", 100)
    write_ring(tmp_path)
    rows = record(200)
    Path("bad.jsonl").write_bytes(b"".join(line_of(row) + b"\n" for row in rows))
    good = private("kess-2025").signed_body({"a": 1}).decode()
    at = "2026-09-01T00:00:00Z"
    line = json.dumps({"body": good, "received_at": at, "service": "query"})
    Path("good.jsonl").write_text(f"{line}\n" * 10)
    return tmp_path


WORDS = ("--keys", "ring.toml", "--out", "out")


def fields(result: Result) -> dict[str, Any]:
    """Return the JSON object."""
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("budget", ["x", "61", "1d", "99999999999h", "25h"])
def test_budgets(run: Callable[..., Result], here: Path, budget: str) -> None:
    """A budget is seconds, minutes or hours, at most a day."""
    del here
    result = run("audit", "good.jsonl", *WORDS, "--explain-budget", budget)
    assert result.exit_code == 2
    assert "budget" in result.stderr


def test_money(run: Callable[..., Result], here: Path) -> None:
    """The checks of the money are printed, and their findings end with 1."""
    del here
    key = private("kess-2025")
    data = {"out_trade_no": "T", "amount": 1, "currency": "USD", "receiver_id": "0"}
    bodies = [
        key.signed_body({"data": {**data, "fund_transfer_id": name}}).decode()
        for name in ("F-1", "F-2")
    ]
    lines = [json.dumps({"body": body}) for body in [*bodies, bodies[0][:-9]]]
    Path("money.jsonl").write_text("\n".join(lines))
    Path("s.csv").write_text("out_trade_no,amount\n")
    words = ("--money", "--statement", "s.csv", "--fail-over", "1")
    result = run("audit", "money.jsonl", *WORDS, *words)
    assert result.exit_code == 1
    assert "double_credit_trade: critical, 1: two fund_transfer_ids" in result.stdout
    assert "seen: 2 records that verified" in result.stdout
    assert "not seen: 1 rows" in result.stdout
    assert "money: look at money-findings.parquet" in result.stdout
    again = run("audit", "money.jsonl", *WORDS, *words, "--overwrite", "--json")
    assert fields(again)["money"]["facts"] == 2
    result = run("audit", "good.jsonl", *WORDS, *words[1:])
    assert (result.exit_code, "give both" in result.stderr) == (2, True)
    result = run("audit", "good.jsonl", *WORDS, "--money", "--overwrite")
    assert result.exit_code == 0
    assert "not seen" not in result.stdout


def test_journal(
    run: Callable[..., Result],
    here: Path,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A journal in PostgreSQL is compared, and its password is never shown."""
    del here
    name = f"audit_{uuid4().hex}"
    postgres.ask(f"CREATE DATABASE {name}")
    place = f"127.0.0.1:{postgres.port}/{name}"
    where = f"postgresql://kesspay:{quote(PASSWORD, safe='')}@{place}"
    words = (*WORDS, "--money", "--journal")
    try:
        monkeypatch.delenv("KESSPAY_JOURNAL", raising=False)
        result = run("audit", "good.jsonl", *words, "KESSPAY_JOURNAL")
        assert (result.exit_code, "is not set" in result.stderr) == (2, True)
        result = run("audit", "good.jsonl", *words, where)
        assert (result.exit_code, "a password on the" in result.stderr) == (2, True)
        assert PASSWORD not in result.output
        result = run("audit", "good.jsonl", *WORDS, "--journal", "x")
        assert (result.exit_code, "give both" in result.stderr) == (2, True)
        monkeypatch.setenv("KESSPAY_JOURNAL", where)
        result = run("audit", "good.jsonl", *words, "KESSPAY_JOURNAL")
        assert (result.exit_code, "no journal of Tr" in result.stderr) == (2, True)
        with kesspay.PostgresJournal(where) as journal:
            journal.begin(Payment("p", "85512345678", "Sok", Decimal(1)))
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute("UPDATE kesspay.payments SET state = 'paid'")
        result = run("audit", "good.jsonl", *words, "KESSPAY_JOURNAL")
        assert result.exit_code == 1
        assert "journal_paid: critical, 1: the journal says paid" in result.stdout
        monkeypatch.setenv("PGPASSWORD", PASSWORD)
        bare = f"postgresql://kesspay@{place}"
        result = run("audit", "good.jsonl", *words, bare, "--overwrite")
        assert result.exit_code == 1
        for path in Path("out").glob("*.json"):
            assert PASSWORD not in path.read_text()
            assert quote(PASSWORD, safe="") not in path.read_text()
    finally:
        postgres.ask(f"DROP DATABASE {name} WITH (FORCE)")


def test_report(run: Callable[..., Result], here: Path) -> None:
    """The report is a page, and is never overwritten by chance."""
    del here
    words = ("--report", "report.html", "--time", "received_at")
    assert run("audit", "good.jsonl", *WORDS, *words).exit_code == 0
    assert "All 10 bodies are authentic." in Path("report.html").read_text()
    again = run("audit", "good.jsonl", "--keys", "ring.toml", "--out", "b", *words)
    assert (again.exit_code, "'report.html' exists" in again.stderr) == (2, True)
    assert not Path("b").exists()
    assert run("audit", "bad.jsonl", *WORDS, *words, "--overwrite").exit_code == 1
    text = Path("report.html").read_text()
    assert "are not authentic" in text
    assert "SHA256SUMS" not in text


def test_causes_are_named(run: Callable[..., Result], here: Path) -> None:
    """Causes are those of explain, with what is proved."""
    del here
    words = ("--explain-budget", "2m", "--show-values")
    result = run("audit", "bad.jsonl", *WORDS, *words, "--json")
    causes = {one["code"]: one["bases"] for one in fields(result)["causes"]}
    assert set(causes["key_own_signed"]) == {"proved"}
    assert set(causes["body_html"]) == {"status"}


def test_authentic(run: Callable[..., Result], here: Path) -> None:
    """Where everything is authentic the exit code is 0, and the digest is shown."""
    result = run("audit", "good.jsonl", *WORDS, "--time", "received_at")
    assert result.exit_code == 0
    assert "10 rows" in result.stdout
    assert "authentic: 10 (100.00%)" in result.stdout
    assert "every body is authentic" in result.stdout
    assert "kess-2025: 10 rows from 2026-09-01T00:00:00" in result.stdout
    assert "window ... to 2026-09-17T00:00:00+00:00" in result.stdout
    assert "Worst" not in result.stdout
    assert "SHA256SUMS: " in result.stdout
    assert result.stderr == ""


def test_findings(run: Callable[..., Result], here: Path) -> None:
    """Causes have an example, keys their windows, and days their share."""
    words = ("--time", "received_at", "--service", "service", "--id", "id")
    result = run("audit", "bad.jsonl", *WORDS, *words, "--json")
    assert result.exit_code == 1
    found = fields(result)
    assert found["ok"] is False
    assert found["command"] == "audit"
    assert found["rows"] == 200
    assert found["complete"] is True
    assert found["resume"] == ""
    assert sum(found["verdicts"].values()) == 200
    assert found["findings"] == 200 - found["verdicts"]["authentic"]
    assert sum(one["count"] for one in found["causes"]) == found["findings"]
    assert sum(one["share"] for one in found["causes"]) == pytest.approx(1)
    for one in found["causes"]:
        assert one["source"] == "bad.jsonl"
        assert one["text"] != one["code"]
        assert sum(one["bases"].values()) == one["count"]
    old, new = found["keys"]
    assert old["until"] == "2026-09-17T00:00:00+00:00"
    assert new["from"] == "2026-09-16T00:00:00+00:00"
    assert old["outside"] > 0
    assert set(found["services"]) == {"create.fundTransfer", "confirm.fundTransfer"}
    shown = run("audit", "bad.jsonl", *WORDS, *words, "--overwrite").stdout
    assert "outside of it" in shown
    assert "Worst days" in shown
    assert "give it to kesspay explain" in shown
    assert "nothing in these bodies may be relied on" in shown
    assert "compare the windows" in shown
    sums = [one for one in shown.splitlines() if one.startswith("SHA256SUMS")]
    assert sums == [f"SHA256SUMS: {found['digest']}"]


@pytest.mark.parametrize(
    ("allowed", "code"), [("0", 1), ("199", 0), ("100%", 0), ("0.5%", 1)]
)
def test_fail_over(
    run: Callable[..., Result], here: Path, allowed: str, code: int
) -> None:
    """So many failures, or such a share, are no reason for another exit code."""
    words = ("--time", "received_at", "--fail-over", allowed)
    assert run("audit", "bad.jsonl", *WORDS, *words).exit_code == code


def test_incomplete(run: Callable[..., Result], here: Path) -> None:
    """Where nothing failed, but a part was not judged, the exit code is 3."""
    Path("broken.parquet").write_bytes(b"PAR1")
    with Path("good.jsonl").open("ab") as file:
        file.write(b"nonsense\n")
    result = run("audit", "good.jsonl", "broken.parquet", *WORDS)
    assert result.exit_code == 3
    assert "unreadable: 1" in result.stdout
    assert "not judged: broken.parquet: its footer" in result.stdout
    assert "a part was not judged" in result.stdout
    data = run("audit", "good.jsonl", *WORDS, "--overwrite", "--json")
    assert fields(data)["complete"] is False
    assert fields(data)["causes"][0]["row"] == 10


def test_failures(run: Callable[..., Result], here: Path) -> None:
    """Failures go to a file or to standard output, and the summary to the other."""
    result = run("audit", "bad.jsonl", *WORDS, "--failures", "f.jsonl")
    lines = Path("f.jsonl").read_text()
    again = run("audit", "bad.jsonl", *WORDS, "--failures", "-", "--overwrite")
    assert again.stdout == lines
    assert "Causes\n" in again.stderr
    assert again.exit_code == result.exit_code == 1
    Path("unsigned.log").write_text("{}\n")
    Path("ring.toml").write_text('[[key]]\nname = "a"\nfile = "old.pem"\n')
    shown = run("audit", "unsigned.log", *WORDS, "--overwrite").stdout
    assert "\na: 0 rows\n" in shown
    assert "kesspay explain" not in shown
    both = run("audit", "bad.jsonl", *WORDS, "--failures", "-", "--json")
    assert both.exit_code == 2
    assert "both need standard output" in both.stdout


def test_a_reader_of_failures_that_went_away(
    run: Callable[..., Result],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As of "| head": exit code 141, without a word, and the list can be had again."""
    words = ("audit", "unsigned.jsonl", *WORDS, "--failures", "-")
    Path("unsigned.jsonl").write_text('{"body":"{}"}\n' * 300)
    reader, writer = os.pipe()
    os.close(reader)
    with (
        monkeypatch.context() as patch,
        open(writer, "w", encoding="utf-8") as closed,  # noqa: PTH123 - a descriptor
    ):
        patch.setattr(sys, "stdout", closed)
        assert main(list(words)) == 141
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")
    again = run(*words, "--resume")
    assert again.exit_code == 1
    assert again.stdout.count("\n") == 300


def test_evidence(run: Callable[..., Result], here: Path) -> None:
    """The bodies that failed are kept on request."""
    run("audit", "bad.jsonl", *WORDS, "--evidence", "evidence")
    (path,) = Path("evidence").iterdir()
    assert pq.read_table(path).num_rows > 0


@pytest.mark.thorough
def test_interrupted(
    run: Callable[..., Result], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal ends a run; the command that is printed continues to the same bytes."""
    words = (*WORDS, "--id", "id", "--max-body", "64KiB", "--fail-over", "5%")
    paths = ("bad.jsonl", "good.jsonl")
    whole = fields(run("audit", *paths, *words, "--json", "--threads", "2"))
    monkeypatch.setattr("kesspay.audit.units.UNIT", 1000)

    def in_main(todo: Any, found: Any, job: Any) -> None:  # noqa: ANN401 - as it is
        job.stop.set()
        original(todo, found, job)

    original = runner._work
    monkeypatch.setattr(runner, "_work", in_main)
    result = run("audit", *paths, *words, "--overwrite", "--json")
    assert result.exit_code == 130
    found = fields(result)
    assert found["digest"] == ""
    assert found["complete"] is False
    shown = run("audit", *paths, *words, "--overwrite")
    assert shown.exit_code == 130
    again = shown.stdout.splitlines()[-1]
    assert "Continue with:" in shown.stdout
    assert again == found["resume"].replace(" --json", "")
    assert "--overwrite" not in again
    assert "--max-body=65536" in again
    monkeypatch.setattr(runner, "_work", original)
    _, name, *rest = shlex.split(again)
    done = run(name, "--json", *rest)
    assert fields(done)["verdicts"] == whole["verdicts"]
    assert done.exit_code == 1


def test_a_signal(
    run: Callable[..., Result], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM ends a run like Ctrl-C."""
    original = runner._Run._next

    def next_and_end(self: Any, found: Any) -> Any:  # noqa: ANN401 - as it is
        signal.raise_signal(signal.SIGTERM)
        self._job.stop.wait(0)
        return original(self, found)

    def slow(todo: Any, found: Any, job: Any) -> None:  # noqa: ANN401 - as it is
        job.stop.wait(30)
        work_(todo, found, job)

    work_ = runner._work
    monkeypatch.setattr(runner, "_work", slow)
    monkeypatch.setattr(runner._Run, "_next", next_and_end)
    assert run("audit", "bad.jsonl", *WORDS).exit_code == 130


def test_full_disk(
    run: Callable[..., Result], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full is named, whatever was found so far."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(work, "do", full)
    monkeypatch.setattr(runner, "do", full)
    result = run("audit", "bad.jsonl", *WORDS)
    assert result.exit_code == 3
    assert "the disk is full" in result.stdout
    assert "then continue with --resume" in result.stdout
    assert "did not finish: do what is said of it above" in result.stdout
    assert "correct the recording" not in result.stdout
    assert result.stdout.startswith("0 rows\nrows: 0")


def test_a_full_disk_is_no_fault_of_the_recording(
    run: Callable[..., Result], here: Path
) -> None:
    """The file is named that was not written, and the recording is left alone."""
    (here / "unsigned.jsonl").write_text('{"body":"{}"}\n')
    result = run("audit", "unsigned.jsonl", *WORDS, "--failures", "/dev/full")
    # A script would take the list for a whole one.
    assert result.exit_code == 3
    assert "not written: /dev/full: it cannot be written" in result.stdout
    assert "a file was not written: do what is said of it above" in result.stdout
    assert "correct the recording" not in result.stdout


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("bad.jsonl", "--resume", "--overwrite"), "not both"),
        (("bad.jsonl", "--max-body", "1 MB"), "64KiB or 1MiB"),
        (("bad.jsonl", "--fail-over", "-1"), "share such as 0.5%"),
        (("bad.jsonl", "--fail-over", "101%"), "share such as 0.5%"),
        (("bad.jsonl", "--report", "bad.jsonl", "--overwrite"), "is read, or written"),
        (("bad.jsonl", "--report", "ring.toml", "--overwrite"), "is read, or written"),
        (("bad.jsonl", "--threads", "0"), "threads|range"),
        (("bad.jsonl", "--time", ""), "'--time': an empty text was given"),
        (("--sql=",), "'--sql': an empty text was given"),
        (("nothing.jsonl",), "no input"),
        (("bad.jsonl", "--column", "bdy"), "did you mean body"),
        ((), "name a file"),
        (("bad.jsonl", "--format", "csv"), "csv|format"),
        (("bad.jsonl", "--line-regex", "(?P<secret"), "cannot be used"),
    ],
)
def test_usage(
    run: Callable[..., Result], here: Path, words: tuple[str, ...], match: str
) -> None:
    """What cannot be used ends with 2, before any work."""
    result = run("audit", *words, *WORDS)
    assert result.exit_code == 2
    assert any(one in result.stderr for one in match.split("|"))
    assert not Path("out").exists()


def test_sizes() -> None:
    """Sizes have units of 1000 and of 1024."""
    context: Any = None
    sizes = {"7": 7, "7B": 7, "2kb": 2000, "2KiB": 2048, "1GiB": 1 << 30}
    for text, size in sizes.items():
        assert command._size(context, context, text) == size


@pytest.mark.parametrize("name", ["pyarrow", "kesspay.nothing"])
def test_without_the_extra(
    run: Callable[..., Result], here: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Without the packages of the extra the command says what to install."""
    for module in [one for one in sys.modules if one.startswith("kesspay.audit")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr("kesspay.audit.runner", raising=False)
    original = builtins.__import__

    def missing(module: str, *rest: Any) -> Any:  # noqa: ANN401 - as __import__
        if module == "pyarrow" or module.startswith("pyarrow."):
            raise ModuleNotFoundError(name=name)
        return original(module, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    if name == "pyarrow":
        result = run("audit", "bad.jsonl", *WORDS)
        assert result.exit_code == 2
        assert (
            "needs pyarrow; install it with: pip install 'kesspay[audit]'"
            in result.stderr
        )
    else:
        with pytest.raises(ModuleNotFoundError):
            command._needed()


def test_progress_is_shown(
    run: Callable[..., Result], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long run writes lines on standard error."""
    monkeypatch.setattr(audit_progress, "_EVERY", 0.0)
    result = run("audit", "good.jsonl", *WORDS)
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert lines
    names = {"rows", "rows_per_second", "failures", "share", "seconds_left"}
    assert set(lines[0]) == names
    assert ring().keys[0].name in result.stdout
