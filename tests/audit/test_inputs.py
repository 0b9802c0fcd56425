"""Which files a run reads, and what they hold."""

from __future__ import annotations

import gzip
import io
import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from kesspay import InputError
from kesspay.audit import inputs
from kesspay.audit.inputs import STDIN, Source, find


if TYPE_CHECKING:
    from kesspay.audit.options import Format


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with recordings of every kind, which is the current one."""
    monkeypatch.chdir(tmp_path)
    Path("day").mkdir()
    Path("day/.hidden").write_text("x")
    Path("day/_SUCCESS").write_text("")
    Path("day/b.jsonl").write_text('{"body":"b"}\n')
    Path("day/a.jsonl.gz").write_bytes(gzip.compress(b'{"body":"a"}\n'))
    Path("day/c.log.zst").write_bytes(pa.compress(b"{}\n", "zstd", asbytes=True))
    pq.write_table(pa.table({"body": ["x"]}), "day/d")
    sqlite3.connect("journal.db").execute("CREATE TABLE t (a)").connection.close()
    Path("lines").write_text('\ufeff {"body":"a"}\n')
    Path("other").write_text("hello\n")
    return tmp_path


def kinds(*paths: str, kind: Format = "auto") -> list[tuple[str, str, str]]:
    """Return name, kind and compression of the inputs."""
    return [(one.name, one.kind, one.compression) for one in find(paths, kind)]


def test_kinds(here: Path) -> None:
    """A folder is read in the order of names; first bytes and names give the kind."""
    assert kinds("day") == [
        ("day/a.jsonl.gz", "jsonl", "gzip"),
        ("day/b.jsonl", "jsonl", ""),
        ("day/c.log.zst", "log", "zstd"),
        ("day/d", "parquet", ""),
    ]
    assert kinds("other", "lines", "journal.db") == [
        ("other", "log", ""),
        ("lines", "jsonl", ""),
        ("journal.db", "journal", ""),
    ]
    assert kinds("other", kind="jsonl") == [("other", "jsonl", "")]


def test_globs(here: Path) -> None:
    """A glob is sorted, names each file once, and leaves folders out."""
    assert [one[0] for one in kinds("*/*.jsonl*", "day/b.jsonl", "d*/b*")] == [
        "day/a.jsonl.gz",
        "day/b.jsonl",
    ]
    Path("[x].log").write_text("{}")
    assert kinds("[x].log") == [("[x].log", "log", "")]


def test_sizes(here: Path) -> None:
    """An input is known by name, size and time of its last change."""
    (source,) = find(["day/b.jsonl"], "auto")
    status = Path("day/b.jsonl").stat()
    assert source.described() == {
        "name": "day/b.jsonl",
        "size": status.st_size,
        "changed_ns": status.st_mtime_ns,
        "kind": "jsonl",
        "compression": "",
        "problem": "",
    }
    with source.open() as file:
        assert file.read() == b'{"body":"b"}\n'
    (packed,) = find(["day/a.jsonl.gz"], "auto")
    with packed.stream() as stream:
        assert stream.read(100) == b'{"body":"a"}\n'
    with source.stream() as stream:
        assert stream.read(100) == b'{"body":"b"}\n'


def test_without_the_output(here: Path) -> None:
    """What a run writes is none of its inputs."""
    assert [one.name for one in find(["."], "auto", without="day")] == [
        *("journal.db", "lines", "other")
    ]
    with pytest.raises(InputError, match="no input"):
        find(["day"], "auto", without=str(here / "day"))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is JSON lines, or a log."""
    assert find([STDIN, STDIN], "auto") == [Source("-", kind="jsonl")]
    assert kinds("-", kind="log") == [("-", "log", "")]
    with pytest.raises(InputError, match="JSONL or a log, not parquet"):
        find([STDIN], "parquet")

    class Stdin:
        buffer = io.BytesIO(b"x")

    monkeypatch.setattr("sys.stdin", Stdin())
    assert Source(STDIN).stream().read(1) == b"x"


@pytest.mark.parametrize(
    "path", ["nowhere.jsonl", "*.nothing", "a\0b", "n" * 300, "day/empty"]
)
def test_nothing(here: Path, path: str) -> None:
    """A path that names nothing is refused."""
    Path("day/empty").mkdir()
    with pytest.raises(InputError):
        find([path], "auto")


def test_pipes_and_devices(here: Path) -> None:
    """They have no size to divide, and are given on standard input."""
    os.mkfifo(here / "pipe")
    for path in ("pipe", "/dev/null"):
        with pytest.raises(InputError, match="on standard input, as -"):
            find([path], "auto")


def test_paths_of_python(here: Path) -> None:
    """A list of paths, as texts or not; one path alone is not taken for letters."""
    assert [one.name for one in find([Path("other"), b"lines"], "auto")] == [
        "other",
        "lines",
    ]
    alone: Any
    for alone in ("other", b"other", Path("other")):
        with pytest.raises(InputError, match="a list"):
            find(alone, "auto")
    with pytest.raises(InputError, match="an empty text"):
        find([""], "auto")


