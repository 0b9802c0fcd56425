"""Encrypted PKCS#8: the schemes, costs and passwords, and the key that is inside."""

from __future__ import annotations

import hashlib
import subprocess
from typing import Final

import cryptography
import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
)

from kesspay import KeyLoadError, PrivateKey, PublicKey
from tests.support import keymaker as make
from tests.support.messages import openssl
from tests.support.vectors import KEYS


def read(name: str) -> bytes:
    """Return a file of test keys."""
    return (KEYS / name).read_bytes()


ENCRYPTED: Final = read("rsa-2048.encrypted.pem")
ENCRYPTED_DER: Final = read("rsa-2048.encrypted.der")
SPKI: Final = read("rsa-2048.pub.der")
PKCS8: Final = read("rsa-2048.pkcs8.der")

AES: Final = make.identifier("2.16.840.1.101.3.4.1.42", make.octets(bytes(16)))
AES_128: Final = make.identifier("2.16.840.1.101.3.4.1.2", make.octets(bytes(16)))
DES3: Final = make.identifier("1.2.840.113549.3.7", make.octets(bytes(8)))
SALT: Final = make.octets(b"salt" * 4)
SHA256: Final = make.identifier("1.2.840.113549.2.9", make.NULL)


def pbes2(kdf: bytes, cipher: bytes = AES) -> bytes:
    """Return an EncryptedPrivateKeyInfo that no password opens."""
    scheme = make.sequence(kdf, cipher)
    return make.sequence(
        make.identifier("1.2.840.113549.1.5.13", scheme), make.octets(bytes(32))
    )


def pbkdf2(*parts: bytes) -> bytes:
    """Return the identifier of PBKDF2."""
    return make.identifier("1.2.840.113549.1.5.12", make.sequence(*parts))


def scrypt(*costs: int, salt: bytes = SALT) -> bytes:
    """Return the identifier of scrypt."""
    return make.identifier(
        "1.3.6.1.4.1.11591.4.11", make.sequence(salt, *map(make.integer, costs))
    )


