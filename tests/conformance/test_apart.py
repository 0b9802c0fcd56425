"""Wrong signatures are taken apart, and each part is judged alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance.adapter import Reply
from kesspay.conformance.apart import case_id, proves, taken_apart
from kesspay.conformance.blame import Blames, blame
from kesspay.conformance.judge import Outcome, Verdict, judge
from tests.conformance.made import answer, outcomes
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Mapping

    from kesspay.conformance.kit import Case, Kit


KIT: Final[Kit] = stored_kit()
CASES: Final[Mapping[str, Case]] = {case.id: case for case in KIT.cases}


def outcome(name: str, *codes: str) -> Outcome:
    """Return what a program with these mistakes makes of a case of the kit."""
    case = CASES[f"sign/{name}"]
    return judge(case, Reply("bytes", answer(case, *codes) or b""))


def wrong_parts(one: Outcome) -> dict[str, str]:
    """Return the parts that are wrong, and the rule of each."""
    return {
        part.case.id.partition("#")[2]: part.case.rule
        for part in taken_apart(one)
        if part.verdict is Verdict.failed
    }


@pytest.mark.parametrize(
    ("codes", "wrong"),
    [
        (("sign_url", "sign_sha1"), {"url_safe": "base64", "hash": "hash"}),
        (("sign_pss", "sign_lines"), {"scheme": "scheme", "whitespace": "base64"}),
        (("sign_no_null", "sign_raw_text"), {"scheme": "scheme", "text": "text"}),
        (("sign_reversed", "sign_sha512"), {"length": "length", "hash": "hash"}),
        (("sign_stripped", "sign_md5"), {"hash": "hash"}),
        (("sign_line_end", "sign_sha384"), {"text": "text", "hash": "hash"}),
        (("sign_kept", "sign_pss"), {"text": "text", "scheme": "scheme"}),
        (
            ("sign_twice", "sign_unpadded"),
            {"encoded_twice": "base64", "padding": "base64"},
        ),
    ],
)
def test_two_mistakes_are_two_parts(
    codes: tuple[str, ...], wrong: dict[str, str]
) -> None:
    """Each part is labelled with the rule that it is about."""
    one = outcome("sign.text/2", *codes)
    if "sign_raw_text" in codes:
        one = outcome("sign.text/4", *codes)
    assert wrong_parts(one) == {name: f"sign.{rule}" for name, rule in wrong.items()}


def test_a_part_lists_the_mistakes_that_change_it() -> None:
    """And no others, so that each is compared with its own."""
    parts = {
        part.case.id.partition("#")[2]: part
        for part in taken_apart(outcome("sign.text/1", "sign_url", "sign_sha1"))
    }
    assert set(parts["url_safe"].case.mistakes) == {"sign_url"}
    assert parts["hash"].case.mistakes["sign_sha1"] == parts["hash"].answer
    assert "sign_url" not in parts["hash"].case.mistakes
    assert case_id(parts["hash"]) == "sign/sign.text/1"
    assert parts["text"].verdict is Verdict.passed


def test_what_cannot_be_read_stays_whole() -> None:
    """Noise, a refusal, another operation, a case that passed, and no signature."""
    asked = CASES["sign/sign.text/1"]
    noise = judge(asked, Reply("bytes", b"A" * 342 + b"=="))
    nothing = judge(asked, Reply("bytes", b""))
    refused = judge(asked, Reply("refused"))
    right = outcome("sign.text/1")
    text = judge(CASES["document/write.slash/1"], Reply("bytes", b"x"))
    unread = judge(
        replace(asked, key=b"no key"), Reply("bytes", answer(asked, "sign_url") or b"")
    )
    keyless = replace(refused, case=replace(asked, key=None), answer=b"x")
    for one in (noise, nothing, refused, right, text, unread, keyless):
        assert taken_apart(one) == (one,)
        assert not proves(one)
        assert case_id(one) == one.case.id


def test_a_failure_is_not_lost_where_no_part_is_wrong() -> None:
    """A body with a key twice, which is refused; others that cannot be parsed."""
    case = CASES["sign/body.plain/1"]
    right = answer(case) or b""
    twice = judge(case, Reply("bytes", right.replace(b"{", b'{"a":1,')))
    assert twice.verdict is Verdict.failed
    assert taken_apart(twice) == (twice,)
    body = judge(CASES["sign/body.plain/1"], Reply("bytes", b'[1,"sign":"A"}'))
    assert taken_apart(body) == (body,)
    assert taken_apart(other := judge(body.case, Reply("bytes", b"?"))) == (other,)


def test_a_signature_that_was_cut_has_its_length() -> None:
    """Nothing else can be read of it; its length alone proves no rule."""
    case = CASES["sign/sign.plain/3"]
    one = judge(case, Reply("bytes", answer(case, "sign_2048", "sign_lines") or b""))
    assert wrong_parts(one) == {"size": "sign.length", "whitespace": "sign.base64"}
    proofs = {p.case.id.partition("#")[2] for p in taken_apart(one) if proves(p)}
    assert "size" not in proofs
    assert "whitespace" in proofs


def test_the_text_of_the_plainest_documents_is_about_them() -> None:
    """What is signed instead of them is no canonical form that is almost right."""
    one = outcome("sign.plain/1", "sign_hex_digest", "sign_end")
    assert wrong_parts(one) == {"text": "sign.plain", "whitespace": "sign.base64"}


def test_a_mistake_that_refuses_is_refuted_by_a_signature() -> None:
    """One part says so."""
    one = outcome("sign.text/1", "sign_url")
    asked = replace(one.case, mistakes={**one.case.mistakes, "sign_scalar": None})
    parts = taken_apart(replace(one, case=asked))
    assert [p.case.id for p in parts if "sign_scalar" in p.case.mistakes] == [
        "sign/sign.text/1#text"
    ]


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("sign.nothing/1", ("sign_infinite_null", "sign_pss", "sign_end")),
        ("sign.nothing/4", ("sign_scalar", "sign_reversed")),
        ("sign.nothing/8", ("sign_nothing", "sign_sha512")),
        ("body.sign_present/1", ("body_sign_replaced", "sign_sha1")),
        ("body.sign_present/4", ("body_sign_type_replaced", "body_no_sign_type")),
        ("body.object/1", ("body_list", "sign_url")),
    ],
)
def test_what_must_not_be_signed(name: str, codes: tuple[str, ...]) -> None:
    """What was signed is compared, however it was signed."""
    one = outcome(name, *codes)
    [part] = taken_apart(one)
    assert part.case.result == one.case.result
    assert part.case.mistakes[codes[0]] == part.answer
    assert part.answer != one.answer


def test_a_signature_of_nothing_that_cannot_be_read_stays_whole() -> None:
    """There is nothing to compare."""
    for made in (b"A" * 342 + b"==", b"AAAA"):
        one = judge(CASES["sign/sign.nothing/1"], Reply("bytes", made))
        assert taken_apart(one) == (one,)


def test_an_unknown_text_under_another_hash() -> None:
    """Neither a text of JSON nor another is found by a search."""
    for name in ("sign.text/1", "sign.nothing/8"):
        case = CASES[f"sign/{name}"]
        other = replace(CASES["sign/sign.plain/4"], key=case.key)
        signature = answer(other, "sign_sha512", "sign_kept") or b""
        [text] = [
            part
            for part in taken_apart(judge(case, Reply("bytes", signature)))
            if part.case.id.endswith("#text")
        ]
        assert text.answer == b"unknown"


def test_bodies() -> None:
    """The members, the sign_type and the signature are parts of a body."""
    one = outcome("body.plain/2", "body_no_sign_type", "sign_hex")
    assert wrong_parts(one) == {"sign_type": "body.plain", "hex": "sign.base64"}
    one = outcome("body.plain/2", "body_members_lost", "sign_sha1")
    assert wrong_parts(one) == {"members": "body.plain", "hash": "sign.hash"}
    empty = judge(
        one.case, Reply("bytes", b'{"a":"b","c":"d","sign_type":"RSA","sign":""}')
    )
    assert wrong_parts(empty) == {"sign_type": "body.plain"}


def blamed(*codes: str) -> Blames:
    """Blame a program with these mistakes."""
    cases = [case for case in KIT.cases if set(codes) & set(case.mistakes)]
    return blame(outcomes(KIT, codes, cases=cases), KIT)


def test_rules_are_named_by_their_parts() -> None:
    """Each failing case is shown once for a rule, with its own id."""
    found = blamed("sign_pss", "sign_end")
    assert {one.rule.id for one in found.firm} == {"sign.scheme", "sign.base64"}
    for one in found.firm:
        shown = [each.case.id for each in one.outcomes]
        assert len(shown) == len(set(shown))
        assert set(shown) <= set(CASES)


def test_an_unknown_value_of_a_part_breaks_its_rule() -> None:
    """A hash that no known mistake uses is another hash all the same."""
    asked = [case for case in KIT.cases if case.op == "sign"]
    without = [
        replace(
            case,
            mistakes={k: v for k, v in case.mistakes.items() if k != "sign_sha384"},
        )
        for case in asked
    ]
    answers = [
        judge(case, Reply("refused"))
        if (made := answer(case, "sign_sha384")) is None
        else judge(case, Reply("bytes", made))
        for case in without
    ]
    found = blame(answers, KIT)
    assert [one.rule.id for one in found.all] == ["sign.hash"]
    assert found.firm
