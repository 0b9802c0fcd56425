"""How the cost grows: with the document, with the key, with threads."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

import kesspay
from bench import loops, rounds
from bench.documents import RESPONSE, sized
from bench.loops import Unmeasurable
from bench.processes import KEYS, PRIVATE
from bench.recipes import canonical_of_text
from kesspay.signing.backend import override


if TYPE_CHECKING:
    from bench.rounds import Loop


__all__ = ["Growth", "Line", "measured"]

SIZES: Final = (100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
BITS: Final = (2048, 3072, 4096)
BATCHES: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 24, 32, 40, 48, 56, 64)
BATCH: Final = 4000


@dataclass(frozen=True)
class Line:
    """
    One line of a chart.

    Attributes:
        name: what grows.
        points: pairs of size, bits or threads, and of what was measured.
    """

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Growth:
    """
    What was found.

    Attributes:
        documents: bytes to nanoseconds of canonicalizing.
        keys: bits to nanoseconds of a whole message, and of raw RSA.
        batches: documents in a call to verified documents a second.
        threads: threads to verified documents a second.
    """

    documents: tuple[Line, ...]
    keys: tuple[Line, ...]
    batches: tuple[Line, ...]
    threads: tuple[Line, ...]


def measured(count: int) -> Growth:
    """
    Measure how the cost grows.

    Args:
        count: rounds of each comparison.
    """
    return Growth(_documents(count), _keys(count), _batches(count), _threads(count))


def _documents(count: int) -> tuple[Line, ...]:
    found: dict[str, list[tuple[float, float]]] = {}
    with override("python") as pure:
        pass
    for size in SIZES:
        text = sized(size)
        canonical = kesspay.canonicalize(text)
        assert canonical == canonical_of_text(text)
        assert canonical == pure.canonicalize_text(text, kesspay.PHP_8, 511)
        todo = {
            "kesspay": rounds.of(kesspay.canonicalize, text),
            "pure Python": rounds.of(
                lambda t: pure.canonicalize_text(t, kesspay.PHP_8, 511), text
            ),
            "json of Python": rounds.of(canonical_of_text, text),
        }
        times = rounds.measure(todo, rounds=max(3, count // 4))
        for name, one in times.items():
            found.setdefault(name, []).append((len(text), one.median))
    return tuple(Line(name, tuple(points)) for name, points in found.items())


def _keys(count: int) -> tuple[Line, ...]:
    found: dict[str, list[tuple[float, float]]] = {}
    for bits in BITS:
        pem = (KEYS / f"rsa-{bits}.pem").read_bytes()
        key = kesspay.PrivateKey.from_pem(pem)
        body = key.signed_body(RESPONSE)
        todo: dict[str, Loop] = {
            "sign": rounds.of(key.signed_body, RESPONSE),
            "verify": rounds.of(key.public_key.verify_document, body),
        }
        with suppress(Unmeasurable):
            todo["raw private"], todo["raw public"] = loops.raw_rsa(pem)
        times = rounds.measure(todo, rounds=max(3, count // 4))
        for name, one in times.items():
            found.setdefault(name, []).append((bits, one.median))
    return tuple(Line(name, tuple(points)) for name, points in found.items())


def _batches(count: int) -> tuple[Line, ...]:
    """Documents verified a second, by how many there are in a call of one thread."""
    pem = PRIVATE.read_bytes()
    found: list[Line] = []
    for name, alone in (("kesspay", False), ("one at a time", True)):
        key = kesspay.PrivateKey.from_pem(pem, openssl_only=alone)
        bodies = [key.signed_body({**RESPONSE, "code": n}) for n in range(BATCHES[-1])]
        todo = {
            str(size): rounds.of(
                lambda some, key=key: key.public_key.verify_documents(some, threads=1),
                bodies[:size],
            )
            for size in BATCHES
        }
        times = rounds.measure(todo, rounds=max(3, count // 4))
        points = tuple((float(n), n * 1e9 / times[str(n)].median) for n in BATCHES)
        found.append(Line(name, points))
    return tuple(found)


def _threads(count: int) -> tuple[Line, ...]:
    key = kesspay.PrivateKey.from_pem(PRIVATE.read_bytes()).public_key
    body = kesspay.PrivateKey.from_pem(PRIVATE.read_bytes()).signed_body(RESPONSE)
    bodies = [body] * BATCH
    most = max(2, os.cpu_count() or 1)
    seconds: dict[int, list[float]] = {n: [] for n in range(1, most + 1)}
    for _ in range(max(3, count // 4)):
        for threads, found in seconds.items():
            start = time.perf_counter()
            statuses = key.verify_documents(bodies, threads=threads)
            found.append(time.perf_counter() - start)
            assert statuses.count(kesspay.VerifyStatus.OK) == BATCH
    points = tuple((float(n), BATCH / median(s)) for n, s in seconds.items())
    return (Line("verified a second", points),)
