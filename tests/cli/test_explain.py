"""``kesspay explain`` shows people and scripts what explain found."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from kesspay.explain.explanation import CODES
from tests.support.forger import body_of, pkcs1, pss, raw_block


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


pytestmark = pytest.mark.usefixtures("backend")

TEMPLATE = '{"b":1,"a":"x/y","sign_type":"RSA2","sign":"SIGN"}'
CANONICAL = b'{"a":"x\\/y","b":1}'
RAW = b'{"a":"x/y","b":1}'
RIGHT = body_of(TEMPLATE, pkcs1(CANONICAL))
WRONG = body_of(TEMPLATE, pkcs1(RAW))


def test_a_body_that_verifies(run: Callable[..., Result], keys: Path) -> None:
    """Exit code 0, and the canonical form for reading."""
    result = run("explain", "--key", keys / "rsa-2048.pub.pem", "-", stdin=RIGHT)
    assert result.exit_code == 0
    assert result.stdout.startswith("The body verifies.\n")
    assert CANONICAL.decode() in result.stdout


def test_a_body_that_does_not_verify(run: Callable[..., Result], keys: Path) -> None:
    """Exit code 1; cause, advice and the difference are readable lines."""
    result = run(
        "explain",
        *("--key", keys / "rsa-2048.pub.pem"),
        *("--key", keys / "other-2048.pub.pem"),
        *("--expected", RAW.decode()),
        "-",
        stdin=WRONG,
    )
    assert result.exit_code == 1
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0].startswith("The body does not verify: ")
    assert "Why" in lines
    assert any("slashes were not escaped" in line for line in lines)
    assert any(line.endswith("made the signature") for line in lines)
    at = lines.index("First difference, at byte 7")
    column = lines[at + 3].index("^")
    assert (lines[at + 1][column], lines[at + 2][column]) == ("\\", "/")


def test_the_signed_text_is_compared_where_none_is_expected(
    run: Callable[..., Result], keys: Path
) -> None:
    """Where the text that was signed is found out, its first difference is shown."""
    result = run("explain", "--key", keys / "rsa-2048.pub.pem", "-", stdin=WRONG)
    lines = result.stdout.splitlines()
    at = lines.index("First difference, at byte 7")
    column = lines[at + 3].index("^")
    assert lines[at + 2].split()[0] == "signed"
    assert (lines[at + 1][column], lines[at + 2][column]) == ("\\", "/")


def test_the_value_that_was_signed_is_shown(
    run: Callable[..., Result], keys: Path
) -> None:
    """What a changed value was when it was signed stands there, with its proof."""
    template = '{"success":true,"sign_type":"RSA2","sign":"SIGN"}'
    body = body_of(template, pkcs1(b'{"success":false}'))
    result = run("explain", "--key", keys / "rsa-2048.pub.pem", "-", stdin=body)
    assert "success was false when signed" in result.stdout
    assert "the body has true" in result.stdout


def test_json_has_the_documented_fields(run: Callable[..., Result], keys: Path) -> None:
    """Every field of the help text is there, and no other."""
    key = keys / "rsa-2048.pub.pem"
    report = json.loads(run("explain", "--key", key, "--json", "-", stdin=WRONG).stdout)
    assert set(report) == {
        "ok",
        "command",
        "warnings",
        "verifies",
        "verified_by",
        "refusal",
        "canonical",
        "canonical_sha256",
        "canonical_length",
        "keys",
        "signature",
        "expected",
        "profile",
        "mistakes",
        "difference",
        "changed",
        "kind",
        "kind_assumed",
        "signed_text",
        "signed_base64",
        "findings",
    }
    assert report["ok"] is report["verifies"] is False
    assert report["keys"][0]["file"] == str(key)
    assert report["profile"]["unescaped_slashes"] is True
    assert report["mistakes"] == ["slashes_raw"]
    assert report["difference"]["position"] == 7
    [finding] = report["findings"]
    assert set(finding) == {"code", "sort", "text", "advice"}
    help_text = run("explain", "--help").stdout
    head = {"ok", "command", "warnings"}
    assert all(field in help_text for field in set(report) - head)
    assert all(field in run("--help").stdout for field in head)
    assert all(field in help_text for field in report["signature"])


def test_the_kind_is_given_or_said(run: Callable[..., Result], keys: Path) -> None:
    """Who signed the body decides the advice, and what was assumed is shown."""
    command = ["explain", "--key", keys / "rsa-2048.pub.pem"]
    assumed = run(*command, "-", stdin=WRONG).stdout
    assert "kind: an answer (assumed; give --request if it is not)" in assumed
    assert "use Profile" in assumed
    given = run(*command, "--request", "-", stdin=WRONG).stdout
    assert "kind: a request\n" in given
    assert r"-> write / as \/" in given
    answer = run(*command, "--answer", "--json", "-", stdin=WRONG).stdout
    assert json.loads(answer)["kind"] == "answer"
    assert json.loads(answer)["kind_assumed"] is False


def test_the_text_that_was_signed_is_shown(
    run: Callable[..., Result], keys: Path
) -> None:
    """People see it above the canonical form, scripts have it in a field."""
    command = ["explain", "--key", keys / "rsa-2048.pub.pem"]
    lines = run(*command, "-", stdin=WRONG).stdout.splitlines()
    at = lines.index("Text that was signed")
    assert lines[at + 1] == RAW.decode()
    shown = json.loads(run(*command, "--json", "-", stdin=WRONG).stdout)
    assert shown["signed_text"] == RAW.decode()
    raw = hashlib.sha256(CANONICAL).digest()
    odd = run(*command, "-", stdin=body_of(TEMPLATE, pkcs1(raw))).stdout
    assert "\\x" in odd[odd.index("Text that was signed") :].splitlines()[1]


def test_a_secret_in_the_text_is_found_and_not_shown(
    run: Callable[..., Result],
    keys: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes from a file or the environment; stars stand for it."""
    body = body_of(TEMPLATE, pkcs1(CANONICAL + b"&key=hunter2-hunter2"))
    command = ["explain", "--key", keys / "rsa-2048.pub.pem"]
    path = tmp_path / "secret"
    path.write_bytes(b"hunter2-hunter2\n")
    monkeypatch.setenv("PARTNER_SECRET", "hunter2-hunter2")
    for options in (["--secret-file", path], ["--secret-env", "PARTNER_SECRET"]):
        shown = run(*command, *options, "--json", "-", stdin=body)
        assert json.loads(shown.stdout)["mistakes"] == ["with_key_after"]
        assert json.loads(shown.stdout)["signed_text"].endswith("&key=***")
        plain = run(*command, *options, "-", stdin=body)
        assert "&key=***" in plain.stdout
        assert "hunter2" not in shown.output + plain.output
    both = ["--secret-file", path, "--secret-env", "PARTNER_SECRET"]
    assert run(*command, *both, "-", stdin=body).exit_code == 2
    missing = run(*command, "--secret-env", "hunter2-hunter2", "-", stdin=body)
    assert missing.exit_code == 2
    assert "hunter2" not in missing.output
    path.write_bytes(b"")
    none = run(*command, "--secret-file", path, "-", stdin=body)
    assert (none.exit_code, "is empty" in none.stderr) == (2, True)


