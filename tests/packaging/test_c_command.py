"""The command ``kess`` in C answers as ``kesspay`` and PHP do, byte for byte."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from kesspay.cli.root import root
from tests.packaging.wheels import ROOT, built_library, run
from tests.support.vectors import (
    KEYS,
    iter_canonical,
    iter_profiles,
    iter_signatures,
)


pytestmark = pytest.mark.build

#: Letters of a PHP setting, and the options for it.
OPTIONS: Final[dict[str, list[str]]] = {
    "p": ["--profile-precision", "17"],
    "h": ["--profile-precision", "100"],
    "z": ["--preserve-zero-fraction"],
    "s": ["--unescaped-slashes"],
    "u": ["--unescaped-unicode"],
    "8": ["--ksort", "8.0"],
    "7": ["--ksort", "7"],
}
PRIVATE: Final = str(KEYS / "rsa-2048.pem")
PUBLIC: Final = str(KEYS / "rsa-2048.pub.pem")


@pytest.fixture(scope="module")
def kess(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the command, without a warning, or take the one built; install it."""
    build = tmp_path_factory.mktemp("command")
    prefix = build / "prefix"
    options = [
        "-DKESS_WERROR=ON",
        "-DKESS_BUILD_TESTS=OFF",
        "-DKESS_BUILD_EXAMPLES=OFF",
    ]
    commands = [
        ["cmake", "-S", str(ROOT / "csrc"), "-B", str(build), *options],
        ["cmake", "--build", str(build), "--parallel", "2"],
    ]
    if built := built_library():
        build, commands = built, []
    commands += [["cmake", "--install", str(build), "--prefix", str(prefix)]]
    for command in commands:
        done = run(*command, env={"CFLAGS": ""})
        assert done.code == 0, done.output
    return prefix / "bin/kess"


