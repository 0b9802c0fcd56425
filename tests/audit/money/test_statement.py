"""The gateway's statement: what is read of it, and the line of what is wrong."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from kesspay import InputError
from kesspay.audit.money import statement
from kesspay.audit.money.statement import Statement


if TYPE_CHECKING:
    from pathlib import Path


def load(path: Path, content: bytes, mapping: str = "") -> Statement:
    """Read a statement of this content."""
    path.write_bytes(content)
    if mapping:
        path.with_suffix(".toml").write_text(mapping)
    return Statement.load(path)


def test_every_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A BOM, quotes, lines of CRLF and blank lines; the place is the line."""
    monkeypatch.setattr(statement, "_ROWS", 2)
    found = load(
        tmp_path / "s.csv",
        b"\xef\xbb\xbfname, out_trade_no ,amount,day,receiver_id\r\n"
        b'"Sok, ""the\r\nthird""",T-1," 10.50 ",2026-09-10,012\r\n'
        b"\r\n"
        b"\xe1\x9e\x80,T-2,-3,2026-09-11T23:59:59Z,012,more\r\n"
        b"x,T-3,,,",
    )
    assert found.has_day
    assert found.has_receiver
    assert [tuple(row.values()) for row in found.table.to_pylist()] == [
        (2, "T-1", Decimal("10.50"), "012", date(2026, 9, 10)),
        (5, "T-2", Decimal("-3.00"), "012", date(2026, 9, 11)),
        (6, "T-3", None, "", None),
    ]
    found = load(
        tmp_path / "t.csv",
        b"\nRef;Sum\nT-1;1\n",
        '\ufeffseparator = ";"\nout_trade_no = "Ref"\namount = "Sum"\n',
    )
    assert found.table.num_rows == 1
    assert (found.has_day, found.has_receiver) == (False, False)


@pytest.mark.parametrize(
    ("content", "why"),
    {
        b"": "s.csv' is empty: line 1 names the columns",
        b"a,b\n": "line 1 of .*s.csv' has no column 'out_trade_no'; a TOML",
        b"out_trade_no,Amount\n": "has no column 'amount'",
        b"amount,out_trade_no,amount\n": "line 1 .* has the column 'amount' twice",
        b"out_trade_no;amount\nT;1\n": 'by semicolons; write .*: separator = ";"',
        b"out_trade_no\tamount\nT\t1\n": r'by tabs; write .*: separator = "\\t"',
        b"\xff\xfea\0": "is UTF-16: save it as CSV in UTF-8",
        b"out_trade_no,amount\nT,1\nT\xe9,1\n": "line 3 of .*: it is not UTF-8",
        b"out_trade_no,am\xe9\n": "line 1 of .*: it is not UTF-8",
        b'out_trade_no,amount\nT,1\n"T,1\nU,2\n': "line 3 of .*: a quotation mark op",
        b'out_trade_no,amount\n"T"x,1\n': "line 2 of .*: a quotation mark within",
        b"out_trade_no,amount\n"
        + b"x" * 200_000
        + b",1\n": "line 2 of .*: it is no CSV",
        b"out_trade_no,amount\nT,1\nT\n": "line 3 of .*: it has 1 columns, and at lea",
        b"out_trade_no,amount\n ,1\n": "line 2 of .*: it names no out_trade_no",
        **{
            b'out_trade_no,amount\n\nT,"' + amount + b'"\n': "line 3 of .*: its amount"
            for amount in (
                *(b"1,234.50", b"10,50", b"1 234", b"$5", b"1.005", b"+1", b"1e2"),
                *(b"\xd9\xa1", b"1'234", b"12345678901234"),
            )
        },
        **{
            b"out_trade_no,amount,day\nT,1,"
            + day
            + b"\n": "line 2 of .*: its day is not"
            for day in (b"10/09/2026", b"2026-02-30", b"2026-9-1", b"2026-09-101")
        },
    }.items(),
)
def test_what_is_wrong_is_named(tmp_path: Path, content: bytes, why: str) -> None:
    """What cannot be read is refused with its line, and without its values."""
    with pytest.raises(InputError, match=why):
        load(tmp_path / "s.csv", content)


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there, and mappings that cannot be used."""
    path = tmp_path / "s.csv"
    with pytest.raises(InputError, match=r"cannot be read as CSV \(No such file"):
        Statement.load(path)
    mappings = {
        "x": "as TOML",
        'x = "a"': "maps",
        "amount = 1": "maps",
        'separator = [","]': "the separator in .* is one of",
        'separator = ":"': "the separator in .* is one of",
        'zone = "Asia/Nowhere"': "the zone in .* is no name of a time zone",
        'zone = "localtime"': "the zone in .* is no name of a time zone",
        'zone = "../UTC"': "the zone in .* is no name of a time zone",
        "zone = 7": "the zone in .* is no name of a time zone",
    }
    for text, why in mappings.items():
        with pytest.raises(InputError, match=why):
            load(path, b"out_trade_no,amount\n", text)


def test_an_error_shows_no_value(tmp_path: Path) -> None:
    """A row in place of the line of names may hold a person."""
    with pytest.raises(InputError) as caught:
        load(tmp_path / "s.csv", b"T-1,Sok Dara,85512345678\n")
    assert "Sok" not in str(caught.value)
    assert "855" not in str(caught.value)
    assert os.fspath(tmp_path) in str(caught.value)


def test_all_at_once_and_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right rows are read all at once, and have the values that each one has."""
    rows = [
        *("T-1,1.5,012,2026-09-10", '"T,\n2", -0.05 ,"0\x1c",2026-09-11 10:00'),
        *(
            "ខ,0001234567890.1,,",
            "T-4,,x,2024-02-29T1\xa0",
            "T-5,-9999999999999.99,\t,",
        ),
    ]
    text = "out_trade_no,amount,receiver_id,day\n" + "\n".join(rows) + "\n"
    found = load(tmp_path / "s.csv", text.encode())
    with monkeypatch.context() as patch:
        patch.delattr(statement, "_by_row")
        at_once = found.table
    monkeypatch.setattr(statement, "_columns", lambda *_: None)
    assert at_once == found.table
    assert at_once.num_rows == len(rows)


def test_the_first_wrong_row_is_named(tmp_path: Path) -> None:
    """Though what comes after it is no CSV."""
    with pytest.raises(InputError, match=r"line 2 of .*: its amount"):
        load(tmp_path / "s.csv", b'out_trade_no,amount\nT,x\n"T"x,1\n')
