"""The form of an explanation that ``kesspay explain --json`` prints."""

from __future__ import annotations

import hashlib
import json

from kesspay.explain.report import Difference, ExpectedReport, Explanation, Finding


def test_what_is_unknown_is_null() -> None:
    """Every field is there, and what could not be found out is null."""
    plain = Explanation(verifies=False).as_dict()
    assert plain["canonical"] is None
    assert plain["canonical_sha256"] is None
    assert plain["canonical_length"] is None
    assert plain["signature"] is None
    assert plain["verifies"] is False


def test_plain_values() -> None:
    """Reports inside an explanation become objects of JSON."""
    text = b'{"a":1}'
    difference = Difference(5, "1", "2", 0, "other digits")
    expected = ExpectedReport("00", 7, equal=False, difference=difference)
    found = Explanation(
        verifies=False,
        canonical=text,
        expected=expected,
        findings=(Finding("expected_differs", "The texts differ."),),
    )
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain["canonical"] == text.decode()
    assert plain["canonical_sha256"] == hashlib.sha256(text).hexdigest()
    assert plain["canonical_length"] == len(text)
    assert plain["expected"]["difference"]["position"] == 5
    assert plain["findings"] == [
        {
            "code": "expected_differs",
            "text": "The texts differ.",
            "advice": "",
            "sort": "cause",
        }
    ]
