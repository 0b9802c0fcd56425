"""The page "Check your own implementation": its commands print what it shows."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance.export import kit_files, write_files, write_zip
from kesspay.conformance.kit import FOLDER
from kesspay.explain import explain
from kesspay.signing.keys import PrivateKey
from tests.conformance.broken import canonicalize
from tests.conformance.polyglot import HERE, LANGUAGES, needed
from tests.conftest import missing
from tests.support.kit import stored_kit
from tests.support.pages import blocks, tables
from tests.support.vectors import VECTORS


if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conformance.polyglot import Language


PAGE: Final = "howto/check-your-implementation.md"
#: What differs between machines, versions and times, and what grows with the kit.
_VERSION: Final = re.compile(r"\((Node|PHP) [0-9.]+\)")
_TIME: Final = re.compile(r"[0-9.]+ s$", re.MULTILINE)
_COUNT: Final = re.compile(r"[0-9]+/[0-9]+| +[0-9]+ cases$|\([0-9]+\)", re.MULTILINE)


def shell(
    command: str, folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of the page, with the kesspay of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-euc", command],
        cwd=folder,
        env={**os.environ, **(variables or {}), "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def neutral(text: str) -> str:
    """Take out what differs between machines, and counts of cases."""
    text = _COUNT.sub("(n)", text)
    return _TIME.sub("0 s", _VERSION.sub(r"(\1)", text)).rstrip()


@pytest.mark.thorough
def test_three_commands_lead_to_a_named_rule(tmp_path: Path) -> None:
    """The first block ends with what the second one shows."""
    needed(LANGUAGES[1])
    first = blocks(PAGE, "sh")[0]
    install, export, run = first.code.splitlines()
    assert install == "pip install '.[cli]'  # from a clone"
    assert shell(export, tmp_path).returncode == 0
    done = shell(run, tmp_path)
    assert done.returncode == 1, done.stderr
    shown = blocks(PAGE, "text")[0].code
    assert neutral(done.stdout) == neutral(shown)
    rule = stored_kit().rules["list.empty"]
    assert rule.id in shown
    assert rule.doc in shown


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "language",
    [
        pytest.param(
            one, id=one.name, marks=[pytest.mark.languages] if one.slow else []
        )
        for one in LANGUAGES
    ],
)
def test_the_command_of_each_language(language: Language, tmp_path: Path) -> None:
    """Each adapter of the kit starts with the command of the table, and is judged."""
    needed(language)
    rows = dict(tables(PAGE, "| language | command |\n"))
    write_files(tmp_path / "kit", kit_files())
    code = 1
    for command in re.findall(r"`([^`]+)`", rows[language.name]):
        done = shell(command, tmp_path)
        code = done.returncode
    assert code == (0 if language.name == "PHP" else 1), done.stderr
    assert "kit " in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "language",
    [
        pytest.param(
            one, id=one.name, marks=[pytest.mark.languages] if one.slow else []
        )
        for one in LANGUAGES
    ],
)
def test_the_runner_of_each_language(language: Language, tmp_path: Path) -> None:
    """The line of the page runs it; only the code of PHP is right as it comes."""
    needed(language)
    (lines,) = (
        block.code.splitlines()
        for block in blocks(PAGE, "text")
        if "runner.php" in block.code
    )
    write_files(tmp_path / "kit", kit_files())
    (command,) = (line for line in lines if f"kit/{language.folder}" in line)
    if language.name == "Java":
        command = f"javac kit/java/*.java && {command}"
    asked = sum(
        (case.op, case.level) == ("canonicalize", "api") for case in stored_kit().cases
    )
    done = shell(command, tmp_path)
    assert done.returncode == (0 if language.name == "PHP" else 1), done.stderr
    assert re.search(
        rf"^{asked} cases asked, \d+ rules broken$", done.stdout, re.MULTILINE
    )


def test_the_workflow_of_the_page_runs(tmp_path: Path) -> None:
    """Each step of it runs: the zip is fetched, its sum is checked, the runner runs."""
    if shutil.which("curl") is None:
        missing("curl is not installed", "KESSPAY_REQUIRE_CURL")
    needed(LANGUAGES[0])
    (workflow,) = (block.code for block in blocks(PAGE, "yaml"))
    zipped = write_zip(tmp_path / "release", kit_files(), stored_kit().version)
    digest = hashlib.sha256(zipped.read_bytes()).hexdigest()
    found = re.findall(r'^ {6}(\w+): "(.*)"$', workflow, re.MULTILINE)
    variables = dict(found)
    assert variables["KIT"] == stored_kit().version
    variables |= {"KIT_URL": zipped.parent.as_uri(), "KIT_SHA256": digest}
    steps = re.findall(r"run: \|\n((?:          .*\n)+)|run: (.*)\n", workflow)
    assert len(steps) == 2
    own = tmp_path / "own"
    shutil.copytree(FOLDER / "php", own / "kess")
    for lines, line in steps:
        done = shell((lines or line).replace("\n          ", "\n"), own, variables)
        assert done.returncode == 0, done.stderr
    assert re.search(r"^[1-9]\d+ cases asked, 0 rules broken$", done.stdout)
    variables["KIT_SHA256"] = "0" * 64
    shutil.rmtree(own / "kesspay-conformance")
    assert shell(steps[0][0] or steps[0][1], own, variables).returncode != 0


def test_the_trial_is_the_one_that_was_recorded() -> None:
    """The table has every step of tests/conformance/trial, with the hint of the kit."""
    rules = stored_kit().rules
    rows = tables(PAGE, "| program in | level | rule that was named | hint |\n")
    expected = []
    for name in ("php", "node", "go"):
        text = (HERE / f"trial/{name}.toml").read_text(encoding="utf-8")
        trial = tomllib.loads(text)
        for step in trial["step"]:
            rule = rules[step["rule"]]
            hint = rule.hints.get(trial["language"])
            words = f"{rule.title} (no hint)"
            if hint is not None:
                words = f"`` {hint} ``" if "`" in hint else f"`{hint}`"
            level = f"`{step.get('level', 'api')}`"
            expected.append([trial["language"], level, f"`{rule.id}`", words])
    assert rows == expected


def test_a_signed_body_shows_several_mistakes_of_its_text() -> None:
    """What the page says of a program that only signs."""
    key = PrivateKey.from_pem((VECTORS / "keys/rsa-2048.pem").read_bytes())
    document = {"note": "\u00e9/", "amount": 1.5}
    for codes in (("slashes_raw", "unicode_raw"), ("order_document", "unicode_upper")):
        text = canonicalize(json.dumps(document).encode(), *codes)
        assert text is not None
        sign = b64encode(key.sign(text)).decode()
        body = json.dumps({**document, "sign": sign, "sign_type": "RSA2"}).encode()
        assert explain(body, [key.public_key]).mistakes == codes


def test_the_levels_are_those_of_the_kit() -> None:
    """The table of levels has all of them, and the figure of the bulk is right."""
    rows = tables(PAGE, "| level | what it holds | who needs it |\n")
    assert [row[0].strip("`") for row in rows] == ["api", "any-document", "hostile"]
