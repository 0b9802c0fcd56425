"""
What a process still holds of a private key once the key is gone.

The test reads the memory of another process, as a debugger or a core dump
would: all that is mapped and writable, heap and stacks.
"""

from __future__ import annotations

import os
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

import kesspay
from tests.support.vectors import KEY_PASSWORD, KEYS


if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/mem").exists(), reason="needs /proc of Linux"
)

SOURCE: Final = str(Path(kesspay.__file__).parents[1])
FILE: Final = KEYS / "rsa-2048.pem"
CERTIFICATE: Final = KEYS / "rsa-2048.cert.pem"
ENCRYPTED: Final = KEYS / "rsa-2048.encrypted.pem"

#: It stops after each step, until the test lets it continue.
PROGRAM: Final = """
import gc, sys, threading
from kesspay import PrivateKey

def pause(step):
    print(step, flush=True)
    sys.stdin.readline()

key = PrivateKey.from_file(sys.argv[1], *sys.argv[2:])
threads = [threading.Thread(target=key.sign, args=(b"message",)) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
body = key.signed_body({"amount": 0.5})
key.public_key.verify_document(body)
pause("loaded")
del key, threads
gc.collect()
pause("freed")
"""

#: Load a key, free it, and wait: with libcrypto alone, and with cryptography.
LOADERS: Final = {
    "libcrypto": """
import ctypes, ctypes.util, sys
crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
for name in ("BIO_new_file", "PEM_read_bio_PrivateKey"):
    getattr(crypto, name).restype = ctypes.c_void_p
file = ctypes.c_void_p(crypto.BIO_new_file(sys.argv[1].encode(), b"r"))
key = ctypes.c_void_p(crypto.PEM_read_bio_PrivateKey(file, None, None, None))
assert key.value
crypto.EVP_PKEY_free(key)
crypto.BIO_free(file)
print("freed", flush=True)
sys.stdin.readline()
""",
    "cryptography": """
import gc, pathlib, sys
from cryptography.hazmat.primitives.serialization import load_pem_private_key
key = load_pem_private_key(pathlib.Path(sys.argv[1]).read_bytes(), None)
del key
gc.collect()
print("freed", flush=True)
sys.stdin.readline()
""",
}


def needles(file: Path) -> dict[str, bytes]:
    """Return a middle piece of each secret, in every form a process may hold."""
    text = file.read_bytes()
    key = serialization.load_pem_private_key(FILE.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    found = {"pem": text[len(text) // 2 :][:40]} if file is FILE else {}
    for name in ("d", "p", "q", "dmp1", "dmq1", "iqmp"):
        value: int = getattr(numbers, name)
        size = (value.bit_length() + 7) // 8
        for order in ("big", "little"):
            data = value.to_bytes(size, order)
            found[f"{name} {order}"] = data[size // 2 - 16 : size // 2 + 16]
    return found


def memory_of(process: int) -> Iterator[bytes]:
    """Yield every writable mapping of a process."""
    lines = Path(f"/proc/{process}/maps").read_text(encoding="utf-8").splitlines()
    with Path(f"/proc/{process}/mem").open("rb") as memory:
        for line in lines:
            places, access, *_ = line.split()
            if not access.startswith("rw"):
                continue
            first, last = (int(place, 16) for place in places.split("-"))
            memory.seek(first)
            try:
                yield memory.read(last - first)
            except OSError:
                # A mapping that only the kernel reads.
                continue


def held_by(process: subprocess.Popen[str], what: dict[str, bytes]) -> set[str]:
    """Return which of the secrets a child holds, or skip the test."""
    try:
        return {
            name
            for mapping in memory_of(process.pid)
            for name, needle in what.items()
            if needle in mapping
        }
    except PermissionError:
        process.kill()
        pytest.skip("on this system the memory of a child cannot be read")


def held_when(
    words: list[str], what: dict[str, bytes], program: str, *arguments: str
) -> list[set[str]]:
    """Run a program; return which secrets it holds at each word that it prints."""
    held = []
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": SOURCE, "KESSPAY_BACKEND": "native"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for word in words:
            assert process.stdout.readline() == f"{word}\n"
            held.append(held_by(process, what))
            process.stdin.write("\n")
            process.stdin.flush()
    assert process.returncode == 0
    return held


def write_pkcs12(file: Path, legacy: bool) -> None:  # noqa: FBT001 - two sorts
    """Write the key as PKCS#12, with AES or with the ciphers of old."""
    key = serialization.load_pem_private_key(FILE.read_bytes(), None)
    certificate = x509.load_pem_x509_certificate(CERTIFICATE.read_bytes())
    assert isinstance(key, rsa.RSAPrivateKey)
    password = KEY_PASSWORD.encode()
    encryption: serialization.KeySerializationEncryption
    encryption = serialization.BestAvailableEncryption(password)
    if legacy:
        encryption = (
            serialization.PrivateFormat.PKCS12.encryption_builder()
            .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
            .build(password)
        )
    data = pkcs12.serialize_key_and_certificates(
        b"", key, certificate, None, encryption
    )
    file.write_bytes(data)
    file.chmod(0o600)


@pytest.mark.few(2)
@pytest.mark.usefixtures("both_backends")
@pytest.mark.parametrize("kind", ["plain", "encrypted", "pkcs12", "pkcs12 3DES"])
def test_nothing_is_left(kind: str, tmp_path: Path) -> None:
    """While a key lives its numbers are found; once it is freed none of them is."""
    file = {"plain": FILE, "encrypted": ENCRYPTED}.get(kind, tmp_path / "key.p12")
    if kind.startswith("pkcs12"):
        write_pkcs12(file, legacy="3DES" in kind)
    what = needles(file)
    arguments = [str(file)] if file is FILE else [str(file), KEY_PASSWORD]
    living, left = held_when(["loaded", "freed"], what, PROGRAM, *arguments)
    # The search works, and the text of the file is gone even now.
    assert {"d little", "p little", "q little"} <= living
    assert "pem" not in living
    assert left == set()


@pytest.mark.parametrize("loader", LOADERS)
def test_the_loaders_of_the_libraries_leave_copies(loader: str) -> None:
    """That is why keys are read by code of our own."""
    if loader == "libcrypto" and find_library("crypto") is None:
        pytest.skip("this system has no libcrypto of its own")
    (left,) = held_when(["freed"], needles(FILE), LOADERS[loader], str(FILE))
    assert {"p big", "q big"} <= left, (
        f"{loader} leaves nothing of a prime any more: correct the reason in the first"
        " lines of csrc/src/keyparts.c and kesspay/signing/keyparts.py"
    )
