"""
Batches: canonicalize, sign or verify many documents in one call.

The verdicts are those of the functions for one document, as statuses instead
of exceptions. Documents are cut into slices; one C call processes a slice
without the GIL, and threads share the slices: that of the caller is one of them.
A call for each document in a thread pool would spend its time on the pool. Where
the documents are bytes or an Arrow array of concatenated texts, no Python code
runs for each of them.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Mapping
from itertools import chain, islice
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar, cast, final

from kesspay.errors import BackendError, CanonicalizationError, InputError
from kesspay.signing.arguments import Text, text_bytes
from kesspay.signing.columns import Listed
from kesspay.signing.status import VerifyStatus, status_of


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Protocol

    from kesspay.signing.backend import PublicHandle
    from kesspay.signing.columns import Column, Texts, Written
    from kesspay.signing.profile import Profile

    class ArrowArray(Protocol):
        """An array of the Arrow C data interface, such as a pyarrow.Array."""

        def __arrow_c_array__(
            self, requested_schema: object = None
        ) -> tuple[object, object]:
            """Return the capsules of schema and array."""

    class ArrowStream(Protocol):
        """A column in chunks: a pyarrow.ChunkedArray, a Series of polars."""

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            """Return the capsule of a stream of arrays."""

    Documents: TypeAlias = Iterable[Text] | ArrowArray | ArrowStream
    """
    Many documents: bytes, bytearray, memoryview or str each, or an Arrow column of
    texts. A null of Arrow is no text: its status is SYNTAX, as that of an empty text.
    """


_Made = TypeVar("_Made")

__all__ = ["Batch", "VerifyStatus", "body_list", "verify_documents", "write_documents"]

#: Below this many documents a thread costs more than it saves.
_MIN_SLICE: Final = 64
#: A slice is at most this long, so that its copy stays small.
_MAX_SLICE: Final = 1024
_MAX_SLICE_BYTES: Final = 16 << 20
#: Of several threads each takes so many parts of what is left for it at most: slices
#: become shorter, and threads finish together, also where one core is slower.
_PARTS_OF_THE_REST: Final = 2
#: Signatures are verified so many at a time, and one that is left over takes as long
#: as three of them.
_LANES: Final = 8


#: Types that hold no Arrow column, which need no look at their attributes.
_NO_ARROW: Final = frozenset({list, tuple})


class _ByValue(dict[int, VerifyStatus]):
    """The VerifyStatus of each kess_status."""

    def __missing__(self, value: int) -> VerifyStatus:
        """Return CRYPTO for an unknown status: the document was not checked."""
        return VerifyStatus.CRYPTO


_BY_VALUE: Final = _ByValue((status.value, status) for status in VerifyStatus)


@final
class Batch:
    """
    The outputs for many documents, in the order of the documents.

    ``batch[i]`` are the bytes for document i, or None where its status is
    not OK. The bytes are in one buffer, laid out as a LargeBinary array of
    Arrow, which can be used without a copy::

        pyarrow.LargeBinaryArray.from_buffers(
            pyarrow.large_binary(),
            len(batch),
            [None, pyarrow.py_buffer(batch.offsets), pyarrow.py_buffer(batch.data)],
        )

    Attributes:
        statuses: the verdict on each document.
        data: all outputs, concatenated.
        offsets: 64-bit integers; output i is data[offsets[i]:offsets[i + 1]].
    """

    __slots__ = ("data", "offsets", "statuses")

    def __init__(
        self, statuses: list[VerifyStatus], data: bytes, offsets: array[int]
    ) -> None:
        """Take the parts as they are."""
        self.statuses = statuses
        self.data = data
        self.offsets = offsets

    def __len__(self) -> int:
        """Count the documents."""
        return len(self.statuses)

    def __getitem__(self, index: int) -> bytes | None:
        """
        Return the bytes for one document, or None where its status is not OK.

        Raises:
            IndexError: there is no such document.
        """
        if self.statuses[index] is not VerifyStatus.OK:
            return None
        at = index % len(self.statuses)
        return self.data[self.offsets[at] : self.offsets[at + 1]]

    def __iter__(self) -> Iterator[bytes | None]:
        """Yield the bytes for each document."""
        return map(self.__getitem__, range(len(self)))

    def __repr__(self) -> str:
        """Show the number of documents, and how many are OK."""
        good = self.statuses.count(VerifyStatus.OK)
        return f"<Batch of {len(self)}, {good} of them OK>"


def verify_documents(
    handle: PublicHandle,
    bodies: Documents,
    profile: Profile,
    max_depth: int,
    threads: int | None,
) -> list[VerifyStatus]:
    """
    Return the verdict of ``verify_document`` for each body, in order.

    Args:
        handle: the key.
        bodies: bytes, bytearray, memoryview or str each, or an Arrow column.
        profile: the PHP settings of the gateway.
        max_depth: nested containers allowed.
        threads: at most this many; None for one on each usable processor.

    Raises:
        CanonicalizationError: ``type`` where a body is no text.
        InputError: threads is not a positive number, or bodies cannot be
            iterated.
    """
    workers = _workers(threads)
    columns, refused = _columns("bodies", bodies)
    parts = _done(
        lambda part: _verdicts(handle.verify_documents(part, profile, max_depth)),
        columns,
        workers,
    )
    return _statuses(parts, _count(columns), refused)


def write_documents(
    write: Callable[[Texts], Written],
    documents: Documents,
    threads: int | None,
) -> Batch:
    """
    Return what a backend writes for each document.

    Args:
        write: writes a slice of the documents.
        documents: bytes, bytearray, memoryview or str each, or an Arrow column.
        threads: at most this many; None for one on each usable processor.

    Raises:
        CanonicalizationError, InputError: as ``verify_documents`` does.
    """
    workers = _workers(threads)
    columns, refused = _columns("documents", documents)
    parts = _done(write, columns, workers)
    verdicts = [_verdicts(part.statuses) for part in parts]
    statuses = _statuses(verdicts, _count(columns), refused)
    offsets = array("q", [0])
    for part in parts:
        # The first offset of a part is the last one of the parts before it.
        start = offsets.pop()
        offsets.extend([start + at for at in part.offsets] if start else part.offsets)
    return Batch(statuses, b"".join(part.data for part in parts), offsets)


def body_list(bodies: Documents, name: str = "bodies") -> Sequence[Text]:
    """Return bodies as a sequence; one body alone is refused (InputError)."""
    columns = _arrow(bodies)
    if columns is not None:
        return list(chain.from_iterable(columns))
    if not isinstance(bodies, (str, bytes, bytearray, memoryview, Mapping)):
        try:
            items = iter(cast("Iterable[Text]", bodies))
        except TypeError:
            pass
        else:
            return list(items)
    raise InputError(f"{name} must be a sequence of {name}, or an Arrow column")


def _workers(threads: int | None) -> int:
    if threads is None:
        return _usable_processors()
    if type(threads) is not int or threads < 1:
        raise InputError("threads must be None or a positive int")
    return threads


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _arrow(documents: object) -> Sequence[Column] | None:
    """Return the texts of an Arrow column, or None where it is something else."""
    if type(documents) in _NO_ARROW:
        return None
    # Imported here: nothing else needs ctypes.
    from kesspay.signing.arrow import read_columns

    return read_columns(documents)


def _columns(
    name: str, documents: Documents
) -> tuple[Sequence[Column], dict[int, VerifyStatus]]:
    """Return the documents as bytes, and the statuses of those refused already."""
    columns = _arrow(documents)
    if columns is not None:
        return columns, {}
    listed = body_list(documents, name)
    if set(map(type, listed)) <= {bytes}:
        return [Listed(listed)], {}  # type: ignore[arg-type] # as has just been seen
    texts: list[bytes] = []
    refused: dict[int, VerifyStatus] = {}
    for index, document in enumerate(listed):
        try:
            texts.append(text_bytes(document))
        except CanonicalizationError as error:
            if error.reason == "type":
                raise CanonicalizationError("type", path=f"{name}[{index}]") from None
            texts.append(b"")
            refused[index] = status_of(error)
    return [Listed(texts)], refused


def _count(columns: Sequence[Column]) -> int:
    return sum(map(len, columns))


def _slices(
    columns: Sequence[Column], workers: int
) -> Iterator[tuple[Column, int, int]]:
    """Yield the bounds of slices: shorter ones towards the end of all texts."""
    left = _count(columns)
    for column in columns:
        start, count = 0, len(column)
        while start < count:
            share = left // (workers * _PARTS_OF_THE_REST) if workers > 1 else left
            share -= share % _LANES
            size = min(max(share, _MIN_SLICE), _MAX_SLICE)
            stop = column.stop(start, size, _MAX_SLICE_BYTES)
            yield column, start, stop
            left -= stop - start
            start = stop


def _done(
    work: Callable[[Texts], _Made], columns: Sequence[Column], workers: int
) -> list[_Made]:
    """Process each slice of the texts, in up to ``workers`` threads."""
    slices = _slices(columns, workers)
    if workers == 1:
        return [work(column.part(start, stop)) for column, start, stop in slices]
    first = list(islice(slices, min(workers, _count(columns))))
    numbered = enumerate(chain(first, slices))
    made: dict[int, _Made] = {}
    failed: dict[int, BaseException] = {}
    ended = Event()
    lock = Lock()

    def share() -> None:
        """Process one slice after another, until none is left or one has failed."""
        number = -1
        try:
            while not ended.is_set():
                with lock:
                    taken = next(numbered, None)
                if taken is None:
                    return
                number, (column, start, stop) = taken
                made[number] = work(column.part(start, stop))
        except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
            # An interrupt comes before whatever failed elsewhere.
            failed[number if isinstance(error, Exception) else -1] = error
            ended.set()

    helpers: list[Thread] = []
    try:
        for _ in first[1:]:
            helper = Thread(target=share)
            try:
                helper.start()
            except RuntimeError:
                # The system gives no more: those that are there do the work.
                break
            helpers.append(helper)
        share()
    finally:
        ended.set()
        for helper in helpers:
            helper.join()
    try:
        if failed:
            raise failed[min(failed)]
    finally:
        # The error refers to this frame: without it no cycle keeps the texts.
        failed.clear()
    return [made[number] for number in range(len(made))]


def _verdicts(values: list[int]) -> list[VerifyStatus]:
    return list(map(_BY_VALUE.__getitem__, values))


def _statuses(
    parts: Iterable[list[VerifyStatus]], count: int, refused: dict[int, VerifyStatus]
) -> list[VerifyStatus]:
    statuses = list(chain.from_iterable(parts))
    if len(statuses) != count:
        raise BackendError("a backend gave more or fewer verdicts than documents")
    for index, status in refused.items():
        statuses[index] = status
    return statuses
