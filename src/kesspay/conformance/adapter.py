"""
Ask an adapter: one process, one line of JSON each way, strictly in turn.

The process gets no shell and a process group of its own, so that all it started
ends with it. A thread writes and reads, since ``select`` knows no pipes on Windows
and since a process that does not read must not stop us. A process that is silent or
has ended is replaced, up to ten times.

The output of an adapter is not trusted: its length is limited, and it is shown escaped.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from binascii import Error as Base64Error
from binascii import a2b_base64
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, TYPE_CHECKING, Any, Final, Literal, Self, cast

from kesspay._shown import could_be_path, shown_path
from kesspay.errors import InputError
from kesspay.explain.expected import shown_bytes
from kesspay.signing.arguments import mode_of


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType


__all__ = [
    "HELLO_SECONDS",
    "PROTOCOL",
    "SECONDS",
    "Adapter",
    "AdapterStopped",
    "Hello",
    "Reply",
    "shown",
]

#: The version of the protocol; answers of the one before would be read, too.
PROTOCOL: Final = 1
#: How long an adapter may take to start: a JVM compiles.
HELLO_SECONDS: Final = 30.0
#: How long an answer may take.
SECONDS: Final = 5.0

_LONGEST_LINE: Final = 1024 * 1024
_QUOTED: Final = 200
_WORDS: Final = 500
_NAME: Final = 100
_NAMES: Final = 100
_LAST_LINES: Final = 20
_LAST_BYTES: Final = 16384
_PIECE: Final = 65536
_RESTARTS: Final = 10
_RESTARTS_IN_A_ROW: Final = 3
#: How long an adapter may take to leave after the end of its input.
_GOODBYE: Final = 2.0
#: How long the exit code of a process may take after the end of its output.
_EXIT: Final = 0.5
_FLUSH: Final = "did you flush standard output?"

Kind = Literal["bytes", "refused", "unsupported", "error", "crashed", "timed_out"]


class AdapterStopped(InputError):
    """
    The adapter does not start, or no longer answers: nothing more can be judged.

    Args:
        message: what happened.
        standard_error: the last lines that it wrote there, escaped.
        advice: what to do.
    """

    def __init__(
        self, message: str, standard_error: tuple[str, ...] = (), advice: str = ""
    ) -> None:
        """Keep the parts; the message is the whole of it in a line."""
        super().__init__(f"{message}; {advice}" if advice else message)
        self.words = message
        self.standard_error = standard_error
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Hello:
    """
    The first line of an adapter, in which it introduces itself.

    Args:
        name: name of the program that is judged.
        version: version of this program.
        language: the language that it is written in.
        ops: the operations that it has.
        profiles: names of the profiles it knows besides PHP 8.2 and later.
    """

    name: str = ""
    version: str = ""
    language: str = ""
    ops: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Name, version and language in a line, escaped."""
        words = [shown(self.name) or "(no name)", shown(self.version)]
        language = f"({shown(self.language)})" if self.language else ""
        return " ".join(word for word in (*words, language) if word)


@dataclass(frozen=True, slots=True)
class Reply:
    """
    The answer of an adapter, or why there is none.

    Args:
        kind: the kind of the answer; or "crashed", "timed_out"; "error" is also an
            answer that breaks the protocol.
        content: the bytes of the answer, or b"".
        words: why there are no bytes, at most 500 characters, not escaped.
    """

    kind: Kind
    content: bytes = b""
    words: str = ""


class _Trouble(Exception):
    """There is no answer."""


class _Silent(_Trouble):
    """None came within the time."""


class _Ended(_Trouble):
    """The process has closed its output."""


class _Garbled(_Trouble):
    """A line came that is no answer; ``is_stray``: the answer may still follow."""

    def __init__(self, words: str, *, is_stray: bool = False) -> None:
        super().__init__(words)
        self.is_stray = is_stray


#: What to do where there is no hello; silence says so already.
_ADVICE: Final[Mapping[type[_Trouble], str]] = {
    _Silent: "",
    _Ended: "start it alone to see why",
    _Garbled: "README.md of the kit shows a hello",
}
_STRAY: Final = "standard output is for answers only"


