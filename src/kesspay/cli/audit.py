"""``kesspay audit``: a verdict on every body of a recording."""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kesspay.audit.memory import frugal
from kesspay.audit.options import ENCODINGS, FORMATS
from kesspay.cli.audit_progress import Display
from kesspay.cli.audit_words import advice, fields, view
from kesspay.cli.inputs import require_path
from kesspay.cli.options import (
    FILE,
    check_no_password,
    files,
    json_option,
    profile_options,
    stop_signals,
)
from kesspay.cli.outcome import (
    EXIT_INCOMPLETE,
    EXIT_INTERRUPTED,
    EXIT_NOT_AUTHENTIC,
    EXIT_OK,
    Outcome,
)
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from kesspay.audit.ring import Ring
    from kesspay.audit.runner import Result
    from kesspay.signing.profile import Profile


__all__ = ["audit"]

_HELP: Final = """Judge every body of recorded traffic, in bulk.

PATH is a file, a glob, a folder, a URI (s3://, gs://) or - for JSON lines
on standard input. abfs:// and hdfs:// go to pyarrow, and no test tries
them. Parquet, JSON lines, plain logs, gzip and zstd of both, and a journal
of transfers are read. Every row gets a verdict in --out, a folder of
Parquet files; every failure is named by file and row in causes.parquet
there, and with --failures as JSON lines.

A run that was interrupted continues with --resume. The same input gives the
same bytes, for any number of threads.

\b
Exit codes
    0  every body is authentic, and everything was read
    1  some are not (more than --fail-over allows)
    2  wrong usage, or nothing can be read
    3  no failures, but a part was not judged; or a file was not written whole
  130  interrupted; the command that continues is printed

\b
JSON fields
    rows, verdicts    how many, in all and by verdict
    complete          whether every row of every input was judged
    findings          rows that were judged and are not authentic
    causes            code, text, count, share, source and row of an example,
                      and bases, the counts by basis
    keys              of each key of the ring: name, rows, outside, first, last,
                      from, until
    days, services    rows by day or service, and verdict
    problems          source, why and row of what was not judged
    money             null without --money; checks (name, severity, title,
                      count, example, skipped), facts, unverified, claimed
    out, digest       the folder, and the SHA-256 of its SHA256SUMS
    resume            the command that continues, or ""
"""

_JOURNAL: Final = "KESSPAY_JOURNAL"
_GIVEN: Final = click.core.ParameterSource.COMMANDLINE
_SIZE: Final = re.compile(r"([0-9]{1,12})(B|[KMG]i?B)?", re.IGNORECASE)
_UNITS: Final = {
    "B": 1,
    "KB": 1000,
    "MB": 10**6,
    "GB": 10**9,
    "KIB": 1 << 10,
    "MIB": 1 << 20,
    "GIB": 1 << 30,
}
_TIME: Final = re.compile("([0-9]{1,5})([smh])")
_FAIL_OVER: Final = re.compile(r"([0-9]{1,12})|([0-9]{1,3}(?:\.[0-9]{1,9})?)%")


@dataclass(frozen=True, slots=True)
class _Allowed:
    """
    How many rows may fail.

    Attributes:
        text: as it was given.
        count: of rows.
        share: of all rows, which counts where there is no count.
    """

    text: str
    count: int | None
    share: float

    def __str__(self) -> str:
        """Write it as it was given."""
        return self.text

    def of(self, rows: int) -> float:
        """Return how many of some rows."""
        return self.share * rows if self.count is None else self.count


@dataclass(frozen=True, slots=True)
class _Place:
    """What is written, and where; see ``kesspay.audit.runner.Target``."""

    out: str
    resume: bool
    overwrite: bool
    failures: str | None
    evidence: str | None
    statement: str | None
    journal: str | None
    report: str | None


def _size(_: click.Context, __: click.Parameter, value: str) -> int:
    match = _SIZE.fullmatch(value)
    if match is None:
        raise click.BadParameter("write a size such as 4096, 64KiB or 1MiB")
    return int(match[1]) * _UNITS[(match[2] or "B").upper()]


def _seconds(_: click.Context, __: click.Parameter, value: str) -> int:
    match = _TIME.fullmatch(value)
    if match is None:
        raise click.BadParameter("write a budget such as 0s, 60s, 5m or 1h")
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def _given_text(context: click.Context, option: click.Parameter, value: str) -> str:
    """Refuse an empty text, as of a variable that is not set: it would mean none."""
    if not value and context.get_parameter_source(option.name or "") is _GIVEN:
        raise click.BadParameter("an empty text was given")
    return value


