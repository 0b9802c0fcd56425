"""Plain logs: a body in each line, alone or where an expression finds it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from kesspay.audit.fields import decoded, times_of
from kesspay.audit.rows import TOO_LONG, Rows


if TYPE_CHECKING:
    import re

    from kesspay.audit.options import Options
    from kesspay.audit.texts import Block


__all__ = ["rows_of"]

#: Why a line is ``unreadable``: the expression does not fit it.
NO_MATCH: Final = "line_no_match"


def rows_of(block: Block, pattern: re.Pattern[bytes] | None, options: Options) -> Rows:
    """
    Return the rows of a block of lines; blank lines are no rows.

    Args:
        block: the lines.
        pattern: finds ``body`` and ``time`` in a line, and columns by their names;
            None where a line is a body.
        options: of the run.
    """
    numbers: list[int] = []
    offsets: list[int] = []
    bodies: list[bytes | None] = []
    found: list[dict[str, bytes | None]] = []
    unreadable: dict[int, str] = {}
    if block.is_cut:
        numbers, offsets, bodies, found = [0], [0], [None], [{}]
        unreadable[0] = TOO_LONG
    else:
        bounds = [0, *block.ends.tolist()]
        for number, (start, end) in enumerate(pairwise(bounds)):
            line = block.data[start:end].rstrip(b"\r\n")
            if not line.strip():
                continue
            numbers.append(number)
            offsets.append(start)
            groups: dict[str, bytes | None] = {}
            body: bytes | None = line
            if pattern is not None:
                match = pattern.search(line)
                if match is None:
                    unreadable[len(bodies)] = NO_MATCH
                groups = match.groupdict() if match else {}
                body = groups.get("body")
            bodies.append(body)
            found.append(groups)
    plain, failed = decoded(bodies, options.body_encoding)
    for at, why in failed.items():
        unreadable.setdefault(at, why)

    def texts(name: str) -> Any:  # noqa: ANN401 - of pyarrow
        words = [groups.get(name) for groups in found]
        return pa.array(
            [word and word.decode("utf-8", "backslashreplace") for word in words],
            pa.string(),
        )

    has_time = pattern is not None and "time" in pattern.groupindex
    requests = None
    if options.request:
        requests = pa.array([groups.get(options.request) for groups in found])
        requests = requests.cast(pa.binary())
    return Rows(
        numbers=np.array(numbers, np.int64) + block.row,
        bodies=pa.array(plain, pa.large_binary()),
        size=block.size,
        offsets=np.array(offsets, np.int64) + block.offset,
        times=times_of(texts("time")) if has_time else None,
        services=texts(options.service) if options.service else None,
        requests=requests,
        ids=[texts(name) for name in options.ids],
        unreadable=unreadable,
    )
