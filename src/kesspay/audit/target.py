"""What a run writes, and what takes part in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from kesspay._checks import require_flag
from kesspay.audit.arguments import require
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from kesspay.audit.causes import Examine
    from kesspay.audit.failures import Triage as AllCauses
    from kesspay.audit.work import Meter


__all__ = ["Hooks", "Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """
    What a run writes.

    Attributes:
        out: folder of the verdicts.
        resume: True continues an interrupted run with the same inputs and options.
        overwrite: True removes the files of an earlier run.
        failures: path of a file for the failures as JSON lines, or an open file.
        report: path at which the caller will write a report. The run checks that it
            and ``failures`` replace no input and no other output.
        ring: path of the file of the keys, which no output may replace.
        evidence: folder for the bodies that failed.
        statement: statement of the gateway, a CSV file, for the checks of the money.
        journal: journal of ``Transfers``, for the same: a file, or a postgresql://
            URL. Its answers are not judged, unless the file is an input as well.
    """

    out: Path
    resume: bool = False
    overwrite: bool = False
    failures: Path | BinaryIO | None = None
    report: Path | None = None
    ring: Path | None = None
    evidence: Path | None = None
    statement: Path | None = None
    journal: str | None = None

    def __post_init__(self) -> None:
        """
        Check the types.

        Raises:
            InputError: one of them is wrong.
        """
        for name in ("out", "report", "ring", "evidence", "statement"):
            if name == "out" or getattr(self, name) is not None:
                require(name, getattr(self, name), "a Path", "is_relative_to")
        for name in ("resume", "overwrite"):
            require_flag(name, getattr(self, name))
        if self.failures is not None and not isinstance(self.failures, Path):
            require("failures", self.failures, "a Path or an open file", "writelines")
        journal: object = self.journal
        if journal is not None and type(journal) is not str:
            raise InputError("journal must be a text: a path, or a URL")


@dataclass(frozen=True, slots=True)
class Hooks:
    """
    Functions that a run calls, and the event that stops it.

    Attributes:
        progress: called about ten times a second with the work done so far, and the
            bytes and the rows of all inputs (0 where they are not known).
        stop: set it to stop the run; its finished parts stay.
        examine: names causes while rows are judged, in many threads; None for the
            usual one.
        triage: names causes again when all rows are judged; None for the usual one.
    """

    progress: Callable[[Meter, int, int], None] | None = None
    stop: Event = field(default_factory=Event)
    examine: Examine | None = None
    triage: AllCauses | None = None

    def __post_init__(self) -> None:
        """
        Check the types.

        Raises:
            InputError: one of them is wrong.
        """
        require("stop", self.stop, "a threading.Event", "is_set")
        for name in ("progress", "examine", "triage"):
            if getattr(self, name) is not None:
                require(name, getattr(self, name), "a function", "__call__")
