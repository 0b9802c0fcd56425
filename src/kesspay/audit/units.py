"""
The units of work: what one thread reads, judges and writes as a whole.

A unit is a run of row groups, of lines, or of whole small files; a file that can only
be read from its beginning is never divided. The division depends on the input alone,
so that the same input gives the same parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kesspay.audit.rows import Damaged
from kesspay.audit.tables import check_schema, open_parquet


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kesspay.audit.inputs import Source
    from kesspay.audit.options import Options


__all__ = ["Piece", "Problem", "Unit", "bounds_of", "divide"]

#: About this many bytes of input make a unit.
UNIT: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """
    A part of one input.

    Attributes:
        source: its number.
        start: the first row group, or byte, of it.
        stop: the one behind the last; -1 for the whole input.
        size: bytes, as far as is known.
        rows: as far as is known, or 0.
    """

    source: int
    start: int
    stop: int
    size: int
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """
    The work that one thread does at a time.

    Attributes:
        number: number of its part.
        pieces: what it reads, in this order.
    """

    number: int
    pieces: tuple[Piece, ...]

    @property
    def part(self) -> str:
        """The name of the file with its verdicts."""
        return f"part-{self.number:06d}.parquet"

    def described(self) -> list[list[int]]:
        """Return the unit for a manifest."""
        return [[piece.source, piece.start, piece.stop] for piece in self.pieces]


@dataclass(frozen=True, slots=True)
class Problem:
    """
    A part of an input that was not judged.

    Attributes:
        source: name of the input.
        why: in words.
        row: the first row that is missing, or None where it is not known.
        is_output: whether it is no input, but a file that could not be written, or read
            again; ``source`` is its path.
    """

    source: str
    why: str
    row: int | None = None
    is_output: bool = False

    def described(self) -> dict[str, Any]:
        """Return the problem for a manifest."""
        return {"source": self.source, "why": self.why, "row": self.row}


def divide(
    sources: Sequence[Source], options: Options
) -> tuple[list[Unit], list[Problem], set[tuple[Any, ...]]]:
    """
    Divide the inputs into units.

    Returns:
        The units; the inputs of which nothing can be read; and the types that the
        ``--id`` columns have in Parquet.

    Raises:
        InputError: a column is missing, or of a type that cannot be used.
    """
    problems: list[Problem] = []
    pieces: list[Piece] = []
    types: set[tuple[Any, ...]] = set()
    for number, source in enumerate(sources):
        try:
            pieces.extend(_pieces(number, source, options, types))
        except Damaged as error:
            problems.append(Problem(source.name, str(error)))
    return list(_packed(pieces)), problems, types


def _pieces(
    number: int, source: Source, options: Options, types: set[tuple[Any, ...]]
) -> Iterable[Piece]:
    if source.problem:
        raise Damaged(source.problem)
    if source.kind == "parquet":
        return _row_groups(number, source, options, types)
    size = source.size or 0
    if source.size is None or source.compression or source.kind in ("journal", "sql"):
        return [Piece(number, 0, -1, size)]
    bounds = bounds_of(size)
    return [
        Piece(number, start, stop, stop - start)
        for start, stop in zip(bounds, [*bounds[1:], size], strict=True)
    ]


def bounds_of(size: int) -> list[int]:
    """Return where the pieces of a text of this size begin."""
    return list(range(0, size, UNIT)) or [0]


def _row_groups(
    number: int, source: Source, options: Options, types: set[tuple[Any, ...]]
) -> Iterator[Piece]:
    try:
        file = source.open()
    except OSError as error:
        raise Damaged(error.strerror or "it cannot be opened") from None
    with file:
        parquet = open_parquet(file)
        types.add(check_schema(parquet.schema_arrow, options, source.name))
        meta = parquet.metadata
        first, size, rows = 0, 0, 0
        for at in range(meta.num_row_groups):
            group = meta.row_group(at)
            if size and size + group.total_byte_size > UNIT:
                yield Piece(number, first, at, size, rows)
                first, size, rows = at, 0, 0
            size += group.total_byte_size
            rows += group.num_rows
        yield Piece(number, first, meta.num_row_groups, size, rows)


def _packed(pieces: Iterable[Piece]) -> Iterator[Unit]:
    """Put small pieces into one unit."""
    number, kept, size = 0, list[Piece](), 0
    for piece in pieces:
        if kept and size + piece.size > UNIT:
            yield Unit(number, tuple(kept))
            number, kept, size = number + 1, [], 0
        kept.append(piece)
        size += piece.size
    if kept:
        yield Unit(number, tuple(kept))
