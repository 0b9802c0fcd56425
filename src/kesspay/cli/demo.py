"""
The demonstration: one whole transfer, each message told, each claim checked.

It needs no network, no key and no account: a sandbox gateway runs on the
loopback of this machine, with keys that are made for the occasion and kept
nowhere. No credential, token or private key is ever printed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TextIO, TypeVar

from kesspay.errors import GatewayError, InvalidSignature, KesspayError
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CreateFundTransfer, HttpRequest, HttpResponse
from kesspay.gateway.sync_transport import HttpTransport
from kesspay.sandbox import Credit, Sandbox
from kesspay.signing.backend import backend
from kesspay.signing.documents import canonicalize


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.gateway.transport import Transport


__all__ = ["run_demo"]

_T = TypeVar("_T")

_AMOUNT: Final = Decimal("0.50")
_FORGED: Final = b'"amount":900.5'
_HIDDEN: Final = "(not shown)"
_SECRET_HEADERS: Final = frozenset({"authorization", "partner-secret-key"})


@dataclass
class _Message:
    """One HTTP exchange, in words that may be printed."""

    sent: str
    headers: dict[str, str]
    body: str
    signed: str | None
    signed_sha256: str | None
    received: str
    answer: str
    verified: str | None
    verified_sha256: str | None
    refused: str | None


@dataclass
class _Step:
    title: str
    messages: list[_Message] = field(default_factory=list)
    outcome: str = ""


@dataclass
class _Account:
    """Everything the demonstration has to tell."""

    ok: bool
    steps: list[_Step]
    checks: dict[str, bool]
    ledger: list[dict[str, object]]
    error: str


class _Wire:
    """A Transport that keeps what passes, and forges an answer when told to."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.forge = False
        self.passed: list[tuple[HttpRequest, HttpResponse]] = []

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        response = self._transport.send(request, timeout=timeout)
        if self.forge:
            body = response.body.replace(b'"amount":0.5', _FORGED)
            response = HttpResponse(response.status, response.headers, body)
        self.passed.append((request, response))
        return response


