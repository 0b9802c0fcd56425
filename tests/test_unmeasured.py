"""The list of what CI need not measure: how it is chosen and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unmeasured import (
    BACKENDS,
    Measured,
    arguments,
    expendable,
    listed,
    measure,
    measured,
)


if TYPE_CHECKING:
    from pathlib import Path


def ran(**tests: tuple[float, str]) -> Measured:
    """Return what some tests cost and ran: each letter is a branch."""
    found = Measured()
    for test, (seconds, branches) in tests.items():
        name = f"tests/test_{test[0]}.py::{test}".replace("_rest", " thorough")
        found.seconds[name] = seconds
        found.arcs[name] = {("cli/root.py", ord(letter), 0) for letter in branches}
    return found


def lines(tests: Measured) -> list[str]:
    """Return the lines of the list."""
    return sorted(set(listed(tests.seconds, expendable(tests), "pure ")))


def test_what_costs_most_goes_first() -> None:
    """A test stays that has a branch which no other test has any more."""
    tests = ran(a=(2.0, "xyz"), ab=(1.0, "xy"), ac=(3.0, "yz"))
    assert lines(tests) == ["pure tests/test_a.py::ab", "pure tests/test_a.py::ac"]
    tests = ran(a=(2.0, "xyz"), ab=(1.0, "xy"), ac=(3.0, "yzw"))
    assert lines(tests) == ["pure tests/test_a.py::a"]


def test_what_depends_on_time_is_run_twice() -> None:
    """Two measured tests have each branch of the client, if two had it before."""
    tests = ran(a=(3.0, "x"), b=(2.0, "x"), c=(1.0, "x"))
    assert lines(tests) == ["pure tests/test_a.py", "pure tests/test_b.py"]
    for arcs in tests.arcs.values():
        arcs.clear()
        arcs.add(("http/head.py", 1, 2))
    assert lines(tests) == ["pure tests/test_a.py"]


def test_cheap_tests_go_with_their_file() -> None:
    """Where all can, the file is one line; and no other cheap test has a line."""
    tests = ran(a=(1.0, "x"), ab=(0.01, "x"), b=(0.01, "x"), ba=(0.01, "x"))
    assert lines(tests) == ["pure tests/test_a.py"]
    tests = ran(a=(1.0, "x"), ab=(0.01, "y"), b=(0.01, "x"))
    assert lines(tests) == ["pure tests/test_a.py::a"]


def test_thorough_cases_have_a_line_of_their_own() -> None:
    """It is that of the test where all of its cases go."""
    tests = ran(a=(0.2, "x"), a_rest=(1.0, "x"), ab=(0.01, "yx"))
    assert lines(tests) == ["pure tests/test_a.py::a"]
    tests = ran(a=(0.2, "xy"), a_rest=(1.0, "x"), ab=(0.01, "x"))
    assert lines(tests) == ["pure tests/test_a.py::a thorough"]
    assert lines(ran(a_rest=(1.0, "x"), ab=(0.01, "xy"))) == ["pure tests/test_a.py::a"]


def test_each_file_is_measured_on_one_backend() -> None:
    """Those of signing are measured in pure Python, with the marks of .ci/run."""
    native, pure = (set(one.omitted) for one in BACKENDS)
    assert native.isdisjoint(pure)
    assert any(name.endswith("signing/native_backend.py") for name in pure)
    assert all("/signing/" in name for name in native)
    for backend in BACKENDS:
        assert arguments(backend)[2].startswith("not (build or ")


@pytest.mark.exhaustive
def test_a_run_is_measured(tmp_path: Path) -> None:
    """Coverage notes the branches of each test, and the plugin what it cost."""
    file = "tests/test__checks.py"
    run = measure(BACKENDS[0], tmp_path / "run", "-q", file)
    assert run.wait() == 0, (tmp_path / "run" / "log").read_text("utf-8")
    found = measured(tmp_path / "run")
    assert found.arcs.keys() <= found.seconds.keys()
    name = f"{file}::test_what_is_no_timeout"
    assert {name, f"{name} thorough"} <= found.seconds.keys()
    assert {path for path, _, _ in found.arcs[name]} == {"_checks.py"}
