"""
The contexts of TLS: the authorities they trust, and the certificate of a client.

Both are files in PEM. An error names the setting, its file and what is wrong with
that file; it shows nothing of what the file holds.
"""

from __future__ import annotations

import platform
import re
import ssl
from pathlib import Path
from typing import Final, NamedTuple

from kesspay._checks import require
from kesspay._shown import shown_path
from kesspay.errors import InputError


__all__ = ["Setting", "context_of", "require_safe", "trusting_the_system"]

#: Where systems keep their authorities that OpenSSL was not built to look at.
_BUNDLES: Final = (
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
)

#: Bytes of a file that are read to say what is wrong with it.
_MOST: Final = 4 << 20

_CERTIFICATE: Final = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
_KEY: Final = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )?PRIVATE KEY-----")
_ENCRYPTED: Final = re.compile(
    rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type:[ \t]*4,[ \t]*ENCRYPTED",
    re.MULTILINE,
)
_ANY: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
#: DER is a SEQUENCE; that of a PKCS#12 begins with the version 3.
_DER: Final = re.compile(rb"\x30(?:\x80|\x81.|\x82..|\x83...)", re.DOTALL)
_PKCS12: Final = re.compile(_DER.pattern + rb"\x02\x01\x03", re.DOTALL)
_MARKS: Final = (
    (b"\xef\xbb\xbf", "UTF-8"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


class Setting(NamedTuple):
    """
    A file that a setting names.

    Attributes:
        name: of the variable or the argument.
        path: its value.
    """

    name: str
    path: str

    def refused(self, why: str) -> InputError:
        """Return the error that names the setting and its file."""
        return InputError(f"{self.name}: {shown_path(self.path)} {why}")


def require_safe(context: ssl.SSLContext) -> None:
    """
    Refuse a context that does not verify, or takes old versions of TLS.

    Raises:
        InputError: the context is not safe.
    """
    require(context, ssl.SSLContext, "ssl_context")
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
    _require_modern(context)
    return context


def _require_modern(context: ssl.SSLContext) -> None:
    """Take TLS 1.2 or later, and over it HTTP/1.1 only."""
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])


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


def context_of(
    authorities: Setting | None,
    certificate: Setting | None = None,
    key: Setting | None = None,
) -> ssl.SSLContext:
    """
    Return the context of a client.

    Args:
        authorities: a file of those that are trusted, and no others; None
            trusts what the system trusts.
        certificate: what the client shows, or None.
        key: its key; None where that is in the file of the certificate.

    Raises:
        InputError: a file cannot be used.
    """
    context = trusting_the_system() if authorities is None else _trusting(authorities)
    if certificate is not None:
        _show(context, certificate, key or certificate)
    return context


def _trusting(authorities: Setting) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _require_modern(context)
    # The same on every Python, and as curl has it: 3.13 verifies by the letter of
    # RFC 5280, which authorities made at home do not follow (basicConstraints that
    # is not critical, no key identifiers), and lets a file name an authority that
    # is not a root. The user named this file.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    content = _content(authorities)
    if not _is_pem(content, _CERTIFICATE):
        raise authorities.refused(_lacks(content, "certificate"))
    try:
        context.load_verify_locations(cafile=authorities.path)
    except (OSError, ValueError):
        pass
    else:
        return context
    raise authorities.refused("holds a certificate that cannot be read")


def _show(context: ssl.SSLContext, certificate: Setting, key: Setting) -> None:
    content = _content(certificate)
    if not _is_pem(content, _CERTIFICATE):
        raise certificate.refused(_lacks(content, "certificate"))
    if key is not certificate:
        content = _content(key)
    if _ENCRYPTED.search(content):
        fix = "openssl pkey -in FILE -out NEW"
        why = f"holds an encrypted key, and no password is asked for; decrypt it: {fix}"
        raise key.refused(why)
    if not _is_pem(content, _KEY):
        raise key.refused(_lacks(content, "private key"))
    try:
        # Without a password OpenSSL would ask for one at the terminal of a service.
        context.load_cert_chain(certificate.path, key.path, password="")
    except ssl.SSLError as error:
        mismatch = error.reason == "KEY_VALUES_MISMATCH"
    except (OSError, ValueError):
        mismatch = False
    else:
        return
    if mismatch:
        where = f"the certificate of {certificate.name}"
        raise key.refused(f"holds a private key that does not belong to {where}")
    raise certificate.refused("or its key cannot be read, or TLS finds them too weak")


def _content(setting: Setting) -> bytes:
    path = Path(setting.path)
    try:
        with path.open("rb") as file:
            content = file.read(_MOST)
    except IsADirectoryError:
        why = "is a folder, not a file"
    except FileNotFoundError:
        why = "does not exist"
    except (OSError, ValueError) as error:
        why = f"cannot be read: {getattr(error, 'strerror', None) or 'no path'}"
    else:
        return content
    raise setting.refused(why)


def _is_pem(content: bytes, block: re.Pattern[bytes]) -> bool:
    # OpenSSL does not find the first block behind a byte order mark.
    marked = content.startswith(tuple(mark for mark, _ in _MARKS))
    return not marked and block.search(content) is not None


def _lacks(content: bytes, needed: str) -> str:
    """Say what a file holds instead of what is needed."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return f"is {name} with a byte order mark; save it as plain ASCII"
    if not content.strip():
        return "is empty"
    command = "x509" if needed == "certificate" else "pkey"
    if _PKCS12.match(content):
        fix = "openssl pkcs12 -in FILE -nodes -out NEW"
        return f"is PKCS#12, not PEM; convert it: {fix}"
    if _DER.match(content):
        fix = f"openssl {command} -inform DER -in FILE -out NEW"
        return f"is DER, not PEM; convert it: {fix}"
    labels = sorted({match.decode().lower() for match in _ANY.findall(content)})
    if labels:
        return f"holds no {needed}, but: {', '.join(labels[:5])}"
    return f"holds no {needed} in PEM"
