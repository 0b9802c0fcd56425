"""Parameters: what may be in a mapping, and what it says as a text."""

from __future__ import annotations

import datetime as dt
import enum
import json
import math
import sys
from collections import OrderedDict, UserDict, defaultdict, namedtuple
from collections.abc import Iterator, Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from kesspay.errors import CanonicalizationError
from kesspay.signing.reference import guard
from kesspay.signing.reference.canonical import canonicalize_parameters
from kesspay.signing.reference.parameters import to_array, to_json
from tests.support.documents import parameters as parameter_strategy
from tests.support.vectors import iter_parameters


if TYPE_CHECKING:
    from tests.support.php import Php


def refusal(parameters: Any) -> tuple[str, str | None]:  # noqa: ANN401 - and what is none
    """Return reason and path of the error for parameters."""
    with pytest.raises(CanonicalizationError) as caught:
        to_json(parameters)
    assert caught.value.position is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value.reason, caught.value.path


ORDINARY: dict[str, Any] = {
    "text": 'é/"\\\x00\x7f\u2028😀',
    "": "",
    "yes": True,
    "no": False,
    "nothing": None,
    "zero": 0,
    "least": -(2**63),
    "most": 2**63 - 1,
    "half": 0.5,
    "whole": 1.0,
    "minus": -0.0,
    "big": 1e22,
    "tiny": 5e-324,
}


def wrapped(value: object) -> list[object]:
    """Return the value in each container that is taken."""
    return [
        value,
        {"x": value},
        OrderedDict(x=value),
        defaultdict(int, x=value),
        UserDict(x=value),
        MappingProxyType({"x": value}),
        [value],
        (value,),
        [[{"x": (value,)}]],
    ]


