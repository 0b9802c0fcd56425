"""
The canonical form of a document: decode, sort, remove the signature, encode.

A document is a JSON text, or a mapping of parameters as a PHP program would
have them in an array. ``parameters`` writes a mapping as the JSON text that
means the same, so that the rest is one way for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kesspay.signing.profile import PHP_8, Profile
from kesspay.signing.reference.decode import MAX_DEPTH, Array, Decoded, Value
from kesspay.signing.reference.encode import encode
from kesspay.signing.reference.fast_decode import decode, read_array
from kesspay.signing.reference.ksort import order_keys
from kesspay.signing.reference.parameters import MAX_DEPTH as MAX_PARAMETERS_DEPTH
from kesspay.signing.reference.parameters import to_json


if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = [
    "Array",
    "Decoded",
    "Value",
    "arrange",
    "canonicalize_parameters",
    "canonicalize_text",
    "decode",
    "encode",
]

#: The signature does not cover these keys of the top level, compared exactly
#: after unescaping. Keys further down stay.
_UNSIGNED: Final = frozenset({"sign", "sign_type"})


def canonicalize_text(
    text: bytes, profile: Profile = PHP_8, *, max_depth: int = MAX_DEPTH
) -> bytes:
    """
    Compute the canonical form of a JSON text.

    Args:
        text: the bytes of the text.
        profile: the PHP settings.
        max_depth: how many containers may be open at once.

    Returns:
        The canonical bytes, at least ``[]``.

    Raises:
        CanonicalizationError: with reason and position, where PHP's
            json_decode or json_encode fails or the top level is a scalar.
    """
    array = read_array(text, max_depth=max_depth)
    return encode(arrange(array, profile), profile)


def canonicalize_parameters(
    parameters: Mapping[str, object], profile: Profile = PHP_8
) -> bytes:
    """
    Compute the canonical form of parameters to sign.

    Args:
        parameters: a mapping of the values that ``parameters`` allows.
        profile: the PHP settings.

    Raises:
        CanonicalizationError: with reason and path, for any other value.
    """
    text = to_json(parameters)
    return canonicalize_text(text, profile, max_depth=MAX_PARAMETERS_DEPTH)


def arrange(array: Array, profile: Profile = PHP_8) -> Array:
    """
    Sort the top level, then remove the keys that the signature does not cover.

    Args:
        array: as decoded; it is not changed.
        profile: the PHP settings; only ksort is used.

    Returns:
        A new map, or the same list: a list has its keys in order already, and
        "sign" is not among them.
    """
    if isinstance(array, list):
        return array
    # Sorted before the removal: where the comparison is no order, the removed
    # keys can change the place of others.
    order = order_keys(array, profile.ksort)
    arranged = {key: array[key] for key in order}
    for key in _UNSIGNED:
        arranged.pop(key, None)
    return arranged
