"""What explain finds becomes single mistakes and the rules of the kit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kesspay.conformance.causes import _RULES, Cause, causes, parts_of, rule_of
from kesspay.explain import explain
from kesspay.explain.explanation import CODES
from kesspay.explain.mistakes import MISTAKES
from kesspay.explain.render import read
from kesspay.signing.documents import canonicalize
from kesspay.signing.keys import PublicKey
from kesspay.signing.profile import PHP_8
from tests.support.forger import body_of, pkcs1
from tests.support.kit import stored_kit
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from kesspay.conformance.kit import Kit


TEMPLATE = (
    '{"success":true,"data":{"url":"a/b","n":0.5},"sign_type":"RSA2","sign":"SIGN"}'
)
RIGHT = canonicalize(TEMPLATE)


@pytest.fixture(scope="module")
def kit() -> Kit:
    """Return the kit of the package."""
    return stored_kit()


def found(text: bytes, kit: Kit) -> tuple[Cause, ...]:
    """Explain a body that was signed over a text."""
    key = PublicKey.from_pem((KEYS / "rsa-2048.pub.pem").read_bytes())
    body = body_of(TEMPLATE, pkcs1(text))
    return causes(explain(body, [key]), body, kit)


def test_a_mistake_in_the_text_is_named_by_its_rule(kit: Kit) -> None:
    """The rule, what was done, and what to do instead; not another profile."""
    [cause] = found(RIGHT.replace(b"\\/", b"/"), kit)
    assert cause.rule is kit.rules["write.slash"]
    assert cause.code == "slashes_raw"
    assert "slashes" in cause.text
    assert r"\/" in cause.advice


def test_what_a_library_does_is_taken_apart(kit: Kit) -> None:
    """Each single mistake is named, and none that changes nothing in this body."""
    text = json.dumps({"data": {"url": "a/b", "n": 0.5}, "success": True}).encode()
    codes = {cause.code for cause in found(text, kit)}
    assert codes == {"slashes_raw", "spacing_python"}


def test_what_is_not_in_the_text_is_named_too(kit: Kit) -> None:
    """A signature that is damaged, or of another text, has its cause."""
    key = PublicKey.from_pem((KEYS / "rsa-2048.pub.pem").read_bytes())
    body = TEMPLATE.replace("SIGN", "A-A_").encode()
    named = causes(explain(body, [key]), body, kit)
    assert "sign_url_safe" in {cause.code for cause in named}
    [unknown] = found(b"something else", kit)
    assert (unknown.code, unknown.rule) == ("text_unknown", None)
    [ready_made] = found(b"[]", kit)
    assert ready_made.code == "empty_array"


def test_a_body_that_verifies_has_no_cause(kit: Kit) -> None:
    """There is nothing to name."""
    assert found(RIGHT, kit) == ()


def test_parts_are_those_that_change_the_text() -> None:
    """Of a library's mistakes only those are left that this document shows."""

    def parts(text: str, *codes: str) -> list[str]:
        return [one.code for one in parts_of(read(text), codes, PHP_8)]

    assert parts('{"a":"/"}', "library_javascript") == ["slashes_raw"]
    assert parts('{"a":{}}', "library_javascript") == ["empty_object"]
    assert parts('{"a":"x"}', "library_go") == []
    assert parts('{"a":"/"}', "raw_data", "slashes_raw") == ["slashes_raw"]


def test_every_code_that_has_a_rule_is_known(kit: Kit) -> None:
    """The table names codes of explain and rules of the kit, and forgets no mistake."""
    for code, rule in _RULES.items():
        assert code in CODES, code
        assert rule in kit.rules, rule
    single = {one.code for one in MISTAKES if len(one.changes) == 1}
    assert {code for code in single if rule_of(code, kit) is None} == set()
    without = {code for code in CODES if rule_of(code, kit) is None}
    kinds = {code.partition("_")[0] for code in without}
    assert kinds <= {
        *("body", "expected", "key", "library", "profile", "text"),
        *("unsigned", "value", "values"),
    }


def test_a_code_without_a_rule(kit: Kit) -> None:
    """A code that the kit does not know has no rule."""
    assert rule_of("no_such_code", kit) is None
