"""Rows of Arrow tables: Parquet, and what a query of DuckDB returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kesspay._shown import masked
from kesspay.audit.fields import decoded, is_time, times_of
from kesspay.audit.options import no_column
from kesspay.audit.rows import Damaged, Rows
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kesspay.audit.options import Options


__all__ = [
    "check_schema",
    "open_parquet",
    "query",
    "read_parquet",
    "rows_of",
    "words_of",
]

#: Rows that are read at a time, fewer where bodies are long, and where the canonical
#: form of each is kept for the checks of the money.
_ROWS: Final = 6400
_ROWS_OF_MONEY: Final = 4096
_BATCH_BYTES: Final = 16 << 20
#: With it a row group is read in pieces, and never held as a whole. On a disk of this
#: machine a piece stays in the processor's cache; elsewhere each is a request.
_BUFFER: Final = 1 << 20
_BUFFER_OF_DISK: Final = 64 << 10


def open_parquet(
    file: Any,  # noqa: ANN401 - of pyarrow
    dictionaries: Sequence[str] = (),
    footer: Any = None,  # noqa: ANN401 - of pyarrow
    *,
    on_disk: bool = False,
) -> Any:  # noqa: ANN401 - of pyarrow
    """
    Open a Parquet file.

    Args:
        file: can be moved to an offset.
        dictionaries: columns of which each value is held once.
        footer: of the file, where it was read before.
        on_disk: whether it is on a disk of this machine.

    Raises:
        Damaged: its footer cannot be read.
    """
    try:
        return pq.ParquetFile(
            file,
            metadata=footer,
            pre_buffer=False,
            buffer_size=_BUFFER_OF_DISK if on_disk else _BUFFER,
            read_dictionary=list(dictionaries),
        )
    except (pa.ArrowException, OSError, ValueError):
        raise Damaged("its footer cannot be read: it is no Parquet file") from None


def _column_type(schema: Any, name: str) -> Any | None:  # noqa: ANN401 - of pyarrow
    """Return the type of a column, whose name may lead into structs."""
    if name in schema.names:
        return schema.field(schema.names.index(name)).type
    first, *rest = name.split(".")
    if first not in schema.names:
        return None
    kind: Any = schema.field(schema.names.index(first)).type
    for one in rest:
        index = kind.get_field_index(one) if pa.types.is_struct(kind) else -1
        if index < 0:
            return None
        kind = kind.field(index).type
    return kind


def _column(table: Any, name: str) -> Any:  # noqa: ANN401 - of pyarrow
    if name in table.schema.names:
        return table.column(name)
    first, *rest = name.split(".")
    return pc.struct_field(table.column(first), rest)


def check_schema(schema: Any, options: Options, where: str) -> tuple[Any, ...]:  # noqa: ANN401 - of pyarrow
    """
    Check that the columns are there, and can hold what they are for.

    Returns:
        The types of the ``--id`` columns.

    Raises:
        InputError: one is not, or cannot.
    """
    for name, sort, use in _wanted(options):
        kind = _column_type(schema, name)
        if kind is None:
            raise no_column(name, schema.names, where)
        one = name if name in schema.names else name.partition(".")[0]
        if schema.names.count(one) > 1:
            raise InputError(f"{where} has the column for {use} twice: rename one")
        fits = {"text": _is_text, "time": is_time}.get(sort)
        if fits and not fits(kind):
            need = "text or binary" if sort == "text" else "times, texts or numbers"
            advice = ""
            if pa.types.is_struct(kind):
                advice = (
                    ". The bytes that were signed are lost in a struct: audit the"
                    " recording it was made from"
                )
            raise InputError(
                f"the column for {use} of {where} has the type {str(kind)[:60]};"
                f" {need} is needed{advice}"
            )
    return tuple(_column_type(schema, name) for name in options.ids)


def _wanted(options: Options) -> Iterator[tuple[str, str, str]]:
    """Yield name, sort and use of each column that is read."""
    yield options.column, "text", "bodies"
    if options.request:
        yield options.request, "text", "requests"
    if options.time:
        yield options.time, "time", "times"
    if options.service:
        yield options.service, "any", "services"
    for name in options.ids:
        yield name, "any", "ids"


def _is_text(kind: Any) -> bool:  # noqa: ANN401 - of pyarrow
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (
        *(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view),
        *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
        *(pa.types.is_fixed_size_binary, pa.types.is_null),
    )
    return any(test(value) for test in tests)


def read_parquet(
    file: Any,  # noqa: ANN401 - of pyarrow
    start: int,
    stop: int,
    options: Options,
    *,
    on_disk: bool = False,
) -> Iterator[Rows | Damaged]:
    """
    Yield the rows of some row groups, from ``start`` to before ``stop``.

    Args:
        file: a Parquet file, can be moved to an offset.
        start: the first row group.
        stop: the one behind the last.
        options: which columns are read, and how.
        on_disk: whether the file is on a disk of this machine.

    Yields:
        Rows; or, in place of the rest of a row group, why it cannot be read.

    Raises:
        Damaged: the file cannot be opened.
    """
    readers = _Readers(file, options, on_disk=on_disk)
    meta = readers.footer
    first = sum(meta.row_group(at).num_rows for at in range(start))
    columns = list(dict.fromkeys(name for name, *_ in _wanted(options)))
    most = _ROWS_OF_MONEY if options.money else _ROWS
    plan = []
    for at in range(start, stop):
        group = meta.row_group(at)
        each = group.total_byte_size // max(1, group.num_rows)
        step = max(1, min(most, _BATCH_BYTES // max(1, each)))
        # One after another, dictionaries are looked at in half the time.
        plan.append((at, each, step, readers.of(at, step)))
    for at, each, step, reader in plan:
        row = first
        try:
            batches = reader.iter_batches(
                step, row_groups=[at], columns=columns, use_threads=False
            )
            while (batch := next(batches, None)) is not None:
                parts = _small(batch, options)
                del batch
                while parts:
                    count = len(parts[-1])
                    # The rows have the only reference to their memory.
                    yield rows_of(parts.pop(), row, each * count, options)
                    row += count
        except (pa.ArrowException, OSError, ValueError):
            yield Damaged(f"row group {at} is damaged", row)
        first += meta.row_group(at).num_rows


class _Readers:
    """
    Readers of a Parquet file, some of which hold a value once that many rows name.

    A column of a few bytes may fill a batch with gigabytes. To hold each value once
    takes time, so that it is done only where the dictionary of a row group has a value
    that is long.
    """

    def __init__(self, file: Any, options: Options, *, on_disk: bool) -> None:  # noqa: ANN401 - of pyarrow
        """Open the file."""
        self._file = file
        self._on_disk = on_disk
        self._plain = open_parquet(file, on_disk=on_disk)
        self._holding: dict[tuple[str, ...], Any] = {}
        self.footer = self._plain.metadata
        names = {options.column, options.request} - set(options.ids)
        # Not by the schema of the footer: the two would refer to each other, and both
        # would stay, a megabyte for each unit, until Python looks for such.
        groups = min(1, self.footer.num_row_groups)
        chunks = [self.footer.row_group(at) for at in range(groups)]
        self._texts = [
            number
            for group in chunks
            for number in range(group.num_columns)
            if group.column(number).path_in_schema in names
        ]

    def of(self, at: int, step: int) -> Any:  # noqa: ANN401 - of pyarrow
        """Return the reader for a row group that is read some rows at a time."""
        group = self.footer.row_group(at)
        rows = min(step, group.num_rows)
        chunks = [group.column(number) for number in self._texts]
        names = tuple(
            chunk.path_in_schema
            for chunk in chunks
            if chunk.has_dictionary_page
            and chunk.total_uncompressed_size * rows > _BATCH_BYTES
        )
        if not names:
            return self._plain
        # With the first row comes the whole dictionary.
        holding = self._opened(names)
        try:
            batches = holding.iter_batches(
                1, row_groups=[at], columns=list(names), use_threads=False
            )
            batch = next(batches, None)
        except (pa.ArrowException, OSError, ValueError):
            # Who reads the rows finds the damage, too.
            return holding
        is_long = batch is not None and any(
            _longest(_column(batch, name)) * rows > _BATCH_BYTES for name in names
        )
        return holding if is_long else self._plain

    def _opened(self, names: tuple[str, ...]) -> Any:  # noqa: ANN401 - of pyarrow
        if names not in self._holding:
            reader = open_parquet(self._file, names, self.footer, on_disk=self._on_disk)
            self._holding[names] = reader
        return self._holding[names]


def _longest(column: Any) -> int:  # noqa: ANN401 - of pyarrow
    """Return the length of the longest value in a dictionary; 0 without one."""
    if not pa.types.is_dictionary(column.type):
        return 0
    return pc.max(pc.binary_length(column.dictionary)).as_py() or 0


def _small(batch: Any, options: Options) -> list[Any]:  # noqa: ANN401 - of pyarrow
    """Divide a batch whose dictionaries would fill the memory, from its end."""
    longest = 1
    for name in filter(None, (options.column, options.request)):
        longest = max(longest, _longest(_column(batch, name)))
    step = max(1, _BATCH_BYTES // longest)
    return [batch.slice(at, step) for at in range(0, len(batch), step)][::-1]


def rows_of(batch: Any, first: int, size: int, options: Options) -> Rows:  # noqa: ANN401 - of pyarrow
    """Return the rows of a RecordBatch whose first row has a number."""
    bodies = _plain(_column(batch, options.column))
    unreadable: dict[int, str] = {}
    if options.body_encoding != "text":
        listed = [
            body.encode() if isinstance(body, str) else body
            for body in bodies.to_pylist()
        ]
        plain, unreadable = decoded(listed, options.body_encoding)
        bodies = pa.array(plain, pa.large_binary())
    return Rows(
        numbers=np.arange(first, first + len(batch)),
        bodies=bodies,
        size=size,
        times=times_of(_column(batch, options.time)) if options.time else None,
        services=(
            words_of(_column(batch, options.service)) if options.service else None
        ),
        requests=_plain(_column(batch, options.request)) if options.request else None,
        ids=[_column(batch, name) for name in options.ids],
        unreadable=unreadable,
    )


def _plain(column: Any) -> Any:  # noqa: ANN401 - of pyarrow
    """Return a column of texts without a dictionary, views, or a fixed size."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.dictionary_decode())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return column
    if pa.types.is_string(kind):
        return column.cast(pa.binary())
    if pa.types.is_null(kind) or pa.types.is_fixed_size_binary(kind):
        return column.cast(pa.binary())
    return column.cast(pa.large_binary())


