"""
Rows on the disk, shared out by a key: those of one key lie in one share.

A check of the money needs memory for each transfer. It reads one share at a time, so
that it needs that of a share, however many there are. A share that holds too much is
shared out again.
"""

from __future__ import annotations

import errno
import math
import os
from array import array
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import pyarrow as pa

from kesspay.audit.outputs import Unwritten, writing


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


__all__ = ["BATCH", "GUEST", "HOME", "Share", "Shares", "first_fan", "marked"]

#: Rows and bytes that a share has at most, where its rows have different keys.
ROWS: Final = 65_536
BYTES: Final = 16 << 20
#: Shares that are written at a time.
_FAN: Final = 64
#: Rows that are shared out at a time.
BATCH: Final = 4096
#: Rows that DuckDB takes at a time.
_VECTOR: Final = 2048
_BUFFER: Final = 256 << 10
#: Bytes that are collected before they are written, so that pieces have many rows.
_COLLECTED: Final = 3 << 20
#: Beyond so many shares the marks, of 64 bits, have no digits left.
_MOST: Final = 1 << 57
#: What a row is in a share, where it is not at home with both of its keys (0): at home
#: without its second one, or a guest, with its second key alone.
HOME: Final = 1
GUEST: Final = 2
_OPTIONS: Final = pa.ipc.IpcWriteOptions(use_threads=False)


def marked(
    first: str, second: str = "NULL", *, rest: str = "NULL", prefix: str = ""
) -> str:
    """
    Return, as SQL, the two columns by which rows are shared out.

    Args:
        first: a key, in SQL.
        second: another key of the row, which goes to its share, too.
        rest: what stands for a key where a row has none. Without it, a row without a
            key goes to no share.
        prefix: of the names of the columns, which are mark and other.
    """
    key = f"coalesce({first}, {second}, {rest})"
    return (
        f"CASE WHEN {key} IS NOT NULL THEN hash({key}) END AS {prefix}mark,"
        f" CASE WHEN {first} <> {second} THEN hash({second}) END AS {prefix}other"
    )


