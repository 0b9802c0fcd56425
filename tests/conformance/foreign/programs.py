"""
Programs as partners write them, and the rules that each really breaks.

The truth is written by hand, from what the languages and their libraries do; none of
the programs was made from the known mistakes of the kit. A rule is listed where an
input about it gets a wrong answer, also where another mistake hides that.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


__all__ = ["PROGRAMS", "Program", "command"]

FOLDER: Final = Path(__file__).resolve().parent
ROOT: Final = FOLDER.parents[2]


@dataclass(frozen=True, slots=True)
class Program:
    """
    A program.

    Attributes:
        language: the folder that it is in, and the command that runs it.
        name: of its file.
        main: the rules that must be named: what its author got wrong.
        also: other rules that it breaks, and why.
    """

    language: str
    name: str
    main: tuple[str, ...]
    also: Mapping[str, str] = field(default_factory=dict)

    @property
    def broken(self) -> frozenset[str]:
        """Every rule that it breaks."""
        return frozenset(self.main) | frozenset(self.also)

    def __str__(self) -> str:
        """Name it."""
        return f"{self.language}/{self.name}"


def _all(why: str, *rules: str) -> dict[str, str]:
    return dict.fromkeys(rules, why)


# ------------------------------------------------------------ reasons of many programs

_SORTED_AS_TEXT: Final = _all(
    "keys are compared as text, so number-like keys are not compared as ksort does",
    "sort.numbers",
    "sort.numeric_strings",
    "sort.big",
    "sort.ties",
    "sort.algorithm",
    "remove.after_sorting",
)
_OBJECTS_KEPT: Final = _all(
    "objects stay objects, where PHP makes arrays of all of them",
    "list.empty",
    "list.numbered",
    "list.order",
    "list.gaps",
    "list.spelling",
    "list.after_sorting",
)
_DOUBLES: Final = _all(
    "every number is a double, written as the language writes it",
    "number.integer",
    "number.least",
    "number.beyond",
    "number.exponent",
    "write.exponent",
    "write.large",
    "write.small",
)
_JAVASCRIPT: Final = {
    **_SORTED_AS_TEXT,
    **_OBJECTS_KEPT,
    **_DOUBLES,
    **_all(
        "an object has its number-like keys first",
        "sort.mixed",
        "sort.nested_numbers",
        "read.duplicate_place",
    ),
    "sort.code_points": "strings are compared by UTF-16",
    "number.minus_zero": "JSON.stringify(-0) is 0",
    "fail.infinite": "JSON.stringify(Infinity) is null",
    "read.surrogates": "JSON.parse takes half of a pair",
    "read.depth": "JSON.parse has no limit",
    "keep.keys": "the key __proto__ is lost",
}
_WRITTEN_RAW: Final = _all(
    "characters beyond ASCII are written as they are", "write.unicode", "write.pairs"
)
_PHP_KEYS: Final = _all(
    "openssl_verify takes what OpenSSL takes", "key.exponent", "key.size"
)
_LIBRARY_KEYS: Final = _all(
    "the library takes keys that are too weak", "key.exponent", "key.size"
)
_READS_AS_USUAL: Final = {
    "verify.duplicate": "the reader keeps the last of two equal keys",
    "verify.sign_type": "nothing looks at it",
    "verify.order": "any number of number-like keys is taken",
    "verify.depth": "more than 64 levels are taken",
}
_LAX_BASE64: Final = _all(
    "the decoder skips what it does not know",
    "base64.alphabet",
    "base64.blanks",
    "base64.padding",
    "base64.bits",
)
_LISTS_KEPT: Final = _all(
    "an object with the keys 0, 1, 2 stays an object",
    "list.numbered",
    "list.order",
    "list.gaps",
    "list.spelling",
    "list.after_sorting",
)
#: What the texts of the verifiers below get wrong themselves. php_json.mjs writes text,
#: and makes no object in which a key could be lost.
_NODE_TEXT: Final = {
    rule: why
    for rule, why in _JAVASCRIPT.items()
    if rule not in ("list.empty", "keep.keys")
}
_PYTHON_TEXT: Final = {
    **_SORTED_AS_TEXT,
    **_LISTS_KEPT,
    **_all(
        "numbers are written as repr does: 1e-05, 1e+16",
        "write.exponent",
        "write.large",
        "write.small",
    ),
    "number.beyond": "integers have no limit",
    "number.minus_zero": "int(-0.0) is 0",
    "write.delete": "ensure_ascii escapes U+007F",
}
_RUBY_TEXT: Final = {
    **_SORTED_AS_TEXT,
    **_LISTS_KEPT,
    **_all(
        "numbers are written as Ruby does: 1.0e-05, 10000000000000000",
        "write.exponent",
        "write.large",
        "write.small",
    ),
    "number.beyond": "integers have no limit",
    "number.minus_zero": "-0.0.to_i is 0",
}
_GO_TEXT: Final = {
    **_SORTED_AS_TEXT,
    **_OBJECTS_KEPT,
    **_WRITTEN_RAW,
    **_all(
        "numbers stay as they are written",
        "write.number",
        "write.whole",
        "write.digits",
        "write.exponent",
        "write.large",
        "write.small",
        "number.beyond",
        "number.integer_zero",
        "number.minus_zero",
    ),
    **_all("maps are sorted at every level", "sort.nested", "sort.nested_numbers"),
    "write.control": "\\b and \\f are written as \\u0008 and \\u000c",
}
_NODE_KEYS: Final = {
    **_LIBRARY_KEYS,
    "key.secret": "a private key is taken for its public half",
}

PROGRAMS: Final = (
    # -------------------------------------------------------- PHP
    Program("php", "slashes", ("write.slash",)),
    Program("php", "unicode", ("write.unicode",), _WRITTEN_RAW),
    Program("php", "readable", ("write.slash", "write.unicode"), _WRITTEN_RAW),
    Program("php", "pretty", ("plain.form",)),
    Program(
        "php",
        "zero_fraction",
        ("write.whole",),
        {"keep.amount": "an amount of 10.0 is written as 10.0"},
    ),
    Program(
        "php",
        "numeric_check",
        ("keep.types",),
        {"keep.amount": "an amount that is a string becomes a number"},
    ),
    Program(
        "php",
        "html_safe",
        ("write.html",),
        {"write.quote": "JSON_HEX_QUOT writes a quotation mark as \\u0022"},
    ),
    Program("php", "sort_string", ("sort.numbers",), _SORTED_AS_TEXT),
    Program(
        "php",
        "sort_natural",
        ("sort.digits",),
        {
            **_SORTED_AS_TEXT,
            **_all("strnatcmp skips blanks and zeros", "sort.mixed", "remove.exact"),
        },
    ),
    Program(
        "php",
        "sort_case",
        ("sort.case",),
        {**_SORTED_AS_TEXT, "remove.exact": "Sign comes beside sign"},
    ),
    Program(
        "php",
        "sort_deep",
        ("sort.nested",),
        _all("what is inside is sorted", "sort.nested_numbers", "list.order"),
    ),
    Program(
        "php",
        "sort_values",
        ("sort.bytes",),
        {
            **_SORTED_AS_TEXT,
            **_all("keys are not looked at", "sort.case", "sort.mixed", "sort.digits"),
        },
    ),
    Program(
        "php",
        "sort_forgotten",
        ("sort.bytes",),
        {
            **_SORTED_AS_TEXT,
            **_all("nothing is sorted", "sort.mixed", "list.after_sorting"),
        },
    ),
    Program(
        "php",
        "filtered",
        ("keep.falsy",),
        _all("array_filter drops all that is false", "keep.null", "keep.empty"),
    ),
    Program("php", "filtered_null", ("keep.null",)),
    Program(
        "php",
        "objects",
        ("list.empty",),
        {
            **_OBJECTS_KEPT,
            "read.nul": "a property cannot begin with the character U+0000",
        },
    ),
    Program("php", "big_strings", ("number.beyond",)),
    Program("php", "type_signed", ("remove.sign_type",)),
    Program(
        "php",
        "deep_removal",
        ("remove.top_only",),
        {"remove.after_sorting": "it is removed before the sorting"},
    ),
    Program(
        "php",
        "lenient",
        ("read.utf8",),
        {
            **_all(
                "what cannot be read is taken for an empty array",
                "read.array",
                "read.blanks",
                "read.comma",
                "read.comments",
                "read.control",
                "read.depth",
                "read.empty",
                "read.encoding",
                "read.escapes",
                "read.literals",
                "read.numbers",
                "read.quotes",
                "read.surrogates",
                "read.top_level",
                "read.trailing",
            ),
            "fail.infinite": "JSON_PARTIAL_OUTPUT_ON_ERROR writes 0",
        },
    ),
    Program(
        "php",
        "trimmed",
        ("keep.blanks",),
        _all("an empty string becomes null", "keep.empty", "keep.types"),
    ),
    Program("php", "laravel_null", ("keep.types",), {"keep.empty": "it is null"}),
    Program(
        "php",
        "sort_numeric",
        ("sort.bytes",),
        {
            **_SORTED_AS_TEXT,
            **_all("a word is the number 0", "sort.mixed", "sort.case", "sort.digits"),
        },
    ),
    Program("php", "nested_json", ("keep.types",)),
    Program(
        "php",
        "rounded",
        ("write.digits",),
        _all(
            "a number with more than two places is another one",
            "write.number",
            "write.small",
            "write.exponent",
            "number.rounding",
            "number.underflow",
        ),
    ),
    Program("php", "seventeen", ("write.digits",)),
    Program("php", "query", ("plain.json",)),
    # -------------------------------------------------------- other languages
    Program(
        "node",
        "stringify",
        ("write.slash", "write.unicode", "list.empty"),
        {
            **_JAVASCRIPT,
            **_WRITTEN_RAW,
            "read.array": "a list becomes an object",
            "read.top_level": "a number or a string has no members",
            "read.utf8": "malformed bytes are replaced",
        },
    ),
    Program(
        "node",
        "stringify_plain",
        ("sort.bytes", "write.slash", "write.unicode", "list.empty"),
        {
            **_JAVASCRIPT,
            **_WRITTEN_RAW,
            "read.top_level": "a number or a string has no members",
            "read.utf8": "malformed bytes are replaced",
        },
    ),
    Program(
        "node",
        "stringify_escaped",
        ("list.empty",),
        {
            **_JAVASCRIPT,
            "read.array": "a list becomes an object",
            "read.encoding": "TextDecoder takes a byte order mark off",
        },
    ),
    Program(
        "node",
        "stringify_listed",
        ("keep.members", "list.empty"),
        {
            **_JAVASCRIPT,
            "sort.nested": "members of nested objects are in the order of the list",
            "read.array": "a list becomes an object",
            "read.top_level": "a number or a string has no members",
            "read.utf8": "malformed bytes are replaced",
        },
    ),
    Program(
        "python",
        "dumps",
        ("plain.form",),
        {"read.array": "a list has no pop with a default"},
    ),
    Program(
        "python",
        "dumps_compact",
        ("list.empty", "write.whole"),
        {
            **_SORTED_AS_TEXT,
            **_OBJECTS_KEPT,
            **_all(
                "numbers are written as repr does: 1e-05, 1e+16",
                "write.exponent",
                "write.large",
                "write.small",
            ),
            "write.delete": "ensure_ascii escapes U+007F",
            "number.beyond": "integers have no limit",
            "number.exponent": "exponents have no limit",
            "fail.infinite": "json writes Infinity",
            "read.array": "the indexes of a list are not its keys",
            "read.top_level": "an empty string has no members",
            "read.literals": "json reads NaN",
            "read.surrogates": "json takes half of a pair",
            "read.depth": "the limit is that of recursion",
            **_all(
                "json.loads guesses the encoding of bytes", "read.encoding", "read.utf8"
            ),
        },
    ),
    Program(
        "ruby",
        "generate",
        ("write.slash", "write.unicode", "write.whole", "list.empty"),
        {
            **_WRITTEN_RAW,
            **_SORTED_AS_TEXT,
            **_OBJECTS_KEPT,
            **_all(
                "numbers are written as Ruby does: 1.0e-05, 10000000000000000.0",
                "write.exponent",
                "write.large",
                "write.small",
            ),
            "number.beyond": "integers have no limit",
            "number.exponent": "exponents have no limit",
            "read.array": "a list has no pairs",
            "read.comments": "JSON.parse skips comments",
            "read.escapes": "JSON.parse takes any letter behind a backslash",
            "read.surrogates": "JSON.parse takes half of a pair",
            "read.depth_small": "max_nesting is 100",
        },
    ),
    Program(
        "go",
        "marshal",
        ("write.html", "write.slash", "write.unicode", "sort.nested", "list.empty"),
        {
            **_WRITTEN_RAW,
            **_SORTED_AS_TEXT,
            **_OBJECTS_KEPT,
            **_DOUBLES,
            "sort.nested_numbers": "maps are sorted by key at every level",
            "number.integer_zero": "the double -0 is written as -0",
            "number.overflow": "a number beyond the range is refused",
            "write.control": "\\b and \\f are written as \\u0008 and \\u000c",
            "read.array": "a list is no map",
            "read.top_level": "null is an empty map",
            **_all("what is malformed is replaced", "read.utf8", "read.surrogates"),
            "read.depth": "the limit is 10,000",
        },
    ),
    Program(
        "go",
        "marshal_no_html",
        ("write.number", "write.unicode", "sort.nested", "list.empty"),
        {
            **_WRITTEN_RAW,
            **_SORTED_AS_TEXT,
            **_OBJECTS_KEPT,
            **_DOUBLES,
            "sort.nested_numbers": "maps are sorted by key at every level",
            **_all(
                "numbers stay as they are written",
                "number.integer_zero",
                "number.minus_zero",
                "number.overflow",
                "number.underflow",
                "number.rounding",
                "write.whole",
                "write.digits",
                "write.shortest",
                "fail.infinite",
                "fail.empty",
            ),
            "write.control": "\\b and \\f are written as \\u0008 and \\u000c",
            "read.array": "a list is no map",
            "read.top_level": "null is an empty map",
            **_all("what is malformed is replaced", "read.utf8", "read.surrogates"),
            "read.depth": "the limit is 10,000",
            "read.trailing": "a Decoder reads one value and leaves the rest",
        },
    ),
    # -------------------------------------------------------- verifiers
    Program(
        "php",
        "verify_documented",
        ("verify.sign_type", "base64.alphabet", "verify.nothing"),
        {
            **_PHP_KEYS,
            **_READS_AS_USUAL,
            **_LAX_BASE64,
            "key.algorithm": "the result -1 of an error is true",
        },
    ),
    Program("php", "verify_sign_kept", ("verify.plain",)),
    Program(
        "php",
        "verify_unsigned",
        ("verify.sign_missing",),
        {**_PHP_KEYS, **_READS_AS_USUAL},
    ),
    Program(
        "php", "verify_careful", ("verify.duplicate",), {**_PHP_KEYS, **_READS_AS_USUAL}
    ),
    Program(
        "php",
        "verify_unicode",
        ("write.unicode",),
        {
            **_PHP_KEYS,
            **_READS_AS_USUAL,
            "write.lower_hex": "what has letters in its escape is refused, too",
        },
    ),
    Program(
        "node",
        "verify_base64",
        ("base64.alphabet",),
        {
            **_NODE_KEYS,
            **_NODE_TEXT,
            **_READS_AS_USUAL,
            **_LAX_BASE64,
            "verify.nothing": "Infinity is written as null",
            "verify.json": "malformed bytes are replaced",
        },
    ),
    Program(
        "node",
        "verify_raw",
        ("verify.text",),
        {
            **_NODE_KEYS,
            **_READS_AS_USUAL,
            **_LAX_BASE64,
            **_all(
                "the body is never read as JSON",
                "verify.json",
                "verify.nothing",
                "verify.returned",
            ),
        },
    ),
    Program(
        "node",
        "verify_url_safe",
        ("base64.alphabet",),
        {
            **_NODE_KEYS,
            **_NODE_TEXT,
            **_READS_AS_USUAL,
            "base64.bits": "Buffer.from does not look at them",
            "base64.padding": "the padding may be missing",
            "verify.nothing": "Infinity is written as null",
            "verify.json": "malformed bytes are replaced",
            "verify.plain": "only keys of 2048 bits are thought of",
        },
    ),
    Program(
        "python",
        "verify_lax",
        ("base64.blanks",),
        {
            **_LIBRARY_KEYS,
            **_PYTHON_TEXT,
            **_READS_AS_USUAL,
            **_LAX_BASE64,
            "verify.json": "json.loads guesses the encoding of bytes, and reads NaN",
        },
    ),
    Program(
        "python",
        "verify_padding",
        ("verify.scheme",),
        {
            **_LIBRARY_KEYS,
            **_PYTHON_TEXT,
            **_READS_AS_USUAL,
            "base64.bits": "b64decode does not look at them",
            "verify.json": "json reads NaN",
        },
    ),
    Program(
        "python",
        "verify_sha1",
        ("verify.hash",),
        {
            **_LIBRARY_KEYS,
            **_PYTHON_TEXT,
            **_READS_AS_USUAL,
            "base64.bits": "b64decode does not look at them",
            "verify.json": "json reads NaN",
        },
    ),
    Program(
        "ruby",
        "verify_decode64",
        ("base64.alphabet",),
        {
            **_NODE_KEYS,
            **_RUBY_TEXT,
            **_READS_AS_USUAL,
            **_LAX_BASE64,
            "verify.json": "JSON.parse skips comments",
        },
    ),
    Program(
        "go",
        "verify_std",
        ("base64.blanks",),
        {
            **_LIBRARY_KEYS,
            **_GO_TEXT,
            **_READS_AS_USUAL,
            "base64.bits": "StdEncoding does not look at them",
            "verify.range": "a signature above the modulus is reduced",
            "verify.sign_name": "a field matches in any case",
            "verify.returned": "numbers stay as they are written",
            "verify.plain": "a document without members is written as {}",
        },
    ),
    # -------------------------------------------------------- signers
    Program("php", "sign_mail", ("sign.hash", "sign.base64")),
    Program(
        "php",
        "sign_received",
        ("sign.text", "sign.base64"),
        {
            **_all(
                "an infinite number is signed as it is written",
                *("sign.nothing", "fail.infinite", "fail.empty", "number.overflow"),
            ),
            # Nested objects keep their order, which is right: not sort.nested.
            **_all(
                "the text is signed as it came: in its order, in its spelling, with "
                "every member",
                *("sort.bytes", "sort.case", "sort.digits", "sort.length"),
                *("sort.underscore", "sort.code_points", "sort.numbers", "sort.mixed"),
                *("sort.numeric_strings", "sort.big", "sort.ties", "sort.algorithm"),
                *("remove.sign", "remove.sign_type", "remove.null", "remove.exact"),
                *("remove.unescaped", "remove.after_sorting", "list.after_sorting"),
                *("list.empty", "list.numbered", "read.duplicates", "read.unescape"),
                *("read.duplicate_names", "read.duplicate_place", "read.delete"),
                *("read.noncharacters", "read.utf8_text", "number.beyond"),
                *("number.exponent", "number.integer_zero", "number.minus_zero"),
                *("number.rounding", "number.underflow", "write.keys", "write.large"),
                *("write.number", "write.slash", "write.unicode", "write.delete"),
                *("write.control", "write.quote", "write.exponent", "write.small"),
                *("write.shortest", "write.whole"),
            ),
        },
    ),
    Program(
        "php",
        "sign_twice_hashed",
        ("sign.hash", "body.plain"),
        {
            "sign.text": "its hash is signed instead of the text",
            "body.sign_present": "null is no sign, and any sign_type is replaced",
            "body.object": "an empty list is taken",
            "body.stable": "nothing looks at it",
        },
    ),
    Program(
        "node",
        "sign_jose",
        ("sign.scheme", "sign.base64"),
        {
            **_NODE_TEXT,
            **_all(
                "a list becomes an object",
                *("sign.text", "list.array", "read.array", "keep.elements"),
                *("plain.bare", "read.depth_small", "number.integer_zero"),
            ),
            **_all("5.0e-324 is 5e-324", "write.shortest", "number.underflow"),
            **_all(
                "a number has no members, and Infinity is null",
                *("sign.nothing", "read.top_level", "fail.empty"),
            ),
            "read.utf8": "malformed bytes are replaced",
        },
    ),
)


def command(program: Program, built: Path) -> Sequence[str] | None:
    """
    Return what runs a program; None where its language is not installed.

    Args:
        program: of ``PROGRAMS``.
        built: a folder for what has to be built, once.
    """
    if program.language == "python":
        module = f"tests.conformance.foreign.python.{program.name}"
        return [sys.executable, "-m", module]
    tool = shutil.which(program.language)
    if tool is None:
        return None
    if program.language != "go":
        [file] = (FOLDER / program.language).glob(f"{program.name}.*")
        return [tool, str(file)]
    binary = built / "foreign"
    if not binary.exists():
        subprocess.run(
            [tool, "build", "-o", str(binary), "."],
            check=True,
            cwd=FOLDER / "go",
            timeout=600,
        )
    return [str(binary), program.name]
