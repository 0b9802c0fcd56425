"""
A plain verifier with one switch for each known mistake.

With all switches off it accepts what kesspay accepts. With one on, it makes that
mistake and no other, so the kit knows the wrong answer of each mistake. RSA is
done with Python's integers: no library is asked what it would refuse.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from kesspay import CanonicalizationError
from kesspay.signing.reference.canonical import decode, encode
from kesspay.signing.reference.decode import Infinite
from kesspay.signing.reference.ksort import order_keys
from tests.conformance import broken_keys
from tests.conformance.broken_base64 import decode_base64
from tests.conformance.broken_blocks import matches
from tests.conformance.broken_keys import Refused


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet


__all__ = ["MISTAKES", "Refused", "replaced", "verify"]

#: code: its rule, and what the mistake is.
MISTAKES: Final[dict[str, tuple[str, str]]] = {
    "digest_twice": ("verify.plain", "the digest is hashed once more"),
    "signature_reversed": (
        "verify.plain",
        "the bytes of the signature are read in reverse, as Windows CryptoAPI has them",
    ),
    "result_ignored": ("verify.signature", "the verdict on the signature is ignored"),
    "result_and_length_ignored": (
        "verify.signature",
        "the verdict on the signature is ignored, and so is its length",
    ),
    "other_keys_verify": (
        "key.algorithm",
        "an error of verification, as for a key that is not RSA, counts as success",
    ),
    "cube_root": (
        "key.exponent",
        "exponent 3 is accepted, and bytes behind the digest are ignored",
    ),
    "sha1_too": ("verify.hash", "SHA-1 is accepted too"),
    "md5_too": ("verify.hash", "MD5 is accepted too"),
    "sha512_too": ("verify.hash", "SHA-384 and SHA-512 are accepted too"),
    "hash_named": ("verify.hash", "the signature chooses the hash"),
    "sha1_instead": ("verify.hash", "SHA-1 is used in place of SHA-256"),
    "pss_too": ("verify.scheme", "PSS is accepted too"),
    "digest_begin": ("verify.digest", "only the first bytes of the digest count"),
    "digest_text": ("verify.digest", "the digests are compared as C strings"),
    "digest_end": ("verify.digest", "only the last bytes of the digest count"),
    "info_missing": ("verify.digest_info", "a digest without DigestInfo is accepted"),
    "info_null_missing": (
        "verify.digest_info",
        "a DigestInfo without the NULL is accepted",
    ),
    "info_long_length": (
        "verify.digest_info",
        "a DigestInfo in another encoding of BER is accepted",
    ),
    "info_oid_ignored": (
        "verify.digest_info",
        "the algorithm in the DigestInfo is not compared",
    ),
    "info_parameters": (
        "verify.digest_info",
        "anything is accepted as parameters of the algorithm",
    ),
    "padding_garbage": (
        "verify.padding",
        "bytes behind the digest are ignored, and the padding may be short",
    ),
    "padding_fill": ("verify.padding", "the bytes of the padding are not compared"),
    "padding_type": ("verify.padding", "the block type is not compared"),
    "padding_tail": ("verify.padding", "only the end of the block is compared"),
    "padding_zeros": (
        "verify.padding",
        "zero bytes in front of the block are dropped, as a big integer does",
    ),
    "padding_short": ("verify.padding", "fewer than 8 bytes of padding are accepted"),
    "length_short": (
        "verify.length",
        "a signature without its leading zero bytes is accepted",
    ),
    "length_long": (
        "verify.length",
        "a signature with zero bytes in front is accepted",
    ),
    "length_cut": ("verify.length", "bytes behind the signature are ignored"),
    "range_unchecked": (
        "verify.range",
        "a signature that is not below the modulus is accepted",
    ),
    "sign_missing_passes": ("verify.sign_missing", "a document without sign passes"),
    "sign_empty_passes": ("verify.sign_missing", "an empty sign passes"),
    "sign_null_passes": ("verify.sign_missing", "a sign that is null passes"),
    "sign_any_case": (
        "verify.sign_name",
        "the name of sign is compared without regard to case",
    ),
    "sign_nested": ("verify.sign_name", "sign is also looked for further down"),
    "sign_name_trimmed": ("verify.sign_name", "blanks in the name of sign are removed"),
    "sign_first": (
        "verify.sign_string",
        "the first element is taken where sign is a list or an object",
    ),
    "sign_joined": (
        "verify.sign_string",
        "a list is converted to a text as JavaScript does",
    ),
    "sign_object": (
        "verify.sign_string",
        "the member value is taken where sign is an object",
    ),
    "sign_type_any": ("verify.sign_type", "any sign_type is accepted"),
    "sign_type_any_case": (
        "verify.sign_type",
        "the sign_type is compared without regard to case",
    ),
    "sign_type_null": ("verify.sign_type", "a sign_type that is null is accepted"),
    "sign_type_chooses": ("verify.sign_type", "the sign_type RSA chooses SHA-1"),
    "sign_type_needed": ("verify.sign_type", "a document without sign_type is refused"),
    "raw_body": ("verify.text", "the text of the body is verified, without the sign"),
    "data_only": ("verify.text", "only the member data is verified"),
    "blank_members_dropped": (
        "verify.text",
        "members that are null or empty are not verified",
    ),
    "body_returned": ("verify.returned", "the body is returned"),
    "reread_returned": (
        "verify.returned",
        "the body is read and written once more by another JSON library",
    ),
    "signed_returned": ("verify.returned", "the result still holds sign and sign_type"),
    "nothing_returned": ("verify.returned", "a verdict is returned and no bytes"),
    "twice_last": ("verify.duplicate", "the last of two equal keys counts"),
    "twice_first": ("verify.duplicate", "the first of two equal keys counts"),
    "twice_inside": (
        "verify.duplicate",
        "equal keys are refused at the top level only",
    ),
    "twice_spelled": (
        "verify.duplicate",
        "keys are compared as they are spelled, with their escapes",
    ),
    "twice_removed": (
        "verify.duplicate",
        "equal keys are not noticed in what is removed",
    ),
    "names_once": (
        "verify.duplicate",
        "one key in two different objects is refused",
    ),
    "json_bom": ("verify.json", "a byte order mark is skipped"),
    "json_rest": ("verify.json", "what stands behind the document is ignored"),
    "json_comments": ("verify.json", "comments are skipped"),
    "json_comma": ("verify.json", "a comma before a closing bracket is skipped"),
    "json_control": ("verify.json", "raw control characters in a text are accepted"),
    "json_replaced": ("verify.json", "malformed UTF-8 and surrogates are replaced"),
    "json_nan": ("verify.json", "NaN is read"),
    "json_zero": ("verify.json", "zeros in front of a number are skipped"),
    "json_quotes": ("verify.json", "single quotes are read"),
    "depth_any": ("verify.depth", "any depth is accepted"),
    "depth_100": ("verify.depth", "100 levels are accepted"),
    "depth_32": ("verify.depth", "more than 32 levels are refused"),
    "order_any": ("verify.order", "any number of number-like keys is accepted"),
    "nothing_verified": (
        "verify.nothing",
        "the empty text is verified where there is no canonical form",
    ),
    "infinite_null": ("verify.nothing", "an infinite number is verified as null"),
    "infinite_largest": (
        "verify.nothing",
        "an infinite number is verified as the largest double",
    ),
}

_LEVELS: Final = 64
_MIXED_KEYS: Final = 256
_NUMBER_STARTS: Final = "0123456789+-. \t\n\v\f\r"
_LARGEST: Final = 1.7976931348623157e308
_USUAL_EXPONENT: Final = 65537


def verify(
    key: bytes,
    body: bytes,
    wrong: AbstractSet[str] = frozenset(),
    *,
    message: bytes | None = None,
) -> bytes:
    """
    Return the canonical bytes of a body whose signature is right.

    Args:
        key: the file of the public key.
        body: as it was received.
        wrong: codes of the mistakes to make, also of ``broken_keys``.
        message: what another canonicaliser makes of the body.

    Raises:
        Refused: with the reason.
    """
    if "cube_root" in wrong:
        wrong = {*wrong, "key_exponent_small"}
    body = _repaired(body, wrong)
    loaded = _key(key, wrong)
    if loaded is None:
        return _canonical(_read(body, wrong), wrong)
    array = _read(body, wrong)
    if message is None:
        message = _message(array, body, wrong)
    if "sign_type_chooses" in wrong and array.get("sign_type") == "RSA":
        wrong = {*wrong, "sha1_instead"}
    claimed = _claimed(array, wrong)
    if claimed is not None:
        _require_match(loaded, claimed, message, wrong)
    return _returned(message, array, body, wrong)


def _key(key: bytes, wrong: AbstractSet[str]) -> tuple[int, int] | None:
    """Return modulus and exponent; None where a key that is no RSA key verifies."""
    try:
        public = broken_keys.load("public", key, None, wrong).public
    except Refused as error:
        if str(error) == "algorithm" and "other_keys_verify" in wrong:
            return None
        raise
    if public is None:
        raise Refused("algorithm")
    return public


# ------------------------------------------------------------ reading


def _repaired(body: bytes, wrong: AbstractSet[str]) -> bytes:
    """Write as JSON what a lenient reader makes of a text."""
    for code, (pattern, by) in _REPAIRS.items():
        if code in wrong:
            body = pattern.sub(by, body)
    if "json_replaced" in wrong:
        body = body.decode(errors="replace").encode()
    if "json_rest" in wrong:
        text = body.decode(errors="surrogateescape")
        try:
            _, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            return body
        body = text[:end].encode(errors="surrogateescape")
    return body


_REPAIRS: Final[dict[str, tuple[re.Pattern[bytes], bytes]]] = {
    "json_bom": (re.compile(rb"^\xef\xbb\xbf"), b""),
    "json_comments": (re.compile(rb"/\*.*?\*/"), b""),
    "json_comma": (re.compile(rb",}"), b"}"),
    "json_control": (re.compile(rb"\t"), rb"\\t"),
    "json_replaced": (re.compile(rb"\\ud800"), rb"\\ufffd"),
    "json_nan": (re.compile(rb"NaN"), b"null"),
    "json_zero": (re.compile(rb":0+([0-9])"), rb":\1"),
    "json_quotes": (re.compile(rb"'"), b'"'),
}


def _read(body: bytes, wrong: AbstractSet[str]) -> dict[str, Any]:
    levels = _LEVELS
    for code, more in (("depth_any", 511), ("depth_100", 100), ("depth_32", 32)):
        levels = more if code in wrong else levels
    try:
        decoded = decode(body, max_depth=levels)
    except CanonicalizationError as error:
        raise Refused(error.reason) from None
    array = decoded.value
    if not isinstance(array, dict):
        raise Refused("not_object")
    if decoded.duplicate is not None:
        array = _with_duplicates(body, array, wrong)
    if "names_once" in wrong and _repeats_a_name(array, set()):
        raise Refused("duplicate")
    mixed = any(key[:1] and key[0] in _NUMBER_STARTS for key in array)
    if len(array) > _MIXED_KEYS and mixed and "order_any" not in wrong:
        raise Refused("order")
    return array


def _repeats_a_name(value: object, seen: set[str]) -> bool:
    if isinstance(value, list):
        return any(_repeats_a_name(one, seen) for one in value)
    if not isinstance(value, dict):
        return False
    for key, one in value.items():
        if key in seen or _repeats_a_name(one, seen | set(value)):
            return True
    return False


def _with_duplicates(
    body: bytes, array: dict[str, Any], wrong: AbstractSet[str]
) -> dict[str, Any]:
    """Return what a mistake makes of a document that repeats a key."""
    if "twice_last" in wrong:
        return array
    if "twice_first" in wrong:
        return _first_wins(body)
    top, inside = _repeated(body)
    if "twice_inside" in wrong and not top:
        return array
    if "twice_removed" in wrong and not inside and top <= {"sign", "sign_type"}:
        return array
    if "twice_spelled" in wrong and not _repeats_a_spelling(body):
        return array
    raise Refused("duplicate")


def _first_wins(body: bytes) -> dict[str, Any]:
    def hook(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, value in pairs:
            kept.setdefault(key, value)
        return kept

    read: dict[str, Any] = json.loads(body, object_pairs_hook=hook)
    return read


def _repeated(body: bytes) -> tuple[set[str], bool]:
    """Return the keys repeated at the top level, and whether any is below it."""
    found: list[set[str]] = []

    def hook(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [key for key, _ in pairs]
        found.append({name for name in names if names.count(name) > 1})
        return dict(pairs)

    json.loads(body, object_pairs_hook=hook)
    *inner, top = found
    return top, any(inner)


def _repeats_a_spelling(body: bytes) -> bool:
    """Look for repeated keys after each escape was made a letter of its own."""
    text = body.replace(b"\\u", b"%u")
    top, inside = _repeated(text)
    return bool(top) or inside


# ------------------------------------------------------------ the text


def _message(array: dict[str, Any], body: bytes, wrong: AbstractSet[str]) -> bytes:
    if "raw_body" in wrong:
        return _without_sign(body)
    if "data_only" in wrong:
        inner = array.get("data")
        array = inner if isinstance(inner, dict) else array
    if "blank_members_dropped" in wrong:
        array = {key: value for key, value in array.items() if value or value == 0}
    return _canonical(array, wrong)


def _canonical(
    array: dict[str, Any], wrong: AbstractSet[str], *, kept: bool = False
) -> bytes:
    if "infinite_null" in wrong:
        array = replaced(array, None)
    if "infinite_largest" in wrong:
        array = replaced(array, _LARGEST)
    arranged = {key: array[key] for key in order_keys(array, "8.2")}
    if not kept:
        arranged = _removed(arranged, wrong)
    try:
        return encode(arranged)
    except CanonicalizationError as error:
        if "nothing_verified" in wrong:
            return b""
        raise Refused(error.reason) from None


def _removed(array: dict[str, Any], wrong: AbstractSet[str]) -> dict[str, Any]:
    """Remove what the signature does not cover."""
    names = {"sign", "sign_type"}
    kept: dict[str, Any] = {}
    for key, value in array.items():
        name = key.lower() if "sign_any_case" in wrong else key
        name = name.strip() if "sign_name_trimmed" in wrong else name
        if name in names:
            continue
        nested = "sign_nested" in wrong and isinstance(value, dict)
        kept[key] = _removed(value, wrong) if nested else value
    return kept


def replaced(value: Any, by: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with another one in the place of infinite numbers."""
    if isinstance(value, Infinite):
        return by
    if isinstance(value, list):
        return [replaced(one, by) for one in value]
    if isinstance(value, dict):
        return {key: replaced(one, by) for key, one in value.items()}
    return value


