"""
Signed requests for the KESS partner API, byte for byte as PHP signs them.

Names are imported when they are first used, so that ``import kesspay`` costs
next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from kesspay._version import __version__
from kesspay.errors import (
    AuthenticationFailed,
    BackendError,
    CanonicalizationError,
    DocumentRefused,
    FieldError,
    GatewayError,
    InputError,
    InvalidSignature,
    KesspayError,
    KeyLoadError,
    NotSent,
    OutcomeUnknown,
    Rejected,
    TokenRejected,
    TransportError,
)


if TYPE_CHECKING:
    from kesspay.gateway.base import OwnKeyWarning
    from kesspay.gateway.client import Client
    from kesspay.gateway.endpoint import SANDBOX_URL
    from kesspay.gateway.messages import (
        ConfirmFundTransfer,
        CreateFundTransfer,
        Credentials,
        FundTransfer,
        HttpRequest,
        HttpResponse,
        PreTransfer,
        QueryFundTransfer,
        Token,
        VerifiedAnswer,
    )
    from kesspay.gateway.transport import HttpTransport, Transport
    from kesspay.signing.backend import BackendInfo, backend
    from kesspay.signing.documents import (
        Signer,
        Verifier,
        canonicalize,
        sign_document,
        signed_body,
        verify_document,
    )
    from kesspay.signing.keyring import KeyRing, Verified
    from kesspay.signing.keys import (
        KeyPermissionWarning,
        PrivateKey,
        PublicKey,
    )
    from kesspay.signing.profile import PHP_8, Profile
    from kesspay.signing.status import VerifyStatus


__all__ = [
    "PHP_8",
    "SANDBOX_URL",
    "AuthenticationFailed",
    "BackendError",
    "BackendInfo",
    "CanonicalizationError",
    "Client",
    "ConfirmFundTransfer",
    "CreateFundTransfer",
    "Credentials",
    "DocumentRefused",
    "FieldError",
    "FundTransfer",
    "GatewayError",
    "HttpRequest",
    "HttpResponse",
    "HttpTransport",
    "InputError",
    "InvalidSignature",
    "KesspayError",
    "KeyLoadError",
    "KeyPermissionWarning",
    "KeyRing",
    "NotSent",
    "OutcomeUnknown",
    "OwnKeyWarning",
    "PreTransfer",
    "PrivateKey",
    "Profile",
    "PublicKey",
    "QueryFundTransfer",
    "Rejected",
    "Signer",
    "Token",
    "TokenRejected",
    "Transport",
    "TransportError",
    "Verified",
    "VerifiedAnswer",
    "Verifier",
    "VerifyStatus",
    "__version__",
    "backend",
    "canonicalize",
    "sign_document",
    "signed_body",
    "verify_document",
]

_HOMES: Final[dict[str, str]] = {
    "Client": "kesspay.gateway.client",
    "Credentials": "kesspay.gateway.messages",
    "CreateFundTransfer": "kesspay.gateway.messages",
    "ConfirmFundTransfer": "kesspay.gateway.messages",
    "QueryFundTransfer": "kesspay.gateway.messages",
    "PreTransfer": "kesspay.gateway.messages",
    "FundTransfer": "kesspay.gateway.messages",
    "VerifiedAnswer": "kesspay.gateway.messages",
    "Token": "kesspay.gateway.messages",
    "HttpRequest": "kesspay.gateway.messages",
    "HttpResponse": "kesspay.gateway.messages",
    "HttpTransport": "kesspay.gateway.transport",
    "Transport": "kesspay.gateway.transport",
    "OwnKeyWarning": "kesspay.gateway.base",
    "SANDBOX_URL": "kesspay.gateway.endpoint",
    "PHP_8": "kesspay.signing.profile",
    "BackendInfo": "kesspay.signing.backend",
    "KeyPermissionWarning": "kesspay.signing.keys",
    "KeyRing": "kesspay.signing.keyring",
    "PrivateKey": "kesspay.signing.keys",
    "Profile": "kesspay.signing.profile",
    "PublicKey": "kesspay.signing.keys",
    "Signer": "kesspay.signing.documents",
    "Verified": "kesspay.signing.keyring",
    "Verifier": "kesspay.signing.documents",
    "VerifyStatus": "kesspay.signing.status",
    "backend": "kesspay.signing.backend",
    "canonicalize": "kesspay.signing.documents",
    "sign_document": "kesspay.signing.documents",
    "signed_body": "kesspay.signing.documents",
    "verify_document": "kesspay.signing.documents",
}


# A type checker reads the imports above; to it, another name is an error.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name at its first use."""
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module 'kesspay' has no attribute {name!r}")
        value = getattr(import_module(home), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
