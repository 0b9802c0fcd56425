"""The report for people, and the same as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from kesspay._version import __version__
from kesspay.conformance.adapter import AdapterStopped, Hello
from kesspay.conformance.blame import Blame, Blames, Stage0
from kesspay.conformance.judge import Outcome, Run, Verdict
from kesspay.conformance.kit import FOLDER, Refused
from kesspay.conformance.known import account_for
from kesspay.conformance.report import (
    STAGE0,
    Report,
    as_json,
    as_text,
    difference_lines,
    hint_of,
    question,
)
from tests.conformance.made import single
from tests.conformance.runs import HELLO, case, failed, outcome, passed, report
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Callable


RULES = stored_kit().rules
TYPE = Refused(reason="top_level", stage="type")


@pytest.fixture
def blamed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that sets what is blamed, whatever failed."""

    def put(*firm: Blame, **others: Any) -> None:  # noqa: ANN401 - fields of Blames
        blames = Blames(firm, **others)
        monkeypatch.setattr("kesspay.conformance.report.blame", lambda *_: blames)

    return put


def blame_of(rule: str, *outcomes: Outcome, firm: bool = True) -> Blame:
    """Blame a rule for some outcomes."""
    return Blame(RULES[rule], None, firm=firm, outcomes=outcomes, points=3)


def lines_of(shown: Report, *, everything: bool = False) -> list[str]:
    """Return the report as lines."""
    return list(as_text(shown, everything=everything))


# ------------------------------------------------------------ text


def test_the_report_of_the_specification(blamed: Callable[..., None]) -> None:
    """The first screen: who, what passed, which rule, the smallest case, the page."""
    unsupported = outcome(Verdict.unsupported, op="key", area="keys", detail="x")
    blamed(blame_of("write.slash", failed(1), failed(3)))
    shown = report(failed(1), passed(2), failed(3), unsupported)
    assert lines_of(shown) == [
        f"acme-kess 2.3 (Go 1.22)   kit {stored_kit().version}   document 1/3   0.2 s",
        "api  FAILED",
        "",
        "1 write.slash   a slash is not escaped                      2 cases",
        '  document/write.slash/1     {"a":"/"}',
        '    expected  {"a":"\\/"}',
        '    actual    {"a":"/"}',
        "                    ^",
        '  Go: strings.ReplaceAll(s, "/", `\\/`) after encoding',
        "  docs/explanation/canonical-form.md#strings",
        "",
        "unsupported   keys (1)",
        "next: kesspay conformance explain document/write.slash/1",
    ]


def test_all_is_well() -> None:
    """Two lines are enough."""
    shown = report(passed(1), passed(2, level="hostile"))
    assert lines_of(shown)[1:] == ["api  passed   hostile  passed"]
    assert shown.exit_code == 0


def test_three_rules_are_shown(blamed: Callable[..., None]) -> None:
    """The others are named; --all shows them, and what is less certain."""
    rules = ["write.slash", "write.unicode", "sort.bytes", "remove.sign"]
    one = failed(1)
    blamed(
        *(blame_of(rule, one) for rule in rules),
        perhaps=(blame_of("read.top_level", one, failed(2), firm=False),),
        single=tuple(failed(n) for n in range(1, 8)),
    )
    shown = report(one)
    text = "\n".join(lines_of(shown))
    assert "\n3 sort.bytes   " in text
    assert "\n4 remove.sign   " not in text
    assert "\n1 more: remove.sign (--all shows them)\n" in text
    assert (
        "perhaps   read.top_level (2)\nsingle   document/write.slash/1, "
        "document/write.slash/2, document/write.slash/3, document/write.slash/4, "
        "document/write.slash/5 and 2 more"
    ) in text
    everything = "\n".join(lines_of(shown, everything=True))
    assert "\n4 remove.sign   " in everything
    assert " more: " not in everything
    assert f"\nperhaps read.top_level   {RULES['read.top_level'].title}  " in everything
    assert "perhaps read.top_level" not in text
    assert "\nsingle write.slash\n  document/write.slash/7     " in everything


def test_what_is_less_certain_alone(blamed: Callable[..., None]) -> None:
    """The next step is a case of a rule that may be broken, or a single one."""
    one = failed(1)
    doubtful = (
        blame_of("write.unicode", failed(2), firm=False),
        blame_of("write.slash", failed(3), failed(2), firm=False),
    )
    blamed(perhaps=doubtful, single=(failed(4), failed(5)))
    lines = lines_of(report(one))
    assert lines[-1].endswith("explain document/write.slash/3")
    titles = [line.split("   ")[0] for line in lines if line[:1].isalpha()]
    assert titles[2:5] == [
        *("perhaps write.slash", "perhaps write.unicode", "single write.slash"),
    ]
    assert lines[9] == "  docs/explanation/canonical-form.md#strings"
    blamed(single=(failed(3),))
    assert lines_of(report(one))[-2] == "single   document/write.slash/3"
    assert lines_of(report(one))[-1].endswith("explain document/write.slash/1")


