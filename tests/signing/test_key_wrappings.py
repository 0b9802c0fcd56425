"""
What a key may be wrapped in: the same on both backends, and what OpenSSL loads.

The openssl command is the judge where it has an opinion. The keys are made for
the run and for nothing else.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kesspay import KeyLoadError, PrivateKey, PublicKey
from tests.support import keymaker as make
from tests.support.vectors import KEY_PASSWORD, KEYS


if TYPE_CHECKING:
    from pathlib import Path

OPENSSL: Final = shutil.which("openssl") or ""
needs_openssl = pytest.mark.skipif(not OPENSSL, reason="needs the openssl command")


def read(name: str) -> bytes:
    """Return a file of test keys."""
    return (KEYS / name).read_bytes()


CERTIFICATE: Final = read("rsa-2048.cert.der")
OTHER: Final = read("other-2048.pub.pem")
#: The content of a block, and which half of a key it is.
PRIVATE: Final = {
    "pkcs8": read("rsa-2048.pkcs8.der"),
    "encrypted": read("rsa-2048.encrypted.der"),
}
PUBLIC: Final = {
    "spki": read("rsa-2048.pub.der"),
    "pkcs1 public": read("rsa-2048.pub.pkcs1.der"),
    "certificate": CERTIFICATE,
}
LABELS: Final = (
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "EC PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "ANY PRIVATE KEY",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "X509 CERTIFICATE",
    "CERTIFICATE REQUEST",
    "PKCS12",
    "NOTE",
)
PEM: Final = read("rsa-2048.pem")
PUBLIC_PEM: Final = read("rsa-2048.pub.pem")
FINGERPRINT: Final = PublicKey.from_pem(PUBLIC_PEM).fingerprint


@cache
def pkcs1() -> bytes:
    """Return the key as PKCS#1."""
    key = serialization.load_pem_private_key(PEM, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return make.pkcs1_private(*make.numbers(key).values())


def content(name: str) -> bytes:
    """Return the DER of a content by its name."""
    return pkcs1() if name == "pkcs1" else (PRIVATE | PUBLIC)[name]


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("name", ["pkcs1", *PRIVATE])
def test_private_content(name: str, label: str) -> None:
    """A private key loads as one under any label, and never as a public one."""
    data = make.pem(label, content(name))
    assert PrivateKey.from_pem(data, KEY_PASSWORD).fingerprint == FINGERPRINT
    for file in (data, data + PUBLIC_PEM, OTHER + data, base64.b64encode(data)):
        with pytest.raises(KeyLoadError) as caught:
            PublicKey.from_pem(file)
        assert caught.value.reason == "secret"


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("name", PUBLIC)
def test_public_content(name: str, label: str) -> None:
    """A public key loads as one under any label, and never as a private one."""
    data = make.pem(label, content(name))
    assert PublicKey.from_pem(data).fingerprint == FINGERPRINT
    with pytest.raises(KeyLoadError) as caught:
        PrivateKey.from_pem(data)
    assert caught.value.reason == "kind"


@pytest.mark.few(4)
@pytest.mark.one_in(4)
@needs_openssl
@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("name", ["pkcs1", *PRIVATE, *PUBLIC])
def test_loads_what_openssl_loads(name: str, label: str, tmp_path: Path) -> None:
    """No file that the openssl command takes for a key of ours is refused."""
    file = tmp_path / "key.pem"
    file.write_bytes(make.pem(label, content(name)))
    file.chmod(0o600)
    password = f"pass:{KEY_PASSWORD}"
    for load, *command in (
        (True, "pkey", "-passin", password),
        (True, "rsa", "-passin", password),
        (False, "pkey", "-pubin"),
        (False, "x509"),
    ):
        argv = [OPENSSL, *map(str, command), "-noout", "-in", str(file)]
        if subprocess.run(argv, capture_output=True, check=False).returncode:
            continue
        if load:
            key = PrivateKey.from_file(file, KEY_PASSWORD).public_key
        else:
            key = PublicKey.from_file(file)
        assert key.fingerprint == FINGERPRINT


# ------------------------------------------------------------ blanks and letters

INVISIBLE: Final = {
    "no-break space": "\N{NO-BREAK SPACE}",
    "zero-width space": "\N{ZERO WIDTH SPACE}",
    "zero-width no-break space": "\N{ZERO WIDTH NO-BREAK SPACE}",
    "word joiner": "\N{WORD JOINER}",
    "left-to-right mark": "\N{LEFT-TO-RIGHT MARK}",
    "line separator": "\N{LINE SEPARATOR}",
    "next line": "\x85",
    "ideographic space": "\N{IDEOGRAPHIC SPACE}",
    "soft hyphen": "\N{SOFT HYPHEN}",
    "form feed": "\f",
    "vertical tab": "\v",
    "tab": "\t",
    "spaces": "   ",
    "end of file of DOS": "\x1a",
    "zero": "\0",
    "bell": "\a",
}
#: Where openssl 3 does not fail either: it drops what ends a line up to a blank,
#: as signed bytes.
TRIMMED_BY_OPENSSL: Final = frozenset(INVISIBLE) - {"zero"}


def both(data: bytes) -> None:
    """Assert that a text of a private key is the one that was meant."""
    assert PrivateKey.from_pem(data).fingerprint == FINGERPRINT


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", INVISIBLE)
def test_invisible(name: str) -> None:
    """Invisible characters are no part of a key, wherever they stand."""
    mark = INVISIBLE[name].encode()
    for data in (
        PEM.replace(b"\n", mark + b"\n"),
        PEM.replace(b"\n", b"\n" + mark),
        PEM.replace(b"\n", mark + b"\r\n" + mark),
        mark + PEM + mark,
        PEM[:100] + mark + PEM[100:],
        PEM.replace(b"KEY-----", b"KEY-----" + mark),
        base64.b64encode(PRIVATE["pkcs8"]) + mark,
        mark + base64.b64encode(PEM) + mark,
    ):
        both(data)
    public = PUBLIC_PEM.replace(b"\n", mark + b"\n")
    assert PublicKey.from_pem(public).fingerprint == FINGERPRINT
    with pytest.raises(KeyLoadError) as caught:
        PublicKey.from_pem(PEM.replace(b"\n", mark + b"\n") + public)
    assert caught.value.reason == "secret"


@needs_openssl
@pytest.mark.parametrize("name", sorted(TRIMMED_BY_OPENSSL))
def test_openssl_trims(name: str, tmp_path: Path) -> None:
    """The openssl command reads such line ends, too, where char is signed."""
    file = tmp_path / "key.pem"
    file.write_bytes(PEM.replace(b"\n", INVISIBLE[name].encode() + b"\n"))
    argv = [OPENSSL, "pkey", "-noout", "-in", str(file)]
    subprocess.run(argv, capture_output=True, check=True)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(
    "coding",
    ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"],
)
def test_codings(coding: str) -> None:
    """A text file in UTF-16, as PowerShell writes it, holds the same key."""
    for text in (PEM, PEM.replace(b"\n", b"\r\n"), base64.b64encode(PEM)):
        data = text.decode().encode(coding)
        both(data)
        with pytest.raises(KeyLoadError) as caught:
            PublicKey.from_pem(data)
        assert caught.value.reason == "secret"


@pytest.mark.usefixtures("backend")
def test_one_line() -> None:
    """Line ends may be gone, escaped once or twice, or stand in JSON."""
    one = PEM.decode().strip()
    for text in (
        one.replace("\n", " "),
        one.replace("\n", "\r"),
        one.replace("\n", r"\n"),
        one.replace("\n", r"\r\n"),
        one.replace("\n", r"\\n"),
        one.replace("\n", "\\\n"),
        one.replace("\n", r"\n\t"),
        '{"key": "' + one.replace("/", r"\/").replace("\n", r"\n") + '"}',
        one.replace(" ", "\N{NO-BREAK SPACE}"),
    ):
        both(text.encode())


@pytest.mark.usefixtures("backend")
def test_not_every_letter_is_dropped() -> None:
    """A character that can be seen is an error, and so is one that is missing."""
    for data in (
        PEM[:100] + b"*" + PEM[100:],
        PEM[:100] + b"A" + PEM[100:],
        PEM[:100] + PEM[101:],
        PEM[:100] + "\N{CYRILLIC SMALL LETTER A}".encode() + PEM[101:],
    ):
        with pytest.raises(KeyLoadError) as caught:
            PrivateKey.from_pem(data)
        assert caught.value.reason == "format"


# ------------------------------------------------------------ several blocks


@needs_openssl
@pytest.mark.usefixtures("backend")
def test_chain(tmp_path: Path) -> None:
    """Of a chain of certificates the first counts, as it does for openssl x509."""
    leaf = make.pem("CERTIFICATE", CERTIFICATE)
    other = make.pem("CERTIFICATE", make.certificate(base64_of(OTHER)))
    for chain, key in ((leaf + other, PUBLIC_PEM), (other + leaf, OTHER)):
        expected = PublicKey.from_pem(key).fingerprint
        assert PublicKey.from_pem(chain).fingerprint == expected
    file = tmp_path / "chain.pem"
    file.write_bytes(leaf + other)
    argv = [OPENSSL, "x509", "-noout", "-pubkey", "-in", str(file)]
    public = subprocess.run(argv, capture_output=True, check=True).stdout
    assert PublicKey.from_pem(public).fingerprint == FINGERPRINT
    both(leaf + other + PEM)
    both(PEM + leaf + other)


def base64_of(pem: bytes) -> bytes:
    """Return the DER in a PEM block."""
    return base64.b64decode(b"".join(pem.split(b"\n")[1:-2]))


@needs_openssl
@pytest.mark.usefixtures("backend")
def test_text_of_openssl(tmp_path: Path) -> None:
    """What openssl writes beside a key is no part of it."""
    file = tmp_path / "key.pem"
    file.write_bytes(PEM)
    argv = [OPENSSL, "rsa", "-text", "-in", str(file)]
    text = subprocess.run(argv, capture_output=True, check=True).stdout
    assert b"modulus:" in text
    both(text)
    both(text.replace(b"\n", b"\r\n"))


@needs_openssl
@pytest.mark.usefixtures("backend")
def test_trusted_certificate(tmp_path: Path) -> None:
    """A trusted certificate is read without the notes that follow it."""
    file = tmp_path / "cert.pem"
    file.write_bytes(read("rsa-2048.cert.pem"))
    argv = [OPENSSL, "x509", "-trustout", "-addtrust", "serverAuth", "-in", str(file)]
    trusted = subprocess.run(argv, capture_output=True, check=True).stdout
    assert b"TRUSTED CERTIFICATE" in trusted
    assert PublicKey.from_pem(trusted).fingerprint == FINGERPRINT
