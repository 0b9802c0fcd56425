"""
The files about rows that are not authentic, written when all of them are known.

``Failing`` reads them in the order of the input. Triage gets it, and returns the rows
of ``causes.parquet`` in the same order; without triage they are what was named while
the rows were judged.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kesspay._shown import shown_path
from kesspay.audit.folder import CAUSES_FILE
from kesspay.audit.outputs import writing
from kesspay.audit.parts import CAUSES, PRIVATE, ROWS, PartFile, batches_of
from kesspay.errors import InputError
from kesspay.signing.status import VerifyStatus


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO, TypeAlias

    from kesspay.audit.folder import Folder

    #: Returns batches with the columns of causes.parquet for all rows that failed.
    Triage: TypeAlias = Callable[["Failing"], Iterable[Any]]


__all__ = [
    "CauseCount",
    "Failing",
    "check_evidence",
    "stored",
    "write_causes",
    "write_evidence",
    "write_failures",
]

_REASONS: Final = {status.value: status.reason for status in VerifyStatus}


@dataclass(frozen=True, slots=True)
class Failing:
    """
    The rows that failed, in the order of the input.

    Attributes:
        folder: folder of the output.
        parts: the names of the parts that have such rows.
        count: number of the rows.
    """

    folder: Folder
    parts: Sequence[str]
    count: int

    def batches(self, rows: int = ROWS) -> Iterator[Any]:
        """Yield batches with the columns of ``failing_schema``."""
        for part in self.parts:
            with self.folder.failing(part).open("rb") as file:
                yield from batches_of(file, rows=rows)


@dataclass(slots=True)
class CauseCount:
    """
    How often a cause was found.

    Attributes:
        code: of the cause.
        count: rows.
        source: an example: the first row that has it.
        row: of the example.
        bases: rows by basis.
    """

    code: str
    count: int
    source: str
    row: int
    bases: dict[str, int] = field(default_factory=dict)


def stored(failing: Failing) -> Iterator[Any]:
    """Return the causes that were named while the rows were judged."""
    for batch in failing.batches():
        yield batch.select(CAUSES.names)


def write_causes(failing: Failing, triage: Triage = stored) -> list[CauseCount]:
    """Write causes.parquet; return its causes, the most frequent first."""
    counts: dict[str, CauseCount] = {}
    written = 0
    with PartFile(failing.folder.path / CAUSES_FILE, CAUSES) as file:
        for batch in triage(failing):
            file.add(batch)
            written += len(batch)
            _count(batch, counts)
        if written != failing.count:
            raise AssertionError("triage lost or invented rows")
    return sorted(counts.values(), key=lambda one: (-one.count, one.code))


def _count(batch: Any, counts: dict[str, CauseCount]) -> None:  # noqa: ANN401 - of pyarrow
    columns = (batch.column(name).to_pylist() for name in ("cause", "basis"))
    for at, (code, basis) in enumerate(zip(*columns, strict=True)):
        one = counts.get(code)
        if one is None:
            source, row = (batch.column(name)[at].as_py() for name in ("source", "row"))
            one = counts[code] = CauseCount(code, 0, source, row)
        one.count += 1
        one.bases[basis] = one.bases.get(basis, 0) + 1


def write_failures(failing: Failing, ids: Sequence[str], target: BinaryIO) -> None:
    """
    Write one JSON line for each row that failed; bodies are left out.

    Args:
        failing: the rows; causes.parquet is written.
        ids: names of the ``--id`` columns in the parts.
        target: an open file.
    """
    hidden = ["body", "request", *CAUSES.names[2:]]
    with (failing.folder.path / CAUSES_FILE).open("rb") as file:
        causes = _listed(batches_of(file))
        rows = _listed(batch.drop_columns(hidden) for batch in failing.batches())
        target.writelines(
            _line(row, cause, ids) for row, cause in zip(rows, causes, strict=True)
        )


def _listed(batches: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        yield from batch.to_pylist()


def _line(row: dict[str, Any], cause: dict[str, Any], ids: Sequence[str]) -> bytes:
    kept = {name: row.pop(name) for name in ids}
    status = row["status"]
    row["reason"] = None if status is None else _REASONS.get(status, "")
    row["ids"] = kept
    digest = cause.pop("body_sha256")
    row.update(cause, body_sha256=None if digest is None else digest.hex())
    return (json.dumps(row, ensure_ascii=False, default=_plain) + "\n").encode(
        "utf-8", "backslashreplace"
    )


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def check_evidence(path: Path, *, again: bool) -> None:
    """
    Make the folder of the evidence, closed to other users.

    Args:
        path: of the folder.
        again: whether it may hold files of an earlier run.

    Raises:
        InputError: it cannot be made, or holds files.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_empty = not any(path.iterdir())
    except OSError as error:
        why = error.strerror
    else:
        if is_empty or again:
            return
        why = "it holds files"
    raise InputError(f"the evidence {shown_path(path)} cannot be written: {why}")


def write_evidence(failing: Failing, path: Path) -> None:
    """Write the rows that failed with their bodies, readable by you alone."""
    for part in failing.parts:
        name = part.replace("part-", "evidence-")
        beside = path / f"{name}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with failing.folder.failing(part).open("rb") as old, writing(path / name):
            try:
                with os.fdopen(os.open(beside, flags, PRIVATE), "wb") as new:
                    shutil.copyfileobj(old, new, 1 << 20)
                    new.flush()
                    os.fsync(new.fileno())
                beside.replace(path / name)
            finally:
                with suppress(OSError):
                    beside.unlink(missing_ok=True)
