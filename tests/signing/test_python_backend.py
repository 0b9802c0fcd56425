"""The backend in pure Python: what libcrypto fails at, and batches."""

from __future__ import annotations

from typing import Final

import pytest
from cryptography.exceptions import InternalError
from cryptography.hazmat.primitives.asymmetric import rsa

from kesspay import BackendError, PrivateKey, PublicKey, VerifyStatus
from kesspay.signing import backend as backends
from tests.support.vectors import KEYS


PEM: Final = (KEYS / "rsa-2048.pem").read_bytes()
PUBLIC: Final = (KEYS / "rsa-2048.pub.pem").read_bytes()


@pytest.mark.parametrize("error", [InternalError("x", []), ValueError("x")])
def test_libcrypto_fails(error: Exception) -> None:
    """Where libcrypto fails in pure Python nothing is signed and nothing verified."""

    class Key:
        key_size = 2048

        def sign(self, *_: object) -> bytes:
            raise error

        def verify(self, *_: object) -> None:
            raise error

    with backends.override("python"):
        key = PrivateKey.from_pem(PEM)
    body = key.signed_body({})
    signature = key.sign(b"")
    key._handle._key = Key()  # type: ignore[attr-defined] # of this backend
    key.public_key._handle._key = Key()  # type: ignore[attr-defined] # of this backend
    with pytest.raises(BackendError):
        key.sign(b"")
    with pytest.raises(BackendError):
        key.signed_body({})
    with pytest.raises(BackendError):
        key.public_key.verify(signature, b"")
    with pytest.raises(BackendError):
        key.public_key.verify_document(body)
    assert key.public_key.verify_documents([body]) == [VerifyStatus.CRYPTO]


def test_libcrypto_takes_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that obeys the policy and libcrypto refuses is no bad key file."""

    class Numbers:
        def __init__(self, *_: object) -> None:
            pass

        def public_key(self) -> None:
            raise ValueError

    monkeypatch.setattr(rsa, "RSAPublicNumbers", Numbers)
    with backends.override("python"), pytest.raises(BackendError):
        PublicKey.from_pem(PUBLIC)
