"""The figures of the page about speed are those of the recorded run, and its goals."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

import pytest

from tests.support.pages import tables


ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/reference/benchmarks.md").read_text(encoding="utf-8")
PICTURES: Final = [
    ROOT / "docs/images" / name for name in ("speed.svg", "speed-narrow.svg")
]
WHOLE: Final = tables("reference/benchmarks.md", "| | goal | measured | |\n")
EIGHT: Final = tables(
    "reference/benchmarks.md", "| time for each / raw | goal | measured | |\n"
)

#: Rows of the page that `make bench` measures, by their goal in bench/goals.py.
GOALS: Final = {
    "Python: whole sign / raw private operation": "SIGN",
    "Python: whole verify / raw public operation": "VERIFY",
    "orjson, json and `cryptography` by hand / whole verify": "RECIPE",
    "the documented PHP class / whole verify": "PHP_VERIFY",
    "the documented PHP class / whole sign": "PHP_SIGN",
    "`canonicalize(bytes)` beyond the function in C": "OVERHEAD",
    "10,000 verifications, 1 thread / 2 threads": "SPEED_UP",
    "the same, CPU per item": "BATCH_CPU",
    "pure Python `canonicalize` / the naive recipe": "PURE",
    "`import kesspay` beyond a bare interpreter": "IMPORT",
    "`explain`, native / pure: a body with known mistakes": "EXPLAIN",
    "`explain`, native / pure: a body that nothing explains": "UNEXPLAINED",
    "protocol build, parse and checks of a call, beyond raw RSA": "PROTOCOL",
    "Python `verify_documents(threads=1)`, 2048": "EIGHT",
}
VERIFYING: Final = "Verifying a whole answer of 800 bytes, RSA-2048"
SIGNING: Final = "Signing a whole request of 300 bytes, RSA-2048"
RAW, OURS, RECIPE, PHP = (
    "RSA alone, in C",
    "kesspay",
    "orjson, json, cryptography",
    "PHP, documented class",
)
#: Rows whose two times are in the picture of the run: its part, and time / time.
DRAWN: Final = {
    "Python: whole sign / raw private operation": (SIGNING, OURS, RAW),
    "Python: whole verify / raw public operation": (VERIFYING, OURS, RAW),
    "orjson, json and `cryptography` by hand / whole verify": (VERIFYING, RECIPE, OURS),
    "the documented PHP class / whole verify": (VERIFYING, PHP, OURS),
    "the documented PHP class / whole sign": (SIGNING, PHP, OURS),
}


def texts(picture: Path) -> list[str]:
    """Return the texts of a picture, in their order."""
    root = ET.fromstring(picture.read_text(encoding="utf-8"))  # noqa: S314 - ours
    return [one.text for one in root.iter() if one.tag.endswith("}text") and one.text]


def times(picture: Path) -> list[float]:
    """Return the times that are written next to the bars, in microseconds."""
    return [
        float(text[:-3])
        for text in texts(picture)
        if re.fullmatch(r"[\d.]+ µs", text) and "." in text
    ]


def drawn() -> dict[tuple[str, str], float]:
    """Return the times of the whole calls, by part and name."""
    found: dict[tuple[str, str], float] = {}
    part = name = ""
    for text in texts(PICTURES[0]):
        if text in {VERIFYING, SIGNING}:
            part = text
        elif text.endswith(" µs") and (part, name) not in found:
            found[part, name] = float(text[:-3])
        name = text
    return found


def goals() -> dict[str, float]:
    """Return the limits of bench/goals.py by the names of the goals."""
    tree = ast.parse((ROOT / "bench/goals.py").read_text(encoding="utf-8"))
    return {
        node.targets[0].id: float(node.value.args[1].value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and len(node.value.args) > 1
        and isinstance(node.value.args[1], ast.Constant)
        and isinstance(node.value.args[1].value, int | float)
    }


def row_of(label: str) -> list[str]:
    """Return the row of the page with this label."""
    (row,) = (row for row in (*WHOLE, *EIGHT) if row[0] == label)
    return row


def first_number(cell: str) -> float:
    """Return the first number of a cell."""
    found = re.search(r"\d+(?:\.\d+)?", cell)
    assert found is not None
    return float(found[0])


@pytest.mark.parametrize("label", GOALS)
def test_the_goals(label: str) -> None:
    """Each is that of `make bench`, and what is called reached is within it."""
    _, goal, measured, verdict = row_of(label)
    limit = goals()[GOALS[label]]
    assert first_number(goal) == limit
    assert verdict == "reached"
    figures = [
        float(one)
        for one in re.findall(r"(?<![\w.,])\d+(?:\.\d+)?(?= |$|,| / )", measured)
    ]
    first = figures[0]
    assert first >= limit if goal.startswith(">=") else first <= limit


@pytest.mark.parametrize("label", DRAWN)
def test_a_ratio_is_that_of_the_recorded_run(label: str) -> None:
    """It is the quotient of two times of the picture, as far as these are rounded."""
    part, above, below = DRAWN[label]
    shown = row_of(label)[2]
    half = 0.5 * 10.0 ** -len(shown.partition(".")[2])
    over, under = drawn()[part, above], drawn()[part, below]
    least, most = (over - 0.05) / (under + 0.05), (over + 0.05) / (under - 0.05)
    assert least - half <= float(shown) <= most + half


def test_both_pictures_are_of_one_run() -> None:
    """The one for telephones has the times of the other one, and its machine."""
    wide, narrow = (times(picture) for picture in PICTURES)
    assert len(wide) > 10
    assert wide == narrow
    machine = [" ".join(texts(picture)).split("CPU time, ")[1] for picture in PICTURES]
    assert machine[0].split() == machine[1].split()


def test_the_machine_is_that_of_the_recorded_run() -> None:
    """Processor, system and versions on the page are those in the picture."""
    facts = " ".join(texts(PICTURES[0]))
    said = " ".join(PAGE.split("## What was measured last")[1].split("##")[0].split())
    for pattern in (
        r"AMD EPYC",
        r"Linux.(\d+\.\d+)",
        r"OpenSSL (3\.0\.19)",
        r"CPython (\d+\.\d+\.\d+)",
        r"orjson (\d+\.\d+)",
        r"php: (\d+\.\d+\.\d+)|PHP (\d+\.\d+\.\d+)",
    ):
        here, there = re.search(pattern, said), re.search(pattern, facts)
        assert here is not None
        assert there is not None
        assert set(here.groups()) - {None} == set(there.groups()) - {None}
