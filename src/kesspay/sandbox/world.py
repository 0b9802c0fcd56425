"""The gateway without sockets: keys, credentials, a ledger, faults and a clock."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_urlsafe
from threading import Lock
from time import time
from typing import TYPE_CHECKING, Final, TypedDict, cast

from kesspay._checks import is_number, require, require_flag, whole_number
from kesspay.errors import InputError
from kesspay.gateway.messages import Credentials
from kesspay.sandbox.emulator import BASE_PATH, Emulator
from kesspay.sandbox.faults import FaultPlan
from kesspay.sandbox.front import FaultyGateway
from kesspay.sandbox.keymaker import generate_key
from kesspay.sandbox.ledger import Ledger, check_user
from kesspay.signing.keys import PrivateKey


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kesspay.sandbox.front import LoggedExchange
    from kesspay.sandbox.ledger import AfterExpiry
    from kesspay.signing.keys import PublicKey


__all__ = ["Settings", "World", "new_credentials", "url_of"]

#: Who can receive money where no users are given.
DEFAULT_USERS: Final = {"85512345678": "Sok Dara", "85598765432": "Chan Sophea"}

_LONGEST_STEP: Final = 1e9
_LONGEST_LIFE: Final = 10**9
_LAST_PORT: Final = 65535


class Settings(TypedDict):
    """What a client needs to talk to the sandbox: ``Client(**settings)``."""

    base_url: str
    credentials: Credentials
    private_key: PrivateKey
    gateway_key: PublicKey


class World:
    """
    All that the gateway is made of. ``Sandbox`` adds the ways to reach it.

    Its arguments are those of ``Sandbox``.
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
        """Make keys and a ledger; nothing listens yet."""
        for name, key in (
            ("private_key", private_key),
            ("gateway_private_key", gateway_private_key),
        ):
            if key is not None:
                require(key, PrivateKey, name)
        if credentials is not None:
            require(credentials, Credentials, "credentials")
        if not callable(clock):
            raise InputError("clock must be a function that returns the time")
        whole_number("token_life", token_life, 0, _LONGEST_LIFE)
        whole_number("transfer_life", transfer_life, 0, _LONGEST_LIFE)
        whole_number("port", port, 0, _LAST_PORT)
        require_flag("used_first", used_first)
        _check_users(users)
        self._clock = clock
        self._ahead = 0.0
        self._lock = Lock()
        self._port = port
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
        self.front = FaultyGateway(
            emulator=self.emulator,
            faults=self.faults,
            partner_key=self._private_key.public_key,
            gateway_key=gateway_key,
            clock=self.now,
        )

    @property
    def base_url(self) -> str:
        """Where the gateway is, or would be if it were started."""
        return url_of(self._port or 80)

    @property
    def settings(self) -> Settings:
        """The arguments of a client: ``Client(**sandbox.settings)``."""
        return {
            "base_url": self.base_url,
            "credentials": self._credentials,
            "private_key": self._private_key,
            "gateway_key": self._gateway_key,
        }

    @property
    def exchanges(self) -> tuple[LoggedExchange, ...]:
        """The last fifty requests, each with its answer."""
        return self.front.log.exchanges()

    @property
    def ahead(self) -> float:
        """How far ``advance`` has put the time forward, in seconds."""
        return self._ahead

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
        if not is_number(seconds) or not 0 <= seconds <= _LONGEST_STEP:
            raise InputError("time goes forward, by up to 1e9 seconds")
        with self._lock:
            self._ahead += seconds
            self.ledger.ahead = self._ahead

    def _add_users(self, users: dict[str, str] | None) -> None:
        if users is None:
            users = {} if self.ledger.users() else DEFAULT_USERS
        for receiver_id, name in users.items():
            self.ledger.add_user(receiver_id, name)


def _check_users(users: object) -> None:
    """Refuse receivers before there is a ledger (InputError)."""
    if users is None:
        return
    require(users, Mapping, "users")
    for receiver_id, name in cast("Mapping[object, object]", users).items():
        check_user(receiver_id, name)


def url_of(port: int) -> str:
    """Return the base URL of a gateway on a port of this machine."""
    return f"http://127.0.0.1:{port}{BASE_PATH}"


def new_credentials() -> Credentials:
    """Return new random credentials."""
    return Credentials(
        partner_id="sandbox-partner",
        partner_secret_key=token_urlsafe(32),
        user_name="sandbox-user",
        password=token_urlsafe(24),
    )
