"""What a signature covers is read with the public key."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from kesspay.explain.recovered import DIGESTS, Recovered, digest_of, recover
from kesspay.explain.signature import RsaKey, examine
from tests.support.forger import (
    HASHES,
    longest_pss,
    pkcs1,
    private_key,
    pss,
    raw_block,
)
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from pathlib import Path


SIGNED = b'{"amount":0.5}'


def recovered(signature: bytes, key: str = "rsa-2048") -> Recovered:
    """Recover with the public half of a test key."""
    numbers = private_key(key).public_key().public_numbers()
    return recover(signature, numbers.n, numbers.e)


@pytest.mark.parametrize("algorithm", HASHES)
def test_the_digest_and_its_algorithm_are_read(algorithm: str) -> None:
    """A PKCS#1 v1.5 signature shows algorithm and digest of what was signed."""
    found = recovered(pkcs1(SIGNED, algorithm=algorithm))
    assert found.kind == "pkcs1"
    assert found.algorithm == algorithm
    assert found.digest == hashlib.new(algorithm, SIGNED).hexdigest()
    assert found.covers(SIGNED)
    assert not found.covers(SIGNED + b" ")
    assert not found.null_missing


def test_every_digest_but_one_has_a_judge() -> None:
    """The list of digests is what ``cryptography`` signs with, and RIPEMD-160."""
    assert set(HASHES) | {"ripemd160"} == set(DIGESTS)


def test_ripemd160_is_read() -> None:
    """RIPEMD-160, which cryptography does not sign with, is known by its prefix."""
    prefix = bytes.fromhex("3021300906052b2403020105000414")
    found = recovered(raw_block(prefix + bytes(20)))
    assert (found.algorithm, found.payload) == ("ripemd160", bytes(20))


@pytest.mark.parametrize("key", ["rsa-2048", "rsa-3072", "rsa-4096", "rsa-2048-e3"])
def test_keys_of_all_sizes(key: str) -> None:
    """The size of the modulus and the exponent make no difference."""
    assert recovered(pkcs1(SIGNED, key=key), key).covers(SIGNED)
    assert recovered(pss(SIGNED, key=key), key).covers(SIGNED)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_pss_is_recognised_without_the_text(algorithm: str) -> None:
    """A PSS signature shows its structure, and still fits one text only."""
    found = recovered(pss(SIGNED, algorithm=algorithm))
    assert (found.kind, found.algorithm) == ("pss", algorithm)
    assert len(found.salt) == hashlib.new(algorithm).digest_size
    assert found.covers(SIGNED)
    assert not found.covers(b"")
    assert found.digest == ""


def test_another_key_gives_noise() -> None:
    """The wrong key of the same size gives no padding, or is too small."""
    kinds = {recovered(pkcs1(bytes([i])), "other-2048").kind for i in range(24)}
    assert kinds <= {"noise", "too_large"}
    assert "noise" in kinds
    assert not any(
        recovered(pkcs1(SIGNED), "other-2048").covers(t) for t in (SIGNED, b"")
    )


def test_a_number_beyond_the_modulus_is_reported() -> None:
    """A signature of a larger key cannot have been made with this one."""
    found = recovered(pkcs1(SIGNED, key="rsa-3072"))
    assert found.kind == "too_large"
    assert not found.fits_key
    assert not found.covers(SIGNED)


@pytest.mark.parametrize("damaged", [0, 100, 255])
def test_a_damaged_signature_is_noise(damaged: int) -> None:
    """One flipped bit leaves nothing of the padding."""
    signature = bytearray(pkcs1(SIGNED))
    signature[damaged] ^= 1
    assert not recovered(bytes(signature)).fits_key


def test_the_empty_signature_is_noise() -> None:
    """Zero is no signature."""
    assert recovered(b"").kind == "noise"
    assert recovered(bytes(256)).kind == "noise"


def test_openssl_pkeyutl_without_a_digest() -> None:
    """What ``openssl pkeyutl -sign`` makes of a bare hash names no digest."""
    digest = hashlib.sha256(SIGNED).digest()
    done = subprocess.run(
        ["openssl", "pkeyutl", "-sign", "-inkey", str(KEYS / "rsa-2048.pem")],
        input=digest,
        capture_output=True,
        check=True,
    )
    found = recovered(done.stdout)
    assert (found.kind, found.payload) == ("pkcs1_bare", digest)
    assert found.covers(SIGNED)
    assert not found.covers(b"other")