def shown(text: str | bytes) -> str:
    r"""Show untrusted output: control characters and bytes above 7E as \x.."""
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogatepass")
    return shown_bytes(text)


class Adapter:
    """
    Starts an adapter, asks it for answers, and restarts it where it fails.

    ::

        with Adapter(["php", "adapter.php"], kit="1.0.0") as adapter:
            reply = adapter.ask({"op": "canonicalize", "profile": "", "text": "e30="})

    Args:
        command: the program and its arguments.
        kit: the version of the kit.
        timeout: seconds for each answer.
        hello_timeout: seconds until it has started.

    Raises:
        AdapterStopped: it does not start.
    """

    hello: Hello

    def __init__(
        self,
        command: Sequence[str],
        *,
        kit: str,
        timeout: float = SECONDS,
        hello_timeout: float = HELLO_SECONDS,
    ) -> None:
        """Start it, and read its first line."""
        self._command = list(command)
        self._kit = kit
        self._timeout = timeout
        self._hello_timeout = hello_timeout
        self._number = 0
        self._in_a_row = 0
        #: Ids whose answer may still come, after a stray line was read in its place.
        self._owed: set[int] = set()
        #: How often the process was restarted.
        self.restarts = 0
        self._is_lost = False
        self.hello = self._start()

    def __enter__(self) -> Self:
        """Return the adapter."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process: with time to leave, or at once where something failed."""
        self.close(goodbye=_GOODBYE if kind is None else 0.0)

    def close(self, *, goodbye: float = _GOODBYE) -> None:
        """End the process and all that it started."""
        self._process.end(goodbye)

    def ask(self, request: Mapping[str, str]) -> Reply:
        """
        Ask for one answer.

        Args:
            request: the fields besides the id; names, numbers and base64 only.

        Raises:
            AdapterStopped: it was restarted too often.
        """
        if self._is_lost:
            self._restart()
        self._number += 1
        try:
            reply = self._answer(self._number, request)
        except _Silent:
            words = _silence(self._timeout, self._process.unfinished)
            self._lose(0.0)
            return Reply("timed_out", words=words)
        except _Ended:
            self._lose(_EXIT)
            return Reply("crashed", words=self._process.obituary)
        except _Garbled as error:
            if error.is_stray:
                self._owed.add(self._number)
            reply = Reply("error", words=str(error))
        self._in_a_row = 0
        return reply

    def _answer(self, number: int, request: Mapping[str, str]) -> Reply:
        line = _line({"id": number, **request})
        fields = _fields(self._process.exchange(line, self._timeout))
        while fields["id"] in self._owed:
            self._owed.remove(fields["id"])
            fields = _fields(self._process.exchange(b"", self._timeout))
        return _reply(number, fields)

    def _lose(self, seconds: float) -> None:
        """Give up this process; the next question starts another one."""
        self._process.end(seconds)
        self._owed.clear()
        self._is_lost = True

    def _restart(self) -> None:
        """Start the process anew, as often as it may be."""
        while self._is_lost:
            why = ""
            if self._in_a_row == _RESTARTS_IN_A_ROW:
                why = f"was restarted {_RESTARTS_IN_A_ROW} times without an answer"
            elif self.restarts == _RESTARTS:
                why = f"was restarted {_RESTARTS} times, and ended or was silent"
            if why:
                last = self._process.last_lines
                raise AdapterStopped(f"the adapter {why}", last, _FLUSH)
            self.restarts += 1
            self._in_a_row += 1
            with suppress(AdapterStopped):
                self._start()

    def _start(self) -> Hello:
        """Start the process and read its hello."""
        process = _Process(self._command)
        self._process = process
        hello = _line({"op": "hello", "protocol": PROTOCOL, "kit": self._kit})
        try:
            found = _hello(process.exchange(hello, self._hello_timeout))
        except BaseException as error:
            unfinished = process.unfinished
            process.end(_EXIT if isinstance(error, _Ended) else 0.0)
            if not isinstance(error, _Trouble):
                raise
            if isinstance(error, _Silent):
                why = _silence(self._hello_timeout, unfinished)
            else:
                why = process.obituary if isinstance(error, _Ended) else str(error)
            message = f"the adapter gave no hello: {why}"
            is_stray = isinstance(error, _Garbled) and error.is_stray
            advice = _STRAY if is_stray else _ADVICE[type(error)]
            raise AdapterStopped(message, process.last_lines, advice) from None
        self._is_lost = False
        return found


