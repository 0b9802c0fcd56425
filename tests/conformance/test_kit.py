"""The conformance kit is whole, and a damaged one is refused."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from typing import TYPE_CHECKING, Any, Final

import pytest
from jsonschema import Draft202012Validator

from kesspay.conformance import kit as kits
from kesspay.conformance.kit import FOLDER, LARGEST, OPS, Kit, Refused, bulk, load
from kesspay.errors import CanonicalizationError, InputError
from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import Profile
from tests.support.pages import ROOT
from tests.support.php_answers import Settings
from tests.support.trees import decode_tree


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kesspay.signing.backend import Backend
    from tests.support.php import Php


#: Files of the kit and their schemas.
SCHEMAS: Final = {
    "KIT.json": "KIT.json",
    "rules.json": "rules.json",
    "mistakes.json": "mistakes.json",
    **{
        f"cases/{path.name}": "cases.json"
        for path in sorted((FOLDER / "cases").glob("*.json"))
    },
}


@pytest.fixture(scope="module")
def kit() -> Kit:
    """Return the kit of the package."""
    return load()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the kit that a test may damage."""
    folder = tmp_path / "kit"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("bulk"))
    return folder


def change(folder: Path, name: str, edit: Callable[[Any], object]) -> None:
    """Change a file of a kit."""
    path = folder / name
    content = json.loads(path.read_bytes())
    edit(content)
    path.write_text(json.dumps(content), encoding="ascii")


# ------------------------------------------------------------ the kit itself


@pytest.mark.few(3)
@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_hold(name: str) -> None:
    """Each file is as its schema says, and the schema is one."""
    schema = json.loads((FOLDER / "schema" / SCHEMAS[name]).read_bytes())
    Draft202012Validator.check_schema(schema)
    content = json.loads((FOLDER / name).read_bytes())
    faults = list(Draft202012Validator(schema).iter_errors(content))
    assert not faults


def test_the_cases_are_small(kit: Kit) -> None:
    """No case has more than 32 KiB, and the whole kit fits into a package."""
    assert all(len(case.text) <= LARGEST for case in kit.cases)
    files = [path for path in FOLDER.rglob("*.json") if "bulk" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 4_300_000


def test_each_rule_has_cases(kit: Kit) -> None:
    """Of every rule there are at least three cases, in its area."""
    for rule in kit.rules.values():
        if rule.area != "bulk":
            own = [case for case in kit.cases if case.rule == rule.id]
            assert len(own) >= 3, rule.id
            assert rule.area in {case.area for case in own}, rule.id


def headings(page: str) -> set[str]:
    """Return the anchors of a page: its headings, as GitHub and the site name them."""
    fence = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
    text = fence.sub("", (ROOT / page).read_text(encoding="utf-8"))
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in found}


def test_each_rule_leads_to_its_paragraph(kit: Kit) -> None:
    """The page of a rule exists and has the heading."""
    known: dict[str, set[str]] = {}
    for rule in kit.rules.values():
        page, _, anchor = rule.doc.partition("#")
        if page not in known:
            known[page] = headings(page)
        assert anchor in known[page], rule.doc


def test_kesspay_is_right(kit: Kit, backend: Backend) -> None:
    """Both backends give every answer about documents and parameters."""
    for case in kit.cases:
        if case.op not in ("canonicalize", "canonicalize-tree"):
            continue
        given = case.text if case.area == "document" else decode_tree(case.text)
        profile = Profile.from_words(" ".join(case.profile))
        answer: bytes | None = None
        reason = ""
        try:
            answer = canonicalize(given, profile=profile)
        except CanonicalizationError as error:
            reason = error.reason
        if isinstance(case.result, Refused):
            assert reason == case.result.reason, case.id
        else:
            assert answer == case.result, case.id


