"""
The known mistakes in building a text to sign.

``Style`` holds all the ways in which another side may write the text. The right
way is ``Style()``: what PHP's ``ksort`` and ``json_encode`` give. Each other value
of a field is a mistake that was met in clients of such gateways, or that a JSON
library makes by default; the code of the mistake is the name of the field and the
value, and stable. To add a mistake, add the value to ``Style`` and to ``render``,
and describe it here; the search needs nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from kesspay.explain.libraries import LIBRARIES
from kesspay.signing.profile import Ksort, Precision, Profile


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


__all__ = [
    "AROUND",
    "FRAME",
    "KSORTS",
    "MISTAKES",
    "PRECISIONS",
    "Mistake",
    "Style",
    "make",
    "profile_of",
    "style_of",
]


# ------------------------------------------------------------ styles


#: The values of ``order`` that are a ksort of PHP, and whose.
KSORTS: Final[dict[str, Ksort]] = {
    "ksort": "8.2",
    "ksort_8_0": "8.0",
    "ksort_7": "7",
}
#: The spellings of numbers that a setting of PHP has.
PRECISIONS: Final[dict[str, Precision]] = {"php": -1, "php_17": 17, "php_100": 100}


class Style(NamedTuple):
    """
    How a text to sign is made from a document.

    A tuple, since a search makes thousands of them, each from another one.

    Args:
        scope: "whole" or "data" (only the value of the member ``data``).
        with_sign: what became of "sign": "dropped", "empty" (kept as "") or
            "null".
        with_type: what became of "sign_type": "dropped", "kept" or "added"
            (as "RSA2" where the document has none).
        duplicates: "last" or "first": which value of a doubled key counts.
        values: "all", or which are left out or changed: "no_null",
            "no_empty", "no_empty_top", "no_falsy_top", "trimmed",
            "trimmed_null".
        order: "ksort", "ksort_8_0", "ksort_7", "document", "document_reverse",
            "deep", "reverse", "caseless", "bytes", "utf16", "values" or
            "values_reverse".
        keys: "as_ordered", or "javascript" (indexes in front, at every level).
        form: "json", "query", "query_php", "query_encoded", "query_rfc3986",
            "query_decoded", "query_json", "search_params", "values", "values_php",
            "values_comma", "values_pipe", "values_list" or "pairs".
        numbers: "php", "php_17", "php_100", "float", "javascript", "written",
            "amount_places", "amount_places_text", "amount_float",
            "amount_text", "text" or "check".
        fraction: "dropped" or "kept": whether a whole double has ".0".
        slashes: "escaped" or "raw".
        unicode: "lower", "upper", "raw" (as PHP does it) or "raw_all".
        chars: "as_is", "nfc", "nfd", "entities", "entities_double" (only double
            quotes) or "entities_plain" (no quotes): what became of characters before
            the text was written.
        html: "raw", "tags", "hex", "dotnet" or "gson".
        delete: "raw" or "escaped".
        empty: "array" or "object": how an empty object is written; "force"
            has arrays as objects too.
        spacing: "none", "python", "pretty_4" or "pretty_2".
        with_key: "none", or where a secret was put: "after" (as &key=), "before",
            "appended" or "prepended" (with nothing in between), or as the "member" key.
        end: "none", "lf", "crlf" or "bom" (in front).
        encoding: "utf8", "utf16le", "entities", "percent" or "json" (once more).
        hashing: "once", "hex", "raw", "md5_hex" or "base64": what was done
            to the text before it was signed.
    """

    scope: str = "whole"
    with_sign: str = "dropped"
    with_type: str = "dropped"
    duplicates: str = "last"
    values: str = "all"
    order: str = "ksort"
    keys: str = "as_ordered"
    form: str = "json"
    numbers: str = "php"
    fraction: str = "dropped"
    slashes: str = "escaped"
    unicode: str = "lower"
    chars: str = "as_is"
    html: str = "raw"
    delete: str = "raw"
    empty: str = "array"
    spacing: str = "none"
    with_key: str = "none"
    end: str = "none"
    encoding: str = "utf8"
    hashing: str = "once"


def style_of(profile: Profile) -> Style:
    """Return the style in which a gateway with this profile signs."""
    order = next(name for name, v in KSORTS.items() if v == profile.ksort)
    return Style(
        order=order,
        numbers=next(
            name for name, v in PRECISIONS.items() if v == profile.serialize_precision
        ),
        fraction="kept" if profile.preserve_zero_fraction else "dropped",
        slashes="raw" if profile.unescaped_slashes else "escaped",
        unicode="raw" if profile.unescaped_unicode else "lower",
    )


def profile_of(style: Style) -> Profile | None:
    """Return the profile that signs in this style; None if there is none."""
    ksort = KSORTS.get(style.order)
    precision = PRECISIONS.get(style.numbers)
    if ksort is None or precision is None:
        return None
    profile = Profile(
        serialize_precision=precision,
        unescaped_slashes=style.slashes == "raw",
        unescaped_unicode=style.unicode == "raw",
        ksort=ksort,
        preserve_zero_fraction=style.fraction == "kept",
    )
    return profile if style_of(profile) == style else None


# ------------------------------------------------------------ mistakes


@dataclass(frozen=True)
class Mistake:
    """
    One known mistake of a signer.

    Args:
        code: stable name, ``slashes_raw``.
        changes: fields of ``Style`` and the values they get.
        what: what was done.
        fix: what the signer has to do instead.
    """

    code: str
    changes: tuple[tuple[str, str], ...]
    what: str
    fix: str

    @cached_property
    def fields(self) -> frozenset[str]:
        """The fields of ``Style`` that it is about."""
        return frozenset(field for field, _ in self.changes)


def make(style: Style, mistakes: Iterable[Mistake]) -> Style:
    """Return the style with these mistakes made."""
    changes = dict(change for mistake in mistakes for change in mistake.changes)
    return style._replace(**changes)


_REMOVE_SIGN: Final = 'remove "sign" before encoding'
_REMOVE_TYPE: Final = 'remove "sign_type" before encoding'
_KSORT: Final = "sort the top level with ksort, and nothing else"
_ESCAPE: Final = r"write them as \uXXXX (PHP: no JSON_UNESCAPED_UNICODE)"
_LOWER: Final = "use lower-case hexadecimal digits"
_NO_FLAGS: Final = "encode as json_encode does without flags"
_PROFILE: Final = "encode as the chosen profile has it"
_DIGITS: Final = "write numbers as PHP does: 0.50 as 0.5, 10.0 as 10"
_TYPES: Final = "sign values with the types in which they are sent"
_COMPACT: Final = "write no white space between values"
_KEEP: Final = "keep every member but sign and sign_type"
_TRIM: Final = "send no such strings, or check the signature before the trimming"
_JSON: Final = "sign the JSON text"
_CHARS: Final = "sign strings with the characters that are sent"
_NO_KEY: Final = "put no secret into the text: the private key is the secret"
_BARE: Final = "sign the text with nothing around it (shell: printf, not echo)"
_BARE_BYTES: Final = "sign the JSON text as it is, without a second encoding"
_BARE_TEXT: Final = "sign the JSON text as it is, without htmlspecialchars"
_UTF8: Final = "encode the text in UTF-8"
_PHP: Final = (
    r"write / as \/, characters beyond ASCII as \uXXXX, {} as [], 1.0 as 1, and no "
    "blanks, as json_encode does"
)
_ONCE: Final = "give the text itself to the signing function, which hashes it"

#: Field, value, what was done, what to do. The likelier ones come first.
_TABLE: Final[tuple[tuple[str, dict[str, tuple[str, str]]], ...]] = (
    ("scope", {"data": ('only the value of "data" was signed', _KEEP)}),
    (
        "with_sign",
        {
            "empty": ('"sign" was in the text, as an empty string', _REMOVE_SIGN),
            "null": ('"sign" was in the text, as null', _REMOVE_SIGN),
        },
    ),
    (
        "with_type",
        {
            "kept": ('"sign_type" was in the text', _REMOVE_TYPE),
            "added": ('"sign_type" was in the text only, as "RSA2"', _REMOVE_TYPE),
        },
    ),
    (
        "order",
        {
            "ksort": ("keys were sorted as by ksort since PHP 8.2", _PROFILE),
            "ksort_8_0": ("keys were sorted as by ksort of PHP 8.0 and 8.1", _KSORT),
            "ksort_7": ("keys were sorted as by ksort of PHP 7", _KSORT),
            "document": ("the top level was not sorted", _KSORT),
            "deep": ("nested objects were sorted too", _KSORT),
        },
    ),
    (
        "slashes",
        {
            "raw": (
                "slashes were not escaped",
                r"write / as \/ (PHP: no JSON_UNESCAPED_SLASHES)",
            ),
            "escaped": (r"slashes were escaped as \/", _PROFILE),
        },
    ),
    (
        "unicode",
        {
            "raw": ("characters beyond ASCII were not escaped", _ESCAPE),
            "raw_all": (
                "characters beyond ASCII, U+2028 and U+2029 too, were not escaped",
                _ESCAPE,
            ),
            "upper": (r"\uXXXX escapes had upper-case digits", _LOWER),
            "lower": (r"characters beyond ASCII were escaped as \uXXXX", _PROFILE),
        },
    ),
    (
        "order",
        {
            "bytes": (
                "keys were sorted as texts (SORT_STRING), numbers among them too",
                _KSORT,
            ),
            "utf16": (
                "keys were sorted by UTF-16, as sort of JavaScript and Java does",
                _KSORT,
            ),
            "caseless": ("keys were sorted without regard to case", _KSORT),
            "reverse": ("keys were sorted in descending order (krsort)", _KSORT),
            "document_reverse": (
                "the top level was not sorted but reversed (array_reverse)",
                _KSORT,
            ),
            "values": ("the values were sorted, not the keys (asort)", _KSORT),
            "values_reverse": (
                "the values were sorted in descending order, not the keys (arsort)",
                _KSORT,
            ),
        },
    ),
    (
        "keys",
        {
            "javascript": (
                "keys that are integers came first, as in objects of JavaScript",
                "build the text from a list of pairs, or a Map",
            )
        },
    ),
    (
        "html",
        {
            "tags": (
                "the characters < > & were escaped, as encoding/json of Go does",
                "write them as such (Go: SetEscapeHTML(false))",
            ),
            "hex": (
                "the characters < > & ' \" were escaped (JSON_HEX_TAG and so on)",
                _NO_FLAGS,
            ),
            "dotnet": (
                "the characters < > & ' \" + ` were escaped, as .NET does",
                "write them as such (System.Text.Json: UnsafeRelaxedJsonEscaping)",
            ),
            "gson": (
                "the characters < > & = ' were escaped, as Gson of Java does",
                "write them as such (Gson: disableHtmlEscaping)",
            ),
        },
    ),
    (
        "chars",
        {
            "nfc": ("letters with marks were composed (Unicode NFC)", _CHARS),
            "nfd": ("letters with marks were taken apart (Unicode NFD)", _CHARS),
            "entities": (
                "the characters & < > \" ' were entities (htmlspecialchars)",
                _CHARS,
            ),
            "entities_double": (
                'the characters & < > " were entities (htmlspecialchars until PHP 8.0)',
                _CHARS,
            ),
            "entities_plain": (
                "the characters & < > were entities (htmlspecialchars, ENT_NOQUOTES)",
                _CHARS,
            ),
        },
    ),
    (
        "delete",
        {
            "escaped": (
                "the character U+007F was escaped, as json of Python does",
                "write the byte 7F as such",
            )
        },
    ),
    (
        "empty",
        {
            "object": (
                "empty or list-like objects were written as objects",
                "write {} as [] and {0: .., 1: ..} as [.., ..], as PHP does",
            ),
            "force": (
                "arrays were written as objects (JSON_FORCE_OBJECT)",
                _NO_FLAGS,
            ),
        },
    ),
    (
        "fraction",
        {
            "kept": (
                "whole doubles were written with .0 (JSON_PRESERVE_ZERO_FRACTION)",
                _NO_FLAGS,
            ),
            "dropped": ("whole doubles were written without .0", _PROFILE),
        },
    ),
    (
        "numbers",
        {
            "php": ("doubles were written with their shortest digits", _PROFILE),
            "php_17": (
                "doubles were written with 17 digits",
                "set serialize_precision = -1",
            ),
            "php_100": (
                "doubles were written with all their digits",
                "set serialize_precision = -1",
            ),
            "javascript": (
                "numbers were doubles, as in JavaScript: integers beyond 2^53 rounded",
                "read big integers as integers (JavaScript: BigInt, or send a string)",
            ),
            "float": (
                "doubles were written as Python and Java do: 1.0, 1e-05",
                _DIGITS,
            ),
            "written": ("numbers were kept as they stand in the body", _DIGITS),
            "amount_places": ("the amount had two decimal places", _DIGITS),
            "amount_places_text": (
                "the amount was a string with two decimal places",
                _TYPES,
            ),
            "amount_text": ("the amount was a string", _TYPES),
            "amount_float": ("the amount was written as a double with .0", _DIGITS),
            "text": ("all numbers were strings", _TYPES),
            "check": (
                "strings that look like numbers became numbers (JSON_NUMERIC_CHECK)",
                _TYPES,
            ),
        },
    ),
    (
        "spacing",
        {
            "python": (
                "a blank stood behind each colon and comma, as json of Python writes",
                'write no blanks (Python: separators=(",", ":"))',
            ),
            "pretty_4": (
                "the text was indented by four blanks (JSON_PRETTY_PRINT)",
                _COMPACT,
            ),
            "pretty_2": ("the text was indented by two blanks", _COMPACT),
        },
    ),
    (
        "values",
        {
            "no_null": ("null members were left out", _KEEP),
            "no_empty": ("null members and empty strings were left out", _KEEP),
            "no_empty_top": (
                "null members and empty strings at the top were left out",
                _KEEP,
            ),
            "no_falsy_top": (
                "top-level members that are false in PHP were left out (array_filter)",
                _KEEP,
            ),
            "trimmed": ("white space at the edges of strings was cut off", _TRIM),
            "trimmed_null": (
                "strings were trimmed and empty ones nulled, as Laravel does",
                _TRIM,
            ),
        },
    ),
    (
        "duplicates",
        {
            "first": (
                "of a key that occurs twice the first value was taken",
                "send every key once",
            )
        },
    ),
    (
        "form",
        {
            "query": ("the text was key=value&key=value, not JSON", _JSON),
            "query_php": (
                "the text was key=value&key=value with 1 for true, not JSON",
                _JSON,
            ),
            "query_encoded": (
                "the text was percent-encoded key=value (http_build_query), not JSON",
                _JSON,
            ),
            "query_rfc3986": (
                "the text was percent-encoded key=value (PHP_QUERY_RFC3986), not JSON",
                _JSON,
            ),
            "query_decoded": (
                "the text was key=value, encoded (http_build_query) and decoded again",
                _JSON,
            ),
            "query_json": (
                "the text was percent-encoded key=value, with JSON for nested values",
                _JSON,
            ),
            "search_params": (
                "the text was a form (URLSearchParams), with JSON for nested values",
                _JSON,
            ),
            "values": ("the text was the values without their keys", _JSON),
            "values_php": (
                "the text was the values without their keys, with 1 for true",
                _JSON,
            ),
            "values_comma": (
                "the text was the values without their keys, with commas between them",
                _JSON,
            ),
            "values_pipe": (
                "the text was the values without their keys, with | between them",
                _JSON,
            ),
            "values_list": (
                "the text was a JSON array of the values, without their keys",
                _JSON,
            ),
            "pairs": ("the text was each key and its value in a row", _JSON),
        },
    ),
    (
        "with_key",
        {
            "after": ("&key= and a secret followed the text", _NO_KEY),
            "before": ("key=, a secret and & preceded the text", _NO_KEY),
            "appended": ("a secret followed the text", _NO_KEY),
            "prepended": ("a secret preceded the text", _NO_KEY),
            "member": ('the text had a member "key" with a secret', _NO_KEY),
        },
    ),
    (
        "end",
        {
            "lf": ("a line feed followed the text", _BARE),
            "crlf": ("a carriage return and a line feed followed the text", _BARE),
            "bom": ("a byte order mark preceded the text", _BARE),
        },
    ),
    (
        "encoding",
        {
            "utf16le": ("the text was UTF-16 (.NET: Encoding.Unicode)", _UTF8),
            "entities": (
                "the characters & < > \" ' of the whole text were entities",
                _BARE_TEXT,
            ),
            "percent": ("the whole text was percent-encoded", _BARE_BYTES),
            "json": ("the text was encoded as a string of JSON once more", _BARE_BYTES),
        },
    ),
    (
        "hashing",
        {
            "hex": ("the hexadecimal SHA-256 of the text was signed", _ONCE),
            "raw": ("the SHA-256 of the text was signed, not the text", _ONCE),
            "md5_hex": ("the hexadecimal MD5 of the text was signed", _ONCE),
            "base64": ("the base64 of the text was signed", _ONCE),
        },
    ),
)

#: What drops the keys when it sorts the values: its name, the order, and its words.
_SORTED: Final = (
    ("sort", "values", "sorted"),
    ("rsort", "values_reverse", "sorted in descending order"),
)


def _mistakes() -> Iterator[Mistake]:
    """Unroll the tables."""
    for field, values in _TABLE:
        for value, (what, fix) in values.items():
            yield Mistake(f"{field}_{value}", ((field, value),), what, fix)
    for name, order, how in _SORTED:
        what = f"the text was a JSON array of the values, {how} ({name})"
        changes = (("form", "values_list"), ("order", order))
        yield Mistake(f"form_values_{name}", changes, what, _JSON)
    for name, who, changed in LIBRARIES:
        what = f"the text was written as {who}"
        fix = f"{_JSON}, and {_KEEP}" if "form" in changed else _PHP
        yield Mistake(f"library_{name}", tuple(changed.items()), what, fix)


#: Every mistake, in the order in which they are tried.
MISTAKES: Final[tuple[Mistake, ...]] = tuple(_mistakes())

#: Fields that decide which members are in the text at all.
FRAME: Final = frozenset({"scope", "with_sign", "with_type"})

#: Fields about what was done to a finished text.
AROUND: Final = frozenset({"with_key", "end", "encoding", "hashing"})
