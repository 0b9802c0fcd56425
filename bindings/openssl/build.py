# ruff: noqa: INP001, S603 - a program, whose commands are all its own

"""
Build the libcrypto that the wheels carry: small, static, of a pinned source.

Run in the root of the repository: python -m bindings.openssl.build PREFIX [ARCHIVE]

The source archive is downloaded from OpenSSL's release page, or read from
ARCHIVE; either way its SHA-256 must be the one in openssl.toml, or nothing is
unpacked. PREFIX gets lib/libcrypto.a (libcrypto.lib on Windows) and
include/openssl. With KESSPAY_OPENSSL_PREFIX=PREFIX a build of kesspay links
that, and no other.

Needs: Perl with its core modules and make (Windows: Strawberry Perl, NASM and
Visual Studio, whose environment is looked up here).
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bindings.openssl.pin import read_pin


if TYPE_CHECKING:
    from bindings.openssl.pin import Pin


#: What no part of kesspay uses. It uses RSA, SHA-1 and SHA-2 with HMAC, AES and
#: 3DES in CBC mode, PBKDF2 and scrypt (encrypted keys), and random numbers.
_UNUSED_ALGORITHMS: Final = (
    *("argon2", "aria", "bf", "blake2", "camellia", "cast", "chacha", "cmac"),
    *("dh", "dsa", "ec", "idea", "md4", "mdc2", "ml-dsa", "ml-kem", "ocb"),
    *("poly1305", "rc2", "rc4", "rmd160", "seed", "siphash", "siv", "slh-dsa"),
    *("sm2", "sm3", "sm4", "srp", "whirlpool"),
)
#: Nor these. Without autoload-config, dso, engine and module nothing outside of
#: the wheel, no file and no variable, changes what this libcrypto does.
_UNUSED_PARTS: Final = (
    *("apps", "async", "autoload-config", "cmp", "cms", "comp", "ct", "deprecated"),
    *("docs", "dso", "engine", "http", "legacy", "module", "multiblock", "ocsp"),
    *("rfc3779", "shared", "sock", "ssl", "tests", "tls", "ts", "ui-console"),
    # Exit handlers of a library that was unloaded before would run into nothing.
    "atexit",
)
#: It is compiled in, and with the parts above gone nothing looks there.
_NOWHERE: Final = {"nt": "C:\\kesspay-has-none"}.get(os.name, "/kesspay-has-none")


def options() -> list[str]:
    """Return the arguments for OpenSSL's Configure, the target aside."""
    words = [f"no-{name}" for name in (*_UNUSED_ALGORITHMS, *_UNUSED_PARTS)]
    words += ["threads", f"--prefix={_NOWHERE}", f"--openssldir={_NOWHERE}"]
    if os.name != "nt":
        # As csrc/cmake/KessFlags.cmake. No path of this machine gets in.
        words += ["-fPIC", "-fvisibility=hidden", "-fstack-protector-strong"]
        words += ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
        # What is never called is left out when the extension is linked.
        words += ["-fdata-sections", "-ffunction-sections"]
    return words


def target() -> list[str]:
    """Return the target where Configure cannot be trusted to guess it."""
    machine = platform.machine().lower()
    if sys.platform == "darwin":
        return [f"darwin64-{machine}-cc"]
    if os.name == "nt":
        return [{"amd64": "VC-WIN64A", "arm64": "VC-WIN64-ARM"}[machine]]
    return []


def msvc_environment() -> dict[str, str]:
    """Return the environment in which the compiler of Visual Studio works."""
    machine = {"amd64": "x64", "arm64": "arm64"}[platform.machine().lower()]
    installer = Path(os.environ["PROGRAMFILES(X86)"], "Microsoft Visual Studio")
    where = installer / "Installer" / "vswhere.exe"
    query = ("-latest", "-products", "*", "-property", "installationPath")
    studio = subprocess.check_output([where, *query], text=True).strip()
    batch = Path(studio, "VC", "Auxiliary", "Build", "vcvarsall.bat")
    # cmd strips the outer quotes, and only those.
    shown = subprocess.check_output(
        f'cmd /s /c ""{batch}" {machine} >nul && set"', text=True
    )
    return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)


def check(archive: Path, pin: Pin) -> None:
    """Refuse an archive that is not the pinned one."""
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != pin.sha256:
        sys.exit(
            f"{archive.name} is not the source of OpenSSL {pin.version} that"
            f" openssl.toml pins: its SHA-256 is {found}, and has to be"
            f" {pin.sha256}. Nothing was unpacked or built."
        )


def build(source: Path, prefix: Path) -> None:
    """Configure and compile the source, and copy what kesspay needs."""
    windows = os.name == "nt"
    env = msvc_environment() if windows else dict(os.environ)
    # libcrypto holds the time of its build: that of the release, to be the same.
    released = int((source / "VERSION.dat").stat().st_mtime)
    env.setdefault("SOURCE_DATE_EPOCH", str(released))
    cores = str(os.cpu_count() or 1)
    make = ["nmake", "/NOLOGO"] if windows else ["make", "--silent", "-j", cores]
    library = "libcrypto.lib" if windows else "libcrypto.a"
    for command in (
        ["perl", "Configure", *target(), *options()],
        [*make, "build_generated"],
        [*make, library],
    ):
        # Windows looks the program up on the PATH of this process, not of env.
        program = shutil.which(command[0], path=env.get("PATH", env.get("Path")))
        if program is None:
            sys.exit(f"{command[0]} is needed to build OpenSSL, and was not found")
        subprocess.run([program, *command[1:]], cwd=source, env=env, check=True)
    (prefix / "lib").mkdir(parents=True, exist_ok=True)
    shutil.copy2(source / library, prefix / "lib")
    shutil.copytree(
        source / "include" / "openssl",
        prefix / "include" / "openssl",
        ignore=shutil.ignore_patterns("*.in"),
        dirs_exist_ok=True,
    )
    shutil.copy2(source / "LICENSE.txt", prefix)


def main() -> None:
    """Fetch, check, unpack, build."""
    if len(sys.argv) not in (2, 3):
        sys.exit((__doc__ or "").strip())
    pin = read_pin()
    prefix = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) == 3:
            archive = Path(sys.argv[2])
        else:
            archive = Path(folder, "openssl.tar.gz")
            with urllib.request.urlopen(pin.url) as answer, archive.open("wb") as file:  # noqa: S310 - https, and checked next
                shutil.copyfileobj(answer, file)
        check(archive, pin)
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        build(Path(folder, f"openssl-{pin.version}"), prefix)
    sys.stdout.write(f"OpenSSL {pin.version} is in {prefix}\n")


if __name__ == "__main__":
    main()
