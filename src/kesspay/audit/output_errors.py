"""What a run says where a file of its output cannot be written, or read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kesspay.audit.outputs import Unwritten, why
from kesspay.audit.units import Problem


if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kesspay.audit.inputs import Source


__all__ = ["trouble"]


def trouble(
    error: OSError, out: Path, sources: Iterable[Source], *, is_sealed: bool
) -> Problem:
    """
    Return the problem of a run whose output cannot be written.

    Args:
        error: what went wrong.
        out: folder of the output.
        sources: the inputs.
        is_sealed: whether all verdicts are there, and SHA256SUMS over them.
    """
    name = str(error.filename) if isinstance(error, Unwritten) else str(out)
    kept = "The verdicts are complete" if is_sealed else "What is finished stays"
    again = "continue with --resume"
    if any(source.system is None for source in sources):
        kept, again = "This input cannot be read twice", "begin again with --overwrite"
    words, remedy = why(error)
    return Problem(name, f"{words}. {kept}: {remedy}, then {again}", is_output=True)
