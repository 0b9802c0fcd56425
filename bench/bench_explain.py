"""
Explain bodies of the size of real ones: what is soon found, and what nothing explains.

Run ``pytest bench/bench_explain.py --benchmark-enable``. Goals: 100 ms for a body with
a known mistake, 500 ms for one that nothing explains, on one core.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.explain import explain
from kesspay.signing.documents import canonicalize
from kesspay.signing.keys import PublicKey
from tests.support.forger import body_of, pkcs1
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


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
    "nothing explains it": (b"another text", ()),
}


@pytest.mark.parametrize("name", TEXTS)
def test_an_answer_is_explained(name: str, benchmark: BenchmarkFixture) -> None:
    """One call, with the key at hand."""
    text, codes = TEXTS[name]
    key = PublicKey.from_file(KEYS / "rsa-2048.pub.pem")
    found = benchmark(explain, body_of(ANSWER, pkcs1(text)), [key])
    assert found.mistakes == codes
