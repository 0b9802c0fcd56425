"""A body from the field leads to rules, and to the smallest documents."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kesspay.conformance.inquiry import Right, inquire, right_answer
from kesspay.explain.mistakes import Style
from kesspay.explain.render import Renderer, read
from kesspay.signing.profile import Profile
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from kesspay.conformance.kit import Kit


BODY = json.dumps(
    {
        "success": True,
        "data": {"url": "https://a.example/c", "name": "\u179f\u17bb", "n": 0.5},
        "sign_type": "RSA2",
        "sign": "AAAA",
    },
    ensure_ascii=False,
).encode()


@pytest.fixture(scope="module")
def kit() -> Kit:
    """Return the kit of the package."""
    return stored_kit()


def program(text: bytes) -> bytes | None:
    """Answer as JSON.stringify does."""
    if right_answer(text).canonical is None:
        return None
    style = Style(slashes="raw", unicode="raw_all", empty="object")
    return Renderer(read(text.decode())).render(style)


def test_a_right_answer(kit: Kit) -> None:
    """Nothing is wrong, and nothing is asked."""
    found = inquire(BODY, right_answer(BODY).canonical, kit)
    assert (found.faults, found.asked, found.finished) == ((), 0, True)


def test_each_rule_has_its_smallest_document(kit: Kit) -> None:
    """A program with two mistakes in one body breaks two rules, each shown alone."""
    found = inquire(BODY, program(BODY), kit, ask=program)
    assert [fault.rule and fault.rule.id for fault in found.faults] == [
        "write.slash",
        "write.unicode",
    ]
    slash, unicode = found.faults
    assert slash.document == b'{"":"/"}'
    assert (slash.right, slash.actual) == (Right(b'{"":"\\/"}'), b'{"":"/"}')
    assert not unicode.document.isascii()
    assert len(unicode.document) < 12
    assert found.finished
    assert 0 < found.asked < 200


def test_without_a_program_nothing_is_shrunk(kit: Kit) -> None:
    """The answer alone is explained."""
    found = inquire(BODY, program(BODY), kit)
    assert [fault.code for fault in found.faults] == ["slashes_raw", "unicode_raw_all"]
    assert {fault.document for fault in found.faults} == {BODY}
    assert (found.asked, found.finished) == (0, False)


def test_questions_are_bounded(kit: Kit) -> None:
    """All faults together ask no more than is allowed."""
    asked = []

    def counted(text: bytes) -> bytes | None:
        asked.append(text)
        return program(text)

    found = inquire(BODY, program(BODY), kit, ask=counted, questions=9)
    assert len(asked) == found.asked == 9
    assert not found.finished


def test_a_small_document_may_show_a_known_mistake(kit: Kit) -> None:
    """What hides the mistake in the body falls away while it shrinks."""

    def other(text: bytes) -> bytes | None:
        answer = program(text)
        return answer and answer.replace(b'"data"', b'"DATA"')

    found = inquire(BODY, other(BODY), kit, ask=other)
    [fault] = found.faults
    assert (fault.code, fault.document) == ("empty_object", b"{}")


@pytest.mark.thorough
def test_the_cases_of_the_kit_are_asked_as_well(kit: Kit) -> None:
    """A mistake that only the kit knows is found where a case is the document."""
    case = next(
        one for one in kit.cases if one.op == "canonicalize" and b"/" in one.text
    )
    mine = replace(case, mistakes={**case.mistakes, "slashes_raw": b"!"})
    found = inquire(case.text, b"!", replace(kit, cases=(mine,)))
    [fault] = found.faults
    assert fault.code == "slashes_raw"
    assert fault.rule is kit.rules["write.slash"]
    assert fault.text == kit.mistakes["slashes_raw"].title
    [unknown] = inquire(case.text, b"?", replace(kit, cases=(mine,))).faults
    assert (unknown.code, unknown.text) == ("", "")
    assert unknown.rule is kit.rules[case.rule]
    [nothing] = inquire(BODY, b"?", kit).faults
    assert (nothing.code, nothing.rule) == ("", None)


def test_refusals(kit: Kit) -> None:
    """A refusal can be wrong, and so can an answer where one is due."""
    found = inquire(BODY, None, kit)
    assert (found.actual, len(found.faults)) == (None, 1)
    found = inquire(b"{", b"x", kit)
    assert found.right == Right(None, "syntax")
    assert [fault.actual for fault in found.faults] == [b"x"]
    assert inquire(b"{", None, kit).faults == ()


def test_settings_of_php(kit: Kit) -> None:
    """Another profile has other right answers."""
    profile = Profile(unescaped_slashes=True)
    answer = right_answer(BODY, profile).canonical
    assert inquire(BODY, answer, kit, profile=profile).faults == ()
    assert [one.code for one in inquire(BODY, answer, kit).faults] == ["slashes_raw"]
