"""``kesspay conformance explain``: a case, or a body from the field."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.cli import conformance_explain as module
from kesspay.conformance.adapter import Hello
from kesspay.conformance.blame import Blame, Blames
from kesspay.conformance.inquiry import inquire
from kesspay.conformance.judge import Run
from kesspay.conformance.kit import Refused
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Command = Callable[..., Result]

BODY: Final = b'{"success":true,"data":{"url":"https://a/b","n":{}},"sign":"x"}'
KIT: Final = stored_kit()
#: Cases by what they show.
SLASH: Final = "document/write.slash/1"
REFUSED: Final = next(
    one.id
    for one in KIT.cases
    if one.op == "canonicalize" and isinstance(one.result, Refused)
)

#: An adapter around a function of the right answer and the text.
ADAPTER: Final = """
import json, sys
from base64 import b64decode, b64encode
from kesspay import InputError, canonicalize
for line in sys.stdin:
    question = json.loads(line)
    if question["op"] == "hello":
        answer = {"protocol": 1, "name": "mine", "ops": ["canonicalize"]}
    else:
        answer = {"id": question["id"]}
        text = b64decode(question["text"])
        try:
            form = canonicalize(text)
            answer["bytes"] = b64encode(CHANGE).decode()
        except InputError as error:
            answer["refused"] = type(error).__name__
    print(json.dumps(answer), flush=True)
