"""
The TLS of a connection: contexts that are safe to use, and bytes in, bytes out.

TLS runs over memory (``ssl.MemoryBIO``), so that threads and tasks share it.
"""

from __future__ import annotations

import platform
import re
import ssl
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kesspay.errors import InputError
from kesspay.http.steps import PIECE


if TYPE_CHECKING:
    from kesspay.http.steps import Steps


__all__ = ["TlsStream", "require_safe", "trusting_the_system"]

#: Where systems keep their authorities that OpenSSL was not built to look at.
_BUNDLES: Final = (
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
)


def require_safe(context: ssl.SSLContext) -> None:
    """
    Refuse a context that does not verify, or takes old versions of TLS.

    Raises:
        InputError: the context is not safe.
    """
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise InputError("ssl_context must verify certificates and host names")
    if context.minimum_version < ssl.TLSVersion.TLSv1_2:
        raise InputError(
            "ssl_context must take TLS 1.2 or later only: set its minimum_version to"
            " ssl.TLSVersion.TLSv1_2"
        )


def trusting_the_system() -> ssl.SSLContext:
    """Return a context that trusts what the system trusts, and nothing else."""
    if platform.system() in ("Darwin", "Windows"):
        import truststore  # the authorities are not in files there

        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _trust_files(context)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _trust_files(context: ssl.SSLContext) -> None:
    """
    Load the authorities of the system.

    Not with ``load_default_certs`` or truststore: both follow SSL_CERT_FILE
    and SSL_CERT_DIR of the environment.
    """
    paths = ssl.get_default_verify_paths()
    file, folder = Path(paths.openssl_cafile), Path(paths.openssl_capath)
    if not file.is_file() and not _has_certificates(folder):
        file = next(filter(Path.is_file, map(Path, _BUNDLES)), file)
    if file.is_file():
        context.load_verify_locations(cafile=file)
    if _has_certificates(folder):
        context.load_verify_locations(capath=folder)


def _has_certificates(folder: Path) -> bool:
    """Return whether a folder holds certificates under the names OpenSSL reads."""
    return folder.is_dir() and any(
        re.fullmatch(r"[0-9a-f]{8}\.\d+", path.name) for path in folder.iterdir()
    )


class TlsStream:
    """
    The client's side of TLS on one connection.

    Args:
        context: the authorities that are trusted.
        host: that the certificate must name; a dot at its end is no part of it.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        """Prepare; the handshake comes first."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        # Source: RFC 6066, 3: the name goes without the dot of an absolute name.
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=host.removesuffix(".")
        )

    def handshake(self) -> Steps[None]:
        """
        Yield the steps of the handshake.

        Raises:
            ssl.SSLError: it failed; the server got an alert.
        """
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                # The alert says why, where the server still listens.
                with suppress(OSError):
                    yield from self._flush()
                raise
            yield from self._flush()
            self._feed((yield None))
        yield from self._flush()
        if self._tls.selected_alpn_protocol() not in (None, "http/1.1"):
            raise ssl.SSLError("the server and ssl_context chose another protocol")

    def write(self, data: bytes) -> Steps[None]:
        """Yield the steps that send some data."""
        for start in range(0, len(data), PIECE):
            self._tls.write(data[start : start + PIECE])
            yield from self._flush()

    def read(self) -> Steps[bytes]:
        """
        Yield the steps that receive some data; b"" where the server closed.

        Raises:
            ssl.SSLError: also where the end does not come from the server
                itself: the connection was cut on the way.
        """
        while True:
            try:
                return self._tls.read(PIECE)
            except ssl.SSLWantReadError:
                pass
            yield from self._flush()
            self._feed((yield None))

    @property
    def is_empty(self) -> bool:
        """True where everything that was received was read."""
        return not self._incoming.pending and not self._tls.pending()

    def _feed(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _flush(self) -> Steps[None]:
        if self._outgoing.pending:
            yield self._outgoing.read()
