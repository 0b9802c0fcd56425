"""
What a command returns: an outcome, or a problem; and the exit codes.

A problem says what happened, where, and what to do next. It never repeats a value
of the command line that could be a secret in the wrong place, since standard error
goes to logs.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import click

from kesspay._pages import PAGES, Page, located
from kesspay._shown import could_be_path, kind_of, masked, shown_value
from kesspay.cli.instructions import instruction_in
from kesspay.errors import (
    AuthenticationFailed,
    BackendError,
    CanonicalizationError,
    GatewayError,
    InvalidSignature,
    JournalDamaged,
    JournalUnavailable,
    KesspayError,
    KeyLoadError,
    NotSent,
    OutcomeUnknown,
    WrongAccount,
)


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kesspay.cli.printer import Printer


__all__ = [
    "EXIT_BROKEN_PIPE",
    "EXIT_CHECK_FAILED",
    "EXIT_INCOMPLETE",
    "EXIT_INTERRUPTED",
    "EXIT_NOT_AUTHENTIC",
    "EXIT_NOT_SENT",
    "EXIT_NOT_WRITTEN",
    "EXIT_OK",
    "EXIT_REJECTED",
    "EXIT_UNKNOWN",
    "EXIT_USAGE",
    "Ended",
    "Outcome",
    "Problem",
    "document",
    "key_advice",
    "problem_of",
    "usage_message",
]

EXIT_OK: Final = 0
EXIT_NOT_AUTHENTIC: Final = 1
#: A check of the doctor failed, or the probe left a question open.
EXIT_CHECK_FAILED: Final = 1
EXIT_USAGE: Final = 2
#: An audit found no failure, but a part was not judged.
EXIT_INCOMPLETE: Final = 3
#: The gateway said no, and its answer is final.
EXIT_REJECTED: Final = 10
#: Nothing happened: the same command may be given again.
EXIT_NOT_SENT: Final = 11
#: The request may have been carried out; only a query shows whether it was.
EXIT_UNKNOWN: Final = 20
#: No money moved, and standard output does not take the result (EX_IOERR).
EXIT_NOT_WRITTEN: Final = 74
EXIT_INTERRUPTED: Final = 130
#: What a shell reports for a program that SIGPIPE ended.
EXIT_BROKEN_PIPE: Final = 141


def _nothing(_: Printer) -> None:
    """Print nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    The outcome of a command.

    Args:
        command: its name, "keys check".
        data: the fields of the JSON object, besides ``ok``, ``command`` and
            ``warnings``.
        view: prints the same for people.
        exit_code: one of the above.
    """

    command: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    view: Callable[[Printer], None] = _nothing
    exit_code: int = EXIT_OK


class Ended(Exception):
    """
    An option gives the outcome, and the command does not run.

    Args:
        outcome: what is printed.
    """

    def __init__(self, outcome: Outcome) -> None:
        """Keep it."""
        super().__init__()
        self.outcome = outcome


#: What to do about each reason of a KeyLoadError.
KEY_ADVICE: Final[dict[str, str]] = {
    "file": "check the path and the permissions",
    "format": "give a PEM or DER file with an RSA key",
    "kind": "give the other file, or swap the arguments",
    "ambiguous": "give a file with one key",
    "secret": "never hand out this file; make a public one with: openssl pkey -pubout",
    "password": "give the password with --password-file or --password-env",
    "algorithm": "give an RSA key; kesspay keys generate makes one",
    "size": "make a key of 2048 bits or more with: kesspay keys generate",
    "modulus": "this key cannot be used; make another one",
    "exponent": "make a key with the exponent 65537, as kesspay keys generate does",
    "inconsistent": "restore the key from a backup, or make another one",
}
#: The same where keys come from variables and not from the command line.
KEY_ADVICE_OF_VARIABLES: Final[dict[str, str]] = {
    "file": "correct the path in the variable, or the permissions",
    "kind": "the private key is your own, the gateway key is from KESS",
    "password": "set KESSPAY_PRIVATE_KEY_PASSWORD or its _FILE",
}
_FROM_VARIABLES: Final = frozenset(
    {"token", "transfer", "doctor", "probe", "resume", "journal"}
)
_DOCUMENT_ADVICE: Final[dict[str, str]] = {
    "duplicate": "remove one of the two members",
    "order": "no honest message has this form; do not use it",
    "not_object": "give a JSON object",
    "sign_present": 'remove "sign" and "sign_type"; they are added when signing',
    "not_stable": "change the value; a gateway would read it differently",
    "infinite": "give a number within the range of a double",
}
_DECODE_ADVICE: Final = "check that the input is the JSON text, byte for byte"
_VERIFY_ADVICE: Final = "kesspay explain says why"
#: The page about each kind of problem; others are about none.
_ABOUT: Final[tuple[tuple[type[KesspayError], Page], ...]] = (
    (AuthenticationFailed, PAGES["credentials"]),
    (JournalDamaged, PAGES["journal_damaged"]),
    (JournalUnavailable, PAGES["journal"]),
    (KeyLoadError, PAGES["load"]),
    (NotSent, PAGES["down"]),
    (OutcomeUnknown, PAGES["unknown"]),
    (WrongAccount, PAGES["journal_account"]),
)
_GATEWAY_EXITS: Final[dict[str, int]] = {
    "not_sent": EXIT_NOT_SENT,
    "rejected": EXIT_REJECTED,
    "unknown": EXIT_UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Why a command could not do its work.

    Args:
        kind: name of the exception class, or "UsageError", "Interrupted".
        message: one line.
        exit_code: of the process.
        advice: what to do next, or "".
        reason: the stable word of the exception, or None.
        position: offset in bytes of the fault in the input, or None.
        path: where the fault is in the parameters, or None.
        command: that was called, "keys check", or "".
        help: True where the message is a help text and not a line.
        gateway: what is known of the exchange with the gateway, or None
            where there was none.
        page: of the documentation that says more, or "".
    """

    kind: str
    message: str
    exit_code: int
    advice: str = ""
    reason: str | None = None
    position: int | None = None
    path: str | None = None
    command: str = ""
    help: bool = False
    gateway: dict[str, Any] | None = None
    page: str = ""

    @property
    def line(self) -> str:
        """The problem, the advice and the page on one line."""
        line = self.message
        if self.advice:
            line = f"{line.rstrip('.')}; {self.advice}"
        if self.page:
            line += f" See {self.page}" if line.endswith(".") else f"; see {self.page}"
        return line

    def as_dict(self) -> dict[str, Any]:
        """Return the fields of ``error`` in the JSON object."""
        return {
            "type": self.kind,
            "reason": self.reason,
            "message": self.message,
            "position": self.position,
            "path": self.path,
            "next": self.advice or instruction_in(self.message),
            "page": self.page,
            **(self.gateway or {}),
        }


