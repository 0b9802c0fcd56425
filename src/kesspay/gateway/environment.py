"""
Settings from environment variables, for ``Client.from_env``.

Secrets can stand in files instead, one for each: ``KESSPAY_PASSWORD_FILE``
names the file that holds the password, which is how containers hand secrets
over. A variable that is set but empty counts as not set.

======================================  =======================================
``KESSPAY_BASE_URL``                    of the gateway, required
``KESSPAY_PARTNER_ID``                  required
``KESSPAY_PARTNER_SECRET_KEY[_FILE]``   required
``KESSPAY_USER_NAME``                   required
``KESSPAY_PASSWORD[_FILE]``             required
``KESSPAY_PRIVATE_KEY[_FILE]``          PEM text or file of the partner, required
``KESSPAY_PRIVATE_KEY_PASSWORD[_FILE]`` where that key is encrypted
``KESSPAY_GATEWAY_KEY[_FILE]``          of KESS, required; several files are
                                        separated like those of ``PATH``
``KESSPAY_TIMEOUT``                     seconds for a call
``KESSPAY_RETRIES``                     0 to 10
``KESSPAY_AMOUNT_FORMAT``               ``number`` or ``string``
``KESSPAY_PROFILE``                     words: ``precision=17`` or ``100``,
                                        ``unescaped_slashes``,
                                        ``unescaped_unicode``, ``ksort=8.0``,
                                        ``preserve_zero_fraction``
``KESSPAY_ALLOW_PLAIN_HTTP``            ``1`` allows plain http to any host
``KESSPAY_CA_FILE``                     authorities to trust, and no others
``KESSPAY_CLIENT_CERT_FILE``            certificate to show, with its key or
``KESSPAY_CLIENT_KEY_FILE``             its key in a file of its own
``KESSPAY_PROXY``                       ``http://[user:password@]host:port``
======================================  =======================================
"""

from __future__ import annotations

import logging
import os
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kesspay._checks import file_path, named, require
from kesspay._secrets import HoldsSecrets
from kesspay._shown import could_be_path, no_path, shown_value
from kesspay.errors import InputError, KeyLoadError
from kesspay.gateway.messages import Credentials
from kesspay.http.trust import Setting, context_of
from kesspay.signing.keypath import why_unreadable
from kesspay.signing.keyring import KeyRing
from kesspay.signing.keys import PrivateKey, PublicKey
from kesspay.signing.profile import Profile


if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Collection, Iterable


__all__ = ["VARIABLES", "Environment", "read_environment"]

_Key = TypeVar("_Key")

_PREFIX: Final = "KESSPAY_"

#: Arguments of a client without which there is none, and their variables.
_REQUIRED: Final = {
    "base_url": ("BASE_URL",),
    "credentials": ("PARTNER_ID", "PARTNER_SECRET_KEY", "USER_NAME", "PASSWORD"),
    "private_key": ("PRIVATE_KEY",),
    "gateway_key": ("GATEWAY_KEY",),
}
#: Settings that may stand in a file: NAME_FILE holds the path.
_IN_FILES: Final = (
    "PARTNER_SECRET_KEY",
    "PASSWORD",
    "PRIVATE_KEY",
    "PRIVATE_KEY_PASSWORD",
    "GATEWAY_KEY",
)
_OTHERS: Final = (
    "TIMEOUT",
    "RETRIES",
    "AMOUNT_FORMAT",
    "PROFILE",
    "ALLOW_PLAIN_HTTP",
    "CA_FILE",
    "CLIENT_CERT_FILE",
    "CLIENT_KEY_FILE",
    "PROXY",
)

#: Every variable that is read here.
VARIABLES: Final = frozenset(
    _PREFIX + name
    for name in (
        *(name for names in _REQUIRED.values() for name in names),
        *(f"{name}_FILE" for name in _IN_FILES),
        "PRIVATE_KEY_PASSWORD",
        *_OTHERS,
    )
)

#: How alike two names are of which one is a misspelling of the other, as difflib
#: counts. A name that others read, KESSPAY_JOURNAL, is like none of these.
_MISSPELT: Final = 0.75

_log = logging.getLogger("kesspay.gateway")

#: Bytes of a file that holds a secret; an RSA key of 16384 bits has 13 KiB.
_LONGEST_SECRET: Final = 64 << 10

_SWITCH: Final = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True, slots=True, eq=False)
class Environment(HoldsSecrets):
    """
    What the variables say.

    Attributes:
        client: arguments of a client.
        transport: arguments of HttpTransport or AsyncHttpTransport.
    """

    client: dict[str, Any] = field(repr=False)
    transport: dict[str, Any] = field(repr=False)


