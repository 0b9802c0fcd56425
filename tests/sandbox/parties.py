"""What the tests of the sandbox share: keys, a sandbox, a partner that signs."""

# ruff: noqa: ANN401 - what tests are given is of any type

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from kesspay.gateway.messages import CONFIRM, CREATE, QUERY, CreateFundTransfer
from kesspay.sandbox import Sandbox
from kesspay.sandbox.emulator import GATEWAY_PATH, TOKEN_PATH
from tests.support.keys import load
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from kesspay.sandbox.emulator import Reply


__all__ = ["KEYS", "RECEIVER", "Partner", "box", "load", "order"]

RECEIVER: Final = "85512345678"


def box(**options: Any) -> Sandbox:
    """Return a sandbox whose keys need not be made, and whose clock stands."""
    settings: dict[str, Any] = {"clock": lambda: 1_000_000.0, **options}
    return Sandbox(
        private_key=load("rsa-2048.pem"),
        gateway_private_key=load("other-2048.pem"),
        **settings,
    )


def order(number: int = 1, receiver_id: str = RECEIVER) -> CreateFundTransfer:
    """Return a request for half a dollar."""
    return CreateFundTransfer(
        out_trade_no=f"order-{number}",
        receiver_id=receiver_id,
        sender_name="Chan Sophea",
        amount=Decimal("0.50"),
    )


class Partner:
    """A client that signs by hand, believes everything, and hides nothing."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Log in."""
        self.sandbox = sandbox
        self.key = sandbox.settings["private_key"]
        self.token = ""
        self.log_in()

    def log_in(self, **headers: str) -> Reply:
        """Log in and keep the token."""
        right = self.sandbox.settings["credentials"]
        body = {"user_name": right.user_name, "password": right.password}
        all_headers = {
            "partner-id": right.partner_id,
            "partner-secret-key": right.partner_secret_key,
            **headers,
        }
        reply = self.respond(TOKEN_PATH, json.dumps(body).encode(), all_headers)
        if reply.status == 200 and reply.body.startswith(b"{"):
            self.token = json.loads(reply.body)["access_token"]
        return reply

    def respond(self, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        """Send bytes as they are."""
        return self.sandbox.site.respond("POST", path, headers, body)

    def send(self, *, faults: str | None = None, **params: Any) -> Reply:
        """Sign and send parameters, asking for faults by the header."""
        headers = {"authorization": f"Bearer {self.token}"}
        if faults is not None:
            headers["x-sandbox-fault"] = faults
        return self.respond(GATEWAY_PATH, self.key.signed_body(params), headers)

    def create(self, number: int = 1, **options: Any) -> Reply:
        """Ask for a pre-transfer."""
        fields = {
            "out_trade_no": f"order-{number}",
            "receiver_id": RECEIVER,
            "sender_name": "Chan Sophea",
            "amount": Decimal("0.50"),
            "currency": "USD",
        }
        return self.send(service=CREATE, **{**fields, **options})

    def created(self, number: int = 1) -> str:
        """Return the id of a new pre-transfer."""
        return str(self.data(self.create(number))["pre_transfer_id"])

    def confirm(self, pre_transfer_id: str, debit: str = "d-1", **more: Any) -> Reply:
        """Confirm a pre-transfer."""
        return self.send(
            service=CONFIRM,
            pre_transfer_id=pre_transfer_id,
            partner_transaction_id=debit,
            **more,
        )

    def query(self, number: int = 1, **more: Any) -> Reply:
        """Query a transfer."""
        return self.send(service=QUERY, out_trade_no=f"order-{number}", **more)

    def read(self, reply: Reply) -> dict[str, Any]:
        """Verify an answer and return it."""
        key = self.sandbox.settings["gateway_key"]
        answer: dict[str, Any] = json.loads(key.verify_document(reply.body))
        return answer

    def data(self, reply: Reply) -> dict[str, Any]:
        """Verify a success and return its data."""
        data: dict[str, Any] = self.read(reply)["data"]
        return data

    def code(self, reply: Reply) -> str:
        """Verify an answer and return its code."""
        answer = self.read(reply)
        return str(answer.get("error_code") or answer["data"]["result_code"])
