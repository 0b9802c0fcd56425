"""
The root of the command line: finds a command, runs it, prints its outcome.

A command returns an ``Outcome`` and raises exceptions of ``kesspay.errors``.
What is printed, where, and which exit code it gives is decided here, once for
all commands. Commands are imported when they are called, so that ``--help``
and completion are quick.
"""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, cast

import click

from kesspay._version import __version__
from kesspay.cli.outcome import (
    EXIT_BROKEN_PIPE,
    EXIT_INTERRUPTED,
    EXIT_NOT_WRITTEN,
    EXIT_UNKNOWN,
    EXIT_USAGE,
    Ended,
    Outcome,
    Problem,
    document,
    problem_of,
    usage_message,
)
from kesspay.cli.output import Kept, NotWritten, give_up, guarded_streams
from kesspay.cli.printer import Printer
from kesspay.errors import KesspayError


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


__all__ = ["Root", "root", "run"]


class _Entry(NamedTuple):
    """
    A command: where it is, and what is known before it is imported.

    Attributes:
        module: of ``kesspay.cli``.
        name: of the command in that module.
        line: of the help text.
        has_parts: True where it is a group, "keys check".
        json_in_pipes: True where JSON is printed wherever standard output is
            not a terminal, also without --json.
        look: what to do where it may have been carried out, and its result could
            not be written; "" where it moves no money.
    """

    module: str
    name: str
    line: str
    has_parts: bool = False
    json_in_pipes: bool = False
    look: str = ""


_QUERY: Final = (
    "ask with kesspay transfer query; do not refund, and do not create another transfer"
)
_JOURNAL: Final = "the journal has the results: kesspay journal list"
_COMMANDS: Final[dict[str, _Entry]] = {
    "canon": _Entry("documents", "canon", "Print the canonical form of a document."),
    "sign": _Entry("documents", "sign", "Sign a document with a private key."),
    "verify": _Entry("documents", "verify", "Verify a body with public keys."),
    "explain": _Entry("explain", "explain", "Explain why a body does not verify."),
    "conformance": _Entry(
        "conformance",
        "conformance",
        "Check another implementation of the signature.",
        has_parts=True,
    ),
    "audit": _Entry("audit", "audit", "Judge recorded traffic in bulk."),
    "keys": _Entry("keys", "keys", "Make and check keys.", has_parts=True),
    "backend": _Entry("backend", "backend", "Show which backend is in use."),
    "demo": _Entry("demo", "demo", "Run a whole transfer on this machine."),
    "sandbox": _Entry("sandbox", "sandbox", "Run an emulated gateway on this machine."),
    "token": _Entry("token", "token", "Log in to the gateway.", json_in_pipes=True),
    "transfer": _Entry(
        "transfer",
        "transfer",
        "Create, confirm and query a transfer.",
        has_parts=True,
        json_in_pipes=True,
        look=_QUERY,
    ),
    "resume": _Entry(
        "resume",
        "resume",
        "Resume unfinished transfers.",
        json_in_pipes=True,
        look=_JOURNAL,
    ),
    "journal": _Entry(
        "journal",
        "journal",
        "Read the journal of transfers.",
        has_parts=True,
        json_in_pipes=True,
    ),
    "doctor": _Entry(
        "doctor",
        "doctor",
        "Check the settings, and say what to do.",
        json_in_pipes=True,
    ),
    "probe": _Entry(
        "probe",
        "probe",
        "Find out how a sandbox gateway is set up.",
        json_in_pipes=True,
        look=_QUERY,
    ),
}

#: Warnings that are for the user of the program, not for its developers.
_SHOWN: Final = (UserWarning, RuntimeWarning)

