"""``kesspay doctor`` finds each thing that is wrong, and says what to do."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.cli import doctor as module
from kesspay.cli.doctor import core_dumps
from kesspay.errors import BackendError, InvalidSignature
from kesspay.signing.backend import BackendInfo
from tests.gateway.helpers import CANARIES


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.cli.conftest import Wired


NAMES = [
    *("backend", "batches", "variables", "base url", "credentials", "private key"),
    *("gateway key", "options", "key pair", "files"),
    *("core dumps", "signature", "journal"),
    *("name", "tls", "token", "clock", "answer"),
]


@pytest.fixture(autouse=True)
def no_core_dumps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the checks not depend on what this machine does with core dumps."""
    monkeypatch.setattr(module, "core_dumps", lambda: ("off", ""))


@pytest.fixture
def diagnose(
    run: Callable[..., Result], wired: Wired
) -> Callable[..., dict[str, dict[str, Any]]]:
    """Return a function that runs the doctor and returns its checks by name."""

    def doctor(*options: str, exit_code: int = 1) -> dict[str, dict[str, Any]]:
        result = run("doctor", *options)
        assert result.exit_code == exit_code
        report = json.loads(result.stdout)
        assert report["ok"] is (exit_code == 0)
        assert [check["name"] for check in report["checks"]] == NAMES
        found = {check["name"]: check for check in report["checks"]}
        for check in found.values():
            assert check["verdict"] in {"ok", "warning", "failed", "skipped"}
            assert bool(check["fix"]) is (check["verdict"] in {"warning", "failed"})
        failed = any(check["verdict"] == "failed" for check in found.values())
        assert failed is (exit_code == 1)
        return found

    return doctor


def test_a_healthy_account(diagnose: Callable[..., Any]) -> None:
    """Everything is ok, and the last check proves both keys on both sides."""
    found = diagnose(exit_code=0)
    # The emulator in the process sends no Date.
    assert found.pop("clock")["verdict"] == "skipped"
    assert found.pop("journal")["found"] == "KESSPAY_JOURNAL is not set"
    assert {check["verdict"] for check in found.values()} == {"ok"}
    assert "both sides" in found["answer"]["found"]


def test_offline_nothing_is_sent(diagnose: Callable[..., Any], wired: Wired) -> None:
    """The checks of the network are skipped, and no transport is made."""
    found = diagnose("--offline", exit_code=0)
    assert wired.options == []
    del found["journal"]
    online = [check for check in found.values() if check["verdict"] == "skipped"]
    assert [check["name"] for check in online] == NAMES[13:]
    assert {check["found"] for check in online} == {"--offline"}


def test_a_timeout_can_be_given(run: Callable[..., Result], wired: Wired) -> None:
    """It holds for the calls of the doctor as well, and has to be one."""
    assert run("doctor", "--timeout", "5").exit_code == 0
    result = run("doctor", "--timeout", "0")
    assert result.exit_code == 2
    assert "above 0" in json.loads(result.stdout)["error"]["message"]


