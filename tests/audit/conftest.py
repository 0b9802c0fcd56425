"""What the tests of the audit share."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from kesspay.audit import triage


if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Leave the warning of pure Python to its test."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "kesspay runs in pure Python")
        yield


@pytest.fixture(autouse=True)
def little_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the long search for causes to its tests."""
    monkeypatch.setattr(triage, "_RATE", 100)