ONE: Final = make.integer(1)
SCHEMES: Final[dict[str, tuple[bytes, str]]] = {
    "least": (pbes2(pbkdf2(SALT, ONE)), "password"),
    "prf": (pbes2(pbkdf2(SALT, ONE, SHA256)), "password"),
    "prf without NULL": (
        pbes2(pbkdf2(SALT, ONE, make.identifier("1.2.840.113549.2.11"))),
        "password",
    ),
    "key length": (pbes2(pbkdf2(SALT, ONE, make.integer(32), SHA256)), "password"),
    "aes-128": (pbes2(pbkdf2(SALT, ONE, make.integer(16)), AES_128), "password"),
    "des3": (pbes2(pbkdf2(SALT, ONE, make.integer(24)), DES3), "password"),
    "salt of 1024": (pbes2(pbkdf2(make.octets(bytes(1024)), ONE)), "password"),
    "scrypt least": (pbes2(scrypt(2, 1, 1)), "password"),
    "scrypt most": (pbes2(scrypt(32768, 7, 1)), "password"),
    "scrypt length": (pbes2(scrypt(1024, 8, 16, 32)), "password"),
    "scrypt narrow": (pbes2(scrypt(32768, 1, 1)), "password"),
    "pbes1": (
        make.sequence(
            make.identifier("1.2.840.113549.1.5.3", make.sequence(SALT, ONE)),
            make.octets(bytes(32)),
        ),
        "format",
    ),
    "no parameters": (
        make.sequence(make.identifier("1.2.840.113549.1.5.13"), make.octets(b"x")),
        "format",
    ),
    "pbkdf1": (pbes2(make.identifier("1.2.840.113549.1.5.1", SALT)), "format"),
    "unknown kdf": (pbes2(make.identifier("1.2.3", make.sequence())), "format"),
    "unknown cipher": (
        pbes2(pbkdf2(SALT, ONE), make.identifier("1.2.3", make.octets(bytes(16)))),
        "format",
    ),
    "short vector": (
        pbes2(
            pbkdf2(SALT, ONE),
            make.identifier("2.16.840.1.101.3.4.1.42", make.octets(bytes(8))),
        ),
        "format",
    ),
    "no vector": (
        pbes2(pbkdf2(SALT, ONE), make.identifier("2.16.840.1.101.3.4.1.42")),
        "format",
    ),
    "no iterations": (pbes2(pbkdf2(SALT)), "format"),
    "0 iterations": (pbes2(pbkdf2(SALT, make.integer(0))), "format"),
    "-1 iterations": (pbes2(pbkdf2(SALT, make.integer(-1))), "format"),
    "10,000,001 iterations": (
        pbes2(pbkdf2(SALT, make.integer(10_000_001))),
        "format",
    ),
    "2^64 iterations": (pbes2(pbkdf2(SALT, make.integer(1 << 64 | 1))), "format"),
    "no salt": (pbes2(pbkdf2(make.octets(b""), ONE)), "format"),
    "salt of 1025": (pbes2(pbkdf2(make.octets(bytes(1025)), ONE)), "format"),
    "salt elsewhere": (pbes2(pbkdf2(make.identifier("1.2.3"), ONE)), "format"),
    "wrong key length": (pbes2(pbkdf2(SALT, ONE, make.integer(16))), "format"),
    "unknown prf": (
        pbes2(pbkdf2(SALT, ONE, make.identifier("1.2.840.113549.2.5"))),
        "format",
    ),
    "prf with parameters": (
        pbes2(pbkdf2(SALT, ONE, make.identifier("1.2.840.113549.2.9", SALT))),
        "format",
    ),
    "prf is no sequence": (pbes2(pbkdf2(SALT, ONE, make.NULL)), "format"),
    "prf twice": (pbes2(pbkdf2(SALT, ONE, SHA256, SHA256)), "format"),
    "length after prf": (
        pbes2(pbkdf2(SALT, ONE, SHA256, make.integer(32))),
        "format",
    ),
    "scrypt N odd": (pbes2(scrypt(1023, 8, 1)), "format"),
    "scrypt N 1": (pbes2(scrypt(1, 8, 1)), "format"),
    "scrypt N 0": (pbes2(scrypt(0, 8, 1)), "format"),
    "scrypt N large for r 1": (pbes2(scrypt(65536, 1, 1)), "format"),
    "scrypt r 0": (pbes2(scrypt(1024, 0, 1)), "format"),
    "scrypt p 0": (pbes2(scrypt(1024, 8, 0)), "format"),
    "scrypt p 17": (pbes2(scrypt(1024, 8, 17)), "format"),
    "scrypt memory": (pbes2(scrypt(32768, 8, 1)), "format"),
    "scrypt r huge": (pbes2(scrypt(2, 1 << 62, 1)), "format"),
    "scrypt N huge": (pbes2(scrypt(1 << 63, 8, 1)), "format"),
    "scrypt wrong length": (pbes2(scrypt(1024, 8, 1, 16)), "format"),
    "scrypt with more": (pbes2(scrypt(1024, 8, 1, 32, 1)), "format"),
    "scrypt with less": (pbes2(scrypt(1024, 8)), "format"),
    "three parts": (
        pbes2(pbkdf2(SALT, ONE), AES + AES),
        "format",
    ),
}


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", SCHEMES)
def test_encryption_scheme(name: str) -> None:
    """Schemes that are supported ask for the password, all others are no key."""
    data, reason = SCHEMES[name]
    for password in ("wrong", None, ""):
        with pytest.raises(KeyLoadError) as caught:
            PrivateKey.from_pem(data, password)
        error = caught.value
        assert (error.reason, error.found) == (reason, "an encrypted private key")


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("password", ["", None, "Correct horse", "x" * 1024, b"\xff"])
def test_wrong_password(password: str | bytes | None) -> None:
    """A password that is missing, wrong or too long has the reason "password"."""
    for data in (ENCRYPTED, ENCRYPTED_DER):
        with pytest.raises(KeyLoadError) as caught:
            PrivateKey.from_pem(data, password)
        assert caught.value.reason == "password"


