"""``kesspay keys`` makes keys that others accept, and never harms a file."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from kesspay.cli import inputs
from kesspay.cli import keys as module


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


SECRET = "tr0ub4dor & 3"


def openssl_text(path: Path, *options: str) -> str:
    """Let openssl read a key."""
    done = subprocess.run(
        ["openssl", "pkey", "-in", str(path), "-noout", "-text", *options],
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


@pytest.mark.few(1)
@pytest.mark.parametrize("bits", ["2048", "3072"])
def test_keys_are_made(run: Callable[..., Result], tmp_path: Path, bits: str) -> None:
    """Openssl reads both files; only the owner can read the private one."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    before = os.umask(0)
    try:
        result = run("keys", "generate", private, public, "--bits", bits, "--json")
    finally:
        os.umask(before)
    assert result.exit_code == 0
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(public.stat().st_mode) == 0o644
    assert f"{bits} bit" in openssl_text(private, "-check")
    assert "65537" in openssl_text(public, "-pubin")
    report = json.loads(result.stdout)
    assert report["bits"] == int(bits)
    assert report["private"] == {"path": str(private), "encrypted": False}
    checked = json.loads(run("keys", "check", private, public, "--json").stdout)
    assert checked["match"] is True
    assert checked["public"]["fingerprint"] == report["fingerprint"]


def test_the_fingerprint_is_that_of_openssl(
    run: Callable[..., Result], keys: Path
) -> None:
    """It is the SHA-256 of the SubjectPublicKeyInfo, as anyone can compute."""
    public = keys / "rsa-2048.pub.pem"
    pipe = f"openssl pkey -pubin -in {public} -outform DER | openssl dgst -sha256 -r"
    done = subprocess.run(["sh", "-c", pipe], capture_output=True, check=True)
    fingerprint = done.stdout.split()[0].decode()
    result = run("keys", "check", keys / "rsa-2048.pem", public)
    assert result.stdout.count(fingerprint) == 2


