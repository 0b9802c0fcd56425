"""One token for all threads or tasks of a client, and one log-in at a time."""

from __future__ import annotations

import asyncio
from threading import Condition
from typing import TYPE_CHECKING

from kesspay._forks import Forkable, heed_forks
from kesspay.errors import GatewayError, NotSent
from kesspay.gateway.tokens import read_store, took_too_long, write_store


if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from kesspay.gateway.messages import Token
    from kesspay.gateway.tokens import TokenBook, TokenStore


__all__ = ["AsyncTokenCache", "TokenCache"]


class TokenCache(Forkable):
    """
    The token of one client. Any number of threads may use it, also after a fork.

    Args:
        book: what is known of the token.
        log_in: gets a new token before a moment on the clock, or raises a
            GatewayError.
        store: where other clients find the token, or None.
    """

    def __init__(
        self,
        book: TokenBook,
        log_in: Callable[[float], Token],
        store: TokenStore | None = None,
    ) -> None:
        """Hold nothing yet."""
        self._book = book
        self._store = store
        self._log_in = log_in
        self._changed = Condition()
        self._renewing = False
        heed_forks(self)

    def get(self, *, until: float, rejected: Token | None = None) -> Token:
        """
        Return a usable token, logging in where there is none.

        Args:
            until: the moment on the clock to give up.
            rejected: a token that the gateway rejected.

        Raises:
            AuthenticationFailed: the credentials were refused.
            NotSent: there is no token; nothing that waited for it was sent.
        """
        is_mine = False
        try:
            with self._changed:
                if rejected is not None:
                    self._book.reject(rejected)
                token = self._held_or_wait(until)
                if token is not None:
                    return token
                refusal = self._book.refusal()
                if refusal is not None:
                    raise refusal
                # In this order: what a signal handler raises in between leaves no
                # log-in behind for which all others wait.
                is_mine = self._renewing = True
            return self._renew(until)
        finally:
            if is_mine:
                with self._changed:
                    self._renewing = False
                    self._changed.notify_all()

    def _held_or_wait(self, until: float) -> Token | None:
        """Return the token, or None once no other thread logs in."""
        while True:
            token = self._book.usable(renewing=self._renewing)
            if token is not None or not self._renewing:
                return token
            remaining = until - self._book.now()
            if remaining <= 0 or not self._changed.wait(remaining):
                raise took_too_long()

    def forget(self) -> None:
        """Drop the token."""
        with self._changed:
            self._book.forget()

    def after_fork_in_child(self) -> None:
        """Begin anew: a thread that logs in, or holds the lock, is not here."""
        self._changed = Condition()
        self._renewing = False

    def _renew(self, until: float) -> Token:
        """Get a token; only one thread is here at a time."""
        if self._store is not None:
            stored = read_store(self._store)
            with self._changed:
                adopted = self._book.adopt(stored)
            if adopted is not None:
                return adopted
        sent_at = self._book.now()
        try:
            token = self._log_in(until)
        except GatewayError as error:
            with self._changed:
                held = self._book.fail(error, until)
            if held is None:
                raise
            return held
        with self._changed:
            kept = self._book.keep(token, sent_at)
        if self._store is not None:
            write_store(self._store, kept)
        return token


class AsyncTokenCache:
    """
    The token of one client. Any number of tasks of one event loop may use it.

    A log-in runs in a task of its own: a caller that is cancelled while waiting
    for it does not end it for the others.

    Args:
        book: what is known of the token.
        log_in: gets a new token before a moment on the clock, or raises a
            GatewayError.
        store: where other clients find the token, or None; it is called in
            a thread.
    """

    def __init__(
        self,
        book: TokenBook,
        log_in: Callable[[float], Awaitable[Token]],
        store: TokenStore | None = None,
    ) -> None:
        """Hold nothing yet."""
        self._book = book
        self._store = store
        self._log_in = log_in
        self._renewal: asyncio.Task[Token | GatewayError] | None = None

    async def get(self, *, until: float, rejected: Token | None = None) -> Token:
        """
        Return a usable token, logging in where there is none.

        Args:
            until: the moment on the clock to give up.
            rejected: a token that the gateway rejected.

        Raises:
            AuthenticationFailed: the credentials were refused.
            NotSent: there is no token; nothing that waited for it was sent.
        """
        if rejected is not None:
            self._book.reject(rejected)
        while True:
            running = self._running()
            token = self._book.usable(renewing=running is not None)
            if token is not None:
                return token
            if running is None:
                break
            remaining = until - self._book.now()
            if remaining <= 0 or not await _is_done(running, remaining):
                raise took_too_long()
        refusal = self._book.refusal()
        if refusal is not None:
            raise refusal
        renewal = self._renewal = asyncio.create_task(self._renew(until))
        # No time limit here: the log-in has it, and knows better what happened.
        await _is_done(renewal, None)
        if renewal.cancelled():
            raise NotSent("The client was closed.", evidence={"phase": "log-in"})
        result = renewal.result()
        if isinstance(result, GatewayError):
            raise result
        return result

    async def forget(self) -> None:
        """Drop the token, and end a log-in that is under way."""
        running, self._renewal = self._running(), None
        if running is not None:
            running.cancel()
            await _is_done(running, None)
        self._book.forget()

    def _running(self) -> asyncio.Task[Token | GatewayError] | None:
        """Return the log-in under way; one of an event loop that is gone is none."""
        renewal = self._renewal
        if renewal is None or renewal.done():
            return None
        return renewal if renewal.get_loop() is asyncio.get_running_loop() else None

    async def _renew(self, until: float) -> Token | GatewayError:
        """Get a token; only one task is here at a time."""
        if self._store is not None:
            stored = await asyncio.to_thread(read_store, self._store)
            adopted = self._book.adopt(stored)
            if adopted is not None:
                return adopted
        sent_at = self._book.now()
        try:
            token = await self._log_in(until)
        except GatewayError as error:
            return self._book.fail(error, until) or error
        kept = self._book.keep(token, sent_at)
        if self._store is not None:
            await asyncio.to_thread(write_store, self._store, kept)
        return token


async def _is_done(
    task: asyncio.Task[Token | GatewayError], seconds: float | None
) -> bool:
    """Wait for a task; a caller that is cancelled here does not cancel the task."""
    done, _ = await asyncio.wait([task], timeout=seconds)
    return bool(done)
