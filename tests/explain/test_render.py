"""Documents are read as they were written, and written as PHP writes them."""

from __future__ import annotations

import json
import subprocess
from itertools import chain
from typing import Any

import pytest

from kesspay.errors import CanonicalizationError
from kesspay.explain.mistakes import MISTAKES, Style, make, profile_of, style_of
from kesspay.explain.render import (
    Members,
    Node,
    Number,
    Renderer,
    brief,
    count_values,
    duplicates,
    members_of,
    path_of,
    read,
)
from kesspay.signing.profile import Profile
from tests.conftest import missing
from tests.support.php import find_php
from tests.support.php_answers import Settings
from tests.support.vectors import CanonicalCase, iter_canonical, iter_profiles


TEXT = ' {"b" : 0.50, "a":[1, {"x":true}],\n"a\\u0062": "}{,", "b":{"k":1,"k":2}} '


def plain(node: Node) -> Any:  # noqa: ANN401 - any JSON value
    """Turn a tree into what json.loads gives."""
    if isinstance(node, Members):
        return {key: plain(value) for key, value in node}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return json.loads(node.text) if isinstance(node, Number) else node


def test_nothing_of_the_document_is_lost() -> None:
    """Order, duplicates, and the spelling of numbers are kept."""
    inner = Members([("k", Number("1")), ("k", Number("2"))])
    array: list[Node] = [Number("1"), Members([("x", True)])]
    assert read(TEXT) == Members(
        [
            ("b", Number("0.50")),
            ("a", array),
            ("ab", "}{,"),
            ("b", inner),
        ]
    )


def test_members_are_located() -> None:
    """Keys and values of the top level are where the positions say."""
    found = members_of(TEXT)
    assert [m.key for m in found] == ["b", "a", "ab", "b"]
    assert [TEXT[m.value_start : m.end] for m in found] == [
        "0.50",
        '[1, {"x":true}]',
        '"}{,"',
        '{"k":1,"k":2}',
    ]
    assert TEXT[found[2].start :].startswith('"a\\u0062"')


@pytest.mark.parametrize("text", ["[]", "{}", " { } \n", '[{"a":1}]'])
def test_documents_without_members(text: str) -> None:
    """Arrays and empty objects have no members."""
    assert members_of(text) == ()


def test_duplicates_are_listed_in_order() -> None:
    """A doubled key comes with its path and all its values."""
    found = duplicates(read(TEXT))
    assert [d.path for d in found] == ['document["b"]', 'document["b"]["k"]']
    assert (found[0].first, found[0].last) == ("0.50", "an object of 2 members")
    assert (found[1].first, found[1].last, found[1].count) == ("1", "2", 2)
    inside = duplicates(read('{"a":[{"x":1,"x":"\\u001b"}]}'))
    assert inside[0].path == 'document["a"][0]["x"]'
    assert inside[0].last == '"\\u001b"'


def test_values_are_counted() -> None:
    """Containers count, and so does what is in them."""
    assert count_values(read(TEXT)) == 10
    assert count_values(read("[]")) == 1


def test_values_are_shown_briefly() -> None:
    """Long values are cut, containers are counted, all in ASCII."""
    assert len(brief("x" * 1000)) == 40
    assert brief(Number("9" * 1000)).endswith("...")
    assert brief([None, True]) == "an array of 2 values"
    assert brief("\u202e\x1b") == '"\\u202e\\u001b"'
    assert brief(None) == "null"
    assert path_of("document", 'a"\n') == 'document["a\\"\\n"]'


def test_stored_documents_are_read_as_json_reads_them() -> None:
    """What canonicalize accepts is read without an error, and rightly."""
    seen = 0
    for case in iter_canonical():
        nesting = max(case.document.count(b"["), case.document.count(b"{"))
        if not case.answer.ok or nesting > 64 or len(case.document) > 4000:
            continue
        text = case.document.decode()
        assert plain(read(text)) == json.loads(text)
        members_of(text)
        seen += 1
    assert seen > 2000


