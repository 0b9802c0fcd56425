"""
The packages for PHP, Node and Go stay thin: how many lines of code each has.

A line counts that holds anything but blanks and comments, in every file of a package
that runs, its C included. Not counted are the declarations of types (``index.d.ts``),
the header for PHP's FFI, which a program writes, tests, examples, benchmarks and the
adapters of the conformance kit. ``python -m tests.bindings.test_thin`` has the table.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

import pytest


BINDINGS: Final = Path(__file__).resolve().parents[2] / "bindings"

#: Files of each package, and how many lines of code they may have.
PACKAGES: Final = {
    "php": (("preload.php", "src/*.php", "src/Exception/*.php"), 300),
    "node": (("kess.c", "index.js"), 300),
    "go": (("kess.go", "keys.go", "errors.go", "doc.go"), 255),
}

#: Strings, which may hold what looks like a comment, and comments.
_TOKENS: Final = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`)"""
    r"""|/\*.*?\*/|//[^\n]*""",
    re.DOTALL,
)


def code_lines(path: Path) -> int:
    """Count the lines of a file that hold more than a comment."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".go":
        # What stands before import "C" is C.
        text = re.sub(r'/\*(.*?)\*/(?=\nimport "C")', r"\1", text, flags=re.DOTALL)
    code = _TOKENS.sub(
        lambda found: found[0] if found["string"] else re.sub(r"[^\n]", "", found[0]),
        text,
    )
    return sum(1 for line in code.splitlines() if line.strip())


def files_of(package: str) -> list[Path]:
    """Return the files of a package that are counted."""
    patterns, _ = PACKAGES[package]
    return [path for one in patterns for path in sorted((BINDINGS / package).glob(one))]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_stays_thin(package: str) -> None:
    """No package grows; where one shrinks, its limit follows."""
    counted = {path.name: code_lines(path) for path in files_of(package)}
    assert sum(counted.values()) == PACKAGES[package][1], counted


@pytest.mark.parametrize("package", PACKAGES)
def test_no_line_is_long(package: str) -> None:
    """Lines are not packed: 120 columns, as PSR-12 has them."""
    long = [
        f"{path.name}:{number}"
        for path in files_of(package)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line.expandtabs(4)) > 120
    ]
    assert not long


def test_what_counts(tmp_path: Path) -> None:
    """Comments and blank lines do not; C in a comment of Go does."""
    file = tmp_path / "some.go"
    file.write_text(
        "// Words.\npackage some\n\n/*\n#include <some.h>\n\n// Words.\nint f(void);\n"
        '*/\nimport "C"\n\n/* Words\n\tof two lines. */\n'
        'const a = "// no comment" // Words.\nconst b = `/* none */`\n',
        encoding="utf-8",
    )
    assert code_lines(file) == 6


if __name__ == "__main__":
    for name in PACKAGES:
        counts = [(code_lines(path), path.name) for path in files_of(name)]
        for count, file in [*counts, (sum(count for count, _ in counts), "in all")]:
            sys.stdout.write(f"{count:5} {name} {file}\n")
