"""The gateway without sockets: its address, its clock and its receivers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import InputError
from kesspay.gateway.messages import Credentials
from kesspay.sandbox.world import DEFAULT_USERS, World, new_credentials, url_of
from kesspay.signing.keys import PrivateKey
from tests.support.odd import ODD, ODD_TEXTS
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world() -> World:
    """Return a world whose clock stands still."""
    return World(
        private_key=PrivateKey.from_pem((KEYS / "rsa-2048.pem").read_bytes()),
        gateway_private_key=PrivateKey.from_pem((KEYS / "other-2048.pem").read_bytes()),
        clock=lambda: 100.0,
        port=8765,
    )


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *(
            (name, [*ODD, *ODD_TEXTS, 0, 1, True, False, "", KEYS])
            for name in ("private_key", "gateway_private_key", "credentials")
        ),
        (
            "users",
            [
                *(one for one in ODD if not isinstance(one, dict)),
                0,
                "x",
                {"a": None},
                {1: "b"},
                {"a": ""},
                {"a": "\ud800"},
            ],
        ),
        ("clock", [None, 0, 100.0, "x", True]),
        *(
            (name, [*ODD, "300", -1, 1.5, None, True, 10**10])
            for name in ("token_life", "transfer_life", "port")
        ),
        ("used_first", [*ODD, 0, 1, None, "false"]),
    ],
)
def test_arguments_that_cannot_be_used(
    name: str, values: list[Any], tmp_path: Path
) -> None:
    """Each is refused as what it is, before there is a ledger."""
    books = tmp_path / "ledger.sqlite"
    keys = {
        "private_key": PrivateKey.from_pem((KEYS / "rsa-2048.pem").read_bytes()),
        "gateway_private_key": PrivateKey.from_pem(
            (KEYS / "other-2048.pem").read_bytes()
        ),
    }
    for value in values:
        with pytest.raises(InputError):
            World(**{**keys, "database": str(books), name: value})
    assert not books.exists()


def test_what_a_client_needs(world: World) -> None:
    """The settings name the address, both keys and the credentials."""
    settings = world.settings
    assert settings["base_url"] == world.base_url == url_of(8765)
    assert settings["private_key"].public_key != settings["gateway_key"]
    assert isinstance(settings["credentials"], Credentials)


def test_credentials_are_new_each_time() -> None:
    """No two sandboxes share a secret."""
    first, second = new_credentials(), new_credentials()
    assert first.partner_secret_key != second.partner_secret_key
    assert first.password != second.password


def test_time_goes_forward(world: World) -> None:
    """``advance`` puts the clock forward; never back, and not for ever."""
    assert world.ahead == 0.0
    world.advance(5)
    assert world.now() == 105.0
    assert world.ahead == 5.0
    bad: list[Any] = [*ODD, -1, 1e10, "5", None, True]
    for seconds in bad:
        with pytest.raises(InputError, match="time goes forward"):
            world.advance(seconds)
    assert world.now() == 105.0


def test_receivers(world: World) -> None:
    """Two receivers are there where no users are given."""
    found = {user.receiver_id: user.name for user in world.ledger.users()}
    assert found == DEFAULT_USERS
    assert world.exchanges == ()


def test_nothing_of_a_server_is_needed() -> None:
    """The module imports neither the web side nor a server."""
    names = vars(sys.modules["kesspay.sandbox.world"])
    assert not [name for name in names if name in {"Site", "App", "Server"}]
