"""
A run: divide the inputs, judge the units in threads, and put the results together.

An interrupted run leaves complete parts and its plan, and ``resume`` continues from
there. What is written at the end depends on the inputs and the options alone.
"""

from __future__ import annotations

import os
import queue
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, TypedDict

import pyarrow as pa

from kesspay._version import __version__
from kesspay.audit.arguments import require_columns
from kesspay.audit.failures import (
    CauseCount,
    Failing,
    check_evidence,
    write_causes,
    write_evidence,
    write_failures,
)
from kesspay.audit.folder import Folder
from kesspay.audit.inputs import Source, find
from kesspay.audit.kernel import Kernel
from kesspay.audit.money.money import Money, check_money
from kesspay.audit.money.statement import Statement
from kesspay.audit.options import Options
from kesspay.audit.output_errors import trouble
from kesspay.audit.outputs import check_apart, check_output, whole_file, writing
from kesspay.audit.parts import part_schema
from kesspay.audit.ring import Ring
from kesspay.audit.samples import check_texts, id_types
from kesspay.audit.summary import Tally
from kesspay.audit.tables import check_schema, query
from kesspay.audit.target import Hooks, Target
from kesspay.audit.triage import Triage
from kesspay.audit.units import Piece, Problem, Unit, divide
from kesspay.audit.work import Job, Stopped, do
from kesspay.errors import InputError, JournalError
from kesspay.signing.arguments import file_path
from kesspay.signing.profile import PHP_8
from kesspay.transfers.reader import is_server, read_payments


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias, Unpack

    from kesspay.audit.options import Encoding, Format
    from kesspay.signing.arguments import PathLike
    from kesspay.signing.profile import Profile

    #: What was found in a unit, or what went wrong.
    _Found: TypeAlias = dict[str, Any] | BaseException

    class Words(TypedDict, total=False):
        """The attributes of ``Options``, as keywords of ``run``."""

        column: str
        time: str
        service: str
        ids: Sequence[str]
        request: str
        format: Format
        line_regex: str
        body_encoding: Encoding
        sql: str
        max_body: int
        money: bool
        explain_budget: float
        show_values: bool


__all__ = ["Hooks", "Result", "Target", "run"]

#: How often the display of a run is brought up to date, in seconds.
_TICK: Final = 0.1
#: So many failures take little memory beside that of DuckDB.
_FEW: Final = 20_000
#: How long another thread waits for Python, in seconds.
_INTERVAL: Final = 0.0002


@dataclass(slots=True)
class Result:
    """
    The result of a run.

    Attributes:
        out: folder of the verdicts.
        rows: how many rows were judged.
        counts: number of rows by verdict.
        keys: by key, the number of rows that verified and of those outside its window,
            and the first and last time in microseconds since 1970.
        days: number of rows by day and verdict.
        services: number of rows by service and verdict.
        causes: causes of the rows that are not authentic, the most frequent first.
        problems: inputs, or parts of them, that were not judged.
        money: the findings of the checks of the money, or None.
        digest: SHA-256 of SHA256SUMS, in hex; "" where the run was not finished.
        is_interrupted: True where the run was stopped.
    """

    out: Path
    rows: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    keys: dict[str, dict[str, int | None]] = field(default_factory=dict)
    days: dict[str, dict[str, int]] = field(default_factory=dict)
    services: dict[str, dict[str, int]] = field(default_factory=dict)
    causes: list[CauseCount] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    money: Money | None = None
    digest: str = ""
    is_interrupted: bool = False

    @property
    def complete(self) -> bool:
        """True where every row of every input was judged."""
        return bool(
            self.digest and not self.problems and not self.counts.get("unreadable")
        )

    @property
    def findings(self) -> int:
        """The number of rows that were judged and are not authentic."""
        good = self.counts.get("authentic", 0) + self.counts.get("unreadable", 0)
        return self.rows - good


