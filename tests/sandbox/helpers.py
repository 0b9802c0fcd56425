"""What the tests of whole sandboxes share: keys, time, requests, odd values."""

from __future__ import annotations

from base64 import b64encode
from typing import Final

from kesspay import KesspayError, PrivateKey, canonicalize
from kesspay.sandbox import Sandbox
from tests.sandbox.document import SERVICES
from tests.support.vectors import KEYS


CREATE, CONFIRM, QUERY = SERVICES

RECEIVER: Final = "85512345678"
CLOSED: Final = "85500000000"

#: A request of each service that is right, as the texts of its values. P
#: stands for the id of a pre-transfer that lives, N for a number that is new.
RIGHT: Final[dict[str, dict[str, str]]] = {
    CREATE: {
        "service": f'"{CREATE}"',
        "out_trade_no": '"order-1"',
        "receiver_id": f'"{RECEIVER}"',
        "sender_name": '"Chan Sophea"',
        "amount": "0.50",
        "currency": '"USD"',
    },
    CONFIRM: {
        "service": f'"{CONFIRM}"',
        "partner_transaction_id": '"debit-N"',
        "pre_transfer_id": '"P"',
    },
    QUERY: {"service": f'"{QUERY}"', "out_trade_no": '"order-1"'},
}

#: Texts of JSON values on which a check of a field can slip.
ODD: Final = (
    "null",
    "true",
    "false",
    '""',
    '" "',
    "[]",
    "{}",
    "0",
    "-0.0",
    "-1",
    "1e2",
    "1E-2",
    "0.001",
    "0.1e1",
    "1e13",
    "9999999999999.99",
    "9223372036854775807",
    "9223372036854775808",
    "1" * 60,
    "1e308",
    "5e-324",
    '"0.50"',
    '"00000.50"',
    '"1e2"',
    '"0x10"',
    '" 1"',
    '"1\\n"',
    '"\u0661"',
    '"usd"',
    '"KHR"',
    f'"{CLOSED}"',
    '"somebody"',
    '" order-1"',
    '"order-1\\u0000"',
    '"\\u00a0a"',
    '"a\\u200b"',
    '"\\ud83d\\ude42"',
    '"\\uffff"',
    '"..\\/..\\/x\\u0000y"',
    '"\';DROP TABLE credits;--"',
    '["order-1"]',
    '{"a":{"b":[null,1,"c"]}}',
    *(f'"{"x" * size}"' for size in (25, 26, 64, 65, 96, 97, 3000)),
    *(f'"{"ស" * size}"' for size in (25, 26, 64, 65, 96, 97)),
    "[" * 60 + "]" * 60,
)


class StillSandbox(Sandbox):
    """A sandbox whose time passes only when the test lets it."""

    at = 1_000_000.0

    def now(self) -> float:
        """Return the time."""
        return self.at

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.at += seconds


def load(name: str) -> PrivateKey:
    """Load a test key."""
    return PrivateKey.from_pem((KEYS / f"{name}.pem").read_bytes())


def text_of(fields: dict[str, str]) -> str:
    """Return the JSON text of an object, given the texts of its values."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"


def signed(key: PrivateKey, text: str) -> bytes:
    """
    Sign the text of an object as it is, whatever it says.

    Where it has no canonical form no one could have signed it, and the
    signature is a made-up one.
    """
    try:
        sign = b64encode(key.sign(canonicalize(text))).decode()
    except KesspayError:
        sign = "A" * 342 + "=="
    comma = "," if text != "{}" else ""
    return f'{text[:-1]}{comma}"sign":"{sign}"}}'.encode()