def test_a_body_is_of_one_kind(run: Callable[..., Result], keys: Path) -> None:
    """The last of two options that contradict each other does not win."""
    key = keys / "rsa-2048.pub.pem"
    result = run("explain", "--key", key, "--request", "--answer", "-", stdin=b"{}")
    assert (result.exit_code, "not both" in result.stderr) == (2, True)


def test_the_fields_are_there_without_a_canonical_form(
    run: Callable[..., Result], keys: Path
) -> None:
    """A text that is no JSON gives nulls, not missing fields."""
    key = keys / "rsa-2048.pub.pem"
    result = run("explain", "--key", key, "--json", "-", stdin=b"nope")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (
        report["canonical"] is report["canonical_length"] is report["signature"] is None
    )
    assert report["refusal"]["position"] == 1
    plain = run("explain", "--key", key, "-", stdin=b"nope")
    assert "none to look at" in plain.stdout


def test_signatures_without_a_digest_are_shown_too(
    run: Callable[..., Result], keys: Path
) -> None:
    """PSS hides the digest, a bare block has no algorithm: fewer facts."""
    key = keys / "rsa-2048.pub.pem"
    hidden = run("explain", "--key", key, "-", stdin=body_of(TEMPLATE, pss(CANONICAL)))
    assert "signature padding: pss" in hidden.stdout
    assert "signed text's digest" not in hidden.stdout
    bare = body_of(TEMPLATE, raw_block(CANONICAL))
    shown = run("explain", "--key", key, "-", stdin=bare)
    assert "signature padding: pkcs1_bare" in shown.stdout
    assert "signed digest:" not in shown.stdout
    noise = run("explain", "--key", keys / "other-2048.pub.pem", "-", stdin=RIGHT)
    assert "did not make the signature" in noise.stdout
    assert "signature padding" not in noise.stdout


