"""
kesspay behind the protocol of the conformance kit.

::

    kesspay conformance run -- python tests/conformance/adapters/kesspay_adapter.py

``KESSPAY_BACKEND`` chooses the native or the pure-Python backend.
"""

from __future__ import annotations

import platform
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final


sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import kesspay
from kesspay.signing.reference.canonical import decode
from kesspay.signing.reference.parameters import MAX_DEPTH
from tests.conformance.adapters.protocol import (
    PROFILES,
    Question,
    Refused,
    decoded,
    serve,
)
from tests.support.trees import decode_tree
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["OPS", "answer", "hello"]

_REFUSALS: Final = (
    kesspay.CanonicalizationError,
    kesspay.InvalidSignature,
    kesspay.KeyLoadError,
)


def answer(question: Question) -> bytes:
    """
    Return what kesspay answers.

    Raises:
        Refused: kesspay refuses.
    """
    try:
        return OPS[question.op](question)
    except _REFUSALS as error:
        raise Refused(error.reason) from None


def _canonicalize(question: Question) -> bytes:
    return kesspay.canonicalize(question.text, profile=question.profile)


def _canonicalize_tree(question: Question) -> bytes:
    parameters = decode_tree(question.text)
    return kesspay.canonicalize(parameters, profile=question.profile)


def _sign(question: Question) -> bytes:
    key = _private_key(question.key)
    return key.sign_document(question.text, profile=question.profile).encode()


def _body(question: Question) -> bytes:
    given: Any = decode(question.text, max_depth=MAX_DEPTH).value
    if not isinstance(given, dict):
        raise Refused("not_object")
    return _private_key(question.key).signed_body(given, profile=question.profile)


def _verify(question: Question) -> bytes:
    key = _public_key(question.key)
    return key.verify_document(question.text, profile=question.profile)


def _key(question: Question) -> bytes:
    if question.kind == "private":
        private = kesspay.PrivateKey.from_pem(question.text, question.password)
        return private.public_key._handle.spki
    return kesspay.PublicKey.from_pem(question.text, question.password)._handle.spki


def _base64(question: Question) -> bytes:
    return decoded(question.text, _refused)


def _refused(document: bytes) -> str:
    key = _public_key((KEYS / "rsa-2048.pub.pem").read_bytes())
    try:
        key.verify_document(document)
    except kesspay.InvalidSignature as error:
        return error.reason
    raise AssertionError(document)


@lru_cache(maxsize=16)
def _private_key(text: bytes) -> kesspay.PrivateKey:
    return kesspay.PrivateKey.from_pem(text)


@lru_cache(maxsize=16)
def _public_key(text: bytes) -> kesspay.PublicKey:
    return kesspay.PublicKey.from_pem(text)


OPS: Final[dict[str, Callable[[Question], bytes]]] = {
    "canonicalize": _canonicalize,
    "canonicalize-tree": _canonicalize_tree,
    "sign": _sign,
    "body": _body,
    "verify": _verify,
    "key": _key,
    "base64": _base64,
}


def hello() -> dict[str, Any]:
    """Return what the adapter says of itself."""
    return {
        "protocol": 1,
        "name": f"kesspay, {kesspay.backend().name} backend",
        "version": kesspay.__version__,
        "language": f"Python {platform.python_version()}",
        "ops": list(OPS),
        "profiles": list(PROFILES),
    }


if __name__ == "__main__":
    serve(hello(), answer)
