"""Run commands in this process, as a terminal-less shell would."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kesspay.cli.root import root
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def run() -> Callable[..., Result]:
    """Return a function that runs one command and returns its result."""

    def command(*arguments: str | Path, stdin: bytes | str | None = None) -> Result:
        words = [str(argument) for argument in arguments]
        result = CliRunner().invoke(root, words, input=stdin)
        # Whatever goes wrong, nobody sees a traceback.
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "Traceback" not in result.output
        return result

    return command


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Return a folder with copies of the test keys, private ones closed."""
    folder = tmp_path / "keys"
    shutil.copytree(KEYS, folder)
    for path in folder.iterdir():
        path.chmod(0o600)
    return folder
