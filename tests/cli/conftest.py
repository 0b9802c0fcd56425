# ruff: noqa: ANN401 - what tests are given is of any type

"""Run commands in this process, as a terminal-less shell would."""

from __future__ import annotations

import errno
import io
import os
import shutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest
from click.testing import CliRunner

from kesspay.cli.root import root
from kesspay.gateway.client import Client
from kesspay.gateway.environment import VARIABLES
from kesspay.sandbox import Sandbox
from kesspay.transfers.attempt import State
from kesspay.transfers.journal import Status
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.transfers import Transfers
from tests.gateway.helpers import (
    BASE_URL,
    CANARIES,
    credentials,
    gateway_private_key,
    partner_key,
)
from tests.support.vectors import KEYS
from tests.transfers.helpers import payment


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _typeshed import ReadableBuffer
    from click.testing import Result

    from kesspay.gateway.messages import HttpRequest, HttpResponse
    from kesspay.http.transport import Transport


#: What no user of a shell reads.
PYTHON: Final = (
    *("Traceback", "Decimal(", "datetime.", "<class '", " object at 0x"),
    *("resume()", "watch()", "confirm()", "look()", "from_env()"),
)


@pytest.fixture
def run() -> Callable[..., Result]:
    """Return a function that runs one command and returns its result."""

    def command(*arguments: str | Path, stdin: bytes | str | None = None) -> Result:
        words = [str(argument) for argument in arguments]
        result = CliRunner().invoke(root, words, input=stdin)
        # No error shows a traceback, and no text needs Python to be understood.
        assert result.exception is None or isinstance(result.exception, SystemExit)
        for python in PYTHON:
            assert python not in result.output
        return result

    return command


class Refusing(io.RawIOBase):
    """A file on a disk that is full, or a pipe without a reader."""

    def __init__(self, error: OSError | None) -> None:
        """Take what is raised; None takes everything."""
        self.error = error
        self.taken = b""
        self._null = open(os.devnull, "wb")  # noqa: SIM115, PTH123 - closed below

    def writable(self) -> bool:
        """Be for writing."""
        return True

    def fileno(self) -> int:
        """Be a file of the system."""
        return self._null.fileno()

    def write(self, content: ReadableBuffer) -> int:
        """Take it, or do not."""
        if self.error is not None:
            raise self.error
        self.taken += bytes(content)
        return memoryview(content).nbytes

    def close(self) -> None:
        """Close what is held."""
        self._null.close()
        super().close()

    def stream(self) -> io.TextIOWrapper:
        """Return a stream over this, as sys.stdout is one."""
        return io.TextIOWrapper(io.BufferedWriter(self), encoding="utf-8")


@pytest.fixture
def full() -> OSError:
    """Return the error of a disk that is full."""
    return OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Return a folder with copies of the test keys, private ones closed."""
    folder = tmp_path / "keys"
    shutil.copytree(KEYS, folder)
    for path in folder.iterdir():
        path.chmod(0o600)
    return folder


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be a terminal to ask on; standard input is what is typed."""
    for asker in ("inputs", "keys"):
        monkeypatch.setattr(f"kesspay.cli.{asker}.can_ask", lambda: True)


class Wired:
    """Stands for HttpTransport, and sends to what the test says."""

    def __init__(self, behind: Transport) -> None:
        """Take what answers."""
        self.behind = behind
        self.options: list[dict[str, Any]] = []
        self.closed = 0

    def __call__(self, **options: Any) -> Wired:
        """Be the transport of a command."""
        self.options.append(options)
        return self

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Pass a request on."""
        return self.behind.send(request, timeout=timeout)

    def close(self) -> None:
        """Count how often the transport was closed."""
        self.closed += 1


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Callable[[Transport], Wired]:
    """Return a function that puts a transport in the place of the network."""

    def put(behind: Transport) -> Wired:
        made = Wired(behind)
        monkeypatch.setattr("kesspay.http.sync.HttpTransport", made)
        return made

    return put


@pytest.fixture
def variables(keys: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Set the variables of an account whose secrets are canaries."""
    for name in [name for name in os.environ if name in VARIABLES]:
        monkeypatch.delenv(name)
    found = {
        "KESSPAY_BASE_URL": BASE_URL,
        "KESSPAY_PARTNER_ID": "partner-1",
        "KESSPAY_PARTNER_SECRET_KEY": CANARIES["partner_secret_key"],
        "KESSPAY_USER_NAME": "api-user",
        "KESSPAY_PASSWORD": CANARIES["password"],
        "KESSPAY_PRIVATE_KEY_FILE": str(keys / "rsa-2048.pem"),
        "KESSPAY_GATEWAY_KEY_FILE": str(keys / "other-2048.pub.pem"),
    }
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def sandbox(variables: dict[str, str]) -> Sandbox:
    """Return a sandbox, not started, for the account of the variables."""
    made = Sandbox(private_key=partner_key(), gateway_private_key=gateway_private_key())
    made.emulator._credentials = credentials()
    return made


@pytest.fixture
def wired(sandbox: Sandbox, wire: Callable[[Transport], Wired]) -> Wired:
    """Put the sandbox in the place of the network."""
    return wire(sandbox.transport)


@pytest.fixture
def place(tmp_path: Path, sandbox: Sandbox) -> Path:
    """Make a journal with a transfer that was paid, and two that were only begun."""
    path = tmp_path / "journal.sqlite"
    journal = SqliteJournal(str(path))
    settings = {**sandbox.settings, "credentials": credentials()}
    client = Client(**settings, transport=sandbox.transport)  # type: ignore[arg-type] # mixed settings
    transfers = Transfers(client, journal)
    for payment_id in ("a-paid", "b-pending", "c-odd"):
        if payment_id == "c-odd":
            sandbox.faults.plan("oversized", service="create.unified.fundTransfer")
        pending = transfers.start(
            payment_id=payment_id,
            receiver_id="85512345678",
            amount=Decimal("0.50"),
            sender_name="Chan Sophea",
        )
        if payment_id == "a-paid":
            pending.confirm("debit-1")
    journal.close()
    return path


@pytest.fixture
def every_state(tmp_path: Path) -> Path:
    """Make a journal with a payment in every state, and a closed one that is due."""
    path = tmp_path / "journal.sqlite"
    with SqliteJournal(path) as journal:
        for name, state, due_at in [
            *((state.value, state, None) for state in State),
            ("z-closed-due", State.CLOSED, 1.0),
        ]:
            journal.begin(payment(name))
            lease = journal.lease(name, "test", 60)
            journal.append(lease, [], Status(state.value, 1, due_at), 60)
            journal.release(lease)
    return path
