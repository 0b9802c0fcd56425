"""
Everything that is served: the gateway, the control endpoints, the status page.

The control endpoints take JSON and give JSON, for tests. They have no password, since
they move no real money and listen on this machine only. A web page in a browser on
this machine can use none of it: ``Site`` refuses a foreign Host and whatever a browser
marks as coming from another page; a browser asks the sandbox before it sends JSON for a
page of another origin, and is refused; and the forms of the status page need a CSRF
token that only this page has.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from kesspay.errors import InputError
from kesspay.sandbox import page
from kesspay.sandbox.emulator import BASE_PATH, Reply, as_json, plain
from kesspay.sandbox.faults import FAULTS
from kesspay.sandbox.forms import ACTIONS, Forms, NotDone
from kesspay.sandbox.view import PATHS, View


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kesspay.sandbox.world import World


__all__ = [
    "ENDPOINTS",
    "Site",
]


#: Another name in the Host header is a web page that had its own name point
#: here (DNS rebinding).
_OWN_HOST: Final = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?", re.IGNORECASE)

#: What a browser says of requests that another page makes.
#: Source: Fetch Metadata Request Headers, section 2.3.
_FOREIGN_SITES: Final = frozenset({"cross-site", "same-site"})


class Site:
    """Send each request where it belongs. Any number of threads may use one."""

    def __init__(self, world: World) -> None:
        """Make the forms of the status page."""
        self._world = world
        self._forms = Forms(world)

    def respond(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: str = "",
    ) -> Reply:
        """
        Answer one request.

        Args:
            method: HTTP method.
            path: path of the URL.
            headers: names in lower case.
            body: the whole body.
            query: of the URL, as it was sent.
        """
        is_page = path in PATHS and method == "GET"
        if _is_of_another_page(headers, may_lead_here=is_page):
            return plain(403, "A web page of another site cannot use the sandbox.")
        if path.startswith(f"{BASE_PATH}/"):
            return self._world.front.respond(method, path, headers, body)
        if not _is_own_host(headers):
            return plain(403, "The Host header must be 127.0.0.1 or localhost.")
        if path.startswith(PREFIX):
            return _control(self._world, method, path, headers, body)
        if path not in PATHS and path not in ACTIONS:
            return plain(404, "Not Found")
        if method != ("POST" if path in ACTIONS else "GET"):
            return plain(405, "Method Not Allowed")
        view = View.read(path, query)
        if path in PATHS:
            return page.respond(self._world, self._forms, view)
        try:
            return self._forms.respond(path, view, headers, body)
        except NotDone as error:
            return page.respond(
                self._world, self._forms, view, str(error), error.status
            )


def _is_own_host(headers: Mapping[str, str]) -> bool:
    return _OWN_HOST.fullmatch(headers.get("host", "")) is not None


def _is_of_another_page(headers: Mapping[str, str], *, may_lead_here: bool) -> bool:
    """
    Whether a browser sends this for a page that is not the sandbox's own.

    Programs of partners send no Origin. Without this rule a web page could use up the
    faults that wait, fill the log, and make the search for causes work.

    Args:
        headers: of the request.
        may_lead_here: True where a link of another page is harmless.
    """
    origin = headers.get("origin")
    if origin is not None:
        own = f"http://{headers.get('host', '')}".lower()
        if origin.lower() != own or not _is_own_host(headers):
            return True
    site = headers.get("sec-fetch-site", "").lower()
    return site in _FOREIGN_SITES and not may_lead_here


# ------------------------------------------------------------ control endpoints


PREFIX: Final = "/sandbox/"

_Fields: TypeAlias = dict[str, Any]
_Endpoint: TypeAlias = "Callable[[World, _Fields], object]"


def _control(
    world: World, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Reply:
    """Answer one request to a control endpoint."""
    methods = {verb for verb, place in ENDPOINTS if place == path}
    if not methods:
        return _error(404, "there is no such endpoint")
    if method not in methods:
        return _error(405, f"this endpoint takes {', '.join(sorted(methods))}")
    fields: _Fields = {}
    if method == "POST":
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return _error(415, "the Content-Type must be application/json")
        try:
            fields = _object(body)
        except InputError as error:
            return _error(400, str(error))
    try:
        return as_json(200, ENDPOINTS[method, path](world, fields))
    except InputError as error:
        return _error(400, str(error))


def _get_faults(world: World, _: _Fields) -> object:
    planned = [asdict(one) for one in world.faults.planned()]
    return {"plan": planned, "faults": list(FAULTS)}


def _add_faults(world: World, fields: _Fields) -> object:
    plan = _only(fields, {"plan": list})["plan"]
    entries = [_only(one, {"fault": str}, service=str, times=int) for one in plan]
    for entry in entries:
        world.faults.plan(
            entry["fault"],
            service=entry.get("service"),
            times=entry.get("times", 1),
        )
    return _get_faults(world, {})


def _clear_faults(world: World, _: _Fields) -> object:
    world.faults.clear()
    return _get_faults(world, {})


def _revoke_token(world: World, fields: _Fields) -> object:
    _only(fields, {})
    world.emulator.revoke_token()
    return {}


def _get_clock(world: World, _: _Fields) -> object:
    return {"now": world.now()}


def _advance(world: World, fields: _Fields) -> object:
    world.advance(_only(fields, {"advance": (int, float)})["advance"])
    return _get_clock(world, {})


def _get_users(world: World, _: _Fields) -> object:
    return {"users": [asdict(user) for user in world.ledger.users()]}


def _add_user(world: World, fields: _Fields) -> object:
    found = _only(fields, {"receiver_id": str, "name": str}, eligible=bool)
    world.ledger.add_user(
        found["receiver_id"], found["name"], eligible=found.get("eligible", True)
    )
    return _get_users(world, {})


def _get_transfers(world: World, _: _Fields) -> object:
    return {"transfers": [asdict(row) for row in world.ledger.transfers()]}


def _get_credits(world: World, _: _Fields) -> object:
    return {"credits": [asdict(credit) for credit in world.ledger.credits()]}


def _get_messages(world: World, _: _Fields) -> object:
    return {"messages": [asdict(exchange) for exchange in world.exchanges]}


#: Each endpoint: its method, its path, and what answers.
ENDPOINTS: Final[dict[tuple[str, str], _Endpoint]] = {
    ("GET", "/sandbox/faults"): _get_faults,
    ("POST", "/sandbox/faults"): _add_faults,
    ("DELETE", "/sandbox/faults"): _clear_faults,
    ("POST", "/sandbox/revoke-token"): _revoke_token,
    ("GET", "/sandbox/clock"): _get_clock,
    ("POST", "/sandbox/clock"): _advance,
    ("GET", "/sandbox/users"): _get_users,
    ("POST", "/sandbox/users"): _add_user,
    ("GET", "/sandbox/transfers"): _get_transfers,
    ("GET", "/sandbox/credits"): _get_credits,
    ("GET", "/sandbox/messages"): _get_messages,
}


def _only(fields: object, needed: dict[str, Any], **others: type) -> _Fields:
    """
    Return the fields, which are those named and of their types.

    Raises:
        InputError: one is missing, unknown or of another type.
    """
    if not isinstance(fields, dict):
        raise InputError("an object is needed")
    types = {**needed, **others}
    for name in [*needed, *fields]:
        if name not in types:
            raise InputError(f"there is no field {name!r:.64}")
        value = fields.get(name)
        is_flag = isinstance(value, bool)
        if not isinstance(value, types[name]) or is_flag != (types[name] is bool):
            raise InputError(f"the field {name} is missing or of another type")
    return fields


def _object(body: bytes) -> _Fields:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise InputError("the body is not JSON") from None
    if not isinstance(value, dict):
        raise InputError("the body is not an object")
    return value


def _error(status: int, message: str) -> Reply:
    return as_json(status, {"error": message})
