# ruff: noqa: ANN401 - fields of a case are of any type

"""Verdicts: what an answer is compared with, and what a run makes of an adapter."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Final

import pytest

from kesspay.conformance.adapter import Hello, Reply
from kesspay.conformance.judge import (
    Outcome,
    Verdict,
    is_named,
    judge,
    known_profile,
    profile_name,
    request_of,
    select,
)
from kesspay.conformance.kit import Case, Refused
from kesspay.signing.keys import PrivateKey
from kesspay.signing.profile import Profile
from tests.conformance.runs import case, run_of
from tests.conformance.small_adapters import ECHO, program
from tests.support.kit import stored_kit
from tests.support.vectors import KEYS


PEM: Final = (KEYS / "rsa-2048.pem").read_bytes()
SYNTAX: Final = Refused(reason="syntax", stage="decode")


# ------------------------------------------------------------ one answer


@pytest.mark.parametrize(
    ("result", "reply", "verdict", "detail"),
    [
        (b"{}", Reply("bytes", b"{}"), "passed", ""),
        (b"{}", Reply("bytes", b"[]"), "failed", ""),
        (b"", Reply("bytes", b""), "passed", ""),
        (b"{}", Reply("refused", words="x"), "failed", "it must not be refused"),
        (SYNTAX, Reply("refused", words="x"), "passed", ""),
        (
            SYNTAX,
            Reply("bytes", b""),
            "failed",
            "it must be refused (decode, syntax)",
        ),
        (
            Refused(reason="", stage="type"),
            Reply("bytes", b""),
            "failed",
            "it must be refused (type)",
        ),
        (b"{}", Reply("unsupported", words="x"), "unsupported", "x"),
        (b"{}", Reply("error", words="x"), "error", "x"),
        (SYNTAX, Reply("error", words="x"), "error", "x"),
        (SYNTAX, Reply("crashed", words="x"), "crashed", "x"),
        (SYNTAX, Reply("timed_out", words="x"), "timed_out", "x"),
    ],
)
def test_the_verdict(
    result: bytes | Refused, reply: Reply, verdict: str, detail: str
) -> None:
    """Only the right bytes pass; an error, a crash or silence is no refusal."""
    outcome = judge(case(result=result), reply, milliseconds=1.5)
    assert (outcome.verdict.value, outcome.detail) == (verdict, detail)
    assert outcome.milliseconds == 1.5
    assert outcome.answer == (reply.content if reply.kind == "bytes" else None)
    assert outcome.refused == (reply.words if reply.kind == "refused" else None)


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("syntax", "passed"),
        ("decode", "passed"),
        ("Decode: at byte 3", "passed"),
        ("syntax/decode", "passed"),
        ("type", "failed"),
        ("a syntax error", "failed"),
        ("", "failed"),
    ],
)
def test_reasons_are_compared_where_they_should_be(words: str, verdict: str) -> None:
    """The first word of a refusal is its class, or kesspay's word for it."""
    reply = Reply("refused", words=words)
    assert judge(case(result=SYNTAX), reply).verdict is Verdict.passed
    outcome = judge(case(result=SYNTAX), reply, reasons=True)
    assert outcome.verdict.value == verdict
    if verdict == "failed":
        assert "another reason than decode, syntax" in outcome.detail


def body_case(**fields: Any) -> Case:
    """Return a case that wants a signed body."""
    return case(
        **{
            "id": "sign/write.slash/1",
            "area": "sign",
            "op": "body",
            "text": b'{"a":"/"}',
            "key": PEM,
            "result": b'{"a":"\\/"}',
            **fields,
        }
    )


def test_a_body_is_judged_by_verifying_it() -> None:
    """Any body passes that verifies and says what was asked."""
    key = PrivateKey.from_pem(PEM)
    right = key.signed_body({"a": "/"})
    assert judge(body_case(), Reply("bytes", right)).verdict is Verdict.passed
    spaced = right.replace(b'":', b'" : ')
    assert spaced != right
    assert judge(body_case(), Reply("bytes", spaced)).verdict is Verdict.passed
    other = judge(body_case(), Reply("bytes", key.signed_body({"a": "b"})))
    assert other.verdict is Verdict.failed
    assert other.detail == "the signature is right, and the body says something else"
    forged = judge(body_case(), Reply("bytes", right.replace(b"/", b"x", 1)))
    assert forged.verdict is Verdict.failed
    assert forged.detail.startswith("the body does not verify: ")


