"""
The page docs/hostile-gateway.md, made from what the tests see.

    python -m tests.gateway.hostile_page --write

Without ``--write`` it says whether the page is up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kesspay.gateway.messages import CONFIRM
from kesspay.sandbox.faults import FAULTS
from tests.gateway.hostile import ALL_FAULTS, COLUMNS, Cell, fits, run
from tests.gateway.hostile_wire import HOSTILITIES, SERVICES, meet


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.gateway.hostile import Answered, Column


__all__ = ["PAGE", "page"]

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "hostile-gateway.md"

_TEXT: Final = """\
# A hostile gateway

What a caller gets when the gateway, or a server before it, misbehaves.
Both tables are made by the tests, which fail where the page and the code differ:
`tests/gateway/test_hostile_matrix.py` meets every cell with `Client` and with
`AsyncClient`, which always give the same result, with `retries=0`. To write the page
again: `python -m tests.gateway.hostile_page --write`.

`Token`, `PreTransfer` and `FundTransfer` are results. The others are exceptions,
with the code of the gateway if it gave one; "retry" means that
`safe_to_retry` is true; a cell is empty if the fault does not fit. In every
cell the tests check that

- `FundTransfer` is returned only where the ledger has exactly one credit, and
  `Rejected` and `NotSent` of a confirm only where it has none and gets none;
- afterwards a query says `FundTransfer` exactly where there is a credit;
- no password, partner secret key or token is in a log record of any level, or
  in an exception and its causes;
- a request is sent once, and twice only after an HTTP 401.

## Every fault of the sandbox

The page of [the sandbox](sandbox.md#faults) describes them. "Credit" is what the ledger
holds after the confirm.

{faults}

## Below HTTP

Real sockets and a server that breaks the rules of HTTP. The tests also check
that no call lasts a second longer than its deadline (measured by a watchdog,
with some tolerance for slow machines), that none takes 64 MiB of memory, and
that no request goes to the server that a redirect names.

{wire}
"""


def page() -> str:
    """Return the whole page."""
    return _TEXT.format(faults="\n".join(_faults()), wire="\n".join(_wire()))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _faults() -> Iterator[str]:
    titles = [column.title for column in COLUMNS]
    heads = ["Fault", "Carried out", *titles[:3], "Credit", *titles[3:]]
    yield _row(*heads)
    yield _row(*["---"] * len(heads))
    for fault in ALL_FAULTS:
        cells = [_said(fault, column) for column in COLUMNS]
        done = FAULTS[fault.partition("=")[0]].carried_out
        credit = _credit(fault)
        yield _row(f"`{fault}`", done, *cells[:3], credit, *cells[3:])


def _met(fault: str, column: Column) -> Answered | None:
    return run(Cell(fault, column, "sync")) if fits(fault, column) else None


def _said(fault: str, column: Column) -> str:
    met = _met(fault, column)
    return "" if met is None else str(met)


def _credit(fault: str) -> str:
    column = next(column for column in COLUMNS if column.service == CONFIRM)
    met = _met(fault, column)
    if met is None:
        return ""
    if met.at_once:
        return "one"
    return "one, later" if met.later else "none"


def _wire() -> Iterator[str]:
    heads = ["Server", "What it does", *SERVICES]
    yield _row(*heads)
    yield _row(*["---"] * len(heads))
    for name, hostility in HOSTILITIES.items():
        cells = [str(meet(name, one, "sync").ending) for one in SERVICES.values()]
        yield _row(f"`{name}`", hostility.shows, *cells)


def main() -> int:
    """Write the page, or say whether it is up to date."""
    wanted = page()
    if "--write" in sys.argv[1:]:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    return 0 if PAGE.read_text(encoding="utf-8") == wanted else 1


if __name__ == "__main__":
    sys.exit(main())
