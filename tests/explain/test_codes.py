"""Every code that can be printed is described, once."""

from __future__ import annotations

import ast
from pathlib import Path

from kesspay.explain import codes
from kesspay.explain.codes import CODES


FOLDER = Path(codes.__file__).parent


def literal_codes() -> set[str]:
    """Collect the codes that stand as literals where findings are made."""
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


def test_every_code_is_described() -> None:
    """What the sources can say is in the list."""
    assert len(literal_codes()) > 20
    assert literal_codes() <= set(CODES)


def test_no_code_means_two_things() -> None:
    """The tables of codes do not overlap."""
    assert len(list(codes._codes())) == len(CODES)
