"""The sandbox as one object: the world of a gateway, and the ways to reach it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

from kesspay.errors import KesspayError
from kesspay.sandbox.app import App
from kesspay.sandbox.clock import SandboxClock
from kesspay.sandbox.transports import AsyncInProcessTransport, InProcessTransport
from kesspay.sandbox.web import Site
from kesspay.sandbox.world import World, url_of


if TYPE_CHECKING:
    from types import TracebackType

    from kesspay.sandbox.server import Server


__all__ = ["Sandbox"]


class Sandbox(World):
    """
    A gateway on this machine, with throw-away keys and a real ledger.

    ::

        with Sandbox() as sandbox, Client(**sandbox.settings) as client:
            ...
        assert len(sandbox.ledger.credits()) == 1

    Without ``with`` or ``start`` nothing listens, and ``transport`` reaches
    the gateway inside the process::

        sandbox = Sandbox()
        client = Client(**sandbox.settings, transport=sandbox.transport)

    Its time is ``now``: tokens and pre-transfers expire on it, and delayed
    credits fall due. ``advance`` puts it forward. A client with ``clock`` lives in
    that time as well, and each of its pauses puts it forward.

    Args:
        private_key: the partner's key; None makes a new one of 2048 bits.
        gateway_private_key: the gateway's own; None makes a new one.
        credentials: what the partner logs in with; None makes new ones.
        users: the receivers, as a dict from id to name; None makes two, unless
            the ledger has some.
        token_life: seconds a token lives.
        transfer_life: seconds a pre-transfer lives.
        port: TCP port on 127.0.0.1; 0 lets the system choose.
        database: file of the ledger; ":memory:" keeps nothing.
        clock: returns the time in seconds; ``lambda: 0.0`` stands still until
            ``advance``.
        used_first: True answers USED to the confirm of a pre-transfer that is
            both used and expired, False answers EXPIRED. The API document
            leaves this open, and what the next argument decides.
        query_after_expiry: "answer" lets a query report a credit for ever,
            "expired" only until the pre-transfer expires.
        fault_seed: lets a seed choose faults, see ``FaultPlan.seed``; None
            makes only the faults that are requested.
        fault_rate: probability that the seed gives a request a fault, 0 to 1.
        faults: the names of the faults to choose from; None for all.

    Raises:
        InputError: an argument cannot be used.
    """

    _server: Server | None = None

    @cached_property
    def transport(self) -> InProcessTransport:
        """A transport for ``Client`` that reaches the gateway inside the process."""
        return InProcessTransport(self.front, self.advance)

    @cached_property
    def async_transport(self) -> AsyncInProcessTransport:
        """The same for ``AsyncClient``."""
        return AsyncInProcessTransport(self.front, self.advance)

    @cached_property
    def clock(self) -> SandboxClock:
        """
        The clock for a client that lives in the time of the sandbox.

        Each pause of such a client puts that time forward, and takes none itself.
        """
        return SandboxClock(self)

    @cached_property
    def site(self) -> Site:
        """Everything that is served over HTTP."""
        return Site(self)

    @property
    def base_url(self) -> str:
        """Where the gateway is, or would be if it were started."""
        return super().base_url if self._server is None else url_of(self._server.port)

    def start(self) -> None:
        """
        Listen on 127.0.0.1.

        Raises:
            KesspayError: uvicorn is not installed, the port is taken, or the server
                did not start within ten seconds.
        """
        if self._server is not None:
            return
        try:
            from kesspay.sandbox.server import Server
        except ImportError:
            message = "the sandbox server needs uvicorn: pip install kesspay[sandbox]"
            raise KesspayError(message) from None
        self._server = Server(App(self.site), self._port)

    def stop(self) -> None:
        """
        Stop listening. The ledger can still be read.

        Raises:
            KesspayError: the server did not stop.
        """
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def close(self) -> None:
        """
        Stop listening and close the ledger.

        Raises:
            KesspayError: the server did not stop.
        """
        self.stop()
        self.ledger.close()

    def __enter__(self) -> Self:
        """Start listening."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self.stop()