def document(outcome: Outcome | Problem, warnings: list[str]) -> str:
    """Return the JSON object of an outcome, in ASCII so that it survives everywhere."""
    data: dict[str, Any] = {"ok": outcome.exit_code == EXIT_OK}
    data["command"] = outcome.command
    if isinstance(outcome, Outcome):
        data |= outcome.data
    else:
        data["error"] = outcome.as_dict()
    return json.dumps({**data, "warnings": warnings}, indent=2)


def problem_of(error: KesspayError, command: str) -> Problem:
    """
    Turn an exception into a problem.

    Args:
        error: from the library.
        command: that was running.
    """
    if isinstance(error, GatewayError):
        return _gateway_problem(error, command)
    exit_code = EXIT_USAGE
    if isinstance(error, InvalidSignature):
        exit_code = EXIT_NOT_AUTHENTIC
    elif isinstance(error, JournalUnavailable):
        # Nothing is wrong with the command. Only resume may have sent a confirm.
        exit_code = EXIT_UNKNOWN if command == "resume" else EXIT_NOT_SENT
    return Problem(
        kind=type(error).__name__,
        message=" ".join(str(error).split()),
        exit_code=exit_code,
        advice=_advice(error, command),
        reason=getattr(error, "reason", None),
        position=getattr(error, "position", None),
        path=getattr(error, "path", None),
        command=command,
        page=_page_about(error),
    )


