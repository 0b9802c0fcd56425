"""The rules, end to end: real transfers against a gateway with faults."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.errors import (
    AuthenticationFailed,
    JournalError,
    NotSent,
    OutcomeUnknown,
    PaymentConflict,
    Rejected,
)
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY, Credentials
from kesspay.transfers.attempt import RELAXED, STRICT, Happened, Rules
from tests.transfers.virtual import DEBIT, ORDER, face, partner


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.gateway.messages import HttpRequest, HttpResponse
    from kesspay.transfers.payment import TransferResult
    from tests.transfers.virtual import Partner

    MakePartner = Callable[..., Partner]

__all__ = ["face", "partner"]

H = Happened

STARTED: Final = [(1, H.CREATE_SENDING), (1, H.CREATE_GRANTED)]
DEBITED: Final = [*STARTED, (1, H.DEBITED)]
SENT: Final = [*DEBITED, (1, H.CONFIRM_SENDING)]


def pay(here: Partner, rules: Rules = STRICT, *, later: float = 0.0) -> TransferResult:
    """Start and confirm, some seconds apart."""
    transfers = here.transfers(rules)
    transfers.start(**ORDER)
    here.sandbox.advance(later)
    result: TransferResult = transfers.confirm("order-1", debit_id=DEBIT)
    return result


def test_nothing_goes_wrong(partner: MakePartner) -> None:
    """A create, a debit, a confirm: paid, and the debit written in between."""
    here = partner()
    result = pay(here)
    assert (result.outcome, result.reason) == ("paid", "")
    assert result.fund_transfer_id == here.sandbox.ledger.credits()[0].fund_transfer_id
    assert here.happened() == [*SENT, (1, H.CONFIRM_PAID)]
    assert here.credited() == 1


# ------------------------------------------------------------- rows of NEW


def test_a_create_that_did_not_leave_is_repeated(partner: MakePartner) -> None:
    """It has the same number again: no one has seen it."""
    here = partner()
    here.wire.not_sent[CREATE] = 2
    pending = here.transfers().start(**ORDER)
    assert pending.result.evidence["out_trade_no"] == "order-1-1"
    nothing = [(1, H.CREATE_SENDING), (1, H.CREATE_NOT_SENT)]
    assert here.happened() == [*nothing, *nothing, *STARTED]


@pytest.mark.parametrize(
    "fault",
    [
        "drop-before",
        "drop-after",
        "foreign-signature",
        "error-500-before",
        "truncated",
        "wrong-amount",
        "missing-field=receiver_id",
        "bad-gateway-after",
        "expired-token",
    ],
)
def test_a_create_without_an_answer_is_abandoned(
    partner: MakePartner, fault: str
) -> None:
    """The next one has another number; the first is never used again."""
    here = partner()
    here.plan(fault, CREATE)
    transfers = here.transfers()
    transfers.start(**ORDER)
    lost = [(1, H.CREATE_SENDING), (1, H.CREATE_UNKNOWN)]
    assert here.happened() == [*lost, (2, H.CREATE_SENDING), (2, H.CREATE_GRANTED)]
    assert transfers.confirm("order-1", debit_id=DEBIT).outcome == "paid"
    assert here.sandbox.ledger.credits()[0].out_trade_no == "order-1-2"
    assert here.credited() == 1


@pytest.mark.parametrize("code", ["NOTELIGIBLE", "VALIDATIONERROR"])
def test_a_create_that_is_refused(partner: MakePartner, code: str) -> None:
    """The caller hears why, every time; no money is involved."""
    here = partner()
    here.plan(f"refused={code}", CREATE)
    transfers = here.transfers()
    for _ in range(2):
        with pytest.raises(Rejected) as caught:
            transfers.start(**ORDER)
        assert caught.value.code == code
        assert "no money is involved" in str(caught.value)
    assert here.wire.services() == [CREATE]
    assert transfers.look("order-1").outcome == "not_paid"
    # A caller that debits all the same is asked to give it back.
    assert transfers.confirm("order-1", debit_id=DEBIT).outcome == "not_paid"
    assert here.wire.services() == [CREATE]


def test_creates_that_get_lost_come_to_an_end(partner: MakePartner) -> None:
    """After five, the caller hears it; the next call continues with a sixth."""
    here = partner()
    here.plan("drop-after", CREATE, times=5)
    transfers = here.transfers()
    with pytest.raises(OutcomeUnknown, match="no money is involved"):
        transfers.start(**ORDER)
    assert here.happened()[-1] == (5, H.CREATE_UNKNOWN)
    assert transfers.look("order-1").outcome == "pending"
    pending = transfers.start(**ORDER)
    assert pending.result.evidence["out_trade_no"] == "order-1-6"


def test_creates_end_with_the_time(partner: MakePartner) -> None:
    """No pause runs over the time-out."""
    here = partner()
    here.wire.not_sent[CREATE] = 99
    with pytest.raises(NotSent):
        here.transfers().start(**ORDER, timeout=0.3)
    assert here.wire.not_sent[CREATE] == 98


def test_wrong_credentials(partner: MakePartner) -> None:
    """The caller of start hears it at once; nothing was sent or written."""
    here = partner()
    here.plan("refused=UNAUTHENTICATED", CREATE)
    here.sandbox.emulator._credentials = here.sandbox.emulator._credentials.__class__(
        partner_id="p", partner_secret_key="s", user_name="u", password="w"
    )
    with pytest.raises(AuthenticationFailed):
        here.transfers().start(**ORDER)
    assert here.entries() == ()


# ----------------------------------------------------- rows of CREATED, DEBITED


def test_declining(partner: MakePartner) -> None:
    """A payment that was not debited ends; nothing brings it back."""
    here = partner()
    transfers = here.transfers()
    pending = transfers.start(**ORDER)
    for _ in range(2):
        result = pending.close()
        assert (result.outcome, result.reason) == ("not_paid", "it was closed")
    assert here.happened() == [*STARTED, (1, H.DECLINED)]
    assert transfers.start(**ORDER).result.outcome == "not_paid"
    assert transfers.confirm("order-1", debit_id=DEBIT).outcome == "not_paid"
    assert here.wire.services() == [CREATE]


def test_declining_what_was_never_created(partner: MakePartner) -> None:
    """A payment whose creates did not even leave can be declined."""
    here = partner()
    here.wire.not_sent["token"] = 99
    transfers = here.transfers()
    with pytest.raises(NotSent):
        transfers.start(**ORDER)
    assert transfers.decline("order-1").outcome == "not_paid"
    assert here.happened() == [(1, H.DECLINED)]
    assert transfers.start(**ORDER).result.outcome == "not_paid"


def test_declining_after_the_debit(partner: MakePartner) -> None:
    """As long as no confirm has left, the debit can be given back."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    here.wire.not_sent[CONFIRM] = 999
    result = transfers.confirm("order-1", debit_id=DEBIT)
    assert result.outcome == "unknown"
    assert "not sent" in result.reason
    assert transfers.decline("order-1").outcome == "not_paid"
    here.wire.not_sent.clear()
    assert here.settle(transfers).outcome == "not_paid"
    assert here.credited() == 0


