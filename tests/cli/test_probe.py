"""``kesspay probe`` distinguishes each variant of a gateway."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.cli.probe import PROFILES, judged
from kesspay.gateway.messages import HttpResponse
from kesspay.signing.profile import PHP_8, Profile
from tests.cli.variant import Variant
from tests.gateway.helpers import (
    CANARIES,
    failure,
    gateway_key,
    partner_key,
    plain,
    signed,
)


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from kesspay.sandbox import Sandbox
    from tests.cli.conftest import Wired


WORDS = ["probe", "--sandbox", "--receiver", "85512345678"]
NOTES = [5, 6, 7, 8, 17, 18, 22, 23, 25, 28]
CONFIRM = ["--confirm-amount", "0.01"]


@pytest.fixture
def probe(
    run: Callable[..., Result],
    wire: Callable[..., Wired],
    variables: dict[str, str],
) -> Callable[..., dict[Any, Any]]:
    """Return a function that probes a variant; findings are keyed by note."""

    def of(variant: Variant, *options: str) -> dict[Any, Any]:
        wire(variant)
        result = run(*WORDS, *options)
        report = json.loads(result.stdout)
        assert [one["note"] for one in report["findings"]] == NOTES
        found: dict[Any, Any] = {one["note"]: one for one in report["findings"]}
        is_open = any(one["verdict"] == "open" for one in report["findings"])
        assert result.exit_code == int(is_open)
        assert "canary" not in result.output
        return {**found, "settings": report["settings"]}

    return of


def test_a_gateway_as_assumed(probe: Callable[..., Any]) -> None:
    """Every default of kesspay is found to fit; nothing is confirmed."""
    variant = Variant()
    found = probe(variant)
    assert {found[note]["verdict"] for note in NOTES if note != 23} == {"settled"}
    assert found[23]["verdict"] == "skipped"
    assert variant.paid == set()
    assert found["settings"] == {
        "KESSPAY_AMOUNT_FORMAT": "number",
        "KESSPAY_PROFILE": "",
    }


def test_the_emulated_gateway(
    run: Callable[..., Result], wired: Wired, sandbox: Sandbox
) -> None:
    """The sandbox of kesspay can be probed, a confirm included."""
    result = run(*WORDS, *CONFIRM)
    assert result.exit_code == 0
    assert [credit.amount for credit in sandbox.ledger.credits()] == [Decimal("0.01")]


DIFFERENCES: list[tuple[Variant, list[str], int, str, str]] = [
    (Variant(), [], 5, "settled", 'bare; "expire_in" is a number'),
    (
        Variant(shape='{"data":{"access_token":"TOKEN","expires_in":"60"}}'),
        *([], 5, "settled", 'wrapped in "data"; "expires_in" is a string'),
    ),
    (
        Variant(shape='{"access_token":"TOKEN","expire_in":null}'),
        *([], 5, "settled", "of no use"),
    ),
    (Variant(shape='{"access_token":"TOKEN"}'), [], 5, "settled", "no lifetime"),
    (Variant(), [], 6, "settled", "yes"),
    (Variant(old_tokens=True), [], 6, "settled", "no: both"),
    (Variant(same_token=True), [], 6, "settled", "the same token"),
    (Variant(), [], 7, "settled", "number and string"),
    (Variant(amounts=(Decimal,)), [], 7, "settled", "number"),
    (Variant(amounts=(str,)), [], 7, "settled", "string"),
    (Variant(amounts=()), [], 7, "open", "VALIDATIONERROR"),
    (Variant(eligible=False), [], 7, "open", "NOTELIGIBLE"),
    (Variant(eligible=False), [], 8, "open", "see note 7"),
    (Variant(), [], 8, "settled", "as a number"),
    (Variant(writes=str), [], 8, "settled", "as a string"),
    (Variant(), [], 17, "settled", "signed"),
    (Variant(signs=False), [], 17, "settled", "unsigned"),
    (Variant(refusal=422), [], 17, "settled", "and not HTTP 400"),
    (Variant(), [], 18, "settled", "unsigned, as documented"),
    (Variant(signs_401=True), [], 18, "settled", "signed"),
    (Variant(wrong_token=403), [], 18, "open", "not answered with HTTP 401"),
    (Variant(), [], 22, "settled", "a second pre-transfer"),
    (Variant(create_twice="same"), [], 22, "settled", "the same pre-transfer"),
    (Variant(create_twice="refused"), [], 22, "settled", "VALIDATIONERROR"),
    (Variant(eligible=False), [], 22, "open", "see note 7"),
    (Variant(), CONFIRM, 23, "settled", "USED"),
    (Variant(confirm_twice="success"), CONFIRM, 23, "settled", "success again"),
    (Variant(confirms=False), CONFIRM, 23, "open", "no success"),
    (Variant(eligible=False), CONFIRM, 23, "open", "see note 7"),
    (Variant(), [], 25, "settled", "no: they are trimmed"),
    (Variant(trims=False), [], 25, "settled", "yes"),
    (Variant(eligible=False), [], 25, "open", "see note 7"),
    (Variant(), [], 28, "settled", "those of PHP 8.2"),
    (Variant(eligible=False), [], 28, "open", "nothing was created"),
    (
        Variant(answer_profile=Profile(unescaped_slashes=True)),
        *([], 28, "open", "different profiles"),
    ),
]


@pytest.mark.parametrize(
    ("variant", "options", "note", "verdict", "words"), DIFFERENCES
)
def test_each_difference_is_found(
    probe: Callable[..., Any],
    variant: Variant,
    options: list[str],
    note: int,
    verdict: str,
    words: str,
) -> None:
    """The finding of the note says which choice the gateway took."""
    found = probe(variant, *options)[note]
    assert found["verdict"] == verdict
    assert words in found["finding"]


@pytest.mark.parametrize(
    ("words", "profile"),
    [
        ("precision=17", Profile(serialize_precision=17)),
        ("precision=100", Profile(serialize_precision=100)),
        ("unescaped_slashes", Profile(unescaped_slashes=True)),
        ("unescaped_unicode", Profile(unescaped_unicode=True)),
        (
            "'precision=17 unescaped_slashes unescaped_unicode'",
            Profile(17, unescaped_slashes=True, unescaped_unicode=True),
        ),
    ],
)
@pytest.mark.parametrize("amounts", [(Decimal, str), (str,)])
def test_the_profile_is_found(
    probe: Callable[..., Any],
    words: str,
    profile: Profile,
    amounts: tuple[type, ...],
) -> None:
    """It is found by what is accepted, and by how numbers are answered."""
    found = probe(Variant(profile=profile, amounts=amounts))
    assert found[28]["verdict"] == "settled"
    assert found["settings"]["KESSPAY_PROFILE"] == words


def test_the_configured_profile_is_tried_first(
    probe: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that is set up needs no search."""
    monkeypatch.setenv("KESSPAY_PROFILE", "unescaped_unicode ksort=7")
    profile = Profile(unescaped_unicode=True, ksort="7")
    found = probe(Variant(profile=profile))
    setting = found["settings"]["KESSPAY_PROFILE"]
    assert setting == "'unescaped_unicode ksort=7'"


