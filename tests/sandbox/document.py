"""
The answers of the API document as data, written down from it by hand.

Only what the document says stands here. Where it says nothing, for instance
which code an unknown service has, a comment says what was taken instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final


if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = [
    "SERVICES",
    "TOKEN",
    "UNAUTHENTICATED",
    "Service",
    "require_documented",
    "require_fields",
]


@dataclass(frozen=True, slots=True)
class Text:
    """A String, Alpha, Char or Text: of at least one character."""

    longest: int | None = None
    only: frozenset[str] | None = None

    def fits(self, value: object) -> bool:
        """Tell whether a value has the type."""
        if not isinstance(value, str) or not value:
            return False
        if self.longest is not None and len(value) > self.longest:
            return False
        return self.only is None or value in self.only


@dataclass(frozen=True, slots=True)
class Number:
    """A Number, an Integer, or a Double (an amount: above zero)."""

    kinds: tuple[type, ...] = (int,)
    least: int = 0

    def fits(self, value: object) -> bool:
        """Tell whether a value has the type."""
        if type(value) not in self.kinds:
            return False
        assert isinstance(value, int | Decimal)
        return value >= self.least


@dataclass(frozen=True, slots=True)
class Exactly:
    """A Boolean or a number of which the document gives the value."""

    value: object

    def fits(self, value: object) -> bool:
        """Tell whether a value is the one."""
        return type(value) is type(self.value) and value == self.value


@dataclass(frozen=True, slots=True)
class Object:
    """An Object."""

    def fits(self, value: object) -> bool:
        """Tell whether a value has the type."""
        return isinstance(value, dict)


Field = Text | Number | Exactly | Object

_AMOUNT: Final = Number((int, Decimal))
_CURRENCY: Final = Text(3, frozenset({"KHR", "USD"}))
_SIGN: Final[dict[str, Field]] = {
    "sign_type": Text(10, frozenset({"RSA2"})),
    "sign": Text(),
}

#: "GET ACCESS TOKEN", response data.
TOKEN: Final[dict[str, Field]] = {"access_token": Text(1200), "expire_in": Number()}

#: "GET ACCESS TOKEN", response fail: HTTP 401, and the one unsigned answer.
UNAUTHENTICATED: Final[dict[str, Field]] = {
    "success": Exactly(value=False),
    "error_code": Text(32, frozenset({"UNAUTHENTICATED"})),
    "error_desc": Text(),
}

#: "API GATEWAY SPECIFICATION", sample success response.
SUCCESS: Final[dict[str, Field]] = {
    "success": Exactly(value=True),
    "code": Exactly(200),
    "message": Text(),
    "data": Object(),
    **_SIGN,
}

#: "API GATEWAY SPECIFICATION", sample fail response.
FAIL: Final[dict[str, Field]] = {
    "success": Exactly(value=False),
    "error_code": Text(32),
    "error_desc": Text(),
    **_SIGN,
}


@dataclass(frozen=True, slots=True)
class Service:
    """
    One service.

    Attributes:
        data: "Response success data".
        optional: names in ``data`` that need not be there, with the reason
            in a comment.
        codes: "Error code review", the HTTP status of each code.
    """

    data: dict[str, Field]
    codes: dict[str, int]
    optional: frozenset[str] = frozenset()


_ECHO: Final[dict[str, Field]] = {
    "out_trade_no": Text(64),
    "receiver_id": Text(25),
    "amount": _AMOUNT,
    "currency": _CURRENCY,
    "receiver_name": Text(96),
}

SERVICES: Final[dict[str, Service]] = {
    # "CREATE UNIFIED FUND TRANSFER"
    "create.unified.fundTransfer": Service(
        data={**_ECHO, "pre_transfer_id": Text(64), "expire_in": Number(least=1)},
        codes={"NOTELIGIBLE": 400, "VALIDATIONERROR": 400, "SYSTEMERROR": 500},
    ),
    # "CONFIRM FUND TRANSFER"
    "confirm.fundTransfer": Service(
        data={
            **_ECHO,
            "pre_transfer_id": Text(64),
            "result_code": Text(32, frozenset({"SUCCESS"})),
            "fund_transfer_id": Text(64),
        },
        codes={
            "USED": 400,
            "NOTEXIST": 400,
            "EXPIRED": 400,
            "VALIDATIONERROR": 400,
            "SYSTEMERROR": 500,
        },
    ),
    # "QUERY FUND TRANSFER"; USED is in its table of failures only, without an
    # HTTP status.
    "query.fundTransfer": Service(
        data={**_ECHO, "result_code": Text(32), "fund_transfer_id": Text(64)},
        codes={
            "NOTEXIST": 400,
            "EXPIRED": 400,
            "VALIDATIONERROR": 400,
            "SYSTEMERROR": 500,
        },
        # The note on it: only where result_code is SUCCESS.
        optional=frozenset({"fund_transfer_id"}),
    ),
}

#: For a service the document does not have: the codes that all services have.
OTHER: Final = Service(data={}, codes={"VALIDATIONERROR": 400, "SYSTEMERROR": 500})


def require_fields(
    found: Mapping[str, Any], wanted: Mapping[str, Field], optional: frozenset[str]
) -> None:
    """Check that an object has exactly the fields of a table, of their types."""
    assert found.keys() - wanted.keys() == set()
    assert wanted.keys() - found.keys() - optional == set()
    for name, value in found.items():
        assert wanted[name].fits(value), f"{name} is {value!r}"


def require_documented(service: object, status: int, answer: dict[str, Any]) -> None:
    """
    Check that a signed answer is one that the document describes.

    Args:
        service: what the request named as its service, whatever that was.
        status: the HTTP status.
        answer: the whole answer, numbers with a fraction as Decimal.
    """
    known = SERVICES.get(service, OTHER) if isinstance(service, str) else OTHER
    if answer.get("success") is not True:
        require_fields(answer, FAIL, frozenset())
        assert known.codes[answer["error_code"]] == status
        return
    assert known is not OTHER
    assert status == 200
    require_fields(answer, SUCCESS, frozenset())
    data = answer["data"]
    require_fields(data, known.data, known.optional)
    assert data["amount"] > 0
    if "result_code" in data:
        is_paid = data["result_code"] == "SUCCESS"
        assert is_paid == ("fund_transfer_id" in data)
