"""
Both backends against the judges: stored answers, live PHP, and openssl.

An ordinary run compares 4,000 generated documents with live PHP, an exhaustive
one 22,000; ``KESSPAY_LONG=n`` compares n times as many.
``KESSPAY_SEED=n`` repeats a run; without it each run draws another seed, which
every failure names.
"""

from __future__ import annotations

import base64
import json
import os
import random
import secrets
import struct
from decimal import Decimal
from functools import cache
from itertools import chain, islice
from math import isfinite, ldexp
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings

from kesspay import (
    PHP_8,
    CanonicalizationError,
    InvalidSignature,
    PrivateKey,
    PublicKey,
    VerifyStatus,
    canonicalize,
)
from kesspay.signing import backend as backends
from tests.support.documents import (
    documents,
    hostile_documents,
    hostile_parameters,
    parameters,
)
from tests.support.messages import openssl_accepts, openssl_signature
from tests.support.php import Mode, Settings, php_sign, php_verify
from tests.support.vectors import (
    KEYS,
    iter_canonical,
    iter_doubles,
    iter_parameters,
    iter_profiles,
    iter_signatures,
)


if TYPE_CHECKING:
    from collections.abc import Iterable

    from kesspay import Profile
    from kesspay.signing.arguments import Document
    from kesspay.signing.backend import Backend
    from kesspay.signing.profile import Precision
    from tests.support.php import Answer, Php


LONG: Final = max(1, int(os.environ.get("KESSPAY_LONG") or 1))
SEED: Final = int(os.environ.get("KESSPAY_SEED") or secrets.randbits(32))

#: The reasons that belong to each class of PHP's failures.
REASONS: Final[dict[str, frozenset[str]]] = {
    "decode": frozenset({"syntax", "utf8", "control", "escape", "surrogate", "depth"}),
    "type": frozenset({"top_level"}),
    "encode": frozenset({"infinite"}),
}
#: Those of parameters, where "encode" is the only class.
PARAMETER_REASONS: Final = frozenset(
    {"infinite", "surrogate", "depth", "range", "type"}
)


def result_of(
    document: Document, profile: Profile = PHP_8
) -> bytes | tuple[object, ...]:
    """Return the canonical bytes, or everything about the error."""
    try:
        return canonicalize(document, profile=profile)
    except CanonicalizationError as error:
        return (error.reason, error.position, error.path, str(error))


def agrees(result: bytes | tuple[Any, ...], answer: Answer) -> bool:
    """Return whether a result is what PHP answered, or fails where PHP fails."""
    if isinstance(result, bytes):
        return result == answer.canonical
    return bool(answer.failure) and result[0] in REASONS[answer.failure]


def described(document: bytes, **facts: object) -> str:
    """Return what is needed to look at a failure again."""
    shown = base64.b64encode(document[:2000]).decode()
    return f"{facts} seed={SEED} base64={shown}"


# ------------------------------------------------------------ stored answers


def test_canonical(backend: Backend) -> None:
    """Every stored document: PHP's bytes, or an error of PHP's class."""
    count = 0
    for case in iter_canonical():
        result = result_of(case.document)
        assert agrees(result, case.answer), described(case.document, group=case.group)
        count += 1
    assert count >= 5000


def test_profiles(backend: Backend) -> None:
    """The same under other settings of PHP, and as older versions sort."""
    count = 0
    for case in iter_profiles():
        result = result_of(case.document, case.profile)
        assert agrees(result, case.answer), described(
            case.document, settings=case.settings
        )
        count += 1
    assert count >= 3000


def test_parameters(backend: Backend) -> None:
    """Every stored tree of parameters; we refuse besides what PHP would drop."""
    count = 0
    for case in iter_parameters():
        result = result_of(case.parameters, case.profile)
        if isinstance(result, bytes):
            assert result == case.answer.canonical, case
        else:
            assert case.answer.failure or case.removed_fails, (case, result)
            assert result[0] in PARAMETER_REASONS
            assert result[2] is not None
        count += 1
    assert count >= 1000


@pytest.mark.few(2)
@pytest.mark.parametrize("precision", [-1, 17])
def test_doubles(backend: Backend, precision: Precision) -> None:
    """Every stored double has PHP's digits, as a value and as a text."""
    profile = Settings(serialize_precision=precision).profile
    cases = list(iter_doubles())
    assert len(cases) >= 20_000
    finite = [case for case in cases if case.shortest is not None]
    values = [case.value for case in finite]
    texts = [case.shortest if precision == -1 else case.precision_17 for case in finite]
    expected = b'{"a":[' + b",".join(filter(None, texts)) + b"]}"
    assert canonicalize({"a": values}, profile=profile) == expected
    document = '{"a":[' + ",".join(map(repr, values)) + "]}"
    assert canonicalize(document, profile=profile) == expected
    for case in cases:
        if case.shortest is None:
            with pytest.raises(CanonicalizationError):
                canonicalize({"a": case.value}, profile=profile)


