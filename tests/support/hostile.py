"""
Hostile documents without end, from a seed: cheap, and the same everywhere.

Most are valid JSON that PHP accepts; about a third are damaged, by a bad
token in a valid document or by changed bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import samples
from .rng import Rng


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["hostile_documents", "hostile_parameters", "mutate"]


def hostile_documents(seed: int | str, count: int) -> Iterator[bytes]:
    """
    Yield count JSON texts, and texts that are nearly JSON.

    Args:
        seed: equal seeds give equal documents, on every machine.
        count: how many; a longer run starts with the documents of a
            shorter one.
    """
    rng = Rng(f"documents {seed}")
    previous = b'{"a":1}'
    for _ in range(count):
        document = _document(rng)
        if rng.chance(0.2):
            # The bytes spliced in come from another document.
            document = mutate(rng, document, previous)
        previous = document
        yield document


def _document(rng: Rng) -> bytes:
    kind = rng.below(100)
    if kind < 8:
        return _nested(rng)
    if kind < 30:
        return _object(rng, samples.key_set(rng, _size(rng)))
    if kind < 35:
        return _join(rng, "[", _values(rng, rng.below(6), 3), "]")
    if kind < 38:
        space = rng.choice(samples.WHITESPACE)
        return f"{space}{_value(rng, 3, 0.1)}{space}".encode()
    if kind < 50:
        return _message(rng)
    # Keys may repeat here, also in other spellings.
    keys = [samples.key(rng) for _ in range(rng.below(7))]
    if keys and rng.chance(0.3):
        keys.append(rng.choice(keys))
    return _object(rng, keys)


def _size(rng: Rng) -> int:
    """Return a number of keys, such that each branch of PHP's sort is met."""
    share = rng.below(200)
    if share == 0:
        return rng.between(1020, 1100)
    if share < 6:
        return rng.between(40, 250)
    if share < 60:
        return rng.between(14, 40)
    return rng.between(2, 16)


def _object(rng: Rng, keys: list[str]) -> bytes:
    quoted = [samples.quote(rng, key) for key in keys]
    if len(keys) > 16:
        # The order is what matters here; small values make it visible.
        members = [f"{key}:{place}" for place, key in enumerate(quoted)]
        return ("{" + ",".join(members) + "}").encode()
    bad = 0.02 if rng.chance(0.3) else 0.0
    values = _values(rng, len(keys), 3, bad)
    if rng.chance(0.5):
        members = [f"{k}:{v}" for k, v in zip(quoted, values, strict=True)]
        return ("{" + ",".join(members) + "}").encode()
    space = samples.WHITESPACE
    members = [
        f"{k}{rng.choice(space)}:{rng.choice(space)}{v}"
        for k, v in zip(quoted, values, strict=True)
    ]
    return _join(rng, "{", members, "}")


def _join(rng: Rng, opener: str, parts: list[str], closer: str) -> bytes:
    space = rng.choice(samples.WHITESPACE)
    inner = f"{space},{space}".join(parts)
    return f"{space}{opener}{space}{inner}{space}{closer}{space}".encode()


def _values(rng: Rng, count: int, depth: int, bad: float = 0.0) -> list[str]:
    return [_value(rng, depth, bad) for _ in range(count)]


def _value(rng: Rng, depth: int, bad: float) -> str:
    """Return the text of a value; bad is the share of invalid tokens."""
    if bad and rng.chance(bad):
        return rng.choice(samples.BAD_TOKENS)
    kind = rng.below(10)
    if kind < 3:
        return samples.number(rng)
    if kind < 6:
        return samples.quote(rng, samples.text(rng, 8))
    if kind < 8 or depth == 0:
        return rng.choice(("null", "true", "false", "{}", "[]", '""'))
    inner = _values(rng, rng.below(4), depth - 1, bad)
    if rng.chance(0.5):
        return f"[{','.join(inner)}]"
    keys: list[str] = [str(place) for place in range(len(inner))]
    if rng.chance(0.7):
        keys = [samples.key(rng) for _ in inner]
    members = [
        f"{samples.quote(rng, key)}:{value}"
        for key, value in zip(keys, inner, strict=True)
    ]
    return "{" + ",".join(members) + "}"


def _nested(rng: Rng) -> bytes:
    """Return deep nesting, often at the limits 64, 511 and 512."""
    depth = rng.choice((rng.below(20), rng.between(62, 66), 510, 511, 512))
    openers: list[str] = []
    closers: list[str] = []
    style = rng.below(3)
    for _ in range(depth):
        if style == 0 or (style == 2 and rng.chance(0.5)):
            openers.append("[")
            closers.append("]")
        else:
            openers.append('{"a":')
            closers.append("}")
    inner = rng.choice(("1", "", "[]", "{}", '"x"', "1e999"))
    text = f"{''.join(openers)}{inner}{''.join(reversed(closers))}"
    if rng.chance(0.3):
        text = f'{{"sign":{text},"b":2}}'
    return text.encode()


