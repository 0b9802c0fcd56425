"""``kesspay keys``: make a pair of keys, and check that two files are a pair."""

from __future__ import annotations

import io
import os
import re
import stat
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kesspay._shown import shown_path
from kesspay.cli.inputs import (
    ask_password,
    can_ask,
    create_file,
    given_password,
    is_stdin,
    read_file,
    require_path,
)
from kesspay.cli.options import FILE, json_option, password_options
from kesspay.cli.outcome import EXIT_NOT_AUTHENTIC, EXIT_OK, Outcome
from kesspay.cli.printer import printable
from kesspay.errors import InputError, KeyLoadError


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.cli.printer import Printer
    from kesspay.signing.keys import PrivateKey, PublicKey


__all__ = ["KeyFileReport", "keys", "make_keys", "report_private", "report_public"]

_GENERATE_HELP: Final = """\
Make an RSA key, the private one in PRIV, the public one in PUB.

Only its owner can read PRIV; it is encrypted if a password is given. An
existing file is never overwritten. Give PUB to KESS, and its fingerprint over
another channel.

\b
JSON fields
    private      path, encrypted (true or false)
    public       path
    bits         length of the modulus
    fingerprint  SHA-256 of the public key (SubjectPublicKeyInfo) in hex
"""

_CHECK_HELP: Final = """Check that PRIV and PUB are the two halves of one key.

Exit code 1 means that they are not, or that the key policy refuses one
of them. Warnings about permissions do not change the exit code.

\b
JSON fields
    match    true, false, or null where a file holds no usable key
    private  and
    public   the same for each file:
        path, kind (what was found), form, bits, fingerprint,
        mode ("0600" or null), exposed (others can read the private or
        change the public key file), policy ("ok" or the reason of the
        refusal), problem (text or null)
"""


@click.group("keys")
def keys() -> None:
    """Make a pair of keys, and check key files."""


@keys.command("generate", help=_GENERATE_HELP)
@click.argument("priv", type=FILE)
@click.argument("pub", type=FILE)
@click.option(
    "--bits",
    type=click.Choice(["2048", "3072", "4096"]),
    default="2048",
    show_default=True,
    help="Length of the modulus. Longer keys sign more slowly.",
)
@click.option("--encrypt", is_flag=True, help="Ask for a password on the terminal.")
@password_options
@json_option
def generate(
    priv: str,
    pub: str,
    bits: str,
    *,
    encrypt: bool,
    password_file: str | None,
    password_env: str | None,
) -> Outcome:
    """Make a pair of keys."""
    if is_stdin(priv) or is_stdin(pub):
        raise InputError("keys are written to files only")
    password = given_password(password_file, password_env)
    if encrypt and password is None:
        if not can_ask():
            raise InputError(
                "there is no terminal to ask for a password on; use --password-file "
                "or --password-env"
            )
        password = ask_password("New password", confirm=True)
    fingerprint = make_keys(priv, pub, int(bits), password)
    rows = [
        ("private key", priv + (" (encrypted)" if password else " (not encrypted)")),
        ("public key", pub),
        ("bits", bits),
        ("fingerprint", fingerprint),
    ]
    return Outcome(
        "keys generate",
        {
            "private": {"path": priv, "encrypted": password is not None},
            "public": {"path": pub},
            "bits": int(bits),
            "fingerprint": fingerprint,
        },
        lambda printer: printer.table(rows),
    )


@keys.command("check", help=_CHECK_HELP)
@click.argument("priv", type=FILE)
@click.argument("pub", type=FILE)
@password_options
@json_option
def check(
    priv: str, pub: str, *, password_file: str | None, password_env: str | None
) -> Outcome:
    """Compare two key files."""
    private = report_private(priv, password_file, password_env)
    public = report_public(pub)
    match = None
    if private.fingerprint and public.fingerprint:
        match = private.fingerprint == public.fingerprint
    good = match and private.policy == public.policy == "ok"

    def view(printer: Printer) -> None:
        printer.table(_rows(private), "Private key")
        printer.line()
        printer.table(_rows(public), "Public key")
        printer.line()
        printer.line(*_verdict(match=match))

    return Outcome(
        "keys check",
        {"match": match, "private": asdict(private), "public": asdict(public)},
        view,
        EXIT_OK if good else EXIT_NOT_AUTHENTIC,
    )


