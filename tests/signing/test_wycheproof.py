"""
Project Wycheproof: all SHA-256 vectors of PKCS#1 v1.5, on both backends.

The files are not part of this repository (Apache-2.0, C2SP/wycheproof). The
tests run where they are found: in the folder that KESSPAY_WYCHEPROOF names, or
in ../shared/wycheproof beside the checkout.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay import InvalidSignature, KeyLoadError, PrivateKey, PublicKey


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


pytestmark = pytest.mark.usefixtures("backend")

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = Path(
    os.environ.get("KESSPAY_WYCHEPROOF", ROOT / ".." / "shared" / "wycheproof")
)
F4: Final = 65537

needs_vectors = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the vectors of Wycheproof are not here"
)


def groups(pattern: str) -> Iterator[dict[str, Any]]:
    """Yield the SHA-256 groups of all files of a kind."""
    for path in sorted(FOLDER.glob(pattern)):
        for group in json.loads(path.read_text())["testGroups"]:
            if group["sha"] == "SHA-256":
                yield group


@needs_vectors
@pytest.mark.parametrize("bits", [2048, 3072, 4096, 8192])
def test_verify(bits: int) -> None:
    """Valid signatures are accepted and all others refused, MissingNull too."""
    counts = {"valid": 0, "invalid": 0, "acceptable": 0}
    for group in groups(f"rsa_signature_{bits}_sha256_test.json"):
        key = public_key(group)
        for case in group["tests"]:
            counts[case["result"]] += 1
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            if case["result"] == "acceptable":
                # The one leniency that the vectors leave open.
                assert case["flags"] == ["MissingNull"]
            if case["result"] == "valid":
                key.verify(signature, message)
                continue
            with pytest.raises(InvalidSignature) as caught:
                key.verify(signature, message)
            assert caught.value.reason == "mismatch", case["tcId"]
    assert min(counts.values()) > 0, counts
    assert sum(counts.values()) > 200, counts


@needs_vectors
@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_sign(bits: int) -> None:
    """Our signatures are those of the vectors, bit by bit."""
    count = 0
    for group in groups(f"rsa_pkcs1_{bits}_sig_gen_test.json"):
        weak = int(group["privateKey"]["publicExponent"], 16) < F4
        pem = group["privateKeyPem"]
        pkcs8 = bytes.fromhex(group["privateKeyPkcs8"])
        if weak:
            refused(PrivateKey.from_pem, pem)
        for data in (pem, pkcs8):
            key = PrivateKey.from_pem(data, dangerously_allow_weak_key=weak)
            for case in group["tests"]:
                expected = bytes.fromhex(case["sig"])
                assert key.sign(bytes.fromhex(case["msg"])) == expected
                key.public_key.verify(expected, bytes.fromhex(case["msg"]))
                count += 1
    assert count > 0


def public_key(group: dict[str, Any]) -> PublicKey:
    """Load the key of a group in each of its forms."""
    weak = int(group["publicKey"]["publicExponent"], 16) < F4
    forms = [
        group["publicKeyPem"],
        bytes.fromhex(group["publicKeyDer"]),
        bytes.fromhex(group["publicKeyAsn"]),
    ]
    if weak:
        for data in forms:
            refused(PublicKey.from_pem, data)
    keys = {PublicKey.from_pem(data, dangerously_allow_weak_key=weak) for data in forms}
    assert len(keys) == 1
    return keys.pop()


def refused(load: Callable[[str | bytes], object], data: str | bytes) -> None:
    """Check that a key is refused for its exponent."""
    with pytest.raises(KeyLoadError) as caught:
        load(data)
    assert caught.value.reason == "exponent"
