"""What the tests of the pages share: the site, built once, and a sandbox to talk to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kesspay.sandbox.home import Home
from tests.support.site import build_site


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does."""
    return build_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Make keys and credentials once."""
    return Home(tmp_path_factory.mktemp("sandbox"))


@pytest.fixture
def prepared(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Give a folder with keys, and a sandbox to which the variables lead."""
    monkeypatch.chdir(tmp_path)
    for name, file in {
        "private.pem": "partner-private.pem",
        "kess.pub.pem": "gateway-public.pem",
    }.items():
        (tmp_path / name).write_bytes((home.path / file).read_bytes())
        (tmp_path / name).chmod(0o600)
    with home.sandbox(in_memory=True) as sandbox:
        for name, value in home.environment(sandbox.settings["base_url"]).items():
            monkeypatch.setenv(name, value)
        yield
