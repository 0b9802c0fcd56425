"""
Hostile documents without end, from a seed: cheap, and the same everywhere.

Most are valid JSON that PHP accepts; about a third are damaged, by a bad
token in a valid document or by changed bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import atoms
from .dice import Dice


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
    dice = Dice(f"documents {seed}")
    previous = b'{"a":1}'
    for _ in range(count):
        document = _document(dice)
        if dice.chance(0.2):
            # The bytes spliced in come from another document.
            document = mutate(dice, document, previous)
        previous = document
        yield document


def _document(dice: Dice) -> bytes:
    kind = dice.below(100)
    if kind < 8:
        return _nested(dice)
    if kind < 30:
        return _object(dice, atoms.key_set(dice, _size(dice)))
    if kind < 35:
        return _join(dice, "[", _values(dice, dice.below(6), 3), "]")
    if kind < 38:
        space = dice.choice(atoms.WHITESPACE)
        return f"{space}{_value(dice, 3, 0.1)}{space}".encode()
    if kind < 50:
        return _message(dice)
    # Keys may repeat here, also in other spellings.
    keys = [atoms.key(dice) for _ in range(dice.below(7))]
    if keys and dice.chance(0.3):
        keys.append(dice.choice(keys))
    return _object(dice, keys)


def _size(dice: Dice) -> int:
    """Return a number of keys, such that each branch of PHP's sort is met."""
    share = dice.below(200)
    if share == 0:
        return dice.between(1020, 1100)
    if share < 6:
        return dice.between(40, 250)
    if share < 60:
        return dice.between(14, 40)
    return dice.between(2, 16)


def _object(dice: Dice, keys: list[str]) -> bytes:
    quoted = [atoms.quote(dice, key) for key in keys]
    if len(keys) > 16:
        # The order is what matters here; small values make it visible.
        members = [f"{key}:{place}" for place, key in enumerate(quoted)]
        return ("{" + ",".join(members) + "}").encode()
    bad = 0.02 if dice.chance(0.3) else 0.0
    values = _values(dice, len(keys), 3, bad)
    if dice.chance(0.5):
        members = [f"{k}:{v}" for k, v in zip(quoted, values, strict=True)]
        return ("{" + ",".join(members) + "}").encode()
    space = atoms.WHITESPACE
    members = [
        f"{k}{dice.choice(space)}:{dice.choice(space)}{v}"
        for k, v in zip(quoted, values, strict=True)
    ]
    return _join(dice, "{", members, "}")


def _join(dice: Dice, opener: str, parts: list[str], closer: str) -> bytes:
    space = dice.choice(atoms.WHITESPACE)
    inner = f"{space},{space}".join(parts)
    return f"{space}{opener}{space}{inner}{space}{closer}{space}".encode()


def _values(dice: Dice, count: int, depth: int, bad: float = 0.0) -> list[str]:
    return [_value(dice, depth, bad) for _ in range(count)]


def _value(dice: Dice, depth: int, bad: float) -> str:
    """Return the text of a value; bad is the share of invalid tokens."""
    if bad and dice.chance(bad):
        return dice.choice(atoms.BAD_TOKENS)
    kind = dice.below(10)
    if kind < 3:
        return atoms.number(dice)
    if kind < 6:
        return atoms.quote(dice, atoms.text(dice, 8))
    if kind < 8 or depth == 0:
        return dice.choice(("null", "true", "false", "{}", "[]", '""'))
    inner = _values(dice, dice.below(4), depth - 1, bad)
    if dice.chance(0.5):
        return f"[{','.join(inner)}]"
    keys: list[str] = [str(place) for place in range(len(inner))]
    if dice.chance(0.7):
        keys = [atoms.key(dice) for _ in inner]
    members = [
        f"{atoms.quote(dice, key)}:{value}"
        for key, value in zip(keys, inner, strict=True)
    ]
    return "{" + ",".join(members) + "}"


def _nested(dice: Dice) -> bytes:
    """Return deep nesting, often at the limits 64, 511 and 512."""
    depth = dice.choice((dice.below(20), dice.between(62, 66), 510, 511, 512))
    openers: list[str] = []
    closers: list[str] = []
    style = dice.below(3)
    for _ in range(depth):
        if style == 0 or (style == 2 and dice.chance(0.5)):
            openers.append("[")
            closers.append("]")
        else:
            openers.append('{"a":')
            closers.append("}")
    inner = dice.choice(("1", "", "[]", "{}", '"x"', "1e999"))
    text = f"{''.join(openers)}{inner}{''.join(reversed(closers))}"
    if dice.chance(0.3):
        text = f'{{"sign":{text},"b":2}}'
    return text.encode()


