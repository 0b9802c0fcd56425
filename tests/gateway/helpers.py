# ruff: noqa: ANN401 - what tests are given is of any type

"""What the tests of the gateway share: keys, messages, answers, transports."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Self

from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.gateway.endpoint import Endpoint
from kesspay.gateway.messages import (
    ConfirmFundTransfer,
    CreateFundTransfer,
    Credentials,
    HttpRequest,
    HttpResponse,
    PreTransfer,
    QueryFundTransfer,
)
from tests.support.keys import load


if TYPE_CHECKING:
    from kesspay.signing.keys import PrivateKey, PublicKey


#: Texts that must appear nowhere: not in a log, a repr, or an error.
CANARIES: Final = {
    "partner_secret_key": "canary-partner-secret-81f3",
    "password": "canary-password-c09a",
    "access_token": "canary-token-77de",
    "second_token": "canary-other-token-5b1c",
}

BASE_URL: Final = "http://127.0.0.1/partnerapi/v1"
ENDPOINT: Final = Endpoint(BASE_URL)

CREATE_REQUEST: Final = CreateFundTransfer(
    out_trade_no="order-1",
    receiver_id="85512345678",
    sender_name="Chan Sophea",
    amount=Decimal("0.50"),
)
PRE_TRANSFER: Final = PreTransfer(
    out_trade_no="order-1",
    receiver_id="85512345678",
    amount=Decimal("0.50"),
    currency="USD",
    pre_transfer_id="PT-1",
    receiver_name="Sok Dara",
    expire_in=300,
)
CONFIRM_REQUEST: Final = ConfirmFundTransfer(PRE_TRANSFER, "debit-1")
QUERY_REQUEST: Final = QueryFundTransfer(CREATE_REQUEST)

_ECHO: Final[dict[str, object]] = {
    "out_trade_no": "order-1",
    "receiver_id": "85512345678",
    "amount": Decimal("0.50"),
    "currency": "USD",
    "receiver_name": "Sok Dara",
}
CREATE_DATA: Final[dict[str, object]] = {
    **_ECHO,
    "pre_transfer_id": "PT-1",
    "expire_in": 300,
}
CONFIRM_DATA: Final[dict[str, object]] = {
    **_ECHO,
    "pre_transfer_id": "PT-1",
    "result_code": "SUCCESS",
    "fund_transfer_id": "FT-1",
}
QUERY_DATA: Final[dict[str, object]] = {
    **_ECHO,
    "result_code": "SUCCESS",
    "fund_transfer_id": "FT-1",
}

#: What a scripted transport gives back: a response, an error to raise, or a
#: function of the request.
Scripted = HttpResponse | Exception | Callable[[HttpRequest], HttpResponse]


def credentials() -> Credentials:
    """Return credentials whose secrets are canaries."""
    return Credentials(
        partner_id="partner-1",
        partner_secret_key=CANARIES["partner_secret_key"],
        user_name="api-user",
        password=CANARIES["password"],
    )


def partner_key() -> PrivateKey:
    """Return the key that signs requests, of the backend in use."""
    return load("rsa-2048.pem")


def gateway_private_key() -> PrivateKey:
    """Return the key that signs answers, of the backend in use."""
    return load("other-2048.pem")


def gateway_key() -> PublicKey:
    """Load the key that verifies answers."""
    return gateway_private_key().public_key


def success(data: object) -> dict[str, object]:
    """Return the fields of a success."""
    return {"success": True, "code": 200, "message": "Success", "data": data}


def failure(code: object, description: str = "no") -> dict[str, object]:
    """Return the fields of a refusal."""
    return {"success": False, "error_code": code, "error_desc": description}


def signed(status: int, answer: dict[str, Any]) -> HttpResponse:
    """Return an answer that the gateway signed."""
    return HttpResponse(status, (), gateway_private_key().signed_body(answer))


def plain(status: int, body: bytes) -> HttpResponse:
    """Return an answer that is not signed."""
    return HttpResponse(status, (), body)


UNAUTHENTICATED: Final = plain(
    401,
    b'{"success":false,"error_code":"UNAUTHENTICATED","error_desc":"Unauthorized"}',
)


def token_answer(token: str = CANARIES["access_token"]) -> HttpResponse:
    """Return the answer to a log-in."""
    body = f'{{"access_token":"{token}","expire_in":3600}}'
    return plain(200, body.encode())


class Script:
    """A Transport that answers from a list, and keeps what was sent."""

    def __init__(self, *answers: Scripted) -> None:
        """Take the answers in the order in which they are given."""
        self._answers = list(answers)
        self.sent: list[HttpRequest] = []
        self.timeouts: list[float] = []

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Give the next answer; a request too many is a failing test."""
        self.sent.append(request)
        self.timeouts.append(timeout)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, HttpResponse) else answer(request)

    @property
    def paths(self) -> list[str]:
        """Return the last word of each URL that was asked."""
        return [request.url.rpartition("/")[2] for request in self.sent]