@pytest.mark.parametrize("source", ["file", "environment"])
def test_keys_can_be_encrypted(
    run: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
) -> None:
    """The private key opens with the password only, and never shows it."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    monkeypatch.setenv("KEY_PASSWORD", SECRET)
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\r\nsecond line\n", encoding="utf-8")
    options = ["--password-env", "KEY_PASSWORD"]
    if source == "file":
        options = ["--password-file", str(secret)]
    made = run("keys", "generate", private, public, *options)
    assert made.exit_code == 0
    assert "(encrypted)" in made.stdout
    assert SECRET not in made.output
    assert b"ENCRYPTED PRIVATE KEY" in private.read_bytes()
    key = load_pem_private_key(private.read_bytes(), SECRET.encode())
    assert isinstance(key, rsa.RSAPrivateKey)
    assert run("keys", "check", private, public, *options).exit_code == 0
    without = run("keys", "check", private, public)
    assert without.exit_code == 2
    assert "--password-file" in without.stderr


@pytest.mark.parametrize("existing", ["private", "public"])
@pytest.mark.parametrize("as_link", [True, False])
def test_nothing_is_overwritten(
    run: Callable[..., Result], tmp_path: Path, existing: str, *, as_link: bool
) -> None:
    """An existing file, or a link to nowhere, stays; nothing else is left."""
    paths = {name: tmp_path / f"{name}.pem" for name in ("private", "public")}
    if as_link:
        paths[existing].symlink_to(tmp_path / "nowhere")
    else:
        paths[existing].write_bytes(b"precious")
    result = run("keys", "generate", paths["private"], paths["public"])
    assert result.exit_code == 2
    assert "never overwritten" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == [f"{existing}.pem"]
    if not as_link:
        assert paths[existing].read_bytes() == b"precious"


def test_half_a_pair_is_not_left(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk is full for the public key, the private one goes too."""
    real = os.fsync
    calls: list[int] = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    result = run("keys", "generate", tmp_path / "a", tmp_path / "b")
    assert result.exit_code == 2
    assert "No space left" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_is_read_again(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that does not hold what was meant is noticed."""
    real = inputs.create_file

    def mixed_up(path: str, content: bytes, mode: int) -> None:
        if path.endswith("public"):
            other = rsa.generate_private_key(65537, 2048).public_key()
            content = other.public_bytes(
                Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
            )
        real(path, content, mode)

    monkeypatch.setattr(module, "create_file", mixed_up)
    result = run("keys", "generate", tmp_path / "private", tmp_path / "public")
    assert result.exit_code == 2
    assert "do not belong together" in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-", "public"], "files only"),
        (["private", "-"], "files only"),
        (["private", "public", "--bits", "1024"], "1024"),
        (["missing/private", "public"], "cannot write"),
        (["private", "public", "--encrypt"], "--password-file"),
        (["private", "public", "--password-env", "NOT_SET"], "NOT_SET"),
        (["private", "public", "--password-file", "empty"], "is empty"),
        (["private", "public", "--password-file", "long"], "longer than 1023"),
        (["private", "public", "--password-file", "gone"], "cannot read"),
        (
            ["private", "public", "--password-file", "long", "--password-env", "X"],
            "not both",
        ),
    ],
)
def test_mistakes_are_reported_and_nothing_is_written(
    run: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    words: str,
) -> None:
    """One line, exit code 2, and no key file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_bytes(b"\nsecond")
    (tmp_path / "long").write_bytes(b"x" * 1024)
    result = run("keys", "generate", *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert {p.name for p in tmp_path.iterdir()} == {"empty", "long"}


@pytest.mark.usefixtures("backend")
class TestCheck:
    """``kesspay keys check`` on both backends."""

    def test_halves_of_one_key(self, run: Callable[..., Result], keys: Path) -> None:
        """All wrappings of both halves belong together."""
        for private in ("rsa-2048.pem", "rsa-2048.pkcs1.der", "rsa-2048.pkcs8.der"):
            for public in ("rsa-2048.pub.der", "rsa-2048.cert.pem"):
                result = run("keys", "check", keys / private, keys / public)
                assert result.exit_code == 0
                assert "two halves of one key" in result.stdout

    @pytest.mark.parametrize(
        ("name", "form"),
        [
            ("rsa-2048.pem", "PEM (PRIVATE KEY)"),
            ("rsa-2048.pkcs1.pem", "PEM (RSA PRIVATE KEY)"),
            ("rsa-2048.encrypted.pem", "PEM (ENCRYPTED PRIVATE KEY)"),
            ("rsa-2048.pkcs8.der", "DER"),
            ("bare", "base64"),
            ("one line", "base64"),
            ("explained", "PEM (PRIVATE KEY)"),
            ("environment", "PEM (PRIVATE KEY)"),
        ],
    )
    def test_how_a_key_is_written(
        self, run: Callable[..., Result], keys: Path, name: str, form: str
    ) -> None:
        """The wrapping is named, from a file and from standard input."""
        pem = (keys / "rsa-2048.pem").read_bytes()
        bare = b"\n".join(pem.splitlines()[1:-1])
        (keys / "bare").write_bytes(bare)
        (keys / "one line").write_bytes(bare.replace(b"\n", b""))
        (keys / "explained").write_bytes(b"Bag Attributes\n  x: y\n\n" + pem)
        (keys / "environment").write_bytes(pem.replace(b"\n", b"\\n"))
        (keys / "password").write_text("correct horse", encoding="utf-8")
        public = keys / "rsa-2048.pub.pem"
        password = ("--password-file", keys / "password", "--json")
        data = (keys / name).read_bytes()
        for path, piped in ((keys / name, None), ("-", data)):
            result = run("keys", "check", path, public, *password, stdin=piped)
            assert json.loads(result.stdout)["private"]["form"] == form

    def test_long_explanations_in_front_of_a_key(
        self, run: Callable[..., Result], keys: Path
    ) -> None:
        """A label is looked for in the first lines only."""
        path = keys / "long"
        pem = (keys / "rsa-2048.pem").read_bytes()
        path.write_bytes(b"explanation\n" * 1000 + pem)
        path.chmod(0o600)
        result = run("keys", "check", path, keys / "rsa-2048.pub.pem", "--json")
        assert json.loads(result.stdout)["private"]["form"] == "text"

    def test_halves_of_two_keys(self, run: Callable[..., Result], keys: Path) -> None:
        """Keys that do not belong together have exit code 1."""
        paths = (keys / "rsa-2048.pem", keys / "other-2048.pub.pem")
        result = run("keys", "check", *paths, "--json")
        assert result.exit_code == 1
        report = json.loads(result.stdout)
        assert (report["ok"], report["match"]) == (False, False)
        assert "do not belong together" in run("keys", "check", *paths).stdout

    @pytest.mark.parametrize(
        ("private", "public", "policy", "match"),
        [
            ("rsa-1024.pem", "rsa-1024.pub.pem", ("size", "size"), True),
            ("rsa-2048-e3.pem", "rsa-2048-e3.pub.pem", ("exponent", "exponent"), True),
            ("rsa-1024.pem", "rsa-2048.pub.pem", ("size", "ok"), False),
            ("ec-p256.pem", "rsa-2048.pub.pem", ("algorithm", "ok"), None),
            ("rsa-2048.pub.pem", "rsa-2048.pem", ("kind", "secret"), None),
            ("rsa-2048.pem", "ed25519.pub.pem", ("ok", "algorithm"), None),
        ],
    )
    def test_the_policy_has_its_say(
        self,
        run: Callable[..., Result],
        keys: Path,
        private: str,
        public: str,
        policy: tuple[str, str],
        match: bool | None,  # noqa: FBT001 - a table
    ) -> None:
        """A key that must not be used is described all the same, exit code 1."""
        paths = (keys / private, keys / public)
        result = run("keys", "check", *paths, "--json")
        assert result.exit_code == 1
        report = json.loads(result.stdout)
        assert policy == (report["private"]["policy"], report["public"]["policy"])
        assert report["match"] is match
        for half in (report["private"], report["public"]):
            assert (half["problem"] is None) == (half["policy"] == "ok")
        assert run("keys", "check", *paths).exit_code == 1

    def test_permissions_are_reported(
        self, run: Callable[..., Result], keys: Path
    ) -> None:
        """A private key others can read, a public key others can change."""
        private, public = keys / "rsa-2048.pem", keys / "rsa-2048.pub.pem"
        for modes, exposed in (
            ((0o600, 0o644), (False, False)),
            ((0o640, 0o664), (True, True)),
            ((0o604, 0o646), (True, True)),
        ):
            private.chmod(modes[0])
            public.chmod(modes[1])
            result = run("keys", "check", private, public, "--json")
            assert result.exit_code == 0
            report = json.loads(result.stdout)
            halves = (report["private"], report["public"])
            assert exposed == tuple(half["exposed"] for half in halves)
            assert [half["mode"] for half in halves] == [f"{m:04o}" for m in modes]
        assert "chmod 600" in run("keys", "check", private, public).stdout

    def test_standard_input_has_no_permissions(
        self, run: Callable[..., Result], keys: Path
    ) -> None:
        """Either file may be piped in."""
        private, public = keys / "rsa-2048.pem", keys / "rsa-2048.pub.pem"
        for paths, data in (
            (("-", public), private.read_bytes()),
            ((private, "-"), public.read_bytes()),
        ):
            report = run("keys", "check", *paths, "--json", stdin=data)
            assert report.exit_code == 0
            modes = [
                json.loads(report.stdout)[half]["mode"]
                for half in ("private", "public")
            ]
            assert modes.count(None) == 1
            shown = run("keys", "check", *paths, stdin=data).stdout
            assert shown.count("permissions: ") == 1

    @pytest.mark.parametrize("name", ["README.md", "missing", "rsa-2048.encrypted.pem"])
    def test_a_file_without_a_usable_key(
        self, run: Callable[..., Result], keys: Path, name: str
    ) -> None:
        """There is nothing to compare: exit code 2."""
        result = run("keys", "check", keys / name, keys / "rsa-2048.pub.pem")
        assert result.exit_code == 2
        assert result.stderr.count("\n") == 1