def words_of(column: Any) -> Any:  # noqa: ANN401 - of pyarrow
    """Return a column of any type as text."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        return column.cast(pa.string())
    except pa.ArrowException:
        values = column.to_pylist()
        return pa.array([None if one is None else str(one) for one in values])


def query(sql: str) -> Any:  # noqa: ANN401 - of pyarrow
    """
    Return what a query of DuckDB returns, batch by batch.

    Raises:
        InputError: DuckDB refuses the query.
    """
    import duckdb

    connection = duckdb.connect()
    # One worker returns rows in one order, and in little memory.
    connection.execute("SET threads = 1")
    connection.execute("SET preserve_insertion_order = true")
    # Its bar goes to the standard output, among what is printed for programs.
    connection.execute("SET enable_progress_bar = false")
    # A name in the query is never a variable of this program.
    connection.execute("SET python_enable_replacements = false")
    try:
        relation = connection.sql(sql)
    except duckdb.Error as error:
        # Its first line says what is wrong; a query may hold a secret.
        why = masked(str(error).splitlines()[0][:200], [sql])
    else:
        if relation is not None:
            # DuckDB 1.4 has the second name only.
            read: Any = getattr(relation, "to_arrow_reader", None)
            return (read or relation.fetch_record_batch)(_ROWS_OF_MONEY)
        why = "it returns no rows"
    raise InputError(f"DuckDB refuses the query of --sql: {why}")
