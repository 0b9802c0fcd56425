"""``kesspay canon`` prints what canonicalize gives."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.vectors import iter_profiles


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


pytestmark = pytest.mark.usefixtures("backend")

DOCUMENT = '{"b":"/é","a":0.50,"sign":"x"}'
CANONICAL = b'{"a":0.5,"b":"\\/\\u00e9"}'


def test_a_file_is_read(run: Callable[..., Result], tmp_path: Path) -> None:
    """The canonical bytes come exactly, without a line break."""
    path = tmp_path / "document.json"
    path.write_text(DOCUMENT, encoding="utf-8")
    result = run("canon", path)
    assert (result.exit_code, result.stdout_bytes) == (0, CANONICAL)
    assert result.stderr == ""


def test_standard_input_is_read(run: Callable[..., Result]) -> None:
    """A dash stands for standard input."""
    assert run("canon", "-", stdin=DOCUMENT).stdout_bytes == CANONICAL


def test_json_has_the_documented_fields(run: Callable[..., Result]) -> None:
    """The fields are those of the help text, and true."""
    result = run("canon", "--json", "-", stdin=DOCUMENT)
    assert json.loads(result.stdout) == {
        "ok": True,
        "command": "canon",
        "canonical": CANONICAL.decode(),
        "canonical_sha256": hashlib.sha256(CANONICAL).hexdigest(),
        "canonical_length": len(CANONICAL),
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--profile-precision", "17"], "p"),
        (["--unescaped-slashes"], "s"),
        (["--unescaped-unicode"], "u"),
    ],
)
def test_profiles_are_those_of_php(
    run: Callable[..., Result], options: list[str], code: str
) -> None:
    """Each option sets what PHP answered under the setting of this name."""
    cases = [c for c in iter_profiles() if c.settings.code == code and c.answer.ok]
    assert len(cases) > 100
    for case in cases[::20]:
        result = run("canon", *options, "-", stdin=case.document)
        assert case.answer.canonical == result.stdout_bytes


def test_ksort_is_that_of_the_version(run: Callable[..., Result]) -> None:
    """The documented example of PHP bug GH-9296 comes out both ways."""
    document = '{"x":1,"0":"a"}'
    old = b'{"x":1,"0":"a"}'
    new = b'{"0":"a","x":1}'
    assert run("canon", "-", stdin=document).stdout_bytes == new
    assert run("canon", "--ksort", "8.2", "-", stdin=document).stdout_bytes == new
    assert run("canon", "--ksort", "8.0", "-", stdin=document).stdout_bytes == old
    assert run("canon", "--ksort", "7", "-", stdin=document).stdout_bytes == old


@pytest.mark.parametrize(
    ("document", "reason", "position"),
    [
        ('{"a":}', "syntax", 5),
        (b'{"a":"\xff"}', "utf8", 6),
        ("", "syntax", 0),
        ("17", "top_level", 0),
        ('{"a":1e999}', "infinite", 5),
    ],
)
def test_what_php_refuses_is_refused(
    run: Callable[..., Result], document: str | bytes, reason: str, position: int
) -> None:
    """One line says what is wrong, where, and what to do; exit code 2."""
    plain = run("canon", "-", stdin=document)
    assert (plain.exit_code, plain.stdout) == (2, "")
    assert plain.stderr.count("\n") == 1
    assert f"at byte {position}" in plain.stderr
    told = json.loads(run("canon", "-", "--json", stdin=document).stdout)
    assert told["ok"] is False
    assert told["command"] == "canon"
    assert told["error"]["type"] == "CanonicalizationError"
    assert told["error"]["reason"] == reason
    assert told["error"]["position"] == position
    assert told["error"]["next"]
