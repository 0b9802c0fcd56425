"""
A plain reader of key files with one switch for each known mistake.

With all switches off it accepts what kesspay accepts. With one on, it makes that
mistake and no other, so the kit knows the wrong answer of each mistake.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kesspay import KeyLoadError
from kesspay.signing.der import DerError, first_element
from kesspay.signing.keyfile import Kind, Need, kind_of, unwrap
from kesspay.signing.keyparts import (
    PrivateNumbers,
    PublicNumbers,
    private_numbers,
    public_numbers,
)
from kesspay.signing.keypolicy import check_private
from tests.support import keymaker as make


if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet


__all__ = ["MISTAKES", "Key", "Refused", "load"]

#: code: its rule, and what the mistake is.
MISTAKES: Final[dict[str, tuple[str, str]]] = {
    "key_pkcs1_returned": ("key.plain", "the answer is in PKCS#1"),
    "key_pem_returned": ("key.plain", "the answer is in PEM"),
    "key_size_any": ("key.size", "a modulus of any size is accepted"),
    "key_size_1024": ("key.size", "a modulus of 1024 bits is accepted"),
    "key_size_long": ("key.size", "a modulus above 8192 bits is accepted"),
    "key_modulus_even": ("key.modulus", "an even modulus is accepted"),
    "key_exponent_any": ("key.exponent", "any public exponent is accepted"),
    "key_exponent_small": ("key.exponent", "an odd exponent from 3 is accepted"),
    "key_exponent_even": ("key.exponent", "an even exponent is accepted"),
    "key_exponent_long": ("key.exponent", "an exponent of any length is accepted"),
    "key_parts_unchecked": (
        "key.parts",
        "the parts of a private key are not compared with each other",
    ),
    "key_algorithm_any": ("key.algorithm", "a key of another algorithm is accepted"),
    "key_algorithm_pss": ("key.algorithm", "an RSA-PSS key is taken for an RSA key"),
    "key_private_as_public": (
        "key.secret",
        "a private key is accepted where a public key is needed",
    ),
    "key_public_as_private": (
        "key.kind",
        "a public key is accepted where a private key is needed",
    ),
    "key_request_as_public": (
        "key.kind",
        "a certificate request is accepted as a public key",
    ),
    "key_first_taken": ("key.one", "the first of several keys is taken"),
    "key_last_taken": ("key.one", "the last of several keys is taken"),
    "key_rest_ignored": ("key.whole", "bytes behind the key are ignored"),
    "key_end_ignored": ("key.whole", "a PEM block needs no END line"),
    "key_pkcs1_refused": ("key.form", "PKCS#1 is not read"),
    "key_der_refused": ("key.form", "DER is not read"),
    "key_certificate_refused": ("key.form", "a certificate is not read"),
    "key_line_refused": ("key.wrapping", "base64 without PEM lines is not read"),
    "key_escaped_refused": (
        "key.wrapping",
        "line ends written as a backslash and n are not read",
    ),
    "key_label_believed": (
        "key.wrapping",
        "the label of a PEM block decides, not its content",
    ),
    "key_text_refused": ("key.wrapping", "text before a PEM block is not read"),
    "key_crlf_refused": ("key.wrapping", "line ends CR LF are not read"),
    "key_encrypted_refused": ("key.password", "an encrypted key is not read"),
    "key_password_trimmed": (
        "key.password",
        "blanks around the password are removed",
    ),
    "key_password_unused": (
        "key.password",
        "a password for a key that is not encrypted is refused",
    ),
}


class Refused(Exception):
    """The reader or verifier refuses; the word is kesspay's reason."""


@dataclass(frozen=True, slots=True)
class Key:
    """
    A key that was read.

    Attributes:
        spki: its public half as SubjectPublicKeyInfo in DER.
        public: modulus and exponent; None where the key is not RSA.
        private: the numbers of a private key.
    """

    spki: bytes
    public: PublicNumbers | None
    private: PrivateNumbers | None = None


_MIN_BITS: Final = 2048
_MAX_BITS: Final = 8192
_LONG_MODULUS: Final = 3072
_BLOCK: Final = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL
)
_LABEL_KINDS: Final = {
    b"PUBLIC KEY": {Kind.SPKI},
    b"RSA PUBLIC KEY": {Kind.PKCS1_PUBLIC},
    b"CERTIFICATE": {Kind.CERTIFICATE},
    b"PRIVATE KEY": {Kind.PKCS8},
    b"RSA PRIVATE KEY": {Kind.PKCS1_PRIVATE},
    b"ENCRYPTED PRIVATE KEY": {Kind.ENCRYPTED_PKCS8},
}


