"""No argument and no variable of the API shows a secret that stands in it."""

from __future__ import annotations

import inspect
import logging
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kesspay
from kesspay.gateway.environment import VARIABLES, read_environment
from kesspay.gateway.messages import CreateFundTransfer, PreTransfer
from kesspay.sandbox import Sandbox
from kesspay.sandbox.home import Home
from tests.gateway.helpers import (
    BASE_URL,
    PRE_TRANSFER,
    Script,
    credentials,
    gateway_key,
    gateway_private_key,
    partner_key,
)
from tests.support.memory_journal import MemoryJournal
from tests.support.misplaced import KINDS, WORD, leaks, names_in, shown_by, some
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


pytestmark = [
    pytest.mark.filterwarnings("ignore::kesspay.KeyPermissionWarning"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, whose file names are looked at."""
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def account() -> dict[str, Any]:
    """Return the arguments of a client."""
    return {
        "base_url": BASE_URL,
        "credentials": credentials(),
        "private_key": partner_key(),
        "gateway_key": gateway_key(),
        "transport": Script(),
    }


def books() -> dict[str, Any]:
    """Return the keys of a sandbox, which takes its time to make others."""
    return {"private_key": partner_key(), "gateway_private_key": gateway_private_key()}


def client() -> kesspay.Client:
    """Return a client that reaches no server."""
    return kesspay.Client(**account())


def transfer_fields() -> dict[str, Any]:
    """Return the fields of a create."""
    return {
        "out_trade_no": "order-1",
        "receiver_id": "85512345678",
        "sender_name": "Chan Sophea",
        "amount": Decimal("0.50"),
        "currency": "USD",
    }


def credential_fields() -> dict[str, Any]:
    """Return the fields of the credentials."""
    made = credentials()
    names = ("partner_id", "partner_secret_key", "user_name", "password")
    return {name: getattr(made, name) for name in names}


def pre_transfer_fields() -> dict[str, Any]:
    """Return the fields of what create returned."""
    names = inspect.signature(PreTransfer).parameters
    return {name: getattr(PRE_TRANSFER, name) for name in names}


PEM = (KEYS / "rsa-2048.pem").read_text(encoding="ascii")

#: What is called, and the arguments that it is given otherwise.
CALLS: dict[str, tuple[Callable[..., object], Callable[[], dict[str, Any]]]] = {
    "Client": (kesspay.Client, account),
    "AsyncClient": (kesspay.AsyncClient, account),
    "HttpTransport": (kesspay.HttpTransport, dict),
    "AsyncHttpTransport": (kesspay.AsyncHttpTransport, dict),
    "Credentials": (kesspay.Credentials, credential_fields),
    "CreateFundTransfer": (CreateFundTransfer, transfer_fields),
    "PreTransfer": (PreTransfer, pre_transfer_fields),
    "ConfirmFundTransfer": (
        kesspay.ConfirmFundTransfer,
        lambda: {"transfer": PRE_TRANSFER, "partner_transaction_id": "debit-1"},
    ),
    "PrivateKey.from_file": (
        kesspay.PrivateKey.from_file,
        lambda: {"path": KEYS / "rsa-2048.encrypted.pem"},
    ),
    "PrivateKey.from_pem": (kesspay.PrivateKey.from_pem, lambda: {"data": PEM}),
    "PublicKey.from_file": (kesspay.PublicKey.from_file, dict),
    "PublicKey.from_pem": (kesspay.PublicKey.from_pem, dict),
    "KeyRing": (kesspay.KeyRing, dict),
    "Profile": (kesspay.Profile, dict),
    "canonicalize": (kesspay.canonicalize, lambda: {"document": "{}"}),
    "SqliteJournal": (
        lambda **given: kesspay.SqliteJournal(**given).close(),
        lambda: {"path": "journal.sqlite"},
    ),
    "Transfers": (
        kesspay.Transfers,
        lambda: {"client": client(), "journal": MemoryJournal(lambda: 0.0)},
    ),
    "Sandbox": (lambda **given: Sandbox(**given).close(), books),
    "Home": (lambda path: Home(Path(path)), dict),
}
#: Of functions that stand for others above.
NAMES = {"SqliteJournal": kesspay.SqliteJournal, "Sandbox": Sandbox}

ARGUMENTS = [
    (call, name)
    for call, (function, _) in CALLS.items()
    for name in inspect.signature(NAMES.get(call, function)).parameters
]


def everything(log: pytest.LogCaptureFixture, folder: Path) -> Iterator[str]:
    """Yield what was logged, and the names of the files that were made."""
    yield from (f"{one.getMessage()} {vars(one)!r}" for one in log.records)
    yield from names_in(folder)


#: Where a word is at home: names for people, and files that are made.
AT_HOME = {
    ("Sandbox", "database"),
    ("SqliteJournal", "path"),
    ("Home", "path"),
}
WORDS = frozenset(
    {
        "word",
        "rooted word",
        "word with dots",
        "sentence",
        "digits",
        "odd word",
        "word with slash",
    }
)


#: What is a path, a key or a password is given every kind, the rest some of them.
ALL_KINDS = frozenset({"path", "data", "password", "base_url", "proxy", "database"})


@pytest.mark.one_in(5)
@pytest.mark.parametrize("number", range(len(ARGUMENTS)))
@pytest.mark.usefixtures("backend")
def test_no_argument_shows_a_secret(
    number: int, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever an argument is given, no error, log or file name shows of it."""
    caplog.set_level(logging.DEBUG)
    call, name = ARGUMENTS[number]
    function, others = CALLS[call]
    given = others()
    for kind in some(number, 1 if name in ALL_KINDS else 4):
        text, secrets = KINDS[kind]
        if (call, name) in AT_HOME and kind in WORDS:
            continue
        for value in (text, text.encode(), [text], {"key": text}):
            try:
                made = function(**{**given, name: value})
                shown = f"{type(made)}"
            except Exception as error:  # noqa: BLE001 - any may show it
                shown = shown_by(error)
            shown += "\n".join(everything(caplog, folder))
            assert not leaks(secrets, shown), kind


#: What each argument of a client is read from.
PARTS = {
    "base_url": ("BASE_URL",),
    "credentials": ("PARTNER_ID", "PARTNER_SECRET_KEY", "USER_NAME", "PASSWORD"),
    "private_key": ("PRIVATE_KEY",),
    "gateway_key": ("GATEWAY_KEY",),
}
SET = {
    "PARTNER_ID": "partner-1",
    "PARTNER_SECRET_KEY": "x",
    "USER_NAME": "api-user",
    "PASSWORD": "x",
    "PRIVATE_KEY": "x",
}


@pytest.mark.few(3)
@pytest.mark.one_in(5)
@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_no_variable_shows_a_secret(variable: str, folder: Path) -> None:
    """Whatever a variable is given, no error of ``from_env`` shows of it."""
    name = variable.removeprefix("KESSPAY_")
    setting = name.removesuffix("_FILE").removesuffix("_PASSWORD") or name
    wanted = [part for part, names in PARTS.items() if {name, setting} & {*names}]
    variables = {
        f"KESSPAY_{one}": SET[one]
        for part in wanted
        for one in PARTS[part]
        if one in SET and one not in (name, name.removesuffix("_FILE"))
    }
    if "CLIENT_KEY" in name:
        variables["KESSPAY_CLIENT_CERT_FILE"] = str(KEYS / "rsa-2048.cert.pem")
    # To trust the authorities of the system takes its time.
    number = sorted(VARIABLES).index(variable)
    slow = variable in (
        "KESSPAY_CA_FILE",
        *(one for one in VARIABLES if "_CLIENT_" in one),
    )
    for kind in some(number, 12 if slow else 1):
        text, secrets = KINDS[kind]
        for value in (text, f"{text}\0", f"\udcff{text}"):
            given = {**variables, variable: value}
            try:
                found = read_environment(given, given=PARTS.keys() - wanted)
                kesspay.HttpTransport(**found.transport)
                shown = f"{found!r}"
            except kesspay.KesspayError as error:
                shown = shown_by(error)
            assert not leaks(secrets, shown), kind
    assert not list(names_in(folder))


@pytest.mark.parametrize("kind", KINDS)
def test_a_journal_in_postgres_shows_no_secret(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever stands for a connection string, no error shows its password."""
    caplog.set_level(logging.DEBUG)
    text, secrets = KINDS[kind]
    for conninfo, schema in ((text, "kesspay"), ("host=/nowhere", text)):
        with pytest.raises(kesspay.KesspayError) as caught:
            kesspay.PostgresJournal(conninfo, schema=schema, timeout=0.2)
        assert not leaks(secrets, shown_by(caught.value) + caplog.text)


def test_a_connection_string_makes_no_file(folder: Path) -> None:
    """A SQLite journal refuses what is made to connect, as a path and as a text."""
    for text in (
        "host=localhost password=hunter2",
        "sqlite:///journal",
        "redis://:x@h",
    ):
        for given in (text, Path(text)):
            with pytest.raises(kesspay.InputError, match="a connection string"):
                kesspay.SqliteJournal(given)
    with pytest.raises(kesspay.InputError, match="with a NUL byte"):
        kesspay.SqliteJournal("journal\0")
    assert not list(folder.iterdir())


def test_a_folder_that_is_not_there(folder: Path) -> None:
    """A journal that cannot be made is named where its path can be one only."""
    for text, shown in (
        ("hunter2/hunter2", "a value of 15 characters"),
        (folder / "hunter2/hunter2", "a value of 15 characters"),
        ("keys/journal.sqlite", f"{folder}/keys/journal.sqlite"),
        ("/nowhere/journal.sqlite", "/nowhere/journal.sqlite"),
    ):
        with pytest.raises(kesspay.JournalUnavailable) as caught:
            kesspay.SqliteJournal(text)
        assert f"({shown})" in str(caught.value)
        assert caught.value.__context__ is None


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(
    ("variable", "kind", "message"),
    [
        (
            "PRIVATE_KEY_FILE",
            "PKCS#8",
            "KESSPAY_PRIVATE_KEY_FILE holds a PEM text (1704 characters), not a path",
        ),
        (
            "GATEWAY_KEY_FILE",
            "https",
            "KESSPAY_GATEWAY_KEY_FILE holds a URL with a password (54 characters)",
        ),
        (
            "PASSWORD_FILE",
            "word",
            "KESSPAY_PASSWORD_FILE names no file that can be read; its value of 15 ch",
        ),
        ("PRIVATE_KEY_FILE", "word", "KESSPAY_PRIVATE_KEY_FILE names no file that"),
    ],
)
def test_what_is_said_instead(variable: str, kind: str, message: str) -> None:
    """The variable, the kind and the length are named, and what to use."""
    with pytest.raises(kesspay.InputError) as caught:
        read_environment(
            {
                "KESSPAY_BASE_URL": BASE_URL,
                "KESSPAY_PARTNER_ID": "partner-1",
                "KESSPAY_PARTNER_SECRET_KEY": "x",
                "KESSPAY_USER_NAME": "api-user",
                "KESSPAY_PASSWORD": "" if variable == "PASSWORD_FILE" else "x",
                "KESSPAY_PRIVATE_KEY_FILE": str(KEYS / "rsa-2048.pem"),
                "KESSPAY_GATEWAY_KEY_FILE": str(KEYS / "other-2048.pub.pem"),
                f"KESSPAY_{variable}": KINDS[kind].text,
            }
        )
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["PRIVATE_KEY", "GATEWAY_KEY"])
def test_a_path_in_place_of_a_key(name: str) -> None:
    """A path where the text of a key is expected is named as one."""
    given = {"private_key", "gateway_key", "base_url", "credentials"} - {name.lower()}
    path = str(KEYS / "rsa-2048.pem")
    with pytest.raises(
        kesspay.KeyLoadError, match=f"KESSPAY_{name} holds a path"
    ) as report:
        read_environment({f"KESSPAY_{name}": path}, given=given)
    assert report.value.next_step == f"use KESSPAY_{name}_FILE"
    # A word is no path, and a key of another kind is named as what it is.
    for text in ("hunter2-hunter2", KINDS["JWK"].text):
        with pytest.raises(kesspay.KeyLoadError) as caught:
            read_environment({f"KESSPAY_{name}": text}, given=given)
        assert "holds a path" not in str(caught.value)


@pytest.mark.parametrize(
    "conninfo",
    [
        f"host=127.0.0.1 port=1 {option}={WORD}"
        for option in (
            "sslmode",
            "channel_binding",
            "gssencmode",
            "target_session_attrs",
            "connect_timeout",
            "keepalives",
            "sslrootcert",
            "service",
            "passfile",
        )
    ],
)
def test_an_option_of_libpq_shows_no_secret(conninfo: str) -> None:
    """Libpq quotes the value of an option that it cannot use; we do not."""
    with pytest.raises(kesspay.KesspayError) as caught:
        kesspay.PostgresJournal(conninfo, timeout=0.2)
    assert not leaks([WORD], shown_by(caught.value))
