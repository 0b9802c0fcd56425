"""
The messages of the gateway, as frozen values.

Requests check their fields when they are made (FieldError), so a request that
exists can be sent. Results are made by ``kesspay.gateway.protocol`` from bytes
that verified. Nothing here shows a secret in repr, str or format, and what
holds a secret refuses to be pickled or copied.

The rules of single fields follow the messages. Where the API document leaves
something open, the stricter rule holds here: a value that the gateway's framework
could trim, turn into null or round would no longer be the value that was signed.

Source: API document, sections "GET ACCESS TOKEN" and "FUND TRANSFER", and the
tables of parameters. All amounts are Decimal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Final, Literal, TypeAlias

from kesspay._checks import is_number, plain_fields
from kesspay._secrets import HoldsSecrets
from kesspay._shown import HIDDEN
from kesspay.errors import FieldError
from kesspay.gateway.services import CONFIRM, CREATE, QUERY
from kesspay.http.message import HttpRequest, HttpResponse, setters


__all__ = [
    "CONFIRM",
    "CREATE",
    "QUERY",
    "AmountFormat",
    "ConfirmFundTransfer",
    "CreateFundTransfer",
    "Credentials",
    "FundTransfer",
    "HoldsSecrets",
    "HttpRequest",
    "HttpResponse",
    "PreTransfer",
    "Queried",
    "QueryFundTransfer",
    "Token",
    "TransferReference",
    "VerifiedAnswer",
]

AmountFormat = Literal["number", "string"]
"""How an amount is written: PHP's shortest number (0.5), or two places ("0.50")."""

_OWN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: Room is left for "-" and the number of an attempt.
_PAYMENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_VISIBLE_ASCII: Final = re.compile(r"[!-~]+")
_ID_LENGTH: Final = 64
_SECONDS_TEXT: Final = re.compile(r"[0-9]{1,12}")

#: Longest life of a pre-transfer that is believed, in seconds: 100 years.
_LONGEST_LIFE: Final = 3_155_760_000

#: Whole digits an amount may have. With two places that makes 15 significant
#: digits, and a double keeps 15 digits exactly.
_WHOLE_DIGITS: Final = 13
_PLACES: Final = 2
#: How nearly every amount is written: it needs no further look.
_USUAL_AMOUNT: Final = re.compile(
    rf"[0-9]{{1,{_WHOLE_DIGITS}}}(\.[0-9]{{1,{_PLACES}}})?"
)

#: How most texts are: visible ASCII, with blanks inside only.
_PLAIN: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")

#: Characters that PHP frameworks trim besides white space: zero width space,
#: left-to-right and right-to-left mark, word joiner, byte order mark.
_INVISIBLE: Final = "\u200b\u200e\u200f\u2060\ufeff"

