"""
The knobs of a signed text: all the ways in which another side may write it.

The right way is one point in this space, ``Style()``: what PHP's
``ksort`` and ``json_encode`` give. Each other value of a field is a mistake
that was met in clients of such gateways, or that a JSON library makes by
default; ``kesspay.audit.mistakes`` describes each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kesspay.signing.profile import Ksort, Profile


__all__ = ["KSORTS", "Style", "profile_of", "style_of"]

#: The values of ``order`` that are a ksort of PHP, and whose.
KSORTS: Final[dict[str, Ksort]] = {
    "ksort": "8.2",
    "ksort_8_0": "8.0",
    "ksort_7": "7",
}


@dataclass(frozen=True, slots=True)
class Style:
    """
    How a text to sign is made from a document.

    Args:
        scope: "whole" or "data" (only the value of the member ``data``).
        with_sign: what became of "sign": "dropped", "empty" (kept as "") or
            "null".
        with_type: what became of "sign_type": "dropped", "kept" or "added"
            (as "RSA2" where the document has none).
        duplicates: "last" or "first": which value of a doubled key counts.
        values: "all", or which are left out or changed: "no_null",
            "no_empty", "no_empty_top", "no_falsy_top", "trimmed",
            "trimmed_null".
        order: "ksort", "ksort_8_0", "ksort_7", "document", "deep", "reverse"
            or "caseless".
        form: "json", "query", "query_php" or "query_encoded".
        numbers: "php", "php_17", "float", "written", "amount_places",
            "amount_places_text", "amount_float", "amount_text", "text" or
            "check".
        slashes: "escaped" or "raw".
        unicode: "lower", "upper", "raw" (as PHP does it) or "raw_all".
        html: "raw", "tags", "hex" or "dotnet".
        delete: "raw" or "escaped".
        empty: "array" or "object": how an empty object is written.
        spacing: "none", "python", "pretty_4" or "pretty_2".
        end: "none", "lf", "crlf" or "bom" (in front).
        encoding: "utf8" or "utf16le".
        hashing: "once", "hex", "raw", "md5_hex" or "base64": what was done
            to the text before it was signed.
    """

    scope: str = "whole"
    with_sign: str = "dropped"
    with_type: str = "dropped"
    duplicates: str = "last"
    values: str = "all"
    order: str = "ksort"
    form: str = "json"
    numbers: str = "php"
    slashes: str = "escaped"
    unicode: str = "lower"
    html: str = "raw"
    delete: str = "raw"
    empty: str = "array"
    spacing: str = "none"
    end: str = "none"
    encoding: str = "utf8"
    hashing: str = "once"


def style_of(profile: Profile) -> Style:
    """Return the style in which a gateway with this profile signs."""
    order = next(name for name, v in KSORTS.items() if v == profile.ksort)
    return Style(
        order=order,
        numbers="php_17" if profile.serialize_precision > 0 else "php",
        slashes="raw" if profile.unescaped_slashes else "escaped",
        unicode="raw" if profile.unescaped_unicode else "lower",
    )


def profile_of(style: Style) -> Profile | None:
    """Return the profile that signs in this style; None if there is none."""
    ksort = KSORTS.get(style.order)
    if ksort is None:
        return None
    profile = Profile(
        serialize_precision=17 if style.numbers == "php_17" else -1,
        unescaped_slashes=style.slashes == "raw",
        unescaped_unicode=style.unicode == "raw",
        ksort=ksort,
    )
    return profile if style_of(profile) == style else None
