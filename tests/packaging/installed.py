"""
Run the test suite against an installed kesspay, and not against a checkout.

Run: PYTHON tests/packaging/installed.py [ARGUMENT OF PYTEST...]

PYTHON is the interpreter of an environment into which a wheel was installed
with its extra [test]. What the tests read besides the package is copied to a
throw-away folder, without src; there they run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final


ROOT: Final = Path(__file__).resolve().parents[2]

#: What the tests read: not the sources of the package, nor those of the core.
NEEDED: Final = (
    "Makefile",
    "README.md",
    "bindings",
    "csrc/fuzz/corpus",
    "csrc/include",
    "docs",
    "pyproject.toml",
    "tests",
)

#: These are about the sources, or about links to them.
ABOUT_SOURCES: Final = (
    "--ignore=tests/mutants",
    "--ignore=tests/test_architecture.py",
    "--deselect=tests/test_readme.py::test_commands_exist",
    "--deselect=tests/test_readme.py::test_links_lead_somewhere",
)

WHERE: Final = "import kesspay; print(kesspay.__file__)"


def main() -> int:
    """Copy, check what would be tested, and run pytest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        for needed in NEEDED:
            target = folder / needed
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / needed).is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / needed, target, ignore=ignore)
            else:
                shutil.copy2(ROOT / needed, target)
        where = subprocess.check_output(
            [sys.executable, "-c", WHERE], cwd=folder, text=True
        )
        package = Path(where.strip()).resolve()
        homes = {sysconfig.get_path(part) for part in ("purelib", "platlib")}
        if package.parents[1] not in {Path(home).resolve() for home in homes}:
            sys.exit(f"{package} is no installed kesspay: install a wheel first")
        sys.stdout.write(f"testing {package}\n")
        sys.stdout.flush()
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
        return subprocess.call([*command, *ABOUT_SOURCES, *sys.argv[1:]], cwd=folder)


if __name__ == "__main__":
    sys.exit(main())
