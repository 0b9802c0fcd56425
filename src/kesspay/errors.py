"""
Every exception kesspay raises on purpose.

::

    KesspayError
    ├── InputError (also a ValueError)    an argument cannot be used; nothing was signed or sent
    │   ├── CanonicalizationError         a document has no canonical form
    │   │   └── DocumentRefused           ... and therefore cannot be verified (also InvalidSignature)
    │   ├── KeyLoadError                  a key cannot be loaded, or the key policy refuses it
    │   └── FieldError                    a request field breaks a rule of the API document
    ├── InvalidSignature                  not authentic: do not use any value of it
    ├── BackendError                      the backend is not available, or libcrypto failed
    ├── JournalError                      the journal of transfers cannot be used for this
    │   ├── JournalUnavailable            full, locked, read-only or unreachable
    │   ├── JournalDamaged                corrupt, or made by a newer version
    │   ├── LeaseHeld                     another worker has the payment
    │   ├── LeaseLost                     another worker took the payment; nothing was written
    │   ├── WrongAccount                  the journal belongs to another gateway or partner
    │   └── PaymentConflict (InputError)  there is another payment with this id
    ├── TransportError                    for transports: an HTTP exchange failed
    └── GatewayError                      an exchange with the gateway did not succeed
        ├── NotSent                       no byte of the request left: safe to repeat
        ├── Rejected                      the gateway refused, in a signed answer
        ├── AuthenticationFailed          the credentials were refused
        ├── TokenRejected                 for users of the protocol layer: log in again
        └── OutcomeUnknown                the request may have been carried out

``OutcomeUnknown`` is never a kind of ``Rejected``: a transfer whose outcome
is unknown may have been paid. No message and no attribute of any exception
holds a secret.
"""

from __future__ import annotations

from typing import Literal

from kesspay._reasons import DOCUMENT_REASONS, KEY_REASONS, SIGNATURE_REASONS
from kesspay._shown import brief_path, is_shown_whole, shown_value


__all__ = [
    "AuthenticationFailed",
    "BackendError",
    "CanonicalizationError",
    "DocumentRefused",
    "FieldError",
    "GatewayError",
    "InputError",
    "InvalidSignature",
    "JournalDamaged",
    "JournalError",
    "JournalUnavailable",
    "KesspayError",
    "KeyLoadError",
    "LeaseHeld",
    "LeaseLost",
    "NotSent",
    "OutcomeUnknown",
    "PaymentConflict",
    "Rejected",
    "TokenRejected",
    "TransportError",
    "WrongAccount",
]


class KesspayError(Exception):
    """The root of every exception kesspay raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes with message and attributes as they are."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: type[KesspayError], args: tuple[object, ...], state: dict[str, object]
) -> KesspayError:
    """Rebuild an error without running the constructor of its class again."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class InputError(KesspayError, ValueError):
    """An argument cannot be used. Nothing was signed and nothing was sent."""


class CanonicalizationError(InputError):
    """
    A document has no canonical form, or must not be signed as a request.

    Attributes:
        reason: a stable word, which the message explains. Of a text on which PHP
            fails as well: ``syntax``, ``utf8``, ``control``, ``escape``,
            ``surrogate``, ``depth``, ``top_level``, ``infinite``. Of parameters
            also ``type``, ``range``, ``duplicate``; of those that ``signed_body``
            refuses ``not_object``, ``not_stable``, ``sign_present``. Of a
            DocumentRefused also ``duplicate``, ``not_object``, ``order``.
        position: offset in bytes of the fault in the UTF-8 text, or None
            where there is no text.
        path: where the fault is in a mapping or in a list of documents,
            ``params["a"]["b"][3]`` or ``bodies[7]``; None where the document
            was one text. It is complete; the message has the beginning and the end
            of a long one.
    """

    def __init__(
        self,
        reason: str,
        *,
        position: int | None = None,
        path: str | None = None,
        detail: str = "",
    ) -> None:
        """Store the reason and where it is; detail extends the message."""
        self.reason = reason
        self.position = position
        self.path = path
        where = ""
        if path is not None:
            where = f" at {brief_path(path)}"
        elif position is not None:
            where = f" at byte {position}"
        extra = f" ({detail})" if detail else ""
        # Not super(): in a DocumentRefused that would be InvalidSignature.
        KesspayError.__init__(self, f"{DOCUMENT_REASONS[reason]}{where}{extra}")


