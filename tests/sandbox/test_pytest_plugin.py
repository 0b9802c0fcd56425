"""The fixture kess_sandbox, as an installed plugin brings it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from kesspay.gateway.client import Client
from tests.sandbox.parties import order


if TYPE_CHECKING:
    from kesspay.sandbox import Sandbox


def test_it_is_registered() -> None:
    """An installed kesspay brings its plugin along."""
    (found,) = entry_points(group="pytest11", name="kesspay")
    assert found.value == "kesspay.sandbox.pytest_plugin"


def test_a_sandbox_of_its_own(kess_sandbox: Sandbox) -> None:
    """It works inside the process, and its clock stands still."""
    client = Client(**kess_sandbox.settings, transport=kess_sandbox.transport)
    created = client.create_fund_transfer(order())
    before = kess_sandbox.now()
    kess_sandbox.advance(299)
    client.confirm_fund_transfer(created, partner_transaction_id="d-1")
    assert kess_sandbox.now() == before + 299
    assert len(kess_sandbox.ledger.credits()) == 1


def test_another_of_the_next_test(kess_sandbox: Sandbox) -> None:
    """Nothing is left of the last test; it may listen as well."""
    assert kess_sandbox.ledger.transfers() == ()
    with kess_sandbox, Client(**kess_sandbox.settings) as client:
        client.create_fund_transfer(order())


def test_who_does_not_ask_for_it_pays_nothing() -> None:
    """The plugin alone imports next to nothing."""
    program = (
        "import sys, kesspay.sandbox.pytest_plugin; "
        "print(sorted(n for n in sys.modules if n.startswith(('kesspay', 'orjson', "
        "'cffi', 'cryptography', 'uvicorn', 'sqlite3'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=60
    )
    assert eval(done.stdout) == [  # noqa: S307 - a list of names
        "kesspay",
        "kesspay._first_use",
        "kesspay._reasons",
        "kesspay._shown",
        "kesspay._version",
        "kesspay.errors",
        "kesspay.sandbox",
        "kesspay.sandbox.pytest_plugin",
    ]
