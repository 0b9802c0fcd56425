"""
``kesspay doctor``: what is wrong with the settings, and how to fix it.

The checks here need no network: settings, files, keys, core dumps. Each part of
the settings is read separately, so that one mistake does not hide the others. No
check shows a secret.
"""

from __future__ import annotations

import os
import shlex
import stat
import warnings
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kesspay._pages import how_to_read
from kesspay._shown import no_path, shown_path
from kesspay.cli.checks import Check, Checks, ReadSettings
from kesspay.cli.options import gateway_options, journal_place_option
from kesspay.cli.outcome import EXIT_CHECK_FAILED, EXIT_OK, Outcome, key_advice
from kesspay.errors import InputError, KesspayError, KeyLoadError
from kesspay.gateway.client import Client
from kesspay.gateway.endpoint import Endpoint
from kesspay.gateway.environment import VARIABLES, read_environment
from kesspay.http.sync import HttpTransport
from kesspay.signing.backend import backend
from kesspay.signing.documents import canonicalize
from kesspay.signing.keyring import KeyRing
from kesspay.signing.keys import PrivateKey, PublicKey
from kesspay.signing.multibuffer import multibuffer


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kesspay.cli.options import Settings
    from kesspay.cli.printer import Printer
    from kesspay.gateway.messages import Credentials


__all__ = ["check_offline", "core_dumps", "doctor"]

_HELP: Final = """\
Check settings, keys, files, journal, clock, TLS, log-in and signatures.

For each it prints what was found and what to do. It moves no money: it logs
in, and asks for a transfer that does not exist. No secret is printed.

Exit code 1 means that a check failed; warnings do not change it.

\b
JSON fields
    checks  list of: name, verdict ("ok", "warning", "failed" or "skipped"),
            found, fix (or ""), page (of the documentation, or "")
"""

_STYLES: Final = {"ok": "green", "warning": "yellow", "failed": "bold red"}


@click.command("doctor", help=_HELP)
@click.option("--offline", is_flag=True, help="Send nothing.")
@journal_place_option
@gateway_options
def doctor(settings: Settings, *, offline: bool, place: str | None) -> Outcome:
    """Check everything."""
    from kesspay.cli.doctor_journal import check_journal
    from kesspay.cli.doctor_online import check_online, skip_online

    checks = Checks()
    with warnings.catch_warnings():
        # The checks report what is warned of here.
        warnings.simplefilter("ignore", UserWarning)
        found = check_offline(settings.variables, checks)
        check_journal(settings.variables, found, checks, given=place)
        if settings.timeout is not None:
            found.client["timeout"] = settings.timeout
        if offline:
            skip_online(checks, "--offline")
        else:
            check_online(found, settings.transport(found.transport), checks)
    failed = sum(check.verdict == "failed" for check in checks.all)

    def view(printer: Printer) -> None:
        width = max(len(check.name) for check in checks.all)
        for check in checks.all:
            _show(printer, check, width)
        printer.line()
        if how_to_read() and any(check.page for check in checks.all):
            printer.line(how_to_read())
        if failed:
            noun = "check" if failed == 1 else "checks"
            printer.line(f"{failed} {noun} failed.", "bold red")
        else:
            printer.line("No check failed.", "bold green")

    return Outcome(
        "doctor",
        {"checks": [asdict(check) for check in checks.all]},
        view,
        EXIT_CHECK_FAILED if failed else EXIT_OK,
    )


def _show(printer: Printer, check: Check, width: int) -> None:
    """Print a check, and under it what to do."""
    head = f"{check.verdict:<8} {check.name:<{width}}"
    printer.line(f"{head}  {check.found}", _STYLES.get(check.verdict, ""))
    if check.fix:
        printer.line(f"{'':<8} {'':<{width}}  -> {check.fix}")
    if check.page:
        printer.line(f"{'':<8} {'':<{width}}     {check.page}")


