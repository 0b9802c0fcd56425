# ruff: noqa: ANN401, FBT001 - what tests are given is of any type

"""The base of both clients: the settings it takes, and the confirms it counts."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from kesspay.errors import (
    AuthenticationFailed,
    FieldError,
    InputError,
    NotSent,
    OutcomeUnknown,
    Rejected,
    TransportError,
)
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.base import OwnKeyWarning, _Confirms, answer_of, foreign
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM, HttpResponse
from kesspay.signing.keyring import KeyRing
from tests.gateway.helpers import (
    BASE_URL,
    CREATE_DATA,
    CREATE_REQUEST,
    PRE_TRANSFER,
    UNAUTHENTICATED,
    Script,
    Scripted,
    call,
    client,
    credentials,
    failure,
    gateway_key,
    make,
    partner_key,
    plain,
    signed,
    success,
    token_answer,
)


pytestmark = pytest.mark.usefixtures("face")

#: A clock that stands still.
CLOCK = SimpleNamespace(
    monotonic=lambda: 1.0, time=lambda: 1.0, sleep=print, sleep_async=print
)
CREATED = signed(200, success(CREATE_DATA))


@pytest.mark.parametrize("code", ["EXPIRED", "NOTEXIST", "VALIDATIONERROR"])
def test_a_refusal_is_final_on_the_first_send_only(code: str) -> None:
    """A confirm that may have left before can have moved money."""
    refusal = signed(400, failure(code))
    made, _ = client(token_answer(), refusal, refusal)
    with pytest.raises(Rejected) as caught:
        call(made, "confirm")
    assert "query the transfer once" in caught.value.next_step
    with pytest.raises(OutcomeUnknown) as unknown:
        call(made, "confirm")
    assert unknown.value.code == code


def test_a_refusal_after_a_send_from_elsewhere_is_not_final() -> None:
    """The caller says that an earlier process may have sent the confirm."""
    made, _ = client(token_answer(), signed(400, failure("EXPIRED")))
    with pytest.raises(OutcomeUnknown):
        call(made, "confirm", sent_before=True)


def test_a_refusal_is_not_final_where_another_confirm_left_meanwhile() -> None:
    """It may have moved the money, and have been answered, while this one waited."""

    def confirms_too(_: object) -> HttpResponse:
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(call, made, "confirm")
        assert isinstance(other.exception(), OutcomeUnknown)
        return signed(400, failure("EXPIRED"))

    lost = TransportError("no_reply", "reset")
    made, _ = client(token_answer(), confirms_too, lost)
    with pytest.raises(OutcomeUnknown) as caught:
        call(made, "confirm")
    assert caught.value.code == "EXPIRED"


def test_a_confirm_by_call_counts() -> None:
    """What the client sent itself it remembers, in whatever way it was sent."""
    made, _ = client(
        token_answer(),
        TransportError("not_sent", "refused"),
        *[signed(400, failure("EXPIRED"))] * 3,
    )
    params = {"pre_transfer_id": PRE_TRANSFER.pre_transfer_id}
    with pytest.raises(NotSent):
        made.call(CONFIRM, params)
    with pytest.raises(Rejected):
        call(made, "confirm")
    made._confirms.discard(PRE_TRANSFER.pre_transfer_id)
    for again in (partial(made.call, CONFIRM, params), partial(call, made, "confirm")):
        with pytest.raises(OutcomeUnknown):
            again()


@pytest.mark.parametrize("value", ["false", 0, 1, None])
def test_whether_a_confirm_was_sent_is_true_or_false(value: object) -> None:
    """What it decides is whether a refusal is final: nothing else is taken for it."""
    made, script = client()
    with pytest.raises(InputError, match="sent_before must be True or False"):
        call(made, "confirm", sent_before=value)
    assert not script.sent


@pytest.mark.parametrize(
    "answers",
    [
        [token_answer(), TransportError("not_sent", "refused")],
        [TransportError("not_sent", "refused")],
        [UNAUTHENTICATED],
    ],
)
def test_a_confirm_that_did_not_leave_does_not_count(answers: list[Scripted]) -> None:
    """After NotSent the next confirm is the first one."""
    again: list[Scripted] = [] if len(answers) == 2 else [token_answer()]
    made, _ = client(*answers, *again, signed(400, failure("EXPIRED")))
    with pytest.raises((NotSent, AuthenticationFailed)):
        call(made, "confirm")
    made._tokens._book._backoff_until = 0.0
    with pytest.raises(Rejected):
        call(made, "confirm")


def test_a_confirm_without_an_answer_counts() -> None:
    """After an unknown outcome no refusal is final, not even from the gateway."""
    made, _ = client(
        token_answer(),
        TransportError("no_reply", "reset"),
        TransportError("not_sent", "refused"),
        signed(400, failure("NOTEXIST")),
    )
    with pytest.raises(OutcomeUnknown):
        call(made, "confirm")
    with pytest.raises(NotSent):
        call(made, "confirm")
    with pytest.raises(OutcomeUnknown):
        call(made, "confirm")


def test_the_memory_of_confirms_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest confirm is forgotten first, and another one is not touched."""
    monkeypatch.setattr("kesspay.gateway.base._REMEMBERED", 2)
    refusal = signed(400, failure("EXPIRED"))
    made, _ = client(token_answer(), *[refusal] * 5)
    kinds = []
    for number in (1, 2, 3, 3, 1):
        transfer = replace(PRE_TRANSFER, pre_transfer_id=f"PT-{number}")
        with pytest.raises((Rejected, OutcomeUnknown)) as caught:
            made.confirm_fund_transfer(transfer, partner_transaction_id="d")
        kinds.append(caught.type)
    assert kinds == [Rejected, Rejected, Rejected, OutcomeUnknown, Rejected]


