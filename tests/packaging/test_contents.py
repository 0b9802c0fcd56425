"""What is in the sdist, in the wheel, and among the exported symbols."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from tests.packaging.wheels import ROOT, build_source_archive, run


pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def extension(native_wheel: Path) -> Path:
    """Give the extension module of the wheel, unpacked."""
    with zipfile.ZipFile(native_wheel) as archive:
        names = [name for name in archive.namelist() if "/_native." in name]
        assert names == ["kesspay/_native.abi3.so"]
        return Path(archive.extract(names[0], native_wheel.parent))


def test_only_the_init_function_is_exported(extension: Path) -> None:
    """No symbol of ours or of libcrypto can collide with those of another library."""
    table = subprocess.check_output(["nm", "-D", "--defined-only", extension])
    assert [line.split()[-1] for line in table.splitlines()] == [b"PyInit__native"]


def test_hardening(extension: Path) -> None:
    """The extension has full RELRO and no executable stack."""
    text = subprocess.check_output(["readelf", "-lWd", extension], text=True)
    assert "GNU_RELRO" in text
    assert "BIND_NOW" in text
    stack = next(line for line in text.splitlines() if "GNU_STACK" in line)
    assert "RWE" not in stack


def test_protections(extension: Path) -> None:
    """The extension has stack canaries and FORTIFY, and calls nothing unbounded."""
    symbols = subprocess.check_output(["nm", "-D", "--undefined-only", extension])
    assert b"__stack_chk_fail" in symbols
    assert b"_chk" in symbols.replace(b"__stack_chk_fail", b"")
    assert b"strcpy" not in symbols
    assert b"sprintf" not in symbols.replace(b"snprintf", b"")


def test_bill_of_materials(native_wheel: Path) -> None:
    """The wheel names itself, its OpenSSL and what it requires (PEP 770)."""
    with zipfile.ZipFile(native_wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".cdx.json")]
        assert [name.split("/", 1)[1] for name in names] == ["sboms/kesspay.cdx.json"]
        bill = json.loads(archive.read(names[0]))
        metadata = archive.read(names[0].split("/")[0] + "/METADATA").decode()
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    itself = bill["metadata"]["component"]
    assert f"Version: {itself['version']}\n" in metadata
    required = re.findall(
        r"^Requires-Dist: ([\w.-]+)(?!.*extra ==)", metadata, re.MULTILINE
    )
    openssl, *others = bill["components"]
    assert openssl["name"] == "openssl"
    assert openssl["version"].startswith(("3.", "4."))
    assert [part["name"] for part in others] == required
    assert bill["dependencies"] == [
        {
            "ref": itself["bom-ref"],
            "dependsOn": [part["bom-ref"] for part in bill["components"]],
        }
    ]
    assert "timestamp" not in bill["metadata"]


def test_the_wheel_holds_the_package_alone(native_wheel: Path) -> None:
    """The wheel holds kesspay, typed, and neither tests nor C sources."""
    with zipfile.ZipFile(native_wheel) as archive:
        names = archive.namelist()
    assert "kesspay/py.typed" in names
    tops = {name.split("/")[0].split("-")[0] for name in names}
    assert tops == {"kesspay"}
    assert not [name for name in names if name.endswith((".c", ".h", ".map"))]
    sources = {
        str(path.relative_to(ROOT / "src")) for path in (ROOT / "src").rglob("*.py")
    }
    assert sources == {name for name in names if name.endswith(".py")}


def test_the_source_archive_is_whole(source_tree: Path, native_wheel: Path) -> None:
    """All is there that the wheel, which was built from it, and the rest need."""
    folders = (
        "bench",
        "bindings",
        "csrc/include",
        "csrc/tests",
        "docs",
        "src",
        "tests",
    )
    for name in folders:
        assert any((source_tree / name).iterdir()), name
    for name in ("LICENSE", "Makefile", "README.md", "csrc/kess.pc.in"):
        assert (source_tree / name).is_file(), name
    assert not list(source_tree.glob("src/kesspay/_native*"))
    assert native_wheel.is_file()


def test_the_source_archive_is_reproducible(
    source_archive: Path, tmp_path: Path
) -> None:
    """Two builds of one tree give the same bytes."""
    again = build_source_archive(tmp_path)
    assert again.name == source_archive.name
    assert again.read_bytes() == source_archive.read_bytes()


def test_the_source_archive_holds_sources_alone(source_archive: Path) -> None:
    """Nothing that git ignores is in it, such as bytecode."""
    with tarfile.open(source_archive) as archive:
        names = {
            str(PurePosixPath(*Path(name).parts[1:])) for name in archive.getnames()
        }
    assert not [name for name in names if "__pycache__" in name]
    if shutil.which("git") is not None and (ROOT / ".git").exists():
        listed = run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT)
        assert names - set(listed.output.splitlines()) == {"PKG-INFO"}


@pytest.mark.skipif(shutil.which("strings") is None, reason="needs binutils")
def test_no_path_of_the_build_machine(extension: Path, source_tree: Path) -> None:
    """The extension names no folder of the machine that built it."""
    text = subprocess.check_output(["strings", "-a", extension], text=True)
    assert str(ROOT) not in text
    assert str(extension.parents[2]) not in text
    assert str(source_tree) not in text