def _gateway_problem(error: GatewayError, command: str) -> Problem:
    """Turn an error of an exchange with the gateway into a problem."""
    text = str(error).removesuffix(f" Next: {error.next_step}")
    return Problem(
        kind=type(error).__name__,
        message=" ".join(text.split()),
        exit_code=_GATEWAY_EXITS[error.outcome],
        advice=error.next_step,
        command=command,
        gateway={
            "outcome": error.outcome,
            "safe_to_retry": error.safe_to_retry,
            "code": getattr(error, "code", ""),
            "description": getattr(error, "description", ""),
            "evidence": error.evidence,
        },
        page=_page_about(error),
    )


def _page_about(error: KesspayError) -> str:
    for kind, page in _ABOUT:
        if isinstance(error, kind):
            return located(page.link)
    return ""


def key_advice(error: KeyLoadError, *, from_variables: bool) -> str:
    """
    Say what to do about a key that was not loaded.

    A file in a format of another tool is converted, as the error says; one half
    of a key in place of the other one is exchanged.
    """
    from kesspay.signing.status import Found

    halves = ("", Found.PUBLIC_KEY, Found.CERTIFICATE)
    if error.next_step and error.found not in halves:
        return error.next_step
    advice = KEY_ADVICE_OF_VARIABLES.get(error.reason) if from_variables else None
    return advice or KEY_ADVICE.get(error.reason, "")


def _advice(error: KesspayError, command: str) -> str:
    """Say what to do next."""
    if isinstance(error, InvalidSignature):
        return _VERIFY_ADVICE if command == "verify" else ""
    if isinstance(error, KeyLoadError):
        from_variables = command.partition(" ")[0] in _FROM_VARIABLES
        return key_advice(error, from_variables=from_variables)
    if isinstance(error, CanonicalizationError):
        return _DOCUMENT_ADVICE.get(error.reason, _DECODE_ADVICE)
    if isinstance(error, JournalUnavailable):
        return "give the same command again once the journal is back"
    if isinstance(error, BackendError):
        return "kesspay backend shows which one is in use"
    return ""


def usage_message(error: click.ClickException, args: Sequence[str]) -> str:
    """
    Return the message of an error of click on one line.

    Args:
        error: of click.
        args: what stood on the command line. Each piece of it that is no name
            of ours, no path and no short value is replaced by its kind.
    """
    message = error.format_message()
    known = set(_known(error))
    hidden = {
        piece
        for piece in _pieces(args, known)
        if piece not in known
        and not could_be_path(piece)
        and shown_value(piece) != repr(piece)
    }
    for piece in sorted(hidden, key=len, reverse=True):
        kind = f"({kind_of(piece)})"
        message = message.replace(repr(piece), kind)
        raw = rf"(?<![\w-]){re.escape(piece)}(?![\w-])"
        message = re.sub(raw, kind, message)
    # What click wrote in another form, such as a number; not within a name of ours.
    hidden = {piece for piece in hidden if not any(piece in name for name in known)}
    return " ".join(masked(message, hidden).split())


def _pieces(args: Sequence[str], known: set[str]) -> Iterator[str]:
    """Yield the pieces of a command line, split in every way; no name of an option."""
    for arg in args:
        name, _, value = arg.partition("=")
        if arg.startswith("-"):
            yield value
        if name not in known:
            yield arg
            if arg.startswith("-"):
                yield from (name, arg[2:])


def _known(error: click.ClickException) -> Iterator[str]:
    """Yield the names of the commands and options, and the choices of these."""
    if isinstance(error, click.BadOptionUsage):
        yield error.option_name  # of an option that there is
    context = error.ctx if isinstance(error, click.UsageError) else None
    while context is not None:
        command = context.command
        if isinstance(command, click.Group):
            yield from command.list_commands(context)
        for parameter in command.get_params(context):
            yield from (*parameter.opts, *parameter.secondary_opts)
            if isinstance(parameter.type, click.Choice):
                yield from map(str, parameter.type.choices)
        context = context.parent
