"""Adapters and runners of six languages, with right and with broken code in them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance.export import kit_files, write_files
from kesspay.conformance.judge import Verdict, run
from kesspay.conformance.kit import FOLDER, OPS
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


#: What an adapter is asked, and what a runner asks: a body has more than one right
#: answer.
ADAPTED: Final = tuple(OPS)
RUN: Final = tuple(op for op in OPS if op != "body")
#: How many lines a runner may have. Where types are declared and a library reads no
#: table, it takes more.
LINES: Final = {"PHP": 50, "Node": 50, "Ruby": 50, "C#": 80, "Java": 95, "Go": 110}

IN_EVERY_LANGUAGE: Final = [
    pytest.param(
        language,
        id=language.name,
        marks=[pytest.mark.languages] if language.slow else [],
    )
    for language in LANGUAGES
]


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export the kit once."""
    folder = tmp_path_factory.mktemp("exported") / "kit"
    write_files(folder, kit_files())
    return folder


@pytest.fixture
def right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a right implementation answer through named pipes."""
    command = [sys.executable, str(HERE / "adapters/kesspay_adapter.py")]
    with behind(command, tmp_path) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield


def installed(language: Language, kit: Path, target: Path) -> list[str]:
    """Return the command of an adapter with our code in it."""
    needed(language)
    code = (HERE / f"languages/right{language.ending}").read_text(encoding="utf-8")
    return language.command(
        completed(kit / "adapters" / language.adapter, code, target)
    )


def runner(language: Language, kit: Path, target: Path) -> list[str]:
    """Return the command of the runner."""
    needed(language)
    program = target / language.runner
    shutil.copy(kit / "runners" / language.runner, program)
    return language.command(program)


def ran(command: Sequence[str]) -> tuple[int, str]:
    """Run a runner."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr.replace("exit status 1\n", "") == ""
    return done.returncode, done.stdout


@pytest.mark.parametrize("language", IN_EVERY_LANGUAGE)
@pytest.mark.usefixtures("right")
def test_an_adapter_hands_on_right_answers(
    language: Language, kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every case of right code passes: questions and answers arrive whole."""
    command = installed(language, kit, tmp_path)
    monkeypatch.setenv("KESS_OPS", ",".join(ADAPTED))
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
    assert set(result.hello.ops) == set(ADAPTED)


@pytest.mark.parametrize("language", IN_EVERY_LANGUAGE)
@pytest.mark.usefixtures("right")
def test_an_adapter_hands_on_broken_answers(
    language: Language, kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slash that is not escaped fails the cases about it, and no adapter hides it."""
    monkeypatch.setenv("KESS_BROKEN", "1")
    monkeypatch.setenv("KESS_OPS", "canonicalize")
    command = installed(language, kit, tmp_path)
    cases = [case for case in stored_kit().cases if case.rule == "write.slash"]
    result = run(command, stored_kit(), cases=cases, timeout=30)
    assert Counter(one.verdict for one in result.outcomes)[Verdict.failed] >= 3


@pytest.mark.parametrize("language", IN_EVERY_LANGUAGE)
@pytest.mark.usefixtures("right")
def test_a_runner_passes_right_code(
    language: Language, kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with 0 and counts every case that was asked."""
    monkeypatch.setenv("KESS_OPS", ",".join(ADAPTED))
    adapter = installed(language, kit, tmp_path)
    command = runner(language, kit, tmp_path)
    code, output = ran([*command, str(kit), "hostile", *adapter])
    assert code == 0, output
    cases = stored_kit().cases
    asked = sum(case.op in RUN and not case.profile for case in cases)
    skipped = len(cases) - asked
    assert output == f"{asked} passed, 0 failed in 0 rules, {skipped} not run\n"


@pytest.mark.parametrize("language", IN_EVERY_LANGUAGE)
@pytest.mark.usefixtures("right")
def test_a_runner_names_what_is_broken(
    language: Language, kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It prints the first failing case, the title and the page, and ends with 1."""
    monkeypatch.setenv("KESS_BROKEN", "1")
    monkeypatch.setenv("KESS_OPS", "canonicalize")
    adapter = installed(language, kit, tmp_path)
    command = runner(language, kit, tmp_path)
    code, output = ran([*command, str(kit), "api", *adapter])
    assert code == 1, output
    rule = stored_kit().rules["write.slash"]
    case = next(case for case in stored_kit().cases if case.rule == rule.id)
    shown = re.escape(case.text.decode("ascii"))
    assert isinstance(case.result, bytes)
    expected = re.escape(case.result.decode("ascii"))
    actual = re.escape(case.result.decode("ascii").replace("\\/", "/"))
    assert re.search(
        rf"^{re.escape(rule.id)}  {re.escape(rule.title)} \(.*\)\n"
        rf"  {case.id}  {shown}\n    expected  {expected}\n    actual    {actual}\n"
        rf"(  .*\n)?  .*{re.escape(rule.doc)}\n",
        output,
        re.MULTILINE,
    ), output
    assert re.search(
        r"^\d+ passed, \d+ failed in \d+ rules, \d+ not run$", output, re.MULTILINE
    )


@pytest.mark.parametrize("language", IN_EVERY_LANGUAGE)
def test_a_runner_that_ran_nothing_does_not_pass(
    language: Language, kit: Path, tmp_path: Path
) -> None:
    """No level of that name, no cases, or an adapter that is away is no success."""
    needed(language)
    own = kit / "adapters" / language.adapter
    copy = Path(shutil.copy(own, tmp_path))
    adapter = language.command(copy)
    command = runner(language, kit, tmp_path)
    (tmp_path / "cases").mkdir()
    for arguments in (
        (str(kit), "apy", *adapter),
        (str(tmp_path), "hostile", *adapter),
        (str(kit), "hostile", "false"),
    ):
        done = subprocess.run(
            [*command, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode != 0, done.stdout
        assert " passed, " not in done.stdout or "0 passed, 0 failed" in done.stdout


@pytest.mark.parametrize("language", IN_EVERY_LANGUAGE)
def test_a_runner_starts_the_adapter_of_the_kit(
    language: Language, kit: Path, tmp_path: Path
) -> None:
    """Without a command it asks what lies beside it, with the code of the kit."""
    if language.name == "C#":
        needed(language)
        language.command(kit / "adapters" / language.adapter)
    code, output = ran([*runner(language, kit, tmp_path), str(kit), "api"])
    passed, failed = map(
        int, re.findall(r"^(\d+) passed, (\d+) failed", output, re.MULTILINE)[0]
    )
    cases = [
        case
        for case in stored_kit().cases
        if (case.op, case.level) == ("canonicalize", "api")
    ]
    assert passed + failed == len(cases), output
    # That of PHP is right as it comes, but for what no API sends.
    assert code == (1 if failed else 0)
    assert (failed == 0) is (language.name == "PHP")


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda one: one.name)
def test_a_runner_is_short(language: Language) -> None:
    """The adapter has the code of the user; the runner reads, asks and compares."""
    text = (FOLDER / "runners" / language.runner).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES[language.name]
    assert "your code" not in text
