"""Fields of a recording: times in any spelling, and bodies as loggers write them."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.audit.options import Encoding


__all__ = ["TIME", "decoded", "is_time", "times_of"]

#: The type of seen_at.
TIME: Final = pa.timestamp("us", "UTC")
_NAIVE: Final = pa.timestamp("us")

#: Numbers below are seconds since 1970, then milliseconds, microseconds, nanoseconds.
_STEPS: Final = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1))
_CLF: Final = "%d/%b/%Y:%H:%M:%S %z"
_NUMBER: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,9})?")
_HEX: Final = re.compile(rb"\\x([0-9A-Fa-f]{2})")


def is_time(kind: Any) -> bool:  # noqa: ANN401 - a DataType
    """Return whether a column of this type can hold times."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (
        *(pa.types.is_timestamp, pa.types.is_date, pa.types.is_integer),
        *(pa.types.is_floating, pa.types.is_string, pa.types.is_large_string),
        *(pa.types.is_string_view, pa.types.is_null),
    )
    return any(test(value) for test in tests)


def times_of(column: Any) -> Any:  # noqa: ANN401 - of pyarrow
    """
    Return a column of times as timestamps; null where a time cannot be read.

    Args:
        column: timestamps (UTC where they have no zone), dates, ISO 8601 texts, the
            times of web servers, or numbers since 1970 in seconds, milliseconds,
            microseconds or nanoseconds, whichever falls between 1973 and 5138.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return times_of(column.dictionary_decode())
    if pa.types.is_null(kind):
        return column.cast(TIME)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        zone = getattr(kind, "tz", None)
        return (
            column.cast(pa.timestamp("us", zone), safe=False)
            .cast(pa.int64())
            .cast(TIME)
        )
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _of_numbers(column)
    return _of_texts(column)


def _of_numbers(column: Any) -> Any:  # noqa: ANN401 - of pyarrow
    known = np.asarray(column.is_valid())
    exact = pa.types.is_integer(column.type)
    given = np.asarray(pc.fill_null(column, 0))
    known = known & np.isfinite(given.astype(np.float64))
    # A number beyond any date has no time.
    known &= np.abs(given.astype(np.float64)) < 9e18
    given = np.where(known, given, 0)
    size = np.abs(given.astype(np.float64))
    micros = given // 1_000 if exact else given / 1_000
    for limit, factor in reversed(_STEPS):
        micros = np.where(size < limit, given * factor, micros)
    return pa.array(micros.astype(np.int64), mask=~known).cast(TIME)


def _of_texts(column: Any) -> Any:  # noqa: ANN401 - of pyarrow
    texts = column.cast(pa.string())
    for kind in (TIME, _NAIVE):
        try:
            return texts.cast(kind).cast(pa.int64()).cast(TIME)
        except pa.ArrowInvalid:
            continue
    return pa.array([_of_text(text) for text in texts.to_pylist()], TIME)


def _of_text(text: str | None) -> datetime | None:
    if text is None:
        return None
    bare = text.strip()
    if _NUMBER.fullmatch(bare):
        found: datetime | None = _of_numbers(pa.array([float(bare)]))[0].as_py()
        return found
    for read in (datetime.fromisoformat, _of_clf):
        try:
            moment = read(bare)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _of_clf(text: str) -> datetime:
    # The format has a zone.
    return datetime.strptime(text, _CLF)  # noqa: DTZ007 - %z is a part of it


def decoded(
    bodies: list[bytes | None], encoding: Encoding
) -> tuple[list[bytes | None], dict[int, str]]:
    """
    Undo what a logger did to bodies.

    Args:
        bodies: as they stand in the log.
        encoding: how it writes them.

    Returns:
        The bodies, and why some of them cannot be read: ``body_encoding``.
    """
    if encoding == "text":
        return bodies, {}
    decode = _DECODERS[encoding]
    found: list[bytes | None] = []
    failed: dict[int, str] = {}
    for at, body in enumerate(bodies):
        try:
            found.append(None if body is None else decode(body))
        except ValueError:
            found.append(None)
            failed[at] = "body_encoding"
    return found, failed


def _of_base64(body: bytes) -> bytes:
    return base64.b64decode(body, validate=True)


def _of_hex(body: bytes) -> bytes:
    return binascii.unhexlify(body)


def _of_nginx(body: bytes) -> bytes | None:
    # A variable without a value.
    if body == b"-":
        return None
    if b"\\" not in body:
        return body
    return _HEX.sub(lambda match: bytes([int(match[1], 16)]), body)


_DECODERS: Final[dict[str, Callable[[bytes], bytes | None]]] = {
    "base64": _of_base64,
    "hex": _of_hex,
    "nginx": _of_nginx,
}
