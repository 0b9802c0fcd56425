"""
Signed requests for the KESS partner API, byte for byte as PHP signs them.

Names are imported when they are first used, so that ``import kesspay`` costs
next to nothing. A fork may fall into such an import: see ``kesspay._first_use``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kesspay._first_use import first_use
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
    JournalDamaged,
    JournalError,
    JournalUnavailable,
    KesspayError,
    KeyLoadError,
    LeaseHeld,
    LeaseLost,
    NotSent,
    OutcomeUnknown,
    PaymentConflict,
    Rejected,
    TokenRejected,
    TransportError,
    WrongAccount,
)


if TYPE_CHECKING:
    from kesspay.gateway.async_client import AsyncClient
    from kesspay.gateway.base import OwnKeyWarning
    from kesspay.gateway.client import Client
    from kesspay.gateway.endpoint import SANDBOX_URL
    from kesspay.gateway.events import (
        AnswerEvent,
        Event,
        RequestEvent,
        RetryEvent,
        TokenEvent,
    )
    from kesspay.gateway.messages import (
        ConfirmFundTransfer,
        CreateFundTransfer,
        Credentials,
        FundTransfer,
        PreTransfer,
        QueryFundTransfer,
        Token,
        TransferReference,
        VerifiedAnswer,
    )
    from kesspay.gateway.tokens import StoredToken, TokenStore
    from kesspay.http.aio import AsyncHttpTransport
    from kesspay.http.message import HttpRequest, HttpResponse
    from kesspay.http.sync import HttpTransport
    from kesspay.http.transport import AsyncTransport, Transport
    from kesspay.signing.backend import BackendInfo, backend
    from kesspay.signing.batch import Batch
    from kesspay.signing.documents import (
        Signer,
        Verifier,
        canonicalize,
        canonicalize_many,
        sign_document,
        signed_body,
        verify_document,
    )
    from kesspay.signing.keypath import KeyPermissionWarning
    from kesspay.signing.keyring import KeyRing, Verified
    from kesspay.signing.keys import PrivateKey, PublicKey
    from kesspay.signing.profile import PHP_8, Profile
    from kesspay.signing.status import VerifyStatus
    from kesspay.transfers.account import Account, Binding, KnownKey, Ownership
    from kesspay.transfers.async_transfers import AsyncPendingTransfer, AsyncTransfers
    from kesspay.transfers.attempt import RELAXED, STRICT, Happened, Rules
    from kesspay.transfers.journal import (
        Entry,
        Journal,
        Lease,
        Listed,
        Payment,
        Record,
        Status,
    )
    from kesspay.transfers.payment import Outcome, TransferResult
    from kesspay.transfers.postgres import PostgresJournal
    from kesspay.transfers.sqlite import SqliteJournal
    from kesspay.transfers.transfers import PendingTransfer, Transfers


__all__ = [
    "PHP_8",
    "RELAXED",
    "SANDBOX_URL",
    "STRICT",
    "Account",
    "AnswerEvent",
    "AsyncClient",
    "AsyncHttpTransport",
    "AsyncPendingTransfer",
    "AsyncTransfers",
    "AsyncTransport",
    "AuthenticationFailed",
    "BackendError",
    "BackendInfo",
    "Batch",
    "Binding",
    "CanonicalizationError",
    "Client",
    "ConfirmFundTransfer",
    "CreateFundTransfer",
    "Credentials",
    "DocumentRefused",
    "Entry",
    "Event",
    "FieldError",
    "FundTransfer",
    "GatewayError",
    "Happened",
    "HttpRequest",
    "HttpResponse",
    "HttpTransport",
    "InputError",
    "InvalidSignature",
    "Journal",
    "JournalDamaged",
    "JournalError",
    "JournalUnavailable",
    "KesspayError",
    "KeyLoadError",
    "KeyPermissionWarning",
    "KeyRing",
    "KnownKey",
    "Lease",
    "LeaseHeld",
    "LeaseLost",
    "Listed",
    "NotSent",
    "Outcome",
    "OutcomeUnknown",
    "OwnKeyWarning",
    "Ownership",
    "Payment",
    "PaymentConflict",
    "PendingTransfer",
    "PostgresJournal",
    "PreTransfer",
    "PrivateKey",
    "Profile",
    "PublicKey",
    "QueryFundTransfer",
    "Record",
    "Rejected",
    "RequestEvent",
    "RetryEvent",
    "Rules",
    "Signer",
    "SqliteJournal",
    "Status",
    "StoredToken",
    "Token",
    "TokenEvent",
    "TokenRejected",
    "TokenStore",
    "TransferReference",
    "TransferResult",
    "Transfers",
    "Transport",
    "TransportError",
    "Verified",
    "VerifiedAnswer",
    "Verifier",
    "VerifyStatus",
    "WrongAccount",
    "__version__",
    "backend",
    "canonicalize",
    "canonicalize_many",
    "sign_document",
    "signed_body",
    "verify_document",
]

_HOMES: Final[dict[str, str]] = {
    "Account": "kesspay.transfers.account",
    "AnswerEvent": "kesspay.gateway.events",
    "AsyncClient": "kesspay.gateway.async_client",
    "AsyncHttpTransport": "kesspay.http.aio",
    "AsyncPendingTransfer": "kesspay.transfers.async_transfers",
    "AsyncTransfers": "kesspay.transfers.async_transfers",
    "AsyncTransport": "kesspay.http.transport",
    "backend": "kesspay.signing.backend",
    "BackendInfo": "kesspay.signing.backend",
    "Batch": "kesspay.signing.batch",
    "Binding": "kesspay.transfers.account",
    "canonicalize": "kesspay.signing.documents",
    "canonicalize_many": "kesspay.signing.documents",
    "Client": "kesspay.gateway.client",
    "ConfirmFundTransfer": "kesspay.gateway.messages",
    "CreateFundTransfer": "kesspay.gateway.messages",
    "Credentials": "kesspay.gateway.messages",
    "Entry": "kesspay.transfers.journal",
    "Event": "kesspay.gateway.events",
    "FundTransfer": "kesspay.gateway.messages",
    "Happened": "kesspay.transfers.attempt",
    "HttpRequest": "kesspay.http.message",
    "HttpResponse": "kesspay.http.message",
    "HttpTransport": "kesspay.http.sync",
    "Journal": "kesspay.transfers.journal",
    "KeyPermissionWarning": "kesspay.signing.keypath",
    "KeyRing": "kesspay.signing.keyring",
    "KnownKey": "kesspay.transfers.account",
    "Lease": "kesspay.transfers.journal",
    "Listed": "kesspay.transfers.journal",
    "Outcome": "kesspay.transfers.payment",
    "Ownership": "kesspay.transfers.account",
    "OwnKeyWarning": "kesspay.gateway.base",
    "Payment": "kesspay.transfers.journal",
    "PendingTransfer": "kesspay.transfers.transfers",
    "PHP_8": "kesspay.signing.profile",
    "PostgresJournal": "kesspay.transfers.postgres",
    "PreTransfer": "kesspay.gateway.messages",
    "PrivateKey": "kesspay.signing.keys",
    "Profile": "kesspay.signing.profile",
    "PublicKey": "kesspay.signing.keys",
    "QueryFundTransfer": "kesspay.gateway.messages",
    "Record": "kesspay.transfers.journal",
    "RELAXED": "kesspay.transfers.attempt",
    "RequestEvent": "kesspay.gateway.events",
    "RetryEvent": "kesspay.gateway.events",
    "Rules": "kesspay.transfers.attempt",
    "SANDBOX_URL": "kesspay.gateway.endpoint",
    "sign_document": "kesspay.signing.documents",
    "signed_body": "kesspay.signing.documents",
    "Signer": "kesspay.signing.documents",
    "SqliteJournal": "kesspay.transfers.sqlite",
    "Status": "kesspay.transfers.journal",
    "StoredToken": "kesspay.gateway.tokens",
    "STRICT": "kesspay.transfers.attempt",
    "Token": "kesspay.gateway.messages",
    "TokenEvent": "kesspay.gateway.events",
    "TokenStore": "kesspay.gateway.tokens",
    "TransferReference": "kesspay.gateway.messages",
    "TransferResult": "kesspay.transfers.payment",
    "Transfers": "kesspay.transfers.transfers",
    "Transport": "kesspay.http.transport",
    "Verified": "kesspay.signing.keyring",
    "VerifiedAnswer": "kesspay.gateway.messages",
    "Verifier": "kesspay.signing.documents",
    "verify_document": "kesspay.signing.documents",
    "VerifyStatus": "kesspay.signing.status",
}


# A type checker reads the imports above; to it, another name is an error.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name at its first use."""
        return first_use(__name__, _HOMES, name)


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
