"""Fixtures of the packaging tests."""

from __future__ import annotations

import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.packaging.wheels import build_source_archive, build_wheel, can_hide


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def needs_hiding() -> None:
    """Skip where files cannot be hidden, but never in CI."""
    if not can_hide():
        if os.environ.get("KESSPAY_REQUIRE_HIDING") == "1":
            pytest.fail("mount namespaces are needed and not to be had")
        pytest.skip("this system allows no mount namespace")


@pytest.fixture(scope="session")
def source_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source archive, once for all tests."""
    return build_source_archive(tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def source_tree(source_archive: Path) -> Path:
    """Give what the source archive holds, unpacked."""
    with tarfile.open(source_archive) as archive:
        archive.extractall(source_archive.parent, filter="data")
    name = source_archive.name.removesuffix(".tar.gz")
    return source_archive.parent / name


@pytest.fixture(scope="session")
def native_wheel(source_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the native wheel from the source archive, without a warning and once."""
    folder = tmp_path_factory.mktemp("native")
    done, wheels = build_wheel(
        source_tree, folder, env={"KESSPAY_REQUIRE_NATIVE": "1", "CFLAGS": "-Werror"}
    )
    assert done.code == 0, done.output
    (name,) = wheels
    return folder / name
