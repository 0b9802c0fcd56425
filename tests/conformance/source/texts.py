"""What the mistakes of a canonicaliser make of a document that is signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.conformance.broken import each
from tests.conformance.source.rules import tried


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["wrong_texts"]

#: A verifier or a signer has mistakes of its own that do the same: these would share
#: their answers, and neither could be blamed.
_TWINS: Final = ("scope_", "values_no_", "fails_", "overflow_", "duplicates_", "with_")


def wrong_texts(text: bytes) -> Iterator[tuple[str, bytes | None]]:
    """
    Yield the code of each mistake and the text that it would sign or verify.

    Args:
        text: a document; without a canonical form there is None in the place of the
            text.
    """
    codes = [mistake.code for mistake in tried(text)]
    yield from each(text, [one for one in codes if not one.startswith(_TWINS)])