@pytest.mark.parametrize(
    "value", [0, -1, float("nan"), float("inf"), 10**400, "5", None, True]
)
def test_timeouts_that_are_refused(value: Any) -> None:
    """A timeout is a finite number of seconds above zero."""
    if value is not None:
        made, _ = client()
        with pytest.raises(InputError, match="timeout"):
            call(made, "create", timeout=value)
    with pytest.raises(InputError, match="timeout"):
        client(timeout=value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("credentials", ("partner", "canary-secret")),
        ("profile", 17),
        ("amount_format", "float"),
        ("amount_format", ["number"]),
        ("allow_plain_http", "false"),
        ("allow_plain_http", 0),
        ("retries", 11),
        ("retries", -1),
        ("retries", True),
        ("private_key", "canary-secret"),
        ("private_key", gateway_key()),
        ("gateway_key", partner_key()),
        ("gateway_key", None),
        ("token_store", "canary-secret"),
        ("token_store", SimpleNamespace(load=print)),
        ("clock", 5),
        *(
            ("clock", SimpleNamespace(**{**vars(CLOCK), name: lambda: "12"}))
            for name in ("monotonic", "time")
        ),
    ],
)
def test_settings_that_are_refused(name: str, value: Any) -> None:
    """A wrong setting is found when the client is made, and not shown."""
    settings: dict[str, Any] = {
        "base_url": BASE_URL,
        "credentials": credentials(),
        "private_key": partner_key(),
        "gateway_key": gateway_key(),
    }
    with pytest.raises(InputError, match=name) as caught:
        make(**{**settings, name: value})
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("value", ["canary-secret", SimpleNamespace(send=5)])
def test_a_transport_that_is_none(kind: Any, value: object) -> None:
    """It is refused before a call takes what it raises for a fault of the network."""
    with pytest.raises(InputError, match="transport must have a method send") as caught:
        kind(
            base_url=BASE_URL,
            credentials=credentials(),
            private_key=partner_key(),
            gateway_key=gateway_key(),
            transport=value,
        )
    assert "canary" not in str(caught.value)


def test_a_url_that_is_refused() -> None:
    """A client does not send secrets over plain http to another machine."""
    with pytest.raises(FieldError, match="loopback"):
        make(
            base_url="http://pay.example/x",
            credentials=credentials(),
            private_key=partner_key(),
            gateway_key=gateway_key(),
        )


@pytest.mark.parametrize("ring", [False, True])
def test_ones_own_key_as_the_gateways(ring: bool) -> None:
    """The most common mix-up of keys is reported at once."""
    own = partner_key().public_key
    with pytest.warns(OwnKeyWarning, match="public half"):
        make(
            base_url=BASE_URL,
            credentials=credentials(),
            private_key=partner_key(),
            gateway_key=KeyRing([gateway_key(), own]) if ring else own,
        )


