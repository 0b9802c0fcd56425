"""The cause that a status says."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pytest

from kesspay.audit.causes import TEXTS, by_status, cause_of, digest_of
from kesspay.explain.explanation import CODES
from kesspay.signing.status import VerifyStatus


@pytest.mark.parametrize("status", VerifyStatus)
def test_each_status_has_words(status: VerifyStatus) -> None:
    """Every status but OK has a code, whose words are known."""
    if status is VerifyStatus.OK:
        return
    code = cause_of("refused", status.value)
    assert code in CODES or code in TEXTS


def test_codes() -> None:
    """Codes are those of ``kesspay explain`` where it has one."""
    assert cause_of("refused", 200) == "body_syntax"
    assert cause_of("refused", 400) == "mismatch"
    assert cause_of("unsigned", 401) == "sign_missing"
    assert cause_of("no_body", None) == "no_body"
    assert cause_of("outside_window", 0) == "outside_window"
    assert cause_of("unreadable", 100) == "not_judged"
    assert cause_of("unreadable", None) == "not_judged"


def test_by_status() -> None:
    """A reason of the reader comes first."""
    batch = pa.record_batch(
        {"verdict": ["unreadable", "refused"], "status": pa.array([None, 404])}
    )
    causes = by_status(batch, ["line_syntax", None])
    assert [(one.code, one.basis) for one in causes] == [
        ("line_syntax", "status"),
        ("sign_length", "status"),
    ]


def test_digest() -> None:
    """A body is known by its SHA-256."""
    assert digest_of(b"x") == hashlib.sha256(b"x").digest()
    assert digest_of(None) is None
