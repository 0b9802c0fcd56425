"""verify_document and signed_body: each refusal, and which comes first."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

import kesspay
from kesspay import (
    CanonicalizationError,
    DocumentRefused,
    InputError,
    InvalidSignature,
    PrivateKey,
    Profile,
    canonicalize,
)
from kesspay.signing import backend as backends
from kesspay.signing.reference import guard
from tests.support.documents import hostile_documents
from tests.support.messages import outcome, signed_text
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend


PEM: Final = (KEYS / "rsa-2048.pem").read_bytes()
OTHER: Final = (KEYS / "other-2048.pem").read_bytes()
LONGER: Final = (KEYS / "rsa-3072.pem").read_bytes()


@pytest.fixture
def key(backend: Backend) -> PrivateKey:
    """Return the private key most tests use."""
    return PrivateKey.from_pem(PEM)


#: 257 keys at the top level, one of which is left open.
MANY_KEYS: Final = (
    " {" + "".join(f'"k{i}":0,' for i in range(255)) + '"%s":1,"sign":"SIGN"}'
)

HONEST: Final[dict[str, str]] = {
    "many keys": MANY_KEYS % "z",
    "many keys, an empty one": MANY_KEYS % "",
    "256 keys, one a number": (MANY_KEYS % "7").replace('"k0":0,', ""),
    "plain": '{"success":true,"data":{"amount":0.50},"sign_type":"RSA2","sign":"SIGN"}',
    "no type": '{"success":true,"sign":"SIGN"}',
    "sign first": '{"sign":"SIGN","b":1,"a":[{}]}',
    "only sign": '{"sign":"SIGN"}',
    "blanks": ' {\n "sign" : "SIGN" ,\t"a" : 1\r}\n',
    "escaped names": '{"sig\\u006e":"SIGN","\\u0073ign_type":"RSA\\u0032","a":1}',
    "list-like": '{"1":"b","0":"a","sign":"SIGN"}',
    "nested signs": '{"a":{"sign":1,"sign_type":"X"},"sign":"SIGN"}',
    "khmer": '{"name":"សុខា 😀 / \\u00e9","sign":"SIGN"}',
    "infinity removed": '{"sign_type":"RSA2","sign":"SIGN","a":{"b":1e308}}',
    "64 levels": '{"a":' + "[" * 63 + "]" * 63 + ',"sign":"SIGN"}',
    "number-like keys": '{"2":1,"10":2,"1a":3,"sign":"SIGN"}',
}


@pytest.mark.parametrize("name", HONEST)
def test_honest(key: PrivateKey, name: str) -> None:
    """An honest message verifies, and its canonical bytes come back."""
    body = signed_text(HONEST[name], key)
    canonical = canonicalize(body)
    public = key.public_key
    for form in (body, body.decode(), bytearray(body), memoryview(body)):
        assert public.verify_document(form) == canonical


@pytest.mark.parametrize("name", HONEST)
def test_slashes_escaped(key: PrivateKey, name: str) -> None:
    """The sign may be written with escapes, as every JSON string."""
    body = signed_text(HONEST[name], key)
    sign = str(json.loads(body).get("sign"))
    canonical = canonicalize(body)
    for spelling in (
        sign.replace("/", "\\/"),
        "".join(f"\\u{ord(char):04X}" for char in sign),
    ):
        escaped = body.replace(sign.encode(), spelling.encode())
        assert key.public_key.verify_document(escaped) == canonical


#: name: (text, reason, position). SIGN is a right signature where the text has a
#: canonical form.
DOCUMENTS: Final[dict[str, tuple[str, str, int]]] = {
    "empty": ("", "syntax", 0),
    "cut": ('{"sign":"SIGN"', "syntax", 14),
    "more": ('{"sign":"SIGN"}x', "syntax", 15),
    "control": ('{"a":"\n","sign":"SIGN"}', "control", 6),
    "escape": ('{"a":"\\x","sign":"SIGN"}', "escape", 6),
    "surrogate": ('{"a":"\\ud800","sign":"SIGN"}', "surrogate", 6),
    "surrogate in str": ('{"é":"\ud800"}', "surrogate", 7),
    "depth": ('{"a":' + "[" * 64 + "]" * 64 + "}", "depth", 68),
    "scalar": (' "SIGN"', "top_level", 1),
    "null": ("null", "top_level", 0),
    "array": (' [{"sign":"SIGN"}]', "not_object", 1),
    "empty array": ("\n\t[]", "not_object", 2),
    "duplicate": ('{"a":1,"a":1,"sign":"SIGN"}', "duplicate", 7),
    "duplicate escaped": (
        '{"a":1,"\\u0061":1,"sign":"SIGN"}',
        "duplicate",
        7,
    ),
    "duplicate deep": (
        '{"a":[{"b":{"c":1,"d":2,"c":3}}],"sign":"SIGN"}',
        "duplicate",
        24,
    ),
    "duplicate sign": (
        '{"sign":"SIGN","sign":"SIGN"}',
        "duplicate",
        15,
    ),
    "duplicate in sign": (
        '{"sign":{"a":1,"a":2}}',
        "duplicate",
        15,
    ),
    "many keys, one a number": (MANY_KEYS % "7", "order", 1),
    "many keys, one like a number": (MANY_KEYS % "-x", "order", 1),
    "many keys, one with a blank": (MANY_KEYS % "\\u000b", "order", 1),
    "many keys, one twice": (
        MANY_KEYS % 'k3":0,"7',
        "duplicate",
        MANY_KEYS.index("%") - 1,
    ),
    "earliest duplicate": (
        '{"a":{"x":1,"x":2},"a":2,"sign":"SIGN"}',
        "duplicate",
        12,
    ),
    "infinite": ('{"a":1e999,"sign":"SIGN"}', "infinite", 5),
    "negative infinite": ('{"a":[-1e999],"b":1e999}', "infinite", 6),
}

ZEROS: Final = base64.b64encode(bytes(256)).decode()
ONES: Final = base64.b64encode(b"\xff" * 256).decode()
LONGER_SIGN: Final = base64.b64encode(bytes(257)).decode()
#: reason: texts.
SIGNATURES: Final[dict[str, list[str]]] = {
    "sign_type": [
        '{"sign":"SIGN","sign_type":"RSA"}',
        '{"sign":"SIGN","sign_type":"rsa2"}',
        '{"sign":"SIGN","sign_type":"RSA2 "}',
        '{"sign":"SIGN","sign_type":""}',
        '{"sign":"SIGN","sign_type":null}',
        '{"sign":"SIGN","sign_type":["RSA2"]}',
        '{"sign":"SIGN","sign_type":1e999}',
    ],
    "sign_missing": [
        '{"a":1}',
        "{}",
        '{"a":{"sign":"SIGN"}}',
        '{"Sign":"SIGN"}',
    ],
    "sign_not_string": [
        '{"sign":null}',
        '{"sign":1}',
        '{"sign":1e999}',
        '{"sign":["SIGN"]}',
        '{"sign":true}',
    ],
    "sign_base64": [
        '{"sign":"SIGN "}',
        '{"sign":"SIGN\\n"}',
        '{"sign":"SIGN\\u0000"}',
        '{"sign":"SIGN="}',
        '{"sign":"ab-_"}',
        '{"sign":"ab=="}',
        '{"sign":"===="}',
        '{"sign":"SIGNé"}',
        '{"sign":"SIGN\\\\/"}',
    ],
    "sign_length": [
        '{"sign":""}',
        '{"sign":"AAAA"}',
        f'{{"sign":"{LONGER_SIGN}"}}',
    ],
    "mismatch": [
        f'{{"sign":"{ZEROS}"}}',
        f'{{"sign":"{ONES}"}}',
    ],
}
REFUSED: Final[list[tuple[str, str, int | None]]] = [
    *DOCUMENTS.values(),
    *((text, reason, None) for reason, texts in SIGNATURES.items() for text in texts),
]


@pytest.mark.parametrize(("text", "reason", "position"), REFUSED)
def test_refused(key: PrivateKey, text: str, reason: str, position: int | None) -> None:
    """Every refusal has its reason, and its position where it lies in the text."""
    try:
        sign = key.sign(canonicalize(text))
    except CanonicalizationError:
        sign = bytes(256)
    body: bytes | str = text
    if reason != "surrogate":
        written = base64.b64encode(sign).decode()
        body = text.replace("SIGN", written).encode()
        if position is not None:
            before = text[:position].count("SIGN")
            position += before * (len(written) - len("SIGN"))
    expected = (
        ("InvalidSignature", reason)
        if position is None
        else ("DocumentRefused", reason, position)
    )
    assert outcome(key.public_key, body) == expected


#: Faults in the order in which they are found.
ORDER: Final[list[tuple[str, str]]] = [
    ("syntax", ',"z":tru'),
    ("duplicate", ',"z":1,"z":1'),
    ("infinite", ',"y":1e999'),
    ("sign_type", ',"sign_type":"RSA"'),
    ("sign_not_string", ',"sign":1'),
]


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_order(key: PrivateKey, first: int) -> None:
    """Of several faults the first one in the list is reported."""
    faults = ORDER[first:]
    # The later a fault comes in the list, the earlier it stands in the text.
    text = '{"a":1' + "".join(part for _, part in reversed(faults)) + "}"
    assert faults[0][0] == outcome(key.public_key, text)[1]


def test_order_of_sign(key: PrivateKey) -> None:
    """A sign is judged by type, alphabet, length and fit, in this order."""
    long = base64.b64encode(bytes(300)).decode()
    for text, reason in (
        ('{"sign_type":1}', "sign_type"),
        ('{"sign_type":1,"sign":"!"}', "sign_type"),
        (f'{{"sign":"{long}!"}}', "sign_base64"),
        (f'{{"sign":"{long}"}}', "sign_length"),
    ):
        assert outcome(key.public_key, text) == ("InvalidSignature", reason)


def test_malformed_utf8(key: PrivateKey) -> None:
    """Malformed UTF-8 is refused, with the place where it starts."""
    body = b'{"a":"\xc0\xaf","sign":""}'
    assert outcome(key.public_key, body) == ("DocumentRefused", "utf8", 6)


@pytest.mark.parametrize("depth", [1, 2, 64, 511])
def test_max_depth(key: PrivateKey, depth: int) -> None:
    """As many levels as max_depth says are allowed, and not one more."""
    for levels in (depth, depth + 1):
        inner = "[" * (levels - 1) + "]" * (levels - 1) or "1"
        text = f'{{"a":{inner},"sign":"SIGN"}}'
        try:
            body = signed_text(text, key)
        except CanonicalizationError:
            body = text.encode()
        result = outcome(key.public_key, body, max_depth=depth)
        if levels == depth:
            assert result == (canonicalize(body),)
        else:
            assert result == ("DocumentRefused", "depth", 4 + depth)


def test_wrong_key(key: PrivateKey) -> None:
    """A message that another key signed is refused."""
    other = PrivateKey.from_pem(OTHER)
    longer = PrivateKey.from_pem(LONGER)
    text = '{"a":1,"sign":"SIGN"}'
    assert outcome(key.public_key, signed_text(text, other))[1] == "mismatch"
    assert outcome(key.public_key, signed_text(text, longer))[1] == "sign_length"
    assert outcome(longer.public_key, signed_text(text, key))[1] == "sign_length"


PROFILES: Final = [
    Profile(),
    Profile(serialize_precision=17),
    Profile(unescaped_slashes=True),
    Profile(unescaped_unicode=True),
    Profile(17, True, True, "8.0"),  # noqa: FBT003 - as it is called
    Profile(ksort="7"),
]
PARAMETERS: Final[dict[str, Any]] = {
    "b": "សុខា / \u2028 \x7f",
    "amount": 0.1,
    "decimal": Decimal("0.50"),
    "nested": {"z": [1, None, True, {}], "a": {"0": 1, "1": 2}},
    "7": 1,
    "x": "y",
}


@pytest.mark.parametrize("profile", PROFILES, ids=repr)
def test_profile(key: PrivateKey, profile: Profile) -> None:
    """Signing and verifying follow the profile, and no other."""
    body = key.signed_body(PARAMETERS, profile=profile)
    canonical = canonicalize(PARAMETERS, profile=profile)
    assert key.public_key.verify_document(body, profile=profile) == canonical
    sign = json.loads(body)["sign"]
    assert key.sign_document(PARAMETERS, profile=profile) == sign
    assert key.sign_document(body, profile=profile) == sign
    for other in PROFILES:
        if canonicalize(PARAMETERS, profile=other) != canonical:
            assert outcome(key.public_key, body, profile=other)[1] == "mismatch"


@pytest.mark.parametrize("profile", PROFILES, ids=repr)
def test_signed_body(key: PrivateKey, profile: Profile) -> None:
    """A body is the canonical text, then the two members, and nothing else."""
    body = key.signed_body(PARAMETERS, profile=profile)
    canonical = canonicalize(PARAMETERS, profile=profile)
    sign = base64.b64encode(key.sign(canonical)).decode()
    if not profile.unescaped_slashes:
        sign = sign.replace("/", "\\/")
    tail = f',"sign_type":"RSA2","sign":"{sign}"}}'
    assert body == canonical[:-1] + tail.encode()


def test_signed_body_of_nothing(key: PrivateKey) -> None:
    """Without parameters the body holds the two members alone."""
    for nothing in ({}, {"sign_type": "RSA2"}):
        body = key.signed_body(nothing)
        assert list(json.loads(body)) == ["sign_type", "sign"]
        assert key.public_key.verify_document(body) == b"[]"


def test_signed_body_with_type(key: PrivateKey) -> None:
    """Parameters may name the sign_type themselves; the body has it once."""
    body = key.signed_body({"sign_type": "RSA2", "a": 1})
    assert body == key.signed_body({"a": 1})


def _deep(levels: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(levels - 1):
        value = [value]
    return {"a": value}


#: Keys that PHP orders differently when it sorts its own result again: they go
#: round in circles (2 < 10 < "10x" < 2). Found by search.
CIRCULAR: Final = [
    "2z",
    "1e1",
    "8 ",
    "56",
    "11x",
    "2",
    "54",
    "30",
    "7x",
    "12x",
    "10x",
    "5x",
    "3",
    "9",
    "52",
]


#: name: (parameters, reason, path)
UNSIGNABLE: Final[dict[str, tuple[Any, str, str | None]]] = {
    "sign": ({"sign": "x"}, "sign_present", 'params["sign"]'),
    "sign None": ({"a": 1, "sign": None}, "sign_present", 'params["sign"]'),
    "sign_type": ({"sign_type": "RSA"}, "sign_present", 'params["sign_type"]'),
    "sign_type None": ({"sign_type": None}, "sign_present", 'params["sign_type"]'),
    "both": ({"sign_type": 1, "sign": 1}, "sign_present", 'params["sign"]'),
    "list": ({"0": 1}, "not_object", "params"),
    "list of two": ({"1": 1, "0": 1}, "not_object", "params"),
    "list after removal": ({"0": 1, "sign_type": "RSA2"}, "not_object", "params"),
    "negative zero": ({"a": -0.0}, "not_stable", 'params["a"]'),
    "negative zero inside": (
        {"b": [0.0, {"é": [1, -0.0]}]},
        "not_stable",
        'params["b"][1]["\\u00e9"][1]',
    ),
    "negative zero behind": ({"a": [0.5, [1]], "b": -0.0}, "not_stable", 'params["b"]'),
    "negative zero decimal": ({"a": Decimal("-0.0")}, "not_stable", 'params["a"]'),
    "underflow": ({"a": Decimal("-1e-400")}, "not_stable", 'params["a"]'),
    "512 levels": (_deep(512), "not_stable", 'params["a"]' + "[0]" * 510),
    "513 levels": (_deep(513), "depth", 'params["a"]' + "[0]" * 511),
    "no order": (dict.fromkeys(CIRCULAR, 1), "not_stable", "params"),
    "nan": ({"a": float("nan")}, "infinite", 'params["a"]'),
    "infinite": ({"a": [float("-inf")]}, "infinite", 'params["a"][0]'),
    "surrogate": ({"a": "\udc80"}, "surrogate", 'params["a"]'),
    "big": ({"a": 1 << 63}, "range", 'params["a"]'),
    "bytes": ({"a": b"x"}, "type", 'params["a"]'),
    "int key": ({"a": {1: 2}}, "type", None),
    "list of pairs": ([("a", 1)], "type", "params"),
    "text": ('{"a":1}', "type", "params"),
    "none": (None, "type", "params"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSIGNABLE)
def test_unsignable(key: PrivateKey, name: str) -> None:
    """What a gateway would read differently is not signed; the path names the place."""
    parameters, reason, path = UNSIGNABLE[name]
    with pytest.raises(CanonicalizationError) as caught:
        key.signed_body(parameters)
    assert caught.value.reason == reason
    assert caught.value.position is None
    if path is not None:
        assert caught.value.path == path


def test_511_levels(key: PrivateKey) -> None:
    """As many levels as json_decode accepts are signed."""
    body = key.signed_body(_deep(511))
    head, _, _ = body.partition(b',"sign_type"')
    assert key.public_key.verify_document(body, max_depth=511) == head + b"}"


def test_stable_key_sets(key: PrivateKey) -> None:
    """Number-like keys are signed where their order is consistent."""
    for parameters in ({"10": 1, "9": 2, "x": 3}, {"-5": 1, "": 2, "7": 3}):
        body = key.signed_body(parameters)
        assert key.public_key.verify_document(body) == canonicalize(parameters)


# ------------------------------------------------- keys that are held elsewhere


class Elsewhere:
    """A key behind an interface: what an HSM or KMS client looks like."""

    def __init__(self, key: PrivateKey) -> None:
        """Keep the key and count what is asked of it."""
        self._key = key
        self.bits = key.bits
        self.calls = 0

    def sign(self, message: bytes) -> bytes:
        """Sign."""
        self.calls += 1
        return self._key.sign(message)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Verify."""
        self.calls += 1
        self._key.public_key.verify(signature, message)


