"""The clients and the transports that tests run on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.gateway.carriers import ALL, OURS, Carrier
from tests.gateway.helpers import FACE


if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=ALL, ids=lambda one: one.name)
def carrier(request: pytest.FixtureRequest) -> Carrier:
    """Run the test on kesspay's transports and on the recipe for aiohttp."""
    given: Carrier = request.param
    return given


@pytest.fixture(params=OURS, ids=lambda one: one.name)
def ours(request: pytest.FixtureRequest) -> Carrier:
    """Run the test on kesspay's transports: aiohttp has no such setting."""
    given: Carrier = request.param
    return given


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Iterator[str]:
    """Make ``helpers.client`` return a Client, then an AsyncClient."""
    before = FACE.set(request.param)
    yield request.param
    FACE.reset(before)
