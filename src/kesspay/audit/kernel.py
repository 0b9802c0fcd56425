"""
The verdict on each body of an Arrow column: all that the runner and the engines call.

::

    kernel = Kernel(Ring.load("ring.toml"))
    kernel.verdicts(bodies, times)   # a RecordBatch: verdict, status, key

A row's verdict is one of ``VERDICTS``:

authentic
    the signature is that of a key of the ring, in its window where times are known.
outside_window
    the signature is right, and the row's time is outside of the key's window. The
    recording states the time; no signature covers it.
refused
    not authentic; ``status`` says why.
unsigned
    there is no ``sign``, as in answers that the gateway gives before it knows a
    partner. Anyone can write one.
no_body
    null: there was nothing to judge.
unreadable
    it was not judged: libcrypto failed, or the memory was full. A reader gives this
    verdict to a line that has no body.

``status`` is a kess_status, null where there was no body; ``key`` is the name in the
ring of the key that verified, else null.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
import pyarrow as pa

from kesspay._checks import named
from kesspay._version import __version__
from kesspay.audit.arguments import require
from kesspay.audit.ring import Ring
from kesspay.errors import InputError
from kesspay.signing.arguments import require_profile
from kesspay.signing.backend import current
from kesspay.signing.documents import canonicalize_many
from kesspay.signing.profile import PHP_8, Profile
from kesspay.signing.status import VerifyStatus


if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


__all__ = [
    "AUTHENTIC",
    "NAMES",
    "NO_BODY",
    "OUTSIDE_WINDOW",
    "PLAIN",
    "REFUSED",
    "UNREADABLE",
    "UNSIGNED",
    "VERDICTS",
    "Kernel",
    "names_of",
    "signed_columns",
    "texts_of",
]

VERDICTS: Final = (
    *("authentic", "outside_window", "refused", "unsigned", "no_body", "unreadable"),
)
AUTHENTIC, OUTSIDE_WINDOW, REFUSED, UNSIGNED, NO_BODY, UNREADABLE = range(6)

#: The type of columns of names; Parquet gives it back as it was.
NAMES: Final = pa.dictionary(pa.int32(), pa.string())
_FIELDS: Final = pa.schema([("verdict", NAMES), ("status", pa.int16()), ("key", NAMES)])
#: The same columns without dictionaries, for engines.
PLAIN: Final = pa.schema(
    [("verdict", pa.string()), ("status", pa.int16()), ("key", pa.string())]
)
_VERDICTS: Final = pa.array(VERDICTS)

_MISMATCH: Final = VerifyStatus.MISMATCH.value
_SIGN_LENGTH: Final = VerifyStatus.SIGN_LENGTH.value
_SIGN_MISSING: Final = VerifyStatus.SIGN_MISSING.value
#: Statuses that say that a document was not checked.
_NOT_JUDGED: Final = (
    *(VerifyStatus.LENGTH.value, VerifyStatus.MEMORY.value, VerifyStatus.CRYPTO.value),
)
#: Stands for a status and a key that are null.
_NONE: Final = -1

#: Rows that are judged at a time: what views and dictionaries are unpacked for.
_ROWS: Final = 16_384

_warned: Final[list[bool]] = []


@final
class Kernel:
    """
    Verifies bodies with a ring of keys.

    It can be pickled. Another version of kesspay refuses to load it, since two
    versions could judge one body differently.
    """

    __slots__ = ("profile", "ring")

    def __init__(self, ring: Ring, profile: Profile = PHP_8) -> None:
        """
        Make a kernel.

        Args:
            ring: the keys.
            profile: the PHP settings of the gateway.

        Raises:
            InputError: an argument of the wrong type.
        """
        if not isinstance(ring, Ring):
            raise InputError(f"a Kernel needs a Ring, not {named(type(ring))}")
        require_profile(profile)
        self.ring = ring
        self.profile = profile

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle ring, profile and version."""
        return _restored, (__version__, self.ring, self.profile)

    def verdicts(self, bodies: Any, times: Any = None, threads: int = 1) -> Any:  # noqa: ANN401 - of pyarrow, which has no types
        """
        Return the verdict on each body.

        Args:
            bodies: an Arrow column of binary or text, in any layout, or a list.
            times: when each body was received: an Arrow column of timestamps, in UTC
                where they have no zone. None checks no windows; a null checks none
                for its row.
            threads: how many threads may work at once.

        Returns:
            A RecordBatch with the columns verdict, status and key, in the order of
            the bodies.

        Raises:
            InputError: an argument of the wrong type, or more or fewer times than
                bodies.
        """
        _warn_of_pure_python()
        chunks = _chunks(bodies)
        count = sum(map(len, chunks))
        when = None if times is None else _micros(times, count)
        found = _Found(count)
        first = 0
        for part in _parts(chunks):
            last = first + len(part)
            moments = (
                None if when is None else (when[0][first:last], when[1][first:last])
            )
            self._judge(part, moments, threads, found, first)
            first = last
        return found.batch(self.ring)

    def canonical(self, bodies: Any, verdicts: Any, threads: int = 1) -> Any:  # noqa: ANN401 - of pyarrow
        """
        Return the canonical bytes of each body that verified, else null.

        Read values only from these bytes: they were signed.

        Args:
            bodies: the bodies, as for ``verdicts``.
            verdicts: the result of ``verdicts`` for them.
            threads: how many threads may work at once.

        Returns:
            An array of large_binary. It has the bytes of a body outside its key's
            window, too, since that body verified.
        """
        wanted = "what Kernel.verdicts returned for these bodies"
        require("verdicts", verdicts, wanted, "column", "num_rows")
        verified = np.asarray(verdicts.column("key").is_valid())
        rows = np.flatnonzero(verified)
        texts = texts_of(bodies)
        if len(rows) != len(texts):
            texts = texts.take(pa.array(rows))
        made = canonicalize_many(texts, threads=threads, profile=self.profile)
        texts = pa.LargeBinaryArray.from_buffers(
            pa.large_binary(),
            len(made),
            [None, pa.py_buffer(made.offsets), pa.py_buffer(made.data)],
        )
        if len(rows) == len(verified):
            return texts
        places = np.cumsum(verified) - 1
        return texts.take(pa.array(places, mask=~verified))

    def _judge(
        self,
        bodies: Any,  # noqa: ANN401 - a pyarrow.Array
        when: tuple[NDArray[Any], NDArray[Any]] | None,
        threads: int,
        found: _Found,
        first: int,
    ) -> None:
        """Judge some rows, and write what was found."""
        count = len(bodies)
        status = found.status[first : first + count]
        key = found.key[first : first + count]
        left = np.arange(count)
        if bodies.null_count:
            left = left[np.asarray(bodies.is_valid())]
        windows = self._windows(when, count)
        for at, inside in _rounds(windows):
            rows = left if inside is None else left[inside[left]]
            if not len(rows):
                continue
            some = bodies if len(rows) == count else bodies.take(pa.array(rows))
            verdicts = self.ring.keys[at].key.verify_documents(
                some, threads=threads, profile=self.profile
            )
            if len(rows) == count and verdicts.count(VerifyStatus.OK) == count:
                # As almost always; the rest takes three times as long.
                status[:], key[:] = 0, at
                break
            new = np.fromiter(verdicts, np.int16, len(rows))
            # MISMATCH stays where another key has another length.
            keep = (new == _SIGN_LENGTH) & (status[rows] == _MISMATCH)
            status[rows] = np.where(keep, _MISMATCH, new)
            key[rows[new == 0]] = at
            # Only another key may lift these two.
            undecided = (status == _MISMATCH) | (status == _SIGN_LENGTH)
            decided = (status != _NONE) & ~undecided
            if decided.any():
                left = left[~decided[left]]
        found.judge(first, count, windows)

    def _windows(
        self, when: tuple[NDArray[Any], NDArray[Any]] | None, count: int
    ) -> list[NDArray[Any] | None]:
        """Return for each key which rows its window holds; None for every row."""
        found: list[NDArray[Any] | None] = []
        for one in self.ring.keys:
            if when is None or not one.has_window:
                found.append(None)
                continue
            micros, known = when
            since, until = one.bounds(self.ring.skew)
            inside = np.ones(count, bool)
            if since is not None:
                inside &= micros >= since
            if until is not None:
                inside &= micros < until
            inside |= ~known
            found.append(None if inside.all() else inside)
        return found