#: Which client the tests get: "sync" or "async". See ``faces``.
FACE: ContextVar[str] = ContextVar("FACE", default="sync")


class AsyncScript:
    """The same list of answers as an AsyncTransport."""

    def __init__(self, script: Script) -> None:
        """Take the list."""
        self._script = script

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Give the next answer."""
        return self._script.send(request, timeout=timeout)


class Blocking:
    """An AsyncClient with the face of a Client: each call runs a loop."""

    def __init__(self, made: AsyncClient) -> None:
        """Take the client."""
        self.made = made

    def __getattr__(self, name: str) -> Any:
        """Return a method that waits for the one of the client."""
        method = getattr(self.made, name)
        if not inspect.iscoroutinefunction(method):
            return method
        return lambda *args, **options: asyncio.run(method(*args, **options))

    def __repr__(self) -> str:
        """Show what the client shows."""
        return repr(self.made)

    def close(self) -> None:
        """Close the client."""
        asyncio.run(self.made.aclose())

    def __enter__(self) -> Self:
        """Enter the client."""
        asyncio.run(self.made.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the client."""
        asyncio.run(self.made.__aexit__(None, None, None))


def make(**settings: Any) -> Any:
    """Return a Client, or an AsyncClient with its face."""
    if FACE.get() == "sync":
        return Client(**settings)
    transport = settings.get("transport")
    if isinstance(transport, Script):
        settings["transport"] = AsyncScript(transport)
    return Blocking(AsyncClient(**settings))


class HandSet:
    """
    A Clock that is set by hand.

    Attributes:
        now: the time, for everything.
        slept: every pause that was asked for; none passes time.
    """

    def __init__(self) -> None:
        """Begin anywhere."""
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def time(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Note a pause."""
        self.slept.append(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Note a pause."""
        self.slept.append(seconds)


def client(*answers: Scripted, **options: Any) -> tuple[Any, Script]:
    """
    Return a client whose transport answers from a list.

    It repeats nothing unless ``retries`` says so.
    """
    script = Script(*answers)
    made = make(
        base_url=BASE_URL,
        credentials=credentials(),
        private_key=partner_key(),
        gateway_key=gateway_key(),
        transport=script,
        **{"retries": 0, **options},
    )
    return made, script


def call(client_: Any, service: str, **options: Any) -> object:
    """Call a service of a client: "create", "confirm", "query", or "call"."""
    if service == "create":
        return client_.create_fund_transfer(CREATE_REQUEST, **options)
    if service == "confirm":
        return client_.confirm_fund_transfer(
            PRE_TRANSFER, partner_transaction_id="debit-1", **options
        )
    if service == "query":
        return client_.query_fund_transfer(PRE_TRANSFER, **options)
    return client_.call("some.service", {"a": 1}, **options)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        """Begin somewhere that is not zero."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def texts_of(error: BaseException) -> Iterable[str]:
    """Yield everything an error and the errors behind it can show."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield from (str(one), repr(one), repr(vars(one)), repr(one.args))
        todo += [one.__cause__, one.__context__]