def test_a_body_of_another_profile() -> None:
    """The body verifies under the profile of its case."""
    key = PrivateKey.from_pem(PEM)
    body = key.signed_body({"a": "/"}, profile=Profile(unescaped_slashes=True))
    asked = body_case(profile=("unescaped_slashes",), result=b'{"a":"/"}')
    assert judge(asked, Reply("bytes", body)).verdict is Verdict.passed
    assert judge(body_case(), Reply("bytes", body)).verdict is Verdict.failed


def test_a_long_wrong_answer_is_cut() -> None:
    """A thousand of them must not fill the memory; a right one is kept whole."""
    long = b"x" * 300_000
    outcome = judge(case(), Reply("bytes", long))
    assert outcome.answer == long[: 256 * 1024]
    assert outcome.detail == "only its beginning is kept (300000 bytes)"
    assert judge(case(result=long), Reply("bytes", long)).answer == long
    refused = judge(case(result=SYNTAX), Reply("bytes", long))
    assert refused.verdict is Verdict.failed
    assert refused.detail == "it must be refused (decode, syntax) (300000 bytes)"
    form = b'{"a":"%s"}' % long
    body = PrivateKey.from_pem(PEM).signed_body({"a": long.decode()})
    signed = judge(body_case(text=form, result=form), Reply("bytes", body))
    assert (signed.verdict, signed.answer) == (Verdict.passed, body)


# ------------------------------------------------------------ questions


def test_a_question_has_what_the_case_has() -> None:
    """Fields that a case does not have are not sent; all bytes are base64."""
    assert request_of(case(text=b"/")) == {
        "op": "canonicalize",
        "profile": "",
        "text": "Lw==",
    }
    full = case(
        op="key",
        kind="private",
        key=b"k",
        text=b"t",
        password=b"",
        profile=("precision=17", "ksort=7"),
    )
    assert request_of(full) == {
        "op": "key",
        "profile": "precision=17,ksort=7",
        "kind": "private",
        "key": "aw==",
        "text": "dA==",
        "password": "",
    }


def test_no_question_of_the_kit_has_a_blank_or_an_escape() -> None:
    """A regular expression reads the lines of the runner."""
    for one in stored_kit().cases:
        for name, value in request_of(one).items():
            assert not set(name + value) & set(' "\\\t\n'), one.id
            if name in ("key", "text", "password"):
                b64decode(value, validate=True)


@pytest.mark.parametrize(
    ("listed", "profile", "known"),
    [
        ((), (), True),
        ((), ("ksort=7",), False),
        (("ksort=7",), ("ksort=7",), True),
        (("ksort=7",), ("precision=17", "ksort=7"), False),
        (("ksort=7", "precision=17"), ("precision=17", "ksort=7"), True),
        (("precision=17,ksort=7",), ("precision=17", "ksort=7"), True),
        (("precision=17,ksort=7",), ("ksort=7",), False),
        (("ksort=7,precision=17",), ("precision=17", "ksort=7"), True),
    ],
)
def test_profiles_that_an_adapter_knows(
    listed: tuple[str, ...], profile: tuple[str, ...], *, known: bool
) -> None:
    """It lists a whole profile, or each of its words; PHP 8.2 needs no listing."""
    one = case(profile=profile)
    assert known_profile(Hello(profiles=listed), one) is known
    assert profile_name(one) == ",".join(profile)


# ------------------------------------------------------------ runs


def test_a_run() -> None:
    """Each case has its verdict, in order, and a time."""
    cases = [case(id=f"document/write.slash/{n}") for n in (1, 2, 3)]
    cases[1] = case(id="document/write.slash/2", result=b"[]")
    seen: list[Case] = []
    done = run_of(ECHO, *cases, progress=seen.append)
    assert [outcome.case for outcome in done.outcomes] == cases == seen
    assert done.counts == {Verdict.passed: 2, Verdict.failed: 1}
    assert all(outcome.milliseconds > 0 for outcome in done.outcomes)
    assert done.hello.name == "tried"
    assert (done.restarts, done.stopped, done.not_asked) == (0, None, 0)
    assert done.seconds > 0


