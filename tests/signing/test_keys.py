"""PrivateKey and PublicKey: loading, signing, verifying, and keeping secrets."""

from __future__ import annotations

import base64
import copy
import hashlib
import os
import pickle
import re
import threading
import warnings
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import kesspay
from kesspay import InputError, InvalidSignature, KeyLoadError, PrivateKey, PublicKey
from tests.support.keymaker import numbers
from tests.support.messages import judge_signature, openssl
from tests.support.vectors import KEY_PASSWORD, KEYS


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kesspay.signing.backend import Backend


pytestmark = pytest.mark.usefixtures("backend")

PEM = (KEYS / "rsa-2048.pem").read_bytes()
DER = (KEYS / "rsa-2048.pkcs8.der").read_bytes()
PUBLIC_PEM = (KEYS / "rsa-2048.pub.pem").read_bytes()
PUBLIC_DER = (KEYS / "rsa-2048.pub.der").read_bytes()
#: SHA-256 of the SubjectPublicKeyInfo that the openssl command wrote.
FINGERPRINT = hashlib.sha256(PUBLIC_DER).hexdigest()
MESSAGE = b"a message"

Wrapped = bytes | str | bytearray | memoryview


def wrappings(pem: bytes, der: bytes) -> dict[str, Wrapped]:
    """Return a key in every wrapping that is understood."""
    base = base64.b64encode(der)
    lines = base64.encodebytes(der)
    return {
        "pem": pem,
        "str": pem.decode(),
        "bytearray": bytearray(pem),
        "memoryview": memoryview(pem),
        "crlf": pem.replace(b"\n", b"\r\n"),
        "cr": pem.replace(b"\n", b"\r"),
        "bom": b"\xef\xbb\xbf" + pem,
        "bom in str": "\ufeff" + pem.decode(),
        "blanks around": b" \r\n\t" + pem + b"\n\n  ",
        "text around": b"Bag: -----\nkey\n" + pem + b"the end - \xff",
        "escaped": pem.replace(b"\n", b"\\n"),
        "escaped crlf": pem.replace(b"\n", b"\\r\\n"),
        "one line": pem.replace(b"\n", b""),
        "indented": pem.replace(b"\n", b"\n    "),
        "der": der,
        "base64": base,
        "base64 wrapped": lines,
        "base64 escaped": lines.replace(b"\n", b"\\n"),
        "base64 str": f" {base.decode()}\r\n",
    }


WRAPPINGS = list(wrappings(PEM, DER))


@pytest.fixture
def key(backend: Backend) -> PrivateKey:
    """Return the private key most tests use."""
    return PrivateKey.from_pem(PEM)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_private_wrapping(wrapping: str) -> None:
    """A private key loads from every wrapping, and is the one that was wrapped."""
    key = PrivateKey.from_pem(wrappings(PEM, DER)[wrapping])
    assert key.fingerprint == FINGERPRINT


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_public_wrapping(wrapping: str) -> None:
    """A public key loads from every wrapping, and is the one that was wrapped."""
    key = PublicKey.from_pem(wrappings(PUBLIC_PEM, PUBLIC_DER)[wrapping])
    assert key.fingerprint == FINGERPRINT


@pytest.mark.parametrize(
    "name",
    ["pem", "pkcs1.pem", "pkcs1.der", "pkcs8.der", "encrypted.pem", "encrypted.der"],
)
def test_private_format(name: str) -> None:
    """PKCS#1, PKCS#8 and encrypted PKCS#8 load, as PEM and as DER."""
    key = PrivateKey.from_pem((KEYS / f"rsa-2048.{name}").read_bytes(), KEY_PASSWORD)
    assert key.fingerprint == FINGERPRINT


@pytest.mark.parametrize(
    "name",
    ["pub.pem", "pub.der", "pub.pkcs1.pem", "pub.pkcs1.der", "cert.pem", "cert.der"],
)
def test_public_format(name: str) -> None:
    """SPKI, PKCS#1 and certificates load, as PEM and as DER."""
    key = PublicKey.from_pem((KEYS / f"rsa-2048.{name}").read_bytes())
    assert key.fingerprint == FINGERPRINT


