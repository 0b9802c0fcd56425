"""``python -m kesspay``: what a linkage of a bug needs."""

from __future__ import annotations

import errno
import io
import json
import os
import platform
import runpy
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from kesspay import __main__ as program
from kesspay.errors import BackendError
from kesspay.signing import backend as backends
from kesspay.signing.backend import BackendInfo


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend


class Installed:
    """An installed distribution with a bill of materials, or without."""

    def __init__(self, text: str | None) -> None:
        """Keep the text of the bill."""
        self.text = text

    def read_text(self, name: str) -> str | None:
        """Return the bill, as importlib.metadata does."""
        assert name == "sboms/kesspay.cdx.json"
        return self.text


def bill(*names: str) -> str:
    """Return a bill whose OpenSSL has properties of these names."""
    properties = [{"name": name, "value": "static"} for name in names]
    return json.dumps({"components": [{"properties": properties}]})


@pytest.mark.parametrize(
    ("text", "linkage"),
    [
        (bill("other", "kesspay:linkage"), "static"),
        (bill("other"), None),
        (None, None),
    ],
)
def test_linkage(
    text: str | None, linkage: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel knows how its OpenSSL is linked; a pure wheel says nothing."""
    monkeypatch.setattr(program, "distribution", lambda _: Installed(text))
    assert program.linkage() == linkage


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources on the path are no distribution, and say nothing."""

    def find(name: str) -> Installed:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(program, "distribution", find)
    assert program.linkage() is None


@pytest.mark.parametrize("linked", ["static", None])
def test_output(
    linked: str | None,
    backend: Backend,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Processor, masks and linkage are shown; pure Python links nothing itself."""
    monkeypatch.setattr(program, "features", lambda: ["adx", "sha_ni"])
    monkeypatch.setattr(program, "linkage", lambda: linked)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setenv("OPENSSL_ia32cap", "~0x200000000000000")
    monkeypatch.delenv("OPENSSL_armcap", raising=False)
    with backends.override(backend.name):
        assert program.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert "processor x86_64 adx sha_ni" in lines
    assert "masked    OPENSSL_ia32cap=~0x200000000000000" in lines
    is_shown = backend.name == "native" and linked is not None
    assert (f"OpenSSL   {backend.openssl}" + is_shown * " (static)") in lines
    assert sum(line.startswith("batches   ") for line in lines) == 1


def test_broken_core(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A native core that cannot be imported is reported, with the reason."""
    used = BackendInfo("python", "1.2.3", "OpenSSL 4.5.6", "ImportError: no")
    monkeypatch.setattr(program, "backend", lambda: used)
    assert program.main() == 0
    assert "native    cannot be imported: ImportError: no" in capsys.readouterr().out


def test_no_backend(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a backend the exit code is 1, and the rest is shown all the same."""

    def choose() -> BackendInfo:
        raise BackendError("nothing here")

    monkeypatch.setattr(program, "backend", choose)
    assert program.main() == 1
    printed = capsys.readouterr().out
    assert "backend   none: nothing here" in printed
    assert "processor " in printed


def test_as_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """``python -m kesspay`` prints the facts, and leaves with the exit code."""
    with pytest.raises(SystemExit) as left:
        runpy.run_path(program.__file__, run_name="__main__")
    assert left.value.code == 0
    assert f"backend   {backends.current().name} " in capsys.readouterr().out


class Unwritable(io.StringIO):
    """A stream that takes nothing."""

    def __init__(self, error: OSError) -> None:
        """Remember what to raise."""
        super().__init__()
        self.error = error

    def write(self, _: str) -> NoReturn:
        """Fail."""
        raise self.error


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, ""),
        (OSError(errno.ENOSPC, "No space left on device"), 74, "No space left on dev"),
    ],
)
def test_output_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, error: OSError, code: int, said: str
) -> None:
    """The exit codes are those of ``kesspay``, and there is no traceback."""
    messages = io.StringIO()
    monkeypatch.setattr(sys, "stderr", messages)
    monkeypatch.setattr(sys, "stdout", Unwritable(error))
    assert program.main() == code
    assert said in messages.getvalue()
    monkeypatch.setattr(sys, "stdout", Unwritable(error))
    monkeypatch.setattr(sys, "stderr", None)
    assert program.main() == code
    monkeypatch.setattr(sys, "stdout", None)
    assert program.main() == 74


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_and_a_closed_output(unbuffered: str) -> None:
    """A shell sees the exit code alone, whether Python keeps a buffer or not."""
    script = '"$0" -m kesspay >/dev/full; echo $?; "$0" -m kesspay >&-; echo $?'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        check=True,
    )
    assert done.stdout == "74\n74\n"
    assert "Traceback" not in done.stderr
