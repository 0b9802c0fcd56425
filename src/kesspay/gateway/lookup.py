"""Look up the addresses of a host within a time limit."""

from __future__ import annotations

import socket
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeAlias


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.http.steps import Connect


__all__ = ["Address", "look_up", "numeric"]

#: What ``socket.getaddrinfo`` gives for each address.
Address: TypeAlias = tuple[Any, ...]


def numeric(where: Connect) -> list[Address]:
    """Return the address that a host is already; else none."""
    try:
        return _addresses(where, socket.AI_NUMERICHOST)
    except socket.gaierror:
        return []


def look_up(where: Connect, timeout: float) -> list[Address]:
    """
    Look a host up within a time limit, which the system's call lacks.

    Raises:
        OSError: the host has no address.
        TimeoutError: the look-up took too long; its thread is left behind.
    """
    found: SimpleQueue[Callable[[], list[Address]]] = SimpleQueue()
    addresses = numeric(where)
    if addresses:
        return addresses
    Thread(target=_look_up_into, args=(found, where), daemon=True).start()
    try:
        return found.get(timeout=timeout)()
    except Empty:
        pass
    raise TimeoutError


def _look_up_into(
    found: SimpleQueue[Callable[[], list[Address]]], where: Connect
) -> None:
    try:
        addresses = _addresses(where, 0)
    except Exception as error:  # noqa: BLE001 - the caller waits for it
        refused = error

        def fail() -> list[Address]:
            raise refused

        found.put(fail)
    else:
        found.put(lambda: addresses)


def _addresses(where: Connect, flags: int) -> list[Address]:
    return list(
        socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM, flags=flags)
    )
