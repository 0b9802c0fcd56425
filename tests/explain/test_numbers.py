"""Numbers are written as other programs write them, which they are asked."""

from __future__ import annotations

import json
import shutil
import subprocess
from decimal import localcontext

import pytest

from kesspay.explain.numbers import javascript


NUMBERS = [
    *(
        "0",
        "-0",
        "0.0",
        "-0.0",
        "1",
        "-1",
        "10",
        "1.0",
        "1.5",
        "-0.1",
        "0.1",
        "123.456",
    ),
    *("9007199254740993", "10000000000000003", "9223372036854775808", "1e20", "1e21"),
    *("123456789012345678901234567890", "1.5e300", "1e-5", "1e-6", "1e-7", "1.25e-7"),
    *("5e-324", "1.7976931348623157e308", "1e99", "1e100", "1e101", "0.001", "0.0001"),
    *("4.35", "100", "1200", "1e2", "0.00001234", "99999999999999.99"),
]


def test_javascript_is_asked() -> None:
    """Number::toString of a real Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node is installed")
    program = (
        "for (const t of JSON.parse(require('fs').readFileSync(0)))"
        " console.log(JSON.stringify(JSON.parse(t)));"
    )
    done = subprocess.run(
        [node, "-e", program],
        input=json.dumps(NUMBERS).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    with localcontext() as context:
        # A caller who rounds changes no number.
        context.prec = 2
        assert [javascript(text) for text in NUMBERS] == done.stdout.decode().split()


def test_what_is_no_number_of_javascript() -> None:
    """JSON.stringify has no infinite numbers."""
    assert javascript("1e999") == "null"
