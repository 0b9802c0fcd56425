"""The grammar: every byte in every place, truncations, damaged documents."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from tests.support.hostile import mutate
from tests.support.rng import Rng
from tests.support.samples import BAD_TOKENS

from .examples import MESSAGES


if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Case


__all__ = ["cases"]

#: Small documents that hold every kind of token.
_SEEDS: Final = (
    b'{"a":[1,-2.5e+3,true],"b":{"c":null,"d":"x\\n\\u00e9\xc3\xa9"},"e":false}',
    b'[{"0":[],"1":{}},[[0]],"\\ud83d\\ude00",1E-7,"\xf0\x9f\x98\x80"]',
    b' {\t"sign" : "a=" ,\n"k" : [ ] , "sign_type":"RSA2" }\r\n',
    b'{"10":1,"9":[],"a":{"":"\\"\\\\\\/"},"1e1":0.10,"a":2}',
)


def cases() -> Iterator[Case]:
    """Yield documents that are right or wrong in their grammar."""
    yield from _every_byte()
    yield from _tiny()
    yield from _tokens()
    yield from _literals()
    yield from _truncated()
    yield from _mutated()
    yield from _encodings()


def _every_byte() -> Iterator[Case]:
    for value in range(256):
        byte = bytes([value])
        yield "byte before", byte + b'{"a":1}'
        yield "byte after", b'{"a":1}' + byte
        yield "byte between", b'{"a"' + byte + b':1,"b":2}'
        yield "byte in list", b"[1" + byte + b"]"


def _tiny() -> Iterator[Case]:
    """Yield every text of up to three characters from the structural ones."""
    for length in (1, 2, 3):
        for characters in product('{}[],:"0', repeat=length):
            yield "tiny", "".join(characters).encode()


def _tokens() -> Iterator[Case]:
    for token in BAD_TOKENS:
        for frame in ("%s", "[%s]", '{"a":%s}', "[1,%s,2]"):
            yield "token", (frame % token).encode()


def _literals() -> Iterator[Case]:
    for word in ("true", "false", "null"):
        for at in range(len(word)):
            yield "literal", f"[{word[:at]}]".encode()
            yield "literal", f"[{word[:at]}".encode()
            swapped = word[:at] + word[at].upper() + word[at + 1 :]
            yield "literal", f"[{swapped}]".encode()
            wrong = word[:at] + "x" + word[at + 1 :]
            yield "literal", f"[{wrong}]".encode()
        for text in (word.upper(), word + "e", word * 2, word + "0", word + '"'):
            yield "literal", f"[{text}]".encode()


def _truncated() -> Iterator[Case]:
    for document in (*_SEEDS, MESSAGES[3]):
        for end in range(len(document)):
            yield "truncated", document[:end]


def _mutated() -> Iterator[Case]:
    rng = Rng("vectors: mutated")
    documents = (*_SEEDS, *MESSAGES)
    for _ in range(900):
        document = rng.choice(documents)
        yield "mutated", mutate(rng, document, rng.choice(documents))


def _encodings() -> Iterator[Case]:
    for text in ("{}", '{"a":1}', '["\u00e9"]'):
        for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-8-sig"):
            yield "encoding", text.encode(name)
    yield "encoding", '["\u00e9"]'.encode("latin-1")
