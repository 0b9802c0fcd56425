"""The cases of base64: the text of a signature, and the bytes that it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.conformance import broken_base64
from tests.conformance.source import Draft, Mistake, Source
from tests.conformance.source.judges import ask_base64
from tests.conformance.source.signature_rules import RuleMaker


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["SOURCE"]


_rule: Final = RuleMaker("base64", "base64.", "hostile", "hostile")


_EXACT: Final = "decode, encode again, and compare with the text"

RULES: Final = (
    _rule("bytes", "good base64 means other bytes", "base64", 0, "api", "differs"),
    _rule(
        "alphabet",
        "characters outside of the alphabet are accepted",
        "base64",
        1,
        hints={
            "PHP": f"base64_decode skips what it does not know: {_EXACT}",
            "Node": f"Buffer.from skips what it does not know: {_EXACT}",
            "Python": "base64.b64decode(text, validate=True)",
            "Go": "base64.StdEncoding.Strict(), and no line ends in the text",
        },
    ),
    _rule(
        "blanks",
        "blanks or line ends are accepted",
        "base64",
        2,
        hints={
            "Go": "the decoder skips CR and LF, also when it is Strict()",
            "Java": "Base64.getDecoder(), not getMimeDecoder()",
            "C#": f"Convert.FromBase64String skips blanks: {_EXACT}",
            "Ruby": "Base64.strict_decode64",
        },
    ),
    _rule(
        "padding",
        "missing, more or misplaced padding is accepted",
        "base64",
        3,
        hints={"Java": f"the decoder takes missing padding: {_EXACT}"},
    ),
    _rule(
        "bits",
        "unused bits that are not zero are accepted",
        "base64",
        4,
        hints={"all": _EXACT, "Go": "base64.StdEncoding.Strict()"},
    ),
)

#: RFC 4648, 10, and bytes that readers of text stumble over.
_GOOD: Final = (
    *("", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"),
    *("AA==", "AAAA", "AGEA", "/w==", "////", "++++", "+/8=", "YQAA"),
)
_BAD: Final = (
    ("alphabet", "Zm9-", "a hyphen of the url-safe alphabet"),
    ("alphabet", "Zm9_", "an underscore of the url-safe alphabet"),
    ("alphabet", "-_-_", "url-safe alone"),
    ("alphabet", "Zm9v!", "an exclamation mark behind"),
    ("alphabet", "Zm!9v", "an exclamation mark inside"),
    ("alphabet", "Zm9v\0", "a NUL behind"),
    ("alphabet", "Zm\x009v", "a NUL inside"),
    ("alphabet", "Zm9vé", "a letter that is not ASCII"),
    ("alphabet", "Zm9v%3D", "percent encoding"),
    ("alphabet", "Zm8,", "a comma"),
    ("alphabet", "Zm 9", "a blank in the place of a plus"),
    ("alphabet", "666f6", "half a hexadecimal number"),
    ("alphabet", "666f6f", "hexadecimal digits"),
    ("alphabet", "6b657373aa", "more hexadecimal digits"),
    ("blanks", "Zm9v\n", "a line end behind"),
    ("blanks", "Zm9v\r\nYmFy", "a line end inside"),
    ("blanks", " Zm9v", "a blank in front"),
    ("blanks", "Zm9v ", "a blank behind"),
    ("blanks", "Zm 9v", "a blank inside"),
    ("blanks", "Zm\t9v", "a tab inside"),
    ("blanks", " ", "a blank alone"),
    ("padding", "Zg", "both are missing"),
    ("padding", "Zg=", "one is missing"),
    ("padding", "Zm8", "the one is missing"),
    ("padding", "Zm9v=", "one too many"),
    ("padding", "Zm9v====", "four too many"),
    ("padding", "Zg===", "one too many behind two"),
    ("padding", "Zm=9v", "one inside"),
    ("padding", "Zg==Zg==", "two texts in a row"),
    ("padding", "Zm8=Zm9v", "two texts in a row, the second one without padding"),
    ("padding", "=", "padding alone"),
    ("padding", "====", "much padding alone"),
    ("padding", "Z", "one letter"),
    ("padding", "Zm9vY", "one letter too many"),
    ("bits", "Zh==", "4 unused bits, the last one is 1"),
    ("bits", "Zv==", "4 unused bits, all are 1"),
    ("bits", "Zm9=", "2 unused bits, the last one is 1"),
    ("bits", "Zm/=", "2 unused bits, all are 1"),
)


def _drafts() -> Iterator[Draft]:
    for text in _GOOD:
        yield Draft("base64.bytes", "api", text.encode(), "good base64")
    for rule, text, comment in _BAD:
        yield Draft(f"base64.{rule}", "hostile", text.encode(), comment)


def _wrong(draft: Draft) -> Iterator[tuple[str, bytes | None]]:
    for code in broken_base64.MISTAKES:
        yield code, broken_base64.decode_base64(draft.text, {code})


SOURCE: Final = Source(
    "base64",
    "Texts in base64 and the bytes that they mean, or a refusal. The text is that of "
    "sign once the JSON was read.",
    RULES,
    tuple(
        Mistake(code=code, rule=rule, title=title)
        for code, (rule, title) in broken_base64.MISTAKES.items()
    ),
    tuple(_drafts()),
    ask_base64,
    _wrong,
)