class RemoteKey:
    """A key in another machine: it signs and verifies, and has no halves."""

    bits = 2048

    def sign(self, message: bytes) -> bytes:
        """Sign somewhere else."""
        return partner_key().sign(message)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Verify somewhere else."""
        gateway_key().verify(signature, message)


def test_keys_that_are_somewhere_else() -> None:
    """Any Signer and any Verifier fit, without a warning."""
    script = Script(token_answer(), CREATED)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = make(
            base_url=BASE_URL,
            credentials=credentials(),
            private_key=RemoteKey(),
            gateway_key=RemoteKey(),
            transport=script,
        )
    assert made.create_fund_transfer(CREATE_REQUEST) == PRE_TRANSFER
    partner_key().public_key.verify_document(script.sent[1].body)


@pytest.mark.parametrize("value", [None, "order-1", PRE_TRANSFER])
def test_create_takes_a_request_only(value: Any) -> None:
    """Anything else is refused before a token is fetched."""
    made, script = client()
    with pytest.raises(InputError, match="CreateFundTransfer"):
        made.create_fund_transfer(value)
    assert not script.sent


def test_amounts_as_strings() -> None:
    """amount_format="string" sends two places in quotes."""
    made, script = client(token_answer(), CREATED, amount_format="string")
    call(made, "create")
    assert b'"amount":"0.50"' in script.sent[1].body


def test_a_client_that_was_not_made() -> None:
    """A tool that shows the variables of a traceback can show it, too."""
    made, _ = client()
    kind = type(getattr(made, "made", made))
    assert repr(object.__new__(kind)) == f"<{kind.__name__} that was not made>"


def test_the_parameters_of_a_call_are_checked_first() -> None:
    """Parameters that cannot be signed stop a call before the log-in."""
    made, script = client()
    with pytest.raises(InputError):
        made.call("s", {"amount": Decimal("NaN")})
    assert not script.sent


def test_confirms_of_many_threads_are_counted_once_each() -> None:
    """Each one counts, also at the same time; one that is taken back does not."""
    confirms = _Confirms()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(confirms.add, ["PT-1", "PT-2"] * 200))
    for _ in range(198):
        confirms.discard("PT-1")
    assert not confirms.has_one("PT-1"), "two of them may have left"
    for only in (True, False, False):
        confirms.discard("PT-1")
        assert confirms.has_one("PT-1") is only
    confirms.add("PT-1")
    assert confirms.has_one("PT-1")
    assert not confirms.has_one("PT-2")
    confirms.discard("PT-3")
    assert not confirms.has_one("PT-3")
    confirms.add("PT-3")
    assert confirms.has_one("PT-3")


def giving(value: Any) -> Any:
    """Return what stands in a script for an answer that is no response."""
    return lambda _: value


def test_what_a_transport_returns_has_to_be_a_response() -> None:
    """Anything else may have come after the request left; it is not shown."""
    response = plain(200, b"")
    assert answer_of(response) is response
    for other in (None, b"canary-secret", (200, (), b"canary-secret")):
        with pytest.raises(TransportError) as caught:
            answer_of(other)
        assert caught.value.kind == "no_reply"
        assert "canary" not in str(caught.value)
        made, _ = client(token_answer(), giving(other))
        with pytest.raises(OutcomeUnknown, match=type(other).__name__):
            call(made, "confirm")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("status", "200"), ("status", None), ("body", "{}"), ("body", None)),
        *(
            ("headers", {"Date": "x"}),
            ("headers", [(b"Date", b"x")]),
            ("headers", None),
        ),
    ],
)
def test_a_transport_that_mistakes_a_field(name: str, value: object) -> None:
    """The money may have moved, so a confirm is unknown; the field is named."""
    fields: dict[str, Any] = {"status": 200, "headers": (), "body": b"{}", name: value}
    made, _ = client(token_answer(), lambda _: HttpResponse(**fields))
    with pytest.raises(OutcomeUnknown, match=f"the {name} of an HTTP response must be"):
        call(made, "confirm")


def test_an_error_of_a_foreign_transport_proves_nothing() -> None:
    """Only its type is shown, and the request may have left."""
    error = foreign(ConnectionError("canary-secret"))
    assert error.kind == "no_reply"
    assert "ConnectionError" in str(error)
    assert "canary" not in str(error)


def test_a_client_shows_no_secret() -> None:
    """Its repr names the gateway and the partner."""
    made, _ = client()
    assert repr(made).endswith(f"{BASE_URL} partner partner-1>")
