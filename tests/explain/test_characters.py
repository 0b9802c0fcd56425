"""Characters of values are changed, and nothing else."""

from __future__ import annotations

import subprocess

from kesspay.explain.characters import changed
from kesspay.explain.nodes import read
from tests.conftest import missing
from tests.support.php import find_php


TEXT = '{"e\\u0301<":["e\\u0301<&>\\"\'",{"x":1,"y":null}],"z":true}'


def test_normal_forms_of_values() -> None:
    """Keys, numbers and words stay."""
    one = '{"e\\u0301<":["\\u00e9<&>\\"\'",{"x":1,"y":null}],"z":true}'
    assert changed(read(TEXT), "nfc") == read(one)
    assert changed(read(one), "nfd") == read(TEXT)


def test_entities_are_those_of_php() -> None:
    """The function htmlspecialchars of a real PHP is asked."""
    php = find_php()
    if php is None:
        missing("no PHP 8.2 or later is installed", "KESSPAY_REQUIRE_PHP")
    text = "a<&>\"'&amp; b"
    done = subprocess.run(
        [php, "-r", "echo htmlspecialchars(stream_get_contents(STDIN));"],
        input=text.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert changed(text, "entities") == done.stdout.decode()
