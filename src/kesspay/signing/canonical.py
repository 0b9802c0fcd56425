"""
The canonical form of a document, in pure Python.

This package computes byte for byte what PHP 8.2 computes with ::

    $a = json_decode($text, true);        # decode.py, tokens.py, number.py
    ksort($a);                            # ksort.py, sort.py
    unset($a['sign_type'], $a['sign']);   # arrange, below
    json_encode($a);                      # encode.py, number.py

and fails where PHP fails. It is written to be read: the docstrings of these
modules, in this order, are all of the rules. The native core is checked
against them, and they are what runs where it cannot be built.

A document need not be a text. ``canonicalize_parameters`` takes a mapping, as
a PHP program would take an array of parameters; ``parameters.py`` writes the
JSON text that means the same, so that there is only one way on.

``lane.py`` is a short cut past ``decode.py`` for ordinary texts and adds
nothing to the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kesspay.signing.decode import MAX_DEPTH, Array, Decoded, Value
from kesspay.signing.encode import encode
from kesspay.signing.ksort import order_keys
from kesspay.signing.lane import decode, read_array
from kesspay.signing.parameters import MAX_DEPTH as MAX_PARAMETERS_DEPTH
from kesspay.signing.parameters import to_json
from kesspay.signing.profile import PHP_8, Profile


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

#: What the signature does not cover: these keys of the top level, once they
#: are unescaped and exactly like this. Keys further down stay.
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
        parameters: a mapping; ``parameters`` says what may be in it.
        profile: the PHP settings.

    Raises:
        CanonicalizationError: with reason and path, for what may not be.
    """
    text = to_json(parameters)
    return canonicalize_text(text, profile, max_depth=MAX_PARAMETERS_DEPTH)


def arrange(array: Array, profile: Profile = PHP_8) -> Array:
    """
    Sort the top level, then take out what the signature does not cover.

    Args:
        array: as decoded; it is left as it is.
        profile: the PHP settings; only ksort is of concern here.

    Returns:
        A new map, or the same list: a list has its keys in order already, and
        "sign" is not among them.
    """
    if isinstance(array, list):
        return array
    # The order of the steps matters: where the comparison is no order the
    # keys that go can decide where others stay.
    order = order_keys(array, profile.ksort)
    arranged = {key: array[key] for key in order}
    for key in _UNSIGNED:
        arranged.pop(key, None)
    return arranged