class _Spool:
    """Rows of one kind, in a file, in pieces that each belong to one share."""

    def __init__(self, path: Path, schema: Any, fan: int, below: int) -> None:  # noqa: ANN401 - of pyarrow
        self._path, self._fan, self._below = path, fan, below
        self.schema = schema
        self._turn = Lock()
        self._kept: list[Any] = []
        self._size = 0
        # Not one file for each share: a process may have too few open.
        self._at = [array("Q") for _ in range(fan)]
        self.rows = [0] * fan
        self.bytes = [0] * fan
        #: Why it cannot be read: DuckDB, which reads it, has an error of its own.
        self.failure: OSError | None = None
        with writing(path):
            file = pa.OSFile(str(path), "wb")
            self._sink: Any = pa.BufferedOutputStream(file, _BUFFER)
            self._writer = pa.ipc.new_stream(self._sink, schema, options=_OPTIONS)
            # The schema comes before the first piece.
            self._writer.write_batch(pa.RecordBatch.from_pylist([], schema))

    def add(self, batch: Any) -> None:  # noqa: ANN401 - of pyarrow
        """Take the rows of a batch, each to its share."""
        with self._turn:
            self._kept.append(batch)
            self._size += batch.nbytes
            if self._size >= _COLLECTED:
                self._flush()

    def _flush(self) -> None:
        """Write what was collected: a piece for each share that has rows in it."""
        table = pa.Table.from_batches(self._kept, self.schema)
        self._kept, self._size = [], 0
        marks = table.column("mark").to_numpy()
        digits = (marks // np.uint64(self._below) % np.uint64(self._fan)).astype("u1")
        order = np.argsort(digits, kind="stable")
        if self._fan > 1:
            table = table.take(pa.array(order))
        ends = np.searchsorted(digits[order], np.arange(self._fan), side="right")
        first = 0
        for batch in table.combine_chunks().to_batches():
            for share, end in enumerate(ends.tolist()):
                if end > first:
                    self._write(share, batch.slice(first, end - first))
                first = end

    def _write(self, share: int, batch: Any) -> None:  # noqa: ANN401 - of pyarrow
        began = self._sink.tell()
        with writing(self._path):
            self._writer.write_batch(batch)
        self._at[share].append(began)
        self.rows[share] += len(batch)
        # To count the bytes of the columns would take longer than to write them.
        self.bytes[share] += self._sink.tell() - began

    def finish(self) -> None:
        """Write the rest, and no more."""
        if self._kept:
            self._flush()
        with writing(self._path):
            self._writer.close()
            self._sink.close()

    def batches(self, share: int) -> Iterator[Any]:
        """
        Yield the rows of a share, as RecordBatches.

        Raises:
            Unwritten: they cannot be read again; ``failure`` says so, too.
        """
        try:
            with pa.OSFile(str(self._path), "rb") as file:
                # As many at a time as DuckDB takes: pieces are often smaller.
                some: list[Any] = []
                for place in self._at[share]:
                    file.seek(place)
                    message = pa.ipc.read_message(file)
                    some.append(pa.ipc.read_record_batch(message, self.schema))
                    if sum(map(len, some)) >= _VECTOR:
                        yield pa.concat_batches(some)
                        some = []
                if some:
                    yield pa.concat_batches(some)
        except (OSError, EOFError, pa.ArrowException) as error:
            code = getattr(error, "errno", None) or errno.EIO
            self.failure = Unwritten(code, os.strerror(code), str(self._path))
            raise self.failure from None

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink()


class Share:
    """
    Those rows of every kind whose keys are of one share.

    Used as a context manager, it is read at the end: its rows may be removed.
    """

    def __init__(
        self, spools: dict[str, _Spool], number: int, done: Callable[[], None]
    ) -> None:
        """Be a share of these spools."""
        self._spools, self.number, self._done = spools, number, done
        self.rows = sum(one.rows[number] for one in spools.values())
        self.bytes = sum(one.bytes[number] for one in spools.values())

    @property
    def failure(self) -> OSError | None:
        """Why its rows cannot be read, or None."""
        return next((one.failure for one in self._spools.values() if one.failure), None)

    @property
    def names(self) -> list[str]:
        """The kinds."""
        return list(self._spools)

    def reader(self, name: str) -> Any:  # noqa: ANN401 - of pyarrow
        """Return a RecordBatchReader of the rows of a kind."""
        spool = self._spools[name]
        batches = spool.batches(self.number)
        return pa.RecordBatchReader.from_batches(spool.schema, batches)

    def __enter__(self) -> Self:
        """Return the share."""
        return self

    def __exit__(self, *_: object) -> None:
        """Have the rows removed, with those of the other shares."""
        self._done()


def first_fan(rows: int, size: int, threads: int = 1) -> int:
    """
    Return how many shares so many rows, of so many bytes, are shared out to.

    Args:
        rows: all of them.
        size: in bytes.
        threads: how many read a share at once. Each more holds half as much besides.
    """
    wanted = max(rows / ROWS, size / BYTES) * 2 * threads / (threads + 1)
    return min(_FAN, max(1, math.ceil(wanted)))


class Shares:
    """
    Rows of some kinds, in shares by one key.

    Args:
        path: what names of files begin with.
        fan: shares.
        threads: how many read a share at once.
        below: how many shares those have together that this one is a part of.
        slack: a share that has more rows than that many should have is shared out
            again; 1 where the number of rows was not known.
    """

    def __init__(
        self, path: Path, fan: int, threads: int = 1, below: int = 1, slack: int = 2
    ) -> None:
        """Have no rows."""
        self._path, self._fan, self._below = path, fan, below
        self._slack = slack
        self._threads = threads
        self._spools: dict[str, _Spool] = {}
        self._turn = Lock()
        #: Shares that are not read yet.
        self._left = fan

    def add(self, name: str, batch: Any) -> None:  # noqa: ANN401 - of pyarrow
        """
        Add rows of a kind.

        Args:
            name: of the kind.
            batch: a RecordBatch with the columns of ``marked``.
        """
        if batch.column("mark").null_count:
            batch = batch.filter(batch.column("mark").is_valid())
        other = batch.column("other")
        place = batch.schema.get_field_index("other")
        stays = other.is_valid().cast(pa.uint8())
        self.add_again(name, batch.set_column(place, "other", stays))
        if other.null_count < len(batch):
            guests = batch.filter(other.is_valid())
            mark = guests.column("other")
            kind = pa.repeat(pa.scalar(GUEST, pa.uint8()), len(guests))
            guests = guests.set_column(place, "other", kind)
            place = batch.schema.get_field_index("mark")
            self.add_again(name, guests.set_column(place, "mark", mark))

    def add_again(self, name: str, batch: Any) -> None:  # noqa: ANN401 - of pyarrow
        """
        Add rows of a kind that were in other shares.

        Args:
            name: of the kind.
            batch: a RecordBatch as a reader of a share yields it.
        """
        with self._turn:
            if name not in self._spools:
                path = self._path.with_name(f"{self._path.name}-{name}.arrows")
                self._spools[name] = _Spool(path, batch.schema, self._fan, self._below)
        self._spools[name].add(batch)

    def __iter__(self) -> Iterator[Share]:
        """Yield the shares, each small enough; they are removed when all are read."""
        self._finish()
        for number in range(self._fan):
            yield from self._small(Share(self._spools, number, self._done))

    def _done(self) -> None:
        with self._turn:
            self._left -= 1
            is_last = not self._left
        if is_last:
            self.remove()

    def _finish(self) -> None:
        for spool in self._spools.values():
            spool.finish()

    def is_one(self) -> bool:
        """Return whether all rows are in one share."""
        self._finish()
        every = [
            Share(self._spools, number, self._done).rows for number in range(self._fan)
        ]
        return max(every) == sum(every)

    def remove(self) -> None:
        """Remove the files."""
        for spool in self._spools.values():
            spool.remove()

    def _small(self, share: Share) -> Iterator[Share]:
        """Yield a share, or the smaller ones into which it is shared out again."""
        fan = first_fan(
            share.rows // self._slack, share.bytes // self._slack, self._threads
        )
        if fan == 1 or self._below > _MOST:
            yield share
            return
        path = self._path.with_name(f"{self._path.name}-{share.number}")
        smaller = Shares(path, fan, self._threads, self._below * self._fan)
        for name in share.names:
            reader = share.reader(name)
            # What has no rows replaces those of the share before, too.
            nothing = pa.RecordBatch.from_pylist([], reader.schema)
            for batch in chain([nothing], reader):
                smaller.add_again(name, batch)
        if smaller.is_one():
            # All rows have one key: a check needs the memory of one transfer.
            smaller.remove()
            yield share
            return
        with share:
            # All of it was read.
            pass
        yield from smaller