def _message(rng: Rng) -> bytes:
    """Return a message as the gateway could send it, or nearly so."""
    amount = samples.number(rng) if rng.chance(0.5) else "0.50"
    data = [
        f'"amount":{amount}',
        '"currency":"USD"',
        f'"out_trade_no":"T{rng.digits(12)}"',
        f'"receiver_name":{samples.quote(rng, samples.text(rng, 10))}',
    ]
    members = [
        '"success":true',
        '"code":200',
        f'"message":{samples.quote(rng, samples.text(rng, 6))}',
        f'"data":{{{",".join(data)}}}',
        '"sign_type":"RSA2"',
        f'"sign":"{rng.digits(24)}=="',
    ]
    if rng.chance(0.3):
        members.append(rng.choice(members))
    if rng.chance(0.3):
        name = rng.choice(("sign", "sig\\u006e"))
        members.append(f'"{name}":{amount}')
    return _join(rng, "{", rng.shuffled(members), "}")


_SPLICES = (
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"0", b"-", b"e", b"."),
    *(b" ", b"\x00", b"\x1f", b"\n", b"\\u", b"\\ud800", b"\\udc00", b"\x7f"),
    *(b"\xef\xbb\xbf", b"\xc2\xa0", b"1e999", b"//", b'"sign":', b"null"),
    *samples.BAD_UTF8,
)


def mutate(rng: Rng, document: bytes, other: bytes = b"") -> bytes:
    """Return the document with one to three changes of its bytes."""
    for _ in range(rng.between(1, 3)):
        at = rng.below(len(document) + 1)
        kind = rng.below(6)
        if kind == 0:
            document = document[:at]
        elif kind == 1:
            document = document[:at] + document[at + rng.between(1, 4) :]
        elif kind == 2:
            splice = rng.choice(_SPLICES)
            document = document[:at] + splice + document[at:]
        elif kind == 3:
            splice = rng.choice(_SPLICES)
            document = document[:at] + splice + document[at + 1 :]
        elif kind == 4:
            end = at + rng.between(1, 12)
            document = document[:end] + document[at:]
        else:
            start = rng.below(len(other) + 1)
            document = document[:at] + other[start : start + 8] + document[at:]
    return document


def hostile_parameters(seed: int | str, count: int) -> Iterator[dict[str, Any]]:
    """
    Yield count mappings of parameters, one in ten with something refused.

    Args:
        seed: equal seeds give equal mappings.
        count: how many.
    """
    rng = Rng(f"parameters {seed}")
    for _ in range(count):
        bad = 0.1 if rng.chance(0.15) else 0.0
        size = rng.below(8)
        if rng.chance(0.1):
            size = rng.between(14, 40)
        yield _mapping(rng, size, 4, bad)


def _mapping(rng: Rng, size: int, depth: int, bad: float) -> dict[str, Any]:
    return {_parameter_key(rng, bad): _parameter(rng, depth, bad) for _ in range(size)}


def _parameter_key(rng: Rng, bad: float) -> str:
    key = samples.key(rng)
    if bad and rng.chance(bad / 4):
        return key + rng.choice(samples.BAD_UTF8).decode(errors="surrogateescape")
    return key


def _parameter(rng: Rng, depth: int, bad: float) -> object:
    if bad and rng.chance(bad):
        raw = rng.choice(samples.BAD_UTF8).decode(errors="surrogateescape")
        return rng.choice((float("inf"), float("-inf"), float("nan"), raw))
    kind = rng.below(12)
    if kind < 3:
        return samples.text(rng, 8)
    if kind == 3:
        return rng.choice((None, True, False, "", 0, 0.0, -0.0, [], {}))
    if kind == 4:
        return rng.between(-(10**6), 10**6)
    if kind == 5:
        return rng.bits(64) - 2**63
    if kind == 6:
        return rng.below(10**8) / 100
    if kind < 9 or depth == 0:
        value = float(samples.number(rng))
        # Overflow would make every second tree a refused one.
        return value if abs(value) < float("inf") else 1e308
    if kind < 11:
        size = rng.below(4)
        return [_parameter(rng, depth - 1, bad) for _ in range(size)]
    return _mapping(rng, rng.below(4), depth - 1, bad)
