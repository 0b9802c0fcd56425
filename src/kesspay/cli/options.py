"""Options that several commands share."""

from __future__ import annotations

import os
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast, get_args

import click

from kesspay.cli.outfile import Kept, OutFile
from kesspay.signing.profile import Ksort, Precision, Profile


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.cli.outcome import Outcome


__all__ = ["FILE", "json_option", "out_option", "password_options", "profile_options"]

#: click calls a command with keyword arguments, which no type can describe.
_Command: TypeAlias = "Callable[..., Outcome]"


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
        help="Whose ksort: PHP 8.2 and later, 8.0 and 8.1, or 7.",
    )
    @wraps(command)
    def with_profile(
        *,
        profile_precision: str,
        unescaped_slashes: bool,
        unescaped_unicode: bool,
        ksort: str,
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        profile = Profile(
            serialize_precision=cast("Precision", int(profile_precision)),
            unescaped_slashes=unescaped_slashes,
            unescaped_unicode=unescaped_unicode,
            ksort=cast("Ksort", ksort),
        )
        return command(profile=profile, **others)

    return with_profile


def password_options(command: _Command) -> _Command:
    """Accept where the password of a private key is to be found."""
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
        help="Write the JSON object into this new file, too.",
    )
    @wraps(command)
    def with_out(*, out: str | None, **others: Any) -> Outcome:  # noqa: ANN401 - passed on as they are
        if out is not None:
            click.get_current_context().ensure_object(Kept).out = OutFile(out)
        return command(**others)

    return with_out