@pytest.mark.parametrize("fault", ["latency=0", "drop-after"])
def test_declining_too_late(partner: MakePartner, fault: str) -> None:
    """Once a confirm may have left, nothing is changed."""
    here = partner()
    here.plan(fault, CONFIRM)
    here.plan("drop-after", QUERY, times=99)
    pay(here)
    before = here.entries()
    with pytest.raises(PaymentConflict, match="cannot be declined"):
        here.transfers().decline("order-1")
    assert here.entries() == before


@pytest.mark.parametrize("later", [260.0, 300.0, 5000.0])
def test_a_window_that_closed(partner: MakePartner, later: float) -> None:
    """There is another attempt with the same debit, and no confirm of the first."""
    here = partner()
    assert pay(here, later=later).outcome == "paid"
    assert here.happened() == [
        *DEBITED,
        (1, H.WINDOW_CLOSED),
        (2, H.CREATE_SENDING),
        (2, H.CREATE_GRANTED),
        (2, H.DEBITED),
        (2, H.CONFIRM_SENDING),
        (2, H.CONFIRM_PAID),
    ]
    assert here.credited() == 1


def test_a_window_that_is_open(partner: MakePartner) -> None:
    """A moment before it closes the first attempt is still good."""
    here = partner()
    assert pay(here, later=259.0).outcome == "paid"
    assert here.happened() == [*SENT, (1, H.CONFIRM_PAID)]