def test_protocols(key: PrivateKey) -> None:
    """Our keys and keys from elsewhere are Signers and Verifiers."""
    assert isinstance(key, kesspay.Signer)
    assert isinstance(key.public_key, kesspay.Verifier)
    assert isinstance(Elsewhere(key), kesspay.Signer)
    assert isinstance(Elsewhere(key), kesspay.Verifier)
    assert not isinstance(key.public_key, kesspay.Signer)


def test_signer(key: PrivateKey) -> None:
    """A Signer gives the bytes a PrivateKey gives."""
    for signer in (key, Elsewhere(key)):
        body = kesspay.signed_body(signer, PARAMETERS)
        assert body == key.signed_body(PARAMETERS)
        for document in (PARAMETERS, body):
            sign = kesspay.sign_document(signer, document)
            assert sign == key.sign_document(document)


@pytest.mark.parametrize("name", UNSIGNABLE)
def test_signer_guarded(key: PrivateKey, name: str) -> None:
    """A Signer is never asked to sign what a PrivateKey would refuse."""
    parameters, reason, path = UNSIGNABLE[name]
    signer = Elsewhere(key)
    with pytest.raises(CanonicalizationError) as caught:
        kesspay.signed_body(signer, parameters)
    assert caught.value.reason == reason
    if path is not None:
        assert caught.value.path == path
    assert signer.calls == 0


