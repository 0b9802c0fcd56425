"""
Whatever is sent to the sandbox, the answer is one that the document describes.

The table of the document is tests/sandbox/document.py. ``KESSPAY_LONG=n``
tries n times as many requests.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kesspay import InvalidSignature
from kesspay.sandbox import Sandbox
from kesspay.sandbox.app import App
from kesspay.sandbox.emulator import BASE_PATH
from tests.sandbox.document import (
    SERVICES,
    TOKEN,
    UNAUTHENTICATED,
    require_documented,
    require_fields,
)
from tests.sandbox.helpers import (
    CLOSED,
    CONFIRM,
    CREATE,
    ODD,
    RIGHT,
    load,
    signed,
    text_of,
)
from tests.support.documents import (
    documents,
    json_numbers,
    json_strings,
    valid_documents,
)


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping


LONG: Final = max(1, int(os.environ.get("KESSPAY_LONG") or 1))


def many(*, whole: bool) -> settings:
    """Return the settings of Hypothesis for many examples, or for a sample."""
    return settings(
        deadline=None,
        max_examples=(300 if whole else 60) * LONG,
        suppress_health_check=list(HealthCheck),
    )


_VALUES: Final = st.one_of(
    st.sampled_from(ODD),
    json_numbers(),
    json_strings(),
    valid_documents().map(bytes.decode),
)
_EXTRA: Final = st.dictionaries(
    st.one_of(st.sampled_from(("sign_type", "SERVICE", "data", "0", "")), st.text()),
    _VALUES,
    max_size=2,
)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, str]:
    """Generate the parameters of a request, right but for some of its fields."""
    fields = dict(RIGHT[draw(st.sampled_from(tuple(RIGHT)))])
    for name in draw(st.lists(st.sampled_from(tuple(fields)), max_size=2)):
        if draw(st.booleans()):
            fields[name] = draw(_VALUES)
        else:
            fields.pop(name, None)
    for name, value in draw(_EXTRA).items():
        fields.setdefault(json.dumps(name)[1:-1], value)
    return fields


@dataclass
class Answer:
    """What the ASGI application sent."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    def fields(self) -> dict[str, Any]:
        """Read the body, unsigned."""
        found: dict[str, Any] = json.loads(self.body, parse_float=Decimal)
        return found


class World:
    """A sandbox behind its ASGI application, for many requests."""

    def __init__(self) -> None:
        """Log in, and make a pre-transfer."""
        self.key = load("rsa-2048")
        self.sandbox = Sandbox(
            private_key=self.key,
            gateway_private_key=load("other-2048"),
            transfer_life=10**9,
            token_life=10**9,
        )
        self.sandbox.ledger.add_user(CLOSED, "Closed Account", eligible=False)
        self._app = App(self.sandbox.site)
        self._loop = asyncio.new_event_loop()
        self._count = 0
        given = self.sandbox.settings["credentials"]
        self.log_in_headers = [
            (b"partner-id", given.partner_id.encode()),
            (b"partner-secret-key", given.partner_secret_key.encode()),
        ]
        fields = {"user_name": given.user_name, "password": given.password}
        self.log_in_body = json.dumps(fields).encode()
        self.bearer: list[tuple[bytes, bytes]] = []
        self.log_in()

    def close(self) -> None:
        """Close the books and the loop."""
        self.sandbox.ledger.close()
        self._loop.close()

    def ask(
        self,
        method: str,
        path: str,
        headers: list[tuple[bytes, bytes]],
        *pieces: bytes,
    ) -> Answer:
        """Run the application on one request, whose body comes in pieces."""
        todo = [
            {"type": "http.request", "body": piece, "more_body": True}
            for piece in pieces
        ]
        todo.append({"type": "http.request"})
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return todo.pop(0)

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "headers": headers}
        self._loop.run_until_complete(self._app(scope, receive, send))
        start, body = sent
        return Answer(start["status"], dict(start["headers"]), body["body"])

    def log_in(self) -> Answer:
        """Log in, and use the token from now on."""
        path = f"{BASE_PATH}/token"
        answer = self.ask("POST", path, self.log_in_headers, self.log_in_body)
        token = answer.fields()["access_token"]
        self.bearer = [(b"authorization", f"Bearer {token}".encode())]
        return answer

    def call(self, body: bytes) -> Answer:
        """Send a body to the services, with a good token."""
        return self.ask("POST", f"{BASE_PATH}/gateway", self.bearer, body)

    def right(self, fields: dict[str, str]) -> str:
        """Return the text of parameters, with P and N replaced."""
        self._count += 1
        values = {**fields}
        if '"P"' in values.values():
            created = self.signed(text_of(RIGHT[CREATE]))
            data = self.believed(self.call(created))["data"]
            for name, value in fields.items():
                if value == '"P"':
                    values[name] = json.dumps(data["pre_transfer_id"])
        return text_of(values).replace("debit-N", f"debit-{self._count}")

    def signed(self, text: str) -> bytes:
        """Sign a text as it is, and add the signature."""
        return signed(self.key, text)

    def believed(self, answer: Answer) -> dict[str, Any]:
        """Verify an answer, and return it whole, from the bytes that verified."""
        key = self.sandbox.settings["gateway_key"]
        canonical = key.verify_document(answer.body)
        found: dict[str, Any] = json.loads(canonical, parse_float=Decimal)
        whole = answer.fields()
        return {**found, "sign": whole["sign"], "sign_type": whole["sign_type"]}

    @property
    def credited(self) -> int:
        """How often money moved."""
        return len(self.sandbox.ledger.credits())


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Return one world for all requests of the module."""
    made = World()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _no_defects(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where the sandbox logged a defect of its own."""
    yield
    assert "the sandbox failed" not in caplog.text


