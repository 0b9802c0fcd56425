"""Members that are missing in the text, or are in the text only, are named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kesspay.explain.explanation import explain
from kesspay.explain.members import CODES, members_of_request, other_members
from kesspay.explain.nodes import read
from kesspay.signing.documents import canonicalize
from kesspay.signing.keys import PublicKey
from tests.support.forger import body_of, pkcs1
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from kesspay.explain.report import Explanation


TEMPLATE = (
    '{"success":true,"data":{"amount":0.50,"to":{"name":"a/b","id":1}},"n":"x",'
    '"sign_type":"RSA2","sign":"SIGN"}'
)

pytestmark = pytest.mark.usefixtures("backend")


def explained(text: bytes) -> Explanation:
    """Explain a body that was signed over another text."""
    key = PublicKey.from_file(KEYS / "rsa-2048.pub.pem")
    return explain(body_of(TEMPLATE, pkcs1(text)), [key])


@pytest.mark.parametrize(
    ("gone", "place"),
    [
        ('"success":true,', '"success"'),
        ('"n":"x",', '"n"'),
        ('"amount":0.50,', 'document["data"]["amount"]'),
        (',"id":1', 'document["data"]["to"]["id"]'),
    ],
)
def test_a_member_that_was_left_out_is_named(gone: str, place: str) -> None:
    """At the top, and in objects that stand in it."""
    found = explained(canonicalize(TEMPLATE.replace(gone, "")))
    assert found.mistakes == ("member_left_out",)
    [finding] = found.findings
    assert finding.text == f"{place} was left out of the text"
    assert found.profile is None
    assert found.signed_text == canonicalize(TEMPLATE.replace(gone, ""))


@pytest.mark.parametrize(
    ("added", "shown"),
    [
        ('"remark":null,', '"remark" was in the text only, as null'),
        ('"charset":"UTF-8",', '"charset" was in the text only, as "UTF-8"'),
    ],
)
def test_a_member_that_was_added_is_named(added: str, shown: str) -> None:
    """Names and values that programs are known to add."""
    found = explained(canonicalize("{" + added + TEMPLATE[1:]))
    assert found.mistakes == ("member_added",)
    assert found.findings[0].text == shown


ANSWER = (
    '{"success":true,"data":{"out_trade_no":"T-1","amount":0.50,"currency":"USD"},'
    '"sign":"SIGN"}'
)


@pytest.mark.parametrize(
    ("added", "shown"),
    [
        ('"service":"confirm.fundTransfer",', ['"service"', '"confirm.fundTransfer"']),
        ('"out_trade_no":"T-1",', ['"out_trade_no"', '"T-1"']),
        ('"amount":0.50,', ['"amount"', "0.50"]),
        (
            '"out_trade_no":"T-1","service":"query.fundTransfer",',
            ['"service"', '"query.fundTransfer"', '"out_trade_no"', '"T-1"'],
        ),
    ],
)
def test_a_member_of_the_request_is_named(added: str, shown: list[str]) -> None:
    """An answer that was signed together with members of its request."""
    text = canonicalize("{" + added + ANSWER[1:])
    key = PublicKey.from_file(KEYS / "rsa-2048.pub.pem")
    found = explain(body_of(ANSWER, pkcs1(text)), [key], kind="answer")
    assert found.mistakes == ("member_added",)
    pairs = zip(shown[::2], shown[1::2], strict=True)
    assert found.findings[0].text == " and ".join(
        f"{name} was in the text only, as {value}" for name, value in pairs
    )
    assert found.findings[0].advice.endswith("sign the members that are sent")
    # What the body has itself is not added once more.
    names = {m.what for m, _ in members_of_request(read("{" + added + ANSWER[1:]))}
    assert not any(one.startswith(f"{shown[0]} was in the text only") for one in names)


def test_a_member_is_left_out_by_another_library() -> None:
    """One other mistake may be made besides."""
    document = json.loads(TEMPLATE)
    for key in ("sign", "sign_type", "n"):
        del document[key]
    text = json.dumps(dict(sorted(document.items())))
    assert explained(text.encode()).mistakes == ("member_left_out", "library_python")


def test_the_work_is_bounded() -> None:
    """Of a document with many members some are left out; an array has none."""
    many = read("{" + ",".join(f'"k{i}":{{"x":1}}' for i in range(500)) + "}")
    found = [mistake.code for mistake, _ in other_members(many)]
    assert found.count("member_left_out") == 60
    assert set(found) == set(CODES)
    assert list(other_members(read("[]"))) == []
    assert list(members_of_request(read("[]"))) == []
    deep = read('{"a":{"b":{"c":{"d":1}}}}')
    places = [m.what for m, _ in other_members(deep) if m.code == "member_left_out"]
    assert len(places) == 3
    taken = [m.what for m, _ in other_members(read('{"remark":1}'))]
    assert not any("remark" in one and "only" in one for one in taken)
