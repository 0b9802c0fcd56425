"""The gateway as partners meet it: the emulator, its faults, and a record."""

from __future__ import annotations

import json
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Final

from kesspay.errors import InputError
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY
from kesspay.sandbox.effects import Scene
from kesspay.sandbox.emulator import GATEWAY_PATH, TOKEN_PATH
from kesspay.sandbox.faults import TOKEN, parse
from kesspay.sandbox.record import LOG_IN, Record, Seen, seen
from kesspay.sandbox.reply import Reply, plain


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kesspay.sandbox.emulator import Emulator
    from kesspay.sandbox.faults import Chosen
    from kesspay.sandbox.plan import FaultPlan
    from kesspay.signing.keys import PrivateKey, PublicKey


__all__ = ["FAULT_HEADER", "Front"]

#: Asks for faults, for this one request.
FAULT_HEADER: Final = "X-Sandbox-Fault"


class Front:
    """
    Answers requests. Any number of threads may use one.

    Args:
        emulator: what answers where no fault is due.
        faults: which requests meet which faults.
        partner_key: verifies requests, for the record.
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
        """Keep what answers; nothing is recorded yet."""
        self.record = Record()
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
        reply = self._answer(chosen, service, method, path, headers, body)
        self._keep(chosen, service, body, reply)
        return reply

    def _answer(
        self,
        chosen: tuple[Chosen, ...],
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Reply:
        scene = Scene(
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
            scene = replace(scene, reply=reply, earlier=earlier)
        for one in chosen:
            scene = replace(scene, reply=one.fault.effect(scene, one.argument))
        return scene.reply

    def _keep(
        self, chosen: tuple[Chosen, ...], service: str, body: bytes, reply: Reply
    ) -> None:
        outcome = f"HTTP {reply.status}"
        if reply.ending != "whole":
            outcome = f"{outcome}, {reply.ending}"
        if service == TOKEN:
            request = answer = LOG_IN
        else:
            request = self._seen(self._partner_key, body)
            answer = self._seen(self._gateway_key.public_key, reply.body)
        self.record.add(
            at=self._clock(),
            service=service,
            faults=tuple(str(one) for one in chosen),
            outcome="no answer" if reply.ending == "dropped" else outcome,
            request=request,
            answer=Seen("", "not sent") if reply.ending == "dropped" else answer,
        )

    def _seen(self, key: PublicKey, body: bytes) -> Seen:
        found = seen(key, body)
        return Seen(self._emulator.redacted(found.text), found.verdict)


class _Earlier:
    """The last successes of each service, to be replayed for another transfer."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, list[tuple[str, bytes]]] = {}

    def swap(self, service: str, body: bytes) -> bytes | None:
        """Keep an answer; return an earlier one to another transfer."""
        data = _object(body).get("data")
        reference = str(data["out_trade_no"]) if isinstance(data, dict) else ""
        with self._lock:
            kept = self._kept.get(service, [])
            others = [old for old in kept if old[0] != reference]
            if reference:
                self._kept[service] = [*others[-1:], (reference, body)]
        return others[-1][1] if others else None


def _service(path: str, body: bytes) -> str:
    """Tell what a request asks for, before anything is verified."""
    if path == TOKEN_PATH:
        return TOKEN
    service = _object(body).get("service") if path == GATEWAY_PATH else None
    return str(service) if service in (CREATE, CONFIRM, QUERY) else ""


def _object(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