@pytest.mark.parametrize(
    "payload",
    [
        SIGNED,
        hashlib.sha256(SIGNED).hexdigest().encode(),
        hashlib.new("md5", SIGNED).hexdigest().upper().encode(),  # noqa: S324 - as others sign
        hashlib.new("sha1", SIGNED).digest(),  # noqa: S324 - as others sign
    ],
)
def test_encryption_with_the_private_key(payload: bytes) -> None:
    """Text and digests that were "encrypted" are recognised by their text."""
    found = recovered(raw_block(payload))
    assert found.kind == "pkcs1_bare"
    assert found.covers(SIGNED)


def test_a_digest_info_without_its_null() -> None:
    """The variant that RFC 8017 verifiers refuse is read and named."""
    prefix = bytes.fromhex("302f300b0609608648016503040201")
    found = recovered(raw_block(prefix + b"\x04\x20" + hashlib.sha256(SIGNED).digest()))
    assert found.kind == "pkcs1"
    assert found.null_missing
    assert found.covers(SIGNED)


def test_a_digest_of_the_wrong_length_is_not_read_as_one() -> None:
    """Bytes behind the digest are not ignored (Bleichenbacher's forgery)."""
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")
    digest = hashlib.sha256(SIGNED).digest()
    assert recovered(raw_block(prefix + digest + b"\0")).kind == "pkcs1_bare"
    assert not recovered(raw_block(prefix + digest + b"\0")).covers(SIGNED)


def test_a_padding_that_is_too_short_is_noise() -> None:
    """Fewer than eight bytes of fill are no PKCS#1 v1.5 padding."""
    assert recovered(raw_block(bytes([1]) * 245)).kind == "pkcs1_bare"
    assert recovered(raw_block(bytes([1]) * 246)).kind == "noise"


def test_a_block_that_is_too_short_for_pss() -> None:
    """A key so short that no digest fits in is read without an error."""
    modulus = (1 << 511) + 1
    assert recover(b"\x3f" + bytes(62) + b"\xbc", modulus, 1).kind == "noise"


def test_an_unknown_algorithm_gives_no_digest() -> None:
    """Where hashlib lacks a digest nothing is covered."""
    assert digest_of("no such digest", SIGNED) == b""


@pytest.mark.parametrize("salt", [0, 1, 20, 32, 213, 214, 215, 221, 222])
def test_pss_with_any_length_of_the_salt(salt: int) -> None:
    """A salt leaves fewer zeros the longer it is; all of them are read."""
    found = recovered(pss(SIGNED, salt=salt))
    assert (found.kind, found.algorithm, len(found.salt)) == ("pss", "sha256", salt)
    assert found.covers(SIGNED)
    assert not found.covers(b"")
    assert found.certain == (salt <= 214)
    assert found.others == () or not found.certain


def read_twice() -> bytes:
    """Sign until another digest fits, too, before the one that was used."""
    for _ in range(20_000):
        signature = pss(SIGNED, algorithm="sha512", salt=190)
        if recovered(signature).algorithm != "sha512":
            return signature
    raise AssertionError


def test_the_text_says_which_reading_is_right() -> None:
    """A long salt leaves one known byte, which a wrong digest hits by chance."""
    signature = read_twice()
    read = recovered(signature)
    assert not read.certain
    proved = read.covering(SIGNED)
    assert proved in read.others
    assert proved is not None
    assert (proved.algorithm, len(proved.salt)) == ("sha512", 190)
    sign = base64.b64encode(signature).decode()
    numbers = private_key("rsa-2048").public_key().public_numbers()
    found = examine(sign, [RsaKey(numbers.n, numbers.e)], SIGNED)
    assert found.recovered == proved


