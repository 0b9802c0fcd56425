"""
Verify many bodies: the same verdicts, without an exception for each.

Bodies are cut into slices, one C call verifies a slice without the GIL, and
threads share the slices. One call for each body in a thread pool would spend
its time on the pool.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from kesspay.errors import (
    BackendError,
    CanonicalizationError,
    InputError,
    InvalidSignature,
)
from kesspay.signing.status import (
    DOCUMENT_STATUS,
    SIGNATURE_STATUS,
    VerifyStatus,
)
from kesspay.signing.text import text_bytes


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kesspay.signing.backend import PublicHandle
    from kesspay.signing.profile import Profile


_Body = TypeVar("_Body")

__all__ = ["VerifyStatus", "body_list", "status_of", "verify_documents"]

#: Below this many bodies a thread costs more than it saves.
_MIN_SLICE: Final = 64
#: A slice is at most this long, so that threads finish together and the copy
#: of a slice stays small.
_MAX_SLICE: Final = 4096
_MAX_SLICE_BYTES: Final = 16 << 20

#: What is not here could not be checked, whatever it means.
_BY_VALUE: Final[dict[int, VerifyStatus]] = {
    status.value: status for status in VerifyStatus
}
_STATUS_OF: Final[dict[str, VerifyStatus]] = {
    status.reason: status
    for status in VerifyStatus
    if status in DOCUMENT_STATUS or status in SIGNATURE_STATUS
}


def verify_documents(
    handle: PublicHandle,
    bodies: Iterable[object],
    profile: Profile,
    max_depth: int,
    threads: int | None,
) -> list[VerifyStatus]:
    """
    Return the verdict of ``verify_document`` for each body, in order.

    Args:
        handle: the key.
        bodies: bytes, bytearray, memoryview or str each.
        profile: the PHP settings of the gateway.
        max_depth: nested containers allowed.
        threads: at most this many; None for one on each usable processor.

    Raises:
        CanonicalizationError: ``type`` where a body is no text.
        InputError: threads is not a positive number, or bodies cannot be
            iterated.
    """
    workers = _workers(threads)
    texts, refused = _texts(body_list(bodies))
    slices = _slices(texts, workers)

    def verify(part: list[bytes]) -> list[int]:
        return handle.verify_documents(part, profile, max_depth)

    if workers == 1 or len(slices) < 2:
        parts = [verify(part) for part in slices]
    else:
        with ThreadPoolExecutor(min(workers, len(slices))) as pool:
            parts = list(pool.map(verify, slices))
    statuses = [
        _BY_VALUE.get(value, VerifyStatus.CRYPTO) for part in parts for value in part
    ]
    if len(statuses) != len(texts):
        raise BackendError("a backend gave more or fewer verdicts than bodies")
    for index, status in refused.items():
        statuses[index] = status
    return statuses


def body_list(bodies: Iterable[_Body]) -> list[_Body]:
    """Return bodies as a list; one body alone is refused (InputError)."""
    if not isinstance(bodies, (str, bytes, bytearray, memoryview, Mapping)):
        try:
            items = iter(bodies)
        except TypeError:
            pass
        else:
            return list(items)
    raise InputError("bodies must be a sequence of bodies")


def status_of(
    verify: Callable[[bytes, Profile, int], bytes],
    text: bytes,
    profile: Profile,
    max_depth: int,
) -> VerifyStatus:
    """Return as a status what verifying one document returns or raises."""
    try:
        verify(text, profile, max_depth)
    except InvalidSignature as error:
        return _STATUS_OF[error.reason]
    except BackendError:
        return VerifyStatus.CRYPTO
    except MemoryError:
        return VerifyStatus.MEMORY
    return VerifyStatus.OK


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


def _texts(
    bodies: Iterable[object],
) -> tuple[list[bytes], dict[int, VerifyStatus]]:
    """Return the bodies as bytes, and those already known to be refused."""
    texts: list[bytes] = []
    refused: dict[int, VerifyStatus] = {}
    for index, body in enumerate(bodies):
        try:
            texts.append(text_bytes(body))
        except CanonicalizationError as error:
            if error.reason == "type":
                raise CanonicalizationError("type", path=f"bodies[{index}]") from None
            texts.append(b"")
            refused[index] = _STATUS_OF[error.reason]
    return texts, refused


def _slices(texts: list[bytes], workers: int) -> list[list[bytes]]:
    share = -(-len(texts) // workers)
    length = min(max(share, _MIN_SLICE), _MAX_SLICE)
    slices: list[list[bytes]] = []
    part: list[bytes] = []
    size = 0
    for text in texts:
        if part and (len(part) == length or size + len(text) > _MAX_SLICE_BYTES):
            slices.append(part)
            part, size = [], 0
        part.append(text)
        size += len(text)
    if part:
        slices.append(part)
    return slices
