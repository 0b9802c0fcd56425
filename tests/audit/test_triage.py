# mypy: disable-error-code="no-any-unimported"

"""Causes: what is proved fits the member's own digest, and changes no verdict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kesspay.audit import triage
from kesspay.audit.runner import Hooks, run
from kesspay.explain import search, values
from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import Profile
from tests.support.forger import body_of, pkcs1, pss
from tests.support.recording import private, ring


if TYPE_CHECKING:
    from collections.abc import Sequence

    from kesspay.audit.runner import Result

TIME = datetime(2026, 9, 10, tzinfo=UTC)
#: What the program goes by, which other tests of the audit make smaller.
RATE = triage._RATE
#: Of no key.
STRANGE = bytes([1]) * 256
SIGN = '"sign_type":"RSA2","sign":"SIGN"}'


def answer(number: int, amount: str = "7117.45", receiver: str = "012 / 3") -> str:
    """Return an answer that is not signed yet."""
    return (
        f'{{"success":true,"code":200,"data":{{"out_trade_no":"T-{number}",'
        f'"receiver_id":"{receiver}","amount":{amount},"f":1.0}},{SIGN}'
    )


def unsigned(template: str) -> bytes:
    """Return the canonical form of an answer."""
    return canonicalize(template.encode())


def signed(template: str, text: bytes, name: str = "kess-2025") -> bytes:
    """Put a signature over any text into an answer."""
    return body_of(template, private(name).sign(text))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder the current one, where searches are allowed, and short."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(triage, "_RATE", RATE)
    # Enough for two mistakes at once, which a test below needs.
    monkeypatch.setattr(triage, "BUDGET", 2 << 20)
    # Up to 99.99, which the tests below stay under.
    monkeypatch.setattr(values, "AMOUNTS", 10_000)
    return tmp_path


def audited(
    bodies: Sequence[bytes | None],
    *,
    requests: list[bytes | None] | None = None,
    **words: Any,  # noqa: ANN401 - passed on as they are
) -> tuple[Result, list[dict[str, Any]]]:
    """Audit bodies, and return the causes too."""
    count = len(bodies)
    table = pa.table(
        {
            "at": pa.array([TIME + timedelta(hours=n) for n in range(count)]),
            "service": ["s"] * count,
            "body": pa.array(bodies, pa.binary()),
            "request": pa.array(requests or [None] * count, pa.binary()),
        }
    )
    pq.write_table(table, "t.parquet")
    where: dict[str, Any] = {"time": "at", "service": "service", "request": "request"}
    out = Path(f"out-{len(list(Path().iterdir()))}")
    result = run(["t.parquet"], ring(), out=out, threads=1, **where, **words)
    return result, pq.read_table(out / "causes.parquet").to_pylist()


def test_each_row_by_itself(here: Path) -> None:
    """What a millisecond can name is named for each row, and proved where it is."""
    del here
    right = unsigned(answer(1))
    other = canonicalize(answer(1).encode(), profile=Profile(unescaped_slashes=True))
    whole = private("kess-2025").signed_body({"a": 1})
    bodies: dict[tuple[str, str], bytes | None] = {
        ("no_body", "status"): None,
        ("profile", "proved"): signed(answer(1), other),
        ("key_own_signed", "proved"): signed(answer(1), right, "us"),
        ("key_other", "status"): body_of(answer(1), STRANGE),
        ("body_bom", "proved"): b"\xef\xbb\xbf" + whole,
        ("body_html", "status"): b"<html>",
        ("sign_missing", "status"): b'{"success":true}',
        ("digest_sha1", "proved"): body_of(answer(1), pkcs1(right, algorithm="sha1")),
        ("sign_whitespace", "proved"): whole.replace(b"==", b" ==").replace(
            b'"sign":"', b'"sign":" '
        ),
    }
    result, causes = audited(list(bodies.values()), explain_budget=0)
    assert [(one["cause"], one["basis"]) for one in causes] == list(bodies)
    assert result.counts["authentic"] == 0


def test_a_recipe_is_proved_for_each_member(here: Path) -> None:
    """Members of a cluster that the recipe does not fit go back."""
    del here
    made = [signed(answer(n), unsigned(answer(n)) + b"\n") for n in range(5)]
    twice = [
        signed(answer(n), unsigned(answer(n)).replace(b"\\/", b"/") + b"\r\n")
        for n in range(5, 7)
    ]
    unknown = [signed(answer(9), b"something else")]
    changed = [signed(answer(11, "12.5"), unsigned(answer(11, "0.05")))]
    result, causes = audited([*made, *unknown, *twice, *changed])
    found = [(one["cause"], one["basis"], one["detail"]) for one in causes]
    assert found == [
        *[("end_lf", "proved", "")] * 5,
        ("text_unknown", "status", ""),
        *[("slashes_raw", "proved", "end_crlf")] * 2,
        ("value_changed", "proved", "data.amount was 0.05 when signed"),
    ]
    assert {one["cluster"] for one in causes} == {0}
    # Nothing became authentic.
    assert result.counts["refused"] == len(causes)
    assert result.findings == len(causes)


def test_mistakes_that_another_cluster_has(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are seen at once, without a search for a value that was changed."""
    del here
    searched = []

    def find(canonical: bytes, *given: Any, **words: Any) -> Any:  # noqa: ANN401 - passed on
        searched.append(canonical)
        return values.find_signed_value(canonical, *given, **words)

    monkeypatch.setattr(triage, "find_signed_value", find)
    templates = [answer(1), answer(2).replace('"f"', '"g"')]
    bodies: list[bytes | None] = [
        signed(one, unsigned(one).replace(b"\\/", b"/") + b"\r\n") for one in templates
    ]
    _, causes = audited(bodies)
    found = [(one["cause"], one["basis"], one["detail"]) for one in causes]
    assert found == [("slashes_raw", "proved", "end_crlf")] * 2
    assert [one["cluster"] for one in causes] == [0, 1]
    assert searched == [unsigned(templates[0])]