def _line(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def _silence(seconds: float, unfinished: bytes) -> str:
    words = f"no answer within {seconds:g} s"
    if unfinished:
        return f"{words}, but a line without its end: {_quoted(unfinished)}"
    return f"{words}: {_FLUSH}"


def _quoted(line: bytes) -> str:
    more = "..." if len(line) > _QUOTED else ""
    return f"{shown_bytes(line[:_QUOTED]) or '(an empty line)'}{more}"


# ------------------------------------------------------------ lines


def _fields(line: bytes) -> dict[str, Any]:
    """Read a line as a JSON object."""
    try:
        fields = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise _Garbled(f"no JSON: {_quoted(line)}", is_stray=True) from None
    if not isinstance(fields, dict):
        raise _Garbled(f"no JSON object: {_quoted(line)}", is_stray=True)
    identity = fields.get("id")
    # 1.0 and true are equal to 1.
    fields["id"] = identity if type(identity) is int else None
    fields["line"] = line
    return fields


def _hello(line: bytes) -> Hello:
    """Read the answer to a hello."""
    fields = _fields(line)
    protocol = fields.get("protocol")
    if type(protocol) is not int or protocol != PROTOCOL:
        raise _Garbled(
            f"it does not speak protocol {PROTOCOL} of the kit: {_quoted(line)}"
        )
    names: dict[str, Any] = {}
    for field in ("name", "version", "language"):
        text = fields.get(field) or ""
        names[field] = (text if isinstance(text, str) else str(text))[:_NAME]
    for field in ("ops", "profiles"):
        values = fields.get(field) or []
        if not isinstance(values, list) or not all(
            isinstance(value, str) for value in values
        ):
            raise _Garbled(f'"{field}" is no list of texts: {_quoted(line)}')
        names[field] = tuple(value[:_NAME] for value in values[:_NAMES])
    if not names["ops"]:
        raise _Garbled(f"it lists no ops: {_quoted(line)}")
    return Hello(**names)


def _reply(number: int, fields: Mapping[str, Any]) -> Reply:
    """Judge the form of an answer."""
    line = fields["line"]
    if fields["id"] != number:
        raise _Garbled(f"the id is not {number}: {_quoted(line)}")
    kinds: tuple[Kind, ...] = ("bytes", "refused", "unsupported", "error")
    given = [kind for kind in kinds if fields.get(kind) is not None]
    if len(given) != 1:
        raise _Garbled(
            "an answer has exactly one of bytes, refused, unsupported and error: "
            f"{_quoted(line)}"
        )
    kind = given[0]
    value = fields[kind]
    if not isinstance(value, str):
        raise _Garbled(f'"{kind}" is no text: {_quoted(line)}')
    if kind != "bytes":
        return Reply(kind, words=value[:_WORDS])
    try:
        return Reply("bytes", a2b_base64(value, strict_mode=True))
    except (Base64Error, ValueError):
        raise _Garbled(f'"bytes" is no base64: {_quoted(line)}') from None


# ------------------------------------------------------------ the process


class _TooLong(bytes):
    """The beginning of a line that is longer than a line may be."""


class _Process:
    """One process, and the threads at its pipes."""

    def __init__(self, command: list[str]) -> None:
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - what the user wants to run
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                **_own_group(),
            )
        except (OSError, ValueError, IndexError) as error:
            why = getattr(error, "strerror", None) or "its name cannot be used"
            name = command[0] if command else ""
            advice = "give the program and its arguments after --"
            if os.sep not in name and mode_of(name):
                # Where there is no folder in the name, the system looks at PATH only.
                advice = "write ./ before a program of this folder"
            name = f" {shown_path(name)}" if could_be_path(name) else ""
            raise AdapterStopped(
                f"cannot start the adapter{name}: {why}", advice=advice
            ) from None
        self._questions: SimpleQueue[bytes | None] = SimpleQueue()
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self._arrived = bytearray()
        self._is_within_long_line = False
        self._last = b""
        # Daemons: a process that left its group may hold a pipe for ever.
        self._threads = (
            Thread(target=self._converse, daemon=True),
            Thread(target=self._listen, daemon=True),
        )
        try:
            for thread in self._threads:
                thread.start()
        except BaseException:
            _kill_group(self._popen)
            with self._popen:  # closes the pipes
                raise

    def exchange(self, line: bytes, seconds: float) -> bytes:
        """Write a line, or nothing, and return the next one."""
        self._questions.put(line)
        try:
            answer = self._lines.get(timeout=seconds)
        except Empty:
            raise _Silent from None
        if answer is None:
            raise _Ended
        if isinstance(answer, _TooLong):
            raise _Garbled(f"a line is longer than 1 MiB: {_quoted(answer)}")
        return answer

    def end(self, seconds: float) -> None:
        """Close the input, wait, and kill the whole group."""
        self._questions.put(None)
        try:
            if seconds:
                with suppress(subprocess.TimeoutExpired):
                    self._popen.wait(seconds)
        finally:
            _kill_group(self._popen)
            self._popen.wait()
        for thread in self._threads:
            thread.join(_EXIT)

    @property
    def unfinished(self) -> bytes:
        """The beginning of a line whose end has not come."""
        return bytes(self._arrived[: _QUOTED + 1])

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines of standard error, escaped."""
        lines = self._last.rstrip().split(b"\n")[-_LAST_LINES:]
        return tuple(_readable(line.rstrip()) for line in lines if line.strip())

    @property
    def obituary(self) -> str:
        """How the process ended, with the last line of standard error."""
        code = self._popen.returncode
        how = f"it ended with exit code {code}"
        if code == -9:
            how = "it closed its standard output, or was killed"
        elif code < 0:
            with suppress(ValueError):
                how = f"it was ended by {signal.Signals(-code).name}"
        return ": ".join((how, *self.last_lines[-1:]))

    def _converse(self) -> None:
        """Write each question and read the next line."""
        stdin = cast("IO[bytes]", self._popen.stdin)
        stdout = cast("IO[bytes]", self._popen.stdout)
        with stdout:
            with stdin:
                while (line := self._questions.get()) is not None:
                    # Where the process has gone, its output has an end.
                    with suppress(OSError):
                        _write(stdin, line)
                    self._lines.put(self._read(stdout))
            while stdout.read(_PIECE):
                pass

    def _read(self, stdout: IO[bytes]) -> bytes | None:
        """Read one line; None at the end."""
        arrived = self._arrived
        while True:
            end = arrived.find(b"\n")
            if end >= 0 or len(arrived) > _LONGEST_LINE:
                line = bytes(arrived[:end] if end >= 0 else arrived)
                del arrived[: len(line) + 1]
                skipped, self._is_within_long_line = self._is_within_long_line, end < 0
                if skipped:
                    continue
                is_long = len(line) > _LONGEST_LINE
                return _TooLong(line[: _QUOTED + 1]) if is_long else line
            piece = stdout.read(_PIECE)
            if not piece:
                line = bytes(arrived)
                arrived.clear()
                return line or None
            arrived += piece

    def _listen(self) -> None:
        """Keep the end of what comes on standard error."""
        stderr = cast("IO[bytes]", self._popen.stderr)
        with stderr:
            while piece := stderr.read(_PIECE):
                self._last = (self._last + piece)[-_LAST_BYTES:]


def _write(file: IO[bytes], content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def _readable(line: bytes) -> str:
    """Return a line of standard error without what moves the cursor."""
    text = line[:_WORDS].decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _own_group() -> dict[str, Any]:
    """Return the arguments that make a process group."""
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"process_group": 0}


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it started."""
    if os.name == "nt":
        # No group can be killed there; taskkill goes through the tree.
        subprocess.run(  # noqa: S603 - a number
            ["taskkill", "/F", "/T", "/PID", str(process.pid)],  # noqa: S607 - of Windows
            capture_output=True,
            check=False,
        )
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