class _Demo:
    """The steps of the demonstration and what came out of them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.steps: list[_Step] = []
        self.checks: dict[str, bool] = {}
        self._sandbox = sandbox
        self._wire = _Wire(HttpTransport())
        self._client = Client(**sandbox.settings, transport=self._wire)

    def run(self) -> None:
        """Go through the steps; raises only where nothing makes sense any more."""
        request = CreateFundTransfer(
            out_trade_no="demo-1",
            receiver_id="85512345678",
            sender_name="ចាន់ សុភា",
            amount=_AMOUNT,
        )
        client = self._client
        token = self._step("Log in", client.token)
        self._tell(f"a token for {token.expire_in} s {_HIDDEN}")

        created = self._step(
            "Create a pre-transfer: no money moves",
            lambda: client.create_fund_transfer(request),
        )
        self._tell(
            f"show {created.receiver_name!r} to the sender; "
            f"{created.pre_transfer_id} is good for {created.expire_in} s"
        )
        self._check("nothing is credited before the confirm", not self._credits())

        paid = self._step(
            "Confirm it: the receiver gets the money",
            lambda: client.confirm_fund_transfer(
                created, partner_transaction_id="debit-1"
            ),
        )
        self._tell(f"paid: {paid.fund_transfer_id}")

        asked = self._step(
            "Query it: what became of the transfer",
            lambda: client.query_fund_transfer(created),
        )
        self._tell(f"{asked.result_code}: {asked.fund_transfer_id}")
        same = asked.fund_transfer_id == paid.fund_transfer_id
        self._check("the query names the credit that the confirm made", same)

        self._wire.forge = True
        error = self._failing_step(
            "Query it while somebody changes the amount in the answer",
            lambda: client.query_fund_transfer(created),
        )
        self._wire.forge = False
        refused = isinstance(getattr(error, "__cause__", None), InvalidSignature)
        self._check("the changed answer is refused as not authentic", refused)

        error = self._failing_step(
            "Confirm it a second time",
            lambda: client.confirm_fund_transfer(
                created, partner_transaction_id="debit-1"
            ),
        )
        used = error is not None and getattr(error, "code", "") == "USED"
        self._check("the second confirm is refused with USED", used)
        unknown = error is not None and error.outcome == "unknown"
        self._check("USED is not taken for a failed payment", unknown)

        asked = self._step(
            "Query it, as the error says",
            lambda: client.query_fund_transfer(created),
        )
        self._tell(f"{asked.result_code}: {asked.fund_transfer_id}")
        self._check_ledger(paid.fund_transfer_id)

    def _step(self, title: str, act: Callable[[], _T]) -> _T:
        """Do one step and keep what went over the wire."""
        step = _Step(title)
        self.steps.append(step)
        self._wire.passed.clear()
        try:
            return act()
        finally:
            passed = self._wire.passed
            step.messages = [self._message(*exchange) for exchange in passed]

    def _failing_step(
        self, title: str, act: Callable[[], object]
    ) -> GatewayError | None:
        """Do one step that has to end in an error."""
        try:
            self._step(title, act)
        except GatewayError as error:
            self._tell(f"{type(error).__name__}: {error}")
            return error
        self._tell("no error")
        return None

    def _tell(self, outcome: str) -> None:
        self.steps[-1].outcome = outcome

    def _check(self, claim: str, held: bool) -> None:  # noqa: FBT001 - the verdict
        self.checks[claim] = self.checks.get(claim, True) and held

    def _check_ledger(self, fund_transfer_id: str) -> None:
        found = [entry.fund_transfer_id for entry in self._credits()]
        once = found == [fund_transfer_id]
        balance = self._sandbox.ledger.balance("85512345678")
        self._check("the ledger was credited exactly once", once)
        self._check(f"with exactly {_AMOUNT} USD", balance == _AMOUNT)

    def _credits(self) -> tuple[Credit, ...]:
        return self._sandbox.ledger.credits()

    def _message(self, request: HttpRequest, response: HttpResponse) -> _Message:
        is_log_in = request.url.endswith("/token")
        signed = None if is_log_in else self._signed(request.body)
        verified, refused = None, None
        if not is_log_in:
            verified, refused = self._verified(response.body)
        return _Message(
            sent=f"{request.method} {request.url}",
            headers={name: _shown(name, value) for name, value in request.headers},
            body=f"user_name and password {_HIDDEN}"
            if is_log_in
            else _shortened(request.body),
            signed=signed,
            signed_sha256=_digest(signed),
            received=f"HTTP {response.status}",
            answer=f"a token {_HIDDEN}" if is_log_in else _shortened(response.body),
            verified=verified,
            verified_sha256=_digest(verified),
            refused=refused,
        )

    def _signed(self, body: bytes) -> str:
        """Return the text that was signed, and check the signature of a body."""
        canonical = canonicalize(body)
        own_key = self._sandbox.settings["private_key"].public_key
        held = own_key.verify_document(body) == canonical
        self._check("what was sent is what was signed", held)
        return canonical.decode("ascii")

    def _verified(self, body: bytes) -> tuple[str | None, str | None]:
        """Return the text that verified, or why none did."""
        gateway_key = self._sandbox.settings["gateway_key"]
        try:
            return gateway_key.verify_document(body).decode("ascii"), None
        except InvalidSignature as error:
            return None, str(error)


def run_demo(out: TextIO, *, as_json: bool = False) -> int:
    """
    Run the demonstration and print its account.

    Args:
        out: where to print.
        as_json: True prints one JSON object with ``backend``, ``openssl``,
            ``ok``, ``steps``, ``checks``, ``ledger`` and ``error``.

    Returns:
        0 only where every check held, else 1.
    """
    demo: _Demo | None = None
    error = ""
    ledger: list[dict[str, object]] = []
    try:
        with Sandbox() as sandbox:
            demo = _Demo(sandbox)
            demo.run()
            ledger = [asdict(entry) for entry in sandbox.ledger.credits()]
    except KesspayError as failure:
        error = f"{type(failure).__name__}: {failure}"
    steps = demo.steps if demo else []
    checks = demo.checks if demo else {}
    ok = not error and bool(checks) and all(checks.values())
    account = _Account(ok, steps, checks, ledger, error)
    out.write(_json(account) if as_json else _text(account))
    return 0 if ok else 1


def _json(account: _Account) -> str:
    used = backend()
    whole = {"backend": used.name, "openssl": used.openssl, **asdict(account)}
    return json.dumps(whole, indent=2, default=str) + "\n"


def _text(account: _Account) -> str:
    used = backend()
    lines = [
        "A whole fund transfer against a sandbox gateway on this machine.",
        f"Signatures are made and verified by the {used.name} backend, {used.openssl}.",
    ]
    for number, step in enumerate(account.steps, 1):
        lines += ["", f"{number}. {step.title}"]
        for message in step.messages:
            lines += _message_lines(message)
        lines += [_line("outcome", step.outcome)] if step.outcome else []
    lines += ["", "The ledger of the gateway"]
    lines += [_line("credit", _credit_text(entry)) for entry in account.ledger]
    lines += ["", "Checks"]
    lines += [_verdict(claim, held) for claim, held in account.checks.items()]
    lines += [_line("FAILED", account.error)] if account.error else []
    closing = "Every check held." if account.ok else "The demonstration FAILED."
    return "\n".join([*lines, "", closing, ""])


def _verdict(claim: str, held: bool) -> str:  # noqa: FBT001 - the verdict
    return _line("held" if held else "FAILED", claim)


def _message_lines(message: _Message) -> list[str]:
    secrets = [
        f"{name}: {value}"
        for name, value in message.headers.items()
        if name.lower() in _SECRET_HEADERS
    ]
    lines = [_line("sent", message.sent)]
    lines += [_line("", text) for text in secrets]
    lines += [_line("", message.body)]
    if message.signed is not None:
        lines += [
            _line("signed", message.signed),
            _line("", f"SHA-256 {message.signed_sha256}"),
        ]
    lines += [_line("received", f"{message.received} {message.answer}")]
    if message.verified is not None:
        lines += [
            _line("verified", message.verified),
            _line("", f"SHA-256 {message.verified_sha256}"),
        ]
    if message.refused is not None:
        lines += [_line("refused", message.refused)]
    return lines


def _line(label: str, text: str) -> str:
    return f"   {label:<9} {text}"


def _credit_text(entry: dict[str, object]) -> str:
    return (
        f"{entry['amount']} USD to {entry['receiver_id']} for "
        f"{entry['out_trade_no']} ({entry['fund_transfer_id']})"
    )


def _shown(name: str, value: str) -> str:
    if name.lower() not in _SECRET_HEADERS:
        return value
    return f"Bearer {_HIDDEN}" if value.startswith("Bearer ") else _HIDDEN


def _shortened(body: bytes) -> str:
    """Return a body with all but the beginning of its signature cut out."""
    text = body.decode("utf-8", "replace")
    head, mark, tail = text.partition('"sign":"')
    if not mark:
        return text
    sign, _, rest = tail.replace("\\/", "/").partition('"')
    return f'{head}{mark}{sign[:12]}... ({len(sign)} characters)"{rest}'


def _digest(text: str | None) -> str | None:
    return None if text is None else sha256(text.encode("ascii")).hexdigest()
