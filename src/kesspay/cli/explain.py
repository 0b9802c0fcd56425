"""``kesspay explain``: why a recorded body does not verify."""

from __future__ import annotations

import os
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click

from kesspay._shown import shown_path
from kesspay.cli.inputs import load_private, load_public, read_file
from kesspay.cli.options import (
    FILE,
    json_option,
    key_files_option,
    password_options,
    profile_options,
)
from kesspay.cli.outcome import EXIT_NOT_AUTHENTIC, EXIT_OK, Ended, Outcome
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.cli.printer import Printer
    from kesspay.explain.report import Explanation, Finding, KeyReport, Kind
    from kesspay.signing.keys import PublicKey
    from kesspay.signing.profile import Profile


__all__ = ["explain", "show_explanation"]

_HELP: Final = """Explain why the recorded BODY does not verify.

It examines the recording, the document, the text of sign, which key made
the signature, and which text was signed: with other settings of PHP, and
with many known mistakes in building the text, up to four at once. The
advice depends on who signed BODY: you with --request, the gateway with
--answer. Without these options a body with members of an answer ("success",
"data", ...) counts as an answer; another one counts as a request if it has
"service" or your own key signed it. The output says what was assumed.

\b
JSON fields (null: not known)
    verifies          the verdict of kesspay verify
    verified_by       index of the key, from 0
    refusal           reason, message, position
    canonical, canonical_sha256, canonical_length
    keys              for each key: file, fingerprint, bits, verifies,
                      made_signature, own
    signature         length, slips, padding, algorithm, digest, made_by,
                      made_by_own_key, covers_canonical
    expected          sha256, length, equal, covered, difference, values,
                      mistakes
    profile           settings of PHP under which the body verifies
    mistakes          codes of the mistakes that give the signed text
    difference        where the signed text first differs from the canonical
                      form: position, ours, theirs, marker, summary
    kind              "request" or "answer"
    kind_assumed      whether neither --request nor --answer was given
    signed_text       the text that was signed, with *** for a secret; null
                      where it is not known, or is no UTF-8
    signed_base64     its bytes; null where it is not known
    changed           the value that was changed after signing: path, signed,
                      stands
    findings          for each: code, sort ("cause" or "note"), text,
                      advice

\b
JSON field with --codes
    codes             the text of each code
"""


def _show_codes(
    context: click.Context,
    _: click.Parameter,
    asked: bool,  # noqa: FBT001 - click's
) -> None:
    """Give the list of codes in place of an explanation."""
    if not asked or context.resilient_parsing:
        return
    from kesspay.explain.explanation import CODES

    def view(printer: Printer) -> None:
        for code, text in CODES.items():
            printer.line(f"{code:24} {text}")

    raise Ended(Outcome("explain", {"codes": dict(CODES)}, view))