@pytest.mark.parametrize(
    ("name", "start", "match"),
    [
        ("a.bz2", b"BZh91", "bzip2"),
        ("a.log", b"\xfd7zXZ\0", "xz: convert it to JSON lines, or read it with --sql"),
        ("a.xlsx", b"PK\x03\x04", "spreadsheet"),
        ("a", b"\0" * 257 + b"ustar", "tar archive"),
        ("a.jsonl", "\ufeff{}".encode("utf-16-le"), "UTF-16"),
        ("a.gz", gzip.compress(gzip.compress(b"{}")), "compressed twice"),
        ("a.csv", b"body\n", "it is CSV"),
    ],
)
def test_what_is_no_text(here: Path, name: str, start: bytes, match: str) -> None:
    """A file of another format is named as such, and not judged line by line."""
    (here / name).write_bytes(start)
    assert match in find([name], "auto")[0].problem


def test_formats_that_were_named(here: Path) -> None:
    """CSV may be read as lines; a journal is known by its first bytes."""
    (here / "a.csv").write_bytes(b"{}\n")
    assert find(["a.csv"], "log")[0].problem == ""
    assert find(["other"], "journal")[0].problem == "it is no journal in SQLite"
    assert find(["day/d"], "parquet")[0].problem == ""
    packed = pa.compress(b'{"body":1}\n', "zstd", asbytes=True)
    (here / "z.zst").write_bytes(b"\x50\x2a\x4d\x18\4\0\0\0pzst" + packed)
    with find(["z.zst"], "auto")[0].stream() as file:
        assert file.read(100) == b'{"body":1}\n'


def test_no_paths() -> None:
    """There must be an input."""
    with pytest.raises(InputError, match="name a file"):
        find([], "auto")


def test_problems(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be read is an input with a problem."""
    Path("x.parquet.gz").write_bytes(gzip.compress(b"PAR1"))
    Path("cut.gz").write_bytes(gzip.compress(os.urandom(900))[:100])
    Path("day/a.jsonl.gz").rename("a.log")
    found = {one.name: one for one in find(["x.parquet.gz", "cut.gz", "a.log"], "auto")}
    assert "compressed as a whole" in found["x.parquet.gz"].problem
    assert found["cut.gz"].problem == ""
    assert found["cut.gz"].compression == "gzip"
    assert found["a.log"].kind == "log"
    for error in (OSError(13, "Permission denied"), ValueError("x")):

        def refuse(_: object, error: Exception = error) -> Any:  # noqa: ANN401 - none
            raise error

        monkeypatch.setattr(Source, "open", refuse)
        (source,) = find(["other"], "auto")
        assert source.problem in ("Permission denied", "it cannot be read")
        assert source.kind == "jsonl"


def test_uris(here: Path) -> None:
    """URIs of pyarrow.fs: a file, a folder, a glob; and what cannot be reached."""
    base = f"file://{here}"
    assert kinds(f"{base}/day/b.jsonl") == [
        (f"file://{str(here).lstrip('/')}/day/b.jsonl", "jsonl", "")
    ]
    assert [Path(one[0]).name for one in kinds(f"{base}/day")] == [
        *("a.jsonl.gz", "b.jsonl", "c.log.zst", "d")
    ]
    assert [Path(one[0]).name for one in kinds(f"{base}/day/*.jsonl")] == ["b.jsonl"]
    (source,) = find([f"{base}/day/b.jsonl"], "auto")
    assert source.changed == Path("day/b.jsonl").stat().st_mtime_ns
    for uri, why in (
        (f"{base}/nothing", "no input at the file:// URI"),
        (
            "nosuch://user:secret@host/x?key=secret",
            "the nosuch:// URI cannot be read: an audit reads file://, s3://",
        ),
        ("az://user:secret@host/x", "Copy the files to this machine"),
        ("abfs://:secret@/x", "the abfs:// URI cannot be reached"),
    ):
        with pytest.raises(InputError, match=why) as caught:
            find([uri], "auto")
        assert "secret" not in str(caught.value)


def test_what_is_asked_of_a_store(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A glob keeps the query; Google is not asked for 15 minutes."""
    asked = list[str]()

    class Store(fs.LocalFileSystem):  # type: ignore[misc] # pyarrow has no types
        @property
        def type_name(self) -> str:
            return asked[-1].partition(":")[0]

    def from_uri(uri: str) -> tuple[Any, str]:
        asked.append(uri)
        return Store(), f"{here}/day"

    system = SimpleNamespace(from_uri=from_uri)
    monkeypatch.setattr(
        inputs, "fs", SimpleNamespace(**{**vars(fs), "FileSystem": system})
    )
    # One name in two stores is two inputs.
    uris = ["s3://traffic/day/*.jsonl?region=eu&a=b", "gs://traffic/day/b*"]
    assert [one.name.partition("://")[0] for one in find(uris, "auto")] == ["s3", "gs"]
    find(["gcs://day?scheme=http", "gs://day?retry_limit_seconds=9"], "auto")
    assert asked == [
        "s3://traffic/day?region=eu&a=b",
        "gs://traffic/day?retry_limit_seconds=60",
        "gcs://day?scheme=http&retry_limit_seconds=60",
        "gs://day?retry_limit_seconds=9",
    ]
