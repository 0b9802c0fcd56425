"""What a command hands back, and the exit codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.cli.printer import Printer


__all__ = [
    "EXIT_BROKEN_PIPE",
    "EXIT_INTERRUPTED",
    "EXIT_NOT_AUTHENTIC",
    "EXIT_NOT_HELD",
    "EXIT_NOT_SENT",
    "EXIT_NOT_WRITTEN",
    "EXIT_OK",
    "EXIT_REJECTED",
    "EXIT_UNKNOWN",
    "EXIT_USAGE",
    "Outcome",
]

EXIT_OK: Final = 0
EXIT_NOT_AUTHENTIC: Final = 1
#: A check of the doctor failed, or the probe left a question open.
EXIT_NOT_HELD: Final = 1
EXIT_USAGE: Final = 2
#: The gateway said no, and its answer is final.
EXIT_REJECTED: Final = 10
#: Nothing happened: the same command may be given again.
EXIT_NOT_SENT: Final = 11
#: The request may have been carried out. Only a query tells.
EXIT_UNKNOWN: Final = 20
#: No money moved, and standard output does not take the result (EX_IOERR).
EXIT_NOT_WRITTEN: Final = 74
EXIT_INTERRUPTED: Final = 130
#: What a shell reports for a program that SIGPIPE ended.
EXIT_BROKEN_PIPE: Final = 141


def _nothing(_: Printer) -> None:
    """Print nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What came of a command.

    Args:
        command: its name, "keys check".
        data: the fields of the JSON object, besides ``ok``, ``command`` and
            ``warnings``.
        view: prints the same for people.
        exit_code: one of the above.
    """

    command: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    view: Callable[[Printer], None] = _nothing
    exit_code: int = EXIT_OK
