"""A newer libcrypto.so.3 under the same binaries."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.wheels import ROOT, built_library, install, run


pytestmark = pytest.mark.network

#: A wheel that carries OpenSSL under its own names, libcrypto.so.3 and
#: libssl.so.3. Which release it carries is read from the library.
CARRIER = "mysql-connector-python"

#: Runs the tests of signing, without those of pure Python and those of documents, which
#: libcrypto has no part in. The loader of this process has read the variable at its
#: start; the judges, which are processes of their own, keep the OpenSSL of this system.
SUITE = """
import os, sys, pytest
del os.environ["LD_LIBRARY_PATH"]
sys.exit(pytest.main([
    "-q", "-p", "no:cacheprovider", "-m", "not (pure or exhaustive)",
    "--ignore=tests/signing/reference", "--ignore=tests/signing/test_hostile.py",
    "tests/signing",
]))
"""

SHOW = "import kesspay; b = kesspay.backend(); print(b.name, b.openssl)"


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a libcrypto.so.3 of OpenSSL 3.5 or later."""
    folder = tmp_path_factory.mktemp("openssl")
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps")
    done = run(*pip, "--only-binary=:all:", "--dest", folder, CARRIER)
    assert done.code == 0, done.output
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if Path(name).name in ("libcrypto.so.3", "libssl.so.3"):
                (folder / Path(name).name).write_bytes(archive.read(name))
    version = re.search(
        rb"OpenSSL (\d+)\.(\d+)\.\d+ ", (folder / "libcrypto.so.3").read_bytes()
    )
    assert version is not None
    assert (int(version[1]), int(version[2])) >= (3, 5)
    return folder


def version_text(library: Path) -> str:
    """Ask a libcrypto for its version text, in a process of its own."""
    call = (
        "import ctypes, sys; f = ctypes.CDLL(sys.argv[1]).OpenSSL_version;"
        " f.restype = ctypes.c_char_p; print(f(0).decode())"
    )
    return subprocess.check_output(
        [sys.executable, "-I", "-c", call, library], text=True
    ).strip()


def show(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Print past the capture: which version it was belongs into the log."""
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")


def test_c_library(
    newer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The C tests, built against this system's headers, pass with it."""
    build = tmp_path / "build"
    if built := built_library():
        # ctest writes into it, and may be doing so for another job.
        written = shutil.ignore_patterns("Testing", "consumer")
        shutil.copytree(built, build, ignore=written)
    else:
        for command in (
            ["cmake", "-S", str(ROOT / "csrc"), "-B", str(build)],
            ["cmake", "--build", str(build), "--parallel", "2"],
        ):
            done = run(*command)
            assert done.code == 0, done.output
    # Without what only calculates. A sample of the rounds enters every line.
    tests = "^(test_|header_|examples)", "^test_(double|number|public8)"
    kess = f"LD_LIBRARY_PATH={newer}"
    show(capsys, version_text(newer / "libcrypto.so.3"))
    done = run(
        *("env", kess, "KESS_SAMPLE=1", "ctest", "--test-dir", build),
        *("--output-on-failure", "--no-tests=error"),
        *("--tests-regex", tests[0], "--exclude-regex", tests[1]),
    )
    assert done.code == 0, done.output
    shown = run(
        *("env", kess, sys.executable, "-I", "-c"),
        "import ctypes, sys; f = ctypes.CDLL(sys.argv[1]).kess_openssl_version;"
        " f.restype = ctypes.c_char_p; print(f().decode())",
        build / "libkess.so",
    )
    assert shown.output.strip() == version_text(newer / "libcrypto.so.3")


def test_python_package(
    newer: Path,
    native_wheel: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The wheel, built against this system's headers, signs and verifies."""
    python = install(native_wheel, tmp_path / "env")
    env = {"LD_LIBRARY_PATH": str(newer), "KESSPAY_BACKEND": "native"}
    shown = run(python, "-c", SHOW, env=env)
    assert shown.output.split(maxsplit=1)[0] == "native", shown.output
    assert version_text(newer / "libcrypto.so.3") in shown.output
    show(capsys, shown.output.strip())
    done = run(python, "-c", SUITE, cwd=ROOT, env=env)
    assert done.code == 0, done.output