def ask_c(kess: Path, words: list[str], stdin: bytes) -> tuple[int, bytes, str]:
    """Return the exit code, standard output and standard error of ``kess``."""
    done = subprocess.run([kess, *words], input=stdin, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


def ask_python(words: list[str], stdin: bytes) -> tuple[int, bytes, str]:
    """Return the same of ``kesspay``."""
    result = CliRunner().invoke(root, words, input=stdin)
    return result.exit_code, result.stdout_bytes, result.stderr


def test_canon_gives_what_php_gives(kess: Path) -> None:
    """Documents that PHP accepted or refused, and each setting of its PHP."""
    cases = [*list(iter_canonical())[::60], *list(iter_profiles())[::40]]
    known = [c for c in cases if set(c.settings.code) <= OPTIONS.keys()]
    assert len(known) > 250
    for case in known:
        options = [word for letter in case.settings.code for word in OPTIONS[letter]]
        code, out, err = ask_c(kess, ["canon", *options, "-"], case.document)
        if case.answer.ok:
            assert (code, out, err) == (0, case.answer.canonical, ""), case.document
        else:
            assert (code, out) == (2, b""), case.document
            assert err.count("\n") == 1


def test_sign_and_verify_give_what_php_gave(kess: Path) -> None:
    """Each stored signature: PHP's own, and PHP's verdict on the body."""
    cases = [case for case in iter_signatures() if (KEYS / f"{case.key}.pem").exists()]
    assert len({case.valid for case in cases}) == 2
    for case in cases:
        public = str(KEYS / f"{case.key}.pub.pem")
        code, out, err = ask_c(kess, ["verify", "--key", public, "-"], case.body)
        in_python = ask_python(["verify", "--key", public, "-"], case.body)
        assert (code, out) == in_python[:2]
        assert err.count("\n") == (0 if case.valid else 1)
        assert code == (0 if case.valid else 1)
        if case.valid:
            assert out == case.canonical
            private = str(KEYS / f"{case.key}.pem")
            signed = ask_c(kess, ["sign", "--key", private, "-"], case.document)
            assert signed == (0, f"{case.sign}\n".encode(), "")


DOCUMENTS: Final = (
    '{"amount": 0.50, "id": "T-1"}',
    '{"b":"x/y","a":0.50,"c":{}}',
    '{"a":"\u00e9\U0001f600"}',
    '{"a":9223372036854775808,"b":1e2,"c":-0}',
    '{"a":1,"a":2}',
    '{"a":1,"b":[{"\\u0061":1,"a":2}]}',
    '{"a":1,"sign":"x"}',
    '{"a":1,"sign_type":"RSA"}',
    '{"a":1,"sign_type":"RSA2"}',
    "[1]",
    "{}",
    "[]",
    '{"0":1}',
    '{"a":-0.0}',
    '{"a":1e999}',
    '{"a":1',
    "17",
    "",
    '{"a":"\x00"}',
    '{"a":"\\ud800"}',
    "[" * 511 + "]" * 511,
    "[" * 512 + "]" * 512,
    '{"a":' + "[" * 510 + "]" * 510 + "}",
    '{"a":' + "[" * 511 + "]" * 511 + "}",
    "{" + ",".join(f'"{n}x":{n}' for n in range(300)) + "}",
)
COMMANDS: Final = (
    ["canon", "-"],
    ["canon", "--unescaped-unicode", "--unescaped-slashes", "-"],
    ["sign", "--key", PRIVATE, "-"],
    ["sign", "--key", PRIVATE, "--body", "-"],
    ["sign", "--body", f"--key={PRIVATE}", "--profile-precision=17", "--", "-"],
    ["verify", "--key", PUBLIC, "-"],
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_two_commands_agree(kess: Path, words: list[str]) -> None:
    """Same exit code and same bytes; a refusal has the same words and position."""
    for text in DOCUMENTS:
        in_c = ask_c(kess, words, text.encode())
        in_python = ask_python(words, text.encode())
        assert in_c[:2] == in_python[:2], text[:80]
        if in_c[0] == 0:
            assert in_c[2] == ""
        elif said := re.search(r": (.*? at byte \d+);", in_python[2]):
            assert said[1] in in_c[2]


@pytest.mark.parametrize(
    "words",
    [
        ["sign", "--key", PUBLIC, "-"],
        ["sign", "--key", str(KEYS / "nowhere.pem"), "-"],
        ["sign", "-"],
        ["sign", "--key", PRIVATE, "--password-env", "KESS_NONE", "-"],
        ["sign", "--key", PRIVATE, "--password-file", "/dev/null", "-"],
        ["sign", "--key", PRIVATE],
        ["sign", "--key", "-", "-"],
        ["verify", "--key", PRIVATE, "-"],
        ["verify", "--key", PUBLIC, "--quiet", "--body", "-"],
        ["canon", "--ksort", "9", "-"],
        ["canon", "--key", PUBLIC, "-"],
        ["canon", "-", "-"],
        ["canon", "nowhere.json"],
        ["frobnicate"],
        [],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2_in_both(kess: Path, words: list[str]) -> None:
    """Nothing is printed on standard output, and one line on standard error."""
    document = b'{"a":1}'
    code, out, err = ask_c(kess, words, document)
    assert (code, out) == (2, b"")
    assert err.startswith("kess: ")
    assert err.count("\n") == 1
    assert ask_python(words, document)[:2] == (2, b"")


def test_a_ring_of_keys_is_that_of_python(kess: Path) -> None:
    """Any order of keys gives the verdict and the word of ``kesspay verify``."""
    body = next(c.body for c in iter_signatures() if c.valid and c.key == "rsa-2048")
    others = [str(KEYS / f"{stem}.pub.pem") for stem in ("other-2048", "rsa-3072")]
    others = [path for path in others if Path(path).exists()]
    assert others
    rings = [[PUBLIC], others, others[::-1], [*others, PUBLIC], [PUBLIC, *others]]
    for ring in [*rings, *[[path] for path in others]]:
        words = ["verify", *[word for path in ring for word in ("--key", path)], "-"]
        in_c, in_python = ask_c(kess, words, body), ask_python(words, body)
        assert in_c[:2] == in_python[:2]
        if in_c[0] != 0:
            assert in_python[2].split(": ")[1].split(";")[0] in in_c[2]


def test_every_status_is_explained(kess: Path) -> None:
    """By number, by name and by the reason word of the exceptions."""
    rows = json.loads((ROOT / "bindings/status.json").read_text())
    listed = ask_c(kess, ["explain", "status"], b"")[1].decode()
    assert len(listed.splitlines()) == len(rows) + 1
    for row in rows:
        texts = {
            ask_c(kess, ["explain", "status", word], b"")[1].decode()
            for word in (str(row["status"]), row["code"], row["reason"])
        }
        (text,) = texts
        assert text.startswith(f"{row['code']} ({row['status']}): ")
        assert "\nsigning:   nothing was signed" in text
        assert "do not refund" in text
        assert "\nnext:      " in text


def page_of(kess: Path) -> str:
    """Return the source of the man page; a continued line is one line."""
    page = (kess.parents[1] / "share/man/man1/kess.1").read_text()
    return page.replace("\\e\n", "").replace("\\-", "-")


def test_the_page_and_the_help_name_every_option(kess: Path) -> None:
    """The man page, --help, and ``kesspay`` have the same options."""
    shown = set(re.findall(r"--[a-z][a-z-]+", ask_c(kess, ["--help"], b"")[1].decode()))
    page = page_of(kess)
    assert "@" not in page.replace("@body", "")
    # The options of curl are its own.
    page = re.sub(r"^curl .*$", "", page, flags=re.MULTILINE)
    in_page = set(re.findall(r"--[a-z][a-z-]+", page))
    assert shown == in_page - {"--help"} | {"--help"}
    in_python = set()
    for name in ("canon", "sign", "verify"):
        text = CliRunner().invoke(root, [name, "--help"]).stdout
        in_python |= set(re.findall(r"--[a-z][a-z-]+", text))
    # No JSON, and no version of a part.
    assert in_python - {"--json"} == shown - {"--version"}


def test_the_examples_of_the_page_run(kess: Path, tmp_path: Path) -> None:
    """What EXAMPLES says is given to a shell; curl's place takes a copy."""
    examples = page_of(kess).partition(".SH EXAMPLES")[2]
    lines = re.findall(r"\.EX\n(.*?)\.EE", examples, re.DOTALL)
    script = "".join(lines)
    assert script.count("curl") == 1
    script = re.sub(
        r"^curl .*$", "cp body.json answer.json", script, flags=re.MULTILINE
    )
    prepare = f"""
        set -e
        PATH={kess.parent}:$PATH
        cp {PRIVATE} private.pem
        cp {PUBLIC} gateway.pem
        printf 'secret\\n' > password
        openssl pkcs8 -topk8 -v2 aes-256-cbc -in private.pem -out locked.pem \\
            -passout pass:secret
    """
    done = subprocess.run(
        ["/bin/sh", "-c", prepare + script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "verified.json").read_text() == '{"amount":0.5,"id":"T-1"}'
    assert "KESS_ERR_SIGN_MISSING (401)" in done.stdout
