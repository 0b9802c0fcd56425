"""A plain signer with one switch for each known mistake."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from kesspay import CanonicalizationError
from kesspay.signing.reference.canonical import arrange, canonicalize_text, decode
from kesspay.signing.reference.encode import encode
from tests.conformance import broken_blocks, broken_keys, broken_verify
from tests.conformance.broken_keys import Refused
from tests.support import keymaker as make


if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from kesspay.signing.keyparts import PrivateNumbers


__all__ = ["MISTAKES", "public_file", "sign", "signed_body"]

#: code: its rule, and what the mistake is.
MISTAKES: Final[dict[str, tuple[str, str]]] = {
    "sign_digest_twice": ("sign.plain", "the digest is hashed once more"),
    "sign_hex_digest": ("sign.plain", "the hexadecimal digest is signed"),
    "sign_bare_digest": ("sign.plain", "the digest is signed without its DigestInfo"),
    "sign_bare_text": ("sign.plain", "the text is signed without a digest"),
    "sign_sha1": ("sign.hash", "SHA-1 is used"),
    "sign_sha384": ("sign.hash", "SHA-384 is used"),
    "sign_sha512": ("sign.hash", "SHA-512 is used"),
    "sign_md5": ("sign.hash", "MD5 is used"),
    "sign_pss": ("sign.scheme", "PSS is used"),
    "sign_no_null": ("sign.scheme", "the DigestInfo has no NULL"),
    "sign_raw_text": ("sign.text", "the text is signed as it was given"),
    "sign_line_end": ("sign.text", "a line end is signed behind the text"),
    "sign_form": ("sign.text", "a query string is signed"),
    "sign_kept": ("sign.text", "sign and sign_type are signed, too"),
    "sign_url": ("sign.base64", "the url-safe alphabet is written"),
    "sign_lines": ("sign.base64", "the base64 has line ends"),
    "sign_unpadded": ("sign.base64", "the padding is missing"),
    "sign_hex": ("sign.base64", "hexadecimal digits are written"),
    "sign_twice": ("sign.base64", "the signature is written in base64 twice"),
    "sign_escaped": ("sign.base64", "the slashes of the signature are escaped"),
    "sign_end": ("sign.base64", "a line end stands behind the base64"),
    "sign_stripped": (
        "sign.length",
        "zero bytes in front of the signature are dropped",
    ),
    "sign_signed": (
        "sign.length",
        "a zero byte is put before a first bit of 1, as Java's BigInteger does",
    ),
    "sign_reversed": ("sign.length", "the bytes are reversed, as CryptoAPI has them"),
    "sign_2048": ("sign.length", "256 bytes are written, whatever the key"),
    "sign_nothing": (
        "sign.nothing",
        "the empty text is signed where there is no canonical form",
    ),
    "sign_infinite_null": ("sign.nothing", "an infinite number is signed as null"),
    "sign_scalar": ("sign.nothing", "a text that is no object and no list is signed"),
    "body_no_sign_type": ("body.plain", "the sign_type is not RSA2 in the body"),
    "body_members_lost": ("body.plain", "members of the body are lost"),
    "body_nulls_lost": ("body.plain", "members that are null are lost in the body"),
    "body_sign_replaced": ("body.sign_present", "a sign of the caller is replaced"),
    "body_sign_type_replaced": (
        "body.sign_present",
        "a sign_type of the caller is replaced",
    ),
    "body_sign_kept": ("body.sign_present", "a sign of the caller is sent"),
    "body_list": ("body.object", "a list is signed"),
    "body_list_like": (
        "body.object",
        "an object that PHP takes for a list is signed",
    ),
    "body_unstable": (
        "body.stable",
        "a body is sent that PHP reads as another document",
    ),
}

_HASHES: Final = {
    "sign_sha1": "sha1",
    "sign_sha384": "sha384",
    "sign_sha512": "sha512",
    "sign_md5": "md5",
}
_EMPTY: Final = b"[]"


def sign(
    key: bytes,
    text: bytes,
    wrong: AbstractSet[str] = frozenset(),
    *,
    message: bytes | None = None,
) -> bytes:
    """
    Return the signature of a document in base64.

    Args:
        key: the file of the private key.
        text: the document.
        wrong: codes of the mistakes to make.
        message: what another canonicaliser makes of the document.

    Raises:
        Refused: with the reason.
    """
    if message is None:
        message = _message(text, wrong)
    return _written(_signature(key, message, wrong), wrong)


def _message(text: bytes, wrong: AbstractSet[str]) -> bytes:
    try:
        array: Any = decode(text, max_depth=511).value
        if "sign_infinite_null" in wrong:
            array = broken_verify.replaced(array, None)
        message = encode(array if "sign_kept" in wrong else arrange(array))
    except CanonicalizationError as error:
        if "sign_nothing" in wrong:
            return b""
        if error.reason == "top_level" and "sign_scalar" in wrong:
            return text
        raise Refused(error.reason) from None
    if "sign_raw_text" in wrong:
        return text
    if "sign_form" in wrong and isinstance(array, dict):
        return "&".join(f"{name}={array[name]}" for name in sorted(array)).encode()
    return message + b"\n" if "sign_line_end" in wrong else message


def _signature(key: bytes, message: bytes, wrong: AbstractSet[str]) -> bytes:
    loaded = broken_keys.load("private", key).private
    assert loaded is not None
    size = (loaded.n.bit_length() + 7) // 8
    signature = _raw(loaded, _block(message, size, wrong))
    if "sign_stripped" in wrong:
        signature = signature.lstrip(b"\0")
    if "sign_signed" in wrong and signature[0] & 0x80:
        signature = b"\0" + signature
    if "sign_reversed" in wrong:
        signature = signature[::-1]
    return signature[:256] if "sign_2048" in wrong else signature


@lru_cache(maxsize=4096)
def _raw(key: PrivateNumbers, block: bytes) -> bytes:
    """Apply a private key to a whole block (RFC 8017, 5.1.2)."""
    number = int.from_bytes(block, "big")
    at_p, at_q = pow(number, key.dp, key.p), pow(number, key.dq, key.q)
    signed = at_q + key.q * (key.q_inverse * (at_p - at_q) % key.p)
    return signed.to_bytes(len(block), "big")


def _block(message: bytes, size: int, wrong: AbstractSet[str]) -> bytes:
    digest = hashlib.sha256(message).digest()
    if "sign_pss" in wrong:
        return broken_blocks.pss_block(digest, size)
    if "sign_digest_twice" in wrong:
        digest = hashlib.sha256(digest).digest()
    if "sign_hex_digest" in wrong:
        digest = hashlib.sha256(digest.hex().encode()).digest()
    payload = broken_blocks.INFO["sha256"] + digest
    for code, name in _HASHES.items():
        if code in wrong:
            other = hashlib.new(name, message, usedforsecurity=False).digest()
            payload = broken_blocks.INFO[name] + other
    if "sign_no_null" in wrong:
        payload = broken_blocks.NO_NULL + digest
    if "sign_bare_digest" in wrong:
        payload = digest
    if "sign_bare_text" in wrong:
        payload = message[: size - 11]
    return broken_blocks.emsa(size, payload)


def _written(signature: bytes, wrong: AbstractSet[str]) -> bytes:
    text = base64.b64encode(signature)
    if "sign_url" in wrong:
        text = base64.urlsafe_b64encode(signature)
    if "sign_lines" in wrong:
        text = base64.encodebytes(signature).rstrip(b"\n")
    if "sign_unpadded" in wrong:
        text = text.rstrip(b"=")
    if "sign_hex" in wrong:
        text = signature.hex().encode()
    if "sign_twice" in wrong:
        text = base64.b64encode(text)
    if "sign_escaped" in wrong:
        text = text.replace(b"/", b"\\/")
    return text + b"\n" if "sign_end" in wrong else text


# ------------------------------------------------------------ bodies


def signed_body(
    key: bytes,
    text: bytes,
    wrong: AbstractSet[str] = frozenset(),
    *,
    message: bytes | None = None,
) -> bytes:
    """
    Return the request body for parameters.

    Args:
        key: the file of the private key.
        text: the parameters as a JSON object.
        wrong: codes of the mistakes to make.
        message: what another canonicaliser signs of them.

    Raises:
        Refused: with the reason.
    """
    try:
        given = decode(text, max_depth=511).value
        canonical = canonicalize_text(text)
    except CanonicalizationError as error:
        raise Refused(error.reason) from None
    _require_parameters(given, canonical, wrong)
    signature = sign(key, text, wrong, message=message).decode()
    written = signature.replace("/", "\\/")
    members = given if isinstance(given, dict) else {}
    kept = "body_sign_kept" in wrong and "sign" in members
    if "body_members_lost" in wrong:
        canonical = b'{"a":1}'
    if "body_nulls_lost" in wrong and isinstance(given, dict):
        rest: Any = {k: v for k, v in given.items() if v is not None}
        canonical = encode(arrange(rest))
    kind = "RSA" if "body_no_sign_type" in wrong else "RSA2"
    head = b"{" if canonical == _EMPTY else canonical[:-1] + b","
    if canonical[:1] == b"[" and canonical != _EMPTY:
        head = canonical[:-1] + b","
    value = str(members["sign"]) if kept else written
    return head + f'"sign_type":"{kind}","sign":"{value}"}}'.encode()


def _require_parameters(
    given: object, canonical: bytes, wrong: AbstractSet[str]
) -> None:
    if not isinstance(given, dict):
        if "body_list" in wrong:
            return
        raise Refused("not_object")
    if "sign" in given and not wrong & {"body_sign_replaced", "body_sign_kept"}:
        raise Refused("sign_present")
    other_type = given.get("sign_type", "RSA2") != "RSA2"
    if other_type and "body_sign_type_replaced" not in wrong:
        raise Refused("sign_present")
    if canonical[:1] == b"[" and canonical != _EMPTY:
        if "body_list_like" not in wrong:
            raise Refused("not_object")
    elif not _is_stable(canonical) and "body_unstable" not in wrong:
        raise Refused("not_stable")


def _is_stable(canonical: bytes) -> bool:
    head = b"{" if canonical == _EMPTY else canonical[:-1] + b","
    try:
        return canonicalize_text(head + b'"sign":""}') == canonical
    except CanonicalizationError:
        return False


def public_file(private: bytes) -> bytes:
    """Return the PEM file of the public half of a private key."""
    return make.pem("PUBLIC KEY", broken_keys.load("private", private).spki)