def test_signatures(backend: Backend) -> None:
    """What PHP and openssl signed verifies, what they signed wrongly does not."""
    private: dict[str, PrivateKey] = {}
    count = 0
    for case in iter_signatures():
        if case.key not in private:
            pem = (KEYS / f"{case.key}.pem").read_bytes()
            private[case.key] = PrivateKey.from_pem(pem)
        key = private[case.key]
        public = PublicKey.from_pem((KEYS / f"{case.key}.pub.pem").read_bytes())
        assert canonicalize(case.document) == case.canonical
        (status,) = public.verify_documents([case.body])
        if case.valid:
            assert public.verify_document(case.body) == case.canonical
            assert key.sign_document(case.document) == case.sign
            assert status is VerifyStatus.OK
        else:
            with pytest.raises(InvalidSignature) as caught:
                public.verify_document(case.body)
            assert caught.value.reason in ("mismatch", "sign_length"), case.why
            assert status.reason == caught.value.reason
        count += 1
    assert count >= 100


# ------------------------------------------------------------ the two backends


def compare(
    both: dict[str, Backend], found: Iterable[Any], profile: Profile = PHP_8
) -> list[bytes | tuple[Any, ...]]:
    """Check that all backends give one result for each, and return these."""
    cases = list(found)
    results = {}
    for name in both:
        with backends.override(name):
            results[name] = [result_of(case, profile) for case in cases]
    for case, *answers in zip(cases, *results.values(), strict=True):
        shown = case if isinstance(case, bytes) else repr(case).encode()
        assert all(one == answers[0] for one in answers), described(
            shown, profile=profile
        )
    return results["python"]


def test_same_errors(both_backends: dict[str, Backend]) -> None:
    """Reason, position and message of every refusal are the same on both."""
    refused = (case.document for case in iter_canonical() if not case.answer.ok)
    results = compare(both_backends, refused)
    assert not any(isinstance(result, bytes) for result in results)
    assert {result[0] for result in results} == frozenset.union(*REASONS.values())


def test_same_parameter_errors(both_backends: dict[str, Backend]) -> None:
    """So are path, reason and message for parameters."""
    trees = (case.parameters for case in iter_parameters() if not case.answer.ok)
    results = compare(both_backends, trees)
    assert {"infinite", "surrogate", "depth"} <= {result[0] for result in results}


def test_same_positions_everywhere(both_backends: dict[str, Backend]) -> None:
    """A document that is cut off, or damaged, at any place fails at one place."""
    text = (
        '{"a":[1,-2.5e+3,true,false,null],"é":"\\u00e9\\ud83d\\ude00\\n",'
        '"b":{"c":{},"d":[[]]},"\\"":"😀"}'
    ).encode()
    cut = [text[:length] for length in range(len(text))]
    damaged = [
        text[:at] + bytes([byte]) + text[at + 1 :]
        for at in range(len(text))
        for byte in (0, 0x22, 0x2C, 0x5B, 0x5C, 0x80, 0xC3, 0xED, 0xFF, 0x31, 0x75)
    ]
    compare(both_backends, cut + damaged)


# ------------------------------------------------------------ live PHP

#: (settings, share of the documents)
LIVE: Final[list[tuple[Settings, int]]] = [
    (Settings(), 16_000),
    (Settings(serialize_precision=17), 1_500),
    (Settings(unescaped_slashes=True), 1_500),
    (Settings(unescaped_unicode=True), 1_500),
    (Settings(17, unescaped_slashes=True, unescaped_unicode=True), 1_500),
    (Settings(serialize_precision=100), 1_500),
    (Settings(preserve_zero_fraction=True), 1_500),
    (Settings(100, preserve_zero_fraction=True), 1_500),
]


