"""A journal belongs to one account: what is one account, and who is refused."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from kesspay import KeyRing, LeaseHeld, PrivateKey, PublicKey, WrongAccount
from kesspay.errors import FieldError, InputError, JournalError, NotSent
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM, Credentials
from kesspay.transfers import account as module
from kesspay.transfers.account import (
    Account,
    account_of,
    check_by,
    check_rebind,
    keys_of,
    normalised,
    ownership_for,
    this_process,
)
from kesspay.transfers.async_transfers import AsyncTransfers
from kesspay.transfers.transfers import Transfers
from tests.support.vectors import KEYS
from tests.transfers.helpers import ACCOUNT, MOVED
from tests.transfers.virtual import DEBIT, ORDER, Blocked, Waiting, face, partner


if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.transfers.virtual import Partner

    MakePartner = Callable[..., Partner]

__all__ = ["face", "partner"]

URL = "https://pay.example/partnerapi/v1"


# ------------------------------------------------------------------ one account


@pytest.mark.parametrize(
    ("written", "form"),
    [
        # RFC 3986 6.2.2.1: the letters of scheme and host; not those of a path.
        ("https://PAY.Example/partnerapi/v1", URL),
        ("https://pay.example/PartnerAPI/v1", "https://pay.example/PartnerAPI/v1"),
        # 6.2.3: the port that goes without saying, and the empty one.
        ("https://pay.example:443/partnerapi/v1", URL),
        ("https://pay.example:0443/partnerapi/v1", URL),
        ("https://pay.example:/partnerapi/v1", URL),
        (
            "https://pay.example:80/partnerapi/v1",
            "https://pay.example:80/partnerapi/v1",
        ),
        ("http://127.0.0.1:80/v1", "http://127.0.0.1/v1"),
        ("http://127.0.0.1:443/v1", "http://127.0.0.1:443/v1"),
        ("https://pay.example", "https://pay.example"),
        ("https://pay.example/", "https://pay.example"),
        # The client takes slashes at the end away as well.
        ("https://pay.example/partnerapi/v1/", URL),
        ("https://pay.example/partnerapi/v1//", URL),
        ("https://pay.example//partnerapi/v1", "https://pay.example//partnerapi/v1"),
        # RFC 1034 3.1: a dot at the end says that the name is complete.
        ("https://pay.example./partnerapi/v1", URL),
        ("https://pay.example.:443/partnerapi/v1", URL),
        # 6.2.2.3: dot segments.
        ("https://pay.example/./partnerapi/x/../v1/.", URL),
        ("https://pay.example/../partnerapi/v1", URL),
        ("https://pay.example/partnerapi/v1/..", "https://pay.example/partnerapi"),
        ("https://pay.example/partnerapi/v1...", f"{URL}..."),
        # RFC 5952 4: an IPv6 address has one short form.
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://[0:0:0:0:0:0:0:1]:8080/v1", "http://[::1]:8080/v1"),
        ("https://[2001:DB8::00A]/v1", "https://[2001:db8::a]/v1"),
    ],
)
def test_one_url(written: str, form: str) -> None:
    """The spellings that RFC 3986 calls one URL are one account, and no others."""
    assert normalised(written) == form
    assert normalised(form) == form
    assert Account(written, "p") == Account(form, "p")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/a%7eb", "/a~b"),
        ("/a%2fb", "/a%2Fb"),
        ("/a%2Fb", "/a%2Fb"),
        ("/x/%2E%2e/b", "/b"),
        ("/%41", "/A"),
        ("", ""),
    ],
)
def test_escapes_in_a_path(path: str, form: str) -> None:
    """6.2.2.2: an escape of what needs none is as good as the character."""
    assert module._path(path) == form


@pytest.mark.parametrize(
    "other",
    [
        Account("http://127.0.0.1:8001/v1", "partner-1"),
        Account("http://127.0.0.1:8000/v1", "Partner-1"),
        Account("http://127.0.0.1:8000/v2", "partner-1"),
        Account("http://localhost:8000/v1", "partner-1"),
        Account("https://127.0.0.1:8000/v1", "partner-1"),
    ],
)
def test_two_accounts(other: Account) -> None:
    """Another port, scheme, host, path or letter of the partner is another one."""
    assert Account("http://127.0.0.1:8000/v1", "partner-1") != other


@pytest.mark.parametrize(
    ("url", "partner"),
    [
        ("https://user:canary-1@pay.example/v1", "p"),
        ("https://pay.example/v1?token=canary-1", "p"),
        ("pay.example", "p"),
        (URL, ""),
        (URL, "a b"),
    ],
)
def test_no_account(url: str, partner: str) -> None:
    """What no client can have is refused; a user and a password are not shown."""
    with pytest.raises(FieldError):
        Account(url, partner)


def test_in_words() -> None:
    """An account names the partner and the gateway."""
    assert str(ACCOUNT) == f"partner partner-1 at {URL}"


# ------------------------------------------------------------------ of a client


def client(here: Partner, **changes: Any) -> Client:  # noqa: ANN401 - settings
    """Return a client of the partner with other settings."""
    settings = {**here.sandbox.settings, "clock": here.sandbox.clock, **changes}
    return Client(**settings, transport=here.wire)


def test_account_and_keys_of_a_client(partner: MakePartner) -> None:
    """They are the URL, the partner and the fingerprints; a signer may have none."""
    here = partner()
    settings = here.sandbox.settings
    other = PublicKey.from_file(KEYS / "rsa-4096.pub.pem")
    ring = KeyRing([settings["gateway_key"], other])
    engine = client(here, gateway_key=ring).engine
    assert account_of(engine) == Account(settings["base_url"], "sandbox-partner")
    assert keys_of(engine) == (
        ("partner", settings["private_key"].fingerprint),
        ("gateway", settings["gateway_key"].fingerprint),
        ("gateway", other.fingerprint),
    )
    signer = SimpleNamespace(bits=2048, sign=bytes, fingerprint="canary-1")
    engine = client(here, private_key=signer).engine
    assert [whose for whose, _ in keys_of(engine)] == ["gateway"]


def test_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one word of visible characters, whatever user and host are called."""

    def nameless() -> str:
        raise KeyError("uid 1000")

    monkeypatch.setattr(module, "getuser", lambda: "Sok Dara é" * 20)
    assert check_by(this_process()).startswith("Sok_Dara__Sok")
    monkeypatch.setattr(module, "getuser", nameless)
    assert check_by(this_process()).startswith("unknown@")


