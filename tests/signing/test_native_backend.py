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
#: What is called without cffi.
DIRECT: Final = (
    "canonicalize",
    "sign",
    "sign_document",
    "signed_body",
    "verify_document",
)


@pytest.fixture
def native(both_backends: dict[str, Backend]) -> Iterator[ModuleType]:
    """Run the test on the native backend; give its module."""
    with backends.override("native"):
        from kesspay.signing import native_backend

        yield native_backend


class FailingLibrary:
    """A library in which every function fails in libcrypto, and can say so."""

    def __init__(self, lib: Any) -> None:  # noqa: ANN401 - cffi has no types
        """Keep the function that returns the message."""
        self.kess_status_message = lib.kess_status_message

    def __getattr__(self, name: str) -> Callable[..., int]:
        """Return a function that fails."""
        return lambda *_: CRYPTO


CALLS: Final[list[Callable[[PrivateKey], object]]] = [
    lambda key: key.sign(b"{}"),
    lambda key: key.sign_document(b"{}"),
    lambda key: key.signed_body({"a": 1}),
    lambda key: key.public_key.verify(b"", b""),
    lambda key: key.public_key.verify_document(b"{}"),
    lambda key: key.public_key.verify_documents([b"{}"]),
    lambda key: key.sign_documents([b"{}"]),
    lambda _: canonicalize(b"{}"),
]


@pytest.mark.parametrize("call", CALLS)
def test_libcrypto_fails(
    call: Callable[[PrivateKey], object],
    native: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where libcrypto fails nothing is signed, and nothing is called wrong."""
    key = PrivateKey.from_pem(PEM)
    assert key.public_key.bits == 2048
    monkeypatch.setattr(native, "lib", FailingLibrary(native.lib))
    for name in DIRECT:
        monkeypatch.setattr(native, f"_{name}", lambda *_: (CRYPTO, 0))
    with pytest.raises(BackendError, match="libcrypto"):
        call(key)


def test_loading_fails(native: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that libcrypto cannot make is no bad key file."""
    key = PrivateKey.from_pem(PEM)
    need = native.Need.PRIVATE
    with pytest.raises(BackendError):
        native._loaded(need, lambda *_: CRYPTO, ())
    handle = key._handle
    monkeypatch.setattr(native, "lib", FailingLibrary(native.lib))
    with pytest.raises(BackendError):
        handle.public()
    with pytest.raises(BackendError):
        native._spki(key.public_key._handle)


@pytest.mark.parametrize("length", [5, 12_000, 16_000, 20_000, 300_000])
def test_growth(length: int, native: ModuleType) -> None:
    """A text that grows to three times its length has room for it."""
    text = b'["' + "\U0001f600".encode() * (length // 4) + b'"]'
    canonical = canonicalize(text)
    assert len(canonical) == 4 + length // 4 * 12
    assert canonical[:14] == b'["\\ud83d\\ude00'


@pytest.mark.parametrize("path", ["\ud800.pem", "a\0b", ""])
def test_impossible_file_name(path: str, backend: Backend) -> None:
    """A path that no system has is a file that cannot be read."""
    with pytest.raises(KeyLoadError) as caught:
        PrivateKey.from_file(path)
    assert caught.value.reason == "file"
