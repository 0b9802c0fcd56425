"""RSA keys with one wrong part, and the verdict on loading a key file."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from kesspay import KeyLoadError, PrivateKey, PublicKey
from tests.support import keymaker as make
from tests.support.forger import private_key


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


__all__ = ["TAMPERED", "Verdict", "private_numbers", "verdict_of"]

_F4: Final = 65537


@dataclass(frozen=True)
class Verdict:
    """What became of loading a key."""

    reason: str
    found: str = ""
    fingerprint: str = ""


def verdict_of(load: Callable[[], PrivateKey | PublicKey]) -> Verdict:
    """Load a key and return what became of it."""
    try:
        return Verdict("", fingerprint=load().fingerprint)
    except KeyLoadError as error:
        return Verdict(error.reason, error.found)


@cache
def private_numbers(name: str = "rsa-2048") -> dict[str, int]:
    """Return the numbers of a test key."""
    return make.numbers(private_key(name))


def _tampered() -> Iterator[tuple[str, dict[str, int]]]:
    good = private_numbers()
    n, p, q, d = good["n"], good["p"], good["q"], good["d"]
    other = private_numbers("other-2048")
    for name in ("d", "p", "q", "dp", "dq", "q_inverse"):
        for step in (1, 2, -2):
            yield f"{name} {step:+}", {**good, name: good[name] + step}
        yield f"{name} = 0", {**good, name: 0}
        yield f"{name} = 1", {**good, name: 1}
        yield f"{name} of another key", {**good, name: other[name]}
        yield f"{name} huge", {**good, name: good[name] << 9000 | good[name]}
    yield "n of another key", {**good, "n": other["n"]}
    yield "e + 2", {**good, "e": _F4 + 2}
    yield "p = n", {**good, "p": n, "q": 1}
    yield "q = n", {**good, "p": 1, "q": n}
    yield "p and q swapped", {**good, "p": q, "q": p}
    yield "d too long", {**good, "d": d + (p - 1) * (q - 1)}
    # A private exponent that is right for one of the primes only.
    half = d + p - 1
    yield "d right for p", {**good, "d": half, "dq": half % (q - 1)}
    half = d + q - 1
    yield "d right for q", {**good, "d": half, "dp": half % (p - 1)}
    yield "dP too long", {**good, "dp": good["dp"] + p - 1}
    yield "dQ too long", {**good, "dq": good["dq"] + q - 1}
    yield "qInv too long", {**good, "q_inverse": good["q_inverse"] + p}
    yield "composite", composite()
    yield "a short factor", with_short_factor()


def composite() -> dict[str, int]:
    """Return numbers that agree in every way, but p is no prime."""
    q = private_numbers()["q"]
    draw = random.Random(7)
    while True:
        p = draw.getrandbits(1024) | 3 << 1022 | 1
        try:
            d = pow(_F4, -1, (p - 1) * (q - 1))
            inverse = pow(q, -1, p)
        except ValueError:
            continue
        if pow(2, p - 1, p) != 1:
            return {
                "n": p * q, "e": _F4, "d": d, "p": p, "q": q,
                "dp": d % (p - 1), "dq": d % (q - 1), "q_inverse": inverse,
            }  # fmt: skip


def with_short_factor() -> dict[str, int]:
    """Return numbers that agree in every way, but n is 3 q."""
    p, q = 3, private_numbers("rsa-4096")["q"]
    d = pow(_F4, -1, (p - 1) * (q - 1))
    return {
        "n": p * q, "e": _F4, "d": d, "p": p, "q": q,
        "dp": d % (p - 1), "dq": d % (q - 1), "q_inverse": pow(q, -1, p),
    }  # fmt: skip


#: name: the numbers of a key with that fault.
TAMPERED: Final = dict(_tampered())
