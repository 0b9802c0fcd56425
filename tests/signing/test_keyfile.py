"""What is refused as a key, and why: the same on both backends."""

from __future__ import annotations

import base64
import hashlib
import random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kesspay import BackendError, KeyLoadError, PrivateKey, PublicKey
from kesspay.signing import backend as backends
from kesspay.signing import keyparts
from kesspay.signing.keyparts import PrivateNumbers
from kesspay.signing.keypolicy import check_private
from tests.support import keymaker as make
from tests.support.vectors import KEY_PASSWORD, KEYS


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.signing.backend import Backend


def read(name: str) -> bytes:
    """Return a file of test keys."""
    return (KEYS / name).read_bytes()


PEM: Final = read("rsa-2048.pem")
PKCS1: Final = read("rsa-2048.pkcs1.pem")
PUBLIC: Final = read("rsa-2048.pub.pem")
CERT: Final = read("rsa-2048.cert.pem")
CSR: Final = read("rsa-2048.csr.pem")
EC: Final = read("ec-p256.pem")
LEGACY: Final = read("rsa-2048.legacy-encrypted.pem")
OPENSSH: Final = read("rsa-2048.openssh.pem")
ENCRYPTED: Final = read("rsa-2048.encrypted.pem")
ENCRYPTED_DER: Final = read("rsa-2048.encrypted.der")
SPKI: Final = read("rsa-2048.pub.der")
PKCS8: Final = read("rsa-2048.pkcs8.der")
KEY: Final = "a private key"
EC_SEC1: Final = make.sequence(make.integer(1), make.octets(bytes(32)))
DSA: Final = make.sequence(*[make.integer(n) for n in range(6)])