def _message(dice: Dice) -> bytes:
    """Return a message as the gateway could send it, or nearly so."""
    amount = atoms.number(dice) if dice.chance(0.5) else "0.50"
    data = [
        f'"amount":{amount}',
        '"currency":"USD"',
        f'"out_trade_no":"T{dice.digits(12)}"',
        f'"receiver_name":{atoms.quote(dice, atoms.text(dice, 10))}',
    ]
    members = [
        '"success":true',
        '"code":200',
        f'"message":{atoms.quote(dice, atoms.text(dice, 6))}',
        f'"data":{{{",".join(data)}}}',
        '"sign_type":"RSA2"',
        f'"sign":"{dice.digits(24)}=="',
    ]
    if dice.chance(0.3):
        members.append(dice.choice(members))
    if dice.chance(0.3):
        name = dice.choice(("sign", "sig\\u006e"))
        members.append(f'"{name}":{amount}')
    return _join(dice, "{", dice.shuffled(members), "}")


_SPLICES = (
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"0", b"-", b"e", b"."),
    *(b" ", b"\x00", b"\x1f", b"\n", b"\\u", b"\\ud800", b"\\udc00", b"\x7f"),
    *(b"\xef\xbb\xbf", b"\xc2\xa0", b"1e999", b"//", b'"sign":', b"null"),
    *atoms.BAD_UTF8,
)


def mutate(dice: Dice, document: bytes, other: bytes = b"") -> bytes:
    """Return the document with one to three changes of its bytes."""
    for _ in range(dice.between(1, 3)):
        at = dice.below(len(document) + 1)
        kind = dice.below(6)
        if kind == 0:
            document = document[:at]
        elif kind == 1:
            document = document[:at] + document[at + dice.between(1, 4) :]
        elif kind == 2:
            splice = dice.choice(_SPLICES)
            document = document[:at] + splice + document[at:]
        elif kind == 3:
            splice = dice.choice(_SPLICES)
            document = document[:at] + splice + document[at + 1 :]
        elif kind == 4:
            end = at + dice.between(1, 12)
            document = document[:end] + document[at:]
        else:
            start = dice.below(len(other) + 1)
            document = document[:at] + other[start : start + 8] + document[at:]
    return document


def hostile_parameters(seed: int | str, count: int) -> Iterator[dict[str, Any]]:
    """
    Yield count mappings of parameters, one in ten with something refused.

    Args:
        seed: equal seeds give equal mappings.
        count: how many.
    """
    dice = Dice(f"parameters {seed}")
    for _ in range(count):
        bad = 0.1 if dice.chance(0.15) else 0.0
        size = dice.below(8)
        if dice.chance(0.1):
            size = dice.between(14, 40)
        yield _mapping(dice, size, 4, bad)


def _mapping(dice: Dice, size: int, depth: int, bad: float) -> dict[str, Any]:
    return {
        _parameter_key(dice, bad): _parameter(dice, depth, bad) for _ in range(size)
    }


def _parameter_key(dice: Dice, bad: float) -> str:
    key = atoms.key(dice)
    if bad and dice.chance(bad / 4):
        return key + dice.choice(atoms.BAD_UTF8).decode(errors="surrogateescape")
    return key


def _parameter(dice: Dice, depth: int, bad: float) -> Any:  # noqa: ANN401
    if bad and dice.chance(bad):
        raw = dice.choice(atoms.BAD_UTF8).decode(errors="surrogateescape")
        return dice.choice((float("inf"), float("-inf"), float("nan"), raw))
    kind = dice.below(12)
    if kind < 3:
        return atoms.text(dice, 8)
    if kind == 3:
        return dice.choice((None, True, False, "", 0, 0.0, -0.0, [], {}))
    if kind == 4:
        return dice.between(-(10**6), 10**6)
    if kind == 5:
        return dice.bits(64) - 2**63
    if kind == 6:
        return dice.below(10**8) / 100
    if kind < 9 or depth == 0:
        value = float(atoms.number(dice))
        # Overflow would make every second tree a refused one.
        return value if abs(value) < float("inf") else 1e308
    if kind < 11:
        size = dice.below(4)
        return [_parameter(dice, depth - 1, bad) for _ in range(size)]
    return _mapping(dice, dice.below(4), depth - 1, bad)
