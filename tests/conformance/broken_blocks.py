"""The blocks of RSA signatures, and each known way to compare them wrongly."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet


__all__ = [
    "INDEFINITE",
    "INFO",
    "LONG_LENGTH",
    "NO_NULL",
    "ZERO_LENGTH",
    "emsa",
    "matches",
    "pss_block",
]

#: DigestInfo up to the digest (RFC 8017, 9.2, note 1).
INFO: Final[dict[str, bytes]] = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "md5": bytes.fromhex("3020300c06082a864886f70d020505000410"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
    "sha224": bytes.fromhex("302d300d06096086480165030402040500041c"),
}
NO_NULL: Final = bytes.fromhex("302f300b06096086480165030402010420")
LONG_LENGTH: Final = bytes.fromhex("308131300d060960864801650304020105000420")
ZERO_LENGTH: Final = bytes.fromhex("30820031300d060960864801650304020105000420")
INDEFINITE: Final = bytes.fromhex("3080300d060960864801650304020105000420")
_COMPARED: Final = 4
_TRAILER: Final = 0xBC


def emsa(size: int, payload: bytes) -> bytes:
    """Return the block of PKCS#1 v1.5 around a payload (RFC 8017, 9.2)."""
    return b"\0\1" + b"\xff" * (size - 3 - len(payload)) + b"\0" + payload


def matches(block: bytes, message: bytes, wrong: AbstractSet[str]) -> Iterator[bool]:
    """Yield the verdict of each comparison that is made; one True is enough."""
    size = len(block)
    algorithm = "sha1" if "sha1_instead" in wrong else "sha256"
    digest = hashlib.new(algorithm, message).digest()
    if "digest_twice" in wrong:
        digest = hashlib.sha256(digest).digest()
    payload = INFO[algorithm] + digest
    yield block == emsa(size, payload)
    for code, names in _MORE_HASHES.items():
        if code in wrong:
            for name in names:
                other = INFO[name] + hashlib.new(name, message).digest()
                yield block == emsa(size, other)
    for code, check in _LOOSE.items():
        if code in wrong:
            yield check(block, digest)
    if "pss_too" in wrong:
        yield _is_pss(block, digest)


_MORE_HASHES: Final[dict[str, tuple[str, ...]]] = {
    "sha1_too": ("sha1",),
    "md5_too": ("md5",),
    "sha512_too": ("sha384", "sha512"),
    "hash_named": tuple(INFO),
}


def _payload(block: bytes) -> bytes:
    """Return what a block of right padding holds, or nothing."""
    match = re.fullmatch(rb"\x00\x01\xff{8,}\x00(.*)", block, re.DOTALL)
    return match[1] if match else b""


def _digest_in(block: bytes) -> bytes:
    payload = _payload(block)
    info = INFO["sha256"]
    whole = payload.startswith(info) and len(payload) == len(info) + 32
    return payload[len(info) :] if whole else b""


def _is_garbage_ignored(block: bytes, digest: bytes) -> bool:
    match = re.match(rb"\x00\x01\xff+\x00", block)
    return match is not None and block[match.end() :].startswith(
        INFO["sha256"] + digest
    )


def _is_short_fill(block: bytes, digest: bytes) -> bool:
    """Take a fill below 8 bytes, where the rest is a digest of zeros in front."""
    match = re.match(rb"\x00\x01\xff{0,7}\x00+", block)
    return match is not None and block[match.end() :] == INFO["sha256"] + digest


def _is_after_zeros(block: bytes, digest: bytes) -> bool:
    """Take a block whose zero bytes a big integer has dropped."""
    match = re.fullmatch(rb"\x01\xff{8,}\x00(.*)", block.lstrip(b"\0"), re.DOTALL)
    return match is not None and match[1] == INFO["sha256"] + digest


def _is_oid_ignored(block: bytes, digest: bytes) -> bool:
    payload = _payload(block)
    info = INFO["sha256"]
    # The shape of the DigestInfo counts, and not the identifier in it.
    return (
        len(payload) == len(info) + len(digest)
        and payload[:6] == info[:6]
        and payload[15:] == info[15:] + digest
    )


def _is_any_parameters(block: bytes, digest: bytes) -> bool:
    payload = _payload(block)
    oid = INFO["sha256"][4:15]
    return oid in payload and payload.endswith(b"\x04\x20" + digest)


def _is_text_equal(block: bytes, digest: bytes) -> bool:
    given = _digest_in(block)
    return bool(given) and given.split(b"\0")[0] == digest.split(b"\0")[0]


_LOOSE: Final[dict[str, Callable[[bytes, bytes], bool]]] = {
    "digest_begin": lambda block, digest: (
        bool(_digest_in(block)) and _digest_in(block)[:_COMPARED] == digest[:_COMPARED]
    ),
    "digest_text": _is_text_equal,
    "digest_end": lambda block, digest: (
        bool(_digest_in(block))
        and _digest_in(block)[-_COMPARED:] == digest[-_COMPARED:]
    ),
    "info_missing": lambda block, digest: _payload(block) == digest,
    "info_null_missing": lambda block, digest: _payload(block) == NO_NULL + digest,
    "info_long_length": lambda block, digest: (
        _payload(block)
        in (LONG_LENGTH + digest, ZERO_LENGTH + digest, INDEFINITE + digest + b"\0\0")
    ),
    "info_oid_ignored": _is_oid_ignored,
    "info_parameters": _is_any_parameters,
    "padding_garbage": _is_garbage_ignored,
    "padding_fill": lambda block, digest: (
        block[:2] == b"\0\1" and block.endswith(b"\0" + INFO["sha256"] + digest)
    ),
    "padding_type": lambda block, digest: (
        block[:1] + b"\1" + block[2:] == emsa(len(block), INFO["sha256"] + digest)
    ),
    "padding_tail": lambda block, digest: block.endswith(INFO["sha256"] + digest),
    "padding_short": _is_short_fill,
    "padding_zeros": _is_after_zeros,
}


def _masked(data: bytes, salted: bytes) -> bytearray:
    """Mask or unmask the first part of a PSS block (RFC 8017, B.2.1)."""
    mask = b"".join(
        hashlib.sha256(salted + count.to_bytes(4, "big")).digest()
        for count in range(len(data) // 32 + 1)
    )
    found = bytearray(a ^ b for a, b in zip(data, mask, strict=False))
    found[0] &= 0x7F
    return found


def pss_block(digest: bytes, size: int, salt: bytes = b"kess" * 8) -> bytes:
    """Return the block of PSS with SHA-256 (RFC 8017, 9.1.1), with a fixed salt."""
    salted = hashlib.sha256(bytes(8) + digest + salt).digest()
    data = (b"\1" + salt).rjust(size - len(salted) - 1, b"\0")
    return bytes(_masked(data, salted)) + salted + b"\xbc"


def _is_pss(block: bytes, digest: bytes) -> bool:
    """Say whether a block is EMSA-PSS with SHA-256 (RFC 8017, 9.1.2)."""
    masked, salted = block[:-33], block[-33:-1]
    if block[-1] != _TRAILER:
        return False
    data = _masked(masked, salted)
    salt = bytes(data).lstrip(b"\0")
    if not salt.startswith(b"\1"):
        return False
    return hashlib.sha256(bytes(8) + digest + salt[1:]).digest() == salted