PROFILES = [
    Profile(),
    Profile(serialize_precision=17),
    Profile(unescaped_slashes=True, unescaped_unicode=True),
    Profile(ksort="7"),
    Profile(ksort="8.0", serialize_precision=17, unescaped_unicode=True),
]


def usable(case: CanonicalCase) -> bool:
    """Say whether the document can be explained: not too deep, not too long."""
    nesting = max(case.document.count(b"["), case.document.count(b"{"))
    return nesting <= 64 and len(case.document) < 10_000


def test_the_right_style_is_what_php_answered() -> None:
    """Without a mistake, the text is the canonical form, for every profile."""
    seen = set()
    for case in chain(iter_canonical(), iter_profiles()):
        if not case.answer.ok or not usable(case):
            continue
        style = style_of(case.settings.profile)
        text = Renderer(read(case.document.decode())).render(style)
        assert case.answer.canonical == text, case.document
        seen.add(case.settings)
    assert Settings() in seen
    assert len(seen) > 4


def test_what_php_cannot_encode_is_an_error() -> None:
    """An infinite number is refused, not written in some way."""
    document = read('{"a":1e999}')
    with pytest.raises(CanonicalizationError, match="finite"):
        Renderer(document).render(Style())


def test_an_infinite_number_that_is_left_out_does_no_harm() -> None:
    """What is removed or replaced is not written, so it may be infinite."""
    document = read('{"a":1e999,"a":1,"sign":1e999}')
    assert Renderer(document).render(Style()) == b'{"a":1}'


@pytest.mark.parametrize("profile", PROFILES, ids=repr)
def test_profiles_and_styles_are_one(profile: Profile) -> None:
    """A profile comes back from its style."""
    assert profile_of(style_of(profile)) == profile


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.code)
def test_a_mistake_is_no_profile(mistake: object) -> None:
    """Only styles that PHP settings can give have a profile."""
    settings = {
        "order_ksort",
        "order_ksort_8_0",
        "order_ksort_7",
        "slashes_raw",
        "slashes_escaped",
        "unicode_raw",
        "unicode_lower",
        "numbers_php",
        "numbers_php_17",
    }
    chosen = next(m for m in MISTAKES if m is mistake)
    made = profile_of(make(Style(), [chosen]))
    assert (made is not None) == (chosen.code in settings)


NUMERIC = [
    "1",
    "-1",
    "+1",
    "007",
    "-0",
    " 1",
    "1 ",
    "1.",
    ".5",
    "-.5",
    "1e3",
    "1E-7",
    "0x1",
    "1_0",
    "",
    " ",
    ".",
    "-",
    "e1",
    "1e",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "1e400",
    "0.10",
    "1.0",
    "\u0661",
    "+85512345678",
    "1\n",
    "0.1e1 ",
    "- 1",
    "1 1",
    "inf",
    "nan",
    "99999999999999999999.5",
]


def test_numeric_strings_are_those_of_php() -> None:
    """JSON_NUMERIC_CHECK makes a number of exactly these strings."""
    php = find_php()
    if php is None:
        missing("no PHP 8.2 or later is installed", "KESSPAY_REQUIRE_PHP")
    program = (
        "foreach (json_decode(stream_get_contents(STDIN)) as $s)"
        " echo json_encode([$s], JSON_NUMERIC_CHECK), chr(10);"
    )
    # PHP fails on what overflows, so there is nothing that could be signed.
    texts = [text for text in NUMERIC if text != "1e400"]
    done = subprocess.run(
        [php, "-r", program],
        input=json.dumps(texts).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    answers = done.stdout.splitlines()
    assert len(answers) == len(texts)
    for text, answer in zip(texts, answers, strict=True):
        document = read(json.dumps([text]))
        assert answer == Renderer(document).render(Style(numbers="check")), text
    infinite = Renderer(read('["1e400"]')).render(Style(numbers="check"))
    assert infinite == b'["1e400"]'


def test_styles_that_do_not_apply_give_nothing() -> None:
    """There is no text of "data" where it is missing or no object."""
    for text in ("[]", "{}", '{"data":1}', '{"data":[]}'):
        assert Renderer(read(text)).render(Style(scope="data")) is None