@pytest.mark.parametrize(
    "scheme",
    [
        ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"],
        ["-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA224"],
        ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256"],
        ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA384", "-iter", "1"],
        ["-v2", "des3", "-v2prf", "hmacWithSHA512", "-iter", "4096"],
        ["-scrypt"],
        ["-scrypt", "-scrypt_N", "1024", "-scrypt_r", "4", "-scrypt_p", "2"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("password", [KEY_PASSWORD, "ភាសាខ្មែរ", "x" * 1023])
def test_encryption(scheme: list[str], password: str) -> None:
    """Every encryption that openssl pkcs8 writes today is read."""
    pem = openssl(
        "pkcs8", "-topk8", "-passout", "stdin", *scheme,
        "-in", str(KEYS / "rsa-2048.pem"), stdin=password.encode() + b"\n",
    )  # fmt: skip
    assert PrivateKey.from_pem(pem, password).fingerprint == FINGERPRINT
    with pytest.raises(KeyLoadError) as caught:
        PrivateKey.from_pem(pem, password[:-1])
    assert (caught.value.reason, caught.value.found) == (
        "password",
        "an encrypted private key",
    )


@pytest.mark.parametrize(
    "password", [b"correct horse", bytearray(b"correct horse"), "correct horse"]
)
def test_password_type(password: str | bytes | bytearray) -> None:
    """A password may be bytes, or text that stands for its UTF-8 bytes."""
    pem = (KEYS / "rsa-2048.encrypted.pem").read_bytes()
    assert PrivateKey.from_pem(pem, password).fingerprint == FINGERPRINT


def test_password_not_needed() -> None:
    """A password for a key that is not encrypted is not looked at."""
    assert PrivateKey.from_pem(PEM, "x" * 2000).fingerprint == FINGERPRINT


def test_certificate_beside_key() -> None:
    """A private key may stand in one file with its certificate."""
    cert = (KEYS / "rsa-2048.cert.pem").read_bytes()
    assert PrivateKey.from_pem(cert + PEM + cert).fingerprint == FINGERPRINT


def spki_of(pem: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo that ``cryptography`` writes."""
    key = serialization.load_pem_private_key(pem, None)
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.mark.few(2)
@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_facts(bits: int) -> None:
    """Bits and fingerprint are those of the key, in both halves."""
    pem = (KEYS / f"rsa-{bits}.pem").read_bytes()
    key = PrivateKey.from_pem(pem)
    spki = spki_of(pem)
    assert key.bits == key.public_key.bits == bits
    assert key.fingerprint == hashlib.sha256(spki).hexdigest()
    assert key.public_key.fingerprint == key.fingerprint


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_sign(bits: int) -> None:
    """A signature is the one that ``cryptography`` makes."""
    key = PrivateKey.from_pem((KEYS / f"rsa-{bits}.pem").read_bytes())
    for message in (b"", b"\0", MESSAGE, bytes(range(256)) * 500):
        signature = key.sign(message)
        assert signature == judge_signature(message, f"rsa-{bits}")
        key.public_key.verify(signature, message)


def test_buffers(key: PrivateKey) -> None:
    """Messages and signatures may be any buffer of bytes."""
    signature = key.sign(MESSAGE)
    assert key.sign(bytearray(MESSAGE)) == key.sign(memoryview(MESSAGE)) == signature
    key.public_key.verify(bytearray(signature), memoryview(MESSAGE))


def test_wrong_signature(key: PrivateKey) -> None:
    """Whatever is not the signature is refused, of any length."""
    public = key.public_key
    signature = key.sign(MESSAGE)
    wrong = [
        b"",
        signature[:-1],
        signature + b"\0",
        b"\0" + signature,
        bytes(256),
        b"\xff" * 256,
        bytes([signature[0] ^ 1]) + signature[1:],
        signature[:-1] + bytes([signature[-1] ^ 0x80]),
        key.sign(b"another message"),
        signature * 100,
    ]
    for forged in wrong:
        with pytest.raises(InvalidSignature) as caught:
            public.verify(forged, MESSAGE)
        assert caught.value.reason == "mismatch"
    for message in (b"", MESSAGE + b"\0", MESSAGE[:-1], MESSAGE.upper()):
        with pytest.raises(InvalidSignature):
            public.verify(signature, message)


def test_other_key(key: PrivateKey) -> None:
    """A signature by another key is refused, also where its length differs."""
    for name in ("other-2048", "rsa-3072"):
        other = PrivateKey.from_pem((KEYS / f"{name}.pem").read_bytes())
        with pytest.raises(InvalidSignature):
            key.public_key.verify(other.sign(MESSAGE), MESSAGE)


def test_verify_returns_nothing(key: PrivateKey) -> None:
    """Nothing is returned that could be taken for a verdict."""
    assert key.public_key.verify(key.sign(MESSAGE), MESSAGE) is None  # type: ignore[func-returns-value] # that is the test


def test_from_file(tmp_path: Path) -> None:
    """Keys are read from files named by str, bytes or path."""
    path = tmp_path / "ключ.pem"
    path.write_bytes(PEM)
    path.chmod(0o600)
    for name in (path, str(path), os.fsencode(path)):
        assert PrivateKey.from_file(name).fingerprint == FINGERPRINT
    public = KEYS / "rsa-2048.pub.pem"
    for name in (public, str(public), os.fsencode(public)):
        assert PublicKey.from_file(name).fingerprint == FINGERPRINT
    path.write_bytes((KEYS / "rsa-2048.encrypted.pem").read_bytes())
    assert PrivateKey.from_file(path, KEY_PASSWORD).fingerprint == FINGERPRINT


@pytest.mark.skipif(os.name != "posix", reason="modes are a matter of POSIX")
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o604, 0o644, 0o622])
def test_file_mode(tmp_path: Path, mode: int) -> None:
    """A private key file that others may touch is warned of, with its name."""
    path = tmp_path / "key.pem"
    path.write_bytes(PEM)
    path.chmod(mode)
    if mode & 0o077 == 0:
        PrivateKey.from_file(path)
        return
    with pytest.warns(kesspay.KeyPermissionWarning, match="key.pem") as caught:
        PrivateKey.from_file(path)
    assert caught[0].filename == __file__


@pytest.mark.few(4)
@pytest.mark.parametrize("load", [PrivateKey.from_file, PublicKey.from_file])
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("missing.pem", "missing.pem': No such file"),
        ("", "an empty text in place of the path"),
        (".", "/.': Is a directory"),
        ("a\0b", "with a NUL byte in place of the path"),
        ("x" * 5000, "characters: File name too long"),
    ],
)
def test_unreadable_file(
    load: Callable[[Path | str], object], name: str, shown: str, tmp_path: Path
) -> None:
    """A file that cannot be read is an error that names it, where it can be one."""
    with pytest.raises(KeyLoadError, match=re.escape(shown)) as caught:
        load(f"{tmp_path}/{name}" if name else "")
    assert caught.value.reason == "file"
    assert caught.value.__context__ is None


@pytest.mark.few(1)
def test_large_file(tmp_path: Path) -> None:
    """A file beyond 1 MiB is no key, one of 1 MiB may be."""
    path = tmp_path / "large.pem"
    path.write_bytes(PUBLIC_PEM.ljust((1 << 20) + 1))
    with pytest.raises(KeyLoadError) as caught:
        PublicKey.from_file(path)
    assert caught.value.reason == "format"
    path.write_bytes(PUBLIC_PEM.ljust(1 << 20))
    assert PublicKey.from_file(path).fingerprint == FINGERPRINT


MISUSES: dict[str, Callable[[PrivateKey], object]] = {
    "PrivateKey()": lambda _: PrivateKey(),
    "PublicKey()": lambda _: PublicKey(),
    "data None": lambda _: PrivateKey.from_pem(None),  # type: ignore[arg-type] # that is the test
    "data int": lambda _: PublicKey.from_pem(1),  # type: ignore[arg-type] # that is the test
    "password int": lambda _: PrivateKey.from_pem(PEM, 1),  # type: ignore[arg-type] # that is the test
    "password surrogate": lambda _: PrivateKey.from_pem(PEM, "\ud800"),
    "path int": lambda _: PublicKey.from_file(0),  # type: ignore[arg-type] # that is the test
    "path None": lambda _: PrivateKey.from_file(None),  # type: ignore[arg-type] # that is the test
    "weak 1": lambda _: PrivateKey.from_pem(
        PEM,
        dangerously_allow_weak_key=1,  # type: ignore[arg-type] # that is the test
    ),
    "weak str": lambda _: PublicKey.from_pem(
        PUBLIC_PEM,
        dangerously_allow_weak_key="no",  # type: ignore[arg-type] # that is the test
    ),
    "message str": lambda key: key.sign("text"),  # type: ignore[arg-type] # that is the test
    "message None": lambda key: key.sign(None),  # type: ignore[arg-type] # that is the test
    "message ints": lambda key: key.sign(memoryview(bytes(8)).cast("I")),
    "signature str": lambda key: key.public_key.verify("", MESSAGE),  # type: ignore[arg-type] # that is the test
    "verify str": lambda key: key.public_key.verify(bytes(256), ""),  # type: ignore[arg-type] # that is the test
    "profile": lambda key: key.sign_document({}, profile=-1),  # type: ignore[arg-type] # that is the test
    "body profile": lambda key: key.signed_body({}, profile=None),  # type: ignore[arg-type] # that is the test
    "params list": lambda key: key.signed_body([]),  # type: ignore[arg-type] # that is the test
    "params text": lambda key: key.signed_body(b"{}"),  # type: ignore[arg-type] # that is the test
    "document": lambda key: key.sign_document(1),  # type: ignore[arg-type] # that is the test
    "body": lambda key: key.public_key.verify_document({}),  # type: ignore[arg-type] # that is the test
    "depth 0": lambda key: key.public_key.verify_document(b"{}", max_depth=0),
    "depth 512": lambda key: key.public_key.verify_document(b"{}", max_depth=512),
    "depth True": lambda key: key.public_key.verify_document(b"{}", max_depth=True),
    "depth str": lambda key: key.public_key.verify_document(b"{}", max_depth="9"),  # type: ignore[arg-type] # that is the test
    "bodies": lambda key: key.public_key.verify_documents(b"{}"),  # type: ignore[arg-type] # that is the test
    "bodies int": lambda key: key.public_key.verify_documents(1),  # type: ignore[arg-type] # that is the test
    "threads": lambda key: key.public_key.verify_documents([], threads=0),
    "threads True": lambda key: key.public_key.verify_documents([], threads=True),
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse(key: PrivateKey, misuse: str) -> None:
    """An argument of the wrong type is an InputError, never a TypeError."""
    with pytest.raises(InputError) as caught:
        MISUSES[misuse](key)
    assert caught.value.__context__ is None


def test_shows_no_secret(key: PrivateKey) -> None:
    """Nothing that shows a private key shows more than its public half."""
    loaded = serialization.load_pem_private_key(PEM, None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    secrets = [
        number for name, number in numbers(loaded).items() if name not in ("n", "e")
    ]
    for shown in (repr(key), str(key), f"{key}", f"{key!s:>200}", f"{[key]}"):
        assert FINGERPRINT in shown
        assert "PRIVATE" not in shown
        for number in secrets:
            assert str(number)[:12] not in shown
            assert f"{number:x}"[:12] not in shown
    assert not hasattr(key, "__dict__")


@pytest.mark.parametrize(
    "act",
    [
        copy.copy,
        copy.deepcopy,
        *(lambda key, n=n: pickle.dumps(key, n) for n in range(6)),
        lambda key: key.__getstate__(),
        lambda key: key.__reduce__(),
    ],
)
def test_private_key_stays(key: PrivateKey, act: Callable[[object], object]) -> None:
    """A private key refuses to be pickled and copied."""
    with pytest.raises(InputError):
        act(key)


def test_private_key_stays_inside(key: PrivateKey) -> None:
    """It refuses also as a part of something that is pickled or copied."""
    with pytest.raises(InputError):
        copy.deepcopy({"keys": [key]})
    with pytest.raises(InputError):
        pickle.dumps({"keys": [key]})


@pytest.mark.parametrize("name", ["rsa-2048.pem", "rsa-2048.encrypted.pem"])
@pytest.mark.parametrize("password", [None, "Canary-Password", b"Canary-Password"])
def test_errors_show_no_secret(name: str, password: str | bytes | None) -> None:
    """No error, nor what it came from, holds key text or a password."""
    text = (KEYS / name).read_text()
    broken = [
        text[:-30],
        text.replace("\n", "\n!", 5),
        text + text,
        # The label does not fit what is inside.
        text.replace("PRIVATE KEY", "EC PARAMETERS"),
        text.replace("A", "B", 40),
        text.replace("\n", "\nA", 3),
    ]
    for pem in broken:
        with pytest.raises(KeyLoadError) as caught:
            PrivateKey.from_pem(pem, password)
        error: BaseException | None = caught.value
        while error is not None:
            shown = f"{error!r} {error} {vars(error)}"
            assert "Canary" not in shown
            assert not any(line in shown for line in text.split("\n") if line)
            error = error.__cause__ or error.__context__


def test_public_key_travels(key: PrivateKey) -> None:
    """A public key is pickled and copied, and is equal to its copies."""
    public = key.public_key
    other = PublicKey.from_pem((KEYS / "other-2048.pub.pem").read_bytes())
    copies = [
        pickle.loads(pickle.dumps(public)),  # noqa: S301 - just made
        copy.copy(public),
        copy.deepcopy(public),
        PublicKey.from_pem(PUBLIC_PEM),
        PublicKey.from_pem((KEYS / "rsa-2048.cert.der").read_bytes()),
    ]
    for twin in copies:
        assert twin == public
        assert hash(twin) == hash(public)
        twin.verify(key.sign(MESSAGE), MESSAGE)
    assert public != other
    assert public != FINGERPRINT
    assert {public, other, *copies} == {public, other}


def test_weak_key_travels() -> None:
    """A key that was let in through the dangerous option can be pickled too."""
    pem = (KEYS / "rsa-1024.pub.pem").read_bytes()
    weak = PublicKey.from_pem(pem, dangerously_allow_weak_key=True)
    assert pickle.loads(pickle.dumps(weak)) == weak  # noqa: S301 - just made


def test_threads(key: PrivateKey) -> None:
    """One key may sign and verify in many threads at once."""
    expected = {n: key.sign(b"%d" % n) for n in range(16)}
    wrong: list[object] = []

    def work(n: int) -> None:
        try:
            for _ in range(10):
                signature = key.sign(b"%d" % n)
                key.public_key.verify(signature, b"%d" % n)
                if signature != expected[n]:
                    wrong.append(n)
        except Exception as error:  # noqa: BLE001 - the main thread looks at it
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_fork(key: PrivateKey) -> None:
    """A key continues working on both sides of a fork."""
    expected = key.sign(MESSAGE)
    with warnings.catch_warnings():
        # Other tests may have left threads behind; this child needs none.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            key.public_key.verify(key.sign(MESSAGE), MESSAGE)
            status = 0 if key.sign(MESSAGE) == expected else 2
        finally:
            os._exit(status)
    assert key.sign(MESSAGE) == expected
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