def test_long_bodies_do_not_fill_the_memory(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Representatives are held up to so many bytes, and others in the next round."""
    del here
    bodies = []
    for n in range(4):
        text = answer(n).replace('"f"', f'"f{n}"')
        bodies += [signed(text, unsigned(text) + b"\n")] * 2
    monkeypatch.setattr(triage, "_HELD", max(map(len, bodies)))
    _, causes = audited(bodies)
    proved = ["end_lf"] * 6
    assert [one["cause"] for one in causes] == [*proved, *["text_unknown"] * 2]
    monkeypatch.setattr(triage, "_HELD", sum(map(len, bodies)))
    _, causes = audited(bodies)
    assert [one["cause"] for one in causes] == [*proved, *["end_lf"] * 2]
    # Nor do records that verified: the digest would prove what was signed.
    changed = signed(answer(1, receiver="099"), unsigned(answer(1)))
    whole = signed(answer(1), unsigned(answer(1)))
    monkeypatch.setattr(triage, "_HELD", len(unsigned(answer(1))) - 1)
    _, [cause] = audited([whole, changed], money=True, explain_budget=0.1)
    assert cause["cause"] == "text_unknown"


def test_other_paddings(here: Path) -> None:
    """A signature that only seems to be another key's is looked at again."""
    del here
    body = body_of(answer(1), pss(unsigned(answer(1))))
    strange = body_of(answer(1), STRANGE)
    _, causes = audited([body, body, strange])
    assert [one["cause"] for one in causes] == [
        *("padding_pss", "padding_pss", "key_other"),
    ]


def test_mistakes_of_another_day(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are seen at once on any day, without those of them that change nothing."""
    del here
    searched = []

    def find(subject: Any, *given: Any, **words: Any) -> Any:  # noqa: ANN401 - passed on
        searched.append(subject.canonical)
        return search.find_signed_text(subject, *given, **words)

    monkeypatch.setattr(triage, "find_signed_text", find)
    both = [
        signed(answer(n), unsigned(answer(n)).replace(b"\\/", b"/") + b"\r\n")
        for n in range(5)
    ]
    plain = answer(5, receiver="012")
    other = [
        signed(plain, unsigned(plain) + b"\r\n"),
        signed(answer(6), unsigned(answer(6)).replace(b":true", b":false")),
    ]
    _, causes = audited([*both[:4], *[None] * 20, *other, both[4]])
    found = [(one["cause"], one["detail"]) for one in causes if one["cluster"] == 1]
    assert found == [
        ("end_crlf", ""),
        ("value_changed", "success was false when signed"),
        ("slashes_raw", "end_crlf"),
    ]
    # Single mistakes in three rows of the first day, and two together in one of them.
    assert searched == [unsigned(answer(n)) for n in (0, 1, 2, 0)]


def test_values_of_the_transfer(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request and verified records of the transfer prove what was signed."""
    del here
    monkeypatch.setattr(triage, "_TOGETHER", 1)
    changed = signed(answer(1, receiver="099"), unsigned(answer(1)))
    request = b'{"receiver_id":"012 / 3","out_trade_no":"T-1"}'
    _, [cause] = audited([changed], requests=[request], explain_budget=1)
    assert cause["detail"] == "data.receiver_id was another value when signed"
    # The digest of the canonical form decides: a verified record is as good.
    whole = signed(answer(1), unsigned(answer(1)))
    _, [cause] = audited(
        [whole, changed, signed(answer(2), unsigned(answer(2))), whole],
        money=True,
        show_values=True,
        explain_budget=0.1,
    )
    assert cause["detail"] == r'data.receiver_id was "012 \/ 3" when signed'
    _, [cause] = audited([whole, changed], explain_budget=0.1)
    assert (cause["cause"], cause["detail"]) == ("text_unknown", "")


def test_budget(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the budget leaves keeps its status, and is counted."""
    del here
    bodies: list[bytes | None] = [
        signed(answer(n, "12.5"), unsigned(answer(n, "1"))) for n in range(3)
    ]
    result, causes = audited(bodies, explain_budget=0)
    assert {one["basis"] for one in causes} == {"status"}
    assert result.causes[0].bases == {"status": 3}
    monkeypatch.setattr(triage, "_CLUSTERS", 0)
    _, causes = audited(bodies)
    assert {one["basis"] for one in causes} == {"proved"}


def test_budget_that_ends(here: Path) -> None:
    """
    Where the budget ends within the rows, the first ones are proved.

    The budget is work and no time: the test asks how much all rows take, and gives
    what three of them need less, and half of what one needs more.
    """
    del here
    late: list[bytes | None] = [
        signed(answer(n, "12.5"), unsigned(answer(n, "99"))) for n in range(6)
    ]
    whole = triage.Triage(ring())
    before = whole._left
    audited(late, hooks=Hooks(examine=whole.examine, triage=whole))
    each = 99_00 * triage._TRY
    budget = (before - whole._left - 2.5 * each) / triage._RATE
    _, causes = audited(late, explain_budget=budget)
    assert [one["basis"] for one in causes] == ["proved"] * 3 + ["status"] * 3


def test_a_sample(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many failures only representatives are proved, and it is said so."""
    del here
    monkeypatch.setattr(triage, "_SAMPLE", 2)
    made = [signed(answer(n), unsigned(answer(n)) + b"\n") for n in range(5)]
    _, causes = audited(made)
    assert {one["basis"] for one in causes} == {"representative"}
    assert {one["cause"] for one in causes} == {"end_lf"}


def test_the_same_causes(here: Path) -> None:
    """Two runs name the same, byte by byte."""
    bodies: list[bytes | None] = [
        signed(answer(n, "12.5"), unsigned(answer(n, "0.05"))) for n in range(3)
    ]
    audited(bodies)
    audited(bodies)
    first, second = sorted(here.glob("out-*/causes.parquet"))
    assert first.read_bytes() == second.read_bytes()


def test_odd_bodies(here: Path) -> None:
    """What has no canonical form, and a right text under a strange padding."""
    del here
    examine = triage.Triage(ring())
    right = unsigned(answer(1))
    infinite = '{"a":1e999,"sign":"SIGN"}'
    body = body_of(infinite, pkcs1(right))
    sha1 = body_of(answer(1), pkcs1(right, algorithm="sha1"))
    assert examine._mismatch(sha1).code == "digest_sha1"
    assert examine._mismatch(body).code == "text_unknown"
    fine = signed(answer(1), right)
    assert examine._mismatch(fine).code == "mismatch"
    row = triage._Row(body, None, bytes(32))
    assert examine._value(row, (), 5) == ""


@pytest.mark.parametrize(
    ("signed", "name", "tries"),
    [
        ("", "", values.AMOUNTS),
        ("12.5", "amount", 1250),
        ('"12.50"', "amount", 1250),
        ("true", "success", 100),
        ('"855"', "receiver_id", 100),
        *((one, "amount", 100) for one in ("null", '"nan"', "1.0e+999", "-5", "0")),
        ("123456", "amount", 100),
        ("{}", "amount", 100),
    ],
)
def test_what_a_search_costs(signed: str, name: str, tries: int) -> None:
    """The budget pays for the values that were tried, and never gets any back."""
    assert triage._tries_until(signed, name) == tries