@pytest.mark.few(2)
@pytest.mark.parametrize(("asked", "count"), LIVE, ids=lambda part: str(part)[:40])
def test_live(
    backends_here: dict[str, Backend],
    php: Php,
    asked: Settings,
    count: int,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Generated documents: native, pure and live PHP give one answer."""
    assert sum(share for _, share in LIVE) >= 20_000
    if not whole:
        count //= 10
    for part in range(LONG):
        seed = SEED + part * len(LIVE)
        texts = list(hostile_documents(seed, count))
        results = compare(backends_here, texts, asked.profile)
        answers = php.canonicalize(texts, asked)
        for text, result, answer in zip(texts, results, answers, strict=True):
            assert agrees(result, answer), described(
                text, settings=asked, answer=answer
            )


@cache
def random_doubles(count: int) -> bytes:
    """List doubles of any bits, amounts, whole ones, ties at the hundredth digit."""
    rng = random.Random(SEED)
    values = [-0.0, 0.0, 5e-324, 1.7976931348623157e308, 2.0**63, 1e99, 1e100]
    while len(values) < count:
        (value,) = struct.unpack(">d", rng.randbytes(8))
        values += [value] if isfinite(value) else []
        values.append(rng.randrange(10**11) / 100)
        values.append(float(rng.randrange(10 ** rng.randrange(1, 120))))
        value = ldexp(rng.getrandbits(53) | 1, -rng.randrange(100, 220))
        # A fraction ends with a 5, so 101 digits are a tie.
        values += [value] if len(Decimal(value).as_tuple().digits) == 101 else []
    return ("[" + ",".join(map(repr, values)) + "]").encode()


@pytest.mark.few(2)
@pytest.mark.parametrize("fraction", [False, True])
@pytest.mark.parametrize("precision", [-1, 17, 100])
def test_live_doubles(
    backends_here: dict[str, Backend],
    php: Php,
    precision: Any,  # noqa: ANN401 - a value of the table
    fraction: bool,  # noqa: FBT001 - a value of the table
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Doubles have the digits of live PHP, and a long list of them has room."""
    asked = Settings(precision, preserve_zero_fraction=fraction)
    text = random_doubles(200_000 if whole else 5_000)
    (result,) = compare(backends_here, [text], asked.profile)
    (answer,) = php.canonicalize([text], asked)
    assert agrees(result, answer), SEED
    longest = b"[" + b"9e99," * 20_000 + b"9e99]"
    (grown,) = compare(backends_here, [longest], asked.profile)
    assert (len(grown) > 20 * len(longest)) is (precision == 100)


def test_live_parameters(backends_here: dict[str, Backend], php: Php) -> None:
    """Generated parameters: the same, with errors where PHP has them."""
    trees = list(hostile_parameters(SEED, 2_000 * LONG))
    results = compare(backends_here, trees)
    answers = php.canonicalize_parameters(trees)
    for tree, result, answer in zip(trees, results, answers, strict=True):
        if isinstance(result, bytes):
            assert result == answer.canonical, (SEED, tree)
        elif answer.ok:
            # PHP drops what is in these two without looking at it.
            kept = {k: v for k, v in tree.items() if k not in ("sign", "sign_type")}
            assert isinstance(canonicalize(kept), bytes), (SEED, tree)


def examples(count: int, *, whole: bool) -> settings:
    """Return how many examples there are, of which an ordinary run takes a third."""
    return settings(
        max_examples=count * LONG // (1 if whole else 3),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def test_live_property(
    backends_here: dict[str, Backend],
    php: Php,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """The same for documents that Hypothesis makes, and makes smaller."""

    @examples(150, whole=whole)
    @given(text=documents())
    def check(text: bytes) -> None:
        (result,) = compare(backends_here, [text])
        (answer,) = php.canonicalize([text])
        assert agrees(result, answer)

    check()


@pytest.mark.thorough
def test_live_body_property(
    backends_here: dict[str, Backend],
    php: Php,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """A body that is signed means to PHP what was signed; the rest is refused."""

    @examples(100, whole=whole)
    @given(tree=parameters())
    def check(tree: dict[str, Any]) -> None:
        check_bodies(backends_here, php, [tree])

    check()


@pytest.mark.thorough
def test_live_bodies(backends_here: dict[str, Backend], php: Php) -> None:
    """Bodies are refused exactly where PHP would come to other bytes."""
    refused = check_bodies(backends_here, php, hostile_parameters(SEED + 1, 300 * LONG))
    circles = [_circular(SEED + part) for part in range(100 * LONG)]
    refused += check_bodies(backends_here, php, circles)
    assert "not_stable" in refused


def _circular(seed: int) -> dict[str, Any]:
    """Return parameters whose keys PHP may order differently each time."""
    draw = random.Random(seed)
    numbers = [str(draw.randrange(1, 60)) for _ in range(draw.randrange(4, 20))]
    keys = numbers + [f"{number}x" for number in numbers[::2]] + ["1e1", "8 ", ""]
    draw.shuffle(keys)
    return dict.fromkeys(keys, 1)


def check_bodies(
    both: dict[str, Backend], php: Php, trees: Iterable[dict[str, Any]]
) -> list[str]:
    """Compare what becomes of parameters with PHP; return why some were refused."""
    cases = list(trees)
    outcomes: dict[str, list[tuple[Any, ...]]] = {}
    for name in both:
        with backends.override(name):
            key = PrivateKey.from_pem((KEYS / "rsa-2048.pem").read_bytes())
            outcomes[name] = [body_of(key, tree) for tree in cases]
    assert len({repr(found) for found in outcomes.values()}) == 1
    refused = []
    for tree, (body, reason, *_) in zip(cases, outcomes["python"], strict=True):
        if reason:
            refused.append(reason)
        if body is not None or reason == "not_stable":
            canonical = canonicalize(tree)
            draft = body or _draft(canonical)
            (answer,) = php.canonicalize([draft])
            assert (answer.canonical == canonical) == (body is not None), tree
    return refused


def body_of(key: PrivateKey, tree: dict[str, Any]) -> tuple[Any, ...]:
    """Return the signed body, or everything about the error."""
    try:
        return (key.signed_body(tree), "")
    except CanonicalizationError as error:
        return (None, error.reason, error.path, str(error))


def _draft(canonical: bytes) -> bytes:
    return canonical[:-1] + b',"sign_type":"RSA2","sign":""}'


# ------------------------------------------------------------ signatures, live


@pytest.fixture
def signed(backend: Backend) -> list[bytes]:
    """Return bodies that we signed."""
    key = PrivateKey.from_pem((KEYS / "rsa-2048.pem").read_bytes())
    outcomes = (body_of(key, tree) for tree in hostile_parameters(SEED, 400))
    bodies = [body for body, *_ in outcomes if body is not None]
    assert len(bodies) > 100
    return bodies


@pytest.mark.few(2)
@pytest.mark.parametrize("mode", ["strict", "documented"])
def test_php_accepts_ours(php: Php, signed: list[bytes], mode: Mode) -> None:
    """PHP verifies our bodies, strictly and by the letter of the document."""
    verdicts = php_verify(KEYS / "rsa-2048.pub.pem", signed, mode)
    assert verdicts == [True] * len(signed)
    others = php_verify(KEYS / "other-2048.pub.pem", signed[:20], mode)
    assert others == [False] * 20


@pytest.mark.few(2)
def test_we_accept_php(backend: Backend, php: Php) -> None:
    """We verify what PHP signs, and get the bytes it signed."""
    public = PublicKey.from_pem((KEYS / "rsa-2048.pub.pem").read_bytes())
    key = PrivateKey.from_pem((KEYS / "rsa-2048.pem").read_bytes())
    trees = [
        tree
        for tree in hostile_parameters(SEED, 300)
        if body_of(key, tree)[0] is not None
    ]
    signed = php_sign(KEYS / "rsa-2048.pem", trees)
    for tree, theirs in zip(trees, signed, strict=True):
        assert theirs is not None
        assert canonicalize(tree) == theirs.canonical
        assert key.sign_document(tree) == theirs.sign
        # Nothing but the order of the members may differ from our own body.
        assert sorted(theirs.body) == sorted(key.signed_body(tree))
        try:
            verified = public.verify_document(theirs.body, max_depth=511)
        except InvalidSignature:
            # PHP appends the members itself, and may sort the result otherwise.
            (strict,) = php_verify(KEYS / "rsa-2048.pub.pem", [theirs.body])
            assert strict is not True
        else:
            assert verified == theirs.canonical


def test_openssl_accepts_ours(backend: Backend, signed: list[bytes]) -> None:
    """``openssl dgst -verify`` accepts the sign of a body over its canonical form."""
    for body in islice(signed, 8):
        signature = base64.b64decode(json.loads(body)["sign"])
        assert openssl_accepts(signature, canonicalize(body))
        assert not openssl_accepts(signature, canonicalize(body) + b" ")


def test_we_accept_openssl(backend: Backend) -> None:
    """We verify what the openssl command signs over a canonical form."""
    public = PublicKey.from_pem((KEYS / "rsa-2048.pub.pem").read_bytes())
    texts = chain(hostile_documents(7, 40), [b'{"a":1}'])
    for text in texts:
        result = result_of(text)
        if not isinstance(result, bytes):
            continue
        signature = openssl_signature(result)
        public.verify(signature, result)
