"""What `make test` runs: some cases of a test, however many the test has."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import FEW, pytest_collection_modifyitems


#: Of all tests together: a new test that would be beyond has fewer cases.
MOST = 8000


def test_no_test_has_many_cases(request: pytest.FixtureRequest) -> None:
    """Whatever is collected here: what is not left to CI are a few cases of a test."""
    cases = Counter(
        item.nodeid.partition("[")[0]
        for item in request.session.items
        if not {"exhaustive", "thorough", "few"}
        & {one.name for one in item.iter_markers()}
    )
    assert max(cases.values()) <= FEW
    assert cases.total() <= MOST


class Case(pytest.Item):
    """A case of a test that does nothing."""

    def runtest(self) -> None:
        """Do nothing."""


def left(request: pytest.FixtureRequest, *names: str, mark: str = "") -> list[str]:
    """Return the names of the cases that `make test` runs."""
    items: list[pytest.Item] = []
    for name in names:
        item: pytest.Item = Case.from_parent(request.session, name=f"t[{name}]")
        if mark:
            word, _, number = mark.partition(" ")
            item.add_marker(getattr(pytest.mark, word)(int(number)))
        items.append(item)
    pytest_collection_modifyitems(items)
    away = {"exhaustive", "thorough"}
    return [
        item.name[2:-1]
        for item in items
        if not away & {one.name for one in item.iter_markers()}
    ]


def test_the_cases_that_stay_are_spread(request: pytest.FixtureRequest) -> None:
    """They come from the whole of a list, and a short one stays as it is."""
    names = [str(number) for number in range(100)]
    stays = [int(name) for name in left(request, *names)]
    assert len(stays) == FEW
    assert stays[0] < 20
    assert stays[-1] > 80
    assert left(request, *names[:FEW]) == names[:FEW]
    assert len(left(request, *names, mark="few 3")) == 3
    assert left(request, *names, mark="one_in 40") == ["0", "34", "68", "89"]


def test_each_backend_keeps_cases(request: pytest.FixtureRequest) -> None:
    """Both have their share, at least one."""
    names = [
        f"{number}-{name}" for number in range(20) for name in ("native", "python")
    ]
    for mark, each in (("", FEW // 2), ("few 2", 1), ("few 1", 1)):
        kinds = [name.partition("-")[2] for name in left(request, *names, mark=mark)]
        assert Counter(kinds) == {"native": each, "python": each}


def test_what_is_not_measured_is_there() -> None:
    """Each line of the list names a folder or a file, or what may be in it."""
    _, *lines = Path("tests/unmeasured.txt").read_text(encoding="ascii").splitlines()
    assert lines == sorted(set(lines))
    for line in lines:
        place, _, _ = line.removeprefix("pure ").partition("::")
        assert Path(place).exists(), line
