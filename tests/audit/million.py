# ruff: noqa: T201 - a program that prints

"""
An audit of a large recording with planted faults, killed again and again.

    python -m tests.audit.million --rows 1000000 --kills 10

A recording of transfers is signed, with three answers for each: create, confirm and
query. Faults are planted in bodies, in the money and in a statement. The audit runs
once to its end, and once more while it is killed at random moments and continues with
``--resume``. Every planted fault must be found, with its cause, and nothing else; both
runs must write the same bytes. The first may take 200 MB, and 40 MB for each thread.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import Profile
from tests.support.forger import body_of, pkcs1
from tests.support.recording import CHANGE, OVERLAP, SKEW, private, write_ring


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


__all__ = ["BODY_FAULTS", "EVERY", "MONEY_FAULTS", "main"]

_SPAN: Final = timedelta(days=30)
#: Most answers are signed by the old key, which is quicker.
_START: Final = CHANGE - timedelta(days=27)
_CHUNK: Final = 5000
#: One of so many transfers has a fault.
EVERY: Final = 100
#: One of so many has its requests recorded, too: to sign takes most of the time.
_WITH_REQUESTS: Final = 20
_STRANGE: Final = bytes([1]) * 256
_UNTIL: Final = 3600.0
_SCHEMA: Final = pa.schema(
    [
        ("at", pa.timestamp("us", "UTC")),
        ("service", pa.string()),
        ("body", pa.binary()),
        ("sent", pa.binary()),
    ]
)
_CREATE: Final = "create.unified.fundTransfer"
_CONFIRM: Final = "confirm.fundTransfer"
_QUERY: Final = "query.fundTransfer"


@dataclass
class Transfer:
    """
    The three records of a transfer, and what must be found in them.

    Attributes:
        number: of the transfer.
        key: that signs its answers.
        answers: their fields.
        requests: of the answers.
        minutes: between the first record and each.
        stated: rows of the statement.
        spoiled: the place of a body that is spoiled, and how.
        money: findings, as check and reference.
    """

    number: int
    key: str
    answers: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    minutes: list[int] = field(default_factory=lambda: [0, 1, 2])
    stated: list[tuple[str, str, str]] = field(default_factory=list)
    spoiled: tuple[int, str] | None = None
    money: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Have no fault."""
        self.name, self.pre = f"T-{self.number:07}", f"P-{self.number:07}"
        receiver = f"012 / {self.number % 97}"
        asked = {
            "out_trade_no": self.name,
            "receiver_id": receiver,
            "amount": 17.45,
            "currency": "USD",
        }
        named = {**asked, "pre_transfer_id": self.pre}
        paid = {"result_code": "SUCCESS", "fund_transfer_id": f"F-{self.number:07}"}
        self.answers = [
            {**named, "expire_in": 300},
            {**named, **paid},
            {**asked, **paid},
        ]
        self.requests = [
            {"service": _CREATE, **asked},
            {
                "service": _CONFIRM,
                "pre_transfer_id": self.pre,
                "partner_transaction_id": f"D-{self.number:07}",
            },
            {"service": _QUERY, "out_trade_no": self.name},
        ]
        self.stated = [(self.name, "17.45", receiver)]

    def expect(self, *checks: str, reference: str = "") -> None:
        """Remember what must be found."""
        self.money += [(check, reference or self.name) for check in checks]

    def confirm_again(self, data: dict[str, Any], **request: str) -> None:
        """Make the third record one of a confirm."""
        self.answers[2] = data
        self.requests[2] = {**self.requests[1], **request}

    def template(self, place: int) -> str:
        """Return an answer with a place for its signature."""
        inner = json.dumps(_fields(self.answers[place]), separators=(",", ":"))
        return f'{inner[:-1]},"sign_type":"RSA2","sign":"SIGN"}}'


