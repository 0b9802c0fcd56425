"""
The report of a run: one page for a manager to read and an auditor to keep.

The page has no script and asks nothing of the network; what it may load is in its own
Content-Security-Policy. Every text goes through the escaping of jinja2. Without
``show_values`` it names no reference of a transfer. The same run gives the same bytes.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kesspay._shown import shown_path, visible
from kesspay.audit.causes import TEXTS
from kesspay.audit.outputs import why
from kesspay.audit.parts import sha256_of, write_whole
from kesspay.errors import InputError
from kesspay.explain.explanation import CODES


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kesspay.audit.money.money import Money
    from kesspay.audit.ring import Ring
    from kesspay.audit.runner import Result


__all__ = ["write_report"]

_MOST: Final = 40
_STYLE: Final[dict[Any, Any]] = {"svg.hashsalt": "kesspay", "svg.fonttype": "path"}
_NO_DATE: Final = {"Date": None, "Creator": None}
_BAD, _REST = "#b42318", "#8c959f"
_LONGEST: Final = 28


@dataclass(frozen=True, slots=True)
class _Picture:
    title: str
    label: str
    rows: list[tuple[str, str, str]]
    data: str
    alt: str
    height: int
    hidden: str


def write_report(
    result: Result,
    ring: Ring,
    path: Path,
    *,
    show_values: bool = False,
    advice: Sequence[str] = (),
) -> None:
    """
    Write the report of a run.

    Args:
        result: of the run, which came to its end.
        ring: the keys.
        path: of the page.
        show_values: whether references of transfers may be named.
        advice: what to do, a sentence each.

    Raises:
        InputError: the page cannot be written; the verdicts stay.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_readable
    )
    source = files("kesspay.audit").joinpath("report.html.j2").read_text("utf-8")
    text = environment.from_string(source).render(
        **_content(result, ring, show_values=show_values), advice=advice
    )
    # A lone surrogate of a name of a file has no place in UTF-8.
    text = text.encode("utf-8", "replace").decode()
    try:
        write_whole(path, f"{text}\n")
    except OSError as error:
        words, remedy = why(error)
        raise InputError(
            f"the report {shown_path(path)}: {words}. The verdicts are complete in"
            f" {shown_path(result.out)}: {remedy}, then give --resume, without"
            " --failures and --evidence"
        ) from None


def _readable(value: object) -> object:
    """Show what changes the direction of writing; HTML of the template stays."""
    return visible(value) if type(value) is str else value


def _content(result: Result, ring: Ring, *, show_values: bool) -> dict[str, Any]:
    rows = result.rows
    failed = rows - result.counts["authentic"]
    money = result.money
    tone, verdict = _verdict(result)
    return {
        "tone": tone,
        "verdict": verdict,
        "verdicts": [
            (name, f"{count:,}", _share(count, rows))
            for name, count in result.counts.items()
        ],
        "problems": [
            (one.source, "" if one.row is None else f"{one.row:,}", one.why)
            for one in result.problems
        ],
        "causes": [
            (
                one.code,
                f"{one.count:,}",
                _share(one.count, failed),
                ", ".join(f"{name} {n:,}" for name, n in sorted(one.bases.items())),
                f"{one.source}:{one.row}",
                TEXTS.get(one.code) or CODES.get(one.code, ""),
            )
            for one in result.causes
        ],
        "pictures": [
            _picture("Failures by day", "Day (UTC)", result.days),
            _picture("Failures by service", "Service", result.services),
            _picture("Rows by key", "Key", _by_key(result)),
        ],
        "keys": [
            (
                one.name,
                f"{_key(result, one.name, 'rows') or 0:,}",
                f"{_key(result, one.name, 'outside') or 0:,}",
                _moment(_key(result, one.name, "first")),
                _moment(_key(result, one.name, "last")),
                _shown(one.since),
                _shown(one.until),
            )
            for one in ring.keys
        ],
        "money": None if money is None else _money(money, show_values=show_values),
        "manifest": sha256_of(result.out / "_manifest.json"),
    }