def test_ones_own_key_is_recognised(run: Callable[..., Result], keys: Path) -> None:
    """The public half of one's own key, and one's own message, are named."""
    options = ["--own-key", keys / "rsa-2048.pem", "--json", "-"]
    own = run("explain", "--key", keys / "rsa-2048.pub.pem", *options, stdin=WRONG)
    assert "key_own" in {f["code"] for f in json.loads(own.stdout)["findings"]}
    other = run("explain", "--key", keys / "other-2048.pub.pem", *options, stdin=RIGHT)
    codes = {f["code"] for f in json.loads(other.stdout)["findings"]}
    assert "key_own_signed" in codes


def test_an_encrypted_key_of_ones_own(run: Callable[..., Result], keys: Path) -> None:
    """The password comes from the environment."""
    result = run(
        "explain",
        *("--key", keys / "rsa-2048.pub.pem"),
        *("--own-key", keys / "rsa-2048.encrypted.pem"),
        *("--password-file", "-"),
        keys / "README.md",
        stdin="correct horse\n",
    )
    assert result.exit_code == 1
    assert "your own private key" in result.stdout
    assert "correct horse" not in result.output


def test_the_expected_text_may_be_a_file(
    run: Callable[..., Result], keys: Path, tmp_path: Path
) -> None:
    """A file with a final line break is compared without it."""
    path = tmp_path / "expected.txt"
    path.write_bytes(RAW + b"\n")
    key = keys / "rsa-2048.pub.pem"
    options = ["--key", key, "--expected-file", path, "--json", "-"]
    report = json.loads(run("explain", *options, stdin=WRONG).stdout)
    assert report["expected"]["covered"] is True
    assert report["expected"]["difference"]["position"] == 7


def test_one_expected_text_is_enough(run: Callable[..., Result], keys: Path) -> None:
    """Text and file together are a mistake."""
    options = ["--expected", "x", "--expected-file", "-"]
    result = run("explain", "--key", keys / "rsa-2048.pub.pem", *options, "-")
    assert result.exit_code == 2
    assert "not both" in result.stderr


def test_the_codes_are_listed(run: Callable[..., Result]) -> None:
    """Everything that can be found out is documented by the program itself."""
    result = run("explain", "--codes")
    assert result.exit_code == 0
    assert {line.split()[0] for line in result.stdout.splitlines()} == set(CODES)
    for options in (["--codes", "--json"], ["--json", "--key", "none", "--codes"]):
        listed = json.loads(run("explain", *options).stdout)
        assert (listed["ok"], listed["codes"]) == (True, CODES)
