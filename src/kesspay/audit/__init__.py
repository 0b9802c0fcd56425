"""
Judge recorded traffic in bulk: ``kesspay audit``, and the kernel in other engines.

``run`` reads recordings of any size, gives every body a verdict and names every
failure; ``Kernel`` is the same in an Arrow column, for Spark, DuckDB and Polars.
The package needs the extra ``kesspay[audit]``, the kernel alone ``kesspay[arrow]``.

A run writes these files to a folder, which ``--out`` names. The same input gives the
same bytes, for any number of threads and after any interruption.

- ``part-000000.parquet``, ...: a file for each unit of work, all with one schema. The
  rows are in the order of the input.
- ``causes.parquet``: a row for each row of the parts that is not authentic, in the same
  order. Its columns: source, row, cause (a code of ``kesspay explain --codes``, or the
  reason word of the status), basis (``status``, ``proved`` or ``representative``),
  detail, cluster (int64, null without one), body_sha256 (binary(32), null without a
  body). The search for causes rewrites this file and no part.
- ``money-findings.parquet``: with ``--money``, a row for each finding. Its columns:
  check, severity (``critical``, ``high`` or ``note``), title, reference, detail,
  source, row.
- ``_manifest.json``: the inputs, the ring, the options, the versions, and what was
  found in each unit.
- ``SHA256SUMS``: the digests of all these files.

A part has these columns:

| column | type | what it holds |
|---|---|---|
| source | dictionary(string) | the input, as the manifest names it |
| row | int64 | the row of Parquet, or the line of a text, from 0 |
| offset | int64, may be null | byte at which the line of a text begins |
| those of ``--id`` | as they came | text, where the input is text |
| seen_at | timestamp(us, UTC) | null without ``--time``, and if it cannot be read |
| service | dictionary(string) | null without ``--service`` |
| verdict | dictionary(string) | see ``Kernel.verdicts`` |
| status | int16 | see there |
| key | dictionary(string) | see there |
| reencoded | bool | the body was a JSON object: a failure may be the logger's |
| canonical | large_binary | with ``--money``: what was signed, if it verified |
| request_canonical | large_binary | the same of ``--request``, by your own keys |

``offset`` is null in Parquet and in compressed files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kesspay._first_use import first_use


if TYPE_CHECKING:
    from kesspay.audit.engines.duckdb import register_duckdb
    from kesspay.audit.engines.polars import polars_verdict
    from kesspay.audit.engines.spark import spark_verdicts
    from kesspay.audit.engines.spark_money import spark_facts, spark_money
    from kesspay.audit.kernel import Kernel
    from kesspay.audit.options import Options
    from kesspay.audit.ring import Ring, RingKey
    from kesspay.audit.runner import Result, run
    from kesspay.audit.target import Hooks, Target


__all__ = [
    "Hooks",
    "Kernel",
    "Options",
    "Result",
    "Ring",
    "RingKey",
    "Target",
    "polars_verdict",
    "register_duckdb",
    "run",
    "spark_facts",
    "spark_money",
    "spark_verdicts",
]

_HOMES: Final[dict[str, str]] = {
    "Hooks": "kesspay.audit.target",
    "Kernel": "kesspay.audit.kernel",
    "Options": "kesspay.audit.options",
    "Result": "kesspay.audit.runner",
    "Ring": "kesspay.audit.ring",
    "RingKey": "kesspay.audit.ring",
    "Target": "kesspay.audit.target",
    "polars_verdict": "kesspay.audit.engines.polars",
    "register_duckdb": "kesspay.audit.engines.duckdb",
    "run": "kesspay.audit.runner",
    "spark_facts": "kesspay.audit.engines.spark_money",
    "spark_money": "kesspay.audit.engines.spark_money",
    "spark_verdicts": "kesspay.audit.engines.spark",
}


# A type checker reads the imports above; to it, another name is an error.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name at its first use."""
        return first_use(__name__, _HOMES, name)
