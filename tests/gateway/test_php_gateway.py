"""
Whole transfers against a gateway in PHP, over HTTP: an independent judge.

tests/php/gateway.php shares no code with kesspay. What it believed, what it
refused and whom it credited is read from its own files, not from the client.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay import (
    AuthenticationFailed,
    Client,
    CreateFundTransfer,
    Credentials,
    InvalidSignature,
    OutcomeUnknown,
    PreTransfer,
    PrivateKey,
    Rejected,
    canonicalize,
)
from kesspay.gateway.endpoint import Endpoint
from kesspay.gateway.protocol import build_call
from kesspay.http.sync import HttpTransport
from tests.gateway.helpers import gateway_key, make, partner_key
from tests.support.messages import outcome
from tests.support.php import Php, php_verify
from tests.support.php_server import PHP_USERS, PhpGateway, Seen
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.signing.backend import Backend


RECEIVER: Final = "85512345678"
NAME: Final = PHP_USERS[RECEIVER]
GATEWAY_PEM: Final = KEYS / "other-2048.pub.pem"
SERVICE_PATH: Final = "/partnerapi/v1/gateway"
TOKEN_PATH: Final = "/partnerapi/v1/token"

#: Names and amounts on which an encoder can slip.
NAMES: Final = (
    "Chan Sophea",
    "ចាន់ សុភា",
    'Zoë O\'Brien & Söhne <a/b> \\ "q"',
    "🙂🏳\ufe0f\u200d🌈 / \u2028\u2029.",
    "名" * 96,
    "null",
)
AMOUNTS: Final = ("0.5", "10", "19.99", "0.01", "9999999999.99")


@pytest.fixture(scope="module")
def server(php: Php) -> Iterator[PhpGateway]:
    """Start one PHP server for the module, where PHP is or has to be."""
    with PhpGateway() as started:
        yield started


@pytest.fixture
def gateway(server: PhpGateway) -> Iterator[PhpGateway]:
    """Return a gateway that was not used before; PHP must not complain."""
    server.reset()
    yield server
    assert server.complaints() == ""


@pytest.fixture
def connect(gateway: PhpGateway, backend: Backend, face: str) -> Callable[..., Any]:
    """Return a function that makes a client of the gateway: of each kind."""

    def made(**changes: Any) -> Any:  # noqa: ANN401 - a Client, or one like it
        arguments = {
            "base_url": gateway.base_url,
            "credentials": Credentials(**gateway.credentials),
            "private_key": partner_key(),
            "gateway_key": gateway_key(),
            **changes,
        }
        return make(**arguments)

    return made


def order(reference: str = "order-1", **changes: Any) -> CreateFundTransfer:  # noqa: ANN401 - any field
    """Return a request for a pre-transfer."""
    fields = {
        "out_trade_no": reference,
        "receiver_id": RECEIVER,
        "sender_name": "Chan Sophea",
        "amount": Decimal("0.50"),
        **changes,
    }
    return CreateFundTransfer(**fields)


def services(gateway: PhpGateway) -> list[Seen]:
    """Return what PHP saw of requests to services."""
    return [seen for seen in gateway.seen() if seen.path == SERVICE_PATH]


def require_agreement(gateway: PhpGateway) -> None:
    """Check every exchange so far in both directions, by PHP and by kesspay."""
    exchanges = services(gateway)
    answers = []
    assert exchanges
    for seen in exchanges:
        assert seen.verified is True
        assert seen.body is not None
        assert seen.answer is not None
        assert seen.text == canonicalize(seen.body)
        assert partner_key().public_key.verify_document(seen.body) == seen.text
        assert gateway_key().verify_document(seen.answer) == canonicalize(seen.answer)
        answers.append(seen.answer)
    for mode in ("strict", "documented"):
        assert all(php_verify(GATEWAY_PEM, answers, mode))


# ------------------------------------------------------------ whole transfers


def test_a_whole_transfer(gateway: PhpGateway, connect: Callable[..., Client]) -> None:
    """Log in, create, query, confirm, query: each side believes the other."""
    with connect() as client:
        assert client.token().expire_in == 3600
        created = client.create_fund_transfer(order())
        assert (created.receiver_name, created.expire_in) == (NAME, 300)

        with pytest.raises(OutcomeUnknown) as waiting:
            client.query_fund_transfer(order())
        assert waiting.value.code == "WAITING"
        assert gateway.credits() == []

        paid = client.confirm_fund_transfer(created, partner_transaction_id="debit-1")
        assert gateway.credits() == [(RECEIVER, 50)]
        assert paid.pre_transfer_id == created.pre_transfer_id
        assert paid.receiver_name == NAME
        for transfer in (order(), created):
            found = client.query_fund_transfer(transfer)
            assert found.fund_transfer_id == paid.fund_transfer_id

    assert [seen.path for seen in gateway.seen()] == [TOKEN_PATH] + [SERVICE_PATH] * 5
    require_agreement(gateway)


@pytest.mark.few(4)
@pytest.mark.one_in(4)
@pytest.mark.parametrize("amount_format", ["number", "string"])
@pytest.mark.parametrize("amount", AMOUNTS)
def test_amounts(
    gateway: PhpGateway, connect: Callable[..., Client], amount: str, amount_format: str
) -> None:
    """What PHP credits is the amount, to the cent, however it is written."""
    client = connect(amount_format=amount_format)
    created = client.create_fund_transfer(order(amount=Decimal(amount)))
    paid = client.confirm_fund_transfer(created, partner_transaction_id="debit-1")

    assert paid.amount == created.amount == Decimal(amount)
    assert gateway.credits() == [(RECEIVER, int(Decimal(amount) * 100))]
    text = services(gateway)[0].text
    assert text is not None
    written = json.loads(text, parse_float=Decimal)["amount"]
    assert written == (
        f"{Decimal(amount):.2f}" if amount_format == "string" else paid.amount
    )
    require_agreement(gateway)


@pytest.mark.few(4)
@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", NAMES)
def test_names(gateway: PhpGateway, connect: Callable[..., Client], name: str) -> None:
    """Any script, slashes, quotes and emoji arrive and come back as they are."""
    receiver = "khmer/user"
    client = connect()
    request = order(sender_name=name, receiver_id=receiver)
    created = client.create_fund_transfer(request)
    paid = client.confirm_fund_transfer(created, partner_transaction_id="debit-1")

    assert paid.receiver_name == created.receiver_name == PHP_USERS[receiver]
    text = services(gateway)[0].text
    assert text is not None
    assert json.loads(text)["sender_name"] == name
    require_agreement(gateway)


# ------------------------------------------------------------------ refusals


def test_a_second_confirm(gateway: PhpGateway, connect: Callable[..., Client]) -> None:
    """USED is no failure, and the receiver is credited once."""
    client = connect()
    created = client.create_fund_transfer(order())
    paid = client.confirm_fund_transfer(created, partner_transaction_id="debit-1")
    # The second one is a client that knows nothing of the first confirm.
    for again in (client, connect()):
        with pytest.raises(OutcomeUnknown) as caught:
            again.confirm_fund_transfer(created, partner_transaction_id="debit-1")
        assert caught.value.code == "USED"
        found = again.query_fund_transfer(created)
        assert found.fund_transfer_id == paid.fund_transfer_id
    assert gateway.credits() == [(RECEIVER, 50)]
    require_agreement(gateway)


def test_an_expired_transfer(
    gateway: PhpGateway, connect: Callable[..., Client]
) -> None:
    """A first confirm that comes too late is Rejected, and credits no account."""
    client = connect()
    created = client.create_fund_transfer(order())
    gateway.advance(created.expire_in)
    with pytest.raises(Rejected) as caught:
        client.confirm_fund_transfer(created, partner_transaction_id="debit-1")
    assert caught.value.code == "EXPIRED"
    with pytest.raises(OutcomeUnknown) as queried:
        client.query_fund_transfer(created)
    assert queried.value.code == "EXPIRED"
    assert gateway.credits() == []
    require_agreement(gateway)


@pytest.mark.few(4)
@pytest.mark.parametrize("receiver", ["85500000000", "85599999999"])
def test_receivers_that_are_not_eligible(
    gateway: PhpGateway, connect: Callable[..., Client], receiver: str
) -> None:
    """A closed and an unknown account are NOTELIGIBLE."""
    with pytest.raises(Rejected) as caught:
        connect().create_fund_transfer(order(receiver_id=receiver))
    assert caught.value.code == "NOTELIGIBLE"
    require_agreement(gateway)


def test_transfers_that_do_not_exist(
    gateway: PhpGateway, connect: Callable[..., Client]
) -> None:
    """NOTEXIST rejects a first confirm; of a query it is evidence only."""
    client = connect()
    foreign = PreTransfer(
        out_trade_no="order-1",
        receiver_id=RECEIVER,
        amount=Decimal("0.50"),
        currency="USD",
        pre_transfer_id="somebody-else",
        receiver_name=NAME,
        expire_in=300,
    )
    with pytest.raises(Rejected) as caught:
        client.confirm_fund_transfer(foreign, partner_transaction_id="debit-1")
    with pytest.raises(OutcomeUnknown) as queried:
        client.query_fund_transfer(foreign)
    assert (caught.value.code, queried.value.code) == ("NOTEXIST", "NOTEXIST")
    require_agreement(gateway)


def test_a_debit_that_paid_before(
    gateway: PhpGateway, connect: Callable[..., Client]
) -> None:
    """One partner_transaction_id pays once; then it is a VALIDATIONERROR."""
    client = connect()
    first, second = (client.create_fund_transfer(order(f"order-{n}")) for n in (1, 2))
    client.confirm_fund_transfer(first, partner_transaction_id="debit-1")
    with pytest.raises(Rejected) as caught:
        client.confirm_fund_transfer(second, partner_transaction_id="debit-1")
    assert caught.value.code == "VALIDATIONERROR"
    assert gateway.credits() == [(RECEIVER, 50)]
    require_agreement(gateway)


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("service", "params", "kind"),
    [
        ("no.such.service", {}, Rejected),
        ("create.unified.fundTransfer", {"out_trade_no": "order-1"}, Rejected),
        # No client counts how often such a confirm was sent.
        ("confirm.fundTransfer", {"pre_transfer_id": "p"}, OutcomeUnknown),
    ],
)
def test_calls_that_are_not_valid(
    gateway: PhpGateway,
    connect: Callable[..., Client],
    service: str,
    params: dict[str, object],
    kind: type[Rejected | OutcomeUnknown],
) -> None:
    """What the client lets through by ``call`` is for the gateway to refuse."""
    with pytest.raises(kind) as caught:
        connect().call(service, params)
    assert isinstance(caught.value, (Rejected, OutcomeUnknown))
    assert caught.value.code == "VALIDATIONERROR"
    require_agreement(gateway)


@pytest.mark.few(4)
@pytest.mark.parametrize(("when", "paid"), [("before", 0), ("after", 1)])
def test_a_system_error_is_unknown(
    gateway: PhpGateway, connect: Callable[..., Client], when: str, paid: int
) -> None:
    """After SYSTEMERROR the money may have moved; only a query shows it."""
    client = connect()
    created = client.create_fund_transfer(order())
    gateway.configure(fail=when)
    with pytest.raises(OutcomeUnknown) as caught:
        client.confirm_fund_transfer(created, partner_transaction_id="debit-1")
    assert caught.value.code == "SYSTEMERROR"
    gateway.configure(fail="")
    assert gateway.credits() == [(RECEIVER, 50)] * paid
    if paid:
        assert client.query_fund_transfer(created).amount == created.amount
    else:
        with pytest.raises(OutcomeUnknown) as queried:
            client.query_fund_transfer(created)
        assert queried.value.code == "WAITING"
    require_agreement(gateway)


# ------------------------------------------------------------ authentication


@pytest.mark.parametrize(
    "name", ["partner_id", "partner_secret_key", "user_name", "password"]
)
def test_wrong_credentials(
    gateway: PhpGateway, connect: Callable[..., Client], name: str
) -> None:
    """Each credential counts; nothing is sent to a service without a token."""
    wrong = Credentials(**{**gateway.credentials, name: "wrong"})
    with pytest.raises(AuthenticationFailed):
        connect(credentials=wrong).create_fund_transfer(order())
    assert [(seen.path, seen.status) for seen in gateway.seen()] == [(TOKEN_PATH, 401)]


def test_a_token_that_expired(
    gateway: PhpGateway, connect: Callable[..., Client]
) -> None:
    """The unsigned 401 brings one new log-in, and the transfer continues."""
    client = connect()
    created = client.create_fund_transfer(order())
    gateway.configure(transfer_life=10_000)
    created = client.create_fund_transfer(order("order-2"))
    gateway.advance(3600)
    client.confirm_fund_transfer(created, partner_transaction_id="debit-1")

    last = [(seen.path, seen.status) for seen in gateway.seen()[-3:]]
    assert last == [(SERVICE_PATH, 401), (TOKEN_PATH, 200), (SERVICE_PATH, 200)]
    assert gateway.credits() == [(RECEIVER, 50)]


# ------------------------------------------------------------------ signatures


def test_php_refuses_a_request_by_another_key(
    gateway: PhpGateway, connect: Callable[..., Client]
) -> None:
    """The wrong private key is refused by PHP, and the error says so."""
    wrong = PrivateKey.from_pem((KEYS / "rsa-3072.pem").read_bytes())
    with pytest.raises(
        Rejected, match="VALIDATIONERROR: 'The signature is invalid"
    ) as (caught):
        connect(private_key=wrong).create_fund_transfer(order())
    assert caught.value.code == "VALIDATIONERROR"
    (seen,) = services(gateway)
    assert seen.verified is False
    # Both sides mean the same text: it is the key, and not the form.
    assert seen.body is not None
    assert seen.text == canonicalize(seen.body)


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("rsa-2048.pem", "mismatch"),  # our own: a reflected signature
        ("rsa-2048-e3.pem", "mismatch"),
        ("rsa-3072.pem", "sign_length"),
        ("ec-p256.pem", "sign_length"),
    ],
)
def test_answers_signed_by_another_key(
    gateway: PhpGateway, connect: Callable[..., Client], key: str, reason: str
) -> None:
    """Such an answer is not believed; the credit behind it is found later."""
    client = connect()
    created = client.create_fund_transfer(order())
    gateway.configure(private_key=str(KEYS / key))
    with pytest.raises(OutcomeUnknown) as caught:
        client.confirm_fund_transfer(created, partner_transaction_id="debit-1")
    assert isinstance(caught.value.__cause__, InvalidSignature)
    assert caught.value.evidence["reason"] == reason
    answer = services(gateway)[-1].answer
    assert answer is not None
    assert php_verify(GATEWAY_PEM, [answer]) == [False]

    gateway.configure(private_key=str(KEYS / "other-2048.pem"))
    assert gateway.credits() == [(RECEIVER, 50)]
    assert client.query_fund_transfer(created).pre_transfer_id is not None


Message = dict[str, Any]


def forged(message: Message) -> Iterator[tuple[str, Message]]:
    """Yield a signed message changed in every way that must be noticed."""
    signed = {k: v for k, v in message.items() if k not in {"sign", "sign_type"}}
    for name, value in signed.items():
        yield f"{name} is another", {**message, name: other(value)}
        yield f"{name} is null", {**message, name: None}
        yield f"{name} is gone", {k: v for k, v in message.items() if k != name}
        renamed = {f"{k} " if k == name else k: v for k, v in message.items()}
        yield f"{name} is renamed", renamed
    yield "a field is new", {**message, "note": ""}
    sign = message["sign"]
    for what, changed in (
        ("another first character", ("A" if sign[0] != "A" else "B") + sign[1:]),
        ("cut", sign[:-4]),
        ("longer", "AAAA" + sign),
        ("no padding", sign.rstrip("=")),
        ("blank before", " " + sign),
        ("not base64", "!" + sign),
        ("empty", ""),
        ("null", None),
        ("a list", [sign]),
        ("a number", 1),
    ):
        yield f"sign: {what}", {**message, "sign": changed}
    yield "no sign", signed


def other(value: object) -> object:
    """Return another value of the same type."""
    if isinstance(value, dict):
        return {**value, "amount": 5000}
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, (int, float)) else f"{value}0"


def harmless(message: Message) -> Iterator[tuple[str, bytes]]:
    """Yield other texts of the same message."""
    yield "indented", json.dumps(message, indent=2).encode()
    yield "raw characters", json.dumps(message, ensure_ascii=False).encode()
    yield "another order", json.dumps(dict(reversed(message.items()))).encode()
    without = {k: v for k, v in message.items() if k != "sign_type"}
    yield "no sign_type", json.dumps(without).encode()
    escaped = json.dumps(message).replace('"data"', '"d\\u0061ta"')
    escaped = escaped.replace('"amount"', '"\\u0061mount"').replace("/", "\\/")
    yield "escapes", escaped.encode()


def exchange(gateway: PhpGateway, client: Client) -> Seen:
    """Make one exchange with every kind of value in it, and return it."""
    client.create_fund_transfer(order(sender_name=NAMES[2], receiver_id="khmer/user"))
    return services(gateway)[-1]


def replayed(gateway: PhpGateway, client: Client, body: bytes) -> Seen:
    """Send bytes with a good token, and return what PHP made of them."""
    request = build_call(Endpoint(gateway.base_url), client.token(), body)
    HttpTransport().send(request, timeout=30)
    return services(gateway)[-1]


def test_both_notice_a_request_that_was_changed(
    gateway: PhpGateway, connect: Callable[..., Client]
) -> None:
    """PHP and kesspay refuse the same requests, and take the same."""
    client = connect()
    own = exchange(gateway, client)
    assert own.body is not None
    message = json.loads(own.body)
    key = partner_key().public_key
    changes = [*forged(message), ("sign_type", {**message, "sign_type": "RSA"})]
    for what, changed in changes:
        body = json.dumps(changed).encode()
        seen = replayed(gateway, client, body)
        assert (seen.verified, seen.error_code) == (False, "VALIDATIONERROR"), what
        assert len(outcome(key, body)) > 1, what
    assert len(changes) > 30
    for what, body in harmless(message):
        seen = replayed(gateway, client, body)
        assert (seen.verified, seen.status) == (True, 200), what
        assert outcome(key, body) == (own.text,), what


@pytest.mark.few(2)
def test_both_notice_an_answer_that_was_changed(
    gateway: PhpGateway, connect: Callable[..., Client]
) -> None:
    """PHP's own answers, changed on the way, are refused by PHP and by us."""
    answer = exchange(gateway, connect()).answer
    assert answer is not None
    message = json.loads(answer)
    bodies = {what: json.dumps(one).encode() for what, one in forged(message)}
    verdicts = php_verify(GATEWAY_PEM, bodies.values())
    for (what, body), verdict in zip(bodies.items(), verdicts, strict=True):
        assert verdict is False, what
        assert len(outcome(gateway_key(), body)) > 1, what
    same = dict(harmless(message))
    assert all(php_verify(GATEWAY_PEM, same.values()))
    for what, body in same.items():
        assert outcome(gateway_key(), body) == (canonicalize(answer),), what
