"""The program as a shell sees it: real processes, pipes and terminals."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kesspay.sandbox import Sandbox
from kesspay.signing.keys import PrivateKey
from tests.support.forger import body_of, pkcs1


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kesspay.gateway.messages import HttpResponse


PROGRAM = [
    sys.executable,
    "-c",
    "import sys; from kesspay.cli import main; sys.exit(main())",
]
#: Nothing here takes seconds; this only ends what hangs.
LIMIT = 60

SECRET = "correct horse"
CANONICAL = b'{"a":"x\\/y"}'
BODY = body_of('{"a":"x/y","sign":"SIGN"}', pkcs1(CANONICAL))


def call(
    *arguments: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the program with pipes."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=LIMIT,
        env={**os.environ, **(env or {})},
    )


def call_on_terminal(
    arguments: Sequence[str | Path], *answers: tuple[bytes, bytes]
) -> tuple[int, bytes]:
    """Run the program on a terminal, and type each answer behind its question."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        stdin=secondary,
        stdout=secondary,
        stderr=secondary,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        start_new_session=True,
    )
    os.close(secondary)
    shown = b""
    seen = 0
    todo = list(answers)
    while select.select([primary], [], [], LIMIT)[0]:
        try:
            piece = os.read(primary, 4096)
        except OSError:  # Linux says EIO where the other end is closed.
            break
        if not piece:
            break
        shown += piece
        if todo and todo[0][0] in shown[seen:]:
            seen = len(shown)
            os.write(primary, todo.pop(0)[1])
    else:
        process.kill()
    os.close(primary)
    return process.wait(LIMIT), shown


def test_start_up_imports_nothing_heavy() -> None:
    """Help and completion do not load the library, cryptography, or rich."""
    program = (
        "import sys; from kesspay.cli import main; main(['--help']); "
        "heavy = {'cryptography', 'rich', 'h11', 'ssl', 'orjson', 'cffi', 'uvicorn', "
        "'kesspay.signing', 'kesspay._native', 'kesspay.explain'}; "
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=LIMIT
    )
    assert done.stderr == b"[]\n"


def test_exit_codes_reach_the_shell(keys: Path) -> None:
    """0, 1 and 2 come through, and output goes where it belongs."""
    key = keys / "rsa-2048.pub.pem"
    right = call("verify", "--key", key, "-", stdin=BODY)
    assert (right.returncode, right.stdout, right.stderr) == (0, CANONICAL, b"")
    wrong = call("verify", "--key", key, "-", stdin=BODY.replace(b"x/y", b"x/z"))
    assert (wrong.returncode, wrong.stdout) == (1, b"")
    assert wrong.stderr.count(b"\n") == 1
    unusable = call("verify", "--key", keys / "README.md", "-", stdin=BODY)
    assert (unusable.returncode, unusable.stdout) == (2, b"")
    assert unusable.stderr.count(b"\n") == 1


@pytest.mark.parametrize("backend_name", ["native", "python", "nonsense"])
def test_the_backend_can_be_forced(backend_name: str, both_backends: object) -> None:
    """The environment variable works here as in the library."""
    done = call("backend", "--json", env={"KESSPAY_BACKEND": backend_name})
    report = json.loads(done.stdout)
    if backend_name == "nonsense":
        assert done.returncode == 2
        assert report["error"]["type"] == "BackendError"
    else:
        assert report["backend"]["name"] == backend_name


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_pipe_that_closes_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unbuffered: str
) -> None:
    """``kesspay canon FILE | head -c 1`` ends quietly."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    path = tmp_path / "long.json"
    path.write_text('{"a":"' + "x" * 1_000_000 + '"}', encoding="utf-8")
    with subprocess.Popen(
        [*PROGRAM, "canon", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(LIMIT) == 141


@pytest.mark.few(2)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    ("where", "exit_code", "report"),
    [
        (">/dev/full", 74, b"No space left on device"),
        (">&-", 74, b"it is closed"),
        (">/dev/null 2>/dev/full", 0, b""),
        (">/dev/null 2>&-", 0, b""),
        (">/dev/null <&-", 0, b""),
    ],
)
def test_streams_of_a_shell(where: str, exit_code: int, report: bytes) -> None:
    """Full or closed: a documented exit code, and at most one line."""
    done = subprocess.run(
        ["sh", "-c", f'"$@" {where}', "sh", *PROGRAM, "backend"],
        capture_output=True,
        check=False,
        timeout=LIMIT,
    )
    assert done.returncode == exit_code
    assert done.stderr.count(b"\n") == (1 if report else 0)
    assert report in done.stderr


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let programs feel SIGINT, which a shell without job control ignores behind &."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption(tmp_path: Path) -> None:
    """Ctrl-C gives one line and 130, no traceback."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # A shell lets what it starts in its background ignore the signal.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{heard}; {PROGRAM[-1]}", "canon", str(pipe)],
        stderr=subprocess.PIPE,
    ) as process:
        # This returns when the program has opened the other end for reading.
        with pipe.open("wb"):
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            report = process.stderr.read()
        assert process.wait(LIMIT) == 130
    assert report.strip() == b"kesspay: interrupted"


