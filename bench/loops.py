"""Compile ``loops.c`` and call it: the raw RSA operation, and loops in C."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

import kesspay


if TYPE_CHECKING:
    from bench.rounds import Loop


__all__ = ["Unmeasurable", "c_canonicalize", "c_signed_body", "c_verify", "raw_rsa"]

SOURCE: Final = Path(__file__).with_suffix(".c")
BUILD: Final = Path(__file__).parent.parent / "build" / "bench"


class Unmeasurable(Exception):
    """Something that a measurement needs is not on this machine."""


@cache
def _library() -> ctypes.CDLL:
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Unmeasurable("no C compiler")
    if kesspay.backend().name != "native":
        raise Unmeasurable("no native core")
    BUILD.mkdir(parents=True, exist_ok=True)
    made = BUILD / "loops.so"
    flags = ["-O2", "-shared", "-fPIC", "-lcrypto"]
    command = [compiler, "-o", str(made), str(SOURCE), *flags]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unmeasurable(f"{SOURCE.name} cannot be compiled: {error}") from error
    library = ctypes.CDLL(str(made))
    library.raw_version.restype = ctypes.c_char_p
    library.raw_open.restype = ctypes.c_void_p
    for name in ("raw_sign", "raw_verify", "loop_canonicalize", "loop_with_key"):
        getattr(library, name).restype = ctypes.c_int64
    ours, raw = kesspay.backend().openssl, library.raw_version().decode()
    if ours != raw:
        raise Unmeasurable(f"kesspay uses {ours}, the compiler {raw}")
    return library


def _checked(loop: Any, *arguments: Any) -> Loop:  # noqa: ANN401 - ctypes has no types
    def run(times: int) -> int:
        nanoseconds: int = loop(*arguments, times)
        assert nanoseconds >= 0
        return nanoseconds

    run(1)
    return run


def raw_rsa(pem: bytes) -> tuple[Loop, Loop]:
    """Return loops of the raw private and the raw public operation of a key."""
    # The keys of the vectors carry no password: they are public test data.
    key = load_pem_private_key(pem, password=None)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    library = _library()
    raw = ctypes.c_void_p(
        library.raw_open(
            private, ctypes.c_long(len(private)), public, ctypes.c_long(len(public))
        )
    )
    assert raw.value
    return _checked(library.raw_sign, raw), _checked(library.raw_verify, raw)


def _function(name: str) -> ctypes.c_void_p:
    from kesspay._native import ffi, lib

    return ctypes.c_void_p(int(ffi.cast("uintptr_t", ffi.addressof(lib, name))))


def c_canonicalize(text: bytes) -> Loop:
    """Return a loop of kess_canonicalize."""
    loop = partial(_library().loop_canonicalize, _function("kess_canonicalize"))
    return _checked(loop, text, ctypes.c_size_t(len(text)))


def _with_key(name: str, handle: Any, text: bytes) -> Loop:  # noqa: ANN401 - a handle
    loop = partial(_library().loop_with_key, _function(name))
    address = ctypes.c_void_p(handle._address)  # noqa: SLF001 - where C finds the key
    return _checked(loop, address, text, ctypes.c_size_t(len(text)))


def c_verify(key: kesspay.PublicKey, body: bytes) -> Loop:
    """Return a loop of kess_verify_document."""
    return _with_key("kess_verify_document", key._handle, body)  # noqa: SLF001 - where C finds the key


def c_signed_body(key: kesspay.PrivateKey, text: bytes) -> Loop:
    """Return a loop of kess_signed_body."""
    return _with_key("kess_signed_body", key._handle, text)  # noqa: SLF001 - where C finds the key
