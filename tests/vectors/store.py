"""The files of vectors: JSON lines under gzip, with their origin on top."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final


if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["DIRECTORY", "VectorFile", "field"]

DIRECTORY: Final = Path(__file__).resolve().parent

#: No file may be larger than this, in bytes.
_LARGEST: Final = 1_400_000


@dataclass(frozen=True, slots=True)
class VectorFile:
    """
    The content that a file of vectors should have.

    Attributes:
        name: the name in tests/vectors.
        answered_by: the programs that answered, with their versions. Another
            version that gives the same answers does not change the file.
        script: what asked, a path in this repository.
        about: what a row is.
        rows: the rows, each to be written as one line of JSON.
    """

    name: str
    answered_by: str
    script: str
    about: str
    rows: list[Any]

    def difference(self) -> str | None:
        """Return where the stored file differs, or None where it does not."""
        path = DIRECTORY / self.name
        if not path.exists():
            return "is missing"
        # The compressed bytes may differ between versions of zlib; only what
        # they hold counts.
        stored = gzip.decompress(path.read_bytes()).splitlines()
        wanted = self._lines()
        if _origin_of(stored[0]) != _origin_of(wanted[0]):
            return "has another origin"
        for number, (old, new) in enumerate(
            zip(stored[1:], wanted[1:], strict=False), 2
        ):
            if old != new:
                return f"differs in line {number}: {old[:300]!r}, not {new[:300]!r}"
        if len(stored) != len(wanted):
            return f"has {len(stored)} lines, not {len(wanted)}"
        return None

    def write(self) -> None:
        """
        Replace the stored file.

        Raises:
            ValueError: where the file would be too large.
        """
        text = b"".join(line + b"\n" for line in self._lines())
        packed = gzip.compress(text, 9, mtime=0)
        if len(packed) > _LARGEST:
            msg = f"{self.name} would have {len(packed)} bytes"
            raise ValueError(msg)
        (DIRECTORY / self.name).write_bytes(packed)

    def _lines(self) -> list[bytes]:
        origin = {
            "answered_by": self.answered_by,
            "asked_by": f"tests/vectors/generate.py with {self.script}",
            "about": self.about,
            "seeds": "fixed, in tests/vectors/corpus",
            "rows": len(self.rows),
        }
        return [_line(origin), *map(_line, self.rows)]


def _line(row: object) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode()


def _origin_of(line: bytes) -> dict[str, Any]:
    origin: dict[str, Any] = json.loads(line)
    origin.pop("answered_by")
    return origin


def field(name: str, content: bytes) -> dict[str, str]:
    """Return a member for bytes: as text where they are UTF-8, else base64."""
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}


def unique(cases: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Return the cases without those whose content came before."""
    seen: dict[bytes, str] = {}
    for group, content in cases:
        seen.setdefault(content, group)
    return [(group, content) for content, group in seen.items()]
