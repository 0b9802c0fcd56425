"""The same for a mutant of the C core: build it, and run its tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from time import monotonic
from typing import TYPE_CHECKING, Final

from tests.mutants.rules import ROOT
from tests.mutants.trial import CAUGHT, PATIENCE, Verdict


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.mutants.rules import Rule


__all__ = ["Workshop"]

#: A test that is a script, and runs the command as a shell would.
COMMAND: Final = "command"
#: Compiled often, and run shortly.
OPTIONS: Final = (
    "-DCMAKE_BUILD_TYPE=Debug",
    "-DCMAKE_C_FLAGS_DEBUG=-O0",
    "-DKESS_BUILD_EXAMPLES=OFF",
    "-DKESS_BUILD_MAN=OFF",
    "-DKESS_INSTALL=OFF",
)


class Workshop:
    """
    A copy of the C core, in which each mutant builds again what it changes.

    The tests run their sample (see csrc/tests/check.h): it notices every mutant.
    A file stays broken until a rule of another file comes, so that rules in the order
    of their files build the least.

    Args:
        folder: an empty one, for copy and build.
        rules: whose tests are built.
    """

    def __init__(self, folder: Path, rules: Sequence[Rule]) -> None:
        """Copy and configure."""
        self._source = folder / "csrc"
        self._build = folder / "build"
        shutil.copytree(ROOT / "csrc", self._source)
        self._programs = sorted({test for rule in rules for test in rule.tests})
        self._broken: Path | None = None
        self._run(
            *("cmake", "-S", str(self._source), "-B", str(self._build)),
            *(("-GNinja",) if shutil.which("ninja") else ()),
            *OPTIONS,
        )

    def check_baseline(self) -> list[str]:
        """Build and run every test without any mutation; return what is wrong."""
        built = self._make(self._programs)
        if built.returncode:
            return [f"the build fails without any mutation: {built.stderr[-300:]}"]
        return [
            f"{test} fails without any mutation: {done.stderr[-300:]}"
            for test in self._programs
            if (done := self._test(test)).returncode
        ]

    def try_rule(self, rule: Rule) -> Verdict:
        """Break a rule kept by C code, and see whether a test notices."""
        begun = monotonic()
        file = self._source.parent / rule.file
        if self._broken not in {None, file}:
            self._restore()
        file.write_text(rule.mutated(), encoding="utf-8")
        self._broken = file
        what, by = self._judged(rule)
        return Verdict(rule, what, by, monotonic() - begun)

    def _restore(self) -> None:
        if self._broken is not None:
            name = self._broken.relative_to(self._source.parent)
            whole = (ROOT / name).read_text(encoding="utf-8")
            self._broken.write_text(whole, encoding="utf-8")

    def _judged(self, rule: Rule) -> tuple[str, str]:
        built = self._make(rule.tests)
        if built.returncode:
            return "BROKE", f"it does not build: {built.stderr[-200:]}"
        broke = ""
        for test in rule.tests:
            try:
                done = self._test(test)
            except subprocess.TimeoutExpired:
                return "HUNG", f"{test}: more than {PATIENCE:g} s"
            # A CHECK that fails ends a program with 1 and says which; so does the
            # script of the command.
            if done.returncode == 1 and ": " in done.stderr:
                line = done.stderr.strip().splitlines()[-1]
                return CAUGHT, line.rpartition("/")[2][:120]
            if done.returncode:
                broke = f"{test} ended with {done.returncode}"
        return ("BROKE", broke) if broke else ("SURVIVED", ", ".join(rule.tests))

    def _make(self, programs: Sequence[str]) -> subprocess.CompletedProcess[str]:
        names = ["kess_command" if one == COMMAND else one for one in programs]
        targets = [part for name in names for part in ("--target", name)]
        return self._run(
            "cmake", "--build", str(self._build), "--parallel", "2", *targets
        )

    def _test(self, program: str) -> subprocess.CompletedProcess[str]:
        if program == COMMAND:
            script = str(self._source / "command" / "test")
            kess = str(self._build / "command" / "kess")
            return self._run(script, kess, str(self._build))
        # What ctest does, and where: the data lies beside the sources.
        path = str(self._build / "tests" / program)
        return self._run(path, cwd=self._source / "tests")

    @staticmethod
    def _run(
        *command: str, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, "KESS_SAMPLE": "1"},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=PATIENCE * 3,
        )
