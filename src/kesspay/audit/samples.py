"""A look at the inputs before any work: are the columns there that were named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import pyarrow as pa

from kesspay._shown import shown_value
from kesspay.audit.journals import COLUMNS
from kesspay.audit.options import no_column
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Sequence

    from kesspay.audit.inputs import Source
    from kesspay.audit.options import Options


__all__ = ["check_texts", "id_types"]

_LINES: Final = 100
_BYTES: Final = 1 << 20


def check_texts(sources: Sequence[Source], options: Options) -> None:
    """
    Check that the first lines of texts have the columns.

    Raises:
        InputError: no file of JSON lines has a column that is read; or a log or a
            journal has no such column.
    """
    wanted = [options.column, options.time, options.service, options.request]
    missing = dict.fromkeys(filter(None, (*wanted, *options.ids)))
    depth = 1 + max(name.count(".") for name in missing)
    first: tuple[Source, set[str]] | None = None
    for source in sources:
        if source.kind == "log":
            _check_log(options)
        elif source.kind == "journal":
            for name in options.ids:
                if name not in COLUMNS:
                    raise no_column(name, COLUMNS, source.name)
        elif source.kind == "jsonl" and missing and source.system:
            names = set() if source.problem else _names(source, depth)
            if names:
                missing = dict.fromkeys(name for name in missing if name not in names)
                first = first or (source, names)
    if missing and first is not None:
        source, names = first
        raise no_column(next(iter(missing)), names, source.name)


def _check_log(options: Options) -> None:
    groups = options.pattern().groupindex if options.line_regex else {}
    for name in filter(None, (options.service, options.request, *options.ids)):
        if name not in groups:
            raise InputError(
                "a log has the columns that --line-regex names; it has no group"
                f" {shown_value(name)}"
            )


def _names(source: Source, depth: int) -> set[str]:
    """Return the names of members in the first lines, with dots into objects."""
    try:
        with source.stream() as stream:
            start = bytes(stream.read(_BYTES))
    except (OSError, ValueError):
        # The run names the damage.
        return set()
    found: set[str] = set()
    for line in start.splitlines()[:_LINES]:
        try:
            value = msgspec.json.decode(line)
        except (ValueError, RecursionError):
            continue
        _collect(value, "", depth, found)
    return found


def _collect(value: object, before: str, depth: int, found: set[str]) -> None:
    if not depth or not isinstance(value, dict):
        return
    for name, inner in value.items():
        found.add(f"{before}{name}")
        _collect(inner, f"{before}{name}.", depth - 1, found)


def id_types(options: Options, types: set[tuple[Any, ...]], *, only: bool) -> list[Any]:
    """
    Return the types of the ``--id`` columns of the parts.

    Args:
        options: of the run.
        types: those that the inputs have.
        only: whether all inputs have types; a text has none.

    Returns:
        The type where all inputs have the same, else text.
    """
    if only and len(types) == 1:
        return list(next(iter(types)))
    return [pa.string()] * len(options.ids)
