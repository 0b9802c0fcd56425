"""A recording of traffic with every fault, two keys of the gateway, and its judge."""

from __future__ import annotations

import base64
import functools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from kesspay import InvalidSignature, PrivateKey
from kesspay.audit.ring import Ring, RingKey
from tests.support.rng import Rng
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


__all__ = [
    "FAULTS",
    "RING_TOML",
    "Row",
    "as_json",
    "judged",
    "private",
    "record",
    "ring",
    "write_ring",
]

#: The old key signed until here, the new one from a day earlier.
CHANGE: Final = datetime(2026, 9, 17, tzinfo=UTC)
OVERLAP: Final = timedelta(days=1)
SKEW: Final = timedelta(minutes=5)

RING_TOML: Final = """\
skew = "5m"
[[key]]
name = "kess-2025"
file = "old.pem"
until = 2026-09-17T00:00:00Z
[[key]]
name = "kess-2026"
file = "new.pem"
from = 2026-09-16T00:00:00Z
[[own]]
name = "us"
file = "us.pem"
"""


@functools.cache
def private(name: str) -> PrivateKey:
    """Return the private half of a key of the ring."""
    files = {
        "kess-2025": "rsa-2048.pem",
        "kess-2026": "rsa-3072.pem",
        "us": "other-2048.pem",
        "stranger": "rsa-4096.pem",
    }
    return PrivateKey.from_pem((KEYS / files[name]).read_bytes())


def ring() -> Ring:
    """Return the ring of the recording."""
    return Ring(
        keys=(
            RingKey("kess-2025", private("kess-2025").public_key, until=CHANGE),
            RingKey(
                "kess-2026", private("kess-2026").public_key, since=CHANGE - OVERLAP
            ),
        ),
        own=(RingKey("us", private("us").public_key),),
        skew=SKEW,
    )


def write_ring(folder: Path) -> Path:
    """Write the ring as a user would."""
    names = {"old.pem": "kess-2025", "new.pem": "kess-2026", "us.pem": "us"}
    files = {"kess-2025": "rsa-2048", "kess-2026": "rsa-3072", "us": "other-2048"}
    for file, name in names.items():
        text = (KEYS / f"{files[name]}.pub.pem").read_bytes()
        (folder / file).write_bytes(text)
    path = folder / "ring.toml"
    path.write_text(RING_TOML)
    return path


@dataclass(frozen=True)
class Row:
    """
    One recorded answer.

    Attributes:
        body: as it was recorded.
        at: when, or None where the recorder did not say.
        service: which.
        number: of the row.
        fault: what is wrong with it, "" for nothing.
    """

    body: bytes | None
    at: datetime | None
    service: str
    number: int
    fault: str


def _sign_of(body: bytes) -> bytes:
    start = body.index(b'"sign":"') + 8
    return body[start : body.index(b'"', start)]


def _resigned(body: bytes, sign: bytes) -> bytes:
    return body.replace(_sign_of(body), sign)


def _tampered(body: bytes) -> bytes:
    return body.replace(b'"amount":1', b'"amount":9')


_CHANGES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "tampered": _tampered,
    "unsigned": lambda body: b'{"code":"UNAUTHENTICATED","n":%d}' % len(body),
    "sign not a text": lambda body: body.replace(b'"' + _sign_of(body) + b'"', b"1"),
    "sign no base64": lambda body: _resigned(body, b"%%%"),
    "sign too short": lambda body: _resigned(body, base64.b64encode(bytes(64))),
    "sign of zeros": lambda body: _resigned(body, base64.b64encode(bytes(256))),
    "sign type": lambda body: body.replace(b'"RSA2"', b'"MD5"'),
    "truncated": lambda body: body[:-9],
    "empty": lambda _: b"",
    "a page": lambda _: b"<html>502 Bad Gateway</html>",
    "a key twice": lambda body: b'{"code":0,' + body[1:],
    "not UTF-8": lambda body: body.replace(b"SUCCESS", b"SUCC\xff"),
    "control character": lambda body: body.replace(b"SUCCESS", b"SUC\x01"),
    "escape": lambda body: body.replace(b"SUCCESS", b"\\x"),
    "surrogate": lambda body: body.replace(b"SUCCESS", b"\\ud800"),
    "deep": lambda body: body[:-1] + b',"d":' + b"[" * 100 + b"]" * 100 + b"}",
    "a list": lambda body: b"[" + body + b"]",
    "infinite": lambda body: body[:-1] + b',"i":1e999}',
    "a mark": lambda body: b"\xef\xbb\xbf" + body,
}
FAULTS: Final = (
    *_CHANGES,
    "no body",
    "another key",
    "our own key",
    "too late",
    "too early",
    "no time",
)


