r"""
Write an array as text, exactly as PHP's json_encode does.

Text
    No blanks outside strings. ``null``, ``true``, ``false``; integers in
    decimal; doubles as described in ``number``.

Strings, values and keys alike
    ``\"  \\  \/  \b  \f  \n  \r  \t`` for these characters, ``\u00xx`` for
    the other ones below 20, the rest up to 7f as it is (also 7f itself), and
    ``\uxxxx`` in lower case from 80 on, above ffff as a surrogate pair. With
    JSON_UNESCAPED_SLASHES ``/`` stays as it is; with JSON_UNESCAPED_UNICODE
    the characters from 80 on do, except U+2028 and U+2029.

Lists
    In PHP objects and lists are one type. A map whose keys are exactly the
    integers 0, 1, ..., n-1 in this order is written as a list, every other
    one as an object. So ``{}`` becomes ``[]`` wherever it is, and
    ``{"0":1,"1":2}`` becomes ``[1,2]``.

Failure
    An infinite number that is still in the array.
"""

from __future__ import annotations

from functools import partial
from itertools import count, repeat
from json import encoder
from operator import eq
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from kesspay.errors import CanonicalizationError
from kesspay.signing.profile import PHP_8
from kesspay.signing.reference.decode import Infinite
from kesspay.signing.reference.number import write_double


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.signing.profile import Profile
    from kesspay.signing.reference.decode import Array, Value


__all__ = ["encode"]

#: The members of a container that are still to be written, with their names.
_Members: TypeAlias = "Iterator[tuple[str, Value]]"

_LITERALS: Final = {None: "null", False: "false", True: "true"}


def encode(array: Array, profile: Profile = PHP_8) -> bytes:
    """
    Write an array.

    Args:
        array: as ``decode`` returns it, of any depth.
        profile: the PHP settings; ksort is not used.

    Returns:
        UTF-8 text; pure ASCII unless the profile leaves Unicode unescaped.

    Raises:
        CanonicalizationError: "infinite", with the position of the earliest
            infinite number in the text that was decoded.

    Source: PHP manual, json_encode.
    """
    # The standard library escapes as PHP does, but for the few characters that
    # _finish_strings replaces in the whole text at once.
    quote = encoder.encode_basestring_ascii
    if profile.unescaped_unicode:
        quote = encoder.encode_basestring
    scalars = _scalars(quote, profile)
    written: list[str] = []
    write = written.append
    # For the innermost container, and for those around it: the text between a
    # name and a value, the members still to be written, the closing bracket.
    opening, colon, members, closing = _open(array, quote)
    around: list[tuple[str, _Members, str]] = []
    write(opening)
    comma = ""
    while True:
        for name, value in members:
            scalar = scalars.get(type(value))
            if scalar is None:
                break
            write(f"{comma}{name}{colon}{scalar(value)}")
            comma = ","
        else:
            write(closing)
            if not around:
                break
            colon, members, closing = around.pop()
            comma = ","
            continue
        if not isinstance(value, dict | list):
            _fail_infinite(array)
        if not value:
            write(f"{comma}{name}{colon}[]")
            comma = ","
            continue
        write(f"{comma}{name}{colon}")
        around.append((colon, members, closing))
        opening, colon, members, closing = _open(value, quote)
        write(opening)
        comma = ""
    return _finish_strings("".join(written), profile).encode()


def _scalars(
    quote: Callable[[str], str], profile: Profile
) -> dict[type, Callable[[Any], str]]:
    """Return the writer of each type that is no container."""
    double = write_double
    if profile.serialize_precision != -1 or profile.preserve_zero_fraction:
        double = partial(
            write_double,
            precision=profile.serialize_precision,
            zero_fraction=profile.preserve_zero_fraction,
        )
    literal = _LITERALS.__getitem__
    return {
        str: quote,
        int: repr,
        float: double,
        bool: literal,
        type(None): literal,
    }


def _open(array: Array, quote: Callable[[str], str]) -> tuple[str, str, _Members, str]:
    """
    Return how a container is written.

    Returns:
        The opening bracket, the text between a name and a value, the members
        with their names (empty in a list), and the closing bracket.
    """
    if isinstance(array, list):
        return "[", "", zip(repeat(""), array, strict=False), "]"
    values = array.values()
    if _is_list(array):
        return "[", "", zip(repeat(""), values, strict=False), "]"
    return "{", ":", zip(map(quote, array), values, strict=True), "}"


def _is_list(array: dict[str, Value]) -> bool:
    """Return whether the keys are 0, 1, ..., n-1 in this order."""
    if "0" not in array:
        return not array
    return all(map(eq, array, map(str, count())))


def _finish_strings(text: str, profile: Profile) -> str:
    """Replace the characters that the standard library escapes differently."""
    # These characters occur only inside strings, where no slash is escaped yet.
    if not profile.unescaped_slashes:
        text = text.replace("/", "\\/")
    if profile.unescaped_unicode:
        return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    if "\\u007f" not in text:
        return text
    # Escaped backslashes are replaced first, so that none is taken for the start
    # of an escape. No string holds a raw NUL.
    text = text.replace("\\\\", "\0")
    # Runs first: each match costs more than the search itself.
    for run in (16, 1):
        text = text.replace("\\u007f" * run, "\x7f" * run)
    return text.replace("\0", "\\\\")


def _fail_infinite(array: Array) -> NoReturn:
    """Raise the error for the infinite number that is first in the text."""
    positions = []
    unseen: list[Value] = [array]
    while unseen:
        value = unseen.pop()
        if isinstance(value, Infinite):
            positions.append(value.position)
        elif isinstance(value, dict):
            unseen.extend(value.values())
        elif isinstance(value, list):
            unseen.extend(value)
    raise CanonicalizationError("infinite", position=min(positions))
