"""The transports that tests run on."""

from __future__ import annotations

import pytest

from tests.http.certificates import Authority
from tests.http.transports import ALL, OURS, Carrier


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make an authority of our own."""
    return Authority(tmp_path_factory.mktemp("authority"))


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