def run(
    paths: Sequence[PathLike],
    ring: Ring,
    *,
    out: PathLike | Target,
    threads: int | None = None,
    profile: Profile = PHP_8,
    hooks: Hooks | None = None,
    **words: Unpack[Words],
) -> Result:
    """
    Judge every body of some recordings, and write the verdicts to a folder.

    Args:
        paths: files, globs, folders, URIs of pyarrow.fs, or "-" for standard input.
        ring: the keys.
        out: folder of the verdicts, or a Target.
        threads: how many units are judged at once; None for one on each processor.
        profile: the PHP settings of the gateway.
        hooks: functions that the run calls.
        words: the attributes of ``Options``.

    Raises:
        InputError: an argument or an input cannot be used; nothing was judged.
    """
    target = out if isinstance(out, Target) else Target(Path(file_path(out)))
    if not isinstance(hooks, Hooks | None):
        raise InputError("hooks must be None or Hooks")
    options = _options(words)
    workers = _workers(threads)
    prepared = _Prepared.of(paths, ring, profile, options, target)
    statement = _check_files(target, prepared.sources)
    folder = Folder(target.out)
    try:
        done = folder.begin(
            prepared.plan, resume=target.resume, overwrite=target.overwrite
        )
        work = _Run(prepared, folder, target, hooks or Hooks(), workers, statement)
        if folder.is_finished:
            return work.finished()
        folder.make_failing()
        return work.go(done)
    finally:
        folder.close()


def _options(words: Any) -> Options:  # noqa: ANN401 - checked here
    if "ids" in words:
        require_columns("ids", words["ids"])
        words = {**words, "ids": tuple(words["ids"])}
    try:
        return Options(**words)
    except TypeError as error:
        # "... unexpected keyword argument 'colum'"
        name = str(error).rpartition(" ")[2]
    raise InputError(f"audit.run has no argument {name}")


def _workers(threads: int | None) -> int:
    if threads is None:
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0)) or 1
        return os.cpu_count() or 1
    if type(threads) is not int or threads < 1:
        raise InputError("threads must be None or a positive int")
    return threads


