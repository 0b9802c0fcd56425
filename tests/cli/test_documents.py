"""``kesspay canon``, ``sign`` and ``verify`` agree with PHP and openssl."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.forger import body_of, pkcs1
from tests.support.messages import openssl_accepts
from tests.support.php import find_php, php_verify
from tests.support.vectors import iter_profiles, iter_signatures


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


pytestmark = pytest.mark.usefixtures("backend")

LOOSE = '{"b":"/é","a":0.50,"sign":"x"}'
ITS_FORM = b'{"a":0.5,"b":"\\/\\u00e9"}'


def test_a_file_is_read(run: Callable[..., Result], tmp_path: Path) -> None:
    """The canonical bytes come exactly, without a line break."""
    path = tmp_path / "document.json"
    path.write_text(LOOSE, encoding="utf-8")
    result = run("canon", path)
    assert (result.exit_code, result.stdout_bytes) == (0, ITS_FORM)
    assert result.stderr == ""


def test_standard_input_is_read(run: Callable[..., Result]) -> None:
    """A dash stands for standard input."""
    assert run("canon", "-", stdin=LOOSE).stdout_bytes == ITS_FORM


def test_the_json_of_canon(run: Callable[..., Result]) -> None:
    """The fields are those of the help text, and true."""
    result = run("canon", "--json", "-", stdin=LOOSE)
    assert json.loads(result.stdout) == {
        "ok": True,
        "command": "canon",
        "canonical": ITS_FORM.decode(),
        "canonical_sha256": hashlib.sha256(ITS_FORM).hexdigest(),
        "canonical_length": len(ITS_FORM),
        "warnings": [],
    }


@pytest.mark.few(2)
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
    report = json.loads(run("canon", "-", "--json", stdin=document).stdout)
    assert report["ok"] is False
    assert report["command"] == "canon"
    assert report["error"]["type"] == "CanonicalizationError"
    assert report["error"]["reason"] == reason
    assert report["error"]["position"] == position
    assert report["error"]["next"]


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


def test_the_json_of_sign(run: Callable[..., Result], keys: Path) -> None:
    """The fields are those of the help text."""
    key = keys / "rsa-2048.pem"
    report = json.loads(run("sign", "--key", key, "--json", "-", stdin=DOCUMENT).stdout)
    assert report["sign"] == base64.b64encode(pkcs1(CANONICAL)).decode()
    assert report["body"] is None
    assert report["canonical"] == CANONICAL.decode()
    assert len(report["fingerprint"]) == 64
    options = ["sign", "--key", key, "--json", "--body", "-"]
    body = json.loads(run(*options, stdin=DOCUMENT).stdout)["body"]
    assert json.loads(body)["sign"] == report["sign"]


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
    report = run("sign", "--body", "--key", key, "--json", "-", stdin=document).stdout
    assert json.loads(report)["error"]["reason"] == reason


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
    """Two dashes are a mistake that is reported, not an empty document."""
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
    report = run("sign", "--key", key, "--json", "-", stdin=DOCUMENT)
    assert "chmod" in json.loads(report.stdout)["warnings"][0]
    assert report.stderr == ""


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


TEMPLATE = '{"b":1,"a":"x/y","sign_type":"RSA2","sign":"SIGN"}'
VERIFIED = b'{"a":"x\\/y","b":1}'
BODY = body_of(TEMPLATE, pkcs1(VERIFIED))


def test_what_verified_is_printed(run: Callable[..., Result], keys: Path) -> None:
    """The canonical bytes come exactly, and nothing else."""
    result = run("verify", "--key", keys / "rsa-2048.pub.pem", "-", stdin=BODY)
    assert (result.exit_code, result.stdout_bytes, result.stderr) == (0, VERIFIED, "")


def test_quiet_prints_nothing(run: Callable[..., Result], keys: Path) -> None:
    """Only the exit code says whether it verified."""
    key = keys / "rsa-2048.pub.pem"
    result = run("verify", "--quiet", "--key", key, "-", stdin=BODY)
    assert (result.exit_code, result.output) == (0, "")


def test_json_names_the_key_of_the_ring(run: Callable[..., Result], keys: Path) -> None:
    """With several keys the one that verified is named."""
    ring = [keys / "other-2048.pub.pem", keys / "rsa-2048.cert.pem"]
    options = [word for key in ring for word in ("--key", key)]
    report = json.loads(run("verify", *options, "--json", "-", stdin=BODY).stdout)
    assert report["ok"] is True
    assert report["key"]["file"] == str(ring[1])
    assert report["canonical"] == VERIFIED.decode()
    assert report["canonical_sha256"] == hashlib.sha256(VERIFIED).hexdigest()


def test_stored_signatures_get_their_verdicts(
    run: Callable[..., Result], keys: Path, tmp_path: Path
) -> None:
    """Exit code 0 or 1 is PHP's verdict on what PHP and openssl made."""
    path = tmp_path / "body.json"
    seen = set()
    for case in iter_signatures():
        if case.key != "rsa-2048":
            continue
        path.write_bytes(case.body)
        result = run("verify", "--key", keys / f"{case.key}.pub.pem", path)
        assert result.exit_code == (0 if case.valid else 1), case.why
        assert result.stdout_bytes == (case.canonical if case.valid else b"")
        seen.add(case.valid)
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (BODY.replace(b"x/y", b"x/z"), "InvalidSignature", "mismatch"),
        (BODY.replace(b"RSA2", b"RSA"), "InvalidSignature", "sign_type"),
        (b'{"a":1}', "InvalidSignature", "sign_missing"),
        (BODY.replace(b'"b":1', b'"b":1,"b":1'), "DocumentRefused", "duplicate"),
        (b"[]", "DocumentRefused", "not_object"),
        (b"", "DocumentRefused", "syntax"),
        (b"<html>", "DocumentRefused", "syntax"),
    ],
)
def test_what_is_not_authentic_has_exit_code_1(
    run: Callable[..., Result], keys: Path, body: bytes, kind: str, reason: str
) -> None:
    """One line says so and points to explain; nothing of the body is printed."""
    key = keys / "rsa-2048.pub.pem"
    result = run("verify", "--key", key, "-", stdin=body)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "kesspay explain" in result.stderr
    report = json.loads(run("verify", "--key", key, "-", "--json", stdin=body).stdout)
    assert report["ok"] is False
    assert (report["error"]["type"], report["error"]["reason"]) == (kind, reason)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rsa-2048.pem", "secret"),
        ("ec-p256.pub.pem", "algorithm"),
        ("rsa-1024.pub.pem", "size"),
        ("rsa-2048-e3.pub.pem", "exponent"),
        ("missing.pem", "file"),
    ],
)
def test_a_key_that_cannot_verify_has_exit_code_2(
    run: Callable[..., Result], keys: Path, name: str, reason: str
) -> None:
    """An unusable key is not mistaken for a forged body."""
    result = run("verify", "--key", keys / name, "--json", "-", stdin=BODY)
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["reason"] == reason


