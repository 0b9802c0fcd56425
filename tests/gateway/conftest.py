"""The clients that tests run on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.gateway.helpers import FACE


if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Iterator[str]:
    """Make ``helpers.client`` return a Client, then an AsyncClient."""
    before = FACE.set(request.param)
    yield request.param
    FACE.reset(before)