#: name: (data, reason, found) of a load as a private key.
PRIVATE_REFUSALS: Final[dict[str, tuple[bytes, str, str]]] = {
    "empty": (b"", "format", ""),
    "blank": (b" \n", "format", ""),
    "text": (b"no key at all", "format", ""),
    "nul": (b"\0", "format", ""),
    "public": (PUBLIC, "kind", "a public key"),
    "public der": (SPKI, "kind", "a public key"),
    "pkcs1 public": (read("rsa-2048.pub.pkcs1.pem"), "kind", "a public key"),
    "pkcs1 public der": (read("rsa-2048.pub.pkcs1.der"), "kind", "a public key"),
    "certificate": (CERT, "kind", "an X.509 certificate"),
    "certificate der": (read("rsa-2048.cert.der"), "kind", "an X.509 certificate"),
    "request": (CSR, "kind", "a certificate request"),
    "request der": (
        base64.b64decode(b"".join(CSR.split(b"\n")[1:-2])),
        "kind",
        "a certificate request",
    ),
    "openssh": (OPENSSH, "kind", "an OpenSSH key"),
    "ssh line": (b" ssh-rsa AAAAB3NzaC1yc2E= me@here", "kind", "an OpenSSH key"),
    "ecdsa line": (b"ecdsa-sha2-nistp256 AAAA", "kind", "an OpenSSH key"),
    "legacy": (LEGACY, "kind", "a private key in OpenSSL's old encrypted form"),
    "other pem": (
        make.pem("X509 NOTE", b"x"),
        "kind",
        "a PEM block that is no key",
    ),
    "first of the others": (CSR + CERT, "kind", "a certificate request"),
    "unknown private": (
        make.pem("ANY PRIVATE KEY", b"x"),
        "kind",
        "a key of another algorithm",
    ),
    "two keys": (PEM + PEM, "ambiguous", ""),
    "two kinds": (PEM + EC, "ambiguous", ""),
    "ec": (EC, "algorithm", "an EC key"),
    "ec sec1": (make.pem("EC PRIVATE KEY", EC_SEC1), "algorithm", "an EC key"),
    "ec sec1 der": (EC_SEC1, "algorithm", "an EC key"),
    "dsa": (make.pem("DSA PRIVATE KEY", b"any"), "algorithm", "a DSA key"),
    "dsa der": (DSA, "algorithm", "a DSA key"),
    "ed25519": (
        read("ed25519.pem"),
        "algorithm",
        "an Edwards or Montgomery curve key",
    ),
    "x25519": (
        read("x25519.pem"),
        "algorithm",
        "an Edwards or Montgomery curve key",
    ),
    "rsa-pss": (read("rsa-pss-2048.pem"), "algorithm", "an RSA-PSS key"),
    "dsa pkcs8": (
        make.pkcs8(b"", make.identifier("1.2.840.10040.4.1", make.sequence())),
        "algorithm",
        "a DSA key",
    ),
    "dh pkcs8": (
        make.pkcs8(b"", make.identifier("1.2.840.113549.1.3.1", make.sequence())),
        "algorithm",
        "a Diffie-Hellman key",
    ),
    "unknown algorithm": (
        make.pkcs8(b"", make.identifier("1.2.3.4")),
        "algorithm",
        "a key of another algorithm",
    ),
    "no password": (ENCRYPTED, "password", "an encrypted private key"),
    "cut": (PEM[:-10], "format", ""),
    "no end": (PEM[: len(PEM) // 2], "format", ""),
    "no begin": (PEM[10:], "format", ""),
    "other end": (
        PEM.replace(b"END PRIVATE", b"END RSA PRIVATE"),
        "format",
        "",
    ),
    "good and broken": (PEM + CERT[:-10], "format", ""),
    "bad base64": (PEM.replace(b"\n", b"\n*", 3), "format", ""),
    "bad padding": (base64.b64encode(PKCS8) + b"=", "format", ""),
    "empty block": (make.pem("PRIVATE KEY", b""), "format", ""),
    "label lies": (make.pem("PRIVATE KEY", EC_SEC1), "algorithm", "an EC key"),
    "public under a private label": (
        make.pem("PRIVATE KEY", SPKI),
        "kind",
        "a public key",
    ),
    "request under a private label": (
        make.pem("PRIVATE KEY", base64.b64decode(b"".join(CSR.split(b"\n")[1:-2]))),
        "kind",
        "a certificate request",
    ),
    "parameters under a label": (
        make.pem("DH PARAMETERS", make.pkcs1_public(7, 2)),
        "kind",
        "parameters without a key",
    ),
    "base64 of text": (base64.b64encode(b"no key at all"), "format", ""),
    "base64 of a broken block": (base64.b64encode(PEM[:-10]), "format", ""),
    "base64 of base64": (base64.b64encode(base64.b64encode(PEM)), "format", ""),
    "trailing byte": (PKCS8 + b"\0", "format", ""),
    "long label": (make.pem("X" * 65, PKCS8), "format", ""),
    "label of two lines": (make.pem("PRIVATE\nKEY", PKCS8), "format", ""),
    "version 2": (
        make.sequence(make.integer(2), make.identifier(make.RSA), make.octets(b"")),
        "format",
        "",
    ),
    "parameters": (
        make.pkcs8(b"", make.identifier(make.RSA, make.integer(0))),
        "format",
        "",
    ),
    "nothing inside": (make.pkcs8(b""), "format", ""),
    "a public key inside": (make.pkcs8(make.pkcs1_public(7, 3)), "format", ""),
    "multi-prime": (
        make.pkcs1_private(*range(8), version=1),
        "kind",
        "a key of another algorithm",
    ),
    "pkcs1 version 2": (make.pkcs1_private(*range(8), version=2), "format", ""),
    "negative": (make.pkcs1_private(-5, *range(7)), "format", ""),
    "zeros": (make.pkcs1_private(*[0] * 8), "size", ""),
    "long integer": (
        make.sequence(
            make.integer(0), make.element(2, b"\0\5"), *[make.integer(5)] * 7
        ),
        "format",
        "",
    ),
    "empty integer": (
        make.sequence(make.integer(0), make.element(2, b""), *[make.integer(5)] * 7),
        "format",
        "",
    ),
    "long length": (b"\x30\x81\x03\x02\x01\x00", "format", ""),
    "no definite length": (b"\x30\x80\x02\x01\x00\0\0", "format", ""),
    "length of five bytes": (b"\x30\x85\0\0\0\0\3\x02\x01\x00", "format", ""),
    "tag of two bytes": (make.sequence(b"\x1f\x81\x01\0"), "format", ""),
    "13 integers": (make.sequence(*[make.integer(0)] * 13), "format", ""),
    "not encrypted after all": (
        make.sequence(make.identifier("1.2.3"), make.octets(b"x")),
        "format",
        "an encrypted private key",
    ),
    "nothing encrypted": (
        make.sequence(make.identifier("1.2.3"), make.octets(b"")),
        "format",
        "",
    ),
}

#: name: (data, reason, found) of a load as a public key.
PUBLIC_REFUSALS: Final[dict[str, tuple[bytes, str, str]]] = {
    "empty": (b"", "format", ""),
    "text": (b"ssh-", "kind", "an OpenSSH key"),
    "private": (PEM, "secret", KEY),
    "pkcs1": (PKCS1, "secret", KEY),
    "private der": (PKCS8, "secret", KEY),
    "private base64": (base64.b64encode(PKCS8), "secret", KEY),
    "unreadable private beside public": (
        PUBLIC + make.pem("PRIVATE KEY", b"x"),
        "secret",
        KEY,
    ),
    "private beside public": (PUBLIC + PEM, "secret", KEY),
    "ec private beside public": (EC + PUBLIC, "secret", KEY),
    "ec sec1": (make.pem("EC PRIVATE KEY", EC_SEC1), "secret", KEY),
    "ec sec1 der": (EC_SEC1, "secret", KEY),
    "dsa der": (DSA, "secret", KEY),
    "encrypted": (ENCRYPTED, "secret", "an encrypted private key"),
    "encrypted der": (ENCRYPTED_DER, "secret", "an encrypted private key"),
    "legacy": (
        LEGACY,
        "secret",
        "a private key in OpenSSL's old encrypted form",
    ),
    "openssh": (OPENSSH, "secret", "an OpenSSH key"),
    "private under a public label": (make.pem("PUBLIC KEY", PKCS8), "secret", KEY),
    "request": (CSR, "kind", "a certificate request"),
    "two": (PUBLIC + PUBLIC, "ambiguous", ""),
    "key and certificate": (PUBLIC + CERT, "ambiguous", ""),
    "ssh2": (
        make.pem("SSH2 PUBLIC KEY", b"x"),
        "kind",
        "an SSH2 public key (RFC 4716)",
    ),
    "trusted": (make.pem("TRUSTED CERTIFICATE", b""), "format", ""),
    "private under a certificate label": (
        CERT + make.pem("TRUSTED CERTIFICATE", PKCS8),
        "secret",
        KEY,
    ),
    "private under an unknown label": (make.pem("NOTE", PKCS8) + CERT, "secret", KEY),
    "base64 of a private PEM": (base64.b64encode(PEM), "secret", KEY),
    "two keys beside a certificate": (CERT + PUBLIC + CERT, "ambiguous", ""),
    "parameters": (
        make.pem("DH PARAMETERS", make.pkcs1_public(7, 2)),
        "kind",
        "parameters without a key",
    ),
    "ec": (read("ec-p256.pub.pem"), "algorithm", "an EC key"),
    "ed25519": (
        read("ed25519.pub.pem"),
        "algorithm",
        "an Edwards or Montgomery curve key",
    ),
    "x25519": (
        read("x25519.pub.pem"),
        "algorithm",
        "an Edwards or Montgomery curve key",
    ),
    "rsa-pss": (read("rsa-pss-2048.pub.pem"), "algorithm", "an RSA-PSS key"),
    "ec certificate": (
        make.certificate(make.spki(b"", make.identifier("1.2.840.10045.2.1"))),
        "algorithm",
        "an EC key",
    ),
    "certificate without a key": (
        make.certificate(make.sequence(make.NULL)),
        "format",
        "",
    ),
    "unused bits": (
        make.sequence(make.identifier(make.RSA), make.bit_string(b"", 1)),
        "format",
        "",
    ),
    "trailing byte": (SPKI + b"\0", "format", ""),
    "zeros": (make.spki(make.pkcs1_public(0, 0)), "size", ""),
}


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("case", PRIVATE_REFUSALS)
def test_private_refusal(case: str) -> None:
    """What is no private key is named, and so is what was needed."""
    data, reason, found = PRIVATE_REFUSALS[case]
    with pytest.raises(KeyLoadError) as caught:
        PrivateKey.from_pem(data)
    error = caught.value
    assert (error.reason, error.found) == (reason, found)
    assert error.needed == "a private key"


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("case", PUBLIC_REFUSALS)
def test_public_refusal(case: str) -> None:
    """What is no public key is named, and a private key above all."""
    data, reason, found = PUBLIC_REFUSALS[case]
    with pytest.raises(KeyLoadError) as caught:
        PublicKey.from_pem(data)
    error = caught.value
    assert (error.reason, error.found) == (reason, found)
    assert error.needed == "a public key"


def test_message() -> None:
    """The message says what was found and what was needed."""
    with pytest.raises(
        KeyLoadError,
        match=r"found an X\.509 certificate where a private key is needed",
    ):
        PrivateKey.from_pem(CERT)


# ------------------------------------------------------------------- policy


def modulus(bits: int) -> int:
    """Return an odd number; a public key shows no more of its modulus."""
    return random.Random(bits).getrandbits(bits) | 1 << (bits - 1) | 1


F4: Final = 65537
LONG: Final = (1 << 256) - 1
#: (n, e, verdict by default, verdict with the dangerous option)
POLICY: Final[list[tuple[int, int, str, str]]] = [
    (0, F4, "size", "size"),
    (1, F4, "size", "size"),
    (modulus(511), F4, "size", "size"),
    (modulus(512), F4, "size", ""),
    (modulus(1024), F4, "size", ""),
    (modulus(2047), F4, "size", ""),
    (modulus(2048), F4, "", ""),
    (modulus(2049), F4, "", ""),
    (modulus(8192), F4, "", ""),
    (modulus(8193), F4, "size", "size"),
    (modulus(16385), F4, "size", "size"),
    (modulus(2048) - 1, F4, "modulus", "modulus"),
    (modulus(2048) - 1, 1, "modulus", "modulus"),
    (modulus(2048), 0, "exponent", "exponent"),
    (modulus(2048), 1, "exponent", "exponent"),
    (modulus(2048), 2, "exponent", "exponent"),
    (modulus(2048), 3, "exponent", ""),
    (modulus(2048), 17, "exponent", ""),
    (modulus(2048), F4 - 2, "exponent", ""),
    (modulus(2048), F4 - 1, "exponent", "exponent"),
    (modulus(2048), F4, "", ""),
    (modulus(2048), F4 + 1, "exponent", "exponent"),
    (modulus(2048), F4 + 2, "", ""),
    (modulus(2048), LONG, "", ""),
    (modulus(2048), LONG + 2, "exponent", "exponent"),
    # libcrypto could not use these: long exponents need a short modulus.
    (modulus(3072), LONG, "", ""),
    (modulus(3073), (1 << 64) - 1, "", ""),
    (modulus(3073), (1 << 64) + 1, "exponent", "exponent"),
    (modulus(4096), LONG, "exponent", "exponent"),
]


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(("n", "e", "default", "weak"), POLICY, ids=range(len(POLICY)))
def test_policy(n: int, e: int, default: str, weak: str) -> None:
    """Size, modulus and exponent are judged in this order, on public keys."""
    data = make.spki(make.pkcs1_public(n, e))
    assert verdict_of(lambda: PublicKey.from_pem(data)).reason == default
    loaded = verdict_of(
        lambda: PublicKey.from_pem(data, dangerously_allow_weak_key=True)
    )
    assert loaded.reason == weak


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", ["rsa-1024", "rsa-2048-e3"])
def test_weak_key(name: str) -> None:
    """A weak key works through the dangerous option, and only so."""
    reason = "size" if name == "rsa-1024" else "exponent"
    for load, file in ((PrivateKey, ""), (PublicKey, ".pub")):
        with pytest.raises(KeyLoadError) as caught:
            load.from_pem(read(f"{name}{file}.pem"))
        assert caught.value.reason == reason
    key = PrivateKey.from_pem(read(f"{name}.pem"), dangerously_allow_weak_key=True)
    public = PublicKey.from_pem(
        read(f"{name}.pub.pem"), dangerously_allow_weak_key=True
    )
    public.verify(key.sign(b"x"), b"x")


@cache
def private_numbers(name: str = "rsa-2048") -> dict[str, int]:
    """Return the numbers of a test key."""
    key = serialization.load_pem_private_key(read(f"{name}.pem"), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return make.numbers(key)


def _tampered() -> Iterator[tuple[str, dict[str, int]]]:
    good = private_numbers()
    n, p, q, d = good["n"], good["p"], good["q"], good["d"]
    other = private_numbers("other-2048")
    for name in ("d", "p", "q", "dp", "dq", "q_inverse"):
        for step in (1, 2, -2):
            yield f"{name} {step:+}", {**good, name: good[name] + step}
        yield f"{name} = 0", {**good, name: 0}
        yield f"{name} = 1", {**good, name: 1}
        yield f"{name} of another key", {**good, name: other[name]}
        yield f"{name} huge", {**good, name: good[name] << 9000 | good[name]}
    yield "n of another key", {**good, "n": other["n"]}
    yield "e + 2", {**good, "e": F4 + 2}
    yield "p = n", {**good, "p": n, "q": 1}
    yield "q = n", {**good, "p": 1, "q": n}
    yield "p and q swapped", {**good, "p": q, "q": p}
    yield "d too long", {**good, "d": d + (p - 1) * (q - 1)}
    # A private exponent that is right for one of the primes only.
    half = d + p - 1
    yield "d right for p", {**good, "d": half, "dq": half % (q - 1)}
    half = d + q - 1
    yield "d right for q", {**good, "d": half, "dp": half % (p - 1)}
    yield "dP too long", {**good, "dp": good["dp"] + p - 1}
    yield "dQ too long", {**good, "dq": good["dq"] + q - 1}
    yield "qInv too long", {**good, "q_inverse": good["q_inverse"] + p}
    yield "composite", composite()
    yield "a short factor", with_short_factor()


def composite() -> dict[str, int]:
    """Return numbers that agree in every way, but p is no prime."""
    q = private_numbers()["q"]
    draw = random.Random(7)
    while True:
        p = draw.getrandbits(1024) | 3 << 1022 | 1
        try:
            d = pow(F4, -1, (p - 1) * (q - 1))
            inverse = pow(q, -1, p)
        except ValueError:
            continue
        if pow(2, p - 1, p) != 1:
            return {
                "n": p * q, "e": F4, "d": d, "p": p, "q": q,
                "dp": d % (p - 1), "dq": d % (q - 1), "q_inverse": inverse,
            }  # fmt: skip


def with_short_factor() -> dict[str, int]:
    """Return numbers that agree in every way, but n is 3 q."""
    p, q = 3, private_numbers("rsa-4096")["q"]
    d = pow(F4, -1, (p - 1) * (q - 1))
    return {
        "n": p * q, "e": F4, "d": d, "p": p, "q": q,
        "dp": d % (p - 1), "dq": d % (q - 1), "q_inverse": pow(q, -1, p),
    }  # fmt: skip


TAMPERED: Final = dict(_tampered())


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", TAMPERED)
def test_inconsistent(name: str) -> None:
    """A private key with one wrong part is refused before it signs anything."""
    numbers = TAMPERED[name]
    data = make.pkcs8(make.pkcs1_private(*numbers.values()))
    with pytest.raises(KeyLoadError) as caught:
        PrivateKey.from_pem(data)
    assert caught.value.reason == "inconsistent"


@pytest.mark.parametrize("name", TAMPERED)
def test_inconsistent_numbers(name: str) -> None:
    """The arithmetic alone finds every wrong part, but for a prime that is none."""
    numbers = PrivateNumbers(**TAMPERED[name])
    if name == "composite":
        check_private(numbers, allow_weak=False)
        return
    with pytest.raises(KeyLoadError) as caught:
        check_private(numbers, allow_weak=False)
    assert caught.value.reason == "inconsistent"


@pytest.mark.usefixtures("backend")
def test_consistent() -> None:
    """The same key written anew is accepted, with either choice of d."""
    numbers = private_numbers()
    p, q = numbers["p"], numbers["q"]
    phi = pow(F4, -1, (p - 1) * (q - 1))
    for d in {numbers["d"], phi}:
        data = make.pkcs1_private(*{**numbers, "d": d}.values())
        PrivateKey.from_pem(data)


@pytest.mark.usefixtures("backend")
def test_certificate_shapes() -> None:
    """A certificate gives its key with and without a version field."""
    for version in (True, False):
        data = make.certificate(SPKI, version=version)
        key = PublicKey.from_pem(data)
        assert key == PublicKey.from_pem(SPKI)


# --------------------------------------------------------------- encryption

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
    """A password that is missing, wrong or too long is told as such."""
    for data in (ENCRYPTED, ENCRYPTED_DER):
        with pytest.raises(KeyLoadError) as caught:
            PrivateKey.from_pem(data, password)
        assert caught.value.reason == "password"


def encrypted_with(password: bytes) -> bytes:
    """Return the key, encrypted with a password of any length."""
    salt, vector = b"salt", bytes(16)
    derived = hashlib.pbkdf2_hmac("sha256", password, salt, 2, 32)
    encryptor = Cipher(algorithms.AES(derived), modes.CBC(vector)).encryptor()
    padding = 16 - len(PKCS8) % 16
    padded = PKCS8 + bytes([padding]) * padding
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


# -------------------------------------------------------- both backends agree


@dataclass(frozen=True)
class Verdict:
    """What became of loading a key."""

    reason: str
    found: str = ""
    fingerprint: str = ""


def verdict_of(load: Callable[[], PrivateKey | PublicKey]) -> Verdict:
    """Load a key and return what became of it."""
    try:
        return Verdict("", fingerprint=load().fingerprint)
    except KeyLoadError as error:
        return Verdict(error.reason, error.found)


def _damaged(seed: int, count: int) -> Iterator[bytes]:
    """Yield key files with small damages, some to the DER inside."""
    draw = random.Random(seed)
    files = [
        read(path.name)
        for path in sorted(KEYS.iterdir())
        if path.suffix in (".pem", ".der") and "3072" not in path.name
    ]
    files += [data for data, _, _ in (PRIVATE_REFUSALS | PUBLIC_REFUSALS).values()]
    files += [
        make.pkcs8(make.pkcs1_private(*numbers.values()))
        for numbers in TAMPERED.values()
    ]
    pieces = [b"-----", b"\\n", b"\n", b"=", b"\0", b"\xff", b"0", b"-----BEGIN X-----"]
    pieces += [b"-----END PRIVATE KEY-----", b"\x02\x01\x00", b"\x30\x80", b"\x05\x00"]
    for _ in range(count):
        data = bytearray(draw.choice(files))
        for _ in range(draw.choice([1, 1, 1, 2, 3])):
            # Structure is at the start; the numbers behind it are long.
            reach = draw.choice([8, 30, 60, len(data) + 1])
            at = draw.randrange(min(reach, len(data) + 1))
            act = draw.randrange(5)
            if act == 0 and at < len(data):
                data[at] ^= 1 << draw.randrange(8)
            elif act == 1:
                del data[at : at + draw.choice([1, 2, 30])]
            elif act == 2:
                data[at:at] = draw.choice(pieces)
            elif act == 3 and at < len(data):
                data[at] = draw.choice([0, 1, 2, 3, 4, 5, 6, 0x30, 0x80, 0x82, 0xA0])
            else:
                data += draw.choice([*pieces, *files])
        yield bytes(data)


def test_same_verdicts(both_backends: dict[str, Backend]) -> None:
    """Both backends come to the same verdict on thousands of damaged files."""
    verdicts: dict[str, list[tuple[Verdict, ...]]] = {}
    damaged = list(_damaged(20240229, 3000))
    for name in both_backends:
        with backends.override(name):
            verdicts[name] = [
                (
                    verdict_of(lambda: PrivateKey.from_pem(data, KEY_PASSWORD)),  # noqa: B023 - called at once
                    verdict_of(lambda: PublicKey.from_pem(data)),  # noqa: B023 - called at once
                )
                for data in damaged
            ]
    for data, native, python in zip(
        damaged, verdicts["native"], verdicts["python"], strict=True
    ):
        assert native == python, base64.b64encode(data)
    reasons = {one.reason for pair in verdicts["python"] for one in pair}
    assert {"", "format", "kind", "secret", "algorithm", "ambiguous"} <= reasons
    assert {"password", "size", "exponent", "inconsistent"} <= reasons


def test_no_public_numbers(backend: Backend) -> None:
    """A public key that says RSA and holds something else is no key."""
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    for inside in ("300602010304010a", "3003020103", "3009020103020103020103"):
        bits = b"\0" + bytes.fromhex(inside)
        content = algorithm + bytes([3, len(bits)]) + bits
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
