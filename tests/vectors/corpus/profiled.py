"""Documents on which the settings of PHP show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.support import samples
from tests.support.hostile import hostile_documents

from . import examples, numbers


if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Case


__all__ = ["CODES", "TREE_CODES", "cases"]

#: The settings that are asked, as the letters of canon.php.
CODES: Final = ("p", "s", "u", "ps", "su", "psu", "h", "z", "pz", "hz", "hsuz")
#: Those that are asked about trees of parameters as well.
TREE_CODES: Final = ("p", "s", "u", "ps", "su", "psu")


def cases() -> Iterator[Case]:
    """Yield documents to be canonicalised under every code."""
    for message in examples.MESSAGES:
        yield "message", message
    for char in samples.CHARACTERS:
        quoted = samples.plain_quote(f"a{char}b")
        yield "string", f"{{{quoted}:{quoted}}}".encode()
        units = char.encode("utf-16-be").hex()
        escaped = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
        yield "string", f'["{escaped}"]'.encode()
    for raw in samples.BAD_UTF8:
        yield "malformed", b'["' + raw + b'"]'
    for group, text in numbers.texts():
        if group in {"number", "layout"}:
            yield group, f"[{text}]".encode()
    for document in hostile_documents("profiles", 250):
        yield "hostile", document
