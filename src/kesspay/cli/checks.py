"""The checks of the doctor, the settings they read, the answers they judge."""

from __future__ import annotations

from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Any, Final, Literal

from kesspay._pages import PAGES, Page
from kesspay._secrets import HoldsSecrets


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kesspay.gateway.messages import HttpRequest, HttpResponse
    from kesspay.http.transport import Transport


__all__ = ["Check", "Checks", "Passed", "ReadSettings", "Verdict", "Wire"]

#: The page about each check of the doctor; others are about none.
_ABOUT: Final[dict[str, Page]] = {
    "backend": PAGES["install"],
    "variables": PAGES["settings"],
    "base url": PAGES["settings"],
    "credentials": PAGES["settings"],
    "private key": PAGES["load"],
    "gateway key": PAGES["load"],
    "options": PAGES["settings"],
    "key pair": PAGES["keys"],
    "tls": PAGES["connections"],
    "token": PAGES["credentials"],
    "clock": PAGES["clock"],
    "answer": PAGES["answers"],
}

Verdict = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Check:
    """
    One thing that was looked at.

    Attributes:
        name: a stable word or two.
        verdict: "ok", "warning", "failed" or "skipped".
        found: what was found, or why it was skipped; never a secret.
        fix: what to do about it, or "".
        page: of the documentation that says more, or "".
    """

    name: str
    verdict: Verdict
    found: str
    fix: str = ""
    page: str = ""


def _about(name: str, page: Page | None) -> str:
    page = page or _ABOUT.get(name)
    return "" if page is None else str(page)


class Checks:
    """A growing list of checks."""

    def __init__(self) -> None:
        """Begin with none."""
        self.all: list[Check] = []

    def ok(self, name: str, found: str) -> None:
        """Add a check that passed."""
        self.all.append(Check(name, "ok", found))

    def warn(self, name: str, found: str, fix: str, page: Page | None = None) -> None:
        """Add one that passed, with something to look at."""
        self.all.append(Check(name, "warning", found, fix, _about(name, page)))

    def fail(self, name: str, found: str, fix: str, page: Page | None = None) -> None:
        """Add one that failed."""
        self.all.append(Check(name, "failed", found, fix, _about(name, page)))

    def skip(self, name: str, why: str) -> None:
        """Add one that could not be made."""
        self.all.append(Check(name, "skipped", why))

    def lacks(self, names: Iterable[str]) -> str:
        """Name the first of some checks that failed or was skipped, or ""."""
        verdicts = {check.name: check.verdict for check in self.all}
        for name in names:
            if verdicts[name] in {"failed", "skipped"}:
                return name
        return ""


class ReadSettings:
    """
    The parts of the settings that could be read.

    Attributes:
        client: arguments of a client, as far as they are known.
        transport: arguments of a transport.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.client: dict[str, Any] = {}
        self.transport: dict[str, Any] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Passed(HoldsSecrets):
    """
    One exchange.

    Attributes:
        request: as it was sent.
        response: as it came, or None where none came.
        received_at: seconds since 1970.
        took: seconds between the request and the answer.
    """

    request: HttpRequest
    response: HttpResponse | None
    received_at: float
    took: float


class Wire:
    """
    Sends with another transport, and keeps the exchanges.

    Args:
        transport: that sends.

    Attributes:
        passed: the exchanges, in order.
        forge: changes an answer before the client receives it, or None.
    """

    forge: Callable[[HttpResponse], HttpResponse] | None = None

    def __init__(self, transport: Transport) -> None:
        """Keep nothing yet."""
        self._transport = transport
        self.passed: list[Passed] = []

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """See ``Transport.send``."""
        begun = time()
        response: HttpResponse | None = None
        try:
            response = self._transport.send(request, timeout=timeout)
            if self.forge is not None:
                response = self.forge(response)
        finally:
            now = time()
            self.passed.append(Passed(request, response, now, now - begun))
        return response
