"""``kesspay verify`` believes what the guard believes, and nothing else."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.forger import body_of, pkcs1
from tests.support.vectors import iter_signatures


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


pytestmark = pytest.mark.usefixtures("backend")

TEMPLATE = '{"b":1,"a":"x/y","sign_type":"RSA2","sign":"SIGN"}'
CANONICAL = b'{"a":"x\\/y","b":1}'
BODY = body_of(TEMPLATE, pkcs1(CANONICAL))


def test_what_verified_is_printed(run: Callable[..., Result], keys: Path) -> None:
    """The canonical bytes come exactly, and nothing else."""
    result = run("verify", "--key", keys / "rsa-2048.pub.pem", "-", stdin=BODY)
    assert (result.exit_code, result.stdout_bytes, result.stderr) == (0, CANONICAL, "")


def test_quiet_prints_nothing(run: Callable[..., Result], keys: Path) -> None:
    """Only the exit code tells."""
    key = keys / "rsa-2048.pub.pem"
    result = run("verify", "--quiet", "--key", key, "-", stdin=BODY)
    assert (result.exit_code, result.output) == (0, "")


def test_json_tells_which_key_of_the_ring(
    run: Callable[..., Result], keys: Path
) -> None:
    """With several keys the one that verified is named."""
    ring = [keys / "other-2048.pub.pem", keys / "rsa-2048.cert.pem"]
    options = [word for key in ring for word in ("--key", key)]
    told = json.loads(run("verify", *options, "--json", "-", stdin=BODY).stdout)
    assert told["ok"] is True
    assert told["key"]["file"] == str(ring[1])
    assert told["canonical"] == CANONICAL.decode()
    assert told["canonical_sha256"] == hashlib.sha256(CANONICAL).hexdigest()


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
    told = json.loads(run("verify", "--key", key, "-", "--json", stdin=body).stdout)
    assert told["ok"] is False
    assert (told["error"]["type"], told["error"]["reason"]) == (kind, reason)


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


def test_the_key_may_come_from_standard_input(
    run: Callable[..., Result], keys: Path, tmp_path: Path
) -> None:
    """A public key can be piped in, for a body in a file."""
    path = tmp_path / "body.json"
    path.write_bytes(BODY)
    pem = (keys / "rsa-2048.pub.pem").read_bytes()
    assert run("verify", "--key", "-", path, stdin=pem).stdout_bytes == CANONICAL


def test_profiles_apply(run: Callable[..., Result], keys: Path) -> None:
    """A gateway with other settings verifies only under them."""
    text = b'{"a":"x/y","b":1}'
    body = body_of(TEMPLATE, pkcs1(text))
    key = keys / "rsa-2048.pub.pem"
    assert run("verify", "--key", key, "-", stdin=body).exit_code == 1
    result = run("verify", "--key", key, "--unescaped-slashes", "-", stdin=body)
    assert (0, text) == (result.exit_code, result.stdout_bytes)
