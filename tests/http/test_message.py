"""A request and a response of HTTP: what they show, and what they refuse."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Final

import pytest

from kesspay.errors import InputError
from kesspay.gateway import messages
from kesspay.http.message import HttpRequest, HttpResponse


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
