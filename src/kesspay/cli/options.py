"""The options that several commands share, and what they give to a command."""

from __future__ import annotations

import logging
import os
import re
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from math import isfinite
from threading import Event
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast, get_args
from urllib.parse import unquote

import click
from click.shell_completion import CompletionItem

from kesspay._secrets import HoldsSecrets
from kesspay._shown import connects, no_path, shown_path
from kesspay.cli.envfile import read_env_file
from kesspay.cli.output import Kept, OutFile
from kesspay.cli.printer import printable
from kesspay.errors import InputError, JournalUnavailable
from kesspay.signing.arguments import mode_of
from kesspay.signing.profile import Ksort, Precision, Profile


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kesspay.cli.outcome import Outcome
    from kesspay.gateway.client import Client
    from kesspay.gateway.environment import Environment
    from kesspay.gateway.events import EventHook
    from kesspay.http.sync import HttpTransport
    from kesspay.transfers.journal import Journal


__all__ = [
    "FILE",
    "FiniteRange",
    "Settings",
    "check_no_password",
    "files",
    "gateway_options",
    "interrupting_signals",
    "journal_opener_option",
    "journal_option",
    "journal_place_option",
    "json_option",
    "key_files_option",
    "open_place",
    "out_option",
    "password_options",
    "profile_options",
    "stop_signals",
]

#: click calls a command with keyword arguments, which no type can describe.
_Command: TypeAlias = "Callable[..., Outcome]"


def files(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Let the shell complete files for a text that may be a path, or a URL."""
    del context, parameter
    return [CompletionItem(incomplete, type="file")]


class _Path(click.Path):
    """A path that the operating system can take."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Refuse a NUL byte, which no path can have."""
        if "\0" in os.fspath(value):
            self.fail("a path cannot hold a NUL byte", param, ctx)
        return super().convert(value, param, ctx)


#: A path, or - for standard input.
FILE: Final = _Path(allow_dash=True, path_type=str)


def key_files_option(what: str) -> Callable[[_Command], _Command]:
    """
    Add --key to a command, which needs one public key or several.

    Args:
        what: "Public key file", or what the key is for.
    """
    return click.option(
        "--key",
        "key_files",
        type=FILE,
        required=True,
        multiple=True,
        metavar="PUB",
        help=f"{what}; give it again for a ring of keys.",
    )


def json_option(command: _Command) -> _Command:
    """Accept --json, which ``kesspay.cli.root`` looks at for all commands."""
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        help="Print one JSON object instead.",
    )(command)