def _check_files(target: Target, sources: Iterable[Source]) -> Statement | None:
    """Check what is given beside the inputs; return the statement."""
    again = target.resume or target.overwrite
    files = [one for one in (target.failures, target.report) if isinstance(one, Path)]
    for path in files:
        check_output(path, again=again)
    folders = (target.out, target.evidence)
    beside = (target.statement, target.ring, target.journal)
    check_apart(
        files,
        [one for one in folders if one is not None],
        [
            *(Path(one.path) for one in sources if one.system is not None),
            *(Path(one) for one in beside if one is not None),
        ],
    )
    statement = None if target.statement is None else Statement.load(target.statement)
    if target.journal is not None:
        # One page shows whether it can be read; the rest is read at the end.
        with closing(read_payments(target.journal)) as pages:
            next(pages, None)
    if target.evidence is not None:
        check_evidence(target.evidence, again=again)
    return statement


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Everything that is known before any work."""

    sources: list[Source]
    units: list[Unit]
    problems: list[Problem]
    options: Options
    kernel: Kernel
    schema: Any
    plan: dict[str, Any]
    reader: Any = None

    @classmethod
    def of(
        cls,
        paths: Sequence[PathLike],
        ring: Ring,
        profile: Profile,
        options: Options,
        target: Target,
    ) -> _Prepared:
        kernel = Kernel(ring, profile)
        reader = None
        if options.sql:
            if paths:
                raise InputError("give paths or --sql, not both")
            reader = query(options.sql)
            types = {check_schema(reader.schema, options, "the query")}
            sources = [Source("sql", kind="sql")]
            units, problems = [Unit(0, (Piece(0, 0, -1, 0),))], list[Problem]()
        else:
            sources = find(paths, options.format, without=str(target.out))
            check_texts(sources, options)
            units, problems, types = divide(sources, options)
            if not units:
                raise InputError(f"nothing can be read: {problems[0].why}")
        _check_resume(sources, target)
        typed = all(one.kind in ("parquet", "sql") for one in sources)
        schema = part_schema(options, id_types(options, types, only=typed))
        plan = {
            "kesspay": __version__,
            "pyarrow": pa.__version__,
            "profile": asdict(profile),
            "ring": {**ring.described(), "fingerprint": ring.fingerprint},
            "options": options.described(),
            "inputs": [source.described() for source in sources],
            "units": [unit.described() for unit in units],
        }
        return cls(sources, units, problems, options, kernel, schema, plan, reader)


def _check_resume(sources: Iterable[Source], target: Target) -> None:
    for source in sources:
        if target.resume and source.system is None:
            name = "--sql" if source.kind == "sql" else "standard input"
            raise InputError(
                f"{name} cannot be read again from where a run ended: begin again with"
                " --overwrite"
            )


class _Run:
    """The work of a run."""

    def __init__(
        self,
        prepared: _Prepared,
        folder: Folder,
        target: Target,
        hooks: Hooks,
        workers: int,
        statement: Statement | None,
    ) -> None:
        self._prepared = prepared
        self._folder = folder
        self._target = target
        self._hooks = hooks
        self._workers = workers
        ring = prepared.kernel.ring
        profile, options = prepared.kernel.profile, prepared.options
        own = Kernel(Ring(ring.own), profile) if ring.own else None
        triage = Triage(
            ring,
            profile,
            budget=options.explain_budget,
            show_values=options.show_values,
        )
        self._triage = hooks.triage or triage
        self._statement = statement
        self._job = Job(
            sources=prepared.sources,
            options=prepared.options,
            kernel=prepared.kernel,
            own=own,
            schema=prepared.schema,
            folder=folder,
            examine=hooks.examine or triage.examine,
            # Threads that have no unit of their own help within one.
            threads=max(1, workers // len(prepared.units)),
            reader=prepared.reader,
        )
        pieces = [piece for unit in prepared.units for piece in unit.pieces]
        self._size = sum(piece.size for piece in pieces)
        rows = [piece.rows for piece in pieces]
        self._rows = sum(rows) if all(rows) else 0

    def go(self, done: dict[int, dict[str, Any]]) -> Result:
        """Do the units that are missing, and put everything together."""
        for unit in self._prepared.units:
            if unit.number in done:
                self._count_done(unit, done[unit.number])
        left = [unit for unit in self._prepared.units if unit.number not in done]
        problem = None
        try:
            for one in self._results(left):
                self._folder.done(one)
                done[one["unit"]] = one
        except Stopped:
            pass
        except OSError as error:
            problem = self._trouble(error)
        result = Result(self._target.out)
        ordered = [done[number] for number in sorted(done)]
        self._fill(result, ordered)
        if problem is not None:
            result.problems.append(problem)
        elif len(done) < len(self._prepared.units):
            result.is_interrupted = True
        else:
            self._finish(result, ordered)
        return result

    def _count_done(self, unit: Unit, one: dict[str, Any]) -> None:
        size = sum(piece.size for piece in unit.pieces)
        self._job.meter.add(one["tally"]["rows"], size, one["failing"])

    def _fill(self, result: Result, ordered: list[dict[str, Any]]) -> None:
        tally = Tally()
        result.problems = list(self._prepared.problems)
        for one in ordered:
            tally.merge(one["tally"])
            result.problems += [Problem(**problem) for problem in one["problems"]]
        _take(result, tally.described())

    def _finish(self, result: Result, ordered: list[dict[str, Any]]) -> None:
        failing = self._failing(ordered)
        try:
            # Arrow keeps what the threads needed, and DuckDB asks the system for more.
            pa.default_memory_pool().release_unused()
            if self._workers > 1 and failing.count <= _FEW:
                self._examine_at_once(result, failing, ordered)
            else:
                result.causes = write_causes(failing, self._triage)
                pa.default_memory_pool().release_unused()
                result.money = self._checked(failing, ordered)
            self._folder.finish(self._prepared.plan, _described(result, ordered))
            result.digest = self._folder.seal(self._prepared.units)
            self._write_others(failing)
        except OSError as error:
            problem = self._trouble(error, is_sealed=bool(result.digest))
            result.problems.append(problem)
        except (InputError, JournalError) as error:
            why = f"{error} What is finished stays: give --resume once it is there"
            is_statement = "the statement" in str(error)
            name = "the statement" if is_statement else "the journal"
            result.problems.append(Problem(name, why))

    def _examine_at_once(
        self, result: Result, failing: Failing, ordered: list[dict[str, Any]]
    ) -> None:
        """
        Look for causes while DuckDB checks the money.

        The search for causes is Python, and DuckDB needs Python for moments only. It
        would wait for each of them as long as the interval is.
        """
        before = sys.getswitchinterval()
        sys.setswitchinterval(_INTERVAL)
        try:
            with ThreadPoolExecutor(1) as side:
                causes = side.submit(write_causes, failing, self._triage)
                result.money = self._checked(failing, ordered)
                result.causes = causes.result()
        finally:
            sys.setswitchinterval(before)

    def _trouble(self, error: OSError, *, is_sealed: bool = False) -> Problem:
        out, sources = self._target.out, self._prepared.sources
        return trouble(error, out, sources, is_sealed=is_sealed)

    def _checked(self, failing: Failing, ordered: list[dict[str, Any]]) -> Money | None:
        if not self._prepared.options.money:
            return None
        sources, journal = self._prepared.sources, self._target.journal
        inputs = {one.path: True for one in sources if one.kind == "journal"}
        if journal is not None:
            name = journal if is_server(journal) else str(Path(journal).absolute())
            inputs.setdefault(name, False)
        return check_money(
            failing,
            [one["part"] for one in ordered],
            journals=inputs,
            statement=self._statement,
            threads=self._workers,
        )

    def _failing(self, ordered: list[dict[str, Any]]) -> Failing:
        with_failures = [one for one in ordered if one["failing"]]
        return Failing(
            self._folder,
            [one["part"] for one in with_failures],
            sum(one["failing"] for one in with_failures),
        )

    def _write_others(self, failing: Failing) -> None:
        """Write what is wanted outside of the folder, and remove what it is made of."""
        self._write_failures(failing)
        if self._target.evidence is not None:
            write_evidence(failing, self._target.evidence)
        self._folder.clean()

    def _write_failures(self, failing: Failing) -> None:
        target, ids = self._target.failures, self._prepared.options.id_names()
        if target is None:
            return
        if not isinstance(target, Path):
            with writing("the standard output"):
                write_failures(failing, ids, target)
            return
        with whole_file(target) as file:
            write_failures(failing, ids, file)

    def finished(self) -> Result:
        """Return what a run found that came to its end before."""
        wanted = self._target.failures is not None or self._target.evidence is not None
        if wanted and not self._folder.has_failing:
            raise InputError(
                "the run came to its end, and the bodies that failed are no longer"
                " there: for --failures or --evidence start again with --overwrite"
            )
        found = self._folder.found
        result = Result(self._target.out)
        _take(result, found["totals"])
        result.causes = [CauseCount(**one) for one in found["causes"]]
        result.problems = [Problem(**one) for one in found["problems"]]
        result.money = Money.of(found["money"]) if found.get("money") else None
        try:
            result.digest = self._folder.seal(self._prepared.units)
            self._write_others(self._failing(found["parts"]))
        except OSError as error:
            problem = self._trouble(error, is_sealed=bool(result.digest))
            result.problems.append(problem)
        return result

    def _results(self, left: list[Unit]) -> Iterator[dict[str, Any]]:
        """
        Yield what the threads find, in the order in which they do.

        Raises:
            Stopped: the run is to end.
            OSError: the output cannot be written.
        """
        todo: queue.SimpleQueue[Unit] = queue.SimpleQueue()
        found: queue.SimpleQueue[_Found] = queue.SimpleQueue()
        for unit in left:
            todo.put(unit)
        threads = [
            Thread(target=_work, args=(todo, found, self._job), daemon=True)
            for _ in range(min(self._workers, len(left)))
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in left:
                one = self._next(found)
                if isinstance(one, BaseException):
                    raise one
                yield one
        finally:
            # After a failure the other threads end, too, and leave no half file.
            self._job.stop.set()
            for thread in threads:
                thread.join()

    def _next(self, found: queue.SimpleQueue[_Found]) -> _Found:
        while True:
            if self._hooks.progress is not None:
                self._hooks.progress(self._job.meter, self._size, self._rows)
            if self._hooks.stop.is_set():
                self._job.stop.set()
            try:
                return found.get(timeout=_TICK)
            except queue.Empty:
                continue


def _work(
    todo: queue.SimpleQueue[Unit], found: queue.SimpleQueue[_Found], job: Job
) -> None:
    """Do units until there are none; the main thread gets results and errors."""
    while True:
        try:
            unit = todo.get_nowait()
        except queue.Empty:
            return
        try:
            found.put(do(unit, job))
        except BaseException as error:  # noqa: BLE001 - raised in the main thread
            found.put(error)
            return


def _take(result: Result, totals: dict[str, Any]) -> None:
    result.rows = totals["rows"]
    result.counts = totals["verdicts"]
    result.keys = totals["keys"]
    result.days = totals["days"]
    result.services = totals["services"]


def _described(result: Result, ordered: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what was found, for the manifest."""
    return {
        "complete": not result.problems and not result.counts["unreadable"],
        "totals": {
            "rows": result.rows,
            "verdicts": result.counts,
            "keys": result.keys,
            "days": result.days,
            "services": result.services,
        },
        "causes": [asdict(one) for one in result.causes],
        "problems": [problem.described() for problem in result.problems],
        "money": result.money.described() if result.money else None,
        "parts": [
            {name: one[name] for name in ("unit", "part", "sha256", "failing")}
            for one in ordered
        ],
    }