def load(
    kind: str,
    data: bytes,
    password: bytes | None = None,
    wrong: AbstractSet[str] = frozenset(),
) -> Key:
    """
    Read a key as the protocol's op ``key`` does.

    Args:
        kind: "private" or "public".
        data: the file.
        password: of an encrypted key.
        wrong: codes of the mistakes to make.

    Raises:
        Refused: with the reason.
    """
    # Other mistakes change nothing here, so the same key is read once.
    return _load(kind, data, password, frozenset(wrong & MISTAKES.keys()))


@lru_cache(maxsize=256)
def _load(kind: str, data: bytes, password: bytes | None, wrong: frozenset[str]) -> Key:
    need = Need.PRIVATE if kind == "private" else Need.PUBLIC
    if "key_password_trimmed" in wrong and password is not None:
        password = password.strip()
    _refuse_by_mistake(data, need, password, wrong)
    try:
        numbers = _numbers(data, need, password)
    except KeyLoadError as error:
        found = _excused(data, need, password, wrong, error)
        if found is None:
            raise Refused(error.reason) from None
        if isinstance(found, Key):
            return found
        numbers = found
    _require_policy(numbers, wrong)
    public = PublicNumbers(numbers.n, numbers.e)
    spki = make.spki(make.pkcs1_public(*public))
    if "key_pkcs1_returned" in wrong:
        spki = make.pkcs1_public(*public)
    if "key_pem_returned" in wrong:
        spki = make.pem("PUBLIC KEY", spki)
    return Key(spki, public, numbers if isinstance(numbers, PrivateNumbers) else None)


def _numbers(
    data: bytes, need: Need, password: bytes | None
) -> PrivateNumbers | PublicNumbers:
    found = _read(data, need, password)
    if isinstance(found, KeyLoadError):
        raise found
    return found


@lru_cache(maxsize=256)
def _read(
    data: bytes, need: Need, password: bytes | None
) -> PrivateNumbers | PublicNumbers | KeyLoadError:
    """Read a file once for all mistakes: some are encrypted, which takes time."""
    try:
        if need is Need.PRIVATE:
            return private_numbers(data, password)
        return public_numbers(data, password)
    except KeyLoadError as error:
        return error


# ------------------------------------------------------------ the policy


def _require_policy(
    numbers: PrivateNumbers | PublicNumbers, wrong: AbstractSet[str]
) -> None:
    bits = numbers.n.bit_length()
    if not _size_fits(bits, wrong):
        raise Refused("size")
    if numbers.n % 2 == 0 and "key_modulus_even" not in wrong:
        raise Refused("modulus")
    if not _exponent_fits(numbers.e, bits, wrong):
        raise Refused("exponent")
    if isinstance(numbers, PrivateNumbers) and "key_parts_unchecked" not in wrong:
        _require_parts(numbers)


def _size_fits(bits: int, wrong: AbstractSet[str]) -> bool:
    if _MIN_BITS <= bits <= _MAX_BITS or "key_size_any" in wrong:
        return True
    if "key_size_1024" in wrong and 1024 <= bits < _MIN_BITS:
        return True
    return "key_size_long" in wrong and bits > _MAX_BITS


def _exponent_fits(e: int, bits: int, wrong: AbstractSet[str]) -> bool:
    if "key_exponent_any" in wrong:
        return True
    most = 64 if bits > _LONG_MODULUS else 256
    if e % 2 == 0:
        return "key_exponent_even" in wrong and e > 1
    if e.bit_length() > most:
        return "key_exponent_long" in wrong
    return e >= 65537 or ("key_exponent_small" in wrong and e >= 3)


def _require_parts(numbers: PrivateNumbers) -> None:
    if not _parts_fit(numbers):
        raise Refused("inconsistent")


@lru_cache(maxsize=256)
def _parts_fit(numbers: PrivateNumbers) -> bool:
    """Compare the parts; a signature that is tried finds a prime that is none."""
    message = 0x1234567
    try:
        check_private(numbers, allow_weak=True)
    except KeyLoadError as error:
        if error.reason == "inconsistent":
            return False
    # By the Chinese remainders, as libcrypto signs.
    p, q = numbers.p, numbers.q
    at_p, at_q = pow(message, numbers.dp, p), pow(message, numbers.dq, q)
    signed = at_q + q * (numbers.q_inverse * (at_p - at_q) % p)
    return pow(signed, numbers.e, numbers.n) == message


