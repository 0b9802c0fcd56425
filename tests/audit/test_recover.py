"""What a public key reads out of signatures made by others."""

from __future__ import annotations

import hashlib
import subprocess

import pytest

from kesspay.audit.recover import DIGESTS, Recovered, digest_of, recover
from tests.support.forger import HASHES, pkcs1, private_key, pss, raw_block
from tests.support.vectors import KEYS


TEXT = b'{"amount":0.5}'


def read(signature: bytes, key: str = "rsa-2048") -> Recovered:
    """Recover with the public half of a test key."""
    numbers = private_key(key).public_key().public_numbers()
    return recover(signature, numbers.n, numbers.e)


@pytest.mark.parametrize("algorithm", HASHES)
def test_the_digest_and_its_algorithm_are_read(algorithm: str) -> None:
    """A PKCS#1 v1.5 signature tells algorithm and digest of what was signed."""
    found = read(pkcs1(TEXT, algorithm=algorithm))
    assert found.kind == "pkcs1"
    assert found.algorithm == algorithm
    assert found.digest == hashlib.new(algorithm, TEXT).hexdigest()
    assert found.covers(TEXT)
    assert not found.covers(TEXT + b" ")
    assert not found.null_missing


def test_every_digest_but_one_has_a_judge() -> None:
    """The list of digests is what ``cryptography`` signs with, and RIPEMD-160."""
    assert set(HASHES) | {"ripemd160"} == set(DIGESTS)


def test_ripemd160_is_read() -> None:
    """RIPEMD-160, which cryptography does not sign with, is known by its prefix."""
    prefix = bytes.fromhex("3021300906052b2403020105000414")
    found = read(raw_block(prefix + bytes(20)))
    assert (found.algorithm, found.payload) == ("ripemd160", bytes(20))


@pytest.mark.parametrize("key", ["rsa-2048", "rsa-3072", "rsa-4096", "rsa-2048-e3"])
def test_keys_of_all_sizes(key: str) -> None:
    """The size of the modulus and the exponent make no difference."""
    assert read(pkcs1(TEXT, key=key), key).covers(TEXT)
    assert read(pss(TEXT, key=key), key).covers(TEXT)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_pss_is_recognised_without_the_text(algorithm: str) -> None:
    """A PSS signature shows its structure, and still fits one text only."""
    found = read(pss(TEXT, algorithm=algorithm))
    assert (found.kind, found.algorithm) == ("pss", algorithm)
    assert len(found.salt) == hashlib.new(algorithm).digest_size
    assert found.covers(TEXT)
    assert not found.covers(b"")
    assert found.digest == ""


def test_another_key_gives_noise() -> None:
    """The wrong key of the same size gives no padding, or is too small."""
    kinds = {read(pkcs1(bytes([i])), "other-2048").kind for i in range(24)}
    assert kinds <= {"noise", "too_large"}
    assert "noise" in kinds
    assert not any(read(pkcs1(TEXT), "other-2048").covers(t) for t in (TEXT, b""))


def test_a_number_beyond_the_modulus_is_told() -> None:
    """A signature of a larger key cannot have been made with this one."""
    found = read(pkcs1(TEXT, key="rsa-3072"))
    assert found.kind == "too_large"
    assert not found.fits_key
    assert not found.covers(TEXT)


@pytest.mark.parametrize("damaged", [0, 100, 255])
def test_a_damaged_signature_is_noise(damaged: int) -> None:
    """One flipped bit leaves nothing of the padding."""
    signature = bytearray(pkcs1(TEXT))
    signature[damaged] ^= 1
    assert not read(bytes(signature)).fits_key


def test_the_empty_signature_is_noise() -> None:
    """Zero is no signature."""
    assert read(b"").kind == "noise"
    assert read(bytes(256)).kind == "noise"


def test_openssl_pkeyutl_without_a_digest() -> None:
    """What ``openssl pkeyutl -sign`` makes of a bare hash names no digest."""
    digest = hashlib.sha256(TEXT).digest()
    done = subprocess.run(
        ["openssl", "pkeyutl", "-sign", "-inkey", str(KEYS / "rsa-2048.pem")],
        input=digest,
        capture_output=True,
        check=True,
    )
    found = read(done.stdout)
    assert (found.kind, found.payload) == ("pkcs1_bare", digest)
    assert found.covers(TEXT)
    assert not found.covers(b"other")


@pytest.mark.parametrize(
    "payload",
    [
        TEXT,
        hashlib.sha256(TEXT).hexdigest().encode(),
        hashlib.new("md5", TEXT).hexdigest().upper().encode(),  # noqa: S324
        hashlib.new("sha1", TEXT).digest(),  # noqa: S324
    ],
)
def test_encryption_with_the_private_key(payload: bytes) -> None:
    """Text and digests that were "encrypted" are recognised by their text."""
    found = read(raw_block(payload))
    assert found.kind == "pkcs1_bare"
    assert found.covers(TEXT)


def test_a_digest_info_without_its_null() -> None:
    """The variant that RFC 8017 verifiers refuse is read and named."""
    prefix = bytes.fromhex("302f300b0609608648016503040201")
    found = read(raw_block(prefix + b"\x04\x20" + hashlib.sha256(TEXT).digest()))
    assert found.kind == "pkcs1"
    assert found.null_missing
    assert found.covers(TEXT)


def test_a_digest_of_the_wrong_length_is_not_read_as_one() -> None:
    """Bytes behind the digest are not ignored (Bleichenbacher's forgery)."""
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")
    digest = hashlib.sha256(TEXT).digest()
    assert read(raw_block(prefix + digest + b"\0")).kind == "pkcs1_bare"
    assert not read(raw_block(prefix + digest + b"\0")).covers(TEXT)


def test_a_padding_that_is_too_short_is_noise() -> None:
    """Fewer than eight bytes of fill are no PKCS#1 v1.5 padding."""
    assert read(raw_block(bytes([1]) * 245)).kind == "pkcs1_bare"
    assert read(raw_block(bytes([1]) * 246)).kind == "noise"


def test_a_block_that_is_too_short_for_pss() -> None:
    """A key so short that no digest fits in is read without an error."""
    modulus = (1 << 511) + 1
    assert recover(b"\x3f" + bytes(62) + b"\xbc", modulus, 1).kind == "noise"


def test_an_unknown_algorithm_gives_no_digest() -> None:
    """Where hashlib lacks a digest nothing is covered."""
    assert digest_of("no such digest", TEXT) == b""
