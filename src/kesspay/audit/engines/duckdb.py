"""The kernel in DuckDB: two functions of SQL."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
from duckdb import InvalidInputException

from kesspay.audit.engines.arguments import check_duckdb
from kesspay.audit.kernel import AUTHENTIC, PLAIN, VERDICTS, Kernel, texts_of
from kesspay.signing.profile import PHP_8


if TYPE_CHECKING:
    from kesspay.audit.ring import Ring
    from kesspay.signing.profile import Profile


__all__ = ["register_duckdb"]


def register_duckdb(connection: Any, ring: Ring, profile: Profile = PHP_8) -> None:  # noqa: ANN401 - of duckdb, 1.4 or 2
    """
    Register ``kess_verdict`` and ``kess_verified`` on a connection of DuckDB.

    ``kess_verdict(body, time)`` returns a STRUCT of verdict, status and key;
    ``kess_verified(body, time)`` returns the canonical bytes of an authentic body,
    else NULL. The time may be left out. Write the result of a function to a table
    before you filter by it: DuckDB may evaluate it in WHERE and again in SELECT.
    Functions that were registered before under these names are replaced.

    Args:
        connection: a connection of duckdb.
        ring: the keys.
        profile: the PHP settings of the gateway.

    Raises:
        InputError: an argument is of the wrong type.
    """
    check_duckdb(connection)
    kernel = Kernel(ring, profile)

    def verdict(*columns: Any) -> Any:  # noqa: ANN401 - of pyarrow
        return kernel.verdicts(*columns[:2]).cast(PLAIN).to_struct_array()

    def verified(*columns: Any) -> Any:  # noqa: ANN401 - of pyarrow
        found = kernel.verdicts(*columns[:2])
        good = pc.equal(found.column("verdict"), VERDICTS[AUTHENTIC])
        canonical = kernel.canonical(texts_of(columns[0]), found)
        return pc.if_else(good, canonical, None)

    fields = {"verdict": "VARCHAR", "status": "SMALLINT", "key": "VARCHAR"}
    struct = connection.struct_type(fields)
    # Without types of parameters a text and a BLOB are taken as they are, and a
    # TIMESTAMP is not moved into the zone of the session. DuckDB leaves NULL rows out
    # unless it is asked for them.
    options = {"type": "arrow", "null_handling": "special"}
    made = {"kess_verdict": (verdict, struct), "kess_verified": (verified, "BLOB")}
    for name, (function, kind) in made.items():
        with suppress(InvalidInputException):  # none was registered before
            connection.remove_function(name)
        connection.create_function(name, function, None, kind, **options)
