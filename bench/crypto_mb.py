"""
Intel's crypto_mb as a peer: eight RSA public operations in one call.

It is measured where the packages ``ipp-crypto`` and ``intel-cmplr-lib-rt`` are
installed. The call goes through ctypes, which adds about 2 % to eight operations.
"""

from __future__ import annotations

import ctypes
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bench import rounds
from bench.loops import Unmeasurable


if TYPE_CHECKING:
    from bench.rounds import Loop


__all__ = ["LANES", "public_operations"]

LANES: Final = 8
#: What libcrypto_mb needs, each after what it needs itself.
_NEEDED: Final = ("libintlc.so.5", "libirng.so", "libimf.so", "libsvml.so")


def _library() -> ctypes.CDLL:
    folder = Path(sysconfig.get_path("data")) / "lib"
    try:
        for name in _NEEDED:
            ctypes.CDLL(str(folder / name), mode=ctypes.RTLD_GLOBAL)
        library = ctypes.CDLL(str(folder / "libcrypto_mb.so"))
    except OSError:
        raise Unmeasurable("ipp-crypto and intel-cmplr-lib-rt are absent") from None
    if not library.mbx_is_crypto_mb_applicable(ctypes.c_uint64(0)):
        raise Unmeasurable("this processor is none for crypto_mb")
    return library


def public_operations(pem: bytes) -> Loop:
    """
    Return a loop of eight public operations with the key.

    Raises:
        Unmeasurable: it is not installed, or not for this processor.
    """
    library = _library()
    key = load_pem_private_key(pem, password=None)
    assert isinstance(key, RSAPrivateKey)
    numbers = key.public_key().public_numbers()
    size = key.key_size // 8
    kilobits = key.key_size // 1024
    method_of: Any = getattr(library, f"mbx_RSA{kilobits}K_pub65537_Method")
    method_of.restype = ctypes.c_void_p
    method = ctypes.c_void_p(method_of())
    work = ctypes.create_string_buffer(library.mbx_RSA_Method_BufSize(method) + 64)
    pointers = ctypes.c_void_p * LANES
    # Little-endian words, as the library wants a modulus.
    modulus = ctypes.create_string_buffer(numbers.n.to_bytes(size, "little"), size)
    given = [
        ctypes.create_string_buffer((3**1200 + lane).to_bytes(size, "big"), size)
        for lane in range(LANES)
    ]
    made = [ctypes.create_string_buffer(size) for _ in range(LANES)]
    arguments = (
        pointers(*map(ctypes.addressof, given)),
        pointers(*map(ctypes.addressof, made)),
        pointers(*[ctypes.addressof(modulus)] * LANES),
        ctypes.c_int(key.key_size),
        method,
        work,
    )
    assert library.mbx_rsa_public_mb8(*arguments) == 0
    for lane in range(LANES):
        expected = pow(3**1200 + lane, numbers.e, numbers.n)
        assert made[lane].raw == expected.to_bytes(size, "big")
    # The buffers must live as long as the loop.
    kept = (modulus, given, made)

    def operations() -> None:
        assert kept
        library.mbx_rsa_public_mb8(*arguments)

    return rounds.of(operations)