@pytest.mark.parametrize("by", ["", "a b", "x" * 129, "é", "a\n"])
def test_by_whom(by: str) -> None:
    """What cannot be recorded is refused."""
    with pytest.raises(InputError, match="visible ASCII"):
        check_by(by)


# ------------------------------------------------------------------ rebinding


def test_what_may_be_rebound() -> None:
    """A URL may move; a partner only where nothing was sent."""
    other = replace(ACCOUNT, partner_id="partner-2")
    check_rebind(ACCOUNT, ACCOUNT, MOVED, was_used=True, held=None)
    check_rebind(ACCOUNT, ACCOUNT, other, was_used=False, held=None)
    check_rebind(None, None, other, was_used=True, held=None)
    with pytest.raises(WrongAccount, match="Only a base URL can move") as caught:
        check_rebind(ACCOUNT, ACCOUNT, other, was_used=True, held=None)
    assert (caught.value.owner, caught.value.account) == (str(ACCOUNT), str(other))
    with pytest.raises(WrongAccount, match="look again first"):
        check_rebind(MOVED, ACCOUNT, MOVED, was_used=False, held=None)
    with pytest.raises(WrongAccount, match="no account by now"):
        check_rebind(None, ACCOUNT, MOVED, was_used=False, held=None)
    with pytest.raises(LeaseHeld, match=r"12\.5 s at most"):
        check_rebind(ACCOUNT, ACCOUNT, MOVED, was_used=True, held=12.5)


# ------------------------------------------------------------------ transfers


def other_transfers(here: Partner, **changes: Any) -> Any:  # noqa: ANN401 - of both kinds
    """Return transfers on the same journal whose client has other settings."""
    settings = {**here.sandbox.settings, "clock": here.sandbox.clock, **changes}
    if here.face == "sync":
        return Transfers(Client(**settings, transport=here.wire), here.journal)
    made = AsyncTransfers(
        AsyncClient(**settings, transport=Waiting(here.wire)),
        here.journal,
        journal_threads=2,
    )
    here.made.append(made)
    return Blocked(made)


def credentials_of(here: Partner, **changes: str) -> Credentials:
    """Return the credentials of the partner with other fields."""
    kept = here.sandbox.settings["credentials"]
    return replace(kept, **changes)