_SIGN_MEMBER: Final = re.compile(rb',?\s*"sign(?:_type)?"\s*:\s*"[^"]*"')


def _without_sign(body: bytes) -> bytes:
    """Cut the members out of the text, as a verifier with no canonical form."""
    return _SIGN_MEMBER.sub(b"", body).replace(b"{,", b"{")


def _returned(
    message: bytes, array: dict[str, Any], body: bytes, wrong: AbstractSet[str]
) -> bytes:
    if "body_returned" in wrong:
        return body
    if "reread_returned" in wrong:
        read = json.loads(body)
        read.pop("sign", None)
        read.pop("sign_type", None)
        return json.dumps(read).encode()
    if "signed_returned" in wrong:
        return _canonical(array, wrong, kept=True)
    return b"" if "nothing_returned" in wrong else message


# ------------------------------------------------------------ the signature


def _claimed(array: dict[str, Any], wrong: AbstractSet[str]) -> bytes | None:
    """Return the raw signature; None where a mistake needs none."""
    _require_sign_type(array, wrong)
    found = list(_signs(array, wrong))
    if not found:
        if "sign_missing_passes" in wrong:
            return None
        raise Refused("sign_missing")
    sign = _converted(found[0], wrong)
    if sign is None and "sign_null_passes" in wrong:
        return None
    if not isinstance(sign, str):
        raise Refused("sign_not_string")
    if not sign and "sign_empty_passes" in wrong:
        return None
    signature = decode_base64(sign.encode(), wrong)
    if signature is None:
        raise Refused("sign_base64")
    return signature


