"""Which RSA numbers are accepted as a key, on both backends."""

from __future__ import annotations

import random
from typing import Final

import pytest

from kesspay import KeyLoadError, PrivateKey, PublicKey
from kesspay.signing.keyparts import PrivateNumbers
from kesspay.signing.keypolicy import check_private
from tests.support import keymaker as make
from tests.support.tampered import TAMPERED, private_numbers, verdict_of
from tests.support.vectors import KEYS


def read(name: str) -> bytes:
    """Return a file of test keys."""
    return (KEYS / name).read_bytes()


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
