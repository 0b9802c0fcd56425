"""
Find the one key in a file: DER, PEM, or base64 on its own.

This file reads the wrapping, ``keyparts`` its content, and ``keypolicy`` decides
which numbers are accepted. The rules here, in order; the
first that applies decides, and the native core follows the same list:

1. Empty data, or more than 1 MiB, is no key.
2. Data that start like a DER SEQUENCE are DER. Everything else is text. What
   is neither printable ASCII nor blank is dropped (byte order marks, the zeros
   of UTF-16, spaces of no width), and a backslash followed by ``n``, ``r`` or
   ``t``, which is how line ends arrive in environment variables, becomes a
   line end; other backslashes are dropped.
3. Text without any PEM boundary must be base64, on one line or wrapped: of
   DER, or of a text with PEM blocks.
4. PEM blocks (RFC 7468) may have explanatory text around them. One broken
   boundary refuses the whole file: half a file is never used.
5. A block is what its content is by its shape, where that is a key, whatever
   its label says. Only of what cannot be read the label decides, and of
   parameters: those of Diffie-Hellman have the shape of an RSA public key.
6. For a private key there must be exactly one private block; certificates
   and public keys beside it are not read. For a public key there must be
   exactly one public block, or certificates only, of which the first counts;
   and no private block at all: a private key in a file that others get is a
   mistake, which the error reports.

Source: RFC 7468, RFC 4648.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from enum import Enum
from typing import Final, NamedTuple

from kesspay.errors import KeyLoadError
from kesspay.signing.der import (
    BIT_STRING,
    INTEGER,
    MOST_CHILDREN,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    few_children,
    first_element,
    only_sequence,
    tags,
)
from kesspay.signing.status import Found


__all__ = [
    "FOUND_OF",
    "MAX_BYTES",
    "SECRET_KINDS",
    "Kind",
    "Need",
    "key_error",
    "kind_of",
    "plain_base64",
    "readable",
    "secret_error",
    "unwrap",
]

MAX_BYTES: Final = 1 << 20
_MAX_LABEL: Final = 64
_BLANKS: Final = b" \t\n\v\f\r"
#: Of a text nothing else is kept.
_ASCII: Final = bytes(range(0x20, 0x7F)) + _BLANKS
_DROPPED: Final = bytes(set(range(0x100)) - set(_ASCII))
_NO_BREAK_SPACE: Final = b"\xc2\xa0"
_ESCAPE: Final = re.compile(rb"\\([nrt]?)")
_LONG_LENGTH: Final = 0x80
_BEGIN: Final = b"-----BEGIN "
_BOUNDARY: Final = re.compile(rb"-----(BEGIN|END) ")
_DASHES: Final = b"-----"


class Need(Enum):
    """What the caller asks for; the value is ``KeyLoadError.needed``."""

    PRIVATE = "a private key"
    PUBLIC = "a public key"


class Kind(Enum):
    """Structures that may hold a key, or are known not to."""

    PKCS8 = "PrivateKeyInfo (RFC 5958)"
    ENCRYPTED_PKCS8 = "EncryptedPrivateKeyInfo (RFC 5958)"
    PKCS1_PRIVATE = "RSAPrivateKey (RFC 8017)"
    EC_PRIVATE = "ECPrivateKey (RFC 5915)"
    DSA_PRIVATE = "the private key of OpenSSL's DSA"
    SPKI = "SubjectPublicKeyInfo (RFC 5280)"
    PKCS1_PUBLIC = "RSAPublicKey (RFC 8017)"
    CERTIFICATE = "Certificate (RFC 5280)"
    REQUEST = "CertificationRequest (RFC 2986)"
    PKCS12 = "PFX (RFC 7292)"
    UNKNOWN_PRIVATE = "another private key"
    UNKNOWN_PUBLIC = "another public key"
    OTHER = "no key"


class _Block(NamedTuple):
    kind: Kind
    found: str
    #: Empty where the body is no base64.
    der: bytes


_LABELS: Final[dict[bytes, tuple[Kind, str]]] = {
    b"PRIVATE KEY": (Kind.PKCS8, Found.PRIVATE_KEY),
    b"RSA PRIVATE KEY": (Kind.PKCS1_PRIVATE, Found.PRIVATE_KEY),
    b"ENCRYPTED PRIVATE KEY": (
        Kind.ENCRYPTED_PKCS8,
        Found.ENCRYPTED_PRIVATE_KEY,
    ),
    b"EC PRIVATE KEY": (Kind.EC_PRIVATE, Found.EC_KEY),
    b"DSA PRIVATE KEY": (Kind.DSA_PRIVATE, Found.DSA_KEY),
    b"OPENSSH PRIVATE KEY": (Kind.UNKNOWN_PRIVATE, Found.OPENSSH_KEY),
    b"PUBLIC KEY": (Kind.SPKI, Found.PUBLIC_KEY),
    b"RSA PUBLIC KEY": (Kind.PKCS1_PUBLIC, Found.PUBLIC_KEY),
    b"CERTIFICATE": (Kind.CERTIFICATE, Found.CERTIFICATE),
    b"X509 CERTIFICATE": (Kind.CERTIFICATE, Found.CERTIFICATE),
    b"TRUSTED CERTIFICATE": (Kind.CERTIFICATE, Found.CERTIFICATE),
    b"CERTIFICATE REQUEST": (Kind.OTHER, Found.CSR),
    b"NEW CERTIFICATE REQUEST": (Kind.OTHER, Found.CSR),
}
_ALGORITHM_KINDS: Final = frozenset({Kind.EC_PRIVATE, Kind.DSA_PRIVATE})
SECRET_KINDS: Final = frozenset(
    {
        Kind.PKCS8,
        Kind.ENCRYPTED_PKCS8,
        Kind.PKCS1_PRIVATE,
        Kind.EC_PRIVATE,
        Kind.DSA_PRIVATE,
        Kind.UNKNOWN_PRIVATE,
    }
)
_PUBLIC_KINDS: Final = frozenset(
    {
        Kind.SPKI,
        Kind.PKCS1_PUBLIC,
        Kind.CERTIFICATE,
        Kind.UNKNOWN_PUBLIC,
        Kind.PKCS12,
    }
)
_CONTEXT_0: Final = 0xA0
_CONTEXT_1: Final = 0xA1
_CONTEXT_1_PRIMITIVE: Final = 0x81
_SIGNED: Final = bytes([SEQUENCE, SEQUENCE, BIT_STRING])
_PKCS8: Final = bytes([INTEGER, SEQUENCE, OCTET_STRING])
_PKCS8_TAILS: Final = frozenset(
    bytes(attributes + public)
    for attributes in ([], [_CONTEXT_0])
    for public in ([], [_CONTEXT_1_PRIMITIVE], [_CONTEXT_1])
)
_PKCS12: Final = (
    bytes([INTEGER, SEQUENCE]),
    bytes([INTEGER, SEQUENCE, SEQUENCE]),
)
_PKCS1_PRIVATE: Final = bytes([INTEGER] * 9)
_CERTIFICATE: Final = bytes([INTEGER] + [SEQUENCE] * 5)
_REQUEST: Final = bytes([INTEGER, SEQUENCE, SEQUENCE, _CONTEXT_0])
_SHAPES: Final[dict[bytes, Kind]] = {
    _PKCS1_PRIVATE: Kind.PKCS1_PRIVATE,
    _PKCS1_PRIVATE + bytes([SEQUENCE]): Kind.PKCS1_PRIVATE,
    bytes([INTEGER] * 6): Kind.DSA_PRIVATE,
    bytes([SEQUENCE, OCTET_STRING]): Kind.ENCRYPTED_PKCS8,
    bytes([INTEGER, INTEGER]): Kind.PKCS1_PUBLIC,
    bytes([SEQUENCE, BIT_STRING]): Kind.SPKI,
} | {_PKCS8 + tail: Kind.PKCS8 for tail in _PKCS8_TAILS}
#: The words for what a shape says.
FOUND_OF: Final[dict[Kind, str]] = {
    Kind.PKCS8: Found.PRIVATE_KEY,
    Kind.ENCRYPTED_PKCS8: Found.ENCRYPTED_PRIVATE_KEY,
    Kind.PKCS1_PRIVATE: Found.PRIVATE_KEY,
    Kind.EC_PRIVATE: Found.EC_KEY,
    Kind.DSA_PRIVATE: Found.DSA_KEY,
    Kind.SPKI: Found.PUBLIC_KEY,
    Kind.PKCS1_PUBLIC: Found.PUBLIC_KEY,
    Kind.CERTIFICATE: Found.CERTIFICATE,
    Kind.REQUEST: Found.CSR,
    Kind.PKCS12: Found.PKCS12,
}
_ONE_KIND: Final = frozenset({Found.EC_KEY, Found.DSA_KEY, Found.OTHER_KEY})


def key_error(
    need: Need, reason: str, found: str = "", *, detail: str = "", next_step: str = ""
) -> KeyLoadError:
    """Return the error for a file that does not hold what is needed."""
    return KeyLoadError(
        reason, needed=need.value, found=found, detail=detail, next_step=next_step
    )


def secret_error(found: str) -> KeyLoadError:
    """Return the error for a private key where a public key is needed."""
    if found in _ONE_KIND:
        found = Found.PRIVATE_KEY
    return key_error(Need.PUBLIC, "secret", found)


def kind_of(der: bytes) -> tuple[Kind, list[Element]]:
    """
    Return what a DER object is by its shape, and the elements in it.

    Raises:
        DerError: it has no shape that is known.
    """
    elements = only_sequence(der)
    shape = tags(elements)
    if len(shape) > MOST_CHILDREN:
        raise DerError("more elements than any key has")
    if shape in _SHAPES:
        return _SHAPES[shape], elements
    if shape[:2] == bytes([INTEGER, OCTET_STRING]):
        return Kind.EC_PRIVATE, elements
    if shape in _PKCS12 and elements[0].content == b"\3":
        return Kind.PKCS12, elements
    if shape == _SIGNED:
        inner = tags(few_children(elements[0].content))
        if inner.removeprefix(bytes([_CONTEXT_0])).startswith(_CERTIFICATE):
            return Kind.CERTIFICATE, elements
        if inner in (_REQUEST, _REQUEST[:-1]):
            return Kind.REQUEST, elements
    raise DerError("no structure that holds a key")


def unwrap(data: bytes, need: Need) -> bytes:
    """
    Return the DER of the one key in the data that is needed.

    Args:
        data: what the file holds.
        need: whether a private or a public key is wanted.

    Raises:
        KeyLoadError: ``format``, ``kind``, ``ambiguous``, ``secret`` or
            ``algorithm``.
    """
    if not 0 < len(data) <= MAX_BYTES:
        raise key_error(need, "format")
    if _starts_like_der(data):
        return data
    text = readable(data)
    blocks = _blocks(text, need)
    if blocks:
        return _chosen(blocks, need)
    if text.lstrip(_BLANKS).startswith((b"ssh-", b"ecdsa-sha2-")):
        raise key_error(need, "kind", Found.OPENSSH_KEY)
    inside = plain_base64(text)
    if _starts_like_der(inside):
        return inside
    # A whole PEM file once more: Kubernetes, and variables of one line.
    blocks = _blocks(readable(inside), need)
    if not blocks:
        raise key_error(need, "format")
    return _chosen(blocks, need)


def readable(data: bytes) -> bytes:
    """Return what of a text may be part of a key; see rule 2."""
    text = data.replace(_NO_BREAK_SPACE, b" ").translate(None, _DROPPED)
    return _ESCAPE.sub(lambda escape: b"\n" if escape[1] else b"", text)


def _chosen(blocks: list[_Block], need: Need) -> bytes:
    choose = _private_block if need is Need.PRIVATE else _public_block
    return choose(blocks).der


def _starts_like_der(data: bytes) -> bool:
    if len(data) < 2 or data[0] != 0x30:
        return False
    return data[1] >= _LONG_LENGTH or len(data) == 2 + data[1]


def plain_base64(text: bytes) -> bytes:
    """Decode strict base64 with blanks in it; return nothing for anything else."""
    packed = text.translate(None, _BLANKS)
    try:
        data = a2b_base64(packed, strict_mode=True)
    except (Base64Error, ValueError):
        return b""
    return data if b64encode(data) == packed else b""


def _blocks(text: bytes, need: Need) -> list[_Block]:
    blocks = []
    boundary = _BOUNDARY.search(text)
    while boundary is not None:
        if boundary[1] == b"END":
            raise key_error(need, "format")
        block, end = _block(text, boundary.end(), need)
        blocks.append(block)
        boundary = _BOUNDARY.search(text, end)
    return blocks


def _block(text: bytes, at: int, need: Need) -> tuple[_Block, int]:
    """Read the block whose label starts at ``at``; return it and its end."""
    label_end = text.find(_DASHES, at, at + _MAX_LABEL + len(_DASHES))
    label = text[at:label_end]
    if label_end <= at or not all(0x20 <= byte <= 0x7E for byte in label):
        raise key_error(need, "format")
    body_at = label_end + len(_DASHES)
    body_end = text.find(_DASHES, body_at)
    closing = _DASHES + b"END " + label + _DASHES
    if body_end < 0 or not text.startswith(closing, body_end):
        raise key_error(need, "format")
    body = text[body_at:body_end]
    return _labelled(label, body), body_end + len(closing)


def _labelled(label: bytes, body: bytes) -> _Block:
    """Return a block by its content, or else by its label."""
    der = plain_base64(body)
    if label == b"TRUSTED CERTIFICATE":
        der = first_element(der)
    said = _said(label, body, der)
    if b"PARAMETERS" in label:
        return said
    try:
        kind, _ = kind_of(der)
    except DerError:
        return said
    if kind in SECRET_KINDS or kind in _PUBLIC_KINDS:
        return _Block(kind, FOUND_OF[kind], der)
    return said


def _said(label: bytes, body: bytes, der: bytes) -> _Block:
    secret = b"PRIVATE KEY" in label
    if secret and body.lstrip(_BLANKS).startswith(b"Proc-Type:"):
        return _Block(Kind.UNKNOWN_PRIVATE, Found.LEGACY_ENCRYPTED_KEY, der)
    if label in _LABELS:
        kind, found = _LABELS[label]
        return _Block(kind, found, der)
    if secret:
        return _Block(Kind.UNKNOWN_PRIVATE, Found.OTHER_KEY, der)
    if b"PUBLIC KEY" in label:
        return _Block(Kind.UNKNOWN_PUBLIC, Found.OTHER_KEY, der)
    return _Block(Kind.OTHER, Found.OTHER_PEM, der)


def _private_block(blocks: list[_Block]) -> _Block:
    secret = [
        block
        for block in blocks
        if block.kind in SECRET_KINDS or block.kind is Kind.PKCS12
    ]
    if not secret:
        raise key_error(Need.PRIVATE, "kind", blocks[0].found)
    if len(secret) > 1:
        raise key_error(Need.PRIVATE, "ambiguous")
    block = secret[0]
    if block.kind in _ALGORITHM_KINDS:
        raise key_error(Need.PRIVATE, "algorithm", block.found)
    if block.kind is Kind.UNKNOWN_PRIVATE:
        raise key_error(Need.PRIVATE, "kind", block.found)
    return block


def _public_block(blocks: list[_Block]) -> _Block:
    public = []
    for block in blocks:
        if block.kind in SECRET_KINDS:
            raise secret_error(block.found)
        if block.kind in _PUBLIC_KINDS:
            public.append(block)
    if not public:
        raise key_error(Need.PUBLIC, "kind", blocks[0].found)
    # A chain begins with the certificate of the key (RFC 8446, 4.4.2), which is
    # also the one that OpenSSL takes.
    chain = all(block.kind is Kind.CERTIFICATE for block in public)
    if len(public) > 1 and not chain:
        raise key_error(Need.PUBLIC, "ambiguous")
    block = public[0]
    if block.kind is Kind.UNKNOWN_PUBLIC:
        raise key_error(Need.PUBLIC, "kind", block.found)
    return block
