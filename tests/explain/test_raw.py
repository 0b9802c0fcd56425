"""Texts that were signed as they stand: what is cut out, and where."""

from __future__ import annotations

import pytest

from kesspay.explain.raw import RAW, raw_texts


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ('{"a":1,"sign":"x"}', '{"a":1}'),
        ('{"sign":"x","a":1}', '{"a":1}'),
        ('{"a":1,"sign":"x","b":2}', '{"a":1,"b":2}'),
        ('{"a": 1, "sign": "x", "b": 2}', '{"a": 1, "b": 2}'),
        ('{ "a" : 1 , "sign" : "x" }', '{ "a" : 1 }'),
        ('{"sign":"x"}', "{}"),
        ('{"sign":"x","sign":"y"}', "{}"),
        ('{"sign":1,"a":{"sign":2},"sign":3,"b":4}', '{"a":{"sign":2},"b":4}'),
        ('{"a":1}', '{"a":1}'),
        ('{"a":"\\u0073","\\u0073ign":"x"}', '{"a":"\\u0073"}'),
    ],
)
def test_sign_is_cut_out_with_its_comma(text: str, without: str) -> None:
    """Whatever stands around it, what is left is the document without it."""
    assert raw_texts(text)["raw_without_sign"] == without.encode()


def test_sign_type_is_cut_out_too() -> None:
    """Both members go, wherever they are."""
    text = '{"sign_type":"RSA2","a":1,"sign":"x","b":2}'
    assert raw_texts(text)["raw_without_both"] == b'{"a":1,"b":2}'


def test_sign_is_emptied_in_place() -> None:
    """Only the value changes; with two of them it is not clear which."""
    assert raw_texts('{"sign": "x" , "a":1}')["raw_empty_sign"] == (
        b'{"sign": "" , "a":1}'
    )
    assert "raw_empty_sign" not in raw_texts('{"sign":"x","sign":"y"}')


def test_data_is_taken_as_it_stands() -> None:
    """The text of the value, blanks and all."""
    assert raw_texts('{"data": { "x":1.0 } }')["raw_data"] == b'{ "x":1.0 }'


def test_documents_without_members_have_constants_only() -> None:
    """Nothing can be cut out of an array."""
    assert set(raw_texts("[]")) == {c for c in RAW if not c.startswith("raw")}


def test_many_members_take_no_longer() -> None:
    """Thirty thousand signs are cut out in one go."""
    text = "{" + ",".join(['"sign":1,"a":1'] * 30_000) + "}"
    assert raw_texts(text)["raw_without_sign"].count(b"a") == 30_000
