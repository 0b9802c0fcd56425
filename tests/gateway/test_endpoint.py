# ruff: noqa: ANN401 - what tests are given is of any type

"""Where secrets may be sent."""

from __future__ import annotations

from typing import Any

import pytest

from kesspay.errors import FieldError
from kesspay.gateway.endpoint import SANDBOX_URL, Endpoint


@pytest.mark.parametrize(
    "url",
    [
        SANDBOX_URL,
        "https://pay.example/",
        "https://pay.example:8443/a/b",
        "https://[2001:db8::1]/x",
        "https://[2001:DB8::1]:8443/x",
        "https://pay_gw.example/x",
        "https://_pay.gw_1.example:8443/x",
        "https://pay.example./x",
        "https://pay.example.:8443/x",
        "HTTPS://Pay.Example/x",
        "https://xn--bcher-kva.example/x",
        "https://pay.example:/x",
        "http://localhost:8000/x",
        "http://127.0.0.1/x",
        "http://127.9.9.9/x",
        "http://[::1]:99/x",
    ],
)
def test_urls_that_are_taken(url: str) -> None:
    """Https anywhere, plain http to the loopback."""
    endpoint = Endpoint(url)
    assert url.rstrip("/") + "/token" == endpoint.token_url
    assert url.rstrip("/") + "/gateway" == endpoint.gateway_url


@pytest.mark.parametrize(
    "url",
    [
        "http://pay.example/x",
        "http://10.0.0.1/x",
        "http://localhost.evil.example/x",
        "http://127.0.0.1.evil.example/x",
        "http://[::ffff:8.8.8.8]/x",
        "http://0.0.0.0/x",
    ],
)
def test_plain_http_leaves_this_machine_only_when_allowed(url: str) -> None:
    """Plain http elsewhere is refused, but for the explicit option."""
    with pytest.raises(FieldError, match="loopback"):
        Endpoint(url)
    assert url == Endpoint(url, allow_plain_http=True).base_url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pay.example/x",
        "ftp://pay.example/x",
        "https:///x",
        "https://pay.example/x?a=1",
        "https://pay.example/x#f",
        "https://pay.example/a b",
        "https://pay.example/\r\nX: y",
        "https://pay.example:0/x",
        "https://pay.example:99999/x",
        "https://pay.example:port/x",
        "https://[::1/x",
        "HTTPS://pay.example\\@evil.example/x",
        "https://bücher.example/x",
        "https://pay..example/x",
        "https://.pay.example/x",
        "https://pay.example../x",
        "https://./x",
        "http://localhost./x",
        None,
        b"https://pay.example",
    ],
)
def test_urls_that_are_refused(url: Any) -> None:
    """What is no plain base URL is refused."""
    with pytest.raises(FieldError, match="base_url"):
        Endpoint(url)


@pytest.mark.parametrize("host", ["bücher.example", "straße.example", "ក.example"])
def test_a_host_of_other_letters(host: str) -> None:
    """The error says how to write it: two versions of IDNA name two hosts."""
    with pytest.raises(FieldError, match="xn-- form"):
        Endpoint(f"https://{host}/x")


def test_a_password_in_a_url_is_not_shown() -> None:
    """A URL with a user in it is refused without a word of it."""
    with pytest.raises(FieldError) as caught:
        Endpoint("https://user:canary@pay.example/x")
    assert "canary" not in f"{caught.value} {caught.value.value}"
