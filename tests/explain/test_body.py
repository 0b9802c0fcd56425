"""Recordings, and refused bodies; test_explanation.py has the real ones."""

from __future__ import annotations

import json

import pytest

from kesspay.explain.body import FORMS, about_text, unwrap_body
from kesspay.explain.report import Refusal


BODY = b'{"a":"\xc3\xa9","sign":"x"}'
TEXT = BODY.decode()

RECORDED: list[tuple[str, bytes, bytes | None]] = [
    ("body_empty", b" \r\n", None),
    ("body_bom", b"\xef\xbb\xbf" + BODY, BODY),
    ("body_utf16", TEXT.encode("utf-16"), BODY),
    ("body_utf16", TEXT.encode("utf-16-le"), BODY),
    ("body_utf16", TEXT.encode("utf-16-be"), BODY),
    ("body_utf16", b"\xff\xfe\x00", None),
    (
        "body_http_message",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + BODY,
        BODY,
    ),
    ("body_http_message", b"HTTP/2 200\nx: y\n\n" + BODY, BODY),
    ("body_http_message", b"POST /x HTTP/1.1\r\nHost: y\r\n\r\n" + BODY, BODY),
    ("body_http_message", b"HTTP/1.1 200 OK\r\n", None),
    ("body_encoded_twice", json.dumps(TEXT).encode(), BODY),
    ("body_html", b"<!DOCTYPE html><html></html>", None),
    ("body_html", b"\n<html><body>502</body></html>", None),
    (
        "body_php_message",
        b"<br />\n<b>Warning</b>:  Undefined index in x.php\n" + BODY,
        BODY,
    ),
    ("body_php_message", b"Notice: something", None),
    ("body_form", b"success=true&amount=0.5&sign=abc%3D", None),
    ("body_python", b"{'a': 1}", None),
    ("body_python", b"b'{}'", None),
    ("body_python", b'{"a": True}', None),
]


@pytest.mark.parametrize(("code", "recording", "body"), RECORDED)
def test_a_form_is_recognised(code: str, recording: bytes, body: bytes | None) -> None:
    """Each form has its name, and the body is taken out where there is one."""
    form = unwrap_body(recording)
    assert form is not None
    assert (form.code, form.body) == (code, body)
    assert form.code in FORMS


@pytest.mark.parametrize(
    "recording", [b'{"a":', b"[1,]", b'"text"', b'"\\ud800"', b"1", b"\xff", b'"[[' * 9]
)
def test_what_is_unknown_is_left_alone(recording: bytes) -> None:
    """Other faults are none of these forms."""
    assert unwrap_body(recording) is None


@pytest.mark.parametrize("piece", [b"a=&", b"{:", b"<br />", b"A", b'"[', b" ", b"\0"])
def test_long_recordings_take_no_longer(piece: bytes) -> None:
    """Half a megabyte of anything is judged at once, without backtracking."""
    unwrap_body(piece * 250_000)


def test_every_form_has_an_example() -> None:
    """No form is there untested, but the one that ``explain`` finds itself."""
    assert {code for code, _, _ in RECORDED} | {"body_truncated"} == set(FORMS)


@pytest.mark.parametrize(
    ("position", "code", "words"),
    [
        (None, "body_syntax", "the body is refused: no JSON"),
        (3, "body_syntax", "the body is refused: no JSON, near '[1,]'"),
        (4, "body_truncated", "at byte 4"),
    ],
)
def test_where_a_text_stops(position: int | None, code: str, words: str) -> None:
    """What stands around the fault is shown, where its place is known."""
    found = about_text(b"[1,]", Refusal("syntax", "no JSON", position))
    assert found.code == code
    assert found.text.endswith(words)
