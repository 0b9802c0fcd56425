"""
Read the stored answers of the judges: tests/vectors, one dataclass a row.

Every file is JSON lines, compressed with gzip. Its first line states the
origin (who answered, which script asked, which seed); tests/README.md
describes the rows.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .php_answers import DEFAULT, Answer, Settings
from .trees import decode_tree


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.signing.profile import Profile


__all__ = [
    "KEYS",
    "KEY_PASSWORD",
    "VECTORS",
    "Answer",
    "CanonicalCase",
    "DoubleCase",
    "ParameterCase",
    "Settings",
    "SignatureCase",
    "iter_canonical",
    "iter_doubles",
    "iter_parameters",
    "iter_profiles",
    "iter_signatures",
    "read_origin",
]

VECTORS: Final = Path(__file__).resolve().parent.parent / "vectors"
KEYS: Final = VECTORS / "keys"

#: The password of every encrypted test key.
KEY_PASSWORD: Final = "correct horse"


@dataclass(frozen=True, slots=True)
class CanonicalCase:
    """
    One document and what PHP makes of it.

    Attributes:
        group: what the case is about, for messages and for selecting.
        document: the JSON text, or what pretends to be one.
        settings: the PHP settings that were in force.
        answer: what PHP answered.
    """

    group: str
    document: bytes
    settings: Settings
    answer: Answer

    @property
    def profile(self) -> Profile:
        """The kesspay Profile of the settings."""
        return self.settings.profile


@dataclass(frozen=True, slots=True)
class ParameterCase:
    """
    One tree of parameters and what PHP makes of it.

    Attributes:
        group: what the case is about.
        parameters: the tree as Python values. Bytes of a string that are not
            UTF-8 arrive as lone surrogates, U+DC80 to U+DCFF (PEP 383).
        settings: the PHP settings that were in force.
        answer: what PHP answered; a failure is always "encode".
        removed_fails: PHP accepts the tree only because what it could not
            encode lies in "sign" or "sign_type", which are removed before.
    """

    group: str
    parameters: dict[str, Any]
    settings: Settings
    answer: Answer
    removed_fails: bool

    @property
    def profile(self) -> Profile:
        """The kesspay Profile of the settings."""
        return self.settings.profile


@dataclass(frozen=True, slots=True)
class DoubleCase:
    """
    One double and its JSON text.

    Attributes:
        bits: the 64 bits of the IEEE 754 form.
        value: the double itself.
        shortest: the text under serialize_precision -1; None where PHP
            refuses (infinities and NaN).
        precision_17: the text under serialize_precision 17, or None.
    """

    bits: int
    value: float
    shortest: bytes | None
    precision_17: bytes | None


@dataclass(frozen=True, slots=True)
class SignatureCase:
    """
    One signature over a document.

    Attributes:
        key: the stem of the key files in KEYS: ``{key}.pem`` is the private
            key, ``{key}.pub.pem`` the public one.
        made_by: "php" or "openssl".
        document: JSON text of the signed document, without "sign".
        canonical: the bytes that PHP gives to openssl_sign for it.
        sign: the signature in base64.
        body: the document as a message, "sign_type" and "sign" included.
        valid: what PHP's openssl_verify says of it under ``key`` (exactly 1).
        why: what is wrong where it is not valid.
    """

    key: str
    made_by: str
    document: bytes
    canonical: bytes
    sign: str
    body: bytes
    valid: bool
    why: str


def iter_canonical() -> Iterator[CanonicalCase]:
    """Yield the documents under the default settings of PHP 8.2."""
    for name in ("canonical.jsonl.gz", "ksort.jsonl.gz"):
        for row in _rows(name):
            yield CanonicalCase(
                row["group"], _bytes(row, "document"), DEFAULT, _answer(row)
            )


def iter_profiles() -> Iterator[CanonicalCase]:
    """Yield documents under other settings, and under the ksort of old PHP."""
    for name in ("profiles.jsonl.gz", "ksort_old.jsonl.gz"):
        for row in _rows(name):
            document = _bytes(row, "document")
            for answer in row["answers"]:
                settings = Settings.from_code(answer["settings"])
                yield CanonicalCase(row["group"], document, settings, _answer(answer))


def iter_parameters() -> Iterator[ParameterCase]:
    """Yield trees of parameters, most under the default settings."""
    for row in _rows("parameters.jsonl.gz"):
        settings = Settings.from_code(row.get("settings", ""))
        tree = decode_tree(_bytes(row, "tree"))
        removed_fails = row.get("removed_fails", False)
        yield ParameterCase(row["group"], tree, settings, _answer(row), removed_fails)


def iter_doubles() -> Iterator[DoubleCase]:
    """Yield doubles with their JSON text."""
    for bits, shortest, precision_17 in _rows("doubles.jsonl.gz"):
        raw = bytes.fromhex(bits)
        value: float = struct.unpack(">d", raw)[0]
        yield DoubleCase(
            int.from_bytes(raw, "big"),
            value,
            None if shortest is None else shortest.encode(),
            None if precision_17 is None else precision_17.encode(),
        )


def iter_signatures() -> Iterator[SignatureCase]:
    """Yield signatures made by PHP and by the openssl command."""
    for row in _rows("signatures.jsonl.gz"):
        yield SignatureCase(
            row["key"],
            row["made_by"],
            _bytes(row, "document"),
            row["canonical"].encode(),
            row["sign"],
            _bytes(row, "body"),
            row["valid"],
            row["why"],
        )


def read_origin(name: str) -> dict[str, Any]:
    """Return the first line of a file of vectors: where it comes from."""
    with gzip.open(VECTORS / name, "rb") as lines:
        origin: dict[str, Any] = json.loads(next(lines))
    return origin


def _rows(name: str) -> Iterator[Any]:
    with gzip.open(VECTORS / name, "rb") as lines:
        next(lines)
        yield from map(json.loads, lines)


def _bytes(row: dict[str, Any], field: str) -> bytes:
    """Read bytes that are stored as text where they are UTF-8."""
    if field in row:
        text: str = row[field]
        return text.encode()
    return base64.b64decode(row[f"{field}_base64"], validate=True)


def _answer(row: dict[str, Any]) -> Answer:
    if "ok" in row:
        return Answer(row["ok"].encode())
    failure, code, message = row["error"]
    return Answer(None, failure, code, message)