def test_starting_again_after_the_window(partner: MakePartner) -> None:
    """A caller without a debit gets another pre-transfer, with time left."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    here.sandbox.advance(260)
    pending = transfers.start(**ORDER)
    assert pending.expires_at == here.sandbox.now() + 260
    assert here.happened()[2:] == [
        (1, H.WINDOW_CLOSED),
        (2, H.CREATE_SENDING),
        (2, H.CREATE_GRANTED),
    ]
    assert pending.confirm(DEBIT).outcome == "paid"


def test_another_attempt_that_is_refused(partner: MakePartner) -> None:
    """Where the second create is refused, the debit is given back."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    here.sandbox.advance(270)
    here.plan("refused=NOTELIGIBLE", CREATE)
    result = transfers.confirm("order-1", debit_id=DEBIT)
    assert (result.outcome, result.code) == ("not_paid", "NOTELIGIBLE")
    # Who starts it once more has a debit, so nothing is raised.
    assert transfers.start(**ORDER).result.outcome == "not_paid"
    assert here.credited() == 0


def test_another_attempt_that_gets_lost(partner: MakePartner) -> None:
    """A later attempt may need several creates, also by a worker."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    here.sandbox.advance(270)
    here.plan("drop-after", CREATE, times=2)
    here.wire.not_sent[CREATE] = 1
    result = transfers.confirm("order-1", debit_id=DEBIT, timeout=1)
    assert result.outcome == "unknown"
    assert "not sent" in result.reason
    assert here.settle(transfers).outcome == "paid"
    assert here.credited() == 1


def test_another_name_on_another_attempt(partner: MakePartner) -> None:
    """No receiver is paid whose name the sender has not seen."""
    here = partner()
    transfers = here.transfers()
    pending = transfers.start(**ORDER)
    here.sandbox.ledger.add_user(ORDER["receiver_id"], "Somebody Else")
    here.sandbox.advance(270)
    result = pending.confirm(DEBIT)
    assert (result.outcome, result.code) == ("not_paid", "NAME_CHANGED")
    assert result.reason == "the receiver's name changed"
    assert here.wire.services() == [CREATE, CREATE]
    assert here.credited() == 0


def test_a_confirm_that_did_not_leave(partner: MakePartner) -> None:
    """It is repeated while the window is open, and counts as none."""
    here = partner()
    here.wire.not_sent[CONFIRM] = 3
    result = pay(here)
    assert (result.outcome, result.evidence["confirms_sent"]) == ("paid", 1)
    nothing = [(1, H.CONFIRM_SENDING), (1, H.CONFIRM_NOT_SENT)]
    assert here.happened() == [*DEBITED, *nothing * 3, *SENT[-1:], (1, H.CONFIRM_PAID)]


def test_confirms_that_never_leave(partner: MakePartner) -> None:
    """When the window closes there is another attempt, again and again."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    here.wire.not_sent[CONFIRM] = 9999
    assert transfers.confirm("order-1", debit_id=DEBIT, timeout=400).outcome == (
        "unknown"
    )
    assert here.entries()[-1].attempt == 2
    here.wire.not_sent.clear()
    assert here.settle(transfers).outcome == "paid"
    assert here.credited() == 1


