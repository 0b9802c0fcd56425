"""kesspay gives the right answer to every case of the kit, and so does libkess."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance.adapter import Reply
from kesspay.conformance.judge import Verdict, judge, run
from tests.conformance.adapters import kesspay_adapter
from tests.conformance.adapters.libkess_adapter import OPS, Library
from tests.conformance.adapters.protocol import Refused, question_of
from tests.conftest import missing
from tests.support.kit import stored_kit
from tests.support.pages import ROOT


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kesspay.conformance.kit import Case, Kit
    from kesspay.signing.backend import Backend
    from tests.conformance.adapters.protocol import Question


ADAPTERS: Final = ROOT / "tests/conformance/adapters"


@cache
def kit() -> Kit:
    """Return the kit of the package."""
    return stored_kit()


def failures(answer: Callable[[Question], bytes], *ops: str) -> list[str]:
    """Return the ids of the cases with another verdict than passed."""
    return [
        case.id
        for case in kit().cases
        if case.op in ops
        and judge(case, _reply(answer, case), reasons=True).verdict
        is not Verdict.passed
    ]


def _reply(answer: Callable[[Question], bytes], case: Case) -> Reply:
    try:
        return Reply("bytes", answer(question_of(case)))
    except Refused as refusal:
        return Reply("refused", words=str(refusal))


def test_both_backends(backend: Backend) -> None:
    """Each backend answers every case right, and refuses for the right reason."""
    assert failures(kesspay_adapter.answer, *kesspay_adapter.OPS) == []
    assert set(kesspay_adapter.OPS) >= {case.op for case in kit().cases}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build libkess from its sources, without CMake: this is about its answers."""
    path = tmp_path_factory.mktemp("libkess") / "libkess.so"
    compiler = shutil.which("cc") or "cc"
    sources = sorted(map(str, (ROOT / "csrc/src").glob("*.c")))
    include = f"-I{ROOT / 'csrc/include'}"
    command = [compiler, "-shared", "-fPIC", include, *sources, "-lcrypto"]
    try:
        subprocess.run(
            [*command, "-o", str(path)], capture_output=True, check=True, timeout=120
        )
    except (OSError, subprocess.CalledProcessError) as error:
        missing(f"libkess cannot be built: {error}", "KESSPAY_REQUIRE_NATIVE")
    return path


@pytest.mark.thorough
def test_the_c_library(library: Path) -> None:
    """The C library does too, called through kess.h and nothing else."""
    assert failures(Library(str(library)).answer, *OPS) == []


def test_over_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pure-Python backend behind the protocol: nothing fails or is unsupported."""
    monkeypatch.setenv("KESSPAY_BACKEND", "python")
    done = run([sys.executable, str(ADAPTERS / "kesspay_adapter.py")], kit())
    assert done.stopped is None
    assert done.hello.name == "kesspay, python backend"
    assert set(done.counts) == {Verdict.passed}


def test_the_c_library_over_the_protocol(library: Path) -> None:
    """Of libkess only the trees of parameters are unsupported."""
    adapter = str(ADAPTERS / "libkess_adapter.py")
    done = run([sys.executable, adapter, str(library)], kit())
    assert done.stopped is None
    others = [one for one in done.outcomes if one.verdict is not Verdict.passed]
    assert {one.case.op for one in others} <= {"canonicalize-tree"}
    assert {one.verdict for one in others} <= {Verdict.unsupported}
