"""
Why a row is not authentic, as far as its status says.

``by_status`` names a cause for each row that failed while it is judged. What triage
finds out later replaces it, row by row, in ``causes.parquet``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kesspay._reasons import DOCUMENT_REASONS, SIGNATURE_REASONS
from kesspay.signing.status import VerifyStatus


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    #: Names the cause of each row of a RecordBatch of failures, while it is judged;
    #: threads call it at the same time. The second argument has the reason of rows
    #: that a reader could not read.
    Examine: TypeAlias = Callable[[Any, Sequence[str | None]], list["Cause"]]


__all__ = ["BASES", "TEXTS", "Cause", "Examine", "by_status", "digest_of"]

#: Where a cause comes from.
BASES: Final = ("status", "proved", "representative")

#: The words of causes that ``kesspay explain --codes`` does not have.
TEXTS: Final[dict[str, str]] = {
    "no_body": "no body was recorded",
    "outside_window": "the signature is right, but its key was not in use at that time",
    "line_syntax": "the line is no JSON object",
    "line_column_twice": "a column occurs twice in the line",
    "line_no_match": "the expression of --line-regex does not fit the line",
    "body_type": "the body is neither a text nor an object",
    "body_encoding": "the body is not in the encoding that --body-encoding names",
    "body_too_long": "the body or its line is longer than --max-body allows",
    "not_judged": "the body was not judged: libcrypto or the memory failed",
    "mismatch": SIGNATURE_REASONS["mismatch"],
    "sign_base64": SIGNATURE_REASONS["sign_base64"],
    "body_order": DOCUMENT_REASONS["order"],
}

_STATUS: Final = BASES[0]
_VERDICT_CAUSES: Final = frozenset({"no_body", "outside_window"})
_NAMES: Final = {status.value: status for status in VerifyStatus}
_NOT_JUDGED: Final = frozenset(
    {VerifyStatus.LENGTH, VerifyStatus.MEMORY, VerifyStatus.CRYPTO}
)


@dataclass(frozen=True, slots=True)
class Cause:
    """
    Why a row is not authentic.

    Attributes:
        code: of ``kesspay explain --codes``, or of ``TEXTS``.
        basis: one of ``BASES``.
        detail: more about it, or "".
        cluster: of failures that have the cause in common, or None.
    """

    code: str
    basis: str = _STATUS
    detail: str = ""
    cluster: int | None = None


def cause_of(verdict: str, status: int | None) -> str:
    """Return the code for a verdict and its status."""
    if verdict in _VERDICT_CAUSES:
        return verdict
    known = _NAMES.get(-1 if status is None else status)
    if known is None or known in _NOT_JUDGED:
        return "not_judged"
    if known.reason in DOCUMENT_REASONS:
        return f"body_{known.reason}"
    return known.reason


def by_status(failing: Any, reasons: Sequence[str | None]) -> list[Cause]:  # noqa: ANN401 - of pyarrow
    """
    Return the cause that the status of each row says.

    Args:
        failing: rows that are not authentic, with the columns of ``failing_schema``
            but those of causes.
        reasons: of rows that a reader could not read, the reason.
    """
    verdicts = failing.column("verdict").to_pylist()
    statuses = failing.column("status").to_pylist()
    return [
        Cause(reason or cause_of(verdict, status))
        for verdict, status, reason in zip(verdicts, statuses, reasons, strict=True)
    ]


def digest_of(body: bytes | None) -> bytes | None:
    """Return the SHA-256 of a body, for ``body_sha256``."""
    return None if body is None else hashlib.new("sha256", body).digest()