def _rows(report: KeyFileReport) -> list[tuple[str, str]]:
    """Write a report for people."""
    rows = [("file", report.path), ("found", f"{report.kind}, {report.form}")]
    if report.fingerprint:
        rows += [("bits", str(report.bits)), ("fingerprint", report.fingerprint)]
    if report.mode:
        note = " (open to others; chmod 600 closes it)" if report.exposed else ""
        rows.append(("permissions", report.mode + note))
    rows.append(("policy", report.problem or "ok"))
    return rows


def _verdict(*, match: bool | None) -> tuple[str, str]:
    """Give the verdict and its colour."""
    if match is None:
        return "The files cannot be compared.", "bold red"
    if match:
        return "The files are the two halves of one key.", "bold green"
    return "The files do not belong together.", "bold red"


#: Refusals of the key policy: the file holds a key, but not a good one.
_POLICY: Final = frozenset(
    {
        "kind",
        "secret",
        "algorithm",
        "size",
        "modulus",
        "exponent",
        "inconsistent",
    }
)
_ANY_ACCESS: Final = stat.S_IRWXG | stat.S_IRWXO
_DER: Final = b"\x30"
_LABEL: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=]{64,}")
#: How far into a file the label of a key is looked for.
_LINES: Final = 200
_LINE: Final = 200
_CHANGE: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class KeyFileReport:
    """
    What is known about a key file.

    Args:
        path: as it was given.
        kind: what was found, "a private key".
        form: how it is written, "PEM (PRIVATE KEY)", "DER" or "base64".
        bits: of the modulus, or None.
        fingerprint: of the public half, or None.
        mode: permission bits, "0600", or None where there are none.
        exposed: whether others have access that they should not have: any to
            a private key, and that of changing a public one.
        policy: "ok", or the reason of the refusal.
        problem: the refusal in words, or None.
    """

    path: str
    kind: str
    form: str
    bits: int | None
    fingerprint: str | None
    mode: str | None
    exposed: bool
    policy: str
    problem: str | None


def report_private(
    path: str, password_file: str | None, password_env: str | None
) -> KeyFileReport:
    """
    Report on a private key.

    Raises:
        KeyLoadError: there is no key in the file, or no password for it.
    """
    from kesspay.signing.keys import PrivateKey

    password = given_password(password_file, password_env)
    data = read_file(path) if is_stdin(path) else None

    form = _form(io.BytesIO(data)) if data is not None else ""

    def load(*, weak: bool) -> PrivateKey:
        if data is not None:
            return PrivateKey.from_pem(data, password, dangerously_allow_weak_key=weak)
        return PrivateKey.from_file(path, password, dangerously_allow_weak_key=weak)

    try:
        return _report(path, "a private key", _ANY_ACCESS, load, form)
    except KeyLoadError as error:
        askable = password is None and data is None and can_ask()
        if error.reason != "password" or not askable:
            raise
    password = ask_password(f"Password of {printable(path)}")
    return _report(path, "an encrypted private key", _ANY_ACCESS, load, form)


def report_public(path: str) -> KeyFileReport:
    """
    Report on a public key.

    Raises:
        KeyLoadError: there is no key in the file.
    """
    from kesspay.signing.keys import PublicKey

    data = read_file(path) if is_stdin(path) else None

    form = _form(io.BytesIO(data)) if data is not None else ""

    def load(*, weak: bool) -> PublicKey:
        if data is not None:
            return PublicKey.from_pem(data, dangerously_allow_weak_key=weak)
        return PublicKey.from_file(path, dangerously_allow_weak_key=weak)

    return _report(path, "a public key", _CHANGE, load, form)


