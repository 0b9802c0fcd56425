"""The journal of ``Transfers`` as a recording: each answer that a payment received."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from kesspay.audit.fields import TIME
from kesspay.audit.options import no_column
from kesspay.audit.rows import Damaged, Rows
from kesspay.transfers.reader import rows_of_file


if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from kesspay.audit.options import Options


__all__ = ["COLUMNS", "read_journal"]

#: What an ``--id`` of a journal may name.
COLUMNS: Final = ("payment_id", "number", "attempt", "what", "code")
_ROWS: Final = 1024
_QUERY: Final = (
    "SELECT payment_id, number, attempt, what, code, at, sent, received FROM entries"
    " WHERE received IS NOT NULL ORDER BY payment_id, number"
)


def read_journal(path: str | PathLike[str], options: Options) -> Iterator[Rows]:
    """
    Yield the answers in the order of payments; time, service and request are known.

    The file is opened to be read only. A journal that is in use is read as it was
    when the reading began.

    Raises:
        Damaged: it is no journal, or cannot be read any further.
        InputError: an ``--id`` names no column of a journal.
    """
    for name in options.ids:
        if name not in COLUMNS:
            raise no_column(name, COLUMNS, "a journal")
    row = 0
    try:
        for found in rows_of_file(path, _QUERY, _ROWS):
            yield _rows(found, row, options)
            row += len(found)
    except sqlite3.Error:
        raise Damaged("it is no whole journal of Transfers", row) from None


def _rows(found: list[tuple[Any, ...]], first: int, options: Options) -> Rows:
    names = (*COLUMNS, "at", "sent", "received")
    columns = dict(zip(names, zip(*found, strict=True), strict=True))
    return Rows(
        numbers=np.arange(first, first + len(found)),
        bodies=pa.array(columns["received"], pa.binary()),
        size=sum(map(len, columns["received"])),
        times=pa.array([round(at * 1_000_000) for at in columns["at"]]).cast(TIME),
        services=pa.array(columns["what"], pa.string()),
        requests=pa.array(columns["sent"], pa.binary()),
        ids=[
            pa.array(list(map(str, columns[name])), pa.string()) for name in options.ids
        ],
    )
