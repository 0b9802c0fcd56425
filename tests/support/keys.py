"""Keys of the tests, which sign a body again as they signed it before."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from kesspay.signing.backend import current
from kesspay.signing.keys import PrivateKey
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from kesspay.signing.backend import PrivateHandle


__all__ = ["load"]


def load(name: str) -> PrivateKey:
    """Load a key for the backend in use, once."""
    return _load(name, current().name)


@cache
def _load(name: str, backend: str) -> PrivateKey:
    assert current().name == backend
    key = PrivateKey.from_pem((KEYS / name).read_bytes())
    key._handle = _Remembering(key._handle)
    return key


class _Remembering:
    """
    What signs with a key, and signs no body twice.

    There is one signature for each text (RFC 8017, 8.2.1), and the tests that go
    through all places where a payment can be left send the same texts again and again.
    """

    def __init__(self, handle: PrivateHandle) -> None:
        """Take what signs."""
        self._handle = handle
        self.signed_body = lru_cache(2048)(handle.signed_body)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any method
        """Pass everything else on."""
        return getattr(self._handle, name)
