"""The JUnit report is as the common schemas want it, whatever an adapter sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

import pytest

from kesspay.conformance.adapter import AdapterStopped, Hello
from kesspay.conformance.judge import Verdict
from kesspay.conformance.junit import as_junit
from tests.conformance.runs import HELLO, failed, outcome, passed, report
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from kesspay.conformance.report import Report


AT: Final = datetime(2026, 11, 30, 1, 2, 3, 456, tzinfo=UTC)

#: The rules of the schemas of Ant (JUnit.xsd) and of Jenkins (junit-10.xsd): which
#: elements have which attributes, those that must be there, and which children in
#: which order.
RULES: Final[dict[str, tuple[set[str], set[str], str]]] = {
    "testsuites": (set(), set(), r"(testsuite )*"),
    "testsuite": (
        {
            *("name", "timestamp", "hostname", "tests", "failures", "errors", "time"),
            *("package", "id"),
        },
        {"skipped"},
        r"properties (testcase )*system-out system-err ",
    ),
    "properties": (set(), set(), r"(property )*"),
    "property": ({"name", "value"}, set(), ""),
    "testcase": (
        {"name", "classname", "time"},
        set(),
        r"((skipped|error|failure) )?",
    ),
    "failure": ({"type"}, {"message"}, ""),
    "error": ({"type"}, {"message"}, ""),
    "skipped": (set(), {"message"}, ""),
    "system-out": (set(), set(), ""),
    "system-err": (set(), set(), ""),
}


def parsed(shown: Report) -> ET.Element:
    """Parse a report, and check it by the rules of the schemas."""
    text = as_junit(shown, at=AT)
    assert text.isascii()
    top = ET.fromstring(text)  # noqa: S314 - it is our own
    assert top.tag == "testsuites"
    for element in top.iter():
        needed, allowed, children = RULES[element.tag]
        assert needed <= set(element.attrib) <= needed | allowed, element.tag
        assert re.fullmatch(children, "".join(f"{c.tag} " for c in element))
        if children:
            assert not (element.text or "").strip()
    for suite in top:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        for name, tag in (
            *(("failures", "failure"), ("errors", "error")),
            ("skipped", "skipped"),
        ):
            assert suite.get(name) == str(len(suite.findall(f"testcase/{tag}")))
        assert suite.get("timestamp") == "2026-11-30T01:02:03"
        assert re.fullmatch(r"\d+\.\d{3}", suite.get("time", ""))
        names = [case.get("name") for case in cases]
        assert len(set(names)) == len(names)
    ids = [suite.get("id") for suite in top]
    assert ids == [str(number) for number in range(len(ids))]
    return top


def test_a_failure_has_its_rule_its_diff_and_its_page() -> None:
    """A suite is an area, a test case is a case."""
    top = parsed(report(failed(1), passed(2), passed(3, area="verify", op="verify")))
    assert [suite.get("name") for suite in top] == ["document", "verify"]
    first, second = top[0].findall("testcase")
    assert first.get("name") == "document/write.slash/1"
    assert first.get("classname") == "kesspay.document"
    assert first.get("time") == "0.001"
    assert len(second) == 0
    (failure,) = first
    assert failure.tag == "failure"
    assert failure.attrib == {
        "message": "write.slash: a slash is not escaped",
        "type": "failed",
    }
    assert (failure.text or "").splitlines() == [
        "write.slash: a slash is not escaped",
        '{"a":"/"}',
        'expected  {"a":"\\/"}',
        'actual    {"a":"/"}',
        "                ^",
        "docs/explanation/canonical-form.md#strings",
    ]
    properties = {p.get("name"): p.get("value") for p in top[0].iter("property")}
    assert properties == {
        "adapter": "acme-kess 2.3 (Go 1.22)",
        "kit": stored_kit().version,
    }


@pytest.mark.parametrize("verdict", [Verdict.error, Verdict.crashed, Verdict.timed_out])
def test_what_is_no_answer_is_an_error(verdict: Verdict) -> None:
    """Build servers show it apart from failures."""
    top = parsed(report(outcome(verdict)))
    (found,) = top[0].findall("testcase/error")
    assert found.get("type") == verdict.value
    assert "actual    no answer: why \\x1b[31m" in (found.text or "")


def test_what_is_skipped() -> None:
    """Unsupported cases, and known failures."""
    top = parsed(
        report(
            failed(1),
            outcome(Verdict.unsupported, 2, detail="not yet"),
            known="document/write.slash/1",
        )
    )
    words = [skipped.get("message") for skipped in top[0].iter("skipped")]
    assert words == ["known failure: write.slash", "not yet"]


def test_what_fails_and_is_no_case() -> None:
    """A known failure that passes, a required op, and an adapter that stopped."""
    missing = outcome(Verdict.unsupported, 2, op="verify", area="verify", detail="no")
    stopped = AdapterStopped("it left", ("last \x1b & words",), "look")
    top = parsed(
        report(
            passed(1),
            missing,
            known="document/*write*",
            required=["verify"],
            stopped=stopped,
        )
    )
    assert [suite.get("name") for suite in top] == [
        *("document", "verify", "known", "adapter")
    ]
    (required,) = top[1].iter("failure")
    assert (required.get("message"), required.get("type")) == ("no", "unsupported")
    assert top[3][1].get("name") == "adapter"
    (error,) = top[3].iter("error")
    assert error.get("message") == "it left; look"
    assert error.text == "last \\x1b & words"


def test_a_required_op_without_a_case() -> None:
    """It is a failure of a suite of its own."""
    top = parsed(report(passed(1), required=["key"]))
    assert [suite.get("name") for suite in top] == ["document", "required"]
    assert top[1][1].get("name") == "key"
    assert top[1].get("failures") == "1"


def test_a_line_that_is_needless() -> None:
    """It is a failure of a suite of its own."""
    top = parsed(report(passed(1), known="document/write.slash/1"))
    (case,) = top[1].findall("testcase")
    assert case.get("name") == "line 1: document/write.slash/1"
    assert case[0].get("type") == "needless"
    assert "remove the line" in (case[0].get("message") or "")


def test_hostile_texts_are_data() -> None:
    """No text of an adapter is markup, and none is a character XML cannot have."""
    bad = "]]><evil a='\"'>&\x00\x1b\ufffe\ud800"
    hello = Hello(bad, bad, bad, HELLO.ops)
    top = parsed(
        report(
            failed(1, answer=bad.encode(errors="surrogatepass")),
            outcome(Verdict.error, 2, detail=bad),
            outcome(Verdict.unsupported, 3, detail=bad),
            hello=hello,
            stopped=AdapterStopped(bad, (bad,), bad),
        )
    )
    shown = "]]><evil a='\"'>&\\x00\\x1b\\xef\\xbf\\xbe\\xed\\xa0\\x80"
    assert top[0].find("testcase/skipped") is not None
    assert top[0].findall("testcase/skipped")[0].get("message") == shown
    assert top.findall(".//evil") == []


def test_nothing_was_asked() -> None:
    """An adapter that does not start is one error."""
    top = parsed(report(stopped=AdapterStopped("x"), hello=Hello()))
    assert [suite.get("name") for suite in top] == ["adapter"]
