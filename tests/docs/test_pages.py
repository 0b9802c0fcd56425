"""What the pages of the documentation show runs, and is right."""

from __future__ import annotations

import doctest
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.gateway.environment import VARIABLES
from tests.cli.test_root import COMMANDS
from tests.conftest import missing
from tests.support.pages import DOCS, ROOT, Block, blocks, pages
from tests.support.php import find_php


if TYPE_CHECKING:
    from pathlib import Path


#: Blocks that are not run, by page. Each has its reason in a comment above it.
NOT_RUN: Final = {
    "howto/audit.md": 1,
    "howto/audit-engines.md": 6,
    "howto/audit-money.md": 2,
    "howto/c-library.md": 1,
    "howto/hsm.md": 1,
}

#: Programs of others that a shell block may call.
PROGRAMS: Final = {
    ".",
    *("apt-get", "callgrind_annotate", "cc", "cd", "chmod", "cmake", "cpack"),
    *("ctest", "curl", "deactivate", "dpkg", "echo", "eval", "export", "grep"),
    *("gunicorn", "spark-submit", "venv-pack"),
    *("kess", "ldconfig", "mkdir", "npm", "openssl", "pip", "printf", "readelf", "tee"),
    *(
        "pytest",
        "python",
        "sed",
        "set",
        "softhsm2-util",
        "sqlite3",
        "sudo",
        "systemctl",
    ),
    *("unset", "uvicorn", "valgrind"),
    "./verify",  # the program that the lines above it build
}

#: Variables besides those of a client.
OTHER_VARIABLES: Final = {
    *("KESSPAY_BACKEND", "KESSPAY_JOURNAL", "KESSPAY_OPENSSL_PREFIX", "KESSPAY_PHP"),
    # What click reads to write the completion of a shell, with "_" before it.
    *("KESSPAY_REQUIRE_NATIVE", "KESSPAY_COMPLETE"),
}

LANGUAGES: Final = {
    *("python", "pycon", "sh", "c", "php", "json", "toml", "text", "ini", "yaml"),
    *("js", "go", "mermaid", "ruby"),
}


@pytest.mark.parametrize("page", pages())
def test_every_block_says_what_it_is(page: str) -> None:
    """A fence names a language that is checked here, so that none slips by."""
    text = (DOCS / page).read_text(encoding="utf-8")
    assert text.count("```") == 2 * len(blocks(page)), "a fence that is not found"
    for block in blocks(page):
        assert block.language in LANGUAGES, f"{page}:{block.line}"


def test_what_is_not_run_is_counted() -> None:
    """A block is left out only where it is listed here, with a reason."""
    found: dict[str, int] = {}
    for page in pages():
        marked = [block for block in blocks(page) if block.not_run]
        if marked:
            found[page] = len(marked)
    assert found == NOT_RUN


@pytest.mark.parametrize(
    "page", [page for page in pages() if blocks(page, "python", "pycon")]
)
@pytest.mark.usefixtures("prepared")
def test_the_python_runs(page: str) -> None:
    """The blocks of a page run in order, and print what they say they print."""
    if page == "howto/hsm.md" and importlib.util.find_spec("pkcs11") is None:
        missing("python-pkcs11 is not installed", "KESSPAY_REQUIRE_SOFTHSM")
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks(page, "python", "pycon"):
        if block.not_run:
            continue
        if block.language == "pycon":
            run_session(block, names)
        else:
            where = str(ROOT / "docs" / page)
            program = "\n" * (block.line - 1) + block.code
            # As the file of a reader: this one has a __future__ import.
            code = compile(program, where, "exec", dont_inherit=True)
            exec(code, names)  # noqa: S102 - our own page


