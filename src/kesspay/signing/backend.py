"""
Choose the backend: the native core, or pure Python with ``cryptography``.

The choice is made once, at the first use:

- ``KESSPAY_BACKEND=native`` or ``=python`` forces one; a forced backend that
  is not available raises a BackendError, and no other is used instead.
- ``KESSPAY_REQUIRE_NATIVE=1``, the switch that turns a failing build of the
  native core into an error, means at run time that there is no fallback:
  the same as ``KESSPAY_BACKEND=native`` where that is not set.
- Otherwise the native core is used where it is installed, and pure Python
  where it is not. A native core that is installed but cannot be imported is
  a defect of the installation: one RuntimeWarning reports it, and
  ``backend().import_error`` holds the reason.

Both backends give the same bytes and the same refusals. A key stays with the
backend that loaded it.

Under ``KESSPAY_MULTIBUFFER=0`` OpenSSL verifies every signature with the keys that are
loaded from then on; without it, the native core may verify eight of a batch at a time.
"""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from kesspay._first_use import FirstUseLock
from kesspay._shown import shown_value
from kesspay.errors import BackendError


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.signing.columns import Texts, Written
    from kesspay.signing.profile import Profile


__all__ = [
    "Backend",
    "BackendInfo",
    "PrivateHandle",
    "PublicHandle",
    "backend",
    "current",
    "in_use",
    "is_multibuffer_off",
    "override",
]

_NATIVE_MODULE = "kesspay._native"
_OFF = frozenset({"", "0", "false", "no", "off"})


