"""What a program signs is read from its signatures, and judged as a canonical form."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance import covered
from kesspay.conformance.adapter import Reply
from kesspay.conformance.blame import blame
from kesspay.conformance.covered import UNKNOWN, Signer, searched_text, signer_of
from kesspay.conformance.judge import Run, Verdict, judge, run, select
from kesspay.conformance.known import account_for
from kesspay.conformance.report import Report, as_text
from kesspay.signing.keys import PrivateKey
from tests.conformance.broken import canonicalize
from tests.conformance.small_adapters import program
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kesspay.conformance.kit import Case


KIT: Final = stored_kit()
CASES: Final[Mapping[str, Case]] = {case.id: case for case in KIT.cases}
PLAIN: Final = [case for case in KIT.cases if case.rule == "plain.form"][:3]


def signer(op: str = "sign") -> Signer:
    """Return what asks a program that has this operation alone."""
    found = signer_of([op], KIT)
    assert found is not None
    return found


def signed(text: bytes) -> bytes:
    """Return the signature of a text in base64, as a program makes it."""
    return b64encode(PrivateKey.from_pem(signer().key).sign(text))


def ask(cases: Sequence[Case], answers: Mapping[str, bytes], op: str = "sign") -> Run:
    """
    Run a program that answers these cases, and refuses all others.

    Args:
        cases: that it is asked.
        answers: by id of the case.
        op: the one that the program has.
    """
    table = {
        b64encode(CASES[name].text).decode(): b64encode(answer).decode()
        for name, answer in answers.items()
    }
    command = program(
        f"table = json.loads({json.dumps(table)!r})\n"
        f"for question in questions(ops=[{op!r}]):\n"
        "    made = table.get(question['text'])\n"
        "    fields = dict(refused='no') if made is None else dict(bytes=made)\n"
        "    say(id=question['id'], **fields)\n"
    )
    return run(command, KIT, cases=cases, timeout=60)


def verdicts(result: Run) -> list[Verdict]:
    """Return what became of the cases."""
    assert result.stopped is None, result.stopped
    return [outcome.verdict for outcome in result.outcomes]


@pytest.mark.parametrize(
    "codes",
    [
        ("slashes_raw", "unicode_raw"),
        ("order_document", "unicode_upper"),
        ("empty_kept", "slashes_raw", "unicode_raw"),
    ],
)
def test_mistakes_of_a_program_that_only_signs_are_named(
    codes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them at once, and no other rule; of a signature only its hash is known."""
    actual: list[bytes] = []
    proof = SimpleNamespace(covers=lambda text: text == actual[-1])
    examined = SimpleNamespace(recovered=proof)
    monkeypatch.setattr(covered, "examine", lambda *_: examined)
    outcomes = []
    for case in select(KIT.cases, areas=("document",), levels=("api",)):
        text = canonicalize(case.text, *codes)
        assert text is not None
        actual.append(text)
        outcomes.append(judge(case, Reply("bytes", signer().text(case, b"") or b"")))
    found = blame(outcomes, KIT)
    rules = {KIT.mistakes[code].rule for code in codes}
    assert {one.rule.id for one in found.firm} == rules
    assert not found.perhaps


def test_a_text_is_read_from_its_signature() -> None:
    """Right, wrong, refused, unknown, and one to refuse; the report says so."""
    slash, other = CASES["document/write.slash/2"], CASES["document/write.slash/1"]
    infinite, large = (CASES[f"document/fail.infinite/{n}"] for n in (1, 2))
    cases = [*PLAIN, slash, other, infinite, large]
    answers = {case.id: signed(case.text) for case in [*PLAIN, slash, large]}
    result = ask(cases, {**answers, other.id: signed(b'{"b":"/"}')})
    passed, failed = Verdict.passed, Verdict.failed
    assert verdicts(result) == [passed] * 3 + [failed, failed, passed, failed]
    assert result.outcomes[3].answer == slash.text
    assert result.outcomes[4].answer == UNKNOWN
    assert result.outcomes[6].answer == large.text
    report = Report(result, account_for(result, [], required=["canonicalize"]))
    assert "document are those that the signatures cover" in "\n".join(as_text(report))
    assert report.account.missing_ops == ("canonicalize",)


def test_what_is_signed_in_another_way_is_not_judged() -> None:
    """Of a program that signs a hash in place of its text, no text is known."""
    answers = {case.id: signed(b"a hash of it") for case in PLAIN}
    result = ask([*PLAIN, CASES["document/write.slash/1"]], answers)
    assert set(verdicts(result)) == {Verdict.unsupported}
    report = Report(result, account_for(result, []))
    assert "signatures cover" not in "\n".join(as_text(report))


def test_a_body_shows_its_text() -> None:
    """No refusal does: a list has a canonical form, and no signed body."""
    first, second, third = PLAIN
    broken_body = CASES["document/write.slash/1"]
    words = signed(first.text).decode()
    answers = {
        first.id: json.dumps({"sign": words}).encode(),
        second.id: json.dumps({"sign": 1}).encode(),
        broken_body.id: b"[",
    }
    result = ask([first, second, third, broken_body], answers, op="body")
    assert verdicts(result) == [Verdict.passed, *[Verdict.unsupported] * 3]


def test_the_search_ends_where_a_document_is_deep() -> None:
    """With hundreds of levels nothing is found."""
    deep = b'{"a":' * 511 + b"1" + b"}" * 511
    assert searched_text(deep, deep, lambda text: text == b"?", deepest=2) is None


def test_which_programs_are_asked_so() -> None:
    """One that signs and has no canonical form, where the kit has a key."""
    assert signer_of(["canonicalize", "sign"], KIT) is None
    assert signer_of(["verify"], KIT) is None
    assert signer().op == "sign"
    assert signer("body").op == "body"
    unread = tuple(
        replace(case, key=b"no key") if case.op == "sign" else case
        for case in KIT.cases
    )
    assert signer_of(["sign"], replace(KIT, cases=unread)) is None
