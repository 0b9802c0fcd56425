# ruff: noqa: ANN401 - what tests are given is of any type

"""The messages: what they refuse, what they show, what they never do."""

from __future__ import annotations

import sys
import unicodedata
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kesspay.errors import FieldError
from kesspay.gateway.messages import (
    ConfirmFundTransfer,
    CreateFundTransfer,
    Credentials,
    PreTransfer,
    QueryFundTransfer,
    Token,
    TransferReference,
    VerifiedAnswer,
    check_amount,
    check_own_id,
    check_payment_id,
    check_receiver,
    check_secret_text,
    is_amount,
    is_server_id,
)
from tests.gateway.helpers import (
    CANARIES,
    CONFIRM_REQUEST,
    CREATE_REQUEST,
    PRE_TRANSFER,
    credentials,
)
from tests.support.odd import UnlikeAll


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def holders() -> list[Any]:
    """Return one of everything that holds a secret."""
    return [
        credentials(),
        Token(CANARIES["access_token"], 60),
    ]


@pytest.mark.parametrize("holder", holders())
def test_nothing_shows_a_secret(holder: Any) -> None:
    """Neither repr nor str nor format shows a secret."""
    shown = f"{holder!r} {holder!s} {holder}"
    assert not [canary for canary in CANARIES.values() if canary in shown]


def test_secrets_are_not_compared() -> None:
    """Two holders of one secret are not equal: a comparison shows nothing of it."""
    assert Token("t", 1) != Token("t", 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("partner_secret_key", "canary\r\nX-Evil: 1"),
        ("partner_secret_key", "x" * 128 + "canary"),
        ("partner_secret_key", "canary é"),
        ("partner_secret_key", ""),
        ("partner_secret_key", None),
        ("password", "canary\x00"),
        ("password", "canary\ud800"),
        ("password", "x" * 60 + "canary"),
        ("password", ""),
        ("user_name", "canary\n"),
        ("partner_id", "a b"),
        ("partner_id", "x" * 65),
    ],
)
def test_credentials_that_are_refused(field: str, value: Any) -> None:
    """What cannot travel is refused, and the error shows no secret."""
    with pytest.raises(FieldError) as caught:
        replace_credentials(**{field: value})
    assert field == caught.value.field
    assert "canary" not in f"{caught.value} {caught.value.value}"


def replace_credentials(**changes: Any) -> Credentials:
    """Return credentials with something else in them."""
    good = {
        "partner_id": "p",
        "partner_secret_key": "s",
        "user_name": "u",
        "password": "w",
    }
    return Credentials(**{**good, **changes})


@pytest.mark.parametrize("value", ["", "a b", "a\r\nb", "x" * 1201, "é", None, 3])
def test_tokens_that_are_refused(value: Any) -> None:
    """A token is 1 to 1200 visible ASCII characters, and no error shows it."""
    with pytest.raises(FieldError, match="access_token") as caught:
        Token(value, 60)
    assert caught.value.value == "(hidden)"


def test_messages_are_frozen() -> None:
    """A message that was checked stays as it was checked."""
    with pytest.raises(FrozenInstanceError):
        CREATE_REQUEST.amount = None  # type: ignore[misc,assignment] # that is the test
    with pytest.raises((AttributeError, TypeError)):
        CREATE_REQUEST.extra = 1  # type: ignore[attr-defined] # that is the test


@pytest.mark.parametrize("value", [None, "PT-1", CREATE_REQUEST])
def test_confirm_needs_what_create_returned(value: Any) -> None:
    """A confirm carries the whole pre-transfer, to compare the answer with."""
    with pytest.raises(FieldError, match="transfer"):
        ConfirmFundTransfer(value, "debit-1")


@pytest.mark.parametrize("value", [None, "order-1", CONFIRM_REQUEST])
def test_query_needs_a_transfer(value: Any) -> None:
    """A query carries what the answer is compared with."""
    with pytest.raises(FieldError, match="transfer"):
        QueryFundTransfer(value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("out_trade_no", "order 1"),
        ("receiver_id", ""),
        ("amount", 0.5),
        ("currency", "KHR"),
    ],
)
def test_a_reference_is_checked(field: str, value: Any) -> None:
    """It has the rules of the create request."""
    values: dict[str, Any] = {
        "out_trade_no": "order-1",
        "receiver_id": "85512345678",
        "amount": Decimal("0.50"),
    }
    reference = TransferReference(**values)
    assert QueryFundTransfer(reference).params("number") == {"out_trade_no": "order-1"}
    with pytest.raises(FieldError, match=field):
        TransferReference(**{**values, field: value})


def test_evidence_is_neither_shown_nor_compared() -> None:
    """The bytes that verified do not clutter a repr, and change no equality."""
    with_evidence = replace(PRE_TRANSFER, canonical=b"canary")
    assert with_evidence == PRE_TRANSFER
    assert "canary" not in repr(with_evidence)
    assert "canary" not in repr(VerifiedAnswer({"a": "canary"}, b"canary"))


