"""``kesspay sign`` makes signatures and bodies that others accept."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.forger import pkcs1
from tests.support.messages import openssl_accepts
from tests.support.php import find_php, php_verify


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


pytestmark = pytest.mark.usefixtures("backend")

DOCUMENT = '{"b":"x/y","a":0.50,"c":{}}'
CANONICAL = b'{"a":0.5,"b":"x\\/y","c":[]}'


def test_the_signature_is_over_the_canonical_form(
    run: Callable[..., Result], keys: Path
) -> None:
    """What is printed is what ``cryptography`` makes and openssl accepts."""
    result = run("sign", "--key", keys / "rsa-2048.pem", "-", stdin=DOCUMENT)
    assert result.exit_code == 0
    assert result.stderr == ""
    signature = base64.b64decode(result.stdout.removesuffix("\n"), validate=True)
    assert signature == pkcs1(CANONICAL)
    assert openssl_accepts(signature, CANONICAL)


def test_the_body_verifies_at_a_php_gateway(
    run: Callable[..., Result], keys: Path, tmp_path: Path
) -> None:
    """PHP accepts the body, and so does kesspay verify."""
    key = keys / "rsa-2048.pem"
    result = run("sign", "--body", "--key", key, "-", stdin=DOCUMENT)
    assert result.exit_code == 0
    assert result.stdout.endswith('"}')
    path = tmp_path / "body.json"
    path.write_bytes(result.stdout_bytes)
    verified = run("verify", "--key", keys / "rsa-2048.pub.pem", path)
    assert verified.stdout_bytes == CANONICAL
    if find_php() is not None:
        public = keys / "rsa-2048.pub.pem"
        assert php_verify(public, [result.stdout_bytes]) == [True]


def test_json_has_the_documented_fields(run: Callable[..., Result], keys: Path) -> None:
    """The fields are those of the help text."""
    key = keys / "rsa-2048.pem"
    told = json.loads(run("sign", "--key", key, "--json", "-", stdin=DOCUMENT).stdout)
    assert told["sign"] == base64.b64encode(pkcs1(CANONICAL)).decode()
    assert told["body"] is None
    assert told["canonical"] == CANONICAL.decode()
    assert len(told["fingerprint"]) == 64
    options = ["sign", "--key", key, "--json", "--body", "-"]
    body = json.loads(run(*options, stdin=DOCUMENT).stdout)["body"]
    assert json.loads(body)["sign"] == told["sign"]


def test_numbers_are_signed_as_php_reads_them(
    run: Callable[..., Result], keys: Path
) -> None:
    """A text that means a double beyond 64 bits stays one in the body."""
    document = '{"a":9223372036854775808,"b":1e2,"c":-0}'
    key = keys / "rsa-2048.pem"
    result = run("sign", "--body", "--key", key, "-", stdin=document)
    assert result.stdout.startswith('{"a":9.223372036854776e+18,"b":100,"c":0,')


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ('{"a":1,"a":2}', "duplicate"),
        ('{"a":1,"\\u0061":2}', "duplicate"),
        ('{"a":1,"sign":"x"}', "sign_present"),
        ('{"a":1,"sign_type":"RSA"}', "sign_present"),
        ("[1]", "not_object"),
        ('{"0":1}', "not_object"),
        ('{"a":-0.0}', "not_stable"),
        ('{"a":1e999}', "infinite"),
        ('{"a":1', "syntax"),
    ],
)
def test_what_a_gateway_would_read_differently_is_refused(
    run: Callable[..., Result], keys: Path, document: str, reason: str
) -> None:
    """No body is printed, one line says why, and the exit code is 2."""
    key = keys / "rsa-2048.pem"
    result = run("sign", "--body", "--key", key, "-", stdin=document)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    told = run("sign", "--body", "--key", key, "--json", "-", stdin=document).stdout
    assert json.loads(told)["error"]["reason"] == reason


def test_the_key_may_come_from_standard_input(
    run: Callable[..., Result], keys: Path, tmp_path: Path
) -> None:
    """A key that is piped in never has to be in a file."""
    path = tmp_path / "document.json"
    path.write_text(DOCUMENT, encoding="utf-8")
    pem = (keys / "rsa-2048.pem").read_bytes()
    result = run("sign", "--key", "-", path, stdin=pem)
    assert base64.b64decode(result.stdout) == pkcs1(CANONICAL)


def test_standard_input_can_be_read_only_once(run: Callable[..., Result]) -> None:
    """Two dashes are a mistake that is told, not an empty document."""
    result = run("sign", "--key", "-", "-", stdin="{}")
    assert result.exit_code == 2
    assert "more than once" in result.stderr


def test_an_open_key_file_is_warned_of(run: Callable[..., Result], keys: Path) -> None:
    """The signature is made, the warning is on standard error or in the JSON."""
    key = keys / "rsa-2048.pem"
    key.chmod(0o644)
    result = run("sign", "--key", key, "-", stdin=DOCUMENT)
    assert result.exit_code == 0
    assert result.stderr.startswith("kesspay: warning: ")
    assert result.stderr.count("\n") == 1
    told = run("sign", "--key", key, "--json", "-", stdin=DOCUMENT)
    assert "chmod" in json.loads(told.stdout)["warnings"][0]
    assert told.stderr == ""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rsa-2048.pub.pem", "kind"),
        ("rsa-2048.cert.pem", "kind"),
        ("ec-p256.pem", "algorithm"),
        ("rsa-1024.pem", "size"),
        ("rsa-2048.encrypted.pem", "password"),
        ("README.md", "format"),
        ("missing.pem", "file"),
    ],
)
def test_a_key_that_cannot_sign_is_named(
    run: Callable[..., Result], keys: Path, name: str, reason: str
) -> None:
    """The line says what was found and what to do; exit code 2."""
    result = run("sign", "--key", keys / name, "-", "--json", stdin=DOCUMENT)
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert (error["type"], error["reason"]) == ("KeyLoadError", reason)
    assert error["next"]