def _fields(data: dict[str, Any]) -> dict[str, Any]:
    if "error_code" in data:
        return {"success": False, **data}
    return {"success": True, "code": 200, "data": data}


# ---------------------------------------------------------------- faults of the money


def _second_credit(one: Transfer) -> None:
    one.answers[2]["fund_transfer_id"] = f"F-again-{one.number}"
    one.expect("double_credit_trade")


def _second_credit_of_pre(one: Transfer) -> None:
    other = {"out_trade_no": f"{one.name}-b", "fund_transfer_id": f"F-b-{one.number}"}
    one.confirm_again({**one.answers[1], **other})
    one.expect("double_credit_pre", reference=one.pre)
    one.expect("statement_missing_there", reference=f"{one.name}-b")


def _one_id(one: Transfer) -> None:
    other = f"F-{one.number + 1:07}"
    one.answers[2]["fund_transfer_id"] = other
    one.expect("id_twice", reference=other)
    one.expect("double_credit_trade")


def _amount(one: Transfer) -> None:
    one.answers[2]["amount"] = 18.45
    one.expect("amount_differs", "statement_amount")


def _places(one: Transfer) -> None:
    one.answers[0]["amount"] = 17.455
    one.expect("amount_places")


def _currency(one: Transfer) -> None:
    one.answers[2]["currency"] = "KHR"
    one.expect("currency_differs")


def _receiver(one: Transfer) -> None:
    one.answers[2]["receiver_id"] = "099"
    one.expect("receiver_differs", "statement_receiver")


def _two_pre_transfers(one: Transfer) -> None:
    one.answers[0]["pre_transfer_id"] = f"P-b-{one.number}"
    one.expect("two_pre_transfers")


def _other_transfer(one: Transfer) -> None:
    one.requests[2]["out_trade_no"] = f"{one.name}-b"
    one.expect("other_transfer", reference=f"{one.name}-b")


def _gone(one: Transfer) -> None:
    one.answers[2] = {"error_code": "NOTEXIST"}
    one.expect("gone_after_paid")


def _late(one: Transfer) -> None:
    one.minutes = [0, 30, 31]
    one.expect("late_success", reference=one.pre)


def _used(one: Transfer) -> None:
    one.answers[1] = {"error_code": "USED"}
    one.expect("first_used", reference=one.pre)


def _paid_after_refusal(one: Transfer) -> None:
    paid = one.answers[1]
    one.answers[1] = {"error_code": "VALIDATIONERROR"}
    one.confirm_again(paid)
    one.expect("paid_after_refusal", reference=one.pre)


def _early(one: Transfer) -> None:
    one.answers[1:] = [{"error_code": "EXPIRED"}, {"error_code": "EXPIRED"}]
    one.stated = []
    one.expect("early_expired", reference=one.pre)


def _no_final_word(one: Transfer) -> None:
    one.answers[1:] = [{"error_code": "SYSTEMERROR"}, {"error_code": "SYSTEMERROR"}]
    one.stated = []
    one.expect("no_final_word", reference=one.pre)


def _one_answer_for_two(one: Transfer) -> None:
    one.confirm_again(dict(one.answers[1]), partner_transaction_id="D-other")
    reference = one.answers[1]["fund_transfer_id"]
    one.expect("one_answer_for_two", reference=reference)


def _twice(one: Transfer) -> None:
    one.confirm_again(dict(one.answers[1]))
    one.minutes = [0, 1, 1]
    one.expect("twice")


def _not_stated(one: Transfer) -> None:
    one.stated = []
    one.expect("statement_missing_there")


def _stated_alone(one: Transfer) -> None:
    one.stated.append((f"S-{one.number}", "1.00", "012"))
    one.expect("statement_missing_here", reference=f"S-{one.number}")