def _require_sign_type(array: dict[str, Any], wrong: AbstractSet[str]) -> None:
    if "sign_type" not in array:
        if "sign_type_needed" in wrong:
            raise Refused("sign_type")
        return
    given = array["sign_type"]
    accepted = (
        given == "RSA2"
        or "sign_type_any" in wrong
        or (given is None and "sign_type_null" in wrong)
        or (given == "RSA" and "sign_type_chooses" in wrong)
        or (
            isinstance(given, str)
            and given.upper() == "RSA2"
            and "sign_type_any_case" in wrong
        )
    )
    if not accepted:
        raise Refused("sign_type")


def _signs(array: dict[str, Any], wrong: AbstractSet[str]) -> Iterator[Any]:
    if "sign" in array:
        yield array["sign"]
    for key, value in array.items():
        if "sign_any_case" in wrong and key.lower() == "sign":
            yield value
        if "sign_name_trimmed" in wrong and key.strip() == "sign":
            yield value
        if "sign_nested" in wrong and isinstance(value, dict):
            yield from _signs(value, wrong)


def _converted(sign: Any, wrong: AbstractSet[str]) -> Any:  # noqa: ANN401 - any JSON value
    if "sign_first" in wrong and isinstance(sign, (list, dict)) and sign:
        return sign[0] if isinstance(sign, list) else next(iter(sign.values()))
    if "sign_joined" in wrong and isinstance(sign, list):
        return ",".join(str(_converted(one, wrong)) for one in sign)
    if "sign_object" in wrong and isinstance(sign, dict):
        return sign.get("value", sign)
    return sign


def _require_match(
    key: tuple[int, int], signature: bytes, message: bytes, wrong: AbstractSet[str]
) -> None:
    n, e = key
    size = (n.bit_length() + 7) // 8
    if "cube_root" in wrong and e < _USUAL_EXPONENT:
        wrong = {*wrong, "padding_garbage"}
    if "signature_reversed" in wrong:
        signature = signature[::-1]
    if "result_and_length_ignored" in wrong:
        return
    signature = _resized(signature, size, wrong)
    number = int.from_bytes(signature, "big")
    if number >= n and "range_unchecked" not in wrong:
        fits = False
    else:
        block = pow(number, e, n).to_bytes(size, "big")
        fits = any(matches(block, message, wrong))
    if not fits and "result_ignored" not in wrong:
        raise Refused("mismatch")


def _resized(signature: bytes, size: int, wrong: AbstractSet[str]) -> bytes:
    if len(signature) < size and "length_short" in wrong:
        return signature.rjust(size, b"\0")
    if len(signature) > size:
        if "length_long" in wrong and not any(signature[:-size]):
            return signature[-size:]
        if "length_cut" in wrong:
            return signature[:size]
    if len(signature) != size:
        raise Refused("sign_length")
    return signature
