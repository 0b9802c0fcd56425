"""``kesspay conformance``: check another implementation of the signature."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kesspay._shown import shown_path
from kesspay.cli.conformance_explain import explain_command
from kesspay.cli.conformance_export import export
from kesspay.cli.inputs import is_stdin, read_file, require_path
from kesspay.cli.options import FILE, interrupting_signals, json_option
from kesspay.cli.outcome import Outcome
from kesspay.cli.output import Kept
from kesspay.cli.printer import printable
from kesspay.conformance.judge import profile_name, run, select
from kesspay.conformance.kit import AREAS, LEVELS, OPS, bulk, load
from kesspay.conformance.known import account_for, read_known
from kesspay.conformance.report import Report, as_text
from kesspay.conformance.report import as_json as report_as_json
from kesspay.errors import InputError
from kesspay.signing.profile import Profile


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kesspay.cli.printer import Printer
    from kesspay.conformance.kit import Case, Kit


__all__ = ["conformance"]

_RUN_HELP: Final = """Ask CMD ARG... every case, and name the rules it breaks.

CMD is an adapter: it reads lines of JSON on standard input and writes one
line for each. No shell reads the command. Exit code 1 means that a case
failed, 2 that the adapter does not start or stopped.

\b
    kesspay conformance run -- php adapter.php

\b
JSON fields
    format, kesspay, kit    versions
    adapter                 name, version, language, ops, profiles
    exit_code, seconds, restarts, not_asked
    stopped                 message, next, standard_error; or null
    counts                  number of cases by verdict
    levels, areas           what passed
    stage0                  what already the plainest cases show, or null
    refused                 good documents refused beyond any known mistake
    blames                  the broken rules, the worst first
    single                  failures that no rule explains
    known                   failures, needless and withdrawn lines of --known
    missing, missing_ops    cases and ops of --require that are not supported
    unknown_ops             that the adapter lists
    cases                   every case with its verdict
"""

_LIST_HELP: Final = """List the cases of the kit, or its rules.

\b
JSON fields
    kit      version of the kit
    cases    for each: id, op, rule, level, profile, since, comment
    rules    with --rules, for each: id, title, area, level, stage, severity,
             doc, hints, presumes (a rule, or ""), cases (their number)
"""

_LONGEST: Final = 3600.0
#: How often the bar moves.
_STEPS: Final = 100
_FORMATS: Final = ("json", "junit", "html")


@click.group("conformance")
def conformance() -> None:
    """Check another implementation of the signature."""


conformance.add_command(explain_command)
conformance.add_command(export)


@dataclass(frozen=True, slots=True)
class _Choice:
    """
    Which cases are chosen.

    Args:
        areas: or none for all of them; so the others.
        levels: who sends such a case.
        only: ids and rules.
        profiles: "" is PHP 8.2 to 8.5.
        bulk: whether the stored answers are, too.
    """

    areas: tuple[str, ...]
    levels: tuple[str, ...]
    only: tuple[str, ...]
    profiles: tuple[str, ...]
    bulk: bool

    def of(self, kit: Kit) -> tuple[Case, ...]:
        """Choose cases, and refuse to choose none."""
        cases = list(kit.cases)
        if self.bulk:
            cases += [case for area in AREAS for case in bulk(area)]
        chosen = select(
            cases,
            areas=self.areas,
            levels=self.levels,
            only=self.only,
            profiles=self.profiles,
        )
        if not chosen:
            raise InputError(
                "no case is chosen by these options; kesspay conformance list shows all"
            )
        return chosen


def _choice_options(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Accept the options that choose cases; the command gets the choice."""

    @click.option(
        "--area",
        "areas",
        type=click.Choice(AREAS),
        multiple=True,
        help="Cases of this area only; may be given again.",
    )
    @click.option(
        "--level",
        "levels",
        type=click.Choice(LEVELS),
        multiple=True,
        help="Cases of this level only; may be given again.",
    )
    @click.option(
        "--only",
        multiple=True,
        metavar="ID|RULE",
        help="These cases only; * stands for any text.",
    )
    @click.option(
        "--profile",
        "profiles",
        multiple=True,
        metavar="P",
        help='Cases of this profile only, as "ksort=7"; "" is PHP 8.2 to 8.5.',
    )
    @click.option(
        "--bulk", "with_bulk", is_flag=True, help="The stored answers of PHP, too."
    )
    @wraps(command)
    def with_choice(
        *,
        areas: tuple[str, ...],
        levels: tuple[str, ...],
        only: tuple[str, ...],
        profiles: tuple[str, ...],
        with_bulk: bool,
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        names = tuple(_profile_name(words) for words in profiles)
        choice = _Choice(areas, levels, only, names, with_bulk)
        return command(choice=choice, **others)

    return with_choice


def _profile_name(words: str) -> str:
    """Read a profile, in any order, as the protocol writes it."""
    return ",".join(Profile.from_words(words.replace(",", " ")).words().split())


@conformance.command(
    "run", help=_RUN_HELP, context_settings={"allow_interspersed_args": False}
)
@_choice_options
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORMAT=FILE",
    help="Also write a report: json=F, junit=F or html=F; may be given again.",
)
@click.option(
    "--known",
    "known_file",
    type=FILE,
    metavar="FILE",
    help="Known failures: a case or rule a line; they must still fail.",
)
@click.option(
    "--require",
    "required",
    type=click.Choice(tuple(OPS)),
    multiple=True,
    help="Fail where this op is not supported; may be given again.",
)
@click.option("--reasons", is_flag=True, help="Compare also why an input is refused.")
@click.option("--all", "everything", is_flag=True, help="Show all broken rules.")
@click.option(
    "--timeout",
    type=float,
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="Seconds for each answer.",
)
@json_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run_command(
    command: tuple[str, ...],
    *,
    choice: _Choice,
    reports: tuple[str, ...],
    known_file: str | None,
    required: tuple[str, ...],
    reasons: bool,
    everything: bool,
    timeout: float,
) -> Outcome:
    """Ask an adapter, and report."""
    if not 0 < timeout <= _LONGEST:
        raise InputError("--timeout takes a number of seconds, at most 3600")
    files = _report_files(reports)
    kit = load()
    known = () if known_file is None else read_known(read_file(known_file), kit)
    cases = choice.of(kit)
    at = datetime.now(UTC)
    with interrupting_signals(), _progress(cases) as progress:
        result = run(
            command,
            kit,
            cases=cases,
            timeout=timeout,
            reasons=reasons,
            progress=progress,
        )
    account = account_for(result, known, required=required, profiles=choice.profiles)
    report = Report(result, account)
    kept = click.get_current_context().ensure_object(Kept)
    for path, form in files.items():
        kept.reports[path] = _written(form, report, at)
    return Outcome(
        "conformance run",
        report_as_json(report),
        lambda printer: _view(printer, report, everything=everything),
        report.exit_code,
    )


