"""An adapter may do anything: it is bounded, replaced, ended, and shown escaped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from kesspay.conformance.adapter import (
    Adapter,
    AdapterStopped,
    Hello,
    Reply,
    _kill_group,
    _own_group,
    _Process,
    shown,
)
from tests.conformance.small_adapters import ECHO, program


if TYPE_CHECKING:
    from pathlib import Path


QUESTION = {"op": "canonicalize", "profile": "", "text": "e30="}
RIGHT = Reply("bytes", b"{}")


def start(command: list[str], *, timeout: float = 60, hello: float = 60) -> Adapter:
    """Start an adapter, with more time than a busy machine needs."""
    return Adapter(command, kit="1.0.0", timeout=timeout, hello_timeout=hello)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits for its parent does not."""
    done = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False
    )
    return bool(done.stdout.strip()) and not done.stdout.startswith(b"Z")


def children() -> list[int]:
    """List the processes that this one started."""
    done = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(os.getpid())],
        capture_output=True,
        check=False,
    )
    return [int(pid) for pid in done.stdout.split()]


def gone(pid: int) -> bool:
    """Wait until a process has ended; a signal takes a moment."""
    for _ in range(1000):
        if not is_alive(pid):
            return True
        time.sleep(0.01)
    return False


# ------------------------------------------------------------ the ordinary way


def test_questions_and_answers() -> None:
    """Each question has an id of its own, and one line is its answer."""
    with start(ECHO) as adapter:
        assert adapter.hello == Hello("tried", "1", "Python 3", ("canonicalize",), ())
        assert [adapter.ask(QUESTION) for _ in range(3)] == [RIGHT] * 3
        assert adapter.restarts == 0


def test_the_lines_of_the_runner_are_plain() -> None:
    """They have no blank and no escape, so that a regular expression reads them."""
    code = """
for line in sys.stdin:
    if "hello" in line: hello(name=line)
    else: say(id=1, refused=line)
"""
    with start(program(code)) as adapter:
        assert adapter.hello.name == '{"op":"hello","protocol":1,"kit":"1.0.0"}\n'
        asked = adapter.ask(QUESTION).words
    assert asked == '{"id":1,"op":"canonicalize","profile":"","text":"e30="}\n'
    assert " " not in asked
    assert "\\" not in asked


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        ('bytes=""', Reply("bytes", b"")),
        ('refused="no"', Reply("refused", words="no")),
        ('refused=""', Reply("refused", words="")),
        ('unsupported="not yet"', Reply("unsupported", words="not yet")),
        ('error="oops"', Reply("error", words="oops")),
        ('bytes="e30=", refused=None, error=None', RIGHT),
        ('bytes="e30=", more=[1, {}]', RIGHT),
        ('error="x" * 9999', Reply("error", words="x" * 500)),
    ],
)
def test_every_answer(answer: str, reply: Reply) -> None:
    """Unknown fields are ignored, null is nothing, words are shortened."""
    code = f"for question in questions(): say(id=question['id'], {answer})"
    with start(program(code)) as adapter:
        assert adapter.ask(QUESTION) == reply


def test_a_question_of_any_length() -> None:
    """One that no pipe holds is written whole, and its answer is read whole."""
    text = b64encode(b"x" * 300_000).decode()
    with start(ECHO) as adapter:
        assert adapter.ask({**QUESTION, "text": text}) == Reply("bytes", b"x" * 300_000)


def test_windows_ends_of_lines() -> None:
    """A carriage return before the line feed does no harm."""
    code = """
for question in questions():
    write(json.dumps({"id": question["id"], "bytes": "e30="}) + "\\r\\n")
"""
    with start(program(code)) as adapter:
        assert [adapter.ask(QUESTION) for _ in range(2)] == [RIGHT] * 2


def test_no_shell_reads_the_command() -> None:
    """The arguments are the words that were given."""
    code = "import sys\nfor q in questions(name=sys.argv[1]): right(q)"
    with start([*program(code), "$HOME; echo *"]) as adapter:
        assert adapter.hello.name == "$HOME; echo *"


# ------------------------------------------------------------ what is no answer


def error_of(code: str) -> str:
    """Return the words of the error that an adapter's answer is."""
    with start(program(code)) as adapter:
        reply = adapter.ask(QUESTION)
        assert reply.kind == "error"
        # It is still there, and still asked.
        assert adapter.restarts == 0
        assert adapter.ask(QUESTION).kind != "crashed"
    return reply.words