class InvalidSignature(KesspayError):
    """
    The document is not authentic. Do not use any value of it.

    It says nothing about the money: a forged or damaged answer neither confirms
    nor denies a transfer. Query the transfer.

    Attributes:
        reason: a stable word, which the message explains: ``mismatch``,
            ``sign_missing``, ``sign_not_string``, ``sign_base64``,
            ``sign_length``, ``sign_type``; of a DocumentRefused a word of
            CanonicalizationError.
    """

    def __init__(self, reason: str = "mismatch", *, detail: str = "") -> None:
        """Store the reason; detail extends the message."""
        self.reason = reason
        extra = f" ({detail})" if detail else ""
        super().__init__(f"{SIGNATURE_REASONS[reason]}{extra}")


class DocumentRefused(CanonicalizationError, InvalidSignature):
    """A document cannot be verified: it has no, or no safe, canonical form."""

    def __init__(
        self,
        reason: str,
        *,
        position: int | None = None,
        path: str | None = None,
        detail: str = "",
    ) -> None:
        """Store the reason and where it is; detail extends the message."""
        CanonicalizationError.__init__(
            self, reason, position=position, path=path, detail=detail
        )


class KeyLoadError(InputError):
    """
    A key cannot be loaded, or the key policy refuses it.

    Attributes:
        reason: a stable word, which the message explains: ``file``, ``format``,
            ``kind``, ``ambiguous``, ``secret``, ``password``, ``algorithm``,
            ``size``, ``modulus``, ``exponent``, ``inconsistent``.
        found: what was found instead ("an X.509 certificate"), or "".
        needed: "a private key" or "a public key".
        next_step: what to do about it, often a command, or "".
    """

    def __init__(
        self,
        reason: str,
        *,
        needed: str,
        found: str = "",
        detail: str = "",
        next_step: str = "",
    ) -> None:
        """Store the reason; detail (never key material) extends the message."""
        self.reason = reason
        self.needed = needed
        self.found = found
        self.next_step = next_step
        # These reasons say no more than what was found and what is needed. PHP, Node,
        # Go and the command of the C library have the same statements.
        if found and reason in ("kind", "secret", "algorithm"):
            place = "an RSA key" if reason == "algorithm" else needed
            text = f"found {found} where {place} is needed"
        else:
            text = f"cannot load {needed}: {KEY_REASONS[reason]}"
        if detail:
            text = f"{text} ({detail})"
        if next_step:
            text = f"{text}. Next: {next_step}"
        super().__init__(text)


class FieldError(InputError):
    """
    A request field breaks a rule of the API document. Nothing was sent.

    Attributes:
        field: the name of the field.
        rule: the rule it breaks.
        value: the value that was refused. Where it could be a secret, or hold
            one, what kind of value it is instead: "a word of 15 characters".
    """

    def __init__(self, field: str, rule: str, value: object) -> None:
        """Store the field, the rule and the value."""
        shown = shown_value(value)
        self.field = field
        self.rule = rule
        self.value = value if is_shown_whole(value, shown) else shown
        super().__init__(f"{field} {rule}; got {shown}")


class BackendError(KesspayError):
    """The backend is not available, or failed; the input is not the cause."""


class JournalError(KesspayError):
    """
    The journal cannot be used for this operation.

    A step is sent only after the journal has stored it. So a step that the journal
    could not store was not sent; the steps that it has stored may have been.
    """


class JournalUnavailable(JournalError):
    """
    The journal is full, locked, read-only or unreachable; try again.

    Attributes:
        is_refused: True where a later try will fail as well: the database server
            answered and refused this user, password or database, or the program
            itself closed the journal.
    """

    is_refused: bool = False


class JournalDamaged(JournalError):
    """The journal is corrupt, or a newer version of kesspay made it."""


class LeaseHeld(JournalError):
    """
    Another worker has the payment; try again later.

    Attributes:
        retry_after: seconds after which the lease ends if the worker has died; 0
            where that is not known. A worker that runs mostly ends sooner, and
            may need longer.
    """

    retry_after: float = 0.0


class LeaseLost(JournalError):
    """Another worker took the lease of this payment; nothing was written."""


class WrongAccount(JournalError):
    """
    The journal belongs to another account: another base URL or partner id.

    Nothing was sent. Use the journal with the settings of the account that it
    belongs to.

    Attributes:
        owner: the account that the journal belongs to.
        account: the account that the program uses.
    """

    def __init__(self, message: str, *, owner: str = "", account: str = "") -> None:
        """Store both accounts; neither holds a secret."""
        self.owner = owner
        self.account = account
        super().__init__(message)


