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
    same exceptions. Cancelling a confirm leaves its outcome unknown, exactly
    as a lost answer does: query afterwards.

    Signing takes a fraction of a millisecond and happens in the event loop.
    A client belongs to one event loop at a time. The arguments are those of
    BaseClient. ``timeout`` of a method replaces the one of the client.
    """

    async def token(self, *, timeout: float | None = None) -> Token:
        """
        Return the token in use, logging in where there is none.

        See ``Client.token`` for what it raises.
        """
        return await self._tokens.get(until=self._until(timeout))

    async def create_fund_transfer(
        self, request: CreateFundTransfer, *, timeout: float | None = None
    ) -> PreTransfer:
        """
        Ask for a pre-transfer. Moves no money.

        See ``Client.create_fund_transfer`` for what it raises.
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

        See ``Client.confirm_fund_transfer`` for arguments and exceptions.
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

        See ``Client.query_fund_transfer`` for what it raises.
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

        See ``Client.call`` for arguments and exceptions.
        """
        return await self._run(self._call(service, params), timeout)

    async def aclose(self) -> None:
        """Forget the token and close idle connections. It can be used again."""
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
        Drive a flow to its end, giving it what it needs.

        Args:
            flow: of this client's engine, or one around it.
            until: the moment on the monotonic clock to give up.
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
