"""The C library without Python: build, test, install, and use."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.packaging.wheels import ROOT, run


if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.build


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_build_test_install(tmp_path: Path, compiler: str) -> None:
    """
    The three commands of csrc/README.md work, without a warning.

    ctest installs the library and builds a consumer through pkg-config and
    through the CMake package, besides running the C tests.
    """
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    build = tmp_path / "build"
    commands = [
        ["cmake", "-S", str(ROOT / "csrc"), "-B", str(build), "-DKESS_WERROR=ON"],
        ["cmake", "--build", str(build), "--parallel", "2"],
        ["ctest", "--test-dir", str(build), "--output-on-failure", "--no-tests=error"],
        ["cmake", "--install", str(build), "--prefix", str(tmp_path / "prefix")],
    ]
    output = ""
    for command in commands:
        done = run(*command, env={"CC": compiler, "CFLAGS": ""})
        assert done.code == 0, done.output
        output += done.output
    for name in ("symbols", "consumer_pkg_config", "consumer_cmake", "header_cxx"):
        assert name in output
    assert (tmp_path / "prefix/include/kess.h").is_file()