def read_environment(
    variables: Mapping[str, str] | None = None,
    *,
    given: Collection[str] = (),
    ca_file: str | os.PathLike[str] | None = None,
) -> Environment:
    """
    Read the settings.

    Args:
        variables: None for those of the process. A name that is like one of
            VARIABLES has no effect, and is logged on ``kesspay.gateway``.
        given: arguments of a client that are not wanted from here.
        ca_file: stands for KESSPAY_CA_FILE, where it is given.

    Raises:
        InputError: variables are missing (all are named), contradict each
            other or cannot be read as what they should be.
        FieldError: a credential breaks a rule.
        KeyLoadError: a key cannot be loaded.
    """
    found = _Variables(os.environ if variables is None else variables)
    found.warn_of_misspelt()
    wanted = {name: read for name, read in _READERS.items() if name not in given}
    found.require(one for name in wanted for one in _REQUIRED[name])
    client: dict[str, Any] = {name: read(found) for name, read in wanted.items()}
    client["profile"] = _profile(found.text("PROFILE"))
    optional = {
        "timeout": found.as_("TIMEOUT", float),
        "retries": found.as_("RETRIES", int),
        "amount_format": found.text("AMOUNT_FORMAT") or None,
        "allow_plain_http": found.as_("ALLOW_PLAIN_HTTP", _switch),
    }
    client |= {name: value for name, value in optional.items() if value is not None}
    transport = {
        "ssl_context": _ssl_context(found, ca_file),
        "proxy": found.text("PROXY"),
    }
    return Environment(
        client, {name: value for name, value in transport.items() if value}
    )


