"""
A text form of parameter trees that loses nothing on the way to PHP.

JSON cannot carry them: it has no NaN, no malformed UTF-8, and it would bring
its own decoder into the comparison. The form is a row of items::

    n t f            null, true, false
    i-12;            an integer
    d3ff0...;        a double: the 16 hexadecimal digits of its bits
    s5:hello         a string: its length in bytes, then the bytes
    [ item ... ]     a list
    { string item ... }   an ordered map

tests/php/tree.php reads the same form. Nesting has no limit in either.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any


__all__ = ["decode_tree", "encode_tree", "string_bytes"]

_CONSTANTS = {b"n": None, b"t": True, b"f": False}


def string_bytes(text: str) -> bytes:
    """
    Return the bytes a string stands for; lone surrogates become bad UTF-8.

    U+DC80 to U+DCFF stand for the single bytes 80 to ff (PEP 383), any other
    lone surrogate for its three-byte form, which no UTF-8 decoder accepts.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def encode_tree(tree: object) -> bytes:
    """
    Write a tree of None, bool, int, float, str, list, tuple and mappings.

    Raises:
        TypeError: for a value of another type.
    """
    out: list[bytes] = []
    # Each entry is an iterator over what is left of one open container.
    stack: list[Iterator[object]] = [iter((tree,))]
    closers: list[bytes] = [b""]
    while stack:
        for item in stack[-1]:
            opened = _encode_item(item, out)
            if opened is not None:
                children, closer = opened
                stack.append(children)
                closers.append(closer)
                break
        else:
            stack.pop()
            out.append(closers.pop())
    return b"".join(out)


def _encode_item(
    item: object, out: list[bytes]
) -> tuple[Iterator[object], bytes] | None:
    if isinstance(item, Mapping):
        out.append(b"{")
        pairs = [part for pair in item.items() for part in pair]
        return iter(pairs), b"}"
    if isinstance(item, (list, tuple)):
        out.append(b"[")
        return iter(item), b"]"
    if item is None:
        out.append(b"n")
    elif isinstance(item, bool):
        out.append(b"t" if item else b"f")
    elif isinstance(item, int):
        out.append(b"i%d;" % item)
    elif isinstance(item, float):
        out.append(b"d%s;" % struct.pack(">d", item).hex().encode())
    elif isinstance(item, str):
        raw = string_bytes(item)
        out.append(b"s%d:%s" % (len(raw), raw))
    else:
        msg = f"no PHP value for {type(item).__name__}"
        raise TypeError(msg)
    return None


def decode_tree(text: bytes) -> Any:  # noqa: ANN401 - any value
    """
    Read what encode_tree wrote; malformed UTF-8 becomes lone surrogates.

    Raises:
        ValueError: where the text is not of this form.
    """
    root: list[Any] = []
    stack: list[list[Any]] = [root]
    pos = 0
    while pos < len(text):
        kind = text[pos : pos + 1]
        pos += 1
        if kind in b"[{":
            stack.append([])
        elif kind in b"]}":
            items = stack.pop()
            value = items if kind == b"]" else _pairs(items)
            stack[-1].append(value)
        elif kind in _CONSTANTS:
            stack[-1].append(_CONSTANTS[kind])
        elif kind == b"s":
            colon = text.index(b":", pos)
            end = colon + 1 + int(text[pos:colon])
            raw = text[colon + 1 : end]
            stack[-1].append(raw.decode("utf-8", "surrogateescape"))
            pos = end
        elif kind in b"id":
            end = text.index(b";", pos)
            stack[-1].append(_number(kind, text[pos:end]))
            pos = end + 1
        else:
            msg = f"unknown item {kind!r} at {pos - 1}"
            raise ValueError(msg)
    if len(stack) != 1 or len(root) != 1:
        msg = "not exactly one tree"
        raise ValueError(msg)
    return root[0]


def _pairs(items: list[Any]) -> dict[str, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))


def _number(kind: bytes, text: bytes) -> int | float:
    if kind == b"i":
        return int(text)
    value: float = struct.unpack(">d", bytes.fromhex(text.decode()))[0]
    return value
