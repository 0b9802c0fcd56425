"""
Say which part of some parameters must not be signed, and why.

Only called once it is known that they must not (see ``guard``), to turn the
verdict into a message a developer can act on.
"""

from __future__ import annotations

import json
from math import copysign
from typing import TYPE_CHECKING, Final

from kesspay.errors import CanonicalizationError
from kesspay.signing.canonical import decode
from kesspay.signing.parameters import MAX_DEPTH


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.signing.canonical import Array, Value
    from kesspay.signing.profile import Profile


__all__ = ["explained", "refusal"]

_ROOT: Final = "params"


def explained(
    make: Callable[[bytes, Profile], bytes], text: bytes, profile: Profile
) -> bytes:
    """
    Return the body that ``make`` makes of parameters; say where it refuses.

    Args:
        make: ``guard.signed_body`` or its native twin.
        text: the parameters as a JSON text, see ``parameters.to_json``.
        profile: the PHP settings of the gateway.

    Raises:
        CanonicalizationError: with the path of what must not be signed.
    """
    try:
        return make(text, profile)
    except CanonicalizationError as error:
        reason = error.reason
    raise refusal(text, reason)


def refusal(text: bytes, reason: str) -> CanonicalizationError:
    """
    Return the error for parameters that must not be signed.

    Args:
        text: the parameters as a JSON text, see ``parameters.to_json``.
        reason: the verdict of ``guard.signed_body`` or its native twin.
    """
    array = decode(text, max_depth=MAX_DEPTH).value
    path, detail = _ROOT, ""
    if reason == "sign_present":
        name = "sign" if "sign" in array else "sign_type"
        path = f'{_ROOT}["{name}"]'
    elif reason == "not_object":
        detail = "its keys are 0, 1, 2, ..., which is a list to PHP"
    elif reason == "not_stable":
        path, detail = _instability(array)
    return CanonicalizationError(reason, path=path, detail=detail)


def _instability(array: Array) -> tuple[str, str]:
    for path, value, level in _walk(array):
        if isinstance(value, (dict, list)):
            if level == MAX_DEPTH:
                return path, "json_decode accepts 511 levels, and this is one more"
        elif isinstance(value, float) and value == 0 and copysign(1, value) < 0:
            return path, "a negative zero is written as -0 and read back as 0"
    return _ROOT, "number-like keys that have no consistent order"


def _walk(array: Array) -> Iterator[tuple[str, Value, int]]:
    """Yield path, value and level in document order, without recursion."""
    open_containers = [_members(_ROOT, array)]
    while open_containers:
        for path, value in open_containers[-1]:
            yield path, value, len(open_containers) + 1
            if isinstance(value, (dict, list)):
                open_containers.append(_members(path, value))
                break
        else:
            open_containers.pop()


def _members(path: str, container: Array) -> Iterator[tuple[str, Value]]:
    if isinstance(container, dict):
        for key, value in container.items():
            yield f"{path}[{json.dumps(key)}]", value
    else:
        for index, value in enumerate(container):
            yield f"{path}[{index}]", value