@pytest.mark.parametrize("stage0", STAGE0)
def test_the_plainest_cases_fail(blamed: Callable[..., None], stage0: Stage0) -> None:
    """Then only this is said, with the first of them."""
    blamed(stage0=stage0)
    plain = failed(1, id="document/plain.form/1", rule="plain.form")
    lines = lines_of(report(failed(2), plain))
    assert lines[3:5] == [STAGE0[stage0], '  document/plain.form/1     {"a":"/"}']
    # Nothing is wrong with the text where the adapter does not work.
    page = "  docs/explanation/canonical-form.md#writing"
    assert (page in lines) is (stage0 != "adapter")
    blamed(blame_of("plain.form", plain), stage0=stage0)
    assert lines_of(report(plain))[3:6] == [
        *(STAGE0[stage0], ""),
        "1 plain.form   blanks or line breaks stand between the values  1 case",
    ]
    blamed(stage0=stage0)
    assert STAGE0[stage0] in lines_of(report(failed(2)))


def test_good_documents_that_are_refused(blamed: Callable[..., None]) -> None:
    """The plainest comes first, before the rules, and is the next step."""
    asked = case(id="document/write.slash/3", text=b'{"a":"/"}')
    refused = Outcome(asked, Verdict.failed, refused="no")
    blamed(blame_of("write.slash", failed(1)), refused=(refused, refused))
    lines = lines_of(report(failed(1), refused))
    assert lines[3:9] == [
        "2 good documents are refused, beyond known mistakes. The plainest:",
        '  document/write.slash/3     {"a":"/"}',
        "    expected  {}",
        "    actual    refused: no",
        "",
        "1 write.slash   a slash is not escaped                      1 case",
    ]
    assert lines[-1].endswith("explain document/write.slash/3")
    blamed(perhaps=(blame_of("sort.bytes", failed(1), firm=False),), refused=(refused,))
    assert not [line for line in lines_of(report(refused)) if "perhaps sort" in line]


def test_errors_crashes_and_time_outs_are_counted() -> None:
    """They blame no rule, and their words are escaped; one may be a refusal."""
    shown = report(
        outcome(Verdict.error, 1),
        outcome(Verdict.error, 2),
        outcome(Verdict.crashed, 3),
        outcome(Verdict.timed_out, 4),
        restarts=2,
    )
    assert lines_of(shown)[2:] == [
        "",
        "error   2, first document/write.slash/1: why \\x1b[31m",
        "crashed   1, first document/write.slash/3: why \\x1b[31m",
        "timed out   1, first document/write.slash/4: why \\x1b[31m",
        "the adapter was restarted 2 times",
        "next: kesspay conformance explain document/write.slash/1",
    ]
    assert "the adapter was restarted once" in lines_of(report(passed(), restarts=1))
    assert shown.exit_code == 1
    mistaken = report(outcome(Verdict.error, 1, result=TYPE), outcome(Verdict.error, 2))
    assert not [line for line in lines_of(mistaken) if "must be refused" in line]
    mistaken = report(outcome(Verdict.error, 1, result=TYPE))
    assert lines_of(mistaken)[4].startswith("  1 of them must be refused: your code ")


def test_known_failures() -> None:
    """They are counted, blame nothing, and leave a level that is not quite passed."""
    shown = report(failed(1), passed(2), known="document/write.slash/1")
    assert lines_of(shown)[1:] == [
        "api  passed but for known failures",
        "",
        "known failures   1",
    ]
    assert shown.exit_code == 0


def test_known_failures_that_pass() -> None:
    """The line is named that must go."""
    shown = report(passed(1), known="#\ndocument/**\ndocument/write.slash/99")
    assert lines_of(shown)[3:] == [
        "line 2 of the known failures, document/**: every case passes; remove the line",
        (
            "line 3 of the known failures, document/write.slash/99: "
            "the kit has withdrawn it; remove the line"
        ),
    ]
    assert shown.exit_code == 1


def test_a_required_op_that_is_missing() -> None:
    """It is named, and the run fails."""
    shown = report(
        passed(1),
        outcome(Verdict.unsupported, 2, op="verify", area="verify"),
        required=["verify"],
    )
    assert "required, but not supported   verify (1)" in lines_of(shown)
    assert shown.exit_code == 1


