"""What answers to the log-in mean, and which of them are repeated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import AuthenticationFailed, NotSent
from kesspay.gateway.log_in import is_refusal, read_log_in
from tests.gateway.helpers import (
    CANARIES,
    CREATE_REQUEST,
    client,
    plain,
    token_answer,
)


if TYPE_CHECKING:
    from kesspay.gateway.messages import HttpResponse


pytestmark = pytest.mark.usefixtures("face")


def answer(status: int, **fields: object) -> HttpResponse:
    """Return an answer in JSON."""
    return plain(status, json.dumps(fields).encode())


#: What Laravel Passport says; league/oauth2-server 8 and 5 wrote them.
PASSPORT_GRANT: Final = {
    "error": "invalid_grant",
    "error_description": "The user credentials were incorrect.",
    "hint": "",
    "message": "The user credentials were incorrect.",
}
PASSPORT_CLIENT: Final = {
    "error": "invalid_client",
    "error_description": "Client authentication failed",
    "message": "Client authentication failed",
}
PASSPORT_OLD: Final = {
    "error": "invalid_credentials",
    "message": "The user credentials were incorrect.",
}

#: RFC 6749, 5.2: "invalid_client" may come with 401; the rest is 400.
REFUSED: Final = [
    answer(400, **PASSPORT_GRANT),
    answer(400, **PASSPORT_CLIENT),
    answer(401, **PASSPORT_GRANT),
    answer(401, **PASSPORT_CLIENT),
    answer(401, **PASSPORT_OLD),
    answer(400, **PASSPORT_OLD),
    answer(400, error="unauthorized_client"),
    answer(401, error="access_denied"),
    answer(403, error="access_denied"),
    answer(200, error="invalid_grant"),
    answer(500, **PASSPORT_CLIENT),
    answer(400, error="INVALID_GRANT"),
    answer(400, success=False, error_code="invalid_grant"),
    answer(400, success=False, data={"error": "invalid_grant"}),
    answer(400, error={"type": "invalid_client", "code": 400}),
    answer(200, access_token="t", error="invalid_grant"),
    answer(401, error="invalid_request"),
    plain(401, b""),
]
WRONG: Final = [
    answer(400, error="invalid_request"),
    answer(400, error="unsupported_grant_type"),
    answer(400, error="invalid_scope"),
    answer(200, error="invalid_scope"),
    answer(200, error=["invalid_grant"]),
    answer(200, success=False, error_code="WRONGPASSWORD"),
    answer(302, success=False),
    answer(422, message="These credentials do not match our records."),
    plain(400, b"<html>"),
    plain(403, b"<html>"),
    plain(404, b"<html>"),
    plain(405, b""),
    plain(423, b""),
]
PASSING: Final = [
    answer(400, error="temporarily_unavailable"),
    answer(503, error="temporarily_unavailable"),
    answer(500, error="server_error"),
    answer(400, error="server_error"),
    answer(400, success=False, error_code="SYSTEMERROR"),
    answer(200, error=None),
    plain(200, b"<html>"),
    plain(302, b""),
    plain(408, b""),
    plain(425, b""),
    plain(429, b""),
    plain(500, b""),
    answer(500, success=False, error_code="WHO KNOWS"),
    answer(503, error="invalid_request"),
    plain(502, b"<html>"),
]


def shown(response: HttpResponse) -> str:
    """Name a case."""
    return f"{response.status}-{response.body[:40]!r}"


def created(*answers: Any, retries: int = 2) -> tuple[Exception, int]:  # noqa: ANN401 - scripted
    """Return the error of a create, and how many log-ins were sent."""
    made, script = client(*answers, retries=retries)
    with pytest.raises((AuthenticationFailed, NotSent)) as caught:
        made.create_fund_transfer(CREATE_REQUEST)
    assert set(script.paths) == {"token"}
    return caught.value, len(script.sent)


@pytest.mark.parametrize("response", REFUSED, ids=shown)
def test_refused_credentials_are_sent_once(response: HttpResponse) -> None:
    """An account that is locked after some wrong passwords is not locked by us."""
    error, log_ins = created(response)
    assert type(error) is AuthenticationFailed
    assert log_ins == 1
    assert is_refusal(error)
    assert error.evidence["http_status"] == response.status
    assert not error.safe_to_retry


def test_refused_credentials_rest_between_calls() -> None:
    """The next call sends no log-in before a while has passed."""
    made, script = client(answer(400, **PASSPORT_GRANT))
    for _ in range(5):
        with pytest.raises(AuthenticationFailed) as caught:
            made.create_fund_transfer(CREATE_REQUEST)
    assert len(script.sent) == 1
    assert caught.value.evidence["error_code"] == "invalid_grant"


@pytest.mark.parametrize("response", WRONG, ids=shown)
def test_a_log_in_that_is_wrong_is_sent_once(response: HttpResponse) -> None:
    """HTTP 4xx says that the same request will fail again (RFC 9110, 15.5)."""
    error, log_ins = created(response)
    assert type(error) is NotSent
    assert log_ins == 1
    assert is_refusal(error)


@pytest.mark.parametrize("response", PASSING, ids=shown)
def test_what_may_pass_is_repeated(
    response: HttpResponse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that is down for a moment costs a moment."""
    monkeypatch.setattr("kesspay.gateway.tokens._FIRST_BACKOFF", 0.0)
    monkeypatch.setattr("kesspay.gateway.flow._FIRST_PAUSE", 0.001)
    error, log_ins = created(response, response, response)
    assert type(error) is NotSent
    assert log_ins == 3
    assert not is_refusal(error)
    assert error.safe_to_retry


def test_a_token_is_a_token() -> None:
    """Fields beside it change nothing, unless they refuse."""
    assert read_log_in(token_answer()).expire_in == 3600
    assert read_log_in(answer(200, access_token="t", error="")).access_token == "t"
    assert read_log_in(answer(200, access_token="t", code=200)).access_token == "t"


def test_an_unknown_code_is_not_shown() -> None:
    """Only known codes are evidence: a server could repeat a secret in one."""
    secret = CANARIES["password"]
    error, _ = created(answer(400, error=secret, message=f"not {secret}, {secret}"))
    assert secret not in repr(vars(error)) + str(error)
    assert "not (hidden)" in str(error)
