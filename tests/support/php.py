"""
Ask real PHP: the client of the scripts in tests/php.

One ``Php`` is one long-lived process that answers any number of documents,
so that a live comparison costs microseconds a document and not a start of
the interpreter.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

from .php_answers import DEFAULT, Answer, Settings
from .trees import encode_tree


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


__all__ = [
    "PHP_SCRIPTS",
    "Answer",
    "Php",
    "PhpError",
    "Settings",
    "SignedBody",
    "canonical_request",
    "find_php",
    "php_doubles",
    "php_sign",
    "php_verify",
    "php_version",
    "read_answer",
]

PHP_SCRIPTS: Final = Path(__file__).resolve().parent.parent / "php"

_OLDEST: Final = (8, 2)


class PhpError(Exception):
    """PHP did not answer: it died, ran out of time, or is not there."""


@cache
def find_php() -> str | None:
    """
    Return the path of a PHP of version 8.2 or later, or None.

    The environment variable KESSPAY_PHP names another one than ``php``.
    """
    path = shutil.which(os.environ.get("KESSPAY_PHP", "php"))
    if path is None:
        return None
    parts = php_version(path).split(".")
    return path if (int(parts[0]), int(parts[1])) >= _OLDEST else None


@cache
def php_version(path: str) -> str:
    """Return the version of a PHP, as "8.2.0"."""
    code = "echo PHP_MAJOR_VERSION,'.',PHP_MINOR_VERSION,'.',PHP_RELEASE_VERSION;"
    done = subprocess.run(
        [path, "-r", code], capture_output=True, check=True, timeout=30
    )
    return done.stdout.decode()


def _command(script: str, *arguments: str, memory_limit: str = "1G") -> list[str]:
    executable = find_php()
    if executable is None:
        msg = "no PHP 8.2 or later is installed"
        raise PhpError(msg)
    # Warnings must not mix with the answers, whatever php.ini says.
    settings = ("display_errors=stderr", f"memory_limit={memory_limit}")
    flags = [part for setting in settings for part in ("-d", setting)]
    return [executable, *flags, str(PHP_SCRIPTS / script), *arguments]


class Php:
    """
    A PHP process that canonicalises what it is given.

    Use it as a context manager. It is not for several threads at once.

    Args:
        timeout: seconds that one call may take; then the process is killed.
        memory_limit: PHP's own limit, as in php.ini.

    Raises:
        PhpError: from every method, where PHP is missing, dies, or is late.
    """

    def __init__(self, *, timeout: float = 120, memory_limit: str = "1G") -> None:
        """Start the process."""
        self._timeout = timeout
        self._is_late = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            _command("canon.php", memory_limit=memory_limit),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    def __enter__(self) -> Self:
        """Return the process itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()

    def close(self) -> None:
        """End the process; a second call does nothing."""
        if self._errors.closed:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def canonicalize(
        self, documents: Iterable[bytes], settings: Settings = DEFAULT
    ) -> list[Answer]:
        """Return what PHP makes of each JSON text."""
        return self._ask(
            [canonical_request("text", text, settings) for text in documents]
        )

    def canonicalize_parameters(
        self,
        parameters: Iterable[Mapping[str, Any]],
        settings: Settings = DEFAULT,
    ) -> list[Answer]:
        """
        Return what PHP makes of each mapping of parameters.

        A lone surrogate is given to PHP as malformed UTF-8.
        """
        trees = map(encode_tree, parameters)
        return self._ask(
            [canonical_request("params", tree, settings) for tree in trees]
        )

    def _ask(self, requests: Sequence[bytes]) -> list[Answer]:
        # PHP answers while it reads; only a second thread keeps both pipes
        # from filling up.
        writer = threading.Thread(target=self._write, args=(b"".join(requests),))
        watchdog = threading.Timer(self._timeout, self._stop)
        writer.start()
        watchdog.start()
        try:
            answers = [read_answer(self._read_line()) for _ in requests]
        except BaseException:
            # Else the writer could wait for ever on a full pipe.
            self._process.kill()
            raise
        else:
            return answers
        finally:
            watchdog.cancel()
            writer.join()

    def _read_line(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise PhpError(self._epitaph())
        return line

    def _stop(self) -> None:
        self._is_late = True
        self._process.kill()

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        # A broken pipe shows itself to the reader as a missing answer.
        with contextlib.suppress(OSError):
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def _epitaph(self) -> str:
        self._process.kill()
        status = self._process.wait()
        if self._is_late:
            return f"PHP gave no answer within {self._timeout} s"
        self._errors.seek(0)
        complaint = self._errors.read()[-2000:].decode(errors="replace")
        return f"PHP ended with status {status}: {complaint}"


def canonical_request(
    kind: Literal["text", "params"], content: bytes, settings: Settings
) -> bytes:
    """
    Return the line that asks canon.php for one document.

    Raises:
        ValueError: for a ksort that only another version of PHP has.
    """
    if settings.ksort != DEFAULT.ksort:
        msg = f"this PHP has not the ksort of {settings.ksort}"
        raise ValueError(msg)
    code = settings.code or "-"
    return b"%s %s %s\n" % (kind.encode(), code.encode(), base64.b64encode(content))


def read_answer(line: bytes) -> Answer:
    """
    Read one answer of canon.php.

    Raises:
        PhpError: where the line is none.
    """
    word, _, rest = line.rstrip(b"\n").partition(b" ")
    if word == b"ok":
        return Answer(base64.b64decode(rest, validate=True))
    for failure in ("decode", "type", "encode"):
        if word == failure.encode():
            code, _, message = rest.partition(b" ")
            return Answer(None, failure, int(code), message.decode())
    msg = f"PHP answered {line[:200]!r}"
    raise PhpError(msg)


def _run(command: Sequence[str], lines: Sequence[bytes]) -> list[bytes]:
    """Run a script over one line for each request."""
    done = subprocess.run(
        command,
        input=b"".join(line + b"\n" for line in lines),
        capture_output=True,
        check=False,
        timeout=120,
    )
    answers = done.stdout.splitlines()
    if done.returncode != 0 or len(answers) != len(lines):
        complaint = done.stderr[-2000:].decode(errors="replace")
        msg = f"PHP ended with status {done.returncode}: {complaint}"
        raise PhpError(msg)
    return answers


def php_doubles(bits: Sequence[int]) -> list[tuple[bytes | None, bytes | None]]:
    """
    Return the JSON texts of doubles.

    Args:
        bits: the doubles as their 64 bits.

    Returns:
        for each the text under serialize_precision -1 and the one under 17;
        None where PHP refuses (infinities and NaN).
    """
    lines = _run(_command("doubles.php"), [b"%016x" % one for one in bits])
    pairs = (line.split(b" ") for line in lines)
    return [(_given(shortest), _given(long)) for shortest, long in pairs]


def _given(text: bytes) -> bytes | None:
    return None if text == b"-" else text


@dataclass(frozen=True, slots=True)
class SignedBody:
    """
    What the document's PHP class makes of parameters.

    Attributes:
        sign: the signature in base64.
        canonical: the bytes that were signed.
        body: json_encode of the parameters with sign_type and sign.
    """

    sign: str
    canonical: bytes
    body: bytes


def php_sign(
    key: Path | str, parameters: Iterable[bytes | Mapping[str, Any]]
) -> list[SignedBody | None]:
    """
    Sign with PHP, by the class of the API document.

    Args:
        key: the file of the private key (PEM, not encrypted).
        parameters: each a JSON text, or a mapping.

    Returns:
        for each the signed message, or None where PHP cannot sign it.
    """
    lines = []
    for one in parameters:
        is_text = isinstance(one, bytes)
        raw = one if isinstance(one, bytes) else encode_tree(one)
        kind = b"text " if is_text else b"params "
        lines.append(kind + base64.b64encode(raw))
    return [_signed(line) for line in _run(_command("sign.php", str(key)), lines)]


def _signed(line: bytes) -> SignedBody | None:
    word, _, rest = line.partition(b" ")
    if word != b"ok":
        return None
    sign, canonical, body = rest.split(b" ")
    return SignedBody(
        sign.decode(), base64.b64decode(canonical), base64.b64decode(body)
    )


#: How PHP verifies: by the letter of the API document, or with its holes closed.
Mode: TypeAlias = Literal["strict", "documented"]


def php_verify(
    key: Path | str,
    bodies: Iterable[bytes],
    mode: Mode = "strict",
) -> list[bool | None]:
    """
    Verify messages with PHP.

    Args:
        key: the file of the public key (PEM).
        bodies: JSON texts with "sign".
        mode: "documented" follows the API document to the letter, holes
            included; "strict" is the same with the holes closed.

    Returns:
        for each True or False, or None where PHP throws.
    """
    lines = [base64.b64encode(body) for body in bodies]
    answers = _run(_command("verify.php", mode, str(key)), lines)
    verdicts = {b"true": True, b"false": False}
    return [verdicts.get(answer) for answer in answers]
