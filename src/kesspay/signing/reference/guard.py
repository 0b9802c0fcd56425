"""
The guard: which documents are signed, and which signed bodies are accepted.

``canonicalize`` refuses only what PHP refuses; the functions here are stricter.
They are the readable form of kess_signed_body and kess_verify_document, and
give the same verdicts in the same order. The first rule that applies decides.

Verifying a body (DocumentRefused for 1 to 4, InvalidSignature for the rest):

1. the text does not decode within the levels allowed: ``syntax``, ``utf8``,
   ``control``, ``escape``, ``surrogate``, ``depth``;
2. the top level is a scalar: ``top_level``, or an array: ``not_object``;
3. a key occurs twice, at any depth: ``duplicate``; or the top level has more
   than 256 keys, one of which begins with a digit, a sign, a point or a blank:
   ``order``;
4. a number that is part of the canonical form is infinite: ``infinite``;
5. ``sign_type`` is there and is not "RSA2": ``sign_type``;
6. ``sign`` is missing: ``sign_missing``, no string: ``sign_not_string``, not
   strict padded base64 (RFC 4648, 4; unused bits zero): ``sign_base64``, not
   exactly as long as the modulus: ``sign_length``;
7. the signature does not fit: ``mismatch``.

Signing parameters (CanonicalizationError):

1. they have no canonical form: the reasons of ``canonicalize``;
2. they hold ``sign``, or a ``sign_type`` other than "RSA2": ``sign_present``;
3. their canonical form is an array: ``not_object``;
4. a server that decodes the body would canonicalize it to other bytes:
   ``not_stable``. PHP reads ``-0``, as which a negative zero is written, as 0,
   fails at 512 levels, and orders some sets of number-like keys differently
   each time it sorts them.
"""

from __future__ import annotations

import json
from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from math import copysign
from typing import TYPE_CHECKING, Final

from kesspay.errors import (
    CanonicalizationError,
    DocumentRefused,
    InvalidSignature,
)
from kesspay.signing.reference.canonical import (
    arrange,
    canonicalize_text,
    decode,
    encode,
)
from kesspay.signing.reference.parameters import MAX_DEPTH as MAX_PARAMETERS_DEPTH


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.signing.profile import Profile
    from kesspay.signing.reference.decode import Array, Value


__all__ = [
    "MAX_DEPTH",
    "SIGN_TYPE",
    "examine",
    "refusal",
    "sign_text",
    "signed_body",
    "verify_document",
]

#: Levels that a body to verify may have, far more than any message has.
MAX_DEPTH: Final = 64

#: The only algorithm there is: RSA PKCS#1 v1.5 with SHA-256.
SIGN_TYPE: Final = "RSA2"
_BLANKS: Final = b" \t\n\r"
#: With more top-level keys than these, none may begin like a number: ksort
#: compares such keys by value, and a sender could make it take quadratic time.
_MAX_MIXED_KEYS: Final = 256
_NUMBER_STARTS: Final = frozenset("0123456789+-. \t\n\v\f\r")
_EMPTY: Final = b"[]"
#: How a path to a parameter starts.
_ROOT: Final = "params"


def examine(
    text: bytes, size: int, profile: Profile, max_depth: int
) -> tuple[bytes, bytes]:
    """
    Return the canonical bytes of a body and the signature that it claims.

    Args:
        text: the body as it was received.
        size: bytes of the modulus, which a signature must have.
        profile: the PHP settings of the gateway.
        max_depth: nested containers allowed.

    Raises:
        DocumentRefused, InvalidSignature: rules 1 to 6 of this module.
    """
    try:
        canonical, array = _strictly_decoded(text, profile, max_depth)
    except CanonicalizationError as error:
        reason, position = error.reason, error.position
    else:
        return canonical, _claimed_signature(array, size)
    raise DocumentRefused(reason, position=position)


def verify_document(
    verify: Callable[[bytes, bytes], None],
    size: int,
    text: bytes,
    profile: Profile,
    max_depth: int,
) -> bytes:
    """
    Return the canonical bytes of a body once their signature has verified.

    Args:
        verify: called with signature and message; raises InvalidSignature.
        size: bytes of the modulus.
        text: the body as it was received.
        profile: the PHP settings of the gateway.
        max_depth: nested containers allowed.

    Raises:
        DocumentRefused, InvalidSignature: the rules of this module.
    """
    canonical, signature = examine(text, size, profile, max_depth)
    verify(signature, canonical)
    return canonical


def sign_text(
    sign: Callable[[bytes], bytes],
    text: bytes,
    profile: Profile,
    max_depth: int,
) -> str:
    """
    Return the base64 signature of the canonical form of a JSON text.

    Args:
        sign: called with the message, returns the raw signature.
        text: the bytes of the text.
        profile: the PHP settings of the gateway.
        max_depth: nested containers allowed.

    Raises:
        CanonicalizationError: there is no canonical form.
    """
    canonical = canonicalize_text(text, profile, max_depth=max_depth)
    return _base64(sign(canonical))


