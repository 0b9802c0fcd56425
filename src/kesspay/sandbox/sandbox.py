"""The sandbox as one object: keys, credentials, books, clock and server."""

from __future__ import annotations

from secrets import token_urlsafe
from time import time
from typing import TYPE_CHECKING, Final, Self, TypedDict
from urllib.parse import urlsplit

from kesspay.gateway.messages import Credentials, HttpRequest, HttpResponse
from kesspay.sandbox.app import App
from kesspay.sandbox.emulator import BASE_PATH, Emulator
from kesspay.sandbox.ledger import Ledger
from kesspay.sandbox.server import Server
from kesspay.signing.keys import PrivateKey, PublicKey


if TYPE_CHECKING:
    from types import TracebackType


__all__ = ["InProcessTransport", "Sandbox", "Settings", "generate_key"]

#: Who can receive money where nobody else is named.
DEFAULT_USERS: Final = {"85512345678": "Sok Dara", "85598765432": "Chan Sophea"}


class Settings(TypedDict):
    """What a client needs to talk to the sandbox: ``Client(**settings)``."""

    base_url: str
    credentials: Credentials
    private_key: PrivateKey
    gateway_key: PublicKey


class InProcessTransport:
    """A Transport that calls the emulated gateway without any socket."""

    def __init__(self, emulator: Emulator) -> None:
        """Take what answers."""
        self._emulator = emulator

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ARG002 - nothing here can wait
        """Return the answer to a request."""
        headers = {name.lower(): value for name, value in request.headers}
        path = urlsplit(request.url).path
        return self._emulator.respond(request.method, path, headers, request.body)


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

    Args:
        private_key: the partner's key; None makes a new one of 2048 bits.
        gateway_private_key: the gateway's own; None makes a new one.
        users: receivers, name by id; None for two that are made up.
        token_life: seconds a token lives.
        transfer_life: seconds a pre-transfer lives.
        port: TCP port on 127.0.0.1; 0 lets the system choose.
        database: file of the ledger; ":memory:" keeps nothing.
    """

    def __init__(
        self,
        *,
        private_key: PrivateKey | None = None,
        gateway_private_key: PrivateKey | None = None,
        users: dict[str, str] | None = None,
        token_life: int = 3600,
        transfer_life: int = 300,
        port: int = 0,
        database: str = ":memory:",
    ) -> None:
        """Make keys and books; nothing listens yet."""
        self._offset = 0.0
        self._port = port
        self._server: Server | None = None
        self._private_key = private_key or generate_key()
        gateway_key = gateway_private_key or generate_key()
        self._gateway_key = gateway_key.public_key
        self._credentials = Credentials(
            partner_id="sandbox-partner",
            partner_secret_key=token_urlsafe(32),
            user_name="sandbox-user",
            password=token_urlsafe(24),
        )
        self.ledger = Ledger(database, self.now)
        for receiver_id, name in (DEFAULT_USERS if users is None else users).items():
            self.ledger.add_user(receiver_id, name)
        self.emulator = Emulator(
            credentials=self._credentials,
            partner_key=self._private_key.public_key,
            private_key=gateway_key,
            ledger=self.ledger,
            clock=self.now,
            token_life=token_life,
            transfer_life=transfer_life,
        )
        self.transport = InProcessTransport(self.emulator)

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

    def now(self) -> float:
        """Return the time of the sandbox, in seconds."""
        return time() + self._offset

    def advance(self, seconds: float) -> None:
        """Let time pass for tokens and pre-transfers, at once."""
        self._offset += seconds

    def start(self) -> None:
        """
        Listen on 127.0.0.1.

        Raises:
            KesspayError: it is not possible; see ``Server``.
        """
        if self._server is None:
            self._server = Server(App(self.emulator), self._port)

    def stop(self) -> None:
        """
        Stop listening. The ledger can still be read.

        Raises:
            KesspayError: the server did not end.
        """
        server, self._server = self._server, None
        if server is not None:
            server.stop()

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


def generate_key(bits: int = 2048) -> PrivateKey:
    """Return a new RSA key that is kept nowhere."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return PrivateKey.from_pem(pem)
