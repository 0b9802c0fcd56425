"""docs/ARCHITECTURE.md shows the packages, the imports and the ways that there are."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

import pytest

import kesspay
from kesspay.sandbox import Sandbox
from tests.support.entered import Entered
from tests.support.pages import DOCS, ROOT, blocks, site_module
from tests.test_architecture import MODULES, imports


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


PAGE: Final = (DOCS / "ARCHITECTURE.md").read_text(encoding="utf-8")
PACKAGE: Final = ROOT / "src" / "kesspay"


DIAGRAM: Final[Any] = site_module("diagram")
CODE: Final = blocks("ARCHITECTURE.md", "mermaid")[0].code
CHART: Final[Any] = site_module("diagram_flow").read(
    [line.strip() for line in CODE.splitlines()][1:]
)


def place_of(module: str) -> str:
    """Return the box of a module: its package, or ``errors`` for the top level."""
    parts = module.split(".")
    if parts[1] == "_native":
        return "libkess"
    return parts[1] if (PACKAGE / parts[1]).is_dir() else "errors"


def graph() -> dict[str, set[str]]:
    """Return which package imports which."""
    found: dict[str, set[str]] = {"libkess": set()}
    for name in MODULES:
        if name in {"kesspay", "kesspay.__main__", "kesspay.pytest_plugin"}:
            continue
        own = found.setdefault(place_of(name), set())
        for target in imports(name):
            if target.startswith("kesspay."):
                own.add(place_of(target))
    return {name: needs - {name} for name, needs in found.items()}


def reach(needs: dict[str, set[str]], start: str) -> set[str]:
    """Return everything below a package."""
    return needs[start].union(*(reach(needs, name) for name in needs[start]))


def test_the_boxes_are_the_packages() -> None:
    """The diagram has a box for each package, and the table a row for each."""
    assert set(CHART.nodes) == set(graph())
    table = PAGE.partition("## The packages")[2].partition("\n\n**")[0]
    rows = re.findall(r"^\| \[`([a-z]+)", table, re.MULTILINE)
    assert set(rows) == set(graph()) - {"libkess"} | {"csrc"}


def test_the_arrows_are_the_imports() -> None:
    """Every import that does not follow from others is an arrow, and no other."""
    needs = graph()
    wanted = {
        (name, target)
        for name, targets in needs.items()
        for target in targets
        if not any(target in reach(needs, other) for other in targets)
    }
    assert sorted(CHART.arrows) == sorted(wanted)


def test_the_minimal_client_stands_alone() -> None:
    """What is in the frame imports nothing of what is built on it."""
    needs = graph()
    assert CHART.framed == ["gateway", "http", "signing"]
    inside = {*CHART.framed, "errors", "libkess"}
    for name in CHART.framed:
        assert reach(needs, name) <= inside


def edges(box: ET.Element) -> tuple[float, float, float, float]:
    """Return where a rectangle is: left, top, right, low."""
    x, y, width, height = (
        float(box.attrib[name]) for name in ("x", "y", "width", "height")
    )
    return x, y, x + width, y + height


def test_no_arrow_runs_behind_a_box() -> None:
    """Each arrow is followed in small steps: it meets only the boxes at its ends."""
    drawn = ET.fromstring(DIAGRAM.svg(CODE))  # noqa: S314 - our own drawing
    boxes = [edges(box) for box in drawn.iter("rect") if box.attrib["class"] == "box"]
    for path in drawn.iter("path"):
        points = [float(x) for x in re.findall(r"-?[\d.]+", path.attrib["d"])]
        if path.attrib.get("class") != "line":
            continue
        for step in range(1, 100):
            t = step / 100
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            x, y = (
                sum(w * p for w, p in zip(weights, points[at::2], strict=True))
                for at in (0, 1)
            )
            assert not any(
                left <= x <= right and top < y < low for left, top, right, low in boxes
            ), path.attrib["d"]


def test_the_drawing() -> None:
    """The SVG is well-formed, has every box, and no two boxes overlap."""
    drawn = ET.fromstring(DIAGRAM.svg(CODE))  # noqa: S314 - our own drawing
    words = "".join(drawn.itertext())
    for name, _ in CHART.nodes.values():
        assert name in words
    boxes = [edges(box) for box in drawn.iter("rect") if box.attrib["class"] == "box"]
    assert len(boxes) == len(CHART.nodes)
    width = float(drawn.attrib["viewBox"].split()[2])
    for number, (left, top, right, low) in enumerate(boxes):
        assert 0 <= left < right <= width
        for other_left, other_top, other_right, other_low in boxes[:number]:
            assert (
                right < other_left
                or other_right < left
                or low < other_top
                or other_low < top
            )
    left, top, right, low = next(
        edges(box) for box in drawn.iter("rect") if box.attrib["class"] == "frame"
    )
    inside = [
        box
        for box in boxes
        if left < box[0] and top < box[1] and box[2] < right and box[3] < low
    ]
    assert len(inside) == len(CHART.framed)
    assert len(list(drawn.iter("path"))) == len(CHART.arrows) + 1  # and the tip


@pytest.mark.parametrize(
    "text",
    [
        "flowchart LR",
        "flowchart TD\n    a[round]",
        'flowchart TD\n    a["a: b"]\n    a --> b',
        f'flowchart TD\n    a["a: {"many words " * 6}"]',
        'flowchart TD\n    a["a: b"]\n    b["b: c"]\n    a --> b\n    b --> a',
        'flowchart TD\n    a["a: a_word_without_a_place_to_break"]',
        "flowchart TD" + "".join(f'\n    {name}["{name}: b"]' for name in "abcd"),
    ],
)
def test_what_cannot_be_drawn(text: str) -> None:
    """A diagram that would come out wrong stops the build of the site."""
    with pytest.raises(ValueError, match=r"drawn|arrow"):
        DIAGRAM.svg(text)


def named_in(title: str) -> list[str]:
    """Return the first file of each item of a numbered list."""
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    named = re.findall(r"^\d+\. `([a-z_/]+\.py)`", section, re.MULTILINE)
    assert len(named) >= 10
    return named


@pytest.fixture
def client() -> Iterator[kesspay.Client]:
    """Give a client of a sandbox on the loopback."""
    with Sandbox() as sandbox, kesspay.Client(**sandbox.settings) as found:
        yield found


def test_the_ways_are_those_of_a_call(client: kesspay.Client) -> None:
    """A create enters the files of the page, in its order, there and back."""
    first, second = (
        kesspay.CreateFundTransfer(
            out_trade_no=reference,
            receiver_id="85512345678",
            sender_name="Chan Sophea",
            amount=Decimal("0.50"),
        )
        for reference in ("first", "second")
    )
    client.create_fund_transfer(first)  # logs in, and connects
    with Entered() as trace:
        client.create_fund_transfer(second)
    named = named_in("The way of a request")
    assert named == [name for name in trace.request if name in named]
    named = named_in("The way of the answer")
    assert named == [name for name in trace.answer if name in named]
    # Pure Python enters what the page names by its folder.
    entered = {name for name in trace.files if "/reference/" not in name}
    assert entered <= set(re.findall(r"`([\w/]+\.py)`", PAGE))


def test_every_file_that_is_named_exists() -> None:
    """A file is named by its path below src/kesspay, or from the top."""
    named = set(re.findall(r"`([\w./-]+\.(?:py|c|h|md|toml))`", PAGE))
    assert len(named) > 50
    missing = [
        name
        for name in sorted(named)
        if not (PACKAGE / name).exists() and not (ROOT / name).exists()
    ]
    assert missing == []


def test_the_way_is_that_of_a_payment(client: kesspay.Client, tmp_path: Path) -> None:
    """A confirm of a payment enters the files of the page, in its order."""
    transfers = kesspay.Transfers(client, kesspay.SqliteJournal(tmp_path / "journal"))
    pending = transfers.start(
        payment_id="order-1",
        receiver_id="85512345678",
        amount=Decimal("0.50"),
        sender_name="Chan Sophea",
    )
    with Entered() as trace:
        assert pending.confirm(debit_id="debit-1").outcome == "paid"
    named = named_in("The way of a payment")
    assert named == [name for name in trace.request if name in named]


def test_the_table_of_changes_names_what_exists() -> None:
    """At least eight requests have files, and each file and folder exists."""
    rows = PAGE.partition("| to change | open |\n|---|---|\n")[2].partition("\n\n")[0]
    assert len(rows.splitlines()) >= 8
    for row in rows.splitlines():
        paths = re.findall(r"`([\w./-]+(?:/|\.\w+))`", row)
        assert len(paths) >= 2, row
        for path in paths:
            assert (PACKAGE / path).exists() or (ROOT / path).exists(), path


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_it_is_linked(page: str) -> None:
    """A newcomer finds the page from the README and from CONTRIBUTING."""
    assert "(docs/ARCHITECTURE.md)" in (ROOT / page).read_text(encoding="utf-8")
