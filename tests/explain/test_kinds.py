"""Whose mistake it is decides the advice."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest

from kesspay.errors import InputError
from kesspay.explain.explanation import explain
from kesspay.explain.kinds import addressed, assumed_kind, is_kind
from kesspay.explain.render import read
from kesspay.explain.report import Explanation, Finding
from kesspay.signing.documents import canonicalize
from kesspay.signing.keys import PublicKey
from kesspay.signing.profile import Profile
from tests.support.forger import body_of, pkcs1
from tests.support.vectors import KEYS


REQUEST = '{"service":"query.fundTransfer","url":"a/b","sign":"SIGN"}'
ANSWER = '{"success":true,"data":{"url":"a/b"},"sign":"SIGN"}'
NEITHER = '{"url":"a/b","sign":"SIGN"}'

pytestmark = pytest.mark.usefixtures("backend")


def key() -> PublicKey:
    """Load the public half of a test key."""
    return PublicKey.from_file(KEYS / "rsa-2048.pub.pem")


def explained(
    template: str, text: bytes | None = None, **options: object
) -> Explanation:
    """Explain a body that was signed over another text."""
    text = canonicalize(template).replace(b"\\/", b"/") if text is None else text
    return explain(body_of(template, pkcs1(text)), [key()], **options)  # type: ignore[arg-type]  # any options


@pytest.mark.parametrize(
    ("text", "own", "kind"),
    [
        (REQUEST, False, "request"),
        (REQUEST, True, "request"),
        (ANSWER, False, "answer"),
        # A gateway that sends a request of one's own back has sent an answer.
        (ANSWER, True, "answer"),
        ('{"service":"x","success":false}', False, "answer"),
        (NEITHER, False, "answer"),
        (NEITHER, True, "request"),
        ("[]", False, "answer"),
        ('["service"]', False, "answer"),
    ],
)
def test_the_kind_is_read_from_members_and_keys(
    text: str,
    own: bool,  # noqa: FBT001 - a value of the table
    kind: str,
) -> None:
    """Members at the top level decide; where there are none, one's own key does."""
    assert assumed_kind(read(text), own=own) == kind


def test_what_is_no_document_is_an_answer() -> None:
    """Nothing is known about it."""
    assert assumed_kind(None, own=False) == "answer"


def test_who_signed_a_request_changes_what_is_signed() -> None:
    """No profile is a way out for a partner: the gateway does not ask him."""
    found = explained(REQUEST)
    assert (found.kind, found.kind_assumed) == ("request", True)
    [finding] = found.findings
    assert finding.code == "slashes_raw"
    assert finding.advice.startswith(r"write / as \/")
    assert found.profile == Profile(unescaped_slashes=True)


def test_a_partner_chooses_the_profile_of_an_answer() -> None:
    """The settings of the gateway's PHP are named."""
    found = explained(ANSWER)
    assert (found.kind, found.kind_assumed) == ("answer", True)
    [finding] = found.findings
    assert "use Profile(unescaped_slashes=True)" in finding.advice


def test_the_kind_that_was_given_counts() -> None:
    """What the document looks like is not asked then."""
    found = explained(REQUEST, kind="answer")
    assert (found.kind, found.kind_assumed) == ("answer", False)
    assert "Profile" in found.findings[0].advice
    found = explained(ANSWER, kind="request")
    assert (found.kind, found.kind_assumed) == ("request", False)
    assert found.findings[0].code == "slashes_raw"
    with pytest.raises(InputError, match="kind"):
        explained(ANSWER, kind="reply")
    assert not is_kind("reply")
    assert not is_kind(["request"])


def test_a_mistake_of_the_gateway_is_for_the_gateway() -> None:
    """A partner can do nothing about it but say so."""
    text = canonicalize(ANSWER) + b"\n"
    [finding] = explained(ANSWER, text).findings
    assert finding.advice.startswith("send this explanation to KESS")
    [finding] = explained(ANSWER, text, kind="request").findings
    assert finding.advice.startswith("sign the text with nothing around it")


def test_an_expected_text_is_explained_for_the_signer_too() -> None:
    """The text that one's own program makes is compared with the canonical form."""
    text = canonicalize(REQUEST).replace(b"\\/", b"/")
    found = explained(REQUEST, b"something else", expected=text, budget=100_000)
    codes = [one.code for one in found.findings if one.sort == "cause"]
    assert "slashes_raw" in codes
    assert "profile" not in codes
    [unknown] = [one for one in found.findings if one.code == "text_unknown"]
    assert "print the bytes" in unknown.advice


def test_ones_own_key_is_right_for_a_request() -> None:
    """It is no cause; of an answer, it is one."""
    body = body_of(REQUEST, pkcs1(b"another text"))
    options = {"own_keys": [key()], "budget": 100_000}
    found = explain(body, [key()], **options)  # type: ignore[arg-type]  # any options
    [own] = [one for one in found.findings if one.code == "key_own"]
    assert own.sort == "note"
    found = explain(body, [key()], kind="answer", **options)  # type: ignore[arg-type]  # any options
    [own] = [one for one in found.findings if one.code == "key_own"]
    assert own.sort == "cause"


def test_notes_stay_as_they_are() -> None:
    """Only causes are written for a reader."""
    note = Finding("padding_pss", "x", "y", sort="note")
    assert addressed([note], "answer") == [note]


def test_the_text_that_was_signed_is_shown() -> None:
    """As text where it is UTF-8, and as bytes."""
    found = explained(REQUEST).as_dict()
    assert found["signed_text"] == '{"service":"query.fundTransfer","url":"a/b"}'
    assert base64.b64decode(found["signed_base64"]) == found["signed_text"].encode()
    half = canonicalize(REQUEST).decode().encode("utf-16-le")
    found = explained(REQUEST.replace("a/b", "\u00e9"), None).as_dict()
    assert found["signed_text"] is found["signed_base64"] is None
    text = canonicalize(REQUEST)
    assert explained(REQUEST, half).as_dict()["signed_text"] == half.decode()
    raw = sha256(text).digest()
    found = explained(REQUEST, raw).as_dict()
    assert found["signed_text"] is None
    assert base64.b64decode(found["signed_base64"]) == raw