def _verdict(result: Result) -> tuple[str, str]:
    money = result.money.findings if result.money else 0
    words = f"{result.findings:,} of {result.rows:,} bodies are not authentic"
    if result.findings and money:
        return "bad", f"{words}; {_findings(money)} about the money."
    if result.findings:
        return "bad", f"{words}."
    if money:
        words = "Every body that was judged is authentic"
        return "bad", f"{words}; {_findings(money)} about the money."
    if not result.complete:
        return "part", "Nothing is wrong in what was judged, but a part was not judged."
    if not result.rows:
        return "part", "Nothing was judged: no input has a row."
    return "", f"All {result.rows:,} bodies are authentic."


def _findings(count: int) -> str:
    return "1 finding is" if count == 1 else f"{count:,} findings are"


def _share(count: int, whole: int) -> str:
    return f"{count / max(1, whole):.2%}"


def _key(result: Result, name: str, field: str) -> int | None:
    return result.keys.get(name, {}).get(field)


def _moment(micros: int | None) -> str:
    if micros is None:
        return ""
    try:
        return _shown(datetime.fromtimestamp(micros // 1_000_000, UTC))
    except (OverflowError, ValueError, OSError):
        return ""


def _shown(moment: datetime | None) -> str:
    """Return a moment as words, between which a line may end."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else ""


def _by_key(result: Result) -> dict[str, dict[str, int]]:
    found = {}
    for name, one in result.keys.items():
        outside = one["outside"] or 0
        inside = (one["rows"] or 0) - outside
        found[name] = {"authentic": inside, "outside_window": outside}
    return found


def _money(money: Money, *, show_values: bool) -> dict[str, Any]:
    hidden = "see money-findings.parquet"
    return {
        "facts": f"{money.facts:,}",
        "unverified": f"{money.unverified:,}",
        "claimed": money.claimed,
        "found": [
            (
                one.severity,
                f"{one.count:,}",
                one.title,
                (one.example if show_values else hidden) if one.count else "",
            )
            for one in money.checks
            if not one.skipped
        ],
        "skipped": [(one.title, one.skipped) for one in money.checks if one.skipped],
    }


def _picture(title: str, label: str, groups: dict[str, dict[str, int]]) -> _Picture:
    """Draw failures, which have a scale of their own, and list the numbers."""
    numbers = []
    for name, counts in groups.items():
        rows = sum(counts.values())
        numbers.append((name or "(not known)", rows, rows - counts.get("authentic", 0)))
    shown = numbers
    hidden = ""
    if len(numbers) > _MOST:
        worst = sorted(numbers, key=lambda one: (-one[2], one[0]))[:_MOST]
        shown = [one for one in numbers if one in worst]
        hidden = f"The {_MOST} with most failures of {len(numbers):,}."
    total = sum(one[2] for one in shown)
    worst_name = max(shown, key=lambda one: one[2])[0] if total else ""
    alt = f"{title}: {total:,} failures in {len(shown)} groups"
    if total:
        alt += f", most of them in {worst_name}"
    return _Picture(
        title=title,
        label=label,
        rows=[(name, f"{rows:,}", f"{failed:,}") for name, rows, failed in shown],
        data=_drawn(shown) if shown else "",
        alt=alt,
        height=_height(shown),
        hidden=hidden,
    )


def _height(shown: Sequence[tuple[str, int, int]]) -> int:
    return 60 + 24 * len(shown)


def _drawn(shown: Sequence[tuple[str, int, int]]) -> str:
    """Return an SVG as a data URI, for a telephone: rows left, failures right."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.2, _height(shown) / 100), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        places = range(len(shown))
        for axes, counts, color, title in (
            (left, [rows for _, rows, _ in shown], _REST, "rows"),
            (right, [bad for *_, bad in shown], _BAD, "failures\n(own scale)"),
        ):
            axes.barh(places, counts, color=color)
            axes.set_title(title, fontsize=10)
            axes.set_xlim(0, 1.05 * max(1, *counts))
            axes.tick_params(labelsize=9.5)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.spines[["top", "right"]].set_visible(False)
        left.set_yticks(places, [_plain(one[0]) for one in shown])
        left.set_ylim(len(shown) - 0.4, -0.6)
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata=_NO_DATE, transparent=True)
    return f"data:image/svg+xml;base64,{base64.b64encode(file.getvalue()).decode()}"


def _plain(name: str) -> str:
    """Return a label that every font has, and no formula."""
    text = "".join(c if " " <= c <= "~" and c not in "$\\" else "?" for c in name)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