MONEY_FAULTS: Final[tuple[Callable[[Transfer], None], ...]] = (
    *(_second_credit, _second_credit_of_pre, _one_id, _amount, _places, _currency),
    *(_receiver, _two_pre_transfers, _other_transfer, _gone, _late, _used),
    *(_paid_after_refusal, _early, _no_final_word, _one_answer_for_two, _twice),
    *(_not_stated, _stated_alone),
)

# ------------------------------------------------------------------- faults of a body


def _over(one: Transfer, place: int, change: Callable[[bytes], bytes]) -> bytes:
    """Return an answer under the signature over a text that was changed."""
    template = one.template(place)
    text = change(canonicalize(template.encode()))
    return body_of(template, private(one.key).sign(text))


def _good(one: Transfer, place: int, key: str = "") -> bytes:
    return private(key or one.key).signed_body(_fields(one.answers[place]))


def _profile(one: Transfer, place: int) -> bytes:
    profile = Profile(unescaped_slashes=True)
    return _over(one, place, lambda text: canonicalize(text, profile=profile))


def _sha1(one: Transfer, place: int) -> bytes:
    template = one.template(place)
    key = {"kess-2025": "rsa-2048", "kess-2026": "rsa-3072"}[one.key]
    text = canonicalize(template.encode())
    return body_of(template, pkcs1(text, algorithm="sha1", key=key))


def _other_window(one: Transfer, place: int) -> bytes:
    return _good(one, place, "kess-2026" if one.key == "kess-2025" else "kess-2025")


#: By the cause that must be named, with its detail behind a blank.
BODY_FAULTS: Final[dict[str, Callable[[Transfer, int], bytes | None]]] = {
    "no_body": lambda *_: None,
    "body_html": lambda *_: b"<html>502 Bad Gateway</html>",
    "body_truncated": lambda one, at: _good(one, at)[:100],
    "body_bom": lambda one, at: b"\xef\xbb\xbf" + _good(one, at),
    "sign_missing": lambda one, at: json.dumps(_fields(one.answers[at])).encode(),
    "key_own_signed your key us signed it": lambda one, at: _good(one, at, "us"),
    "key_other": lambda one, at: body_of(one.template(at), _STRANGE),
    "profile unescaped_slashes": _profile,
    "digest_sha1": _sha1,
    "end_lf": lambda one, at: _over(one, at, lambda text: text + b"\n"),
    "slashes_raw end_crlf": lambda one, at: _over(
        one, at, lambda text: text.replace(b"\\/", b"/") + b"\r\n"
    ),
    "value_changed data.amount was 117.46 when signed": lambda one, at: _over(
        one, at, lambda text: text.replace(b"17.45", b"117.46")
    ),
    "value_changed success was false when signed": lambda one, at: _over(
        one, at, lambda text: text.replace(b":true", b":false")
    ),
    "outside_window": _other_window,
}


def _moment(number: int, count: int) -> datetime:
    return _START + _SPAN * number / count


def _transfer(number: int, count: int) -> Transfer:
    moment = _moment(number, count)
    one = Transfer(number, "kess-2025" if moment < CHANGE - OVERLAP else "kess-2026")
    turn, rest = divmod(number, EVERY)
    if rest != EVERY // 2:
        return one
    which, more = turn % (len(MONEY_FAULTS) + len(BODY_FAULTS)), turn % 3
    if which < len(MONEY_FAULTS):
        MONEY_FAULTS[which](one)
        return one
    cause = list(BODY_FAULTS)[which - len(MONEY_FAULTS)]
    margin = SKEW + timedelta(hours=1)
    is_overlap = CHANGE - OVERLAP - margin < moment < CHANGE + margin
    if cause != "outside_window" or not is_overlap:
        one.spoiled = more, cause
    return one


