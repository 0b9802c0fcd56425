"""
Read the JSON files of a conformance kit, and name the place of every fault.

``load`` of ``kit`` says what the members are; this module checks their kinds.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kesspay._shown import shown_path
from kesspay.errors import InputError


if TYPE_CHECKING:
    import re
    from collections.abc import Sequence
    from pathlib import Path


__all__ = ["Members", "fault", "read_json", "unpacked"]


@dataclass(frozen=True, slots=True)
class Members:
    """
    The members of an object in a kit file, and where it is.

    Args:
        members: by name.
        where: file and place, for messages.
    """

    members: dict[str, Any]
    where: str

    @classmethod
    def of(cls, value: object, where: str, allowed: Sequence[str]) -> Members:
        """Check that a value is an object with no member but the allowed ones."""
        if not isinstance(value, dict):
            raise fault(where, "is no object")
        unknown = sorted(set(value) - set(allowed))
        if unknown:
            raise fault(where, f"has the unknown member {unknown[0]!r}")
        return cls(value, where)

    def text(self, name: str, pattern: re.Pattern[str] | None = None) -> str:
        """Return a member that is a string, and matches."""
        value = self._value(name, str)
        if pattern is not None and not pattern.fullmatch(value):
            raise fault(self.where, f"has a {name!r} that is none: {value[:80]!r}")
        return str(value)

    def word(self, name: str, words: Sequence[str] | frozenset[str]) -> Any:  # noqa: ANN401 - the words are the type
        """Return a member that is one of some words."""
        value = self._value(name, str)
        if value not in words:
            raise fault(self.where, f"has the unknown {name!r} {value[:80]!r}")
        return value

    def number(self, name: str) -> int:
        """Return a member that is an integer from 0 on."""
        value = self._value(name, int)
        if isinstance(value, bool) or value < 0:
            raise fault(self.where, f"has a {name!r} that is no count")
        return int(value)

    def items(self, name: str) -> list[Any]:
        """Return a member that is a list."""
        value: list[Any] = self._value(name, list)
        return value

    def members_of(self, name: str) -> dict[str, Any]:
        """Return a member that is an object."""
        value: dict[str, Any] = self._value(name, dict)
        return value

    def packed(self, name: str) -> bytes:
        """Return bytes from NAME_base64, which NAME must repeat where it is there."""
        raw = unpacked(self.text(f"{name}_base64"), f"{self.where}, {name}_base64")
        if name in self.members and self.text(name).encode() != raw:
            raise fault(self.where, f"has a {name!r} unlike its base64")
        return raw

    def packed_or_none(self, name: str) -> bytes | None:
        """Return such bytes, or None where they are not there."""
        if name in self.members or f"{name}_base64" in self.members:
            return self.packed(name)
        return None

    def _value(self, name: str, kind: type) -> Any:  # noqa: ANN401 - of that kind
        if name not in self.members:
            raise fault(self.where, f"has no {name!r}")
        value = self.members[name]
        if not isinstance(value, kind):
            raise fault(self.where, f"has a {name!r} of another type")
        return value


def fault(where: str, what: str) -> InputError:
    """Build the error for a kit that is damaged."""
    return InputError(
        f"the conformance kit is damaged: {where} {what}. "
        "Next: install kesspay again, or export the kit again."
    )


def unpacked(text: object, where: str) -> bytes:
    """Decode strict base64."""
    if isinstance(text, str):
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise fault(where, "is no base64")


def read_json(folder: Path, name: str) -> Any:  # noqa: ANN401 - any JSON
    """Read a file of the kit as JSON."""
    path = folder / name
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"the conformance kit in {shown_path(folder)} has no {name} that can be "
            f"read: {error.strerror}. Next: name a folder that "
            "`kesspay conformance export` made."
        ) from error
    except ValueError:
        raise fault(name, "is no JSON") from None
