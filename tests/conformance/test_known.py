"""Known failures: they must still fail, and each line must name something."""

from __future__ import annotations

import pytest

from kesspay.conformance.adapter import Hello
from kesspay.conformance.judge import Outcome, Verdict
from kesspay.conformance.known import Account, KnownLine, account_for, read_known
from kesspay.errors import InputError
from tests.conformance.runs import HELLO, case, failed, kit_of, outcome, passed, result


KIT = kit_of(case(), case(id="document/write.slash/2"))


# ------------------------------------------------------------ the file


def test_lines_comments_and_patterns() -> None:
    """A line is a case, a rule or a pattern; a # begins a comment."""
    text = b"""\xef\xbb\xbf# all of this is known

document/write.slash/1   # ticket 7
  write.slash\t
document/*/2\r
"""
    assert read_known(text, KIT) == (
        KnownLine(3, "document/write.slash/1"),
        KnownLine(4, "write.slash"),
        KnownLine(5, "document/*/2"),
    )
    assert read_known(b"", KIT) == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("document/write.slahs/1", "(did you mean document/write.slash/1?)"),
        ("write.slsh", "(did you mean write.slash?)"),
        ("zzz", "names no case and no rule; kesspay conformance list"),
        ("keys/*", "names no case and no rule"),
        ("WRITE.SLASH", "names no case and no rule"),
    ],
)
def test_a_line_that_names_nothing(line: str, words: str) -> None:
    """It would hide nothing, and look as if it did: it is refused, with its number."""
    with pytest.raises(InputError) as caught:
        read_known(f"\n{line}\n".encode(), KIT)
    assert str(caught.value).startswith("line 2 of the file of --known ")
    assert words in str(caught.value)


def test_a_file_that_is_no_text() -> None:
    """It is refused, and not read as something else."""
    with pytest.raises(InputError, match="no UTF-8 text"):
        read_known(b"\xff", KIT)


def test_names_that_are_not_in_the_kit_today() -> None:
    """The bulk is not loaded for every run, and a withdrawn case was right once."""
    text = b"document/bulk.stored/7\nbulk.*\ndocument/write.slash/99\n"
    assert len(read_known(text, KIT)) == 3


# ------------------------------------------------------------ the account


def account(*outcomes: Outcome, known: str = "") -> Account:
    """Take known failures from some outcomes."""
    done = result(*outcomes)
    return account_for(done, read_known(known.encode(), done.kit))


@pytest.mark.parametrize("line", ["document/write.slash/1", "write.slash", "doc*"])
@pytest.mark.parametrize(
    "verdict", [Verdict.failed, Verdict.error, Verdict.crashed, Verdict.timed_out]
)
def test_a_known_failure_is_none(line: str, verdict: Verdict) -> None:
    """Whatever goes wrong in a case that a line names is expected."""
    one = outcome(verdict)
    found = account(one, known=line)
    assert (found.faults, found.known, found.needless) == ((), (one,), ())
    assert found.is_clean
    assert account(one).faults == (one,)
    assert not account(one).is_clean


def test_only_the_named_case_is_known() -> None:
    """The next case of the rule fails the run."""
    first, second = failed(1), failed(2)
    found = account(first, second, known="document/write.slash/1")
    assert (found.faults, found.known) == ((second,), (first,))


@pytest.mark.parametrize("line", ["document/write.slash/1", "write.slash", "doc*"])
def test_a_known_failure_that_passes(line: str) -> None:
    """The line must go: a fault that comes back must not be hidden by it."""
    found = account(passed(1), known=f"# x\n{line}")
    assert found.needless == (KnownLine(2, line),)
    assert not found.is_clean


def test_a_pattern_is_needed_while_one_of_its_cases_fails() -> None:
    """Only a line whose cases all pass is needless."""
    assert account(passed(1), failed(2), known="write.slash").is_clean


def test_a_line_is_not_judged_by_a_part_of_its_cases() -> None:
    """Cases that were not asked may fail still."""
    kit = kit_of(case(), case(id="document/write.slash/2"))
    done = result(passed(1), kit=kit)
    assert account_for(done, [KnownLine(1, "write.slash")]).is_clean
    assert account_for(done, [KnownLine(1, "document/write.slash/2")]).is_clean
    assert not account_for(done, [KnownLine(1, "document/write.slash/1")]).is_clean


def test_an_unsupported_case_does_not_pass() -> None:
    """A line stays where the adapter cannot be asked."""
    assert account(outcome(Verdict.unsupported), known="write.slash").is_clean


def test_a_withdrawn_case_is_named_and_no_fault() -> None:
    """The kit has changed, not the program."""
    found = account(passed(1), known="document/write.slash/99")
    assert found.withdrawn == (KnownLine(1, "document/write.slash/99"),)
    assert found.is_clean


def test_a_stored_answer_can_be_known() -> None:
    """The bulk has no cases in the kit, and its lines are judged by what was asked."""
    line = [KnownLine(1, "document/bulk.stored/1")]
    stored = case(id="document/bulk.stored/1", rule="bulk.stored")
    wrong, right = (Outcome(stored, v) for v in (Verdict.failed, Verdict.passed))
    assert account_for(result(wrong, kit=KIT), line).is_clean
    assert not account_for(result(right, kit=KIT), line).is_clean
    assert account_for(result(passed(1), kit=KIT), line).is_clean


# ------------------------------------------------------------ required ops


def test_a_required_op() -> None:
    """Where it is not supported, the run fails; others may be missing."""
    missing = outcome(Verdict.unsupported, op="verify")
    done = result(passed(1), missing)
    assert account_for(done).is_clean
    assert account_for(done, required=["canonicalize"]).is_clean
    found = account_for(done, required=["verify"])
    assert found.missing == (missing,)
    assert not found.is_clean


def test_a_required_op_of_which_no_case_was_chosen() -> None:
    """What the adapter does not list is missing all the same."""
    found = account_for(result(passed(1)), required=["verify", "verify"])
    assert (found.missing, found.missing_ops) == ((), ("verify",))
    assert not found.is_clean


def test_a_case_of_a_required_op() -> None:
    """An adapter that lists the op, and then has no answer, fails as well."""
    missing = outcome(Verdict.unsupported)
    found = account_for(result(missing), required=["canonicalize"])
    assert (found.missing, found.missing_ops) == ((missing,), ("canonicalize",))
    assert not found.is_clean


def test_another_profile_is_not_required() -> None:
    """One that was asked for by name is."""
    missing = outcome(Verdict.unsupported, profile=("ksort=7",))
    done = result(missing)
    assert account_for(done, required=["canonicalize"]).is_clean
    asked = account_for(done, required=["canonicalize"], profiles=["ksort=7"])
    assert asked.missing == (missing,)
    hello = Hello(ops=HELLO.ops, profiles=("ksort=7",))
    done = result(missing, hello=hello)
    assert account_for(done, required=["canonicalize"]).missing == (missing,)
