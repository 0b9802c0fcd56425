"""The reasons of exceptions: words that never change, and one sentence for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from kesspay import (
    CanonicalizationError,
    DocumentRefused,
    InvalidSignature,
    KeyLoadError,
)
from kesspay._reasons import DOCUMENT_REASONS, KEY_REASONS, SIGNATURE_REASONS
from kesspay.signing import status


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend


ALL: Final = DOCUMENT_REASONS | SIGNATURE_REASONS | KEY_REASONS


def test_words() -> None:
    """Programs compare these words: one may be added, none may change or go."""
    assert set(DOCUMENT_REASONS) >= {
        *("syntax", "utf8", "control", "escape", "surrogate", "depth", "top_level"),
        *("infinite", "type", "range", "duplicate", "not_object", "not_stable"),
        *("order", "sign_present"),
    }
    assert set(SIGNATURE_REASONS) >= {
        *("mismatch", "sign_missing", "sign_not_string", "sign_base64"),
        *("sign_length", "sign_type"),
    }
    assert set(KEY_REASONS) >= {
        *("file", "format", "kind", "ambiguous", "secret", "password", "algorithm"),
        *("size", "modulus", "exponent", "inconsistent"),
    }


def test_a_word_has_one_meaning() -> None:
    """No word is in two tables, and no two words have one sentence."""
    tables = (DOCUMENT_REASONS, SIGNATURE_REASONS, KEY_REASONS)
    assert len(ALL) == sum(map(len, tables))
    assert len(set(ALL.values())) == len(ALL)


@pytest.mark.parametrize("word", ALL)
def test_sentences(word: str) -> None:
    """A sentence fits into a longer one: no capital, no full stop, one line."""
    sentence = ALL[word]
    assert sentence == " ".join(sentence.split())
    assert sentence[0].islower() or sentence[0] == '"'
    assert sentence[-1] not in ".:;,"


@pytest.mark.parametrize("word", ALL)
def test_messages(word: str) -> None:
    """The message of an exception holds the sentence of its reason."""
    if word in KEY_REASONS:
        errors: list[Exception] = [KeyLoadError(word, needed="a public key")]
    elif word in SIGNATURE_REASONS:
        errors = [InvalidSignature(word)]
    else:
        errors = [CanonicalizationError(word), DocumentRefused(word)]
    for error in errors:
        assert ALL[word] in str(error)


def test_the_c_library_says_the_same(both_backends: dict[str, Backend]) -> None:
    """kess_status_message has the sentence of Python for each status."""
    assert "native" in both_backends
    from kesspay._native import ffi, lib

    words = status.DOCUMENT_STATUS | status.SIGNATURE_STATUS | status.KEY_STATUS
    for value, word in words.items():
        message = ffi.string(lib.kess_status_message(value)).decode()
        assert message == ALL[word], word