@pytest.mark.parametrize("stretch", ["sha1", "sha256"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_pss_that_stretches_with_another_digest(algorithm: str, stretch: str) -> None:
    """Java's PSSParameterSpec has MGF1 with SHA-1 unless another one is given."""
    if stretch == "sha256" != algorithm:
        stretch = algorithm
    found = recovered(pss(SIGNED, algorithm=algorithm, stretch=stretch))
    assert (found.kind, found.algorithm) == ("pss", algorithm)
    assert found.covers(SIGNED)


def test_pss_of_node() -> None:
    """Node and OpenSSL take the longest salt where none is given."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node is installed")
    program = (
        "const c = require('crypto'), f = require('fs');"
        "process.stdout.write(c.sign('sha256', f.readFileSync(0), {"
        "key: f.readFileSync(process.argv[1]),"
        "padding: c.constants.RSA_PKCS1_PSS_PADDING}))"
    )
    command = [node, "-e", program, str(KEYS / "rsa-2048.pem")]
    done = subprocess.run(
        command, input=SIGNED, capture_output=True, check=True, timeout=60
    )
    found = recovered(done.stdout)
    assert (found.kind, found.algorithm) == ("pss", "sha256")
    assert not found.certain
    assert found.covers(SIGNED)
    assert len(longest_pss(SIGNED)) == len(done.stdout)


def options_of_pss(salt: int | str, stretch: str) -> list[str]:
    """Return the options of openssl for a salt of this length, and this MGF1."""
    settings = (
        *("rsa_padding_mode:pss", f"rsa_pss_saltlen:{salt}"),
        f"rsa_mgf1_md:{stretch}",
    )
    return [word for one in settings for word in ("-sigopt", one)]


def pss_of_openssl(salt: str, digest: str, stretch: str) -> bytes:
    """Sign with the openssl command; salt is a number, "digest" or "max"."""
    command = f"openssl dgst -{digest} -sign {KEYS / 'rsa-2048.pem'}"
    words = [*command.split(), *options_of_pss(salt, stretch)]
    return subprocess.run(
        words, input=SIGNED, capture_output=True, check=True, timeout=60
    ).stdout


def openssl_believes(
    folder: Path, signature: bytes, salt: int, digest: str, stretch: str
) -> bool:
    """Whether openssl verifies a signature whose salt has exactly this length."""
    (folder / "signature").write_bytes(signature)
    command = f"openssl dgst -{digest} -verify {KEYS / 'rsa-2048.pub.pem'}"
    words = [*command.split(), *options_of_pss(salt, stretch)]
    words += ["-signature", str(folder / "signature")]
    done = subprocess.run(
        words, input=SIGNED, capture_output=True, check=False, timeout=60
    )
    return done.returncode == 0


#: Lengths of a salt: a number, that of the digest, and the longest.
SALTS_OF_OPENSSL = [
    *((str(n), n, "sha256", "sha256") for n in (0, 1, 8, 20, 31, 32, 33, 64)),
    *((str(n), n, "sha256", "sha256") for n in (128, 200, 213, 214, 215, 221, 222)),
    ("digest", 32, "sha256", "sha256"),
    ("max", 222, "sha256", "sha256"),
    ("0", 0, "sha1", "sha1"),
    ("max", 234, "sha1", "sha1"),
    ("digest", 48, "sha384", "sha384"),
    ("max", 206, "sha384", "sha384"),
    ("17", 17, "sha512", "sha512"),
    ("max", 190, "sha512", "sha512"),
    ("digest", 32, "sha256", "sha1"),
    ("7", 7, "sha512", "sha1"),
]


@pytest.mark.parametrize(("asked", "length", "digest", "stretch"), SALTS_OF_OPENSSL)
def test_pss_of_openssl(
    asked: str, length: int, digest: str, stretch: str, tmp_path: Path
) -> None:
    """What openssl signs with a salt of any length is read, and openssl agrees."""
    signature = pss_of_openssl(asked, digest, stretch)
    read = recovered(signature)
    assert read.kind == "pss"
    found = read.covering(SIGNED)
    assert found is not None
    assert (found.algorithm, len(found.salt)) == (digest, length)
    assert not read.covers(SIGNED + b" ")
    assert openssl_believes(tmp_path, signature, len(found.salt), digest, stretch)
    other = length - 1 if length else 1
    assert not openssl_believes(tmp_path, signature, other, digest, stretch)


@pytest.mark.parametrize("salt", [0, 1, 20, 32, 215, 222])
def test_the_forger_is_believed_by_openssl(salt: int, tmp_path: Path) -> None:
    """The signatures of the other tests are what they are said to be."""
    signature = pss(SIGNED, salt=salt)
    assert openssl_believes(tmp_path, signature, salt, "sha256", "sha256")
    assert not openssl_believes(tmp_path, signature, salt, "sha256", "sha1")


def test_a_signature_of_a_shorter_key_costs_no_power(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is noise to a longer key; one that lost its leading zeros is looked at."""
    numbers = private_key("rsa-3072").public_key().public_numbers()
    powers = list[int]()

    def power(number: int, exponent: int, modulus: int) -> int:
        powers.append(number)
        return pow(number, exponent, modulus)

    monkeypatch.setattr("kesspay.explain.recovered.pow", power, raising=False)
    for signature in (pkcs1(SIGNED), bytes(8) + b"\x01" * 376, b"\x7f" + b"\xff" * 375):
        assert recover(signature, numbers.n, numbers.e) == Recovered("noise")
    assert powers == []
    longer = b"\x80" + bytes(375)
    assert recover(longer, numbers.n, numbers.e) == Recovered("noise")
    assert powers == [int.from_bytes(longer, "big")]