def encrypted_with(password: bytes, plain: bytes = PKCS8) -> bytes:
    """Return the key, or other bytes, encrypted with a password of any length."""
    salt, vector = b"salt", bytes(16)
    derived = hashlib.pbkdf2_hmac("sha256", password, salt, 2, 32)
    encryptor = Cipher(algorithms.AES(derived), modes.CBC(vector)).encryptor()
    padding = 16 - len(plain) % 16
    padded = plain + bytes([padding]) * padding
    kdf = pbkdf2(make.octets(salt), make.integer(2), SHA256)
    scheme = make.identifier("1.2.840.113549.1.5.13", make.sequence(kdf, AES))
    content = encryptor.update(padded) + encryptor.finalize()
    return make.sequence(scheme, make.octets(content))


@pytest.mark.usefixtures("backend")
def test_longest_password() -> None:
    """A password may have 1023 bytes; a longer one is never cut."""
    key = PrivateKey.from_pem(encrypted_with(b"x" * 1023), b"x" * 1023)
    assert key.public_key == PublicKey.from_pem(SPKI)
    with pytest.raises(KeyLoadError) as caught:
        PrivateKey.from_pem(encrypted_with(b"x" * 1024), b"x" * 1024)
    assert caught.value.reason == "password"


PKCS1: Final = read("rsa-2048.pkcs1.der")
RSA: Final = make.identifier(make.RSA, make.NULL)
#: What is decrypted, and what is said of it.
REFUSED_INSIDE: Final[dict[str, tuple[bytes, str, str]]] = {
    "an RSA-PSS key": (
        make.pkcs8(PKCS1, make.identifier("1.2.840.113549.1.1.10")),
        "algorithm",
        "an RSA-PSS key",
    ),
    "a malformed EC key": (
        make.pkcs8(b"", make.identifier("1.2.840.10045.2.1")),
        "algorithm",
        "an EC key",
    ),
    "an unknown algorithm": (
        make.pkcs8(b"", make.identifier("1.2.3.4")),
        "algorithm",
        "a key of another algorithm",
    ),
    "more than two primes": (
        make.pkcs8(make.pkcs1_private(*range(8), version=1)),
        "kind",
        "a key of another algorithm",
    ),
    "version 2": (
        make.sequence(make.integer(2), RSA, make.octets(PKCS1)),
        "format",
        "",
    ),
    "parameters of RSA": (
        make.pkcs8(PKCS1, make.identifier(make.RSA, make.octets(b""))),
        "format",
        "",
    ),
    "a byte after the numbers": (make.pkcs8(PKCS1 + b"\0"), "format", ""),
    "no numbers": (make.pkcs8(b""), "format", ""),
    "a byte after the key": (PKCS8 + b"\0", "password", "an encrypted private key"),
    "PKCS#1": (PKCS1, "password", "an encrypted private key"),
    "text": (b"no key at all", "password", "an encrypted private key"),
}


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", REFUSED_INSIDE)
def test_key_inside(name: str) -> None:
    """A key that was decrypted is judged by the same rules as one that is plain."""
    plain, reason, found = REFUSED_INSIDE[name]
    with pytest.raises(KeyLoadError) as caught:
        PrivateKey.from_pem(encrypted_with(b"right", plain), "right")
    assert (caught.value.reason, caught.value.found) == (reason, found)
    if reason != "password":
        with pytest.raises(KeyLoadError) as caught:
            PrivateKey.from_pem(plain)
        assert (caught.value.reason, caught.value.found) == (reason, found)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(
    "more",
    [
        make.sequence(
            make.integer(0), RSA, make.octets(PKCS1), make.element(0xA0, b"")
        ),
        make.sequence(
            make.integer(1), RSA, make.octets(PKCS1), make.element(0x81, b"\0x")
        ),
        make.pkcs8(PKCS1, make.identifier(make.RSA)),
    ],
    ids=["attributes", "public key of version 1", "RSA without NULL"],
)
def test_forms_of_key_inside(more: bytes) -> None:
    """Each form of PKCS#8 that loads when it is plain loads when it is encrypted."""
    public = PublicKey.from_pem(SPKI)
    assert PrivateKey.from_pem(more).public_key == public
    key = PrivateKey.from_pem(encrypted_with(b"right", more), "right")
    assert key.public_key == public


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(
    "scheme",
    [
        ("-v2", "camellia-256-cbc"),
        ("-v2", "aes-256-cfb"),
        ("-v2", "aes-256-ofb"),
        ("-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512-256"),
        ("-v2", "aes-256-cbc", "-v2prf", "hmacWithMD5"),
    ],
    ids=" ".join,
)
def test_rare_schemes_of_openssl(scheme: tuple[str, ...]) -> None:
    """What openssl encrypts on demand and other tools do not read is converted."""
    pem = openssl(
        "pkcs8", "-topk8", "-passout", "pass:right", *scheme,
        "-in", str(KEYS / "rsa-2048.pem"),
    )  # fmt: skip
    with pytest.raises(KeyLoadError) as caught:
        PrivateKey.from_pem(pem, "right")
    error = caught.value
    assert (error.reason, error.found) == ("format", "an encrypted private key")
    assert "openssl pkcs8 -topk8 -v2 aes-256-cbc" in error.next_step


