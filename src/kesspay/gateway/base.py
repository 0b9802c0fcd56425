"""The base of every client: its settings, and the flow of each call. No I/O."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from random import random
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar, get_args

from kesspay._checks import is_number, plain, require, require_flag, seconds
from kesspay._forks import ForkLock
from kesspay.errors import (
    AuthenticationFailed,
    InputError,
    NotSent,
    TransportError,
)
from kesspay.gateway.clock import SYSTEM_CLOCK, Clock
from kesspay.gateway.endpoint import Endpoint
from kesspay.gateway.environment import read_environment
from kesspay.gateway.events import EventHook, Listeners
from kesspay.gateway.flow import Call, CallOptions, Engine, Flow
from kesspay.gateway.messages import (
    CONFIRM,
    AmountFormat,
    ConfirmFundTransfer,
    CreateFundTransfer,
    Credentials,
    FundTransfer,
    HoldsSecrets,
    HttpResponse,
    PreTransfer,
    QueryFundTransfer,
    VerifiedAnswer,
)
from kesspay.gateway.tokens import TokenBook, TokenStore
from kesspay.signing.documents import Signer, Verifier
from kesspay.signing.keyring import KeyRing
from kesspay.signing.profile import PHP_8, Profile


if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike


__all__ = ["BaseClient", "OwnKeyWarning", "answer_of", "foreign"]

_T = TypeVar("_T")
_TransportT = TypeVar("_TransportT")

#: The flow of a call, as soon as its options are known.
_FlowOfOptions = Callable[[CallOptions], Flow[_T]]

_MOST_RETRIES: Final = 10
#: Pre-transfers that a client remembers.
_REMEMBERED: Final = 10_000


class OwnKeyWarning(UserWarning):
    """
    ``gateway_key`` is the public half of ``private_key``.

    Answers must be verified with the key that KESS gave the partner.
    """


class BaseClient(HoldsSecrets, Generic[_TransportT]):
    """
    The settings of a client and the flow of each of its calls.

    ``Client`` and ``AsyncClient`` inherit these arguments.

    Args:
        base_url: where the gateway is, "https://host/partnerapi/v1".
        credentials: what KESS gave the partner to log in with.
        private_key: signs requests: a PrivateKey or another Signer.
        gateway_key: verifies answers: a PublicKey, a KeyRing or another
            Verifier.
        timeout: seconds a call may take, log-ins and retries included; a number
            above 0, at most 1e9.
        retries: how often a call is retried where that is safe, 0 to 10: no byte
            of the request was sent; or it is a query, and the answer was lost, or
            had HTTP status 429 or 5xx, or the code SYSTEMERROR.
        profile: the PHP settings of the gateway.
        amount_format: "number" sends 0.5, "string" sends "0.50".
        allow_plain_http: True sends secrets over plain http to any host.
        token_store: lets several clients share a token; None keeps the token in
            this client.
        on_event: called with each event of ``kesspay.gateway.events``; what
            it raises is logged and changes nothing.
        clock: gives the time and waits; in tests the clock of a sandbox.
        ca_file: path of a PEM file of certificate authorities to trust, and no
            others; like KESSPAY_CA_FILE. Not together with ``transport``.
        transport: sends the requests; None makes an HttpTransport or an
            AsyncHttpTransport.

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
        retries: int = 2,
        profile: Profile = PHP_8,
        amount_format: AmountFormat = "number",
        allow_plain_http: bool = False,
        token_store: TokenStore | None = None,
        on_event: EventHook | None = None,
        clock: Clock = SYSTEM_CLOCK,
        ca_file: str | PathLike[str] | None = None,
        transport: _TransportT | None = None,
    ) -> None:
        """Check every setting; nothing is sent."""
        endpoint = Endpoint(base_url, allow_plain_http=allow_plain_http)
        require(credentials, Credentials, "credentials")
        require(profile, Profile, "profile")
        require(amount_format, str, "amount_format")
        if amount_format not in get_args(AmountFormat):
            raise InputError('amount_format must be "number" or "string"')
        if type(retries) is not int or not 0 <= retries <= _MOST_RETRIES:
            raise InputError(f"retries must be 0 to {_MOST_RETRIES}")
        if ca_file is not None and transport is not None:
            raise InputError("ca_file is for the transport that kesspay makes")
        if on_event is not None and not callable(on_event):
            raise InputError("on_event must be a function")
        require(private_key, Signer, "private_key")
        require(clock, Clock, "clock")
        if not (is_number(clock.monotonic()) and is_number(clock.time())):
            raise InputError("clock must give the time as a number of seconds")
        if transport is not None:
            _require_methods("transport", transport, "send")
        if token_store is not None:
            _require_methods("token_store", token_store, "load", "save")
        if not isinstance(gateway_key, KeyRing):
            require(gateway_key, Verifier, "gateway_key")
        _warn_of_own_key(private_key, gateway_key)
        self._timeout = seconds(timeout)
        self._confirms = _Confirms()
        #: What is sent and what it means; ``kesspay.transfers`` works with it.
        self.engine = Engine(
            endpoint=endpoint,
            credentials=credentials,
            signer=private_key,
            verifier=gateway_key,
            profile=profile,
            amount_format=amount_format,
            retries=retries,
            listeners=Listeners(on_event),
            clock=clock.monotonic,
            random=random,
            wall=clock.time,
        )
        self._clock = clock
        self._make_tokens(TokenBook(clock.monotonic, clock.time), token_store)
        self._own_transport = transport is None
        self._transport: _TransportT = (
            self._make_transport(ca_file=ca_file) if transport is None else transport
        )

    @classmethod
    def from_env(
        cls,
        variables: Mapping[str, str] | None = None,
        **settings: Any,  # noqa: ANN401 - any argument of the class
    ) -> Self:
        """
        Return a client with settings from environment variables.

        Args:
            variables: names and values, such as ``KESSPAY_BASE_URL`` (all of them:
                docs/client.md); None for those of the process.
            settings: arguments of the class, which replace what the variables
                say; what is given here need not be in a variable.

        Raises:
            InputError: a variable is missing or cannot be used. FieldError
                and KeyLoadError are kinds of it.
        """
        ca_file = None if "transport" in settings else settings.pop("ca_file", None)
        found = read_environment(variables, given=settings, ca_file=ca_file)
        if "transport" in settings:
            return cls(**{**found.client, **settings})
        transport = cls._make_transport(**found.transport)
        made = cls(**{**found.client, **settings}, transport=transport)
        made._own_transport = True
        return made

    @classmethod
    @abstractmethod
    def _make_transport(cls, **options: object) -> _TransportT:
        """Return the transport that kesspay has."""

    @abstractmethod
    def _make_tokens(self, book: TokenBook, store: TokenStore | None) -> None:
        """Set up what keeps the token."""

    def __repr__(self) -> str:
        """Show where the client talks to and for whom; no secret."""
        if not hasattr(self, "engine"):
            # An argument was refused; who shows the variables of a traceback asks.
            return f"<{type(self).__name__} that was not made>"
        where = self.engine.endpoint.base_url
        who = self.engine.credentials.partner_id
        return f"<{type(self).__name__} {where} partner {who}>"

    def _until(self, timeout: float | None) -> float:
        """Return the moment on the monotonic clock at which a call ends."""
        given = self._timeout if timeout is None else seconds(timeout)
        return self._clock.monotonic() + given

    def _create(self, request: CreateFundTransfer) -> _FlowOfOptions[PreTransfer]:
        if type(request) is not CreateFundTransfer:
            require(request, CreateFundTransfer, "request")
        return self._flow(self.engine.create(request))

    def _confirm(
        self, request: ConfirmFundTransfer, *, sent_before: bool
    ) -> _FlowOfOptions[FundTransfer]:
        """Return the flow of a confirm, which keeps count of its sends."""
        require_flag("sent_before", sent_before)
        pre_transfer_id = request.transfer.pre_transfer_id
        call = self.engine.confirm(
            request,
            sent_before=sent_before,
            is_only=partial(self._confirms.has_one, pre_transfer_id),
        )
        return self._counted(pre_transfer_id, call)

    def _counted(self, pre_transfer_id: str, call: Call[_T]) -> _FlowOfOptions[_T]:
        """Return the flow of a call that confirms a pre-transfer, and is counted."""

        def flow(options: CallOptions) -> Flow[_T]:
            self._confirms.add(pre_transfer_id)
            try:
                return (yield from self.engine.flow(call, options))
            except (NotSent, AuthenticationFailed):
                # Both say of a confirm that it never left.
                self._confirms.discard(pre_transfer_id)
                raise

        return flow

    def _query(self, request: QueryFundTransfer) -> _FlowOfOptions[FundTransfer]:
        return self._flow(self.engine.query(request))

    def _call(
        self, service: str, params: Mapping[str, object]
    ) -> _FlowOfOptions[VerifiedAnswer]:
        call = self.engine.service(service, params)
        if service != CONFIRM:
            return self._flow(call)
        return self._counted(str(plain(params.get("pre_transfer_id"))), call)

    def _flow(self, call: Call[_T]) -> _FlowOfOptions[_T]:
        return lambda options: self.engine.flow(call, options)


