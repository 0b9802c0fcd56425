"""Where the gateway is: the base URL, checked, and the two URLs under it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from kesspay._checks import plain_fields, require_flag
from kesspay.errors import FieldError


__all__ = ["SANDBOX_URL", "Endpoint"]

SANDBOX_URL: Final = "https://clientdev.kesspay.io/partnerapi/v1"
"""
KESS's own sandbox, from the API document. The document names no URL for production, so
there is no default.
"""

_FIELD: Final = "base_url"
#: DNS takes an underscore in a name, and so does RFC 3986.
_URL: Final = re.compile(
    r"[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9._\-\[\]:]+(/[A-Za-z0-9._~/-]*)?"
)
_HOST_OF_OTHER_LETTERS: Final = re.compile(r"(?i:https?)://[^/?#@\\]*[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    The base URL of a gateway.

    Args:
        base_url: "https://host[:port]/path"; no user, query or fragment.
        allow_plain_http: True sends secrets over plain http to any host.
            False accepts plain http only for "localhost" and loopback addresses.

    Raises:
        FieldError: the URL breaks a rule.
        InputError: ``allow_plain_http`` is neither True nor False.
    """

    base_url: str
    allow_plain_http: bool = False

    def __post_init__(self) -> None:
        """Refuse what could send secrets to the wrong place or in the clear."""
        plain_fields(self)
        require_flag("allow_plain_http", self.allow_plain_http)
        parts = _split(self.base_url)
        if parts.scheme != "https" and not (
            self.allow_plain_http or _is_loopback(parts.hostname)
        ):
            rule = "must be https, or plain http to the loopback only"
            raise FieldError(_FIELD, rule, self.base_url)

    @property
    def token_url(self) -> str:
        """The URL to which the log-in is sent."""
        return self.base_url.rstrip("/") + "/token"

    @property
    def gateway_url(self) -> str:
        """The URL to which every call of a service is sent."""
        return self.base_url.rstrip("/") + "/gateway"


def _split(url: object) -> SplitResult:
    if not (isinstance(url, str) and _URL.fullmatch(url)):
        if isinstance(url, str) and _HOST_OF_OTHER_LETTERS.match(url):
            # Which name is asked then depends on the version of IDNA.
            rule = "must have a host of ASCII letters: write its xn-- form"
            raise FieldError(_FIELD, rule, url)
        raise FieldError(_FIELD, "must be https://host[:port]/path", url)
    try:
        parts = urlsplit(url)
        good = _is_host(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise FieldError(_FIELD, "must name a host and a valid port", url)
    return parts


def _is_host(host: str | None) -> bool:
    """Return whether every label of a host has letters; a dot may end it."""
    return bool(host) and all((host or "").removesuffix(".").split("."))


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
