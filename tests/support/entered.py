"""Which files of kesspay a call enters."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import kesspay


if TYPE_CHECKING:
    from types import FrameType


_PACKAGE: Final = Path(kesspay.__file__).parent


class Entered:
    """
    Notes which files of kesspay this thread enters, in order of first entry.

    A file is entered where one of its functions or generators runs.

    Attributes:
        request: the files entered before the first byte of an answer is read.
        answer: the files entered from there on.
    """

    def __init__(self) -> None:
        """Begin with nothing entered."""
        self.request: list[str] = []
        self.answer: list[str] = []
        self._files = self.request

    def __enter__(self) -> Self:
        """Begin to note."""
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        sys.setprofile(None)

    @property
    def files(self) -> list[str]:
        """Each file that was entered, once."""
        return list(dict.fromkeys(self.request + self.answer))

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event != "call" or not path.is_relative_to(_PACKAGE):
            return
        name = path.relative_to(_PACKAGE).as_posix()
        if (name, frame.f_code.co_name) == ("http/exchange.py", "receive"):
            self._files = self.answer
        if name not in self._files:
            self._files.append(name)
