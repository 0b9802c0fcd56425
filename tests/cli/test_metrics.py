"""``kesspay resume --watch --metrics``: what is served beside a worker."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from contextlib import closing, nullcontext
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kesspay.cli import metrics, resume
from kesspay.transfers.sqlite import SqliteJournal


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.cli.conftest import Wired


class Scrape:
    """Ends a worker, after it read the metrics that are served."""

    def __init__(self, capture: Callable[[], str]) -> None:
        """Take what gives standard error so far."""
        self._capture = capture
        self.samples: dict[str, float] = {}
        self.where = ""
        self.event = threading.Event()

    def wait(self, _: float) -> bool:
        """Read the metrics."""
        found = re.search(r"metrics are at (\S+)", self._capture())
        assert found is not None
        self.where = found[1]
        place = urlsplit(self.where)
        connection = HTTPConnection(str(place.hostname), place.port, timeout=30)
        connection.request("GET", place.path)
        text = connection.getresponse().read().decode()
        connection.close()
        self.samples = {
            sample.name: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        self.event.set()
        return True

    def is_set(self) -> bool:
        """Return whether they were read."""
        return self.event.is_set()


def test_a_worker_is_scraped(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its metrics are those of the journal; the port is free after it."""
    said: list[str] = []
    monkeypatch.setattr(
        "kesspay.cli.metrics.click.echo", lambda text, **_: said.append(text)
    )
    scrape = Scrape(lambda: "\n".join(said))
    monkeypatch.setattr(resume, "stop_signals", lambda: nullcontext(scrape))
    done = run("resume", "--watch", "--metrics", "0", "--journal", place)
    assert done.exit_code == 0, done.output
    assert scrape.where.startswith("http://127.0.0.1:")
    assert scrape.samples["kesspay_journal_up"] == 1
    assert scrape.samples["kesspay_journal_unfinished_payments"] == 2
    assert scrape.samples["kesspay_journal_unknown_payments"] == 0
    port = urlsplit(scrape.where).port
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.1", port))


def test_the_journal_is_opened_once(place: Path) -> None:
    """Every scrape reads the same journal."""
    opened = [SqliteJournal(place)]
    journal = metrics._once(opened.pop)
    with closing(journal()) as first:
        assert journal() is first


def test_a_single_pass_serves_nothing(
    run: Callable[..., Result], wired: Wired, place: Path
) -> None:
    """It would be over before the first scrape."""
    done = run("resume", "--metrics", "9187", "--journal", place)
    assert done.exit_code == 2
    assert "--watch" in json.loads(done.stdout)["error"]["message"]


def test_a_port_that_is_taken(
    run: Callable[..., Result], wired: Wired, place: Path
) -> None:
    """The worker does not begin without the metrics that were asked for."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("resume", "--watch", "--metrics", port, "--journal", place)
    assert done.exit_code == 2
    assert f"127.0.0.1 port {port}" in json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "port",
        "70000",
        "9" * 5000,
        "-1",
        ":9187",
        "a b:9187",
        "http://x:1",
        "\uff19",
    ],
)
def test_what_is_no_place(
    run: Callable[..., Result], wired: Wired, place: Path, given: str
) -> None:
    """It is refused, and not repeated."""
    done = run("resume", "--watch", f"--metrics={given}", "--journal", place)
    assert done.exit_code == 2
    assert "HOST:PORT" in json.loads(done.stdout)["error"]["message"]


def test_a_name_that_no_host_has(
    run: Callable[..., Result], wired: Wired, place: Path
) -> None:
    """A label of a name of a host has at most 63 letters."""
    where = f"{'x' * 64}.example:9187"
    done = run("resume", "--watch", "--metrics", where, "--journal", place)
    assert done.exit_code == 2
    assert "no host has this name" in json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize("host", ["localhost", "[::1]"])
def test_another_host(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
) -> None:
    """A name or an IPv6 address stands before the port."""
    asked: list[tuple[int, str]] = []

    def serve(port: int, addr: str, **_: object) -> None:
        asked.append((port, addr))
        raise OSError("no such host")

    monkeypatch.setattr("prometheus_client.start_http_server", serve)
    done = run("resume", "--watch", "--metrics", f"{host}:9187", "--journal", place)
    assert done.exit_code == 2
    assert asked == [(9187, host.strip("[]"))]


def test_without_prometheus_client(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    done = run("resume", "--watch", "--metrics", "9187", "--journal", place)
    assert done.exit_code == 2
    message = json.loads(done.stdout)["error"]["message"]
    assert "pip install 'kesspay[prometheus]'" in message