"""


def adapter(change: str) -> list[str]:
    """Return the command of an adapter that changes the right answer."""
    return [sys.executable, "-c", ADAPTER.replace("CHANGE", change)]


@pytest.fixture
def place(tmp_path: Path) -> Callable[[bytes], Path]:
    """Return what puts bytes into a file."""

    def put(content: bytes) -> Path:
        path = tmp_path / f"file-{len(list(tmp_path.iterdir()))}"
        path.write_bytes(content)
        return path

    return put


def explained(run: Command, *args: object) -> tuple[int, dict[str, Any]]:
    """Run the command with --json."""
    result = run("conformance", "explain", "--json", *args)
    return result.exit_code, json.loads(result.stdout)


# ------------------------------------------------------------ a case


def test_a_case_is_shown(run: Command) -> None:
    """Question, rule, answer, the PHP that gives it, and the known mistakes."""
    result = run("conformance", "explain", SLASH)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == [SLASH, "canonicalize", "api"]
    assert any(line.startswith("  write.slash is broken where ") for line in lines)
    assert any(line.startswith("question  {") for line in lines)
    assert any(line.startswith("answer    {") and "\\/" in line for line in lines)
    assert any(line.startswith("php -r '") for line in lines)
    at = next(n for n, line in enumerate(lines) if "slashes_raw" in line)
    assert lines[at].startswith("  slashes_raw (write.slash): ")
    assert "\\/" not in lines[at + 1]


def test_a_case_that_must_be_refused(run: Command) -> None:
    """It says why."""
    result = run("conformance", "explain", REFUSED)
    assert "\nanswer    refused (" in result.stdout
    code, fields = explained(run, REFUSED, "--refused")
    assert (code, fields["verdict"], fields["expected_base64"]) == (0, "passed", None)
    assert fields["refused"]


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "which",
    [
        lambda case: case.op == "verify",
        lambda case: case.op == "key",
        lambda case: case.op == "canonicalize-tree",
        lambda case: case.profile,
        lambda case: not case.mistakes,
        lambda case: case.comment,
        lambda case: any(one is None for one in case.mistakes.values()),
    ],
)
def test_cases_of_every_kind(run: Command, which: Callable[[Any], object]) -> None:
    """Each can be shown, as far as the kit has it."""
    for case in [one for one in KIT.cases if which(one)][:3]:
        result = run("conformance", "explain", case.id)
        assert result.exit_code == 0
        assert result.stdout.startswith(case.id)
        assert result.stdout.isascii() or case.comment


def test_a_wrong_answer_to_a_case(run: Command, place: Callable[[bytes], Path]) -> None:
    """The mistake is named, and the first difference shown."""
    case = next(one for one in KIT.cases if one.id == SLASH)
    wrong = case.mistakes["slashes_raw"]
    assert wrong is not None
    result = run("conformance", "explain", SLASH, "--actual", place(wrong))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    at = lines.index("the answer is wrong")
    column = lines[at + 4].index("^")
    assert (lines[at + 2][column], lines[at + 3][column]) == ("\\", "/")
    assert any(
        line.startswith("it is that of slashes_raw, which breaks write.slash: ")
        for line in lines
    )
    code, fields = explained(run, SLASH, "--actual", place(wrong))
    assert (code, fields["verdict"]) == (1, "failed")
    assert fields["difference"]["position"] == case.result.index(b"\\")  # type: ignore[union-attr]  # bytes
    actual = {row["code"] for row in fields["mistakes"] if row["is_actual"]}
    assert "slashes_raw" in actual


def test_other_answers_to_a_case(run: Command, place: Callable[[bytes], Path]) -> None:
    """The right one, one of no known mistake, and a refusal."""
    case = next(one for one in KIT.cases if one.id == SLASH)
    assert isinstance(case.result, bytes)
    right = run("conformance", "explain", SLASH, "--actual", place(case.result))
    assert right.exit_code == 0
    assert right.stdout.endswith("the answer is right\n")
    _, fields = explained(run, SLASH, "--actual", place(case.result))
    assert fields["difference"] is None
    other = run("conformance", "explain", SLASH, "--actual", place(b"\x1b[2J\xff"))
    assert other.stdout.endswith("no known mistake gives it\n")
    assert "\x1b" not in other.stdout
    refused = run("conformance", "explain", SLASH, "--refused")
    assert "\n  actual    refused\n" in refused.stdout
    empty = run("conformance", "explain", REFUSED, "--actual", place(b""))
    assert "\n  actual    (nothing)\n" in empty.stdout


def test_json_has_the_documented_fields(
    run: Command, place: Callable[[bytes], Path]
) -> None:
    """Every field is in the help text."""
    help_text = run("conformance", "explain", "--help").stdout
    _, case = explained(run, SLASH)
    _, body = explained(run, "--document", place(BODY), "--refused")
    head = {"ok", "command", "warnings", "kit"}
    for fields in (case, body, body["faults"][0], case["mistakes"][0]):
        assert all(name in help_text for name in set(fields) - head)


# ------------------------------------------------------------ a body


def test_a_right_answer_to_a_body(run: Command, place: Callable[[bytes], Path]) -> None:
    """Nothing is wrong."""
    result = run(
        "conformance", "explain", "--document", place(BODY), "--", *adapter("form")
    )
    assert (result.exit_code, result.stdout) == (0, "the answer is right\n")


def test_an_answer_to_a_body(run: Command, place: Callable[[bytes], Path]) -> None:
    """The answer alone leads to rules; nothing is shrunk."""
    answer = b'{"data":{"url":"https://a/b","n":[]},"success":true}'
    result = run(
        "conformance",
        "explain",
        *("--document", place(BODY), "--actual", place(answer)),
    )
    assert result.exit_code == 1
    assert "first difference, at byte 22" in result.stdout
    assert "\nwrite.slash   " in result.stdout
    assert "smallest" not in result.stdout


def test_a_program_is_asked(run: Command, place: Callable[[bytes], Path]) -> None:
    """The body is made as small as the fault allows."""
    change = r'form.replace(b"\\/", b"/")'
    document = place(BODY)
    result = run(
        "conformance", "explain", "--document", document, "--", *adapter(change)
    )
    assert result.exit_code == 1
    assert '\n    document  {"":"/"}\n' in result.stdout
    assert '\n    expected  {"":"\\/"}\n' in result.stdout
    report = result.stdout.splitlines()[-1]
    assert json.loads(report)["rule"] == "write.slash"
    code, fields = explained(run, "--document", document, "--", *adapter(change))
    [fault] = fields["faults"]
    assert code == 1
    assert base64.b64decode(fault["document_base64"]) == b'{"":"/"}'
    assert fields["finished"]
    assert 0 < fields["asked"] < 2000


def test_a_program_that_only_signs_is_asked(
    run: Command, place: Callable[[bytes], Path]
) -> None:
    """Its signatures show the texts, also one with two mistakes, and are shrunk."""
    change = r'form.replace(b"\\/", b"/").replace(b"[]", b"{}")'
    signing = ADAPTER.replace('["canonicalize"]', '["sign"]').replace(
        "CHANGE",
        f"b64encode(PrivateKey.from_pem(b64decode(question['key'])).sign({change}))",
    )
    command = [sys.executable, "-c", f"from kesspay import PrivateKey\n{signing}"]
    code, fields = explained(run, "--document", place(BODY), "--", *command)
    assert code == 1
    assert {
        (fault["rule"], base64.b64decode(fault["document_base64"]))
        for fault in fields["faults"]
    } == {("write.slash", b'{"":"/"}'), ("list.empty", b"{}")}


def test_what_only_the_kit_knows(
    run: Command, place: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that is a case of the kit, with an answer that only the kit explains."""
    case = next(one for one in KIT.cases if one.id == SLASH)
    mine = replace(case, mistakes={"slashes_raw": b"!"})
    monkeypatch.setattr(module, "load", lambda: replace(KIT, cases=(mine,)))
    args = ("--document", place(case.text), "--actual", place(b"!"))
    _, fields = explained(run, *args)
    [fault] = fields["faults"]
    assert (fault["rule"], fault["advice"]) == ("write.slash", "")
    result = run("conformance", "explain", *args)
    assert KIT.mistakes["slashes_raw"].title in result.stdout
    args = ("--document", place(case.text), "--actual", place(b"?"))
    result = run("conformance", "explain", *args)
    assert "\nperhaps write.slash   " in result.stdout
    assert "\n  no known mistake gives this answer\n" in result.stdout