def _own_key_options(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Accept one's own key and its password; the command gets public halves."""

    @click.option(
        "--own-key",
        "own_key_file",
        type=FILE,
        metavar="PRIV",
        help="Your own private key, to recognise that keys were mixed up.",
    )
    @password_options
    @wraps(command)
    def with_own_key(
        *,
        own_key_file: str | None,
        password_file: str | None,
        password_env: str | None,
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        own_keys = []
        if own_key_file is not None:
            own = load_private(own_key_file, password_file, password_env)
            own_keys.append(own.public_key)
        return command(own_keys=own_keys, **others)

    return with_own_key


def _kind_options(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Accept who signed the body; the command gets the kind of the body."""

    @click.option(
        "--request",
        is_flag=True,
        help="BODY is a request: the advice is for you, who signed it.",
    )
    @click.option(
        "--answer",
        is_flag=True,
        help="BODY is an answer, which the gateway signed.",
    )
    @wraps(command)
    def with_kind(
        *,
        request: bool,
        answer: bool,
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        if request and answer:
            raise InputError("give --request or --answer, not both")
        kind = "request" if request else "answer" if answer else None
        return command(kind=kind, **others)

    return with_kind


def _secret_options(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Accept the place of a secret; the command gets it."""

    @click.option(
        "--secret-file",
        type=FILE,
        metavar="FILE",
        help="File whose first line is a secret that may be in the text (&key=...).",
    )
    @click.option(
        "--secret-env",
        metavar="NAME",
        help="Environment variable that holds this secret. It is never shown.",
    )
    @wraps(command)
    def with_secret(
        *,
        secret_file: str | None,
        secret_env: str | None,
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        return command(secret=_secret(secret_file, secret_env), **others)

    return with_secret


def _secret(path: str | None, variable: str | None) -> bytes:
    """Read the secret; empty where none was given."""
    if path is not None and variable is not None:
        raise InputError("give --secret-file or --secret-env, not both")
    if path is not None:
        first, *_ = read_file(path).splitlines() or [b""]
        if not first:
            raise InputError(f"the first line of {shown_path(path)} is empty")
        return first
    if variable is None:
        return b""
    if not os.environ.get(variable):
        raise InputError("the variable that --secret-env names is not set, or empty")
    return os.environ[variable].encode("utf-8", "surrogateescape")


@click.command("explain", help=_HELP)
@click.argument("body", type=FILE)
@key_files_option("Public key that should verify it")
@_kind_options
@_secret_options
@click.option("--expected", metavar="TEXT", help="What the other side says it signed.")
@click.option(
    "--expected-file", type=FILE, metavar="FILE", help="File that holds this text."
)
@click.option(
    "--codes",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_codes,
    help="List the codes of all findings, and exit.",
)
@_own_key_options
@profile_options
@json_option
def explain(
    profile: Profile,
    body: str,
    key_files: tuple[str, ...],
    *,
    own_keys: list[PublicKey],
    secret: bytes,
    kind: Kind | None,
    expected: str | None,
    expected_file: str | None,
) -> Outcome:
    """Explain a file."""
    from kesspay.explain.explanation import explain as explain_body

    keys = [load_public(path) for path in key_files]
    explanation = explain_body(
        read_file(body),
        keys,
        own_keys=own_keys,
        expected=_expected(expected, expected_file),
        profile=profile,
        kind=kind,
        secret=secret,
    )
    return Outcome(
        "explain",
        _fields(explanation, key_files),
        lambda printer: show_explanation(printer, explanation, key_files),
        EXIT_OK if explanation.verifies else EXIT_NOT_AUTHENTIC,
    )


def _expected(text: str | None, path: str | None) -> bytes | None:
    """Return the text the other side says it signed."""
    if text is not None and path is not None:
        raise InputError("give --expected or --expected-file, not both")
    if path is not None:
        return read_file(path)
    # Arguments that are no UTF-8 come back as the bytes that were typed.
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _fields(explanation: Explanation, key_files: tuple[str, ...]) -> dict[str, Any]:
    """Return the JSON fields, the keys with their files."""
    fields = explanation.as_dict()
    for path, key in zip(key_files, fields["keys"], strict=True):
        key["file"] = path
    return fields


def show_explanation(
    printer: Printer, explanation: Explanation, key_files: tuple[str, ...]
) -> None:
    """Print the verdict, the findings, and the facts behind them."""
    _verdict(printer, explanation)
    for sort, title in (("cause", "Why"), ("note", "Worth knowing")):
        chosen = [f for f in explanation.findings if f.sort == sort]
        if chosen:
            printer.line()
            printer.line(title, "bold")
            for finding in chosen:
                _finding(printer, finding)
    printer.line()
    printer.table(_facts(explanation), "Facts")
    printer.line()
    rows = [
        (path, _key(report))
        for path, report in zip(key_files, explanation.keys, strict=True)
    ]
    printer.table(rows, "Keys")
    _difference(printer, explanation)
    changed = explanation.changed
    if changed is not None:
        printer.line()
        printer.line("Changed after signing, proved by the signed digest", "bold")
        printer.line(f"  {changed.path} was {changed.signed} when signed")
        printer.line(f"  the body has {changed.stands}")
    if explanation.signed_text is not None:
        printer.line()
        printer.line("Text that was signed", "bold")
        printer.line(explanation.signed_text.decode("utf-8", "backslashreplace"))
    if explanation.canonical is not None:
        printer.line()
        printer.line("Canonical form", "bold")
        printer.line(explanation.canonical.decode())


def _verdict(printer: Printer, explanation: Explanation) -> None:
    """Print whether the body verifies."""
    if explanation.verifies:
        printer.line("The body verifies.", "bold green")
        return
    why = explanation.refusal.message if explanation.refusal else ""
    printer.line(f"The body does not verify: {why}.", "bold red")


def _finding(printer: Printer, finding: Finding) -> None:
    """Print one finding and its advice."""
    printer.line(f"  * {finding.text} [{finding.code}]")
    if finding.advice:
        printer.line(f"    -> {finding.advice}")


def _facts(explanation: Explanation) -> list[tuple[str, str]]:
    """List what was measured."""
    whose = "a request" if explanation.kind == "request" else "an answer"
    other = "--answer" if explanation.kind == "request" else "--request"
    assumed = f" (assumed; give {other} if it is not)"
    rows = [("kind", whose + (assumed if explanation.kind_assumed else ""))]
    if explanation.canonical is not None:
        rows += [
            ("canonical length", f"{len(explanation.canonical)} bytes"),
            ("canonical SHA-256", explanation.canonical_sha256 or ""),
        ]
    signature = explanation.signature
    if signature is None:
        rows.append(("signature", "none to look at"))
        return rows
    rows.append(("signature length", f"{signature.length} bytes"))
    if signature.padding:
        rows.append(("signature padding", signature.padding))
    if signature.algorithm:
        rows.append(("signed digest", signature.algorithm))
    if signature.digest:
        rows.append(("signed text's digest", signature.digest))
    if explanation.expected is not None:
        rows.append(("expected SHA-256", explanation.expected.sha256))
    return rows


def _key(report: KeyReport) -> str:
    """Describe a key in a line."""
    words = [f"{report.bits} bits, {report.fingerprint}"]
    if report.verifies:
        words.append("verifies the body")
    elif report.made_signature:
        words.append("made the signature")
    elif report.made_signature is False:
        words.append("did not make the signature")
    if report.own:
        words.append("is your own")
    return "; ".join(words)


def _difference(printer: Printer, explanation: Explanation) -> None:
    """Print where the expected or the signed text differs from the canonical form."""
    expected = explanation.expected
    difference, whose = explanation.difference, "signed"
    if expected is not None:
        difference, whose = expected.difference, "expected"
    if difference is None:
        return
    printer.line()
    printer.line(f"First difference, at byte {difference.position}", "bold")
    printer.line(f"  canonical  {difference.ours}")
    printer.line(f"  {whose:9}  {difference.theirs}")
    printer.line("             " + " " * difference.marker + "^")
