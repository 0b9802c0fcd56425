"""What PHP's json_encode gives for the messages of the API, in Python."""

from __future__ import annotations

import json
from typing import Any


def canonical(document: dict[str, Any]) -> bytes:
    """Return the text that is signed."""
    kept = {k: document[k] for k in sorted(document) if k not in {"sign", "sign_type"}}
    return _written(kept).encode()


def _written(value: Any) -> str:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        pairs = [f"{_written(k)}:{_written(v)}" for k, v in value.items()]
        return "{" + ",".join(pairs) + "}" if pairs else "[]"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value).replace("/", "\\/")
