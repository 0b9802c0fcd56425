"""kess_ffi.h: what PHP FFI, cffi, koffi and Fiddle read of kess.h."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import missing
from tests.support.pages import blocks
from tests.support.php import find_php


ROOT: Final = Path(__file__).resolve().parents[2]
KESS_H: Final = ROOT / "csrc/include/kess.h"
HEADER: Final = ROOT / "csrc/include/kess_ffi.h"
PHP_HEADER: Final = ROOT / "bindings/php/kess.ffi.h"
PAGE: Final = "howto/c-library.md"


def checked(root: Path) -> subprocess.CompletedProcess[str]:
    """Compare the files below a root with its kess.h."""
    return subprocess.run(
        [sys.executable, "-B", root / "csrc/tools/make_ffi.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy what the program reads, and writes."""
    for name in ("csrc/tools/make_ffi.py", "csrc/tools/header.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for path in (KESS_H, HEADER, PHP_HEADER):
        (tmp_path / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    return tmp_path


def test_both_files_are_those_of_the_header() -> None:
    """Nothing was changed in kess.h without `make_ffi.py`, nor by hand."""
    done = checked(ROOT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (KESS_H, "KESS_ERR_FILE = 102", "KESS_ERR_FILE = 103"),
        (KESS_H, "#define KESS_DEPTH_VERIFY 64u", "#define KESS_DEPTH_VERIFY 65u"),
        (KESS_H, "#define KESS_VERSION_MINOR 1", "#define KESS_VERSION_MINOR 2"),
        (KESS_H, "KESS_API void kess_key_free(", "KESS_API void kess_key_drop("),
        (KESS_H, "uint64_t pos;", "uint32_t pos;"),
        (HEADER, "uint64_t pos;", "uint32_t pos;"),
        (PHP_HEADER, "size_t *out_len", "uint32_t *out_len"),
    ],
)
def test_a_change_is_noticed(copy: Path, file: Path, old: str, new: str) -> None:
    """A value, a function, a field, in any of the three files."""
    changed = copy / file.relative_to(ROOT)
    text = changed.read_text(encoding="utf-8")
    assert old in text
    changed.write_text(text.replace(old, new), encoding="utf-8")
    done = checked(copy)
    assert done.returncode == 1
    assert "is not that of kess.h: run" in done.stderr
    subprocess.run(
        [sys.executable, "-B", copy / "csrc/tools/make_ffi.py"], check=True, timeout=60
    )
    assert checked(copy).returncode == 0


def test_declarations_only() -> None:
    """No directive, and each function on a line: for readers of single lines."""
    code = re.sub(r"/\*.*?\*/", "", HEADER.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert "#" not in code
    lines = [line for line in code.splitlines() if "(" in line]
    assert len(lines) > 25
    assert all(
        re.fullmatch(r"[a-z][\w *]+\bkess_\w+\([^()]+\);", line) for line in lines
    )


def test_cffi_reads_it() -> None:
    """Its values and structures are those that the compiler read of kess.h."""
    cffi: Any = pytest.importorskip("cffi")
    native: Any = pytest.importorskip("kesspay._native")
    ffi = cffi.FFI()
    ffi.cdef(HEADER.read_text(encoding="utf-8"))
    ours = ffi.dlopen(None)
    names = re.findall(
        r"^ +(KESS_\w+) = ", HEADER.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(names) > 60
    assert {name: getattr(ours, name) for name in names} == {
        name: getattr(native.lib, name) for name in names
    }
    for name in ("kess_error", "kess_options"):
        fields = [
            (field, kind.offset, kind.type.cname)
            for field, kind in ffi.typeof(name).fields
        ]
        assert fields == [
            (field, kind.offset, kind.type.cname)
            for field, kind in native.ffi.typeof(name).fields
        ]


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a library that has every function, and does nothing in any."""
    compiler = shutil.which("cc")
    if compiler is None:
        missing("cc is not installed", "KESSPAY_REQUIRE_NATIVE")
    folder = tmp_path_factory.mktemp("stub")
    names = re.findall(r"\b(kess_\w+)\(", HEADER.read_text(encoding="utf-8"))
    code = "".join(f"int {name}(void) {{ return 0; }}\n" for name in names)
    (folder / "stub.c").write_text(code, encoding="utf-8")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", folder / "stub.so", folder / "stub.c"],
        check=True,
        timeout=60,
    )
    return folder / "stub.so"


def of_bytes(kind: str) -> str:
    """Return a type of cffi with one word for char and uint8_t, and without tags."""
    kind = re.sub(r"\b(?:enum|struct) ", "", kind).replace("(*)", "")
    return re.sub(r"\b(?:char|uint8_t)\b(?= const \*| \*)", "byte", kind)


def test_the_functions_are_those_of_the_native_core(stub: Path) -> None:
    """Each has the types with which the compiler accepted kess.h."""
    cffi: Any = pytest.importorskip("cffi")
    native: Any = pytest.importorskip("kesspay._native")
    ffi = cffi.FFI()
    ffi.cdef(HEADER.read_text(encoding="utf-8"))
    ours = ffi.dlopen(str(stub))
    declared = re.findall(r"\b(kess_\w+)\(", HEADER.read_text(encoding="utf-8"))
    assert set(declared) == {
        name for name in dir(native.lib) if name.startswith("kess_")
    }
    for name in declared:
        kind = of_bytes(ffi.typeof(getattr(ours, name)).cname)
        assert kind == of_bytes(native.ffi.typeof(getattr(native.lib, name)).cname)


def test_php_reads_it(stub: Path) -> None:
    """FFI::cdef takes the whole file, and sees values and structures."""
    php = find_php()
    if php is None:
        missing("PHP is not installed", "KESSPAY_REQUIRE_PHP")
    code = """
        $kess = FFI::cdef(file_get_contents($argv[1]), $argv[2]);
        echo $kess->KESS_ERR_SIGN_TYPE, ' ', $kess->KESS_DEPTH_VERIFY, ' ',
            FFI::sizeof($kess->new('kess_error')), ' ', $kess->kess_key_bits(null);
    """
    done = subprocess.run(
        [php, "-d", "extension=ffi", "-r", code, "--", HEADER, stub],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if 'Class "FFI" not found' in done.stdout + done.stderr:
        missing("PHP has no extension FFI", "KESSPAY_REQUIRE_PHP")
    assert done.stdout.splitlines()[-1] == "405 64 16 0", done.stderr


def test_c_reads_it_too(tmp_path: Path) -> None:
    """The declarations are C: with the types of C99 alone."""
    compiler = shutil.which("cc")
    if compiler is None:
        missing("cc is not installed", "KESSPAY_REQUIRE_NATIVE")
    program = tmp_path / "program.c"
    program.write_text(
        '#include <stddef.h>\n#include <stdint.h>\n#include "kess_ffi.h"\n',
        encoding="utf-8",
    )
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    subprocess.run(
        [compiler, *flags, "-I", HEADER.parent, program],
        check=True,
        timeout=60,
        env={**os.environ, "LC_ALL": "C"},
    )


@pytest.mark.parametrize(
    ("language", "program"),
    [
        ("php", "verify.php"),
        ("python", "verify.py"),
        ("ruby", "verify.rb"),
        ("js", "verify.mjs"),
    ],
)
def test_the_page_shows_the_lines_of_the_programs(language: str, program: str) -> None:
    """Each block of the page stands in a program that `bindings/ffi/test` runs."""
    code = (ROOT / "bindings/ffi" / program).read_text(encoding="utf-8")
    shown = blocks(PAGE, language)
    assert len(shown) == 1
    assert shown[0].code.strip() in code
    assert "kess_verify_document" not in shown[0].code