class _Found:
    """What is known of each row so far."""

    def __init__(self, count: int) -> None:
        """Know nothing."""
        self.verdict = np.full(count, NO_BODY, np.int32)
        self.status = np.full(count, _NONE, np.int16)
        self.key = np.full(count, _NONE, np.int32)

    def judge(self, first: int, count: int, windows: list[NDArray[Any] | None]) -> None:
        """Turn statuses into verdicts."""
        place = slice(first, first + count)
        status, key = self.status[place], self.key[place]
        verdict = self.verdict[place]
        verdict[status == 0] = AUTHENTIC
        if status.any():
            verdict[status > 0] = REFUSED
            verdict[status == _SIGN_MISSING] = UNSIGNED
            verdict[np.isin(status, _NOT_JUDGED)] = UNREADABLE
        for at, inside in enumerate(windows):
            if inside is not None:
                verdict[(key == at) & ~inside] = OUTSIDE_WINDOW

    def batch(self, ring: Ring) -> Any:  # noqa: ANN401 - a RecordBatch
        """Return the columns."""
        names = pa.array([one.name for one in ring.keys], pa.string())
        return pa.record_batch(
            [
                pa.DictionaryArray.from_arrays(pa.array(self.verdict), _VERDICTS),
                pa.array(self.status, mask=self.status == _NONE),
                names_of(self.key, names),
            ],
            schema=_FIELDS,
        )


