"""Files of certificates: one behaviour on every Python, and errors that say which."""

from __future__ import annotations

import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import InputError, TransportError
from kesspay.http.sync import HttpTransport
from kesspay.http.trust import Setting, context_of, require_safe
from tests.conftest import missing
from tests.http.wire import (
    OK,
    PATIENCE,
    WireServer,
    answering,
    over_tls,
    request_to,
)
from tests.support.http_judges import find_curl


if TYPE_CHECKING:
    import socket
    from pathlib import Path


CANARY = "canary-of-a-file"


def openssl(folder: Path, *arguments: str) -> None:
    """Let OpenSSL's own command do something."""
    subprocess.run(
        ["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Let OpenSSL make authorities as people make them at home, and what they sign.

    ``root.pem`` has basicConstraints that is not critical, no key usage and no
    key identifiers. ``middle.pem`` is below it, and signed ``server.pem``.
    """
    folder = tmp_path_factory.mktemp("trust")
    (folder / "ca.cnf").write_text(
        "[ca]\nbasicConstraints=CA:TRUE\nsubjectKeyIdentifier=none\n"
        "authorityKeyIdentifier=none\n"
        "[server]\nsubjectAltName=DNS:localhost\nsubjectKeyIdentifier=none\n"
        "authorityKeyIdentifier=none\n"
        "[req]\ndistinguished_name=dn\n[dn]\n"
    )
    for name in ("root", "middle", "server", "other"):
        openssl(folder, "genrsa", "-out", f"{name}.key", "2048")
        openssl(
            folder,
            *("req", "-new", "-config", "ca.cnf", "-subj", f"/CN={name}"),
            *("-key", f"{name}.key", "-out", f"{name}.csr"),
        )
    for name, issuer, kind in (
        ("root", "root", "ca"),
        ("middle", "root", "ca"),
        ("server", "middle", "server"),
        ("other", "other", "ca"),
    ):
        signer = ["-signkey", f"{name}.key"]
        if name != issuer:
            signer = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key"]
            signer += ["-CAcreateserial"]
        openssl(
            folder,
            *("x509", "-req", "-in", f"{name}.csr", "-days", "2", *signer),
            *("-extfile", "ca.cnf", "-extensions", kind, "-out", f"{name}.pem"),
        )
    chain = (folder / "server.pem").read_text() + (folder / "middle.pem").read_text()
    (folder / "chain.pem").write_text((folder / "server.key").read_text() + chain)
    (folder / "folder").mkdir()
    pieces: dict[str, bytes] = {
        "empty": b"",
        "blank": b" \n",
        "words": CANARY.encode(),
        "zero": b"0" + CANARY.encode(),
        "damaged": (folder / "root.pem").read_bytes().replace(b"\nMII", b"\nAII"),
        "utf16": (folder / "root.pem").read_text().encode("utf-16"),
        "marked": b"\xef\xbb\xbf" + (folder / "root.pem").read_bytes(),
    }
    for name, content in pieces.items():
        (folder / name).write_bytes(content)
    openssl(folder, "x509", "-in", "root.pem", "-outform", "DER", "-out", "root.der")
    openssl(folder, "pkey", "-in", "root.key", "-outform", "DER", "-out", "key.der")
    openssl(
        folder,
        *("pkcs12", "-export", "-in", "root.pem", "-inkey", "root.key"),
        *("-passout", "pass:secret", "-out", "root.p12"),
    )
    openssl(folder, "pkey", "-in", "root.key", "-pubout", "-out", "public")
    openssl(
        folder,
        *("pkey", "-in", "root.key", "-aes128", "-passout", "pass:secret"),
        *("-out", "encrypted"),
    )
    openssl(
        folder,
        *("rsa", "-in", "root.key", "-aes128", "-passout", "pass:secret"),
        *("-traditional", "-out", "encrypted_of_old"),
    )
    old = (folder / "encrypted_of_old").read_text()
    (folder / "encrypted_without_blank").write_text(old.replace("Type: ", "Type:"))
    # An encrypted key under the label of a plain one, which OpenSSL decrypts.
    label = (folder / "encrypted").read_text().replace("ENCRYPTED ", "")
    (folder / "mislabelled").write_text(label)
    return folder


def authorities(path: Path | str) -> Setting:
    """Return the setting of a file of authorities."""
    return Setting("KESSPAY_CA_FILE", str(path))


def reaches(made: Path, context: ssl.SSLContext) -> bool:
    """Return whether a client reaches a server that has ``chain.pem``."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(made / "chain.pem")
    with WireServer(over_tls(server_side, answering(OK))) as server:
        request = request_to(f"https://localhost:{server.port}/x")
        transport = HttpTransport(ssl_context=context)
        try:
            return transport.send(request, timeout=PATIENCE).body == b"ok"
        except TransportError:
            return False
        finally:
            transport.close()


def curl_reaches(made: Path, file: str) -> bool:
    """Ask curl the same."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(made / "chain.pem")

    def behave(connection: socket.socket) -> None:
        with connection:
            connection.recv(4096)
            connection.sendall(OK)

    with WireServer(over_tls(server_side, behave)) as server:
        url = f"https://localhost:{server.port}/x"
        command = [str(find_curl()), "--silent", "--cacert", str(made / file), url]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    return done.returncode == 0


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("file", "trusted"),
    [
        ("root.pem", True),
        ("middle.pem", True),
        ("server.pem", True),
        ("other.pem", False),
    ],
)
def test_authorities_made_at_home(made: Path, file: str, *, trusted: bool) -> None:
    """They are trusted as curl trusts them, on every Python; no other one is."""
    if find_curl() is None:
        missing("curl is not installed", "KESSPAY_REQUIRE_CURL")
    assert curl_reaches(made, file) is trusted
    assert reaches(made, context_of(authorities(made / file))) is trusted


def test_the_flags_are_the_same_on_every_python(made: Path) -> None:
    """CPython 3.13 has others unless it is asked for these."""
    context = context_of(authorities(made / "root.pem"))
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    # Nothing of the environment is followed: SSLKEYLOGFILE would hold the keys.
    assert context.keylog_filename is None


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("nowhere.pem", "does not exist"),
        ("folder", "is a folder"),
        ("empty", "is empty"),
        ("blank", "is empty"),
        ("words", "holds no certificate in PEM"),
        ("zero", "holds no certificate in PEM"),
        ("damaged", "holds a certificate that cannot be read"),
        ("root.der", "is DER, not PEM; convert it: openssl x509 -inform DER"),
        ("root.p12", "is PKCS#12, not PEM; convert it: openssl pkcs12"),
        ("utf16", "is UTF-16"),
        ("marked", "is UTF-8 with a byte order mark"),
        ("root.key", "holds no certificate, but: private key"),
        ("root.csr", "holds no certificate, but: certificate request"),
    ],
)
def test_files_that_hold_no_certificate(made: Path, file: str, text: str) -> None:
    """The error names the variable, the file, and what it is instead."""
    for certificate in (False, True):
        name = "KESSPAY_CLIENT_CERT_FILE" if certificate else "KESSPAY_CA_FILE"
        setting = Setting(name, str(made / file))
        if certificate and file == "damaged":
            continue
        with pytest.raises(InputError) as caught:
            context_of(*((None, setting) if certificate else (setting,)))
        message = str(caught.value)
        assert message.startswith(f"{name}: '{made / file}' {text}")
        assert CANARY not in message
        assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("nowhere.pem", "does not exist"),
        ("folder", "is a folder"),
        ("empty", "is empty"),
        ("words", "holds no private key in PEM"),
        ("key.der", "is DER, not PEM; convert it: openssl pkey -inform DER"),
        ("root.p12", "is PKCS#12"),
        ("root.pem", "holds no private key, but: certificate"),
        ("public", "holds no private key, but: public key"),
        ("encrypted", "holds an encrypted key, and no password is asked for"),
        ("encrypted_of_old", "holds an encrypted key, and no password is asked for"),
        ("encrypted_without_blank", "holds an encrypted key, and no password"),
        ("other.key", "holds a private key that does not belong to the certificate of"),
    ],
)
def test_files_that_hold_no_key(made: Path, file: str, text: str) -> None:
    """The same of the key of a client."""
    certificate = Setting("KESSPAY_CLIENT_CERT_FILE", str(made / "root.pem"))
    key = Setting("KESSPAY_CLIENT_KEY_FILE", str(made / file))
    with pytest.raises(InputError) as caught:
        context_of(None, certificate, key)
    message = str(caught.value)
    assert message.startswith(f"KESSPAY_CLIENT_KEY_FILE: '{made / file}' {text}")
    assert CANARY not in message
    assert caught.value.__context__ is None


def test_a_certificate_and_its_key(made: Path) -> None:
    """The key may be in a file of its own, or with the certificate."""
    certificate = Setting("KESSPAY_CLIENT_CERT_FILE", str(made / "root.pem"))
    key = Setting("KESSPAY_CLIENT_KEY_FILE", str(made / "root.key"))
    context_of(None, certificate, key)
    context_of(None, Setting("KESSPAY_CLIENT_CERT_FILE", str(made / "chain.pem")))
    with pytest.raises(InputError, match=r"CERT_FILE: .* holds no private key, but"):
        context_of(None, certificate)
    mislabelled = Setting("KESSPAY_CLIENT_KEY_FILE", str(made / "mislabelled"))
    with pytest.raises(InputError, match=r"CERT_FILE: .* or its key cannot be read"):
        context_of(None, certificate, mislabelled)
    broken = Setting("KESSPAY_CLIENT_CERT_FILE", str(made / "damaged"))
    with pytest.raises(InputError, match=r"CERT_FILE: .* or its key cannot be read"):
        context_of(None, broken, key)


@pytest.mark.parametrize("value", ["canary", True, ssl.SSLContext])
def test_what_is_no_context(value: Any) -> None:  # noqa: ANN401 - of any type
    """It is refused by its type."""
    with pytest.raises(InputError, match="ssl_context must be a SSLContext, not a "):
        require_safe(value)


def test_values_that_are_no_paths() -> None:
    """What is no path is not shown, and is no file."""
    for value in ("canary\0", "-----BEGIN CERTIFICATE-----\ncanary", "hunter2-canary"):
        with pytest.raises(InputError, match=r"^KESSPAY_CA_FILE: ") as caught:
            context_of(authorities(value))
        assert "canary" not in str(caught.value)


def test_a_file_that_changes_meanwhile(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is gone when OpenSSL reads it is an error of ours as well."""
    certificate = Setting("KESSPAY_CLIENT_CERT_FILE", str(made / "chain.pem"))

    def gone(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "gone")

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", gone)
    with pytest.raises(InputError, match="cannot be read"):
        context_of(None, certificate)
