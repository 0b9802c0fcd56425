"""
Canonicalize, sign and verify the documents of the API: library x document.

Run ``pytest bench/bench_documents.py --benchmark-enable``. The peers are what
people write today (``recipes.py``). Each benchmark asserts that its output is
right before it is timed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest

import kesspay
from bench.documents import ANSWER, REQUEST, RESPONSE, sized
from bench.processes import PRIVATE
from bench.recipes import Cryptography, canonical_of_text, libraries
from bench.support import BACKENDS, chosen


if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_benchmark.fixture import BenchmarkFixture


PEM: Final = PRIVATE.read_bytes()
DOCUMENTS: Final = {
    "answer": ANSWER,
    "request": orjson.dumps(REQUEST),
    "list of 10 kB": sized(10_000),
}
LIBRARIES: Final = ("cryptography", "awscrt", "pycryptodome", "rsa", "pyjwt", "joserfc")
MESSAGE: Final = b"x" * 300


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run on each backend."""
    with chosen(request.param):
        yield request.param


@pytest.fixture(params=DOCUMENTS)
def document(request: pytest.FixtureRequest, benchmark: BenchmarkFixture) -> bytes:
    """Return each document, in a group of its own."""
    benchmark.group = f"canonicalize: {request.param}"
    return DOCUMENTS[request.param]


@pytest.mark.usefixtures("backend")
def test_canonicalize(document: bytes, benchmark: BenchmarkFixture) -> None:
    """The canonical bytes of a text."""
    assert kesspay.canonicalize(document) == canonical_of_text(document)
    benchmark(kesspay.canonicalize, document)


def test_canonicalize_by_hand(document: bytes, benchmark: BenchmarkFixture) -> None:
    """The naive recipe of the standard library."""
    assert kesspay.canonicalize(document) == canonical_of_text(document)
    benchmark(canonical_of_text, document)


def test_canonicalize_rfc8785(document: bytes, benchmark: BenchmarkFixture) -> None:
    """The JSON Canonicalization Scheme: as much work, but other bytes."""
    library: Any = pytest.importorskip("rfc8785")
    values = json.loads(document)
    assert json.loads(library.dumps(values)) == values
    benchmark(lambda: library.dumps(orjson.loads(document)))


@pytest.mark.usefixtures("backend")
@pytest.mark.benchmark(group="sign parameters")
def test_signed_body(benchmark: BenchmarkFixture) -> None:
    """Parameters in, signed body out."""
    key = kesspay.PrivateKey.from_pem(PEM)
    body = key.signed_body(REQUEST)
    assert kesspay.canonicalize(REQUEST) == key.public_key.verify_document(body)
    benchmark(key.signed_body, REQUEST)


@pytest.mark.benchmark(group="sign parameters")
def test_signed_body_by_hand(benchmark: BenchmarkFixture) -> None:
    """The same with json and `cryptography`."""
    public = kesspay.PrivateKey.from_pem(PEM).public_key
    peer = Cryptography(PEM)
    body = peer.signed_body(REQUEST)
    assert kesspay.canonicalize(REQUEST) == public.verify_document(body)
    benchmark(peer.signed_body, REQUEST)


@pytest.mark.usefixtures("backend")
@pytest.mark.benchmark(group="verify an answer")
def test_verify_document(benchmark: BenchmarkFixture) -> None:
    """Body in, verified canonical bytes out."""
    key = kesspay.PrivateKey.from_pem(PEM)
    body, public = key.signed_body(RESPONSE), key.public_key
    assert canonical_of_text(body) == public.verify_document(body)
    benchmark(public.verify_document, body)


@pytest.mark.benchmark(group="verify an answer")
def test_verify_document_by_hand(benchmark: BenchmarkFixture) -> None:
    """The same with orjson, json and `cryptography`."""
    body = kesspay.PrivateKey.from_pem(PEM).signed_body(RESPONSE)
    peer = Cryptography(PEM)
    assert canonical_of_text(body) == peer.verify_document(body)
    benchmark(peer.verify_document, body)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("what", ["sign", "verify"])
def test_signature(what: str, benchmark: BenchmarkFixture) -> None:
    """A signature alone."""
    benchmark.group = f"{what} 300 bytes"
    key = kesspay.PrivateKey.from_pem(PEM)
    signature = key.sign(MESSAGE)
    if what == "sign":
        benchmark(key.sign, MESSAGE)
    else:
        benchmark(key.public_key.verify, signature, MESSAGE)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("what", ["sign", "verify"])
def test_signature_of_peer(
    what: str, library: str, benchmark: BenchmarkFixture
) -> None:
    """The same with other libraries, where they are installed."""
    benchmark.group = f"{what} 300 bytes"
    found = libraries(PEM).get(library)
    if found is None:
        pytest.skip(f"{library} is not installed")
    sign, verify = found
    signature = kesspay.PrivateKey.from_pem(PEM).sign(MESSAGE)
    assert sign(MESSAGE) == signature
    verify(signature, MESSAGE)
    if what == "sign":
        benchmark(sign, MESSAGE)
    else:
        benchmark(verify, signature, MESSAGE)
