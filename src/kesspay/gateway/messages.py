"""
The messages of the gateway, as frozen values.

Requests check their fields when they are made (FieldError), so a request that
exists can be sent. Results are made by ``kesspay.gateway.protocol`` from bytes
that verified. Nothing here shows a secret in repr, str or format, and what
holds a secret refuses to be pickled or copied.

Source: API document, sections "GET ACCESS TOKEN" and "FUND TRANSFER";
amounts are Decimal throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal  # noqa: TC003 - typing.get_type_hints needs it
from typing import ClassVar

from kesspay._secrets import HoldsSecrets
from kesspay.errors import FieldError
from kesspay.gateway.fields import (
    check_amount,
    check_currency,
    check_header,
    check_lifetime,
    check_own_id,
    check_receiver,
    check_secret_text,
    check_sender_name,
    check_server_id,
    check_shown_name,
)
from kesspay.gateway.services import CONFIRM, CREATE, QUERY
from kesspay.http.message import HttpRequest, HttpResponse


__all__ = [
    "CONFIRM",
    "CREATE",
    "QUERY",
    "ConfirmFundTransfer",
    "CreateFundTransfer",
    "Credentials",
    "FundTransfer",
    "HoldsSecrets",
    "HttpRequest",
    "HttpResponse",
    "PreTransfer",
    "QueryFundTransfer",
    "Token",
    "VerifiedAnswer",
]


@dataclass(frozen=True, slots=True, eq=False)
class Credentials(HoldsSecrets):
    """
    What KESS gave the partner to log in with.

    Args:
        partner_id: the ``partner-id`` header, up to 64 visible ASCII.
        partner_secret_key: the ``partner-secret-key`` header, up to 128.
        user_name: the API user, up to 64 characters.
        password: the password of the API user, up to 64 characters.

    Raises:
        FieldError: a field breaks a rule; the error shows no secret.
    """

    partner_id: str
    partner_secret_key: str = field(repr=False)
    user_name: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot travel in a header or a body."""
        check_header("partner_id", self.partner_id, 64, secret=False)
        check_header("partner_secret_key", self.partner_secret_key, 128, secret=True)
        check_secret_text("user_name", self.user_name, 64)
        check_secret_text("password", self.password, 64)


@dataclass(frozen=True, slots=True, eq=False)
class Token(HoldsSecrets):
    """
    A bearer token.

    Args:
        access_token: up to 1200 visible ASCII characters; a secret.
        expire_in: seconds the gateway says it lives, or None where it said
            nothing usable.

    Raises:
        FieldError: the token cannot travel in a header; it is not shown.
    """

    access_token: str = field(repr=False)
    expire_in: int | None

    def __post_init__(self) -> None:
        """Refuse a token that could carry a second header."""
        check_header("access_token", self.access_token, 1200, secret=True)


@dataclass(frozen=True, slots=True)
class CreateFundTransfer:
    """
    Ask for a pre-transfer. Moves no money.

    Args:
        out_trade_no: the partner's reference, 1 to 64 of A-Z a-z 0-9 _ -;
            use each one for one create only.
        receiver_id: KESS user id or phone number, up to 25 characters.
        sender_name: name of the partner's customer, up to 96 characters.
        amount: US dollars, above 0, at most two places.
        currency: "USD".

    Raises:
        FieldError: a field breaks a rule.
    """

    SERVICE: ClassVar[str] = CREATE

    out_trade_no: str
    receiver_id: str
    sender_name: str
    amount: Decimal
    currency: str = "USD"

    def __post_init__(self) -> None:
        """Check every field, in the order of the document."""
        check_own_id("out_trade_no", self.out_trade_no)
        check_receiver("receiver_id", self.receiver_id)
        check_sender_name("sender_name", self.sender_name)
        check_amount("amount", self.amount)
        check_currency("currency", self.currency)


@dataclass(frozen=True, slots=True)
class PreTransfer:
    """
    What create returned: show ``receiver_name``, then confirm.

    A partner that keeps its own records can make one again from them.

    Attributes:
        out_trade_no, receiver_id, amount, currency: as in the request.
        pre_transfer_id: the gateway's id; good for one confirm.
        receiver_name: the name to show to the sender.
        expire_in: seconds of life, counted from when it was created.
        canonical: the bytes that verified, as evidence.
    """

    out_trade_no: str
    receiver_id: str
    amount: Decimal
    currency: str
    pre_transfer_id: str
    receiver_name: str
    expire_in: int
    canonical: bytes = field(default=b"", repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check every field, in the order of the document."""
        check_own_id("out_trade_no", self.out_trade_no)
        check_receiver("receiver_id", self.receiver_id)
        check_amount("amount", self.amount)
        check_currency("currency", self.currency)
        check_server_id("pre_transfer_id", self.pre_transfer_id)
        check_shown_name("receiver_name", self.receiver_name)
        check_lifetime("expire_in", self.expire_in)


@dataclass(frozen=True, slots=True)
class ConfirmFundTransfer:
    """
    Carry out a pre-transfer. This one moves money.

    Args:
        transfer: what create returned; the answer must repeat it.
        partner_transaction_id: the partner's own id of the customer's debit,
            1 to 64 of A-Z a-z 0-9 _ -.

    Raises:
        FieldError: a field breaks a rule.
    """

    SERVICE: ClassVar[str] = CONFIRM

    transfer: PreTransfer
    partner_transaction_id: str

    def __post_init__(self) -> None:
        """Check the fields."""
        if not isinstance(self.transfer, PreTransfer):
            rule = "must be the PreTransfer that create returned"
            raise FieldError(field="transfer", rule=rule, value=self.transfer)
        check_own_id("partner_transaction_id", self.partner_transaction_id)


@dataclass(frozen=True, slots=True)
class QueryFundTransfer:
    """
    Ask what became of a transfer. Changes nothing.

    Args:
        transfer: the create request or its result; the answer must repeat it.

    Raises:
        FieldError: it is something else.
    """

    SERVICE: ClassVar[str] = QUERY

    transfer: CreateFundTransfer | PreTransfer

    def __post_init__(self) -> None:
        """Check the field."""
        if not isinstance(self.transfer, (CreateFundTransfer, PreTransfer)):
            rule = "must be a CreateFundTransfer or a PreTransfer"
            raise FieldError(field="transfer", rule=rule, value=self.transfer)


@dataclass(frozen=True, slots=True)
class FundTransfer:
    """
    A transfer that was carried out: the receiver has the money.

    Attributes:
        result_code: always "SUCCESS"; any other code is an OutcomeUnknown.
        fund_transfer_id: the gateway's id of the credit.
        out_trade_no, receiver_id, amount, currency: as in the request.
        pre_transfer_id: as confirmed; None where a query did not repeat it.
        receiver_name: as the gateway wrote it, "" where it did not.
        canonical: the bytes that verified, as evidence.
    """

    result_code: str
    fund_transfer_id: str
    out_trade_no: str
    receiver_id: str
    amount: Decimal
    currency: str
    pre_transfer_id: str | None
    receiver_name: str
    canonical: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class VerifiedAnswer:
    """
    The answer to a service that has no class of its own.

    Attributes:
        data: the object ``data``, read from the bytes that verified; numbers
            with a fraction are Decimal.
        canonical: the bytes that verified, as evidence.
    """

    data: dict[str, object] = field(repr=False)
    canonical: bytes = field(repr=False)
