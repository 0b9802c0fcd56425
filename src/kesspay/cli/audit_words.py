"""What an audit found: the fields of its JSON object, and the words on a terminal."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from kesspay.cli.printer import printable


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kesspay.audit.failures import CauseCount
    from kesspay.audit.ring import Ring, RingKey
    from kesspay.audit.runner import Result
    from kesspay.cli.printer import Printer


__all__ = ["advice", "fields", "view"]

_WORST_DAYS: Final = 5
_MOST_CAUSES: Final = 20


def _text_of(code: str) -> str:
    from kesspay.audit.causes import TEXTS
    from kesspay.explain.explanation import CODES

    return TEXTS.get(code) or CODES.get(code, code)


def fields(result: Result, ring: Ring) -> dict[str, Any]:
    """Return the fields of the JSON object, but for the command that continues."""
    failed = result.rows - result.counts["authentic"]
    return {
        "rows": result.rows,
        "verdicts": result.counts,
        "complete": result.complete,
        "findings": result.findings,
        "causes": [
            {
                **asdict(one),
                "text": _text_of(one.code),
                "share": one.count / failed,
            }
            for one in result.causes
        ],
        "keys": [_key_fields(one, result) for one in ring.keys],
        "days": result.days,
        "services": result.services,
        "problems": [one.described() for one in result.problems],
        "money": result.money.described() if result.money else None,
        "out": str(result.out),
        "digest": result.digest,
    }


def _key_fields(one: RingKey, result: Result) -> dict[str, Any]:
    found = result.keys.get(one.name, {})
    return {
        "name": one.name,
        "rows": found.get("rows", 0),
        "outside": found.get("outside", 0),
        "first": _moment(found.get("first")),
        "last": _moment(found.get("last")),
        "from": one.since and one.since.astimezone(UTC).isoformat(),
        "until": one.until and one.until.astimezone(UTC).isoformat(),
    }


def _moment(micros: int | None) -> str | None:
    if micros is None:
        return None
    seconds, rest = divmod(micros, 1_000_000)
    try:
        moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
    except (OverflowError, ValueError, OSError):
        return None
    return moment.isoformat()


def view(
    printer: Printer, result: Result, ring: Ring, again: str, *, quiet: bool
) -> None:
    """Print what was found; on standard error where failures go to the other."""
    table, line = printer.table, printer.line
    if quiet:
        table, line = _table_on_stderr, _line_on_stderr
    share = _share(result.rows)
    table(
        [(name, share(count)) for name, count in result.counts.items() if count]
        or [("rows", "0")],
        f"{result.rows:,} rows",
    )
    if result.causes:
        failed = _share(sum(one.count for one in result.causes))
        table(
            [_cause_row(one, failed) for one in result.causes[:_MOST_CAUSES]], "Causes"
        )
        hidden = len(result.causes) - _MOST_CAUSES
        if hidden > 0:
            line(f"and {hidden} more in causes.parquet")
    table([_key_row(_key_fields(one, result)) for one in ring.keys], "Keys")
    worst = _worst_days(result)
    if worst:
        table(worst, "Worst days (UTC, as recorded)")
    if result.money is not None:
        table(result.money.rows(), "Money")
    for problem in result.problems:
        row = "" if problem.row is None else f", from row {problem.row}"
        what = "not written" if problem.is_output else "not judged"
        line(f"{what}: {problem.source}{row}: {problem.why}")
    for words in advice(result, again):
        line(words)


def _share(whole: int) -> Callable[[int], str]:
    return lambda count: f"{count:,} ({count / max(1, whole):.2%})"


def _cause_row(one: CauseCount, failed: Callable[[int], str]) -> tuple[str, str]:
    return (
        one.code,
        f"{failed(one.count)}, such as {one.source}:{one.row}: {_text_of(one.code)}",
    )


def _key_row(one: dict[str, Any]) -> tuple[str, str]:
    words = f"{one['rows']:,} rows"
    if one["first"]:
        words += f" from {one['first'][:19]} to {one['last'][:19]}"
    if one["from"] or one["until"]:
        words += f"; window {one['from'] or '...'} to {one['until'] or '...'}"
    if one["outside"]:
        words += f"; {one['outside']:,} outside of it"
    return one["name"], words


def _worst_days(result: Result) -> list[tuple[str, str]]:
    found = []
    for day, counts in result.days.items():
        rows = sum(counts.values())
        failed = rows - counts.get("authentic", 0)
        if day and failed:
            found.append((failed, day, rows))
    found.sort(key=lambda one: (-one[0], one[1]))
    return [
        (day, f"{failed:,} of {rows:,} rows failed")
        for failed, day, rows in found[:_WORST_DAYS]
    ]


_ADVICE: Final = {
    "outside_window": "compare the windows of the ring with when KESS changed its key,"
    " or widen the skew",
    "refused": "keep a body with --evidence, and give it to kesspay explain",
    "unsigned": "nothing in these bodies may be relied on",
    "no_body": "the recorder kept no body there: correct it",
}


def advice(result: Result, again: str) -> list[str]:
    """Return what to do next, and last of all where the verdicts are."""
    if again:
        return ["interrupted; what is finished stays. Continue with:", again]
    if not result.digest:
        return ["the run did not finish: do what is said of it above"]
    found = [f"{name}: {what}" for name, what in _ADVICE.items() if result.counts[name]]
    if result.counts["unreadable"] or not all(one.is_output for one in result.problems):
        found.append("a part was not judged: correct the recording, and audit it again")
    if any(one.is_output for one in result.problems):
        found.append("a file was not written: do what is said of it above")
    if result.money is not None and result.money.findings:
        found.append("money: look at money-findings.parquet, critical ones first")
    if not result.rows:
        found.append("nothing was judged: no input has a row")
    elif not found:
        found.append("every body is authentic")
    return [*found, f"verdicts: {result.out}", f"SHA256SUMS: {result.digest}"]


def _line_on_stderr(text: str = "", style: str = "") -> None:
    del style
    click.echo(printable(text), err=True)


def _table_on_stderr(rows: Iterable[tuple[str, str]], title: str = "") -> None:
    _line_on_stderr(title)
    for label, value in rows:
        _line_on_stderr(f"{label}: {value}")
