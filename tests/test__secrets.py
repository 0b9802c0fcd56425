"""What holds a secret is never pickled or copied."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kesspay._secrets import HoldsSecrets
from kesspay.errors import InputError
from kesspay.gateway.messages import Token
from tests.gateway.helpers import credentials


if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class _Pair(HoldsSecrets):
    user: str
    password: str


@pytest.mark.parametrize("act", [pickle.dumps, copy.copy, copy.deepcopy])
@pytest.mark.parametrize(
    "holder",
    [_Pair("user", "canary"), credentials(), Token("canary", 60)],
    ids=lambda holder: type(holder).__name__,
)
def test_secrets_are_not_pickled_or_copied(
    act: Callable[[object], object], holder: HoldsSecrets
) -> None:
    """Every way to copy is refused; the error names the class, and no secret."""
    with pytest.raises(InputError, match=type(holder).__name__) as caught:
        act(holder)
    assert "canary" not in str(caught.value)


def test_a_holder_has_no_room_for_more() -> None:
    """A class with slots stays one: no attribute can be put beside its fields."""
    assert HoldsSecrets.__slots__ == ()
    assert not hasattr(_Pair("user", "canary"), "__dict__")
