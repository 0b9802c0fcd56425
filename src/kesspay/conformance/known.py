"""
Lists of known failures: cases that a program is known to fail, and must still fail.

A file names one case or rule a line; ``*``, ``?`` and ``[...]`` stand for others, and
a ``#`` begins a comment. A line whose cases all pass is an error, so that the list
never hides a fault that comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from kesspay.conformance.judge import FAULTS, Verdict, is_named, known_profile
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kesspay.conformance.judge import Outcome, Run
    from kesspay.conformance.kit import Kit


__all__ = ["Account", "KnownLine", "account_for", "read_known"]

#: The stored answers are not in a kit that was loaded without them.
_BULK: Final = "bulk."


@dataclass(frozen=True, slots=True)
class KnownLine:
    """
    A line of a list of known failures.

    Args:
        number: of the line, from 1.
        pattern: a case, a rule, or a pattern of them.
    """

    number: int
    pattern: str


@dataclass(frozen=True, slots=True)
class Account:
    """
    The failures of a run, without the known ones.

    Args:
        faults: cases that failed, and no line knows.
        known: cases that failed, as a line knows.
        needless: lines whose cases all pass.
        withdrawn: lines that name a case which is no longer in the kit.
        missing: cases of a required op that the adapter does not support.
        missing_ops: required ops that it does not list, or does not answer.
    """

    faults: tuple[Outcome, ...] = ()
    known: tuple[Outcome, ...] = ()
    needless: tuple[KnownLine, ...] = ()
    withdrawn: tuple[KnownLine, ...] = ()
    missing: tuple[Outcome, ...] = ()
    missing_ops: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """True where nothing failed but what is known."""
        return not (self.faults or self.needless or self.missing_ops)


def read_known(text: bytes, kit: Kit) -> tuple[KnownLine, ...]:
    """
    Read a list of known failures.

    Args:
        text: of the file.
        kit: whose cases it is about.

    Raises:
        InputError: a line names nothing.
    """
    try:
        lines = text.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError("the file of --known is no UTF-8 text") from None
    found = []
    for number, line in enumerate(lines, 1):
        pattern = line.partition("#")[0].strip()
        if pattern:
            _check(number, pattern, kit)
            found.append(KnownLine(number, pattern))
    return tuple(found)


def _check(number: int, pattern: str, kit: Kit) -> None:
    """Refuse a line that names nothing: it would hide nothing, and no one would see."""
    if (
        pattern in kit.withdrawn
        or _BULK in pattern
        or any(is_named(case, pattern) for case in kit.cases)
    ):
        return
    names = [case.id for case in kit.cases] + list(kit.rules)
    close = get_close_matches(pattern, names, n=1)
    ask = f" (did you mean {close[0]}?)" if close else ""
    raise InputError(
        f"line {number} of the file of --known names no case and no rule{ask}; "
        "kesspay conformance list shows them"
    )


def account_for(
    run: Run,
    known: Sequence[KnownLine] = (),
    *,
    required: Collection[str] = (),
    profiles: Collection[str] = (),
) -> Account:
    """
    Take the known failures from those of a run.

    Args:
        run: the result of a run.
        known: the list of known failures.
        required: ops that must be supported.
        profiles: profiles that must be as well, where one of these ops is asked.
    """
    patterns = [line.pattern for line in known]
    missing = _missing(run, required, profiles)
    without = {outcome.case.op for outcome in missing}
    faults: list[Outcome] = []
    expected: list[Outcome] = []
    for outcome in run.outcomes:
        if outcome.verdict in FAULTS:
            covered = any(is_named(outcome.case, pattern) for pattern in patterns)
            (expected if covered else faults).append(outcome)
    return Account(
        faults=tuple(faults),
        known=tuple(expected),
        needless=tuple(line for line in known if _is_needless(line, run)),
        withdrawn=tuple(line for line in known if line.pattern in run.kit.withdrawn),
        missing=missing,
        # One that is not listed is missing, whether cases of it were chosen or not.
        missing_ops=tuple(
            op
            for op in dict.fromkeys(required)
            if op in without or op not in run.hello.ops
        ),
    )


def _missing(
    run: Run, required: Collection[str], profiles: Collection[str]
) -> tuple[Outcome, ...]:
    """List the cases of required ops that are not supported."""
    return tuple(
        outcome
        for outcome in run.outcomes
        if outcome.verdict is Verdict.unsupported
        and outcome.case.op in required
        # An adapter need not know the gateways of others.
        and (
            outcome.case.op not in run.hello.ops
            or known_profile(run.hello, outcome.case)
            or bool(profiles)
        )
    )


def _is_needless(line: KnownLine, run: Run) -> bool:
    """Return whether all cases of a line were asked, and pass."""
    verdicts = {
        outcome.case.id: outcome.verdict
        for outcome in run.outcomes
        if is_named(outcome.case, line.pattern)
    }
    here = {case.id for case in run.kit.cases if is_named(case, line.pattern)}
    return (
        here.issubset(verdicts)
        and Verdict.passed in verdicts.values()
        and not FAULTS.intersection(verdicts.values())
    )
