"""How the demonstration is told: what it keeps, as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Final

from kesspay.signing.backend import backend


__all__ = ["SECRET_HEADERS", "Account", "Message", "Step", "as_json_text", "as_text"]

#: Headers whose values are not shown.
SECRET_HEADERS: Final = frozenset({"authorization", "partner-secret-key"})


@dataclass
class Message:
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
class Step:
    """One step and what went over the wire in it."""

    title: str
    messages: list[Message] = field(default_factory=list)
    outcome: str = ""


@dataclass
class Account:
    """Everything the demonstration has to tell."""

    ok: bool
    steps: list[Step]
    checks: dict[str, bool]
    ledger: list[dict[str, object]]
    error: str


def as_json_text(account: Account) -> str:
    """Return the account as one JSON object."""
    used = backend()
    whole = {"backend": used.name, "openssl": used.openssl, **asdict(account)}
    return json.dumps(whole, indent=2, default=str) + "\n"


def as_text(account: Account) -> str:
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
    closing = "Every check held." if account.ok else "The demonstration FAILED."
    return "\n".join([*lines, "", closing, ""])


def _verdict(claim: str, held: bool) -> str:  # noqa: FBT001 - the verdict
    return _line("held" if held else "FAILED", claim)


def _message_lines(message: Message) -> list[str]:
    secrets = [
        f"{name}: {value}"
        for name, value in message.headers.items()
        if name.lower() in SECRET_HEADERS
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
