# mypy: disable-error-code="no-any-unimported"

"""Runs over every kind of recording: the verdicts are those one by one."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import stat
import sys
import threading
import time
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kesspay import InputError, canonicalize
from kesspay.audit import Ring, folder, parts, runner, units, work
from kesspay.audit.causes import Cause
from kesspay.audit.failures import stored
from kesspay.audit.parts import CAUSES
from kesspay.audit.runner import Hooks, Result, Target, run
from tests.support.recording import Row, as_json, judged, private, record, ring


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kesspay.audit.failures import Failing
    from kesspay.audit.work import Meter


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Return a recording with every fault."""
    return record(400)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_parquet(rows: list[Row], path: Path, size: int = 64) -> None:
    """Write a recording as Parquet."""
    table = pa.table(
        {
            "id": pa.array([row.number for row in rows], pa.int32()),
            "received_at": pa.array(
                [row.at for row in rows], pa.timestamp("us", "UTC")
            ),
            "service": [row.service for row in rows],
            "body": pa.array([row.body for row in rows], pa.binary()),
        }
    )
    pq.write_table(table, path, row_group_size=size)


def as_lines(rows: list[Row]) -> bytes:
    """Return a recording as JSON lines."""
    return b"".join(as_json(row) + b"\n" for row in rows)


WORDS: dict[str, Any] = {"time": "received_at", "service": "service", "ids": ["id"]}


def verdicts(out: Path) -> list[dict[str, Any]]:
    """Return the rows of all parts."""
    names = sorted(out.glob("part-*.parquet"))
    return [row for name in names for row in pq.read_table(name).to_pylist()]


def check(out: Path, rows: list[Row], *, times: bool = True) -> None:
    """Compare the parts with ``verify_document``, one by one."""
    found = verdicts(out)
    seen = [(one["verdict"], one["status"], one["key"]) for one in found]
    expected = [judged(row, ring() if times else Ring(ring().keys)) for row in rows]
    assert seen == expected
    assert [int(one["id"]) for one in found] == [row.number for row in rows]
    assert [one["row"] for one in found] == list(range(len(rows)))
    causes = pq.read_table(out / "causes.parquet").to_pylist()
    bad = [one for one in found if one["verdict"] != "authentic"]
    assert [(one["source"], one["row"]) for one in causes] == [
        (one["source"], one["row"]) for one in bad
    ]


