"""
What must hold for any bytes: one function for each target.

The targets of documents and keys compare both backends, and read the same
inputs as their namesakes in csrc/fuzz, so each corpus serves both. "answer"
is the response parser, "http" the reader of HTTP below it.
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kesspay.errors import (
    CanonicalizationError,
    GatewayError,
    KeyLoadError,
    TransportError,
)
from kesspay.gateway.messages import HttpRequest, HttpResponse
from kesspay.gateway.protocol import (
    parse_call,
    parse_confirm,
    parse_create,
    parse_query,
    parse_token,
)
from kesspay.http.exchange import Exchange
from kesspay.signing import backend as backends
from kesspay.signing.documents import canonicalize
from kesspay.signing.keys import PrivateKey, PublicKey
from kesspay.signing.profile import PHP_8, Profile
from tests.gateway.helpers import CONFIRM_REQUEST, CREATE_REQUEST, QUERY_REQUEST
from tests.support.messages import outcome


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["CORPORA", "TARGETS", "meaning_of"]

ROOT: Final = Path(__file__).resolve().parents[2]
KEYS: Final = ROOT / "tests" / "vectors" / "keys"

#: Where the inputs of each target are stored.
CORPORA: Final[dict[str, Path]] = {
    **{
        name: ROOT / "csrc" / "fuzz" / "corpus" / name
        for name in ("canonicalize", "document", "key")
    },
    **{
        name: ROOT / "tests" / "fuzzing" / "corpus" / name
        for name in ("answer", "http")
    },
}

#: A longer body is refused before it is read.
_MOST: Final = 4096


def _on_both(work: Callable[[], object]) -> None:
    """Check that both backends come to the same result."""
    results = []
    for name in ("native", "python"):
        with backends.override(name):
            results.append(work())
    native, python = results
    assert native == python, (native, python)


# ------------------------------------------------------------------ documents


def _profile(bits: int) -> Profile:
    """Return the profile of these bits of kess_options."""
    return Profile(
        serialize_precision=17 if bits & 1 else -1,
        unescaped_slashes=bool(bits & 2),
        unescaped_unicode=bool(bits & 4),
        ksort="7" if bits & 16 else "8.0" if bits & 8 else "8.2",
    )


def check_canonicalize(data: bytes) -> None:
    """One canonical form, or one error at one place."""
    if not data:
        return
    profile = _profile(data[0]) if data[0] & 31 else PHP_8

    def work() -> object:
        try:
            text = canonicalize(data[1:], profile=profile)
        except CanonicalizationError as error:
            return (error.reason, error.position, str(error))
        assert len(text) >= 2
        return text

    _on_both(work)


@cache
def _public_key(backend: str) -> PublicKey:
    """Load the gateway's key, once for each backend."""
    return PublicKey.from_pem((KEYS / "rsa-2048.pub.pem").read_bytes())


def check_document(data: bytes) -> None:
    """See that what no key signed is refused, for one reason at one place."""

    def work() -> object:
        result = outcome(_public_key(backends.current().name), data)
        assert len(result) > 1, "it verified"
        return result

    _on_both(work)


def check_key(data: bytes) -> None:
    """One verdict on a key file, in either role."""

    def verdict(load: Callable[[], PrivateKey | PublicKey]) -> object:
        try:
            return load().bits
        except KeyLoadError as error:
            return (error.reason, str(error))

    def work() -> object:
        return (
            verdict(lambda: PrivateKey.from_pem(data, "fuzz")),
            verdict(lambda: PublicKey.from_pem(data)),
        )

    _on_both(work)


# ------------------------------------------------------------------- answers


@cache
def _signer(backend: str) -> PrivateKey:
    """Load the key that signs answers, once for each backend."""
    return PrivateKey.from_pem((KEYS / "rsa-2048.pem").read_bytes())


_PARSERS: Final[tuple[Callable[[HttpResponse, PublicKey], object], ...]] = (
    lambda response, _: parse_token(response),
    lambda response, key: parse_create(CREATE_REQUEST, response, key),
    lambda response, key: parse_confirm(CONFIRM_REQUEST, response, key),
    lambda response, key: parse_confirm(
        CONFIRM_REQUEST, response, key, first_send=False
    ),
    lambda response, key: parse_query(QUERY_REQUEST, response, key),
    lambda response, key: parse_call("other.service", response, key),
)
_STATUSES: Final = (200, 400, 401, 404, 422, 500, 503, 302)


def _with_sign(body: bytes, key: PrivateKey) -> bytes:
    """Append a right signature where the body is an object; else return it."""
    head, brace, tail = body.rpartition(b"}")
    comma = b"" if head.rstrip().endswith(b"{") else b","
    draft = head + comma + b'"sign":"SIGN"' + brace + tail
    try:
        sign = base64.b64encode(key.sign(canonicalize(draft)))
    except CanonicalizationError:
        return body
    return draft.replace(b"SIGN", sign)


def meaning_of(data: bytes) -> str:
    """
    Parse an answer; return the class of the result or of the GatewayError.

    The first byte chooses the parser, the second the HTTP status; its top bit
    has the gateway sign the rest, so that its meaning is reached as well.
    """
    signer = _signer(backends.current().name)
    body = _with_sign(data[2:], signer) if data[1] & 0x80 else data[2:]
    response = HttpResponse(_STATUSES[data[1] & 7], (), body)
    try:
        result = _PARSERS[data[0] % len(_PARSERS)](response, signer.public_key)
    except GatewayError as error:
        return type(error).__name__
    return type(result).__name__


def check_answer(data: bytes) -> None:
    """Whatever a gateway answers is a result or a GatewayError, nothing else."""
    if 2 <= len(data) <= _MOST:
        meaning_of(data)


_GET: Final = HttpRequest("POST", "http://127.0.0.1/a", (), b"{}", fresh=False)


def check_http(data: bytes) -> None:
    """
    Whatever a server sends is a response within its bounds, or a TransportError.

    The first byte is the size of the pieces in which the rest arrives; then
    the server closes.
    """
    if not data or len(data) > _MOST:
        return
    exchange = Exchange(_GET, max_body=1000, keep_alive=True)
    step = data[0] or len(data)
    pieces: list[Any] = [data[at : at + step] for at in range(1, len(data), step)]
    try:
        for piece in [*pieces, b""]:
            response = exchange.receive(piece)
            if response is not None:
                assert 200 <= response.status <= 999
                assert len(response.body) <= 1000
                return
    except TransportError as error:
        end: str = error.kind
    else:
        end = "unsettled"
    assert end in {"bad_reply", "no_reply"}, end


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "canonicalize": check_canonicalize,
    "document": check_document,
    "key": check_key,
    "answer": check_answer,
    "http": check_http,
}
