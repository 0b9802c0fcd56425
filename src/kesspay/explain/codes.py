"""The codes of findings, and what each means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kesspay._reasons import DOCUMENT_REASONS
from kesspay.explain.body import DECODE_REASONS, FORMS
from kesspay.explain.members import CODES as MEMBERS
from kesspay.explain.mistakes import MISTAKES
from kesspay.explain.raw import RAW
from kesspay.explain.recovered import DIGESTS
from kesspay.explain.signature import SLIPS


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["CODES"]


_BODY: Final[dict[str, str]] = {
    "body_inside_verifies": "what stands inside the recording verifies",
    "body_not_object": "the body is a JSON array",
    "body_duplicate": "a key occurs twice",
    "body_infinite": "a number is beyond the range of a double",
}
_SIGN: Final[dict[str, str]] = {
    "sign_missing": 'there is no "sign"',
    "sign_empty": '"sign" is an empty string',
    "sign_not_string": '"sign" is not a string',
    "sign_type": '"sign_type" is not "RSA2"',
    "sign_elsewhere": "a signature stands under another name or in an inner object",
    "unsigned_unauthenticated": "an UNAUTHENTICATED answer may be unsigned",
}
_KEY: Final[dict[str, str]] = {
    "key_other": "no key given belongs to the signature",
    "key_size": "the signature has the length of a key of another size",
    "key_own": "a key given is the public half of your own private key",
    "key_own_signed": "the signature was made with your own private key",
    "padding_pss": "the signature uses RSA-PSS padding",
    "digest_info_missing": "the signature does not name its digest",
    "digest_info_null": "the digest identifier lacks its NULL parameter",
}
_TEXT: Final[dict[str, str]] = {
    "text_right": "the signature was made over the canonical form",
    "text_unknown": "the signature was made over a text that is not known",
    "text_not_searched": "the signature was made over another text, not searched for",
    "value_changed": "a value was changed after the text was signed",
    "profile": "the text that was signed is that of other PHP settings",
    "values_differ": "body and expected text hold different values",
    "expected_equal": "the expected text is the canonical form",
    "expected_differs": "the expected text is not the canonical form",
    "expected_covered": "the signature was made over the expected text",
    "expected_not_covered": "the signature was not made over the expected text",
    "expected_newline": "the final line break of the expected text was cut off",
    "expected_is_body": 'the expected text holds "sign"',
    "expected_unused": "the body has no canonical form to compare with",
}


def _codes() -> Iterator[tuple[str, str]]:
    """Gather the codes from the tables where they are described."""
    yield from ((code, text) for code, (text, _) in FORMS.items())
    for reason in sorted(DECODE_REASONS):
        yield f"body_{reason}", f"the body is refused: {DOCUMENT_REASONS[reason]}"
    yield from _BODY.items()
    yield from ((f"sign_{slip}", f'"sign" {text}') for slip, (text, _) in SLIPS.items())
    yield from _SIGN.items()
    yield from _KEY.items()
    for digest in DIGESTS[1:]:
        yield f"digest_{digest}", f"the signature was made with {digest}"
    yield from ((mistake.code, mistake.what) for mistake in MISTAKES)
    yield from ((code, text) for code, (text, _) in RAW.items())
    yield from MEMBERS.items()
    yield from _TEXT.items()


#: Code to meaning. The codes are stable.
CODES: Final[dict[str, str]] = dict(_codes())
