"""
Write a mapping of parameters as the JSON text that means the same.

A PHP program signs an array of parameters; here it is a mapping. It is written
as JSON text, which both backends canonicalize like any other text. Read back,
the text gives exactly the parameters.

Values that are allowed
    None, bool, int within 64 bits, finite float, str without lone surrogates,
    Decimal, list, tuple, and any Mapping whose keys are str.

    A Decimal is the number that PHP would read from its text: ``Decimal(
    "0.50")`` is the double 0.5, ``Decimal("5")`` the integer 5.

Nothing is converted silently
    Apart from Mapping these types are meant exactly. Subclasses are refused
    (an IntEnum, a StrEnum, a named tuple, a numpy.float64): the caller converts
    them. So are bytes, dates, sets and all other types.

    These rules hold for every parameter, also for those that the canonical
    form leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quote
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeGuard, cast

import orjson

from kesspay.errors import CanonicalizationError
from kesspay.signing.reference.fast_decode import read_array
from kesspay.signing.reference.number import INTEGER_MAX, INTEGER_MIN, read_double


if TYPE_CHECKING:
    from kesspay.signing.reference.decode import Value


__all__ = ["MAX_DEPTH", "to_array", "to_json"]

#: How many nested containers json_encode accepts.
MAX_DEPTH: Final = 512

_KEYS: Final = frozenset({str})
#: Types of which orjson writes values that PHP would not read.
_LIMITED: Final = frozenset({int, float})
_SCALARS: Final = _LIMITED | {str, bool, type(None), Decimal}
#: Below this power of ten each number is a finite double.
_CERTAIN: Final = 308
_SEQUENCES: Final = frozenset({list, tuple})


@dataclass(slots=True)
class _Open:
    """
    One container being written.

    Attributes:
        members: the members still to be written.
        closing: the bracket that ends it.
        keys: the keys so far, or None for a list.
        member: the key or the index of the member being written.
    """

    members: Iterator[tuple[object, object]]
    closing: bytes
    keys: set[str] | None
    member: object = None


def to_json(parameters: Mapping[str, object]) -> bytes:
    """
    Write parameters as JSON text.

    Args:
        parameters: a mapping as described above, of up to 512 levels.

    Returns:
        UTF-8 text of an object, its members in the order of the mapping.

    Raises:
        CanonicalizationError: with the path of the offending parameter, or of
            its container where a key is at fault. Reasons: "type",
            "infinite", "surrogate", "range", "depth" (also for a container
            that contains itself) and "duplicate" (a mapping that gives one
            key twice).
    """
    if type(parameters) is dict:
        text = _write_flat(parameters.copy())
        if text is not None:
            return text
    return _write(parameters)


def to_array(parameters: Mapping[str, object]) -> dict[str, Value]:
    """
    Return the array that a PHP program would have for the parameters.

    Args:
        parameters: a mapping as described above, of up to 512 levels.

    Raises:
        CanonicalizationError: as ``to_json`` does.
    """
    array = read_array(to_json(parameters), max_depth=MAX_DEPTH)
    return cast("dict[str, Value]", array)


def _write_flat(parameters: dict[str, object]) -> bytes | None:
    """Write a dict of valid scalars; return None for any other dict."""
    kinds = set(map(type, parameters.values()))
    if not (_KEYS.issuperset(map(type, parameters)) and kinds <= _SCALARS):
        return None
    if not kinds.isdisjoint(_LIMITED):
        for value in parameters.values():
            # orjson would write NaN as null and integers up to 2^64 - 1.
            if type(value) is float and value - value != 0:
                return None
            if type(value) is int and value > INTEGER_MAX:
                return None
    try:
        return orjson.dumps(parameters, default=_embed_decimal)
    except orjson.JSONEncodeError:
        return None


def _embed_decimal(value: Decimal) -> orjson.Fragment:
    """Return the text of a Decimal, the one type of _SCALARS that orjson lacks."""
    if not _is_finite(value):
        raise ValueError
    return orjson.Fragment(str(value))


def _is_finite(value: Decimal) -> bool:
    """Return whether PHP would read a finite number from the text."""
    if not value.is_finite():
        return False
    if value.adjusted() < _CERTAIN:
        return True
    number = read_double(str(value).encode())
    return number - number == 0


def _write(parameters: object) -> bytes:
    """Write any parameters, or raise the error that names the wrong one."""
    around: list[_Open] = []
    written: list[bytes] = []
    if not isinstance(parameters, Mapping):
        _fail("type", around, _name(parameters))
    written.append(_open(parameters, around))
    comma = b""
    while around:
        innermost = around[-1]
        for member, value in innermost.members:
            name = b""
            if innermost.keys is not None:
                name = _write_key(member, innermost.keys, around)
            innermost.member = member
            if type(value) in _SCALARS:
                text = _write_scalar(value, around)
            elif _is_container(value):
                text = _open(value, around)
            else:
                _fail("type", around, _name(value))
            written.append(comma + name + text)
            comma = b","
            if around[-1] is not innermost:
                comma = b""
                break
        else:
            written.append(innermost.closing)
            comma = b","
            around.pop()
    return b"".join(written)


def _is_container(value: object) -> TypeGuard[Mapping[Any, Any] | Sequence[object]]:
    """Return whether a value is a container that is allowed."""
    return type(value) in _SEQUENCES or isinstance(value, Mapping)


def _open(
    container: Mapping[Any, Any] | Sequence[object], around: list[_Open]
) -> bytes:
    """Make a container the innermost one; return its opening bracket."""
    if len(around) == MAX_DEPTH:
        _fail("depth", around)
    # A copy of the members: other code may change the container meanwhile.
    if isinstance(container, Mapping):
        items = list(container.items())
        around.append(_Open(iter(items), b"}", set()))
        return b"{"
    around.append(_Open(enumerate(list(container)), b"]", None))
    return b"["


def _write_key(key: object, keys: set[str], around: list[_Open]) -> bytes:
    """Write a key and its colon."""
    if type(key) is not str:
        _fail("type", around[:-1], f"a key of type {_name(key)}")
    if key in keys:
        _fail("duplicate", around[:-1], quote(key))
    keys.add(key)
    try:
        return orjson.dumps(key) + b":"
    except orjson.JSONEncodeError:
        _fail("surrogate", around[:-1], "in a key")


def _write_scalar(value: object, around: list[_Open]) -> bytes:
    """Write a value of one of the types in _SCALARS."""
    if isinstance(value, str):
        try:
            return orjson.dumps(value)
        except orjson.JSONEncodeError:
            _fail("surrogate", around)
    if isinstance(value, Decimal):
        if not _is_finite(value):
            _fail("infinite", around)
        return str(value).encode()
    if isinstance(value, float) and value - value != 0:
        _fail("infinite", around)
    if isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX:
        _fail("range", around)
    return orjson.dumps(value)


def _fail(reason: str, around: list[_Open], detail: str = "") -> NoReturn:
    """Raise the error for the current member of the innermost container."""
    # The keys of the path are valid. JSON's quoting keeps them legible and on one
    # line.
    steps = [
        f"[{quote(container.member)}]"
        if isinstance(container.member, str)
        else f"[{container.member}]"
        for container in around
    ]
    path = "".join(["params", *steps])
    raise CanonicalizationError(reason, path=path, detail=detail) from None


def _name(value: object) -> str:
    """Return the name of the type of a value."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
