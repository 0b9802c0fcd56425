"""docs/sandbox.md tells the truth."""

from __future__ import annotations

import re
from pathlib import Path

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


def test_every_endpoint_is_documented() -> None:
    """The table names every endpoint, and no other."""
    rows = re.findall(r"^\| `(GET|POST|DELETE) (/sandbox/[a-z-]+)", PAGE, re.MULTILINE)
    assert rows == list(ENDPOINTS)