def test_verifier(key: PrivateKey) -> None:
    """A Verifier comes to the verdict of a PublicKey, and only sees what counts."""
    other = Elsewhere(PrivateKey.from_pem(OTHER))
    body = key.signed_body(PARAMETERS)
    verifier = Elsewhere(key)
    assert kesspay.verify_document(verifier, body) == canonicalize(body)
    assert kesspay.verify_document(key.public_key, body) == canonicalize(body)
    with pytest.raises(InvalidSignature):
        kesspay.verify_document(other, body)
    verifier.calls = 0
    with pytest.raises(DocumentRefused):
        kesspay.verify_document(verifier, body.replace(b"{", b'{"b":1,', 1))
    with pytest.raises(InvalidSignature):
        kesspay.verify_document(verifier, b'{"sign":"AAAA"}')
    assert verifier.calls == 0


def test_broken_signer(key: PrivateKey) -> None:
    """A Signer that returns something else than a signature is refused."""
    for answer in (None, b"", b"x" * 255, "x" * 256, bytearray(256)):
        signer = Elsewhere(key)
        signer.sign = lambda _, answer=answer: answer  # type: ignore[method-assign, misc] # replaced for the test
        with pytest.raises(InputError):
            kesspay.signed_body(signer, {})
    for bits in (2047, 8193, "2048", None, True):
        signer = Elsewhere(key)
        signer.bits = bits  # type: ignore[assignment] # that is the test
        with pytest.raises(InputError):
            kesspay.sign_document(signer, {})
        with pytest.raises(InputError):
            kesspay.verify_document(signer, b"{}")