@pytest.mark.parametrize("number", ["0", "2", "-1", "1.0", "True", '"1"', "None"])
def test_a_wrong_id(number: str) -> None:
    """Only the integer that was asked is the right id."""
    words = error_of(f"for q in questions(): say(id={number}, bytes='e30=')")
    assert words.startswith("the id is not 1: {")


def test_an_answer_to_the_question_before() -> None:
    """Where each id is one too small, every answer is an error, and none is late."""
    code = "for q in questions(): say(id=q['id'] - 1, bytes='e30=')"
    with start(program(code)) as adapter:
        replies = [adapter.ask(QUESTION) for _ in range(4)]
    assert [reply.kind for reply in replies] == ["error"] * 4
    assert replies[3].words.startswith("the id is not 4: ")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"Warning: x", "no JSON: Warning: x"),
        (b"", "no JSON: (an empty line)"),
        (b"[1]", "no JSON object: [1]"),
        (b"7", "no JSON object: 7"),
        (b'{"id":1,', 'no JSON: {"id":1,'),
        (b"\xff\xfe", "no JSON: \\xff\\xfe"),
        (b"\x1b[2J\x07", "no JSON: \\x1b[2J\\x07"),
        (b"[" * 100_000, "no JSON: " + "[" * 200 + "..."),
        (b"9" * 5000, "no JSON: " + "9" * 200 + "..."),
    ],
)
def test_garbage(line: bytes, words: str) -> None:
    """What is no object of JSON is an error that quotes 200 bytes, escaped."""
    code = f"""
for question in questions():
    sys.stdout.buffer.write({line[:1]!r} * {len(line)} + b"\\n")
    sys.stdout.flush()
"""
    if len(set(line)) > 1:
        code = code.replace(f"{line[:1]!r} * {len(line)}", repr(line))
    assert error_of(code) == words


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("", "an answer has exactly one of "),
        ('bytes="e30=", refused="x"', "an answer has exactly one of "),
        ("bytes=7", '"bytes" is no text: '),
        ("refused=True", '"refused" is no text: '),
        ('bytes="e30"', '"bytes" is no base64: '),
        ('bytes="e3 0="', '"bytes" is no base64: '),
        ('bytes="e30=e30="', '"bytes" is no base64: '),
        ('bytes="\\u00e9"', '"bytes" is no base64: '),
    ],
)
def test_answers_in_a_wrong_form(answer: str, words: str) -> None:
    """Nothing is guessed from an answer that has no or two meanings."""
    code = f"for question in questions(): say(id=question['id'], {answer})"
    found = error_of(code)
    assert found.startswith(words)
    assert '{"id": 1' in found


def test_what_is_printed_before_an_answer() -> None:
    """It costs this case, and the answer behind it is not that of the next one."""
    code = """
for question in questions():
    if question["id"] in (2, 3): write("Deprecated: x\\n")
    right(question)
"""
    with start(program(code)) as adapter:
        kinds = [adapter.ask(QUESTION).kind for _ in range(5)]
        assert kinds == ["bytes", "error", "error", "bytes", "bytes"]
        assert adapter.restarts == 0


def test_a_line_of_2_mib() -> None:
    """It is an error that quotes its beginning, and the next answer is read."""
    code = """
for question in questions():
    if question["id"] == 1: say(id=1, bytes="A" * 2 ** 21)
    else: right(question)
"""
    with start(program(code)) as adapter:
        reply = adapter.ask(QUESTION)
        assert reply.kind == "error"
        start_of = '{"id": 1, "bytes": "' + "A" * 180 + "..."
        assert reply.words == f"a line is longer than 1 MiB: {start_of}"
        assert [adapter.ask(QUESTION) for _ in range(2)] == [RIGHT] * 2


@pytest.mark.parametrize(("more", "kind"), [(0, "refused"), (1, "error")])
def test_the_longest_line(more: int, kind: str) -> None:
    """A line of 1 MiB without its end is an answer, and one byte more is none."""
    code = f"""
for question in questions():
    line = '{{"id":%d,"refused":"' % question["id"]
    write(line + "x" * (2 ** 20 - len(line) - 2 + {more}) + '"}}\\n')
"""
    with start(program(code)) as adapter:
        assert [adapter.ask(QUESTION).kind for _ in range(2)] == [kind] * 2


