"""
What a client sends and what the answers mean, without I/O.

An engine turns requests into calls and calls into flows. Who drives the flows,
with threads or with tasks, and what is written down on the way, is up to its
owner: the clients, and the transfers above them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from kesspay.gateway.flow import (
    Call,
    Flow,
    Terms,
    course_of_call,
    course_of_log_in,
)
from kesspay.gateway.messages import (
    CONFIRM,
    CREATE,
    QUERY,
    AmountFormat,
    ConfirmFundTransfer,
    CreateFundTransfer,
    Credentials,
    FundTransfer,
    HoldsSecrets,
    PreTransfer,
    QueryFundTransfer,
    Token,
    VerifiedAnswer,
)
from kesspay.gateway.protocol import (
    build_body,
    build_service_body,
    parse_call,
    parse_confirm,
    parse_create,
    parse_query,
)


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kesspay.gateway.endpoint import Endpoint
    from kesspay.gateway.events import Listeners
    from kesspay.signing.documents import Signer, Verifier
    from kesspay.signing.keyring import KeyRing
    from kesspay.signing.profile import Profile


__all__ = ["Engine"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, repr=False, eq=False, kw_only=True)
class Engine(HoldsSecrets):
    """
    The settings of a client, checked, and the calls made with them.

    Args:
        endpoint: where the gateway is.
        credentials: what the partner logs in with.
        signer: signs requests.
        verifier: verifies answers.
        profile: the PHP settings of the gateway.
        amount_format: "number" or "string".
        retries: how often a request is repeated where that is safe.
        listeners: who takes events.
        clock: seconds that never go back.
        dice: returns a random number from 0 up to 1.
        wall: seconds since 1970.
    """

    endpoint: Endpoint
    credentials: Credentials
    signer: Signer
    verifier: Verifier | KeyRing
    profile: Profile
    amount_format: AmountFormat
    retries: int
    listeners: Listeners
    clock: Callable[[], float]
    dice: Callable[[], float]
    wall: Callable[[], float]

    def terms(self, until: float, *, retries: int | None = None) -> Terms:
        """
        Return the terms of one call.

        Args:
            until: the moment on the clock to give up.
            retries: None for those of the client.
        """
        return Terms(
            call_id=os.urandom(8).hex(),
            until=until,
            clock=self.clock,
            retries=self.retries if retries is None else retries,
            dice=self.dice,
            listeners=self.listeners,
            wall=self.wall,
        )

    def course(self, call: Call[_T], terms: Terms) -> Flow[_T]:
        """Return the flow of a call."""
        return course_of_call(call, self.endpoint, terms)

    def log_in(self, terms: Terms) -> Flow[Token]:
        """Return the flow of a log-in."""
        return course_of_log_in(self.endpoint, self.credentials, terms)

    def create(self, request: CreateFundTransfer) -> Call[PreTransfer]:
        """Return the call of a create."""
        return Call(
            CREATE,
            request.out_trade_no,
            self._body(request),
            lambda response, _: parse_create(
                request, response, self.verifier, profile=self.profile
            ),
            fresh=False,
        )

    def confirm(
        self, request: ConfirmFundTransfer, *, sent_before: bool
    ) -> Call[FundTransfer]:
        """
        Return the call of a confirm.

        Args:
            request: the request.
            sent_before: True where a confirm of the same pre-transfer may have
                left already: no refusal is final then.
        """
        return Call(
            CONFIRM,
            request.transfer.pre_transfer_id,
            self._body(request),
            lambda response, once: parse_confirm(
                request,
                response,
                self.verifier,
                profile=self.profile,
                first_send=once and not sent_before,
            ),
            fresh=True,
            out_trade_no=request.transfer.out_trade_no,
        )

    def query(self, request: QueryFundTransfer) -> Call[FundTransfer]:
        """Return the call of a query."""
        return Call(
            QUERY,
            request.transfer.out_trade_no,
            self._body(request),
            lambda response, _: parse_query(
                request, response, self.verifier, profile=self.profile
            ),
            fresh=False,
        )

    def service(
        self, service: str, params: Mapping[str, object]
    ) -> Call[VerifiedAnswer]:
        """Return the call of any service."""
        return Call(
            service,
            "",
            build_service_body(service, params, self.signer, profile=self.profile),
            lambda response, once: parse_call(
                service,
                response,
                self.verifier,
                profile=self.profile,
                # Nothing counts the sends of a confirm made this way.
                first_send=once and service != CONFIRM,
            ),
            fresh=True,
        )

    def _body(
        self, request: CreateFundTransfer | ConfirmFundTransfer | QueryFundTransfer
    ) -> bytes:
        return build_body(
            request,
            self.signer,
            profile=self.profile,
            amount_format=self.amount_format,
        )
