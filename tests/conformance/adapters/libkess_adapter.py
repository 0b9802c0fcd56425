"""
libkess, the C library alone, behind the protocol of the conformance kit.

::

    kesspay conformance run -- python tests/conformance/adapters/libkess_adapter.py PATH

PATH is the shared library. Nothing of the native core of kesspay is in the way: the
functions of kess.h are called by ctypes.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import contextmanager
from ctypes import POINTER, byref, c_char_p, c_size_t, c_uint32, c_void_p
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final


sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from kesspay.signing.profile import Profile
from kesspay.signing.status import DOCUMENT_STATUS, KEY_STATUS, SIGNATURE_STATUS
from tests.conformance.adapters.protocol import (
    PROFILES,
    Question,
    Refused,
    decoded,
    serve,
)
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


__all__ = ["OPS", "Library"]

#: What is asked of it; how parameters become a JSON text is up to its callers.
OPS: Final = ("canonicalize", "sign", "body", "verify", "key", "base64")

_WORDS: Final = {**DOCUMENT_STATUS, **KEY_STATUS, **SIGNATURE_STATUS}
_DECODE_DEPTH: Final = 511
_KSORT: Final = {"8.2": 0, "8.0": 8, "7": 16}
#: A signature of 8192 bits in base64, what is written around it, and a key.
_MORE: Final = 4096


class _Options(ctypes.Structure):
    _fields_: ClassVar = [("profile", c_uint32), ("max_depth", c_uint32)]


class _Error(ctypes.Structure):
    _fields_: ClassVar = [
        ("status", ctypes.c_int32),
        ("item", ctypes.c_int32),
        ("pos", ctypes.c_uint64),
    ]


class Library:
    """
    A shared library that was loaded.

    Args:
        path: of the file.
    """

    def __init__(self, path: str) -> None:
        """Load it, and check that its functions are there."""
        self._c: Any = ctypes.CDLL(path)
        self._c.kess_version.restype = c_char_p
        self._c.kess_canonical_bound_for.restype = c_size_t
        self._c.kess_canonical_bound_for.argtypes = [c_size_t, c_void_p]
        self._c.kess_key_free.argtypes = [c_void_p]
        self._c.kess_key_free.restype = None

    def hello(self) -> dict[str, Any]:
        """Return what the adapter says of itself."""
        return {
            "protocol": 1,
            "name": "libkess",
            "version": self._c.kess_version().decode(),
            "language": "C",
            "ops": list(OPS),
            "profiles": list(PROFILES),
        }

    def answer(self, question: Question) -> bytes:
        """
        Return what libkess answers.

        Raises:
            Refused: libkess refuses.
            OSError: libkess says that the call or the machine is at fault.
        """
        if question.op == "base64":
            return decoded(question.text, self._refused)
        if question.op == "key":
            with self._key(question.kind, question.text, question.password) as key:
                return self._written(
                    lambda out, size, error: self._c.kess_key_spki(
                        c_void_p(key), out, size, error
                    ),
                    _MORE,
                )
        if question.op == "canonicalize":
            return self._of_text(self._c.kess_canonicalize, None, question, 0)
        function, kind, depth = {
            "sign": (self._c.kess_sign_document, "private", _DECODE_DEPTH),
            "body": (self._c.kess_signed_body, "private", 0),
            "verify": (self._c.kess_verify_document, "public", 0),
        }[question.op]
        with self._key(kind, question.key, None) as key:
            return self._of_text(function, key, question, depth)

    def _of_text(
        self,
        function: Callable[..., int],
        key: int | None,
        question: Question,
        depth: int,
    ) -> bytes:
        """Call a function that writes what it makes of a text."""
        options = _Options(_bits(question.profile), depth)
        text = question.text
        first = () if key is None else (c_void_p(key),)
        return self._written(
            lambda out, size, error: function(
                *first, out, size, text, c_size_t(len(text)), byref(options), error
            ),
            self._c.kess_canonical_bound_for(len(text), byref(options)) + _MORE,
        )

    def _written(self, call: Callable[..., int], room: int) -> bytes:
        out = ctypes.create_string_buffer(room)
        size = c_size_t(room)
        self._require(call(out, byref(size), None))
        return out.raw[: size.value]

    @contextmanager
    def _key(self, kind: str, text: bytes, password: bytes | None) -> Iterator[int]:
        key, error = c_void_p(), _Error()
        load = (
            self._c.kess_private_key_load
            if kind == "private"
            else self._c.kess_public_key_load_protected
        )
        load.argtypes = [
            *(POINTER(c_void_p), c_char_p, c_size_t, c_char_p, c_size_t, c_uint32),
            POINTER(_Error),
        ]
        word = password or b""
        given = None if password is None else word
        self._require(
            load(byref(key), text, len(text), given, len(word), 0, byref(error))
        )
        assert key.value is not None
        try:
            yield key.value
        finally:
            self._c.kess_key_free(key)

    def _require(self, status: int) -> None:
        if status in _WORDS:
            raise Refused(_WORDS[status])
        if status:
            raise OSError(f"libkess returned {status}")

    def _refused(self, document: bytes) -> str:
        pem = (KEYS / "rsa-2048.pub.pem").read_bytes()
        question = Question("verify", document, Profile(), pem)
        try:
            self.answer(question)
        except Refused as refusal:
            return str(refusal)
        raise AssertionError(document)


def _bits(profile: Profile) -> int:
    bits = {-1: 0, 17: 1, 100: 32}[profile.serialize_precision]
    bits |= 2 if profile.unescaped_slashes else 0
    bits |= 4 if profile.unescaped_unicode else 0
    bits |= 64 if profile.preserve_zero_fraction else 0
    return bits | _KSORT[profile.ksort]


if __name__ == "__main__":
    library = Library(sys.argv[1])
    serve(library.hello(), library.answer)
