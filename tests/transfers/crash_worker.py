"""
A program that pays and resumes until it is killed. Run by test_killed.

    python crash_worker.py SETTINGS_FILE

The settings are JSON: the journal, the gateway, the payments. It begins them in
an order of its own and prints nothing; what counts is what the ledger says.
"""

from __future__ import annotations

import json
import logging
import random
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kesspay import (
    Client,
    Credentials,
    GatewayError,
    JournalError,
    PrivateKey,
    PublicKey,
)
from kesspay.transfers.attempt import Rules
from kesspay.transfers.transfers import Transfers


if TYPE_CHECKING:
    from kesspay.transfers.journal import Journal


def open_journal(kind: str, place: str) -> Journal:
    """Open the journal that the settings name."""
    if kind == "postgres":
        from kesspay.transfers.postgres import PostgresJournal

        return PostgresJournal(place)
    from kesspay.transfers.sqlite import SqliteJournal

    return SqliteJournal(place)


def transfers_of(settings: dict[str, Any]) -> Transfers:
    """Return what pays, by the settings."""
    client = Client(
        base_url=settings["base_url"],
        credentials=Credentials(**settings["credentials"]),
        private_key=PrivateKey.from_pem(settings["private_key"].encode()),
        gateway_key=PublicKey.from_pem(settings["gateway_key"].encode()),
        timeout=5,
    )
    journal = open_journal(*settings["journal"])
    return Transfers(client, journal, rules=Rules(**settings["rules"]), timeout=5)


def pay(transfers: Transfers, payment_id: str) -> None:
    """Pay one payment, as a caller that repeats its calls."""
    pending = transfers.start(
        payment_id=payment_id,
        receiver_id="85512345678",
        amount=Decimal("0.50"),
        sender_name="Chan Sophea",
        timeout=0.5,
    )
    pending.confirm(f"d-{payment_id}", timeout=0.5)


def main(path: str) -> None:
    """Pay and resume for ever."""
    logging.disable(logging.CRITICAL)
    settings = json.loads(Path(path).read_text(encoding="utf-8"))
    transfers: Transfers | None = None
    rng = random.Random()
    while True:
        try:
            # Also the database may be away for a moment.
            transfers = transfers or transfers_of(settings)
            pay(transfers, rng.choice(settings["payments"]))
            if rng.random() < 0.2:
                for _ in transfers.resume(timeout=0.5):
                    pass
        except (GatewayError, JournalError):
            continue


if __name__ == "__main__":
    main(sys.argv[1])
