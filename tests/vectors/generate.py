"""
Make the stored vectors and the conformance kit anew, or only compare.

::

    python tests/vectors/generate.py                    write what changed
    python tests/vectors/generate.py --check            only compare
    python tests/vectors/generate.py --wasm DIRECTORY   ask old PHP as well

It needs PHP 8.2 or later and the openssl command. Nothing is drawn from the
clock or from chance: the same answers give the same files. The file of old
PHP versions is touched only with --wasm; see tests/README.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING


sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance.build import make_kit
from tests.vectors import ask
from tests.vectors.ask_signatures import ask_signatures


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.conformance.build import KitFiles
    from tests.vectors.store import VectorFile


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 where --check finds a difference."""
    sources: dict[str, Callable[[], VectorFile | KitFiles]] = {
        "canonical": ask.ask_canonical,
        "ksort": ask.ask_ksort,
        "profiles": ask.ask_profiles,
        "parameters": ask.ask_parameters,
        "doubles": ask.ask_doubles,
        "signatures": ask_signatures,
        "conformance": make_kit,
    }
    parser = argparse.ArgumentParser(description="make or check tests/vectors")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--wasm", metavar="DIRECTORY", help="with npm's php-wasm")
    parser.add_argument("only", nargs="*", help=f"of: {' '.join(sources)}")
    options = parser.parse_args(arguments)
    if options.wasm:
        sources["ksort_old"] = lambda: ask.ask_ksort_old(options.wasm)
    unknown = set(options.only) - set(sources)
    if unknown:
        parser.error(f"there is no {' '.join(sorted(unknown))}")
    different = [
        _handle(sources[name](), check=options.check)
        for name in options.only or sources
    ]
    return int(options.check and any(different))


def _handle(wanted: VectorFile | KitFiles, *, check: bool) -> bool:
    """Compare one file and, unless only checking, write it where it differs."""
    difference = wanted.difference()
    state = "is as stored" if difference is None else difference
    if difference is not None and not check:
        wanted.write()
        state = "written"
    print(f"{wanted.name}: {len(wanted.rows)} rows, {state}")  # noqa: T201 - a command
    return difference is not None


if __name__ == "__main__":
    sys.exit(main())
