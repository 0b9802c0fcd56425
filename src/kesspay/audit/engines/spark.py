"""The kernel in Spark: verdicts beside the columns to keep, with mapInArrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kesspay.audit.kernel import PLAIN, Kernel
from kesspay.signing.profile import PHP_8


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kesspay.audit.ring import Ring
    from kesspay.signing.profile import Profile


__all__ = ["spark_verdicts"]


def spark_verdicts(
    df: Any,  # noqa: ANN401 - of pyspark, which need not be installed here
    ring: Ring,
    *,
    body: str,
    time: str | None = None,
    keep: Sequence[str] = (),
    profile: Profile = PHP_8,
) -> Any:  # noqa: ANN401 - of pyspark
    """
    Return a DataFrame of the columns to keep, and of verdict, status and key.

    Write it before you count or filter: Spark computes it again for each action. The
    executors need this version of kesspay with the extra [arrow].

    Args:
        df: of Spark.
        ring: the keys.
        body: name of the column of bodies, binary or string.
        time: name of the column of times, or None where windows are not judged.
        keep: names of the columns to keep.
        profile: the PHP settings of the gateway.
    """
    kernel = Kernel(ring, profile)
    kept = list(keep)

    def verdicts(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            times = batch.column(time) if time else None
            found = kernel.verdicts(batch.column(body), times).cast(PLAIN)
            columns = [batch.column(name) for name in kept] + found.columns
            yield pa.record_batch(columns, names=[*kept, *PLAIN.names])

    wanted = dict.fromkeys([*kept, body, *([time] if time else [])])
    fields = {field.name: field.dataType.simpleString() for field in df.schema.fields}
    schema = [f"`{name}` {fields[name]}" for name in kept]
    schema += ["verdict string", "status smallint", "`key` string"]
    return df.select(*wanted).mapInArrow(verdicts, ", ".join(schema))
