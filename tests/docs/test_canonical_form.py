"""Every row of the page about the canonical form is true, of kesspay and of PHP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from kesspay import CanonicalizationError, canonicalize
from tests.support.pages import code_span, tables


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend
    from tests.support.php import Php


ROWS: Final = tables("explanation/canonical-form.md", "| text | canonical form |\n")

#: What PHP calls an error of a kind; the rest is "decode".
PHP_NAMES: Final = {"top_level": "type", "infinite": "encode"}


def test_there_are_rows() -> None:
    """The tables are found: a change of their header cannot empty the tests."""
    assert len(ROWS) > 80


def expected(cell: str) -> tuple[str | None, str]:
    """Return the canonical form that a cell shows, or the reason of an error."""
    shown = code_span(cell)
    if shown is not None:
        return shown, ""
    found = re.fullmatch(r"\*error: (\w+)\*", cell)
    assert found is not None, cell
    return None, found[1]


@pytest.mark.parametrize(("given", "wanted"), ROWS)
def test_kesspay(given: str, wanted: str, backend: Backend) -> None:
    """Both backends give what the page says."""
    text = code_span(given)
    assert text is not None
    form, reason = expected(wanted)
    if form is not None:
        assert canonicalize(text) == form.encode("ascii")
        return
    with pytest.raises(CanonicalizationError) as caught:
        canonicalize(text)
    assert caught.value.reason == reason


def test_php(php: Php) -> None:
    """Real PHP gives what the page says."""
    texts = [(code_span(given) or "").encode() for given, _ in ROWS]
    for (given, wanted), answer in zip(ROWS, php.canonicalize(texts), strict=True):
        form, reason = expected(wanted)
        if form is None:
            assert answer.failure == PHP_NAMES.get(reason, "decode"), given
        else:
            assert answer.canonical == form.encode("ascii"), given
