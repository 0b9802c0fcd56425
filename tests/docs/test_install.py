"""Lines that install kesspay work today, or say from when on they do."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import Final

import pytest

from tests.support.pages import ROOT, tables


PAGES: Final = [
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"),
    *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("docs/**/*.md"))),
    *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("csrc/*.md"))),
    *(
        path.relative_to(ROOT).as_posix()
        for path in sorted(ROOT.glob("bindings/*/*.md"))
    ),
]

#: What stands in the line of a command that needs a package index with kesspay in it.
MARK: Final = "once it is on the package index"

#: Such a command: the name alone, or with extras or a version, and no path of a file.
FROM_THE_INDEX: Final = re.compile(
    r"\b(?:pip3?|pipx|uv pip|uv|npm|yarn|pnpm|poetry)\s+(?:install|add|download|i)\b"
    r"[^`\n#]*?[ '\"](?:kesspay|@kesspay/kess)(?=[\s'\"`\[=<>~!@]|$)[^\n]*",
)


def unmarked(text: str) -> list[str]:
    """Return the commands that need the index and do not say so."""
    # A command in a paragraph may be broken into two lines.
    joined = re.sub(r"`([^`\n]+)\n([^`\n]+)`", r"`\1 \2`", text)
    found = [match[0] for match in FROM_THE_INDEX.finditer(joined)]
    return [line for line in found if MARK not in line]


@pytest.mark.parametrize("page", PAGES)
def test_what_needs_the_index_says_so(page: str) -> None:
    """A line that gets kesspay from a package index is marked until it is there."""
    assert unmarked((ROOT / page).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "pip install kesspay",
        "`pip install 'kesspay[cli]'` installs it",
        "It needs `pip install\n'kesspay[audit]'`, and a ring",
        ".venv/bin/pip install --upgrade kesspay==1.0",
        "uv add kesspay",
        "npm install @kesspay/kess",
    ],
)
def test_an_unmarked_line_is_found(line: str) -> None:
    """Each way to write such a line is found, and passes with the mark."""
    assert len(unmarked(line)) == 1
    assert unmarked(f"{line}  # {MARK}") == []


@pytest.mark.parametrize(
    "line",
    [
        "pip install .",
        "pip install '.[cli,sandbox]'  # from a clone of kesspay",
        'python -m pip install "$(ls dist/kesspay-*.whl)[cli,sandbox]"',
        "npm install --install-links ./bindings/node",
        "pip install ~/kesspay",
    ],
)
def test_a_line_that_works_today_passes(line: str) -> None:
    """What installs from a clone or a wheel needs no mark."""
    assert unmarked(line) == []


def test_every_extra_exists() -> None:
    """Extras that a page installs, and those of the table, are those of the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = set(project["project"]["optional-dependencies"])
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for names in re.findall(
            r"install [^\n`]*?(?:\.|kesspay|\))\[([a-z,]+)\]", text
        ):
            assert set(names.split(",")) <= extras, page
    rows = tables("howto/packaging.md", "| extra | adds |\n")
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert named == extras - {"docs", "test", "bench"}


@pytest.mark.thorough
def test_messages_name_a_command_that_works_today() -> None:
    """With kesspay installed from anywhere, pip adds an extra without an index."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--no-index", "--dry-run"),
            "kesspay[cli,prometheus,sandbox]",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Would install" not in done.stdout


def test_there_is_no_repository_link_without_a_repository() -> None:
    """The site links to a repository as soon as pyproject.toml names one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    urls = {
        name.lower(): url for name, url in project["project"].get("urls", {}).items()
    }
    repository = urls.get("repository") or urls.get("source")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    found = re.search(r"^repo_url: (\S+)$", settings, re.MULTILINE)
    assert (found[1] if found else None) == repository
