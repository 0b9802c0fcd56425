"""
Canonicalize, sign and verify the documents of the API: library x document.

Run ``pytest bench/bench_documents.py --benchmark-enable``. The peer is what
people write today: the standard library's json and `cryptography`. Each
benchmark asserts that its output is right before it is timed.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import kesspay
from bench.documents import ANSWER, PARAMETERS
from bench.support import BACKENDS, chosen


if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_benchmark.fixture import BenchmarkFixture


KEYS: Final = Path(__file__).parent.parent / "tests" / "vectors" / "keys"
PRIVATE: Final = KEYS / "rsa-2048.pem"
PUBLIC: Final = KEYS / "rsa-2048.pub.pem"


def _canonical_by_hand(values: dict[str, Any]) -> bytes:
    """Write what people write; right for these documents, not for every one."""
    kept = {k: v for k, v in sorted(values.items()) if k not in {"sign", "sign_type"}}
    return json.dumps(kept, separators=(",", ":")).replace("/", "\\/").encode()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run on each backend."""
    with chosen(request.param):
        yield request.param


@pytest.fixture(scope="module")
def peer() -> rsa.RSAPrivateKey:
    """Return the same key for `cryptography`."""
    # The key of the vectors carries no password: it is public test data.
    key = serialization.load_pem_private_key(PRIVATE.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _signed_answer() -> bytes:
    values = json.loads(ANSWER)
    return kesspay.PrivateKey.from_pem(PRIVATE.read_bytes()).signed_body(values)


@pytest.mark.usefixtures("backend")
@pytest.mark.benchmark(group="canonicalize an answer")
def test_canonicalize(benchmark: BenchmarkFixture) -> None:
    """The canonical bytes of an answer."""
    expected = _canonical_by_hand(json.loads(ANSWER))
    assert expected == kesspay.canonicalize(ANSWER)
    benchmark(kesspay.canonicalize, ANSWER)


@pytest.mark.benchmark(group="canonicalize an answer")
def test_canonicalize_by_hand(benchmark: BenchmarkFixture) -> None:
    """The naive recipe of the standard library."""
    assert kesspay.canonicalize(ANSWER) == _canonical_by_hand(json.loads(ANSWER))
    benchmark(lambda: _canonical_by_hand(json.loads(ANSWER)))


@pytest.mark.usefixtures("backend")
@pytest.mark.benchmark(group="sign parameters")
def test_signed_body(benchmark: BenchmarkFixture) -> None:
    """Parameters in, signed body out."""
    key = kesspay.PrivateKey.from_pem(PRIVATE.read_bytes())
    body = key.signed_body(PARAMETERS)
    assert kesspay.canonicalize(PARAMETERS) == key.public_key.verify_document(body)
    benchmark(key.signed_body, PARAMETERS)


@pytest.mark.benchmark(group="sign parameters")
def test_signed_body_by_hand(
    peer: rsa.RSAPrivateKey, benchmark: BenchmarkFixture
) -> None:
    """The same with json and `cryptography`."""

    def sign() -> bytes:
        signature = peer.sign(
            _canonical_by_hand(PARAMETERS), padding.PKCS1v15(), hashes.SHA256()
        )
        sign = base64.b64encode(signature).decode()
        return orjson.dumps({**PARAMETERS, "sign_type": "RSA2", "sign": sign})

    public = kesspay.PublicKey.from_file(PUBLIC)
    assert kesspay.canonicalize(PARAMETERS) == public.verify_document(sign())
    benchmark(sign)


@pytest.mark.usefixtures("backend")
@pytest.mark.benchmark(group="verify an answer")
def test_verify_document(benchmark: BenchmarkFixture) -> None:
    """Body in, verified canonical bytes out."""
    body = _signed_answer()
    key = kesspay.PublicKey.from_file(PUBLIC)
    assert kesspay.canonicalize(ANSWER) == key.verify_document(body)
    benchmark(key.verify_document, body)


@pytest.mark.benchmark(group="verify an answer")
def test_verify_document_by_hand(
    peer: rsa.RSAPrivateKey, benchmark: BenchmarkFixture
) -> None:
    """The same with orjson, json and `cryptography`."""
    body = _signed_answer()
    public = peer.public_key()

    def verify() -> bytes:
        values = orjson.loads(body)
        canonical = _canonical_by_hand(values)
        signature = base64.b64decode(values["sign"], validate=True)
        public.verify(signature, canonical, padding.PKCS1v15(), hashes.SHA256())
        return canonical

    assert kesspay.canonicalize(ANSWER) == verify()
    benchmark(verify)
