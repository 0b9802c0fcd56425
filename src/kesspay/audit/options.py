"""What a run reads and how: the options, checked before any work."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from kesspay._checks import require_flag
from kesspay._shown import shown_value
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["ENCODINGS", "FORMATS", "Encoding", "Format", "Options", "no_column"]

Format: TypeAlias = Literal["auto", "parquet", "jsonl", "log", "journal"]
Encoding: TypeAlias = Literal["text", "base64", "hex", "nginx"]

FORMATS: Final[tuple[str, ...]] = get_args(Format)
ENCODINGS: Final[tuple[str, ...]] = get_args(Encoding)

#: Names of columns that a part has itself.
TAKEN: Final = frozenset(
    {
        *("source", "row", "offset", "seen_at", "service", "verdict", "status"),
        *("key", "reencoded", "canonical", "request_canonical"),
    }
)
_TEXTS: Final = ("column", "time", "service", "request", "line_regex", "sql")
_MOST_BODY: Final = 64 << 20
_MOST_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Options:
    """
    What a run reads, and how. The same options give the same bytes.

    Attributes:
        column: column of the bodies; a dot separates the names of nested members.
        time: column of the time at which a body was received; "" for none.
        service: column of the service that was called; "" for none.
        ids: columns that are copied to the verdicts.
        request: column of the request that was sent; "" for none.
        format: format of the files: "parquet", "jsonl", "log" or "journal"; "auto"
            finds it from their names and first bytes.
        line_regex: expression for the lines of a log, with the group ``body`` and
            perhaps ``time``; "" where each line is a body.
        body_encoding: how a log writes a body: "text", "base64", "hex" or "nginx".
        sql: a query of DuckDB that is read in place of files; "" for none.
        max_body: the most bytes that a body may have, 1 to 64 MiB; a longer one is
            ``unreadable``.
        money: True stores the canonical bytes of each body that verified, for the
            checks of the money.
        explain_budget: about how many seconds the search for causes may take after
            all rows are judged, 0 to 86,400.
        show_values: True lets causes and the report show names, phone numbers and
            bodies.

    Raises:
        InputError: an option cannot be used.
    """

    column: str = "body"
    time: str = ""
    service: str = ""
    ids: tuple[str, ...] = ()
    request: str = ""
    format: Format = "auto"
    line_regex: str = ""
    body_encoding: Encoding = "text"
    sql: str = ""
    max_body: int = 1 << 20
    money: bool = False
    explain_budget: float = 60
    show_values: bool = False

    def __post_init__(self) -> None:
        """
        Check the options against each other.

        Raises:
            InputError: one of them cannot be used.
        """
        _check_choice("format", self.format, FORMATS)
        _check_choice("body_encoding", self.body_encoding, ENCODINGS)
        for name in _TEXTS:
            if type(getattr(self, name)) is not str:
                raise InputError(f"{name} must be a text")
        require_flag("money", self.money)
        require_flag("show_values", self.show_values)
        ids: object = self.ids
        if type(ids) is not tuple or not all(type(name) is str for name in ids):
            raise InputError("ids must be the names of columns, as texts")
        if not self.column:
            raise InputError("column needs a name")
        if not all(self.ids):
            raise InputError("ids has an empty text in place of a name")
        if len(set(self.id_names())) != len(self.ids):
            raise InputError(
                "a column is named twice by --id; one whose name a part has itself gets"
                " id_ before it, as id_row"
            )
        if type(self.max_body) is not int or not 1 <= self.max_body <= _MOST_BODY:
            raise InputError("max_body must be 1 byte to 64 MiB")
        budget = self.explain_budget
        if type(budget) not in (int, float) or not 0 <= budget <= _MOST_SECONDS:
            raise InputError("explain_budget must be 0 to 86400 seconds")
        if self.line_regex:
            self.pattern()

    def pattern(self) -> re.Pattern[bytes]:
        """
        Return the expression of a line.

        Raises:
            InputError: it is no expression, or has no group ``body``.
        """
        try:
            # The command line gives bytes that are no UTF-8 as surrogates.
            expression = self.line_regex.encode(errors="surrogateescape")
            pattern = re.compile(expression)
        except UnicodeEncodeError:
            why = "it holds half of a character"
        except re.error as error:
            # Its words may repeat a name of the expression.
            words = re.sub(r"'[^']*'", "a name", error.msg)
            why = f"{words} at character {error.pos}"
        else:
            if "body" in pattern.groupindex:
                return pattern
            why = "it has no group (?P<body>...)"
        raise InputError(f"--line-regex cannot be used: {why}")

    @property
    def longest_line(self) -> int:
        r"""How long a line may be: JSON may write a byte as \u0000."""
        return 6 * self.max_body + (1 << 20)

    def id_names(self) -> list[str]:
        """Return the names of the ``--id`` columns in a part."""
        return [f"id_{name}" if name in TAKEN else name for name in self.ids]

    def described(self) -> dict[str, Any]:
        """Return the options for a manifest."""
        return {**asdict(self), "ids": list(self.ids)}


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(
            f"{name} must be one of {', '.join(choices)}; got {shown_value(value)}"
        )


def no_column(wanted: str, there: Iterable[str], where: str) -> InputError:
    """Return the error for a column that is not there, with those that are close."""
    names = sorted(set(there))
    close = get_close_matches(wanted, names, n=3, cutoff=0.5)
    listed = close or names[:10]
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    if listed and not close:
        hint = f"; it has {', '.join(listed)}"
    shown = shown_value(wanted)
    name = shown if shown.startswith("'") else f"of that name ({shown})"
    return InputError(f"{where} has no column {name}{hint}")
