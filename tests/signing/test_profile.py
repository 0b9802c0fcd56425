"""Settings that stand for no PHP are refused when they are made."""

from __future__ import annotations

from typing import Any

import pytest

from kesspay import InputError, Profile


@pytest.mark.parametrize(
    "settings",
    [
        {"serialize_precision": 16},
        {"serialize_precision": -1.0},
        {"serialize_precision": True},
        {"serialize_precision": "17"},
        {"ksort": "8.1"},
        {"ksort": "8"},
        {"unescaped_slashes": 1},
        {"unescaped_unicode": None},
    ],
)
def test_refused(settings: dict[str, Any]) -> None:
    """No value is rounded to the nearest one that is known."""
    with pytest.raises(InputError):
        Profile(**settings)