def test_an_output_without_unicode(keys: Path, tmp_path: Path) -> None:
    """Where the output cannot show a character, an escape stands for it."""
    done = call(
        *("explain", "--unescaped-unicode", "--key", keys / "rsa-2048.pub.pem", "-"),
        stdin='{"a":"\u00e9\u4e2d"}'.encode(),
        env={"PYTHONIOENCODING": "latin-1"},
    )
    assert done.returncode == 1
    assert b'{"a":"\xe9\\u4e2d"}' in done.stdout
    report = call("canon", tmp_path / "\u00e9", env={"PYTHONIOENCODING": "ascii"})
    assert report.returncode == 2
    assert report.stderr.count(b"\n") == 1


def test_tables_on_a_real_terminal(keys: Path) -> None:
    """Labels stand in a column; the values are those of the pipe."""
    paths = (keys / "rsa-2048.pem", keys / "rsa-2048.pub.pem")
    code, shown = call_on_terminal(["keys", "check", *paths])
    assert code == 0
    piped = json.loads(call("keys", "check", *paths, "--json").stdout)
    assert piped["public"]["fingerprint"].encode() in shown
    assert b"fingerprint:" not in shown


def test_a_document_cannot_drive_the_terminal(tmp_path: Path) -> None:
    """Escape sequences in a document are shown, not obeyed."""
    path = tmp_path / "document.json"
    path.write_text('{"a":"\x9b31m\x7f\u202e"}', encoding="utf-8")
    code, shown = call_on_terminal(["canon", "--unescaped-unicode", path])
    assert code == 0
    assert shown.replace(b"\r\n", b"") == b'{"a":"\\x9b31m\\x7f\\u202e"}'


def test_a_password_is_asked_for_without_an_echo(keys: Path) -> None:
    """On a terminal the password is asked for; it is not shown."""
    document = keys / "document.json"
    document.write_text("{}", encoding="utf-8")
    code, shown = call_on_terminal(
        ["sign", "--key", keys / "rsa-2048.encrypted.pem", document],
        (b"Password of", SECRET.encode() + b"\n"),
    )
    assert code == 0
    assert SECRET.encode() not in shown
    code, shown = call_on_terminal(
        [
            *("keys", "check"),
            keys / "rsa-2048.encrypted.pem",
            keys / "rsa-2048.pub.pem",
        ],
        (b"Password of", SECRET.encode() + b"\n"),
    )
    assert code == 0
    assert b"two halves of one key" in shown


def test_a_wrong_password_is_reported(keys: Path) -> None:
    """There is no second prompt, no loop, and no echo."""
    document = keys / "document.json"
    document.write_text("{}", encoding="utf-8")
    code, shown = call_on_terminal(
        ["sign", "--key", keys / "rsa-2048.encrypted.pem", document],
        (b"Password of", b"wrong one\n"),
    )
    assert code == 2
    assert shown.count(b"Password of") == 1
    assert b"wrong one" not in shown


