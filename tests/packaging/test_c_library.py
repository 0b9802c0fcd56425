"""The C library without Python: build, test, install, and use."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import is_set
from tests.packaging.wheels import ROOT, built_library, run


pytestmark = pytest.mark.build

#: What is compiled here is not measured, and no one debugs it.
QUICKLY: Final = "-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1"

#: An option of ctest: it is an error where there are none.
NO_TESTS: Final = "--no-tests=error"

#: Between them these C tests enter all of the library.
THE_WHOLE_LIBRARY: Final = (
    "test_batch",
    "test_document",
    "test_json",
    "test_keyfile",
    "test_rsa",
    "test_vectors",
)


def ninja() -> dict[str, str]:
    """Return the setting that has CMake use ninja, the quicker one, where it is."""
    return {"CMAKE_GENERATOR": "Ninja"} if shutil.which("ninja") else {}


def test_build_test_install(tmp_path: Path) -> None:
    """
    The three commands of csrc/README.md work, without a warning.

    ctest installs the library and builds a consumer through pkg-config and
    through the CMake package, besides running some of the C tests. Jobs c-gcc and
    c-sanitize of ``.ci/run`` have all of them, with gcc and with clang, and every
    round of each; there, what c-gcc builds and tests is installed here.
    """
    build = built_library() or tmp_path / "build"
    commands = [
        ["cmake", "--install", str(build), "--prefix", str(tmp_path / "prefix")]
    ]
    if built_library() is None:
        commands[:0] = [
            [
                *("cmake", "-S", str(some_tests(tmp_path / "csrc")), "-B", str(build)),
                *("-DKESS_WERROR=ON", QUICKLY),
            ],
            ["cmake", "--build", str(build), "--parallel", "2"],
            [*("ctest", "--test-dir", str(build), "--output-on-failure"), NO_TESTS],
        ]
    else:
        commands += [["ctest", "--test-dir", str(build), "--show-only", NO_TESTS]]
    compiler = "clang" if shutil.which("clang") else "gcc"
    output = ""
    for command in commands:
        env = {"CC": compiler, "CFLAGS": "", "KESS_SAMPLE": "1", **ninja()}
        done = run(*command, env=env)
        assert done.code == 0, done.output
        output += done.output
    for name in (
        "abi",
        "consumer_cmake",
        "consumer_pkg_config",
        "example_server",
        "examples",
        "ffi_header",
        "header_cxx",
        "man_examples",
        "symbols",
        *THE_WHOLE_LIBRARY,
    ):
        assert name in output
    assert (tmp_path / "prefix/include/kess.h").is_file()
    assert (tmp_path / "prefix/include/kess_ffi.h").is_file()
    assert (tmp_path / "prefix/share/man/man3/kess_verify_document.3").is_file()
    # PHP closes the library after each request of a web server: it stays loaded.
    [library] = (tmp_path / "prefix").rglob("libkess.so.0")
    assert "NODELETE" in run("readelf", "-d", library).output


def some_tests(folder: Path) -> Path:
    """Copy the sources, with no more tests than enter the whole library."""
    shutil.copytree(ROOT / "csrc", folder)
    for pattern in ("fuzz/fuzz_*.c", "tests/test_*.c"):
        for file in folder.glob(pattern):
            if file.stem not in THE_WHOLE_LIBRARY:
                file.unlink()
    return folder


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the Debian packages and return their folder, with the library."""
    for tool in ("dpkg-deb", "dpkg-shlibdeps"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    build = tmp_path_factory.mktemp("deb")
    if built := built_library():
        settings = built / "CPackConfig.cmake"
        done = run("cpack", "-G", "DEB", "--config", settings, "-B", build)
        assert done.code == 0, done.output
        for path in built.glob("libkess.so*"):
            shutil.copy2(path, build, follow_symlinks=False)
        return build
    parts = ["-DKESS_BUILD_TESTS=OFF", "-DKESS_BUILD_EXAMPLES=OFF"]
    commands = [
        [
            *("cmake", "-S", str(ROOT / "csrc"), "-B", str(build)),
            *("-DCMAKE_INSTALL_PREFIX=/usr", QUICKLY, *parts),
        ],
        ["cmake", "--build", str(build), "--parallel", "2"],
        ["sh", "-c", f"cd {build} && cpack -G DEB"],
    ]
    for command in commands:
        done = run(*command, env={"CFLAGS": "", **ninja()})
        assert done.code == 0, done.output
    return build


def control(package: Path) -> str:
    """Return the control file of a package."""
    return run("dpkg-deb", "--field", package).output


def test_debian_packages(packages: Path, tmp_path: Path) -> None:
    """The two packages say what they need, and a program links against them."""
    (runtime,) = packages.glob("libkess0_*.deb")
    (development,) = packages.glob("libkess-dev_*.deb")
    assert re.search(r"^Depends: .*libc6", control(runtime), re.MULTILINE)
    assert re.search(r"^Depends: .*libssl3", control(runtime), re.MULTILINE)
    assert re.search(r"^Depends: libkess0 \(= ", control(development), re.MULTILINE)
    for package in (runtime, development):
        assert run("dpkg-deb", "--extract", package, tmp_path).code == 0
    program = tmp_path / "program"
    build_against(tmp_path, program)
    (library,) = tmp_path.glob("usr/lib/*/libkess.so.0")
    done = run(program, env={"LD_LIBRARY_PATH": str(library.parent)})
    assert (done.code, done.output) == (0, "")


def test_dpkg_installs_them(packages: Path, tmp_path: Path) -> None:
    """``dpkg -i`` is all there is to do, and ``dpkg -r`` takes all away again."""
    if not is_set("KESSPAY_INSTALL_DEB"):
        pytest.skip("KESSPAY_INSTALL_DEB=1 lets this test install packages")
    names = ["libkess0", "libkess-dev"]
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    debs = sorted(packages.glob("libkess*.deb"))
    done = run(*sudo, "dpkg", "-i", *debs)
    assert done.code == 0, done.output
    try:
        build_against(Path("/"), tmp_path / "program")
        assert run(tmp_path / "program").code == 0
        assert "kess" in run("man", "--where", "3", "kess_sign").output
    finally:
        assert run(*sudo, "dpkg", "-r", *names).code == 0
    assert run(tmp_path / "program").code != 0


def build_against(root: Path, program: Path) -> None:
    """Build the consumer with what is installed below a folder."""
    (folder,) = root.glob("usr/lib/*/pkgconfig/kess.pc")
    settings = {
        "PKG_CONFIG_PATH": str(folder.parent),
        "PKG_CONFIG_SYSTEM_INCLUDE_PATH": "/none",
        "PKG_CONFIG_SYSTEM_LIBRARY_PATH": "/none",
    }
    flags = run("pkg-config", "--cflags", "--libs", "kess", env=settings)
    assert flags.code == 0, flags.output
    source = ROOT / "csrc/tests/consumer/consumer.c"
    done = run("cc", "-o", program, source, *flags.output.split())
    assert done.code == 0, done.output


PROGRAM = """\
/*
 *     $ example_one
 *     libkess ...
 */
#include <kess.h>
#include <stdio.h>
int main(void) { return printf("libkess %s\\en", kess_version()) < 0; }
"""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("", "", None),
        ("$ example", "example", 'no line with "$"'),
        (" *     libkess", " *     kess", "prints"),
        ("< 0", "> 0", "example_one: 1"),
        ("int main", "static int unused;\nint main", "does not compile"),
        (".EX\n", ".nf\n", "shows no program"),
    ],
)
def test_a_page_whose_program_is_wrong_is_named(
    packages: Path, tmp_path: Path, old: str, new: str, fault: str | None
) -> None:
    """The check of the man pages finds what a reader would stumble over."""
    page = f".TH kess_version 3\n.SH EXAMPLES\n.EX\n{PROGRAM}.EE\n.SH SEE ALSO\n"
    (tmp_path / "kess_version.3").write_text(page.replace(old, new, 1))
    (tmp_path / "other.3").write_text(".so man3/kess_version.3\n")
    check = (sys.executable, ROOT / "csrc/tools/man_examples.py")
    done = run(*check, tmp_path, packages / "libkess.so")
    assert done.code == (0 if fault is None else 1), done.output
    if fault:
        assert "kess_version(3)" in done.output
        assert "other(3)" in done.output
        assert fault in done.output


def test_the_abi_check_can_fail(packages: Path, tmp_path: Path) -> None:
    """A promise that is not kept any more is named, and so is a new one."""
    tools = tmp_path / "csrc"
    shutil.copytree(ROOT / "csrc/tools", tools / "tools")
    shutil.copytree(ROOT / "csrc/include", tools / "include")
    shutil.copytree(ROOT / "csrc/abi", tools / "abi")
    check = (sys.executable, tools / "tools/check_abi.py", packages / "libkess.so")
    assert run(*check).code == 0
    promised = tools / "abi/libkess.so.0.txt"
    text = promised.read_text()
    promised.write_text(text.replace("value KESS_ERR_UTF8 201", "value KESS_ERR_X 9"))
    done = run(*check)
    assert done.code == 1
    assert "gone or changed: value KESS_ERR_X 9" in done.output
    assert "new: value KESS_ERR_UTF8 201" in done.output