def plain(value: object) -> object:
    """Return the same value in plain containers."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


@pytest.mark.parametrize("value", ORDINARY.values(), ids=ORDINARY)
def test_round_trip(value: object) -> None:
    """The text says exactly what the parameters say, wherever they are."""
    for parameter in wrapped(value):
        text = to_json({"p": parameter})
        assert same({"p": plain(parameter)}, json.loads(text))
        assert same({"p": plain(parameter)}, to_array({"p": parameter}))


def test_flat_dict() -> None:
    """A flat dict is the usual case, and no other one than the rest."""
    text = to_json(ORDINARY)
    assert same(ORDINARY, json.loads(text))
    assert text == to_json(MappingProxyType(ORDINARY))
    assert to_json({}) == b"{}"
    assert to_json(MappingProxyType({})) == b"{}"


DECIMALS = [
    "0.50",
    "5",
    "0",
    "-0",
    "-0.0",
    "100.00",
    "1E+5",
    "1E-7",
    "-1.5E-10",
    "0E-7",
    "0E+3",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "0.1000000000000000055511151231257827",
    "19.99",
    "1E+308",
    "1E-400",
    "1" + "0" * 20_000 + "E-20001",
]


def test_decimals(php: Php) -> None:
    """A Decimal is the number that PHP reads from its text."""
    decimals = [Decimal(text) for text in DECIMALS]
    texts = [b'{"d":[%b]}' % str(value).encode() for value in decimals]
    for value, answer in zip(decimals, php.canonicalize(texts), strict=True):
        assert answer.canonical == canonicalize_parameters({"d": [value]})
        alone = answer.canonical.replace(b"[", b"").replace(b"]", b"")
        assert alone == canonicalize_parameters({"d": value})


def test_decimal_context() -> None:
    """The context of the caller has no part in it."""
    with localcontext() as context:
        context.prec = 1
        context.capitals = 0
        assert to_array({"d": Decimal("12.50")}) == {"d": 12.5}
        assert to_array({"d": Decimal("1E+5")}) == {"d": 100000.0}


class Colour(enum.IntEnum):
    """An int that is not exactly an int."""

    RED = 1


class Word(enum.StrEnum):
    """A str that is not exactly a str."""

    RED = "red"


class Text(str):
    """Another one."""

    __slots__ = ()


class Number(float):
    """A float that is not exactly a float."""


Pair = namedtuple("Pair", "a b")  # noqa: PYI024 - without types


@pytest.mark.parametrize(
    "value",
    [
        b"bytes",
        bytearray(b"bytes"),
        {1, 2},
        frozenset(),
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        dt.date(2026, 1, 1),
        1j,
        Fraction(1, 2),
        object(),
        int,
        range(3),
        iter([]),
        Colour.RED,
        Word.RED,
        Text("a"),
        Number(0.5),
        Pair(1, 2),
        type("List", (list,), {})(),
        type("Amount", (Decimal,), {})("1"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_types(value: object) -> None:
    """Any other type is refused, and named by its path."""
    assert refusal({"a": value}) == ("type", 'params["a"]')
    nested = {"a": {"b": [1, 2, 3, value]}}
    assert refusal(nested) == ("type", 'params["a"]["b"][3]')
    with pytest.raises(CanonicalizationError, match=type(value).__name__):
        to_json({"a": value})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, "infinite"),
        (math.inf, "infinite"),
        (-math.inf, "infinite"),
        (Decimal("NaN"), "infinite"),
        (Decimal("sNaN"), "infinite"),
        (Decimal("-Infinity"), "infinite"),
        (Decimal("1.8E+308"), "infinite"),
        (Decimal("1E+309"), "infinite"),
        (Decimal("1E+30000"), "infinite"),
        (Decimal("9" * 400), "infinite"),
        ("\ud800", "surrogate"),
        ("a\udfffb", "surrogate"),
        ("\ude00\ud83d", "surrogate"),
        (2**63, "range"),
        (2**64 - 1, "range"),
        (2**64, "range"),
        (-(2**63) - 1, "range"),
        (10**10_000, "range"),
    ],
    ids=lambda value: ascii(value) if type(value) is str else type(value).__name__,
)
def test_values(value: object, reason: str) -> None:
    """A value that PHP cannot encode is refused wherever it is."""
    assert refusal({"a": value}) == (reason, 'params["a"]')
    assert refusal({"a": 1, "b": [{"c": value}]}) == (reason, 'params["b"][0]["c"]')
    # Also where it would be removed: nothing is let through unseen.
    assert refusal({"sign": value}) == (reason, 'params["sign"]')


@pytest.mark.parametrize(
    ("parameters", "reason", "path"),
    [
        ({1: "a"}, "type", "params"),
        ({None: "a"}, "type", "params"),
        ({b"a": "a"}, "type", "params"),
        ({Word.RED: "a"}, "type", "params"),
        ({Text("a"): "a"}, "type", "params"),
        ({"a": [{"b": {(): 1}}]}, "type", 'params["a"][0]["b"]'),
        ({"\ud800": 1}, "surrogate", "params"),
        ({"a": {"x\udc00": 1}}, "surrogate", 'params["a"]'),
        # The key of the path is quoted as JSON does it, on one line.
        ({'a"\\\n é': b""}, "type", r'params["a\"\\\n \u00e9"]'),
    ],
)
def test_keys(parameters: object, reason: str, path: str) -> None:
    """Keys are exactly str; a bad one is named by what contains it."""
    assert refusal(parameters) == (reason, path)


@pytest.mark.parametrize("parameters", [[], "a", None, 1, b"{}", [("a", 1)]])
def test_top_level(parameters: object) -> None:
    """Parameters are a mapping."""
    assert refusal(parameters) == ("type", "params")


class Twice(Mapping[str, int]):
    """A mapping with two values for one key, as web frameworks have them."""

    def __getitem__(self, key: str) -> int:
        """Return the first value."""
        return 1

    def __iter__(self) -> Iterator[str]:
        """Yield the key twice."""
        return iter(["a", "b", "a"])

    def __len__(self) -> int:
        """Count both."""
        return 3


def test_duplicate_keys() -> None:
    """A mapping that gives a key twice has no canonical form."""
    assert refusal(Twice()) == ("duplicate", "params")
    assert refusal({"x": [Twice()]}) == ("duplicate", 'params["x"][0]')


def nest(levels: int) -> dict[str, Any]:
    """Return so many levels of alternating maps and lists."""
    inner: Any = {}
    for level in range(levels - 2):
        inner = [inner] if level % 2 else {"k": inner}
    return {"k": inner}


def test_depth() -> None:
    """512 containers in each other are good, one more is refused."""
    array = to_array(nest(512))
    assert array == nest(512)
    reason, path = refusal(nest(513))
    assert reason == "depth"
    assert path is not None
    assert path.count("[") == 512


def test_cycle() -> None:
    """What contains itself is too deep, and no endless loop."""
    around: dict[str, Any] = {}
    around["a"] = [around]
    reason, path = refusal(around)
    assert reason == "depth"
    assert path is not None
    assert path.startswith('params["a"][0]["a"][0]')


def test_no_recursion() -> None:
    """Where hardly any stack is left 512 levels are no problem."""
    parameters = nest(512)

    def descend(left: int) -> bytes:
        return descend(left - 1) if left else to_json(parameters)

    used = len(list(frames()))
    assert descend(sys.getrecursionlimit() - used - 30) == to_json(parameters)


def frames() -> Iterator[Any]:
    """Yield the frames of the stack."""
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back  # type: ignore[assignment] # there is one


def test_snapshot() -> None:
    """The parameters are left as they are."""
    parameters = {"b": [1, {"c": (2.5,)}], "a": Decimal("1.0")}
    before = repr(parameters)
    to_json(parameters)
    assert before == repr(parameters)


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any two values
    """Compare types, doubles bit by bit, and the order of keys."""
    pairs = [(one, other)]
    while pairs:
        one, other = pairs.pop()
        if type(one) is not type(other):
            return False
        if isinstance(one, dict):
            if list(one) != list(other):
                return False
            pairs += zip(one.values(), other.values(), strict=True)
        elif isinstance(one, list):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif repr(one) != repr(other):
            return False
    return True


def test_stored_trees() -> None:
    """Every stored tree comes back from its text as it was."""
    count = 0
    for case in iter_parameters():
        if case.answer.ok and not case.removed_fails:
            assert same(case.parameters, to_array(case.parameters))
            count += 1
    assert count > 1000


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(parameters=parameter_strategy())
def test_generated_trees(parameters: dict[str, Any]) -> None:
    """Generated parameters come back as they were, or are refused."""
    try:
        array = to_array(parameters)
    except CanonicalizationError as refused:
        reason, path = refused.reason, refused.path
    else:
        assert same(parameters, array)
        return
    assert reason in {"infinite", "surrogate"}
    assert path is not None


def test_refusal_without_a_place() -> None:
    """A verdict on the whole of the parameters names no member."""
    error = guard.refusal(b'{"a":1}', "infinite")
    assert (error.reason, error.path) == ("infinite", "params")
