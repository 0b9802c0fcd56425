"""
The check of the doctor that opens the journal, and makes none.

A journal that is not there yet is a warning, and not a fault: the first payment makes
it. After that payment, it means that the variable names another place.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kesspay._pages import PAGES, Page
from kesspay._shown import connects
from kesspay.cli.options import open_place
from kesspay.errors import (
    BackendError,
    InputError,
    JournalDamaged,
    JournalError,
    JournalUnavailable,
    KesspayError,
    WrongAccount,
)
from kesspay.transfers.account import Account, check_owner
from kesspay.transfers.attempt import State
from kesspay.transfers.reader import place_of_first_payment
from kesspay.transfers.sqlite_file import is_emptied
from kesspay.transfers.summary import OPEN, UNKNOWN, is_foreign, listed


if TYPE_CHECKING:
    from collections.abc import Mapping

    from kesspay.cli.checks import Checks, ReadSettings
    from kesspay.transfers.journal import Journal


__all__ = ["check_journal"]

_NAME: Final = "journal"
_VARIABLE: Final = "KESSPAY_JOURNAL"
#: Where Linux lists what is mounted, and types on which locks do not hold between
#: machines.
_MOUNTS: Final = Path("/proc/mounts")
_NETWORKS: Final = frozenset(
    (
        *("9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "lustre"),
        *("ncpfs", "nfs", "nfs4", "smb3", "smbfs"),
    )
)
_LOCKS: Final = ", where its locks may not hold"
_LOCAL: Final = "keep it on a local disk, or use a PostgreSQL journal"
#: Payments that are counted at most.
_MOST: Final = 1000
#: What to do about each kind of error; the first that fits.
_FIXES: Final[tuple[tuple[type[KesspayError], str, Page], ...]] = (
    (
        WrongAccount,
        "name the journal of this account, or see kesspay journal rebind",
        PAGES["journal_account"],
    ),
    (
        JournalDamaged,
        "start no transfer before it is restored",
        PAGES["journal_damaged"],
    ),
    (
        JournalUnavailable,
        "check that this user can read and write it, and that the database runs",
        PAGES["journal"],
    ),
    (JournalError, "correct what it names", PAGES["journal"]),
    (BackendError, "install what it names", PAGES["install"]),
    (
        InputError,
        f"correct {_VARIABLE}, or make what is missing",
        PAGES["settings"],
    ),
)


def check_journal(
    variables: Mapping[str, str],
    found: ReadSettings,
    checks: Checks,
    *,
    given: str | None = None,
) -> None:
    """
    Open the journal, as a worker does.

    Args:
        variables: the settings.
        found: what was read of them: the journal must belong to this account.
        checks: where the check goes.
        given: where it is, by --journal; None for what KESSPAY_JOURNAL names.
    """
    source = "--journal" if given else _VARIABLE
    # The commands of the journal know no --env-file.
    where = given or variables.get(_VARIABLE) or os.environ.get(_VARIABLE, "")
    if not where:
        checks.skip(_NAME, f"{_VARIABLE} is not set")
        return
    if is_emptied(where):
        # To open it would make a journal of it.
        checks.warn(_NAME, "the file is empty", f"see whether {source} is right")
        return
    try:
        network = "" if connects(where) else _network_of(where)
        place = place_of_first_payment(where)
        if place:
            _report_none(place, source, checks, network)
            return
        journal = open_place(where, source)
        try:
            _report(journal, found, checks, network)
        finally:
            journal.close()
    except KesspayError as error:
        fix, page = next(
            (fix, page) for kind, fix, page in _FIXES if isinstance(error, kind)
        )
        checks.fail(_NAME, " ".join(str(error).split()), fix, page)


def _network_of(where: str) -> str:
    """Return the type of the network file system that a file is on, or ""."""
    try:
        path = Path(where).resolve()
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ValueError):
        return ""
    mounts = [line.split()[1:3] for line in lines]
    around = [
        (len(point), kind) for point, kind in mounts if path.is_relative_to(point)
    ]
    kind = max(around, default=(0, ""))[1]
    return kind if kind in _NETWORKS else ""


def _report_none(place: str, source: str, checks: Checks, network: str) -> None:
    shown = f"no journal yet: it will be made by the first payment, {place}"
    fix = f"if there were payments, correct {source}; else there is nothing to do"
    if network:
        shown = f"{shown}; the file will be on {network}{_LOCKS}"
        fix = f"if there were payments, correct {source}; else {_LOCAL}"
    checks.warn(_NAME, shown, fix, PAGES["journal"])


def _report(
    journal: Journal, found: ReadSettings, checks: Checks, network: str
) -> None:
    owner = journal.ownership().account
    credentials = found.client.get("credentials")
    if owner is not None and credentials is not None and "base_url" in found.client:
        check_owner(owner, Account(found.client["base_url"], credentials.partner_id))
    counts = Counter(one.status.state for one in listed(journal, OPEN, limit=_MOST))
    foreign = sum(counts[state] for state in counts if is_foreign(state))
    unknown = sum(counts[state] for state in UNKNOWN) + foreign
    manual = counts[State.MANUAL]
    shown = (
        f"{sum(counts.values())} not finished: {unknown} unknown,"
        f" {manual} need a person"
    )
    if foreign:
        checks.warn(
            _NAME,
            f"{shown}; {foreign} in a state that this version does not know",
            "install the newer kesspay that wrote to it; if there is none, the journal"
            " is damaged",
            PAGES["journal_damaged"],
        )
    elif network:
        checks.warn(
            _NAME,
            f"{shown}; the file is on {network}{_LOCKS}",
            _LOCAL,
        )
    elif manual:
        checks.warn(_NAME, shown, "see kesspay journal list --open", PAGES["manual"])
    else:
        checks.ok(_NAME, shown)