_PREFIX: Final = "KESSPAY_"
#: Variables of the build, the tests and the choice of the backend.
_ELSEWHERE: Final = frozenset(
    _PREFIX + name
    for name in (
        "BACKEND",
        "BUILD_TESTS",
        "FUZZ_SECONDS",
        "INSTALL_DEB",
        "JOURNAL",
        "LIBKESS",
        "LONG",
        "MULTIBUFFER",
        "OPENSSL_ARCHIVE",
        "OPENSSL_PREFIX",
        "PGBOUNCER",
        "PHP",
        "PHP_WASM",
        "POSTGRES_BIN",
        "PURE",
        "REQUIRE_CHROMIUM",
        "REQUIRE_CURL",
        "REQUIRE_DOCS",
        "REQUIRE_HIDING",
        "REQUIRE_LANGUAGES",
        "REQUIRE_NATIVE",
        "REQUIRE_NODE",
        "REQUIRE_PHP",
        "REQUIRE_POSTGRES",
        "REQUIRE_SOFTHSM",
        "REQUIRE_SPARK",
        "SCALE",
        "SEED",
        "WYCHEPROOF",
    )
)
#: Which variables each part of the settings is read from.
_PARTS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "base url": ("base_url", ("BASE_URL",)),
    "credentials": (
        "credentials",
        ("PARTNER_ID", "PARTNER_SECRET_KEY", "USER_NAME", "PASSWORD"),
    ),
    "private key": ("private_key", ("PRIVATE_KEY", "PRIVATE_KEY_PASSWORD")),
    "gateway key": ("gateway_key", ("GATEWAY_KEY",)),
}
_OF_PARTS: Final = frozenset(
    f"{_PREFIX}{name}{ending}"
    for _, names in _PARTS.values()
    for name in names
    for ending in ("", "_FILE")
)
_ANY_ACCESS: Final = stat.S_IRWXG | stat.S_IRWXO
_CHANGE: Final = stat.S_IWGRP | stat.S_IWOTH
#: Names several files, separated like those of PATH.
_SEVERAL_FILES: Final = "KESSPAY_GATEWAY_KEY_FILE"
#: Files that anyone may read, but not change.
_PUBLIC_FILES: Final = frozenset({_SEVERAL_FILES, "KESSPAY_CA_FILE"})
#: A document with everything that PHP writes in a way of its own, and what
#: PHP 8.2 makes of it.
_DOCUMENT: Final = '{"z":[],"name":"\u1785\u17b6\u1793\u17cb / x","amount":0.10,"a":{}}'
_CANONICAL: Final = (
    b'{"a":[],"amount":0.1,"name":"\\u1785\\u17b6\\u1793\\u17cb \\/ x","z":[]}'
)


def check_offline(variables: Mapping[str, str], checks: Checks) -> ReadSettings:
    """
    Make every check that needs no network.

    Args:
        variables: the settings.
        checks: where the checks go.

    Returns:
        what could be read.
    """
    found = ReadSettings()
    _check_backend(checks)
    _check_variables(variables, checks)
    for name in _PARTS:
        _check_part(name, variables, found, checks)
    _check_options(variables, found, checks)
    _check_pair(found, checks)
    _check_files(variables, checks)
    _check_core_dumps(checks)
    _check_signature(found, checks)
    return found


def _check_backend(checks: Checks) -> None:
    try:
        used = backend()
    except KesspayError as error:
        checks.fail("backend", str(error), "set KESSPAY_BACKEND to another one")
        checks.skip("batches", "fix backend first")
        return
    seen = f"{used.name} {used.version}, {used.openssl}"
    if used.import_error is not None:
        seen = f"{seen}; the native core cannot be imported: {used.import_error}"
        checks.warn("backend", seen, "install kesspay again")
    else:
        checks.ok("backend", seen)
    checks.ok("batches", str(multibuffer()))


