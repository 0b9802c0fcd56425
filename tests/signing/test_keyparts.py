"""The numbers of a key out of its DER: shapes of certificates, and what is no key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from kesspay import KeyLoadError, PrivateKey, PublicKey
from kesspay.signing import backend as backends
from kesspay.signing import keyparts
from kesspay.signing.keyparts import PublicNumbers
from tests.support import keymaker as make
from tests.support.tampered import private_numbers
from tests.support.vectors import KEY_PASSWORD, KEYS


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend


def read(name: str) -> bytes:
    """Return a file of test keys."""
    return (KEYS / name).read_bytes()


SPKI: Final = read("rsa-2048.pub.der")


@pytest.mark.parametrize(
    "name", ["pem", "pkcs1.pem", "pkcs1.der", "pkcs8.der", "encrypted.pem"]
)
def test_private_numbers(name: str) -> None:
    """Each container of one private key has the eight numbers that OpenSSL reads."""
    password = KEY_PASSWORD.encode()
    numbers = keyparts.private_numbers(read(f"rsa-2048.{name}"), password)
    assert numbers._asdict() == private_numbers()


@pytest.mark.parametrize(
    "name", ["pub.pem", "pub.der", "pub.pkcs1.pem", "cert.pem", "cert.der"]
)
def test_public_numbers(name: str) -> None:
    """Each container of one public key has its modulus and its exponent."""
    good = private_numbers()
    numbers = keyparts.public_numbers(read(f"rsa-2048.{name}"))
    assert numbers == PublicNumbers(good["n"], good["e"])


@pytest.mark.usefixtures("backend")
def test_certificate_shapes() -> None:
    """A certificate gives its key with and without a version field."""
    for version in (True, False):
        data = make.certificate(SPKI, version=version)
        key = PublicKey.from_pem(data)
        assert key == PublicKey.from_pem(SPKI)


@pytest.mark.usefixtures("backend")
def test_long_certificate() -> None:
    """One with more parts than any certificate has is none."""
    for more, is_good in ((5, True), (6, False)):
        data = make.certificate(SPKI, more=more)
        if is_good:
            assert PublicKey.from_pem(data) == PublicKey.from_pem(SPKI)
            continue
        for form in (data, make.pem("CERTIFICATE", data)):
            with pytest.raises(KeyLoadError) as caught:
                PublicKey.from_pem(form)
            assert (caught.value.reason, caught.value.found) == ("format", "")


def test_no_public_numbers(backend: Backend) -> None:
    """A public key that says RSA and holds something else is no key."""
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    for inside in ("300602010304010a", "3003020103", "3009020103020103020103"):
        bits = b"\0" + bytes.fromhex(inside)
        content = algorithm + bytes([3, len(bits)]) + bits
        with pytest.raises(KeyLoadError) as caught:
            PublicKey.from_pem(bytes([0x30, len(content)]) + content)
        assert caught.value.reason == "format"


def test_no_algorithm(backend: Backend) -> None:
    """An AlgorithmIdentifier without an object identifier names no algorithm."""
    for algorithm in ("3000", "3003020101", "300d0c092a864886f70d0101010500"):
        content = bytes.fromhex(algorithm + "030100")
        with pytest.raises(KeyLoadError) as caught:
            PublicKey.from_pem(bytes([0x30, len(content)]) + content)
        assert caught.value.reason == "format"


def test_decrypted_to_another_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password may by chance give DER: it is still a wrong password."""
    monkeypatch.setattr(
        keyparts, "decrypt", lambda *_: bytes.fromhex("3006020103020103")
    )
    with backends.override("python"), pytest.raises(KeyLoadError) as caught:
        PrivateKey.from_pem(read("rsa-2048.encrypted.pem"), "any")
    assert caught.value.reason == "password"


def test_errors_hold_no_key() -> None:
    """An error about a private key holds none of its bytes, nor does its context."""
    pkcs1 = make.pkcs1_private(*private_numbers().values(), version=2)
    for data in (pkcs1, make.pkcs8(pkcs1), make.sequence(pkcs1)):
        with pytest.raises(KeyLoadError) as caught:
            keyparts.private_numbers(data, None)
        assert caught.value.reason == "format"
        error: BaseException | None = caught.value
        while error is not None:
            assert all(type(value) is str for value in error.args)
            assert len(str(error)) < 100
            error = error.__cause__ or error.__context__