def test_php_is_right(kit: Kit, php: Php) -> None:
    """PHP itself gives every answer, but those of older versions."""
    for case in kit.cases:
        profile = Profile.from_words(" ".join(case.profile))
        if profile.ksort != "8.2":
            continue
        settings = Settings(
            profile.serialize_precision,
            profile.unescaped_slashes,
            profile.unescaped_unicode,
            preserve_zero_fraction=profile.preserve_zero_fraction,
        )
        if case.op == "canonicalize":
            (answer,) = php.canonicalize([case.text], settings)
        elif case.op == "canonicalize-tree":
            (answer,) = php.canonicalize_parameters([decode_tree(case.text)], settings)
        else:
            continue
        if isinstance(case.result, Refused):
            assert answer.failure == case.result.stage, case.id
        else:
            assert answer.canonical == case.result, case.id


def test_every_operation_belongs_to_an_area() -> None:
    """Each file of cases is about an operation, and every area has one."""
    assert set(kits.FILES.values()) == set(OPS)
    assert set(OPS.values()) == set(kits.AREAS)


# ------------------------------------------------------------ damaged kits


def test_a_folder_without_a_kit_is_refused(tmp_path: Path) -> None:
    """The message names the file that is missing."""
    with pytest.raises(InputError, match=r"no KIT\.json that can be read"):
        load(tmp_path)


def test_a_file_that_is_no_json_is_refused(copy: Path) -> None:
    """The message names the file."""
    (copy / "rules.json").write_bytes(b"{")
    with pytest.raises(InputError, match=r"damaged: rules\.json is no JSON"):
        load(copy)


def test_another_format_is_refused(copy: Path) -> None:
    """A kit of a later version is not read by guessing."""
    change(copy, "KIT.json", lambda top: top.update(format=2))
    with pytest.raises(InputError, match="has the format 2"):
        load(copy)


def test_a_kit_without_cases_is_refused(copy: Path) -> None:
    """An empty kit would pass every program."""
    shutil.rmtree(copy / "cases")
    with pytest.raises(InputError, match="cases is empty"):
        load(copy)


