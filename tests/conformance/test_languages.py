"""Adapters and runners of six languages, with right and with broken code in them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance.export import kit_files
from kesspay.conformance.judge import Verdict, run
from kesspay.conformance.kit import FOLDER, LEVELS, OPS
from tests.conformance.polyglot import (
    HERE,
    LANGUAGES,
    Language,
    behind,
    completed,
    needed,
)
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


#: The lines of a runner that are neither blank nor a comment: at most so many, and none
#: of more characters than the second number. Imports and brackets count.
LINES: Final = 36
WIDTH: Final = 100

TABLES: Final = kit_files()

IN_EVERY_LANGUAGE: Final = [
    pytest.param(
        language,
        id=language.name,
        marks=[pytest.mark.languages] if language.slow else [],
    )
    for language in LANGUAGES
]


@pytest.fixture
def right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a right implementation answer through named pipes."""
    command = [sys.executable, str(HERE / "adapters/kesspay_adapter.py")]
    with behind(command, tmp_path) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield


def installed(language: Language, target: Path) -> Path:
    """Return the folder of a language, with code in it that asks for right answers."""
    needed(language)
    code = (HERE / f"languages/right{language.ending}").read_text(encoding="utf-8")
    return completed(language, target, code)


def ran(command: Sequence[str], *levels: str) -> tuple[int, str]:
    """Run a runner with the tables of some levels."""
    done = subprocess.run(
        command,
        input=b"".join(TABLES[f"cases/{level}.tsv"] for level in levels),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stderr.replace(b"exit status 1\n", b"") == b""
    return done.returncode, done.stdout.decode()


@pytest.mark.few(1)
@pytest.mark.parametrize("language", IN_EVERY_LANGUAGE)
@pytest.mark.usefixtures("right")
def test_an_adapter_hands_on_right_answers(
    language: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every case of right code passes: questions and answers arrive whole."""
    command = language.command(installed(language, tmp_path) / language.adapter)
    monkeypatch.setenv("KESS_OPS", ",".join(OPS))
    cases = [case for case in stored_kit().cases if not case.profile]
    result = run(command, stored_kit(), cases=cases, timeout=30)
    assert result.stopped is None, result.stopped
    wrong = [
        (one.case.id, one.detail)
        for one in result.outcomes
        if one.verdict is not Verdict.passed
    ]
    assert wrong == []
    assert (result.restarts, result.not_asked) == (0, 0)
    assert result.hello.name == "my-kess"
    assert set(result.hello.ops) == set(OPS)


@pytest.mark.few(1)
@pytest.mark.parametrize("language", IN_EVERY_LANGUAGE)
@pytest.mark.usefixtures("right")
def test_an_adapter_hands_on_broken_answers(
    language: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slash that is not escaped fails the cases about it, and no adapter hides it."""
    monkeypatch.setenv("KESS_BROKEN", "1")
    monkeypatch.setenv("KESS_OPS", "canonicalize")
    command = language.command(installed(language, tmp_path) / language.adapter)
    cases = [case for case in stored_kit().cases if case.rule == "write.slash"]
    result = run(command, stored_kit(), cases=cases, timeout=30)
    assert Counter(one.verdict for one in result.outcomes)[Verdict.failed] >= 3


@pytest.mark.few(1)
@pytest.mark.parametrize("language", IN_EVERY_LANGUAGE)
@pytest.mark.usefixtures("right")
def test_a_runner_passes_right_code(
    language: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with 0 and has asked every case of the tables."""
    monkeypatch.setenv("KESS_OPS", ",".join(OPS))
    command = language.command(installed(language, tmp_path) / language.runner)
    code, output = ran(command, *LEVELS)
    cases = [case for case in stored_kit().cases if not case.profile]
    asked = sum(case.op != "body" for case in cases)
    assert (code, output) == (0, f"{asked} cases asked, 0 rules broken\n")


@pytest.mark.few(1)
@pytest.mark.parametrize("language", IN_EVERY_LANGUAGE)
@pytest.mark.usefixtures("right")
def test_a_runner_names_what_is_broken(
    language: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It prints the first failing case, the title and the page, and ends with 1."""
    monkeypatch.setenv("KESS_BROKEN", "1")
    monkeypatch.setenv("KESS_OPS", "canonicalize")
    command = language.command(installed(language, tmp_path) / language.runner)
    code, output = ran(command, "api")
    assert code == 1, output
    rule = stored_kit().rules["write.slash"]
    case = next(case for case in stored_kit().cases if case.rule == rule.id)
    shown = re.escape(case.text.decode("ascii"))
    assert isinstance(case.result, bytes)
    expected = re.escape(case.result.decode("ascii"))
    actual = re.escape(case.result.decode("ascii").replace("\\/", "/"))
    assert re.search(
        rf"^{re.escape(rule.id)}  {re.escape(rule.title)} \(api\)\n"
        rf"  {case.id}  {shown}\n    expected  {expected}\n    actual    `?{actual}.*\n"
        rf"  .*{re.escape(rule.doc)}\n",
        output,
        re.MULTILINE,
    ), output
    # A rule stands there once, however many of its cases fail.
    assert output.count(rule.title) == 1
    assert re.search(
        r"^\d+ cases asked, [1-9]\d* rules broken\n\Z", output, re.MULTILINE
    )


@pytest.mark.few(1)
@pytest.mark.parametrize("language", IN_EVERY_LANGUAGE)
def test_a_runner_asks_the_code_of_the_kit(language: Language, tmp_path: Path) -> None:
    """That of PHP is right for the API as it comes; without cases nothing passes."""
    needed(language)
    command = language.command(completed(language, tmp_path) / language.runner)
    code, output = ran(command, "api")
    asked, broken = map(
        int, re.findall(r"^(\d+) cases asked, (\d+) rules", output, re.MULTILINE)[0]
    )
    assert asked == sum(
        (case.op, case.level) == ("canonicalize", "api") for case in stored_kit().cases
    )
    assert (code, broken == 0) == ((0, True) if language.name == "PHP" else (1, False))
    assert ran(command) == (1, "0 cases asked, 0 rules broken\n")


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda one: one.name)
def test_a_runner_is_short(language: Language) -> None:
    """It reads, asks, compares and prints; the code of the user is in another file."""
    text = (FOLDER / language.folder / language.runner).read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines()]
    counted = [line for line in lines if line and not line.startswith(("//", "# "))]
    assert len(counted) <= LINES
    assert max(len(line.expandtabs(4)) for line in text.splitlines()) <= WIDTH
