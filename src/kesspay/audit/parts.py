"""
Files of the output: verdicts, and the bodies that failed, each written as a whole.

A file has its name only when all of it is on the disk: it is written beside under
``.tmp``, flushed, and renamed. What an interruption leaves is never taken for a part.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from kesspay.audit.fields import TIME
from kesspay.audit.kernel import NAMES
from kesspay.audit.outputs import whole_file, writing


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from kesspay.audit.options import Options


__all__ = [
    "CAUSES",
    "PRIVATE",
    "ROWS",
    "PartFile",
    "batches_of",
    "failing_schema",
    "part_schema",
    "sha256_of",
    "write_whole",
]

#: Rows and bytes that are collected before they become a row group.
_ROWS: Final = 131_072
_BYTES: Final = 4 << 20
#: Columns of numbers of which each is close to the one before.
_GROWING: Final = ("row", "offset", "seen_at")
#: Rows of a batch that is read.
ROWS: Final = 8192

#: The mode of files that hold bodies.
PRIVATE: Final = 0o600
_PUBLIC: Final = 0o666

#: The columns of causes.parquet.
CAUSES: Final = pa.schema(
    [
        ("source", NAMES),
        ("row", pa.int64()),
        ("cause", NAMES),
        ("basis", NAMES),
        ("detail", pa.string()),
        ("cluster", pa.int64()),
        ("body_sha256", pa.binary(32)),
    ]
)


def part_schema(options: Options, id_types: list[Any]) -> Any:  # noqa: ANN401 - of pyarrow
    """Return the columns of the parts of a run; ids as they came."""
    fields = [("source", NAMES), ("row", pa.int64()), ("offset", pa.int64())]
    fields += list(zip(options.id_names(), id_types, strict=True))
    fields += [("seen_at", TIME), ("service", NAMES), ("verdict", NAMES)]
    fields += [("status", pa.int16()), ("key", NAMES), ("reencoded", pa.bool_())]
    if options.money:
        fields += [("canonical", pa.large_binary())]
        fields += [("request_canonical", pa.large_binary())]
    return pa.schema(fields)


def failing_schema(part: Any) -> Any:  # noqa: ANN401 - of pyarrow
    """Return the columns of rows that failed: those of a part, body and cause."""
    kept = [field for field in part if not field.name.endswith("canonical")]
    return pa.schema(
        [
            *kept,
            pa.field("body", pa.large_binary()),
            pa.field("request", pa.large_binary()),
            *(pa.field(name, CAUSES.field(name).type) for name in CAUSES.names[2:]),
        ]
    )


def _encodings(schema: Any) -> dict[str, Any]:  # noqa: ANN401 - of pyarrow
    """
    Return how the columns of a file are written.

    Numbers that grow are written as differences. A dictionary of them would hold each
    value once, and be given up when it is too large: three times the work and sixty
    times the bytes.
    """
    growing = [name for name in _GROWING if name in schema.names]
    return {
        "use_dictionary": [name for name in schema.names if name not in growing],
        "column_encoding": dict.fromkeys(growing, "DELTA_BINARY_PACKED"),
    }


class PartFile:
    """
    A Parquet file that appears when it is complete.

    Args:
        path: its name at the end.
        schema: of its columns.
        mode: permission bits, further reduced by the umask.
        seen: gets the rows as RecordBatches, when many are written together.

    Each method raises Unwritten where the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        schema: Any,  # noqa: ANN401 - of pyarrow
        mode: int = _PUBLIC,
        *,
        seen: Callable[[Any], object] = len,
    ) -> None:
        """Make the file beside."""
        self._path = path
        self._beside = path.with_name(f"{path.name}.tmp")
        self._schema = schema
        self._seen = seen
        self._kept: list[Any] = []
        self._rows = 0
        self._bytes = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with writing(path):
            self._file = os.fdopen(os.open(self._beside, flags, mode), "wb")
            self._writer = pq.ParquetWriter(
                self._file,
                schema,
                compression="zstd",
                write_statistics=True,
                **_encodings(schema),
            )

    def add(self, batch: Any) -> None:  # noqa: ANN401 - of pyarrow
        """Add a RecordBatch with the columns of the schema."""
        self._kept.append(batch)
        self._rows += len(batch)
        self._bytes += batch.nbytes
        if self._rows >= _ROWS or self._bytes >= _BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            table = pa.Table.from_batches(self._kept, self._schema)
            # Dictionaries of batches become one.
            table = table.unify_dictionaries().combine_chunks()
            with writing(self._path):
                self._writer.write_table(table, row_group_size=self._rows)
            for batch in table.to_batches():
                self._seen(batch)
        self._kept, self._rows, self._bytes = [], 0, 0

    def close(self) -> None:
        """Write the rest, and give the file its name."""
        self._flush()
        with writing(self._path):
            self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._beside.replace(self._path)

    def discard(self) -> None:
        """Remove the file, which is not complete."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._beside.unlink()

    def __enter__(self) -> Self:
        """Return the file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Complete the file, or remove it after an error."""
        if kind is not None:
            self.discard()
            return
        try:
            self.close()
        except BaseException:
            self.discard()
            raise


def batches_of(
    file: Any,  # noqa: ANN401 - any binary file
    ending: str = "",
    rows: int = ROWS,
) -> Iterator[Any]:
    """
    Yield the rows of a ``PartFile``, of one row group after another.

    A batch of several row groups would hold so many rows however long they are.

    Args:
        file: an open file.
        ending: of the names of the columns that are read.
        rows: of a batch, at most.
    """
    parquet = pq.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20)
    names = parquet.schema_arrow.names
    columns = [name for name in names if name.endswith(ending)]
    for at in range(parquet.num_row_groups):
        yield from parquet.iter_batches(
            rows, row_groups=[at], columns=columns, use_threads=False
        )


def write_whole(path: Path, text: str, mode: int = _PUBLIC) -> None:
    """Write a file of text, which appears when all of it is on the disk."""
    with whole_file(path, mode) as file:
        file.write(text.encode())


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    digest = hashlib.new("sha256")
    with path.open("rb") as file:
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()