def test_an_adapter_that_can_do_nothing_does_not_pass() -> None:
    """An op with a slip in its name must not look like success."""
    shown = report(
        outcome(Verdict.unsupported), hello=replace(HELLO, ops=("canonicalise\x1b",))
    )
    assert lines_of(shown)[1:] == [
        "api  not judged",
        "",
        "unsupported   document (1)",
        "the adapter lists the unknown op canonicalise\\x1b",
        "nothing was judged: the adapter supports none of these cases",
    ]
    assert shown.exit_code == 2


def test_an_adapter_that_stopped() -> None:
    """Nothing is certain, whatever passed."""
    shown = report(passed(1), stopped=AdapterStopped("x"), not_asked=1)
    assert shown.exit_code == 2
    nothing = report(stopped=AdapterStopped("x"), hello=Hello())
    assert nothing.exit_code == 2
    assert lines_of(nothing)[0].startswith("(no name)   kit ")


# ------------------------------------------------------------ differences


@pytest.mark.parametrize(
    ("shown", "lines"),
    [
        (
            failed(result=TYPE, answer=b"1\n\xc3\xa9"),
            ["expected  refused: type (top_level)", "actual    1\\x0a\\xc3\\xa9"],
        ),
        (
            failed(result=Refused(reason="", stage="type"), answer=b""),
            ["expected  refused: type", "actual    (no bytes)"],
        ),
        (
            Outcome(case(), Verdict.failed, refused="bad \x07"),
            ["expected  {}", "actual    refused: bad \\x07"],
        ),
        (
            Outcome(case(), Verdict.failed, refused=""),
            ["expected  {}", "actual    refused"],
        ),
        (
            Outcome(case(result=TYPE), Verdict.failed, refused="syntax"),
            ["expected  refused: type (top_level)", "actual    refused: syntax"],
        ),
        (
            outcome(Verdict.crashed),
            ["expected  {}", "actual    no answer: why \\x1b[31m"],
        ),
        (
            Outcome(case(op="body"), Verdict.failed, b"x" * 99, detail="it is forged"),
            ["actual    " + "x" * 60 + "...", "it is forged"],
        ),
        (
            failed(result=b"a" * 50 + b"b", answer=b"a" * 50 + b"\x1b"),
            [
                "expected  " + "a" * 24 + "b",
                "actual    " + "a" * 24 + "\\x1b",
                " " * 34 + "^",
                "          (at byte 50)",
            ],
        ),
        (
            failed(result=b"b" + b"a" * 50, answer=b"c" + b"a" * 23),
            [
                "expected  b" + "a" * 23 + "...",
                "actual    c" + "a" * 23,
                " " * 10 + "^",
            ],
        ),
        (
            failed(result=b"\x01" * 24 + b"b", answer=b"\x01" * 24),
            [
                "expected  " + "\\x01" * 24 + "b",
                "actual    " + "\\x01" * 24,
                " " * 106 + "^",
            ],
        ),
        (
            failed(answer=b""),
            ['expected  {"a":"\\/"}', "actual    (no bytes)", " " * 10 + "^"],
        ),
        (passed(), ["expected  {}", "actual    {}"]),
    ],
)
def test_what_came_in_place_of_what(shown: Outcome, lines: list[str]) -> None:
    """Bytes from the first difference on, or what is no answer; escaped and short."""
    assert difference_lines(shown) == lines


def test_a_question_is_short_and_printable() -> None:
    """It is what the adapter was asked, on one line."""
    assert question(failed()) == '{"a":"/"}'
    assert question(failed(text=b"\x1b" * 61)) == "\\x1b" * 60 + "..."


@pytest.mark.parametrize(
    ("language", "hint"),
    [
        ("Go 1.22", 'Go: strings.ReplaceAll(s, "/", `\\/`) after encoding'),
        ("go", 'Go: strings.ReplaceAll(s, "/", `\\/`) after encoding'),
        ("go1.19.8", 'Go: strings.ReplaceAll(s, "/", `\\/`) after encoding'),
        ("Golang", 'Go: strings.ReplaceAll(s, "/", `\\/`) after encoding'),
        ("PHP8.2", "PHP: -"),
        ("Rust 1.80", "look at it"),
        ("", "look at it"),
        ("  ", "look at it"),
    ],
)
def test_the_hint_of_a_language(language: str, hint: str) -> None:
    """The first word of what the adapter is written in chooses it."""
    rule = replace(
        RULES["write.slash"],
        hints={
            "PHP": "-",
            "Go": 'strings.ReplaceAll(s, "/", `\\/`) after encoding',
            "all": "look at it",
        },
    )
    assert hint_of(rule, language) == hint
    assert hint_of(replace(rule, hints={"Go": "-"}), "C++ 20") == ""
    assert hint_of(replace(rule, hints={"Go": "-", "PHP": "+"}), "C++ 20") == "PHP: +"


