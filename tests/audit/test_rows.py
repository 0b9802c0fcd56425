"""Rows of any recording, and bodies that are too long."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kesspay.audit.rows import TOO_LONG, Damaged, Rows, limited


def test_limited() -> None:
    """A body over the limit is taken away and named; one at the limit stays."""
    rows = Rows(np.arange(4), pa.array([b"123", b"1234", None, b""]), 0)
    found = limited(rows, 3)
    assert found.bodies.to_pylist() == [b"123", None, None, b""]
    assert found.unreadable == {1: TOO_LONG}
    assert limited(found, 3).bodies is found.bodies


def test_damaged() -> None:
    """The place of a damage is known, or not."""
    assert Damaged("why", 3).row == 3
    assert Damaged("why").row is None
