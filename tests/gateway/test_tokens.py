"""The life of a token, and what a store may hold, without threads and tasks."""

from __future__ import annotations

import logging
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kesspay.errors import AuthenticationFailed, FieldError, InputError, NotSent
from kesspay.gateway.messages import Token
from kesspay.gateway.tokens import (
    StoredToken,
    TokenBook,
    lifetime,
    read_store,
    write_store,
)
from tests.gateway.helpers import Clock
from tests.support.odd import ODD


@pytest.mark.parametrize(
    ("expire_in", "renew_after", "dead_after"),
    [
        (3600, 3540, 3600),
        (600, 540, 600),
        (100, 90, 100),
        (1, 0.9, 1),
        (None, 54, 60),
        (0, 54, 60),
        (-5, 54, 60),
        (86_400, 86_340, 86_400),
        (10**30, 86_340, 86_400),
    ],
)
def test_lifetimes(
    expire_in: int | None, renew_after: float, dead_after: float
) -> None:
    """A token is renewed a tenth, at most a minute, before its end."""
    life = lifetime(expire_in)
    assert life.renew_after == pytest.approx(renew_after)
    assert life.dead_after == pytest.approx(dead_after)


@given(st.one_of(st.none(), st.integers()))
def test_no_lifetime_is_senseless(expire_in: int | None) -> None:
    """Whatever the gateway says: not for ever, and not over before it began."""
    life = lifetime(expire_in)
    assert 0 < life.renew_after < life.dead_after <= 86_400


def book() -> tuple[TokenBook, Clock, Clock]:
    """Return an empty book, its clock, and its time of day."""
    clock, wall = Clock(), Clock()
    wall.now = 1.7e9
    return TokenBook(clock, wall), clock, wall


def stored(wall: Clock, age: float, name: str = "t-1") -> StoredToken:
    """Return a token that was obtained some seconds ago."""
    return StoredToken(Token(name, 600), wall.now - age)


@pytest.mark.parametrize(
    ("age", "good"), [(0, True), (539, True), (541, False), (10**9, False)]
)
def test_a_stored_token_has_the_life_that_is_left(age: float, good: bool) -> None:  # noqa: FBT001 - as it is called
    """A token that is due for renewal is not taken over, a younger one is."""
    made, clock, wall = book()
    one = stored(wall, age)
    assert made.adopt(one) is (one.token if good else None)
    if good:
        clock.now += 540 - age
        assert made.usable(renewing=False) is None
        assert made.usable(renewing=True) is one.token
        clock.now += 60
        assert made.usable(renewing=True) is None


def test_a_store_from_the_future() -> None:
    """A clock that is wrong elsewhere gives a token its life, and not more."""
    made, clock, wall = book()
    one = stored(wall, -(10**9))
    assert made.adopt(one) is one.token
    clock.now += 600
    assert made.usable(renewing=True) is None


def test_what_is_known_is_not_taken_over() -> None:
    """Neither the token held nor the one that was rejected comes back."""
    made, _, wall = book()
    assert made.adopt(None) is None
    one = stored(wall, 0)
    assert made.adopt(one) is one.token
    assert made.adopt(stored(wall, 0)) is None
    made.reject(Token("t-1", None))
    assert made.usable(renewing=True) is None
    assert made.adopt(stored(wall, 0)) is None
    assert made.adopt(stored(wall, 0, "t-2")) is not None


def test_what_is_saved_says_when_it_was_obtained() -> None:
    """The age of a token counts from the sending of the log-in, also in a store."""
    made, clock, wall = book()
    sent_at = clock.now
    clock.now += 7
    wall.now += 7
    kept = made.keep(Token("t-1", 600), sent_at)
    assert kept.obtained_at == pytest.approx(1.7e9)
    assert kept.token.access_token == "t-1"


def test_a_backoff_says_how_long() -> None:
    """A refusal during a backoff has the seconds after which to come back."""
    made, clock, _ = book()
    assert made.fail(NotSent("down"), clock.now + 9) is None
    refusal = made.refusal()
    assert isinstance(refusal, NotSent)
    assert refusal.retry_after == pytest.approx(1)
    assert made.fail(AuthenticationFailed("no"), clock.now + 9) is None
    assert isinstance(made.refusal(), AuthenticationFailed)
    assert "The last one: no" in str(made.refusal())
    clock.now += 30
    assert made.refusal() is None


class BrokenStore:
    """A store whose errors quote what they should not."""

    def load(self) -> NoReturn:
        """Fail."""
        raise RuntimeError("canary-token")

    def save(self, stored: StoredToken) -> NoReturn:
        """Fail."""
        raise RuntimeError(stored.token.access_token)


def test_a_store_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """A store that fails is logged by its type, and costs a log-in only."""
    caplog.set_level(logging.DEBUG)
    assert read_store(BrokenStore()) is None
    write_store(BrokenStore(), StoredToken(Token("canary-token", 1), 0.0))
    assert caplog.text.count("RuntimeError") == 2
    assert "canary" not in caplog.text


class OddStore(BrokenStore):
    """A store that returns something else than it was given."""

    def __init__(self, value: Any) -> None:  # noqa: ANN401 - of any type
        """Remember what to return."""
        self.value = value

    def load(self) -> Any:  # noqa: ANN401 - of any type
        """Return it."""
        return self.value


@pytest.mark.parametrize("value", [*ODD, "canary-token", Token("canary-token", 1)])
def test_a_store_that_returns_no_stored_token(
    value: object, caplog: pytest.LogCaptureFixture
) -> None:
    """It costs a log-in as one that fails does, and stops no call."""
    assert read_store(OddStore(value)) is None
    assert "the token store failed to load: it returned a " in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("value", [*ODD, "600", True])
def test_what_no_stored_token_holds(value: Any) -> None:  # noqa: ANN401 - of any type
    """Times that are no numbers are refused where a store makes its token."""
    with pytest.raises(InputError, match="obtained_at"):
        StoredToken(Token("canary-token", 1), value)
    if type(value) is not int:
        with pytest.raises(FieldError, match="expire_in"):
            Token("canary-token", value)
    with pytest.raises(InputError, match="token must be a Token"):
        StoredToken(value, 1.0)


def test_a_stored_token_is_a_secret() -> None:
    """Its repr shows no token, and it cannot be copied by pickle."""
    one = StoredToken(Token("canary-token", 1), 0.0)
    assert "canary" not in repr(one)
    with pytest.raises(InputError):
        one.__reduce_ex__(4)