def test_the_names_that_adapters_give() -> None:
    """Each language of a hint is found by the name that the kit's adapter gives."""
    names = {name for rule in RULES.values() for name in rule.hints} - {"all"}
    given = ("Java 17", "Node 20", "go1.19", "C# (CLR 4)", "PHP 8", "Ruby 3", "python3")
    found = [
        hint_of(replace(RULES["write.slash"], hints=dict.fromkeys(names, "-")), one)
        for one in (*given, "bash", "C")
    ]
    assert sorted(found) == sorted(f"{name}: -" for name in names)


# ------------------------------------------------------------ JSON


SCHEMA = json.loads((FOLDER / "schema" / "report.json").read_bytes())


def test_the_schema_is_one() -> None:
    """It is of the same kind as the others of the kit."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "shown",
    [
        report(passed()),
        report(
            failed(1),
            outcome(Verdict.crashed, 2),
            outcome(Verdict.unsupported, 3, op="verify", area="verify"),
            Outcome(case(result=TYPE), Verdict.failed, refused="\ud800\x1b"),
            passed(5),
            known="document/write.slash/1\ndocument/write.slash/5",
            required=["verify"],
        ),
        report(
            passed(),
            stopped=AdapterStopped("x", ("last",), "do"),
            not_asked=3,
            restarts=3,
        ),
        report(stopped=AdapterStopped("x"), hello=Hello()),
    ],
)
def test_the_schema_holds(shown: Report) -> None:
    """Whatever happened, the report is as its schema says, and ASCII."""
    text = json.dumps(as_json(shown))
    assert text.isascii()
    assert list(Draft202012Validator(SCHEMA).iter_errors(json.loads(text))) == []


def test_the_fields_of_the_report(blamed: Callable[..., None]) -> None:
    """Every case has verdict, answer and time; blames have their cases."""
    blamed(blame_of("write.slash", failed(1)), single=(failed(3),))
    fields = as_json(report(failed(1), passed(2), failed(3), not_asked=0))
    cases = fields.pop("cases")
    assert cases[0] == {
        "id": "document/write.slash/1",
        "rule": "write.slash",
        "level": "api",
        "verdict": "failed",
        "known": False,
        "answer_base64": "eyJhIjoiLyJ9",
        "refused": None,
        "detail": "",
        "milliseconds": 1.25,
    }
    assert [one["verdict"] for one in cases] == ["failed", "passed", "failed"]
    assert fields == {
        "format": 1,
        "kesspay": __version__,
        "kit": stored_kit().version,
        "adapter": {
            "name": "acme-kess",
            "version": "2.3",
            "language": "Go 1.22",
            "ops": ["canonicalize"],
            "profiles": [],
        },
        "exit_code": 1,
        "stopped": None,
        "seconds": 0.2,
        "restarts": 0,
        "not_asked": 0,
        "counts": {
            "passed": 1,
            "failed": 2,
            "error": 0,
            "crashed": 0,
            "timed_out": 0,
            "unsupported": 0,
        },
        "levels": {"api": "failed"},
        "areas": {"document": {"passed": 1, "judged": 3, "unsupported": 0}},
        "stage0": None,
        "refused": [],
        "blames": [
            {
                "rule": "write.slash",
                "title": RULES["write.slash"].title,
                "doc": RULES["write.slash"].doc,
                "severity": RULES["write.slash"].severity,
                "mistake": None,
                "firm": True,
                "points": 3,
                "cases": ["document/write.slash/1"],
            }
        ],
        "single": ["document/write.slash/3"],
        "known": {"failures": [], "needless": [], "withdrawn": []},
        "missing": [],
        "missing_ops": [],
        "unknown_ops": [],
    }


def test_the_mistake_is_named(blamed: Callable[..., None]) -> None:
    """Where one explains a rule, its code is there; known failures blame nothing."""
    mistake = next(iter(stored_kit().mistakes.values()))
    blamed(replace(blame_of("write.slash", failed(1)), mistake=mistake))
    assert as_json(report(failed(1)))["blames"][0]["mistake"] == mistake.code


def test_known_failures_blame_nothing() -> None:
    """What is known is not found again."""
    outcomes = [failed(number) for number in (1, 2, 3)]
    assert report(*outcomes).account.faults
    shown = report(*outcomes, known="write.slash")
    assert shown.blames == Blames()


def test_what_is_wrong_with_a_signature_is_said() -> None:
    """Two signatures in base64 do not show it; two texts do."""
    kit = stored_kit()
    for code, is_said in (("sign_sha1", True), ("slashes_raw", False)):
        run = Run(hello=HELLO, kit=kit, outcomes=tuple(single(kit, code)))
        lines = list(as_text(Report(run, account_for(run, ()))))
        assert (f"  {kit.mistakes[code].title}" in lines) is is_said
