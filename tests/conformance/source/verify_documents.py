"""The cases of verifying that turn on the document, and not on the signature."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from tests.conformance.source import Draft, Level, forged
from tests.conformance.source.forged import verify_case
from tests.support import forger


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["TEXTS", "drafts", "of_the_text"]

_CANONICAL: Final = b'{"a":1}'
#: How many levels, and who sends them.
_LEVELS: Final[tuple[tuple[int, Level], ...]] = (
    *((33, "any-document"), (64, "any-document"), (65, "hostile")),
    *((100, "hostile"), (101, "hostile"), (511, "hostile")),
)
#: How many keys besides two others, one of these, and who sends them.
_KEYS: Final[tuple[tuple[int, str, Level], ...]] = (
    (253, "9", "any-document"),
    (299, "k", "any-document"),
    (256, "9", "hostile"),
    (299, "-", "hostile"),
    (299, "+", "hostile"),
    (400, ".", "hostile"),
)


def drafts() -> Iterator[Draft]:
    """Yield the cases."""
    yield from _duplicates()
    yield from _nothing()
    yield from _bad_json()
    for depth, level in _LEVELS:
        nested = "[" * (depth - 1) + "]" * (depth - 1)
        template = f'{{"a":{nested},"sign":"SIGN"}}'
        yield verify_case(
            "depth", forged.signed(template), f"{depth} levels", level=level
        )
    for count, first, level in _KEYS:
        members = ",".join(f'"k{number}":0' for number in range(count))
        template = f'{{{members},"{first}":0,"sign":"SIGN"}}'
        comment = f"{count + 2} keys, one of which begins with {first}"
        yield verify_case("order", forged.signed(template), comment, level=level)


#: For rules of the text: documents of the gateway, each with the text that a verifier
#: would take for signed which breaks the rule; None where a document is signed rightly.
TEXTS: Final[dict[str, tuple[tuple[str, str | None], ...]]] = {
    "write.unicode": (
        ('{"a":"\\u1780","sign":"SIGN"}', None),
        ('{"a":"b\\u00a7","sign":"SIGN"}', None),
        ('{"\\u1781":"\\u1782","sign":"SIGN"}', None),
        ('{"a":"\\u1780","sign":"SIGN"}', '{"a":"\u1780"}'),
        ('{"a":"b\\u00a7","sign":"SIGN"}', '{"a":"b\u00a7"}'),
    ),
    "write.lower_hex": (
        ('{"a":"\\u17bb","sign":"SIGN"}', None),
        ('{"a":"\\u17bb","sign":"SIGN"}', '{"a":"\\u17BB"}'),
        ('{"a":"b\\u00ea","sign":"SIGN"}', '{"a":"b\\u00EA"}'),
    ),
    "write.slash": (
        ('{"a":"b\\/c","sign":"SIGN"}', None),
        ('{"a":"b/c","sign":"SIGN"}', None),
        ('{"a":"b\\/c","sign":"SIGN"}', '{"a":"b/c"}'),
    ),
    "write.html": (
        ('{"a":"b<c&d>","sign":"SIGN"}', None),
        ('{"a":"it\'s","sign":"SIGN"}', None),
        ('{"a":"b<c","sign":"SIGN"}', '{"a":"b\\u003cc"}'),
        ('{"a":"b<c","sign":"SIGN"}', '{"a":"b\\u003Cc"}'),
        ('{"a":"it\'s","sign":"SIGN"}', '{"a":"it\\u0027s"}'),
    ),
    "write.digits": (
        ('{"a":0.1,"sign":"SIGN"}', None),
        ('{"amounts":[19.99,2.7],"sign":"SIGN"}', None),
        ('{"a":0.1,"sign":"SIGN"}', '{"a":0.10000000000000001}'),
        ('{"a":2.7,"sign":"SIGN"}', '{"a":2.70}'),
    ),
    "write.whole": (
        ('{"a":100,"sign":"SIGN"}', None),
        ('{"a":100,"sign":"SIGN"}', '{"a":100.0}'),
        ('{"a":2.0,"sign":"SIGN"}', '{"a":2.0}'),
    ),
    "sort.nested": (
        ('{"data":{"b":1,"a":2},"sign":"SIGN"}', None),
        ('{"a":[{"d":1,"c":2}],"sign":"SIGN"}', None),
        ('{"data":{"b":1,"a":2},"sign":"SIGN"}', '{"data":{"a":2,"b":1}}'),
        ('{"a":[{"d":1,"c":2}],"sign":"SIGN"}', '{"a":[{"c":2,"d":1}]}'),
    ),
    "list.empty": (
        ('{"data":{},"sign":"SIGN"}', None),
        ('{"a":[{}],"sign":"SIGN"}', None),
        ('{"data":{},"sign":"SIGN"}', '{"data":{}}'),
        ('{"a":[{}],"sign":"SIGN"}', '{"a":[{}]}'),
    ),
    "keep.blanks": (
        ('{"a":" b","sign":"SIGN"}', None),
        ('{"a":"b ","c":1,"sign":"SIGN"}', None),
        ('{"a":" b","sign":"SIGN"}', '{"a":"b"}'),
        ('{"a":"b ","sign":"SIGN"}', '{"a":"b"}'),
    ),
    "keep.types": (
        ('{"a":"100","sign":"SIGN"}', None),
        ('{"a":"2024-01-31T10:00:00.000Z","sign":"SIGN"}', None),
        ('{"a":[true,false,null],"sign":"SIGN"}', None),
        ('{"a":"100","sign":"SIGN"}', '{"a":100}'),
        ('{"a":100,"sign":"SIGN"}', '{"a":"100"}'),
        ('{"a":true,"sign":"SIGN"}', '{"a":"1"}'),
        ('{"a":true,"sign":"SIGN"}', '{"a":"true"}'),
    ),
    "read.utf8_text": (
        ('{"a":"\u1780","sign":"SIGN"}', None),
        ('{"a":"b\u00e9","sign":"SIGN"}', None),
        ('{"a":"\u00e9","sign":"SIGN"}', '{"a":"\\u00c3\\u00a9"}'),
    ),
}


def of_the_text() -> Iterator[Draft]:
    """
    Yield documents that a verifier takes for others where it breaks a rule of the text.

    It refuses what is honest, and accepts what it would have signed itself.
    """
    for rule, cases in TEXTS.items():
        for template, wrong in cases:
            comment = "honest" if wrong is None else "a text that breaks the rule"
            text = None if wrong is None else wrong.encode()
            body = forged.signed(template, text=text)
            yield verify_case(rule, body, comment, level="api", since="1.3")


def _duplicates() -> Iterator[Draft]:
    last = b'{"a":2}'
    for comment, template, text in (
        ("the last one was signed", '{"a":1,"a":2,"sign":"SIGN"}', last),
        ("the first one was signed", '{"a":1,"a":2,"sign":"SIGN"}', _CANONICAL),
        ("spelled in another way", '{"\\u0061":1,"a":2,"sign":"SIGN"}', last),
        (
            "spelled so, inside",
            '{"b":{"a":1,"\\u0061":2},"sign":"SIGN"}',
            b'{"b":{"a":2}}',
        ),
        ("inside", '{"b":{"a":1,"a":2},"sign":"SIGN"}', b'{"b":{"a":2}}'),
        ("in a list", '{"b":[{"a":1,"a":2}],"sign":"SIGN"}', b'{"b":[{"a":2}]}'),
        ("the same value", '{"a":2,"a":2,"sign":"SIGN"}', last),
        ("two signs", '{"a":2,"sign":"x","sign":"SIGN"}', last),
        ("two signs, the first one good", '{"a":2,"sign":"SIGN","sign":"x"}', last),
        (
            "two sign_types",
            '{"a":2,"sign_type":"RSA2","sign_type":"RSA2","sign":"SIGN"}',
            last,
        ),
        ("an empty key", '{"b":{"":1,"":2},"sign":"SIGN"}', b'{"b":{"":2}}'),
    ):
        yield verify_case(
            "duplicate", forged.signed(template, text=text), f"a key twice: {comment}"
        )
    for comment, template in (
        ("one above the other", '{"a":{"a":1},"sign":"SIGN"}'),
        ("side by side", '{"b":[{"a":1},{"a":2}],"sign":"SIGN"}'),
        ("another case", '{"a":1,"A":2,"sign":"SIGN"}'),
        ("sign inside", '{"a":{"sign":"x"},"sign":"SIGN"}'),
    ):
        yield verify_case(
            "duplicate",
            forged.signed(template),
            f"a key in two objects is fine: {comment}",
            level="any-document",
        )


def _nothing() -> Iterator[Draft]:
    largest = b"1.7976931348623157e+308"
    for template, null, most in (
        ('{"a":1e999,"sign":"SIGN"}', b'{"a":null}', b'{"a":%s}'),
        ('{"a":[-1e400],"sign":"SIGN"}', b'{"a":[null]}', b'{"a":[%s]}'),
        ('{"a":{"b":1e309},"sign":"SIGN"}', b'{"a":{"b":null}}', b'{"a":{"b":%s}}'),
    ):
        for comment, text in (
            ("the empty text was signed", b""),
            ("null was signed", null),
            ("the largest double was signed", most % largest),
        ):
            yield verify_case(
                "nothing",
                forged.signed(template, text=text),
                f"an infinite number: {comment}",
            )


def _bad_json() -> Iterator[Draft]:
    sign = b'"sign":"SIGN"}'
    for comment, text in (
        ("a byte order mark", b'\xef\xbb\xbf{"a":1,' + sign),
        ("text behind", b'{"a":1,' + sign + b"x"),
        ("a NUL behind", b'{"a":1,' + sign + b"\0"),
        ("a comment", b'{"a":1,/**/' + sign),
        ("a comma too many", b'{"a":1,"sign":"SIGN",}'),
        ("a leading zero", b'{"a":01,' + sign),
        ("single quotes", b"{'a':1," + sign),
    ):
        yield verify_case("json", _spliced(text, _CANONICAL), comment)
    for comment, text, canonical in (
        ("a raw tab", b'{"a":"\t",' + sign, b'{"a":"\\t"}'),
        ("NaN", b'{"a":NaN,' + sign, b'{"a":null}'),
        ("bytes that are not UTF-8", b'{"a":"\xff",' + sign, b'{"a":"\\ufffd"}'),
        ("half a surrogate pair", b'{"a":"\\ud800",' + sign, b'{"a":"\\ufffd"}'),
    ):
        yield verify_case("json", _spliced(text, canonical), comment)


def _spliced(text: bytes, canonical: bytes) -> bytes:
    """Put in the signature that a lenient reader would accept."""
    signature = base64.b64encode(forger.pkcs1(canonical)).replace(b"/", b"\\/")
    return text.replace(b"SIGN", signature)
