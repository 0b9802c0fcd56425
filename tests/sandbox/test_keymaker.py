"""Throw-away keys: real ones, and never the same twice."""

from __future__ import annotations

from kesspay.sandbox.keymaker import generate_key, generate_pem, public_pem
from kesspay.signing.keys import PrivateKey, PublicKey


def test_both_halves_belong_together() -> None:
    """What the private half signs verifies with the public one."""
    pem = generate_pem()
    key = PrivateKey.from_pem(pem)
    assert PublicKey.from_pem(public_pem(pem)) == key.public_key


def test_keys_are_new_and_of_the_size_asked_for() -> None:
    """Two keys differ; the size is the one that was asked for."""
    first, second = generate_key(), generate_key(3072)
    assert first.public_key != second.public_key
    assert (first.bits, second.bits) == (2048, 3072)
