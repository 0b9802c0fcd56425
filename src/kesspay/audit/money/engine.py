"""DuckDB on a disk, within a limit of memory that grows where a statement needs it."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import ExitStack, contextmanager
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar

import duckdb
import pyarrow as pa

from kesspay.audit.outputs import Unwritten, writing


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path


__all__ = ["LIMITS", "Engine", "limits_of", "open_engines", "side_by_side"]

_Item = TypeVar("_Item")

_PRIVATE: Final = 0o700
#: What DuckDB may hold, in MiB: where the first is too little, the next. It takes half
#: as much again of the system.
LIMITS: Final = (48, 64, 128, 256, 512, 1024, 2048)
#: What each thread more may hold besides.
_MORE: Final = 8
#: What DuckDB says where its files may grow no more.
_DISK: Final = "max_temp_directory_size"


def limits_of(threads: int) -> list[int]:
    """Return what DuckDB may hold, where so many threads use it."""
    first = LIMITS[0] + _MORE * (threads - 1)
    return [first, *(limit for limit in LIMITS if limit > first)]


class Engine:
    """
    A connection of one thread to a DuckDB that several use.

    Args:
        connection: of DuckDB.
        turns: a lock for each connection; who has all of them is alone.
        number: of this connection.
    """

    def __init__(self, connection: Any, turns: Sequence[Lock], number: int) -> None:  # noqa: ANN401 - of duckdb
        """Use a connection."""
        self.connection = connection
        self._turns, self._number = turns, number
        self._limits = limits_of(len(turns))

    def execute(
        self,
        sql: str,
        before: Callable[[], object] = bool,
        take: Callable[[Any], Any] = bool,
    ) -> Any:  # noqa: ANN401 - of any query
        """
        Run a statement within the first limit that is enough for it.

        DuckDB writes groups to the disk, but not the longer texts in them, nor all that
        it needs to count different values. Above the first limit a statement is alone,
        so that two threads need no more than one.

        Args:
            sql: the statement.
            before: makes what it reads, each time that it runs.
            take: gets the connection, and returns what is returned.
        """
        try:
            with self._turns[self._number]:
                before()
                return take(self.connection.execute(sql))
        except duckdb.OutOfMemoryException as error:
            if _DISK in str(error):
                raise
        # Alone the first limit is enough for what was too much together.
        limits = iter(self._limits[len(self._turns) == 1 :])
        with self._alone():
            while True:
                limit = next(limits)
                self._limit(limit)
                try:
                    before()
                    return take(self.connection.execute(sql))
                except duckdb.OutOfMemoryException as error:
                    if limit == self._limits[-1] or _DISK in str(error):
                        raise

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the others from running a statement; set the first limit at the end."""
        with ExitStack() as turns:
            for turn in self._turns:
                turns.enter_context(turn)
            try:
                yield
            finally:
                self._limit(self._limits[0])

    def _limit(self, limit: int) -> None:
        self.connection.execute(f"SET memory_limit = '{limit}MiB'")

    @contextmanager
    def unlimited(self) -> Iterator[None]:
        """
        Have the last limit, for queries that only pass rows on.

        What was read of such a query cannot be read again. No other thread runs a
        statement meanwhile.
        """
        with self._alone():
            self._limit(self._limits[-1])
            yield

    def batches(self, sql: str, rows: int) -> Iterator[Any]:
        """Yield what a query returns, so many rows at a time; at first no row."""
        relation = self.connection.sql(sql)
        # DuckDB 1.4 has the other name.
        name = "to_arrow_reader"
        name = name if hasattr(relation, name) else "fetch_arrow_reader"
        reader = getattr(relation, name)(rows)
        yield pa.RecordBatch.from_pylist([], reader.schema)
        yield from reader


@contextmanager
def open_engines(
    scratch: Path, zone: str = "UTC", threads: int = 1
) -> Iterator[list[Engine]]:
    """
    Open DuckDB for some threads, as facts may need more than there is of memory.

    Tables that are not temporary are of all threads; none outlives the engines.

    Args:
        scratch: a folder that is made, and removed.
        zone: in which days begin.
        threads: how many use it at once.

    Raises:
        Unwritten: the disk is full, or cannot be written or read again, or a check
            needs more memory than the last limit.
    """
    # A run that was killed may have left it.
    shutil.rmtree(scratch, ignore_errors=True)
    with writing(scratch):
        scratch.mkdir(_PRIVATE)
    options: dict[str, Any] = {
        # Those of its own; the threads that use it work besides.
        "threads": 1,
        "autoinstall_known_extensions": "false",
        "memory_limit": f"{limits_of(threads)[0]}MiB",
        "preserve_insertion_order": "false",
        "temp_directory": str(scratch),
    }
    turns = [Lock() for _ in range(threads)]
    try:
        with ExitStack() as opened:
            # In memory, and beyond the limit in files of the scratch.
            first = opened.enter_context(duckdb.connect(":memory:", config=options))
            engines = []
            for number in range(threads):
                engine = opened.enter_context(first.cursor())
                engine.execute("SET TimeZone = ?", [zone])
                # Its bar goes to the standard output, among what programs print.
                engine.execute("SET enable_progress_bar = false")
                # DuckDB 2 has ten times as much.
                engine.execute("SET streaming_buffer_size = '1MB'")
                engines.append(Engine(engine, turns, number))
            yield engines
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        is_full = "No space left" in str(error) or _DISK in str(error)
        is_memory = isinstance(error, duckdb.OutOfMemoryException)
        code = errno.ENOMEM if is_memory else errno.EIO
        code = errno.ENOSPC if is_full else code
        raise Unwritten(code, os.strerror(code), str(scratch)) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def side_by_side(
    engines: Sequence[Engine],
    items: Iterable[_Item],
    do: Callable[[Engine, _Item], object],
) -> None:
    """
    Do something with each of some items, in a thread for each engine.

    Raises:
        BaseException: what went wrong first; the other threads end, too.
    """
    todo, turn = iter(items), Lock()
    errors: list[BaseException] = []

    def work(engine: Engine) -> None:
        try:
            while True:
                with turn:
                    item = None if errors else next(todo, None)
                if item is None:
                    return
                do(engine, item)
        except BaseException as error:  # noqa: BLE001 - raised in the main thread
            errors.append(error)

    threads = [Thread(target=work, args=(engine,)) for engine in engines[1:]]
    for thread in threads:
        thread.start()
    work(engines[0])
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
