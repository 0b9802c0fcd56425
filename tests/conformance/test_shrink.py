"""A document shrinks to the smallest one that shows the same fault."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kesspay.conformance.shrink import QUESTIONS, SameFault, expected_of, shrink
from kesspay.explain.mistakes import Style
from kesspay.explain.render import Renderer, read


BODY: dict[str, Any] = {
    "success": True,
    "data": {
        "out_trade_no": "T-1",
        "url": "https://a.example/c?d=/e",
        "rest": [1, 2.50, {"deep": ["x" * 500, "\u179f\u17bb\u1781"]}, None],
        "empty": {},
    },
    "sign_type": "RSA2",
    "sign": "AAAA",
}
PRETTY = json.dumps(BODY, indent=2, ensure_ascii=False).encode()


def answers(style: Style, text: bytes) -> bytes | None:
    """Return what a program of this style answers; None where it refuses."""
    if expected_of(text) is None:
        return None
    return Renderer(read(text.decode())).render(style)


@pytest.mark.parametrize(
    ("style", "smallest"),
    [
        (Style(slashes="raw"), b'{"":"/"}'),
        (Style(unicode="raw"), '{"":"\u179f"}'.encode()),
        (Style(unicode="upper"), '{"":"\u179f"}'.encode()),
        (Style(empty="object"), b"{}"),
        (Style(with_sign="null"), b'{"sign":"A"}'),
        (Style(order="document"), None),
    ],
)
def test_the_smallest_document(style: Style, smallest: bytes | None) -> None:
    """Of a body of the field, what shows the mistake is left, and nothing else."""
    fault = SameFault(PRETTY, answers(style, PRETTY))
    assert fault.is_one
    assert len(fault.mistakes) == 1
    shrunk = shrink(PRETTY, lambda text: fault.is_in(text, answers(style, text)))
    assert shrunk.finished
    assert shrunk.asked < QUESTIONS
    if smallest is None:
        assert len(json.loads(shrunk.text)) == 2
        assert len(shrunk.text) < 20
    else:
        assert len(shrunk.text) <= len(smallest)
    assert answers(style, shrunk.text) != expected_of(shrunk.text)


def test_each_mistake_has_its_own_smallest_document() -> None:
    """Of several mistakes in one answer, each can be asked for."""
    style = Style(slashes="raw", unicode="raw_all", empty="object")
    fault = SameFault(PRETTY, answers(style, PRETTY))
    found = {
        mistake.code: shrink(
            PRETTY,
            lambda text, m=mistake: fault.is_in(text, answers(style, text), m),  # type: ignore[misc]  # bound early
        ).text.decode()
        for mistake in fault.mistakes
    }
    assert set(found) == {"slashes_raw", "unicode_raw_all", "empty_object"}
    assert "/" in found["slashes_raw"]
    assert not found["unicode_raw_all"].isascii()
    assert "{}" in found["empty_object"]
    assert all(len(text) < 14 for text in found.values())


def test_a_refusal_stays_a_refusal() -> None:
    """A program that refuses what it must not is not led to another fault."""

    def program(text: bytes) -> bytes | None:
        return None if b"2.5" in text else answers(Style(slashes="raw"), text)

    fault = SameFault(PRETTY, program(PRETTY))
    assert fault.mistakes == ()
    shrunk = shrink(PRETTY, lambda text: fault.is_in(text, program(text)))
    assert program(shrunk.text) is None
    assert expected_of(shrunk.text) is not None
    assert shrunk.text == b"[2.5]"


def test_what_must_be_refused_and_is_not() -> None:
    """A document without a canonical form is made smaller as well."""
    text = b'{"a":[1,2,3],"b":"\\ud800","c":{"d":"e"}}'
    fault = SameFault(text, b"anything")
    assert fault.is_one
    shrunk = shrink(text, lambda one: fault.is_in(one, b"x"))
    assert expected_of(shrunk.text) is None
    assert shrunk.text == b'"\\ud800"'


def test_a_right_answer_has_no_fault() -> None:
    """There is nothing to shrink where the answer is right."""
    assert not SameFault(PRETTY, expected_of(PRETTY)).is_one


def test_a_fault_without_known_mistakes_only_stays_wrong() -> None:
    """Where no known mistake gives the answer, another wrong one is the same fault."""
    fault = SameFault(b'{"a":"/"}', b"else")
    assert fault.mistakes == ()
    assert fault.is_in(b'{"b":1}', b"more")
    assert not fault.is_in(b'{"b":1}', b'{"b":1}')
    assert not fault.is_in(b'{"b":1}', None)


def test_another_wrong_answer_is_another_fault() -> None:
    """Where known mistakes give the answer, an answer they do not give is not meant."""
    fault = SameFault(PRETTY, answers(Style(slashes="raw"), PRETTY))
    [mistake] = fault.mistakes
    assert fault.is_in(b'{"a":"/"}', b'{"a":"/"}', mistake)
    assert not fault.is_in(b'{"a":"/"}', b'{"a":"?"}', mistake)
    assert not fault.is_in(b'{"a":"/"}', b'{"a":"?"}')


def test_too_deep_for_the_search() -> None:
    """What the search cannot read shows no known mistake."""
    style = Style(slashes="raw")
    fault = SameFault(PRETTY, answers(style, PRETTY))
    deep = b'{"a":"/","b":' + b"[" * 80 + b"]" * 80 + b"}"
    assert expected_of(deep) is not None
    assert not fault.is_in(deep, b"else")
    assert SameFault(deep, b"else").mistakes == ()


def test_questions_are_bounded() -> None:
    """At most so many questions are asked, and the smallest so far is returned."""
    asked = []

    def differs(text: bytes) -> bool:
        asked.append(text)
        return b"/" in text

    shrunk = shrink(PRETTY, differs, questions=5)
    assert (shrunk.asked, shrunk.finished) == (5, False)
    assert len(asked) == len(set(asked)) == 5
    assert b"/" in shrunk.text


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":"\xff"',
        b'{"a":\xff}]',
        b'{"a" "b"}\xff',
        b'"\xff',
        b"{\xff}{}",
        b"[\xff}",
        b"]\xff",
        b'[1,"a":\xff',
    ],
)
def test_what_is_no_json_shrinks_as_bytes(text: bytes) -> None:
    """A text that is not JSON at all, too, is made as small as can be."""
    shrunk = shrink(text, lambda one: b"\xff" in one)
    assert shrunk.finished
    assert shrunk.text.strip(b'"') == b"\xff"


def test_a_single_token_of_no_value() -> None:
    """The smallest text need not be JSON, either."""
    assert shrink(b"]]x", lambda one: b"]" in one).text == b"]"


def test_escapes_are_not_cut_in_two() -> None:
    """What remains of a string is made of whole characters and escapes."""
    text = b'{"a":"xx\\ud83d\\ude00\\u00e9\\n\xc3\xa9yy"}'
    for needed in (b"\\ud83d\\ude00", b"\\u00e9", b"\\n", b"\xc3\xa9"):
        shrunk = shrink(text, lambda one, n=needed: n in one)  # type: ignore[misc]  # bound early
        assert shrunk.text.strip(b'{}":') == needed
    seen: list[bytes] = []

    def watched(one: bytes) -> bool:
        seen.append(one)
        return False

    shrink(text, watched)
    assert all(expected_of(one) is not None for one in seen if b"a" in one)


def test_numbers_and_keys_become_shorter() -> None:
    """Digits go as the characters of strings do, and so do the names of keys."""
    text = b'{"amount":123456.50,"other":[true,null]}'
    found = {
        needed: shrink(text, lambda one, n=needed: n in one).text  # type: ignore[misc]  # bound early
        for needed in (b"5", b"m", b"ul")
    }
    assert found == {b"5": b"5", b"m": b'{"m":0}', b"ul": b"ul"}