def names_of(places: NDArray[Any], names: Any) -> Any:  # noqa: ANN401 - of pyarrow
    """Return a column of names from their places in a list; below 0 stands for null."""
    return pa.DictionaryArray.from_arrays(
        pa.array(places, pa.int32(), mask=places < 0), names
    )


def _rounds(
    windows: list[NDArray[Any] | None],
) -> Iterator[tuple[int, NDArray[Any] | None]]:
    """
    Yield which key is tried on which rows (None for every row).

    Every key is tried on the rows in its window before any is tried on the others, and
    the key whose window holds most rows comes first.
    """

    def missed(at: int) -> int:
        inside = windows[at]
        return 0 if inside is None else int(len(inside) - np.count_nonzero(inside))

    order = sorted(range(len(windows)), key=missed)
    for at in order:
        yield at, windows[at]
    for at in order:
        inside = windows[at]
        if inside is not None:
            yield at, ~inside


def texts_of(bodies: Any) -> Any:  # noqa: ANN401 - of pyarrow
    """Return one array of binary or text with the bodies of an Arrow column."""
    chunks = [_plain(chunk) for chunk in _chunks(bodies)]
    if len(chunks) == 1:
        return chunks[0]
    return pa.concat_arrays([chunk.cast(pa.large_binary()) for chunk in chunks])


def _chunks(bodies: Any) -> list[Any]:  # noqa: ANN401 - of pyarrow
    """Return the arrays of a column, of any type of texts."""
    if isinstance(bodies, pa.ChunkedArray):
        found = bodies.chunks or [pa.array([], bodies.type)]
    elif isinstance(bodies, pa.Array):
        found = [bodies]
    elif hasattr(bodies, "__arrow_c_array__"):
        found = [pa.array(bodies)]
    elif hasattr(bodies, "__arrow_c_stream__"):
        return _chunks(pa.chunked_array(bodies))
    else:
        found = [_listed(bodies)]
    if not _is_text(found[0].type):
        raise InputError(
            "bodies must be a column of binary or text (also large, fixed-size, view"
            f" or dictionary), not of {str(found[0].type)[:40]}"
        )
    return found


