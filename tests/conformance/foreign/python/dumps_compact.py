"""json.dumps without blanks, and with the slashes of PHP."""

from __future__ import annotations

import json

from tests.conformance.foreign.python.adapter import serve


def canonicalize(text: bytes) -> bytes:
    """Sort the top level, drop and write."""
    data = json.loads(text)
    kept = {k: data[k] for k in sorted(data) if k not in {"sign", "sign_type"}}
    return json.dumps(kept, separators=(",", ":")).replace("/", "\\/").encode()


serve("dumps_compact", canonicalize=canonicalize)
