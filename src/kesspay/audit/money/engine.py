"""DuckDB on a disk, within a limit of memory that grows where a statement needs it."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa

from kesspay.audit.outputs import Unwritten, writing


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


__all__ = ["LIMITS", "batches_of", "execute", "open_engine"]

_PRIVATE: Final = 0o700
#: What DuckDB may hold, in MiB: where the first is too little, the next. It takes half
#: as much again of the system.
LIMITS: Final = (48, 64, 128, 256, 512, 1024, 2048)
#: What DuckDB says where its files may grow no more.
_DISK: Final = "max_temp_directory_size"


@contextmanager
def open_engine(scratch: Path, zone: str = "UTC") -> Iterator[Any]:
    """
    Open DuckDB on a disk, as facts may need more than there is of memory.

    Args:
        scratch: a folder that is made, and removed.
        zone: in which days begin.

    Raises:
        Unwritten: the disk is full, or cannot be written or read again, or a check
            needs more memory than the last limit.
    """
    # A run that was killed may have left it.
    shutil.rmtree(scratch, ignore_errors=True)
    with writing(scratch):
        scratch.mkdir(_PRIVATE)
    options: dict[str, Any] = {
        # Each more would need memory of its own.
        "threads": 1,
        "autoinstall_known_extensions": "false",
        "memory_limit": f"{LIMITS[0]}MiB",
        "preserve_insertion_order": "false",
        "temp_directory": str(scratch),
    }
    try:
        with duckdb.connect(scratch / "facts.duckdb", config=options) as engine:
            engine.execute("SET TimeZone = ?", [zone])
            # Its bar goes to the standard output, among what is printed for programs.
            engine.execute("SET enable_progress_bar = false")
            yield engine
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        is_full = "No space left" in str(error) or _DISK in str(error)
        is_memory = isinstance(error, duckdb.OutOfMemoryException)
        code = errno.ENOMEM if is_memory else errno.EIO
        code = errno.ENOSPC if is_full else code
        raise Unwritten(code, os.strerror(code), str(scratch)) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def execute(engine: Any, sql: str) -> None:  # noqa: ANN401 - of duckdb
    """
    Run a statement within the first limit that is enough for it.

    DuckDB writes groups to the disk, but not the longer texts in them, nor all that it
    needs to count different values.
    """
    try:
        limits = iter(LIMITS)
        while True:
            limit = next(limits)
            engine.execute(f"SET memory_limit = '{limit}MiB'")
            try:
                engine.execute(sql)
            except duckdb.OutOfMemoryException as error:
                if limit == LIMITS[-1] or _DISK in str(error):
                    raise
            else:
                return
    finally:
        engine.execute(f"SET memory_limit = '{LIMITS[0]}MiB'")


def batches_of(engine: Any, sql: str, rows: int) -> Iterator[Any]:  # noqa: ANN401 - of duckdb and pyarrow
    """
    Yield what a query returns, so many rows at a time; first a batch without rows.

    The query only passes rows on. It has the last limit, as what was read of it cannot
    be read again.
    """
    engine.execute(f"SET memory_limit = '{LIMITS[-1]}MiB'")
    relation = engine.sql(sql)
    # DuckDB 1.4 has the other name.
    name = "to_arrow_reader"
    name = name if hasattr(relation, name) else "fetch_arrow_reader"
    reader = getattr(relation, name)(rows)
    yield pa.RecordBatch.from_pylist([], reader.schema)
    yield from reader
    engine.execute(f"SET memory_limit = '{LIMITS[0]}MiB'")
