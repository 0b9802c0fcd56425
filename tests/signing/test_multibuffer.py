"""Batches are verified eight signatures at a time, or it is said why they are not."""

from __future__ import annotations

import hashlib
import pickle
import platform
import sys
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

import pytest

from kesspay import PrivateKey, PublicKey
from kesspay.errors import CanonicalizationError, InputError
from kesspay.signing import backend as backends
from kesspay.signing import multibuffer as module
from tests.support.forger import body_of, pkcs1, pss, raw_block
from tests.support.hostile import hostile_documents, hostile_parameters
from tests.support.messages import outcome
from tests.support.tampered import private_numbers
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kesspay.signing.backend import Backend

X86 = "processor\t: 0\nflags\t\t: fpu sha_ni avx2 lm bmi2 adx\nbugs\t: x\n" * 2
ARM = "processor\t: 0\nBogoMIPS\t: 50\nFeatures\t: fp asimd sha1 sha2 crc32\n"
IFMA = "flags : avx512ifma\n"
PEM = (KEYS / "rsa-2048.pem").read_bytes()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (X86, ["adx", "avx2", "bmi2", "sha_ni"]),
        (ARM, ["asimd", "sha2"]),
        ("flags\n", []),
        ("processor : 0\nadx : no flags\n", []),
        ("", []),
    ],
)
def test_features(text: str, found: list[str], tmp_path: Path) -> None:
    """Of the flags of the first processor those that matter are returned."""
    file = tmp_path / "cpuinfo"
    file.write_text(text, encoding="utf-8")
    assert module.features(file) == found


def test_no_features(tmp_path: Path) -> None:
    """A system without the file has no features to show, and nothing breaks."""
    assert module.features(tmp_path / "none") == []


class Core:
    """A backend whose keys have so many ways."""

    def __init__(self, name: str, ways: int) -> None:
        """Keep them."""
        self.name = name
        self.ways = ways

    def load_public(self, data: bytes, *, allow_weak: bool) -> Core:
        """Return what has the ways of a key."""
        assert data
        assert not allow_weak
        return self


