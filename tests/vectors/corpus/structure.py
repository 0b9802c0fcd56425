"""Structure: lists and maps, duplicates, removal, depth."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Final

from tests.support.hostile import hostile_documents
from tests.support.rng import Rng
from tests.support.samples import plain_quote


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from . import Case


__all__ = ["cases", "object_of"]

#: Two spellings of one key each, and near misses.
_SPELLINGS: Final = (
    *(('"a"', '"\\u0061"'), ('"1"', '"\\u0031"'), ('"/"', '"\\/"')),
    *(('"\\n"', '"\\u000a"'), ('"\\u00e9"', '"\u00e9"'), ('""', '""')),
    *(('"1"', '"01"'), ('"1"', '"1.0"'), ('"0"', '"-0"'), ('"a"', '"A"')),
    *(('"\\ud83d\\ude00"', '"\U0001f600"'), ('"\\u00e9"', '"e\\u0301"')),
    *(('"sign"', '"\\u0073ign"'), ('"-1"', '"\\u002d1"')),
    ('"9223372036854775807"', '"922337203685477580\\u0037"'),
    ('"9223372036854775808"', '"922337203685477580\\u0038"'),
)


def cases() -> Iterator[Case]:
    """Yield documents whose structure PHP changes, keeps or refuses."""
    yield from _lists()
    yield from _duplicates()
    yield from _removal()
    yield from _depth()
    for document in hostile_documents("vectors", 2200):
        yield "hostile", document


def object_of(keys: Sequence[str]) -> str:
    """Return a JSON object of these keys; each value is the key's place."""
    members = (f"{plain_quote(key)}:{at}" for at, key in enumerate(keys))
    return "{" + ",".join(members) + "}"


def _lists() -> Iterator[Case]:
    """Yield maps that are lists, nearly lists, and no lists."""
    for count in (1, 2, 3, 4):
        for keys in permutations([str(at) for at in range(count)]):
            yield "list, top", object_of(keys).encode()
            yield "list, nested", f'{{"a":{object_of(keys)}}}'.encode()
    for extra in ("1", "2", "3", "-1", "a", "00", "01", "1.0", "", "sign", "0 "):
        for keys in permutations(("0", "1", extra)):
            if len(set(keys)) == len(keys):
                yield "nearly a list", object_of(keys).encode()
                yield "nearly a list", f"[{object_of(keys)}]".encode()
    for count in (10, 11, 100, 1000):
        row = [str(at) for at in range(count)]
        shuffled = Rng(f"vectors: list {count}").shuffled(row)
        for order in (row, row[::-1], shuffled, row[1:], row[:-2] + row[-1:]):
            yield "long list", object_of(order).encode()
            yield "long list", f'{{"a":{object_of(order)}}}'.encode()
    for text in ('[[],{},[{}],{"a":[]}]', '{"a":[{"0":{"0":{}}}]}', "[null]"):
        yield "empty", text.encode()


def _duplicates() -> Iterator[Case]:
    values = (("1", "2"), ("[1]", "{}"), ('{"x":1}', '{"y":2}'), ("1e999", "0"))
    for first, second in _SPELLINGS:
        for old, new in values:
            members = f'{first}:{old},"m":true,{second}:{new}'
            yield "duplicate", f"{{{members}}}".encode()
            yield "duplicate, nested", f'{{"z":[{{{members}}}]}}'.encode()
    for count in (3, 17, 300):
        repeated = ",".join(f'"a":{at},"b{at % 3}":{at}' for at in range(count))
        yield "duplicates", f"{{{repeated}}}".encode()
        yield "duplicates", f'{{"d":{{{repeated}}}}}'.encode()
    for text in (
        '{"sign":1,"a":2,"sign":3}',
        '{"a":{"sign":1,"sign":2},"sign_type":1,"sign_type":2}',
        '{"0":1,"1":2,"0":3,"1":4}',
        '{"1":1,"0":2,"1":3}',
        '{"a":{"0":1,"1":2,"0":3}}',
        '{"b":1,"a":{"c":1},"b":2,"a":{"d":1}}',
    ):
        yield "duplicates", text.encode()


def _removal() -> Iterator[Case]:
    near = ("sign ", " sign", "signs", "sig", "sign\x00", "Sign", "SIGN")
    near_type = ("sign_typ", "sign_type_", "sign-type", "signtype")
    for name in ("sign", "sign_type", *near, *near_type):
        yield "removal", object_of((name,)).encode()
        yield "removal", object_of(("z", name, "a")).encode()
        yield "removal", f"[{object_of((name,))}]".encode()
        yield "removal", f'{{"d":{object_of((name, "0"))}}}'.encode()
    for keys in (
        *(("0", "sign"), ("1", "sign", "0"), ("sign_type", "0", "sign", "1")),
        *(("1", "sign"), ("sign", "sign_type"), ("10", "1e1", "sign", "9")),
    ):
        for order in permutations(keys):
            yield "removal", object_of(order).encode()
    for value in ("null", "{}", "[]", '""', "false", '[{"sign":1}]', '"\\u0000"'):
        yield "removal", f'{{"sign":{value},"a":1,"sign_type":{value}}}'.encode()


def _depth() -> Iterator[Case]:
    kinds = (("[", "]"), ('{"a":', "}"), ('[{"b":', "}]"), ('{"0":[', "]}"))
    for opener, closer in kinds:
        step = opener.count("[") + opener.count("{")
        for depth in (*range(508, 515), 600, 1025):
            count, rest = divmod(depth, step)
            for inner in ("", "1", "[]", "{}", "null", "1e999"):
                if not inner and opener.endswith(":"):
                    continue
                text = opener * count + "[" * rest + inner + "]" * rest
                yield "depth", (text + closer * count).encode()
    deep = "[" * 511 + "]" * 511
    deeper = f"[{deep}]"
    for text in (
        *(f'{{"sign":{deep}}}', f'{{"a":{deep},"a":1}}', f"{deep}x", f"[{deep},1]"),
        *(f'{{"sign":{deeper[1:-1]},"b":{deep}}}', deep[:-1], "[" * 511, "[" * 512),
        *("[" * 100000, '{"a":' * 511, '{"a":' * 600, f"[1,{deep}", f"{deep},"),
        *("[" + ",".join(["[[]]"] * 600) + "]", "[" * 511 + "]" * 512),
        *("[" * 512 + "}", "[" * 510 + "1" + "}" * 510, "[" * 600 + "x"),
    ):
        yield "depth", text.encode()