def signed_body(sign: Callable[[bytes], bytes], text: bytes, profile: Profile) -> bytes:
    """
    Return the body that carries parameters, ``sign_type`` and ``sign``.

    Args:
        sign: called with the message, returns the raw signature.
        text: the parameters as a JSON text, see ``parameters.to_json``.
        profile: the PHP settings of the gateway.

    Raises:
        CanonicalizationError: the rules of this module. Nothing was signed.
    """
    array = decode(text, max_depth=MAX_PARAMETERS_DEPTH).value
    if not isinstance(array, dict):
        raise CanonicalizationError("not_object")
    if "sign" in array or array.get("sign_type", SIGN_TYPE) != SIGN_TYPE:
        raise CanonicalizationError("sign_present")
    canonical = encode(arrange(array, profile), profile)
    if canonical[:1] == b"[" and canonical != _EMPTY:
        raise CanonicalizationError("not_object")
    if not _stable(canonical, profile):
        raise CanonicalizationError("not_stable")
    return _with_signature(canonical, _base64(sign(canonical)), profile)


def refusal(text: bytes, reason: str) -> CanonicalizationError:
    """
    Return the error that names which of the parameters must not be signed, and why.

    Only for parameters that ``signed_body`` or its native twin refused: it looks
    for the place, and does not judge.

    Args:
        text: the parameters as a JSON text, see ``parameters.to_json``.
        reason: the verdict of ``guard.signed_body`` or its native twin.
    """
    array = decode(text, max_depth=MAX_PARAMETERS_DEPTH).value
    path, detail = _ROOT, ""
    if reason == "sign_present":
        name = "sign" if "sign" in array else "sign_type"
        path = f'{_ROOT}["{name}"]'
    elif reason == "not_object":
        detail = "its keys are 0, 1, 2, ..., which PHP takes for a list"
    elif reason == "not_stable":
        path, detail = _instability(array)
    return CanonicalizationError(reason, path=path, detail=detail)


def _strictly_decoded(
    text: bytes, profile: Profile, max_depth: int
) -> tuple[bytes, dict[str, Value]]:
    decoded = decode(text, max_depth=max_depth)
    array = decoded.value
    if not isinstance(array, dict):
        position = len(text) - len(text.lstrip(_BLANKS))
        raise CanonicalizationError("not_object", position=position)
    if decoded.duplicate is not None:
        raise CanonicalizationError("duplicate", position=decoded.duplicate)
    if len(array) > _MAX_MIXED_KEYS and any(map(_begins_like_a_number, array)):
        position = len(text) - len(text.lstrip(_BLANKS))
        raise CanonicalizationError("order", position=position)
    return encode(arrange(array, profile), profile), array


def _begins_like_a_number(key: str) -> bool:
    return key[:1] in _NUMBER_STARTS


def _claimed_signature(array: dict[str, Value], size: int) -> bytes:
    if array.get("sign_type", SIGN_TYPE) != SIGN_TYPE:
        raise InvalidSignature("sign_type")
    if "sign" not in array:
        raise InvalidSignature("sign_missing")
    sign = array["sign"]
    if not isinstance(sign, str):
        raise InvalidSignature("sign_not_string")
    signature = _strict_base64(sign)
    if signature is None:
        raise InvalidSignature("sign_base64")
    if len(signature) != size:
        raise InvalidSignature("sign_length")
    return signature


def _strict_base64(text: str) -> bytes | None:
    try:
        data = a2b_base64(text, strict_mode=True)
    except (Base64Error, ValueError):
        return None
    # Strict mode still takes non-zero unused bits in the last character.
    return data if _base64(data) == text else None


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _stable(canonical: bytes, profile: Profile) -> bool:
    """Return whether a server would compute the same canonical bytes."""
    body = _with_signature(canonical, "", profile)
    try:
        return canonicalize_text(body, profile) == canonical
    except CanonicalizationError:
        return False


def _with_signature(canonical: bytes, sign: str, profile: Profile) -> bytes:
    if not profile.unescaped_slashes:
        sign = sign.replace("/", "\\/")
    head = b"{" if canonical == _EMPTY else canonical[:-1] + b","
    tail = f'"sign_type":"{SIGN_TYPE}","sign":"{sign}"}}'
    return head + tail.encode("ascii")


def _instability(array: Array) -> tuple[str, str]:
    for path, value, level in _walk(array):
        if isinstance(value, (dict, list)):
            if level == MAX_PARAMETERS_DEPTH:
                return path, "json_decode accepts 511 levels, and this is one more"
        elif isinstance(value, float) and value == 0 and copysign(1, value) < 0:
            return path, "a negative zero is written as -0 and read back as 0"
    return _ROOT, "number-like keys that have no consistent order"


def _walk(array: Array) -> Iterator[tuple[str, Value, int]]:
    """Yield path, value and level in document order, without recursion."""
    open_containers = [_members(_ROOT, array)]
    while open_containers:
        for path, value in open_containers[-1]:
            yield path, value, len(open_containers) + 1
            if isinstance(value, (dict, list)):
                open_containers.append(_members(path, value))
                break
        else:
            open_containers.pop()


def _members(path: str, container: Array) -> Iterator[tuple[str, Value]]:
    if isinstance(container, dict):
        for key, value in container.items():
            yield f"{path}[{json.dumps(key)}]", value
    else:
        for index, value in enumerate(container):
            yield f"{path}[{index}]", value