def test_cases_can_be_chosen() -> None:
    """Those that are given are asked, and not those of the kit."""
    done = run_of(ECHO, case(), cases=[])
    assert done.outcomes == ()


def test_what_an_adapter_does_not_list_is_not_asked() -> None:
    """Another op or profile is unsupported; the adapter never sees it."""
    strict = program("for q in questions(profiles=['ksort=7']): right(q)")
    done = run_of(
        strict,
        case(op="verify"),
        case(profile=("ksort=8.0",)),
        case(profile=("ksort=7",)),
    )
    assert [(o.verdict.value, o.detail) for o in done.outcomes] == [
        ("unsupported", "the adapter does not list the op verify"),
        ("unsupported", "the adapter does not list the profile ksort=8.0"),
        ("passed", ""),
    ]


def test_crash_hang_and_error_are_verdicts_of_their_own() -> None:
    """The run goes through them, and counts the restarts."""
    code = """
for question in questions():
    if question["text"] == "MQ==": sys.exit(1)
    if question["text"] == "Mg==": say(id=question["id"], error="x")
    else: right(question)
"""
    cases = [case(text=text, result=text) for text in (b"0", b"1", b"2", b"3")]
    done = run_of(program(code), *cases)
    verdicts = [outcome.verdict.value for outcome in done.outcomes]
    assert verdicts == ["passed", "crashed", "error", "passed"]
    assert done.restarts == 1
    hangs = program("for question in questions(): time.sleep(600)")
    silent = run_of(hangs, case(), timeout=0.1)
    assert [outcome.verdict for outcome in silent.outcomes] == [Verdict.timed_out]


def test_an_adapter_that_stops_ends_the_run() -> None:
    """What was judged stays; the others have no verdict."""
    code = """
for question in questions():
    if question["id"] > 1: sys.exit(1)
    right(question)
"""
    done = run_of(program(code), *[case()] * 9)
    verdicts = [outcome.verdict.value for outcome in done.outcomes]
    assert verdicts == ["passed", *["crashed"] * 4]
    assert done.not_asked == 4
    assert done.restarts == 3
    assert "3 times without an answer" in str(done.stopped)


def test_an_adapter_that_does_not_start() -> None:
    """It is no error of the caller: the run says why."""
    done = run_of(program("sys.exit(3)"), case())
    assert done.outcomes == ()
    assert (done.hello, done.not_asked, done.restarts) == (Hello(), 1, 0)
    assert "exit code 3" in str(done.stopped)


# ------------------------------------------------------------ selecting


CASES: Final = (
    case(),
    case(id="document/sort.bytes/1", rule="sort.bytes", level="hostile"),
    case(id="verify/sort.bytes/1", rule="sort.bytes", area="verify"),
    case(id="document/write.slash/2", profile=("ksort=7",)),
)


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ({}, [0, 1, 2, 3]),
        ({"areas": ["document"]}, [0, 1, 3]),
        ({"areas": ["document", "verify"]}, [0, 1, 2, 3]),
        ({"levels": ["hostile"]}, [1]),
        ({"only": ["sort.bytes"]}, [1, 2]),
        ({"only": ["document/write.slash/2"]}, [3]),
        ({"only": ["document/*/1", "sort.*"]}, [0, 1, 2]),
        ({"only": ["nothing"]}, []),
        ({"profiles": ["ksort=7"]}, [3]),
        ({"profiles": [""]}, [0, 1, 2]),
        ({"areas": ["document"], "levels": ["api"], "profiles": [""]}, [0]),
    ],
)
def test_selecting(options: dict[str, Any], chosen: list[int]) -> None:
    """Each option narrows the choice."""
    assert select(CASES, **options) == tuple(CASES[at] for at in chosen)


def test_names_are_compared_exactly() -> None:
    """Upper case is another name, and a part of one is none."""
    assert is_named(case(), "write.slash")
    assert not is_named(case(), "Write.slash")
    assert not is_named(case(), "write")
    assert not is_named(case(), "document/write.slash")
    assert Outcome(case(), Verdict.passed).milliseconds == 0