class _Variables:
    """The variables of kesspay, without their prefix in the calls."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        require(variables, Mapping, "variables")
        self._variables = variables

    def warn_of_misspelt(self) -> None:
        """Log names that are nearly those of a setting: a setting without effect."""
        unknown = [
            name
            for name in self._variables
            if type(name) is str and name.startswith(_PREFIX) and name not in VARIABLES
        ]
        if not unknown:
            return
        from difflib import get_close_matches

        names = sorted(name.removeprefix(_PREFIX) for name in VARIABLES)
        for name in sorted(unknown):
            bare = name.removeprefix(_PREFIX)
            for near in get_close_matches(bare, names, n=1, cutoff=_MISSPELT):
                _log.warning(
                    "unknown variable %s has no effect (did you mean %s?)",
                    name,
                    _PREFIX + near,
                )

    def require(self, names: Iterable[str]) -> None:
        """Refuse missing variables, all at once, and those given twice."""
        missing = []
        for name in names:
            in_file = name in _IN_FILES
            if not self.text(name) and not (in_file and self.text(f"{name}_FILE")):
                shown = f"{_PREFIX}{name}"
                missing.append(f"{shown} or {shown}_FILE" if in_file else shown)
        if missing:
            raise InputError(f"not set: {', '.join(missing)}")
        for name in _IN_FILES:
            if self.text(name) and self.text(f"{name}_FILE"):
                shown = f"{_PREFIX}{name}"
                raise InputError(f"set {shown} or {shown}_FILE, not both")

    def text(self, name: str) -> str:
        """Return a variable, "" where it is not set."""
        text = self._variables.get(_PREFIX + name)
        if not isinstance(text, str | None):
            kind = named(type(text))
            raise InputError(f"{_PREFIX}{name} must be a str, not {kind}")
        # Readers of .env files return None for a name without a value.
        return text or ""

    def secret(self, name: str) -> str:
        """Return a variable, or the content of the file that it names."""
        path = self.text(f"{name}_FILE")
        if not path:
            return self.text(name)
        try:
            with Path(path).open("rb") as file:
                # A device has no end.
                content = file.read(_LONGEST_SECRET + 1)
            text, why = content.decode(), _no_secret(content)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
        if not why:
            # Editors end a file with a line break that is no part of a secret.
            return text.removesuffix("\n").removesuffix("\r")
        raise InputError(_unreadable(name, path, why))

    def as_(self, name: str, read: Callable[[str], Any]) -> Any:  # noqa: ANN401 - what read returns
        """Return a variable read as something else, None where it is not set."""
        text = self.text(name)
        try:
            return read(text) if text else None
        except (KeyError, ValueError):
            pass
        raise InputError(f"{_PREFIX}{name} cannot be {shown_value(text)}")


def _no_secret(content: bytes) -> str:
    """Say why what a file holds is not taken for a secret, or ""."""
    if len(content) > _LONGEST_SECRET:
        return "it is longer than 64 KiB, which no secret is"
    if content.startswith(BOM_UTF8):
        # A log-in with it is a log-in with another password.
        return "it begins with a byte order mark: save it as UTF-8 without one"
    return ""


def _unreadable(name: str, path: str, why: str) -> str:
    """Say what is wrong with a variable that should name a file."""
    variable = f"{_PREFIX}{name}_FILE"
    if could_be_path(path):
        return f"{variable}: cannot read {path!r}: {why}"
    kind = no_path(path)
    if kind:
        return f"{variable} holds {kind}, not a path: use {_PREFIX}{name}"
    return (
        f"{variable} names no file that can be read; its value of {len(path)}"
        " characters is not shown, as it may be a secret"
    )


def _switch(text: str) -> bool:
    return _SWITCH[text.lower()]


def _credentials(found: _Variables) -> Credentials:
    return Credentials(
        partner_id=found.text("PARTNER_ID"),
        partner_secret_key=found.secret("PARTNER_SECRET_KEY"),
        user_name=found.text("USER_NAME"),
        password=found.secret("PASSWORD"),
    )


def _private_key(found: _Variables) -> PrivateKey:
    password = found.secret("PRIVATE_KEY_PASSWORD") or None
    path = found.text("PRIVATE_KEY_FILE")
    if path:
        return _from_file("PRIVATE_KEY", path, path, PrivateKey.from_file, password)
    return _from_text("PRIVATE_KEY", found, PrivateKey.from_pem, password)


def _gateway_key(found: _Variables) -> PublicKey | KeyRing:
    text = found.text("GATEWAY_KEY_FILE")
    paths = [one for one in text.split(os.pathsep) if one]
    if not paths:
        return _from_text("GATEWAY_KEY", found, PublicKey.from_pem)
    keys = [
        _from_file("GATEWAY_KEY", path, text, PublicKey.from_file) for path in paths
    ]
    return keys[0] if len(keys) == 1 else KeyRing(keys)


def _from_file(
    name: str, path: str, text: str, load: Callable[..., _Key], *password: object
) -> _Key:
    """Load a key from a file that a variable names, with others or alone."""
    try:
        return load(path, *password)
    except KeyLoadError as error:
        if error.reason != "file":
            raise
        needed = error.needed
    # What holds colons is not a list for that: it may be a URL.
    shown = path if could_be_path(path) else text
    detail = _unreadable(name, shown, why_unreadable(path))
    raise KeyLoadError("file", needed=needed, detail=detail)


def _from_text(
    name: str, found: _Variables, load: Callable[..., _Key], *password: object
) -> _Key:
    """Load a key from the text of a variable."""
    text = found.text(name)
    try:
        return load(text, *password)
    except KeyLoadError as error:
        if error.reason not in ("format", "kind") or not could_be_path(text):
            raise
        reason, needed, what = error.reason, error.needed, error.found
    detail = f"{_PREFIX}{name} holds a path, not a key"
    next_step = f"use {_PREFIX}{name}_FILE"
    raise KeyLoadError(
        reason, needed=needed, found=what, detail=detail, next_step=next_step
    )


#: How the arguments that every client needs are read.
_READERS: Final[dict[str, Callable[[_Variables], object]]] = {
    "base_url": lambda found: found.text("BASE_URL"),
    "credentials": _credentials,
    "private_key": _private_key,
    "gateway_key": _gateway_key,
}


def _profile(text: str) -> Profile:
    try:
        return Profile.from_words(text)
    except InputError as error:
        why = str(error)
    raise InputError(f"KESSPAY_PROFILE: {why}")


def _ssl_context(
    found: _Variables, ca_file: str | os.PathLike[str] | None
) -> ssl.SSLContext | None:
    if ca_file is None:
        authorities = _setting("CA_FILE", found.text("CA_FILE"))
    else:
        authorities = Setting("ca_file", file_path(ca_file, "ca_file"))
    certificate, key = found.text("CLIENT_CERT_FILE"), found.text("CLIENT_KEY_FILE")
    if key and not certificate:
        raise InputError("KESSPAY_CLIENT_KEY_FILE needs KESSPAY_CLIENT_CERT_FILE")
    if not (authorities or certificate):
        return None
    return context_of(
        authorities,
        _setting("CLIENT_CERT_FILE", certificate),
        _setting("CLIENT_KEY_FILE", key),
    )


def _setting(name: str, path: str) -> Setting | None:
    return Setting(f"{_PREFIX}{name}", path) if path else None
