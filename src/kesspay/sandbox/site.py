"""Everything that is served: the gateway, the control endpoints, the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from kesspay.sandbox import control, page
from kesspay.sandbox.emulator import BASE_PATH
from kesspay.sandbox.reply import Reply, plain


if TYPE_CHECKING:
    from collections.abc import Mapping

    from kesspay.sandbox.front import Front
    from kesspay.sandbox.sandbox import Sandbox


__all__ = ["Site"]

#: Another name in the Host header is a web page that had its own name point
#: here (DNS rebinding).
_OWN_HOSTS: Final = frozenset({"127.0.0.1", "localhost"})


class Site:
    """Sends each request where it belongs. Any number of threads may use one."""

    def __init__(self, front: Front, sandbox: Sandbox) -> None:
        """Keep what answers."""
        self._front = front
        self._sandbox = sandbox

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """
        Answer one request.

        Args:
            method: HTTP method.
            path: path of the URL.
            headers: names in lower case.
            body: the whole body.
        """
        if path.startswith(f"{BASE_PATH}/"):
            return self._front.respond(method, path, headers, body)
        if not _is_own_host(headers.get("host", "")):
            return plain(403, "The Host header must be 127.0.0.1 or localhost.")
        if path.startswith(control.PREFIX):
            return control.respond(self._sandbox, method, path, headers, body)
        if path not in page.PATHS:
            return plain(404, "Not Found")
        if method != "GET":
            return plain(405, "Method Not Allowed")
        return page.respond(self._sandbox, path)


def _is_own_host(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in _OWN_HOSTS
    except ValueError:
        return False
