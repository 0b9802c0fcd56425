"""
Explain bodies of the size of real ones: what is soon found, and what nothing explains.

``make bench`` has the goals: 100 ms of CPU for a body with a known mistake, 500 ms for
one that nothing explains. ``pytest bench/bench_explain.py --benchmark-enable`` shows
each body.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from bench import rounds
from kesspay.explain import Explanation, explain
from kesspay.signing.documents import canonicalize
from kesspay.signing.keys import PublicKey
from tests.support.forger import body_of, pkcs1
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from bench.rounds import Loop


ANSWER: Final = (
    '{"success":true,"code":200,"message":"OK","sign_type":"RSA2","data":{'
    '"out_trade_no":"A-1001","receiver":"012345678","amount":30.05,"currency":"USD",'
    '"body":"a/b \\u17d2","status":"SUCCESS","created_at":"2026-01-02T03:04:05"},'
    '"sign":"SIGN"}'
)
RIGHT: Final = canonicalize(ANSWER)


def written_by_python() -> bytes:
    """Write the answer unsorted, as json.dumps does, with a line feed behind it."""
    document = json.loads(ANSWER)
    del document["sign"], document["sign_type"]
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


#: The text that was signed, and what is found.
TEXTS: Final[dict[str, tuple[bytes, tuple[str, ...]]]] = {
    "one mistake": (RIGHT + b"\n", ("end_lf",)),
    "a member left out": (
        RIGHT.replace(b'"message":"OK",', b""),
        ("member_left_out",),
    ),
    "three mistakes": (
        written_by_python(),
        ("order_document", "end_lf", "library_python_utf8"),
    ),
}


#: Bodies that nothing explains, by what makes their search long.
DOCUMENTS: Final[dict[str, str]] = {
    "nothing explains it": ANSWER,
    "nothing explains a long text": json.dumps(
        {**json.loads(ANSWER), "note": "a/b \u17d2 <x>" * 500}
    ),
    "nothing explains a long list": json.dumps(
        {**json.loads(ANSWER), "list": [{"id": n, "rate": n / 8} for n in range(500)]}
    ),
}


def explain_loops() -> dict[str, Loop]:
    """Return loops that explain each body, after what they find was checked."""
    key = PublicKey.from_file(KEYS / "rsa-2048.pub.pem")
    bodies = {
        name: (body_of(ANSWER, pkcs1(text)), codes)
        for name, (text, codes) in TEXTS.items()
    }
    for name, document in DOCUMENTS.items():
        bodies[name] = (body_of(document, pkcs1(b"another text")), ())
    for name, (body, codes) in bodies.items():
        assert explain(body, [key]).mistakes == codes, name
    return {name: rounds.of(explain, body, [key]) for name, (body, _) in bodies.items()}


def quick_loop() -> Loop:
    """Return a loop that names another key, with two keys of a ring and an own one."""
    ring = [PublicKey.from_file(KEYS / f"rsa-{bits}.pub.pem") for bits in (2048, 3072)]
    own = [PublicKey.from_file(KEYS / "other-2048.pub.pem")]
    body = body_of(ANSWER, bytes([1]) * 256)

    def one() -> Explanation:
        return explain(body, ring, own_keys=own, effort="quick")

    assert [finding.code for finding in one().findings] == ["key_other"]
    return rounds.of(one)


@pytest.fixture(scope="module")
def loops() -> dict[str, Loop]:
    """Return them, which explains each body once."""
    return explain_loops()


@pytest.mark.parametrize("name", [*TEXTS, *DOCUMENTS])
def test_an_answer_is_explained(
    loops: dict[str, Loop], name: str, benchmark: BenchmarkFixture
) -> None:
    """One call, with the key at hand."""
    benchmark(loops[name], 1)
