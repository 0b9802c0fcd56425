"""``kesspay sandbox`` runs until it is stopped, and says how to use it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kesspay
from kesspay.cli import sandbox as command
from kesspay.sandbox.home import Home
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result


PROGRAM = [
    sys.executable,
    "-c",
    "import sys; from kesspay.cli import main; sys.exit(main())",
]
#: Nothing here takes seconds; this only ends what hangs.
LIMIT = 60


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder that has keys already, since making them is slow."""
    path = tmp_path / "a home"
    path.mkdir(mode=0o700)
    for name, key in (("partner", "rsa-2048.pem"), ("gateway", "other-2048.pem")):
        shutil.copy(KEYS / key, path / f"{name}-private.pem")
        (path / f"{name}-private.pem").chmod(0o600)
    return path


@contextmanager
def running(
    home: Path, *options: str, stop: signal.Signals = signal.SIGTERM
) -> Iterator[dict[str, Any]]:
    """Run the program, return what it prints, and end it by a signal."""
    words = ["sandbox", "--port", "0", "--home", str(home), *options]
    with subprocess.Popen(
        [*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        report = json.loads(process.stdout.readline())
        try:
            yield report
        finally:
            process.send_signal(stop)
            rest = process.stdout.read(), process.stderr.read()
        assert process.wait(LIMIT) == 0
        assert rest == (b"", b"")


def client(settings: dict[str, str]) -> kesspay.Client:
    """Return a client with the settings that were printed."""
    return kesspay.Client(
        base_url=settings["KESSPAY_BASE_URL"],
        credentials=kesspay.Credentials(
            partner_id=settings["KESSPAY_PARTNER_ID"],
            partner_secret_key=settings["KESSPAY_PARTNER_SECRET_KEY"],
            user_name=settings["KESSPAY_USER_NAME"],
            password=settings["KESSPAY_PASSWORD"],
        ),
        private_key=kesspay.PrivateKey.from_file(settings["KESSPAY_PRIVATE_KEY_FILE"]),
        gateway_key=kesspay.PublicKey.from_file(settings["KESSPAY_GATEWAY_KEY_FILE"]),
    )


def order() -> kesspay.CreateFundTransfer:
    """Return a request for half a dollar."""
    return kesspay.CreateFundTransfer(
        out_trade_no="order-1",
        receiver_id="85512345678",
        sender_name="Chan Sophea",
        amount=Decimal("0.50"),
    )


@pytest.mark.thorough
def test_a_transfer_across_a_restart(home: Path) -> None:
    """What was created in one run is confirmed in the next, by one client's keys."""
    with (
        running(home, stop=signal.SIGINT) as report,
        client(report["settings"]) as one,
    ):
        created = one.create_fund_transfer(order())
    assert (report["ok"], report["command"], report["kept"]) == (True, "sandbox", True)
    with running(home, "--json") as again, client(again["settings"]) as other:
        paid = other.confirm_fund_transfer(created, partner_transaction_id="d-1")
        assert other.query_fund_transfer(created).fund_transfer_id
    books = Home(home).sandbox()
    assert [c.fund_transfer_id for c in books.ledger.credits()] == [
        paid.fund_transfer_id
    ]
    books.close()
    text = (home / "settings.env").read_text(encoding="utf-8")
    assert f"KESSPAY_BASE_URL={again['settings']['KESSPAY_BASE_URL']}\n" in text


def test_a_home_of_any_name(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that are no UTF-8 stay; an empty variable does not mean this folder."""
    monkeypatch.chdir(tmp_path)
    empty = run("sandbox", "--home", "", "--port", 0, "--stop-after", 0.01)
    assert (empty.exit_code, list(tmp_path.iterdir())) == (2, [])
    name = os.fsdecode(b"h\xff")
    assert (
        run("sandbox", "--home", name, "--port", 0, "--stop-after", 0.01).exit_code == 0
    )
    assert b"h\xff/partner-private.pem" in Path(name, "settings.env").read_bytes()


def test_seeded_faults(home: Path) -> None:
    """With a rate of 1 every log-in meets a fault, and nothing is kept."""
    with running(home, "--memory", "--fault-seed", "7", "--fault-rate", "1") as report:
        assert report["kept"] is False
        address = (f"{report['page']}sandbox/messages").partition("//")[2]
        host, _, path = address.partition("/")
        settings = {**report["settings"]}
        with pytest.raises(kesspay.GatewayError), client(settings) as hurried:
            hurried.create_fund_transfer(order(), timeout=5)
        name, port = host.split(":")
        with socket.create_connection((name, int(port)), timeout=LIMIT) as connection:
            head = f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode())
            received = b""
            while piece := connection.recv(65536):
                received += piece
    messages = json.loads(received.partition(b"\r\n\r\n")[2])["messages"]
    assert messages[0]["faults"]


def test_what_people_see(
    run: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the settings come as lines to paste, all of them right."""
    # click gives the command a stream of its own; this one says it is a terminal.
    monkeypatch.setattr(command, "_is_on_terminal", lambda: True)
    monkeypatch.chdir(home.parent)
    result = run("sandbox", "--port", 0, "--home", home.name, "--stop-after", 0.01)
    assert (result.exit_code, result.stderr) == (0, "")
    text = result.stdout
    assert "No real money moves here." in text
    assert f"state        {home}\n" in text
    assert f"set -a; . '{home}/settings.env'; set +a" in text
    assert text.count("export KESSPAY_") == 7
    assert f"export KESSPAY_PRIVATE_KEY_FILE='{home}/partner-private.pem'" in text
    snippet = text.partition("or, in Python,\n\n")[2].partition("\n\nCtrl-C")[0]
    names: dict[str, Any] = {}
    exec(snippet + "\n", names)  # noqa: S102 - it is ours
    assert repr(names["client"]).startswith("<Client http://127.0.0.1:")
    result = run(
        "sandbox", "--port", 0, "--home", home, "--memory", "--stop-after", 0.01
    )
    assert f"state        {home} (the ledger is not stored)\n" in result.stdout


def test_elsewhere_it_is_one_line_of_json(
    run: Callable[..., Result], home: Path
) -> None:
    """Without a terminal there is one JSON object on one line, as with --json."""
    words = ("sandbox", "--port", 0, "--home", home, "--stop-after", 0.01)
    for options in ((), ("--json",)):
        result = run(*words, *options)
        assert result.exit_code == 0
        report = json.loads(result.stdout)
        assert result.stdout.count("\n") == 1
        assert set(report) == {
            *("ok", "command", "page", "settings", "settings_file", "home", "kept"),
            "warnings",
        }
        assert report["home"] == str(home)
        assert (
            report["page"] + "partnerapi/v1" == report["settings"]["KESSPAY_BASE_URL"]
        )


def test_the_state_has_a_place(
    run: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --home it lies where the state of programs belongs."""
    place = home.parent / "state" / "kesspay" / "sandbox"
    shutil.copytree(home, place)
    monkeypatch.setenv("XDG_STATE_HOME", str(home.parent / "state"))
    result = run("sandbox", "--port", 0, "--stop-after", 0.01)
    assert json.loads(result.stdout)["home"] == str(place)


def test_a_port_that_is_taken(run: Callable[..., Result], home: Path) -> None:
    """The error names the port, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run("sandbox", "--port", port, "--home", home)
    assert result.exit_code == 2
    assert f"port {port}" in result.stderr
    assert "--port" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        ("--port", "65536"),
        ("--fault-rate", "0.5"),
        ("--fault-rate", "2", "--fault-seed", "1"),
        ("--stop-after", "0"),
    ],
)
def test_wrong_usage(run: Callable[..., Result], options: tuple[str, ...]) -> None:
    """Options that cannot be used are refused before anything is made."""
    result = run("sandbox", "--home", "never-made", *options)
    assert result.exit_code == 2
    assert "see kesspay sandbox --help" in result.stderr


def test_without_uvicorn(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra to install is named."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = run("sandbox")
    assert result.exit_code == 2
    assert "pip install 'kesspay[sandbox]'" in result.stderr


def test_signals_are_given_back(run: Callable[..., Result], home: Path) -> None:
    """After the command the handlers are those of before."""
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    run("sandbox", "--port", 0, "--home", home, "--stop-after", 0.01)
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before
