"""docs/cli.md names only what there is, and its examples run."""

from __future__ import annotations

import json
import re
import shlex
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kesspay.cli.envfile import read_env_file
from kesspay.gateway.environment import VARIABLES
from kesspay.transfers.journal import Payment
from kesspay.transfers.sqlite import SqliteJournal
from tests.cli.test_root import COMMANDS, LEAVES
from tests.support.recording import as_json, record, write_ring


if TYPE_CHECKING:
    from collections.abc import Callable

    import click
    from click.testing import Result

    from kesspay.sandbox import Sandbox
    from tests.cli.conftest import Wired


PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
EXAMPLES = [
    line
    for block in BLOCKS
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("kesspay ")
]


def options_of(command: click.Command) -> set[str]:
    """Collect the long options of a command."""
    return {
        option
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    }


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_is_on_the_page(name: str) -> None:
    """The table of commands has all of them."""
    assert f"`kesspay {name}`" in TEXT


def test_every_option_on_the_page_exists() -> None:
    """No option is named that no command has."""
    there = {option for command in COMMANDS.values() for option in options_of(command)}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT))
    assert named - {"--help"} <= there


def test_every_variable_on_the_page_exists() -> None:
    """Every variable that is named is known; one is that of click for completion."""
    known = VARIABLES | {"KESSPAY_JOURNAL", "KESSPAY_COMPLETE"}
    assert set(re.findall(r"KESSPAY_[A-Z_]*[A-Z]", TEXT)) <= known


def test_the_settings_are_a_file_of_settings(tmp_path: Path) -> None:
    """--env-file takes what the page shows."""
    block = next(block for block in BLOCKS if block.startswith("export"))
    path = tmp_path / "gateway.env"
    path.write_text(block, encoding="utf-8")
    path.chmod(0o600)
    assert set(read_env_file(str(path))) <= VARIABLES


def test_the_exit_codes_are_those_of_the_help_text(run: Callable[..., Result]) -> None:
    """The page and ``kesspay --help`` list the same codes."""
    on_page = re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)
    in_help = re.findall(r"^ +(\d+) {3}\S", run("--help").stdout, re.MULTILINE)
    assert on_page == [code for code in in_help if code.isdigit()]


def test_the_examples_run(
    run: Callable[..., Result],
    wired: Wired,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In this order, against the sandbox, each ends with exit code 0."""
    monkeypatch.chdir(tmp_path)
    journal = SqliteJournal("journal.sqlite")
    journal.begin(Payment("order-1", "85512345678", "Chan Sophea", Decimal("0.50")))
    journal.close()
    write_ring(tmp_path)
    (tmp_path / "traffic").mkdir()
    for row in record(3, bad=0):
        entry = json.loads(as_json(row))
        entry["request_id"], entry["response"] = entry["id"], {"body": entry["body"]}
        with Path("traffic/day.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
    assert len(EXAMPLES) >= 11
    for line in EXAMPLES:
        if line.startswith("kesspay conformance run "):
            # test_check_your_implementation runs it, with an adapter to check.
            continue
        command, _, path = line.partition(" > ")
        result = run(*shlex.split(command)[1:])
        assert result.exit_code == 0, line
        if line.startswith("kesspay audit "):
            # It prints words, and JSON where that is asked for.
            assert "authentic: 3 (100.00%)" in result.stdout
            continue
        report = json.loads(result.stdout)
        assert report.get("ok", "entries" in report)
        if path:
            Path(path.strip()).write_text(result.stdout, encoding="utf-8")
    assert len(sandbox.ledger.credits()) == 2
