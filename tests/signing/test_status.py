"""The numbers of kess.h and the words of the exceptions for one another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from kesspay import (
    BackendError,
    DocumentRefused,
    InputError,
    InvalidSignature,
    VerifyStatus,
)
from kesspay._reasons import DOCUMENT_REASONS, KEY_REASONS, SIGNATURE_REASONS
from kesspay.signing import status


HEADER: Final = Path(__file__).parents[2] / "csrc" / "include" / "kess.h"


def test_numbers_of_the_header() -> None:
    """Each number is that of the constant of kess.h with the same word."""
    text = HEADER.read_text(encoding="utf-8")
    found = re.findall(r"\bKESS_ERR_(?:KEY_)?([A-Z0-9_]+) = (\d+)", text)
    numbers = {int(value): word.lower() for word, value in found}
    tables = status.DOCUMENT_STATUS | status.SIGNATURE_STATUS | status.KEY_STATUS
    assert numbers[400] == "signature"
    assert tables == {n: numbers[n] for n in tables} | {400: "mismatch"}
    assert set(numbers) - set(tables) == {1, 2, 3, 100, 101}


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (BackendError("x"), VerifyStatus.CRYPTO),
        (MemoryError(), VerifyStatus.MEMORY),
        (InvalidSignature(), VerifyStatus.MISMATCH),
        (DocumentRefused("depth"), VerifyStatus.DEPTH),
    ],
)
def test_status_of(
    error: BackendError | InvalidSignature | MemoryError, verdict: VerifyStatus
) -> None:
    """A document that could not be checked has another status than a wrong one."""
    assert status.status_of(error) is verdict


def test_words_and_numbers() -> None:
    """Every status has the word of an exception, and the number of kess.h."""
    reasons = DOCUMENT_REASONS | SIGNATURE_REASONS
    for verdict in VerifyStatus:
        if verdict.value >= 200:
            assert verdict.reason in reasons
    words = status.DOCUMENT_STATUS | status.SIGNATURE_STATUS
    for verdict in VerifyStatus:
        if verdict.value >= 200:
            assert words[verdict.value] == verdict.reason
    assert set(status.KEY_STATUS.values()) == set(KEY_REASONS)


def test_every_refusal_has_a_status() -> None:
    """Whatever verify_document can raise has a status, on both backends alike."""
    of_signing = {"not_stable", "sign_present"}
    refusals = {
        value: word
        for value, word in (status.DOCUMENT_STATUS | status.SIGNATURE_STATUS).items()
        if word not in of_signing
    }
    assert refusals == {one.value: one.reason for one in VerifyStatus if one >= 200}


@pytest.mark.parametrize("verdict", VerifyStatus)
def test_no_truth_value(verdict: VerifyStatus) -> None:
    """``if status`` is refused: OK is 0."""
    with pytest.raises(InputError):
        bool(verdict)