def test_a_line_without_an_end_is_bounded() -> None:
    """An adapter that never ends its line is silent at the next question."""
    code = """
for question in questions():
    while True: write("x" * 65536)
"""
    with start(program(code), timeout=20) as adapter:
        assert adapter.ask(QUESTION).words.startswith("a line is longer than 1 MiB")
        adapter._timeout = 0.2
        assert adapter.ask(QUESTION).kind == "timed_out"
        assert len(adapter._process._arrived) <= 2**21


def test_a_last_line_without_its_end() -> None:
    """What stands before the end of the output is a line."""
    code = """
for question in questions():
    write(json.dumps({"id": question["id"], "bytes": "e30="}))
    break
"""
    with start(program(code)) as adapter:
        assert adapter.ask(QUESTION) == RIGHT
        assert adapter.ask(QUESTION).kind == "crashed"


# ------------------------------------------------------------ crashes and silence


def test_a_crash() -> None:
    """It is a reply of its own, with the last line of standard error; it restarts."""
    code = """
for question in questions():
    if question["id"] == 2:
        sys.stderr.write("first\\n\\nTypeError: \\x1b[31mx\\n")
        sys.exit(3)
    right(question)
"""
    with start(program(code)) as adapter:
        replies = [adapter.ask(QUESTION) for _ in range(4)]
        assert [reply.kind for reply in replies] == [
            *("bytes", "crashed", "bytes", "bytes")
        ]
        assert replies[1].words == ("it ended with exit code 3: TypeError: \\x1b[31mx")
        assert adapter.restarts == 1


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "it was ended by SIGSEGV"),
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            "it closed its standard output, or was killed",
        ),
        (
            "os.close(1); time.sleep(600)",
            "it closed its standard output, or was killed",
        ),
        ("sys.exit(0)", "it ended with exit code 0"),
    ],
)
def test_how_it_ended(end: str, words: str) -> None:
    """A signal is named; an output that was closed is an end, too."""
    with start(program(f"for question in questions():\n    {end}")) as adapter:
        assert adapter.ask(QUESTION) == Reply("crashed", words=words)


def test_an_unknown_signal() -> None:
    """One without a name is a number."""
    process = _Process(ECHO)
    process.end(0.0)
    process._popen.returncode = -250
    assert process.obituary == "it ended with exit code -250"


def test_silence() -> None:
    """No answer within the time: the process is replaced, and the question is lost."""
    code = """
for question in questions():
    if question["id"] == 1: time.sleep(600)
    right(question)
"""
    with start(program(code), timeout=0.1) as adapter:
        silent = adapter._process._popen.pid
        assert adapter.ask(QUESTION) == Reply(
            "timed_out",
            words="no answer within 0.1 s: did you flush standard output?",
        )
        assert not is_alive(silent)
        adapter._timeout = 60
        assert adapter.ask(QUESTION) == RIGHT
        assert adapter.restarts == 1


def test_an_answer_without_its_end() -> None:
    """The line that was begun is quoted: a line feed is missing, and no flush."""
    code = """
for question in questions():
    write(json.dumps({"id": question["id"], "bytes": "e30="}))
"""
    with start(program(code)) as adapter:
        process = adapter._process
        process._questions.put(b'{"id":0,"op":"x"}\n')
        while not process.unfinished:
            time.sleep(0.01)
        adapter._timeout = 0.1
        reply = adapter.ask(QUESTION)
    assert reply.kind == "timed_out"
    assert reply.words.startswith(
        'no answer within 0.1 s, but a line without its end: {"id": 0, "bytes": "e30="}'
    )


def test_an_adapter_that_does_not_read() -> None:
    """A question that no pipe holds stops no call for longer than the time."""
    code = "sys.stdin.readline(); hello(); time.sleep(600)"
    with start(program(code), timeout=0.1) as adapter:
        assert adapter.ask({**QUESTION, "text": "A" * 2**21}).kind == "timed_out"


def test_three_restarts_without_an_answer() -> None:
    """The fourth process is the last one, and standard error is shown."""
    code = """
for question in questions():
    sys.stderr.write("".join(f"line {n}\\n" for n in range(30)))
    sys.exit(1)
"""
    with start(program(code)) as adapter:
        assert [adapter.ask(QUESTION).kind for _ in range(4)] == ["crashed"] * 4
        with pytest.raises(AdapterStopped) as caught:
            adapter.ask(QUESTION)
    assert str(caught.value) == (
        "the adapter was restarted 3 times without an answer; "
        "did you flush standard output?"
    )
    assert caught.value.standard_error == tuple(f"line {n}" for n in range(10, 30))
    assert adapter.restarts == 3


