"""How values of users and servers are shown: what they are, never what they hold."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from kesspay._shown import (
    HIDDEN,
    connects,
    could_be_path,
    is_shown_whole,
    kind_of,
    no_path,
    quoted,
    shown_path,
    shown_url,
    shown_value,
    visible,
)
from tests.support.odd import ODD, FailingText
from tests.support.php import find_php


PASSWORD = "hunter2-Hunter2/&'\"é"
PEM = (
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END PRIVATE KEY-----\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


KINDS = {
    "": "an empty text",
    "  \n": "a blank text",
    PEM: "a PEM text",
    PEM.replace("\n", "\\n"): "a PEM text",
    PEM.replace("\n", "\r\n"): "a PEM text",
    "BEGIN RSA PRIVATE KEY": "a PEM text",
    "---- BEGIN SSH2 PUBLIC KEY ----": "a PEM text",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7": "base64",
    "MIIEvQIBADANBgkqhkiG\n9w0BAQEFAASCBKcwggSj": "base64",
    "MIIEvQIBADANBgkqhkiG\\n9w0BAQEFAASCBKcwggSj": "base64",
    "c2VjcmV0LXNlY3JldA==": "base64",
    "0f" * 16: "a hex text",
    ":".join(["0F"] * 20): "a hex text",
    "PuTTY-User-Key-File-3: ssh-rsa": "a PuTTY key",
    "ssh-rsa AAAAB3NzaC1yc2E": "an SSH key",
    '{"kty":"RSA","d":"x"}': "a JSON text",
    "<RSAKeyValue><D>x</D></RSAKeyValue>": "an XML text",
    "Bearer abc.def": "a bearer token",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiIx.x": "a token",
    "12345678": "a number",
    "-1.5": "a number",
    "postgresql://kess:pa55word@127.0.0.1/kess": "a connection string",
    "'postgres://kess@h/kess?password=pa55word'": "a connection string",
    "KESSPAY_JOURNAL=postgresql://u:pw@h/db": "a connection string",
    "postgresql+psycopg://u:pw@h/db": "a connection string",
    "postgresql:/u:pw@h/db": "a connection string",
    "jdbc:postgresql:kess": "a connection string",
    "mysql://root@h/db": "a connection string",
    "mongodb+srv://u:pw@h": "a connection string",
    "redis://:pw@h:6379/0": "a connection string",
    "amqp://guest:guest@h": "a connection string",
    "sqlite:///journal.sqlite": "a connection string",
    "host=h user=u password='pa55 word'": "a connection string",
    "password=hunter2": "a connection string",
    "Driver={PostgreSQL};Server=h;Pwd=x": "a connection string",
    "Data Source=h;User Id=u": "a connection string",
    "KESSPAY_PASSWORD=hunter2": "a connection string",
    "https://u:pw@host/": "a URL with a password",
    "https://u:p/w@host/": "a URL with a password",
    "user:pw@host": "a URL with a password",
    "https://host/": "a URL",
    "hunter2-hunter2": "a word of 15 characters",
    "x": "a word of 1 character",
    "correct horse battery": "a text of 21 characters",
    "correct\nhorse\nbattery": "a text of 3 lines",
    "hunter2\0hunter2": "a word of 15 characters with a NUL byte",
}


@pytest.mark.parametrize("text", KINDS)
def test_kinds(text: str) -> None:
    """What a text is is said in words that hold nothing of it."""
    assert kind_of(text) == KINDS[text]
    assert kind_of(os.fsencode(text)) == KINDS[text]
    assert connects(text) is (KINDS[text].startswith(("a connection", "a URL")))


@pytest.mark.parametrize(
    ("piece", "kind"), [("x", "a word of "), ("BEGIN ", "a text of "), ("a.", "a word")]
)
def test_a_long_value_takes_linear_time(piece: str, kind: str) -> None:
    """A million characters are judged at once; in quadratic time it takes hours."""
    assert kind_of(piece * (1_000_000 // len(piece))).startswith(kind)


def test_kinds_of_other_values() -> None:
    """What is no text is named by its type; a path is read as a text."""
    assert kind_of(None) == "a value of the type NoneType"
    assert kind_of(12345678) == "a value of the type int"
    assert kind_of(bytearray(b"hunter2")) == "a word of 7 characters"
    assert kind_of(Path("postgresql://u:pw@h/db")) == "a connection string"
    assert not connects(None)
    assert shown_path(7) == "a value of the type int"


@pytest.mark.parametrize(
    "text", [text for text in KINDS if not text.isspace() and len(text) > 1]
)
def test_what_is_no_path_is_not_shown(text: str) -> None:
    """No piece of what cannot be a path stands in its place."""
    shown = shown_path(text)
    assert not could_be_path(text)
    assert shown.startswith(f"a value of {len(text)} characters")
    assert text not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (PEM, f"a value of {len(PEM)} characters (a PEM text, not a path)"),
        ("hunter2-hunter2", "a value of 15 characters"),
        ("correct horse", "a value of 13 characters"),
        ("x", "a value of 1 character"),
        ("", "a value of 0 characters (an empty text, not a path)"),
        ("correct\nhorse", "a value of 13 characters (a text of 2 lines, not a path)"),
    ],
)
def test_what_stands_in_the_place_of_a_path(text: str, shown: str) -> None:
    """The length is said, and the kind where it is known."""
    assert shown_path(text) == shown


def test_a_path_is_shown_where_it_is_one(folder: Path) -> None:
    """A path is shown that exists, whose first folder does, or that ends like one."""
    (folder / "keys").mkdir()
    (folder / "hunter2").touch()
    (folder / "odd\udcff").touch()
    for text in (
        "hunter2",
        "odd\udcff",
        "keys",
        "keys/",
        "keys/partner",
        "./partner",
        "/",
        str(folder / "missing" / "key"),
        "/missing/gateway.pem",
        "gateway-2.pub.pem",
        "C:\\keys\\gateway.pem",
    ):
        assert shown_path(text) == repr(text), text
        assert shown_path(os.fsencode(text)) == repr(text)
    assert shown_path(folder) == repr(str(folder))


def test_a_path_is_not_shown_where_it_may_be_a_secret(folder: Path) -> None:
    """A word, base64 with slashes and a path with odd characters are not shown."""
    (folder / "two\nlines").touch()
    (folder / "file").touch()
    (folder / "host=h password=hunter2").touch()
    (folder / "-----BEGIN x").touch()
    for text in (
        "hunter2-hunter2",
        "/hunter2-hunter2",
        "hunter2/hunter2",
        "/hunter2/hunter2",
        "/9j4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgc",
        "pass word.pem",
        "p@ssword.pem",
        "MIIEvQIBADANBgkqhkiG9w0.pem",
        "two\nlines",
        "host=h password=hunter2",
        "-----BEGIN x",
        "x" * 401 + ".pem",
        "é" * 200 + "/partner",
        "file/partner",
        f"{folder}/{'x' * 256}",
        f"{folder}/\x1b[31m",
    ):
        assert shown_path(text).startswith("a value of"), text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h.example/partnerapi/v1", "https://h.example/partnerapi/v1"),
        ("http://127.0.0.1:8080/token", "http://127.0.0.1:8080/token"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("https://pay_gw.example./a-b~c_d", "https://pay_gw.example./a-b~c_d"),
        ("https://user:hunter2@h.example/v1", "https://h.example/v1"),
        ("https://h.example?token=hunter2#hunter2", "https://h.example"),
        ("https://h.example/v1/?token=x@y", "a URL that cannot be read"),
        ("https://h/0123456789abcdef/v1", "https://h/(hidden)/v1"),
        ("https://h/v1;token=hunter2/", "https://h/(hidden)/"),
        ("https://h/" + "a" * 41, "https://h/(hidden)"),
        ("https://h/partner-api-of-kess/v1", "https://h/partner-api-of-kess/v1"),
        ("postgresql://u:pw@h:5432/kess", "postgresql://h:5432/kess"),
    ],
)
def test_urls(url: str, shown: str) -> None:
    """Scheme, host, port and path are shown, and nothing else."""
    assert shown_url(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "hunter2-hunter2",
        "",
        None,
        "https://",
        "hunter2://host/",
        "https://user:hunter2",
        "https://[hunter2]/",
        "https://user:hunt/er2@host/",
        "https://user:12/hunter2@host/",
        "https://hunter2/hunter2@host/",
        "https://user:hunt?er2@host/",
        "https://user:hunt#er2@host/",
        "https://user:hunt\\er2@host/",
        "https://host\n/hunter2",
        "https://hunter2 hunter2/",
        "https://h:99999/",
    ],
)
def test_what_is_no_url(url: object) -> None:
    """A URL that can be read in two ways is not shown at all."""
    assert shown_url(url) == "a URL that cannot be read"


def leaked(secret: str, shown: str) -> list[str]:
    """Return the pieces of a secret in a text, case aside."""
    pieces = {secret[at : at + 8].lower() for at in range(max(1, len(secret) - 7))}
    return [piece for piece in pieces if piece in shown.lower()]


FORMS = {
    "as it is": PASSWORD,
    "upper case": PASSWORD.upper(),
    "a part": PASSWORD[3:14],
    "JSON": json.dumps(PASSWORD),
    "JSON, unescaped": json.dumps(PASSWORD, ensure_ascii=False),
    "percent": quote(PASSWORD, safe=""),
    "percent, lower case": quote(PASSWORD).lower(),
    "form": quote_plus(PASSWORD),
    "hex": PASSWORD.encode().hex(),
    **{
        f"base64 {before}": base64.b64encode((before + PASSWORD).encode()).decode()
        for before in ("", "u", "us", "user:")
    },
    "base64url": base64.urlsafe_b64encode(PASSWORD.encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("form", FORMS)
def test_secrets_are_masked_in_every_form(form: str) -> None:
    """What a server repeats of a secret is hidden; the rest is shown."""
    for secret in (PASSWORD, PASSWORD.encode()):
        shown = quoted(f"no: {FORMS[form]} !", secrets=["other-secret", "", secret])
        assert shown[1:].startswith("no: ")
        assert "(hidden)" in shown
        assert not leaked(FORMS[form].strip('"'), shown)


@pytest.mark.usefixtures("php")
def test_php_repeats_a_secret() -> None:
    """What PHP makes of a secret is masked: JSON, URL, page, base64."""
    command = [find_php() or "php", "-r"]
    code = "$s = getenv('SECRET'); foreach ([json_encode($s), urlencode($s),"
    code += " rawurlencode($s), htmlspecialchars($s), base64_encode($s),"
    code += " bin2hex($s), base64_encode('user:' . $s)] as $x) echo $x, \"\\n\";"
    environment = {**os.environ, "SECRET": PASSWORD}
    said = subprocess.run(
        [*command, code], env=environment, capture_output=True, check=True, timeout=60
    ).stdout.decode()
    assert len(said.splitlines()) == 7
    for line in said.splitlines():
        shown = quoted(f"x {line}", secrets=[PASSWORD])
        assert "(hidden)" in shown
        assert not leaked(line.strip('"'), shown)


def test_short_secrets() -> None:
    """Short secrets are hidden as well; the shortest where they are a word."""
    assert quoted("pin 0042!", secrets=["0042"]) == "'pin (hidden)!'"
    assert quoted("a cat", secrets=["a"]) == "'(hidden) cat'"
    assert quoted("12 3", secrets=[12]) == "'(hidden) 3'"


def test_words_are_escaped_and_shortened() -> None:
    """Neither control characters nor bidi marks nor endless words are shown."""
    assert quoted("Service Unavailable") == "'Service Unavailable'"
    assert quoted(b"caf\xc3\xa9 \xff") == "'café \ufffd'"
    assert quoted("it's") == '"it\'s"'
    assert quoted("a\x1b[31m\r\n\u202eb\u200b") == r"'a\x1b[31m\r\n\u202eb\u200b'"
    assert quoted("\ud800") == r"'\ud800'"
    assert quoted(404) == "'404'"
    long = quoted("x" * 10_000)
    assert (len(long), long[-4:]) == (200, "...'")
    assert len(quoted("\x00" * 100)) == 200
    assert quoted("x" * 198) == f"'{'x' * 198}'"
    assert quoted("x" * 199)[-4:] == "...'"
    assert quoted("0123456789abc", limit=10) == "'01234...'"


def test_what_is_not_seen() -> None:
    """Marks of direction, control characters and lone surrogates are written out."""
    assert visible("price \u17e0\n\t\u1780") == "price \u17e0\n\t\u1780"
    assert visible("a\u202e\ufeff\x00\ud800\U000e0041") == (
        "a\\u202e\\ufeff\\u0000\\ud800\\U000e0041"
    )


def test_a_secret_that_is_cut_off_is_hidden() -> None:
    """A secret that continues beyond the limit shows none of its characters."""
    for filler in range(170, 200):
        text = "x" * filler + " " + PASSWORD + "y" * 300
        shown = quoted(text, secrets=[PASSWORD])
        assert len(shown) <= 200
        assert "hu" not in shown
    assert quoted(PASSWORD + "x" * 999, secrets=[PASSWORD, "y" * 400])[-6:] == "xx...'"
    assert quoted("y" * 9000, secrets=["y" * 400]) == "'(hidden)...'"
    assert quoted("İhunter2-hunter2", secrets=["hunter2-hunter2"]) == "'İ(hidden)'"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "None"),
        (True, "True"),
        (19.99, "19.99"),
        (Decimal("1E+2"), "Decimal('1E+2')"),
        (-5, "-5"),
        pytest.param(10**5000, "a large int", id="large"),
        ("KHR", "'KHR'"),
        ("-19.99", "'-19.99'"),
        ("12345678", "a number"),
        ("a\n", "a word of 2 characters"),
        ("hunter2", "a word of 7 characters"),
        (b"KHR", "a word of 3 characters"),
        (["hunter2"], "a value of the type list"),
        ("http://host.example/v1", "'http://host.example/v1'"),
        ("http://host.example/v1?t=x", "a URL"),
        (HIDDEN, "'(hidden)'"),
    ],
)
def test_a_value_that_breaks_a_rule(value: object, shown: str) -> None:
    """Numbers, short texts and plain URLs are shown, and of the rest the kind."""
    assert shown_value(value) == shown


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("hunter2-hunter2", ""),
        ("918273645546", ""),
        ("My Documents/key", ""),
        (PEM, f"a PEM text ({len(PEM)} characters)"),
        ("host=h password=x", "a connection string (17 characters)"),
        ("a\x1bb", "a word of 3 characters"),
        ("", "an empty text"),
        (5, "a value of the type int"),
    ],
)
def test_values_that_are_no_path(value: object, kind: str) -> None:
    """A word can be meant as a path; a key, a URL and control characters cannot."""
    assert no_path(value) == kind


@pytest.mark.parametrize(
    "value", [*ODD, FailingText("hunter2")], ids=lambda value: type(value).__name__
)
def test_every_value_can_be_shown(value: object) -> None:
    """No class of the caller's own stops a message, or writes into it."""
    for show in (kind_of, no_path, shown_path, shown_url, shown_value):
        assert len(show(value)) < 100
    assert is_shown_whole(value, shown_value(value)) is (
        type(value) in {float, Decimal}
    )


def test_numbers_that_are_too_long_are_not_shown() -> None:
    """A Decimal or an int of thousands of digits makes no message of that length."""
    for value in (Decimal(10**200), 10**5000):
        assert shown_value(value) in {"a long number", "a large int"}
        assert not is_shown_whole(value, shown_value(value))
    assert is_shown_whole(5, "5")
    assert is_shown_whole("KHR", "'KHR'")
    assert not is_shown_whole("hunter2", "a word of 7 characters")
