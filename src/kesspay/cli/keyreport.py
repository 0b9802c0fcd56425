"""Report on a key file: what it holds, and whether it may be used."""

from __future__ import annotations

import io
import os
import re
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kesspay.cli.files import is_stdin, read_file
from kesspay.cli.passwords import ask_password, can_ask, given_password
from kesspay.cli.printer import printable
from kesspay.errors import KeyLoadError
from kesspay.signing.keys import PrivateKey, PublicKey


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["KeyFileReport", "report_private", "report_public"]

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
    Say how a key is written, from what stands in front of it.

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
