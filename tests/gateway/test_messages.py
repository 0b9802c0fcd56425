# ruff: noqa: ANN401 - what tests are given is of any type

"""The messages: what they refuse, what they show, what they never do."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from kesspay.errors import FieldError
from kesspay.gateway.messages import (
    ConfirmFundTransfer,
    Credentials,
    QueryFundTransfer,
    Token,
    VerifiedAnswer,
)
from tests.gateway.helpers import (
    CANARIES,
    CONFIRM_REQUEST,
    CREATE_REQUEST,
    PRE_TRANSFER,
    credentials,
)


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
    """Two holders of one secret are not equal: no comparison tells of it."""
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
        CREATE_REQUEST.amount = None  # type: ignore[misc,assignment]
    with pytest.raises((AttributeError, TypeError)):
        CREATE_REQUEST.extra = 1  # type: ignore[attr-defined]


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


def test_evidence_is_neither_shown_nor_compared() -> None:
    """The bytes that verified do not clutter a repr, and change no equality."""
    with_evidence = replace(PRE_TRANSFER, canonical=b"canary")
    assert with_evidence == PRE_TRANSFER
    assert "canary" not in repr(with_evidence)
    assert "canary" not in repr(VerifiedAnswer({"a": "canary"}, b"canary"))
