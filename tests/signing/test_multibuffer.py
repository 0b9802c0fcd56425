"""Batches are verified eight signatures at a time, or it is said why they are not."""

from __future__ import annotations

import pickle
import platform
import sys
from typing import TYPE_CHECKING

import pytest

from kesspay import PrivateKey, PublicKey
from kesspay.errors import InputError
from kesspay.signing import backend as backends
from kesspay.signing import multibuffer as module
from tests.support.vectors import KEYS


if TYPE_CHECKING:
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


def test_the_option_is_a_flag() -> None:
    """What is neither True nor False is refused, and not taken for one of them."""
    with pytest.raises(InputError, match="openssl_only"):
        PrivateKey.from_pem(PEM, openssl_only=1)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="openssl_only"):
        PublicKey.from_pem(PEM, openssl_only="no")  # type: ignore[arg-type]