@pytest.mark.few(3)
@pytest.mark.parametrize("kind", ["parquet", "jsonl", "gz", "zst", "stdin", "sql"])
def test_kinds(
    here: Path, rows: list[Row], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of recording gives the same verdicts, in its order."""
    monkeypatch.setattr(units, "UNIT", 40_000)
    words, paths = dict(WORDS), [f"t.{kind}"]
    if kind in ("parquet", "sql"):
        as_parquet(rows, Path("t.parquet"))
    elif kind == "gz":
        Path("t.gz").write_bytes(gzip.compress(as_lines(rows)))
        words["format"] = "jsonl"
    elif kind == "zst":
        Path("t.zst").write_bytes(pa.compress(as_lines(rows), "zstd", asbytes=True))
        words["format"] = "jsonl"
    elif kind == "jsonl":
        Path("t.jsonl").write_bytes(as_lines(rows))
    else:

        class Stdin:
            buffer = io.BytesIO(as_lines(rows))

        monkeypatch.setattr("sys.stdin", Stdin())
        paths = ["-"]
    if kind == "sql":
        words["sql"], paths = "SELECT * FROM 't.parquet'", []
    result = run(paths, ring(), out="out", **words)
    check(here / "out", rows)
    assert result.complete
    assert result.rows == len(rows)
    assert sum(result.counts.values()) == len(rows)
    assert result.findings == len(rows) - result.counts["authentic"]
    assert sum(one.count for one in result.causes) == result.findings
    manifest = json.loads(Path("out/_manifest.json").read_bytes())
    assert manifest["finished"] is True
    assert manifest["totals"]["verdicts"] == result.counts
    found = verdicts(here / "out")
    assert (found[5]["offset"] is None) == (kind in ("parquet", "sql", "gz", "zst"))
    if kind == "jsonl":
        line = as_lines(rows)[found[5]["offset"] :].split(b"\n")[0]
        assert json.loads(line)["id"] == 5
    assert found[5]["service"] == rows[5].service
    assert found[5]["seen_at"] == rows[5].at


def digests(out: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.mark.few(1)
@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_same_bytes(
    here: Path,
    rows: list[Row],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Threads, interruptions anywhere and a resumed run change no byte."""
    monkeypatch.setattr(units, "UNIT", 30_000)
    if kind == "parquet":
        as_parquet(rows, Path("t.parquet"), 20)
    else:
        Path("t.jsonl").write_bytes(as_lines(rows))
    paths = [f"t.{kind}"]
    expected_digest = run(paths, ring(), out="one", threads=1, **WORDS).digest
    expected = digests(Path("one"))
    assert len(expected) > 6
    assert run(paths, ring(), out="four", threads=4, **WORDS).digest == expected_digest
    assert digests(Path("four")) == expected
    monkeypatch.setattr(runner, "_TICK", 0.001)
    to_the_end = 0
    # Each kind has every other place.
    places = range(1 if kind == "parquet" else 2, 60, 2)
    for stop_at in places if whole else (1, 4, 11):
        # Beyond the last place each run is the same.
        if to_the_end == 3:
            break
        cut = interrupted(paths, stop_at, monkeypatch)
        to_the_end += cut.complete
        assert cut.is_interrupted == (cut.digest == "")
        assert not (cut.is_interrupted and cut.complete)
        again = Target(Path("cut"), resume=True)
        found = run(paths, ring(), out=again, threads=2, **WORDS)
        assert found.digest == expected_digest
        assert digests(Path("cut")) == expected


def interrupted(
    paths: list[str], stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> Result:
    """Begin a run anew, and stop it when it judges for the n-th time."""
    stop, seen, judge = Event(), [0], work._judged

    def judge_and_stop(*arguments: Any) -> Any:  # noqa: ANN401 - as it is
        seen[0] += 1
        if seen[0] >= stop_at:
            stop.set()
            # The main thread sees it now.
            time.sleep(0.01)
        return judge(*arguments)

    out = Target(Path("cut"), overwrite=True)
    with monkeypatch.context() as patch:
        patch.setattr(work, "_judged", judge_and_stop)
        return run(paths, ring(), out=out, threads=1, hooks=Hooks(stop=stop), **WORDS)


def test_a_finished_part_is_not_written_again(
    here: Path, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resumed run judges what is missing, and leaves the files that are there."""
    monkeypatch.setattr(units, "UNIT", 30_000)
    monkeypatch.setattr(runner, "_TICK", 0.001)
    as_parquet(rows, Path("t.parquet"), 20)
    assert interrupted(["t.parquet"], 11, monkeypatch).is_interrupted
    lines = Path("cut/_progress.jsonl").read_bytes().splitlines()
    done = [json.loads(line)["part"] for line in lines if line]
    assert done
    before = {name: Path("cut", name).stat() for name in done}
    target = Target(Path("cut"), resume=True)
    assert run(["t.parquet"], ring(), out=target, threads=1, **WORDS).digest
    for name, status in before.items():
        now = Path("cut", name).stat()
        assert (now.st_ino, now.st_mtime_ns) == (status.st_ino, status.st_mtime_ns)


def test_resume_of_a_finished_run(here: Path, rows: list[Row]) -> None:
    """A run that came to its end gives its result again, and changes nothing."""
    as_parquet(rows, Path("t.parquet"))
    first = run(["t.parquet"], ring(), out="out", **WORDS)
    before = digests(Path("out"))
    again = run(["t.parquet"], ring(), out=Target(Path("out"), resume=True), **WORDS)
    assert again == first
    assert digests(Path("out")) == before
    target = Target(Path("out"), resume=True, evidence=Path("evidence"))
    with pytest.raises(InputError, match="came to its end"):
        run(["t.parquet"], ring(), out=target, **WORDS)


def test_money(here: Path, rows: list[Row]) -> None:
    """Canonical bytes are kept of what verified, of requests by your own keys."""
    signed = private("us").signed_body({"out_trade_no": "T-1"})
    table = pa.table(
        {
            "body": pa.array([row.body for row in rows], pa.binary()),
            "sent": pa.array([signed, b"{}", None, *[signed] * (len(rows) - 3)]),
        }
    )
    pq.write_table(table, "t.parquet")
    run(["t.parquet"], ring(), out="out", request="sent", money=True)
    found = verdicts(Path("out"))
    for one, row in zip(found, rows, strict=True):
        expected = canonicalize(row.body) if one["key"] and row.body else None
        assert one["canonical"] == expected
    assert [one["request_canonical"] for one in found[:4]] == [
        *(b'{"out_trade_no":"T-1"}', None, None, b'{"out_trade_no":"T-1"}')
    ]
    run(["t.parquet"], Ring(ring().keys), out="two", request="sent", money=True)
    assert {one["request_canonical"] for one in verdicts(Path("two"))} == {None}


def test_causes_beside_the_money(
    here: Path, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two threads causes are found while the money is checked, and the same."""
    as_parquet(rows, Path("t.parquet"))
    interval = sys.getswitchinterval()
    seen = []

    def triage(failing: Failing) -> Iterator[Any]:
        seen.append(threading.current_thread() is threading.main_thread())
        yield from stored(failing)

    def audited(out: str, threads: int) -> str:
        hooks = Hooks(triage=triage)
        words = {**WORDS, "money": True}
        return run(
            ["t.parquet"], ring(), out=out, threads=threads, hooks=hooks, **words
        ).digest

    digests = {audited("one", 1), audited("two", 2)}
    # Very many failures would need memory beside that of DuckDB.
    monkeypatch.setattr(runner, "_FEW", 0)
    digests.add(audited("many", 2))
    assert len(digests) == 1
    assert seen == [True, False, True]
    assert sys.getswitchinterval() == interval


def test_failures_and_evidence(here: Path, rows: list[Row]) -> None:
    """Every failure is named by file and row; its body is in a closed folder."""
    as_parquet(rows, Path("t.parquet"))
    target = Target(Path("out"), failures=Path("f.jsonl"), evidence=Path("evidence"))
    result = run(["t.parquet"], ring(), out=target, **WORDS)
    lines = [json.loads(line) for line in Path("f.jsonl").read_bytes().splitlines()]
    assert len(lines) == result.findings
    bad = [row for row in rows if judged(row, ring())[0] != "authentic"]
    for line, row in zip(lines, bad, strict=True):
        verdict, status, key = judged(row, ring())
        assert line["source"] == "t.parquet"
        assert line["row"] == row.number
        assert line["ids"] == {"id": row.number}
        assert (line["verdict"], line["status"], line["key"]) == (verdict, status, key)
        assert line["basis"] in ("status", "proved")
        assert "body" not in line
        assert (line["body_sha256"] is None) == (row.body is None)
    (evidence,) = Path("evidence").iterdir()
    assert stat.S_IMODE(evidence.stat().st_mode) == 0o600
    assert stat.S_IMODE(Path("evidence").stat().st_mode) == 0o700
    assert pq.read_table(evidence)["body"].to_pylist() == [row.body for row in bad]
    sink = io.BytesIO()
    again = Target(Path("out"), overwrite=True, failures=sink)
    run(["t.parquet"], ring(), out=again, **WORDS)
    assert sink.getvalue() == Path("f.jsonl").read_bytes()
    for other in (
        Target(Path("new"), failures=Path("f.jsonl")),
        Target(Path("new"), evidence=Path("evidence")),
        Target(Path("new"), evidence=Path("t.parquet")),
    ):
        with pytest.raises(InputError):
            run(["t.parquet"], ring(), out=other, **WORDS)


def test_triage(here: Path, rows: list[Row]) -> None:
    """Triage sees every failure with its body, and its causes are what is written."""
    as_parquet(rows, Path("t.parquet"))
    seen: list[bytes | None] = []

    def examine(batch: Any, reasons: Sequence[str | None]) -> list[Cause]:  # noqa: ANN401 - of pyarrow
        seen.extend(batch.column("body").to_pylist())
        return [Cause("text_unknown", "proved", "d", 7) for _ in reasons]

    def triage(failing: Failing) -> Iterable[Any]:
        assert failing.count == len(seen)
        return stored(failing)

    hooks = Hooks(examine=examine, triage=triage)
    result = run(["t.parquet"], ring(), out="out", hooks=hooks, **WORDS)
    (cause,) = result.causes
    assert (cause.code, cause.count) == ("text_unknown", len(seen))
    assert cause.bases == {"proved": len(seen)}
    found = pq.read_table("out/causes.parquet")
    assert found.schema.names == CAUSES.names
    assert set(found["cluster"].to_pylist()) == {7}
    assert set(found["detail"].to_pylist()) == {"d"}
    with pytest.raises(AssertionError, match="lost or invented"):
        run(["t.parquet"], ring(), out="two", hooks=Hooks(triage=lambda _: []), **WORDS)


def test_problems(here: Path, rows: list[Row]) -> None:
    """What cannot be read is named by file and row, and the rest is judged."""
    Path("in").mkdir()
    as_parquet(rows, Path("in/a.parquet"))
    Path("in/b.parquet").write_bytes(b"PAR1 no footer")
    Path("in/d.jsonl").write_bytes(b"\n\n")
    as_parquet(rows, Path("in/e.parquet"), 100)
    place = pq.ParquetFile("in/e.parquet").metadata.row_group(1).column(3)
    damaged = bytearray(Path("in/e.parquet").read_bytes())
    start = place.data_page_offset
    damaged[start : start + 300] = bytes(300)
    Path("in/e.parquet").write_bytes(damaged)
    data = gzip.compress(as_lines(rows))
    Path("in/c.jsonl.gz").write_bytes(data[: len(data) // 2])
    result = run(["in"], ring(), out="out", **WORDS)
    assert not result.complete
    assert [problem.source for problem in result.problems] == [
        *("in/b.parquet", "in/c.jsonl.gz", "in/e.parquet")
    ]
    assert result.problems[2].why == "row group 1 is damaged"
    assert result.problems[2].row == 100
    assert result.problems[1].row == result.rows - 2 * len(rows) + 100
    assert "cut off" in result.problems[1].why
    assert result.rows > 2 * len(rows) - 100
    assert result.digest
    found = json.loads(Path("out/_manifest.json").read_bytes())
    assert found["complete"] is False
    assert len(found["problems"]) == 3


def test_bad_lines(here: Path) -> None:
    """A bad line and a long body are unreadable rows; the others are judged."""
    good = private("kess-2025").signed_body({"a": 1}).decode()
    long = private("kess-2025").signed_body({"a": "x" * 3000}).decode()
    lines = [json.dumps({"body": one}) for one in (good, long)]
    Path("t.jsonl").write_text(f"{lines[0]}\nnonsense\n{lines[1]}\n{{}}\n")
    result = run(["t.jsonl"], ring(), out="out", max_body=2000)
    found = verdicts(Path("out"))
    assert [one["verdict"] for one in found] == [
        *("authentic", "unreadable", "unreadable", "no_body")
    ]
    assert [one["status"] for one in found] == [0, None, None, None]
    assert [one.code for one in result.causes] == [
        *("body_too_long", "line_syntax", "no_body")
    ]
    assert result.findings == 1
    assert not result.complete


def test_objects(here: Path) -> None:
    """An object is judged as it stands in the file, and marked."""
    body = private("kess-2025").signed_body({"a": 1}).decode()
    again = json.dumps(json.loads(body))
    Path("t.jsonl").write_text(
        f'{{"body":{body}}}\n{{"body":{again}}}\n{{"body":"{{}}"}}\n'
    )
    run(["t.jsonl"], ring(), out="out")
    found = verdicts(Path("out"))
    assert [(one["verdict"], one["reencoded"]) for one in found] == [
        *(("authentic", True), ("authentic", True), ("unsigned", False))
    ]


def test_a_log_and_a_journal(here: Path) -> None:
    """Files of several kinds in one run; ids are texts then."""
    body = private("kess-2025").signed_body({"a": 1})
    Path("a.log").write_bytes(b"1 " + body + b"\n")
    pq.write_table(pa.table({"body": [body], "n": [7]}), "b.parquet")
    pattern = r"(?P<n>\d) (?P<body>.*)"
    run(["a.log", "b.parquet"], ring(), out="out", ids=["n"], line_regex=pattern)
    found = verdicts(Path("out"))
    assert [(one["verdict"], one["n"], one["source"]) for one in found] == [
        *(("authentic", "1", "a.log"), ("authentic", "7", "b.parquet"))
    ]


@pytest.mark.thorough
def test_full_disk(
    here: Path, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is finished stays, the fault is named, and the run continues later."""
    monkeypatch.setattr(units, "UNIT", 30_000)
    as_parquet(rows, Path("t.parquet"), 20)
    expected = run(["t.parquet"], ring(), out="whole", **WORDS).digest
    written = [0]
    original = parts.PartFile.close

    def close(self: Any) -> None:  # noqa: ANN401 - a PartFile
        written[0] += 1
        if written[0] == 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(self)

    monkeypatch.setattr(parts.PartFile, "close", close)
    result = run(["t.parquet"], ring(), out="out", threads=1, **WORDS)
    assert not result.complete
    assert "disk is full" in result.problems[0].why
    assert not result.is_interrupted
    assert sorted(Path("out").glob("part-*"))
    assert not list(Path("out").glob("*.tmp"))
    monkeypatch.setattr(parts.PartFile, "close", original)

    def seal(*_: object) -> str:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(folder.Folder, "seal", seal)
        cut = run(["t.parquet"], ring(), out=Target(Path("out"), resume=True), **WORDS)
        assert "Input/output error" in cut.problems[0].why
        cut = run(["t.parquet"], ring(), out=Target(Path("out"), resume=True), **WORDS)
        assert "Input/output error" in cut.problems[0].why
    failures = Target(Path("out"), resume=True, failures=Path("/dev/full"))
    cut = run(["t.parquet"], ring(), out=failures, **WORDS)
    assert "disk is full" in cut.problems[0].why
    assert Path("/dev/full").is_char_device()
    failures = Target(Path("out"), resume=True, failures=Path("nowhere/f.jsonl"))
    with pytest.raises(InputError, match="make its folder first"):
        run(["t.parquet"], ring(), out=failures, **WORDS)
    Path("nowhere").mkdir()
    assert run(["t.parquet"], ring(), out=failures, **WORDS).digest == expected
    assert Path("nowhere/f.jsonl").stat().st_size
    again = run(["t.parquet"], ring(), out=Target(Path("out"), resume=True), **WORDS)
    assert again.digest == expected


def test_a_defect_is_not_hidden(
    here: Path, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the program comes out, and other threads end."""
    as_parquet(rows, Path("t.parquet"), 20)
    monkeypatch.setattr(units, "UNIT", 30_000)

    def defect(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(work, "_judged", defect)
    with pytest.raises(ZeroDivisionError):
        run(["t.parquet"], ring(), out="out", threads=3, **WORDS)
    assert not list(Path("out").glob("*.tmp"))


def test_progress(here: Path, rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    """The display gets rows and bytes, and what there is of them."""
    as_parquet(rows, Path("t.parquet"))
    seen: list[tuple[int, int, int]] = []

    def progress(meter: Meter, size: int, total: int) -> None:
        seen.append((meter.rows, size, total))

    run(["t.parquet"], ring(), out="out", hooks=Hooks(progress=progress), **WORDS)
    assert {total for _, _, total in seen} == {len(rows)}
    assert {size > 0 for _, size, _ in seen} == {True}


@pytest.mark.parametrize(
    ("paths", "words", "match"),
    [
        ([], {}, "name a file"),
        (["t.parquet"], {"colum": "x"}, "no argument 'colum'"),
        (["t.parquet"], {"hooks": 5}, "hooks must be"),
        (["t.parquet"], {"out": 5}, "path must be a str"),
        (["t.parquet"], {"ids": "id"}, "ids must be a list"),
        (["t.parquet"], {"threads": 0}, "threads must be"),
        (["t.parquet"], {"threads": True}, "threads must be"),
        (["t.parquet"], {"column": "bdy"}, "did you mean body"),
        (["t.parquet"], {"sql": "SELECT 1"}, "not both"),
        ([], {"sql": "SELECT 1 AS x"}, "the query has no column 'body'"),
        (["bad.parquet"], {}, "nothing can be read"),
    ],
)
def test_refused(
    here: Path, rows: list[Row], paths: list[str], words: dict[str, Any], match: str
) -> None:
    """Nothing is written where nothing can be done."""
    as_parquet(rows[:3], Path("t.parquet"))
    Path("bad.parquet").write_bytes(b"x")
    with pytest.raises(InputError, match=match):
        run(paths, ring(), **{"out": "out", **words})
    assert not Path("out").exists()


def test_what_cannot_be_resumed(here: Path) -> None:
    """Standard input and a query are read once."""
    target = Target(Path("out"), resume=True)
    with pytest.raises(InputError, match="standard input cannot be read again"):
        run(["-"], ring(), out=target)
    with pytest.raises(InputError, match="--sql cannot be read again"):
        run([], ring(), out=target, sql="SELECT '' AS body")


def test_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a number there is a thread for each processor that may be used."""
    assert runner._workers(None) == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert runner._workers(None) == 1
