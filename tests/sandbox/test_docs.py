"""docs/sandbox.md shows the faults and endpoints that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kesspay.gateway.messages import CONFIRM, CREATE, QUERY
from kesspay.sandbox.faults import FAULTS, TOKEN
from kesspay.sandbox.web import ENDPOINTS


ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")

WORDS = {TOKEN: "log-in", CREATE: "create", CONFIRM: "confirm", QUERY: "query"}


def test_the_table_of_faults() -> None:
    """It has the faults of the code, in their order, with what they do."""
    wanted = []
    for fault in FAULTS.values():
        asked = f"{fault.name}={fault.argument}" if fault.argument else fault.name
        usual = f" ({fault.usual})" if fault.usual else ""
        services = ", ".join(WORDS[service] for service in fault.services)
        wanted.append(
            f"| `{asked}`{usual} | {fault.carried_out} | {services} | {fault.shows} |"
        )
    _, _, rest = PAGE.partition("| Fault | Carried out | Fits | What the client sees |")
    rows = rest.partition("\n\n")[0].strip().splitlines()[1:]
    assert rows == wanted


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "docs/sandbox.md"])
def test_the_number_of_faults(page: str) -> None:
    """Every page that counts the faults counts those of the code."""
    text = (ROOT / page).read_text(encoding="utf-8")
    counted = re.findall(r"(\d+)\s+\[?faults\b", text)
    assert counted == [str(len(FAULTS))]


def test_every_endpoint_is_documented() -> None:
    """The table names every endpoint, and no other."""
    rows = re.findall(r"^\| `(GET|POST|DELETE) (/sandbox/[a-z-]+)", PAGE, re.MULTILINE)
    assert rows == list(ENDPOINTS)