# ------------------------------------------------------------ signed requests


@pytest.mark.parametrize("service", SERVICES)
def test_requests_that_are_right(world: World, service: str) -> None:
    """The requests that the others are made from are each a success."""
    before = world.credited
    answer = world.call(world.signed(world.right(RIGHT[service])))
    found = world.believed(answer)
    assert found["success"] is True
    require_documented(service, answer.status, found)
    assert world.credited - before == (service == CONFIRM)


def test_log_ins(world: World) -> None:
    """The answers to a log-in have the fields of their table."""
    answer = world.log_in()
    assert answer.status == 200
    require_fields(answer.fields(), TOKEN, frozenset())
    answer = world.ask("POST", f"{BASE_PATH}/token", [], world.log_in_body)
    assert answer.status == 401
    require_fields(answer.fields(), UNAUTHENTICATED, frozenset())


@pytest.mark.parametrize("spoil", ["utf-16", "utf-8-sig", "NaN"])
def test_log_ins_that_php_could_not_read(spoil: str) -> None:
    """A log-in is JSON in UTF-8, without a byte order mark, and nothing else."""
    # A world of its own: a log-in ends the token of the others.
    with closing(World()) as world:
        body = world.log_in_body
        if spoil == "NaN":
            body = body[:-1] + b',"a":NaN}'
        else:
            body = body.decode().encode(spoil)
        answer = world.ask("POST", f"{BASE_PATH}/token", world.log_in_headers, body)
    assert answer.status == 401


def require_contract(world: World, fields: dict[str, str]) -> None:
    """Sign and send parameters; the answer must be what the module text says."""
    text = world.right(fields)
    before = world.credited
    answer = world.call(world.signed(text))
    assert answer.headers[b"content-type"] == b"application/json"
    found = world.believed(answer)
    require_documented(_service(text), answer.status, found)
    assert answer.status < 500
    data = found.get("data", {})
    is_paid = "pre_transfer_id" in data and data.get("result_code") == "SUCCESS"
    assert world.credited - before == is_paid


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("service", "name"),
    [(service, name) for service, fields in RIGHT.items() for name in fields],
)
def test_each_odd_value_in_each_field(world: World, service: str, name: str) -> None:
    """One field at a time: every odd value, and none at all."""
    for value in ODD:
        require_contract(world, {**RIGHT[service], name: value})
    fields = {key: value for key, value in RIGHT[service].items() if key != name}
    require_contract(world, fields)


@pytest.mark.thorough
def test_any_signed_request(
    world: World,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """The answer is signed, documented for its service, and no HTTP 5xx."""

    @many(whole=whole)
    @given(fields=requests())
    def check(fields: dict[str, str]) -> None:
        require_contract(world, fields)

    check()


def _service(text: str) -> object:
    try:
        return json.loads(text).get("service")
    except (ValueError, RecursionError):
        return None


# ------------------------------------------------------------------ raw junk


def without_sign(body: bytes) -> bytes:
    """Strip the signature."""
    return body[: body.rindex(b',"sign"')] + b"}"


def changed_sign(body: bytes) -> bytes:
    """Change the last byte but three of the signature."""
    return body[:-10] + (b"A" if body[-10:-9] != b"A" else b"B") + body[-9:]


def as_utf16(body: bytes) -> bytes:
    """Write the same text in UTF-16."""
    return body.decode().encode("utf-16")


#: Ways to spoil a request that was signed right.
SPOILERS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    without_sign,
    changed_sign,
    as_utf16,
    lambda body: body[:-1],
    lambda body: body + b"x",
    lambda body: b"\xef\xbb\xbf" + body,
    lambda body: b"[" + body + b"]",
    lambda body: body.replace(b'"service"', b'"servicf"'),
    lambda body: body.replace(b'{"', b'{"amount":1,"', 1),
    lambda body: body.replace(b'{"', b'{"service":"x","', 1),
    lambda body: body[:-1] + b',"sign_type":"RSA"}',
    lambda body: body[:-1] + b',"sign":"AAAA"}',
    lambda body: body.replace(b'"sign"', b'"Sign"'),
    lambda body: body[:-1] + b"," + b'"a":' + b"[" * 2000 + b"]" * 2000 + b"}",
    lambda body: body[:-1] + b',"a":"\xff"}',
    lambda body: body[:-1] + b',"a":1e999}',
    lambda body: body[:-1] + b" " * 70_000 + b"}",
)

