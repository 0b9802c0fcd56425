"""Each reason why a body may not verify is made for real, and must be named."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import InputError
from kesspay.explain.explanation import CODES, explain
from kesspay.explain.mistakes import MISTAKES, Style
from kesspay.explain.report import ValueReport
from kesspay.signing.backend import current
from kesspay.signing.documents import canonicalize
from kesspay.signing.keys import PublicKey
from tests.support.forger import body_of, longest_pss, pkcs1, pss, raw_block
from tests.support.vectors import KEYS, iter_signatures


if TYPE_CHECKING:
    from kesspay.explain.report import Explanation
    from kesspay.signing.backend import Backend


TEMPLATE = (
    '{"success":true,"data":{"amount":0.5,"receiver":"a/b"},"sign_type":"RSA2",'
    '"sign":"SIGN"}'
)
RIGHT = canonicalize(TEMPLATE)
SIGN = base64.b64encode(pkcs1(RIGHT)).decode()
BODY = TEMPLATE.replace("SIGN", SIGN).encode()
NULLLESS = bytes.fromhex("302f300b06096086480165030402010420")


def signed(template: str, text: bytes | None = None) -> bytes:
    """Sign a text, by default the right one, and put it into a document."""
    text = canonicalize(template) if text is None else text
    return body_of(template, pkcs1(text))


def with_sign(sign: object) -> bytes:
    """Put anything where the signature belongs."""
    return TEMPLATE.replace('"SIGN"', json.dumps(sign)).encode()


def zero_stripped() -> bytes:
    """Find a document whose signature starts with a zero byte, and cut it off."""
    for number in range(5000):
        template = f'{{"n":{number},"sign":"SIGN"}}'
        signature = pkcs1(canonicalize(template))
        if signature[0] == 0:
            return body_of(template, signature[1:])
    raise AssertionError


@dataclass(frozen=True)
class Case:
    """A body, how it is explained, and what must be found out."""

    codes: tuple[str, ...]
    body: bytes
    keys: tuple[str, ...] = ("rsa-2048",)
    options: dict[str, Any] = field(default_factory=dict)
    verifies: bool = False

    def explain(self) -> Explanation:
        """Run the case on the backend in use."""
        options = dict(self.options)
        if "own_keys" in options:
            options["own_keys"] = [load(name) for name in options["own_keys"]]
        return explain(self.body, [load(name) for name in self.keys], **options)


def load(name: str) -> PublicKey:
    """Load the public half of a test key with the backend in use."""
    place = (current().name, name)
    if place not in _loaded:
        _loaded[place] = PublicKey.from_file(
            KEYS / f"{name}.pub.pem", dangerously_allow_weak_key=name == "rsa-2048-e3"
        )
    return _loaded[place]


_loaded: dict[tuple[str, str], PublicKey] = {}


OTHER_TEXT = b'{"data":{"amount":0.05,"receiver":"a\\/b"},"success":true}'

CASES = {
    "nothing is wrong": Case((), BODY, verifies=True),
    "the second key of the ring": Case(
        (), BODY, keys=("other-2048", "rsa-2048"), verifies=True
    ),
    # the recording
    "empty": Case(("body_empty",), b" \n"),
    "bom": Case(("body_bom", "body_inside_verifies"), b"\xef\xbb\xbf" + BODY),
    "utf-16": Case(
        ("body_utf16", "body_inside_verifies"), BODY.decode().encode("utf-16")
    ),
    "http and utf-16": Case(
        ("body_http_message", "body_utf16", "body_inside_verifies"),
        b"HTTP/1.1 200 OK\r\n\r\n" + BODY.decode().encode("utf-16"),
    ),
    "a string around a wrong document": Case(
        ("body_encoded_twice", "profile"),
        json.dumps(signed(TEMPLATE, RIGHT.replace(b"\\/", b"/")).decode()).encode(),
    ),
    "html": Case(("body_html",), b"<html></html>"),
    "php": Case(("body_php_message",), b"Warning: x"),
    "form": Case(("body_form",), b"a=b&sign=c"),
    "python": Case(("body_python",), str(json.loads(BODY)).encode()),
    "truncated": Case(("body_truncated",), BODY[:100] + b" \n"),
    "cut in an escape": Case(
        ("body_truncated",), BODY.replace(b"a/b", b"\\ud83d\\u")[:58]
    ),
    "syntax": Case(("body_syntax",), BODY.replace(b":true", b":truth")),
    "control": Case(("body_control",), BODY.replace(b"a/b", b"a\nb")),
    "escape": Case(("body_escape",), BODY.replace(b"a/b", b"a\\xb")),
    "surrogate": Case(("body_surrogate",), BODY.replace(b"a/b", b"\\ud800")),
    "utf8": Case(("body_utf8",), BODY.replace(b"a/b", b"\xff")),
    "scalar": Case(("body_top_level",), b"17"),
    "depth": Case(("body_depth",), b'{"a":' * 65 + b"1" + b"}" * 65),
    "array": Case(("body_not_object",), b"[1]"),
    "duplicate": Case(
        ("body_duplicate", "text_right"),
        signed('{"amount":1000,"sign":"SIGN","amount":0.5}'),
    ),
    "infinite": Case(
        ("body_infinite", "empty"), signed('{"amount":1e999,"sign":"SIGN"}', b"")
    ),
    "infinite and expected": Case(
        ("body_infinite", "sign_missing", "expected_unused"),
        b'{"amount":1e999}',
        options={"expected": b"x"},
    ),
    # the text of sign
    "no sign": Case(("sign_missing",), b'{"a":1}'),
    "unauthenticated": Case(
        ("sign_missing", "unsigned_unauthenticated"),
        b'{"success":false,"error_code":"UNAUTHENTICATED"}',
    ),
    "sign inside data": Case(
        ("sign_missing", "sign_elsewhere"), b'{"data":{"sign":"x"}}'
    ),
    "sign under another name": Case(
        ("sign_missing", "sign_elsewhere"), b'{"Signature ":"x"}'
    ),
    "empty sign": Case(("sign_empty",), with_sign("")),
    "null sign": Case(("sign_not_string",), with_sign(None)),
    "number sign": Case(("sign_not_string",), with_sign(1)),
    "sign_type": Case(("sign_type", "text_right"), BODY.replace(b'"RSA2"', b'"RSA"')),
    "url-safe": Case(
        ("sign_url_safe", "text_right"),
        with_sign(base64.urlsafe_b64encode(pkcs1(RIGHT)).decode()),
    ),
    "wrapped": Case(
        ("sign_whitespace", "text_right"),
        with_sign(base64.encodebytes(pkcs1(RIGHT)).decode()),
    ),
    "form-decoded": Case(
        ("sign_plus_lost", "text_right"), with_sign(SIGN.replace("+", " "))
    ),
    "hexadecimal": Case(("sign_hex", "text_right"), with_sign(pkcs1(RIGHT).hex())),
    "padding": Case(("sign_padding", "text_right"), with_sign(SIGN.rstrip("="))),
    "reversed": Case(
        ("sign_reversed", "text_right"),
        with_sign(base64.b64encode(pkcs1(RIGHT)[::-1]).decode()),
    ),
    "zero stripped": Case(("sign_zero_stripped", "text_right"), zero_stripped()),
    "zero added": Case(
        ("sign_length", "text_right"),
        with_sign(base64.b64encode(b"\0" + pkcs1(RIGHT)).decode()),
    ),
    "cut": Case(
        ("sign_length", "key_size"),
        with_sign(base64.b64encode(pkcs1(RIGHT)[:100]).decode()),
    ),
    # the key
    "another key": Case(("key_other",), BODY, keys=("other-2048",)),
    "other keys": Case(("key_other",), BODY, keys=("other-2048", "rsa-2048-e3")),
    "a key of another size": Case(
        ("sign_length", "key_size"), BODY, keys=("rsa-4096", "rsa-3072")
    ),
    "one's own key": Case(
        ("key_other", "key_own"),
        BODY,
        keys=("other-2048",),
        options={"own_keys": ["other-2048"]},
    ),
    "one's own message": Case(
        ("key_own_signed", "text_right"),
        BODY,
        keys=("other-2048",),
        options={"own_keys": ["rsa-2048"]},
    ),
    "a sandbox with one key": Case(
        ("key_own",), BODY, options={"own_keys": ["rsa-2048"]}, verifies=True
    ),
    # the algorithm
    "sha-1": Case(
        ("digest_sha1", "text_right"),
        body_of(TEMPLATE, pkcs1(RIGHT, algorithm="sha1")),
    ),
    "sha3": Case(
        ("digest_sha3_256", "text_right"),
        body_of(TEMPLATE, pkcs1(RIGHT, algorithm="sha3_256")),
    ),
    "md5": Case(
        ("digest_md5", "text_right"),
        body_of(TEMPLATE, pkcs1(RIGHT, algorithm="md5")),
    ),
    "many changes": Case(
        ("expected_differs", "values_differ", "expected_covered"),
        signed(TEMPLATE, b'{"a":1,"b":2,"c":3}'),
        options={"expected": b'{"a":1,"b":2,"c":3}'},
    ),
    "many wrappings": Case(
        ("body_encoded_twice",),
        json.dumps(json.dumps(json.dumps(json.dumps(BODY.decode())))).encode(),
    ),
    "sha-512 over another text": Case(
        ("digest_sha512", "profile"),
        body_of(TEMPLATE, pkcs1(RIGHT.replace(b"\\/", b"/"), algorithm="sha512")),
    ),
    "pss": Case(("padding_pss", "text_right"), body_of(TEMPLATE, pss(RIGHT))),
    "pss with the longest salt": Case(
        ("padding_pss", "text_right"), body_of(TEMPLATE, longest_pss(RIGHT))
    ),
    "pss with the longest salt over another profile": Case(
        ("padding_pss", "profile"),
        body_of(TEMPLATE, longest_pss(RIGHT.replace(b"\\/", b"/"))),
    ),
    "pss with the longest salt and a line feed": Case(
        ("padding_pss", "end_lf"), body_of(TEMPLATE, longest_pss(RIGHT + b"\n"))
    ),
    "pss with the longest salt over an unknown text": Case(
        ("key_other", "padding_pss"), body_of(TEMPLATE, longest_pss(b"x"))
    ),
    "pss with the longest salt, not searched": Case(
        ("key_other", "padding_pss"),
        body_of(TEMPLATE, longest_pss(RIGHT + b"\n")),
        options={"effort": "quick"},
    ),
    "pss with sha-1": Case(
        ("padding_pss", "digest_sha1", "text_right"),
        body_of(TEMPLATE, pss(RIGHT, algorithm="sha1")),
    ),
    "encrypted hash": Case(
        ("digest_info_missing", "text_right"),
        body_of(TEMPLATE, raw_block(hashlib.sha256(RIGHT).digest())),
    ),
    "no null": Case(
        ("digest_info_null", "text_right"),
        body_of(TEMPLATE, raw_block(NULLLESS + hashlib.sha256(RIGHT).digest())),
    ),
    # the text
    "changed": Case(("value_changed",), signed(TEMPLATE, OTHER_TEXT)),
    "changed, pss": Case(("text_unknown", "padding_pss"), body_of(TEMPLATE, pss(b"x"))),
    "changed, the text is known": Case(
        ("expected_differs", "values_differ", "expected_covered", "value_changed"),
        signed(TEMPLATE, OTHER_TEXT),
        options={"expected": OTHER_TEXT},
    ),
    "changed, with a line break": Case(
        (
            *("expected_differs", "values_differ", "expected_covered"),
            *("expected_newline", "value_changed"),
        ),
        signed(TEMPLATE, OTHER_TEXT),
        options={"expected": OTHER_TEXT + b"\r\n"},
    ),
    "the other side is wrong about its text": Case(
        ("value_changed", "expected_equal", "expected_not_covered"),
        signed(TEMPLATE, OTHER_TEXT),
        options={"expected": RIGHT},
    ),
    "another key, and the text is right": Case(
        ("key_other", "expected_equal", "expected_newline"),
        BODY,
        keys=("other-2048",),
        options={"expected": RIGHT + b"\n"},
    ),
    "another key, and the text is wrong": Case(
        ("key_other", "expected_differs", "library_python_compact"),
        signed('{"a":{},"b":"/","c":"\u00e9","sign":"SIGN"}'),
        keys=("other-2048",),
        options={"expected": b'{"a":{},"b":"/","c":"\\u00e9"}'},
    ),
    "a body as the text": Case(
        ("expected_differs", "expected_is_body", "expected_not_covered"),
        BODY,
        options={"expected": BODY},
        verifies=True,
    ),
    "the right text of a right body": Case(
        ("expected_equal", "expected_covered"),
        BODY,
        options={"expected": RIGHT},
        verifies=True,
    ),
    "no text at all": Case(
        ("expected_differs", "expected_not_covered", "empty"),
        BODY,
        options={"expected": b""},
        verifies=True,
    ),
}

_explained: dict[tuple[str, str], Explanation] = {}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    """Return one case after the other."""
    found: Case = CASES[request.param]
    return found


@pytest.fixture
def found(backend: Backend, case: Case, request: pytest.FixtureRequest) -> Explanation:
    """Return the explanation of the case, made once on each backend."""
    place = (backend.name, request.node.callspec.params["case"])
    if place not in _explained:
        _explained[place] = case.explain()
    return _explained[place]


@pytest.mark.one_in(2)
def test_the_reason_is_named(case: Case, found: Explanation) -> None:
    """Exactly the expected things are found out, and the verdict is right."""
    assert set(case.codes) == {f.code for f in found.findings}
    assert case.verifies == found.verifies
    assert (found.refusal is None) == case.verifies
    assert all(finding.text for finding in found.findings)


def test_three_forms_around_a_body() -> None:
    """As many are taken off as `_LAYERS` says, and what is inside is judged."""
    text = json.dumps(BODY.decode())
    recording = b"HTTP/1.1 200 OK\r\n\r\n" + text.encode("utf-16")
    found = Case((), recording).explain()
    assert [finding.code for finding in found.findings] == [
        *("body_http_message", "body_utf16", "body_encoded_twice"),
        "body_inside_verifies",
    ]


@pytest.mark.one_in(2)
def test_the_verdict_is_that_of_the_guard(case: Case, found: Explanation) -> None:
    """Whatever is found out, only verify_document decides."""
    verdicts = [load(key).verify_documents([case.body])[0].reason for key in case.keys]
    assert found.verifies == ("ok" in verdicts)
    if found.refusal is not None:
        assert found.refusal.reason in verdicts
    if found.verified_by is not None:
        assert verdicts[found.verified_by] == "ok"


@pytest.mark.one_in(2)
def test_causes_come_first_and_nothing_twice(found: Explanation) -> None:
    """A body that does not verify has a cause; the notes come behind."""
    sorts = [finding.sort for finding in found.findings]
    assert sorts == sorted(sorts)
    assert len(set(found.findings)) == len(found.findings)
    if not found.verifies:
        assert sorts[0] == "cause"


@pytest.mark.one_in(2)
def test_every_explanation_is_plain_printable_json(found: Explanation) -> None:
    """Reports survive JSON, and their texts cannot confuse a terminal."""
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain["verifies"] == found.verifies
    assert plain["canonical_sha256"] == found.canonical_sha256
    for finding in found.findings:
        assert (finding.text + finding.advice).isascii()
        assert (finding.text + finding.advice).isprintable()


def test_the_difference_is_that_of_the_signed_text() -> None:
    """Where the signed text was found out, its first other byte is named."""
    key = PublicKey.from_pem((KEYS / "rsa-2048.pub.pem").read_bytes())
    found = explain(signed(TEMPLATE, RIGHT.replace(b"\\/", b"/")), [key])
    assert found.difference is not None
    assert found.difference.position == RIGHT.index(b"\\/")
    assert explain(BODY, [key]).difference is None
    assert explain(signed(TEMPLATE, b"else"), [key], budget=9999).difference is None
    infinite = TEMPLATE.replace("0.5", "1e999")
    text = b'{"data":{"amount":1e999,"receiver":"a\\/b"},"success":true}'
    assert explain(signed(infinite, text), [key], budget=9999).difference is None


def test_the_search_gives_up_at_its_budget() -> None:
    """A caller may allow less work; the same body then has a shorter answer."""
    key = PublicKey.from_pem((KEYS / "rsa-2048.pub.pem").read_bytes())
    body = signed(TEMPLATE, RIGHT + b"\n")
    assert explain(body, [key]).mistakes == ("end_lf",)
    found = explain(body, [key], budget=1000)
    assert (found.mistakes, found.findings[0].code) == ((), "text_unknown")


def test_quick_effort_names_what_is_cheap() -> None:
    """The settings of PHP are found, other mistakes are not looked for."""
    key = PublicKey.from_pem((KEYS / "rsa-2048.pub.pem").read_bytes())
    body = signed(TEMPLATE, RIGHT.replace(b"\\/", b"/"))
    assert explain(body, [key], effort="quick") == explain(body, [key])
    assert explain(BODY, [key], effort="quick").verifies
    found = explain(signed(TEMPLATE, RIGHT + b"\n"), [key], effort="quick")
    assert [f.code for f in found.findings] == ["text_not_searched"]
    with pytest.raises(InputError, match="effort"):
        explain(BODY, [key], effort="some")  # type: ignore[arg-type]  # the fault


def test_what_was_signed_is_proved() -> None:
    """The value that was changed is named, and the one that was signed."""
    key = PublicKey.from_pem((KEYS / "rsa-2048.pub.pem").read_bytes())
    text = RIGHT.replace(b"0.5", b"117.45")
    found = explain(signed(TEMPLATE, text), [key])
    assert not found.verifies
    assert found.changed == ValueReport("data.amount", "117.45", "0.5")
    assert found.as_dict()["changed"]["signed"] == "117.45"
    assert "data.amount was 117.45 when signed" in found.findings[0].text


def test_every_code_is_in_the_list() -> None:
    """Codes that can be printed are described."""
    assert {code for case in CASES.values() for code in case.codes} <= set(CODES)


def test_what_is_read_out_of_a_signature() -> None:
    """Digest, algorithm and key of a signature over another text are reported."""
    found = CASES["changed"].explain()
    assert found.signature is not None
    assert found.signature.digest == hashlib.sha256(OTHER_TEXT).hexdigest()
    assert found.signature.algorithm == "sha256"
    assert found.signature.made_by == 0
    assert found.signature.covers_canonical is False
    unknown = explain(signed(TEMPLATE, b"else"), [load("rsa-2048")], budget=100_000)
    assert hashlib.sha256(b"else").hexdigest() in unknown.findings[0].text
    assert found.canonical == RIGHT
    assert found.canonical_sha256 == hashlib.sha256(RIGHT).hexdigest()


def test_the_report_names_the_keys() -> None:
    """Each key of a ring is recognised: maker, verifier, own."""
    found = explain(
        BODY,
        [load("other-2048"), load("rsa-2048"), load("rsa-4096")],
        own_keys=[load("rsa-4096")],
    )
    assert found.verified_by == 1
    assert [k.verifies for k in found.keys] == [False, True, False]
    assert [k.made_signature for k in found.keys] == [False, True, False]
    assert [k.own for k in found.keys] == [False, False, True]
    assert [k.bits for k in found.keys] == [2048, 2048, 4096]
    assert found.keys[1].fingerprint == load("rsa-2048").fingerprint


def test_the_report_compares_an_expected_text() -> None:
    """The first differing byte and the differing values are reported."""
    found = CASES["changed, the text is known"].explain()
    assert found.expected is not None
    assert found.expected.covered is True
    assert found.expected.difference is not None
    assert found.expected.difference.position == RIGHT.index(b"0.5,") + 2
    [value] = found.expected.values
    assert (value.path, value.ours, value.theirs) == (
        'document["data"]["amount"]',
        "0.5",
        "0.05",
    )


def test_the_report_has_the_positions_of_faults() -> None:
    """A refusal comes with its offset, and the finding with what is there."""
    found = CASES["utf8"].explain()
    assert found.refusal is not None
    assert found.refusal.position == BODY.index(b"a/b")
    assert "\\xff" in found.findings[0].text


def test_a_deep_document_still_has_its_canonical_form() -> None:
    """What only the guard refuses can still be compared with other tools."""
    found = CASES["depth"].explain()
    assert found.canonical == CASES["depth"].body


def test_at_least_one_key_is_needed() -> None:
    """Without a key there is nothing to explain."""
    with pytest.raises(InputError, match="key"):
        explain(BODY, [])


def test_an_argument_of_another_type_is_named() -> None:
    """A key where a list of keys belongs, and the like, is our own error."""
    key = PublicKey.from_pem((KEYS / "rsa-2048.pub.pem").read_bytes())
    wrong: list[tuple[object, object, dict[str, object]]] = [
        (BODY, key, {}),
        (BODY, [key, "key"], {}),
        (BODY, "key", {}),
        (BODY, [key], {"own_keys": key}),
        (BODY, [key], {"own_keys": None}),
        (BODY.decode(), [key], {}),
        (None, [key], {}),
        (BODY, [key], {"expected": "text"}),
        (BODY, [key], {"secret": "text"}),
        (BODY, [key], {"budget": 1.5}),
        (BODY, [key], {"budget": -1}),
        (BODY, [key], {"profile": "8"}),
    ]
    for body, keys, options in wrong:
        with pytest.raises(InputError, match="must be"):
            explain(body, keys, **options)  # type: ignore[arg-type]  # the fault
    found = explain(bytearray(BODY), iter([key]), own_keys={key: 1})  # type: ignore[arg-type]  # buffers and iterables do
    assert found.verifies


#: What the stored signatures have wrong with them, and what must be said.
STORED = {
    "another text": {"text_unknown"},
    "the empty text": {"empty"},
    "another key": {"key_other", "key_size"},
    "sha1": {"digest_sha1"},
    "sha512": {"digest_sha512"},
    "PSS": {"padding_pss"},
    "no DigestInfo": {"digest_info_missing"},
    "DigestInfo without NULL": {"digest_info_null"},
    "first bit": {"key_other"},
    "last bit": {"key_other"},
    "cut": {"sign_length"},
    "longer": {"sign_length"},
    "longer in front": {"sign_length"},
    "reversed": {"sign_reversed"},
    "zeros": {"key_other"},
    "ones": {"key_other"},
    "no bytes": {"sign_empty"},
}


@pytest.mark.usefixtures("backend")
def test_stored_signatures_are_explained() -> None:
    """What openssl made wrongly is named; what it made rightly verifies."""
    seen = set()
    for stored in iter_signatures():
        if stored.key != "rsa-2048":
            continue
        printed = explain(stored.body, [load(stored.key)], budget=500_000)
        assert stored.valid == printed.verifies
        causes = {f.code for f in printed.findings if f.sort == "cause"}
        if stored.valid:
            assert not causes
        else:
            assert causes & STORED[stored.why], stored.why
            seen.add(stored.why)
    assert seen == set(STORED)


def test_hostile_documents_do_not_flood_the_report() -> None:
    """However many keys occur twice, only some are listed."""
    many = "".join(f'"k{i}":1,"k{i}":2,' for i in range(1000))
    body = "{" + many + '"z":1}'
    found = explain(body.encode(), [load("rsa-2048")])
    assert 5 < len(found.findings) < 20


def test_every_mistake_is_a_value_of_a_field() -> None:
    """Mistakes change fields that there are, to values that are documented."""
    documented = Style.__doc__ or ""
    for mistake in MISTAKES:
        for name, value in mistake.changes:
            assert hasattr(Style(), name)
            assert f'"{value}"' in documented
