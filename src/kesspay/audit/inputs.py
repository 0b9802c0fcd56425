"""Which files a run reads: paths, globs, folders, URIs and standard input."""

from __future__ import annotations

import glob
import os
import re
import stat
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import pyarrow as pa
from pyarrow import fs

from kesspay._checks import named
from kesspay._shown import shown_path
from kesspay.audit.arguments import require
from kesspay.errors import InputError
from kesspay.signing.arguments import mode_of


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kesspay.audit.options import Format
    from kesspay.signing.arguments import PathLike


__all__ = ["STDIN", "Source", "find"]

Kind: TypeAlias = Literal["parquet", "jsonl", "log", "journal", "sql"]

#: Stands for standard input, which is read once.
STDIN: Final = "-"
_COMPRESSIONS: Final = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_MAGIC: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    # A frame to be skipped, with which pzstd begins.
    *((bytes([number]) + b"\x2a\x4d\x18", "zstd") for number in range(0x50, 0x60)),
)
#: What a file may be that is neither a recording nor text, and begins so.
_OTHERS: Final = (
    *((magic, f"it is compressed twice ({name})") for magic, name in _MAGIC),
    (b"BZh", "it is compressed with bzip2"),
    (b"\xfd7zXZ\0", "it is compressed with xz"),
    (b"\x04\x22\x4d\x18", "it is compressed with lz4"),
    (b"\xff\x06\0\0sNaPpY", "it is compressed with snappy"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive"),
    (b"PK\x03\x04", "it is a ZIP archive, or a file of a spreadsheet"),
    (b"Obj\x01", "it is an Avro file"),
    (b"ARROW1\0\0", "it is a file of Arrow"),
    (b"\xff\xfe", "it is UTF-16"),
    (b"\xfe\xff", "it is UTF-16"),
)
_TAR: Final = (257, b"ustar")
_TABLES: Final = frozenset({".csv", ".tsv"})
_KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "jsonl"),
    **dict.fromkeys((".log", ".txt"), "log"),
}
_PARQUET: Final = b"PAR1"
_SQLITE: Final = b"SQLite format 3\0"
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
#: What pyarrow has file systems for; whether one can be reached is found out later.
_SCHEMES: Final = frozenset(
    {"file", "s3", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs"}
)
_OF_GOOGLE: Final = frozenset({"gs", "gcs"})
_GOOGLE_LIMIT: Final = "retry_limit_seconds=60"
_WILD: Final = re.compile(r"[*?\[]")
_PEEK: Final = 4096


@dataclass(frozen=True, slots=True)
class Source:
    """
    One input.

    Attributes:
        name: as verdicts and the report name it.
        path: for the file system.
        size: bytes, or None where it is not known before the end.
        changed: nanoseconds since 1970 of its last change, or None.
        kind: what it holds.
        compression: "gzip", "zstd", or "".
        problem: why nothing of it can be read, or "".
        system: the file system, or None for standard input and a query.
    """

    name: str
    path: str = ""
    size: int | None = None
    changed: int | None = None
    kind: Kind = "jsonl"
    compression: str = ""
    problem: str = ""
    system: Any = None

    @property
    def is_on_disk(self) -> bool:
        """Whether it is a file of this machine, which is read in small pieces."""
        return isinstance(self.system, fs.LocalFileSystem)

    def open(self) -> Any:  # noqa: ANN401 - of pyarrow
        """Open the file, to read at any place."""
        return self.system.open_input_file(self.path)

    def stream(self) -> Any:  # noqa: ANN401 - of pyarrow, or a binary file
        """Open the file to read it from its beginning, without its compression."""
        if self.system is None:
            return sys.stdin.buffer
        if self.compression:
            return pa.CompressedInputStream(self.open(), self.compression)
        return self.open()

    def described(self) -> dict[str, Any]:
        """Return the input for a manifest: what a resumed run must find again."""
        return {
            "name": self.name,
            "size": self.size,
            "changed_ns": self.changed,
            "kind": self.kind,
            "compression": self.compression,
            "problem": self.problem,
        }


def find(paths: Sequence[PathLike], kind: Format, *, without: str = "") -> list[Source]:
    """
    Return the inputs, in the order given and sorted within a glob or folder.

    Args:
        paths: files, globs, folders, URIs of pyarrow.fs, or "-".
        kind: of all of them, or "auto".
        without: a folder whose files are no inputs: the output.

    Raises:
        InputError: a path names nothing, or nothing can be read.
    """
    found: dict[tuple[str, str], Source] = {}
    if isinstance(paths, str | bytes | os.PathLike):
        raise InputError("paths must be a list of them, also where there is one")
    require("paths", paths, "a list of paths", "__iter__")
    paths = list(paths)
    for one in paths:
        if not isinstance(one, str | bytes | os.PathLike):
            raise InputError(f"a path is a text or a Path, not {named(type(one))}")
    for path in map(os.fsdecode, paths):
        if path == STDIN:
            found[STDIN, ""] = Source(STDIN, kind=_kind_of_stream(kind))
            continue
        for source in _remote(path) if _URI.match(path) else _local(path, without):
            # Buckets of two stores may have one name.
            found.setdefault((source.path, source.system.type_name), source)
    if not found:
        raise InputError("no input: name a file, a glob, a folder, a URI or -")
    return [
        source if source.name == STDIN else _looked_at(source, kind)
        for source in found.values()
    ]


def _kind_of_stream(kind: Format) -> Kind:
    if kind == "auto":
        return "jsonl"
    if kind not in ("jsonl", "log"):
        raise InputError(f"standard input can be JSONL or a log, not {kind}")
    return kind


def _local(path: str, without: str) -> Iterable[Source]:
    if not path:
        raise InputError("a path is an empty text")
    if not os.path.lexists(path) and _WILD.search(path):
        names = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - keeps names as given
        files = [name for name in names if stat.S_ISREG(mode_of(name))]
    elif stat.S_ISDIR(mode_of(path)):
        files = sorted(_in_folder(Path(path)))
    else:
        files = [path] if mode_of(path) else []
    outside = [name for name in files if not _is_within(name, without)]
    if not outside:
        raise InputError(f"there is no input at {shown_path(path)}")
    system = fs.LocalFileSystem()
    for name in outside:
        if not stat.S_ISREG(mode_of(name)):
            raise InputError(
                f"{shown_path(name)} is a pipe or a device: give what it holds on"
                " standard input, as -"
            )
        status = Path(name).stat()
        yield Source(
            name=name.encode("utf-8", "backslashreplace").decode(),
            path=str(Path(name).absolute()),
            size=status.st_size,
            changed=status.st_mtime_ns,
            system=system,
        )


def _in_folder(folder: Path) -> Iterable[str]:
    """Yield the files of a folder but hidden ones and those of Spark, as _SUCCESS."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith((".", "_")) for part in parts):
            yield str(path)


def _is_within(name: str, folder: str) -> bool:
    if not folder:
        return False
    return Path(name).absolute().is_relative_to(Path(folder).absolute())


def _remote(uri: str) -> Iterable[Source]:
    scheme = uri.partition("://")[0]
    # The rest may hold a password or a token.
    shown = f"the {scheme}:// URI"
    if scheme.lower() not in _SCHEMES:
        raise InputError(
            f"{shown} cannot be read: an audit reads file://, s3://, gs://, abfs:// and"
            " hdfs://. Copy the files to this machine, and name their folder"
        )
    place, mark, query = uri.partition("?")
    wild = _WILD.search(place)
    base = place[: place.rindex("/", 0, wild.start())] if wild else place
    if scheme.lower() in _OF_GOOGLE and "retry_limit_seconds=" not in query:
        # pyarrow would ask again for 15 minutes.
        query, mark = f"{query}{'&' if query else ''}{_GOOGLE_LIMIT}", "?"
    try:
        system, path = fs.FileSystem.from_uri(f"{base}{mark}{query}")
        infos = [system.get_file_info(path)]
        if infos[0].type == fs.FileType.Directory:
            infos = system.get_file_info(fs.FileSelector(path, recursive=True))
    except (pa.ArrowException, OSError, ValueError) as error:
        # Its words may hold the secrets of a URI.
        raise InputError(
            f"{shown} cannot be reached ({type(error).__name__}): check the URI, and"
            " the credentials in the environment"
        ) from None
    tail = place[len(base) + 1 :] if wild else ""
    files = [
        info
        for info in sorted(infos, key=lambda info: info.path)
        if info.type == fs.FileType.File
        and not info.base_name.startswith((".", "_"))
        and (not wild or fnmatchcase(info.path[len(path) :].lstrip("/"), tail))
    ]
    if not files:
        raise InputError(f"there is no input at {shown}")
    for info in files:
        yield Source(
            name=f"{scheme}://{info.path.lstrip('/')}",
            path=info.path,
            size=info.size,
            changed=info.mtime_ns,
            system=system,
        )


def _looked_at(source: Source, kind: Format) -> Source:
    """Return a source with its kind and compression, by name and first bytes."""
    suffixes = [suffix.lower() for suffix in Path(source.path).suffixes]
    compression = _COMPRESSIONS.get(suffixes[-1], "") if suffixes else ""
    try:
        with source.open() as file:
            start = bytes(file.read(_PEEK))
        compression = next((c for magic, c in _MAGIC if start.startswith(magic)), "")
        if compression:
            suffixes = suffixes[:-1] if suffixes[-1:] != [".log"] else suffixes
            start = _first_bytes(source, compression)
    except (pa.ArrowException, OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it cannot be read"
        return _made(source, "jsonl" if kind == "auto" else kind, compression, why)
    suffix = suffixes[-1] if suffixes else ""
    sort = _guessed(start, suffix) if kind == "auto" else kind
    problem = _problem(start, suffix if kind == "auto" else "", sort)
    if compression and sort in ("parquet", "journal"):
        problem = f"a {sort} file cannot be compressed as a whole"
    return _made(source, sort, compression, problem)


def _first_bytes(source: Source, compression: str) -> bytes:
    with source.open() as file:
        try:
            return bytes(pa.CompressedInputStream(file, compression).read(_PEEK))
        except OSError:
            # What can be read of it is read, and the damage named, by the run.
            return b""


def _made(source: Source, kind: Kind, compression: str, problem: str) -> Source:
    return Source(
        name=source.name,
        path=source.path,
        size=source.size,
        changed=source.changed,
        kind=kind,
        compression=compression,
        problem=problem,
        system=source.system,
    )


def _problem(start: bytes, suffix: str, kind: Kind) -> str:
    """Return why nothing of a file can be read, by its beginning; or ""."""
    if kind == "journal":
        return "" if start.startswith(_SQLITE) else "it is no journal in SQLite"
    if kind == "parquet":
        return ""
    place, archive = _TAR
    if start.startswith(archive, place):
        return "it is a tar archive: unpack it first"
    for magic, what in _OTHERS:
        if start.startswith(magic):
            return f"{what}: convert it to JSON lines, or read it with --sql"
    if suffix in _TABLES:
        return (
            "it is CSV: read it with --sql \"FROM read_csv('FILE', all_varchar=true)\""
        )
    return ""


def _guessed(start: bytes, suffix: str) -> Kind:
    if start.startswith(_PARQUET):
        return "parquet"
    if start.startswith(_SQLITE):
        return "journal"
    if suffix in _KINDS:
        return _KINDS[suffix]
    bare = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "jsonl" if bare.startswith(b"{") else "log"
