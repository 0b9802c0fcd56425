"""Build the documentation as a site, as `make docs` does."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.conftest import missing
from tests.support.pages import ROOT


if TYPE_CHECKING:
    from pathlib import Path


def build_site(folder: Path) -> Path:
    """Build the site into a folder, without a way to another host."""
    if importlib.util.find_spec("mkdocs") is None:
        missing("mkdocs is not installed", "KESSPAY_REQUIRE_DOCS")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={"NO_MKDOCS_2_WARNING": "1", "PATH": "", "HTTPS_PROXY": "none.invalid:9"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder
