"""The README is true: its example runs, its links, paths and targets exist."""

from __future__ import annotations

import doctest
import os
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.pages import tables


ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
DOCS = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("docs/**/*.md"))]

#: Folders of the repository, and files in them that git does not hold.
FOLDERS = "bench|bindings|csrc|docs|src|tests"
BUILT = {"src/kesspay/_native.abi3.so"}


def make_key(path: Path) -> None:
    """Write a private key that only its owner can read."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example on the first screen prints exactly what it says."""
    make_key(tmp_path / "private.pem")
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(
        str(ROOT / "README.md"), module_relative=False, encoding="utf-8"
    )
    assert result.attempted >= 15
    assert result.failed == 0


@pytest.mark.parametrize(
    "page",
    [
        *PAGES,
        "csrc/README.md",
        *DOCS,
    ],
)
def test_links_lead_somewhere(page: str) -> None:
    """Every relative link names a file of the repository."""
    path = ROOT / page
    prose = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#]+)", prose)
    for link in links:
        assert "://" in link or (path.parent / link).exists(), link


@pytest.mark.parametrize("page", [*PAGES, "tests/README.md", *DOCS])
def test_paths_exist(page: str) -> None:
    """Every file of the repository that a page names is there, or made by a build."""
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(rf"`((?:{FOLDERS})/[\w./-]*)", text))
    missing = {path for path in named - BUILT if not (ROOT / path).exists()}
    assert missing == set()


def test_short_names_exist() -> None:
    """A module that CONTRIBUTING names without its folder is a file of the sources."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+\.(?:py|c))`", text))
    sources = [*ROOT.glob("src/**/*.py"), *ROOT.glob("csrc/src/*.c")]
    known = {path.name for path in sources}
    assert named - known == set()


def test_the_table_of_the_c_library() -> None:
    """csrc/README.md says what each source file does, and names no other."""
    text = (ROOT / "csrc" / "README.md").read_text(encoding="utf-8")
    table = text.partition("| file | job |\n")[2]
    named = set(re.findall(r"`(?:src/)?(\w+\.c)`", table))
    assert named == {path.name for path in ROOT.glob("csrc/src/*.c")}


#: Numbers as the pages write them.
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def said(page: str, pattern: str) -> tuple[str, ...]:
    """Return what a sentence of a page says; it stands there exactly once."""
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    found = list(re.finditer(pattern, text))
    assert len(found) == 1, pattern
    return found[0].groups()


def test_the_kinds_of_forgery_are_counted() -> None:
    """The README counts what the table of the comparison shows, which tests make."""
    header = "| forged, or with two meanings | the PHP class | `cryptography` by hand |"
    rows = tables("explanation/comparison.md", f"{header} kesspay |\n")
    php, by_hand = (
        [row[column] for row in rows].count("**accepted**") for column in (1, 2)
    )
    assert all(row[3] == "refused" for row in rows)
    assert said(
        "README.md",
        r"accepts (\w+) kinds of forgery that kesspay refuses, the verifier written "
        r"by hand accepts (\w+), and both crash on deep nesting",
    ) == (WORDS[php], WORDS[by_hand])
    assert rows[-1][1:3] == ["**crashed**", "**crashed**"]


def test_the_languages_of_the_kit_are_named() -> None:
    """The CHANGELOG names a language for each adapter, and no other."""
    kit = ROOT / "src" / "kesspay" / "conformance" / "kit"
    (named,) = said("CHANGELOG.md", r"with adapters and runners for ([^;]+);")
    languages = set(re.split(r", | and ", named))
    suffixes = {"PHP": "php", "Node": "mjs", "Go": "go", "C#": "cs", "Ruby": "rb"}
    suffixes["Java"] = "java"
    for stem in ("adapter", "runner"):
        names = [path.name.lower() for path in kit.glob("*/*")]
        sources = {name.split(".")[1] for name in names if name.startswith(f"{stem}.")}
        assert {suffixes[language] for language in languages} == sources, stem


def test_the_versions_of_php_are_named() -> None:
    """The CHANGELOG names the versions that `make php-versions` asks."""
    (named,) = said("CHANGELOG.md", r"`make php-versions`: PHP (.+?) answer every")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"foreach v,([\d -]+),@php-wasm", makefile)
    assert found is not None
    versions = found[1].replace("-", ".").split()
    assert re.split(r", | and ", named) == versions


def test_the_exit_codes_are_those_of_the_page() -> None:
    """The CHANGELOG gives exit codes the meaning that the command line has."""
    (named,) = said("CHANGELOG.md", r"exit codes (10 [^.]+?)\. ")
    rows = tables("cli.md", "| code | meaning | what to do |\n")
    meanings = {row[0]: row[1] for row in rows}
    pairs = re.findall(r"(\d+) \(([\w ]+)\)", named)
    assert len(pairs) == 3
    for code, meaning in pairs:
        assert meanings[code].startswith(meaning)


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page: str) -> None:
    """Every `make` target that a page names is in the Makefile."""
    text = (ROOT / page).read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|^ {4})make ([a-z-]+)", text, re.MULTILINE))
    assert named <= targets
