"""The asynchronous client. Every decision lies in ``base`` and below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from kesspay._drive import adrive
from kesspay._signals import raised_by_a_signal
from kesspay.errors import TransportError
from kesspay.gateway.base import BaseClient, answer_of, foreign
from kesspay.gateway.flow import CallOptions, Flow, Need, Pause, TokenWanted
from kesspay.gateway.messages import (
    ConfirmFundTransfer,
    CreateFundTransfer,
    FundTransfer,
    HttpRequest,
    HttpResponse,
    PreTransfer,
    Queried,
    QueryFundTransfer,
    Token,
    VerifiedAnswer,
)
from kesspay.gateway.token_cache import AsyncTokenCache
from kesspay.http.aio import AsyncHttpTransport
from kesspay.http.transport import AsyncTransport


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from kesspay.gateway.tokens import TokenBook, TokenStore


__all__ = ["AsyncClient"]

_T = TypeVar("_T")


class AsyncClient(BaseClient[AsyncTransport]):
    """
    An asynchronous client for asyncio. Any number of tasks may use one.

    ::

        async with AsyncClient(base_url=..., credentials=..., private_key=...,
                               gateway_key=...) as client:
            created = await client.create_fund_transfer(request)
            # show created.receiver_name, debit your customer, then:
            paid = await client.confirm_fund_transfer(
                created, partner_transaction_id="debit-1")

    It sends the same bytes as ``Client``, decides the same, and raises the
    same exceptions. After a confirm that was cancelled its outcome is unknown,
    as after a lost answer: query.

    A PrivateKey signs in the event loop, in about a millisecond (2048 bits). A
    Signer that asks an HSM or a KMS blocks the loop while it waits. A client
    belongs to one event loop at a time. The arguments are those of BaseClient.
    ``timeout`` of a method, in seconds for the whole call, replaces the one of
    the client.
    """

    async def token(self, *, timeout: float | None = None) -> Token:
        """
        Return the token in use; log in where there is none.

        Args:
            timeout: seconds for everything; None for the client's.

        Raises:
            AuthenticationFailed: the credentials were refused.
            NotSent: the log-in gave no token.
            InputError: the timeout is no number of seconds above 0.

        Source: API document, "GET ACCESS TOKEN".
        """
        return await self._tokens.get(until=self._until(timeout))

    async def create_fund_transfer(
        self, request: CreateFundTransfer, *, timeout: float | None = None
    ) -> PreTransfer:
        """
        Ask for a pre-transfer. Moves no money.

        Args:
            request: receiver, amount and the partner's reference.
            timeout: seconds for everything; None for the client's.

        Returns:
            The receiver's name to show, and the id to confirm.

        Raises:
            NotSent: repeat the call when the connection works again.
            AuthenticationFailed: the credentials were refused.
            Rejected: ``code`` is NOTELIGIBLE, VALIDATIONERROR or another.
            OutcomeUnknown: start again with a new ``out_trade_no``.
            InputError: an argument of the wrong type.

        Source: API document, "CREATE UNIFIED FUND TRANSFER".
        """
        return await self._run(self._create(request), timeout)

    async def confirm_fund_transfer(
        self,
        transfer: PreTransfer,
        *,
        partner_transaction_id: str,
        sent_before: bool = False,
        timeout: float | None = None,
    ) -> FundTransfer:
        """
        Carry out a pre-transfer: the receiver gets the money.

        The request is sent once, and once more only after an HTTP 401. An
        attempt of which no byte was sent is retried as well.

        Args:
            transfer: what create returned.
            partner_transaction_id: your own id of the customer's debit, 1 to
                64 of A-Z a-z 0-9 _ -.
            sent_before: True where a confirm of this pre-transfer may have
                been sent already, by another client or an earlier process; no
                refusal is final then. A client remembers its own confirms.
            timeout: seconds for everything; None for the client's.

        Raises:
            NotSent: the confirm was not sent: repeat it while the
                pre-transfer lives.
            AuthenticationFailed: the credentials were refused; the confirm was
                not sent.
            Rejected: ``code`` is EXPIRED, NOTEXIST or VALIDATIONERROR: query
                once before you give money back.
            OutcomeUnknown: the money may have moved, also after USED: query.
            FieldError: ``transfer`` or ``partner_transaction_id`` cannot be
                used; nothing was sent.

        Source: API document, "CONFIRM FUND TRANSFER".
        """
        request = ConfirmFundTransfer(transfer, partner_transaction_id)
        return await self._run(self._confirm(request, sent_before=sent_before), timeout)

    async def query_fund_transfer(
        self,
        transfer: Queried,
        *,
        timeout: float | None = None,
    ) -> FundTransfer:
        """
        Return a transfer that was carried out. Changes nothing.

        Args:
            transfer: the create request, its result, or a TransferReference
                from your own records; the answer must repeat it.
            timeout: seconds for everything; None for the client's.

        Raises:
            NotSent: repeat the query.
            AuthenticationFailed: the credentials were refused.
            OutcomeUnknown: everything else. ``code`` holds what the gateway
                said (NOTEXIST, EXPIRED, PENDING ...): evidence, no verdict.
            FieldError: ``transfer`` is something else; nothing was sent.

        Source: API document, "QUERY FUND TRANSFER".
        """
        return await self._run(self._query(QueryFundTransfer(transfer)), timeout)

    async def call(
        self,
        service: str,
        params: Mapping[str, object],
        *,
        timeout: float | None = None,
    ) -> VerifiedAnswer:
        """
        Call any service, also one that is newer than this library.

        The answer is verified, but not compared with the request: the caller
        has to do that.

        Args:
            service: name of the service, 1 to 64 visible ASCII characters.
            params: its parameters, without ``service`` and ``sign``; amounts
                as Decimal.
            timeout: seconds for everything; None for the client's.

        Raises:
            NotSent, AuthenticationFailed: the request was not sent.
            Rejected: the gateway refused the request, in a signed answer.
            OutcomeUnknown: the request may have been carried out.
            CanonicalizationError: the parameters cannot be signed.
            InputError: another argument cannot be used. FieldError is a kind
                of it.

        Source: API document, "API GATEWAY SPECIFICATION".
        """
        return await self._run(self._call(service, params), timeout)

    async def aclose(self) -> None:
        """
        Forget the token, and close the idle connections of its own transport.

        A client that was closed can be used again.
        """
        await self._tokens.forget()
        if self._own_transport:
            await cast("AsyncHttpTransport", self._transport).aclose()

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client."""
        await self.aclose()

    @classmethod
    def _make_transport(cls, **options: Any) -> AsyncTransport:  # noqa: ANN401 - passed on
        return AsyncHttpTransport(**options)

    def _make_tokens(self, book: TokenBook, store: TokenStore | None) -> None:
        self._tokens = AsyncTokenCache(book, self._log_in, store)

    async def _run(
        self, flow_of: Callable[[CallOptions], Flow[_T]], timeout: float | None
    ) -> _T:
        options = self.engine.options(self._until(timeout))
        return await self.drive(flow_of(options), options.until)

    async def _log_in(self, until: float) -> Token:
        return await self.drive(self.engine.log_in(self.engine.options(until)), until)

    async def drive(self, flow: Flow[_T], until: float) -> _T:
        """
        Run a flow to its end, and give it what it needs.

        Args:
            flow: of this client's engine, or one around it.
            until: the moment on the monotonic clock to give up.

        Raises:
            GatewayError: what the flow raises.
        """
        return await adrive(flow, lambda need: self.provide(need, until))

    async def provide(self, need: Need, until: float) -> Any:  # noqa: ANN401 - see Flow
        """Give a flow one thing that it needs: a token, a response, a pause."""
        if isinstance(need, TokenWanted):
            return await self._tokens.get(until=until, rejected=need.rejected)
        if isinstance(need, Pause):
            return await self._clock.sleep_async(need.seconds)
        return await self._send(need, until - self._clock.monotonic())

    async def _send(self, request: HttpRequest, timeout: float) -> HttpResponse:
        if timeout <= 0:
            raise TransportError("not_sent", "the deadline passed")
        try:
            return answer_of(await self._transport.send(request, timeout=timeout))
        except TransportError:
            raise
        except Exception as error:
            # Our own transports raise nothing else for a fault of the network.
            if self._own_transport or raised_by_a_signal(error):
                raise
            failure = foreign(error)
        # Outside the handler: the foreign error does not ride along.
        raise failure