def test_the_table(
    run: Callable[..., Result], wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line for each check, what to do under it, and a verdict."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    shown = run("doctor").stdout
    assert "ok       token        a token that lives 3600 seconds" in shown
    assert shown.endswith("No check failed.\n")
    monkeypatch.setenv("KESSPAY_RETRIES", "many")
    shown = run("doctor").stdout
    assert "failed   options" in shown
    assert "-> correct the variable" in shown
    assert shown.endswith("\n1 check failed.\n")
    monkeypatch.setenv("KESSPAY_BASE_URL", "nonsense")
    assert run("doctor").stdout.endswith("\n2 checks failed.\n")


def test_nothing_is_set(
    diagnose: Callable[..., Any],
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every part is reported on its own, with the variables that it needs."""
    for name in variables:
        monkeypatch.delenv(name)
    found = diagnose()
    for part, variable in {
        "base url": "KESSPAY_BASE_URL",
        "credentials": "KESSPAY_PARTNER_SECRET_KEY or KESSPAY_PARTNER_SECRET_KEY_FILE",
        "private key": "KESSPAY_PRIVATE_KEY",
        "gateway key": "KESSPAY_GATEWAY_KEY",
    }.items():
        assert found[part]["verdict"] == "failed"
        assert variable in found[part]["found"]
    assert found["options"]["verdict"] == "ok"
    assert found["key pair"]["verdict"] == "skipped"
    assert found["signature"]["verdict"] == "skipped"
    assert found["answer"]["found"] == "fix base url first"


@pytest.mark.parametrize(
    ("name", "value", "part", "words"),
    [
        ("BASE_URL", "http://example.com/x", "base url", "https"),
        ("BASE_URL", "nonsense", "base url", "https://host"),
        ("PARTNER_ID", "a b", "credentials", "visible ASCII"),
        ("PASSWORD_FILE", "x", "credentials", "not both"),
        ("RETRIES", "99", "options", "0 to 10"),
        ("RETRIES", "x", "options", "KESSPAY_RETRIES"),
        ("AMOUNT_FORMAT", "words", "options", "amount_format"),
        ("PROFILE", "nonsense", "options", "KESSPAY_PROFILE"),
        ("CA_FILE", "/nowhere", "options", "KESSPAY_CA_FILE"),
    ],
)
def test_a_value_that_cannot_be_used(
    diagnose: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    part: str,
    words: str,
) -> None:
    """The part it belongs to fails, and the online checks wait for it."""
    monkeypatch.setenv(f"KESSPAY_{name}", value)
    found = diagnose()
    assert found[part]["verdict"] == "failed"
    assert words in found[part]["found"]
    assert found["token"]["found"] == f"fix {part} first"


def test_unknown_variables(
    diagnose: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown names are shown, each with the nearest known one."""
    monkeypatch.setenv("KESSPAY_PASSWROD", "x")
    monkeypatch.setenv("KESSPAY_ZZZZZZZZZZ", "x")
    monkeypatch.setenv("KESSPAY_REQUIRE_PHP", "0")
    monkeypatch.setenv("KESSPAY_OPENSSL_PREFIX", "/nowhere")
    check = diagnose(exit_code=0)["variables"]
    assert check["verdict"] == "warning"
    assert check["found"] == (
        "unknown variables KESSPAY_PASSWROD (did you mean KESSPAY_PASSWORD?),"
        " KESSPAY_ZZZZZZZZZZ"
    )
    assert check["fix"] == "correct or remove KESSPAY_PASSWROD, KESSPAY_ZZZZZZZZZZ"


def test_options_are_shown(
    diagnose: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profile and the form of amounts are named."""
    monkeypatch.setenv("KESSPAY_PROFILE", "precision=17 unescaped_slashes")
    monkeypatch.setenv("KESSPAY_AMOUNT_FORMAT", "string")
    found = diagnose("--offline", exit_code=0)["options"]["found"]
    assert "precision=17 unescaped_slashes" in found
    assert "string" in found


@pytest.mark.parametrize(
    ("variable", "name", "part", "fix"),
    [
        ("PRIVATE_KEY_FILE", "missing.pem", "private key", "path"),
        ("PRIVATE_KEY_FILE", "rsa-1024.pem", "private key", "2048 bits"),
        ("PRIVATE_KEY_FILE", "rsa-2048.encrypted.pem", "private key", "_PASSWORD"),
        ("PRIVATE_KEY_FILE", "rsa-2048.pub.pem", "private key", "from KESS"),
        ("PRIVATE_KEY_FILE", "rsa-2048.openssh.pem", "private key", "ssh-keygen -p"),
        ("GATEWAY_KEY_FILE", "ec-p256.pub.pem", "gateway key", "RSA"),
        ("GATEWAY_KEY_FILE", "rsa-2048.pem", "gateway key", "never hand out"),
    ],
)
def test_keys_that_cannot_be_used(
    diagnose: Callable[..., Any],
    keys: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    name: str,
    part: str,
    fix: str,
) -> None:
    """What was found in the file is reported, and what to do about it."""
    monkeypatch.setenv(f"KESSPAY_{variable}", str(keys / name))
    found = diagnose("--offline")
    assert found[part]["verdict"] == "failed"
    assert fix in found[part]["fix"]


def test_keys_of_one_pair(
    diagnose: Callable[..., Any], keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One's own public key verifies no answer of a gateway; also in a ring."""
    own, theirs = keys / "rsa-2048.pub.pem", keys / "other-2048.pub.pem"
    monkeypatch.setenv("KESSPAY_GATEWAY_KEY_FILE", str(own))
    found = diagnose("--offline")
    assert found["key pair"]["verdict"] == "failed"
    assert found["private key"]["found"] == found["gateway key"]["found"]
    ring = f"{theirs}{os.pathsep}{own}"
    monkeypatch.setenv("KESSPAY_GATEWAY_KEY_FILE", ring)
    found = diagnose("--offline")
    assert found["key pair"]["verdict"] == "failed"
    assert found["gateway key"]["found"].count("2048 bits") == 2
    assert found["files"]["verdict"] == "ok"


def test_files_that_others_can_open(
    diagnose: Callable[..., Any],
    variables: dict[str, str],
    keys: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Secrets are for their owner; public keys must not be changed by others."""
    (keys / "other-2048.pub.pem").chmod(0o644)
    assert diagnose("--offline", exit_code=0)["files"]["verdict"] == "ok"
    (keys / "other-2048.pub.pem").chmod(0o646)
    (keys / "rsa-2048.pem").chmod(0o640)
    check = diagnose("--offline", exit_code=0)["files"]
    assert check["verdict"] == "warning"
    for word in ("0646", "0640"):
        assert word in check["found"]
    assert f"chmod 600 {variables['KESSPAY_PRIVATE_KEY_FILE']}" in check["fix"]
    monkeypatch.setattr(module, "os", SimpleNamespace(name="nt", pathsep=";"))
    assert diagnose("--offline", exit_code=0)["files"]["verdict"] == "ok"


def test_files_that_are_not_there(
    diagnose: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable and the path are named."""
    monkeypatch.setenv("KESSPAY_CLIENT_CERT_FILE", "/nowhere.pem")
    check = diagnose("--offline")["files"]
    assert check["verdict"] == "failed"
    assert "KESSPAY_CLIENT_CERT_FILE: '/nowhere.pem'" in check["found"]


def test_core_dumps(
    diagnose: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash that would write keys to a file is warned of."""
    monkeypatch.setattr(module, "core_dumps", lambda: ("to a file", "ulimit"))
    found = diagnose(exit_code=0)["core dumps"]
    assert found == {
        "name": "core dumps",
        "verdict": "warning",
        "found": "to a file",
        "fix": "ulimit",
        "page": "",
    }


def test_pages_of_the_documentation(
    run: Callable[..., Result], wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that is not in order names its page, and where pages are read."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    monkeypatch.setenv("KESSPAY_GATEWAY_KEY_FILE", "/nowhere.pem")
    shown = run("doctor", "--offline").stdout
    page = 'Keys and their rotation, "Load it": docs/howto/keys.md#load-it'
    assert re.search(rf"^ +{re.escape(page)}$", shown, re.MULTILINE)
    assert "make docs builds them" in shown
    monkeypatch.setattr("kesspay._pages.DOCUMENTATION", "https://docs.example/")
    shown = run("doctor", "--offline").stdout
    assert '"Load it": https://docs.example/howto/keys.html#load-it' in shown
    assert "make docs" not in shown


def test_a_backend_that_cannot_be_had(
    diagnose: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys are not even tried then."""

    def fail() -> BackendInfo:
        raise BackendError("there is no backend 'x'")

    monkeypatch.setattr(module, "backend", fail)
    found = diagnose("--offline")
    assert found["backend"]["verdict"] == "failed"
    for name in ("private key", "gateway key", "signature"):
        assert found[name]["verdict"] == "skipped"


def test_a_native_core_that_cannot_be_imported(
    diagnose: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It works in pure Python, and the defect is reported."""
    info = BackendInfo("python", "1", "OpenSSL", "ImportError: no such symbol")
    monkeypatch.setattr(module, "backend", lambda: info)
    check = diagnose("--offline", exit_code=0)["backend"]
    assert check["verdict"] == "warning"
    assert "no such symbol" in check["found"]


def test_a_canonical_form_that_is_wrong(
    diagnose: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken installation is found before money depends on it."""
    monkeypatch.setattr(module, "canonicalize", lambda _: b"{}")
    assert "canonical form" in diagnose("--offline")["signature"]["found"]

    def fail(_: object) -> bytes:
        raise InvalidSignature

    monkeypatch.setattr(module, "canonicalize", fail)
    assert diagnose("--offline")["signature"]["verdict"] == "failed"


def test_no_secret_is_shown(
    run: Callable[..., Result], wired: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where all is well nor where a secret itself is wrong."""
    report = run("doctor", "-v").output
    monkeypatch.setenv("KESSPAY_PASSWORD", CANARIES["password"] + "\n")
    report += run("doctor", "-v").output
    monkeypatch.setenv("KESSPAY_PARTNER_SECRET_KEY", CANARIES["password"] * 20)
    report += run("doctor", "-v").output
    assert not [canary for canary in CANARIES.values() if canary in report]


def set_limit(monkeypatch: pytest.MonkeyPatch, soft: int) -> None:
    """Let this process have another limit; there is none on Windows."""
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, -1))


def test_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a limit there is something to do."""
    set_limit(monkeypatch, -1)
    found, fix = core_dumps(tmp_path / "missing")
    assert "to a file" in found
    assert "ulimit -c 0" in fix


def test_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit of 0, and a pattern of a file, there is none."""
    set_limit(monkeypatch, 0)
    pattern = tmp_path / "pattern"
    pattern.write_text("core.%p\n")
    assert core_dumps(pattern) == ("off", "")


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("|/lib/systemd/systemd-coredump %P %u %g", "systemd-coredump"),
        ("|", "a program"),
    ],
)
def test_a_program(
    text: str, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No limit holds for a program that is given core dumps."""
    set_limit(monkeypatch, 0)
    pattern = tmp_path / "pattern"
    pattern.write_text(text + "\n")
    found, fix = core_dumps(pattern)
    assert found.startswith(f"{program} would receive")
    assert fix


def test_a_system_without_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows has no module for them: where nothing can be known nothing is claimed."""
    monkeypatch.setitem(sys.modules, "resource", None)
    there = runpy.run_path(module.__file__)
    assert there["core_dumps"](tmp_path) == ("not known on this system", "")


def test_the_advice(tmp_path: Path) -> None:
    """What is advised is what helps."""
    code = "from kesspay.cli.doctor import *; print(*core_dumps(Path({!r})))"
    program = f"from pathlib import Path; {code.format(str(tmp_path / 'none'))}"
    shell = 'ulimit -c 0; "$0" -c "$1"'
    done = subprocess.run(
        ["sh", "-c", shell, sys.executable, program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["off"]