def _check_variables(variables: Mapping[str, str], checks: Checks) -> None:
    """Look for unknown names, which are mostly typing mistakes."""
    set_here = {name for name in variables if name.startswith(_PREFIX)}
    known = VARIABLES | _ELSEWHERE
    unknown = sorted(set_here - known)
    if not unknown:
        checks.ok("variables", f"{len(set_here & VARIABLES)} set, none unknown")
        return
    shown = []
    for name in unknown:
        near = get_close_matches(name, VARIABLES, n=1)
        shown.append(f"{name} (did you mean {near[0]}?)" if near else name)
    found = f"unknown variable{'s' if len(unknown) > 1 else ''} {', '.join(shown)}"
    checks.warn("variables", found, f"correct or remove {', '.join(unknown)}")


def _check_part(
    name: str, variables: Mapping[str, str], found: ReadSettings, checks: Checks
) -> None:
    """Read one of the parts without which there is no client."""
    argument, names = _PARTS[name]
    if name.endswith("key") and checks.lacks(["backend"]):
        checks.skip(name, "fix backend first")
        return
    wanted = {f"{_PREFIX}{one}{end}" for one in names for end in ("", "_FILE")}
    own = {one: text for one, text in variables.items() if one in wanted}
    others = [other for other, _ in _PARTS.values() if other != argument]
    try:
        value = read_environment(own, given=others).client[argument]
        seen = _SHOWN[name](value, variables)
    except KeyLoadError as error:
        checks.fail(name, str(error), key_advice(error, from_variables=True))
    except InputError as error:
        shown = ", ".join(f"{_PREFIX}{one}" for one in names)
        checks.fail(name, str(error), f"set or correct {shown}")
    else:
        found.client[argument] = value
        checks.ok(name, seen)


def _check_options(
    variables: Mapping[str, str], found: ReadSettings, checks: Checks
) -> None:
    """Read what every client has a default for."""
    others = {name: text for name, text in variables.items() if name not in _OF_PARTS}
    given = [argument for argument, _ in _PARTS.values()]
    try:
        read = read_environment(others, given=given)
        transport = HttpTransport(**read.transport)
        if not checks.lacks(_PARTS):
            # What only a client itself judges.
            Client(**{**read.client, **found.client}, transport=transport)
    except InputError as error:
        checks.fail("options", str(error), "correct the variable, or remove it")
        return
    found.client |= read.client
    found.transport |= read.transport
    profile = read.client["profile"].words() or "PHP 8.2 and its defaults"
    amounts = read.client.get("amount_format", "number")
    checks.ok("options", f"profile: {profile}; amounts are sent as {amounts}")


def _check_pair(found: ReadSettings, checks: Checks) -> None:
    """Check that the gateway key is not the partner's own public key."""
    lacking = checks.lacks(["private key", "gateway key"])
    if lacking:
        checks.skip("key pair", f"fix {lacking} first")
        return
    own = found.client["private_key"].public_key
    if own in _keys(found.client["gateway_key"]):
        seen = "the gateway key is the public half of the private key"
        checks.fail("key pair", seen, "set KESSPAY_GATEWAY_KEY to the key from KESS")
    else:
        checks.ok("key pair", "the keys are of two different pairs")


def _check_files(variables: Mapping[str, str], checks: Checks) -> None:
    """Look whether other users can read or change the files that variables name."""
    named = {name for name in VARIABLES if name.endswith("_FILE")}
    seen: list[str] = []
    fixes: list[str] = []
    missing = False
    for name in sorted(named):
        text = variables.get(name, "")
        for path in text.split(os.pathsep) if name == _SEVERAL_FILES else [text]:
            if not path:
                continue
            try:
                status = Path(path).stat()
            except (OSError, ValueError) as error:
                missing = True
                why = getattr(error, "strerror", None) or type(error).__name__
                seen.append(f"{name}: {shown_path(path)}: {why}")
                fixes.append(f"correct the path in {name}")
                continue
            mode = stat.S_IMODE(status.st_mode)
            harmful = _CHANGE if name in _PUBLIC_FILES else _ANY_ACCESS
            if os.name == "posix" and mode & harmful:
                seen.append(f"{shown_path(path)} is open to others (mode {mode:04o})")
                fixes.append(f"chmod 600 {shlex.quote(path)}")
    if missing:
        checks.fail("files", "; ".join(seen), "; ".join(fixes))
    elif seen:
        checks.warn("files", "; ".join(seen), "; ".join(fixes))
    else:
        checks.ok("files", "no other user can read the secret ones")


