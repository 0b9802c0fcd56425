"""``kesspay conformance`` runs adapters, reports, and lists the kit."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from kesspay.cli.conformance import _profile_name, _progress
from kesspay.conformance.kit import FOLDER, bulk
from tests.cli.test_process import LIMIT, PROGRAM, call_on_terminal
from tests.conformance.small_adapters import ECHO, program
from tests.conformance.test_adapter import gone, is_alive
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


#: Enough of the canonical form for the cases below, and quick to start.
_FORM: Final = r"""
for question in questions(name="right"):
    value = json.loads(b64decode(question["text"]))
    if not isinstance(value, dict):
        say(id=question["id"], refused="no object")
        continue
    members = dict(sorted(value.items()))
    form = json.dumps(members, separators=(",", ":")).replace("/", "\\/")
    say(id=question["id"], bytes=b64encode(form.encode()).decode())
"""
RIGHT: Final = program(_FORM)
#: Escapes no slash.
SLIP: Final = program(_FORM.replace(r'.replace("/", "\\/")', ""))
#: Small enough for every test.
FEW: Final = (
    *("--only", "document/plain.form/*"),
    *("--only", "document/write.slash/*"),
)


@pytest.fixture
def judged(run: Callable[..., Result]) -> Callable[..., Result]:
    """Return a function that runs an adapter; options come before it."""

    def command(adapter: list[str], *options: str | Path) -> Result:
        return run("conformance", "run", *options, "--", *adapter)

    return command


# ------------------------------------------------------------ verdicts


def test_a_right_program(judged: Callable[..., Result]) -> None:
    """Exit code 0 and two lines."""
    result = judged(RIGHT, *FEW)
    assert (result.exit_code, result.stderr) == (0, "")
    first, second = result.stdout.splitlines()
    assert first.startswith("right 1 (Python 3)   kit ")
    assert second == "api  passed"


def test_a_slip_is_named(judged: Callable[..., Result]) -> None:
    """Exit code 1, the rule, its smallest case and its page."""
    result = judged(SLIP, *FEW)
    assert (result.exit_code, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[1] == "api  FAILED"
    assert lines[3].startswith("1 write.slash   ")
    assert '    actual    {"a":"/"}' in lines
    assert "  docs/explanation/canonical-form.md#strings" in lines
    assert lines[-1].startswith("next: kesspay conformance explain document/write.")


def test_json_is_one_object(judged: Callable[..., Result]) -> None:
    """The report is on standard output, with the fields of every command."""
    result = judged(SLIP, *FEW, "--json")
    printed = json.loads(result.stdout)
    assert (result.exit_code, printed["ok"]) == (1, False)
    assert printed["command"] == "conformance run"
    assert printed["counts"]["failed"] >= 3
    assert printed["blames"][0]["rule"] == "write.slash"
    right = json.loads(judged(RIGHT, *FEW, "--json").stdout)
    assert right["ok"]


def test_an_adapter_that_does_not_start(judged: Callable[..., Result]) -> None:
    """Exit code 2; standard error has the end of its own."""
    result = judged(program("sys.stderr.write('a\\n\\x1bb\\n'); sys.exit(9)"), *FEW)
    assert (result.exit_code, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert lines[0] == (
        "kesspay: the adapter gave no hello: it ended with exit code 9: \\x1bb; "
        "start it alone to see why"
    )
    assert lines[1].endswith(" cases were not asked")
    assert lines[2:] == ["    a", "    \\x1bb"]
    as_json = json.loads(judged(program("sys.exit(9)"), *FEW, "--json").stdout)
    assert not as_json["ok"]
    assert as_json["stopped"]["next"] == "start it alone to see why"


def test_an_adapter_that_gave_up(judged: Callable[..., Result]) -> None:
    """What was judged is shown, and why the rest was not."""
    result = judged(program("for q in questions():\n    sys.exit(1)"), *FEW)
    assert result.exit_code == 2
    assert "crashed   4, first document/plain.form/1: " in result.stdout
    assert "3 times without an answer" in result.stderr
    one = judged(program("for q in questions():\n    sys.exit(1)"), *FEW[:2])
    assert (one.exit_code, "not asked" in one.stderr) == (1, False)


def test_all_rules_are_shown(judged: Callable[..., Result]) -> None:
    """Where many are broken, --all shows more than three."""
    broken = program("for q in questions(): say(id=q['id'], bytes='AAAA')")
    options = ("--area", "document", "--profile", "")
    few, everything = judged(broken, *options), judged(broken, *options, "--all")
    assert few.exit_code == everything.exit_code == 1
    assert len(everything.stdout) >= len(few.stdout)


def test_reasons(judged: Callable[..., Result]) -> None:
    """Only with --reasons it matters why an input is refused."""
    options = ("--only", "document/read.top_level/1")
    assert judged(RIGHT, *options).exit_code == 0
    result = judged(RIGHT, *options, "--reasons", "--json")
    assert result.exit_code == 1
    assert "another reason" in json.loads(result.stdout)["cases"][0]["detail"]


# ------------------------------------------------------------ options


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--area", "nothing"], "is not one of"),
        (["--level", "low"], "is not one of"),
        (["--require", "fly"], "is not one of"),
        (["--only", "no.rule"], "no case is chosen"),
        (["--profile", "ksort=5"], "the words of a profile are precision=-1, "),
        (["--timeout", "0"], "--timeout takes"),
        (["--timeout", "-1"], "--timeout takes"),
        (["--timeout", "nan"], "--timeout takes"),
        (["--timeout", "inf"], "--timeout takes"),
        (["--report", "x.json"], "--report takes json=FILE"),
        (["--report", "pdf=x"], "--report takes json=FILE"),
        (["--report", "json="], "--report takes json=FILE"),
        (["--report", "json=-"], "--report takes json=FILE"),
        (["--report", "json=no/such/folder/x"], "cannot write"),
        (["--report", "json=a\0b"], "found"),
        (["--known", "no-such-file.txt"], "cannot read"),
    ],
)
def test_wrong_usage(
    judged: Callable[..., Result],
    options: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit code 2 before anything is started."""
    monkeypatch.chdir(tmp_path)
    result = judged(["touch", "started"], *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_no_command(run: Callable[..., Result]) -> None:
    """The adapter is missing."""
    result = run("conformance", "run", "--area", "document")
    assert result.exit_code == 2
    assert "COMMAND" in result.stderr


def test_options_of_the_adapter_are_its_own(run: Callable[..., Result]) -> None:
    """They are not read as ours, with two dashes before the command or without."""
    code = "for q in questions(name=' '.join(sys.argv[1:])): right(q)"
    adapter = [*program(code), "--area", "x", "--", "--known"]
    for dashes in (["--"], []):
        result = run("conformance", "run", *FEW, *dashes, *adapter)
        assert result.stdout.startswith("--area x -- --known 1 (Python 3)   kit ")


def test_cases_are_chosen(judged: Callable[..., Result]) -> None:
    """Areas, levels and names narrow the choice."""
    result = judged(
        ECHO, "--area", "document", "--level", "hostile", "--only", "read.*", "--json"
    )
    cases = json.loads(result.stdout)["cases"]
    assert cases
    assert {one["level"] for one in cases} == {"hostile"}
    assert all(one["rule"].startswith("read.") for one in cases)


def test_the_bulk(
    judged: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored answers are asked as well, of every area."""
    monkeypatch.setattr(
        "kesspay.cli.conformance.bulk", lambda area: islice(bulk(area), 3)
    )
    result = judged(ECHO, "--bulk", "--only", "bulk.stored", "--json")
    ids = [one["id"] for one in json.loads(result.stdout)["cases"]]
    assert ids == [
        f"{area}/bulk.stored/{number}"
        for area in ("document", "parameters")
        for number in (1, 2, 3)
    ]


def test_known_failures(judged: Callable[..., Result], tmp_path: Path) -> None:
    """They must fail: what passes must leave the list."""
    known = tmp_path / "known.txt"
    known.write_text("# a slip\ndocument/write.slash/*\n")
    slip = judged(SLIP, *FEW, "--known", known)
    assert (slip.exit_code, "known failures   " in slip.stdout) == (0, True)
    right = judged(RIGHT, *FEW, "--known", known)
    assert right.exit_code == 1
    assert "line 2 of the known failures, document/write.slash/*" in right.stdout
    assert "remove the line" in right.stdout


def test_a_required_op(judged: Callable[..., Result]) -> None:
    """What the adapter cannot do fails only where it is required."""
    assert judged(RIGHT, *FEW, "--require", "canonicalize").exit_code == 0
    code = "for q in questions(): say(id=q['id'], unsupported='no')"
    assert judged(program(code), *FEW, "--require", "canonicalize").exit_code == 2
    code = """
for q in questions():
    if q["id"] == 1: right(q)
    else: say(id=q['id'], unsupported='no')
"""
    some = ("--only", "document/plain.form/[12]")
    result = judged(program(code), *some, "--require", "canonicalize", "--json")
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["missing"]) == 1


def test_the_time_limit(judged: Callable[..., Result]) -> None:
    """A case without an answer is timed out."""
    code = "for q in questions(): time.sleep(600)"
    result = judged(
        program(code), "--only", "document/plain.form/1", "--timeout", "0.05"
    )
    assert result.exit_code == 1
    assert "timed out   1, first document/plain.form/1: no answer within 0.05 s" in (
        result.stdout
    )


# ------------------------------------------------------------ files


def test_reports(judged: Callable[..., Result], tmp_path: Path) -> None:
    """All three are written, over what was there, and say the same."""
    paths = {form: tmp_path / f"report.{form}" for form in ("json", "junit", "html")}
    paths["json"].write_text("x" * 1_000_000)
    options = [f"--report={form}={path}" for form, path in paths.items()]
    assert judged(SLIP, *FEW, *options).exit_code == 1
    printed = json.loads(paths["json"].read_bytes())
    schema = json.loads((FOLDER / "schema" / "report.json").read_bytes())
    assert list(Draft202012Validator(schema).iter_errors(printed)) == []
    suites = ET.fromstring(paths["junit"].read_bytes())  # noqa: S314 - it is our own
    assert suites[0].get("failures") == str(printed["counts"]["failed"])
    page = paths["html"].read_text()
    assert "write.slash" in page
    assert "Content-Security-Policy" in page


def test_each_report_has_its_file(
    judged: Callable[..., Result], tmp_path: Path
) -> None:
    """Two reports in one file would be none."""
    path = tmp_path / "r"
    result = judged(RIGHT, f"--report=json={path}", f"--report=html={path}")
    assert result.exit_code == 2
    assert "a file of its own" in result.stderr


def test_a_report_that_cannot_be_written(
    judged: Callable[..., Result], tmp_path: Path
) -> None:
    """The verdict is shown; a good one is no success without its report."""
    path = tmp_path / "r.json"
    removing = f"import os\nos.remove({str(path)!r}); os.mkdir({str(path)!r})\n"
    slip, right = ([*code[:-1], removing + code[-1]] for code in (SLIP, RIGHT))
    result = judged(right, *FEW, f"--report=json={path}")
    assert result.exit_code == 74
    assert "api  passed" in result.stdout
    assert f"the report '{path}' could not be written: Is a directory" in result.stderr
    path.rmdir()
    assert judged(slip, *FEW, f"--report=json={path}").exit_code == 1


# ------------------------------------------------------------ list


def test_the_list_of_cases(run: Callable[..., Result]) -> None:
    """A line for each, and as JSON."""
    cases = stored_kit().cases
    result = run("conformance", "list")
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [case.id for case in cases]
    printed = json.loads(run("conformance", "list", "--json", *FEW).stdout)
    assert printed["kit"] == stored_kit().version
    assert set(printed["cases"][0]) == {
        *("id", "op", "rule", "level", "profile", "since", "comment")
    }


def test_the_list_of_rules(run: Callable[..., Result]) -> None:
    """Each with what it says and how many cases it has; others are left out."""
    result = run("conformance", "list", "--rules", *FEW)
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        *("plain.form", "write.slash")
    ]
    assert stored_kit().rules["write.slash"].title in result.stdout
    printed = json.loads(run("conformance", "list", "--rules", "--json").stdout)
    rules: list[dict[str, Any]] = printed["rules"]
    asked = {case.rule for case in stored_kit().cases}
    assert {rule["id"] for rule in rules} == asked
    assert sum(rule["cases"] for rule in rules) == len(stored_kit().cases)
    assert set(rules[0]) == {
        *("id", "title", "doc", "area", "level", "stage", "severity", "hints", "cases"),
        "presumes",
    }


def test_a_list_of_nothing(run: Callable[..., Result]) -> None:
    """A name with a slip is no empty list."""
    assert run("conformance", "list", "--only", "nothing").exit_code == 2


# ------------------------------------------------------------ signals and terminals


@pytest.mark.few(1)
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_ends_the_adapter(name: str, tmp_path: Path) -> None:
    """Exit code 130, and nothing that the adapter started is left."""
    path = tmp_path / "pids"
    code = f"""
import subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-ISc", "import time; time.sleep(600)"])
for question in questions():
    pids = f"{{os.getpid()}} {{child.pid}}"
    with open({str(path)!r} + "~", "w") as file: file.write(pids)
    os.rename({str(path)!r} + "~", {str(path)!r})
    while True: time.sleep(600)
"""
    process = subprocess.Popen(
        [*PROGRAM, *("conformance", "run", "--timeout", "600", "--"), *program(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        deadline = time.monotonic() + LIMIT
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(getattr(signal, name))
        output, errors = process.communicate(timeout=LIMIT)
    assert (process.returncode, output) == (130, b"")
    assert errors.strip() == b"kesspay: interrupted"
    assert all(gone(int(pid)) for pid in path.read_text().split())


def test_an_adapter_sees_the_end_of_its_runner(tmp_path: Path) -> None:
    """A runner that is killed says nothing; its adapter reads the end of its input."""
    path = tmp_path / "pid"
    code = f"""
for question in questions():
    with open({str(path)!r} + "~", "w") as file: file.write(str(os.getpid()))
    os.rename({str(path)!r} + "~", {str(path)!r})
"""
    process = subprocess.Popen(
        [*PROGRAM, *("conformance", "run", "--timeout", "600", "--"), *program(code)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with process:
        deadline = time.monotonic() + LIMIT
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    pid = int(path.read_text())
    assert gone(pid)
    assert not is_alive(pid)


def test_a_terminal_shows_a_bar() -> None:
    """It is on standard error, and not where that is a pipe."""
    code, shown = call_on_terminal(["conformance", "run", *FEW, "--", *ECHO])
    assert code == 1
    assert b"100%" in shown
    assert b"write.slash" in shown
    assert b"document " in shown


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_the_bar_moves_a_hundred_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends whole, and thousands of cases do not draw it thousands of times."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    cases = [stored_kit().cases[0]] * 5000
    with _progress(cases) as progress:
        assert progress is not None
        for case in cases:
            progress(case)
    shown = terminal.getvalue()
    assert "100%" in shown
    assert 50 <= shown.count("\r") <= 300
    with _progress(cases[:3]) as progress:
        assert progress is not None


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("", ""),
        ("ksort=8.2", ""),
        ("ksort=7", "ksort=7"),
        ("ksort=7,precision=17", "precision=17,ksort=7"),
        ("ksort=7 precision=17", "precision=17,ksort=7"),
    ],
)
def test_the_name_of_a_profile(words: str, name: str) -> None:
    """Its words may stand in any order, as in KESSPAY_PROFILE or as in the protocol."""
    assert _profile_name(words) == name
