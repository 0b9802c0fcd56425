"""
``kesspay demo``: one whole transfer; each message is shown, each claim checked.

It needs no network, no key and no account: a sandbox gateway runs on the
loopback interface of this machine, with keys that are made for this run and not
kept. No credential, token or private key is ever printed.
"""

from __future__ import annotations

import io
import json
import sys
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from hashlib import sha256
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, TextIO, TypeVar

import click

from kesspay._pages import PAGES
from kesspay.cli.checks import Wire
from kesspay.cli.outcome import Outcome
from kesspay.errors import (
    GatewayError,
    InputError,
    InvalidSignature,
    KesspayError,
    OutcomeUnknown,
)
from kesspay.gateway.client import Client
from kesspay.gateway.messages import (
    CONFIRM,
    QUERY,
    CreateFundTransfer,
    HttpRequest,
    HttpResponse,
)
from kesspay.gateway.services import USED
from kesspay.http.sync import HttpTransport
from kesspay.signing.backend import backend
from kesspay.signing.documents import canonicalize


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.gateway.messages import FundTransfer, PreTransfer
    from kesspay.sandbox import Credit, Sandbox


__all__ = ["demo", "run_demo"]

_HELP: Final = """Run a whole signed transfer on this machine and print each message.

An embedded gateway on the loopback interface makes its own keys; nothing
leaves the machine. Exit code 1 means that a check failed. It needs
the extra kesspay[sandbox].

\b
JSON fields
    backend, openssl  what made and verified the signatures
    steps             each message, what was signed, and what verified
    checks            each claim, and whether it held
    ledger            the credits at the end
    problem           why the demonstration ended early, or null
"""


@click.command("demo", help=_HELP)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def demo(*, as_json: bool) -> Outcome:
    """Run the demonstration."""
    if find_spec("uvicorn") is None:
        raise InputError(
            "the demo needs uvicorn; install it with: pip install 'kesspay[sandbox]'"
        )

    if not as_json:
        return Outcome(exit_code=run_demo(sys.stdout))
    printed = io.StringIO()
    exit_code = run_demo(printed, as_json=True)
    fields = json.loads(printed.getvalue())
    del fields["ok"]
    fields["problem"] = fields.pop("error") or None
    return Outcome("demo", fields, exit_code=exit_code)


_T = TypeVar("_T")

_AMOUNT: Final = Decimal("0.50")
_RECEIVER: Final = "85512345678"
_FORGED: Final = b'"amount":900.5'
_HIDDEN: Final = "(not shown)"


def _forge(response: HttpResponse) -> HttpResponse:
    """Return an answer with another amount, as an attacker on the way would."""
    body = response.body.replace(b'"amount":0.5', _FORGED)
    return HttpResponse(response.status, response.headers, body)


