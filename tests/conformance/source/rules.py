r"""
The rules of the canonical form, and the known mistakes that break each.

A mistake is a switch of tests/conformance/broken.py. Its code is that of
``kesspay explain`` where explain knows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kesspay.conformance.kit import Mistake, Rule


if TYPE_CHECKING:
    from kesspay.conformance.kit import Level, Severity


__all__ = ["BULK", "MISTAKES", "RULES", "TREE_MISTAKES", "TREE_RULES", "tried"]

_PAGE: Final = "docs/explanation/canonical-form.md"

RULES: Final[list[Rule]] = []
TREE_RULES: Final[list[Rule]] = []
MISTAKES: Final[list[Mistake]] = []
TREE_MISTAKES: Final[list[Mistake]] = []

#: Where each severity is the usual one.
_SEVERITIES: Final[dict[Level, Severity]] = {
    "api": "gateway-refuses",
    "any-document": "differs",
    "hostile": "hostile",
}


def _rule(
    name: str,
    level: Level,
    stage: int,
    heading: str,
    title: str,
    mistakes: dict[str, str],
    *,
    severity: Severity | None = None,
    area: str = "document",
    **hints: str,
) -> None:
    """Add a rule, and the mistakes that break it."""
    rule = Rule(
        id=name,
        title=title,
        doc=f"{_PAGE}#{heading}",
        area=area,
        level=level,
        stage=stage,
        severity=severity or _SEVERITIES[level],
        hints={_NAMES.get(name, name): hint for name, hint in hints.items()},
        presumes=_PRESUMES.get(name, ""),
    )
    for_text = area == "document"
    (RULES if for_text else TREE_RULES).append(rule)
    (MISTAKES if for_text else TREE_MISTAKES).extend(
        Mistake(code=code, rule=name, title=what) for code, what in mistakes.items()
    )


_NAMES: Final = {"CSharp": "C#"}
#: Where keys are sorted by another algorithm, any answer to the cases of the first is
#: possible, also those of its mistakes.
_PRESUMES: Final = {"remove.after_sorting": "sort.algorithm"}

# ------------------------------------------------------------ 0: the plainest

_rule(
    "plain.form",
    "api",
    0,
    "writing",
    "blanks or line breaks stand between the values",
    {
        "spacing_python": "a blank stood behind each colon and comma",
        "spacing_pretty_4": "the text was indented by four blanks",
        "spacing_pretty_2": "the text was indented by two blanks",
        "spacing_tab": "the text was indented by tabs",
        "spacing_commas": "a blank stood behind each comma",
        "spacing_colons": "a blank stood behind each colon",
    },
    PHP="json_encode without JSON_PRETTY_PRINT",
    Python='json.dumps(..., separators=(",", ":"))',
    Node="JSON.stringify(value) without a third argument",
    Go="json.Marshal, not MarshalIndent",
    Java="ObjectMapper without INDENT_OUTPUT",
    CSharp="WriteIndented = false",
    Ruby="JSON.generate, not JSON.pretty_generate",
)
_rule(
    "plain.bare",
    "api",
    0,
    "writing",
    "the text is not bare: something is around it, or it was encoded or hashed",
    {
        "end_lf": "a line feed followed the text",
        "end_crlf": "a carriage return and a line feed followed the text",
        "end_bom": "a byte order mark preceded the text",
        "encoding_utf16le": "the text was UTF-16",
        "hashing_hex": "the hexadecimal SHA-256 of the text was given",
        "hashing_raw": "the SHA-256 of the text was given",
        "hashing_md5_hex": "the hexadecimal MD5 of the text was given",
        "hashing_base64": "the base64 of the text was given",
        "encoding_percent": "the text was percent-encoded",
        "encoding_json": "the text was written once more as a string of JSON",
    },
    Go="json.Marshal; Encoder.Encode appends a line feed",
    Java="text.getBytes(StandardCharsets.UTF_8)",
    CSharp="new UTF8Encoding(false).GetBytes(text), not Encoding.Unicode",
    Node="Buffer.from(text), and no hash before crypto.sign",
    PHP="give the text to openssl_sign, not a hash of it",
    Ruby="print the text with write, not with puts",
)
_rule(
    "plain.json",
    "api",
    0,
    "in-short",
    "the text is not JSON but key=value",
    {
        "form_query": "the text was key=value&key=value",
        "form_query_php": "the text was key=value&key=value with 1 for true",
        "form_query_encoded": "the text was percent-encoded key=value",
        "form_values": "the text was the values in a row",
        "form_pairs": "the text was each key and its value in a row",
    },
    PHP="json_encode, not http_build_query",
)

# ------------------------------------------------------------ 1: reading

_rule(
    "read.utf8_text",
    "api",
    1,
    "characters",
    "UTF-8 is read as another encoding",
    {
        "read_latin1": "the text was read as Latin-1",
        "unicode_bytes": "each byte of a character was escaped for itself",
    },
    Java="new String(body, StandardCharsets.UTF_8)",
    CSharp="Encoding.UTF8.GetString(body)",
    Python="give bytes to json.loads, or body.decode()",
    Ruby="body.force_encoding(Encoding::UTF_8)",
)
_rule(
    "read.unescape",
    "api",
    1,
    "characters",
    "an escape is not resolved, or a good one is refused",
    {
        "escapes_kept": "escapes were kept as they stand in the text",
        "escape_lower": "upper-case digits in a \\u escape were refused",
        "escape_slash": "the escape \\/ was refused",
    },
)
_rule(
    "read.empty",
    "hostile",
    1,
    "grammar",
    "an empty text is accepted",
    {"read_nothing": "an empty text was taken for an empty object"},
)
_rule(
    "read.top_level",
    "hostile",
    1,
    "top-level",
    "a text that is neither object nor array is accepted",
    {
        "top_level_any": "a scalar at the top level was accepted",
        "top_level_empty": "a scalar at the top level became an empty array",
    },
    PHP="if (!is_array($data)) refuse: (array) hides it",
)
_rule(
    "read.array",
    "any-document",
    1,
    "top-level",
    "an array at the top level is refused, or becomes an object",
    {
        "top_level_object": "an array at the top level was refused",
        "top_level_numbered": "an array at the top level became an object",
    },
    Node="Array.isArray(data): write it as it is; only objects are sorted",
    Go="a text that begins with [ is an array: write it as it is",
)
_rule(
    "read.comma",
    "hostile",
    1,
    "grammar",
    "a comma behind the last value is accepted",
    {"read_comma": "a comma behind the last value was accepted"},
    Java="no ALLOW_TRAILING_COMMA",
    CSharp="AllowTrailingCommas = false",
)
_rule(
    "read.comments",
    "hostile",
    1,
    "grammar",
    "comments are accepted",
    {"read_comments": "comments were taken for blanks"},
    Java="no ALLOW_COMMENTS",
    CSharp="ReadCommentHandling = Disallow; Newtonsoft accepts comments",
    Ruby="the json gem before 2.10 accepts /* */",
)
_rule(
    "read.quotes",
    "hostile",
    1,
    "grammar",
    "strings without double quotes are accepted",
    {
        "read_quotes": "single quotes were accepted",
        "read_bare_keys": "keys without quotes were accepted",
    },
    Java="Gson: JsonReader.setStrictness(STRICT)",
    CSharp="Newtonsoft accepts both; use System.Text.Json",
)
_rule(
    "read.literals",
    "hostile",
    1,
    "grammar",
    "other words than true, false and null are accepted",
    {
        "read_literal_case": "True, NULL and the like were accepted",
        "read_nan": "NaN and Infinity were accepted",
    },
    Python="json.loads(..., parse_constant=refuse)",
    Java="no ALLOW_NON_NUMERIC_NUMBERS",
    Ruby="no allow_nan",
)
_rule(
    "read.numbers",
    "hostile",
    1,
    "numbers",
    "a number that JSON does not have is accepted",
    {
        "number_zeros": "leading zeros were accepted",
        "number_plus": "a plus in front was accepted",
        "number_point": "a point without digits on both sides was accepted",
        "number_hex": "hexadecimal numbers were accepted",
    },
)
_rule(
    "read.trailing",
    "hostile",
    1,
    "grammar",
    "what follows the value is ignored",
    {
        "read_trailing": "what followed the value was ignored",
        "read_to_nul": "the text ended at a NUL byte",
    },
    Go="json.Decoder: check that nothing follows, or use Unmarshal",
    Java="enable FAIL_ON_TRAILING_TOKENS",
)
_rule(
    "read.blanks",
    "hostile",
    1,
    "grammar",
    "other white space than the four characters of JSON is accepted",
    {"read_more_blanks": "VT, FF and no-break spaces were taken for blanks"},
)
_rule(
    "read.encoding",
    "hostile",
    1,
    "characters",
    "a byte order mark or UTF-16 is accepted",
    {
        "read_bom": "a byte order mark was skipped",
        "read_utf16": "UTF-16 and UTF-32 were recognised",
    },
    Python="json.loads(body.decode()): with bytes it recognises UTF-16",
    CSharp="a StreamReader recognises marks: detectEncodingFromByteOrderMarks: false",
    Node="Buffer keeps the mark; TextDecoder: ignoreBOM: true",
)
_rule(
    "read.control",
    "hostile",
    1,
    "characters",
    "raw control characters in a string are accepted",
    {"read_control": "raw control characters in a string were accepted"},
    Python="json.loads with strict=True, which is the default",
    Java="no ALLOW_UNESCAPED_CONTROL_CHARS",
)
_rule(
    "read.delete",
    "any-document",
    1,
    "characters",
    "the character U+007F is refused",
    {"string_delete": "the character U+007F in a string was refused"},
)
_rule(
    "read.escapes",
    "hostile",
    1,
    "characters",
    "escapes that JSON does not have are accepted",
    {
        "escape_any": "the backslash of an unknown escape was dropped",
        "escape_upper": "\\U was taken for \\u",
        "escape_short": "a \\u escape of fewer than four digits was accepted",
        "escape_hex": "\\x41 was accepted",
    },
)
_rule(
    "read.surrogates",
    "hostile",
    1,
    "characters",
    "half of a surrogate pair is accepted",
    {
        "surrogates_kept": "half a surrogate pair was kept",
        "surrogates_replaced": "half a surrogate pair became U+FFFD",
        "surrogates_dropped": "half a surrogate pair was dropped",
    },
    Python='text.encode("utf-8") refuses them; json.loads does not',
    Node="isWellFormed() of every string",
    Go="encoding/json puts U+FFFD: compare before and after",
    Java="StandardCharsets.UTF_8.newEncoder().canEncode(text)",
)
_rule(
    "read.utf8",
    "hostile",
    1,
    "characters",
    "malformed UTF-8 is accepted",
    {
        "utf8_replaced": "malformed UTF-8 became U+FFFD",
        "utf8_dropped": "malformed UTF-8 was dropped",
        "utf8_latin1": "a string of malformed UTF-8 was read as Latin-1",
        "utf8_bytes": "malformed UTF-8 was copied",
        "utf8_loose": "overlong forms and surrogates in UTF-8 were accepted",
    },
    PHP="no JSON_INVALID_UTF8_SUBSTITUTE and no JSON_INVALID_UTF8_IGNORE",
    Python='body.decode("utf-8") without errors=',
    Node="new TextDecoder('utf-8', {fatal: true}).decode(body)",
    Go="utf8.Valid(body)",
    Java="a CharsetDecoder with CodingErrorAction.REPORT",
    CSharp="new UTF8Encoding(false, true)",
    Ruby="body.valid_encoding?",
)
_rule(
    "read.noncharacters",
    "any-document",
    1,
    "characters",
    "a noncharacter such as U+FFFE is refused",
    {"string_noncharacters": "noncharacters were refused"},
)
_rule(
    "read.nul",
    "any-document",
    1,
    "characters",
    "the character U+0000 is refused, or ends the string",
    {
        "string_nul": "U+0000 in a string was refused",
        "string_to_nul": "a string ended at U+0000",
        "keys_nul": "a key that begins with U+0000 was refused",
    },
    PHP="json_decode($body, true): objects refuse such keys",
)
_rule(
    "read.depth",
    "hostile",
    1,
    "depth",
    "more than 511 levels are accepted",
    {
        "depth_512": "512 levels were accepted",
        "depth_scalar": "an empty container at level 512 was accepted",
        "depth_none": "there was no limit",
    },
)
_rule(
    "read.depth_small",
    "any-document",
    1,
    "depth",
    "fewer than 511 levels are refused",
    {
        "depth_64": "more than 64 levels were refused",
        "depth_128": "more than 128 levels were refused",
        "depth_256": "more than 256 levels were refused",
    },
    CSharp="MaxDepth = 511 (64 is the default)",
    Ruby="max_nesting: 511 (100 is the default)",
    Java="StreamReadConstraints.maxNestingDepth",
)
_rule(
    "read.duplicates",
    "hostile",
    2,
    "duplicate-keys",
    "of a key that occurs twice not the last value counts",
    {
        "duplicates_first": "the first value was taken",
        "duplicates_refused": "a key that occurs twice was refused",
        "duplicates_merged": "the values were merged",
        "duplicates_kept": "both members were kept",
    },
)
_rule(
    "read.duplicate_place",
    "hostile",
    2,
    "duplicate-keys",
    "a key that occurs twice does not keep its first place",
    {"duplicates_last_place": "a key that occurred twice stood at its last place"},
)
_rule(
    "read.duplicate_names",
    "hostile",
    2,
    "duplicate-keys",
    "keys are compared before their escapes are resolved",
    {"duplicates_unescaped": "keys were compared before their escapes were resolved"},
)

# ------------------------------------------------------------ 2: numbers

_rule(
    "number.integer",
    "any-document",
    2,
    "numbers",
    "integers do not have 64 bits",
    {
        "numbers_double": "integers were read as doubles",
        "integers_53": "integers above 2^53 were read as doubles",
        "integers_32": "integers had 32 bits",
    },
    Node="a JSON reader with BigInt: JSON.parse loses digits above 2^53",
    Go="Decoder.UseNumber()",
    Java="long, not int or double",
    CSharp="long, not int or double",
)
_rule(
    "number.beyond",
    "any-document",
    2,
    "numbers",
    "an integer beyond 64 bits does not become a double",
    {
        "integers_big": "integers beyond 64 bits were kept exactly",
        "integers_u64": "integers from 2^63 to 2^64 - 1 were kept",
        "integers_text": "integers beyond 64 bits became strings",
        "integers_clamped": "integers beyond 64 bits became the nearest that fits",
        "integers_wrapped": "integers beyond 64 bits were wrapped around",
        "integers_refused": "integers beyond 64 bits were refused",
    },
    PHP="no JSON_BIGINT_AS_STRING",
    Python="float(token) outside of -2**63 .. 2**63 - 1",
    Go="strconv.ParseInt, and ParseFloat where it fails",
    Java="Double.parseDouble where Long.parseLong fails",
    Ruby="token.to_f outside of 64 bits",
)
_rule(
    "number.least",
    "any-document",
    2,
    "numbers",
    "the least integer of 64 bits becomes a double",
    {"integers_min": "-9223372036854775808 became a double"},
)
_rule(
    "number.integer_zero",
    "any-document",
    2,
    "numbers",
    "the integer -0 is not 0",
    {"integer_minus_zero": "the integer -0 was written as -0"},
)
_rule(
    "number.minus_zero",
    "any-document",
    2,
    "numbers",
    "the double -0.0 loses its sign",
    {"minus_zero": "-0.0 was written as 0"},
    Node="Object.is(value, -0) ? '-0' : String(value)",
    Go="math.Signbit",
)
_rule(
    "number.double",
    "api",
    2,
    "numbers",
    "doubles have fewer than 64 bits",
    {"single": "numbers were read as floats of 32 bits"},
    Go="float64",
    Java="double, not float",
    CSharp="double, not float or decimal",
)
_rule(
    "number.rounding",
    "any-document",
    2,
    "numbers",
    "a number of many digits is not rounded correctly",
    {"digits_17": "digits after the 17th were ignored"},
)
_rule(
    "number.overflow",
    "hostile",
    2,
    "numbers",
    "a number beyond the range of doubles is refused when it is read",
    {
        "overflow_refused": "a number beyond the range was refused when it was read",
    },
    Go="strconv.ParseFloat: take the infinity that comes with ErrRange",
    Python="orjson refuses it; json does not",
)
_rule(
    "number.underflow",
    "any-document",
    2,
    "numbers",
    "a tiny number is refused, or becomes 0 too early",
    {
        "underflow_refused": "a number that rounds to 0 was refused",
        "underflow_early": "subnormal doubles became 0",
    },
)
_rule(
    "number.exponent",
    "hostile",
    2,
    "numbers",
    "an exponent beyond 19999 is not taken for 19999",
    {"exponent_unclamped": "an exponent beyond 19999 was taken at its value"},
)

# ------------------------------------------------------------ 3: sorting

_rule(
    "sort.bytes",
    "api",
    3,
    "ordinary-keys",
    "the top level is not sorted by the bytes of the keys",
    {
        "order_document": "the top level was not sorted",
        "order_reverse": "keys were sorted in descending order",
        "order_numeric": "all keys were compared as numbers",
    },
    PHP="ksort($data) without a flag",
    Python="dict(sorted(data.items()))",
    Node="Object.keys(data).sort()",
    Go="a map[string]any sorts every level, not only the top: keep pairs",
    Java="new TreeMap<>(data)",
    CSharp="StringComparer.Ordinal",
    Ruby="data.sort.to_h",
)
_rule(
    "sort.nested",
    "api",
    3,
    "sorting",
    "nested objects are sorted too",
    {"order_deep": "nested objects were sorted too"},
    PHP="ksort of the top level alone",
    Python="sort_keys=False",
    Go="a map sorts nested objects: read them with Decoder.Token, in their order",
    Java="no ORDER_MAP_ENTRIES_BY_KEYS; LinkedHashMap inside",
    Node="no recursive sort",
)
_rule(
    "sort.nested_numbers",
    "any-document",
    3,
    "sorting",
    "number-like keys of nested objects move to the front",
    {"nested_indexes_first": "number-like keys of nested objects were put first"},
    Node="objects of JavaScript do that: read into a Map or a list of pairs",
)
_rule(
    "sort.underscore",
    "api",
    3,
    "ordinary-keys",
    "keys are sorted by the rules of a language",
    {
        "order_locale": "keys were sorted as words of a language",
        "order_collated": "keys were sorted by Unicode's collation: _ before digits",
    },
    Node="sort() without localeCompare",
    CSharp="StringComparer.Ordinal: the default sorts by culture",
    Java="String.compareTo, no Collator",
    PHP="no SORT_LOCALE_STRING",
)
_rule(
    "sort.length",
    "api",
    3,
    "ordinary-keys",
    "shorter keys come first",
    {"order_length": "keys were sorted by their length"},
)
_rule(
    "sort.case",
    "any-document",
    3,
    "ordinary-keys",
    "keys are sorted without regard to case",
    {"order_caseless": "keys were sorted without regard to case"},
    PHP="no SORT_FLAG_CASE",
    Java="no String.CASE_INSENSITIVE_ORDER",
    CSharp="StringComparer.Ordinal",
)
_rule(
    "sort.digits",
    "any-document",
    3,
    "ordinary-keys",
    "numbers inside of keys are compared as numbers",
    {"order_natural": "numbers inside of keys were compared as numbers"},
    PHP="no SORT_NATURAL",
)
_rule(
    "sort.code_points",
    "any-document",
    3,
    "ordinary-keys",
    "keys are sorted by UTF-16",
    {"order_utf16": "keys were compared by their UTF-16 units"},
    Node="Buffer.compare(Buffer.from(x), Buffer.from(y))",
    Java="compare the UTF-8 bytes, unsigned; String.compareTo has UTF-16",
    CSharp="compare the UTF-8 bytes; StringComparer.Ordinal has UTF-16",
)
_rule(
    "sort.numbers",
    "any-document",
    3,
    "all-keys",
    "integer keys are not compared as numbers",
    {"order_bytes": "all keys were compared as text"},
    PHP="ksort($data) without a flag (SORT_REGULAR)",
    Python="compare keys that are integers as integers",
    Go="sort.Slice with a comparison of its own",
)
_rule(
    "sort.mixed",
    "any-document",
    3,
    "all-keys",
    "an integer key and another key do not compare as text",
    {
        "order_integers_first": "integer keys came before all others",
        "order_integers_last": "integer keys came after all others",
        "order_javascript": "array indexes came first, as in an object of JavaScript",
        "order_ksort_8_0": "keys were sorted as by ksort of PHP 8.0 and 8.1",
        "order_ksort_7": "keys were sorted as by ksort of PHP 7",
    },
    PHP="PHP 8.2 or later: older ones sort otherwise",
    Node="objects put array indexes first: keep a list of pairs",
)
_rule(
    "sort.numeric_strings",
    "hostile",
    3,
    "numeric-strings",
    "strings that look like numbers are not compared as numbers",
    {
        "numeric_never": "numeric strings were compared as text",
        "numeric_blanks": "a string with blanks was not numeric",
        "numeric_point": "a string such as 1. or .5 was not numeric",
        "numeric_exponent": "a string with an exponent was not numeric",
        "numeric_plus": "a string with a plus was not numeric",
        "numeric_zeros": "a string with leading zeros was not numeric",
        "numeric_fraction": "a string with a fraction was not numeric",
    },
)
_rule(
    "sort.big",
    "hostile",
    3,
    "two-numeric-strings",
    "numeric strings beyond 64 bits are compared wrongly",
    {
        "numeric_no_overflow": "beyond 64 bits only the doubles were compared",
        "numeric_infinite": "two infinite strings were taken for equal",
        "numeric_exact": "integers and doubles were compared exactly",
        "numeric_behind": "blanks behind 19 digits were not compared with them",
    },
)
_rule(
    "sort.ties",
    "hostile",
    3,
    "all-keys",
    "equal keys do not keep the order of the document",
    {"order_ties": "of equal keys the later one came first"},
)
_rule(
    "sort.algorithm",
    "hostile",
    3,
    "the-algorithm-is-part-of-the-result",
    "keys without a consistent order are sorted by another algorithm",
    {
        "order_stable": "keys were sorted by a merge sort",
        "order_insertion": "keys were sorted by plain insertion",
        "sort_1024": "the pivot of 1024 keys and more was one of three",
    },
)

# ------------------------------------------------------------ 4: removing

_rule(
    "remove.sign",
    "api",
    4,
    "removing",
    "sign stays in the text",
    {
        "with_sign_empty": '"sign" was in the text, as an empty string',
        "with_sign_null": '"sign" was in the text, as null',
        "with_sign_kept": '"sign" was in the text',
    },
    PHP="unset($data['sign'])",
    Python='data.pop("sign", None)',
    Node="delete data.sign: undefined is not enough in every library",
    Go='delete(data, "sign")',
    Java='data.remove("sign")',
    CSharp='data.Remove("sign")',
    Ruby='data.delete("sign")',
)
_rule(
    "remove.sign_type",
    "api",
    4,
    "removing",
    "sign_type stays in the text",
    {
        "with_type_kept": '"sign_type" was in the text',
        "with_type_added": '"sign_type" was in the text only, as "RSA2"',
    },
    PHP="unset($data['sign_type'])",
    Python='data.pop("sign_type", None)',
    Node="delete data.sign_type",
    Go='delete(data, "sign_type")',
    Java='data.remove("sign_type")',
    CSharp='data.Remove("sign_type")',
    Ruby='data.delete("sign_type")',
)
_rule(
    "remove.top_only",
    "any-document",
    4,
    "removing",
    "sign and sign_type of nested objects are removed too",
    {"remove_deep": "sign and sign_type were removed at every level"},
)
_rule(
    "remove.exact",
    "any-document",
    4,
    "removing",
    "keys that only resemble sign are removed",
    {
        "remove_caseless": "sign was removed in any case",
        "remove_trimmed": "sign was removed with blanks around it",
        "remove_prefix": "all keys that begin with sign were removed",
        "remove_zero": 'the integer key 0 was removed, as it is == "sign" in PHP 7',
    },
)
_rule(
    "remove.null",
    "hostile",
    4,
    "removing",
    "a sign that is null stays",
    {"remove_set": "sign was removed only where it is not null"},
    PHP="unset without isset",
)
_rule(
    "remove.unescaped",
    "hostile",
    4,
    "removing",
    "a sign that is spelled with escapes stays",
    {"remove_spelled": "sign was looked for before escapes were resolved"},
)
_rule(
    "remove.after_sorting",
    "hostile",
    4,
    "the-algorithm-is-part-of-the-result",
    "sign is removed before the keys are sorted",
    {"remove_first": "sign was removed before the keys were sorted"},
)
_rule(
    "keep.null",
    "api",
    4,
    "everything-else-stays",
    "null members are left out",
    {
        "values_no_null": "null members were left out",
        "values_no_null_top": "null members at the top were left out",
    },
    PHP="no array_filter",
    Python="no {k: v ... if v is not None}",
    Node="no filter and no replacer that drops null",
    Java="Gson: serializeNulls(); Jackson: Include.ALWAYS",
    CSharp="DefaultIgnoreCondition = Never",
    Go="no omitempty",
    Ruby="no compact",
)
_rule(
    "keep.empty",
    "api",
    4,
    "everything-else-stays",
    "empty strings or containers are left out",
    {
        "values_no_empty": "null members and empty strings were left out",
        "values_no_empty_top": "null and empty members at the top were left out",
        "values_no_empty_strings": "empty strings were left out",
        "values_no_empty_strings_top": "empty strings at the top were left out",
        "values_no_containers": "empty arrays and objects were left out",
    },
    PHP="no array_filter",
    Java="Jackson: no Include.NON_EMPTY",
    Go="no omitempty",
)
_rule(
    "keep.falsy",
    "api",
    4,
    "everything-else-stays",
    "members that are false, 0 or empty are left out",
    {"values_no_falsy_top": "top-level members that are false in PHP were left out"},
    PHP="no array_filter without a callback",
    Node="no filter(Boolean)",
    Go="no omitempty",
)
_rule(
    "keep.blanks",
    "api",
    4,
    "everything-else-stays",
    "strings are trimmed",
    {
        "values_trimmed": "white space at the edges of strings was cut off",
        "values_trimmed_null": "strings were trimmed and empty ones nulled",
    },
    PHP="Laravel: verify before TrimStrings and ConvertEmptyStringsToNull",
)
_rule(
    "keep.text",
    "api",
    4,
    "everything-else-stays",
    "the characters of strings are changed",
    {
        "text_composed": "strings were normalized to NFC",
        "text_decomposed": "strings were normalized to NFD",
        "text_compatible": "strings were normalized to NFKC",
        "text_lines": "CR LF in strings became LF",
        "text_blanks": "blanks and line ends in a row became one blank",
        "text_entities": "the characters < > & ' \" became entities of HTML",
        "text_tags": "tags of HTML were removed",
        "text_percent": "strings were percent-decoded",
        "text_backslashes": "backslashes were removed from strings",
        "text_invisible": "characters without width were removed",
        "text_control": "control characters were removed",
        "text_question": "characters above U+00FF became a question mark",
        "text_ascii": "characters beyond ASCII were removed",
    },
    PHP="no htmlspecialchars, strip_tags, stripslashes, urldecode or Normalizer",
    Python="no unicodedata.normalize, html.escape or unquote",
    Node="no normalize(), decodeURIComponent or sanitizer",
    Java="no Normalizer, URLDecoder or HtmlUtils",
    CSharp="no string.Normalize, HtmlEncode or UrlDecode",
    Go="no norm.NFC, html.EscapeString or url.QueryUnescape",
    Ruby="no unicode_normalize, CGI.escapeHTML or CGI.unescape",
)
_rule(
    "keep.elements",
    "api",
    4,
    "everything-else-stays",
    "elements of an array are moved or left out",
    {
        "elements_sorted": "the elements of arrays were sorted",
        "elements_unique": "equal elements of an array were left out",
        "elements_no_null": "null elements were left out",
        "elements_no_empty": "empty strings in arrays were left out",
    },
    PHP="no sort, array_unique or array_filter on lists",
    Node="no sort() or filter() on arrays",
    Python="no sorted() or set() on lists",
)
_rule(
    "keep.keys",
    "any-document",
    4,
    "everything-else-stays",
    "the spelling of keys is changed",
    {
        "keys_zeros": "leading zeros of keys were dropped",
        "keys_empty": "the empty key became _empty_",
        "keys_trimmed": "white space at the edges of keys was cut off",
        "keys_lower": "keys were written in lower case",
    },
)
_rule(
    "keep.members",
    "api",
    4,
    "everything-else-stays",
    "members are left out of the text",
    {
        "scope_data": 'only the value of "data" was taken',
        "members_listed": "nested objects kept only the keys of the top level",
    },
    Node="no list of keys in JSON.stringify: it holds at every level",
)
_rule(
    "keep.types",
    "api",
    4,
    "everything-else-stays",
    "the type of a value is changed",
    {
        "numbers_text": "all numbers were strings",
        "numbers_check": "strings that look like numbers became numbers",
        "booleans_numbers": "true and false became 1 and 0",
        "booleans_text": "true and false became strings",
        "booleans_digits": 'true and false became "1" and "0"',
        "booleans_php": 'true and false became "1" and ""',
        "booleans_python": 'true and false became "True" and "False"',
        "null_empty": "null became an empty string",
        "empty_null": "empty strings became null",
        "doubles_text": "numbers with a fraction were strings",
        "nested_text": "nested objects and arrays were written as strings of JSON",
        "dates_number": "strings that hold a date became numbers",
        "dates_javascript": "strings that hold a date were written as JavaScript does",
        "dates_short": "strings that hold a date were written as C# does",
    },
    PHP="no JSON_NUMERIC_CHECK; Laravel: verify before ConvertEmptyStringsToNull",
    Java="keep Boolean and Number, no Map<String, String>",
    Node="no String(value) and no Date before signing",
    CSharp="Newtonsoft: DateParseHandling.None, or it changes what looks like a date",
    Python="no str(value), and no json.dumps of a part of the document",
)
_rule(
    "keep.amount",
    "api",
    4,
    "doubles",
    "the amount is written in a form of its own",
    {
        "numbers_amount_places": "the amount had two decimal places",
        "numbers_amount_places_text": "the amount was a string with two places",
        "numbers_amount_text": "the amount was a string",
        "numbers_amount_float": "the amount was written as a double with .0",
        "numbers_amount_cents": "the amount was written in cents",
        "doubles_places_text": "all doubles were strings with two places",
    },
    PHP="(float) $amount, not number_format",
    Java="double, or BigDecimal.stripTrailingZeros().toPlainString()",
    Node="Number(amount), not toFixed(2)",
)

# ------------------------------------------------------------ 5: lists

_rule(
    "list.empty",
    "api",
    5,
    "objects-and-arrays",
    "an empty object is not written as []",
    {
        "empty_kept": "empty objects were written as {}",
        "empty_object": "empty or list-like objects were written as objects",
    },
    PHP="json_decode($body, true), not objects; no JSON_FORCE_OBJECT",
    Python='write "[]" for an empty dict',
    Node='write "[]" for an empty object',
    Go='write "[]" for an empty map',
    Java='write "[]" for an empty map',
)
_rule(
    "list.array",
    "api",
    5,
    "objects-and-arrays",
    "an array is written as an object",
    {"arrays_objects": "arrays were written as objects"},
    PHP="no JSON_FORCE_OBJECT",
    Node="Array.isArray(value): keep it an array; {...value} makes an object",
)
_rule(
    "list.numbered",
    "any-document",
    5,
    "objects-and-arrays",
    "an object with the keys 0, 1, 2 ... is not written as an array",
    {"lists_kept": "list-like objects were written as objects"},
    PHP="json_decode($body, true), not objects",
)
_rule(
    "list.order",
    "any-document",
    5,
    "objects-and-arrays",
    "keys in another order than 0, 1, 2 ... make an array",
    {"lists_unsorted": "list-like objects in any order were written as arrays"},
)
_rule(
    "list.gaps",
    "any-document",
    5,
    "objects-and-arrays",
    "keys that do not begin with 0, or have gaps, make an array",
    {
        "lists_integers": "all objects with integer keys were written as arrays",
        "lists_growing": "objects with growing indexes were written as arrays",
    },
    Ruby="compare the keys with 0, 1, 2 ...",
)
_rule(
    "list.spelling",
    "hostile",
    5,
    "objects-and-arrays",
    "keys such as 00 or -0 make an array",
    {
        "lists_zeros": "keys with leading zeros were taken for integers",
        "keys_minus_zero": "the key -0 was taken for 0",
    },
)
_rule(
    "list.after_sorting",
    "any-document",
    5,
    "objects-and-arrays",
    "a top level that is a list only after sorting is written as an object",
    {
        "lists_first": "lists were looked for before sorting",
        "lists_top_kept": "the top level was always written as an object",
    },
)

# ------------------------------------------------------------ 6: writing

_rule(
    "write.slash",
    "api",
    6,
    "strings",
    "a slash is not escaped",
    {
        "slashes_raw": "slashes were not escaped",
        "slashes_doubled": "slashes were escaped twice",
    },
    PHP="no JSON_UNESCAPED_SLASHES",
    Python='text.replace("/", "\\\\/") after json.dumps',
    Node="text.replaceAll('/', '\\\\/') after JSON.stringify",
    Go='strings.ReplaceAll(s, "/", `\\/`) after encoding',
    Java='text.replace("/", "\\\\/") after encoding',
    CSharp='text.Replace("/", "\\\\/") after encoding',
    Ruby='text.gsub("/", "\\\\/"), or script_safe: true of json 2.10',
)
_rule(
    "write.unicode",
    "api",
    6,
    "strings",
    "characters beyond ASCII are not escaped",
    {
        "unicode_raw": "characters beyond ASCII were not escaped",
        "unicode_raw_all": "characters beyond ASCII, U+2028 too, were not escaped",
        "unicode_latin_raw": "characters up to U+00FF were not escaped",
        "unicode_entities": "characters beyond ASCII became &#NUMBER;",
        "unicode_unpadded": "\\u escapes had fewer than four digits",
    },
    PHP="no JSON_UNESCAPED_UNICODE",
    Python="ensure_ascii=True, which is the default",
    Node="text.replace(/[\\u0080-\\uffff]/g, (c) => '\\\\u' + "
    "c.charCodeAt(0).toString(16).padStart(4, '0')) after JSON.stringify",
    Go="of each unit of utf16.Encode([]rune(s)) from 0x80 on: "
    'fmt.Sprintf("\\\\u%04x", unit)',
    Java="JsonWriteFeature.ESCAPE_NON_ASCII",
    CSharp="JavaScriptEncoder.Default escapes, in upper case",
    Ruby="JSON.generate(data, ascii_only: true)",
)
_rule(
    "write.lower_hex",
    "api",
    6,
    "strings",
    "\\u escapes have upper-case digits",
    {"unicode_upper": "\\u escapes had upper-case digits"},
    Java="Jackson and Gson write upper case: replace it",
    CSharp="System.Text.Json writes upper case: replace it",
)
_rule(
    "write.pairs",
    "any-document",
    6,
    "strings",
    "a character above U+FFFF is not written as a surrogate pair",
    {
        "unicode_astral_raw": "characters above U+FFFF were not escaped",
        "unicode_brace": "characters above U+FFFF were written as \\u{...}",
        "unicode_point": "characters above U+FFFF had five digits behind \\u",
        "unicode_cut": "characters above U+FFFF lost their upper bits",
        "unicode_question": "characters above U+FFFF became a question mark",
        "unicode_eight": "characters above U+FFFF were written as \\U0001f600",
    },
    Go="utf16.EncodeRune",
)
_rule(
    "write.html",
    "api",
    6,
    "strings",
    "characters of HTML are escaped",
    {
        "html_tags": "the characters < > & were escaped",
        "html_hex": "the characters < > & ' \" were escaped",
        "html_dotnet": "the characters < > & ' \" + ` were escaped",
        "html_apostrophe": "the character ' was escaped",
    },
    PHP="no JSON_HEX_TAG, JSON_HEX_AMP, JSON_HEX_APOS or JSON_HEX_QUOT",
    Go="Encoder.SetEscapeHTML(false)",
    Java="Gson: disableHtmlEscaping()",
    CSharp="JavaScriptEncoder.UnsafeRelaxedJsonEscaping",
)
_rule(
    "write.delete",
    "any-document",
    6,
    "strings",
    "the character U+007F is escaped",
    {"delete_escaped": "the character U+007F was escaped"},
    Python='json.dumps(...).replace("\\\\u007f", "\\x7f"); mind the backslashes',
)
_rule(
    "write.control",
    "any-document",
    6,
    "strings",
    "control characters have another form",
    {
        "control_long": "\\b \\t \\n \\f \\r were written as \\u00xx",
        "control_backspace": "\\b and \\f were written as \\u00xx",
        "control_vertical": "U+000B was written as \\v",
        "control_raw": "control characters were not escaped",
        "control_hex": "control characters were written as \\x01",
    },
    Go="Go before 1.22 writes \\b and \\f as \\u0008 and \\u000c",
)
_rule(
    "write.quote",
    "any-document",
    6,
    "strings",
    "quotes and backslashes have another form",
    {
        "quotes_raw": "double quotes in strings were not escaped",
        "quotes_hex": "double quotes in strings were written as \\u0022",
        "backslashes_raw": "backslashes in strings were not escaped",
    },
    PHP="json_encode, no text put together by hand",
)
_rule(
    "write.keys",
    "any-document",
    6,
    "strings",
    "keys are written otherwise than strings",
    {
        "keys_raw": "characters of keys were not escaped",
        "keys_bare": "integer keys had no quotes",
    },
)
_rule(
    "write.number",
    "api",
    6,
    "doubles",
    "numbers are written as they were spelled",
    {"numbers_written": "numbers were kept as they stand in the body"},
    Java="no BigDecimal",
    Node="no text put together from the body: JSON.parse, then JSON.stringify",
    Go="no json.Number and no json.RawMessage: decode the value, and write it",
    Python="no parse_float=Decimal",
    Ruby="no decimal_class: BigDecimal",
)
_rule(
    "write.whole",
    "api",
    6,
    "doubles",
    "a whole double has a point, or other digits",
    {
        "float_point": "whole doubles were written with .0",
        "numbers_float": "doubles were written as Python does: 1.0, 1e-05",
        "float_java": "doubles were written as Java does: 1.0, 1.0E10",
        "float_whole_exact": "whole doubles were written with all digits",
        "numbers_java": "all numbers were written as doubles of Java: 1.0",
    },
    PHP="no JSON_PRESERVE_ZERO_FRACTION",
    Python='repr(value).removesuffix(".0")',
    Java="take .0 away; Gson: ToNumberPolicy.LONG_OR_DOUBLE keeps integers",
    Ruby="take .0 away",
    CSharp="take .0 away",
)
_rule(
    "write.digits",
    "api",
    6,
    "doubles",
    "doubles do not have their shortest digits",
    {
        "numbers_php_17": "doubles were written with 17 digits",
        "digits_2": "doubles were written with two decimal places",
        "digits_rounded": "doubles were rounded to two decimal places",
        "numbers_places": "all numbers were written with two decimal places",
        "digits_15": "doubles were written with 15 digits",
        "digits_14": "doubles were written with 14 digits",
    },
    PHP="serialize_precision = -1",
    CSharp='ToString("R") of .NET Core 3.0 or later',
    Java="JDK 19 or later: older ones write too many digits",
)
_rule(
    "write.shortest",
    "any-document",
    6,
    "doubles",
    "the digits of a double are not the nearest of the shortest",
    {"digits_c": "the first of %.15g, %.16g and %.17g that reads back was taken"},
)
_rule(
    "write.decimal_point",
    "api",
    6,
    "doubles",
    "the decimal point follows the language of the system",
    {"float_comma": "a comma stood for the decimal point"},
    CSharp="CultureInfo.InvariantCulture",
    Java="no String.format without Locale.ROOT",
)
_rule(
    "write.large",
    "any-document",
    6,
    "doubles",
    "the exponent of large doubles does not begin at 1.0e+17",
    {
        "float_large_15": "the exponent began at 1.0e+15",
        "float_large_16": "the exponent began at 1.0e+16",
        "float_large_late": "the exponent began at 1.0e+21",
    },
)
_rule(
    "write.small",
    "any-document",
    6,
    "doubles",
    "the exponent of small doubles does not begin at 9.9e-5",
    {
        "float_small_late": "the exponent began below 0.000001",
        "float_small_early": "the exponent began below 0.001",
    },
)
_rule(
    "write.exponent",
    "any-document",
    6,
    "doubles",
    "an exponent has another form than 1.0e+25",
    {
        "float_bare": "one digit before an exponent had no .0",
        "float_padded": "an exponent had two digits at least",
        "float_unsigned": "an exponent had no plus",
        "float_upper": "an exponent had an upper-case E",
        "float_fixed": "doubles were written without exponent",
        "float_javascript": "doubles were written as JavaScript does",
    },
    Node="String(value) writes 1e+25 and 100000000000000000000",
    Go="strconv.FormatFloat(value, 'e', -1, 64) pads the exponent",
)

# ------------------------------------------------------------ 7: failing

_rule(
    "fail.empty",
    "hostile",
    7,
    "when-there-is-no-canonical-form",
    "the empty text is signed where there is no canonical form",
    {"fails_empty": "the empty text was given where writing fails"},
    severity="signs-wrongly",
    PHP="json_encode(..., JSON_THROW_ON_ERROR), or check for false",
)
_rule(
    "fail.infinite",
    "hostile",
    7,
    "when-there-is-no-canonical-form",
    "an infinite number is written",
    {
        "fails_null": "infinite numbers became null",
        "fails_zero": "infinite numbers became 0",
        "fails_word": "infinite numbers were written as words",
        "fails_text": "infinite numbers became strings",
        "overflow_largest": "infinite numbers became the largest double",
    },
    severity="signs-wrongly",
    PHP="no JSON_PARTIAL_OUTPUT_ON_ERROR",
    Node="JSON.stringify writes null: check Number.isFinite",
    Python="json.dumps(..., allow_nan=False)",
    Ruby="no allow_nan",
)

# ------------------------------------------------------------ 8: settings

_rule(
    "profile.precision",
    "any-document",
    8,
    "php-versions-and-settings",
    "serialize_precision = 17 or 100 is not followed",
    {"numbers_php": "doubles were written with their shortest digits"},
)
_rule(
    "profile.zero_fraction",
    "any-document",
    8,
    "php-versions-and-settings",
    "JSON_PRESERVE_ZERO_FRACTION is not followed",
    {"fraction_dropped": "whole doubles were written without .0"},
)
_rule(
    "profile.slashes",
    "any-document",
    8,
    "php-versions-and-settings",
    "JSON_UNESCAPED_SLASHES is not followed",
    {"slashes_escaped": "slashes were escaped as \\/"},
)
_rule(
    "profile.unicode",
    "any-document",
    8,
    "php-versions-and-settings",
    "JSON_UNESCAPED_UNICODE is not followed",
    {
        "unicode_lower": "characters beyond ASCII were escaped as \\uXXXX",
        "separators_raw": "U+2028 and U+2029 were not escaped",
    },
)
_rule(
    "profile.ksort",
    "any-document",
    8,
    "php-versions-and-settings",
    "the ksort of an older PHP is not followed",
    {"order_ksort": "keys were sorted as by ksort since PHP 8.2"},
)

# ------------------------------------------------------------ parameters only

_rule(
    "tree.depth",
    "hostile",
    7,
    "depth",
    "parameters may not have 512 levels, or may have more",
    {
        "depth_tree_511": "512 levels of parameters were refused",
        "depth_tree_none": "there was no limit for the levels of parameters",
    },
    area="parameters",
)
_rule(
    "tree.nan",
    "hostile",
    7,
    "when-there-is-no-canonical-form",
    "NaN is written",
    {
        "nan_null": "NaN became null",
        "nan_zero": "NaN became 0",
        "nan_word": "NaN was written as a word",
    },
    severity="signs-wrongly",
    area="parameters",
    Go="math.IsNaN as well as math.IsInf",
    Java="Double.isFinite",
    Python="math.isfinite",
)

#: Mistakes of the plainest rules fail everywhere; in a text of more bytes than this
#: they are not listed, for their answers would be most of the kit.
_SHORT: Final = 200

_PLAIN: Final = {rule.id for rule in RULES if rule.stage == 0}


def tried(text: bytes) -> list[Mistake]:
    """Return the mistakes that are tried on a text of the area document."""
    if len(text) <= _SHORT:
        return MISTAKES
    return [mistake for mistake in MISTAKES if mistake.rule not in _PLAIN]


#: The rule of all stored answers of PHP, which need no label.
BULK: Final = Rule(
    id="bulk.stored",
    title="another answer than the one that PHP gave",
    doc=f"{_PAGE}#test-vectors",
    area="bulk",
    level="hostile",
    stage=9,
    severity="differs",
    hints={},
)
