"""json.dumps as it is, with the keys sorted."""

from __future__ import annotations

import json

from tests.conformance.foreign.python.adapter import serve


def canonicalize(text: bytes) -> bytes:
    """Sort, drop and write."""
    data = json.loads(text)
    data.pop("sign", None)
    data.pop("sign_type", None)
    return json.dumps(data, sort_keys=True).encode()


serve("dumps", canonicalize=canonicalize)