def _allowed(_: click.Context, __: click.Parameter, value: str) -> _Allowed:
    wanted = "write a number of rows, or a share such as 0.5%"
    match = _FAIL_OVER.fullmatch(value)
    if match is None:
        raise click.BadParameter(wanted)
    count = int(match[1]) if match[1] else None
    share = float(match[2] or 0) / 100
    if share > 1:
        raise click.BadParameter(wanted)
    return _Allowed(value, count, share)


def _place_options(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Accept what is written, and where; the command gets a _Place."""

    @click.option(
        "--out",
        type=FILE,
        required=True,
        metavar="FOLDER",
        help="New folder for the verdicts.",
    )
    @click.option("--resume", is_flag=True, help="Continue a run that was interrupted.")
    @click.option("--overwrite", is_flag=True, help="Replace what a run wrote before.")
    @click.option(
        "--failures",
        type=FILE,
        metavar="FILE",
        help="JSON lines of what is not authentic, - for standard output.",
    )
    @click.option(
        "--evidence",
        type=FILE,
        metavar="FOLDER",
        help="Keep the bodies that failed, readable by you alone.",
    )
    @click.option(
        "--statement",
        type=FILE,
        metavar="CSV",
        help="The gateway's statement, compared by --money.",
    )
    @click.option(
        "--journal",
        shell_complete=files,
        metavar="PLACE",
        help="Journal of transfers, compared by --money: a SQLite file, a"
        f" postgresql:// URL, or {_JOURNAL} for what that variable holds.",
    )
    @click.option(
        "--report", type=FILE, metavar="FILE", help="Write an HTML page to keep."
    )
    @wraps(command)
    def with_place(
        *,
        out: str,
        resume: bool,
        overwrite: bool,
        failures: str | None,
        evidence: str | None,
        statement: str | None,
        journal: str | None,
        report: str | None,
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        if resume and overwrite:
            raise InputError("give --resume or --overwrite, not both")
        if statement is not None and not others["money"]:
            raise InputError("--statement is compared by --money: give both")
        if journal is not None:
            journal = _journal(journal, money=others["money"])
        for path in (out, failures, evidence, statement, report):
            if path is not None:
                require_path(path)
        place = _Place(
            out, resume, overwrite, failures, evidence, statement, journal, report
        )
        return command(place=place, **others)

    return with_place


def _journal(place: str, *, money: bool) -> str:
    if not money:
        raise InputError("--journal is compared by --money: give both")
    check_no_password(place)
    if place != _JOURNAL:
        return place
    if not os.environ.get(_JOURNAL):
        raise InputError(f"{_JOURNAL} is not set: it holds the place of the journal")
    return os.environ[_JOURNAL]


@click.command("audit", help=_HELP)
@click.argument("paths", nargs=-1, shell_complete=files, metavar="PATH...")
@click.option(
    "--keys",
    "ring_file",
    type=FILE,
    required=True,
    metavar="TOML",
    help="The ring: keys of the gateway with their windows, and your own.",
)
@click.option(
    "--column",
    default="body",
    show_default=True,
    metavar="NAME",
    help="Column of the bodies; dots separate nested names.",
)
@click.option(
    "--time",
    "time_column",
    default="",
    callback=_given_text,
    metavar="NAME",
    help="Column of the time of receipt. Without it windows are not judged.",
)
@click.option(
    "--service",
    default="",
    callback=_given_text,
    metavar="NAME",
    help="Column of the service.",
)
@click.option(
    "--id",
    "ids",
    multiple=True,
    metavar="NAME",
    help="Column that verdicts keep; may be given again.",
)
@click.option(
    "--request",
    default="",
    callback=_given_text,
    metavar="NAME",
    help="Column of the request.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="auto",
    show_default=True,
    help="What the files hold.",
)
@click.option(
    "--line-regex",
    default="",
    callback=_given_text,
    metavar="RE",
    help="Expression for lines of a log, with the groups body and time.",
)
@click.option(
    "--body-encoding",
    type=click.Choice(ENCODINGS),
    default="text",
    show_default=True,
    help="How the recording writes a body.",
)
@click.option(
    "--sql",
    default="",
    callback=_given_text,
    metavar="QUERY",
    help="Read what DuckDB returns for QUERY.",
)
@click.option("--threads", type=click.IntRange(1), help="[default: one per processor]")
@click.option(
    "--max-body",
    callback=_size,
    default="1MiB",
    show_default=True,
    metavar="SIZE",
    help="A longer body is unreadable.",
)
@click.option(
    "--money",
    is_flag=True,
    help="Check the money, on values that were signed.",
)
@click.option(
    "--explain-budget",
    callback=_seconds,
    default="60s",
    show_default=True,
    metavar="TIME",
    help="About how long to search for causes.",
)
@click.option(
    "--show-values",
    is_flag=True,
    help="Let causes show personal values, such as names.",
)
@click.option(
    "--fail-over",
    callback=_allowed,
    default="0",
    show_default=True,
    metavar="N|P%",
    help="Exit with 0 where no more rows than this fail.",
)
@_place_options
@profile_options
@json_option
def audit(
    profile: Profile,
    paths: tuple[str, ...],
    *,
    place: _Place,
    ring_file: str,
    threads: int | None,
    fail_over: _Allowed,
    **words: Any,  # noqa: ANN401 - passed on as they are
) -> Outcome:
    """Run an audit."""
    context = click.get_current_context()
    quiet = place.failures == "-"
    if quiet and context.get_parameter_source("json") is _GIVEN:
        raise InputError("--failures - and --json both need standard output")
    runner, ring_type = _needed()
    ring = ring_type.load(ring_file)
    target = runner.Target(
        out=Path(place.out),
        resume=place.resume,
        overwrite=place.overwrite,
        failures=_sink(place.failures),
        report=None if place.report is None else Path(place.report),
        ring=Path(ring_file),
        evidence=None if place.evidence is None else Path(place.evidence),
        statement=None if place.statement is None else Path(place.statement),
        journal=place.journal,
    )
    with stop_signals() as stop, Display() as display:
        result = runner.run(
            paths,
            ring,
            out=target,
            threads=threads,
            profile=profile,
            hooks=runner.Hooks(progress=display.show, stop=stop),
            time=words.pop("time_column"),
            format=words.pop("form"),
            **words,
        )
    if place.report is not None and result.digest:
        from kesspay.audit.report import write_report

        write_report(
            result,
            ring,
            Path(place.report),
            show_values=words["show_values"],
            advice=advice(result, "")[:-2],
        )
    again = _command_again(context) if result.is_interrupted else ""
    return Outcome(
        "audit",
        {**fields(result, ring), "resume": again},
        lambda printer: view(printer, result, ring, again, quiet=place.failures == "-"),
        _exit_code(result, fail_over),
    )


def _needed() -> tuple[Any, type[Ring]]:
    """Import the runner, which needs packages of the extra [audit]."""
    try:
        with frugal():
            from kesspay.audit import runner
            from kesspay.audit.ring import Ring
    except ModuleNotFoundError as error:
        name = error.name or ""
        if name.startswith("kesspay"):
            raise
    else:
        return runner, Ring
    raise InputError(
        f"kesspay audit needs {name}; install it with: pip install 'kesspay[audit]'"
    )


def _sink(failures: str | None) -> Path | BinaryIO | None:
    if failures == "-":
        return sys.stdout.buffer
    return None if failures is None else Path(failures)


def _exit_code(result: Result, allowed: _Allowed) -> int:
    if result.is_interrupted:
        return EXIT_INTERRUPTED
    # A list of failures that ends too early must not look like a whole one.
    if not result.digest or any(one.is_output for one in result.problems):
        return EXIT_INCOMPLETE
    if result.findings > allowed.of(result.rows):
        return EXIT_NOT_AUTHENTIC
    if result.money is not None and result.money.findings:
        return EXIT_NOT_AUTHENTIC
    return EXIT_OK if result.complete else EXIT_INCOMPLETE


def _command_again(context: click.Context) -> str:
    """Return the command that continues: the same, with --resume."""
    words = ["kesspay", "audit", "--resume"]
    for parameter in context.command.params:
        name = parameter.name or ""
        value = context.params.get(name)
        if isinstance(parameter, click.Argument) or name in ("resume", "overwrite"):
            continue
        if context.get_parameter_source(name) is not _GIVEN:
            continue
        option = parameter.opts[0]
        if getattr(parameter, "is_flag", False):
            words.append(option)
            continue
        values = value if isinstance(value, tuple) else (value,)
        words += [f"{option}={one}" for one in values]
    return shlex.join([*words, "--", *context.params["paths"]])