def test_no_log_in_before_a_confirm(partner: MakePartner) -> None:
    """Without a token nothing is written or sent; the debit waits."""
    here = partner()
    here.transfers().start(**ORDER)
    here.wire.not_sent["token"] = 1
    fresh = here.transfers()
    result = fresh.confirm("order-1", debit_id=DEBIT, timeout=0.4)
    assert result.outcome == "unknown"
    assert here.happened() == DEBITED
    assert here.settle(fresh).outcome == "paid"


def test_credentials_that_went_bad(partner: MakePartner) -> None:
    """A refused log-in ends the call, not the payment."""
    here = partner()
    here.transfers().start(**ORDER)
    right = here.sandbox.emulator._credentials
    here.sandbox.emulator._credentials = right.__class__(
        partner_id="p", partner_secret_key="s", user_name="u", password="w"
    )
    fresh = here.transfers()
    result = fresh.confirm("order-1", debit_id=DEBIT)
    assert (result.outcome, here.happened()) == ("unknown", DEBITED)
    assert "refused" in result.reason
    here.sandbox.emulator._credentials = right
    here.sandbox.advance(60)
    assert here.settle(fresh).outcome == "paid"
    assert here.credited() == 1


# -------------------------------------------------------------- HTTP 401


def test_a_401_before_the_confirm_was_carried_out(partner: MakePartner) -> None:
    """There is a new token and the same body; both sends are in the journal."""
    here = partner()
    here.plan("expired-token", CONFIRM)
    result = pay(here)
    assert (result.outcome, result.evidence["confirms_sent"]) == ("paid", 2)
    assert here.happened() == [*SENT, (1, H.CONFIRM_SENDING), (1, H.CONFIRM_PAID)]
    first, second = here.entries()[3:5]
    assert first.sent == second.sent
    assert second.received is not None
    assert b"UNAUTHENTICATED" in second.received
    assert here.credited() == 1


def test_a_401_after_the_confirm_was_carried_out(partner: MakePartner) -> None:
    """The second send is USED, and the query says paid."""
    here = partner()
    here.plan("unauthenticated-after", CONFIRM)
    result = pay(here)
    assert result.outcome == "paid"
    assert here.happened() == [
        *SENT,
        (1, H.CONFIRM_SENDING),
        (1, H.CONFIRM_UNKNOWN),
        (1, H.QUERY_PAID),
    ]
    assert here.entries()[-2].code == "USED"
    # It is no wonder after two sends.
    assert result.evidence["alerts"] == []
    assert here.credited() == 1


def test_a_401_and_then_nothing(partner: MakePartner) -> None:
    """The 401 stands with the send it caused; what got lost has no body."""
    here = partner()
    here.plan("expired-token", CONFIRM)
    here.plan("drop-after", CONFIRM)
    assert pay(here).outcome == "paid"
    second, lost = here.entries()[4:6]
    assert second.received is not None
    assert b"UNAUTHENTICATED" in second.received
    assert lost.what is H.CONFIRM_UNKNOWN
    assert lost.received is None


def test_a_401_twice(partner: MakePartner) -> None:
    """Two tokens were refused: the outcome is unknown until a query decides."""
    here = partner()
    here.plan("expired-token", CONFIRM, times=2)
    here.plan("drop-after", QUERY, times=99)
    transfers = here.transfers()
    transfers.start(**ORDER)
    result = transfers.confirm("order-1", debit_id=DEBIT, timeout=0.4)
    assert result.outcome == "unknown"
    assert here.happened()[:6] == [
        *SENT,
        (1, H.CONFIRM_SENDING),
        (1, H.CONFIRM_UNKNOWN),
    ]
    here.sandbox.faults.clear()
    assert here.settle(here.transfers()).evidence["confirms_sent"] == 3