# ------------------------------------------------------------ mistakes that accept


def _excused(
    data: bytes,
    need: Need,
    password: bytes | None,
    wrong: AbstractSet[str],
    error: KeyLoadError,
) -> Key | PrivateNumbers | PublicNumbers | None:
    """Return what a mistake makes of a file that is refused, or None."""
    reason = error.reason
    if reason == "secret" and "key_private_as_public" in wrong:
        private = _or_none(data, Need.PRIVATE, password)
        return private and PublicNumbers(private.n, private.e)
    if reason == "kind" and need is Need.PRIVATE and "key_public_as_private" in wrong:
        return _or_none(data, Need.PUBLIC, None)
    if reason == "kind" and need is Need.PUBLIC and "key_request_as_public" in wrong:
        return _of_request(data)
    if reason == "algorithm":
        return _of_another_algorithm(data, need, wrong)
    if reason == "ambiguous":
        return _one_of(data, need, password, wrong)
    if reason == "format":
        return _of_a_part(data, need, wrong)
    return None


def _or_none(
    data: bytes, need: Need, password: bytes | None
) -> PrivateNumbers | PublicNumbers | None:
    try:
        return _numbers(data, need, password)
    except KeyLoadError:
        return None


def _of_request(data: bytes) -> PublicNumbers:
    key = x509.load_pem_x509_csr(data).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    numbers = key.public_numbers()
    return PublicNumbers(numbers.n, numbers.e)


def _of_another_algorithm(
    data: bytes, need: Need, wrong: AbstractSet[str]
) -> Key | None:
    load_pem = serialization.load_pem_public_key
    if need is Need.PRIVATE:
        key = serialization.load_pem_private_key(data, None).public_key()
    else:
        key = load_pem(data)
    is_pss = isinstance(key, rsa.RSAPublicKey)
    if ("key_algorithm_pss" if is_pss else "key_algorithm_any") not in wrong:
        return None
    spki = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Key(spki, None)


def _one_of(
    data: bytes, need: Need, password: bytes | None, wrong: AbstractSet[str]
) -> PrivateNumbers | PublicNumbers | None:
    blocks = [match[0] for match in _BLOCK.finditer(data)]
    found = [one for block in blocks if (one := _or_none(block, need, password))]
    if "key_first_taken" in wrong:
        return found[0]
    return found[-1] if "key_last_taken" in wrong else None


def _of_a_part(
    data: bytes, need: Need, wrong: AbstractSet[str]
) -> PrivateNumbers | PublicNumbers | None:
    if "key_rest_ignored" in wrong:
        block = _BLOCK.search(data)
        try:
            der = base64.b64decode(_body(block[0])) if block else data
            return _or_none(first_element(der), need, None)
        except (DerError, ValueError):
            return None
    if "key_end_ignored" in wrong and data.startswith(b"-----BEGIN "):
        body = data.split(b"-----")[2]
        try:
            return _or_none(base64.b64decode(body), need, None)
        except ValueError:
            return None
    return None


def _body(block: bytes) -> bytes:
    return block.split(b"-----")[2]


# ------------------------------------------------------------ mistakes that refuse


def _refuse_by_mistake(
    data: bytes, need: Need, password: bytes | None, wrong: AbstractSet[str]
) -> None:
    try:
        kind, _ = kind_of(unwrap(data, need))
    except (KeyLoadError, DerError):
        kind = Kind.OTHER
    block = _BLOCK.search(data)
    binary = data[:1] == b"0"
    label = block[1] if block else b""
    slips = {
        "key_pkcs1_refused": kind in (Kind.PKCS1_PRIVATE, Kind.PKCS1_PUBLIC),
        "key_der_refused": binary,
        "key_certificate_refused": kind is Kind.CERTIFICATE,
        "key_line_refused": b"-----" not in data and not binary,
        "key_escaped_refused": b"\\n" in data,
        "key_label_believed": bool(label)
        and kind is not Kind.OTHER
        and kind not in _LABEL_KINDS.get(label, set()),
        "key_text_refused": b"-----" in data and data[:5] != b"-----",
        "key_crlf_refused": b"\r\n" in data,
        "key_encrypted_refused": kind is Kind.ENCRYPTED_PKCS8,
        "key_password_unused": password is not None
        and kind is not Kind.ENCRYPTED_PKCS8,
    }
    if any(slips[code] for code in slips if code in wrong):
        raise Refused("format")
