"""The kernel in Spark: verdicts beside the columns to keep, with mapInArrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kesspay.audit.kernel import PLAIN, Kernel
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

    Write it before you count or filter: Spark computes it again for each action. The
    executors need this version of kesspay with the extra [arrow].

    Args:
        df: of Spark.
        ring: the keys.
        body: name of the column of bodies, binary or string.
        time: name of the column of times, or None where windows are not judged.
        keep: names of the columns to keep; ``spark_money`` needs source, row and
            seen_at among them.
        money: return canonical and request_canonical, too, for ``spark_money``.
        request: name of the column of requests, which your own keys verify.
        profile: the PHP settings of the gateway.
    """
    kernel = Kernel(ring, profile)
    own = Kernel(Ring(ring.own), profile) if ring.own and request else None
    kept = list(keep)
    signed = ["canonical", "request_canonical"] if money else []

    def canonical(judge: Kernel | None, texts: Any, found: Any) -> Any:  # noqa: ANN401 - of pyarrow
        if judge is None:
            return pa.nulls(len(texts), pa.binary())
        return judge.canonical(texts, found or judge.verdicts(texts)).cast(pa.binary())

    def verdicts(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            bodies, times = batch.column(body), batch.column(time) if time else None
            found = kernel.verdicts(bodies, times)
            columns = [batch.column(name) for name in kept] + found.cast(PLAIN).columns
            if money:
                columns.append(canonical(kernel, bodies, found))
                requests = batch.column(request) if own else bodies
                columns.append(canonical(own, requests, None))
            yield pa.record_batch(columns, names=[*kept, *PLAIN.names, *signed])

    wanted = dict.fromkeys([*kept, body, *filter(None, (time, request))])
    fields = {field.name: field.dataType.simpleString() for field in df.schema.fields}
    schema = [f"`{name}` {fields[name]}" for name in kept]
    schema += ["verdict string", "status smallint", "`key` string"]
    schema += [f"{name} binary" for name in signed]
    return df.select(*wanted).mapInArrow(verdicts, ", ".join(schema))