#: Control characters and lone surrogates: the categories Cc and Cs, which no
#: version of Unicode adds to.
_UNCLEAN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, eq=False)
class Credentials(HoldsSecrets):
    """
    What KESS gave the partner to log in with.

    Args:
        partner_id: the ``partner-id`` header, 1 to 64 visible ASCII characters.
        partner_secret_key: the ``partner-secret-key`` header, 1 to 128 visible
            ASCII characters.
        user_name: the API user, 1 to 64 characters.
        password: the password of the API user, 1 to 64 characters.

    Raises:
        FieldError: a field breaks a rule; the error shows no secret.
    """

    partner_id: str
    partner_secret_key: str = field(repr=False)
    user_name: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot travel in a header or a body."""
        plain_fields(self)
        check_header("partner_id", self.partner_id, 64, secret=False)
        check_header("partner_secret_key", self.partner_secret_key, 128, secret=True)
        check_secret_text("user_name", self.user_name, 64)
        check_secret_text("password", self.password, 64)


@dataclass(frozen=True, slots=True, eq=False)
class Token(HoldsSecrets):
    """
    A bearer token.

    Args:
        access_token: 1 to 1200 visible ASCII characters; a secret.
        expire_in: the life of the token in seconds, as the gateway stated it,
            or None where it stated nothing that can be used.

    Raises:
        FieldError: the token cannot travel in a header; it is not shown.
    """

    access_token: str = field(repr=False)
    expire_in: int | None

    def __post_init__(self) -> None:
        """Refuse a token that could carry a second header."""
        plain_fields(self)
        check_header("access_token", self.access_token, 1200, secret=True)
        life = self.expire_in
        if not (life is None or type(life) is int or is_number(life)):
            rule = "must be a number of seconds, or None"
            raise FieldError("expire_in", rule, life)


@dataclass(frozen=True, slots=True)
class CreateFundTransfer:
    """
    Ask for a pre-transfer. Moves no money.

    Args:
        out_trade_no: the partner's reference, 1 to 64 of A-Z a-z 0-9 _ -;
            use each one for one create only.
        receiver_id: KESS user ID or phone number, 1 to 25 characters, no
            control characters, no white space at the edges.
        sender_name: name of the partner's customer, 1 to 96 characters (code
            points), under the same rules.
        amount: a Decimal in US dollars, above 0 and below 10**13, at most two
            decimal places; a float is refused.
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

    def __init__(
        self,
        out_trade_no: str,
        receiver_id: str,
        sender_name: str,
        amount: Decimal,
        currency: str = "USD",
    ) -> None:
        """Set every field, and have them checked, also by a subclass."""
        put_own_id, put_receiver, put_sender, put_amount, put_currency = _OF_CREATE
        put_own_id(self, out_trade_no)
        put_receiver(self, receiver_id)
        put_sender(self, sender_name)
        put_amount(self, amount)
        put_currency(self, currency)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check every field, in the order of the document."""
        own = self.out_trade_no, self.receiver_id, self.sender_name, self.currency
        if not type(own[0]) is type(own[1]) is type(own[2]) is type(own[3]) is str:
            plain_fields(self)
        check_own_id("out_trade_no", self.out_trade_no)
        check_receiver("receiver_id", self.receiver_id)
        check_sender_name("sender_name", self.sender_name)
        check_amount("amount", self.amount)
        check_currency("currency", self.currency)

    def params(self, amount_format: AmountFormat) -> dict[str, object]:
        """Return the parameters of the service, as they are signed."""
        is_text = amount_format == "string"
        return {
            "out_trade_no": self.out_trade_no,
            "receiver_id": self.receiver_id,
            "sender_name": self.sender_name,
            "amount": f"{self.amount:.2f}" if is_text else self.amount,
            "currency": self.currency,
        }


@dataclass(frozen=True, slots=True)
class PreTransfer:
    """
    What create returned: show ``receiver_name``, then confirm.

    A partner that keeps its own records can make one again from them.

    Attributes:
        out_trade_no: as in the request; so are receiver_id, amount and currency.
        pre_transfer_id: the gateway's id, 1 to 64 characters; valid for one
            confirm.
        receiver_name: the name to show to the sender.
        expire_in: seconds it lives, counted from the moment of its creation.
        canonical: the canonical bytes of the answer that verified, as evidence.

    Raises:
        FieldError: a field breaks a rule.
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
        plain_fields(self)
        check_own_id("out_trade_no", self.out_trade_no)
        check_receiver("receiver_id", self.receiver_id)
        check_amount("amount", self.amount)
        check_currency("currency", self.currency)
        check_granted(self)