class PaymentConflict(JournalError, InputError):
    """
    The id names another payment: with other fields, or with another debit.

    Nothing was sent. An id names one payment for ever; use a new id.
    """


Broken = Literal["not_sent", "no_reply", "bad_reply"]


class TransportError(KesspayError):
    """
    An HTTP exchange failed. A Transport raises it.

    A client raises NotSent or OutcomeUnknown instead.

    Attributes:
        kind: "not_sent" only where no byte of the request left, "no_reply"
            where the gateway may have received it, "bad_reply" where the bytes
            that were received are not an HTTP response that can be used.
    """

    def __init__(self, kind: Broken, message: str) -> None:
        """Store the kind; the message must hold no secret."""
        self.kind: Broken = kind
        super().__init__(message)


Outcome = Literal["not_sent", "rejected", "unknown"]


class GatewayError(KesspayError):
    """
    An exchange with the gateway did not succeed.

    Attributes:
        outcome: "not_sent", "rejected" or "unknown": what is known about the
            effect of the request.
        safe_to_retry: True only where the same call cannot act twice.
        next_step: the next step for the caller.
        evidence: facts that are safe to log (service, HTTP status, error code,
            digests); never a token, a secret or a whole body.
        retry_after: seconds to wait before the next request: what the gateway
            asks with HTTP 429 or 503, or what is left of the backoff after a
            failed log-in; else 0.
    """

    outcome: Outcome = "unknown"
    safe_to_retry: bool = False
    next_step: str = ""
    retry_after: float = 0.0

    def __init__(
        self,
        message: str,
        *,
        safe_to_retry: bool | None = None,
        next_step: str | None = None,
        evidence: dict[str, object] | None = None,
    ) -> None:
        """Store the message, the next step and the evidence."""
        if safe_to_retry is not None:
            self.safe_to_retry = safe_to_retry
        if next_step is not None:
            self.next_step = next_step
        self.evidence: dict[str, object] = dict(evidence or {})
        text = message
        if self.next_step:
            text = f"{message} Next: {self.next_step}"
        super().__init__(text)


class NotSent(GatewayError):
    """No byte of the request left this machine. Repeating it is safe."""

    outcome: Outcome = "not_sent"
    safe_to_retry = True
    next_step = "repeat the call when the connection works again."


class Rejected(GatewayError):
    """
    The gateway refused this request, in a signed answer.

    Attributes:
        code: the gateway's ``error_code``, verbatim.
        description: the gateway's ``error_desc``, verbatim.
    """

    outcome: Outcome = "rejected"

    def __init__(
        self,
        message: str,
        *,
        code: str,
        description: str = "",
        safe_to_retry: bool | None = None,
        next_step: str | None = None,
        evidence: dict[str, object] | None = None,
    ) -> None:
        """Store the gateway's code and description besides the rest."""
        self.code = code
        self.description = description
        super().__init__(
            message,
            safe_to_retry=safe_to_retry,
            next_step=next_step,
            evidence=evidence,
        )


class AuthenticationFailed(GatewayError):
    """The gateway refused the credentials; no transfer was requested."""

    outcome: Outcome = "not_sent"
    next_step = "check partner id, partner secret, user name and password."


class TokenRejected(GatewayError):
    """
    The gateway did not accept the bearer token (HTTP 401).

    It says nothing about the transfer: the answer may be forged, and the request
    may have been carried out. A client never raises it: it logs in and sends the
    same body once more. A program that uses the protocol layer has to do the same.
    """

    outcome: Outcome = "unknown"
    next_step = "log in again and send the same body once more."


class OutcomeUnknown(GatewayError):
    """
    The request may have been carried out: the transfer may be paid or not.

    Never refund and never send a new transfer on this error: query the transfer
    until the gateway gives a signed answer.

    Attributes:
        code: the gateway's ``error_code`` or ``result_code``, verbatim, where
            a signed answer held one; else "". It is evidence, no verdict.
        description: the gateway's ``error_desc``, verbatim, or "".
    """

    outcome: Outcome = "unknown"
    next_step = "query the transfer; do not refund and do not create another."

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        description: str = "",
        safe_to_retry: bool | None = None,
        next_step: str | None = None,
        evidence: dict[str, object] | None = None,
    ) -> None:
        """Store the gateway's code and description besides the rest."""
        self.code = code
        self.description = description
        super().__init__(
            message,
            safe_to_retry=safe_to_retry,
            next_step=next_step,
            evidence=evidence,
        )
