"""Pages and code say who does what: they avoid words that leave it open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.pages import ROOT


if TYPE_CHECKING:
    from pathlib import Path


PAGES: Final = [
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
    *("csrc/README.md", "tests/README.md"),
    *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("docs/**/*.md"))),
]

#: What stands for each: "is returned", "reports", "the caller", "no process",
#: "automatically", "continues", "workflow".
VAGUE: Final = (
    *("told", "tells", "somebody", "someone", "anybody", "nobody", "whoever"),
    *("by itself", "by themselves", "goes on", "go on", "at leisure", "mended"),
    *("course", "desk", "what people use"),
)


@pytest.mark.parametrize("page", PAGES)
def test_no_vague_words(page: str) -> None:
    """No page has a word for which a plainer one exists."""
    text = (ROOT / page).read_text(encoding="utf-8")
    pattern = rf"\b(?:{'|'.join(VAGUE)})\b".replace(" ", r"\s+")
    assert re.findall(pattern, text, re.IGNORECASE) == []


#: Not English of ours: names of people, users and devices in data, and the list above.
NAMES: Final = {
    "bench/documents.py": ("desk",),
    "bindings/measure": ("desk",),
    "src/kesspay/sandbox/effects.py": ("somebody",),
    "tests/docs/test_plain_english.py": VAGUE,
    "tests/gateway/test_php_gateway.py": ("somebody",),
    "tests/sandbox/helpers.py": ("somebody",),
    "tests/sandbox/test_differential.py": ("nobody",),
    "tests/sandbox/test_faults.py": ("somebody",),
    "tests/sandbox/test_ledger.py": ("nobody",),
    "tests/sandbox/test_stateful.py": ("nobody",),
    "tests/transfers/test_postgres.py": ("nobody",),
    "tests/transfers/test_postgres_session.py": ("nobody",),
    "tests/transfers/test_transfers.py": ("somebody",),
    "tests/transfers/test_workflow.py": ("somebody",),
}
CODE: Final = {
    *(".c", ".cmake", ".cpp", ".cs", ".go", ".h", ".java", ".js", ".mjs", ".php"),
    *(".py", ".rb", ".sh", ".sql", ".toml", ".ts"),
}


def is_code(path: Path) -> bool:
    """Whether a file is code, by its ending or, without one, by its first line."""
    if "node_modules" in path.parts or not path.is_file():
        return False
    if path.suffix:
        return path.suffix in CODE
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def sources() -> list[str]:
    """List the files of code, C and tests; what a program made is none of them."""
    places = ("src", "csrc", "bindings", "bench", "tests")
    found = [path for place in places for path in (ROOT / place).rglob("*")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found if is_code(path))


def test_no_vague_words_in_code() -> None:
    """Nor has a name, a comment or a message one; ``_`` ends a word, too."""
    words = "|".join(VAGUE).replace(" ", r"[\s#*]+")
    pattern = re.compile(rf"(?<![a-z])(?:{words})(?![a-z])", re.IGNORECASE)
    vague = []
    for name in sources():
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        for found in pattern.finditer(text):
            word = " ".join(re.split(r"[\s#*]+", found[0].lower()))
            if word not in NAMES.get(name, ()):
                number = text.count("\n", 0, found.start()) + 1
                vague.append(f"{name}:{number}: {word}")
    assert not vague, "\n".join(["write these in plain words:", *vague])


@pytest.mark.parametrize("page", PAGES)
def test_no_merge_was_left_open(page: str) -> None:
    """No page has both versions of a paragraph, with the marks of git."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert not re.search(r"^(?:<{7}|>{7}) ", text, re.MULTILINE)
