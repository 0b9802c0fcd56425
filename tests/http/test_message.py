"""A request and a response of HTTP: what they show, and what they refuse."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, replace
from http import HTTPStatus
from typing import Any, Final

import pytest

from kesspay.errors import InputError, TransportError
from kesspay.gateway import messages
from kesspay.http.message import HttpRequest, HttpResponse
from tests.support.odd import ODD, FailingText


SECRET: Final = (("Authorization", "Bearer canary"),)
REQUEST: Final = HttpRequest("POST", "https://h/x", SECRET, b"canary")
RESPONSE: Final = HttpResponse(200, SECRET, b"canary", REQUEST)


@pytest.mark.parametrize("one", [REQUEST, RESPONSE])
def test_headers_and_bodies_are_not_shown(one: HttpRequest | HttpResponse) -> None:
    """Neither repr nor str nor format shows what may be a secret."""
    assert "canary" not in f"{one!r} {one!s} {one}"


def test_what_is_shown() -> None:
    """The URL of a request and the status of a response help, and are no secret."""
    assert "https://h/x" in repr(REQUEST)
    assert "200" in repr(RESPONSE)


@pytest.mark.parametrize("one", [REQUEST, RESPONSE])
def test_no_copy_leaves_with_the_secrets(one: HttpRequest | HttpResponse) -> None:
    """Both refuse to be pickled and copied."""
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(InputError, match=type(one).__name__):
            act(one)


def test_messages_are_not_compared_and_never_change() -> None:
    """Two requests with the same secrets are not equal, and none can be changed."""
    assert replace(REQUEST) != REQUEST
    with pytest.raises(FrozenInstanceError):
        REQUEST.url = "https://elsewhere"  # type: ignore[misc] # that is the test


def test_a_request_is_taken_for_one_that_can_move_money() -> None:
    """Unless it says otherwise it goes over a connection that carried nothing."""
    assert REQUEST.fresh


def test_the_documented_place() -> None:
    """The messages of the gateway offer both, as they always did."""
    assert messages.HttpRequest is HttpRequest
    assert messages.HttpResponse is HttpResponse


def fields(name: str, value: object) -> dict[str, Any]:
    """Return a field as an argument, of whatever type it is."""
    return {name: value}


#: What a header may look like in libraries: without a value, of bytes, as an object.
NO_HEADERS: Final = (
    *("Date: x", {"Date": "x"}, [("Date",)], [("Date", "x", "y")], [b"ab"]),
    *([(b"Date", b"x")], [("Date", 5)], [(None, "x")], [None]),
)


@pytest.mark.parametrize("value", ODD)
def test_what_no_request_can_have(value: object) -> None:
    """A field of another type is refused when the request is made, and not shown."""
    wrong = ["method", "url", "fresh"]
    wrong += [] if isinstance(value, list | tuple) and not value else ["headers"]
    wrong += [] if type(value) is bytes else ["body"]
    for name in wrong:
        with pytest.raises(InputError, match=rf"{name}\b.* must be"):
            replace(REQUEST, **fields(name, value))


@pytest.mark.parametrize("value", ODD)
def test_what_no_response_can_have(value: object) -> None:
    """
    A transport of the caller's own that mistakes a field is one whose answer is bad.

    The request may have been carried out, so it must not look like "not sent".
    """
    wrong = ["status", "request"]
    wrong += [] if isinstance(value, list | tuple) and not value else ["headers"]
    wrong += [] if isinstance(value, bytes | bytearray) else ["body"]
    for name in wrong:
        with pytest.raises(TransportError, match=f"the {name} of") as caught:
            replace(RESPONSE, **fields(name, value))
        assert caught.value.kind == "bad_reply"


@pytest.mark.parametrize("headers", NO_HEADERS)
def test_what_are_no_headers(headers: object) -> None:
    """Headers are a tuple or a list of pairs of texts."""
    with pytest.raises(InputError, match="the headers of an HTTP request"):
        replace(REQUEST, **fields("headers", headers))
    with pytest.raises(TransportError, match="the headers of an HTTP response"):
        replace(RESPONSE, **fields("headers", headers))


def test_what_other_libraries_have() -> None:
    """A list of pairs, a status of the enum and a bytearray are taken as they are."""
    headers: Any = [["Date", FailingText("x")]]
    body: Any = bytearray(b"{}")
    made = HttpResponse(HTTPStatus.CREATED, headers, body)
    assert type(made.status) is int
    assert (made.status, made.body) == (201, b"{}")
    for status in (-1, 1000, True, "200"):
        with pytest.raises(TransportError, match="the status of an HTTP response"):
            replace(RESPONSE, **fields("status", status))


def test_the_items_of_a_dict_of_headers() -> None:
    """Some libraries have their headers so; those of a response stay as they were."""
    found = {"Date": "x", "Via": "y"}
    made = replace(RESPONSE, **fields("headers", found.items()))
    found.clear()
    assert made.headers == (("Date", "x"), ("Via", "y"))
    with pytest.raises(TransportError, match="the headers of an HTTP response"):
        replace(RESPONSE, **fields("headers", {"Age": 5}.items()))