CALLS: list[Callable[[Any], object]] = [
    lambda transfers: transfers.start(**ORDER),
    lambda transfers: transfers.start(**{**ORDER, "payment_id": "order-2"}),
    lambda transfers: transfers.confirm("order-1", debit_id=DEBIT),
    lambda transfers: transfers.decline("order-1"),
    lambda transfers: transfers.look("order-1"),
    lambda transfers: transfers.look("order-2"),
    lambda transfers: list(transfers.resume()),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("which", ["gateway", "partner"])
def test_another_account_is_refused(
    partner: MakePartner, call: Callable[[Any], object], which: str
) -> None:
    """Nothing is sent, nothing is reported and nothing is written; both are named."""
    here = partner()
    here.transfers().start(**ORDER)
    here.plan("drop-after", CONFIRM)
    here.plan("drop-after", "query.fundTransfer", times=99)
    here.transfers().confirm("order-1", debit_id=DEBIT, timeout=2)
    here.sandbox.advance(60)
    sent, before = len(here.wire.sent), list(here.journal.export())
    choices: dict[str, dict[str, Any]] = {
        "gateway": {"base_url": "https://pay.example/partnerapi/v1"},
        "partner": {"credentials": credentials_of(here, partner_id="Sandbox-partner")},
    }
    with pytest.raises(WrongAccount, match="journal rebind") as caught:
        call(other_transfers(here, **choices[which]))
    assert "sandbox-partner at http://127.0.0.1" in str(caught.value)
    assert str(caught.value.owner) in str(caught.value)
    assert str(caught.value.account) in str(caught.value)
    assert isinstance(caught.value, JournalError)
    assert len(here.wire.sent) == sent
    assert list(here.journal.export()) == before
    # The journal continues with its own account.
    here.sandbox.faults.clear()
    assert here.settle(here.transfers()).outcome == "paid"
    assert here.credited() == 1


def test_the_first_use_counts(partner: MakePartner) -> None:
    """Looking is a use, and so is a start of which nothing leaves."""
    here = partner()
    assert other_transfers(here, base_url=URL).look("order-1") is None
    with pytest.raises(WrongAccount):
        here.transfers().start(**ORDER)
    here.journal.rebind(
        Account(URL, "sandbox-partner"),
        account_of(here.client().engine),
        by="test",
    )
    here.wire.not_sent["token"] = 9
    with pytest.raises(NotSent):
        here.transfers().start(**ORDER, timeout=1)
    with pytest.raises(WrongAccount):
        other_transfers(here, base_url=URL).start(**ORDER)


@pytest.mark.parametrize("what", ["keys", "password", "spelling"])
def test_the_same_account(partner: MakePartner, what: str) -> None:
    """Keys, passwords and the spelling of the URL may change; keys are noted."""
    here = partner()
    here.transfers().start(**ORDER)
    settings = here.sandbox.settings
    choices: dict[str, dict[str, Any]] = {
        "keys": {
            "private_key": PrivateKey.from_pem((KEYS / "rsa-3072.pem").read_bytes()),
            "gateway_key": KeyRing(
                [
                    PublicKey.from_file(KEYS / "rsa-4096.pub.pem"),
                    settings["gateway_key"],
                ]
            ),
        },
        "password": {"credentials": credentials_of(here, password="another")},
        "spelling": {"base_url": settings["base_url"] + "/./"},
    }
    result = other_transfers(here, **choices[what]).look("order-1")
    assert result.outcome == "pending"
    found = here.journal.ownership()
    assert [one.account for one in found.bindings] == [
        Account(settings["base_url"], "sandbox-partner")
    ]
    assert len(found.keys) == (4 if what == "keys" else 2)


@pytest.mark.parametrize("call", CALLS[2:4] + CALLS[6:])
def test_rebound_while_it_runs(
    partner: MakePartner, call: Callable[[Any], object]
) -> None:
    """A program that continues with the old URL is refused from then on."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    ours = account_of(here.client().engine)
    here.journal.rebind(ours, replace(ours, base_url=URL), by="test")
    sent = len(here.wire.sent)
    with pytest.raises(WrongAccount):
        call(transfers)
    assert len(here.wire.sent) == sent
    assert other_transfers(here, base_url=URL).look("order-1").outcome == "pending"


def test_rebound_just_before_the_lease(
    partner: MakePartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that takes a payment right after that looks again, and gives it back."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    ours = account_of(here.client().engine)
    real = here.journal.lease

    def lease(*args: Any) -> Any:  # noqa: ANN401 - passed on
        monkeypatch.setattr(here.journal, "lease", real)
        here.journal.rebind(ours, replace(ours, base_url=URL), by="test")
        return real(*args)

    monkeypatch.setattr(here.journal, "lease", lease)
    sent = len(here.wire.sent)
    with pytest.raises(WrongAccount):
        transfers.confirm("order-1", debit_id=DEBIT)
    assert len(here.wire.sent) == sent
    # It was released, so that the journal can be rebound again.
    here.journal.rebind(replace(ours, base_url=URL), ours, by="test")
    assert transfers.confirm("order-1", debit_id=DEBIT, timeout=9).outcome == "paid"


def test_checking_without_writing(partner: MakePartner) -> None:
    """A doctor reads whom a journal belongs to, and binds none."""
    here = partner()
    client = here.client()
    assert ownership_for(here.journal, client).account is None
    assert here.journal.ownership().bindings == ()
    here.transfers().look("order-1")
    assert ownership_for(here.journal, client).account == account_of(client.engine)
    here.journal.rebind(account_of(client.engine), MOVED, by="test")
    with pytest.raises(WrongAccount):
        ownership_for(here.journal, client)


def test_a_journal_that_knows_no_accounts(partner: MakePartner) -> None:
    """It is refused when the transfers are made, before anything is written."""
    here = partner()
    here.journal = SimpleNamespace(now=here.sandbox.now)  # type: ignore[assignment] # none
    with pytest.raises(InputError, match="offers no bind, ownership, rebind"):
        here.transfers()