GOOD_IDS = ["a", "A-b_9", "x" * 64]
BAD_IDS: list[Any] = [
    "",
    "x" * 65,
    "a b",
    "a\n",
    "a.b",
    "é",
    "a\r\nX: y",
    None,
    7,
    b"abc",
]
BAD_TEXTS: list[Any] = [
    "",
    " ",
    " a",
    "a ",
    "a\u00a0",
    "\u3000a",
    "\ufeffa",
    "a\u200b",
    "a\x00b",
    "a\nb",
    "a\x7f",
    "a\x85b",
    "\ud800",
    None,
    12,
]


@pytest.mark.parametrize("value", GOOD_IDS)
def test_own_ids_that_are_taken(value: str) -> None:
    """Ids of the partner are 1 to 64 of A-Z a-z 0-9 _ -."""
    assert value == replace(CREATE_REQUEST, out_trade_no=value).out_trade_no
    request = replace(CONFIRM_REQUEST, partner_transaction_id=value)
    assert value == request.partner_transaction_id


def test_a_request_with_more_fields_is_checked() -> None:
    """A dataclass that is derived from a request has its checks."""

    @dataclass(frozen=True, slots=True)
    class Noted(CreateFundTransfer):
        note: str = ""

    fields: dict[str, Any] = {"receiver_id": "1", "sender_name": "x", "note": "n"}
    made = Noted("a", amount=Decimal(1), **fields)
    assert (made.out_trade_no, made.note) == ("a", "n")
    with pytest.raises(FieldError, match="out_trade_no"):
        Noted("a b", amount=Decimal(1), **fields)


@pytest.mark.parametrize("value", BAD_IDS)
def test_own_ids_that_are_refused(value: Any) -> None:
    """Everything else is refused; the error names field, rule and a short value."""
    with pytest.raises(FieldError) as caught:
        replace(CREATE_REQUEST, out_trade_no=value)
    assert caught.value.field == "out_trade_no"
    kinds = {
        "x" * 65: "a word of 65 characters",
        "a\n": "a word of 2 characters",
        "a\r\nX: y": "a text of 2 lines",
        b"abc": "a word of 3 characters",
    }
    assert caught.value.value == kinds.get(value, value)
    assert "1 to 64" in caught.value.rule
    with pytest.raises(FieldError, match="partner_transaction_id"):
        replace(CONFIRM_REQUEST, partner_transaction_id=value)


@pytest.mark.parametrize("value", BAD_TEXTS)
@pytest.mark.parametrize("field", ["receiver_id", "sender_name"])
def test_texts_that_are_refused(field: str, value: Any) -> None:
    """What a framework could trim, null or choke on is refused."""
    with pytest.raises(FieldError, match=field):
        replace(CREATE_REQUEST, **{field: value})


def refused(check: Callable[[str], None], texts: Iterable[str]) -> set[str]:
    """Return those of some texts that a check refuses."""
    found = set()
    for text in texts:
        try:
            check(text)
        except FieldError:
            found.add(text)
    return found


@pytest.mark.thorough
def test_characters_that_are_refused_everywhere() -> None:
    """They are the control characters and surrogates of Unicode, and no other."""
    every = list(map(chr, range(sys.maxunicode + 1)))
    bad = {char for char in every if unicodedata.category(char) in {"Cc", "Cs"}}
    assert bad == refused(partial(check_secret_text, "password", limit=1), every)


@pytest.mark.parametrize("form", ["a{}", "{}a", "{}"])
def test_characters_that_are_refused_at_an_edge(form: str) -> None:
    """They are the white space of Unicode, and what else frameworks trim."""
    every = [form.format(chr(code)) for code in range(0xD800)]
    every += [form.format(chr(code)) for code in range(0xE000, 0x10000)]
    spaces = {form.format(char) for char in map(chr, range(0x10000)) if char.isspace()}
    controls = {form.format(chr(code)) for code in (*range(32), *range(127, 160))}
    invisible = {form.format(char) for char in "\u200b\u200e\u200f\u2060\ufeff"}
    assert spaces | controls | invisible == refused(
        partial(check_receiver, "receiver_id"), every
    )


@pytest.mark.parametrize(("field", "limit"), [("receiver_id", 25), ("sender_name", 96)])
def test_lengths_count_code_points(field: str, limit: int) -> None:
    """The limit is in code points, not in bytes."""
    replace(CREATE_REQUEST, **{field: "ក" * limit})  # type: ignore[arg-type] # a field's name
    with pytest.raises(FieldError, match=str(limit)):
        replace(CREATE_REQUEST, **{field: "ក" * (limit + 1)})  # type: ignore[arg-type] # a field's name


@pytest.mark.parametrize(
    "text", ["0.01", "0.5", "0.50", "10", "1E+3", "19.99", "9999999999999.99", "2.500"]
)
def test_amounts_that_are_taken(text: str) -> None:
    """Above zero, at most two places, at most 13 whole digits."""
    check_amount("amount", Decimal(text))