def test_ten_restarts() -> None:
    """More are not tried, answers between or not."""
    code = """
for question in questions():
    if question["id"] % 2: sys.exit(1)
    right(question)
"""
    with start(program(code)) as adapter:
        kinds = [adapter.ask(QUESTION).kind for _ in range(21)]
        assert kinds == ["crashed", "bytes"] * 10 + ["crashed"]
        with pytest.raises(AdapterStopped, match="10 times, and ended or was silent"):
            adapter.ask(QUESTION)


def test_a_restart_that_fails_is_one(tmp_path: Path) -> None:
    """An adapter that cannot start again at once gets its other tries."""
    code = f"""
count = {str(tmp_path / "count")!r}
with open(count, "a") as file: file.write("x")
started = os.path.getsize(count)
if started == 2: sys.exit(1)
for question in questions():
    if started == 1: sys.exit(1)
    right(question)
"""
    with start(program(code)) as adapter:
        assert adapter.ask(QUESTION).kind == "crashed"
        assert adapter.ask(QUESTION) == RIGHT
        assert adapter.restarts == 2


# ------------------------------------------------------------ the hello


def why_stopped(command: list[str], *, hello: float = 60) -> AdapterStopped:
    """Return why an adapter does not start."""
    with pytest.raises(AdapterStopped) as caught:
        start(command, hello=hello)
    return caught.value


def test_an_exit_in_hello() -> None:
    """The exit code and standard error say why."""
    error = why_stopped(program("sys.stderr.write('no php.ini\\n'); sys.exit(7)"))
    assert str(error) == (
        "the adapter gave no hello: it ended with exit code 7: no php.ini; "
        "start it alone to see why"
    )
    assert error.standard_error == ("no php.ini",)


def test_silence_in_hello() -> None:
    """It is not tried again, and what it started has ended."""
    error = why_stopped(program("time.sleep(600)"), hello=0.1)
    assert str(error) == (
        "the adapter gave no hello: no answer within 0.1 s: "
        "did you flush standard output?"
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("write('Hi there\\n')", "no JSON: Hi there"),
        ("say(protocol=2, ops=[])", "it does not speak protocol 1 of the kit: {"),
        ("say(ops=[])", "it does not speak protocol 1 of the kit: {"),
        ("say(protocol=True)", "it does not speak protocol 1 of the kit: {"),
        ("hello(ops=[])", "it lists no ops: {"),
        ("hello(ops=None)", "it lists no ops: {"),
        ("say(protocol=1)", "it lists no ops: {"),
        ("hello(ops='sign')", '"ops" is no list of texts: {'),
        ("hello(profiles=[1])", '"profiles" is no list of texts: {'),
        ("write('x' * 2 ** 21)", "a line is longer than 1 MiB: xxx"),
    ],
)
def test_a_hello_that_cannot_be_used(code: str, words: str) -> None:
    """Another protocol, or none: nothing is asked."""
    error = why_stopped(program(f"sys.stdin.readline(); {code}; time.sleep(600)"))
    assert str(error).startswith(f"the adapter gave no hello: {words}")
    is_stray = words.startswith("no JSON")
    assert error.advice == (
        "standard output is for answers only"
        if is_stray
        else "README.md of the kit shows a hello"
    )


def test_a_short_hello() -> None:
    """Names may be missing or of another type; long ones are cut, and many are."""
    code = """
sys.stdin.readline()
say(protocol=1, version=2.5, name="x" * 9999, ops=["o" * 999] * 999)
sys.stdin.readline()
"""
    with start(program(code)) as adapter:
        hello = adapter.hello
    assert hello == Hello("x" * 100, "2.5", "", ("o" * 100,) * 100, ())


@pytest.mark.parametrize(
    ("hello", "title"),
    [
        (Hello("acme", "2.3", "Go 1.22"), "acme 2.3 (Go 1.22)"),
        (Hello(), "(no name)"),
        (
            Hello("\x1b[2J\u202e", "", "\ud800"),
            "\\x1b[2J\\xe2\\x80\\xae (\\xed\\xa0\\x80)",
        ),
    ],
)
def test_the_title_is_escaped(hello: Hello, title: str) -> None:
    """Names come from a stranger, too."""
    assert hello.title == title


