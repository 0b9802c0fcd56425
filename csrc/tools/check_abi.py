"""
Compare what libkess promises to programs that are already built with csrc/abi.

Run: python csrc/tools/check_abi.py LIBRARY [--cc CC] [--update]

LIBRARY is a shared library that was just built. Read are its SONAME and its
versioned symbols, the values of enums and macros, the layout of structures and
the declarations of functions. csrc/abi/SONAME.txt holds what the last release
promised. Something that went or changed is an error; something new is named and
fails as well until --update has written it down.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from header import Item, prototypes, read_header


CSRC: Final = Path(__file__).resolve().parent.parent
PROMISES: Final = CSRC / "abi"

_FIELD: Final = re.compile(r"^\s+\w[\w ]*?\**(\w+)(?:\[\d+\])?;", re.MULTILINE)


def library_lines(library: Path) -> list[str]:
    """Return the SONAME and the symbols of a library, with their versions."""
    dynamic = run("readelf", "--wide", "--dynamic", str(library))
    soname = re.search(r"SONAME.*\[(.+?)\]", dynamic)
    if soname is None:
        sys.exit(f"{library} has no SONAME")
    symbols = run("readelf", "--wide", "--dyn-syms", str(library))
    found = re.findall(
        r"(FUNC|OBJECT) +(?:GLOBAL|WEAK) +DEFAULT +\d+ (\w+)@@?(\S+)", symbols
    )
    return [
        f"soname {soname[1]}",
        *sorted(f"symbol {name} {version} {kind}" for kind, name, version in found),
    ]


def header_lines(compiler: str) -> list[str]:
    """Return the declarations, values and layouts of kess.h."""
    items = [item for section in read_header().sections for item in section.items]
    lines = [
        f"function {name}: {unnamed(line)}"
        for item in items
        if item.kind == "functions"
        for name, line in prototypes(item).items()
    ]
    return sorted(lines) + sorted(measured(items, compiler))


def unnamed(prototype: str) -> str:
    """Drop the names of parameters, which no compiled program knows."""
    bare = re.sub(r"(?<=[ *])\w+(?=[,)])", "", prototype)
    return bare.replace(" ,", ",").replace(" )", ")")


def measured(items: list[Item], compiler: str) -> list[str]:
    """Let the compiler tell values, sizes and offsets."""
    prints = []
    for item in items:
        prints += [
            f'printf("value {value.name} %ld\\n", (long){value.name});'
            for value in item.values
        ]
        (name, *_) = item.names
        if item.kind == "enum":
            prints.append(f'printf("size {name} %zu\\n", sizeof({name}));')
        if item.kind == "struct":
            code = re.sub(r"/\*.*?\*/", "", item.code, flags=re.DOTALL)
            prints.append(f'printf("size {name} %zu\\n", sizeof({name}));')
            prints += [
                f'printf("offset {name}.{field} %zu %zu\\n", offsetof({name}, '
                f"{field}), sizeof((({name} *)0)->{field}));"
                for field in _FIELD.findall(code)
            ]
    program = "\n".join(
        ["#include <kess.h>", "#include <stdio.h>", "int main(void) {", *prints]
    )
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder) / "abi.c", Path(folder) / "abi"
        source.write_text(f"{program}\nreturn 0; }}\n", encoding="ascii")
        run(compiler, "-I", str(CSRC / "include"), "-o", str(binary), str(source))
        return run(str(binary)).splitlines()


def run(*command: str) -> str:
    """Run a command and return what it prints."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own compiler and tools
    return done.stdout


def compare(promised: list[str], found: list[str]) -> tuple[list[str], list[str]]:
    """Return what is broken, and what is new."""
    broken = [line for line in promised if line not in set(found)]
    return broken, [line for line in found if line not in set(promised)]


def main() -> int:
    """Compare, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    found = library_lines(options.library) + header_lines(options.cc)
    stored = PROMISES / f"{found[0].removeprefix('soname ')}.txt"
    if options.update:
        stored.write_text("\n".join(found) + "\n", encoding="ascii")
        return 0
    if not stored.exists():
        print(f"{stored.name} is missing: a new SONAME begins with --update")
        return 1
    broken, new = compare(stored.read_text(encoding="ascii").splitlines(), found)
    for line in broken:
        print(f"gone or changed: {line}")
    for line in new:
        print(f"new: {line}")
    if broken:
        print("Programs that are already built would break: csrc/README.md, ABI.")
    elif new:
        print("Write it down with --update, and into csrc/cmake/kess.map.")
    else:
        print(f"{len(found)} promises of {stored.name} hold")
    return 1 if broken or new else 0


if __name__ == "__main__":
    sys.exit(main())
