"""Rows as every reader gives them, whatever the recording is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["Damaged", "Rows", "limited"]

#: Why a row is ``unreadable``; words of ``causes.parquet``.
TOO_LONG: Final = "body_too_long"


class Damaged(Exception):
    """
    The rest of an input cannot be read. What came before it was judged.

    Attributes:
        row: the first row that was not read, or None where it is not known.
    """

    def __init__(self, why: str, row: int | None = None) -> None:
        """Store why, in words for the user."""
        super().__init__(why)
        self.row = row


@dataclass(slots=True)
class Rows:
    """
    Some rows of one input, in its order.

    Attributes:
        numbers: row or line of each, from 0.
        bodies: an Arrow array of texts; null where there is no body.
        size: bytes of the input that were read for them.
        offsets: where the line of each begins, or None.
        times: timestamps, or None.
        services: an array of texts, or None.
        requests: an array of texts, or None.
        ids: an array for each ``--id``.
        reencoded: whether a body was an object in its line, or None.
        unreadable: why some rows have no body that could be judged.
    """

    numbers: NDArray[Any]
    bodies: Any
    size: int
    offsets: NDArray[Any] | None = None
    times: Any = None
    services: Any = None
    requests: Any = None
    ids: list[Any] = field(default_factory=list)
    reencoded: NDArray[Any] | None = None
    unreadable: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.numbers)


def limited(rows: Rows, longest: int) -> Rows:
    """Take away bodies that are longer than allowed, which are unreadable then."""
    lengths = pc.binary_length(rows.bodies)
    # As almost always; where nothing has a length, there is none to compare.
    if (pc.max(lengths).as_py() or 0) <= longest:
        return rows
    longer = pc.fill_null(pc.greater(lengths, longest), False)  # noqa: FBT003 - of pyarrow
    nothing = pa.scalar(None, rows.bodies.type)
    rows.bodies = pc.if_else(longer, nothing, rows.bodies)
    for at in np.flatnonzero(np.asarray(longer)).tolist():
        rows.unreadable[at] = TOO_LONG
    return rows