def test_a_new_password_is_asked_for_twice(tmp_path: Path) -> None:
    """``keys generate --encrypt`` asks, and the key opens with the answer."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    code, shown = call_on_terminal(
        ["keys", "generate", "--encrypt", private, public],
        (b"New password: ", b"new secret\n"),
        (b"epeat for confirmation: ", b"new secret\n"),
    )
    assert code == 0
    assert b"new secret" not in shown
    secret = tmp_path / "secret"
    secret.write_bytes(b"new secret\n")
    checked = call("keys", "check", private, public, "--password-file", secret)
    assert checked.returncode == 0


@pytest.fixture
def gateway(keys: Path) -> Iterator[tuple[Sandbox, dict[str, str]]]:
    """Run a sandbox on the loopback; return it with the variables for it."""
    private = keys / "rsa-2048.pem"
    with Sandbox(
        private_key=PrivateKey.from_file(private),
        gateway_private_key=PrivateKey.from_file(keys / "other-2048.pem"),
    ) as sandbox:
        account = sandbox.settings["credentials"]
        yield (
            sandbox,
            {
                "KESSPAY_BASE_URL": sandbox.base_url,
                "KESSPAY_PARTNER_ID": account.partner_id,
                "KESSPAY_PARTNER_SECRET_KEY": account.partner_secret_key,
                "KESSPAY_USER_NAME": account.user_name,
                "KESSPAY_PASSWORD": account.password,
                "KESSPAY_PRIVATE_KEY_FILE": str(private),
                "KESSPAY_GATEWAY_KEY_FILE": str(keys / "other-2048.pub.pem"),
            },
        )


def test_a_transfer_over_the_network(
    gateway: tuple[Sandbox, dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Create into a file, agree on a terminal, query: one credit."""
    sandbox, variables = gateway
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    created = call(
        *("transfer", "create", "--out-trade-no", "order-1", "--sender", "Chan"),
        *("--receiver", "85512345678", "--amount", "0.50"),
    )
    assert (created.returncode, created.stderr) == (0, b"")
    path = tmp_path / "pre.json"
    path.write_bytes(created.stdout)
    words = ["transfer", "confirm", str(path), "--partner-transaction-id", "debit-1"]
    assert call(*words).returncode == 2
    code, shown = call_on_terminal(words, (b"[y/N]", b"n\n"))
    assert code == 11
    assert b"nothing was sent" in shown
    assert sandbox.ledger.credits() == ()
    code, shown = call_on_terminal(words, (b"[y/N]", b"y\n"))
    assert code == 0
    assert b"Pay 0.50 USD to Sok Dara (85512345678)?" in shown
    assert b"SUCCESS" in shown
    assert call("transfer", "query", path).returncode == 0
    assert call(*words, "--yes").returncode == 20
    assert len(sandbox.ledger.credits()) == 1


def test_no_secret_leaves_a_command_of_the_gateway(
    gateway: tuple[Sandbox, dict[str, str]], tmp_path: Path
) -> None:
    """Neither output shows one, with -v and without, on success and failure."""
    sandbox, variables = gateway
    path = tmp_path / "gateway.env"
    path.write_text(
        "\n".join(f"export {name}='{value}'" for name, value in variables.items()),
        encoding="utf-8",
    )
    path.chmod(0o600)
    secrets = [variables["KESSPAY_PASSWORD"], variables["KESSPAY_PARTNER_SECRET_KEY"]]
    tokens: list[str] = []
    log_in = sandbox.emulator._log_in

    def listen(headers: Mapping[str, str], body: bytes) -> HttpResponse:
        answer = log_in(headers, body)
        if answer.status == 200:
            tokens.append(json.loads(answer.body)["access_token"])
        return answer

    sandbox.emulator._log_in = listen  # type: ignore[method-assign] # replaced for the test
    fields = ["--out-trade-no", "order-1", "--receiver", "1", "--amount", "0.50"]
    for words in (
        ["token"],
        ["transfer", "create", "--sender", "Chan", *fields],
        ["transfer", "query", *fields],
        ["doctor"],
        ["probe", "--sandbox", "--receiver", "85512345678"],
        ["token", "--timeout", "nonsense"],
    ):
        done = call(*words, "-v", "--env-file", path)
        report = done.stdout + done.stderr
        assert not [s for s in (*secrets, *tokens) if s.encode() in report], words
        assert b"PRIVATE KEY-----" not in report
    assert len(tokens) >= 6
    shown = call("token", "--show", "--env-file", path)
    assert tokens[-1].encode() in shown.stdout


def test_scripts_are_never_asked(keys: Path) -> None:
    """Without a terminal an encrypted key is an error, not a prompt that hangs."""
    done = call("sign", "--key", keys / "rsa-2048.encrypted.pem", keys / "README.md")
    assert done.returncode == 2
    assert b"--password-file" in done.stderr or b"not JSON" in done.stderr
