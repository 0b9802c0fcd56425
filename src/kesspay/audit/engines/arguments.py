"""What is given to the functions for engines, checked before any work."""

from __future__ import annotations

from typing import Any, Final

from kesspay._checks import require_flag
from kesspay.audit.arguments import require, require_column, require_columns


__all__ = ["check_duckdb", "check_spark", "frames_of", "require_frame"]

_DUCKDB: Final = ("create_function", "remove_function", "struct_type")


def check_duckdb(connection: object) -> None:
    """
    Check a connection.

    Raises:
        InputError: it is none.
    """
    require("connection", connection, "a connection of duckdb", *_DUCKDB)


def check_spark(df: object, keep: object, money: object, **columns: object) -> None:
    """
    Check the arguments of ``spark_verdicts``; a column but ``body`` may be None.

    Raises:
        InputError: one of them is of the wrong type.
    """
    require("df", df, "a DataFrame of pyspark", "mapInArrow", "schema")
    require_columns("keep", keep)
    require_flag("money", money)
    for name, column in columns.items():
        if column is not None or name == "body":
            require_column(name, column)


def require_frame(name: str, value: Any) -> Any:  # noqa: ANN401 - of pyspark
    """
    Return a DataFrame.

    Raises:
        InputError: it is none.
    """
    require(name, value, "a DataFrame of pyspark", "sparkSession")
    return value


def frames_of(facts: Any, statement: Any, journal: Any) -> dict[str, Any]:  # noqa: ANN401 - of pyspark
    """
    Return those DataFrames of ``spark_money`` that are there, by name.

    Raises:
        InputError: one is none, or there are no facts.
    """
    frames = {"facts": require_frame("facts", facts)}
    for name, one in {"statement": statement, "journal": journal}.items():
        if one is not None:
            frames[f"{name}_rows"] = require_frame(name, one)
    return frames
