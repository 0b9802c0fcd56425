"""Real PHP plays the gateway: it verifies what we send and signs what we read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.gateway.helpers import (
    CONFIRM_DATA,
    CREATE_DATA,
    CREATE_REQUEST,
    QUERY_DATA,
    client,
    plain,
    success,
    token_answer,
)
from tests.support.php import Php, php_sign, php_verify
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from kesspay.gateway.messages import HttpRequest, HttpResponse
    from kesspay.signing.backend import Backend


def php_answer(data: dict[str, object], status: int = 200) -> HttpResponse:
    """Return a success as the class of the API document signs it."""
    fields: dict[str, Any] = success(data)
    text = json.dumps(fields, default=float).encode()
    (body,) = php_sign(KEYS / "other-2048.pem", [text])
    assert body is not None
    return plain(status, body.body)


def php_accepts(request: HttpRequest) -> bool:
    """Ask the class of the API document whether a request is signed right."""
    own_key = KEYS / "rsa-2048.pub.pem"
    strict, documented = (
        php_verify(own_key, [request.body], mode)[0]
        for mode in ("strict", "documented")
    )
    return strict is True and documented is True


def test_a_whole_transfer_with_php(php: Php, backend: Backend) -> None:
    """PHP verifies every request, and every answer that PHP signed is read."""
    made, script = client(
        token_answer(),
        php_answer(CREATE_DATA),
        php_answer(CONFIRM_DATA),
        php_answer(QUERY_DATA),
    )
    created = made.create_fund_transfer(CREATE_REQUEST)
    paid = made.confirm_fund_transfer(created, partner_transaction_id="debit-1")
    assert made.query_fund_transfer(created).fund_transfer_id == paid.fund_transfer_id
    assert [php_accepts(request) for request in script.sent[1:]] == [True] * 3
