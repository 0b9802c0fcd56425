"""
An exhaustive search through everything that can happen to a payment.

The client is the real ``states`` code and a driver that does with it what
``workflow`` does: write down, send, read, and begin again after a crash. Gateway,
network, caller and time are modelled, each as hostile as it may be:

- *Time* goes in ticks. A pre-transfer lives three of them, an exchange takes at
  most one, and the ticks cover each stretch that the rules know: before the
  window ends, until the expiry, until the fence, and after it.
- *The network* keeps every confirm that ever left: it may reach the gateway at
  once, late, several times or never, also after the client has given up. An
  answer arrives late or never, or what arrives is no answer.
- *The gateway* may answer 401 before or after it did the work, may credit
  later than it says, and may withdraw a pre-transfer that was not confirmed.
  What it refuses, it refuses for ever: a signed refusal is a fact about the
  pre-transfer, also for a copy of the confirm that is still under way.
- *Four worlds*: USED or EXPIRED comes first for what is both; a query decides
  of a credit after the expiry, or says EXPIRED.
- *The client* crashes anywhere and knows then what the journal holds.
- *The caller* debits once, gives back on "not_paid", and keeps the
  debit on everything else; it may decline as long as it is let.

Equal states are one state, however they were reached, so that the search ends
and has then seen all of them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kesspay.transfers.attempt import Attempt, Do, Event, Happened, State
from kesspay.transfers.journal import Payment
from kesspay.transfers.payment import Transfer
from tests.transfers.search_space import LIFE, NOT_PAID, PAID, Exchange, Gateway, Stage


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.transfers.attempt import Action
    from tests.transfers.search_space import Bounds, Policy, World


_NO_GATEWAY: Final = Gateway()
_PAYMENT: Final = Payment("order-1", "85512345678", "Chan Sophea", Decimal("0.50"))


Move = tuple[str, Stage]


class Model:
    """
    What can happen next.

    Args:
        world: of the gateway.
        policy: decides for the client.
        bounds: how far it goes.
    """

    def __init__(self, world: World, policy: Policy, bounds: Bounds) -> None:
        """Begin with a payment that was entered and not started."""
        self._world = world
        self._policy = policy
        self._bounds = bounds
        self._attempts: list[Attempt] = []
        self._places: dict[Attempt, int] = {}
        self._steps: dict[tuple[object, ...], int] = {}
        self._aged: dict[tuple[int, int], int] = {}
        self._plans: dict[tuple[int, int], Action] = {}
        self._heard: dict[tuple[object, ...], int] = {}
        self._states: list[State] = []
        self.happened: set[Happened] = set()
        self._new = self._place(Attempt(), 0.0)
        self.first = Stage(
            now=0,
            number=0,
            attempt=self._place(Attempt(state=State.CLOSED), 0.0),
            debited=False,
            declined=False,
            exchange=None,
            network=(False,) * bounds.attempts,
            gateways=(_NO_GATEWAY,) * bounds.attempts,
            heard=0,
        )

    def state(self, stage: Stage) -> State:
        """Return the state of the newest attempt."""
        return self._states[stage.attempt]

    def violation(self, stage: Stage) -> str:
        """Tell what is broken, or ""."""
        taken = [gateway for gateway in stage.gateways if gateway.has_taken]
        if len(taken) > 1:
            return "credited twice"
        if stage.heard & NOT_PAID and taken:
            return "given back and credited"
        if stage.heard & PAID:
            if not taken or taken[0].what != "credited":
                return "called paid and not credited"
            if self.state(stage) is not State.PAID:
                return "PAID was left"
        return ""

    def moves(self, stage: Stage) -> Iterator[Move]:
        """Yield everything that can happen next, with its name."""
        exchange = stage.exchange
        if stage.now < self._bounds.ticks and (
            exchange is None or stage.now < exchange.begun + self._policy.rules.deadline
        ):
            yield "a tick passes", self._tick(stage)
        yield from self._gateway(stage)
        if exchange is None:
            yield from self._decide(stage)
            yield from self._call(stage)
            if not self._policy.has_journal:
                yield "the client crashes and knows nothing", self._forget(stage)
        else:
            crashed = stage._replace(exchange=None)
            if not self._policy.has_journal:
                crashed = self._forget(crashed)
            yield f"the client crashes during {exchange.kind}", crashed
            if exchange.left:
                yield from self._wait(stage, exchange)
            else:
                yield from self._leave(stage, exchange)

    # The gateway and the network.

    def _tick(self, stage: Stage) -> Stage:
        now = stage.now + 1
        # That it expired is all that counts of an expiry in the past.
        gateways = [
            gateway._replace(expires=0) if 0 < gateway.expires <= now else gateway
            for gateway in stage.gateways
        ]
        place = stage.attempt
        if stage.exchange is None or stage.exchange.kind is not Do.CONFIRM:
            key = (stage.attempt, now)
            if key not in self._aged:
                attempt = self._attempts[place]
                self._aged[key] = self._place(attempt, float(now))
            place = self._aged[key]
        return _quiet(stage._replace(now=now, attempt=place), gateways)

    def _gateway(self, stage: Stage) -> Iterator[Move]:
        for place, gateway in enumerate(stage.gateways):
            name = f"attempt {place + 1}"
            if gateway.what == "open" and gateway.expires > stage.now:
                for code in self._bounds.codes:
                    void = Gateway("void", gateway.expires, code)
                    yield (
                        f"the gateway withdraws {name}: {code}",
                        _at_gateway(stage, place, void),
                    )
            if gateway.what == "due":
                credited = gateway._replace(what="credited")
                yield (
                    f"the gateway makes the credit of {name} that was due",
                    _at_gateway(stage, place, credited),
                )
            if stage.network[place]:
                yield from self._take_confirm(stage, place, gateway)
        exchange = stage.exchange
        if exchange is not None and exchange.left and not exchange.answer:
            yield from self._take_harmless(stage, exchange)

    def _take_confirm(
        self, stage: Stage, place: int, gateway: Gateway
    ) -> Iterator[Move]:
        """Let a confirm arrive, the first time or once more."""
        name = f"a confirm of attempt {place + 1} arrives at the gateway"
        expired = gateway.expires <= stage.now
        if gateway.what == "open" and not expired:
            results = [
                (gateway._replace(what="credited"), "SUCCESS"),
                (gateway._replace(what="due"), "PENDING"),
            ]
        elif gateway.what == "void":
            results = [(gateway, gateway.code)]
        elif expired and (gateway.what == "open" or not self._world.used_first):
            results = [(gateway, "EXPIRED")]
        else:
            results = [(gateway, "USED")]
        for after, answer in results:
            done = _at_gateway(stage, place, after)
            if after != gateway:
                yield f"{name}: {answer}, but no answer leaves", done
            exchange = stage.exchange
            if (
                exchange is not None
                and exchange.kind is Do.CONFIRM
                and exchange.left
                and not exchange.answer
                and place + 1 == stage.number
            ):
                heard = exchange._replace(answer=answer)
                yield f"{name}: {answer}", done._replace(exchange=heard)

    def _take_harmless(self, stage: Stage, exchange: Exchange) -> Iterator[Move]:
        """Let a create or a query arrive; a lost one changes nothing."""
        answers: tuple[str, ...] = ()
        if exchange.kind is Do.CREATE:
            answers = ("SUCCESS", "NOTELIGIBLE")
        elif exchange.kind is Do.QUERY:
            answers = self._query(stage)
        for answer in answers:
            heard = exchange._replace(answer=answer, at=stage.now)
            if answer != "SUCCESS" or exchange.kind is not Do.CREATE:
                heard = heard._replace(at=0)
            yield (
                f"the {exchange.kind} arrives at the gateway: {answer}",
                stage._replace(exchange=heard),
            )

    def _query(self, stage: Stage) -> tuple[str, ...]:
        """Return everything that the gateway may say of an attempt."""
        gateway = stage.gateways[stage.number - 1]
        expired = gateway.expires <= stage.now
        if gateway.has_taken and expired and not self._world.honest:
            return ("EXPIRED", "differs")
        if gateway.what == "credited":
            return ("SUCCESS", "differs")
        if gateway.what == "due":
            # Before the expiry it may not know of it yet.
            return ("PENDING", "differs") if expired else ("PENDING", "NOTEXIST")
        return ("NOTEXIST", "EXPIRED" if expired else "PENDING", "USED")

    # The client.

    def _decide(self, stage: Stage) -> Iterator[Move]:
        """Yield what the client can begin; ``PaymentWorkflow`` decides like this."""
        transfer = self._transfer(stage)
        state = transfer.attempt.state
        if transfer.wants_attempt:
            if stage.number < self._bounds.attempts:
                again = stage._replace(number=stage.number + 1, attempt=self._new)
                yield self._begin(again, Do.CREATE, Happened.CREATE_SENDING)
            return
        action = self._plan(stage)
        if action.do is Do.CREATE:
            yield self._begin(stage, Do.CREATE, Happened.CREATE_SENDING)
        elif action.do is Do.RECOVER:
            lost = Happened.CONFIRM_UNKNOWN
            if state is State.CREATING:
                lost = Happened.CREATE_UNKNOWN
            yield "the client takes up what it left", self._happen(stage, lost)
        elif action.do is Do.CLOSE:
            yield (
                "the client finds the window closed",
                self._happen(stage, Happened.WINDOW_CLOSED),
            )
        elif action.do is Do.CONFIRM and stage.now >= action.at:
            yield self._begin(stage, Do.CONFIRM, Happened.CONFIRM_SENDING)
        elif action.do is Do.QUERY and stage.now >= action.at:
            asking = Exchange(Do.QUERY, stage.now, left=True)
            yield "the client queries", stage._replace(exchange=asking)

    def _call(self, stage: Stage) -> Iterator[Move]:
        """Yield what the caller can do, or the client on its behalf."""
        transfer = self._transfer(stage)
        if transfer.attempt.state is State.CREATED:
            who = (
                "the client takes the debit over"
                if stage.debited
                else "the caller debits"
            )
            debited = stage._replace(debited=True)
            yield who, self._happen(debited, Happened.DEBITED)
        may_decline = transfer.outcome in {"pending", "unknown"}
        if (
            may_decline
            and not transfer.attempt.sends
            and transfer.attempt.state is not State.CREATING
        ):
            declined = stage._replace(declined=True)
            yield "the caller declines", self._happen(declined, Happened.DECLINED)

    def _begin(self, stage: Stage, kind: Do, what: Happened) -> Move:
        """Write down what is about to leave."""
        written = self._happen(stage, what)
        return (
            f"the client writes down: {what} of attempt {stage.number}",
            written._replace(exchange=Exchange(kind, stage.now)),
        )

    def _leave(self, stage: Stage, exchange: Exchange) -> Iterator[Move]:
        """Let it leave, or not a byte of it."""
        place = stage.number - 1
        network = stage.network
        if exchange.kind is Do.CONFIRM:
            network = (*network[:place], True, *network[place + 1 :])
        gone = stage._replace(exchange=exchange._replace(left=True), network=network)
        yield f"the {exchange.kind} of attempt {stage.number} leaves", _quiet(gone)
        what = Happened.CREATE_NOT_SENT
        if exchange.kind is Do.CONFIRM:
            what = Happened.CONFIRM_NOT_SENT
            if exchange.again:
                # The one before the 401 had left.
                what = Happened.CONFIRM_UNKNOWN
        yield f"no byte of the {exchange.kind} leaves", self._happen(stage, what)

    def _wait(self, stage: Stage, exchange: Exchange) -> Iterator[Move]:
        """Let an answer arrive, or what is none, or nothing."""
        kind, answer = exchange.kind, exchange.answer
        if kind is Do.CREATE:
            lost = Happened.CREATE_UNKNOWN
        elif kind is Do.CONFIRM:
            lost = Happened.CONFIRM_UNKNOWN
        else:
            lost = Happened.QUERY_UNKNOWN
        yield (
            f"the {kind} has no usable answer in time",
            self._happen(stage, lost),
        )
        if answer:
            yield (
                f"the answer to the {kind} reaches the client: {answer}",
                self._hear(stage, exchange),
            )
        elif kind is Do.CONFIRM and not exchange.again and self._may_go_again(stage):
            written = self._happen(stage, Happened.CONFIRM_SENDING)
            again = exchange._replace(left=False, again=True)
            yield (
                "an unsigned 401 reaches the client, which writes down a second send",
                written._replace(exchange=again),
            )

    def _may_go_again(self, stage: Stage) -> bool:
        return self._attempts[stage.attempt].resends < self._policy.rules.resends

    def _hear(self, stage: Stage, exchange: Exchange) -> Stage:
        """Read an answer, as ``reading`` does."""
        answer = exchange.answer
        if exchange.kind is Do.CREATE:
            if answer != "SUCCESS":
                return self._happen(stage, Happened.CREATE_REFUSED, answer)
            expires = exchange.at + LIFE
            granted = Gateway("open", expires if expires > stage.now else 0)
            there = _at_gateway(stage, stage.number - 1, granted)
            return self._happen(there, Happened.CREATE_GRANTED)
        if exchange.kind is Do.CONFIRM:
            what = {
                "SUCCESS": Happened.CONFIRM_PAID,
                "PENDING": Happened.CONFIRM_UNKNOWN,
                "USED": Happened.CONFIRM_UNKNOWN,
            }.get(answer, Happened.CONFIRM_REFUSED)
        else:
            what = {
                "SUCCESS": Happened.QUERY_PAID,
                "differs": Happened.QUERY_DIFFERS,
            }.get(answer, Happened.QUERY_SAID)
        code = "" if answer in {"SUCCESS", "differs"} else answer
        return self._happen(stage, what, code)

    # The journal.

    def _happen(self, stage: Stage, what: Happened, code: str = "") -> Stage:
        """Write down that something happened; the exchange is over then."""
        key = (stage.attempt, what, code, stage.now)
        place = self._steps.get(key)
        if place is None:
            self.happened.add(what)
            event = Event(what, float(stage.now), code, float(LIFE))
            attempt = self._policy.step(self._attempts[stage.attempt], event)
            place = self._steps[key] = self._place(attempt, event.at)
        now, number, _, debited, declined, _, network, gateways, heard = stage
        done = Stage(
            now, number, place, debited, declined, None, network, gateways, heard
        )
        more = heard | self._tell(done)
        return done if more == heard else done._replace(heard=more)

    def _place(self, attempt: Attempt, now: float) -> int:
        """Return the place of an attempt, new or known."""
        known = self._policy.essence(attempt, now)
        place = self._places.setdefault(known, len(self._attempts))
        if place == len(self._attempts):
            self._attempts.append(known)
            self._states.append(known.state)
        return place

    def _plan(self, stage: Stage) -> Action:
        key = (stage.attempt, stage.now)
        action = self._plans.get(key)
        if action is None:
            attempt = self._attempts[stage.attempt]
            action = self._plans[key] = self._policy.plan(attempt, float(stage.now))
        return action

    def _tell(self, stage: Stage) -> int:
        """Return what the caller hears, as a flag."""
        key = (stage.attempt, stage.debited, stage.declined)
        heard = self._heard.get(key)
        if heard is None:
            outcome = self._transfer(stage).outcome
            heard = {"paid": PAID, "not_paid": NOT_PAID}.get(outcome, 0)
            self._heard[key] = heard
        return heard

    def _transfer(self, stage: Stage) -> Transfer:
        return Transfer(
            _PAYMENT,
            number=stage.number,
            attempt=self._attempts[stage.attempt],
            debit_id="debit-1" if stage.debited else "",
            declined=stage.declined,
        )

    def _forget(self, stage: Stage) -> Stage:
        """Begin anew, as who kept no journal; only the debit is known."""
        return stage._replace(attempt=self.first.attempt, exchange=None)


def _at_gateway(stage: Stage, place: int, gateway: Gateway) -> Stage:
    gateways = list(stage.gateways)
    gateways[place] = gateway
    return _quiet(stage, gateways)


def _quiet(stage: Stage, gateways: list[Gateway] | None = None) -> Stage:
    """Take out what can change nothing any more, after the gateways changed."""
    now, number, attempt, debited, declined, exchange, network, before, heard = stage
    waiting = number if exchange and exchange.kind is Do.CONFIRM else 0
    under_way = list(network)
    if gateways is None:
        gateways = list(before)
    for place, gateway in enumerate(gateways):
        open_still = gateway.what == "open" and gateway.expires > now
        if not open_still and place + 1 != waiting:
            under_way[place] = False
        # Of an earlier attempt only a confirm matters, under way or carried out.
        earlier = place + 1 < number
        if earlier and not (under_way[place] or gateway.has_taken):
            gateways[place] = _NO_GATEWAY
    # Not with _replace, which takes a third of the time of the search.
    return Stage(
        *(now, number, attempt, debited, declined, exchange),
        *(tuple(under_way), tuple(gateways), heard),
    )
