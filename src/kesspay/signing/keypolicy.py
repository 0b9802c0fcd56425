"""
The key policy: which RSA numbers are accepted as a key.

libcrypto loads and uses keys that protect nothing: with e = 1 the padded digest
is its own signature, and with an even or a short modulus anyone can forge one.
So kesspay checks the numbers before any library gets them, in this order: size,
modulus, exponent, consistency of a private key.

Source: FIPS 186-5 (5.1, A.1.1), RFC 8017 (3.1, 3.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kesspay.signing.keyfile import Need, key_error


if TYPE_CHECKING:
    from kesspay.signing.keyparts import PrivateNumbers, PublicNumbers


__all__ = ["check_private", "check_public"]

_MIN_BITS: Final = 2048
_MAX_BITS: Final = 8192
_MIN_EXPONENT: Final = 65537
_MAX_EXPONENT_BITS: Final = 256
# libcrypto does no public operation with a longer exponent on a longer modulus
# (OPENSSL_RSA_SMALL_MODULUS_BITS, OPENSSL_RSA_MAX_PUBEXP_BITS of its rsa.h):
# such a key would load and then refuse every signature.
_LONG_MODULUS_BITS: Final = 3072
_SHORT_EXPONENT_BITS: Final = 64
# With the dangerous option: what an old sandbox needs.
_WEAK_MIN_BITS: Final = 512
_WEAK_MIN_EXPONENT: Final = 3


def check_public(
    numbers: PublicNumbers | PrivateNumbers,
    *,
    allow_weak: bool,
    need: Need = Need.PUBLIC,
) -> None:
    """
    Refuse a modulus or an exponent outside the policy.

    Args:
        numbers: of the key.
        allow_weak: accept from 512 bits and e from 3.
        need: which half was to be loaded, for the message.

    Raises:
        KeyLoadError: ``size``, ``modulus`` or ``exponent``.
    """
    bits = numbers.n.bit_length()
    if not (_WEAK_MIN_BITS if allow_weak else _MIN_BITS) <= bits <= _MAX_BITS:
        raise key_error(need, "size")
    if numbers.n % 2 == 0:
        raise key_error(need, "modulus")
    lowest = _WEAK_MIN_EXPONENT if allow_weak else _MIN_EXPONENT
    most = _SHORT_EXPONENT_BITS if bits > _LONG_MODULUS_BITS else _MAX_EXPONENT_BITS
    e = numbers.e
    if e % 2 == 0 or e < lowest or e.bit_length() > most:
        raise key_error(need, "exponent")


def check_private(numbers: PrivateNumbers, *, allow_weak: bool) -> None:
    """
    Refuse a private key outside the policy, or whose parts disagree.

    A part that was changed makes signatures that are wrong or that reveal the
    key (Boneh, DeMillo, Lipton 1997). Primality is not tested: the
    self-test at load covers what it would find.

    Args:
        numbers: of the key.
        allow_weak: accept from 512 bits and e from 3.

    Raises:
        KeyLoadError: ``size``, ``modulus``, ``exponent``, ``inconsistent``.
    """
    check_public(numbers, allow_weak=allow_weak, need=Need.PRIVATE)
    if not _consistent(numbers):
        raise key_error(Need.PRIVATE, "inconsistent")


def _consistent(key: PrivateNumbers) -> bool:
    p, q = key.p, key.q
    return (
        1 < p < key.n
        and 1 < q < key.n
        and p % 2 == 1
        and q % 2 == 1
        and p * q == key.n
        # A short factor is easy to find, and n = 3 q would pass the other checks.
        and 4 * min(p.bit_length(), q.bit_length()) >= key.n.bit_length()
        and 0 < key.d < key.n
        and key.e * key.d % (p - 1) == 1
        and key.e * key.d % (q - 1) == 1
        and key.dp == key.d % (p - 1)
        and key.dq == key.d % (q - 1)
        and 0 < key.q_inverse < p
        and q * key.q_inverse % p == 1
    )