@contextmanager
def _progress(cases: Sequence[Case]) -> Iterator[Callable[[Case], None] | None]:
    """Show a bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(
        length=len(cases),
        label="conformance",
        file=sys.stderr,
        show_eta=False,
        item_show_func=lambda case: "" if case is None else case.rule,
        update_min_steps=max(1, len(cases) // _STEPS),
    ) as bar:
        yield lambda case: bar.update(1, case)


def _view(printer: Printer, report: Report, *, everything: bool) -> None:
    """Print the report, and why the adapter stopped."""
    stopped = report.run.stopped
    if report.run.outcomes:
        for line in as_text(report, everything=everything):
            printer.line(line)
    if stopped is None:
        return
    printer.error(str(stopped))
    printer.error(f"{report.run.not_asked} cases were not asked")
    for line in stopped.standard_error:
        click.echo(printable(f"    {line}"), err=True)


# ------------------------------------------------------------ files of reports


def _report_files(given: Sequence[str]) -> dict[str, str]:
    """Read FORMAT=FILE, and see that each file can be written."""
    files: dict[str, str] = {}
    for text in given:
        form, equals, path = text.partition("=")
        if form not in _FORMATS or not equals or not path or is_stdin(path):
            raise InputError(
                "--report takes json=FILE, junit=FILE or html=FILE; "
                "--json prints JSON on standard output"
            )
        require_path(path)
        if path in files:
            raise InputError("each --report takes a file of its own")
        try:
            Path(path).open("ab").close()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise InputError(f"cannot write {shown_path(path)}: {why}") from None
        files[path] = form
    return files


def _written(form: str, report: Report, at: datetime) -> str:
    if form == "json":
        return json.dumps(report_as_json(report), indent=2) + "\n"
    if form == "junit":
        from kesspay.conformance.junit import as_junit

        return as_junit(report, at=at)
    from kesspay.conformance.page import as_page

    return as_page(report)


# ------------------------------------------------------------ list


@conformance.command("list", help=_LIST_HELP)
@_choice_options
@click.option("--rules", "with_rules", is_flag=True, help="List the rules instead.")
@json_option
def list_command(
    choice: _Choice,
    *,
    with_rules: bool,
) -> Outcome:
    """List cases or rules."""
    kit = load()
    cases = choice.of(kit)
    if not with_rules:
        return Outcome(
            "conformance list",
            {"kit": kit.version, "cases": [_case_fields(case) for case in cases]},
            lambda printer: _table(
                printer, [(case.id, case.op, case.level) for case in cases]
            ),
        )
    counts = Counter(case.rule for case in cases)
    rules = [(rule, counts[rule.id]) for rule in kit.rules.values() if counts[rule.id]]
    return Outcome(
        "conformance list",
        {
            "kit": kit.version,
            "rules": [
                {**asdict(rule), "hints": dict(rule.hints), "cases": count}
                for rule, count in rules
            ],
        },
        lambda printer: _table(
            printer,
            [
                (rule.id, rule.area, rule.level, str(count), rule.title)
                for rule, count in rules
            ],
        ),
    )


def _case_fields(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "op": case.op,
        "rule": case.rule,
        "level": case.level,
        "profile": profile_name(case),
        "since": case.since,
        "comment": case.comment,
    }


def _table(printer: Printer, rows: Sequence[Sequence[str]]) -> None:
    """Print columns, which grep and awk can read."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        printer.line("  ".join(cells).rstrip())