@pytest.mark.thorough
def test_the_tests_of_a_page_pass(tmp_path: Path) -> None:
    """What the page about tests shows is a file of tests that pass."""
    code = "\n".join(block.code for block in blocks("howto/testing.md", "python"))
    (tmp_path / "test_page.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert f"{code.count('def test_') + 2} passed" in done.stdout


@pytest.mark.thorough
@pytest.mark.parametrize("page", ["index.md", "tutorial.md"])
def test_it_works_a_second_time(page: str, tmp_path: Path) -> None:
    """The first programs of a newcomer run twice in one folder, and alike."""
    code = ""
    for block in blocks(page, "python", "pycon"):
        code += block.code if block.language == "python" else f'r"""\n{block.code}"""\n'
    (tmp_path / "first.py").write_text(code, encoding="utf-8")
    program = [sys.executable, "first.py"]
    if "pycon" in {block.language for block in blocks(page)}:
        program = [sys.executable, "-m", "doctest", "first.py"]
    said = []
    for _ in range(2):
        done = subprocess.run(
            program, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        said.append(done.stdout)
    assert said[0] == said[1]
    assert {path.name for path in tmp_path.iterdir()} <= {"first.py", "__pycache__"}
    shown = [line.rpartition("# ")[2] for line in code.splitlines() if "print(" in line]
    assert said[0].split("\n")[: len(shown)] == shown


@pytest.mark.usefixtures("prepared")
def test_the_servers_run_when_they_are_copied(tmp_path: Path) -> None:
    """Each file of the page serves a payment, under a real server for asyncio."""
    files = {
        block.code.partition(".py")[0].lstrip('"'): block.code
        for block in blocks("howto/servers.md", "python")
    }
    assert set(files) == {"wsgi", "asgi"}
    for name, code in files.items():
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    program = """
import asyncio, threading, time, urllib.request
from wsgiref.simple_server import make_server
import uvicorn
from asgi import application as of_tasks
from wsgi import application as of_threads

plain = make_server("127.0.0.1", 0, of_threads)
threading.Thread(target=plain.handle_request).start()
url = f"http://127.0.0.1:{plain.server_port}/copied-1"
print(urllib.request.urlopen(url).read().decode().split()[0])
plain.server_close()

server = uvicorn.Server(uvicorn.Config(of_tasks, port=0, log_level="warning"))
thread = threading.Thread(target=server.run)
thread.start()
while not server.started:
    time.sleep(0.01)
port = server.servers[0].sockets[0].getsockname()[1]
print(urllib.request.urlopen(f"http://127.0.0.1:{port}/copied-2").read().decode())
server.should_exit = True
thread.join()
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["paid", "paid"]


def run_session(block: Block, names: dict[str, Any]) -> None:
    """Run a block with prompts; its names continue to the next block."""
    parser = doctest.DocTestParser()
    test = parser.get_doctest(block.code, names, block.page, block.page, block.line)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    result = runner.run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    assert result.failed == 0, "".join(report)
    assert result.attempted > 0


def commands(block: Block) -> list[list[str]]:
    """Return the simple commands of a shell block, as words."""
    found = []
    joined = block.code.replace("\\\n", " ")
    for line in joined.splitlines():
        words = shlex.split(line.strip("()"), comments=True)
        words = [word for word in words if not re.fullmatch(r"[A-Z_]+=.*", word)]
        for separator in ("&&", "|", ";"):
            words = [separator if word == "||" else word for word in words]
        current: list[str] = []
        for word in [*words, "&&"]:
            if word in {"&&", "|", ";"}:
                if current:
                    found.append(current)
                current = []
            else:
                current.append(word)
    return found


@pytest.mark.parametrize("page", [page for page in pages() if blocks(page, "sh")])
def test_shell_blocks_name_what_exists(page: str) -> None:
    """Programs, commands of kesspay, their options and make targets exist."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for block in blocks(page, "sh"):
        for words in commands(block):
            program = words[0]
            where = f"{page}:{block.line}: {shlex.join(words)}"
            if program.removeprefix(".venv/bin/") == "kesspay":
                check_kesspay(words[1:], where)
            elif program == "make":
                assert words[1] in targets, where
            else:
                assert program.removeprefix(".venv/bin/") in PROGRAMS, where


def check_kesspay(words: list[str], where: str) -> None:
    """Check a command line of kesspay against the commands themselves."""
    words = list(takewhile(lambda word: word != ">", words))
    if not words:  # kesspay alone
        return
    names = [name for name in COMMANDS if words[: len(name.split())] == name.split()]
    assert names, where
    command = COMMANDS[max(names, key=len)]
    options = {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    for word in words:
        # What follows is a command of its own.
        if word == "--":
            break
        if word.startswith("-"):
            assert word.partition("=")[0] in options | {"--help"}, where


@pytest.mark.parametrize("page", [page for page in pages() if blocks(page, "c")])
def test_c_compiles(page: str, tmp_path: Path) -> None:
    """Every program in C compiles against kess.h, without a warning."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler is installed")
    for block in blocks(page, "c"):
        source = tmp_path / "block.c"
        source.write_text(block.code, encoding="utf-8")
        done = subprocess.run(
            [
                *("cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"),
                *("-I", str(ROOT / "csrc" / "include"), str(source)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{page}:{block.line}\n{done.stderr}"


@pytest.mark.parametrize(
    "source",
    sorted((ROOT / "csrc" / "examples").glob("*.c")),
    ids=lambda path: path.stem,
)
def test_examples_in_c_need_no_setting(source: Path) -> None:
    """Each example compiles as the page says, also as strict C99."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler is installed")
    for standard in ((), ("-std=c99",)):
        done = subprocess.run(
            [
                *("cc", *standard, "-Wall", "-Wextra", "-Werror", "-fsyntax-only"),
                *("-I", str(ROOT / "csrc" / "include"), str(source)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", [page for page in pages() if blocks(page, "php")])
def test_php_is_php(page: str) -> None:
    """Every block in PHP parses."""
    php = find_php()
    if php is None:
        pytest.skip("no PHP 8.2 or later is installed")
    for block in blocks(page, "php"):
        done = subprocess.run(
            [php, "-l"],
            input=f"<?php\n{block.code}",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{page}:{block.line}\n{done.stdout}"


@pytest.mark.parametrize("page", [page for page in pages() if blocks(page, "go")])
def test_go_is_go(page: str) -> None:
    """Every block in Go parses, its statements as the body of a function."""
    if shutil.which("gofmt") is None:
        pytest.skip("no Go is installed")
    for block in blocks(page, "go"):
        imports, *rest = re.split(
            r"^(?!import )(?=\S)", block.code, maxsplit=1, flags=re.MULTILINE
        )
        code = block.code
        if not code.startswith("package "):
            code = f"package page\n{imports}func page() {{\n{''.join(rest)}}}\n"
        done = subprocess.run(
            ["gofmt", "-e"], input=code, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{page}:{block.line}\n{done.stderr}"


@pytest.mark.parametrize("page", [page for page in pages() if blocks(page, "js")])
def test_js_is_javascript(page: str, tmp_path: Path) -> None:
    """Every block in JavaScript parses."""
    if shutil.which("node") is None:
        pytest.skip("no Node is installed")
    for block in blocks(page, "js"):
        source = tmp_path / "block.mjs"
        source.write_text(block.code, encoding="utf-8")
        done = subprocess.run(
            ["node", "--check", source], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{page}:{block.line}\n{done.stderr}"


@pytest.mark.parametrize("page", pages())
def test_data_parses(page: str) -> None:
    """Blocks of JSON and TOML parse."""
    for block in blocks(page, "json", "toml"):
        parse = json.loads if block.language == "json" else tomllib.loads
        parse(block.code)


@pytest.mark.parametrize("page", pages())
def test_every_variable_exists(page: str) -> None:
    """No KESSPAY_ variable is named that no code reads."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = set(re.findall(r"KESSPAY_[A-Z_]*[A-Z]", text))
    assert named <= VARIABLES | OTHER_VARIABLES
