"""
What one language signs verifies in all others, and every one gives the same bytes.

The languages are asked through their adapters of the conformance kit. Without
KESSPAY_LIBKESS, which ``.ci/run bindings`` sets, only the two backends of Python are
there.
"""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance.adapter import Adapter, Reply
from tests.conformance.matrix import KEYS, PROGRAMS, Program
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Iterator


OURS: Final = tuple(one for one in PROGRAMS if "kess" in one.title)
#: What the API sends, and what the languages write in different ways if left alone.
DOCUMENTS: Final = (
    '{"service":"create.unified.fundTransfer","amount":0.5,"currency":"USD"}',
    '{"b":"a/b","a":"សុខ \\ud83d\\ude00","B":"\\u0000\\u007f"}',
    '{"amount":1e22,"small":1e-7,"whole":5.0,"large":9007199254740993,"none":null}',
    '{"list":[1,[],{}],"object":{"2":"x","10":"y"},"empty":{},"":""}',
    '{"10":1,"9":2,"a":3}',
    "{}",
)


@pytest.fixture
def adapters() -> Iterator[dict[str, Adapter]]:
    """Start every language that is there."""
    started: dict[str, Adapter] = {}
    try:
        for program in OURS:
            if program.is_there():
                started[program.title] = start(program)
        yield started
    finally:
        for one in started.values():
            one.__exit__(None, None, None)


def start(program: Program) -> Adapter:
    """Start an adapter; it ends with the test."""
    adapter = Adapter(
        program.words, kit=stored_kit().version, timeout=60, hello_timeout=60
    )
    return adapter.__enter__()


def ask(adapter: Adapter, op: str, text: bytes, key: str) -> bytes:
    """Ask for bytes; anything else fails the test."""
    fields = {
        "op": op,
        "profile": "",
        "text": base64.b64encode(text).decode(),
        "key": base64.b64encode((KEYS / key).read_bytes()).decode(),
    }
    reply: Reply = adapter.ask(fields)
    assert reply.kind == "bytes", (op, text, reply)
    return reply.content


@pytest.mark.languages
def test_every_language_is_there() -> None:
    """Where libkess is built, none of the bindings is left out."""
    away = [one.title for one in OURS if not one.is_there()]
    expected = 0 if "KESSPAY_LIBKESS" in os.environ else 3
    assert len(away) == expected, away


@pytest.mark.languages
@pytest.mark.parametrize("size", ["2048", "4096"])
def test_each_verifies_what_each_signs(adapters: dict[str, Adapter], size: str) -> None:
    """The bodies are the same bytes, and so are those that verified."""
    for document in DOCUMENTS:
        text = document.encode()
        bodies = {
            title: ask(one, "body", text, f"rsa-{size}.pem")
            for title, one in adapters.items()
        }
        signs = {ask(one, "sign", text, f"rsa-{size}.pem") for one in adapters.values()}
        assert len(signs) == 1, document
        assert {json.loads(body)["sign"].encode() for body in bodies.values()} == signs
        canonical = {
            (signer, verifier): ask(one, "verify", body, f"rsa-{size}.pub.pem")
            for signer, body in bodies.items()
            for verifier, one in adapters.items()
        }
        assert len(canonical) == len(adapters) ** 2
        assert len(set(bodies.values())) == 1, document
        assert len(set(canonical.values())) == 1, document