def _signed(first: int, last: int, count: int) -> Any:  # noqa: ANN401 - of pyarrow
    """Sign some transfers; return their rows."""
    rows = []
    for number in range(first, last):
        one = _transfer(number, count)
        has_requests = bool(one.money) or number % _WITH_REQUESTS == 0
        for place in range(3):
            moment = _moment(number, count) + timedelta(minutes=one.minutes[place])
            spoil = one.spoiled and one.spoiled[0] == place and one.spoiled[1]
            body = BODY_FAULTS[spoil](one, place) if spoil else _good(one, place)
            request = one.requests[place]
            sent = private("us").signed_body(request) if has_requests else None
            rows.append((moment, request["service"], body, sent))
    columns = zip(*rows, strict=True)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, _SCHEMA, strict=True)]
    return pa.record_batch(arrays, schema=_SCHEMA)


@dataclass
class Expected:
    """What must be found: causes by row, and findings of the money."""

    causes: dict[int, str] = field(default_factory=dict)
    money: set[tuple[str, str]] = field(default_factory=set)


def _write(folder: Path, count: int, jobs: int) -> None:
    """Write the recording of some transfers, and the ring."""
    write_ring(folder)
    starts = range(0, count, _CHUNK)
    stops = [min(start + _CHUNK, count) for start in starts]
    path = folder / "t.parquet.tmp"
    with ProcessPoolExecutor(jobs) as pool, pq.ParquetWriter(path, _SCHEMA) as file:
        for batch in pool.map(_signed, starts, stops, [count] * len(starts)):
            file.write_batch(batch)
    path.replace(folder / "t.parquet")


def _expected(folder: Path, count: int) -> Expected:
    """Write the statement; return what must be found."""
    expected = Expected()
    with (folder / "s.csv").open("w", newline="") as statement:
        lines = csv.writer(statement)
        lines.writerow(("out_trade_no", "amount", "receiver_id"))
        for number in range(count):
            one = _transfer(number, count)
            if one.spoiled:
                expected.causes[3 * number + one.spoiled[0]] = one.spoiled[1]
            expected.money.update(one.money)
            lines.writerows(one.stated)
    return expected


# ------------------------------------------------------------------------------ runs


def _command(out: str, threads: int) -> list[str]:
    words = "--keys ring.toml --time at --service service --request sent --money --json"
    return [
        *(str(Path(sys.executable).with_name("kesspay")), "audit", "t.parquet"),
        *(*words.split(), "--statement", "s.csv", "--out", out, "--resume"),
        *("--threads", str(threads)),
    ]


def _start(folder: Path, out: str, threads: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        _command(out, threads),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )


def _whole(folder: Path, out: str, threads: int) -> tuple[dict[str, Any], float]:
    """Run to the end; return what is printed, and the peak of the memory in MB."""
    process = _start(folder, out, threads)
    assert process.stdout is not None
    status = Path(f"/proc/{process.pid}/status")
    peak = 0.0
    while process.poll() is None:
        # Not ru_maxrss, which a child takes over from the program that started it.
        with suppress(OSError):
            found = re.search("VmHWM:[^0-9]*([0-9]+)", status.read_text())
            peak = max(peak, float(found[1]) / 1000 if found else 0)
        time.sleep(0.02)
    printed = process.stdout.read()
    process.stdout.close()
    assert process.returncode == 1, process.returncode
    return json.loads(printed), peak


