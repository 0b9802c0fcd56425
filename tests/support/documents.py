"""
Hypothesis strategies of hostile JSON texts and of parameter mappings.

``hostile_documents`` and ``hostile_parameters`` are the cheap, seeded twins
for large numbers; these strategies are slower and shrink what they find.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from . import samples
from .hostile import hostile_documents, hostile_parameters


__all__ = [
    "documents",
    "hostile_documents",
    "hostile_parameters",
    "json_keys",
    "json_numbers",
    "json_strings",
    "mutated_documents",
    "parameters",
    "valid_documents",
]

# The parts are composites: Hypothesis writes the name of a composite into its
# reports, while it would unfold plain strategies into a hundred kilobytes.

_SPACE = st.sampled_from(("", " ", "\n", "\t", "\r", " \r\n"))

_BUILT_NUMBERS = st.tuples(
    st.sampled_from(("", "-")),
    st.from_regex(r"0|[1-9][0-9]{0,30}", fullmatch=True),
    st.from_regex(r"(\.[0-9]{1,40})?", fullmatch=True),
    st.from_regex(r"([eE][-+]?[0-9]{1,6})?", fullmatch=True),
).map("".join)

_NUMBERS = st.one_of(
    st.sampled_from(samples.NUMBERS),
    st.integers(-(2**66), 2**66).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    _BUILT_NUMBERS,
)


@st.composite
def json_numbers(draw: st.DrawFn) -> str:
    """Generate texts of valid JSON numbers, of any size and precision."""
    return draw(_NUMBERS)


def _escape(text: str) -> str:
    """Escape only what must be."""
    return "".join(
        f"\\u{ord(char):04x}" if char < " " or char in '"\\' else char for char in text
    )


def _escape_units(text: str) -> str:
    """Escape everything, as UTF-16 code units."""
    raw = text.encode("utf-16-be")
    units = (raw[at : at + 2].hex() for at in range(0, len(raw), 2))
    return "".join(f"\\u{unit}" for unit in units)


def _escape_upper(text: str) -> str:
    return _escape_units(text).upper().replace("\\U", "\\u")


_SPELLINGS = st.sampled_from((_escape, _escape_units, _escape_upper))
_CHARACTERS = st.one_of(
    st.sampled_from(samples.CHARACTERS), st.characters(codec="utf-8")
)


@st.composite
def json_strings(draw: st.DrawFn) -> str:
    """Generate quoted JSON strings in all spellings that are valid."""
    pairs = draw(st.lists(st.tuples(_SPELLINGS, _CHARACTERS), max_size=12))
    return '"' + "".join(spell(char) for spell, char in pairs) + '"'


_PLAIN_KEYS = st.one_of(
    st.sampled_from(samples.KEYS),
    st.from_regex(
        r"[ \t\n\v\f\r]?[-+]?[0-9]{0,20}\.?[0-9]{0,3}([eE][-+]?[0-9]{1,3})?"
        r"[ \t\n\v\f\ra]?",
        fullmatch=True,
    ),
)
_KEYS = st.one_of(_PLAIN_KEYS.map(lambda key: f'"{_escape(key)}"'), json_strings())


@st.composite
def json_keys(draw: st.DrawFn) -> str:
    """Generate quoted keys, many of which look like numbers to PHP."""
    return draw(_KEYS)


@st.composite
def _lists(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    items = draw(st.lists(inner, max_size=4))
    space = draw(_SPACE)
    return f"[{space}{f'{space},'.join(items)}{space}]"


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[str], most: int) -> str:
    members = draw(st.lists(st.tuples(json_keys(), inner), max_size=most))
    space, after = draw(_SPACE), draw(_SPACE)
    texts = [f"{key}{space}:{after}{value}{space}" for key, value in members]
    return f"{space}{{{f',{after}'.join(texts)}}}{after}"


_LEAVES = st.one_of(
    st.sampled_from(("null", "true", "false", "{}", "[]")),
    json_numbers(),
    json_strings(),
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(_lists(inner), _objects(inner, 4)),
    max_leaves=8,
)


@st.composite
def _values(draw: st.DrawFn) -> str:
    return draw(_VALUES)


@st.composite
def _key_sets(draw: st.DrawFn) -> str:
    """Generate flat objects with many keys: the sort is the point."""
    keys = draw(st.lists(json_keys(), min_size=2, max_size=24))
    members = (f"{key}:{place}" for place, key in enumerate(keys))
    return "{" + ",".join(members) + "}"


@st.composite
def _nested(draw: st.DrawFn) -> str:
    depth = draw(st.one_of(st.integers(1, 30), st.integers(509, 514)))
    inner = draw(st.sampled_from(("1", "[]", "{}", "1e999")))
    if draw(st.booleans()):
        return "[" * depth + inner + "]" * depth
    return '{"a":' * depth + inner + "}" * depth


@st.composite
def valid_documents(draw: st.DrawFn) -> bytes:
    """
    Generate texts that are JSON, nearly all of which PHP accepts.

    What it refuses: scalars at the top, numbers that overflow to infinity,
    and more than 511 levels.
    """
    kinds = (_objects(_values(), 8), _key_sets(), _lists(_values()), _values())
    return draw(st.one_of(*kinds, _nested())).encode()


_SPLICES = st.one_of(
    st.binary(min_size=1, max_size=3),
    st.sampled_from(samples.BAD_UTF8),
    st.sampled_from(samples.BAD_TOKENS).map(str.encode),
    st.just(b""),
)


@st.composite
def mutated_documents(draw: st.DrawFn) -> bytes:
    """Generate texts whose bytes were cut, dropped, replaced or added to."""
    document = draw(valid_documents())
    at = draw(st.integers(0, len(document)))
    if draw(st.booleans()):
        return document[:at]
    rest = at + draw(st.integers(0, 3))
    return document[:at] + draw(_SPLICES) + document[rest:]


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Generate texts of both kinds, and some that are nothing but bytes."""
    return draw(
        st.one_of(valid_documents(), mutated_documents(), st.binary(max_size=8))
    )


_TEXTS = st.one_of(
    st.text(max_size=8),
    st.text(st.sampled_from(samples.CHARACTERS), max_size=6),
    st.text(st.sampled_from(("a", "\ud800", "\udcff")), max_size=2),
)
_PARAMETER_KEYS = st.one_of(st.sampled_from(samples.KEYS), _TEXTS)
_PARAMETERS = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.integers(0, 10**8).map(lambda cents: cents / 100),
        _TEXTS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(_PARAMETER_KEYS, inner, max_size=4),
    ),
    max_leaves=8,
)


@st.composite
def parameters(draw: st.DrawFn) -> dict[str, Any]:
    """
    Generate mappings of parameters, some of which must be refused.

    Refused are infinities, NaN, and lone surrogates in keys and values.
    """
    return draw(st.dictionaries(_PARAMETER_KEYS, _PARAMETERS, max_size=20))