@pytest.mark.parametrize("code", ["EXPIRED", "NOTEXIST", "VALIDATIONERROR"])
def test_a_refusal_after_a_401_proves_nothing(partner: MakePartner, code: str) -> None:
    """The retry after a 401 is a send, so no refusal is final (R8)."""
    here = partner()
    here.plan("unauthenticated-after", CONFIRM)
    here.plan(f"refused={code}", CONFIRM)
    here.plan("refused=NOTEXIST", QUERY)
    assert pay(here).outcome == "paid"
    assert (1, H.CONFIRM_REFUSED) not in here.happened()
    assert here.credited() == 1


def test_a_log_in_that_fails_after_a_401(partner: MakePartner) -> None:
    """What was sent before it is unknown."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    here.plan("unauthenticated-after", CONFIRM)
    here.wire.not_sent["token"] = 1
    assert transfers.confirm("order-1", debit_id=DEBIT).outcome == "paid"
    assert here.happened()[:5] == [*SENT, (1, H.CONFIRM_UNKNOWN)]
    assert here.credited() == 1


def test_no_send_too_many_after_a_401(partner: MakePartner) -> None:
    """Where a confirm was sent three times, a 401 brings no fourth (R6)."""
    here = partner()
    here.plan("drop-before", CONFIRM, times=2)
    here.plan("expired-token", CONFIRM)
    transfers = here.transfers(replace(STRICT, resends=2))
    transfers.start(**ORDER)
    transfers.confirm("order-1", debit_id=DEBIT)
    assert here.settle(transfers).outcome == "manual"
    assert here.wire.services() == [CREATE, CONFIRM, CONFIRM, CONFIRM]
    assert here.credited() == 0


# ------------------------------------------------------- rows of CONFIRMING


@pytest.mark.parametrize("code", ["EXPIRED", "NOTEXIST", "VALIDATIONERROR"])
def test_a_refusal_and_a_query_that_agrees(partner: MakePartner, code: str) -> None:
    """Refused on the only send and corroborated: not paid."""
    here = partner()
    here.plan(f"refused={code}", CONFIRM)
    here.plan("drop-after", QUERY)
    here.plan("refused=NOTEXIST", QUERY)
    result = pay(here)
    assert result.outcome == "not_paid"
    assert here.happened() == [
        *SENT,
        (1, H.CONFIRM_REFUSED),
        (1, H.QUERY_UNKNOWN),
        (1, H.QUERY_SAID),
    ]
    assert here.credited() == 0


def test_a_refusal_and_a_query_that_does_not_agree(partner: MakePartner) -> None:
    """A query that says PENDING leaves it unknown."""
    here = partner()
    here.plan("refused=VALIDATIONERROR", CONFIRM, times=9)
    assert pay(here).outcome == "unknown"
    assert here.settle(here.transfers()).outcome == "manual"


def test_a_refusal_that_was_none(partner: MakePartner) -> None:
    """A query that says SUCCESS makes it paid, and a person has to look."""
    here = partner()
    here.plan("refused=EXPIRED", CONFIRM)
    transfers = here.transfers()
    transfers.start(**ORDER)
    row = here.sandbox.ledger.transfers()[0]
    here.sandbox.ledger.confirm(row.pre_transfer_id, DEBIT)
    result = transfers.confirm("order-1", debit_id=DEBIT)
    assert result.outcome == "paid"
    assert "answered with EXPIRED" in str(result.evidence["alerts"])


AFTER: Final = [
    "drop-after", "truncated", "error-500-after", "bad-gateway-after", "html-200",
    "empty-200", "oversized", "tampered", "unsigned", "foreign-signature", "replayed",
    "duplicate-key", "wrong-amount", "wrong-receiver", "wrong-reference",
    "wrong-currency", "missing-field=amount", "pending", "unknown-code",
]  # fmt: skip


@pytest.mark.parametrize("fault", AFTER)
def test_paid_without_a_usable_answer(partner: MakePartner, fault: str) -> None:
    """However the answer is spoilt, a query finds the credit, and there is one."""
    here = partner()
    here.plan(fault, CONFIRM)
    result = pay(here)
    assert result.outcome == "paid"
    assert here.happened() == [*SENT, (1, H.CONFIRM_UNKNOWN), (1, H.QUERY_PAID)]
    assert here.credited() == 1


def test_a_confirm_that_takes_too_long(partner: MakePartner) -> None:
    """It ends with its deadline, on which the window counts, not with the call."""
    here = partner()
    here.plan("latency=45", CONFIRM)
    assert pay(here).outcome == "paid"
    assert here.happened() == [*SENT, (1, H.CONFIRM_UNKNOWN), (1, H.QUERY_PAID)]
    assert here.entries()[4].at == here.entries()[3].at + STRICT.deadline


def busy(here: Partner, seconds: int) -> None:
    """Let the gateway ask to wait so long wherever it has no time."""
    send = here.wire.send

    def asking(request: HttpRequest, *, timeout: float) -> HttpResponse:
        response = send(request, timeout=timeout)
        if response.status != 429:
            return response
        return replace(response, headers=(("Retry-After", str(seconds)),))

    here.wire.send = asking  # type: ignore[method-assign] # a wire of this test


def test_a_busy_gateway_gets_time_before_another_create(partner: MakePartner) -> None:
    """Also from a caller that asks again: a debit that is there waits in between."""
    here = partner()
    busy(here, 120)
    here.transfers().start(**ORDER)
    here.sandbox.advance(900)
    here.plan("too-many", CREATE)
    result = here.transfers().confirm("order-1", debit_id=DEBIT)
    assert (result.outcome, result.check_at) == ("unknown", here.entries()[-1].at + 120)
    assert here.wire.services().count(CREATE) == 2
    again = here.transfers().confirm("order-1", debit_id=DEBIT)
    assert (again.outcome, again.check_at) == ("unknown", result.check_at)
    assert list(here.transfers().resume()) == []
    assert here.wire.services().count(CREATE) == 2
    here.sandbox.advance(120)
    (paid,) = here.transfers().resume()
    assert paid.outcome == "paid"
    assert here.wire.services().count(CREATE) == 3
    assert here.credited() == 1


@pytest.mark.parametrize(
    "fault", ["drop-before", "error-500-before", "bad-gateway-before", "too-many"]
)
def test_not_paid_without_an_answer(partner: MakePartner, fault: str) -> None:
    """A query finds no credit, and the very same confirm goes out again."""
    here = partner()
    here.plan(fault, CONFIRM, times=2)
    result = pay(here)
    assert (result.outcome, result.evidence["confirms_sent"]) == ("paid", 3)
    sends = [entry for entry in here.entries() if entry.what is H.CONFIRM_SENDING]
    assert len({entry.sent for entry in sends}) == 1
    assert here.credited() == 1


@pytest.mark.parametrize(
    "fault",
    [
        "drop-after",
        "bad-gateway-after",
        "foreign-signature",
        "error-500-after",
        "wrong-reference",
        "replayed",
        "expired-token",
    ],
)
def test_queries_that_tell_nothing(partner: MakePartner, fault: str) -> None:
    """They change nothing but the time of the next one."""
    here = partner()
    here.plan("drop-after", CONFIRM, times=9)
    here.plan(fault, QUERY, times=6)
    assert pay(here).outcome in {"unknown", "paid"}
    assert here.settle(here.transfers()).outcome == "paid"
    assert here.credited() == 1


@pytest.mark.parametrize(
    "fault",
    ["wrong-amount", "wrong-receiver", "wrong-currency", "missing-field=amount"],
)
def test_a_query_with_other_fields(partner: MakePartner, fault: str) -> None:
    """SUCCESS for something else is for a person, and stays so."""
    here = partner()
    here.plan("drop-after", CONFIRM)
    here.plan(fault, QUERY)
    result = pay(here)
    assert (result.outcome, result.check_at) == ("manual", None)
    assert "other fields" in result.reason
    assert list(here.transfers().resume()) == []


# ---------------------------------------------------------- rows of UNKNOWN


def test_used_on_the_first_send(partner: MakePartner) -> None:
    """Another program confirmed it: paid where a query says so, with an alert."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    row = here.sandbox.ledger.transfers()[0]
    here.sandbox.ledger.confirm(row.pre_transfer_id, "another-debit")
    result = transfers.confirm("order-1", debit_id=DEBIT)
    assert result.outcome == "paid"
    assert len(result.evidence["alerts"]) == 2
    assert here.credited() == 1


