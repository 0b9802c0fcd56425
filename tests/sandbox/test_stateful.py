"""
Random lives of a client and its sandbox, compared with a model of both.

Hypothesis makes up sequences of calls, with lost and damaged exchanges, time
that passes, tokens that end and clients that start again. After each step the
ledger must be what the model says, and the client must have said neither more
nor less than what is known. ``KESSPAY_LONG=n`` tries n times as many.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from kesspay import (
    Client,
    CreateFundTransfer,
    GatewayError,
    NotSent,
    PreTransfer,
    Rejected,
    TransportError,
)
from kesspay.gateway.messages import HttpResponse
from tests.sandbox.helpers import CLOSED, StillSandbox, load


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.gateway.messages import FundTransfer, HttpRequest
    from kesspay.sandbox import Sandbox


LONG: Final = max(1, int(os.environ.get("KESSPAY_LONG") or 1))

TRANSFER_LIFE: Final = 300
#: As long as a client holds a token, so that only the sandbox can end one.
TOKEN_LIFE: Final = 86_400

USERS: Final = {"85512345678": "Sok Dara", "85598765432": "ចាន់ សុភា"}
RECEIVERS: Final = (*USERS, CLOSED, "nobody")

#: What can befall the first exchange of a call: nothing; it never leaves; it
#: is lost on the way there, or on the way back; or the answer is damaged.
FATES: Final = (*[""] * 6, "not sent", "request lost", "answer lost", "damaged")
#: Those after which the gateway has the request.
ARRIVED: Final = ("", "answer lost", "damaged")

AMOUNTS: Final = st.one_of(
    st.sampled_from(("0.01", "0.5", "0.50", "10", "9999999999999.99")).map(Decimal),
    st.integers(1, 10**15 - 1).map(lambda cents: Decimal(cents).scaleb(-2)),
)


class Weather:
    """A Transport that does to the next call what the test sets."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Begin with good weather."""
        self._inner = sandbox.transport
        self.fate = ""
        self.last_body = b""

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Return the answer, or lose or damage it."""
        if request.url.endswith("/token"):
            return self._inner.send(request, timeout=timeout)
        fate, self.fate = self.fate, ""
        if fate == "not sent":
            raise TransportError("not_sent", "no connection")
        if fate == "request lost":
            raise TransportError("no_reply", "the connection broke")
        response = self._inner.send(request, timeout=timeout)
        self.last_body = response.body
        if fate == "answer lost":
            raise TransportError("no_reply", "the connection broke")
        if fate == "damaged":
            body = response.body.replace(b"success", b"succesS")
            return HttpResponse(response.status, response.headers, body)
        return response


@dataclass(eq=False)
class Row:
    """A pre-transfer in the model."""

    transfer: PreTransfer
    expires_at: float
    is_credited: bool = False


@dataclass
class Gateway:
    """The model of the gateway: what it holds, and what it answers."""

    rows: list[Row] = field(default_factory=list)
    credited: list[Row] = field(default_factory=list)
    debits: set[str] = field(default_factory=set)

    def confirm(self, row: Row | None, debit: str, now: float) -> str:
        """Credit a pre-transfer, and return SUCCESS or an error code."""
        if row is None:
            return "NOTEXIST"
        if row.is_credited:
            return "USED"
        if now >= row.expires_at:
            return "EXPIRED"
        if debit in self.debits:
            return "VALIDATIONERROR"
        self.debits.add(debit)
        row.is_credited = True
        self.credited.append(row)
        return "SUCCESS"

    def find(self, reference: str) -> list[Row]:
        """Return the rows a query may be about: a credited one, else the newest."""
        found = [row for row in self.rows if row.transfer.out_trade_no == reference]
        return [row for row in found if row.is_credited] or found[-1:]


#: How a call ended: a kind ("ok", or the exception), and the code with it.
Ending = tuple[str, str]


class Lives(RuleBasedStateMachine):
    """The rules, each of which makes one step in both worlds."""

    rows = Bundle("rows")
    requests = Bundle("requests")

    def __init__(self) -> None:
        """Start a sandbox and a client that knows nothing."""
        super().__init__()
        self.sandbox = StillSandbox(
            private_key=load("rsa-2048"),
            gateway_private_key=load("other-2048"),
            users=USERS,
            token_life=TOKEN_LIFE,
            transfer_life=TRANSFER_LIFE,
        )
        self.sandbox.ledger.add_user(CLOSED, "Closed Account", eligible=False)
        self.weather = Weather(self.sandbox)
        self.model = Gateway()
        self.paid: list[FundTransfer] = []
        self.debits = 0
        self.start_again()

    def teardown(self) -> None:
        """Close the books."""
        self.sandbox.ledger.close()

    # -------------------------------------------------------------- the client

    @rule()
    def start_again(self) -> None:
        """Begin again with a client that remembers nothing, as after a crash."""
        self.client = Client(**self.sandbox.settings, transport=self.weather, retries=0)
        self.token_ends: float | None = None
        self.has_token = False
        self.remembered: set[str] = set()

    def foresee(self, fate: str) -> tuple[str, bool, bool]:
        """
        Tell the weather, and foresee the way of the next request.

        Returns:
            the fate of the exchange that counts, whether a service of the
            gateway will see it, and whether it will leave twice, because the
            gateway did not take the token.
        """
        self.weather.fate = fate
        if not self.has_token:
            self.has_token, self.token_ends = True, self.sandbox.now() + TOKEN_LIFE
        if self.token_ends is not None and self.sandbox.now() < self.token_ends:
            return fate, fate in ARRIVED, False
        if fate not in ("", "damaged"):
            return fate, False, False
        # An HTTP 401 is not signed, so there is nothing to be damaged: it has
        # the client log in, and the second exchange is the one that counts.
        self.token_ends = self.sandbox.now() + TOKEN_LIFE
        return "", True, True

    def expect(self, call: Callable[[], object], *endings: Ending) -> None:
        """Make a call; it must end in one of these ways, and show its proof."""
        before = len(self.sandbox.ledger.credits())
        try:
            result = call()
        except GatewayError as error:
            ended = (type(error).__name__, getattr(error, "code", ""))
            if isinstance(error, NotSent | Rejected):
                # Both say that this call moved no money.
                assert len(self.sandbox.ledger.credits()) == before
        else:
            ended = ("ok", "")
            if not isinstance(result, PreTransfer):
                self.paid.append(result)  # type: ignore[arg-type] # paid, as was seen
        assert ended in endings, (ended, endings)
        assert not self.weather.fate

    # ------------------------------------------------------------------ create

    @initialize(target=rows, amounts=st.lists(AMOUNTS, min_size=3, max_size=3))
    def begin(self, amounts: list[Decimal]) -> object:
        """Begin with pre-transfers to confirm, two of them of one reference."""
        made = [
            self.create_in_both(CreateFundTransfer(reference, receiver, "Sok", amount))
            for reference, receiver, amount in zip(
                ("order-0", "order-0", "order-1"),
                (*USERS, *USERS),
                amounts,
                strict=False,
            )
        ]
        return multiple(*(row for row in made if row))

    @rule(
        target=requests,
        number=st.integers(0, 3),
        receiver=st.sampled_from(RECEIVERS),
        name=st.sampled_from(("Chan Sophea", "🙂 / \\", "ចាន់")),
        amount=AMOUNTS,
    )
    def think(
        self, number: int, receiver: str, name: str, amount: Decimal
    ) -> CreateFundTransfer:
        """Make up a transfer; one reference may serve for several."""
        return CreateFundTransfer(f"order-{number}", receiver, name, amount)

    @rule(target=rows, request=requests, fate=st.sampled_from(FATES))
    def create(self, request: CreateFundTransfer, fate: str) -> object:
        """Ask for a pre-transfer."""
        row = self.create_in_both(request, fate)
        return row or multiple()

    def create_in_both(self, request: CreateFundTransfer, fate: str = "") -> Row | None:
        """Create in the model and through the client."""
        fate, arrived, _ = self.foresee(fate)
        is_eligible = request.receiver_id in USERS
        if fate == "not sent":
            ending = ("NotSent", "")
        elif fate:
            ending = ("OutcomeUnknown", "")
        else:
            ending = ("ok", "") if is_eligible else ("Rejected", "NOTELIGIBLE")
        got: list[PreTransfer] = []

        def call() -> PreTransfer:
            got.append(self.client.create_fund_transfer(request))
            return got[0]

        self.expect(call, ending)
        if not (arrived and is_eligible):
            return None
        transfer = got[0] if got else self.overheard(request)
        row = Row(transfer, self.sandbox.now() + TRANSFER_LIFE)
        self.model.rows.append(row)
        return row

    def overheard(self, request: CreateFundTransfer) -> PreTransfer:
        """Return the pre-transfer that was granted though no caller saw the answer."""
        data = json.loads(self.weather.last_body)["data"]
        return PreTransfer(
            out_trade_no=request.out_trade_no,
            receiver_id=request.receiver_id,
            amount=request.amount,
            currency=request.currency,
            pre_transfer_id=data["pre_transfer_id"],
            receiver_name=data["receiver_name"],
            expire_in=data["expire_in"],
        )

    # ----------------------------------------------------------------- confirm

    @rule(
        row=rows,
        is_old_debit=st.integers(0, 3).map(lambda n: n == 0),
        fate=st.sampled_from(FATES),
        sent_before=st.booleans(),
    )
    def confirm(
        self, row: Row, fate: str, *, is_old_debit: bool, sent_before: bool
    ) -> None:
        """Confirm a pre-transfer, perhaps again, perhaps with an old debit."""
        if not is_old_debit:
            self.debits += 1
        self.confirm_in_both(
            row, row.transfer, f"debit-{self.debits}", fate, sent_before=sent_before
        )

    @rule(number=st.integers(0, 2), fate=st.sampled_from(FATES))
    def confirm_what_is_not_there(self, number: int, fate: str) -> None:
        """Confirm an id that the gateway never gave."""
        foreign = PreTransfer(
            out_trade_no="order-0",
            receiver_id="85512345678",
            amount=Decimal(1),
            currency="USD",
            pre_transfer_id=f"foreign-{number}",
            receiver_name="Sok Dara",
            expire_in=TRANSFER_LIFE,
        )
        self.confirm_in_both(None, foreign, "debit-foreign", fate, sent_before=False)

    def confirm_in_both(
        self,
        row: Row | None,
        transfer: PreTransfer,
        debit: str,
        fate: str,
        *,
        sent_before: bool,
    ) -> None:
        """Confirm in the model and through the client."""
        fate, arrived, is_second = self.foresee(fate)
        code = ""
        if arrived:
            code = self.model.confirm(row, debit, self.sandbox.now())
        is_first = not (
            is_second or sent_before or transfer.pre_transfer_id in self.remembered
        )
        if fate == "not sent":
            ending = ("NotSent", "")
        elif fate:
            ending = ("OutcomeUnknown", "")
        elif code == "SUCCESS":
            ending = ("ok", "")
        elif is_first and code != "USED":
            ending = ("Rejected", code)
        else:
            ending = ("OutcomeUnknown", code)
        if fate != "not sent":
            self.remembered.add(transfer.pre_transfer_id)
        self.expect(
            lambda: self.client.confirm_fund_transfer(
                transfer, partner_transaction_id=debit, sent_before=sent_before
            ),
            ending,
        )

    # ------------------------------------------------------------------- query

    @rule(row=rows, fate=st.sampled_from(FATES))
    def query(self, row: Row, fate: str) -> None:
        """Ask what became of a pre-transfer."""
        self.query_in_both(row.transfer, fate)

    @rule(request=requests, fate=st.sampled_from(FATES))
    def query_request(self, request: CreateFundTransfer, fate: str) -> None:
        """Ask with the request alone, sent or not."""
        self.query_in_both(request, fate)

    def query_in_both(
        self, transfer: CreateFundTransfer | PreTransfer, fate: str
    ) -> None:
        """Query through the client; the model is not changed."""
        fate, _, _ = self.foresee(fate)
        endings = set()
        if fate == "not sent":
            endings.add(("NotSent", ""))
        elif fate:
            endings.add(("OutcomeUnknown", ""))
        else:
            found = self.model.find(transfer.out_trade_no)
            endings |= {self.outcome_of(row, transfer) for row in found}
            endings |= set() if found else {("OutcomeUnknown", "NOTEXIST")}
        self.expect(lambda: self.client.query_fund_transfer(transfer), *endings)

    def outcome_of(self, row: Row, asked: CreateFundTransfer | PreTransfer) -> Ending:
        """Return what the client says when the answer is about a row."""
        if row.is_credited:
            same = (row.transfer.receiver_id, row.transfer.amount) == (
                asked.receiver_id,
                asked.amount,
            )
            return ("ok", "") if same else ("OutcomeUnknown", "")
        is_over = self.sandbox.now() >= row.expires_at
        return ("OutcomeUnknown", "EXPIRED" if is_over else "PENDING")

    # ------------------------------------------------------------------- world

    @rule(seconds=st.sampled_from((1, 150, 299, 300, TOKEN_LIFE)))
    def advance(self, seconds: int) -> None:
        """Let time pass."""
        self.sandbox.advance(seconds)

    @rule()
    def revoke(self) -> None:
        """End the token, by the gateway."""
        self.sandbox.emulator.revoke_token()
        self.token_ends = None

    # -------------------------------------------------------------- invariants

    @invariant()
    def the_ledger_is_that_of_the_model(self) -> None:
        """Credit each pre-transfer at most once, in the order of the confirms."""
        entries = self.sandbox.ledger.credits()
        booked = [(one.out_trade_no, one.receiver_id, one.amount) for one in entries]
        wanted = [row.transfer for row in self.model.credited]
        assert booked == [(t.out_trade_no, t.receiver_id, t.amount) for t in wanted]
        assert len({one.fund_transfer_id for one in entries}) == len(entries)

    @invariant()
    def the_balances_are_those_of_the_model(self) -> None:
        """Give every receiver what was credited, and nothing to anyone else."""
        for receiver in RECEIVERS:
            amounts = (
                row.transfer.amount
                for row in self.model.credited
                if row.transfer.receiver_id == receiver
            )
            assert self.sandbox.ledger.balance(receiver) == sum(amounts, Decimal(0))

    @invariant()
    def paid_means_credited(self) -> None:
        """Find in the ledger what the client called paid, as it said."""
        booked = {
            (one.fund_transfer_id, one.out_trade_no, one.receiver_id, one.amount)
            for one in self.sandbox.ledger.credits()
        }
        for one in self.paid:
            row = (
                one.fund_transfer_id,
                one.out_trade_no,
                one.receiver_id,
                one.amount,
            )
            assert row in booked


def test_lives(whole: bool) -> None:  # noqa: FBT001 - a fixture
    """Whatever a client does, and whatever meets it, the books agree with it."""
    run_state_machine_as_test(
        Lives,
        settings=settings(
            deadline=None,
            max_examples=(100 if whole else 30) * LONG,
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
        ),
    )
