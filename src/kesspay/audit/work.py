"""
What a thread does with a unit: read it, judge it, write its part.

Nothing here depends on other units, so that any number of threads give the same bytes.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kesspay.audit import jsonl, logs
from kesspay.audit.causes import BASES, by_status, digest_of
from kesspay.audit.fields import TIME
from kesspay.audit.journals import read_journal
from kesspay.audit.kernel import AUTHENTIC, UNREADABLE, VERDICTS, Kernel, names_of
from kesspay.audit.outputs import Unwritten
from kesspay.audit.parts import PRIVATE, PartFile, failing_schema, sha256_of
from kesspay.audit.rows import Damaged, limited
from kesspay.audit.summary import Tally
from kesspay.audit.tables import read_parquet, rows_of, words_of
from kesspay.audit.texts import LineCounts, blocks, patiently, whole_lines
from kesspay.audit.units import Problem, bounds_of


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kesspay.audit.causes import Examine
    from kesspay.audit.folder import Folder
    from kesspay.audit.inputs import Source
    from kesspay.audit.options import Options
    from kesspay.audit.rows import Rows
    from kesspay.audit.units import Piece, Unit


__all__ = ["Job", "Meter", "Stopped", "do"]

_VERDICTS: Final = pa.array(VERDICTS)
_BASES: Final = pa.array(BASES)
#: What a decompressor is asked for at a time.
_STEP: Final = 16 << 10


class Stopped(Exception):
    """The run is interrupted; the unit is left undone."""


@dataclass(slots=True)
class Meter:
    """
    How far a run is, for its display; threads add to it.

    Attributes:
        rows: rows that were judged.
        size: bytes of input that were read.
        failures: rows that are not authentic.
    """

    rows: int = 0
    size: int = 0
    failures: int = 0
    lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, rows: int, size: int, failures: int) -> None:
        """Add what one batch of rows was."""
        with self.lock:
            self.rows += rows
            self.size += size
            self.failures += failures


@dataclass(slots=True)
class Job:
    """
    The settings that the units of a run share.

    Attributes:
        sources: the inputs.
        options: how they are read.
        kernel: judges answers.
        own: judges requests, or None.
        schema: schema of the parts.
        folder: of the output.
        examine: names causes.
        threads: threads of the kernel, within one unit.
        stop: set where the run is to end.
        meter: counts rows.
        reader: of a query, or None.
    """

    sources: Sequence[Source]
    options: Options
    kernel: Kernel
    own: Kernel | None
    schema: Any
    folder: Folder
    examine: Examine = by_status
    threads: int = 1
    stop: Event = field(default_factory=Event)
    meter: Meter = field(default_factory=Meter)
    reader: Any = None
    counts: dict[int, LineCounts] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def lines_before(self, number: int, start: int) -> int:
        """Return how many line ends an input has before a piece of it."""
        source = self.sources[number]
        with self._lock:
            counts = self.counts.setdefault(
                number, LineCounts(source.open, bounds_of(source.size or 0))
            )
        return counts.before(start)


def do(unit: Unit, job: Job) -> dict[str, Any]:
    """
    Read, judge and write a unit.

    Returns:
        What was found, for ``_progress.jsonl`` and the manifest.

    Raises:
        Stopped: the run is interrupted.
        OSError: the output cannot be written.
    """
    tally = Tally()
    problems: list[Problem] = []
    path = job.folder.path / unit.part
    failing = job.folder.failing(unit.part)
    failed = 0
    names = pa.array([job.sources[piece.source].name for piece in unit.pieces])
    with ExitStack() as files:
        # Counted by many rows at a time, which takes a tenth of the time.
        part = files.enter_context(PartFile(path, job.schema, seen=tally.add))
        kept: PartFile | None = None
        for place, piece in enumerate(unit.pieces):
            try:
                for rows in _rows(piece, job):
                    if job.stop.is_set():
                        raise Stopped
                    if isinstance(rows, Damaged):
                        problems.append(_problem(rows, piece, job))
                        continue
                    batch, bad = _judged(rows, names, place, job)
                    part.add(batch)
                    if bad is not None:
                        if kept is None:
                            schema = failing_schema(job.schema)
                            kept = PartFile(failing, schema, PRIVATE)
                            # Complete before the part is.
                            files.enter_context(kept)
                        kept.add(bad)
                        failed += len(bad)
                    job.meter.add(len(batch), rows.size, 0 if bad is None else len(bad))
                    # What is read next gets the memory of what was read: see `_rows`.
                    del rows
            except Damaged as error:
                problems.append(_problem(error, piece, job))
            except Unwritten:
                raise
            except OSError as error:
                why = f"it cannot be read to its end ({error.strerror})"
                problems.append(_problem(Damaged(why), piece, job))
    return {
        "unit": unit.number,
        "part": unit.part,
        "sha256": sha256_of(path),
        "failing": failed,
        "failing_sha256": sha256_of(failing) if failed else "",
        "problems": [problem.described() for problem in problems],
        "tally": tally.described(),
    }


def _problem(error: Damaged, piece: Piece, job: Job) -> Problem:
    return Problem(job.sources[piece.source].name, str(error), error.row)


def _rows(piece: Piece, job: Job) -> Iterator[Rows | Damaged]:
    """
    Yield the rows of a piece, whatever it is.

    Nothing refers to the rows that were yielded when the next are read: their memory is
    used again at once. An allocator gives memory back that is not used for as long as
    it takes to judge some rows, and the system clears each page that it gives anew.
    """
    source, options = job.sources[piece.source], job.options
    if source.kind == "sql":
        row = 0
        for batch in job.reader:
            yield limited(rows_of(batch, row, batch.nbytes, options), options.max_body)
            row += len(batch)
        return
    found: Iterator[Rows | Damaged]
    if source.kind == "journal":
        found = read_journal(source.path, options)
    elif source.kind == "parquet":
        found = _of_parquet(source, piece, options)
    else:
        found = _of_texts(source, piece, job)
    for rows in found:
        if isinstance(rows, Damaged):
            yield rows
        elif len(rows):
            yield limited(rows, options.max_body)
        del rows


def _of_parquet(
    source: Source, piece: Piece, options: Options
) -> Iterator[Rows | Damaged]:
    with source.open() as file:
        yield from read_parquet(
            file, piece.start, piece.stop, options, on_disk=source.is_on_disk
        )


def _of_texts(source: Source, piece: Piece, job: Job) -> Iterator[Rows]:
    options = job.options
    longest = options.longest_line
    with ExitStack() as files:
        if piece.stop < 0:
            stream = source.stream()
            if source.system is not None:
                files.enter_context(stream)
            read = patiently(stream.read, _STEP) if source.compression else stream.read
            lines = whole_lines(read, 0, 0, None, longest)
        else:
            file = files.enter_context(source.open())
            start = piece.start
            lines = blocks(
                file,
                start,
                piece.stop,
                lambda: job.lines_before(piece.source, start),
                longest,
            )
        columns = jsonl.Columns(options)
        pattern = options.pattern() if options.line_regex else None
        for block in lines:
            if source.kind == "jsonl":
                rows = jsonl.rows_of(block, columns, options)
            else:
                rows = logs.rows_of(block, pattern, options)
            if source.compression:
                # An offset behind a compression is a place in no file.
                rows.offsets = None
            del block
            yield rows
            del rows


def _judged(rows: Rows, names: Any, place: int, job: Job) -> tuple[Any, Any | None]:  # noqa: ANN401 - of pyarrow
    """Return the rows of a part, and those of them that failed or None."""
    options, count = job.options, len(rows)
    found = job.kernel.verdicts(rows.bodies, rows.times, job.threads)
    verdict = np.array(found.column("verdict").indices)
    status = found.column("status")
    if rows.unreadable:
        # They have no body, and the kernel has called them so.
        verdict[list(rows.unreadable)] = UNREADABLE
    services = rows.services
    if services is None:
        services = pa.nulls(count, pa.string())
    objects = np.zeros(count, bool) if rows.reencoded is None else rows.reencoded
    arrays = [
        names_of(np.full(count, place), names),
        pa.array(rows.numbers, pa.int64()),
        pa.nulls(count, pa.int64()) if rows.offsets is None else pa.array(rows.offsets),
        *(
            _as(column, job.schema.field(name).type)
            for name, column in zip(options.id_names(), rows.ids, strict=True)
        ),
        pa.nulls(count, TIME) if rows.times is None else rows.times,
        pc.dictionary_encode(services.cast(pa.string())),
        pa.DictionaryArray.from_arrays(pa.array(verdict), _VERDICTS),
        status,
        found.column("key"),
        pa.array(objects),
    ]
    bad = np.flatnonzero(verdict != AUTHENTIC)
    failing = _failing(arrays, rows, bad, job) if len(bad) else None
    if options.money:
        arrays.append(job.kernel.canonical(rows.bodies, found, job.threads))
        arrays.append(_request_canonical(rows, job))
    return pa.record_batch(arrays, schema=job.schema), failing


def _as(column: Any, kind: Any) -> Any:  # noqa: ANN401 - of pyarrow
    return column if column.type == kind else words_of(column)


def _request_canonical(rows: Rows, job: Job) -> Any:  # noqa: ANN401 - of pyarrow
    if rows.requests is None or job.own is None:
        return pa.nulls(len(rows), pa.large_binary())
    verdicts = job.own.verdicts(rows.requests, None, job.threads)
    return job.own.canonical(rows.requests, verdicts, job.threads)


def _failing(arrays: list[Any], rows: Rows, bad: Any, job: Job) -> Any:  # noqa: ANN401 - of pyarrow
    """Return the rows that failed, with their bodies and causes."""
    schema = failing_schema(job.schema)
    places = pa.array(bad)
    requests = pa.nulls(len(rows)) if rows.requests is None else rows.requests
    columns = [
        *(column.take(places) for column in arrays),
        rows.bodies.take(places).cast(pa.large_binary()),
        requests.take(places).cast(pa.large_binary()),
    ]
    names = schema.names[: len(columns)]
    batch = pa.record_batch(columns, names=names)
    reasons = [rows.unreadable.get(at) for at in bad.tolist()]
    causes = job.examine(batch, reasons)
    bodies = batch.column("body").to_pylist()
    columns += [
        pa.array([cause.code for cause in causes], pa.string()).dictionary_encode(),
        names_of(np.array([BASES.index(cause.basis) for cause in causes]), _BASES),
        pa.array([cause.detail for cause in causes], pa.string()),
        pa.array([cause.cluster for cause in causes], pa.int64()),
        pa.array([digest_of(body) for body in bodies], pa.binary(32)),
    ]
    return pa.record_batch(columns, schema=schema)
