"""The gateway as partners meet it: the emulator, its faults, and a log."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from kesspay.errors import InputError, KesspayError
from kesspay.gateway.services import SERVICES
from kesspay.sandbox.effects import FaultContext
from kesspay.sandbox.emulator import GATEWAY_PATH, TOKEN_PATH, Reply, plain, read_object
from kesspay.sandbox.faults import TOKEN, parse


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kesspay.sandbox.emulator import Emulator
    from kesspay.sandbox.faults import Chosen, FaultPlan
    from kesspay.sandbox.teacher import Lesson
    from kesspay.signing.keys import PrivateKey, PublicKey


__all__ = [
    "FAULT_HEADER",
    "FaultyGateway",
    "LoggedExchange",
    "MessageLog",
    "Seen",
    "seen",
]


# ------------------------------------------------------------ the log


_KEPT: Final = 50
#: Longer bodies are shown in part, and not verified.
_LONGEST: Final = 64 << 10
_SHOWN: Final = 2000

_VERIFIED: Final = "verified"


@dataclass(frozen=True, slots=True)
class Seen:
    """
    One message: its canonical text, or its beginning where it has none.

    Attributes:
        text: the text, without credentials and tokens.
        verdict: "verified", "not signed by design", or why it did not verify.
        lesson: which rules a request breaks that does not verify, or None.
    """

    text: str
    verdict: str
    lesson: Lesson | None = None


#: A log-in and its answer, which are never kept.
LOG_IN: Final = Seen("(a log-in is not kept)", "not signed by design")


@dataclass(frozen=True, slots=True)
class LoggedExchange:
    """
    One request and what came back.

    Attributes:
        number: counted from 1.
        at: time of the sandbox, in seconds.
        service: the service that was called, "" where it is not known.
        faults: the faults of the request, as texts that request them.
        outcome: "HTTP 200", or how the connection ended.
        request: what the partner sent.
        answer: what the gateway sent.
        references: of the transfer: those in the request, and those in the answer
            before a fault changed it.
    """

    number: int
    at: float
    service: str
    faults: tuple[str, ...]
    outcome: str
    request: Seen
    answer: Seen
    references: tuple[str, ...] = ()


class MessageLog:
    """The last exchanges. Any number of threads may use one."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._lock = Lock()
        self._kept: deque[LoggedExchange] = deque(maxlen=_KEPT)
        self._count = 0

    def add(
        self,
        *,
        at: float,
        service: str,
        faults: tuple[str, ...],
        outcome: str,
        request: Seen,
        answer: Seen,
        references: tuple[str, ...] = (),
    ) -> None:
        """Keep one exchange."""
        with self._lock:
            self._count += 1
            self._kept.append(
                LoggedExchange(
                    self._count,
                    at,
                    service,
                    faults,
                    outcome,
                    request,
                    answer,
                    references,
                )
            )

    def exchanges(self) -> tuple[LoggedExchange, ...]:
        """Return the last exchanges, oldest first."""
        with self._lock:
            return tuple(self._kept)


def seen(key: PublicKey, body: bytes, redact: Callable[[str], str] = str) -> Seen:
    """
    Return what the log shows of a body.

    Args:
        key: of the side that should have signed it.
        body: as it was on the wire.
        redact: takes secrets out of a text.
    """
    if not body:
        return Seen("", "empty")
    if len(body) > _LONGEST:
        return Seen(_shortened(body, redact), "too long")
    try:
        return Seen(_shortened(key.verify_document(body), redact), _VERIFIED)
    except KesspayError as error:
        return Seen(_shortened(body, redact), redact(str(error)))


def _shortened(text: bytes, redact: Callable[[str], str]) -> str:
    # First without secrets: one that is cut in two would not be recognised, and
    # what stands for a secret is shorter.
    shown = redact(text.decode("utf-8", "replace"))[:_SHOWN]
    return shown if len(text) <= _SHOWN else f"{shown}... ({len(text)} bytes)"


# ------------------------------------------------------------ the gateway


#: Asks for faults, for this one request.
FAULT_HEADER: Final = "X-Sandbox-Fault"


