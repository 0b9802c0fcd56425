"""Numbers: PHP's values for a token, PHP's text for a double."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import pytest

from kesspay.errors import CanonicalizationError
from kesspay.signing.reference.number import read_double, read_integer, write_double
from tests.support.vectors import iter_doubles


if TYPE_CHECKING:
    from tests.support.php import Php


@pytest.mark.parametrize(
    ("token", "value"),
    [
        (b"0", 0),
        (b"-0", 0),
        (b"999999999999999999", 999999999999999999),
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"9223372036854775808", 2.0**63),
        (b"-9223372036854775809", -(2.0**63)),
        (b"18446744073709551615", 2.0**64),
        (b"99999999999999999999", 1e20),
        (b"7" * 1_000_000, math.inf),
        (b"-" + b"7" * 1_000_000, -math.inf),
    ],
)
def test_integers(token: bytes, value: float) -> None:
    """An integer is one up to 64 bits and a double beyond."""
    assert read_integer(token) == value
    assert type(read_integer(token)) is type(value)


LONG_NUMBERS = [
    b"1" + b"0" * 20_000 + b"e-20001",
    b"1" + b"0" * 20_000 + b"e-19999",
    b"0." + b"0" * 20_000 + b"1e20001",
    b"0." + b"0" * 20_000 + b"1E+00020005",
    b"-0." + b"0" * 20_000 + b"17e99999999999999999999",
    b"1" + b"0" * 25_000 + b"e-" + b"9" * 5_000,
    b"1" + b"0" * 19_995 + b"e-19996",
    b"0." + b"3" * 30_000,
    b"0." + b"3" * 30_000 + b"e0000000000000000000000005",
    b"1e" + b"0" * 30_000 + b"7",
    b"2e-" + b"0" * 30_000 + b"19998",
    b"1" * 300 + b"." + b"1" * 30_000 + b"e-20",
]


def test_exponent_clamp(php: Php) -> None:
    """Long numbers have PHP's value, its clamp of the exponent included."""
    answers = php.canonicalize([b"[%b]" % token for token in LONG_NUMBERS])
    for token, answer in zip(LONG_NUMBERS, answers, strict=True):
        value = read_double(token)
        assert answer.ok == math.isfinite(value), token[-30:]
        if answer.ok:
            assert f"[{write_double(value)}]".encode() == answer.canonical


def test_clamp_shows() -> None:
    """The clamp makes another number than the correct one."""
    token = LONG_NUMBERS[0]
    assert float(token) == 0.1
    assert read_double(token) == 10.0


def test_doubles() -> None:
    """Every stored double is written as PHP writes it, in both precisions."""
    count = 0
    for case in iter_doubles():
        if case.shortest is None or case.precision_17 is None:
            continue
        assert case.shortest.decode() == write_double(case.value)
        assert case.precision_17.decode() == write_double(case.value, 17)
        count += 1
    assert count >= 20_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.5, "0.5"),
        (0.0001, "0.0001"),
        (0.00009999, "9.999e-5"),
        (1e16, "10000000000000000"),
        (99999999999999984.0, "99999999999999980"),
        (1e17, "1.0e+17"),
        (-1e25, "-1.0e+25"),
        (5e-324, "5.0e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
    ],
)
def test_layout(value: float, text: str) -> None:
    """The rows of the table in the module text."""
    assert text == write_double(value)


@pytest.mark.parametrize("precision", [-1, 17])
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_not_finite(value: float, precision: Literal[-1, 17]) -> None:
    """What PHP cannot write is refused, and never written as text."""
    with pytest.raises(CanonicalizationError) as caught:
        write_double(value, precision)
    assert caught.value.reason == "infinite"


NEAR_E100 = (
    "1.00000000000000001590289110975991804683608085639452813897813275577478"
    "387721703810608134699858568151"
)
#: As PHP 8.2 writes them with serialize_precision = 100: without the flag
#: JSON_PRESERVE_ZERO_FRACTION, and with it.
HUNDRED = [
    (0.0, "0", "0.0"),
    (-0.0, "-0", "-0.0"),
    (5.0, "5", "5.0"),
    (0.5, "0.5", "0.5"),
    (2.0**63, "9223372036854775808", "9223372036854775808.0"),
    (1e25, "10000000000000000905969664", "10000000000000000905969664.0"),
    (
        0.1,
        "0.1000000000000000055511151231257827021181583404541015625",
        "0.1000000000000000055511151231257827021181583404541015625",
    ),
    (
        1e100,
        f"{NEAR_E100}e+100",
        f"{NEAR_E100}e+100",
    ),
]


@pytest.mark.parametrize(("value", "plain", "kept"), HUNDRED)
def test_a_hundred_digits(value: float, plain: str, kept: str) -> None:
    """An exponent begins at 10^100; a whole double keeps its fraction if asked to."""
    assert write_double(value, 100) == plain
    assert write_double(value, 100, zero_fraction=True) == kept


@pytest.mark.parametrize("precision", [-1, 17])
def test_a_fraction_of_zero(precision: Literal[-1, 17]) -> None:
    """The same for fewer digits: only what is written without a point gets one."""
    texts = [
        write_double(value, precision, zero_fraction=True)
        for value in (1.0, -0.0, 1e16, 1e17, 0.5, 5e-5)
    ]
    fifth = "5.0e-5" if precision == -1 else "5.0000000000000002e-5"
    assert texts == ["1.0", "-0.0", "10000000000000000.0", "1.0e+17", "0.5", fifth]
