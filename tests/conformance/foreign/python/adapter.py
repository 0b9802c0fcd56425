"""
Lets the programs of this folder speak the protocol of the conformance kit.

Each gives one function for each operation, which returns bytes or raises.
"""

from __future__ import annotations

import base64
import json
import platform
import sys
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Callable


def serve(name: str, **operations: Callable[..., bytes]) -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        operation = operations.get(request["op"])
        answer: dict[str, object] = {"id": request.get("id")}
        if request["op"] == "hello":
            answer = {
                "protocol": 1,
                "name": name,
                "version": "1",
                "language": f"Python {platform.python_version()}",
                "ops": list(operations),
                "profiles": [],
            }
        elif operation is None:
            answer["unsupported"] = "no such operation"
        else:
            given = [request[k] for k in ("text", "key") if k in request]
            try:
                made = operation(*map(base64.b64decode, given))
                answer["bytes"] = base64.b64encode(made).decode()
            except Exception as error:  # noqa: BLE001 - a program that fails, refuses
                answer["refused"] = type(error).__name__
        print(json.dumps(answer), flush=True)  # noqa: T201 - the protocol
