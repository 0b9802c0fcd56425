"""Rows of one key lie in one share, whatever their number."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from kesspay.audit.money import shares
from kesspay.audit.money.shares import Shares, first_fan, marked


if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def batch(keys: list[str | None], others: list[str | None]) -> Any:  # noqa: ANN401 - of pyarrow
    """Return rows with two keys each, marked by DuckDB."""
    pair = [pa.array(one, pa.string()) for one in (keys, others)]
    table = pa.table(pair, names=["a", "b"])
    with duckdb.connect() as engine:
        engine.register("t", table)
        found = engine.sql(f"SELECT *, {marked('a', 'b')} FROM t")  # noqa: S608 - of a test
        (one,) = found.to_arrow_table().to_batches()
    return one


def test_rows_of_a_key_are_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each key is in one share; a row with two is a guest where its second one is."""
    monkeypatch.setattr(shares, "ROWS", 4)
    monkeypatch.setattr(shares, "_FAN", 3)
    # Some rows are collected, and the rest comes at the end.
    monkeypatch.setattr(shares, "_COLLECTED", 1000)
    # Some are read together, and the rest comes at the end.
    monkeypatch.setattr(shares, "_VECTOR", 4)
    keys = [*(f"k{n % 20}" for n in range(60)), *["one"] * 50, None, None]
    others = [*(f"k{n % 7}" for n in range(60)), *[None] * 50, "k1", None]
    every = Shares(tmp_path / "x", 3)
    for first in range(0, len(keys), 30):
        every.add("rows", batch(keys[first : first + 30], others[first : first + 30]))
    every.add("few", batch(["k1"], [None]))
    seen: dict[str, set[int]] = {}
    seconds = Counter[str | None]()
    sizes, rows = [], []
    for number, share in enumerate(every):
        # Each share has every kind, so that no rows of another one stay.
        assert share.names == ["rows", "few"]
        with share:
            held = share.reader("rows").read_all().to_pylist()
        sizes.append(len(held))
        for row in held:
            here = {row["a"]} if row["other"] != shares.GUEST else set()
            here |= {row["b"]} if row["other"] != shares.HOME else set()
            seconds[row["b"]] += row["other"] != shares.HOME
            for key in here - {None}:
                seen.setdefault(key, set()).add(number)
            if row["other"] != shares.GUEST:
                rows.append((row["a"], row["b"]))
    assert {key: len(numbers) for key, numbers in seen.items()} == dict.fromkeys(
        seen, 1
    )
    assert {*seen} == {*keys, *others} - {None}
    assert all(seconds[key] == others.count(key) for key in {*others} - {None})
    # The row without a key is in no share.
    assert sorted(rows, key=str) == sorted(zip(keys, others, strict=True), key=str)[:-1]
    # Those of one key cannot be shared out.
    assert max(sizes) >= 50
    assert sorted(sizes)[-2] < 20
    assert not list(tmp_path.iterdir())


def test_how_many() -> None:
    """By rows and by bytes, and no more than are written at a time."""
    assert first_fan(0, 0) == 1
    assert first_fan(shares.ROWS + 1, 0) == 2
    assert first_fan(1, 2 * shares.BYTES + 1) == 3
    assert first_fan(10**10, 10**13) == 64
