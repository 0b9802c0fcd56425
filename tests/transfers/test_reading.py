"""What the answers of the gateway mean for an attempt."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import pytest

from kesspay.errors import (
    AuthenticationFailed,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    Rejected,
)
from kesspay.gateway.messages import FundTransfer, PreTransfer
from kesspay.transfers.attempt import Happened
from kesspay.transfers.reading import (
    Facts,
    Reading,
    read_confirm,
    read_create,
    read_query,
)


H = Happened

GRANTED: Final = PreTransfer(
    out_trade_no="order-1-1",
    receiver_id="85512345678",
    amount=Decimal("0.50"),
    currency="USD",
    pre_transfer_id="PT-1",
    receiver_name="Sok Dara",
    expire_in=300,
)
PAID: Final = FundTransfer(
    result_code="SUCCESS",
    fund_transfer_id="FT-1",
    out_trade_no="order-1-1",
    receiver_id="85512345678",
    amount=Decimal("0.50"),
    currency="USD",
    pre_transfer_id="PT-1",
    receiver_name="Sok Dara",
    canonical=b"{}",
)
NOT_SENT: Final = NotSent("no", evidence={"transport": "not_sent"})
NO_LOG_IN: Final = AuthenticationFailed("no", evidence={"phase": "log-in"})
REFUSED: Final = Rejected("no", code="EXPIRED", evidence={"http_status": 400})
LOST: Final = OutcomeUnknown("no", evidence={"transport": "no_reply"})
USED: Final = OutcomeUnknown("no", code="USED")


@pytest.mark.parametrize(
    ("error", "what", "code"),
    [
        (NOT_SENT, H.CREATE_NOT_SENT, ""),
        (REFUSED, H.CREATE_REFUSED, "EXPIRED"),
        (LOST, H.CREATE_UNKNOWN, ""),
        (USED, H.CREATE_UNKNOWN, "USED"),
        # After the create had left: it may be there.
        (NO_LOG_IN, H.CREATE_UNKNOWN, ""),
    ],
)
def test_a_create(error: GatewayError, what: Happened, code: str) -> None:
    """Without a signed refusal a create that left is unknown."""
    read = read_create(None, error)
    assert (read.what, read.code) == (what, code)


@pytest.mark.parametrize(
    ("error", "what", "code"),
    [
        (NOT_SENT, H.CONFIRM_NOT_SENT, ""),
        (NO_LOG_IN, H.CONFIRM_NOT_SENT, ""),
        (REFUSED, H.CONFIRM_REFUSED, "EXPIRED"),
        (LOST, H.CONFIRM_UNKNOWN, ""),
        (USED, H.CONFIRM_UNKNOWN, "USED"),
    ],
)
def test_a_confirm(error: GatewayError, what: Happened, code: str) -> None:
    """Only "not sent" and a signed refusal say anything."""
    read = read_confirm(None, error)
    assert (read.what, read.code) == (what, code)


def unknown(code: str = "", **evidence: object) -> OutcomeUnknown:
    """Return what a query raises."""
    return OutcomeUnknown("no", code=code, evidence=evidence)


@pytest.mark.parametrize(
    ("error", "what", "code"),
    [
        (NOT_SENT, H.QUERY_UNKNOWN, ""),
        (NO_LOG_IN, H.QUERY_UNKNOWN, ""),
        (LOST, H.QUERY_UNKNOWN, ""),
        (
            unknown("SYSTEMERROR", error_code="SYSTEMERROR"),
            H.QUERY_UNKNOWN,
            "SYSTEMERROR",
        ),
        (unknown(reason="mismatch"), H.QUERY_UNKNOWN, ""),
        (unknown("NOTEXIST"), H.QUERY_SAID, "NOTEXIST"),
        (unknown("PENDING", result_code="PENDING"), H.QUERY_SAID, "PENDING"),
        # A result_code that is no text is not SUCCESS either.
        (unknown("", result_code=""), H.QUERY_SAID, ""),
        (unknown(differs="amount"), H.QUERY_DIFFERS, ""),
        (unknown(differs="receiver_id, amount"), H.QUERY_DIFFERS, ""),
        # An answer to another question.
        (unknown(differs="out_trade_no"), H.QUERY_UNKNOWN, ""),
        (unknown(differs="out_trade_no, amount"), H.QUERY_UNKNOWN, ""),
    ],
)
def test_a_query(error: GatewayError, what: Happened, code: str) -> None:
    """A query says SUCCESS, something else, or nothing."""
    read = read_query(None, error)
    assert (read.what, read.code) == (what, code)


def test_successes() -> None:
    """What a payment needs later is kept with them."""
    granted: Facts = {
        "pre_transfer_id": "PT-1",
        "receiver_name": "Sok Dara",
        "expire_in": 300,
    }
    assert read_create(GRANTED, None) == Reading(H.CREATE_GRANTED, facts=granted)
    paid: Facts = {"fund_transfer_id": "FT-1"}
    assert read_confirm(PAID, None) == Reading(H.CONFIRM_PAID, facts=paid)
    assert read_query(PAID, None) == Reading(H.QUERY_PAID, facts=paid)


def test_evidence() -> None:
    """The plain parts of the evidence are kept, and only those named."""
    error = unknown(
        "USED", http_status=400, answer_sha256="ab", service="x", reason=["no", "text"]
    )
    assert read_confirm(None, error).facts == {
        "error": "OutcomeUnknown",
        "http_status": 400,
    }


def test_no_result_and_no_error() -> None:
    """Whatever that is, it proves nothing."""
    assert read_create(None, None).what is H.CREATE_UNKNOWN
    assert read_confirm(None, None).what is H.CONFIRM_UNKNOWN
    assert read_query(None, None).what is H.QUERY_UNKNOWN