def profile_options(command: _Command) -> _Command:
    """Accept the settings of the gateway's PHP; the command gets a Profile."""

    @click.option(
        "--profile-precision",
        type=click.Choice(list(map(str, get_args(Precision)))),
        default="-1",
        show_default=True,
        help="serialize_precision of the gateway's PHP.",
    )
    @click.option(
        "--unescaped-slashes",
        is_flag=True,
        help="The gateway encodes with JSON_UNESCAPED_SLASHES.",
    )
    @click.option(
        "--unescaped-unicode",
        is_flag=True,
        help="The gateway encodes with JSON_UNESCAPED_UNICODE.",
    )
    @click.option(
        "--ksort",
        type=click.Choice(list(get_args(Ksort))),
        default="8.2",
        show_default=True,
        help="ksort of PHP 8.2 and later, of 8.0 and 8.1, or of 7.",
    )
    @click.option(
        "--preserve-zero-fraction",
        is_flag=True,
        help="The gateway encodes with JSON_PRESERVE_ZERO_FRACTION.",
    )
    @wraps(command)
    def with_profile(
        *,
        profile_precision: str,
        unescaped_slashes: bool,
        unescaped_unicode: bool,
        ksort: str,
        preserve_zero_fraction: bool,
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        profile = Profile(
            serialize_precision=cast("Precision", int(profile_precision)),
            unescaped_slashes=unescaped_slashes,
            unescaped_unicode=unescaped_unicode,
            ksort=cast("Ksort", ksort),
            preserve_zero_fraction=preserve_zero_fraction,
        )
        return command(profile=profile, **others)

    return with_profile


def password_options(command: _Command) -> _Command:
    """Accept the place of the password of a private key."""
    file = click.option(
        "--password-file",
        type=FILE,
        metavar="FILE",
        help="File whose first line is the password of the private key.",
    )
    env = click.option(
        "--password-env",
        metavar="NAME",
        help="Environment variable that holds the password.",
    )
    return file(env(command))


def out_option(command: _Command) -> _Command:
    """Accept --out; the file is there when the command begins."""

    @click.option(
        "--out",
        type=FILE,
        metavar="FILE",
        help="Also write the JSON object to this new file.",
    )
    @wraps(command)
    def with_out(*, out: str | None, **others: Any) -> Outcome:  # noqa: ANN401 - passed on as they are
        if out is not None:
            click.get_current_context().ensure_object(Kept).out = OutFile(out)
        return command(**others)

    return with_out


@dataclass(frozen=True, slots=True, eq=False)
class Settings(HoldsSecrets):
    """
    The settings of a command that talks to the gateway.

    Args:
        variables: the KESSPAY_ variables.
        timeout: seconds for each call, or None for what the variables say.
    """

    variables: Mapping[str, str] = field(repr=False)
    timeout: float | None = None

    def environment(self) -> Environment:
        """
        Read the variables.

        Raises:
            InputError: as ``read_environment``.
        """
        from kesspay.gateway.environment import read_environment

        found = read_environment(self.variables)
        if self.timeout is not None:
            found.client["timeout"] = self.timeout
        return found

    def transport(self, options: dict[str, Any]) -> HttpTransport:
        """Return a transport that is closed when the command ends."""
        from kesspay.http.sync import HttpTransport

        made = HttpTransport(**options)
        click.get_current_context().call_on_close(made.close)
        return made

    def client(self, on_event: EventHook | None = None) -> Client:
        """
        Return a client.

        Args:
            on_event: called with each event, or None.

        Raises:
            InputError: as ``Client.from_env``.
        """
        return self.client_of(self.environment(), on_event)

    def client_of(
        self, found: Environment, on_event: EventHook | None = None
    ) -> Client:
        """Return a client with settings that were read before."""
        from kesspay.gateway.client import Client

        transport = self.transport(found.transport)
        return Client(**found.client, on_event=on_event, transport=transport)


class FiniteRange(click.FloatRange):
    """A number within a range; no comparison refuses NaN, and this does."""

    def convert(
        self,
        value: str | float,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Read the number."""
        # click reads texts, but calls them numbers.
        number = super().convert(cast("float", value), param, ctx)
        if not isfinite(number):
            self.fail(f"{number} is no number that can be used", param, ctx)
        return number


class _ToStandardError(logging.Handler):
    """Writes what happens between a client and the gateway, a line for each event."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"kesspay: {printable(record.getMessage())}", err=True)


def gateway_options(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Accept the options of every gateway command, which gets its Settings."""

    @click.option(
        "--env-file",
        type=FILE,
        metavar="FILE",
        help="Read the KESSPAY_ variables from FILE only, not from the environment.",
    )
    @click.option(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="Seconds for each call, log-ins and retries included.",
    )
    @click.option(
        "--verbose",
        "-v",
        is_flag=True,
        help="Log each request and answer on standard error, without secrets.",
    )
    @json_option
    @wraps(command)
    def with_settings(
        *,
        env_file: str | None,
        timeout: float | None,
        verbose: bool,
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        # Settings of two gateways must never mix: a file stands alone.
        variables = os.environ if env_file is None else read_env_file(env_file)
        _listen(verbose=verbose)
        return command(settings=Settings(variables, timeout), **others)

    return with_settings


def _listen(*, verbose: bool) -> None:
    """Log the events of a client while a command runs, or keep them from all logs."""
    log = logging.getLogger("kesspay.gateway")
    handler = _ToStandardError() if verbose else logging.NullHandler()
    level, propagate = log.level, log.propagate
    log.addHandler(handler)
    log.propagate = False
    if verbose:
        log.setLevel(logging.DEBUG)

    def stop() -> None:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagate

    click.get_current_context().call_on_close(stop)


@contextmanager
def stop_signals() -> Iterator[Event]:
    """Stop a command on SIGINT or SIGTERM: both set the event."""
    stopped = Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stopped.set()) for number in numbers]
    try:
        yield stopped
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def interrupting_signals() -> Iterator[None]:
    """Let a signal that would end the process at once do what Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    names = ("SIGTERM", "SIGHUP")  # Windows has only the first
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # Under nohup it is ignored, and stays so.
    numbers = [n for n in numbers if signal.getsignal(n) is not signal.SIG_IGN]
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


_VARIABLE: Final = "KESSPAY_JOURNAL"
_SCHEMES: Final = ("postgresql://", "postgres://")
_PASSWORD: Final = re.compile(
    r"(?:password|passwd|pwd|secret|token)\s*=", re.IGNORECASE
)


def journal_option(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Accept where the journal is; the command gets it, open until it ends."""

    @wraps(command)
    def with_journal(
        *,
        open_journal: Callable[[], Journal],
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        return command(journal=open_journal(), **others)

    return journal_opener_option(with_journal)


def _without_password(
    _: click.Context, __: click.Parameter, place: str | None
) -> str | None:
    if place is not None:
        check_no_password(place)
    return place


#: Where the journal is, as the argument ``place``; None where the option was not given.
journal_place_option = click.option(
    "--journal",
    "place",
    shell_complete=files,
    callback=_without_password,
    metavar="PLACE",
    help=f"File of a SQLite journal, or postgresql:// URL [default: {_VARIABLE}].",
)


def journal_opener_option(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Accept where the journal is; the command gets what opens it until it ends."""

    @journal_place_option
    @wraps(command)
    def with_opener(
        *,
        place: str | None,
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        where = place or os.environ.get(_VARIABLE, "")
        if not where:
            raise InputError(f"say where the journal is: --journal, or {_VARIABLE}")
        context = click.get_current_context()

        def open_journal() -> Journal:
            journal = open_place(where, "--journal" if place else _VARIABLE)
            context.call_on_close(journal.close)
            return journal

        return command(open_journal=open_journal, **others)

    return with_opener


def check_no_password(place: str) -> None:
    """
    Check the place of a journal that was given on the command line.

    Raises:
        InputError: it holds a password.
    """
    if _has_password(place):
        raise InputError(
            "a password on the command line can be read by everybody on this "
            f"machine; put the URL into {_VARIABLE}, or use a .pgpass file"
        )


def _has_password(place: str) -> bool:
    """Say whether any part of a connection string may hold a password."""
    user, at, _ = place.rpartition("@")
    return connects(place) and (
        (bool(at) and ":" in user.rpartition("://")[2])
        or _PASSWORD.search(unquote(place)) is not None
    )


def open_place(where: str, source: str) -> Journal:
    """
    Open a journal that is there; none is made.

    Args:
        where: path of a SQLite file, or a URL of PostgreSQL.
        source: the option or variable that says so.

    Raises:
        InputError: it names no journal.
        JournalError: the journal cannot be used.
    """
    if where.startswith(_SCHEMES):
        return _open_database(where, source)
    kind = no_path(where)
    if kind:
        raise InputError(
            f"{source} holds {kind}: it takes the path of a SQLite journal, or a URL"
            " that begins with postgresql://"
        )
    # A wrong path must not look like a journal without payments.
    if not mode_of(where):
        raise InputError(
            f"{source} names no journal: nothing is at {shown_path(where)}"
        )
    from kesspay.transfers.sqlite_file import is_emptied

    if is_emptied(where):
        raise InputError(
            f"{source} names no journal: {shown_path(where)} is empty. If payments were"
            " made with it, it was cut off: restore the last good copy elsewhere"
        )
    from kesspay.transfers.sqlite import SqliteJournal

    return SqliteJournal(where)


def _open_database(where: str, source: str) -> Journal:
    from kesspay.transfers.postgres import PostgresJournal
    from kesspay.transfers.reader import database_without_journal

    try:
        # A wrong database must not look like a journal without payments either, and
        # to open it would make the tables.
        name = database_without_journal(where)
        if not name:
            return PostgresJournal(where)
    except JournalUnavailable as error:
        if not error.is_refused:
            raise
        raise InputError(f"{source}: {error}") from None
    raise InputError(
        f"{source} names no journal: the database {name} has none in its schema kesspay"
    )
