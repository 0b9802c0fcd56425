"""The page that compares is what real PHP, ``cryptography`` and kesspay do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.comparison_page import PAGE, page


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend
    from tests.support.php import Php


@pytest.mark.thorough
@pytest.mark.few(1)
def test_the_page_is_true(php: Php, backend: Backend) -> None:
    """Both tables are what was just seen, on both backends."""
    made = page()
    assert made == PAGE.read_text(encoding="utf-8")
    rows = [
        row for row in made.splitlines() if row.endswith(("accepted |", "refused |"))
    ]
    assert len(rows) >= 14
    # In no row kesspay is the one that is wrong.
    assert not any(row.endswith("** |") for row in made.splitlines())
