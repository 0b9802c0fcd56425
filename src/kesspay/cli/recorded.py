"""
Answers as they were recorded, and under which PHP settings they verify.

Trying several profiles on an answer is for finding out how a sandbox is set
up, and never for believing an answer: a client knows one profile.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from kesspay.errors import InvalidSignature
from kesspay.signing.documents import verify_document
from kesspay.signing.profile import Profile


if TYPE_CHECKING:
    from kesspay.gateway.messages import HttpResponse
    from kesspay.signing.documents import Verifier
    from kesspay.signing.keyring import KeyRing


__all__ = ["PROFILES", "Answer", "judged"]


#: Every profile there is; those that differ least from PHP 8.2 come first.
PROFILES: Final = Profile.every()

_AMOUNT: Final = re.compile(r'"amount"\s*:\s*("[^"]{0,40}"|[-+.0-9eE]{1,40})')


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One answer of the gateway.

    Attributes:
        status: HTTP status.
        has_sign: whether it carries a signature, right or wrong.
        profiles: those under which it verifies, in the order of PROFILES.
        fields: what verified, or {}.
        claimed: the error code of the body, verified or not, or "".
        amount: how the body writes an amount, or "".
    """

    status: int
    has_sign: bool
    profiles: tuple[Profile, ...]
    fields: dict[str, Any]
    claimed: str
    amount: str

    @property
    def data(self) -> dict[str, Any]:
        """What a verified success holds, or {}."""
        data = self.fields.get("data")
        is_success = self.fields.get("success") is True
        return data if is_success and isinstance(data, dict) else {}

    @property
    def code(self) -> str:
        """The error code of a verified refusal, or ""."""
        return self.claimed if self.fields and not self.data else ""

    @property
    def told(self) -> str:
        """Status, code and signature in words."""
        signature = "unsigned"
        if self.profiles:
            signature = "signed"
        elif self.has_sign:
            signature = "with a signature that does not verify"
        what = "success" if self.data else self.claimed or "no error code"
        return f"HTTP {self.status}, {what}, {signature}"


def judged(response: HttpResponse, verifier: Verifier | KeyRing) -> Answer:
    """
    Verify an answer under every profile.

    Args:
        response: as it was recorded.
        verifier: the gateway's public key or keys.
    """
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
        body = {}
    raw = body if isinstance(body, dict) else {}
    code = raw.get("error_code")
    amount = _AMOUNT.search(response.body.decode("utf-8", "replace"))
    verified = [
        (profile, canonical)
        for profile in PROFILES
        if (canonical := _verified(verifier, response.body, profile)) is not None
    ]
    fields = partial(json.loads, parse_float=Decimal)
    return Answer(
        status=response.status,
        has_sign="sign" in raw,
        profiles=tuple(profile for profile, _ in verified),
        fields=fields(verified[0][1]) if verified else {},
        claimed=code if isinstance(code, str) else "",
        amount=amount[1] if amount else "",
    )


def _verified(
    verifier: Verifier | KeyRing, body: bytes, profile: Profile
) -> bytes | None:
    try:
        return verify_document(verifier, body, profile=profile)
    except InvalidSignature:
        return None