@functools.cache
def _bodies(name: str, count: int) -> list[bytes]:
    key = private(name)
    return [
        key.signed_body(
            {
                "code": "SUCCESS",
                "data": {"amount": 100 + n, "note": "ខ្មែរ/é"[: n % 8], "id": f"T-{n}"},
                "amount": 100 + n,
            }
        )
        for n in range(count)
    ]


def record(
    count: int, *, seed: int = 1, bad: float = 0.5, distinct: int = 40
) -> list[Row]:
    """
    Return a recording over four days, around the change of the key.

    Args:
        count: rows.
        seed: of the faults.
        bad: the share of rows with a fault.
        distinct: signed bodies of each key; they repeat.
    """
    rng = Rng(seed)
    start = CHANGE - timedelta(days=2)
    rows = []
    for number in range(count):
        moment = start + timedelta(days=4) * number / count
        at: datetime | None = moment
        name = "kess-2025" if moment < CHANGE - OVERLAP / 2 else "kess-2026"
        fault = rng.choice(FAULTS) if rng.chance(bad) else ""
        if fault == "another key":
            name = "stranger"
        elif fault == "our own key":
            name = "us"
        elif fault == "too late":
            name, at = "kess-2025", CHANGE + SKEW + timedelta(seconds=number)
        elif fault == "too early":
            name, at = "kess-2026", CHANGE - OVERLAP - SKEW - timedelta(seconds=1)
        elif fault == "no time":
            at = None
        body: bytes | None = _bodies(name, distinct)[number % distinct]
        if fault == "no body":
            body = None
        elif fault in _CHANGES:
            body = _CHANGES[fault](_bodies(name, distinct)[number % distinct])
        service = rng.choice(["create.fundTransfer", "confirm.fundTransfer"])
        rows.append(Row(body, at, service, number, fault))
    return rows


def judged(row: Row, keys: Ring) -> tuple[str, int | None, str | None]:
    """Return verdict, status and key of a row by ``verify_document``, one by one."""
    from kesspay.signing.status import status_of

    if row.body is None:
        return "no_body", None, None
    statuses = []
    for one in keys.keys:
        try:
            one.key.verify_document(row.body)
        except InvalidSignature as error:
            statuses.append(status_of(error))
            continue
        early = one.since and row.at and row.at < one.since - keys.skew
        late = one.until and row.at and row.at >= one.until + keys.skew
        return "outside_window" if early or late else "authentic", 0, one.name
    reasons = [status.reason for status in statuses]
    status = next((s for s in statuses if s.reason != "sign_length"), statuses[0])
    if "mismatch" in reasons:
        status = statuses[reasons.index("mismatch")]
    return (
        "unsigned" if status.reason == "sign_missing" else "refused",
        status.value,
        None,
    )


def as_json(row: Row) -> bytes:
    """Return a row as a logger writes it, a line without its end."""
    body = None if row.body is None else row.body.decode("utf-8", "surrogateescape")
    entry = {
        "id": row.number,
        "received_at": row.at and row.at.isoformat().replace("+00:00", "Z"),
        "service": row.service,
        "body": body,
    }
    return json.dumps(entry, ensure_ascii=False).encode("utf-8", "surrogateescape")