class FaultyGateway:
    """
    Answers requests. Any number of threads may use one.

    Args:
        emulator: what answers where no fault is due.
        faults: which requests meet which faults.
        partner_key: verifies requests, for the log.
        gateway_key: signs what faults change.
        clock: the time of the sandbox.
    """

    def __init__(
        self,
        *,
        emulator: Emulator,
        faults: FaultPlan,
        partner_key: PublicKey,
        gateway_key: PrivateKey,
        clock: Callable[[], float],
    ) -> None:
        """Take what answers; the log is empty."""
        self.log = MessageLog()
        self._emulator = emulator
        self._faults = faults
        self._partner_key = partner_key
        self._gateway_key = gateway_key
        self._clock = clock
        self._earlier = _Earlier()

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """
        Answer one request.

        Args:
            method: HTTP method.
            path: path of the URL.
            headers: names in lower case.
            body: the whole body.
        """
        service = _service(path, body)
        asked = headers.get(FAULT_HEADER.lower())
        try:
            if asked is None:
                chosen = self._faults.take(service)
            else:
                chosen = parse(asked, service)
        except InputError as error:
            return plain(400, f"{FAULT_HEADER}: {error}")
        genuine, reply = self._answer(chosen, service, method, path, headers, body)
        self._keep(chosen, service, body, genuine, reply)
        return reply

    def _answer(
        self,
        chosen: tuple[Chosen, ...],
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[bytes, Reply]:
        """Return the body before any fault, and the answer."""
        context = FaultContext(
            service=service,
            key=self._gateway_key,
            earlier=None,
            end_token=self._emulator.revoke_token,
        )
        if all(one.fault.carried_out != "no" for one in chosen):
            delays = [
                float(one.argument)
                for one in chosen
                if one.fault.carried_out == "later"
            ]
            answer = self._emulator.respond(
                method, path, headers, body, credit_delay=sum(delays)
            )
            reply = Reply(answer.status, answer.headers, answer.body)
            earlier = self._earlier.swap(service, answer.body)
            context = replace(context, reply=reply, earlier=earlier)
        genuine = context.reply.body
        for one in chosen:
            context = replace(context, reply=one.fault.effect(context, one.argument))
        return genuine, context.reply

    def _keep(
        self,
        chosen: tuple[Chosen, ...],
        service: str,
        body: bytes,
        genuine: bytes,
        reply: Reply,
    ) -> None:
        outcome = f"HTTP {reply.status}"
        if reply.ending != "whole":
            outcome = f"{outcome}, {reply.ending}"
        if service == TOKEN:
            request = answer = LOG_IN
            references: tuple[str, ...] = ()
        else:
            request = self._seen(self._partner_key, body)
            request = replace(request, lesson=self._emulator.teacher.known(body))
            answer = self._seen(self._gateway_key.public_key, reply.body)
            named = _references(body, genuine)
            references = tuple(
                dict.fromkeys(self._emulator.redacted(one) for one in named)
            )
        self.log.add(
            at=self._clock(),
            service=service,
            faults=tuple(str(one) for one in chosen),
            outcome="no answer" if reply.ending == "dropped" else outcome,
            request=request,
            answer=Seen("", "not sent") if reply.ending == "dropped" else answer,
            references=references,
        )

    def _seen(self, key: PublicKey, body: bytes) -> Seen:
        return seen(key, body, self._emulator.redacted)


class _Earlier:
    """The last successes of each service, to be replayed for another transfer."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, list[tuple[str, bytes]]] = {}

    def swap(self, service: str, body: bytes) -> bytes | None:
        """Keep an answer; return an earlier one to another transfer."""
        data = (read_object(body) or {}).get("data")
        reference = str(data["out_trade_no"]) if isinstance(data, dict) else ""
        with self._lock:
            kept = self._kept.get(service, [])
            others = [old for old in kept if old[0] != reference]
            if reference:
                self._kept[service] = [*others[-1:], (reference, body)]
        return others[-1][1] if others else None


def _service(path: str, body: bytes) -> str:
    """Return what a request asks for, before anything is verified."""
    if path == TOKEN_PATH:
        return TOKEN
    service = (read_object(body) or {}).get("service") if path == GATEWAY_PATH else None
    return service if isinstance(service, str) and service in SERVICES else ""


#: The fields that name a transfer.
_NAMES: Final = (
    *("out_trade_no", "pre_transfer_id"),
    *("partner_transaction_id", "fund_transfer_id"),
)
_LONGEST_NAME: Final = 64


def _references(*bodies: bytes) -> list[str]:
    """Return what bodies call the transfer, signed or not: the partner's word first."""
    holders: list[dict[str, Any]] = []
    for body in bodies:
        fields = read_object(body) or {}
        data = fields.get("data")
        holders += [fields, data if isinstance(data, dict) else {}]
    found = [holder.get(name) for name in _NAMES for holder in holders]
    return [
        one for one in found if isinstance(one, str) and 0 < len(one) <= _LONGEST_NAME
    ]