def test_bytes_and_texts_are_shown_alike() -> None:
    """Control characters and all above 7E are escaped."""
    assert (
        shown("a\n\x7f\u00e9~")
        == shown(b"a\n\x7f\xc3\xa9~")
        == "a\\x0a\\x7f\\xc3\\xa9~"
    )


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            ["/no/such/adapter.php"],
            "cannot start the adapter '/no/such/adapter.php': No such",
        ),
        (["a\0b"], "cannot start the adapter: its name cannot be used"),
        ([], "cannot start the adapter: its name cannot be used"),
        (["./"], "cannot start the adapter './': Permission denied"),
    ],
)
def test_no_program(command: list[str], words: str) -> None:
    """A program that is not there is no crash, and a strange name is not repeated."""
    error = why_stopped(command)
    assert str(error).startswith(words)
    assert "after --" in str(error)


def test_a_program_of_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system looks for a bare name on PATH only, which the advice says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "adapter.sh").touch()
    assert "write ./ before" in str(why_stopped(["adapter.sh"]))
    assert "after --" in str(why_stopped(["./adapter.sh"]))


# ------------------------------------------------------------ the end


def test_goodbye_is_the_end_of_the_input(tmp_path: Path) -> None:
    """An adapter has time to leave."""
    path = tmp_path / "left"
    code = f"""
for question in questions(): right(question)
time.sleep(0.1)
print("late")
open({str(path)!r}, "w").close()
"""
    with start(program(code)) as adapter:
        adapter.ask(QUESTION)
    assert path.exists()


def test_one_that_does_not_leave_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter never outlives its runner."""
    monkeypatch.setattr("kesspay.conformance.adapter._GOODBYE", 0.1)
    code = "for question in questions(): right(question)\nwhile True: time.sleep(600)"
    with start(program(code)) as adapter:
        pid = adapter._process._popen.pid
        adapter.ask(QUESTION)
        adapter.close(goodbye=0.1)
    assert not is_alive(pid)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupt_ends_all_at_once(error: type[BaseException]) -> None:
    """The process ends with all that it started, whatever goes wrong."""
    code = """
import subprocess
child = subprocess.Popen([sys.executable, "-ISc", "import time; time.sleep(600)"])
for question in questions(name=str(child.pid)): time.sleep(600)
"""
    adapter = start(program(code))
    pids = (adapter._process._popen.pid, int(adapter.hello.name))
    with pytest.raises(error), adapter:
        raise error
    assert all(gone(pid) for pid in pids)


def test_an_interrupt_in_hello(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while it starts leaves no process."""
    started: list[_Process] = []

    def interrupted(process: _Process, *_: object) -> bytes:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(_Process, "exchange", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start(ECHO)
    assert not is_alive(started[0]._popen.pid)


def test_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without room for a thread gets no process that stays."""
    started: list[int] = []

    def refuse(thread: Thread) -> None:
        started.extend(child for child in children() if child not in before)
        raise RuntimeError("can't start new thread")

    before = children()
    monkeypatch.setattr(Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="can't start"):
        start(ECHO)
    assert started
    assert all(gone(pid) for pid in started)


def test_a_process_that_left_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hold the pipes: the runner does not wait for it."""
    monkeypatch.setattr("kesspay.conformance.adapter._EXIT", 0.05)
    code = """
import subprocess
child = subprocess.Popen(
    [sys.executable, "-ISc", "import time; time.sleep(600)"], start_new_session=True
)
for question in questions(name=str(child.pid)): right(question)
"""
    with start(program(code)) as adapter:
        child = int(adapter.hello.name)
        assert adapter.ask(QUESTION) == RIGHT
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    assert gone(child)


def test_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """There a group is made by a flag, and taskkill ends the tree."""
    process = subprocess.Popen(
        [sys.executable, "-ISc", "input()"], stdin=subprocess.PIPE
    )
    calls: list[list[str]] = []

    def taskkill(command: list[str], **_: object) -> None:
        calls.append(command)

    with process, monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        patch.setattr(subprocess, "run", taskkill)
        assert list(_own_group()) == ["creationflags"]
        _kill_group(process)
    assert calls == [["taskkill", "/F", "/T", "/PID", str(process.pid)]]


def test_a_group_that_has_ended() -> None:
    """To end it again does nothing."""
    adapter = start(ECHO)
    adapter.close()
    adapter.close()
    assert json.dumps(adapter._process._popen.returncode) == "0"
