"""
The small hostile parts that documents are built from: numbers, keys, strings.

Each list holds what some rule of PHP's decoder, ksort or encoder looks at;
the comments name the rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from .rng import Rng


__all__ = [
    "BAD_TOKENS",
    "BAD_UTF8",
    "CHARACTERS",
    "KEYS",
    "NUMBERS",
    "WHITESPACE",
    "key",
    "key_set",
    "number",
    "plain_quote",
    "quote",
    "text",
]

NUMBERS: Final = (
    # Integers: zero, both ends of 64 bits, beyond them, 19 and 20 digits.
    *("0", "-0", "1", "-1", "10", "42", "9007199254740993"),
    *("9223372036854775807", "9223372036854775808", "9223372036854775809"),
    *("-9223372036854775808", "-9223372036854775809", "18446744073709551615"),
    *("18446744073709551616", "10000000000000000000", "99999999999999999999"),
    # Layout: where PHP turns from positional to exponent form.
    *("0.0", "-0.0", "-0e0", "0e9", "1.0", "0.50", "0.5", "19.99", "0.1"),
    *("1e2", "1E-2", "1e+2", "0.0001", "0.00009999", "1e-5", "1.5e-5"),
    *("1e15", "1e16", "1e17", "1e25", "123456789012345678.0", "1e-7"),
    *("99999999999999984.0", "99999999999999999.0", "12345678901234567.5"),
    # Rounding: powers of two, halfway cases, the ends of the range.
    *("9007199254740993.0", "9007199254740992.5", "9007199254740991.5"),
    *("5e-324", "2.4703282292062327e-324", "2.4703282292062328e-324"),
    *("2.2250738585072011e-308", "2.2250738585072014e-308", "1e23"),
    *("4.35", "0.3e0", "0.30000000000000004", "1.7976931348623157e308"),
    *("1.7976931348623158e308", "1.7976931348623159e308", "1e308"),
    *("9.5367431640625e-7", "8.41e21", "2e22", "6.02214076e23", "5e-5"),
    # Overflow and underflow, with the sign of zero.
    *("1e309", "-1e309", "1e999", "1e-400", "-1e-400", "1e20000", "-1e-20000"),
    *("1e19999", "1e-19999", "1e00000000000000000001", "0e99999999999999"),
)

KEYS: Final = (
    # Integer keys, and what only looks like one.
    *("0", "1", "2", "3", "9", "10", "-1", "-5", "-0", "00", "01", "+1"),
    *("9223372036854775807", "9223372036854775808", "9223372036854775809"),
    *("-9223372036854775808", "-9223372036854775809", "1000000000000000000"),
    *("9007199254740992", "9007199254740993", "9007199254740992.0"),
    # Numeric strings of all shapes, equal ones among them.
    *("1.0", "1.", ".5", "0.5", "1e1", "1E1", "10.0", "1e0", "-1.0", "1.e3"),
    *("1000", "1e3", "+.5e-1", "-0.0", "0.0", "0e0", "1.25", "1.5", "0x1A"),
    # White space before and after a number, and what is no white space.
    *(" 1", "1 ", "\t1", "1\n", "\v2", "2\f", "\r3", "3\r", " 4 ", "4\x00"),
    *("1 1", "1 x", "\u00a05", "5\u00a0", "6\x1f", "9223372036854775808 "),
    *("-9223372036854775808 ", "9223372036854775807 ", " 10", "10 "),
    # Overflow flags: 20 digits and more, with a fraction, infinities.
    *("18446744073709551616", "123456789012345678901e-20", "1e1000"),
    *("2e1000", "-1e1000", "99999999999999999999", "99999999999999999998"),
    *("00000000000000000000001", "10000000000000000000.5", "1e-1000"),
    # Digits with a tail: text for one comparison, a number for none.
    *("1a", "2a", "10x", "9x", "1e", "1e+", "-", ".", "+", " ", "-a", "5 a"),
    *("inf", "INF", "NAN", "nan", "1_0", "1,0", "\u0661", "\uff11"),
    # Text around the digits in byte order, and the removed keys.
    *("", "a", "A", "_", "z", "ab", "a_", "a1", "aB", "!", "/", ":", "~"),
    *("\x00", "\x00a", "a\x00", "\x7f", "\u0080", "\u00e9", "\u07ff"),
    *("\u0800", "\ue000", "\uffff", "\U00010000", "\U0010ffff"),
    *("sign", "sign_type", "Sign", "sign ", "sign\x00", "sign_typ", "signs"),
    *("amount", "currency", "out_trade_no", "receiver_id", "data", "code"),
)

CHARACTERS: Final = (
    *("a", "Z", "0", " ", "/", "\\", '"', "'", "<", ">", "&", "{", "}"),
    *("\b", "\f", "\n", "\r", "\t", "\v", "\x00", "\x01", "\x1f", "\x7f"),
    *("\x80", "\x9f", "\u00e9", "\u07ff", "\u0800", "\u17d4", "\u1780"),
    *("\u2027", "\u2028", "\u2029", "\u202a", "\ud7ff", "\ue000", "\ufeff"),
    *("\ufdd0", "\ufffe", "\uffff", "\U00010000", "\U0001f600", "\U0010ffff"),
)

#: Malformed UTF-8, one or more of each class (Unicode 15, table 3-7).
BAD_UTF8: Final = (
    *(b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc2", b"\xc2\x41"),
    *(b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xe1\x80", b"\xe2\x28\xa1"),
    *(b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb8\x80"),
    *(b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xf0\x9f\x98", b"\xf0\x9f"),
    *(b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80"),
    *(b"\xfe", b"\xff", b"\xe2\x82\xc2\xa9", b"\xc3\xc3\xa9"),
)

#: What JSON has no place for; each replaces a value or stands after it.
BAD_TOKENS: Final = (
    *("", "True", "NULL", "nul", "nullx", "NaN", "Infinity", "-Infinity"),
    *("01", "-01", "+1", ".5", "1.", "1.e1", "-", "1e", "1e+", "0x1", "1_0"),
    *("--1", "1.2.3", "1e1.0", "'a'", '"a', 'a"', '"\\x"', '"\\u12g4"'),
    *('"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"', '"\\ud800\\ud800"'),
    *('"\\"', '"\n"', '"\t"', '"\x00"', "[1,]", "[,1]", "[1 2]", "[", "]"),
    *("{", "}", "{1:2}", '{"a"}', '{"a":}', '{"a":1,}', '{"a" 1}', "{,}"),
    *('{"a":1]', "[1}", "//x", "/*x*/", "\ufeff", "\u00a0", "undefined"),
)

WHITESPACE: Final = ("", "", "", "", " ", "\n", "\t", "\r", "  ", "\r\n ")

_SHORT: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}


def number(rng: Rng) -> str:
    """Return the text of a valid JSON number."""
    if rng.chance(0.4):
        return rng.choice(NUMBERS)
    sign = "-" if rng.chance(0.25) else ""
    kind = rng.below(6)
    if kind == 0:
        return sign + rng.digits(rng.between(1, 22))
    if kind == 1:
        return f"{sign}{rng.below(1000000)}.{rng.below(100):02d}"
    if kind == 2:
        return f"{sign}0.{'0' * rng.below(8)}{rng.digits(rng.between(1, 20))}"
    whole = rng.digits(rng.between(1, 18))
    fraction = f".{rng.digits(rng.between(1, 25))}" if kind > 3 else ""
    mark = rng.choice(("e", "E", "e+", "e-", "E-", "e-0"))
    limit = rng.choice((5, 25, 340))
    return f"{sign}{whole}{fraction}{mark}{rng.below(limit)}"


def key(rng: Rng) -> str:
    """Return an object key, before quoting."""
    if rng.chance(0.6):
        return rng.choice(KEYS)
    kind = rng.below(6)
    if kind == 0:
        return str(rng.between(-5, 40))
    if kind == 1:
        return _numeric(rng)
    if kind == 2:
        return _numeric(rng) + rng.choice(("a", " ", "\n", "e", ".", "\x00"))
    if kind == 3:
        return rng.choice((" ", "+", "-", "0", "\t")) + _numeric(rng)
    return text(rng, 4)


def _numeric(rng: Rng) -> str:
    kind = rng.below(4)
    if kind == 0:
        # Near 2^63, where 19 digits stop being an integer.
        sign = rng.choice(("", "-"))
        return f"{sign}{9223372036854775808 + rng.between(-3, 3)}"
    if kind == 1:
        return rng.digits(rng.between(1, 21))
    if kind == 2:
        return f"{rng.below(12)}e{rng.between(-2, 3)}"
    return f"{rng.below(12)}.{rng.below(10)}"


def key_set(rng: Rng, count: int) -> list[str]:
    """Return count keys of one flavour, without repetition, in any order."""
    flavour = rng.below(5)
    # A dict keeps the order of insertion, so the result repeats.
    keys: dict[str, None] = {}
    while len(keys) < count:
        keys[_flavoured(rng, flavour, count)] = None
    return rng.shuffled(list(keys))


def _flavoured(rng: Rng, flavour: int, count: int) -> str:
    if flavour == 0:
        return str(rng.between(-count, 2 * count))
    if flavour == 1:
        # Few values in many spellings: ties, and cycles with the tails.
        tail = rng.choice(("", "", ".0", "e0", " ", "a", "x", "\t", ".", "e"))
        head = rng.choice(("", "", "", " ", "0", "+", "-", "00"))
        return f"{head}{rng.below(count + 4)}{tail}"
    if flavour == 2 and rng.chance(0.7):
        # Distinct texts that are one double, or overflow alike.
        return f"{rng.choice(('', '-'))}{10**19 * 9 + rng.below(4 * count)}"
    if flavour == 3 and rng.chance(0.7):
        return text(rng, 3) + rng.choice(("", "1", "a"))
    if rng.chance(0.3):
        return f"{key(rng)}{rng.below(count)}"
    return key(rng)


def text(rng: Rng, limit: int) -> str:
    """Return a string of up to limit characters, hostile ones among them."""
    return "".join(rng.choice(CHARACTERS) for _ in range(rng.below(limit + 1)))


def quote(rng: Rng, content: str) -> str:
    """Return a JSON string for the content, spelled in one of many ways."""
    if rng.chance(0.5):
        return plain_quote(content)
    return f'"{"".join(_spelled(rng, char) for char in content)}"'


def plain_quote(content: str) -> str:
    """Return a JSON string in which only what must be is escaped."""
    return f'"{"".join(map(_plain, content))}"'


def _plain(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    return char if char >= " " else f"\\u{ord(char):04x}"


def _spelled(rng: Rng, char: str) -> str:
    if char == "/" and rng.chance(0.5):
        return "\\/"
    if rng.chance(0.5):
        return _plain(char)
    units = char.encode("utf-16-be")
    form = rng.choice(("\\u%04x", "\\u%04X"))
    return "".join(
        form % int.from_bytes(units[at : at + 2], "big")
        for at in range(0, len(units), 2)
    )
