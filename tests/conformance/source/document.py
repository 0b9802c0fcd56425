"""The area document: a JSON text and its canonical form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kesspay.errors import CanonicalizationError
from kesspay.explain.mistakes import MISTAKES as KNOWN
from kesspay.explain.mistakes import Style, make
from kesspay.explain.render import Renderer, read
from kesspay.signing.documents import canonicalize
from tests.conformance.source import Draft, Mistake, Refused, Rule, Source
from tests.support.php import Php
from tests.vectors.ask import php_name


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_PAGE: Final = "docs/explanation/canonical-form.md"

RULES: Final = (
    Rule(
        id="plain.form",
        title="the plainest documents have another form",
        doc=f"{_PAGE}#in-short",
        area="document",
        level="api",
        stage=0,
        severity="gateway-refuses",
        hints={},
    ),
    Rule(
        id="write.slash",
        title="a slash is not escaped",
        doc=f"{_PAGE}#writing",
        area="document",
        level="api",
        stage=7,
        severity="gateway-refuses",
        hints={"Go": 'strings.ReplaceAll(s, "/", `\\/`) after encoding'},
    ),
    Rule(
        id="write.unicode",
        title="characters beyond ASCII are not escaped",
        doc=f"{_PAGE}#writing",
        area="document",
        level="api",
        stage=7,
        severity="gateway-refuses",
        hints={"PHP": "no JSON_UNESCAPED_UNICODE"},
    ),
    Rule(
        id="sort.bytes",
        title="the top level is not sorted by bytes",
        doc=f"{_PAGE}#ordinary-keys",
        area="document",
        level="api",
        stage=4,
        severity="gateway-refuses",
        hints={"PHP": "ksort($data)"},
    ),
    Rule(
        id="remove.sign",
        title="sign stays in the text",
        doc=f"{_PAGE}#removing",
        area="document",
        level="api",
        stage=5,
        severity="gateway-refuses",
        hints={"PHP": "unset($data['sign'])"},
    ),
    Rule(
        id="read.top_level",
        title="a text that is no object and no array is accepted",
        doc=f"{_PAGE}#reading-the-text",
        area="document",
        level="hostile",
        stage=1,
        severity="hostile",
        hints={},
    ),
    Rule(
        id="bulk.stored",
        title="another answer than the one that PHP gave",
        doc=f"{_PAGE}#test-vectors",
        area="bulk",
        level="hostile",
        stage=9,
        severity="differs",
        hints={},
    ),
)

_RULE_OF: Final = {
    "slashes_raw": "write.slash",
    "unicode_raw": "write.unicode",
    "unicode_raw_all": "write.unicode",
    "unicode_upper": "write.unicode",
    "order_document": "sort.bytes",
    "order_reverse": "sort.bytes",
    "order_caseless": "sort.bytes",
    "with_sign_empty": "remove.sign",
    "with_sign_null": "remove.sign",
    "spacing_python": "plain.form",
}

_MADE: Final = tuple(one for one in KNOWN if one.code in _RULE_OF)

_CASES: Final = (
    ("plain.form", '{"a":"b"}'),
    ("plain.form", '{"a":"b","c":"d"}'),
    ("plain.form", '{"a":1}'),
    ("plain.form", '{"a":true}'),
    ("write.slash", '{"a":"a/b"}'),
    ("write.slash", '{"a":"/"}'),
    ("write.slash", '{"a":"https://x"}'),
    ("write.unicode", '{"a":"\u00e9"}'),
    ("write.unicode", '{"a":"\u179f\u17bb\u1781"}'),
    ("write.unicode", '{"a":"\u4e2d"}'),
    ("sort.bytes", '{"b":1,"a":2}'),
    ("sort.bytes", '{"b":1,"B":2}'),
    ("sort.bytes", '{"c":1,"a":2,"b":3}'),
    ("remove.sign", '{"a":1,"sign":"x"}'),
    ("remove.sign", '{"sign":"x","z":1}'),
    ("remove.sign", '{"sign":"x"}'),
    ("read.top_level", "1"),
    ("read.top_level", "null"),
    ("read.top_level", '"a"'),
    ("read.top_level", "true"),
)


def _ask(drafts: Sequence[Draft]) -> tuple[list[str], list[bytes | Refused]]:
    answers: list[bytes | Refused] = []
    with Php() as php:
        for draft, given in zip(
            drafts, php.canonicalize([draft.text for draft in drafts]), strict=True
        ):
            if given.canonical is None:
                answers.append(Refused(reason=_reason(draft.text), stage=given.failure))
            else:
                answers.append(given.canonical)
    return [php_name()], answers


def _reason(text: bytes) -> str:
    try:
        canonicalize(text)
    except CanonicalizationError as error:
        return error.reason
    raise AssertionError(text)


def _wrong(draft: Draft) -> Iterator[tuple[str, bytes | None]]:
    if draft.rule == "read.top_level":
        for one in _MADE:
            yield one.code, None
        return
    document = Renderer(read(draft.text.decode()))
    for one in _MADE:
        yield one.code, document.render(make(Style(), [one]))


SOURCE: Final = Source(
    file="document",
    about="a JSON text and its canonical form, or that it has none",
    rules=RULES,
    mistakes=tuple(
        Mistake(code=one.code, rule=_RULE_OF[one.code], title=one.what) for one in _MADE
    ),
    drafts=tuple(
        Draft(rule, "hostile" if rule == "read.top_level" else "api", text.encode())
        for rule, text in _CASES
    ),
    ask=_ask,
    wrong=_wrong,
)