def test_a_body_that_cannot_be_read_has_exit_code_2(
    run: Callable[..., Result], keys: Path, tmp_path: Path
) -> None:
    """A missing file is not mistaken for a forged body."""
    key = keys / "rsa-2048.pub.pem"
    for path in (tmp_path / "missing", tmp_path):
        result = run("verify", "--key", key, path)
        assert result.exit_code == 2
        assert "cannot read" in result.stderr


def test_the_public_key_may_come_from_standard_input(
    run: Callable[..., Result], keys: Path, tmp_path: Path
) -> None:
    """A public key can be piped in, for a body in a file."""
    path = tmp_path / "body.json"
    path.write_bytes(BODY)
    pem = (keys / "rsa-2048.pub.pem").read_bytes()
    assert run("verify", "--key", "-", path, stdin=pem).stdout_bytes == VERIFIED


def test_profiles_apply(run: Callable[..., Result], keys: Path) -> None:
    """A gateway with other settings verifies only under them."""
    text = b'{"a":"x/y","b":1}'
    body = body_of(TEMPLATE, pkcs1(text))
    key = keys / "rsa-2048.pub.pem"
    assert run("verify", "--key", key, "-", stdin=body).exit_code == 1
    result = run("verify", "--key", key, "--unescaped-slashes", "-", stdin=body)
    assert (0, text) == (result.exit_code, result.stdout_bytes)
