"""
Batches: what is done x how many threads, as a list and as a column of Arrow.

Run ``pytest bench/bench_batch.py --benchmark-enable``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

import kesspay
from bench.documents import RESPONSE
from bench.processes import PRIVATE


if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


COUNT: Final = 1000
THREADS: Final = (1, 2)
KEY: Final = kesspay.PrivateKey.from_pem(PRIVATE.read_bytes())


@pytest.fixture(scope="module", params=["list", "arrow"])
def bodies(request: pytest.FixtureRequest) -> Any:  # noqa: ANN401 - list or array
    """Return signed bodies in both forms."""
    some = [KEY.signed_body({**RESPONSE, "code": n}) for n in range(20)]
    many = some * (COUNT // len(some))
    if request.param == "list":
        return many
    pyarrow: Any = pytest.importorskip("pyarrow")
    return pyarrow.array(many, pyarrow.large_binary())


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.benchmark(group="verify 1000 bodies")
def test_verify(bodies: list[bytes], threads: int, benchmark: BenchmarkFixture) -> None:
    """Verdicts."""
    verify = KEY.public_key.verify_documents
    assert verify(bodies, threads=threads) == [kesspay.VerifyStatus.OK] * COUNT
    benchmark(verify, bodies, threads=threads)


@pytest.mark.benchmark(group="verify 1000 bodies")
def test_one_by_one(benchmark: BenchmarkFixture) -> None:
    """The same without a batch."""
    body = KEY.signed_body(RESPONSE)
    verify = KEY.public_key.verify_document
    assert verify(body) == kesspay.canonicalize(body)
    benchmark(lambda: [verify(body) for _ in range(COUNT)])


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.benchmark(group="canonicalize 1000 bodies")
def test_canonicalize(
    bodies: list[bytes], threads: int, benchmark: BenchmarkFixture
) -> None:
    """Canonical forms."""
    made = kesspay.canonicalize_many(bodies, threads=threads)
    assert made[7] == kesspay.canonicalize({**RESPONSE, "code": 7})
    benchmark(kesspay.canonicalize_many, bodies, threads=threads)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.benchmark(group="sign 1000 bodies")
def test_sign(bodies: list[bytes], threads: int, benchmark: BenchmarkFixture) -> None:
    """Signatures."""
    made = KEY.sign_documents(bodies[:40], threads=threads)
    assert made[7] == KEY.sign_document({**RESPONSE, "code": 7}).encode()
    run: Any = benchmark.pedantic
    run(KEY.sign_documents, (bodies,), {"threads": threads}, rounds=5)
