"""
An editor and the reference pages explain each public name.

Both read the string below a constant, an alias or a member of an enumeration, and no
comment above it.
"""

from __future__ import annotations

import ast
import inspect
import sys
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

import kesspay
from kesspay.transfers.attempt import Do, State


if TYPE_CHECKING:
    from types import ModuleType

#: Enumerations that the reference pages show, besides the public ones.
SHOWN: Final = {"State": State, "Do": Do}


def described(body: list[ast.stmt]) -> set[str]:
    """Return the names that are assigned, and explained by the string below."""
    names = set()
    for statement, below in pairwise(body):
        if isinstance(statement, ast.Assign):
            target = statement.targets[0]
        elif isinstance(statement, ast.AnnAssign):
            target = statement.target
        else:
            continue
        is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if is_text and isinstance(target, ast.Name):
            names.add(target.id)
    return names


def home_of(name: str) -> ModuleType:
    """Return the module that defines a public name."""
    getattr(kesspay, name)
    return sys.modules[kesspay._HOMES[name]]


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in kesspay.__all__
        if not isinstance(getattr(kesspay, name), type)
        and not inspect.isroutine(getattr(kesspay, name))
        and name != "__version__"
    ],
)
def test_a_constant_or_alias_is_explained(name: str) -> None:
    """A public name that is neither a class nor a function has a string below it."""
    assert name in described(ast.parse(inspect.getsource(home_of(name))).body)


@pytest.mark.parametrize(
    "kind",
    [
        *SHOWN.values(),
        *(
            value
            for value in (getattr(kesspay, name) for name in kesspay.__all__)
            if isinstance(value, type) and issubclass(value, Enum)
        ),
    ],
)
def test_each_member_is_explained(kind: type[Enum]) -> None:
    """Each member of an enumeration has a string below it."""
    (definition,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)
    assert set(kind.__members__) - described(definition.body) == set()
