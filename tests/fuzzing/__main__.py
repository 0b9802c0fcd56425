"""
Fuzz one target, guided by the coverage of the Python code.

Run: python -m tests.fuzzing TARGET [libFuzzer options]

It needs atheris (``pip install atheris``), which the ordinary tests do not.
New inputs go to build/fuzz-python/TARGET, a failing one to the folder at hand.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore] # not in [test]

from tests.fuzzing.targets import CORPORA, TARGETS


def main() -> None:
    """Hand over to atheris."""
    name, *options = sys.argv[1:] or [""]
    if name not in TARGETS:
        sys.exit(f"usage: python -m tests.fuzzing {{{','.join(TARGETS)}}} [options]")
    found = Path("build", "fuzz-python", name)
    found.mkdir(parents=True, exist_ok=True)
    folders = [str(found), str(CORPORA[name])]
    # Its import hook does not see the packages of an editable installation.
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *options, *folders], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