class _Confirms:
    """
    Counts the confirms of each pre-transfer that may have left this client.

    No refusal of a second one is final.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = ForkLock()
        self._counts: dict[str, int] = {}

    def add(self, pre_transfer_id: str) -> None:
        """Count one."""
        with self._lock:
            count = self._counts.get(pre_transfer_id, 0)
            self._counts[pre_transfer_id] = count + 1
            if len(self._counts) > _REMEMBERED:
                del self._counts[next(iter(self._counts))]

    def has_one(self, pre_transfer_id: str) -> bool:
        """Return whether there is one, and no other; of one that is forgotten False."""
        with self._lock:
            return self._counts.get(pre_transfer_id) == 1

    def discard(self, pre_transfer_id: str) -> None:
        """Take back one that did not leave."""
        with self._lock:
            count = self._counts.pop(pre_transfer_id, 0)
            if count > 1:
                self._counts[pre_transfer_id] = count - 1


def answer_of(response: object) -> HttpResponse:
    """
    Return what a transport gave, if it is a response.

    Raises:
        TransportError: it is something else; the request may have left.
    """
    if isinstance(response, HttpResponse):
        return response
    text = f"the transport returned a {type(response).__name__}"
    raise TransportError("no_reply", text)


def foreign(error: Exception) -> TransportError:
    """Return what it means that a transport raised an error of its own."""
    # The type only: a foreign error may show what it carried.
    return TransportError("no_reply", f"the transport raised {type(error).__name__}")


def _require_methods(name: str, value: object, *methods: str) -> None:
    """Refuse what has not the methods of its protocol (InputError)."""
    for method in methods:
        if not callable(getattr(value, method, None)):
            kind = type(value).__name__
            raise InputError(f"{name} must have a method {method}; a {kind} has none")


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