def _first_case(edit: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda top: edit(top["cases"][0])


CASES: Final = "cases/document.json"

DAMAGES: Final[dict[str, tuple[str, Callable[[Any], object]]]] = {
    "is no object": ("rules.json", lambda t: t["rules"].append(1)),
    "has the unknown member 'x'": ("KIT.json", lambda t: t.update(x=1)),
    "has no 'version'": ("KIT.json", lambda t: t.pop("version")),
    "has a 'version' of another type": ("KIT.json", lambda t: t.update(version=1)),
    "has a 'version' that is none": ("KIT.json", lambda t: t.update(version="x")),
    "has a 'protocol' that is no count": (
        "KIT.json",
        lambda t: t.update(protocol=True),
    ),
    "has a 'format' that is no count": ("KIT.json", lambda t: t.update(format=-1)),
    "has the unknown 'level'": (
        "rules.json",
        lambda t: t["rules"][0].update(level="x"),
    ),
    r"describes plain\.form again": (
        "rules.json",
        lambda t: t["rules"].append(t["rules"][0]),
    ),
    "has a hint that is no text": (
        "rules.json",
        lambda t: t["rules"][0].update(hints={"Go": 1}),
    ),
    r"describes \w+ again": (
        "mistakes.json",
        lambda t: t["mistakes"].append(t["mistakes"][0]),
    ),
    "has the unknown 'rule'": (
        "mistakes.json",
        lambda t: t["mistakes"][0].update(rule="x.y"),
    ),
    "is about another operation": (CASES, lambda t: t.update(op="verify")),
    "and not as many as it says": (CASES, lambda t: t.update(count=1)),
    r"uses document/plain\.form/1 again": (
        CASES,
        lambda t: (t["cases"].append(t["cases"][0]), t.update(count=t["count"] + 1)),
    ),
    r"of another area or rule": (
        CASES,
        _first_case(lambda c: c.update(id="document/plain.other/1")),
    ),
    "names the unknown mistake 'x'": (
        CASES,
        _first_case(lambda c: c["mistakes"].update(x=None)),
    ),
    "is no base64": (CASES, _first_case(lambda c: c.update(text_base64="*"))),
    "mistake [a-z_]+ is no base64": (
        CASES,
        _first_case(lambda c: c.update(mistakes=dict.fromkeys(c["mistakes"], 1))),
    ),
    "has a 'text' unlike its base64": (
        CASES,
        _first_case(lambda c: c.update(text="x")),
    ),
    "has a profile that is none": (
        CASES,
        _first_case(lambda c: c.update(profile={"ksort": "9"})),
    ),
    "case 0 has a profile that is none": (
        CASES,
        _first_case(lambda c: c.update(profile={"x": 1})),
    ),
    "result has the unknown 'class'": (
        CASES,
        _first_case(lambda c: c.update(result={"refused": "type", "class": "x"})),
    ),
    "has a text of more than 32768 bytes": (
        CASES,
        _first_case(
            lambda c: c.update(text="\0" * 33_000, text_base64="AAAA" * 11_000)
        ),
    ),
}


@pytest.mark.parametrize("message", DAMAGES)
def test_a_damaged_kit_is_refused(copy: Path, message: str) -> None:
    """Each fault is named, with the file and the place."""
    name, edit = DAMAGES[message]
    change(copy, name, edit)
    with pytest.raises(InputError, match=message) as caught:
        load(copy)
    assert "install kesspay again" in str(caught.value)


def test_what_a_case_can_hold(copy: Path) -> None:
    """Key, kind, password, profile, refusal and withdrawn ids are read."""

    def edit(case: dict[str, Any]) -> None:
        case.pop("text")
        case.update(
            key_base64="a2V5",
            kind="private",
            password="word",
            password_base64="d29yZA==",
            profile={"serialize_precision": 17, "ksort": "7"},
            result={"refused": "syntax", "class": "decode"},
            mistakes=dict.fromkeys(case["mistakes"]),
        )

    gone = {"id": "document/plain.form/99", "reason": "it was wrong", "since": "1.1"}
    change(copy, CASES, _first_case(edit))
    change(copy, "KIT.json", lambda top: top["withdrawn"].append(gone))

    read = load(copy)
    case = read.cases[0]

    assert (case.key, case.kind, case.password) == (b"key", "private", b"word")
    assert case.profile == ("precision=17", "ksort=7")
    assert case.result == Refused(reason="syntax", stage="decode")
    assert set(case.mistakes.values()) <= {None}
    assert read.withdrawn == {"document/plain.form/99": "it was wrong"}


def test_a_withdrawn_id_is_not_used_again(copy: Path) -> None:
    """An id means one question for ever."""
    gone = {"id": "document/plain.form/1", "reason": "it was wrong", "since": "1.1"}
    change(copy, "KIT.json", lambda top: top["withdrawn"].append(gone))
    with pytest.raises(InputError, match=r"uses document/plain\.form/1 again"):
        load(copy)


# ------------------------------------------------------------ the bulk


@pytest.mark.thorough
def test_the_bulk_has_every_stored_answer() -> None:
    """Documents, trees and doubles come with PHP's answer and a good profile."""
    documents = list(bulk("document"))
    trees = list(bulk("parameters"))

    assert len(documents) > 13_000
    assert len(trees) > 45_000
    assert len({case.id for case in documents + trees}) == len(documents + trees)
    assert {case.op for case in documents} == {"canonicalize"}
    assert {case.op for case in trees} == {"canonicalize-tree"}
    words = {word for case in trees for word in case.profile}
    assert words == {"precision=17", "unescaped_slashes", "unescaped_unicode"}
    stages = {
        case.result.stage
        for case in documents + trees
        if isinstance(case.result, Refused)
    }
    assert stages == {"decode", "type", "encode"}
    assert list(bulk("verify")) == []


@pytest.mark.parametrize(
    "content",
    [None, b"", b"x", gzip.compress(b"", mtime=0), b"\x1f\x8b"],
    ids=["missing", "empty", "other", "nothing", "cut"],
)
def test_a_damaged_bulk_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing, empty or cut short is named."""
    (tmp_path / "bulk").mkdir()
    if content is not None:
        (tmp_path / "bulk/canonical.jsonl.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"bulk/canonical\.jsonl\.gz cannot be read"):
        list(bulk("document", tmp_path))