def _finished(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the parts that a run has finished, and which files they are."""
    found = {}
    with suppress(OSError):
        for line in (folder / "_progress.jsonl").read_bytes().splitlines():
            with suppress(ValueError, OSError):
                part = json.loads(line)["part"]
                status = (folder / part).stat()
                found[part] = status.st_ino, status.st_mtime_ns
    return found


def _killed(folder: Path, parts: int, took: float, kills: int, seed: int) -> list[int]:
    """
    Kill a run again and again.

    Kill ``n`` comes when as many parts are finished as its share of all of them, and a
    random moment later; the last ones when only causes and money are left.

    Returns:
        How many parts were finished each time.
    """
    rng = random.Random(seed)
    there = list[int]()
    before = dict[str, tuple[int, int]]()
    until = time.monotonic() + _UNTIL
    while len(there) < kills:
        assert time.monotonic() < until, f"{len(there)} of {kills} kills in an hour"
        wanted = len(there) * (parts + 1) // kills
        process = _start(folder, "cut", rng.randint(1, 4))
        assert process.stdout is not None
        while process.poll() is None and len(_finished(folder / "cut")) < wanted:
            time.sleep(0.02)
        time.sleep(took / (parts + 1) * rng.random())
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        if process.wait() != -signal.SIGKILL or (folder / "cut/SHA256SUMS").exists():
            # It came to its end before: begin again.
            _remove(folder / "cut")
            before = {}
            continue
        now = _finished(folder / "cut")
        assert before.items() <= now.items(), "a finished part was written again"
        before = now
        there.append(len(now))
    return there


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def _causes(folder: Path) -> dict[int, str]:
    table = pq.read_table(folder / "causes.parquet").to_pylist()
    return {row["row"]: f"{row['cause']} {row['detail']}".strip() for row in table}


def _money(folder: Path) -> set[tuple[str, str]]:
    table = pq.read_table(folder / "money-findings.parquet").to_pylist()
    return {(row["check"], row["reference"]) for row in table}


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _compare(name: str, found: set[Any], wanted: set[Any]) -> bool:
    missed, more = sorted(wanted - found), sorted(found - wanted)
    print(f"{name}: {len(found)} found, {len(missed)} missed, {len(more)} too many")
    for words, rest in (("missed", missed), ("too many", more)):
        for one in rest[:5]:
            print(f"  {words}: {one}")
    return not (missed or more)


def _try(folder: Path, given: argparse.Namespace) -> bool:
    count = given.rows // 3
    began = time.monotonic()
    for name in ("whole", "cut"):
        _remove(folder / name)
    if not (folder / "t.parquet").exists():
        _write(folder, count, given.jobs)
    expected = _expected(folder, count)
    size = (folder / "t.parquet").stat().st_size / 1e6
    took = time.monotonic() - began
    print(f"{3 * count:,} bodies signed in {took:.0f} s: {size:.0f} MB", flush=True)
    began = time.monotonic()
    printed, peak = _whole(folder, "whole", given.threads)
    took = time.monotonic() - began
    assert printed["rows"] == 3 * count, "the folder has another recording"
    print(
        f"one run: {took:.1f} s, {3 * count / took:,.0f} rows/s with {given.threads}"
        f" threads, {peak:.0f} MB; verdicts {json.dumps(printed['verdicts'])}"
    )
    right = _compare(
        "causes", set(_causes(folder / "whole").items()), set(expected.causes.items())
    )
    right &= _compare("money", _money(folder / "whole"), expected.money)
    kinds = Counter(cause.split()[0] for cause in expected.causes.values())
    checks = Counter(check for check, _ in expected.money)
    print(f"planted: {json.dumps(kinds | checks)}", flush=True)
    parts = len(list((folder / "whole").glob("part-*.parquet")))
    there = _killed(folder, parts, took, given.kills, given.seed)
    again, _ = _whole(folder, "cut", given.threads)
    same = again["digest"] == printed["digest"]
    same &= _files(folder / "cut") == _files(folder / "whole")
    print(
        f"killed {len(there)} times, with {there} of {parts} parts finished;"
        f" same bytes: {same}"
    )
    print(f"digest {printed['digest']}")
    limit = 200 + 40 * given.threads
    print(f"memory: {peak:.0f} MB, at most {limit} for {given.threads} threads")
    return right and same and peak <= limit


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 where all that was planted was found, in as much memory as it may."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit.million")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="of the recording, which stays")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="million-") as name:
        folder = given.folder or Path(name)
        folder.mkdir(exist_ok=True)
        return 0 if _try(folder, given) else 1


if __name__ == "__main__":
    sys.exit(main())