@pytest.mark.parametrize("rules", [STRICT, RELAXED])
def test_used_and_never_credited(partner: MakePartner, rules: Rules) -> None:
    """USED is neither success nor failure; after the fence a person decides."""
    here = partner()
    here.plan("refused=USED", CONFIRM, times=9)
    assert pay(here, rules).outcome == "unknown"
    assert here.settle(here.transfers(rules)).outcome == "manual"
    assert here.wire.services() == [CREATE, CONFIRM]


def test_expired_on_a_second_send(partner: MakePartner) -> None:
    """It proves nothing: the first one was carried out."""
    here = partner(used_first=False)
    here.plan("drop-after", CONFIRM)
    here.plan("refused=EXPIRED", CONFIRM)
    here.plan("refused=NOTEXIST", QUERY, times=2)
    result = pay(here)
    assert result.outcome == "paid"
    assert [entry.code for entry in here.entries()][4:8] == [
        "", "NOTEXIST", "", "EXPIRED",
    ]  # fmt: skip
    assert here.credited() == 1


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("rules", "outcome"), [(STRICT, "manual"), (RELAXED, "not_paid")]
)
def test_no_credit_until_after_the_fence(
    partner: MakePartner, rules: Rules, outcome: str
) -> None:
    """Two queries say "no" after the fence, ten seconds apart, and not before."""
    here = partner()
    here.plan("drop-before", CONFIRM, times=99)
    begun = here.sandbox.now()
    assert pay(here, rules).outcome == "unknown"
    transfers = here.transfers(rules)
    result = here.settle(transfers)
    assert result.outcome == outcome
    first, second = here.entries()[-2:]
    assert first.at == begun + 600
    assert second.at == first.at + 10
    assert here.wire.services() == [CREATE, *[CONFIRM] * (1 + STRICT.resends)]
    assert here.credited() == 0


