"""Run the recipes of the documentation: what they show is what is tested."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Final


RECIPES: Final = Path(__file__).resolve().parents[2] / "docs" / "recipes"


@cache
def load_recipe(name: str) -> dict[str, Any]:
    """Return what the first Python block of a recipe defines."""
    path = RECIPES / f"{name}.md"
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found is not None, f"{path.name} has no Python block"
    # Line numbers of tracebacks are those of the page.
    above = "\n" * text.count("\n", 0, found.start(1))
    names: dict[str, Any] = {"__name__": f"recipes.{name}"}
    exec(compile(above + found[1], path, "exec"), names)  # noqa: S102 - our own page
    return names
