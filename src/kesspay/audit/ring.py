"""
The keys of an audit: who signed when, and which keys are your own.

A ring is a TOML file, so that it can stand in version control next to the report::

    skew = "5m"                  # widens every window, to both sides
    [[key]]
    name = "kess-2025"
    file = "kess-2025.pem"       # relative to the ring
    fingerprint = "9f..."        # optional, must agree
    from = 2025-01-01T00:00:00Z  # inclusive, optional
    until = 2026-09-17T00:00:00Z # exclusive, optional
    [[own]]                      # your public keys
    name = "us"
    file = "us.pub.pem"

It is read strictly: an unknown or misspelled entry is an error, since a key whose
window is left out verifies at every time.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kesspay._shown import shown_path, shown_value
from kesspay.audit.arguments import require
from kesspay.errors import InputError, KeyLoadError
from kesspay.signing.arguments import file_path
from kesspay.signing.keys import PublicKey


if TYPE_CHECKING:
    from collections.abc import Iterable

    from kesspay.signing.arguments import PathLike


__all__ = ["Ring", "RingKey"]

_TOP: Final = ("skew", "key", "own")
_KEY: Final = ("name", "file", "fingerprint", "from", "until")
_OWN: Final = ("name", "file", "fingerprint")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_SKEW: Final = re.compile(r"([0-9]{1,9})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MOST_SKEW: Final = timedelta(days=366)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
#: Above a ring file, and above the public keys in it.
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class RingKey:
    """
    A public key of the gateway, or one of your own.

    Attributes:
        name: the name that verdicts and the report show.
        key: the key.
        since: the first moment at which the key signed; None sets no limit.
        until: the first moment at which it signed no more; None sets no limit.
            Both have a time zone.

    Raises:
        InputError: a field cannot be used.
    """

    name: str
    key: PublicKey
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        """
        Check the fields.

        Raises:
            InputError: one of them cannot be used.
        """
        name: object = self.name
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise InputError(
                "the name of a key is 1 to 64 letters, digits, dots, hyphens and"
                f" underscores; got {shown_value(name)}"
            )
        if not isinstance(self.key, PublicKey):
            raise InputError(f"key {self.name!r} is no PublicKey")
        moments: dict[str, object] = {"from": self.since, "until": self.until}
        for word, moment in moments.items():
            if moment is None:
                continue
            if not isinstance(moment, datetime) or moment.tzinfo is None:
                raise InputError(
                    f"{word} of key {self.name!r} must be a date and time with its"
                    " zone, such as 2026-09-17T00:00:00Z"
                )
        if self.since and self.until and self.since >= self.until:
            raise InputError(f"key {self.name!r} ends (until) before it begins (from)")

    @property
    def has_window(self) -> bool:
        """True where the key has a ``since`` or an ``until``."""
        return self.since is not None or self.until is not None

    def bounds(self, skew: timedelta) -> tuple[int | None, int | None]:
        """Return the window in microseconds since 1970, widened by the skew."""
        since = (
            None if self.since is None else _micros(self.since) - skew // _MICROSECOND
        )
        until = (
            None if self.until is None else _micros(self.until) + skew // _MICROSECOND
        )
        return since, until


@dataclass(frozen=True, slots=True)
class Ring:
    """
    The keys of an audit.

    It may be pickled: it holds public keys only.

    Attributes:
        keys: the keys of the gateway, at least one; windows may overlap.
        own: your public keys, which verify requests and never answers.
        skew: widens every window, to both sides; 0 to 366 days.

    Raises:
        InputError: no key, a name or a key twice, or a skew out of range.
    """

    keys: tuple[RingKey, ...]
    own: tuple[RingKey, ...] = ()
    skew: timedelta = field(default=timedelta(0))

    def __post_init__(self) -> None:
        """
        Check the keys against each other.

        Raises:
            InputError: no key, a name or a key twice, or a skew out of range.
        """
        for name, those in {"keys": self.keys, "own": self.own}.items():
            given: object = those
            if not isinstance(given, list | tuple) or not all(
                isinstance(one, RingKey) for one in given
            ):
                raise InputError(f"{name} of a Ring must be a tuple of RingKey")
        require("skew", self.skew, "a timedelta", "total_seconds")
        if not self.keys:
            raise InputError("the ring has no [[key]]: nothing could verify")
        if not timedelta(0) <= self.skew <= _MOST_SKEW:
            raise InputError("skew must be 0s to 366d")
        seen: dict[str, str] = {}
        names: set[str] = set()
        for one in (*self.keys, *self.own):
            if one.name in names:
                raise InputError(f"two keys of the ring have the name {one.name!r}")
            names.add(one.name)
            twin = seen.setdefault(one.key.fingerprint, one.name)
            if twin != one.name:
                raise InputError(
                    f"{twin!r} and {one.name!r} are the same key. If your own key"
                    " stands where the gateway's belongs, every request of yours"
                    " would count as an answer: get the gateway's key from KESS"
                )

    @classmethod
    def of(cls, *keys: PublicKey) -> Ring:
        """
        Make a ring of keys without windows, named key-1, key-2 and so on.

        Raises:
            InputError: no key, or something that is no PublicKey.
        """
        return cls(tuple(RingKey(f"key-{n}", key) for n, key in enumerate(keys, 1)))

    @classmethod
    def load(cls, path: PathLike) -> Ring:
        """
        Read a ring from a TOML file.

        Args:
            path: path of the file.

        Raises:
            InputError: the file cannot be read, or is no ring.
            KeyLoadError: a key of it cannot be loaded; the message names the key.
        """
        place = Path(file_path(path))
        where = f"ring {shown_path(path)}"
        try:
            with place.open("rb") as file:
                text = file.read(_LARGEST + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
        else:
            return cls._read(text, place.parent, where)
        raise InputError(f"cannot read the {where}: {why}")

    @classmethod
    def _read(cls, text: bytes, folder: Path, where: str) -> Ring:
        if len(text) > _LARGEST:
            raise InputError(f"the {where} is longer than 1 MiB")
        try:
            content = tomllib.loads(text.decode("utf-8-sig"))
        except UnicodeDecodeError:
            why = "it is not UTF-8"
        except tomllib.TOMLDecodeError as error:
            # Its words are a place in the file, and no value of it.
            why = re.sub(r"'[^']*'", "a character", str(error))
        else:
            try:
                return cls._made(content, folder)
            except KeyLoadError:
                raise
            except InputError as error:
                why = str(error)
        raise InputError(f"{where}: {why}")

    @classmethod
    def _made(cls, content: dict[str, Any], folder: Path) -> Ring:
        _check_names("the ring", content, _TOP)
        return cls(
            keys=tuple(
                _key("key", entry, _KEY, folder) for entry in _tables(content, "key")
            ),
            own=tuple(
                _key("own", entry, _OWN, folder) for entry in _tables(content, "own")
            ),
            skew=_skew(content.get("skew", "0s")),
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of names, keys, windows and skew, in lower-case hex."""
        text = json.dumps(self.described(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def described(self) -> dict[str, Any]:
        """Return the ring for a manifest or a report."""
        return {
            "skew_seconds": int(self.skew.total_seconds()),
            "keys": [_described(one) for one in self.keys],
            "own": [_described(one) for one in self.own],
        }


def _described(one: RingKey) -> dict[str, Any]:
    return {
        "name": one.name,
        "bits": one.key.bits,
        "fingerprint": one.key.fingerprint,
        "from": _shown_time(one.since),
        "until": _shown_time(one.until),
    }


def _shown_time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _tables(content: dict[str, Any], name: str) -> Iterable[dict[str, Any]]:
    tables = content.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise InputError(f"write [[{name}]] with two brackets, once for each key")
    return tables


def _key(
    sort: str, entry: dict[str, Any], allowed: tuple[str, ...], folder: Path
) -> RingKey:
    where = f"[[{sort}]]"
    name = entry.get("name")
    if isinstance(name, str) and _NAME.fullmatch(name):
        where = f"[[{sort}]] {name!r}"
    _check_names(where, entry, allowed)
    for needed in ("name", "file"):
        if not isinstance(entry.get(needed), str) or not entry[needed]:
            raise InputError(f"{where} needs a text {needed}")
    key = _loaded(where, folder / entry["file"])
    given = entry.get("fingerprint")
    if given is not None:
        _check_fingerprint(where, given, key)
    return RingKey(entry["name"], key, entry.get("from"), entry.get("until"))


def _loaded(where: str, path: Path) -> PublicKey:
    try:
        return PublicKey.from_file(path)
    except KeyLoadError as error:
        error.args = (f"{where} of the ring, file {shown_path(path)}: {error}",)
        raise


def _check_fingerprint(where: str, given: object, key: PublicKey) -> None:
    plain = given.replace(":", "").lower() if isinstance(given, str) else ""
    if not _FINGERPRINT.fullmatch(plain):
        raise InputError(
            f"fingerprint of {where} must be 64 hex digits: openssl pkey -pubin -in"
            " FILE -outform DER | sha256sum"
        )
    if plain != key.fingerprint:
        raise InputError(
            f"the file of {where} has the fingerprint {key.fingerprint}, not the one"
            " in the ring: it is another key"
        )


def _check_names(where: str, content: dict[str, Any], allowed: tuple[str, ...]) -> None:
    for name in content:
        if name not in allowed:
            close = get_close_matches(name, allowed, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            raise InputError(
                f"{where} has an unknown field {shown_value(name)}{hint};"
                f" known are {', '.join(allowed)}"
            )


def _skew(given: object) -> timedelta:
    match = _SKEW.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise InputError(
            'skew must be a text such as "30s", "5m", "1h" or "1d";'
            f" got {shown_value(given)}"
        )
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