# ------------------------------------------------- the reasons for code of our own

#: What to do where one of the tests below fails.
LOOK_AGAIN: Final = (
    f"cryptography {cryptography.__version__} or the openssl command behaves otherwise"
    " than the first lines of kesspay/signing/pbes2.py and csrc/src/pbes2.c say:"
    " correct that reason there. Where no reason is left, let the libraries decrypt."
)


def by_cryptography(data: bytes) -> str:
    """Return what the library loads with the right password, or its error."""
    load = load_pem_private_key if data.startswith(b"-----") else load_der_private_key
    try:
        return type(load(data, b"right")).__name__
    except (ValueError, UnsupportedAlgorithm) as error:
        return str(error).partition(" Details")[0]


def by_openssl(data: bytes) -> bool:
    """Return whether the openssl command loads a key with the right password."""
    form = "PEM" if data.startswith(b"-----") else "DER"
    try:
        openssl("pkey", "-inform", form, "-noout", "-passin", "pass:right", stdin=data)
    except subprocess.CalledProcessError:
        return False
    return True


def test_cryptography_loads_another_key() -> None:
    """An RSA-PSS key may not sign with PKCS#1 v1.5; the library does not say so."""
    plain, reason, _ = REFUSED_INSIDE["an RSA-PSS key"]
    assert reason == "algorithm"
    loaded = by_cryptography(encrypted_with(b"right", plain))
    assert loaded == rsa.RSAPrivateKey.__name__, LOOK_AGAIN


def test_cryptography_has_one_error_for_many() -> None:
    """A damaged key, a key of another kind and a wrong password have three reasons."""
    names = ("a malformed EC key", "no numbers", "text")
    assert len({REFUSED_INSIDE[name][1] for name in names}) == 3
    insides = [REFUSED_INSIDE[name][0] for name in names]
    texts = {by_cryptography(encrypted_with(b"right", inside)) for inside in insides}
    assert len(texts) == 1, LOOK_AGAIN


@pytest.mark.parametrize(
    "cipher",
    ["aria-256-cbc", "camellia-256-cbc", "sm4-cbc", "aes-256-ofb", "aes-256-cfb"],
)
def test_cryptography_refuses_what_openssl_opens(cipher: str) -> None:
    """With the loaders of the libraries the two backends would differ."""
    pem = openssl(
        "pkcs8", "-topk8", "-passout", "pass:right", "-v2", cipher,
        "-in", str(KEYS / "rsa-2048.pem"),
    )  # fmt: skip
    assert by_openssl(pem), LOOK_AGAIN
    assert "Unknown key encryption algorithm" in by_cryptography(pem), LOOK_AGAIN


def test_both_refuse_a_form_that_loads() -> None:
    """Version 1 of RFC 5958 with its public key loads here, encrypted or not."""
    form = make.sequence(
        make.integer(1), RSA, make.octets(PKCS1), make.element(0x81, b"\0x")
    )
    data = encrypted_with(b"right", form)
    assert PrivateKey.from_pem(data, "right").bits == 2048
    assert "deserialize" in by_cryptography(data), LOOK_AGAIN
    assert not by_openssl(data), LOOK_AGAIN
