"""The one-liners give the answers of the kit, run by PHP in a shell."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kesspay.conformance.oneliner import one_liner
from tests.conftest import missing
from tests.support.kit import stored_kit
from tests.support.php import find_php
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from kesspay.conformance.kit import Case


KEY = (KEYS / "rsa-2048.pem").read_bytes()


def case(op: str, text: bytes, key: bytes | None = None, profile: str = "") -> Case:
    """Return a case of another operation."""
    first = stored_kit().cases[0]
    words = tuple(profile.split())
    return replace(first, op=op, text=text, key=key, profile=words)


def php(one: Case) -> bytes:
    """Run the command of a case."""
    if find_php() is None:
        missing("PHP is not installed", "KESSPAY_REQUIRE_PHP")
    command = one_liner(one)
    assert command is not None
    ran = subprocess.run(
        ["sh", "-c", command], check=True, capture_output=True, timeout=60
    )
    return ran.stdout


def test_the_answers_of_the_kit() -> None:
    """A case of each rule, as PHP answers it."""
    cases = {one.rule: one for one in stored_kit().cases if one.op == "canonicalize"}
    chosen = [one for one in cases.values() if isinstance(one.result, bytes)]
    for one in chosen[:: max(1, len(chosen) // 12)]:
        if one_liner(one) is not None:
            assert php(one) == one.result, one.id


@pytest.mark.parametrize(
    ("profile", "answer"),
    [
        ("unescaped_slashes", b'{"a":"/\\u00e9","n":0.1}'),
        ("unescaped_unicode", '{"a":"\\/\u00e9","n":0.1}'.encode()),
        ("precision=17", b'{"a":"\\/\\u00e9","n":0.10000000000000001}'),
    ],
)
def test_settings_of_php(profile: str, answer: bytes) -> None:
    """The settings are in the command."""
    text = '{"n":0.1,"a":"/\u00e9"}'.encode()
    assert php(case("canonicalize", text, profile=profile)) == answer


def test_signatures() -> None:
    """What is signed verifies."""
    public = (KEYS / "rsa-2048.pub.pem").read_bytes()
    body = php(case("body", b'{"b":1,"a":"/"}', KEY))
    assert php(case("verify", body, public)) == b"1"
    assert php(case("verify", body.replace(b"1", b"2", 1), public)) == b"0"
    signature = php(case("sign", b'{"a":"\\/","b":1}', KEY))
    assert signature.decode() in body.decode().replace("\\/", "/")
    assert b'"abc"' in php(case("base64", base64.b64encode(b"abc")))


def test_what_php_has_no_function_for() -> None:
    """Parameters, keys, locked keys and old versions have no command."""
    assert one_liner(case("canonicalize-tree", b"{}")) is None
    assert one_liner(case("canonicalize", b"{}", profile="ksort=7")) is None
    assert one_liner(replace(case("sign", b"x", KEY), password=b"p")) is None
