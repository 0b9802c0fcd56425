"""A container is written once for all styles that write it alike, and no other."""

from __future__ import annotations

from itertools import combinations

import pytest

from kesspay.explain.alike import inside, matters_to, reduced
from kesspay.explain.mistakes import AROUND, FRAME, MISTAKES, Style, make
from kesspay.explain.render import Renderer, read


FIELDS = inside(Style(*Style._fields))

#: What some style writes in a way of its own.
PIECES = [
    *('[""]', '{"a":""}', '{"a":null}', "[null]", '{"a":" x"}', '{"a":"x\\u0000"}'),
    *('["/"]', '{"/":1}', '["\\u00e9"]', '["\\u2028"]', '["\\u0001"]', '["\\u007f"]'),
    *('["<"]', '["&"]', '["="]', '["\'"]', '["\\""]', '["+"]', '["`"]', '{">":1}'),
    *("[]", "{}", "[[]]", "[{}]", '{"0":1,"1":2}', '{"1":1,"0":2}', '{"0":null}'),
    *('{"b":1,"a":2}', '{"a":1,"a":2}', '{"a":1,"2":2}', '[{"a":{"b":1}}]'),
    *("[1]", "[1.0]", "[0.1]", "[1e25]", "[-0]", "[9007199254740993]", "[1E2]"),
    *('{"amount":1}', '{"amount":[0.50]}', '{"amount":{"a":1}}', '["12"]', '["x1"]'),
    *("[1e-7,true]", '["a"]', '{"a":[1,{"b":"/"}]}', "[100000000000000000000]"),
]
DOCUMENT = (
    "{"
    + ",".join(f'"x{at}":{piece}' for at, piece in enumerate(PIECES))
    + ',"amount":[1,2.5,{"a":1}]}'
)


#: Fields of which one can decide what the other changes.
TOGETHER = [
    *({"html", "unicode"}, {"empty", "values"}, {"empty", "order"}),
    *({"numbers", "fraction"}, {"keys", "empty"}, {"duplicates", "empty"}),
]


@pytest.mark.parametrize(
    "in_full", [False, pytest.param(True, marks=pytest.mark.exhaustive)]
)
def test_one_renderer_writes_what_a_new_one_would(*, in_full: bool) -> None:
    """Whatever two mistakes are made, no container is written as in another style."""
    document = read(DOCUMENT)
    renderer = Renderer(document)
    about = [m for m in MISTAKES if m.fields & set(FIELDS) and "form" not in m.fields]
    pairs = [
        pair
        for pair in combinations(about, 2)
        if in_full or pair[0].fields | pair[1].fields in TOGETHER
    ]
    for mistakes in ((), *((one,) for one in about), *pairs):
        style = make(Style(), mistakes)
        written = renderer.render(style)
        assert written == Renderer(document).render(style), style


@pytest.mark.parametrize(
    ("piece", "fields"),
    [
        ("[1,2]", {"numbers", "empty"}),
        ('{"b":"x"}', set()),
        ('{"b":"x","a":"y"}', {"order"}),
        ('[{"id":7,"rate":0.5}]', {"numbers", "fraction", "empty", "order"}),
        ('{"/":"x"}', {"slashes"}),
        ('{"a":"<"}', {"html", "unicode"}),
        ('{"a":"\\u00e9"}', {"unicode"}),
        ('{"a":""}', {"values", "empty"}),
        ('{"a":"1x"}', {"numbers"}),
        ('{"amount":{"a":true}}', set()),
    ],
)
def test_what_changes_nothing_does_not_matter(piece: str, fields: set[str]) -> None:
    """The fewer fields matter, the fewer texts are written."""
    matters = matters_to(read(piece), "x")
    found = {name for name, values in zip(FIELDS, matters, strict=True) if values}
    assert found == {*fields, "spacing"}
    other = reduced(inside(make(Style(), MISTAKES)), matters)
    unlike = zip(FIELDS, other, inside(Style()), strict=True)
    assert {name for name, value, default in unlike if value != default} <= found


def test_each_field_of_a_style_is_known() -> None:
    """A field is about the top, what is around the text, its form, or inside."""
    others = {*FRAME, *AROUND, "form", "chars"}
    assert {*others, *FIELDS} == set(Style._fields)
    assert not others & set(FIELDS)
