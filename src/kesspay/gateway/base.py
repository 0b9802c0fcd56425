"""The base of every client: settings, and the course of each call. No I/O."""

from __future__ import annotations

import math
import warnings
from abc import abstractmethod
from threading import Lock
from typing import TYPE_CHECKING, Final, Generic, TypeVar, get_args

from kesspay.errors import (
    AuthenticationFailed,
    InputError,
    NotSent,
)
from kesspay.gateway.endpoint import Endpoint
from kesspay.gateway.flow import Flow, course_of_call
from kesspay.gateway.messages import (
    CONFIRM,
    CREATE,
    QUERY,
    ConfirmFundTransfer,
    CreateFundTransfer,
    Credentials,
    FundTransfer,
    HoldsSecrets,
    HttpRequest,
    PreTransfer,
    QueryFundTransfer,
    VerifiedAnswer,
)
from kesspay.gateway.protocol import (
    AmountFormat,
    build_body,
    build_service_body,
    build_token,
    parse_call,
    parse_confirm,
    parse_create,
    parse_query,
)
from kesspay.signing.documents import Signer, Verifier
from kesspay.signing.keyring import KeyRing
from kesspay.signing.profile import PHP_8, Profile


if TYPE_CHECKING:
    from collections.abc import Mapping

    from kesspay.gateway.flow import Parse


__all__ = ["BaseClient", "OwnKeyWarning", "seconds"]

_T = TypeVar("_T")
_TransportT = TypeVar("_TransportT")

#: Confirms that a client remembers, to know a second send from a first.
_REMEMBERED: Final = 10_000


class OwnKeyWarning(UserWarning):
    """The key that verifies answers is the public half of one's own key."""