@pytest.mark.parametrize(
    "value",
    [
        *map(
            Decimal,
            [
                "0",
                "-0",
                "0.00",
                "-1",
                "0.001",
                "1.005",
                "10000000000000",
                "1E+13",
                "1E+999999",
                "1E-999999",
                "0.0000000000000000000000000000000000000001",
                "1.0000000000000000000000000000000000000001",
                "NaN",
                "sNaN",
                "Infinity",
                "-Infinity",
            ],
        ),
        0.5,
        1,
        True,
        "0.50",
        None,
    ],
)
def test_amounts_that_are_refused(value: Any) -> None:
    """Floats, texts, too many places, nothing, and what is not finite."""
    with pytest.raises(FieldError, match="amount"):
        replace(CREATE_REQUEST, amount=value)


@given(cents=st.integers(1, 10**15 - 1), zeros=st.integers(0, 30))
def test_every_number_of_cents_is_an_amount(cents: int, zeros: int) -> None:
    """Every whole number of cents is taken, however it is written."""
    written = f"{cents // 100}.{cents % 100:02}{'0' * zeros}"
    assert is_amount(Decimal(written))


@given(
    cents=st.integers(0, 10**15 - 1),
    rest=st.text("0123456789", min_size=1).filter(lambda text: text.strip("0")),
)
def test_a_third_place_is_never_an_amount(cents: int, rest: str) -> None:
    """A digit behind the cents is refused, however far behind it stands."""
    assert not is_amount(Decimal(f"{cents // 100}.{cents % 100:02}{rest}"))


@pytest.mark.parametrize("value", ["usd", "KHR", "", None, "USD ", UnlikeAll()])
def test_only_us_dollars(value: Any) -> None:
    """The gateway takes USD only."""
    with pytest.raises(FieldError, match="currency"):
        replace(CREATE_REQUEST, currency=value)


@pytest.mark.parametrize("value", ["a", "A b.c/d=", "é" * 64])
def test_ids_of_the_gateway_are_opaque(value: str) -> None:
    """Any 1 to 64 printable characters are an id of the gateway."""
    assert is_server_id(value)
    assert value == replace(PRE_TRANSFER, pre_transfer_id=value).pre_transfer_id


@pytest.mark.parametrize("value", ["", "x" * 65, "a\n", " a", "a\u200b", None, 5])
def test_what_is_no_id_of_the_gateway(value: Any) -> None:
    """Nothing, too much, white space at an edge and control characters."""
    assert not is_server_id(value)
    with pytest.raises(FieldError, match="pre_transfer_id"):
        replace(PRE_TRANSFER, pre_transfer_id=value)


@pytest.mark.parametrize("value", ["", "  ", None, 1])
def test_a_receiver_has_a_name_to_show(value: Any) -> None:
    """A pre-transfer without a name to show is none."""
    with pytest.raises(FieldError, match="receiver_name"):
        replace(PRE_TRANSFER, receiver_name=value)


@pytest.mark.parametrize("value", [-1, 1.5, "300", None, True, 10**12])
def test_a_lifetime_is_whole_seconds(value: Any) -> None:
    """A lifetime is an int of 0 to 100 years."""
    with pytest.raises(FieldError, match="expire_in"):
        replace(PRE_TRANSFER, expire_in=value)


@pytest.mark.parametrize("value", [one for one in GOOD_IDS if len(one) <= 60])
def test_payment_ids_that_are_taken(value: str) -> None:
    """An id from which references are made leaves room for the number."""
    check_payment_id("payment_id", value)
    check_own_id("out_trade_no", f"{value}-999")


@pytest.mark.parametrize("value", [*BAD_IDS, "a" * 61])
def test_payment_ids_that_are_refused(value: Any) -> None:
    """A longer id, or one of other characters, is refused."""
    with pytest.raises(FieldError, match="payment_id must be 1 to 60"):
        check_payment_id("payment_id", value)


class Reference(str, Enum):  # noqa: UP042 - a StrEnum writes itself as its text
    """Texts as some programs keep them."""

    OUT_TRADE_NO = "order-1"
    RECEIVER = "85512345678"
    NAME = "Chan Sophea"
    CURRENCY = "USD"


def test_texts_of_a_class_below_str() -> None:
    """They become exact texts: what is signed, kept and compared is the same."""
    number, receiver, name, currency = Reference
    amount = Decimal("0.50")
    for message in (
        CreateFundTransfer(number, receiver, name, amount, currency),
        CreateFundTransfer("order-1", receiver, "Chan Sophea", amount),
        CreateFundTransfer("order-1", "85512345678", "Chan Sophea", amount, currency),
        PreTransfer(number, receiver, amount, currency, name, name, 300),
        ConfirmFundTransfer(PRE_TRANSFER, number),
        TransferReference(number, receiver, amount, currency),
        Credentials(number, receiver, name, currency),
        Token(receiver, 60),
    ):
        texts = [getattr(message, one.name) for one in fields(message)]
        assert {type(text) for text in texts if isinstance(text, str)} == {str}