class PublicHandle(Protocol):
    """A loaded public key. May be used by any number of threads."""

    @property
    def bits(self) -> int:
        """Bits of the modulus."""

    @property
    def spki(self) -> bytes:
        """DER of the SubjectPublicKeyInfo (RFC 5280, 4.1.2.7)."""

    @property
    def ways(self) -> int:
        """How many signatures of a batch are verified at a time: 8, or 1."""

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise InvalidSignature unless the signature is right."""

    def verify_document(self, text: bytes, profile: Profile, max_depth: int) -> bytes:
        """Return the canonical bytes that verified, or raise."""

    def verify_documents(
        self, texts: Texts, profile: Profile, max_depth: int
    ) -> list[int]:
        """Return a kess_status for each text, in one call."""


class PrivateHandle(Protocol):
    """A loaded private key. May be used by any number of threads."""

    @property
    def bits(self) -> int:
        """Bits of the modulus."""

    def public(self) -> PublicHandle:
        """Return the public half."""

    def sign(self, message: bytes) -> bytes:
        """Return the raw signature of a message."""

    def sign_text(self, text: bytes, profile: Profile, max_depth: int) -> str:
        """Return the base64 signature of the canonical form of a text."""

    def sign_documents(self, texts: Texts, profile: Profile, max_depth: int) -> Written:
        """Return the signatures of many JSON texts, in one call."""

    def signed_body(self, text: bytes, profile: Profile) -> bytes:
        """
        Return the request body for parameters written as a JSON text.

        An error holds the reason only, and no position in the text.
        """


class Backend(Protocol):
    """The functions of a backend. The caller has checked the arguments."""

    @property
    def name(self) -> str:
        """``"native"`` or ``"python"``."""

    @property
    def version(self) -> str:
        """Version of the native core, or of kesspay."""

    @property
    def openssl(self) -> str:
        """Version text of the libcrypto that does the RSA."""

    def canonicalize_text(self, text: bytes, profile: Profile, max_depth: int) -> bytes:
        """Return the canonical bytes of a JSON text."""

    def canonicalize_texts(
        self, texts: Texts, profile: Profile, max_depth: int
    ) -> Written:
        """Return the canonical bytes of many JSON texts, in one call."""

    def load_private(
        self,
        data: bytes,
        password: bytes | None,
        *,
        allow_weak: bool,
        openssl_only: bool = False,
    ) -> PrivateHandle:
        """Load a private key from PEM, DER or base64."""

    def load_private_file(
        self,
        path: str,
        password: bytes | None,
        *,
        allow_weak: bool,
        openssl_only: bool = False,
    ) -> PrivateHandle:
        """Load a private key from a file."""

    def load_public(
        self,
        data: bytes,
        *,
        allow_weak: bool,
        password: bytes | None = None,
        openssl_only: bool = False,
    ) -> PublicHandle:
        """Load a public key from PEM, DER or base64."""

    def load_public_file(
        self,
        path: str,
        *,
        allow_weak: bool,
        password: bytes | None = None,
        openssl_only: bool = False,
    ) -> PublicHandle:
        """Load a public key from a file."""


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """
    Which backend is in use.

    Attributes:
        name: ``"native"`` or ``"python"``.
        version: version of the native core, or of kesspay.
        openssl: version text of the libcrypto that does the RSA.
        import_error: why a native core that is installed could not be
            imported, or None.
    """

    name: str
    version: str
    openssl: str
    import_error: str | None


@dataclass(slots=True)
class InUse:
    """
    The backend that this process uses.

    Attributes:
        backend: the backend, or None before the first use; see ``current``.
        import_error: as in BackendInfo.
    """

    backend: Backend | None = None
    import_error: str | None = None


_lock = FirstUseLock()
#: Of this process; only this module changes it.
in_use: Final = InUse()


def current() -> Backend:
    """
    Return the backend in use, choosing it at the first call.

    Raises:
        BackendError: the forced backend is not available.
    """
    return in_use.backend or _choose()


def backend() -> BackendInfo:
    """
    Return which backend is in use, with the version of its OpenSSL.

    Raises:
        BackendError: the forced backend is not available.
    """
    used = current()
    return BackendInfo(
        name=used.name,
        version=used.version,
        openssl=used.openssl,
        import_error=in_use.import_error,
    )


def is_multibuffer_off() -> bool:
    """Return whether KESSPAY_MULTIBUFFER lets OpenSSL verify every signature."""
    text = os.environ.get("KESSPAY_MULTIBUFFER", "").strip().lower()
    return bool(text) and text in _OFF


@contextmanager
def override(name: str) -> Iterator[Backend]:
    """
    Use another backend inside of a ``with`` block, in the whole process. For tests.

    Raises:
        BackendError: this backend is not available.
    """
    chosen, import_error = _forced(name)
    before = in_use.backend, in_use.import_error
    in_use.backend, in_use.import_error = chosen, import_error
    try:
        yield chosen
    finally:
        in_use.backend, in_use.import_error = before


def _choose() -> Backend:
    with _lock:
        if in_use.backend is None:
            chosen, in_use.import_error = _chosen_by_environment()
            in_use.backend = chosen
        return in_use.backend


def _chosen_by_environment() -> tuple[Backend, str | None]:
    name = os.environ.get("KESSPAY_BACKEND", "").strip().lower()
    required = os.environ.get("KESSPAY_REQUIRE_NATIVE", "").strip().lower()
    if name:
        return _forced(name)
    if required not in _OFF:
        return _forced("native")
    native, import_error = _native()
    if native is not None:
        return native, None
    if import_error is not None:
        warnings.warn(
            "the native core of kesspay is installed but cannot be imported "
            f"({import_error}); pure Python is used instead",
            RuntimeWarning,
            stacklevel=2,
        )
    return _python(), import_error


def _forced(name: str) -> tuple[Backend, str | None]:
    if name == "python":
        return _python(), None
    if name != "native":
        raise BackendError(
            f"there is no backend {shown_value(name)}: use native or python"
        )
    native, import_error = _native()
    if native is None:
        why = (
            "not installed: reinstall kesspay with a C compiler and the "
            "OpenSSL headers at hand"
            if import_error is None
            else f"cannot be imported ({import_error})"
        )
        raise BackendError(f"the native core is asked for but {why}")
    return native, None


def _python() -> Backend:
    try:
        from kesspay.signing.python_backend import PythonBackend
    except ImportError as error:
        why = _described(error)
    else:
        return PythonBackend()
    raise BackendError(f"not even pure Python can be used: {why}")


def _native() -> tuple[Backend | None, str | None]:
    """Return the native backend, or why it cannot be imported, or neither."""
    try:
        from kesspay.signing.native_backend import NativeBackend
    except ModuleNotFoundError as error:
        if error.name == _NATIVE_MODULE:
            return None, None
        return None, _described(error)
    except (ImportError, OSError, AttributeError) as error:
        return None, _described(error)
    return NativeBackend(), None


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
