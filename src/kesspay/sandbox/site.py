"""Everything that is served: the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kesspay.sandbox.emulator import BASE_PATH
from kesspay.sandbox.reply import plain


if TYPE_CHECKING:
    from collections.abc import Mapping

    from kesspay.sandbox.front import Front
    from kesspay.sandbox.reply import Reply


__all__ = ["Site"]


class Site:
    """Sends each request where it belongs. Any number of threads may use one."""

    def __init__(self, front: Front) -> None:
        """Keep what answers."""
        self._front = front

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
        return plain(404, "Not Found")
