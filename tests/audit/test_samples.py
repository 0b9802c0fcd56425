"""The first lines of texts: are the columns there."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from kesspay import InputError
from kesspay.audit.inputs import Source, find
from kesspay.audit.options import Options
from kesspay.audit.samples import check_texts, id_types


if TYPE_CHECKING:
    from pathlib import Path


def check(path: Path, options: Options) -> None:
    """Look at an input."""
    check_texts(find([str(path)], options.format), options)


def test_json_lines(tmp_path: Path) -> None:
    """A column that no line has is refused with close names, also within objects."""
    path = tmp_path / "a.jsonl"
    path.write_text('x\n[1]\n{"response":{"body":"x","n":{"m":1}},"id":1}\n')
    check(path, Options(column="response.body"))
    check(path, Options(column="id"))
    with pytest.raises(InputError, match="did you mean response"):
        check(path, Options(column="respons"))
    with pytest.raises(InputError, match=r"did you mean response\.body"):
        check(path, Options(column="response.bod"))
    with pytest.raises(InputError, match="no column 'tme'"):
        check(path, Options(column="id", time="tme"))
    for others in ({"service": "no"}, {"request": "no"}, {"ids": ("no",)}):
        with pytest.raises(InputError, match="no column 'no'"):
            check(path, Options(column="id", **others))
    other = tmp_path / "b.jsonl"
    other.write_text('{"event":"start"}\n')
    check(tmp_path, Options(column="id", service="event"))


def test_nothing_to_look_at(tmp_path: Path) -> None:
    """Inputs without a whole line, damaged ones and standard input are left alone."""
    path = tmp_path / "a.jsonl"
    path.write_text("nonsense\n" + "[" * 5000)
    check(path, Options())
    path = tmp_path / "b.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a":1}\n' * 999)[:20])
    check(path, Options())
    check_texts([Source("-"), Source("x", problem="gone")], Options())


def test_logs(tmp_path: Path) -> None:
    """A log has the columns that the expression names."""
    path = tmp_path / "a.log"
    path.write_text("{}\n")
    check(path, Options())
    check(path, Options(line_regex="(?P<id>.)(?P<body>.*)", ids=("id",)))
    with pytest.raises(InputError, match="no group 'id'"):
        check(path, Options(ids=("id",)))
    with pytest.raises(InputError, match="no group 's'"):
        check(path, Options(line_regex="(?P<body>.*)", service="s"))


def test_journals() -> None:
    """A journal has columns of its own."""
    check_texts([Source("j", kind="journal")], Options(ids=("payment_id",)))
    with pytest.raises(InputError, match="did you mean payment_id"):
        check_texts([Source("j", kind="journal")], Options(ids=("payment",)))


def test_types() -> None:
    """Ids keep their type where all inputs have the same."""
    options = Options(ids=("a",))
    assert id_types(options, {(pa.int8(),)}, only=True) == [pa.int8()]
    assert id_types(options, {(pa.int8(),), (pa.int16(),)}, only=True) == [pa.string()]
    assert id_types(options, {(pa.int8(),)}, only=False) == [pa.string()]
