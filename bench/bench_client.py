"""
The calls of a transfer with a transport that answers at once.

Run ``pytest bench/bench_client.py --benchmark-enable``; what is left when a
signature and a verification are taken away is the client's own work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.client import NAMES, calls, protocol_calls


if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.benchmark(group="client")
def test_call(name: str, benchmark: BenchmarkFixture) -> None:
    """Build, sign, send, verify, read and check; calls() asserts the results."""
    benchmark(calls()[name])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.benchmark(group="protocol")
def test_protocol(name: str, benchmark: BenchmarkFixture) -> None:
    """The same without the client: no token, no deadline, no retries."""
    benchmark(protocol_calls()[name])
