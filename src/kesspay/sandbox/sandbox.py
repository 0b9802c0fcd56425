"""The sandbox as one object: keys, credentials, books, clock and server."""

from __future__ import annotations

from secrets import token_urlsafe
from threading import Lock
from time import time
from typing import TYPE_CHECKING, Final, Self, TypedDict

from kesspay.errors import InputError
from kesspay.gateway.messages import Credentials
from kesspay.sandbox.app import App
from kesspay.sandbox.emulator import BASE_PATH, Emulator
from kesspay.sandbox.front import Front
from kesspay.sandbox.keymaker import generate_key
from kesspay.sandbox.ledger import Ledger
from kesspay.sandbox.plan import FaultPlan
from kesspay.sandbox.server import Server
from kesspay.sandbox.site import Site
from kesspay.sandbox.transports import AsyncInProcessTransport, InProcessTransport


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from kesspay.sandbox.ledger import AfterExpiry
    from kesspay.sandbox.record import Exchange
    from kesspay.signing.keys import PrivateKey, PublicKey


__all__ = ["Sandbox", "Settings", "new_credentials"]

#: Who can receive money where nobody else is named.
DEFAULT_USERS: Final = {"85512345678": "Sok Dara", "85598765432": "Chan Sophea"}

_LONGEST_STEP: Final = 1e9


class Settings(TypedDict):
    """What a client needs to talk to the sandbox: ``Client(**settings)``."""

    base_url: str
    credentials: Credentials
    private_key: PrivateKey
    gateway_key: PublicKey


class Sandbox:
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

    Its clock is ``now``: tokens and pre-transfers expire on it, and delayed
    credits fall due. ``advance`` puts it forward.

    Args:
        private_key: the partner's key; None makes a new one of 2048 bits.
        gateway_private_key: the gateway's own; None makes a new one.
        credentials: what the partner logs in with; None makes new ones.
        users: receivers, name by id; None for two that are made up, unless
            the ledger has some.
        token_life: seconds a token lives.
        transfer_life: seconds a pre-transfer lives.
        port: TCP port on 127.0.0.1; 0 lets the system choose.
        database: file of the ledger; ":memory:" keeps nothing.
        clock: seconds; ``lambda: 0.0`` stands still until ``advance``.
        used_first, query_after_expiry: see ``Ledger``; the document leaves
            open which answer an expired pre-transfer gets that was credited.
        fault_seed: lets a seed choose faults, see ``FaultPlan.seed``; None
            for no faults but those that are asked for.
        fault_rate: probability that a request meets one.
        faults: the faults to choose from; None for all.

    Raises:
        InputError: an argument cannot be used.
    """

    def __init__(  # noqa: PLR0913 - each one is a setting
        self,
        *,
        private_key: PrivateKey | None = None,
        gateway_private_key: PrivateKey | None = None,
        credentials: Credentials | None = None,
        users: dict[str, str] | None = None,
        token_life: int = 3600,
        transfer_life: int = 300,
        port: int = 0,
        database: str = ":memory:",
        clock: Callable[[], float] = time,
        used_first: bool = True,
        query_after_expiry: AfterExpiry = "answer",
        fault_seed: int | None = None,
        fault_rate: float = 0.3,
        faults: Iterable[str] | None = None,
    ) -> None:
        """Make keys and books; nothing listens yet."""
        self._clock = clock
        self._ahead = 0.0
        self._lock = Lock()
        self._port = port
        self._server: Server | None = None
        self._private_key = private_key or generate_key()
        gateway_key = gateway_private_key or generate_key()
        self._gateway_key = gateway_key.public_key
        self._credentials = credentials or new_credentials()
        self.faults = FaultPlan()
        if fault_seed is not None:
            self.faults.seed(fault_seed, fault_rate, faults)
        self.ledger = Ledger(
            database,
            self.now,
            used_first=used_first,
            query_after_expiry=query_after_expiry,
        )
        self._ahead = self.ledger.ahead
        self._add_users(users)
        self.emulator = Emulator(
            credentials=self._credentials,
            partner_key=self._private_key.public_key,
            private_key=gateway_key,
            ledger=self.ledger,
            clock=self.now,
            token_life=token_life,
            transfer_life=transfer_life,
        )
        self._front = Front(
            emulator=self.emulator,
            faults=self.faults,
            partner_key=self._private_key.public_key,
            gateway_key=gateway_key,
            clock=self.now,
        )
        self.transport = InProcessTransport(self._front, self.advance)
        self.async_transport = AsyncInProcessTransport(self._front, self.advance)
        self.site = Site(self._front, self)

    @property
    def base_url(self) -> str:
        """Where the gateway is, or would be if it were started."""
        port = self._port if self._server is None else self._server.port
        return f"http://127.0.0.1:{port or 80}{BASE_PATH}"

    @property
    def settings(self) -> Settings:
        """What a client needs: ``Client(**sandbox.settings)``."""
        return {
            "base_url": self.base_url,
            "credentials": self._credentials,
            "private_key": self._private_key,
            "gateway_key": self._gateway_key,
        }

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What passed between partner and gateway, the last fifty."""
        return self._front.record.exchanges()

    def now(self) -> float:
        """Return the time of the sandbox, in seconds."""
        return self._clock() + self._ahead

    def advance(self, seconds: float) -> None:
        """
        Let time pass for tokens, pre-transfers and credits, at once.

        The ledger remembers it, so that time does not go back at a restart.

        Raises:
            InputError: seconds is not from 0 to 1e9, some thirty years.
        """
        if not 0 <= seconds <= _LONGEST_STEP:
            raise InputError("time goes forward, by up to 1e9 seconds")
        with self._lock:
            self._ahead += seconds
            self.ledger.ahead = self._ahead

    def start(self) -> None:
        """
        Listen on 127.0.0.1.

        Raises:
            KesspayError: it is not possible; see ``Server``.
        """
        if self._server is None:
            self._server = Server(App(self.site), self._port)

    def stop(self) -> None:
        """
        Stop listening. The ledger can still be read.

        Raises:
            KesspayError: the server did not end.
        """
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def close(self) -> None:
        """
        Stop listening and close the ledger.

        Raises:
            KesspayError: the server did not end.
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

    def _add_users(self, users: dict[str, str] | None) -> None:
        if users is None:
            users = {} if self.ledger.users() else DEFAULT_USERS
        for receiver_id, name in users.items():
            self.ledger.add_user(receiver_id, name)


def new_credentials() -> Credentials:
    """Return credentials that nobody has used before."""
    return Credentials(
        partner_id="sandbox-partner",
        partner_secret_key=token_urlsafe(32),
        user_name="sandbox-user",
        password=token_urlsafe(24),
    )