def test_the_key_of_another_partner(
    probe: Callable[..., Any], keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers that no profile verifies point at the gateway key."""
    path = str(keys / "rsa-3072.pub.pem")
    monkeypatch.setenv("KESSPAY_GATEWAY_KEY_FILE", path)
    found = probe(Variant())
    assert found[17]["verdict"] == found[28]["verdict"] == "open"
    assert "another key" in found[17]["finding"]
    assert "gateway key" in found[28]["finding"]
    assert found["settings"] == {}


def test_a_gateway_that_signs_nothing(probe: Callable[..., Any]) -> None:
    """Where there is no signature at all no profile can be found."""
    found = probe(Variant(signs=False, eligible=False))
    assert found[28]["verdict"] == "open"


@pytest.mark.parametrize("number", [2, 3, 4, 6, 7, 8])
def test_an_answer_that_does_not_come(probe: Callable[..., Any], number: int) -> None:
    """One question stays open, and the others are asked."""
    found = probe(Variant(breaks=(number,)))
    broken = [
        found[note] for note in NOTES if "the line broke" in found[note]["finding"]
    ]
    assert len(broken) == 1
    assert broken[0]["verdict"] == "open"


def test_a_refused_create_before_the_confirm(probe: Callable[..., Any]) -> None:
    """Without a pre-transfer nothing is confirmed."""

    class Late(Variant):
        def _create(self, params: dict[str, Any]) -> HttpResponse:
            self.eligible = params["amount"] != Decimal("0.01")
            return super()._create(params)

    variant = Late()
    found = probe(variant, *CONFIRM)
    assert found[23]["finding"] == "the create for it was refused"
    assert variant.paid == set()


@pytest.mark.parametrize("breaks", [False, True])
def test_without_a_token_nothing_is_asked(
    run: Callable[..., Result],
    wire: Callable[..., Wired],
    variables: dict[str, str],
    *,
    breaks: bool,
) -> None:
    """Exit code 11: not sent."""
    wire(Variant(shape="{}", breaks=(1,) if breaks else ()))
    result = run(*WORDS)
    assert result.exit_code == 11
    assert json.loads(result.stdout)["error"]["outcome"] == "not_sent"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["probe", "--receiver", "1"], "--sandbox"),
        (["probe", "--sandbox"], "--receiver"),
        (["probe", "--sandbox", "--receiver", " "], "receiver_id"),
        ([*WORDS, "--confirm-amount", "1.01"], "at most 1"),
        ([*WORDS, "--confirm-amount", "1e-2"], "amount"),
        ([*WORDS, "--timeout", "0"], "timeout"),
    ],
)
def test_it_is_for_sandboxes_and_for_small_change(
    run: Callable[..., Result],
    wire: Callable[..., Wired],
    variables: dict[str, str],
    words: list[str],
    reason: str,
) -> None:
    """Exit code 2 and nothing sent."""
    variant = Variant()
    wire(variant)
    result = run(*words)
    assert result.exit_code == 2
    assert reason in json.loads(result.stdout)["error"]["message"]
    assert variant.bodies == []


def test_the_table(
    run: Callable[..., Result],
    wire: Callable[..., Wired],
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Findings with their evidence, and lines for a file of settings."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    wire(Variant())
    shown = run(*WORDS).stdout
    assert "settled  note  7  is an amount sent as number or as string?" in shown
    assert "skipped  note 23" in shown
    assert "docs/api-notes.md#7-amounts-in-requests\n" in shown
    assert "make docs builds them" in shown
    monkeypatch.setattr("kesspay._pages.DOCUMENTATION", "https://docs.example/")
    shown = run(*WORDS).stdout
    assert "https://docs.example/api-notes.html#7-amounts-in-requests\n" in shown
    assert "make docs" not in shown
    assert "    KESSPAY_AMOUNT_FORMAT=number\n    KESSPAY_PROFILE=\n" in shown
    assert not [canary for canary in CANARIES.values() if canary in shown]


# ---------------------------------------------------------- recorded answers


def test_there_are_all_profiles() -> None:
    """Three by two by two by three by two, the default first."""
    assert len(set(PROFILES)) == 72
    assert PROFILES[0] == PHP_8


def test_an_answer_is_judged_under_every_profile() -> None:
    """What a slash and a number reveal is seen in the profiles."""
    answer = {"success": True, "data": {"amount": Decimal("0.1"), "x": "a/b"}}
    found = judged(signed(200, answer), gateway_key())
    assert {one.serialize_precision for one in found.profiles} == {-1}
    assert {one.unescaped_slashes for one in found.profiles} == {False}
    assert {one.unescaped_unicode for one in found.profiles} == {False, True}
    assert found.data == {"amount": Decimal("0.1"), "x": "a/b"}
    assert (found.amount, found.code) == ("0.1", "")
    assert found.summary == "HTTP 200, success, signed"


@pytest.mark.parametrize(
    ("response", "summary"),
    [
        (plain(502, b"<html>"), "HTTP 502, no error code, unsigned"),
        (plain(200, b"[1]"), "HTTP 200, no error code, unsigned"),
        (plain(200, b"[" * 100_000), "HTTP 200, no error code, unsigned"),
        (plain(400, b'{"error_code":1}'), "HTTP 400, no error code, unsigned"),
        (
            plain(200, b'{"success":true,"data":{}}'),
            "HTTP 200, no error code, unsigned",
        ),
        (
            HttpResponse(400, (), partner_key().signed_body(failure("USED"))),
            "HTTP 400, USED, with a signature that does not verify",
        ),
    ],
)
def test_nothing_is_believed_that_does_not_verify(
    response: HttpResponse, summary: str
) -> None:
    """There are no fields and no code, whatever the body claims."""
    found = judged(response, gateway_key())
    assert (found.fields, found.data, found.code) == ({}, {}, "")
    assert found.summary == summary
