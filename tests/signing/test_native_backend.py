"""What the binding does where C cannot do its part: no verdict, and nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay import BackendError, KeyLoadError, PrivateKey, canonicalize
from kesspay.signing import backend as backends
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from kesspay.signing.backend import Backend

PEM: Final = (KEYS / "rsa-2048.pem").read_bytes()
CRYPTO: Final = 101


@pytest.fixture
def native(both_backends: dict[str, Backend]) -> Iterator[ModuleType]:
    """Run the test on the native backend; give its module."""
    with backends.override("native"):
        from kesspay.signing import native_backend

        yield native_backend


class FailingLibrary:
    """A library in which every function fails in libcrypto, and can say so."""

    def __init__(self, lib: Any) -> None:  # noqa: ANN401 - cffi has no types
        """Keep what tells the message."""
        self.kess_status_message = lib.kess_status_message

    def __getattr__(self, name: str) -> Callable[..., int]:
        """Return a function that fails."""
        return lambda *_: CRYPTO


@pytest.mark.parametrize(
    "call",
    [
        lambda key: key._handle.sign(b""),
        lambda key: key._handle.public(),
        lambda key: key.public_key._handle.verify(b"", b""),
        lambda key: key.public_key._handle.verify_documents([b"{}"], _profile(), 64),
    ],
)
def test_libcrypto_fails(
    call: Callable[[PrivateKey], object],
    native: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where libcrypto fails nothing is signed, and nothing is called wrong."""
    key = PrivateKey.from_pem(PEM)
    assert key.public_key.bits == 2048
    monkeypatch.setattr(native, "lib", FailingLibrary(native.lib))
    with pytest.raises(BackendError):
        call(key)


def _profile() -> Any:  # noqa: ANN401 - what the handle takes
    from kesspay import PHP_8

    return PHP_8


def test_loading_fails(native: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that libcrypto cannot make is no bad key file."""
    key = PrivateKey.from_pem(PEM)
    need = native.Need.PRIVATE
    with pytest.raises(BackendError):
        native._loaded(need, lambda *_: CRYPTO, ())
    monkeypatch.setattr(native, "lib", FailingLibrary(native.lib))
    with pytest.raises(BackendError):
        native._spki(key.public_key._handle)


def test_document_fails(native: ModuleType) -> None:
    """A text that could not be looked at is not refused."""
    option = native._option(_profile(), 511)
    with pytest.raises(BackendError):
        native._output(lambda *_: CRYPTO, b"{}", option)


def test_room_too_small(native: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the room turns out too small, C says what is needed and gets it."""
    monkeypatch.setattr(native, "_large", lambda _: native._Room(10))
    text = b'{"a":"' + b"x" * 20_000 + b'"}'
    assert canonicalize(text) == text


@pytest.mark.parametrize("bound", [1 << 63, 1 << 70, 1 << 46])
def test_no_room(
    bound: int, native: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the worst growth is beyond all memory, the likely size is enough."""

    class Library:
        kess_canonical_bound = staticmethod(lambda _: bound)

    monkeypatch.setattr(native, "lib", Library())
    room = native._large(20_000)
    assert 20_000 < room.size < 30_000


@pytest.mark.parametrize("path", ["\ud800.pem", "a\0b", ""])
def test_impossible_file_name(path: str, backend: Backend) -> None:
    """A path that no system has is a file that cannot be read."""
    with pytest.raises(KeyLoadError) as caught:
        PrivateKey.from_file(path)
    assert caught.value.reason == "file"