def _report(
    path: str,
    kind: str,
    bad_mode: int,
    load: Callable[..., PrivateKey | PublicKey],
    form: str,
) -> KeyFileReport:
    """Load a key, if need be against the policy, and describe it."""
    policy, problem = "ok", None
    key: PrivateKey | PublicKey | None
    try:
        key = load(weak=False)
    except KeyLoadError as error:
        if error.reason not in _POLICY:
            raise
        policy, problem = error.reason, str(error)
        kind = error.found or kind
        key = _weak(load)
    mode = _mode(path)
    return KeyFileReport(
        path=path,
        kind=kind,
        form=form or _form_of_file(path),
        bits=key.bits if key else None,
        fingerprint=key.fingerprint if key else None,
        mode=None if mode is None else f"{mode:04o}",
        exposed=bool(mode is not None and mode & bad_mode),
        policy=policy,
        problem=problem,
    )


def _weak(
    load: Callable[..., PrivateKey | PublicKey],
) -> PrivateKey | PublicKey | None:
    """Load a key that the policy refuses, to look at it only."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return load(weak=True)
    except KeyLoadError:
        return None


def _form_of_file(path: str) -> str:
    """Say how the key in a file is written."""
    with Path(path).open("rb", buffering=0) as file:
        return _form(file)


def _form(file: io.RawIOBase | io.BytesIO) -> str:
    """
    Say how a key is written, from what precedes it in the file.

    No more is read than that, so nothing of a private key comes along.
    """
    first = file.read(1)
    if first == _DER:
        return "DER"
    line = (first or b"") + file.readline(_LINE)
    for _ in range(_LINES):
        found = _LABEL.search(line)
        if found:
            return f"PEM ({found[1].decode()})"
        if b"-" not in line and _BASE64.fullmatch(line.strip()):
            return "base64"
        line = file.readline(_LINE)
    return "text"


def _mode(path: str) -> int | None:
    """Return the permission bits of a file where they mean something."""
    if os.name != "posix" or is_stdin(path):
        return None
    return stat.S_IMODE(Path(path).stat().st_mode)


_EXPONENT: Final = 65537
_OWNER_ONLY: Final = 0o600
_READABLE: Final = 0o644
#: OpenSSL reads at most this much of a password.
_LONGEST_PASSWORD: Final = 1023


def make_keys(
    private_path: str, public_path: str, bits: int, password: bytes | None
) -> str:
    """
    Make a key and write its halves to two new files.

    What was written is read again and compared before this returns.

    Args:
        private_path: PKCS#8 PEM, mode 0600.
        public_path: SubjectPublicKeyInfo PEM, mode 0644.
        bits: of the modulus.
        password: to encrypt the private key with, or None.

    Returns:
        The fingerprint of the public key.

    Raises:
        InputError: a file exists or cannot be written, or the password is
            too long.

    Source: RFC 5958, RFC 7468.
    """
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import rsa

    for path in (private_path, public_path):
        require_path(path)
        if os.path.lexists(path):
            raise InputError(f"{shown_path(path)} exists and is never overwritten")
    if password is not None and len(password) > _LONGEST_PASSWORD:
        raise InputError(f"the password is longer than {_LONGEST_PASSWORD} bytes")
    encryption: form.KeySerializationEncryption = form.NoEncryption()
    if password is not None:
        encryption = form.BestAvailableEncryption(password)
    key = rsa.generate_private_key(_EXPONENT, bits)
    public = key.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, encryption)
    create_file(private_path, private, _OWNER_ONLY)
    try:
        create_file(public_path, public, _READABLE)
    except InputError:
        # Half a pair is of no use, and this private key was never used.
        Path(private_path).unlink()
        raise
    return _checked(private_path, public_path, password)


def _checked(private_path: str, public_path: str, password: bytes | None) -> str:
    """Read both files again and compare them."""
    from kesspay.signing.keys import PrivateKey, PublicKey

    private = PrivateKey.from_file(private_path, password)
    public = PublicKey.from_file(public_path)
    if private.public_key != public:
        raise InputError("the files that were written do not belong together")
    return public.fingerprint
