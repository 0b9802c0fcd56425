"""bindings/status.json: the table by which every language names what libkess says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

import kesspay
from kesspay.signing import backend as backends
from kesspay.signing.status import DOCUMENT_STATUS, KEY_STATUS, SIGNATURE_STATUS
from tests.support.vectors import VECTORS


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend


ROOT: Final = Path(__file__).resolve().parents[2]

#: What Python raises without a reason word. The words are those of VerifyStatus,
#: where it has the status.
WITHOUT_REASON: Final = {
    "KESS_ERR_ARGUMENT": ("InputError", "argument"),
    "KESS_ERR_BUFFER": ("BackendError", "buffer"),
    "KESS_ERR_LENGTH": ("InputError", "length"),
    "KESS_ERR_MEMORY": ("BackendError", "memory"),
    "KESS_ERR_CRYPTO": ("BackendError", "crypto"),
}


@pytest.fixture(scope="module")
def table() -> list[dict[str, Any]]:
    """Read the table."""
    text = (ROOT / "bindings/status.json").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


def test_the_statuses_are_those_of_the_header(table: list[dict[str, Any]]) -> None:
    """Every failure of kess.h is there once, with its name and in its order."""
    header = (ROOT / "csrc/include/kess.h").read_text(encoding="utf-8")
    failures = re.findall(r"^ +(KESS_ERR_\w+) = (\d+)", header, re.MULTILINE)
    assert len(failures) > 30
    assert [(row["code"], row["status"]) for row in table] == [
        (name, int(value)) for name, value in failures
    ]


def test_the_words_are_those_of_python(table: list[dict[str, Any]]) -> None:
    """Exceptions and reasons are those of the Python package."""
    for row in table:
        status = row["status"]
        if status in DOCUMENT_STATUS:
            expected = ("CanonicalizationError", DOCUMENT_STATUS[status])
        elif status in SIGNATURE_STATUS:
            expected = ("InvalidSignature", SIGNATURE_STATUS[status])
        elif status in KEY_STATUS:
            expected = ("KeyLoadError", KEY_STATUS[status])
        else:
            expected = WITHOUT_REASON[row["code"]]
        assert (row["exception"], row["reason"]) == expected
        verifying = "DocumentRefused" if status in DOCUMENT_STATUS else None
        assert row.get("verifying") == verifying


#: A document for each reason that a text alone can have.
REFUSED: Final = {
    "syntax": b"{",
    "utf8": b'["\xff"]',
    "control": b'["\x01"]',
    "escape": b'["\\x"]',
    "surrogate": b'["\\ud800"]',
    "depth": b"[" * 600,
    "top_level": b"1",
    "infinite": b"[9e999]",
}


@pytest.mark.parametrize("reason", REFUSED)
def test_libkess_says_what_the_table_says(
    reason: str, table: list[dict[str, Any]]
) -> None:
    """A request holds the words of the table. csrc/tests/test_describe has all rows."""
    native: Any = pytest.importorskip("kesspay._native")
    header = (ROOT / "csrc/include/kess.h").read_text(encoding="utf-8")
    kinds = dict(re.findall(r"KESS_KIND_\w+ = (\d),? +/\* (\w+)", header))
    assert len(kinds) == 6
    [row] = [row for row in table if row["reason"] == reason]
    request = native.ffi.new("kess_request *")
    text = REFUSED[reason]
    assert not native.lib.kess_run(request, native.ffi.NULL, text, len(text))
    words = [
        native.ffi.string(field).decode()
        for field in (request.exception, request.reason, request.name)
    ]
    assert words == [row["exception"], reason, row["code"]]
    assert kinds[str(request.kind)] == row["exception"]
    assert request.status == row["status"]


def test_a_key_error_is_one_statement_in_every_language(
    backends_here: dict[str, Backend],
) -> None:
    """bindings/key_errors.json has what Python says first; each language tests it."""
    shared = json.loads((ROOT / "bindings/key_errors.json").read_text(encoding="utf-8"))
    loaders = {
        "a private key": kesspay.PrivateKey.from_file,
        "a public key": kesspay.PublicKey.from_file,
    }
    assert {row["needed"] for row in shared} == set(loaders)
    for row in shared:
        for name in backends_here:
            with (
                backends.override(name),
                pytest.raises(kesspay.KeyLoadError) as caught,
            ):
                loaders[row["needed"]](VECTORS / "keys" / row["file"])
            said, _, _ = str(caught.value).partition(". Next: ")
            # What follows in brackets is about this reader.
            assert said.partition(" (")[0] == row["message"]


def test_the_exceptions_are_public(table: list[dict[str, Any]]) -> None:
    """Each named exception is one of kesspay."""
    names = {row["exception"] for row in table}
    names |= {row["verifying"] for row in table if "verifying" in row}
    assert names == {
        "BackendError",
        "CanonicalizationError",
        "DocumentRefused",
        "InputError",
        "InvalidSignature",
        "KeyLoadError",
    }
    assert names <= set(kesspay.__all__)
