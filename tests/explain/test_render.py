"""Documents are read as they were written, and written as PHP writes them."""

from __future__ import annotations

import json
import subprocess
from itertools import chain

import pytest

from kesspay.errors import CanonicalizationError
from kesspay.explain.mistakes import MISTAKES, Style, make, profile_of, style_of
from kesspay.explain.render import (
    Renderer,
    read,
)
from kesspay.signing.profile import Profile
from tests.conftest import missing
from tests.support.php import find_php
from tests.support.php_answers import Settings
from tests.support.vectors import CanonicalCase, iter_canonical, iter_profiles


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


@pytest.mark.thorough
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


def test_a_variant_writes_what_one_of_its_own_would() -> None:
    """What two documents have in common is written once, and nothing is mixed up."""
    texts = (
        '{"b":{"a":1.50,"/":"a/b \u00e9"},"a":[{"x":1},{}],"c":2}',
        '{"b":{"a":1.5,"/":"a/b \u00e9"},"a":[{"x":1}],"d":2}',
    )
    first, second = map(read, texts)
    renderer = Renderer(first)
    styles = [make(Style(), [mistake]) for mistake in MISTAKES]
    for style in styles:
        for document in (first, second, read(texts[1])):
            written = renderer.variant(document).render(style)
            assert written == Renderer(document).render(style), style


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
        "numbers_php_100",
        "fraction_kept",
        "fraction_dropped",
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


def test_a_secret_is_needed_where_one_is_written() -> None:
    """Without one there is no such text."""
    style = Style(with_key="after")
    assert Renderer(read("{}")).render(style) is None
    assert Renderer(read("{}"), b"x").render(style) == b"[]&key=x"


def test_an_amount_beyond_all_money_keeps_its_digits() -> None:
    """Two places are not written behind a thousand digits."""
    document = read('{"amount":1e300}')
    assert Renderer(document).render(Style(numbers="amount_places")) == (
        b'{"amount":1e300}'
    )
