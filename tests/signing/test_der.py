"""Strict DER: what is read, and every way in which bytes are not DER."""

from __future__ import annotations

import random
import subprocess
from typing import Final

import pytest

from kesspay.signing import der
from kesspay.signing.der import DerError, Element
from tests.support import keymaker as make
from tests.support.vectors import KEYS


TWO: Final = make.integer(1) + make.octets(b"xy")


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_lengths(size: int) -> None:
    """An element is read whatever the form of its length, with its tag."""
    data = make.element(der.OCTET_STRING, bytes(size)) + make.NULL
    assert der.children(data) == [
        Element(der.OCTET_STRING, bytes(size)),
        Element(der.NULL, b""),
    ]


def test_children() -> None:
    """Elements come in order; their tags are the shape of what holds them."""
    elements = der.children(TWO)
    assert elements == [Element(der.INTEGER, b"\1"), Element(der.OCTET_STRING, b"xy")]
    assert der.tags(elements) == bytes([der.INTEGER, der.OCTET_STRING])
    assert der.children(b"") == []
    assert der.tags([]) == b""


CHUNKS: Final = make.octets(b"x") + make.octets(b"y")


@pytest.mark.parametrize(
    ("data", "content"),
    [
        (make.sequence(TWO), TWO),
        (b"\x30\x82\0\7" + TWO, TWO),
        (b"\x30\x80" + TWO + b"\0\0", TWO),
        (
            b"\x30\x80\x30\x80" + TWO + b"\0\0\0\0",
            b"\x30\x80" + TWO + b"\0\0",
        ),
        (make.element(0x24, CHUNKS), b"xy"),
        (b"\x24\x80" + CHUNKS + b"\0\0", b"xy"),
        (make.element(0x24, make.element(0x24, CHUNKS)), b"xy"),
    ],
)
def test_loose_children(data: bytes, content: bytes) -> None:
    """The lengths of BER are read, and an OCTET STRING in chunks comes as one."""
    kind = der.SEQUENCE if data[0] == der.SEQUENCE else der.OCTET_STRING
    found = der.loose_children(data + make.NULL)
    assert found == [Element(kind, content), Element(der.NULL, b"")]


@pytest.mark.parametrize(
    "data",
    [
        b"\x30",
        b"\x30\x05\0",
        b"\x30\x82\1",
        b"\x1f\1\0",
        b"\x04\x80\0\0",
        b"\x30\x80",
        b"\x30\x80\x05\0",
        b"\x30\x80" * 20 + b"\0\0" * 20,
    ],
)
def test_no_loose_children(data: bytes) -> None:
    """What is cut off, and what is within one another without an end, is refused."""
    with pytest.raises(DerError):
        der.loose_children(data)


def test_only_sequence() -> None:
    """One SEQUENCE must fill the data exactly."""
    assert der.only_sequence(make.sequence(TWO)) == der.children(TWO)
    for other in (TWO, make.sequence(TWO) + b"\0\0", make.sequence() * 2, b""):
        with pytest.raises(DerError, match="not one SEQUENCE"):
            der.only_sequence(other)


def test_first_element() -> None:
    """What follows the first element is cut off; bytes without one stay whole."""
    data = make.sequence(TWO)
    assert der.first_element(data) == data
    assert der.first_element(data + b"more") == data
    for other in (b"", b"\x30", b"\x30\x05\0", b"\x1f\0"):
        assert der.first_element(other) == other


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x30", "cut off"),
        (b"\x30\x05\0\0", "cut off"),
        (make.octets(b"xy")[:-1], "cut off"),
        (b"\x1f\x01\0", "several bytes"),
        (b"\xbf\x22\x00", "several bytes"),
        (b"\x30\x80\0\0", "cannot be used"),
        (b"\x30\x85\0\0\0\0\1x", "cannot be used"),
        (b"\x30\x82\1", "cannot be used"),
        (b"\x30\x81\x01x", "shortest form"),
        (b"\x30\x82\x00\x80" + bytes(128), "shortest form"),
    ],
)
def test_no_der(data: bytes, why: str) -> None:
    """A length or a tag in any other form is a fault, also inside of an element."""
    with pytest.raises(DerError, match=why):
        der.children(data)
    with pytest.raises(DerError, match=why):
        der.children(TWO + data)
    with pytest.raises(DerError, match=why):
        der.only_sequence(make.sequence(data))


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 256, 65537, 1 << 2047])
def test_integers(value: int) -> None:
    """An INTEGER that is not negative has its value."""
    (element,) = der.children(make.integer(value))
    assert der.integer(element) == value


@pytest.mark.parametrize(
    ("element", "why"),
    [
        (Element(der.OCTET_STRING, b"\1"), "no INTEGER"),
        (Element(der.INTEGER, b""), "no INTEGER"),
        (Element(der.INTEGER, b"\x80"), "negative"),
        (Element(der.INTEGER, b"\xff\xff"), "negative"),
        (Element(der.INTEGER, b"\0\0"), "shortest form"),
        (Element(der.INTEGER, b"\0\x7f"), "shortest form"),
    ],
)
def test_no_integer(element: Element, why: str) -> None:
    """Negative numbers and longer forms are refused."""
    with pytest.raises(DerError, match=why):
        der.integer(element)


@pytest.mark.parametrize(
    "name", ["rsa-2048.pkcs8.der", "rsa-2048.pub.der", "rsa-2048.cert.der"]
)
def test_openssl_sees_the_same(name: str) -> None:
    """The elements of a key file are where `openssl asn1parse` sees them."""
    command = ["openssl", "asn1parse", "-inform", "DER", "-in", str(KEYS / name)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    seen = [line for line in done.stdout.splitlines() if ":d=1 " in line]
    lengths = [int(line.partition(" l=")[2].split()[0]) for line in seen]
    elements = der.only_sequence((KEYS / name).read_bytes())
    assert [len(element.content) for element in elements] == lengths


def test_damaged_bytes() -> None:
    """Damaged DER is read or refused by DerError, and nothing else happens."""
    draw = random.Random(5)
    good = (KEYS / "rsa-2048.pub.der").read_bytes()
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(draw.randrange(1, 4)):
            data[draw.randrange(min(len(data), 40))] = draw.randrange(256)
        try:
            elements = der.children(bytes(data[: draw.randrange(1, len(data))]))
        except DerError:
            continue
        assert all(0 <= element.tag <= 255 for element in elements)
