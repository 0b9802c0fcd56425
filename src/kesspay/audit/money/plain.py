"""Lines of CSV without a quotation mark, which Arrow reads: in a fifth of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


__all__ = ["plain_blocks", "plain_columns", "skip_plain_lines"]

_BLOCK: Final = 512 << 10
#: Python refuses a longer field. A line that was not read to its end is longer.
_LONGEST: Final = 128 << 10
_BOM: Final = b"\xef\xbb\xbf"
#: What ``str.strip`` takes for blanks, and Arrow does not.
_BLANKS: Final = (b"\x1c", b"\x1d", b"\x1e", b"\x1f")


def _is_plain(block: bytes) -> bool:
    """Say whether each line of CSV is one of bytes, which Arrow reads as it stands."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
    longest = np.diff(ends, prepend=-1, append=len(block)).max()
    if longest > _LONGEST or b'"' in block or block.startswith(_BOM):
        return False
    return b"\r" not in block.replace(b"\r\n", b"")


def skip_plain_lines(file: BinaryIO, count: int) -> bool:
    """Go behind the first lines of a file; return False where one is not plain."""
    if file.seek(0) == 0 and file.read(len(_BOM)) != _BOM:
        file.seek(0)
    return all(_is_plain(file.readline(2 * _LONGEST)) for _ in range(count))


def plain_blocks(file: BinaryIO) -> Iterator[bytes]:
    """
    Yield whole lines of a file, as long as they are plain.

    At the end the file is where the first line begins that may not be.
    """
    while True:
        start = file.tell()
        block = file.read(_BLOCK) + file.readline(2 * _LONGEST)
        if not block:
            return
        if not _is_plain(block):
            file.seek(start)
            return
        yield block


def plain_columns(
    block: bytes, separator: str, places: Mapping[str, int], width: int
) -> dict[str, Any] | None:
    """
    Return the columns of plain lines, without blanks around.

    Args:
        block: the lines.
        separator: of columns.
        places: of the columns, by name.
        width: how many columns there are.

    Returns:
        Arrays of texts; None where a line has more or fewer columns, or is no UTF-8.
    """
    try:
        block.decode()
        table = arrow.read_csv(
            pa.BufferReader(block),
            arrow.ReadOptions(
                use_threads=False,
                block_size=len(block) + 1,
                column_names=[f"{place}" for place in range(width)],
            ),
            arrow.ParseOptions(
                delimiter=separator,
                quote_char=False,
                double_quote=False,
                ignore_empty_lines=False,
            ),
            arrow.ConvertOptions(
                column_types={f"{place}": pa.string() for place in places.values()},
                include_columns=[f"{place}" for place in places.values()],
                strings_can_be_null=False,
            ),
        )
    except (UnicodeDecodeError, pa.ArrowInvalid):
        return None
    has_blanks = any(blank in block for blank in _BLANKS)
    found = {}
    for name, place in places.items():
        column = table.column(f"{place}").combine_chunks()
        if has_blanks or not pc.all(pc.string_is_ascii(column)).as_py():
            found[name] = pa.array([text.strip() for text in column.to_pylist()])
        else:
            found[name] = pc.ascii_trim_whitespace(column)
    return found
