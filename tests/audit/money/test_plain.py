"""Arrow reads plain lines of CSV as Python does, with the same errors."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from kesspay import InputError
from kesspay.audit.money import plain, statement
from kesspay.audit.money.statement import Statement


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: What may stand in a line, often and seldom.
TRADES = ["T-1", "T-2", " T-3 ", "\x1cT-4\t", "\xa0T-5", "ខ\u3000", "T\0-6", "'T-7'"]
AMOUNTS = ["1", "10.50", " -3.1 ", "", "0001.5", "\x0b2\x0c"]
DAYS = ["2026-09-10", "2026-09-11T10:00", "", "2024-02-29 1"]
ODD = [
    *("", "T", "T,1,2026-09-10,x,more", 'T,1,"2026-09-10",x', '"T\n2",1,,'),
    *("T,1,,,\r", "T\r,1,,", "\r", "T,1e2,,", ",1,,", "T,1,10/9/2026,", "T,x\x85,,"),
    *('T"x"",1,,', '"T"x,1,,', "\udce9,1,,", "T,1,,\udce9", "\ufeffT,1,,", "T;1;;"),
    *("T,\u0661,,", "T\u2028,1,,", "x" * 200_000 + ",1,,", "T,1,,\\", "T,1\\,,"),
]


def read(path: Path) -> object:
    """Return the rows of a statement, or why it was refused."""
    try:
        return Statement.load(path).table.to_pylist()
    except InputError as error:
        return str(error)


@pytest.mark.parametrize(
    "seeds",
    [
        (*range(20), 138, 139),
        pytest.param(range(25, 1500), marks=pytest.mark.exhaustive),
    ],
    ids=["some", "many"],
)
def test_as_python_reads_it(
    seeds: Sequence[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows and lines, or the same error."""
    path = tmp_path / "s.csv"
    plain_seen = set[bool]()
    for seed in seeds:
        rng = random.Random(seed)
        lines = ["out_trade_no,amount,day,receiver_id"]
        if seed % 5 == 0:
            lines = [rng.choice(["", "\r", '"out_trade_no",amount,day,x']), *lines]
        for _ in range(rng.randrange(40)):
            values = (rng.choice(TRADES), rng.choice(AMOUNTS), rng.choice(DAYS), "012")
            lines.append(",".join(values))
        for _ in range(rng.choice([0, 0, 1, 2])):
            lines.insert(rng.randrange(1, len(lines) + 1), rng.choice(ODD))
        end = rng.choice(["\n", "\n", "\r\n"])
        text = rng.choice(["", "\ufeff"]) + end.join(lines) + rng.choice(["", end])
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        with monkeypatch.context() as patch:
            patch.setattr(plain, "_BLOCK", rng.choice([100, 1000, 1 << 19]))
            found = read(path)
            patch.setattr(statement, "skip_plain_lines", lambda *_: False)
            assert read(path) == found, seed
        plain_seen.add(isinstance(found, list))
    assert plain_seen == {True, False}


def test_plain_lines_need_no_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows without a quotation mark are not read one by one."""
    path = tmp_path / "s.csv"
    path.write_text("out_trade_no,amount\n" + "T-1,10.50\n" * 1000)
    monkeypatch.delattr(statement, "_columns")
    monkeypatch.setattr(statement._Lines, "many", lambda _: iter(()))
    found = Statement.load(path).table
    assert found.num_rows == 1000
    assert found.column("place").to_pylist() == [*range(2, 1002)]
