"""The folder of a sandbox: made once, for its owner only, used again."""

from __future__ import annotations

import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import InputError, KeyLoadError
from kesspay.gateway.client import Client
from kesspay.sandbox.home import Home, default_path
from kesspay.signing.keys import PrivateKey, PublicKey
from tests.sandbox.parties import KEYS, RECEIVER, order


if TYPE_CHECKING:
    from kesspay.sandbox import Sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that has keys already, since making them is slow."""
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    for name, key in (("partner", "rsa-2048.pem"), ("gateway", "other-2048.pem")):
        made = path / f"{name}-private.pem"
        made.write_bytes((KEYS / key).read_bytes())
        made.chmod(0o600)
    return path


def pay(sandbox: Sandbox, number: int) -> None:
    """Send half a dollar."""
    client = Client(**sandbox.settings, transport=sandbox.transport)
    created = client.create_fund_transfer(order(number))
    client.confirm_fund_transfer(created, partner_transaction_id=f"d-{number}")


def test_the_first_use(tmp_path: Path) -> None:
    """Everything is made, and no one else can read it."""
    path = tmp_path / "a" / "b"
    home = Home(path)
    home.write_settings(home.environment("http://127.0.0.1:1/partnerapi/v1"))
    made = home.sandbox()
    pay(made, 1)
    names = {file.name for file in path.iterdir()}
    assert names - {"ledger.sqlite-wal", "ledger.sqlite-shm"} == {
        "credentials.json",
        "gateway-private.pem",
        "gateway-public.pem",
        "ledger.sqlite",
        "partner-private.pem",
        "settings.env",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for file in path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    made.close()


def test_the_second_use(folder: Path) -> None:
    """Keys, credentials, books and the time are those of the first."""
    runs = []
    for number in (1, 2):
        home = Home(folder)
        made = home.sandbox()
        assert made.ledger.balance(RECEIVER) == (number - 1) * order().amount
        pay(made, number)
        made.advance(1000)
        runs.append(home.environment("u"))
        ahead = made.ledger.ahead
        made.close()
    assert runs[0] == runs[1]
    assert ahead == 2000


def test_changes_of_users_are_kept(folder: Path) -> None:
    """The users that are made up come once only."""
    made = Home(folder).sandbox()
    made.ledger.add_user(RECEIVER, "Changed", eligible=False)
    before = made.ledger.users()
    made.close()
    made = Home(folder).sandbox()
    assert made.ledger.users() == before
    made.close()


def test_books_in_memory(folder: Path) -> None:
    """They begin empty; keys and credentials are those of the folder."""
    home = Home(folder)
    made = home.sandbox(in_memory=True)
    pay(made, 1)
    made.close()
    assert (folder / "ledger.sqlite").stat().st_size == 0
    assert made.settings["credentials"] is home.credentials


def test_the_settings(folder: Path) -> None:
    """The file names what a client needs, quoted for a shell."""
    home = Home(folder)
    environment = home.environment("http://127.0.0.1:1/partnerapi/v1")
    home.write_settings({**environment, "KESSPAY_PASSWORD": "it's $HOME"})
    words = shlex.split(home.settings_file.read_text(encoding="utf-8"))
    report = dict(word.split("=", 1) for word in words)
    assert report == {**environment, "KESSPAY_PASSWORD": "it's $HOME"}
    own = PrivateKey.from_file(report["KESSPAY_PRIVATE_KEY_FILE"])
    gateways = PublicKey.from_file(report["KESSPAY_GATEWAY_KEY_FILE"])
    settings = home.sandbox(in_memory=True).settings
    assert own.public_key == settings["private_key"].public_key
    assert gateways == settings["gateway_key"]


def test_where_the_state_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_STATE_HOME counts where it is an absolute path."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_path() == tmp_path / "kesspay" / "sandbox"
    monkeypatch.setenv("HOME", str(tmp_path))
    for useless in ("", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", useless)
        assert default_path() == tmp_path / ".local/state/kesspay/sandbox"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"partner_id": 1}', "\x00"])
def test_credentials_that_are_none(folder: Path, content: str) -> None:
    """A spoilt file is an error that names it, and is left as it is."""
    file = folder / "credentials.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"credentials\.json.*remove it"):
        Home(folder)
    assert file.read_text(encoding="utf-8") == content


def test_a_key_that_is_none(folder: Path) -> None:
    """A spoilt key is an error, and no new key takes its place."""
    file = folder / "gateway-private.pem"
    file.write_text("nonsense", encoding="utf-8")
    with pytest.raises(KeyLoadError):
        Home(folder)
    assert file.read_text(encoding="utf-8") == "nonsense"


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """A file in the place of the folder is an error."""
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(InputError, match="cannot use"):
        Home(file)


def test_settings_that_cannot_be_written(folder: Path) -> None:
    """The error names the file, and nothing is left behind."""
    home = Home(folder)
    home.settings_file.mkdir()
    with pytest.raises(InputError, match=r"settings\.env"):
        home.write_settings({})
    assert not list(folder.glob(".*"))


def test_a_value_that_is_no_path() -> None:
    """A key in place of the folder makes no folder of that name, and is not shown."""
    pem = "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"
    with pytest.raises(InputError, match="in place of the folder") as found:
        Home(Path(pem))
    assert "canary" not in str(found.value)