class _Demo:
    """The steps of the demonstration and their results."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.steps: list[_Step] = []
        self.checks: dict[str, bool] = {}
        self._sandbox = sandbox
        self._wire = Wire(HttpTransport())
        self._client = Client(**sandbox.settings, transport=self._wire)

    def run(self) -> None:
        """Go through the steps; raises only where the next steps make no sense."""
        token = self._step("Log in", self._client.token)
        self._note(f"a token for {token.expire_in} s {_HIDDEN}")
        self._be_refused(self._pay())
        self._fail_and_recover()
        self._check_ledger()

    def _pay(self) -> PreTransfer:
        """Carry out a transfer without faults."""
        client = self._client
        created = self._create("demo-1", "Create a pre-transfer: no money moves")
        self._check("nothing is credited before the confirm", not self._credits())
        paid = self._step(
            "Confirm it: the receiver gets the money",
            lambda: client.confirm_fund_transfer(
                created, partner_transaction_id="debit-1"
            ),
        )
        self._note(f"paid: {paid.fund_transfer_id}")
        asked = self._query(created, "Query it: what became of the transfer")
        same = asked.fund_transfer_id == paid.fund_transfer_id
        self._check("the query names the credit that the confirm made", same)
        return created

    def _be_refused(self, created: PreTransfer) -> None:
        """Show a changed answer, and a confirm that was carried out already."""
        client = self._client
        self._wire.forge = _forge
        error = self._failing_step(
            "Query it while an attacker changes the amount in the answer",
            lambda: client.query_fund_transfer(created),
        )
        self._wire.forge = None
        refused = isinstance(getattr(error, "__cause__", None), InvalidSignature)
        self._check("the changed answer is refused as not authentic", refused)

        error = self._failing_step(
            "Confirm it a second time",
            lambda: client.confirm_fund_transfer(
                created, partner_transaction_id="debit-1"
            ),
        )
        used = error is not None and getattr(error, "code", "") == USED
        self._check("the second confirm is refused with USED", used)
        unknown = error is not None and error.outcome == "unknown"
        self._check("USED is not taken for a failed payment", unknown)
        self._query(created, "Query it, as the error says")

    def _fail_and_recover(self) -> None:
        """Lose the answer to a confirm, then query its result."""
        client, faults = self._client, self._sandbox.faults
        created = self._create("demo-2", "Create another pre-transfer")
        faults.plan("drop-after", service=CONFIRM)
        error = self._failing_step(
            "Confirm it; the connection breaks after the gateway carried it out",
            lambda: client.confirm_fund_transfer(
                created, partner_transaction_id="debit-2"
            ),
        )
        unknown = isinstance(error, OutcomeUnknown) and not error.safe_to_retry
        self._check("a lost answer is neither paid nor failed", unknown)
        faults.plan("bad-gateway-before", service=QUERY)
        asked = self._query(
            created, "Query it; the first try meets an overloaded server"
        )
        answers = [message.received for message in self.steps[-1].messages]
        self._check(
            "the query is retried automatically", answers == ["HTTP 502", "HTTP 200"]
        )
        credited = [entry.out_trade_no for entry in self._credits()].count("demo-2")
        self._check(
            "the transfer is recovered: credited once, and known to be",
            credited == 1 and asked.result_code == "SUCCESS",
        )

    def _create(self, out_trade_no: str, title: str) -> PreTransfer:
        request = CreateFundTransfer(
            out_trade_no=out_trade_no,
            receiver_id=_RECEIVER,
            sender_name="ចាន់ សុភា",
            amount=_AMOUNT,
        )
        created = self._step(title, lambda: self._client.create_fund_transfer(request))
        self._note(
            f"show {created.receiver_name!r} to the sender; "
            f"{created.pre_transfer_id} is good for {created.expire_in} s"
        )
        return created

    def _query(self, created: PreTransfer, title: str) -> FundTransfer:
        asked = self._step(title, lambda: self._client.query_fund_transfer(created))
        self._note(f"{asked.result_code}: {asked.fund_transfer_id}")
        return asked

    def _step(self, title: str, act: Callable[[], _T]) -> _T:
        """Do one step and keep what went over the wire."""
        step = _Step(title)
        self.steps.append(step)
        self._wire.passed.clear()
        try:
            return act()
        finally:
            passed = self._wire.passed
            step.messages = [self._message(one.request, one.response) for one in passed]

    def _failing_step(
        self, title: str, act: Callable[[], object]
    ) -> GatewayError | None:
        """Do one step that has to end in an error."""
        try:
            self._step(title, act)
        except GatewayError as error:
            self._note(f"{type(error).__name__}: {error}")
            return error
        self._note("no error")
        return None

    def _note(self, outcome: str) -> None:
        self.steps[-1].outcome = outcome

    def _check(self, claim: str, held: bool) -> None:  # noqa: FBT001 - the verdict
        self.checks[claim] = self.checks.get(claim, True) and held

    def _check_ledger(self) -> None:
        found = [entry.out_trade_no for entry in self._credits()]
        self._check(
            "the ledger was credited exactly once for each transfer",
            sorted(found) == ["demo-1", "demo-2"],
        )
        balance = self._sandbox.ledger.balance(_RECEIVER)
        self._check(f"with exactly {2 * _AMOUNT} USD", balance == 2 * _AMOUNT)
        self._check("the ledger adds up", not self._sandbox.ledger.audit())

    def _credits(self) -> tuple[Credit, ...]:
        return self._sandbox.ledger.credits()

    def _message(self, request: HttpRequest, response: HttpResponse | None) -> _Message:
        is_log_in = request.url.endswith("/token")
        signed = None if is_log_in else self._signed(request.body)
        verified, refused = None, None
        if response is not None and not is_log_in:
            verified, refused = self._verified(response.body)
        return _Message(
            sent=f"{request.method} {request.url}",
            headers={name: _shown(name, value) for name, value in request.headers},
            body=f"user_name and password {_HIDDEN}"
            if is_log_in
            else _shortened(request.body),
            signed=signed,
            signed_sha256=_digest(signed),
            received="nothing" if response is None else f"HTTP {response.status}",
            answer=_answer(response, is_log_in=is_log_in),
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
    from kesspay.sandbox import Sandbox

    shown: _Demo | None = None
    error = ""
    ledger: list[dict[str, object]] = []
    try:
        with Sandbox() as sandbox:
            shown = _Demo(sandbox)
            shown.run()
            ledger = [asdict(entry) for entry in sandbox.ledger.credits()]
    except KesspayError as failure:
        error = f"{type(failure).__name__}: {failure}"
    steps = shown.steps if shown else []
    checks = shown.checks if shown else {}
    ok = not error and bool(checks) and all(checks.values())
    account = _Account(ok, steps, checks, ledger, error)
    out.write(_as_json(account) if as_json else _as_text(account))
    return 0 if ok else 1


def _shown(name: str, value: str) -> str:
    if name.lower() not in _SECRET_HEADERS:
        return value
    return f"Bearer {_HIDDEN}" if value.startswith("Bearer ") else _HIDDEN


def _answer(response: HttpResponse | None, *, is_log_in: bool) -> str:
    if response is None:
        return "(the connection was closed)"
    return f"a token {_HIDDEN}" if is_log_in else _shortened(response.body)


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


#: Headers whose values are not shown.
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
    """One step and what went over the wire in it."""

    title: str
    messages: list[_Message] = field(default_factory=list)
    outcome: str = ""


@dataclass
class _Account:
    """Everything the demonstration shows."""

    ok: bool
    steps: list[_Step]
    checks: dict[str, bool]
    ledger: list[dict[str, object]]
    error: str


def _as_json(account: _Account) -> str:
    """Return the account as one JSON object."""
    used = backend()
    whole = {"backend": used.name, "openssl": used.openssl, **asdict(account)}
    return json.dumps(whole, indent=2, default=str) + "\n"


def _as_text(account: _Account) -> str:
    """Return the account as a person reads it."""
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
    if not account.ok:
        return "\n".join([*lines, "", "The demonstration FAILED.", ""])
    return "\n".join(
        [*lines, "", "Every check held.", f"Next: {PAGES['tutorial']}", ""]
    )


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