@pytest.mark.parametrize(
    ("core", "variable", "machine", "system", "cpu", "said"),
    [
        (Core("native", 8), "", "x86_64", "linux", IFMA, "8 signatures at a time"),
        (Core("native", 8), "1", "x86_64", "linux", IFMA, "8 signatures at a time"),
        (Core("native", 8), "0", "x86_64", "linux", IFMA, "KESSPAY_MULTIBUFFER=0"),
        (Core("native", 8), " OFF ", "x86_64", "linux", IFMA, "KESSPAY_MULTIBUFFER=0"),
        (Core("python", 1), "", "x86_64", "linux", IFMA, "pure Python is in use"),
        (Core("native", 1), "", "aarch64", "linux", ARM, "this is aarch64"),
        (Core("native", 1), "", "AMD64", "win32", "", "not for Windows"),
        (Core("native", 1), "", "x86_64", "linux", X86, "has no AVX-512 IFMA"),
        (Core("native", 1), "", "x86_64", "linux", IFMA, "a self-test failed"),
        (Core("native", 1), "", "x86_64", "darwin", "", "a self-test failed"),
    ],
)
def test_why_not(
    core: Core,
    variable: str,
    machine: str,
    system: str,
    cpu: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The first of the reasons that holds is named, and none where there is none."""
    file = tmp_path / "cpuinfo"
    file.write_text(cpu, encoding="utf-8")
    monkeypatch.setenv("KESSPAY_MULTIBUFFER", variable)
    monkeypatch.setattr(module, "current", lambda: core)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(sys, "platform", system)
    found = module.multibuffer(file)
    assert said in str(found)
    assert (found.at_a_time == 8) == (found.why_not == "")


def test_a_real_key(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said is what a key of 2048 bits has."""
    monkeypatch.delenv("KESSPAY_MULTIBUFFER", raising=False)
    with backends.override(backend.name):
        key = PrivateKey.from_pem(PEM)
        assert module.multibuffer().at_a_time == key.public_key._handle.ways
        if backend.name == "python":
            assert key.public_key._handle.ways == 1


def test_the_option_of_a_key(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """openssl_only, which a public half and a pickle keep, changes no verdict."""
    monkeypatch.delenv("KESSPAY_MULTIBUFFER", raising=False)
    file = tmp_path / "key.pem"
    file.write_bytes(PEM)
    file.chmod(0o600)
    with backends.override(backend.name):
        plain = PrivateKey.from_pem(PEM)
        public = tmp_path / "public.der"
        public.write_bytes(plain.public_key._handle.spki)
        keys = [
            PrivateKey.from_pem(PEM, openssl_only=True).public_key,
            PrivateKey.from_file(file, openssl_only=True).public_key,
            PublicKey.from_pem(public.read_bytes(), openssl_only=True),
            PublicKey.from_file(public, openssl_only=True),
        ]
        keys += [pickle.loads(pickle.dumps(key)) for key in keys]  # noqa: S301 - just made
        bodies = [plain.signed_body({"n": number}) for number in range(20)]
        bodies[3] = bodies[4].replace(b'"n":4', b'"n":5')
        bodies[7] = b"{"
        verdicts = plain.public_key.verify_documents(bodies)
        for key in keys:
            assert key._handle.ways == 1
            assert key == plain.public_key
            assert key.verify_documents(bodies) == verdicts


def test_the_variable(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """KESSPAY_MULTIBUFFER=0 does for all keys what the option does for one."""
    monkeypatch.setenv("KESSPAY_MULTIBUFFER", "0")
    with backends.override(backend.name):
        key = PrivateKey.from_pem(PEM).public_key
        assert key._handle.ways == 1
        spki = key._handle.spki
        assert PublicKey.from_pem(spki)._handle.ways == 1


@cache
def forged_signatures(text: bytes) -> list[bytes]:
    """Return signatures that come near to the right one of a text."""
    info = bytes.fromhex("3031300d060960864801650304020105000420")
    digest = hashlib.sha256(text).digest()
    payloads = [
        info + digest,  # the right one
        info + digest + b"\0",
        info + digest[:-1],
        info[:-1] + b"\x21" + digest,
        bytes.fromhex("302f300b0609608648016503040201" + "0420") + digest,  # no NULL
        b"\0" + info + digest,
        b"\xff" * 8 + b"\0" + info + digest,
        digest,
        b"",
    ]
    modulus = private_numbers()["n"]
    edges = (0, 1, 2, modulus - 1, modulus, modulus + 1, 2**2048 - 1, 2**2047)
    return [
        *(raw_block(payload) for payload in payloads),
        *(edge.to_bytes(256, "big") for edge in edges),
        pkcs1(text, algorithm="sha1"),
        pss(text),
        pkcs1(text + b" "),
        pkcs1(text)[::-1],
    ]


def hostile_bodies(seed: int, count: int) -> Iterator[bytes]:
    """Yield bodies of all kinds: right, changed, forged, and no bodies at all."""
    key = PrivateKey.from_pem(PEM)
    documents = hostile_documents(seed, count)
    for number, params in enumerate(hostile_parameters(seed, count)):
        with suppress(CanonicalizationError):
            body = key.signed_body(params)
            yield body
            yield body[:-9] + body[-8:-7] + body[-9:-8] + body[-7:]
        yield next(documents)
        if number % 30 == 0:
            text = f'{{"n":{number}}}'.encode()
            for forged in forged_signatures(text):
                yield body_of(f'{{"n":{number},"sign":"SIGN"}}', forged)


def same_verdicts(seed: int, count: int) -> None:
    """Compare batches, in both ways, with the functions for one body."""
    plain = PrivateKey.from_pem(PEM).public_key
    alone = PrivateKey.from_pem(PEM, openssl_only=True).public_key
    bodies = list(hostile_bodies(seed, count))
    verdicts = [verdict_of(plain, body) for body in bodies]
    assert verdicts.count("ok") >= count // 2
    assert verdicts.count("mismatch") >= count // 2
    for key in (plain, alone):
        for threads in (1, 2):
            found = key.verify_documents(bodies, threads=threads)
            assert [one.reason for one in found] == verdicts
    # Nothing in it made OpenSSL disagree.
    assert plain._handle.ways == module.multibuffer().at_a_time


def verdict_of(key: PublicKey, body: bytes) -> str:
    """Return the reason of the verdict on one body."""
    single = outcome(key, body)
    return "ok" if len(single) == 1 else str(single[1])


@pytest.mark.few(1)
def test_hostile_bodies(backend: Backend) -> None:
    """A batch gives each body the verdict that it has alone, eight at a time or not."""
    with backends.override(backend.name):
        same_verdicts(1, 60)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_hostile_bodies(seed: int) -> None:
    """The same of 20,000 bodies, by the native core."""
    with backends.override("native"):
        same_verdicts(seed, 700)


def test_the_option_is_a_flag() -> None:
    """What is neither True nor False is refused, and not taken for one of them."""
    with pytest.raises(InputError, match="openssl_only"):
        PrivateKey.from_pem(PEM, openssl_only=1)  # type: ignore[arg-type] # that is the test
    with pytest.raises(InputError, match="openssl_only"):
        PublicKey.from_pem(PEM, openssl_only="no")  # type: ignore[arg-type] # that is the test
