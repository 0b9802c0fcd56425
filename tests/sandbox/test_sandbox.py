"""The sandbox as a whole: over real sockets, with the real client."""

# ruff: noqa: ANN401 - options are of any type

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kesspay.sandbox
from kesspay.errors import (
    AuthenticationFailed,
    KesspayError,
    NotSent,
    OutcomeUnknown,
    Rejected,
)
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CreateFundTransfer, Credentials, HttpRequest
from kesspay.http.sync import HttpTransport
from kesspay.sandbox import Sandbox
from kesspay.signing.keys import PrivateKey


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.signing.backend import Backend


KEYS = Path(__file__).resolve().parents[1] / "vectors" / "keys"
RECEIVER = "85512345678"


def box(**options: Any) -> Sandbox:
    """Return a sandbox with keys that need not be made first."""
    own, gateways = (
        PrivateKey.from_pem((KEYS / name).read_bytes())
        for name in ("rsa-2048.pem", "other-2048.pem")
    )
    return Sandbox(private_key=own, gateway_private_key=gateways, **options)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox on the loopback."""
    with box() as running:
        yield running


def order(number: int = 1, receiver_id: str = RECEIVER) -> CreateFundTransfer:
    """Return a request for half a dollar."""
    return CreateFundTransfer(
        out_trade_no=f"order-{number}",
        receiver_id=receiver_id,
        sender_name="ចាន់ សុភា",
        amount=Decimal("0.50"),
    )


def test_a_whole_transfer(backend: Backend) -> None:
    """Token, create, confirm and query over HTTP credit the ledger once."""
    with Sandbox() as running, Client(**running.settings) as client:
        created = client.create_fund_transfer(order())
        assert created.receiver_name == "Sok Dara"
        assert running.ledger.credits() == ()
        paid = client.confirm_fund_transfer(created, partner_transaction_id="d-1")
        asked = client.query_fund_transfer(created)
        assert asked.fund_transfer_id == paid.fund_transfer_id
    (credit,) = running.ledger.credits()
    assert credit.fund_transfer_id == paid.fund_transfer_id
    assert running.ledger.balance(RECEIVER) == Decimal("0.50")


def test_every_refusal_reaches_the_client(sandbox: Sandbox) -> None:
    """Each code of the document ends in the exception that fits it."""
    client = Client(**sandbox.settings)
    with pytest.raises(Rejected) as refused:
        client.create_fund_transfer(order(1, "85500000000"))
    assert refused.value.code == "NOTELIGIBLE"
    created = client.create_fund_transfer(order())
    with pytest.raises(OutcomeUnknown) as unknown:
        client.query_fund_transfer(created)
    assert unknown.value.code == "PENDING"
    client.confirm_fund_transfer(created, partner_transaction_id="d-1")
    with pytest.raises(OutcomeUnknown) as unknown:
        client.confirm_fund_transfer(created, partner_transaction_id="d-1")
    assert unknown.value.code == "USED"
    late = client.create_fund_transfer(order(2))
    sandbox.advance(300)
    with pytest.raises(Rejected) as refused:
        client.confirm_fund_transfer(late, partner_transaction_id="d-2")
    assert refused.value.code == "EXPIRED"
    with pytest.raises(OutcomeUnknown) as unknown:
        client.query_fund_transfer(order(3))
    assert unknown.value.code == "NOTEXIST"
    assert len(sandbox.ledger.credits()) == 1


def test_a_token_that_ends_is_renewed(sandbox: Sandbox) -> None:
    """When the token is revoked or dies, the client logs in again."""
    client = Client(**sandbox.settings)
    created = client.create_fund_transfer(order())
    sandbox.emulator.revoke_token()
    client.confirm_fund_transfer(created, partner_transaction_id="d-1")
    sandbox.advance(3600)
    client.query_fund_transfer(created)
    assert len(sandbox.ledger.credits()) == 1


def test_thirty_two_threads_after_a_revocation(sandbox: Sandbox) -> None:
    """However many threads find their token dead, one logs in."""
    client = Client(**sandbox.settings)
    created = client.create_fund_transfer(order())
    client.confirm_fund_transfer(created, partner_transaction_id="d-1")
    sandbox.emulator.revoke_token()
    log_ins: list[int] = []
    original = sandbox.emulator._log_in

    def counted(*arguments: object) -> object:
        log_ins.append(1)
        return original(*arguments)  # type: ignore[arg-type] # its own arguments

    sandbox.emulator._log_in = counted  # type: ignore[method-assign,assignment] # replaced for the test
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            client.query_fund_transfer(created, timeout=60)
        except KesspayError as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len(log_ins) == 1


def test_wrong_credentials(sandbox: Sandbox) -> None:
    """Wrong credentials are an AuthenticationFailed, and nothing else."""
    wrong = Credentials("sandbox-partner", "wrong", "sandbox-user", "wrong")
    client = Client(**{**sandbox.settings, "credentials": wrong})  # type: ignore[arg-type] # mixed settings
    with pytest.raises(AuthenticationFailed):
        client.create_fund_transfer(order())


def test_in_the_process() -> None:
    """Without a server the same gateway answers inside the process."""
    inside = box(users={"1": "Own User"})
    client = Client(**inside.settings, transport=inside.transport)
    created = client.create_fund_transfer(order(1, "1"))
    assert created.receiver_name == "Own User"
    client.confirm_fund_transfer(created, partner_transaction_id="d-1")
    assert inside.ledger.balance("1") == Decimal("0.50")
    assert inside.base_url == "http://127.0.0.1:80/partnerapi/v1"


def test_starting_and_stopping() -> None:
    """A sandbox stops with its block, can be started again, and keeps its books."""
    made = box()
    with made:
        made.start()
        client = Client(**made.settings)
        created = client.create_fund_transfer(order())
    with pytest.raises(NotSent):
        client.create_fund_transfer(order(2))
    made.stop()
    with made:
        client = Client(**made.settings)
        client.confirm_fund_transfer(created, partner_transaction_id="d-1")
    assert len(made.ledger.credits()) == 1
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if "Server" in name or "uvicorn" in name]


def test_requests_that_are_too_long(sandbox: Sandbox) -> None:
    """The gateway reads 64 KiB of a body and no more."""
    request = HttpRequest("POST", f"{sandbox.base_url}/token", (), b"x" * 70_000)
    assert HttpTransport().send(request, timeout=20).status == 413


def test_nothing_shows_a_secret(sandbox: Sandbox) -> None:
    """The repr of the sandbox and of its settings shows no secret."""
    credentials = sandbox.settings["credentials"]
    shown = f"{sandbox!r} {sandbox.settings!r} {sandbox.transport!r}"
    assert credentials.partner_secret_key not in shown
    assert credentials.password not in shown


def test_the_names_of_the_package() -> None:
    """Every public name can be had, and no other."""
    for name in kesspay.sandbox.__all__:
        assert getattr(kesspay.sandbox, name)
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = kesspay.sandbox.Nonsense  # type: ignore[attr-defined] # that is the test