class BaseClient(HoldsSecrets, Generic[_TransportT]):
    """
    The settings of a client and the course of each of its calls.

    ``Client`` inherits these arguments.

    Args:
        base_url: where the gateway is, "https://host/partnerapi/v1".
        credentials: what KESS gave the partner to log in with.
        private_key: signs requests: a PrivateKey or another Signer.
        gateway_key: verifies answers: a PublicKey, a KeyRing or another
            Verifier.
        timeout: seconds a call may take, everything included.
        profile: the PHP settings of the gateway.
        amount_format: "number" sends 0.5, "string" sends "0.50".
        allow_plain_http: True sends secrets over plain http to any host.
        transport: how requests travel; None for the one that kesspay has.

    Raises:
        FieldError: the URL breaks a rule.
        InputError: another argument cannot be used.

    Warns:
        OwnKeyWarning: the two keys are halves of one pair.
    """

    def __init__(  # noqa: PLR0913 - each one is a setting
        self,
        *,
        base_url: str,
        credentials: Credentials,
        private_key: Signer,
        gateway_key: Verifier | KeyRing,
        timeout: float = 30.0,
        profile: Profile = PHP_8,
        amount_format: AmountFormat = "number",
        allow_plain_http: bool = False,
        transport: _TransportT | None = None,
    ) -> None:
        """Check every setting; nothing is sent."""
        self._endpoint = Endpoint(base_url, allow_plain_http=allow_plain_http)
        _require(credentials, Credentials, "credentials")
        _require(profile, Profile, "profile")
        if amount_format not in get_args(AmountFormat):
            raise InputError('amount_format must be "number" or "string"')
        _require(private_key, Signer, "private_key")
        if not isinstance(gateway_key, KeyRing):
            _require(gateway_key, Verifier, "gateway_key")
        _warn_of_own_key(private_key, gateway_key)
        self._credentials = credentials
        self._signer = private_key
        self._verifier = gateway_key
        self._timeout = seconds(timeout)
        self._profile = profile
        self._amount_format: AmountFormat = amount_format
        self._confirms = _Confirms()
        self._prepare(transport)

    @abstractmethod
    def _prepare(self, transport: _TransportT | None) -> None:
        """Set up what sends."""

    def __repr__(self) -> str:
        """Show where the client talks to and for whom; no secret."""
        where, who = self._endpoint.base_url, self._credentials.partner_id
        return f"<{type(self).__name__} {where} partner {who}>"

    def _log_in_request(self) -> HttpRequest:
        return build_token(self._endpoint, self._credentials)

    def _create(self, request: CreateFundTransfer) -> Flow[PreTransfer]:
        _require(request, CreateFundTransfer, "request")
        return self._course(
            CREATE,
            self._body(request),
            lambda response, _: parse_create(
                request, response, self._verifier, profile=self._profile
            ),
        )

    def _confirm(
        self, request: ConfirmFundTransfer, *, sent_before: bool
    ) -> Flow[FundTransfer]:
        """Yield the course of a confirm, keeping count of its sends."""
        body = self._body(request)
        pre_transfer_id = request.transfer.pre_transfer_id
        new = self._confirms.add(pre_transfer_id)
        first = new and not sent_before
        try:
            return (
                yield from self._course(
                    CONFIRM,
                    body,
                    lambda response, once: parse_confirm(
                        request,
                        response,
                        self._verifier,
                        profile=self._profile,
                        first_send=first and once,
                    ),
                )
            )
        except (NotSent, AuthenticationFailed):
            # Both say of a confirm that it never left.
            if new:
                self._confirms.discard(pre_transfer_id)
            raise

    def _query(self, request: QueryFundTransfer) -> Flow[FundTransfer]:
        return self._course(
            QUERY,
            self._body(request),
            lambda response, _: parse_query(
                request, response, self._verifier, profile=self._profile
            ),
        )

    def _call(self, service: str, params: Mapping[str, object]) -> Flow[VerifiedAnswer]:
        body = build_service_body(service, params, self._signer, profile=self._profile)
        return self._course(
            service,
            body,
            lambda response, once: parse_call(
                service,
                response,
                self._verifier,
                profile=self._profile,
                # Nothing counts the sends of a confirm made this way.
                first_send=once and service != CONFIRM,
            ),
        )

    def _course(self, service: str, body: bytes, parse: Parse[_T]) -> Flow[_T]:
        return course_of_call(service, self._endpoint, body, parse)

    def _body(
        self, request: CreateFundTransfer | ConfirmFundTransfer | QueryFundTransfer
    ) -> bytes:
        return build_body(
            request,
            self._signer,
            profile=self._profile,
            amount_format=self._amount_format,
        )


def seconds(timeout: object) -> float:
    """
    Return a timeout as seconds.

    Raises:
        InputError: it is no finite number above 0.
    """
    if (
        isinstance(timeout, bool)
        or not isinstance(timeout, (int, float))
        or not 0 < timeout < math.inf
    ):
        message = "timeout must be a number of seconds above 0"
        raise InputError(message)
    return float(timeout)


class _Confirms:
    """The pre-transfers whose confirm may have left this client."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ids: dict[str, None] = {}

    def add(self, pre_transfer_id: str) -> bool:
        """Remember one; tell whether it is new."""
        with self._lock:
            if pre_transfer_id in self._ids:
                return False
            self._ids[pre_transfer_id] = None
            if len(self._ids) > _REMEMBERED:
                del self._ids[next(iter(self._ids))]
            return True

    def discard(self, pre_transfer_id: str) -> None:
        """Forget one that did not leave."""
        with self._lock:
            self._ids.pop(pre_transfer_id, None)


def _require(value: object, kind: type, name: str) -> None:
    if not isinstance(value, kind):
        # The type only: the value could be a secret.
        found = type(value).__name__
        message = f"{name} must be a {kind.__name__}, not a {found}"
        raise InputError(message)


def _warn_of_own_key(signer: Signer, verifier: Verifier | KeyRing) -> None:
    own = getattr(signer, "public_key", None)
    keys = verifier.keys if isinstance(verifier, KeyRing) else (verifier,)
    if own is None or own not in keys:
        return
    warnings.warn(
        "gateway_key is the public half of private_key: answers must be "
        "verified with the key that KESS gave you",
        OwnKeyWarning,
        stacklevel=4,
    )
