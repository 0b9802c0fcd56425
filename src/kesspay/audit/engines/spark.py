"""The kernel in Spark, with mapInArrow: kept columns and verdicts, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kesspay.audit.engines.arguments import check_spark
from kesspay.audit.kernel import PLAIN, Kernel, signed_columns
from kesspay.audit.ring import Ring
from kesspay.signing.profile import PHP_8


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kesspay.signing.profile import Profile


__all__ = ["spark_verdicts"]


def spark_verdicts(
    df: Any,  # noqa: ANN401 - of pyspark, which need not be installed here
    ring: Ring,
    *,
    body: str,
    time: str | None = None,
    keep: Sequence[str] = (),
    money: bool = False,
    request: str | None = None,
    profile: Profile = PHP_8,
) -> Any:  # noqa: ANN401 - of pyspark
    """
    Return a DataFrame of the columns to keep, and of verdict, status and key.

    Write it before you filter: Spark computes it again for each action. Executors need
    the same version of kesspay with the extra ``arrow``.

    Args:
        df: a DataFrame of pyspark.
        ring: the keys.
        body: name of the column of bodies, binary or string.
        time: name of the column of times, or None where windows are not judged.
        keep: names of the columns to keep.
        money: True adds canonical and request_canonical, the bytes that were signed.
            ``spark_facts`` takes them, together with source, row and seen_at.
        request: name of the column of requests, which your own keys verify, or None.
        profile: the PHP settings of the gateway.

    Raises:
        InputError: an argument is of the wrong type.
    """
    check_spark(df, keep, money, body=body, time=time, request=request)
    kernel = Kernel(ring, profile)
    own = Kernel(Ring(ring.own), profile) if money and ring.own else None
    signed = ["canonical", "request_canonical"] if money else []

    def verdicts(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            bodies, times = batch.column(body), batch.column(time) if time else None
            found = kernel.verdicts(bodies, times)
            columns = [batch.column(name) for name in keep] + found.cast(PLAIN).columns
            if money:
                requests = batch.column(request) if request else None
                columns += signed_columns(kernel, own, bodies, found, requests)
            yield pa.record_batch(columns, names=[*keep, *PLAIN.names, *signed])

    wanted = dict.fromkeys([*keep, body, *filter(None, (time, request))])
    fields = {field.name: field.dataType.simpleString() for field in df.schema.fields}
    schema = [f"`{name}` {fields[name]}" for name in keep]
    schema += ["verdict string, status smallint, `key` string"]
    schema += [f"{name} binary" for name in signed]
    return df.select(*wanted).mapInArrow(verdicts, ", ".join(schema))
