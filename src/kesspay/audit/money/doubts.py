"""
Which transfers a check could name: most have no fault, and need no check.

A check says beside ``doubt`` in its head what is true of each transfer that it names,
as a condition on the rows of that transfer. One query over a share asks for all
conditions at once, and the checks read the rows of those transfers alone.

The rows of a transfer are those of one mark. Where keys differ within a mark, or a row
belongs to two shares, all of it is in doubt, so that a condition is about one key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from kesspay.audit.money.checks import BESIDE


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from kesspay.audit.money.shares import Share


__all__ = ["marks_in_doubt", "rows_in_doubt"]

_ALWAYS: Final = ("max(other) > 0", "min(key) <> max(key)")


def marks_in_doubt(
    kinds: Iterable[str], keys: Sequence[str], conditions: Iterable[str]
) -> str:
    """
    Return a query for the marks of the transfers in doubt.

    Args:
        kinds: of the rows; their tables have "_page" behind the name. A column of the
            name of a kind is 1 in its rows, and null in others.
        keys: columns of facts, of which the first that is not null is their key.
        conditions: for a doubt.
    """
    rows = []
    for kind in kinds:
        key = f"coalesce({', '.join(keys)})" if kind == "facts" else "out_trade_no"
        table = f"{kind}_page"
        if kind in BESIDE:
            table = f"({BESIDE[kind].replace(f'{kind}_rows', table)})"
        rows.append(f"SELECT 1 AS {kind}, {key} AS key, * FROM {table}")  # noqa: S608 - names of ours
    every = " UNION ALL BY NAME ".join(rows)
    doubts = " OR ".join(f"({one})" for one in dict.fromkeys([*_ALWAYS, *conditions]))
    return f"SELECT mark FROM ({every}) AS every_row GROUP BY mark HAVING {doubts}"  # noqa: S608 - names of ours


def rows_in_doubt(share: Share, marks: NDArray[np.uint64]) -> Iterator[tuple[str, Any]]:
    """
    Yield the rows of a share that have one of these marks.

    Args:
        share: of all rows.
        marks: in any order.

    Returns:
        Kinds and RecordBatches: of each kind at least one, which may have no rows.
    """
    wanted = np.sort(marks)
    for name in share.names:
        reader = share.reader(name)
        yield name, pa.RecordBatch.from_pylist([], reader.schema)
        if not len(wanted):
            continue
        for batch in reader:
            found = batch.column("mark").to_numpy()
            places = np.searchsorted(wanted, found[:])
            places[places == len(wanted)] = 0
            rows = np.flatnonzero(wanted[places] == found)
            if len(rows):
                yield name, batch.take(pa.array(rows))
