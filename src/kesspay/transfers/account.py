"""
Which account of which gateway a journal belongs to (R10).

The payments of one account say nothing about another gateway or partner. So a
journal records the base URL and the partner id of the first client that uses it,
and every other account is refused before anything is sent and before a result is
read from the journal.

Keys, passwords and the spelling of the URL may change: the account stays the same.
The fingerprints of the keys are recorded for information only.
"""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from getpass import getuser
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, get_args
from urllib.parse import urlsplit

from kesspay._checks import plain_fields, require
from kesspay.errors import InputError, LeaseHeld, WrongAccount
from kesspay.gateway.endpoint import Endpoint
from kesspay.gateway.messages import check_header
from kesspay.signing.keyring import KeyRing


if TYPE_CHECKING:
    from collections.abc import Sequence

    from kesspay.gateway.base import BaseClient
    from kesspay.gateway.flow import Engine


__all__ = [
    "Account",
    "Binding",
    "KnownKey",
    "Ownership",
    "Whose",
    "account_of",
    "check_binding",
    "check_by",
    "check_owner",
    "check_rebind",
    "keys_of",
    "normalised",
    "ownership_for",
    "this_process",
]

Whose = Literal["partner", "gateway"]
"""Whose key it is."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
#: RFC 3986 2.3: characters that mean the same escaped and as they are.
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_WORD: Final = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class Account:
    """
    A partner at a gateway. Two spellings of one base URL are equal.

    Args:
        base_url: base URL of the gateway; stored in the normal form of RFC 3986,
            section 6.2.
        partner_id: the partner's id at the gateway; upper and lower case differ.

    Raises:
        FieldError: one of them breaks a rule.
    """

    base_url: str
    partner_id: str

    def __post_init__(self) -> None:
        """Check both, and bring the URL into its one form."""
        plain_fields(self)
        check_header("partner_id", self.partner_id, 64, secret=False)
        object.__setattr__(self, "base_url", normalised(self.base_url))

    def __str__(self) -> str:
        """Name both; neither is a secret."""
        return f"partner {self.partner_id} at {self.base_url}"


@dataclass(frozen=True, slots=True)
class Binding:
    """
    Records that a journal belonged to an account from a moment on.

    Attributes:
        account: the account.
        at: that moment, in seconds since 1970.
        by: the user, the host and the process that recorded it.
    """

    account: Account
    at: float
    by: str


@dataclass(frozen=True, slots=True)
class KnownKey:
    """
    A key that was used with a journal. Information only.

    Attributes:
        whose: "partner" for a key that signs requests, "gateway" for one that
            verifies answers.
        fingerprint: SHA-256 of the DER SubjectPublicKeyInfo, in lower-case hex.
        since: when it was first used, in seconds since 1970.
    """

    whose: Whose
    fingerprint: str
    since: float


@dataclass(frozen=True, slots=True)
class Ownership:
    """
    The accounts and keys that a journal records.

    Attributes:
        bindings: the accounts, oldest first; the last one is the present one. Empty
            where no client has used the journal yet.
        keys: every key that was used with it, oldest first.
    """

    bindings: tuple[Binding, ...] = ()
    keys: tuple[KnownKey, ...] = ()

    @property
    def account(self) -> Account | None:
        """The account, or None where no client has used the journal yet."""
        return self.bindings[-1].account if self.bindings else None


class _Owned(Protocol):
    """A journal, as far as it is needed here."""

    def ownership(self) -> Ownership:
        """Return which account it belongs to."""


# ------------------------------------------------------------------ of a client


def account_of(engine: Engine) -> Account:
    """Return the account that a client works for."""
    return Account(engine.endpoint.base_url, engine.credentials.partner_id)


def keys_of(engine: Engine) -> tuple[tuple[Whose, str], ...]:
    """Return whose keys a client uses, and the fingerprint of each that has one."""
    verifier = engine.verifier
    verifiers = verifier.keys if isinstance(verifier, KeyRing) else (verifier,)
    found: list[tuple[Whose, object]] = [
        ("partner", getattr(engine.signer, "fingerprint", None)),
        *(("gateway", getattr(key, "fingerprint", None)) for key in verifiers),
    ]
    # A signer of the caller's own may call anything a fingerprint.
    return tuple(
        (whose, text)
        for whose, text in found
        if isinstance(text, str) and _FINGERPRINT.fullmatch(text)
    )


def this_process() -> str:
    """Return the user, the host and the process, as the journal records them."""
    try:
        user = getuser()
    except (OSError, KeyError, ImportError):
        # A container may run under a number that has no name.
        user = "unknown"
    text = f"{user:.48}@{socket.gethostname():.64}:{os.getpid()}"
    return re.sub(r"[^!-~]", "_", text)


# ------------------------------------------------------------------ the checks


def check_owner(owner: Account, account: Account) -> None:
    """
    Check that a journal belongs to the account that wants to use it.

    Raises:
        WrongAccount: it belongs to another one.
    """
    if owner != account:
        raise WrongAccount(
            f"the journal belongs to {owner}, and these settings are of {account}."
            " Nothing was sent, and no payment of the journal was judged. Use the"
            " settings of the first, or a journal of its own for the second. Only"
            " where one gateway has moved to another base URL, run: kesspay journal"
            " rebind",
            owner=str(owner),
            account=str(account),
        )


def ownership_for(journal: _Owned, client: BaseClient[Any]) -> Ownership:
    """
    Check that a journal may be used with a client, and write nothing.

    Args:
        journal: the journal.
        client: the client that is to use it.

    Returns:
        What the journal records; without an account where no client used it yet.

    Raises:
        WrongAccount: it belongs to another account.
        JournalError: the journal cannot be used.
    """
    found = journal.ownership()
    if found.account is not None:
        check_owner(found.account, account_of(client.engine))
    return found


def check_by(by: str) -> str:
    """
    Return who binds a journal, if that can be recorded.

    Raises:
        InputError: not 1 to 128 visible ASCII characters.
    """
    require(by, str, "by")
    if _WORD.fullmatch(by) is None:
        raise InputError("by must be 1 to 128 visible ASCII characters")
    return by


def check_binding(account: Account, keys: Sequence[tuple[Whose, str]], by: str) -> None:
    """
    Check what binds a journal, before a database sees it.

    Raises:
        InputError: one of them is of another type, or ``by`` cannot be recorded.
    """
    check_by(by)
    require(account, Account, "account")
    if not isinstance(keys, tuple | list) or not all(map(_is_key, keys)):
        raise InputError("keys must be pairs of whose a key is and its fingerprint")


def _is_key(pair: object) -> bool:
    return (
        isinstance(pair, tuple | list)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and pair[0] in get_args(Whose)
        and isinstance(pair[1], str)
        and _FINGERPRINT.fullmatch(pair[1]) is not None
    )


def check_rebind(
    found: Account | None,
    old: Account | None,
    new: Account,
    *,
    was_used: bool,
    held: float | None,
) -> None:
    """
    Check that a journal may be given to another account.

    A journal asks this inside the transaction that rebinds it.

    Args:
        found: the account that it belongs to now, or None.
        old: the account that the caller believes it belongs to, or None.
        new: the account that it is to belong to.
        was_used: True where it has an entry, so that something may have been sent.
        held: seconds until the last lease ends, None where there is none.

    Raises:
        WrongAccount: ``found`` is not ``old``; or ``new`` is another partner and the
            journal was used.
        LeaseHeld: a payment is being worked on.
    """
    if old is not None:
        require(old, Account, "old")
    if found != old:
        raise WrongAccount(
            f"the journal belongs to {found or 'no account'} by now, and not to"
            f" {old or 'no account'}. Nothing was changed: look again first.",
            owner=str(found or ""),
            account=str(old or ""),
        )
    if found is not None and found.partner_id != new.partner_id and was_used:
        raise WrongAccount(
            f"the journal belongs to {found}, and its payments were sent for that"
            f" partner: it cannot be rebound to {new}. Nothing was changed. Only a"
            " base URL can move; use a journal of its own for another partner.",
            owner=str(found),
            account=str(new),
        )
    if held is not None:
        raise LeaseHeld(
            "a program is working on a payment of this journal, for another"
            f" {held:.1f} s at most, or it was ended while it did. Nothing was changed:"
            " stop every program and worker, wait for that time, and try again."
        )


# ------------------------------------------------------------------ URLs


def normalised(base_url: str) -> str:
    """
    Return the one form of a base URL, by RFC 3986 6.2.2 and 6.2.3.

    The letters of scheme and host are small, a port that goes without saying
    is left out, and so are the dot after a host, the slashes at the end, "."
    and ".." in the path, and the escapes of what needs none.

    Raises:
        FieldError: it is no base URL.
    """
    parts = urlsplit(Endpoint(base_url, allow_plain_http=True).base_url)
    scheme, port = parts.scheme, parts.port
    where = _host(parts.hostname or "")
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        where = f"{where}:{port}"
    return f"{scheme}://{where}{_path(parts.path)}"


def _host(host: str) -> str:
    """Return a host without its last dot, and an IPv6 address in short."""
    host = host.removesuffix(".")
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return f"[{address.compressed}]" if address.version == 6 else host


def _path(path: str) -> str:
    """Return a path without what does not change it."""
    plain = _ESCAPE.sub(_escape, path)
    kept: list[str] = []
    for segment in plain.split("/")[1:]:
        if segment == "..":
            kept[-1:] = []
        elif segment != ".":
            kept.append(segment)
    return "".join(f"/{segment}" for segment in kept).rstrip("/")


def _escape(found: re.Match[str]) -> str:
    """Return an escape in capitals, or the character where it needs none."""
    character = chr(int(found[0][1:], 16))
    return character if _UNRESERVED.fullmatch(character) else found[0].upper()