def test_settings_of_php_reach_the_adapter(
    run: Command, place: Callable[[bytes], Path]
) -> None:
    """With a profile other answers are right."""
    args = ("--document", place(BODY), "--unescaped-slashes")
    change = r'form.replace(b"\\/", b"/") if question["profile"] else b""'
    assert explained(run, *args, "--", *adapter(change))[0] == 0


@pytest.mark.thorough
def test_what_no_mistake_explains_is_asked_of_the_kit(
    run: Command, place: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the search finds nothing, the whole kit blames."""
    change = r'form.replace(b"true", b"TRUE")'
    args = ("conformance", "explain", "--document", place(BODY), "--")
    result = run(*args, *adapter(change))
    assert result.exit_code == 1
    assert "no known mistake gives this answer" in result.stdout
    assert "the whole kit blames\n  nothing\n" in result.stdout
    rule = KIT.rules["write.slash"]
    found = Blame(rule=rule, mistake=None, firm=True, outcomes=(), points=1)
    monkeypatch.setattr(module, "blame", lambda *_: Blames(firm=(found,)))
    monkeypatch.setattr(module, "run", lambda *_, **__: Run(Hello(), KIT, ()))
    result = run(*args, *adapter(change))
    assert f"\nthe whole kit blames\n  write.slash   {rule.title}" in result.stdout
    _, fields = explained(run, "--document", place(BODY), "--", *adapter(change))
    assert [one["rule"] for one in fields["blames"]] == ["write.slash"]


@pytest.mark.thorough
def test_a_program_that_refuses_good_documents(
    run: Command, place: Callable[[bytes], Path]
) -> None:
    """Its words and its other refusals are shown, and no rule of another kind."""
    refuser = ADAPTER.replace("CHANGE", r'form.replace(b"\\/", b"/")').replace(
        "form = canonicalize(text)",
        """form = canonicalize(text)
            if b"{" in form[1:]:
                raise InputError("one level only")""",
    )
    args = ("--document", place(b'{"a":{"b":1}}'), "--", sys.executable, "-c", refuser)
    result = run("conformance", "explain", *args)
    assert "\n  the program refuses it, and no known mistake does\n" in result.stdout
    assert "\n    actual    refused: InputError\n" in result.stdout
    assert " good documents are refused, beyond known mistakes. The" in result.stdout
    assert "the whole kit blames" not in result.stdout
    code, fields = explained(run, *args)
    assert (code, fields["blames"]) == (1, [])
    assert fields["kit_refused"]


@pytest.mark.thorough
def test_a_program_that_answers_nothing_right(
    run: Command, place: Callable[[bytes], Path]
) -> None:
    """Where the plainest cases fail, that is said, and nothing is blamed."""
    args = ("--document", place(BODY), "--", *adapter('b"?"'))
    result = run("conformance", "explain", *args)
    assert "\nperhaps list.empty   " in result.stdout  # as {} is a case of it
    assert "\nThe plainest cases fail: look at the adapter first.\n" in result.stdout
    assert "the whole kit blames" not in result.stdout
    refuser = ADAPTER.replace("form = canonicalize(text)", "raise InputError")
    args = ("--document", place(BODY), "--", sys.executable, "-c", refuser)
    result = run("conformance", "explain", *args)
    assert "list.empty" not in result.stdout
    assert "\nThe plainest cases fail: look at the adapter first.\n" in result.stdout


def test_a_wrong_signature_is_short(run: Command) -> None:
    """Of the signatures of known mistakes the beginning is shown; all is in JSON."""
    result = run("conformance", "explain", "sign/sign.plain/1")
    lines = result.stdout.partition("known mistakes")[2].splitlines()
    assert max(map(len, lines)) < 120
    assert any(line.endswith("...") for line in lines)


def test_when_the_questions_run_out(
    run: Command, place: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said that more could be left out."""
    real = inquire
    monkeypatch.setattr(
        module, "inquire", lambda *args, **kw: real(*args, questions=1, **kw)
    )
    change = r'form.replace(b"\\/", b"/")'
    result = run(
        "conformance", "explain", "--document", place(BODY), "--", *adapter(change)
    )
    assert "after 1 questions, and more could be left out" in result.stdout


def test_a_refusal_of_a_body(run: Command, place: Callable[[bytes], Path]) -> None:
    """A body that must be refused, and one that must not."""
    code, fields = explained(run, "--document", place(BODY), "--refused")
    assert (code, fields["actual_base64"], fields["difference"]) == (1, None, None)
    result = run(
        "conformance",
        "explain",
        *("--document", place(b"{"), "--actual", place(b"{}")),
    )
    assert "\n  expected  refused (syntax)\n" in result.stdout


@pytest.mark.thorough
def test_an_adapter_without_an_answer(
    run: Command, place: Callable[[bytes], Path]
) -> None:
    """What is no answer ends the command."""
    result = run(
        "conformance", "explain", "--document", place(BODY), "--", *adapter("1 / 0")
    )
    assert result.exit_code == 2
    assert "the adapter has no answer (crashed): " in result.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "give one ID"),
        ((SLASH, REFUSED), "give one ID"),
        (("document/none/1",), "kesspay conformance list"),
        (("write.slash",), "this is a rule; give one of its cases, such as document/"),
        ((SLASH, "--actual", "FILE", "--refused"), "not both"),
        (("--document", "FILE"), "give --actual FILE"),
        (("--document", "FILE", "--refused", "--", "php"), "not both"),
        ((SLASH, "--timeout", "0"), "0"),
    ],
)
def test_usage(
    run: Command, place: Callable[[bytes], Path], args: tuple[str, ...], words: str
) -> None:
    """What cannot be meant is refused."""
    path = place(BODY)
    result = run("conformance", "explain", *(path if a == "FILE" else a for a in args))
    assert result.exit_code == 2
    assert words in result.stderr


def test_the_settings_of_a_case_are_shown(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in the command of PHP as well."""
    case = next(one for one in KIT.cases if one.id == SLASH)
    mine = replace(case, profile=("precision=17",))
    monkeypatch.setattr(module, "load", lambda: replace(KIT, cases=(mine,)))
    result = run("conformance", "explain", SLASH)
    assert "\n  settings of PHP: precision=17\n" in result.stdout
    assert "\nphp -d serialize_precision=17 -r '" in result.stdout


def test_a_case_that_was_withdrawn(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says why."""
    gone = replace(KIT, withdrawn={"document/old.rule/1": "it asked two things"})
    monkeypatch.setattr(module, "load", lambda: gone)
    result = run("conformance", "explain", "document/old.rule/1")
    assert result.exit_code == 2
    assert "it asked two things" in result.stderr