_HELP: Final = """Sign and verify messages of the KESS partner API.

FILE arguments are paths, or - for standard input. Results go to standard
output, problems and warnings to standard error as one line each. With --json
there is exactly one JSON object on standard output, also for a problem; its
field names are stable. resume --watch prints one for each result, and journal
export one for each payment, on a line of its own. Commands that talk to the
gateway print JSON wherever standard output is not a terminal.

\b
Exit codes
    0   done; it verifies; the keys belong together; the transfer was paid
    1   not authentic: it does not verify; the keys do not belong together;
        a check of demo or doctor failed; probe left a question open
    2   wrong usage, or an input that cannot be used; nothing was sent
    3   audit: nothing failed, but a part was not judged
   10   the gateway rejected the request: a signed refusal, which is final
   11   not sent: nothing happened, and repeating it is safe
   20   unknown: it may have been carried out; neither paid nor failed; also
        where it was carried out and its result could not be written
   74   done, and no money moved; but the result could not be written
  130   interrupted
  141   as 74, where the reader of the output has closed it

\b
JSON fields of every command
    ok        whether the exit code is 0
    command   "canon", "keys check", ...
    warnings  list of texts
    error     only for a problem: type, reason, message, position (offset in
              bytes or null), path (or null), next (what to do, also where
              message ends with it; or ""), page (of the
              documentation, or ""); for a call of the gateway also outcome
              ("not_sent", "rejected" or "unknown"), safe_to_retry, code,
              description (both of the gateway, or ""), evidence

Secrets are never taken from the command line: see --password-file and
--password-env. The commands that talk to the gateway take their settings from
KESSPAY_ variables, or from a file of them with --env-file.
"""


class Root(click.Group):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order of the help text."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        entry = _COMMANDS[cmd_name]
        module = import_module(f"kesspay.cli.{entry.module}")
        return cast("click.Command", getattr(module, entry.name))

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(n, entry.line) for n, entry in _COMMANDS.items()])

    def main(  # type: ignore[override] # click has overloads
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        **extra: Any,  # noqa: ANN401 - click's own
    ) -> NoReturn:
        """Run a command and leave the process with its exit code."""
        given = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        with guarded_streams():
            if isinstance(sys.stdout, TextIOWrapper):
                # A terminal without Unicode shows escapes instead of failing.
                sys.stdout.reconfigure(errors="backslashreplace")
            code = self._run(given, prog_name or "kesspay", extra)
        sys.exit(code)

    def _run(self, args: list[str], prog_name: str, extra: dict[str, Any]) -> int:
        """Run a command and print its outcome."""
        printer = Printer()
        as_json = _wants_json(args)
        kept = Kept()
        outcome: Outcome | Problem = Outcome()
        lost: list[NotWritten] = []
        try:
            with warnings.catch_warnings(record=True) as caught:
                for category in _SHOWN:
                    warnings.simplefilter("always", category)
                outcome = self._outcome(args, prog_name, {**extra, "obj": kept})
            texts = list(dict.fromkeys(str(w.message) for w in caught))
            try:
                kept.write(outcome.exit_code, document(outcome, texts))
            except NotWritten as error:
                lost.append(error)
            _show(outcome, texts, printer, as_json=as_json)
        except NotWritten as error:
            give_up()
            lost.append(error)
        return _report_lost(lost, outcome, args, printer) if lost else outcome.exit_code

    def _outcome(
        self, args: list[str], prog_name: str, extra: dict[str, Any]
    ) -> Outcome | Problem:
        """Run a command; every error of the library becomes a problem."""
        command = _named(args)
        try:
            value = super().main(args=args, prog_name=prog_name, **extra)
        except Ended as end:
            return end.outcome
        except click.exceptions.NoArgsIsHelpError as error:
            return Problem("UsageError", error.format_message(), EXIT_USAGE, help=True)
        except click.ClickException as error:
            return _usage_problem(error, command, args)
        except click.Abort:
            return Problem(
                "Interrupted", "interrupted", EXIT_INTERRUPTED, command=command
            )
        except KesspayError as error:
            return problem_of(error, command)
        except NotWritten:
            raise
        except Exception as error:
            look = _look(args)
            if not look:
                raise
            return _unexpected(error, command, look)
        if isinstance(value, Outcome):
            return value
        # --help and --version have printed already.
        return Outcome(exit_code=value if isinstance(value, int) else 0)


