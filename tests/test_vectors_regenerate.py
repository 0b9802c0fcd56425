"""The stored vectors are what the judges answer today, and enough of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import groupby
from typing import TYPE_CHECKING

import pytest

from tests.support import vectors
from tests.support.php import find_php


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def _judges() -> None:
    """Skip without PHP 8.2 and openssl, or fail where they are required."""
    missing = [
        name
        for name, path in (
            ("PHP 8.2 or later", find_php()),
            ("the openssl command", shutil.which("openssl")),
        )
        if path is None
    ]
    if not missing:
        return
    message = f"{' and '.join(missing)} not installed"
    if os.environ.get("KESSPAY_REQUIRE_PHP") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.mark.exhaustive
@pytest.mark.usefixtures("_judges")
@pytest.mark.parametrize(
    "name",
    ["canonical", "ksort", "profiles", "parameters", "doubles", "signatures"],
)
def test_judges_give_the_stored_answers(name: str) -> None:
    """Making the vectors again gives the stored ones, line for line."""
    done = subprocess.run(
        [sys.executable, vectors.VECTORS / "generate.py", "--check", name],
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("is as stored\n")


def test_there_are_enough_vectors_of_each_kind() -> None:
    """Each kind has at least the number of cases that was asked for."""
    canonical = list(vectors.iter_canonical())
    accepted = sum(case.answer.ok for case in canonical)

    assert len(canonical) >= 10_000
    assert accepted >= 5_000
    assert len(canonical) - accepted >= 3_000
    assert sum(1 for _ in vectors.iter_parameters()) >= 1_000
    assert sum(1 for _ in vectors.iter_doubles()) >= 20_000
    assert sum(1 for _ in vectors.iter_profiles()) >= 5_000


def test_every_class_of_failure_is_met() -> None:
    """Documents fail in three classes, parameters for three reasons."""
    classes = {case.answer.failure for case in vectors.iter_canonical()}
    codes = {case.answer.code for case in vectors.iter_parameters()}

    assert {"", "decode", "type", "encode"} == classes
    # 1: too deep. 5: malformed UTF-8. 7: infinite or NaN.
    assert {0, 1, 5, 7} == codes


def test_every_branch_of_the_sort_is_met() -> None:
    """Objects have 2 to 16, 17 to 1023, and 1024 and more top-level keys."""
    sizes = {
        case.document.count(b'":')
        for case in vectors.iter_canonical()
        if case.group.startswith(("set", "names", "orders", "two"))
    }

    assert set(range(2, 49)) <= sizes
    assert {1022, 1023, 1024, 1025} <= sizes


def test_both_judges_sign_alike_with_every_key() -> None:
    """PHP and openssl sign each document, and wrong signatures are kept too."""
    cases = list(vectors.iter_signatures())
    good = [case for case in cases if case.valid]
    by_text = groupby(good, lambda case: (case.key, case.canonical))

    assert {"rsa-2048", "rsa-3072", "rsa-4096"} == {case.key for case in cases}
    for _, group in by_text:
        pair = list(group)
        assert {"php", "openssl"} == {case.made_by for case in pair}
        assert len({case.sign for case in pair}) == 1
    assert all(bool(case.why) != case.valid for case in cases)
    assert len({case.why for case in cases if not case.valid}) >= 15


@pytest.mark.parametrize("path", sorted(vectors.VECTORS.glob("*.gz")), ids=str)
def test_every_file_names_its_origin_and_is_small(path: Path) -> None:
    """The first line names who answered and who asked."""
    origin = vectors.read_origin(path.name)

    assert origin["answered_by"].startswith("PHP ")
    assert origin["asked_by"].startswith("tests/vectors/generate.py with tests/php/")
    assert origin["rows"] > 0
    assert path.stat().st_size < 1_400_000
