"""Trees of parameters: what a partner's program hands to the signer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.support import samples
from tests.support.hostile import hostile_parameters

from .doubles import SPECIAL
from .numbers import double_of


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["PROFILED", "cases"]

_INF: Final = float("inf")

#: Trees that are asked under every profile as well.
PROFILED: Final[tuple[dict[str, Any], ...]] = (
    {"amount": 0.1, "url": "https://x/y", "name": "\u1780\u17c1\u179f"},
    {"a": "\u2028\u2029\x7f\U0001f600", "b/": [19.99, -0.0, 1e25], "\u00e9": {}},
    {"a": "\u2028\udcff"},
    {"a": {"b": _INF}},
    {"1": 1.1, "0": 100.0, "sign": "\udcff"},
)


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield trees, each with its subject."""
    yield from _requests()
    yield from _values()
    yield from _refused()
    yield from _keys()
    yield from _depth()
    for tree in hostile_parameters("vectors", 800):
        yield "hostile", tree


def _requests() -> Iterator[tuple[str, dict[str, Any]]]:
    for amount in (0.5, 0.1, 19.99, 10, 10.0, 1000000.01, "0.50", 1e-7, 100):
        yield (
            "request",
            {
                "service": "create.unified.fundTransfer",
                "sign_type": "RSA2",
                "out_trade_no": "T-2024/17",
                "receiver_id": "85512345678",
                "sender_name": "Sok Dara \u179f\u17bb\u1781",
                "amount": amount,
                "currency": "USD",
            },
        )
    yield "request", {}
    yield "request", {"sign": "QUJD"}
    yield "request", {"sign_type": "RSA2", "sign": None}


def _values() -> Iterator[tuple[str, dict[str, Any]]]:
    plain: tuple[Any, ...] = (None, True, False, 0, 1, -1, "", [], {}, [[]])
    large = (2**31, 2**53 + 1, 2**63 - 1, -(2**63), -(2**63) + 1)
    for value in (*plain, *large, [{}], {"a": []}, {"0": 1}, {"1": 1}, [1, "1"]):
        yield "value", {"k": value}
        yield "value", {"k": [value, {"n": value}]}
    for bits in SPECIAL:
        yield "double", {"d": double_of(bits), "-d": -double_of(bits)}
    for char in samples.CHARACTERS:
        yield "string", {"s": f"a{char}b"}
        yield "string", {f"a{char}b": [char]}
    for value in range(0x80):
        yield "string", {"s": chr(value)}


def _refused() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what json_encode refuses, and where it does no harm."""
    broken = [raw.decode(errors="surrogateescape") for raw in samples.BAD_UTF8]
    for value in (_INF, -_INF, float("nan"), *broken):
        for tree in (
            {"a": value},
            {"a": [1, {"b": value}], "z": 1},
            {"sign": value},
            {"sign_type": [value], "a": 1},
            {"a": {"sign": value}},
            {"a": 1, "b": {"c": [[value]]}, "sign": value},
        ):
            yield "refused", tree
    for text in broken:
        yield "refused key", {text: 1}
        yield "refused key", {"a": [{f"x{text}": 1}]}
        yield "refused key", {"sign": {text: 1}}
        yield "refused key", {f"sign{text}": 1}


def _keys() -> Iterator[tuple[str, dict[str, Any]]]:
    for key in samples.KEYS:
        yield "key", {"b": 1, key: 2, "5": 3}
        yield "key", {"a": {"1": 1, key: 2, "0": 3}}


def _depth() -> Iterator[tuple[str, dict[str, Any]]]:
    inners: tuple[object, ...] = (1, [], {}, _INF)
    for kind in ("maps", "lists", "both"):
        for depth in (*range(509, 516), 700):
            for inner in inners:
                yield "depth", _nested(kind, depth, inner)
    yield "depth", {"sign": _nested("maps", 600, 1), "a": 1}
    yield "depth", {"a": 1, "sign": _nested("lists", 511, 1)}


def _nested(kind: str, depth: int, inner: object) -> dict[str, Any]:
    """Return a tree in which depth containers are open around inner."""
    tree: Any = inner
    for level in range(depth - 1):
        in_list = kind == "lists" or (kind == "both" and level % 2 == 1)
        tree = [tree] if in_list else {"a": tree}
    return {"a": tree}