def _show(
    outcome: Outcome | Problem, warnings: list[str], printer: Printer, *, as_json: bool
) -> None:
    """Print an outcome or a problem, with its warnings."""
    if not as_json:
        for warning in warnings:
            printer.error(f"warning: {warning}")
    if as_json and (outcome.command or isinstance(outcome, Problem)):
        click.echo(document(outcome, warnings))
    elif isinstance(outcome, Outcome):
        outcome.view(printer)
    elif outcome.help:
        click.echo(outcome.message, err=True)
    else:
        printer.error(outcome.line)
    sys.stdout.flush()


def _report_lost(
    lost: list[NotWritten],
    outcome: Outcome | Problem,
    args: list[str],
    printer: Printer,
) -> int:
    """Say that a result could not be written, and return a true exit code."""
    parts = [str(error) for error in lost]
    if isinstance(outcome, Problem):
        parts.insert(0, outcome.line)
    look = _look(args)
    code = outcome.exit_code
    if look:
        code = code or EXIT_UNKNOWN
        if code == EXIT_UNKNOWN:
            parts += ["it may have been carried out", look]
    elif all(error.reader_is_gone for error in lost):
        # A reader that has seen enough is no problem.
        return code or EXIT_BROKEN_PIPE
    printer.error("; ".join(parts))
    # Another code than 0 is true, whether the words arrive or not.
    return code or EXIT_NOT_WRITTEN


def _look(args: list[str]) -> str:
    """Say what to do where a command may have moved money; "" where it cannot."""
    if {"--help", "-h", "--version"} & set(_options(args)):
        return ""
    entry = _COMMANDS.get(_named(args).partition(" ")[0])
    return "" if entry is None else entry.look


def _unexpected(error: Exception, command: str, look: str) -> Problem:
    """Report a defect where money may have moved, without the words of its error."""
    import traceback

    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    return Problem(
        kind=type(error).__name__,
        message=f"unexpected {type(error).__name__} at {where}: please report it",
        exit_code=EXIT_UNKNOWN,
        advice=f"it may have been carried out; {look}",
        command=command,
    )


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        root.main(args=argv)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else EXIT_USAGE


def _usage_problem(
    error: click.ClickException, command: str, args: list[str]
) -> Problem:
    """Turn a mistake on the command line into one line."""
    message = usage_message(error, args)
    advice = ""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        advice = f"see {context.command_path} --help"
    return Problem("UsageError", message, EXIT_USAGE, advice=advice, command=command)


def _wants_json(args: list[str]) -> bool:
    """Say whether everything, also a problem, is printed as JSON."""
    if _asks_for_json(args):
        return True
    entry = _COMMANDS.get(_named(args).partition(" ")[0])
    return entry is not None and entry.json_in_pipes and not sys.stdout.isatty()


def _options(args: list[str]) -> list[str]:
    """Return what stands before a double dash."""
    return args[: args.index("--")] if "--" in args else args


def _asks_for_json(args: list[str]) -> bool:
    """Say whether --json is given, and not to the program that a command runs."""
    given = _options(args)
    group, _, part = _named(args).partition(" ")
    if part:
        command = _parts(group)[part]
        context = click.Context(command, **command.context_settings)
        if not context.allow_interspersed_args:
            words = given[given.index(part) + 1 :]
            # Where the options are wrong, it is not clear whose --json this is.
            with suppress(click.UsageError):
                return "json" in command.make_parser(context).parse_args(words)[0]
    return any(arg.partition("=")[0] == "--json" for arg in given)


def _named(args: list[str]) -> str:
    """Name the command that was called, "keys check" with its group."""
    words = [word for word in args if not word.startswith("-")]
    if not words or words[0] not in _COMMANDS:
        return ""
    if not _COMMANDS[words[0]].has_parts:
        return words[0]
    # The first word of a part: others may be values, which are not repeated.
    parts = _parts(words[0])
    return " ".join([words[0], *[word for word in words[1:] if word in parts][:1]])


def _parts(group: str) -> Mapping[str, click.Command]:
    """Return the commands of a group."""
    found = root.get_command(click.Context(root), group)
    return found.commands if isinstance(found, click.Group) else {}


root = Root(
    "kesspay",
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)
click.version_option(__version__, prog_name="kesspay")(root)