def _listed(bodies: Any) -> Any:  # noqa: ANN401 - of pyarrow
    try:
        return pa.array(
            [one.encode() if isinstance(one, str) else one for one in bodies],
            pa.large_binary(),
        )
    except (TypeError, ValueError, pa.ArrowException):
        raise InputError(
            "bodies must be an Arrow column, or a list of bytes, str and None"
        ) from None


def _is_text(kind: Any) -> bool:  # noqa: ANN401 - a DataType
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    tests = (
        *(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view),
        *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
        *(pa.types.is_fixed_size_binary, pa.types.is_null),
    )
    return any(test(kind) for test in tests)


def _parts(chunks: list[Any]) -> Iterator[Any]:
    """Yield the rows a part at a time, unpacked."""
    for chunk in chunks:
        for start in range(0, len(chunk), _ROWS):
            yield _plain(chunk.slice(start, _ROWS))


def _plain(chunk: Any) -> Any:  # noqa: ANN401 - a pyarrow.Array
    """Unpack what pyarrow cannot take rows of, or what holds a null in two ways."""
    kind = chunk.type
    if pa.types.is_dictionary(kind):
        return _plain(chunk.dictionary_decode())
    if pa.types.is_binary_view(kind) or pa.types.is_string_view(kind):
        return chunk.cast(
            pa.large_binary() if pa.types.is_binary_view(kind) else pa.large_string()
        )
    if pa.types.is_null(kind) or pa.types.is_fixed_size_binary(kind):
        return chunk.cast(pa.binary())
    return chunk


def _micros(times: Any, count: int) -> tuple[NDArray[Any], NDArray[Any]]:  # noqa: ANN401 - of pyarrow
    """Return microseconds since 1970, and which of them are known."""
    column = times
    if not isinstance(column, (pa.Array, pa.ChunkedArray)):
        is_column = hasattr(times, "__arrow_c_stream__")
        try:
            column = pa.chunked_array(times) if is_column else pa.array(times)
        except (TypeError, pa.ArrowException):
            column = None
        if column is None:
            raise InputError(
                "times must be a column of timestamps, or a list of datetime and None"
            )
    if pa.types.is_null(column.type):
        column = column.cast(pa.timestamp("us"))
    if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
        raise InputError(
            f"times must be a column of timestamps, not of {str(column.type)[:40]}"
        )
    if len(column) != count:
        raise InputError(f"there are {count} bodies and {len(column)} times")
    zone = getattr(column.type, "tz", None)
    column = column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
    known = np.asarray(column.is_valid())
    return np.asarray(column.fill_null(0)), known


def _restored(version: str, ring: Ring, profile: Profile) -> Kernel:
    if version != __version__:
        raise InputError(
            f"this Kernel was made by kesspay {version}, and this machine has"
            f" {__version__}: install the same version everywhere. Nothing was judged"
        )
    return Kernel(ring, profile)


def _warn_of_pure_python() -> None:
    """
    Say once that this process runs without the native core.

    Warns:
        RuntimeWarning: it does.
    """
    if current().name == "native" or _warned:
        return
    _warned.append(True)
    warnings.warn(
        "kesspay runs in pure Python here, which takes 2.3 times the CPU for an audit;"
        " the verdicts are the same. Install a wheel, or a C compiler and the OpenSSL"
        " headers, and then kesspay again",
        RuntimeWarning,
        stacklevel=3,
    )


def signed_columns(
    kernel: Kernel,
    own: Kernel | None,
    bodies: Any,  # noqa: ANN401 - of pyarrow
    found: Any,  # noqa: ANN401 - of pyarrow
    requests: Any,  # noqa: ANN401 - of pyarrow
) -> list[Any]:
    """Return the canonical bytes of answers and of requests, where they verified."""
    answers = kernel.canonical(bodies, found).cast(pa.binary())
    if own is None or requests is None:
        return [answers, pa.nulls(len(answers), pa.binary())]
    asked = own.canonical(requests, own.verdicts(requests))
    return [answers, asked.cast(pa.binary())]