@pytest.mark.few(4)
@pytest.mark.parametrize("rules", [STRICT, RELAXED])
@pytest.mark.parametrize("fault", ["delayed-credit=400", "delayed-credit-error=900"])
def test_a_credit_that_comes_late(
    partner: MakePartner, rules: Rules, fault: str
) -> None:
    """It is never called not paid, whenever it comes."""
    here = partner()
    here.plan(fault, CONFIRM)
    assert pay(here, rules).outcome == "unknown"
    result = here.settle(here.transfers(rules))
    assert result.outcome == ("paid" if "400" in fault else "manual")
    here.sandbox.advance(1000)
    assert here.credited() == 1


def test_a_query_that_forgets_at_the_expiry(partner: MakePartner) -> None:
    """In the worst world STRICT leaves it to a person."""
    here = partner(used_first=False, query_after_expiry="expired")
    here.plan("drop-after", CONFIRM, times=9)
    here.plan("drop-after", QUERY, times=20)
    pay(here)
    here.sandbox.advance(300)
    here.sandbox.faults.clear()
    assert here.settle(here.transfers()).outcome == "manual"
    assert here.credited() == 1


def test_the_schedule_of_queries(partner: MakePartner) -> None:
    """At once, then after 1, 2, 5, 15 and 30 seconds, by one call and by workers."""
    here = partner()
    here.plan("unknown-code", CONFIRM)
    here.plan("pending", QUERY, times=99)
    here.plan("latency=0", QUERY)
    pay(here)
    asked = [entry.at for entry in here.entries() if entry.what is H.QUERY_SAID]
    begun = here.entries()[4].at
    assert [at - begun for at in asked] == [0, 1, 3, 8, 23, 53]
    result = here.transfers().look("order-1")
    assert result.check_at == asked[-1] + 30
    assert list(here.transfers().resume()) == []
    here.sandbox.advance(30)
    (result,) = here.transfers().resume()
    assert (result.outcome, result.code) == ("unknown", "PENDING")