def _check_core_dumps(checks: Checks) -> None:
    seen, fix = core_dumps()
    if fix:
        checks.warn("core dumps", seen, fix)
    else:
        checks.ok("core dumps", seen)


def _check_signature(found: ReadSettings, checks: Checks) -> None:
    """Sign a known document, and verify it."""
    lacking = checks.lacks(["backend", "private key"])
    if lacking:
        checks.skip("signature", f"fix {lacking} first")
        return
    key = found.client["private_key"]
    try:
        held = canonicalize(_DOCUMENT) == _CANONICAL
        body = key.signed_body({"amount": "0.50", "sender_name": "x / y"})
        key.public_key.verify_document(body)
    except KesspayError as error:
        held = False
        seen = str(error)
    else:
        seen = "a known document has another canonical form here"
    if held:
        checks.ok("signature", "a known document was signed and verified")
    else:
        checks.fail("signature", seen, "install kesspay again")


def _keys(gateway_key: PublicKey | KeyRing) -> tuple[PublicKey, ...]:
    if isinstance(gateway_key, KeyRing):
        return gateway_key.keys
    return (gateway_key,)


def _shown_url(url: str, variables: Mapping[str, str]) -> str:
    """Check a URL as a client does, and return it."""
    allowed = variables.get("KESSPAY_ALLOW_PLAIN_HTTP", "").lower() in {"1", "true"}
    return Endpoint(url, allow_plain_http=allowed).base_url


def _shown_credentials(credentials: Credentials, _: Mapping[str, str]) -> str:
    partner = credentials.partner_id
    # What has the form of a key or a token may be the secret of the partner.
    kind = no_path(partner)
    return f"partner ({kind})" if kind else f"partner {partner}"


def _shown_keys(key: PrivateKey | PublicKey | KeyRing, _: Mapping[str, str]) -> str:
    keys = _keys(key.public_key if isinstance(key, PrivateKey) else key)
    return "; ".join(f"{one.bits} bits, {one.fingerprint}" for one in keys)


#: How each part is shown when it could be read.
_SHOWN: Final[dict[str, Callable[[Any, Mapping[str, str]], str]]] = {
    "base url": _shown_url,
    "credentials": _shown_credentials,
    "private key": _shown_keys,
    "gateway key": _shown_keys,
}


try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment] # there is no such module

_PATTERN: Final = Path("/proc/sys/kernel/core_pattern")
_FIX: Final = (
    "start programs that hold a private key with `ulimit -c 0` (systemd:"
    " LimitCORE=0), and let no program receive core dumps (core_pattern)"
)


def core_dumps(pattern: Path = _PATTERN) -> tuple[str, str]:
    """
    Return what is known of core dumps, and what to do, or "".

    Args:
        pattern: the file in which Linux says where core dumps go (core(5)).
    """
    if resource is None:
        return "not known on this system", ""
    try:
        seen = pattern.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        seen = ""
    # The limit does not hold for a program that is given them.
    if seen.startswith("|"):
        program = Path(seen[1:].split()[0]).name if seen[1:].strip() else "a program"
        return f"{program} would receive the memory after a crash, with all keys", _FIX
    if resource.getrlimit(resource.RLIMIT_CORE)[0] == 0:
        return "off", ""
    return "a crash would write the memory, with all keys, to a file", _FIX
