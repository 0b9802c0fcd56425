"""What Arrow takes and loads: what pyarrow says of a program that imported it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from kesspay.audit import memory
from kesspay.audit.memory import VARIABLE, frugal


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_COMMAND = """
import os, sys
from kesspay.cli import audit
assert "pyarrow" not in sys.modules
audit._needed()
import pyarrow
pyarrow.array(["a list"])
print(pyarrow.default_memory_pool().backend_name, os.environ.get("VARIABLE"))
""".replace("VARIABLE", VARIABLE)


class _Wheel:
    """A package whose wheel says so."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def read_text(self, _: str) -> str | None:
        return self._text


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Return a function that installs a wheel with a tag."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delitem(sys.modules, "pyarrow")

    def install(tag: str | None) -> None:
        text = tag and f"Root-Is-Purelib: false\nTag: cp311-cp311-{tag}\n"
        monkeypatch.setattr(memory, "distribution", lambda _: _Wheel(text))

    return install


def _chosen(**variables: str) -> tuple[str, str]:
    """Return what the command says in an environment with some variables."""
    kept = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND],
        check=True,
        capture_output=True,
        env={**kept, **variables},
        text=True,
    )
    return done.stdout.strip(), done.stderr


@pytest.mark.thorough
def test_the_command_takes_it(tmp_path: Path) -> None:
    """Where Arrow's wheel has it; Arrow warns of nothing, and nothing stays."""
    expected = pa.default_memory_pool().backend_name
    if memory._has_frugal():
        expected = "jemalloc"
    # Arrow would load pandas, which is not needed.
    (tmp_path / "pandas.py").write_text("raise SystemExit('pandas was loaded')")
    assert _chosen(PYTHONPATH=str(tmp_path)) == (f"{expected} None", "")


@pytest.mark.thorough
def test_the_users_choice_stays() -> None:
    """What was chosen before is taken, also by programs that are started later."""
    assert _chosen(**{VARIABLE: "system"}) == ("system system", "")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("manylinux_2_28_x86_64", "jemalloc"),
        ("manylinux2014_x86_64", "jemalloc"),
        ("musllinux_1_2_x86_64", "jemalloc"),
        ("manylinux_2_28_aarch64", None),
        ("linux_x86_64", None),
        ("macosx_12_0_arm64", None),
        ("macosx_12_0_x86_64", None),
        ("win_amd64", None),
        (None, None),
    ],
)
def test_which_wheels_have_it(
    tag: str | None, expected: str | None, installed: Callable[[str | None], None]
) -> None:
    """Others are not asked, which would warn on standard error."""
    installed(tag)
    with frugal():
        assert os.environ.get(VARIABLE) == expected
    assert VARIABLE not in os.environ


def test_nothing_stays_after_an_error(installed: Callable[[str | None], None]) -> None:
    """A package that is missing leaves no variable."""
    installed("manylinux_2_28_x86_64")
    with pytest.raises(ModuleNotFoundError), frugal():
        raise ModuleNotFoundError
    assert VARIABLE not in os.environ


def test_arrow_before(installed: Callable[[str | None], None]) -> None:
    """A program that has imported it has decided."""
    installed("manylinux_2_28_x86_64")
    sys.modules["pyarrow"] = pa
    before = [*sys.meta_path]
    with frugal():
        assert VARIABLE not in os.environ
        assert sys.meta_path == before


def test_pandas_is_there_again(
    monkeypatch: pytest.MonkeyPatch, installed: Callable[[str | None], None]
) -> None:
    """Only the first list finds no pandas; other packages are found."""
    installed(None)
    tried = list[object]()

    def array(values: object) -> None:
        tried.append(values)
        with pytest.raises(ModuleNotFoundError, match="pandas"):
            find_spec("pandas")
        assert find_spec("wave") is not None

    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    before = [*sys.meta_path]
    with frugal():
        monkeypatch.setitem(sys.modules, "pyarrow", SimpleNamespace(array=array))
    assert tried == [[]]
    assert sys.meta_path == before


def test_no_arrow(
    monkeypatch: pytest.MonkeyPatch, installed: Callable[[str | None], None]
) -> None:
    """Without pyarrow nothing is asked of it."""
    installed(None)

    def missing(_: str) -> Any:  # noqa: ANN401 - never returns
        raise PackageNotFoundError

    monkeypatch.setattr(memory, "distribution", missing)
    with frugal():
        assert VARIABLE not in os.environ