@pytest.mark.parametrize("answer", [False, True, 0, 1, -1, "ok"])
def test_verifier_that_returns(key: PrivateKey, answer: object) -> None:
    """A Verifier that returns its verdict is refused: callers would ignore it."""
    verifier = Elsewhere(key)
    verifier.verify = lambda _, __: answer  # type: ignore[method-assign, assignment] # replaced for the test
    with pytest.raises(InputError):
        kesspay.verify_document(verifier, key.signed_body({}))


@pytest.mark.parametrize("what", [None, "key", b"", object(), 1])
def test_no_key_at_all(what: Any, backend: Backend) -> None:  # noqa: ANN401 - no key
    """What is neither key nor protocol is an InputError."""
    with pytest.raises(InputError):
        kesspay.signed_body(what, {})
    with pytest.raises(InputError):
        kesspay.sign_document(what, {})
    with pytest.raises(InputError):
        kesspay.verify_document(what, b"{}")


# -------------------------------------------------------- both backends agree


def _with_sign(text: bytes, key: PrivateKey) -> bytes:
    """Append a right signature to a document that is an object."""
    head, _, tail = text.rpartition(b"}")
    comma = b"" if head.strip().endswith(b"{") else b","
    draft = head + comma + b'"sign":"SIGN"}' + tail
    try:
        sign = base64.b64encode(key.sign(canonicalize(draft)))
    except CanonicalizationError:
        return draft
    return draft.replace(b"SIGN", sign)