# ------------------------------------------------------- the same, once more


def test_every_call_can_be_repeated(partner: MakePartner) -> None:
    """Nothing is sent twice, and the answers are the same."""
    here = partner()
    first = here.transfers().start(**ORDER)
    second = here.transfers().start(**ORDER)
    assert (first.receiver_name, first.expires_at) == (
        second.receiver_name,
        second.expires_at,
    )
    paid = here.transfers().confirm("order-1", debit_id=DEBIT)
    again = here.transfers().confirm("order-1", debit_id=DEBIT)
    late = here.transfers().start(**ORDER)
    assert paid == again == late.result == here.transfers().look("order-1")
    assert paid.outcome == "paid"
    assert here.wire.services() == [CREATE, CONFIRM]


def test_another_payment_with_the_id(partner: MakePartner) -> None:
    """One id is one payment for ever."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    for change in ({"amount": ORDER["amount"] * 2}, {"sender_name": "Sok Dara"}):
        with pytest.raises(PaymentConflict):
            transfers.start(**{**ORDER, **change})
    assert here.wire.services() == [CREATE]


def test_another_debit(partner: MakePartner) -> None:
    """One payment has one debit, whatever came of it."""
    here = partner()
    here.plan("drop-before", CONFIRM, times=9)
    pay(here)
    before = here.entries()
    with pytest.raises(PaymentConflict, match="has the debit 'debit-1'"):
        here.transfers().confirm("order-1", debit_id="debit-2")
    assert here.entries() == before


def test_confirming_what_was_not_started(partner: MakePartner) -> None:
    """Nor can a payment be confirmed that has no pre-transfer."""
    here = partner()
    transfers = here.transfers()
    with pytest.raises(JournalError):
        transfers.confirm("order-1", debit_id=DEBIT)
    here.plan("drop-after", CREATE, times=5)
    with pytest.raises(OutcomeUnknown):
        transfers.start(**ORDER)
    with pytest.raises(PaymentConflict, match="start it first"):
        transfers.confirm("order-1", debit_id=DEBIT)
    assert (5, H.DEBITED) not in here.happened()


def test_a_start_without_a_token(partner: MakePartner) -> None:
    """Where the log-in fails, nothing is written and nothing is sent."""
    here = partner()
    here.plan("bad-gateway-before", "token", times=99)
    with pytest.raises(NotSent):
        here.transfers().start(**ORDER)
    assert here.happened() == []
    assert here.wire.services().count(CREATE) == 0


def test_a_confirm_without_a_token(partner: MakePartner) -> None:
    """The debit is written, no confirm is; the payment continues when it can."""
    here = partner()
    here.transfers().start(**ORDER)
    here.plan("bad-gateway-before", "token", times=99)
    result = here.transfers().confirm("order-1", debit_id=DEBIT)
    assert (result.outcome, result.evidence["confirms_sent"]) == ("unknown", 0)
    assert "log-in" in result.reason
    assert here.happened()[-1] == (1, H.DEBITED)
    here.sandbox.faults.clear()
    here.sandbox.advance(60)
    (settled,) = here.transfers().resume()
    assert settled.outcome == "paid"


def test_a_confirm_with_refused_credentials(partner: MakePartner) -> None:
    """Wrong credentials end the call at once, not the payment."""
    here = partner()
    here.transfers().start(**ORDER)
    here.sandbox.emulator._credentials = Credentials("other", "a", "b", "c")
    result = here.transfers().confirm("order-1", debit_id=DEBIT)
    assert result.outcome == "unknown"
    assert here.wire.services().count("token") <= 3
