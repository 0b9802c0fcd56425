"""The names of the package: what its functions take and give can be annotated."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, Final, get_args

import pytest

import kesspay


if TYPE_CHECKING:
    from collections.abc import Iterator


#: Names of other packages, and of arguments that a caller writes as plain values.
OF_OTHERS: Final = frozenset(
    {
        *("Any", "Callable", "ClassVar", "ForwardRef", "Literal", "None", "Self"),
        *("AsyncGenerator", "Generator", "Iterable", "Iterator", "Mapping", "Sequence"),
        *("Buffer", "Decimal", "PathLike"),
    }
)
PLAIN_ARGUMENTS: Final = {
    "AmountFormat": "params() of a message, whose own callers are the client's",
    "Broken": "a word of TransportError",
    "Document": "bytes, a text or a mapping",
    "Documents": "a sequence or an Arrow array of them",
    "Flow": "of who drives the protocol: kesspay.gateway.protocol",
    "Ksort": "a word of Profile",
    "Need": "of who drives the protocol: kesspay.gateway.protocol",
    "Password": "bytes, a text or None",
    "Precision": "a word of Profile",
    "Queried": "one of three messages",
    "ResultHook": "a function of one TransferResult",
    "Stop": "a threading.Event or an asyncio.Event",
    "Text": "bytes or a text",
    "Verdict": "a word of AnswerEvent",
    "Whose": "a word of Journal.bind",
}


def annotated(name: str) -> Iterator[tuple[str, str]]:
    """Yield where a public name is annotated, and with what."""
    value = getattr(kesspay, name)
    if inspect.isfunction(value):
        yield from ((name, str(one)) for one in value.__annotations__.values())
    if not inspect.isclass(value):
        return
    for member, found in vars(value).items():
        if member.startswith("_") and member != "__init__":
            continue
        function: Any = found.fget if isinstance(found, property) else found
        function = getattr(function, "__func__", function)
        if inspect.isfunction(function):
            where = f"{name}.{member}"
            yield from ((where, str(one)) for one in function.__annotations__.values())
    yield from (
        (f"{name}.{field}", str(one))
        for field, one in vars(value).get("__annotations__", {}).items()
        if not field.startswith("_")
    )


@pytest.mark.parametrize("name", sorted(kesspay.__all__))
def test_every_type_is_exported(name: str) -> None:
    """Code that holds a value can name its type with `from kesspay import`."""
    known = set(kesspay.__all__) | OF_OTHERS | set(PLAIN_ARGUMENTS)
    unknown = [
        f"{where} has {word}"
        for where, text in annotated(name)
        for word in re.findall(r"\b[A-Z][A-Za-z]+\b", text)
        if word not in known
    ]
    assert unknown == []


def test_exceptions_are_needed() -> None:
    """A name that is exported, or annotates nothing, is no exception."""
    used = {
        word
        for name in kesspay.__all__
        for _, text in annotated(name)
        for word in re.findall(r"\b[A-Z][A-Za-z]+\b", text)
    }
    assert set(PLAIN_ARGUMENTS) - used == set()
    assert set(PLAIN_ARGUMENTS) & set(kesspay.__all__) == set()


def test_the_outcome_of_a_transfer() -> None:
    """The exported one is that of a payment, with its five words."""
    assert set(get_args(kesspay.Outcome)) == {
        "pending",
        "paid",
        "not_paid",
        "unknown",
        "manual",
    }