_BODIES: Final = st.one_of(
    documents(),
    st.binary(max_size=40),
    st.sampled_from((b"", b"{}", b"[]", b"null", b"[" * 100_000, b'{"a":' * 20_000)),
)
_NAMES: Final = st.one_of(
    st.sampled_from((b"authorization", b"partner-id", b"partner-secret-key")),
    st.binary(max_size=8),
)
_HEADERS: Final = st.lists(st.tuples(_NAMES, st.binary(max_size=30)), max_size=4)
_METHODS: Final = st.one_of(
    st.sampled_from(("POST", "GET", "PUT", "HEAD", "OPTIONS", "post", "")), st.text()
)
_PATHS: Final = st.one_of(
    st.sampled_from(
        (
            f"{BASE_PATH}/token",
            f"{BASE_PATH}/gateway",
            f"{BASE_PATH}/gateway/",
            f"{BASE_PATH}//gateway",
            f"{BASE_PATH}/GATEWAY",
            "/",
            "",
        )
    ),
    st.text(),
)


def require_no_effect(world: World, answer: Answer, before: int) -> None:
    """Check that an answer is a refusal, and that no money moved."""
    assert world.credited == before
    assert 400 <= answer.status < 500
    assert b'"success":true' not in answer.body
    assert b"access_token" not in answer.body
    if answer.status == 401:
        require_fields(answer.fields(), UNAUTHENTICATED, frozenset())
    elif answer.headers[b"content-type"] == b"application/json":
        require_documented(None, answer.status, world.believed(answer))
    else:
        # 400: no such fault; 403: the page and control for a foreign host.
        assert answer.status in {400, 403, 404, 405, 413}


def test_any_junk(
    world: World,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Bytes from a stranger are refused, whatever they are."""

    @many(whole=whole)
    @given(_METHODS, _PATHS, _HEADERS, _BODIES, st.integers(0))
    def check(
        method: str,
        path: str,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        cut: int,
    ) -> None:
        before = world.credited
        pieces = (body[: cut % 7], body[cut % 7 :])
        require_no_effect(world, world.ask(method, path, headers, *pieces), before)

    check()


def test_junk_from_who_is_logged_in(
    world: World,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Without a signature a token is worth nothing."""

    @many(whole=whole)
    @given(_BODIES)
    def check(body: bytes) -> None:
        before = world.credited
        require_no_effect(world, world.call(body), before)

    check()


@pytest.mark.thorough
def test_junk_with_half_of_the_credentials(
    world: World,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """The headers of a log-in are worth nothing without its body."""

    @many(whole=whole)
    @given(_BODIES)
    def check(body: bytes) -> None:
        before = world.credited
        path = f"{BASE_PATH}/token"
        answer = world.ask("POST", path, world.log_in_headers, body)
        assert answer.status == 401 or len(body) > 65_536
        require_no_effect(world, answer, before)

    check()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("number", range(len(SPOILERS)))
def test_signed_requests_that_were_spoiled(
    world: World, service: str, number: int
) -> None:
    """A request that was changed, cut or wrapped after signing does nothing."""
    body = world.signed(world.right(RIGHT[service]))
    before = world.credited
    spoiled = SPOILERS[number](body)
    assert spoiled != body
    require_no_effect(world, world.call(spoiled), before)


@pytest.mark.parametrize("service", SERVICES)
def test_right_requests_without_a_right_token(world: World, service: str) -> None:
    """A signature is worth nothing without a token."""
    body = world.signed(world.right(RIGHT[service]))
    before = world.credited
    ((_, right),) = world.bearer
    for value in (b"", b"Bearer", b"Bearer x", right[7:], right[:-1], right + b"x"):
        headers = [(b"authorization", value)]
        answer = world.ask("POST", f"{BASE_PATH}/gateway", headers, body)
        assert answer.status == 401
        require_no_effect(world, answer, before)


def test_the_partner_cannot_sign_answers(world: World) -> None:
    """Answers verify with the gateway's key and with no other."""
    answer = world.call(b"{}")
    with pytest.raises(InvalidSignature):
        world.key.public_key.verify_document(answer.body)
