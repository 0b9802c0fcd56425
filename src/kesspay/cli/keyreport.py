"""Report on a key file: what it holds, and whether it may be used."""

from __future__ import annotations

import os
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
_CHANGE: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class KeyFileReport:
    """
    What is known about a key file.

    Args:
        path: as it was given.
        kind: what was found, "a private key".
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

    def load(*, weak: bool) -> PrivateKey:
        if data is not None:
            return PrivateKey.from_pem(data, password, dangerously_allow_weak_key=weak)
        return PrivateKey.from_file(path, password, dangerously_allow_weak_key=weak)

    try:
        return _report(path, "a private key", _ANY_ACCESS, load)
    except KeyLoadError as error:
        askable = password is None and data is None and can_ask()
        if error.reason != "password" or not askable:
            raise
    password = ask_password(f"Password of {printable(path)}")
    return _report(path, "an encrypted private key", _ANY_ACCESS, load)


def report_public(path: str) -> KeyFileReport:
    """
    Report on a public key.

    Raises:
        KeyLoadError: there is no key in the file.
    """
    data = read_file(path) if is_stdin(path) else None

    def load(*, weak: bool) -> PublicKey:
        if data is not None:
            return PublicKey.from_pem(data, dangerously_allow_weak_key=weak)
        return PublicKey.from_file(path, dangerously_allow_weak_key=weak)

    return _report(path, "a public key", _CHANGE, load)


def _report(
    path: str,
    kind: str,
    bad_mode: int,
    load: Callable[..., PrivateKey | PublicKey],
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


def _mode(path: str) -> int | None:
    """Return the permission bits of a file where they mean something."""
    if os.name != "posix" or is_stdin(path):
        return None
    return stat.S_IMODE(Path(path).stat().st_mode)