@dataclass(frozen=True, slots=True)
class ConfirmFundTransfer:
    """
    Carry out a pre-transfer. This request moves money.

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
        plain_fields(self)
        if not isinstance(self.transfer, PreTransfer):
            rule = "must be the PreTransfer that create returned"
            raise FieldError(field="transfer", rule=rule, value=self.transfer)
        check_own_id("partner_transaction_id", self.partner_transaction_id)

    def params(self, _: AmountFormat) -> dict[str, object]:
        """Return the parameters of the service, as they are signed."""
        return {
            "partner_transaction_id": self.partner_transaction_id,
            "pre_transfer_id": self.transfer.pre_transfer_id,
        }


@dataclass(frozen=True, slots=True)
class TransferReference:
    """
    The fields of a transfer that a query needs, from the partner's own records.

    Args:
        out_trade_no: the partner's reference, as in the create request.
        receiver_id: KESS user ID or phone number, as in the create request.
        amount: a Decimal in US dollars, as in the create request.
        currency: "USD".

    Raises:
        FieldError: a field breaks a rule.
    """

    out_trade_no: str
    receiver_id: str
    amount: Decimal
    currency: str = "USD"

    def __post_init__(self) -> None:
        """Check every field, in the order of the document."""
        plain_fields(self)
        check_own_id("out_trade_no", self.out_trade_no)
        check_receiver("receiver_id", self.receiver_id)
        check_amount("amount", self.amount)
        check_currency("currency", self.currency)


Queried: TypeAlias = CreateFundTransfer | PreTransfer | TransferReference
"""What the answer of a query is compared with."""


@dataclass(frozen=True, slots=True)
class QueryFundTransfer:
    """
    Ask whether a transfer was carried out. Changes nothing.

    Args:
        transfer: the create request, its result, or a TransferReference; the answer
            must repeat it.

    Raises:
        FieldError: it is something else.
    """

    SERVICE: ClassVar[str] = QUERY

    transfer: Queried

    def __post_init__(self) -> None:
        """Check the field."""
        if not isinstance(self.transfer, Queried):
            rule = "must be a CreateFundTransfer, a PreTransfer or a TransferReference"
            raise FieldError(field="transfer", rule=rule, value=self.transfer)

    def params(self, _: AmountFormat) -> dict[str, object]:
        """Return the parameters of the service, as they are signed."""
        return {"out_trade_no": self.transfer.out_trade_no}


@dataclass(frozen=True, slots=True)
class FundTransfer:
    """
    A transfer that was carried out: the receiver has the money.

    Attributes:
        result_code: always "SUCCESS"; any other code is an OutcomeUnknown.
        fund_transfer_id: the gateway's id of the credit.
        out_trade_no: as in the request; so are receiver_id, amount and currency.
        pre_transfer_id: the one that was confirmed; None where a query was made
            without it and the answer does not hold it.
        receiver_name: as in the answer, or "" where it holds none.
        canonical: the canonical bytes of the answer that verified, as evidence.
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
            with a fraction or an exponent are Decimal.
        canonical: the canonical bytes of the answer that verified, as evidence.
    """

    data: dict[str, object] = field(repr=False)
    canonical: bytes = field(repr=False)


_OF_CREATE: Final = setters(CreateFundTransfer)


def check_own_id(field: str, value: object) -> None:
    """
    Check an id that the partner chooses: 1 to 64 of ``A-Z a-z 0-9 _ -``.

    Raises:
        FieldError: the value breaks the rule.
    """
    if not (isinstance(value, str) and _OWN_ID.fullmatch(value)):
        raise FieldError(field, "must be 1 to 64 of A-Z a-z 0-9 _ -", value)


def check_payment_id(field: str, value: object) -> None:
    """
    Check an id from which references are made: 1 to 60 of ``A-Z a-z 0-9 _ -``.

    Raises:
        FieldError: the value breaks the rule.
    """
    if not (isinstance(value, str) and _PAYMENT_ID.fullmatch(value)):
        raise FieldError(field, "must be 1 to 60 of A-Z a-z 0-9 _ -", value)


def is_server_id(value: object) -> bool:
    """Return whether a value can be an id of the gateway: opaque, 1 to 64."""
    if not (isinstance(value, str) and 1 <= len(value) <= _ID_LENGTH):
        return False
    if _PLAIN.fullmatch(value):
        return True
    return value.isprintable() and not _has_edge_space(value)


def check_server_id(field: str, value: object) -> None:
    """
    Check an id that the gateway chose: 1 to 64 printable characters.

    Raises:
        FieldError: the value breaks the rule.
    """
    if not is_server_id(value):
        raise FieldError(field, "must be 1 to 64 printable characters", value)


def check_receiver(field: str, value: object) -> None:
    """
    Check a receiver: a user id or a phone number, as the caller has it.

    Raises:
        FieldError: it is empty, longer than 25, has control characters, or
            white space at an edge.
    """
    _check_text(field, value, 25)


def check_sender_name(field: str, value: object) -> None:
    """
    Check a sender's name: 1 to 96 code points.

    Raises:
        FieldError: it is empty, longer, has control characters, or white
            space at an edge.
    """
    _check_text(field, value, 96)


def is_amount(value: object) -> bool:
    """Return whether a value is an amount that a request can carry exactly."""
    if type(value) is not Decimal:
        return False
    if value and _USUAL_AMOUNT.fullmatch(str(value)):
        return True
    if not value.is_finite() or value <= 0:
        return False
    if value.adjusted() >= _WHOLE_DIGITS:
        return False
    _, digits, exponent = value.as_tuple()
    spare = int(exponent) + _PLACES
    # Zeros at the end do not count as places.
    return spare >= 0 or not any(digits[spare:])


def check_amount(field: str, value: object) -> None:
    """
    Check an amount: a Decimal above zero with at most two places.

    A float is refused: ``0.1 + 0.2`` is not an amount of money.

    Raises:
        FieldError: the value breaks the rule.
    """
    if not is_amount(value):
        rule = "must be a Decimal above 0 and below 10**13 with at most 2 places"
        raise FieldError(field, rule, value)


def check_currency(field: str, value: object) -> None:
    """
    Check a currency: the gateway takes USD only.

    Raises:
        FieldError: it is something else.
    """
    if type(value) is not str or value != "USD":
        raise FieldError(field, 'must be "USD"', value)


def check_shown_name(field: str, value: object) -> None:
    """
    Check a name that the sender is to be shown: it must show something.

    Raises:
        FieldError: it is no string, or blank.
    """
    if not (isinstance(value, str) and value.strip()):
        raise FieldError(field, "must be a name to show to the sender", value)


def check_lifetime(field: str, value: object) -> None:
    """
    Check how long a pre-transfer lives: whole seconds.

    Raises:
        FieldError: it is no int, negative, or beyond 100 years.
    """
    if type(value) is not int or not 0 <= value <= _LONGEST_LIFE:
        raise FieldError(field, f"must be 0 to {_LONGEST_LIFE} seconds", value)


def whole_seconds(value: object) -> int | None:
    """Read a duration: a whole number above or equal 0, also as a string."""
    if isinstance(value, str) and _SECONDS_TEXT.fullmatch(value):
        return int(value)
    return value if type(value) is int and value >= 0 else None


def check_granted(transfer: PreTransfer) -> None:
    """
    Check the fields of a pre-transfer that come from the gateway.

    Raises:
        FieldError: one of them breaks a rule.
    """
    check_server_id("pre_transfer_id", transfer.pre_transfer_id)
    check_shown_name("receiver_name", transfer.receiver_name)
    check_lifetime("expire_in", transfer.expire_in)


def check_service(field: str, value: object) -> None:
    """
    Check the name of a service: 1 to 64 visible ASCII characters.

    Raises:
        FieldError: the value breaks the rule.
    """
    check_header(field, value, _ID_LENGTH, secret=False)


def check_header(field: str, value: object, limit: int, *, secret: bool) -> None:
    """
    Check a value that travels in an HTTP header: visible ASCII only.

    Args:
        field: name of the field.
        value: the value.
        limit: characters it may have.
        secret: True keeps the value out of the error.

    Raises:
        FieldError: the value breaks the rule.
    """
    if not (
        isinstance(value, str)
        and len(value) <= limit
        and _VISIBLE_ASCII.fullmatch(value)
    ):
        rule = f"must be 1 to {limit} visible ASCII characters"
        raise FieldError(field, rule, HIDDEN if secret else value)


def check_secret_text(field: str, value: object, limit: int) -> None:
    """
    Check a text of the log-in body; the error never shows it.

    Raises:
        FieldError: it is empty, longer than limit, or has control characters.
    """
    if not (isinstance(value, str) and 1 <= len(value) <= limit and _is_clean(value)):
        rule = f"must be 1 to {limit} characters, no control characters"
        raise FieldError(field, rule, HIDDEN)


def _check_text(field: str, value: object, limit: int) -> None:
    if not isinstance(value, str):
        raise FieldError(field, "must be a string", value)
    if not 1 <= len(value) <= limit:
        raise FieldError(field, f"must have 1 to {limit} characters", value)
    if _PLAIN.fullmatch(value):
        return
    if not _is_clean(value):
        raise FieldError(field, "must have no control characters", value)
    if _has_edge_space(value):
        raise FieldError(field, "must have no white space at its edges", value)


def _is_clean(text: str) -> bool:
    return _UNCLEAN.search(text) is None


def _has_edge_space(text: str) -> bool:
    return text.strip() != text or text.strip(_INVISIBLE) != text
