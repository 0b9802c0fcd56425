"""Texts that were signed without canonicalizing: the body itself, or a constant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kesspay.explain.nodes import members_of


if TYPE_CHECKING:
    from kesspay.explain.nodes import Member


__all__ = ["RAW", "raw_texts"]


_SIGN_THE_FORM: Final = (
    "sign the canonical text: sorted, without sign and sign_type, encoded as "
    "json_encode does"
)

#: Every such text: its stable code, what was signed, and what to do.
RAW: Final[dict[str, tuple[str, str]]] = {
    "raw_without_sign": (
        'the body as it stands was signed, only with "sign" cut out',
        _SIGN_THE_FORM,
    ),
    "raw_without_both": (
        'the body as it stands was signed, only with "sign" and "sign_type" cut out',
        _SIGN_THE_FORM,
    ),
    "raw_empty_sign": (
        'the body as it stands was signed, with "sign" emptied',
        _SIGN_THE_FORM,
    ),
    "raw_data": (
        'the text of "data" as it stands in the body was signed',
        _SIGN_THE_FORM,
    ),
    "empty": (
        "the empty text was signed, as PHP does when json_encode fails",
        "treat the body as forged; such a signature fits all that cannot be encoded",
    ),
    "null": (
        'the text "null" was signed: there were no parameters when they were encoded',
        _SIGN_THE_FORM,
    ),
    "false": (
        'the text "false" was signed: encoding the parameters failed',
        "never sign when encoding failed",
    ),
    "empty_array": (
        'the text "[]" was signed: the parameters were empty when they were encoded',
        "sign after the parameters were filled in",
    ),
    "php_array": (
        'the text "Array" was signed: PHP turned an array into a string',
        "encode the array with json_encode",
    ),
    "js_object": (
        'the text "[object Object]" was signed: JavaScript printed an object',
        "encode the object as JSON",
    ),
}

_CONSTANTS: Final = {
    "empty": b"",
    "null": b"null",
    "false": b"false",
    "empty_array": b"[]",
    "php_array": b"Array",
    "js_object": b"[object Object]",
}


def raw_texts(text: str) -> dict[str, bytes]:
    """
    List the texts that were signed without canonicalizing, by code.

    Args:
        text: the body, which ``canonicalize`` accepts.
    """
    found = dict(_CONSTANTS)
    members = members_of(text)
    if not members:
        return found
    sign = [m for m in members if m.key == "sign"]
    found["raw_without_sign"] = _cut(text, members, {"sign"})
    found["raw_without_both"] = _cut(text, members, {"sign", "sign_type"})
    if len(sign) == 1:
        at = sign[0]
        emptied = text[: at.value_start] + '""' + text[at.end :]
        found["raw_empty_sign"] = emptied.encode()
    for member in members:
        if member.key == "data":
            found["raw_data"] = text[member.value_start : member.end].encode()
    return found


def _cut(text: str, members: tuple[Member, ...], out: set[str]) -> bytes:
    """Cut members out of the text, each with the comma next to it."""
    pieces = [text[: members[0].start]]
    separator = ""
    for number, member in enumerate(members):
        if member.key in out:
            continue
        pieces += [separator, text[member.start : member.end]]
        if number + 1 < len(members):
            separator = text[member.end : members[number + 1].start]
    pieces.append(text[members[-1].end :])
    return "".join(pieces).encode()
