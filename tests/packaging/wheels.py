"""Throw-away trees and environments in which wheels are really built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path


ROOT = Path(__file__).resolve().parents[2]

#: What a build needs, and the Makefile; tests and bench only travel in the sdist.
SOURCES = (
    "LICENSE",
    "Makefile",
    "README.md",
    "bindings",
    "csrc",
    "pyproject.toml",
    "src",
)

TIMEOUT = 600


@dataclass(frozen=True)
class Run:
    """How a command ended: its exit code and everything it printed."""

    code: int
    output: str


def run(
    *command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> Run:
    """Run a command without the settings of this test run that could leak in."""
    own = ("KESSPAY_", "PYTHONPATH", "CMAKE_", "COVERAGE_", "MAKE", "MFLAGS", "UV")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean | (env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Run(done.returncode, done.stdout)


def built_library() -> Path | None:
    """Return where ``.ci/run`` has built the C library and its tests, if it has."""
    found = os.environ.get("KESSPAY_C_BUILD")
    return Path(found) if found else None


def copy_tree(target: Path) -> Path:
    """Copy what a build needs, without anything that an earlier one left."""
    target.mkdir(parents=True, exist_ok=True)
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "_native*")
            shutil.copytree(source, target / name, ignore=ignore)
        else:
            shutil.copy2(source, target / name)
    return target


def hiding(*paths: Path) -> tuple[str, ...]:
    """
    Make a command prefix under which these files and folders are gone.

    A mount namespace of its own puts an empty folder, or a file that no one
    can run, over each of them. Nothing outside the command sees it.
    """
    script = ["set -e", "empty=$(mktemp -d)", 'mkdir "$empty/d"', ': > "$empty/f"']
    for path in paths:
        kind = "d" if path.is_dir() else "f"
        script.append(f'mount --bind "$empty/{kind}" "{path}"')
    script.append('exec "$@"')
    return ("unshare", "--mount", "--map-root-user", "sh", "-c", "\n".join(script), "-")


def can_hide() -> bool:
    """Tell whether this system lets us make a mount namespace."""
    if shutil.which("unshare") is None:
        return False
    return run(*hiding(Path("/usr/include")), "true").code == 0


def compilers() -> list[Path]:
    """Find every program that a build could take for a C compiler."""
    folders = {Path(p).resolve() for p in os.environ["PATH"].split(os.pathsep) if p}
    folders |= {Path("/usr/bin"), Path("/usr/local/bin"), Path("/bin")}
    stems = ("cc", "gcc", "clang", "tcc", "icc", "icx", "pgcc", "nvc", "c89", "c99")
    found = {
        path.resolve()
        for folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if path.name.split("-")[0] in stems or "-linux-gnu-gcc" in path.name
    }
    return sorted(path for path in found if path.is_file())


def openssl_headers() -> list[Path]:
    """Find every folder of OpenSSL headers that a build could take."""
    roots = [Path("/usr/include"), Path("/usr/local/include")]
    return [
        path
        for root in roots
        if root.is_dir()
        for path in [root / "openssl", *root.glob("*/openssl")]
        if path.is_dir()
    ]


def build_wheel(
    tree: Path,
    target: Path,
    *,
    env: dict[str, str] | None = None,
    prefix: tuple[str, ...] = (),
) -> tuple[Run, list[str]]:
    """
    Build a wheel as ``pip install .`` would, without a download.

    Returns:
        How pip ended, and the names of the wheels it made.
    """
    flags = ("--no-build-isolation", "--no-deps", "--no-index", "--verbose")
    pip = (sys.executable, "-m", "pip", "wheel", *flags, "--wheel-dir")
    done = run(*prefix, *pip, target, tree, env=env)
    return done, sorted(path.name for path in target.glob("*.whl"))


def build_source_archive(folder: Path) -> Path:
    """Build the source archive of this checkout as ``python -m build`` would."""
    call = "import sys, scikit_build_core.build as b; print(b.build_sdist(sys.argv[1]))"
    done = run(sys.executable, "-c", call, folder, cwd=ROOT)
    assert done.code == 0, done.output
    return folder / done.output.split()[-1]


def install(wheel: Path, target: Path) -> Path:
    """
    Install a wheel into an environment of its own.

    Its dependencies come from the environment of this test run, whose own
    kesspay it cannot see: a .pth file adds a folder, not its .pth files.

    Returns:
        The interpreter of the new environment.
    """
    venv.create(target, with_pip=False, symlinks=True)
    python = target / "bin" / "python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = target / "lib" / version / "site-packages"
    flags = ("--no-deps", "--no-index", "--quiet")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", *flags, wheel)
    done = run(*pip)
    assert done.code == 0, done.output
    places = dict.fromkeys(sysconfig.get_path(n) for n in ("purelib", "platlib"))
    (site / "dependencies.pth").write_text("\n".join(places), encoding="utf-8")
    return python
