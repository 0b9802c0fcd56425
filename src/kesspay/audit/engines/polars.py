"""The kernel in Polars: an expression, which also streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kesspay.audit.arguments import require_column
from kesspay.audit.kernel import PLAIN, Kernel
from kesspay.signing.profile import PHP_8


if TYPE_CHECKING:
    from kesspay.audit.ring import Ring
    from kesspay.signing.profile import Profile


__all__ = ["polars_verdict"]

_RETURNED: Final = pl.Struct(
    {"verdict": pl.String, "status": pl.Int16, "key": pl.String}
)


def polars_verdict(
    body: str, time: str | None = None, *, ring: Ring, profile: Profile = PHP_8
) -> pl.Expr:
    """
    Return an expression, named verdict: a struct of verdict, status and key.

    Args:
        body: name of the column of bodies, Binary, String or Categorical.
        time: name of the column of times, or None where windows are not judged.
        ring: the keys.
        profile: the PHP settings of the gateway.

    Raises:
        InputError: an argument is of the wrong type.
    """
    require_column("body", body)
    if time is not None:
        require_column("time", time)
    kernel = Kernel(ring, profile)

    def verdicts(rows: pl.Series) -> pl.Series:
        bodies = rows.struct.field("body").to_arrow()
        times = rows.struct.field("time").to_arrow() if time else None
        found = kernel.verdicts(bodies, times).cast(PLAIN)
        return pl.Series(found.to_struct_array(), dtype=_RETURNED)

    columns = [pl.col(body).alias("body")]
    if time:
        columns.append(pl.col(time).alias("time"))
    # Without is_elementwise a streaming query would collect the whole column.
    made = pl.struct(columns).map_batches(
        verdicts, return_dtype=_RETURNED, is_elementwise=True
    )
    return made.alias("verdict")
