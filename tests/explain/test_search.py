"""The search is bounded, and always gives the same answer."""

from __future__ import annotations

from base64 import b64encode

from kesspay.errors import CanonicalizationError
from kesspay.explain.mistakes import MISTAKES
from kesspay.explain.profiles import PROFILES
from kesspay.explain.render import read
from kesspay.explain.search import (
    DEEPEST,
    Subject,
    find_mistakes,
    find_profile,
    find_signed_text,
    text_made_with,
)
from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import Profile


BUSY = '{"b":"/\\u00e9<","a":{"y":0.50,"x":{}},"c":null,"d":" ","sign":"x"}'


class Collector:
    """Accepts nothing and remembers how many bytes it was shown."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.texts: list[bytes] = []

    def __call__(self, text: bytes) -> bool:
        """Look at one text."""
        self.texts.append(text)
        return False


def test_a_busy_document_stays_within_the_budget() -> None:
    """The bytes that are written are bounded, whatever the document."""
    seen = Collector()
    assert find_mistakes(read(BUSY), {}, Profile(), seen) is None
    assert sum(map(len, seen.texts)) < 24 * 1024 * 1024
    assert len(seen.texts) > 1000


def test_a_long_document_is_tried_only_a_few_times() -> None:
    """The longer the document the fewer attempts, the likely ones first."""
    seen = Collector()
    text = '{"a":"' + "x/" * 60_000 + '"}'
    found = find_mistakes(read(text), {}, Profile(), seen, budget=2_000_000)
    assert found is None
    assert sum(map(len, seen.texts)) < 2_000_000
    assert any(text.startswith(b'{"a":"x/x/') for text in seen.texts)


def test_the_same_question_has_the_same_answer() -> None:
    """Nothing depends on a clock or on the order of a set."""
    first, second = Collector(), Collector()
    find_mistakes(read(BUSY), {}, Profile(), first, budget=1_000_000)
    find_mistakes(read(BUSY), {}, Profile(), second, budget=1_000_000)
    assert first.texts == second.texts


def test_the_simplest_story_wins() -> None:
    """Where one mistake is enough, several together are not reported."""
    seen = Collector()
    find_mistakes(read('{"b":"/","a":[]}'), {}, Profile(), seen)
    for text in seen.texts[:20]:
        found = find_mistakes(read('{"b":"/","a":[]}'), {}, Profile(), text.__eq__)
        assert found is not None
        assert len(found[1]) == 1


def test_no_more_than_four_mistakes_at_once() -> None:
    """The search goes four mistakes deep and names them in a fixed order."""
    text = b'\xef\xbb\xbf{"a":{},"b":"/\\u00E9<","c":null,"d":" ","sign":null}'
    document = '{"b":"/\\u00e9<","a":{},"c":null,"d":" ","sign":"x"}'
    found = find_mistakes(read(document), {}, Profile(), text.__eq__)
    assert found is not None
    assert len(found[1]) == DEEPEST
    order = [MISTAKES.index(mistake) for mistake in found[1]]
    assert order == sorted(order)


def test_ready_made_texts_come_with_what_is_around_them() -> None:
    """A text of another origin may have been wrapped before it was signed."""
    found = find_mistakes(read("{}"), {"x": b"abc"}, Profile(), b"abc\n".__eq__)
    assert found is not None
    assert found[0] == "x"
    assert [m.code for m in found[1]] == ["end_lf"]


def test_what_is_no_text_is_not_re_encoded() -> None:
    """Bytes that are no UTF-8 can be sought, and are simply not found there."""
    assert find_mistakes(read("{}"), {"x": b"\xff"}, Profile(), b"?".__eq__) is None


def test_infinite_numbers_are_passed_over() -> None:
    """A document that cannot be written in one style may be in another."""
    document = read('{"a":1e999,"b":"x"}')
    found = find_mistakes(document, {}, Profile(), b'{"a":1e999,"b":"x"}'.__eq__)
    assert found is not None
    assert [m.code for m in found[1]] == ["numbers_written"]


def subject(text: str) -> Subject:
    """Return a body as the search takes it."""
    try:
        canonical = canonicalize(text.encode())
    except CanonicalizationError:
        canonical = b""
    return Subject(text, read(text), canonical, Profile())


def test_settings_of_php_are_found() -> None:
    """Each of the 24 that writes another text is named; the right one is not."""
    body = subject('{"b":0.1,"a":"x/\u00e9","10":1,"9":2,"é":"/"}')
    for profile in PROFILES:
        text = canonicalize(body.text.encode(), profile=profile)
        found = find_profile(body, text.__eq__)
        if text == body.canonical:
            assert found is None
            continue
        assert found is not None
        assert found.profile is not None
        made = canonicalize(body.text.encode(), profile=found.profile)
        assert found.text == made == text
        assert text_made_with(body, found.codes) == text
    assert find_profile(subject('{"a":1e999}'), b"".__eq__) is None


def test_a_recipe_is_written_again() -> None:
    """The text that a recipe makes is that of the search; or there is none."""
    body = subject('{"b":"/","a":1,"sign":"x"}')
    for codes, text in {
        ("slashes_raw",): b'{"a":1,"b":"/"}',
        ("slashes_raw", "end_lf"): b'{"a":1,"b":"/"}\n',
        ("raw_without_sign",): b'{"b":"/","a":1}',
        ("raw_without_sign", "end_lf"): b'{"b":"/","a":1}\n',
    }.items():
        assert text_made_with(body, codes) == text
    assert text_made_with(body, ("raw_data",)) is None
    assert text_made_with(subject('{"a":1e999}'), ("end_lf",)) is None


def test_a_secret_is_never_in_the_text_that_is_shown() -> None:
    """Stars stand for it; where it was hashed or encoded there is no text to show."""
    body = '{"a":"/","sign":"x"}'
    subject = Subject(body, read(body), b'{"a":"\\/"}', Profile(), b"hunter2")
    assert "hunter2" not in repr(subject)
    for made, shown in [
        (b'{"a":"/"}&key=hunter2', b'{"a":"/"}&key=***'),
        (b'hunter2{"a":"\\/"}', b'***{"a":"\\/"}'),
        (b"nullhunter2", b"null***"),
        (b'{"a":"/","key":"hunter2"}', b'{"a":"/","key":"***"}'),
        (b"a=/&key=hunter2", b"a=/&key=***"),
        (b64encode(b'{"a":"\\/"}&key=hunter2'), None),
        ('{"a":"\\/"}&key=hunter2'.encode("utf-16-le"), None),
    ]:
        found = find_signed_text(subject, made.__eq__)
        assert found is not None
        assert found.text == shown
