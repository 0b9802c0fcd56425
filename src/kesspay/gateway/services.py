"""
The services of the API, and what their error codes mean for the money.

One table for all who judge an answer: ``answers`` reads it for a call, the state
machine of ``kesspay.transfers`` for a payment, the sandbox for what it offers. A
code is added or moved here and nowhere else.

Source: API document, "Error code review" of each service.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kesspay.errors import OutcomeUnknown


__all__ = [
    "CONFIRM",
    "CONFIRM_REFUSALS",
    "CREATE",
    "ERROR_CODES",
    "EXPIRED",
    "NOTELIGIBLE",
    "NOTEXIST",
    "OTHER",
    "PENDING",
    "QUERY",
    "RESULT_CODES",
    "SERVICES",
    "SUCCESS",
    "SYSTEM_ERROR",
    "UNAUTHENTICATED",
    "UNAUTHORIZED",
    "USED",
    "VALIDATIONERROR",
    "Service",
    "is_no_answer",
    "is_overloaded",
    "is_server_error",
    "is_success",
    "known_code",
    "service_of",
]

CREATE: Final = "create.unified.fundTransfer"
CONFIRM: Final = "confirm.fundTransfer"
QUERY: Final = "query.fundTransfer"

#: The only ``result_code`` of money that moved.
SUCCESS: Final = "SUCCESS"
#: What a query of gateways says besides: it is no code of the API document.
PENDING: Final = "PENDING"
RESULT_CODES: Final = (SUCCESS, PENDING)

NOTEXIST: Final = "NOTEXIST"
EXPIRED: Final = "EXPIRED"
#: The receiver cannot be paid.
NOTELIGIBLE: Final = "NOTELIGIBLE"
VALIDATIONERROR: Final = "VALIDATIONERROR"
#: The pre-transfer was confirmed before: the money may have moved.
USED: Final = "USED"
#: The gateway failed: it says nothing about the money.
SYSTEM_ERROR: Final = "SYSTEMERROR"
#: The token is not valid.
UNAUTHENTICATED: Final = "UNAUTHENTICATED"
#: The error codes of the API document.
ERROR_CODES: Final = (
    *(NOTEXIST, EXPIRED, USED, NOTELIGIBLE),
    *(VALIDATIONERROR, SYSTEM_ERROR, UNAUTHENTICATED),
)

#: Refusals of a confirm that are final where it was sent once.
#: The state machine replays old journals: a code that joins or leaves this set
#: changes how they read; see docs/transfers.md R8.
CONFIRM_REFUSALS: Final = frozenset({EXPIRED, NOTEXIST, VALIDATIONERROR})

#: HTTP status of a token that the gateway rejected.
UNAUTHORIZED: Final = 401
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Service:
    """
    How the answers of one service are judged.

    Attributes:
        name: as requests name it.
        final: codes that are a refusal on a first send; None means every
            code but SYSTEMERROR and UNAUTHENTICATED.
        no: codes that say of a transfer that its money did not move.
        harmless: True where the request can move no money.
        repeatable: True where the same request cannot act twice.
        when_unknown: what to do when the outcome is unknown.
        when_refused: what to do after a refusal.
    """

    name: str
    final: frozenset[str] | None
    no: frozenset[str]
    harmless: bool
    repeatable: bool
    when_unknown: str
    when_refused: str


_CREATE: Final = Service(
    name=CREATE,
    final=None,
    no=frozenset(),
    harmless=True,
    repeatable=False,
    when_unknown=(
        "no money is involved: start again with a new out_trade_no; "
        "never use this one again."
    ),
    when_refused="no money is involved: correct what the code names.",
)

_CONFIRM: Final = Service(
    name=CONFIRM,
    final=CONFIRM_REFUSALS,
    no=frozenset(),
    harmless=False,
    repeatable=False,
    when_unknown=OutcomeUnknown.next_step,
    when_refused="query the transfer once before you give money back.",
)

_QUERY: Final = Service(
    name=QUERY,
    # Its codes are evidence about the transfer, and no refusal of the query.
    final=frozenset(),
    # Old journals are read with these too.
    no=frozenset({EXPIRED, NOTEXIST}),
    harmless=True,
    repeatable=True,
    when_unknown=(
        "query again later; until a query succeeds the transfer is "
        "neither paid nor failed."
    ),
    when_refused="",
)

#: The services that the API document describes, by name.
SERVICES: Final = {service.name: service for service in (_CREATE, _CONFIRM, _QUERY)}

#: A service that this library does not know: it may move money.
OTHER: Final = Service(
    name="",
    final=None,
    no=frozenset(),
    harmless=False,
    repeatable=False,
    when_unknown=OutcomeUnknown.next_step,
    when_refused="look the code up in the description of the service.",
)


def service_of(name: str) -> Service:
    """Return how the answers of a service are judged; OTHER where it is not known."""
    return SERVICES.get(name, OTHER)


_NAMED: Final = frozenset((*RESULT_CODES, *ERROR_CODES))


def known_code(code: str) -> str:
    """Return a code that the document names, "other" for another one, "" for none."""
    return code if not code or code in _NAMED else "other"


def is_success(status: int) -> bool:
    """
    Return whether an HTTP status says that a request succeeded.

    Source: RFC 9110, 15: a client treats an unknown 2xx as 200.
    """
    return 200 <= status < 300


def is_server_error(status: int) -> bool:
    """Return whether an HTTP status says that the server failed."""
    return status >= _SERVER_ERROR


def is_overloaded(status: int) -> bool:
    """Return whether an HTTP status says that the server did not get to a request."""
    return status == _TOO_MANY_REQUESTS or is_server_error(status)


def is_no_answer(status: int) -> bool:
    """
    Return whether an HTTP status says that no gateway answered, whatever the body says.

    The server did not get to the request, or sent the client to another place.
    """
    return 300 <= status < 400 or is_overloaded(status)
