"""
From what ``kesspay explain`` finds to the rules of the kit.

The search of ``explain`` names mistakes by code, several of them at once where a JSON
library makes them together. Here they are taken apart, and each gets the rule of the
kit that it breaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kesspay.explain.body import DECODE_REASONS, FORMS
from kesspay.explain.mistakes import MISTAKES, Mistake, make, style_of
from kesspay.explain.raw import RAW
from kesspay.explain.recovered import DIGESTS
from kesspay.explain.render import Renderer, read
from kesspay.explain.search import find_mistakes
from kesspay.signing.profile import PHP_8


if TYPE_CHECKING:
    from collections.abc import Sequence

    from kesspay.conformance.kit import Kit, Rule
    from kesspay.explain.render import Node
    from kesspay.explain.report import Explanation
    from kesspay.signing.profile import Profile


__all__ = ["Cause", "causes", "parts_of", "rule_of"]

#: What the search for differences of a known text may write.
_BUDGET: Final = 4 << 20
_BY_CODE: Final = {mistake.code: mistake for mistake in MISTAKES}

#: What breaks a rule and is no mistake in the text of a document.
_BROKEN: Final[dict[str, tuple[str, ...]]] = {
    "sign.base64": (
        "sign_percent_encoded",
        "sign_quoted",
        "sign_plus_lost",
        "sign_whitespace",
        "sign_url_safe",
        "sign_garbage",
        "sign_padding",
        "sign_trailing_bits",
        "sign_truncated",
        "sign_encoded_twice",
    ),
    "sign.length": ("sign_length", "sign_zero_stripped"),
    "sign.hash": tuple(f"digest_{name}" for name in DIGESTS[1:]),
    "sign.scheme": ("padding_pss", "digest_info_missing", "digest_info_null"),
    "sign.text": tuple(code for code in RAW if code != "empty"),
    "sign.nothing": ("empty",),
    # Mistakes in the text of a document that no program of the kit makes.
    "plain.bare": tuple(
        f"with_key_{place}"
        for place in ("after", "before", "appended", "prepended", "member")
    ),
    "plain.json": (
        "form_query_json",
        "form_search_params",
        "form_query_rfc3986",
        "form_query_decoded",
        "form_values_php",
        "form_values_comma",
        "form_values_pipe",
        "form_values_list",
        *("form_values_sort", "form_values_rsort"),
        "encoding_entities",
    ),
    "number.integer": ("numbers_javascript",),
    "sort.bytes": ("order_values", "order_values_reverse", "order_document_reverse"),
    "sort.mixed": ("keys_javascript",),
    "keep.members": ("member_left_out", "member_added"),
    "keep.types": (
        *("chars_nfc", "chars_nfd"),
        *("chars_entities", "chars_entities_double", "chars_entities_plain"),
    ),
    "list.array": ("empty_force",),
    "write.html": ("html_gson",),
    "write.whole": ("fraction_kept",),
    "write.digits": ("numbers_php_100",),
    "body.plain": ("sign_missing", "sign_empty", "sign_not_string", "sign_elsewhere"),
    "verify.sign_type": ("sign_type",),
    "verify.duplicate": ("body_duplicate",),
    "verify.nothing": ("body_infinite",),
    "verify.depth": ("body_depth",),
    "verify.json": (
        *FORMS,
        *(f"body_{reason}" for reason in sorted(DECODE_REASONS - {"depth"})),
        "body_not_object",
    ),
}
_RULES: Final = {code: rule for rule, codes in _BROKEN.items() for code in codes}


@dataclass(frozen=True, slots=True)
class Cause:
    """
    One reason why a body does not verify.

    Attributes:
        code: of ``kesspay explain``.
        rule: that is broken, or None where the kit has none for it.
        text: what was done, one sentence.
        advice: what to do instead, or "".
    """

    code: str
    rule: Rule | None
    text: str
    advice: str


def causes(
    explanation: Explanation, body: bytes, kit: Kit, profile: Profile = PHP_8
) -> tuple[Cause, ...]:
    """
    Name the rules that a body breaks.

    Args:
        explanation: of the body.
        body: that was explained.
        kit: whose rules are named.
        profile: of the explanation.
    """
    parts: tuple[Mistake, ...] = ()
    if any(code in _BY_CODE for code in explanation.mistakes):
        parts = parts_of(read(body.decode()), explanation.mistakes, profile)
    found = [
        Cause(one.code, rule_of(one.code, kit), one.what, one.fix) for one in parts
    ]
    # A profile is another name for mistakes; a gateway of another profile is no cause.
    named = {"profile", *(c for c in explanation.mistakes if c in _BY_CODE)}
    found += [
        Cause(one.code, rule_of(one.code, kit), one.text, one.advice)
        for one in explanation.findings
        if one.sort == "cause" and one.code not in named
    ]
    found += [
        Cause(one.code, rule_of(one.code, kit), one.what, one.fix)
        for one in _written_otherwise(explanation, body, profile)
    ]
    return tuple(found)


def _written_otherwise(
    explanation: Explanation, body: bytes, profile: Profile
) -> tuple[Mistake, ...]:
    """
    Return how a text that was signed as it stood differs from the canonical form.

    A program that signs what its JSON library writes has to know what that library
    writes otherwise than PHP.
    """
    text = explanation.signed_text
    if text is None or not any(code in RAW for code in explanation.mistakes):
        return ()
    document = read(body.decode())
    found = find_mistakes(document, {}, profile, text.__eq__, budget=_BUDGET)
    if found is None:
        return ()
    return parts_of(document, [one.code for one in found[1]], profile)


def rule_of(code: str, kit: Kit) -> Rule | None:
    """Return the rule that a mistake breaks, or None where the kit does not know it."""
    mistake = kit.mistakes.get(code)
    return kit.rules.get(_RULES.get(code, "") if mistake is None else mistake.rule)


def parts_of(
    document: Node, codes: Sequence[str], profile: Profile
) -> tuple[Mistake, ...]:
    """
    Take mistakes apart: into single ones, and only those that change the text.

    Args:
        document: as ``nodes.read`` gives it.
        codes: of mistakes; those that are no mistake in the text of a document are
            left out.
        profile: of the right text.
    """
    found = [_BY_CODE[code] for code in codes if code in _BY_CODE]
    parts = [part for mistake in found for part in _split(mistake)]
    renderer, base = Renderer(document), style_of(profile)
    wanted = renderer.render(make(base, parts))
    for part in tuple(parts):
        rest = [one for one in parts if one is not part]
        if renderer.render(make(base, rest)) == wanted:
            parts = rest
    return tuple(parts)


def _split(mistake: Mistake) -> list[Mistake]:
    """Give the mistakes of which a library makes several at once."""
    if len(mistake.changes) == 1:
        return [mistake]
    return [_BY_CODE[f"{field}_{value}"] for field, value in mistake.changes]
