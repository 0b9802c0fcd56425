"""
JSON lines: one object in each, with the body as a text or as an object.

A block of lines goes through pyarrow with a fixed schema. A block that it refuses (a
line that is no JSON, a body that is an object, a column twice, a number where a text
was) goes line by line, and each line is judged for itself. A body keeps its exact
bytes either way.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from kesspay.audit.fields import decoded, times_of
from kesspay.audit.rows import TOO_LONG, Rows
from kesspay.audit.texts import line_ends


if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kesspay.audit.options import Options
    from kesspay.audit.texts import Block


__all__ = ["Columns", "rows_of"]

_Path: TypeAlias = tuple[str, ...]

#: Why a line is ``unreadable``; words of ``causes.parquet``.
BAD_LINE: Final = "line_syntax"
TWICE: Final = "line_column_twice"
BODY_TYPE: Final = "body_type"

_decode_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_text: Final = msgspec.json.Decoder(str).decode
_NULL: Final = b"null"
_INT: Final = re.compile(rb"-?[1-9][0-9]{0,17}|0")
_HALVES: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_MARK: Final = b"\xef\xbb\xbf"
_QUOTE, _OPEN, _CLOSE = b'"{}'
_RETURN, _NEWLINE = b"\r\n"


class _Twice(Exception):
    """A wanted column stands twice in a line."""


class Columns:
    """Where the wanted columns are in an object."""

    def __init__(self, options: Options) -> None:
        """Split dotted names."""
        self.body = _path(options.column)
        self.time = _path(options.time)
        self.service = _path(options.service)
        self.request = _path(options.request)
        self.ids = [_path(name) for name in options.ids]
        found = [self.body, self.time, self.service, self.request, *self.ids]
        self.all = list(dict.fromkeys(path for path in found if path))
        self._last_names = {path[-1].encode() for path in self.all}

    def may_be_twice(self, line: bytes) -> bool:
        """Return whether a wanted column may stand twice in a line, in any spelling."""
        return b"\\u" in line or any(
            line.count(b'"%b"' % name) > 1 for name in self._last_names
        )

    def schema(self, kinds: dict[_Path, Any]) -> Any | None:  # noqa: ANN401 - of pyarrow
        """Return the schema of the columns, or None where one is within another."""
        tree: dict[str, Any] = {}
        for path in self.all:
            place = tree
            for name in path[:-1]:
                place = place.setdefault(name, {})
                if not isinstance(place, dict):
                    return None
            if path[-1] in place:
                return None
            place[path[-1]] = kinds[path]
        return pa.schema(_fields(tree))


def _path(name: str) -> _Path:
    return tuple(name.split(".")) if name else ()


def _fields(tree: dict[str, Any]) -> list[Any]:
    return [
        pa.field(name, pa.struct(_fields(kind)) if isinstance(kind, dict) else kind)
        for name, kind in tree.items()
    ]


def rows_of(block: Block, columns: Columns, options: Options) -> Rows:
    """Return the rows of a block of lines."""
    if block.is_cut:
        return _cut(block, columns, options)
    data, ends = block.data, block.ends
    if block.offset == 0:
        # As editors of Windows write; its bytes stay counted.
        data = data.removeprefix(_MARK)
    marked = len(block.data) - len(data)
    if marked:
        ends = line_ends(data)
    first = block.offset + marked
    rows = _quick(data, ends, columns, options)
    if rows is None:
        rows = _line_by_line(data, ends, columns, options)
    starts: Any = rows.offsets
    rows.offsets = starts + first
    rows.numbers += block.row
    rows.size = block.size
    return rows


def _quick(
    data: bytes, ends: NDArray[Any], columns: Columns, options: Options
) -> Rows | None:
    """Read a block in one go, or return None where lines must be looked at."""
    if options.body_encoding != "text" or not len(ends):
        return None
    starts = np.concatenate(([0], ends[:-1]))
    if not _one_object_each(np.frombuffer(data, np.uint8), starts, ends):
        return None
    kinds = _kinds(data[: ends[0]], columns)
    schema = None if kinds is None else columns.schema(kinds)
    if schema is None:
        return None
    try:
        table = pj.read_json(
            pa.BufferReader(data),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=schema, unexpected_field_behavior="ignore"
            ),
        )
        if len(table) != len(ends):
            return None
        return _of_table(table, starts, columns)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _one_object_each(
    data: NDArray[Any], starts: NDArray[Any], ends: NDArray[Any]
) -> bool:
    """
    Return whether each line can be one object and nothing else.

    Inside an object, what follows a closing bracket at the end of a line is never an
    opening one. So where every line begins and ends like an object, no object has more
    than one line; as many objects as lines are then one in each.
    """
    last = ends - 1
    last = np.where(data[last] == _NEWLINE, last - 1, last)
    if (last < starts).any():
        return False
    last = np.where((data[last] == _RETURN) & (last > starts), last - 1, last)
    return bool((data[starts] == _OPEN).all() and (data[last] == _CLOSE).all())


def _kinds(line: bytes, columns: Columns) -> dict[_Path, Any] | None:
    """Guess the types of the columns from a line; None where a body is no text."""
    try:
        members = _members(line, columns)
    except (ValueError, RecursionError, _Twice):
        return None
    kinds = {}
    for path in columns.all:
        raw = members.get(path)
        kinds[path] = pa.string()
        if raw is None or raw[0] == _QUOTE:
            continue
        if path in (columns.body, columns.request) or raw[0] == _OPEN:
            return None
        if _INT.fullmatch(raw):
            kinds[path] = pa.int64()
        elif path == columns.time:
            kinds[path] = pa.float64()
        else:
            return None
    return kinds


def _of_table(table: Any, starts: NDArray[Any], columns: Columns) -> Rows:  # noqa: ANN401 - of pyarrow
    def column(path: _Path) -> Any:  # noqa: ANN401 - of pyarrow
        found = table[path[0]].combine_chunks()
        return pc.struct_field(found, list(path[1:])) if path[1:] else found

    def text(path: _Path) -> Any:  # noqa: ANN401 - of pyarrow
        found = column(path).cast(pa.string())
        # pyarrow takes texts that are not UTF-8.
        found.validate(full=True)
        return found

    return Rows(
        numbers=np.arange(len(table)),
        bodies=column(columns.body).cast(pa.binary()),
        size=0,
        offsets=starts,
        times=times_of(column(columns.time)) if columns.time else None,
        services=text(columns.service) if columns.service else None,
        requests=(
            column(columns.request).cast(pa.binary()) if columns.request else None
        ),
        ids=[text(path) for path in columns.ids],
    )


def _line_by_line(
    data: bytes, ends: NDArray[Any], columns: Columns, options: Options
) -> Rows:
    """Read each line for itself; blank lines are no rows."""
    numbers, offsets = [], []
    found: list[dict[_Path, bytes | None]] = []
    unreadable: dict[int, str] = {}
    bounds = [0, *ends.tolist()]
    for number, (start, end) in enumerate(pairwise(bounds)):
        line = data[start:end].strip(b" \t\r\n")
        if not line:
            continue
        numbers.append(number)
        offsets.append(start)
        try:
            found.append(_members(line, columns))
            continue
        except _Twice:
            unreadable[len(found)] = TWICE
        except (ValueError, RecursionError):
            unreadable[len(found)] = BAD_LINE
        found.append({})
    return _of_members(
        np.array(numbers, np.int64),
        np.array(offsets, np.int64),
        found,
        unreadable,
        columns,
        options,
    )


def _cut(block: Block, columns: Columns, options: Options) -> Rows:
    """Return the row of a line that is too long."""
    rows = _of_members(
        np.array([block.row]),
        np.array([block.offset]),
        [{}],
        {0: TOO_LONG},
        columns,
        options,
    )
    rows.size = block.size
    return rows


def _of_members(
    numbers: NDArray[Any],
    offsets: NDArray[Any],
    found: list[dict[_Path, bytes | None]],
    unreadable: dict[int, str],
    columns: Columns,
    options: Options,
) -> Rows:
    bodies: list[bytes | None] = []
    objects = np.zeros(len(found), bool)
    for at, members in enumerate(found):
        raw = members.get(columns.body)
        body = None
        if raw is not None:
            objects[at] = raw[0] == _OPEN
            try:
                body = _text(raw)
            except ValueError:
                unreadable.setdefault(at, BODY_TYPE)
        bodies.append(body)
    plain, failed = decoded(bodies, options.body_encoding)
    for at, why in failed.items():
        unreadable.setdefault(at, why)

    def texts(path: _Path) -> Any:  # noqa: ANN401 - of pyarrow
        return pa.array([_word(members.get(path)) for members in found], pa.string())

    requests = None
    if columns.request:
        requests = pa.array(
            [_request(members.get(columns.request)) for members in found], pa.binary()
        )
    return Rows(
        numbers=numbers,
        bodies=pa.array(plain, pa.large_binary()),
        size=0,
        offsets=offsets,
        times=times_of(texts(columns.time)) if columns.time else None,
        services=texts(columns.service) if columns.service else None,
        requests=requests,
        ids=[texts(path) for path in columns.ids],
        reencoded=objects,
        unreadable=unreadable,
    )


def _members(line: bytes, columns: Columns) -> dict[_Path, bytes | None]:
    """
    Return the wanted columns of a line as they stand in it, but for null ones.

    Raises:
        ValueError: the line is no JSON object.
        _Twice: a wanted column stands in it twice.
    """
    if columns.may_be_twice(line):
        _check_twice(line, columns)
    opened: dict[_Path, dict[str, Any]] = {(): _decode_object(line)}
    found: dict[_Path, bytes | None] = {}
    for path in columns.all:
        raw = _find(path, opened)
        if raw is not None and raw != _NULL:
            found[path] = raw
    return found


def _decode_object(text: bytes) -> dict[str, Any]:
    try:
        return _decode_members(text)
    except msgspec.DecodeError:
        # Of what pyarrow takes, msgspec refuses NaN and Infinity.
        words = text.decode("utf-8", "surrogateescape")
        value = json.loads(words)
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004 - as json.loads says it
    return {name: _written(one) for name, one in value.items()}


def _written(value: object) -> bytes:
    """Write a member again: its text is the same, but for numbers and spacing."""
    words = json.dumps(value, ensure_ascii=False)
    # Half a pair was an escape. The other lone surrogates stand for bytes.
    words = _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", words)
    return words.encode("utf-8", "surrogateescape")


def _find(path: _Path, opened: dict[_Path, dict[str, Any]]) -> bytes | None:
    parent = path[:-1]
    if parent not in opened:
        raw = _find(parent, opened)
        is_object = raw is not None and raw[0] == _OPEN
        opened[parent] = _decode_object(raw) if is_object and raw else {}
    raw = opened[parent].get(path[-1])
    return None if raw is None else bytes(raw)


def _check_twice(line: bytes, columns: Columns) -> None:
    """Raise _Twice where a wanted column, or an object around it, stands twice."""
    words = line.decode("utf-8", "surrogateescape")
    tree = json.loads(words, object_pairs_hook=_Pairs)
    for path in columns.all:
        place = tree
        for name in path:
            if not isinstance(place, _Pairs):
                break
            values = [value for key, value in place if key == name]
            if len(values) > 1:
                raise _Twice
            place = values[0] if values else None


class _Pairs(list[tuple[str, Any]]):
    """The members of an object, also those that stand twice."""


def _text(raw: bytes) -> bytes:
    """
    Return a body: the bytes of a JSON text, or an object as it stands.

    Raises:
        ValueError: it is a number, a list or the like.
    """
    if raw[0] == _OPEN:
        return raw
    if raw[0] != _QUOTE:
        raise ValueError
    try:
        return _decode_text(raw).encode()
    except (msgspec.DecodeError, UnicodeError):
        pass
    try:
        words = json.loads(raw.decode())
        escape = "surrogatepass"
    except UnicodeDecodeError:
        # What is not UTF-8 is judged as it is, and refused for it.
        words = json.loads(raw.decode("utf-8", "surrogateescape"))
        escape = "surrogateescape"
    found: bytes = words.encode("utf-8", escape)
    return found


def _request(raw: bytes | None) -> bytes | None:
    try:
        return None if raw is None else _text(raw)
    except ValueError:
        return None


def _word(raw: bytes | None) -> str | None:
    """Return a column as text: that of a JSON text, or what stands in the line."""
    if raw is None:
        return None
    if raw[0] == _QUOTE:
        try:
            return _decode_text(raw)
        except (msgspec.DecodeError, UnicodeError):
            pass
    return raw.decode("utf-8", "backslashreplace")
