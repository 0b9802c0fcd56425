"""The OpenSSL inside the wheels: one pin, one archive, and a watch on newer ones."""

from __future__ import annotations

import hashlib
import io
import re
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from bindings.openssl import build, newer
from bindings.openssl.pin import Pin, read_pin
from tests.packaging.wheels import ROOT, run


if TYPE_CHECKING:
    from pathlib import Path

SHA256 = "0" * 64

#: As git ls-remote prints them, and names of what is no release.
TAGS = [
    "a1\trefs/tags/openssl-3.5.0\n",
    "a2\trefs/tags/openssl-3.5.0-alpha1\n",
    "a3\trefs/tags/openssl-3.5.9\n",
    "a4\trefs/tags/openssl-3.5.10\n",
    "a5\trefs/tags/openssl-3.5.11-beta1\n",
    "a6\trefs/tags/openssl-3.6.12\n",
    "a7\trefs/tags/OpenSSL_1_1_1w\n",
    "a8\trefs/tags/openssl-3.0.99\n",
]


def test_the_pin() -> None:
    """What is pinned is a release of an LTS line, and its published archive."""
    pin = read_pin()
    assert tuple(map(int, pin.version.split("."))) >= (3, 5, 0)
    assert pin.url == (
        "https://github.com/openssl/openssl/releases/download/"
        f"openssl-{pin.version}/openssl-{pin.version}.tar.gz"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('version = "3.5.9"', "version and sha256"),
        (f'version = "3.5.9"\nsha256 = "{SHA256}"\nurl = "x"', "nothing else"),
        (f'version = "3.5"\nsha256 = "{SHA256}"', "no version of a release"),
        (f'version = "3.5.9-beta1"\nsha256 = "{SHA256}"', "no version of a release"),
        ('version = "3.5.9"\nsha256 = ""', "64 hexadecimal"),
        (f'version = "3.5.9"\nsha256 = "{"A" * 64}"', "64 hexadecimal"),
    ],
)
def test_no_pin(text: str, why: str, tmp_path: Path) -> None:
    """A file that leaves anything open is refused."""
    file = tmp_path / "openssl.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=why):
        read_pin(file)


@pytest.mark.parametrize(
    ("pinned", "found"),
    [("3.5.0", "3.5.10"), ("3.5.9", "3.5.10"), ("3.5.10", "3.5.10")],
)
def test_newest(pinned: str, found: str) -> None:
    """Patches are numbers, and only releases of the same line count."""
    assert newer.newest(TAGS, pinned) == found
    assert newer.newest([line.split("/")[-1] for line in TAGS], pinned) == found


@pytest.mark.parametrize("pinned", ["3.5.8", "3.5.11", "4.0.0"])
def test_newest_of_nothing(pinned: str) -> None:
    """A list without the pinned release says nothing."""
    assert newer.newest(TAGS, pinned) is None
    assert newer.newest([], pinned) is None


@pytest.mark.parametrize(
    ("patches", "code", "says"),
    [([0], 0, "is the newest"), ([0, 1], 1, "is out"), ([], 2, "nothing is known")],
)
def test_the_watch(
    patches: list[int],
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The job fails when a newer patch exists, and when there is no list."""
    line, _, patch = read_pin().version.rpartition(".")
    tags = [f"0\trefs/tags/openssl-{line}.{int(patch) + more}\n" for more in patches]
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(tags)))
    assert newer.main() == code
    printed = capsys.readouterr()
    assert says in printed.out + printed.err


def test_another_archive(tmp_path: Path) -> None:
    """An archive with another hash is refused before anything is unpacked."""
    archive = tmp_path / "openssl.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo(f"openssl-{read_pin().version}/Configure"))
    prefix = tmp_path / "prefix"
    done = run(
        *(sys.executable, "-m", "bindings.openssl.build", prefix, archive), cwd=ROOT
    )
    assert done.code == 1
    assert "is not the source of OpenSSL" in done.output
    assert hashlib.sha256(archive.read_bytes()).hexdigest() in done.output
    assert read_pin().sha256 in done.output
    assert not prefix.exists()


def test_the_archive(tmp_path: Path) -> None:
    """An archive with the pinned hash is accepted."""
    archive = tmp_path / "openssl.tar.gz"
    archive.write_bytes(b"source")
    build.check(archive, Pin("3.5.9", hashlib.sha256(b"source").hexdigest()))


def test_how_to_run_it() -> None:
    """Without arguments the program says what it does, and does nothing."""
    done = run(sys.executable, "-m", "bindings.openssl.build", cwd=ROOT)
    assert done.code == 1
    assert "PREFIX [ARCHIVE]" in done.output


def test_options() -> None:
    """Nothing outside of the wheel can change what this libcrypto does."""
    words = build.options()
    for part in ("autoload-config", "dso", "engine", "module", "shared"):
        assert f"no-{part}" in words
    # What RSA, encrypted keys and speed need.
    for part in ("aes", "asm", "des", "scrypt", "secure-memory", "sha", "threads"):
        assert f"no-{part}" not in words
    assert len(words) == len(set(words))


def test_one_place() -> None:
    """No other file of the build repeats the version or the hash."""
    pin = read_pin()
    files = [ROOT / "pyproject.toml", *(ROOT / "bindings").rglob("*.*")]
    files += (ROOT / ".github").rglob("*.yml")
    holding = {
        path.name
        for path in files
        if path.suffix in (".py", ".toml", ".txt", ".yml")
        and re.search(
            rf"{re.escape(pin.version)}|{pin.sha256}", path.read_text(encoding="utf-8")
        )
    }
    assert holding == {"openssl.toml"}