@pytest.mark.thorough
def test_same_verdicts(both_backends: dict[str, Backend]) -> None:
    """Both backends come to the same verdict on hostile bodies, position included."""
    documents = list(hostile_documents(4711, 2000))
    outcomes = {}
    for name in both_backends:
        with backends.override(name):
            key = PrivateKey.from_pem(PEM)
            bodies = documents + [_with_sign(text, key) for text in documents]
            outcomes[name] = [
                (body, outcome(key.public_key, body, max_depth=depth))
                for body in bodies
                for depth in (8, 511)
            ]
    assert outcomes["native"] == outcomes["python"]
    verdicts = {result[1:2] for _, result in outcomes["python"]}
    assert {(), ("syntax",), ("duplicate",), ("depth",), ("infinite",)} <= verdicts
    assert {("not_object",), ("top_level",), ("sign_missing",)} <= verdicts


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"sign":"x"}', "sign_present"),
        (b'{"sign_type":"RSA"}', "sign_present"),
        (b"[1]", "not_object"),
    ],
)
def test_signed_body_of_others(text: bytes, reason: str) -> None:
    """Below the API too, nothing is signed that is no object or has a signature."""
    with pytest.raises(CanonicalizationError) as caught:
        guard.signed_body(lambda _: b"", text, kesspay.PHP_8)
    assert caught.value.reason == reason
