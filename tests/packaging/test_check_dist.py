"""What must hold of a folder before it is published."""

from __future__ import annotations

import json
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from bindings import check_dist, sbom
from bindings.check_dist import UnfitError
from bindings.openssl.pin import read_pin
from tests.packaging.wheels import ROOT, run


if TYPE_CHECKING:
    from pathlib import Path

PURE = "kesspay-1.2.3-py3-none-any.whl"
NATIVE = [
    f"kesspay-1.2.3-cp311-abi3-{system}.whl"
    for system in (
        "macosx_11_0_arm64",
        "macosx_11_0_x86_64",
        "manylinux_2_26_aarch64.manylinux_2_28_aarch64",
        "manylinux_2_28_x86_64",
        "musllinux_1_2_aarch64",
        "musllinux_1_2_x86_64",
        "win_amd64",
    )
]


def bill(openssl: str = read_pin().version, linkage: str = "static") -> str:
    """Return a bill as the build makes it."""
    return json.dumps(sbom.sbom(ROOT / "pyproject.toml", "1.2.3", openssl, linkage))


def write_wheel(path: Path, *bills: str) -> None:
    """Write a wheel that holds bills of materials and nothing else."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, text in enumerate(bills):
            folder = "kesspay-1.2.3.dist-info" + "x" * number
            archive.writestr(f"{folder}/sboms/kesspay.cdx.json", text)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Give a folder that can be published."""
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "kesspay-1.2.3.tar.gz").write_bytes(b"")
    write_wheel(folder / PURE)
    for name in NATIVE:
        write_wheel(folder / name, bill())
    return folder


def test_complete(dist: Path, tmp_path: Path) -> None:
    """A whole folder passes, and gives the bill of its wheels."""
    assert check_dist.check(dist, "1.2.3").decode() == bill()
    written = tmp_path / "bill.json"
    program = (sys.executable, "-m", "bindings.check_dist")
    done = run(*program, dist, "1.2.3", written, cwd=ROOT)
    assert (done.code, done.output) == (0, "")
    assert written.read_text(encoding="utf-8") == bill()


def test_another_version(dist: Path, tmp_path: Path) -> None:
    """A tag that is not the version of the files publishes nothing."""
    program = (sys.executable, "-m", "bindings.check_dist")
    done = run(*program, dist, "1.2.4", tmp_path / "bill.json", cwd=ROOT)
    assert done.code == 1
    assert "not to be published: the source archive: 0 files" in done.output
    assert not (tmp_path / "bill.json").exists()


@pytest.mark.parametrize("name", [PURE, *NATIVE, "kesspay-1.2.3.tar.gz"])
def test_missing(name: str, dist: Path) -> None:
    """Every file is needed."""
    (dist / name).unlink()
    with pytest.raises(UnfitError, match="0 files"):
        check_dist.check(dist, "1.2.3")


def test_not_repaired(dist: Path) -> None:
    """A wheel that went past auditwheel is not published."""
    write_wheel(dist / "kesspay-1.2.3-cp311-abi3-linux_x86_64.whl", bill())
    with pytest.raises(UnfitError, match=r"unexpected files: kesspay-.*-linux_x86_64"):
        check_dist.check(dist, "1.2.3")


def test_twice(dist: Path) -> None:
    """Two wheels for one system are one too many."""
    other = NATIVE[0].replace("macosx_11_0", "macosx_12_0")
    write_wheel(dist / other, bill())
    with pytest.raises(UnfitError, match="2 files"):
        check_dist.check(dist, "1.2.3")


@pytest.mark.parametrize(
    ("bills", "why"),
    [
        ([], "0 bills"),
        ([bill(), bill()], "2 bills"),
        ([bill(openssl="3.0.1")], "does not carry OpenSSL"),
        ([bill(linkage="dynamic")], "does not carry OpenSSL"),
        ([bill() + "\n"], "different bills"),
    ],
)
def test_bills(bills: list[str], why: str, dist: Path) -> None:
    """A wheel that carries another OpenSSL, or does not tell, is not published."""
    write_wheel(dist / NATIVE[3], *bills)
    with pytest.raises(UnfitError, match=why):
        check_dist.check(dist, "1.2.3")
