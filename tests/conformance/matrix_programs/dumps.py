"""json.loads, sorted keys and json.dumps behind the protocol of the conformance kit."""

from __future__ import annotations

import base64
import json
import platform
import sys


def canonicalize(text: bytes) -> bytes:
    """Return what one writes at first."""
    data = json.loads(text)
    kept = {key: data[key] for key in sorted(data) if key not in ("sign", "sign_type")}
    return json.dumps(kept, separators=(",", ":")).encode()


def main() -> None:
    """Answer questions until the input ends."""
    for line in sys.stdin:
        question = json.loads(line)
        answer: dict[str, object] = {"id": question.get("id")}
        if question["op"] == "hello":
            answer = {
                "protocol": 1,
                "name": "json.dumps",
                "version": "1",
                "language": f"Python {platform.python_version()}",
                "ops": ["canonicalize"],
                "profiles": [],
            }
        else:
            try:
                made = canonicalize(base64.b64decode(question["text"]))
                answer["bytes"] = base64.b64encode(made).decode()
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                answer["refused"] = type(error).__name__
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
