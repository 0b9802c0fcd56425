"""
Every known mistake is made for real, and must be named.

Who makes it: PHP, with mistakes.php; json.dumps of Python and JSON.stringify
of Node for their libraries; and by hand what no program here makes. The texts
are signed with ``cryptography``.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.explain.explanation import explain
from kesspay.explain.mistakes import MISTAKES
from kesspay.explain.raw import RAW
from kesspay.signing.documents import canonicalize
from kesspay.signing.keys import PublicKey
from kesspay.signing.profile import Profile
from tests.conftest import missing
from tests.support.forger import body_of, pkcs1
from tests.support.php import find_php
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from kesspay.explain.report import Explanation, Kind


#: A document in which every mistake shows, each in its own way.
RICH = (
    '{"success":true,"code":200,"Message":"a/b \\u00e9\\u2028<&=>\'\\"+`\\u007f ok",'
    '"data":{"z":{"y":1,"x":{}},"amount":0.50,"n":null,"e":"","whole":10.0},'
    '"note":" edge ","none":null,"empty":"","phone":"012345678","amount":10,'
    '"rate":0.1,"zero":0,"off":false,"sign_type":"RSA2","sign":"SIGN"}'
)
SECRET = b"not so secret"
DOUBLED = '{"b":1,"a":{"x":1,"x":2},"b":2,"sign":"SIGN"}'
NUMBERED = '{"x":1,"0":"a","b":[],"sign":"SIGN"}'
BLANKS = '{"5 ":1,"10 ":2,"sign":"SIGN"}'
UNTYPED = '{"b":1,"a":"\\/","sign":"SIGN"}'

#: What makes the text "right" is not the default for these.
OTHER_PROFILES = {
    "order_ksort": (NUMBERED, Profile(ksort="7")),
    "slashes_escaped": (RICH, Profile(unescaped_slashes=True)),
    "unicode_lower": (RICH, Profile(unescaped_unicode=True)),
    "numbers_php": (RICH, Profile(serialize_precision=17)),
    "fraction_dropped": (RICH, Profile(preserve_zero_fraction=True)),
}


@cache
def made_by_php() -> dict[str, bytes]:
    """Let PHP make its mistakes with the rich document."""
    php = find_php()
    if php is None:
        missing("no PHP 8.2 or later is installed", "KESSPAY_REQUIRE_PHP")
    done = subprocess.run(
        [php, str(Path(__file__).with_name("mistakes.php"))],
        input=RICH.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == b""
    return {k: base64.b64decode(v) for k, v in json.loads(done.stdout).items()}


def parameters() -> dict[str, Any]:
    """Return the rich document as a Python program has it, sorted."""
    document = json.loads(RICH)
    del document["sign"], document["sign_type"]
    return dict(sorted(document.items()))


def made_by_hand() -> dict[str, str]:
    """Make the mistakes that no program here makes."""
    right = canonicalize(RICH).decode()
    compact = json.dumps(parameters(), separators=(",", ":"), ensure_ascii=False)
    whole = compact.replace('"whole":10.0', '"whole":10')
    lower = {c: f"\\u{ord(c):04x}" for c in "<>&\u2028"}
    upper = {c: f"\\u{ord(c):04X}" for c in "<>&'+`\x7f"}
    return {
        "delete_escaped": right.replace("\x7f", "\\u007f"),
        "unicode_upper": right.replace("\\u00e9", "\\u00E9"),
        "html_tags": replaced(right, lower),
        "html_gson": replaced(right, {c: f"\\u{ord(c):04x}" for c in "<>&='"}),
        "library_gson": replaced(
            compact,
            {c: f"\\u{ord(c):04x}" for c in "<>&='\u2028"},
        ),
        "library_gson_tree": replaced(
            compact.replace(":0.5,", ":0.50,"),
            {c: f"\\u{ord(c):04x}" for c in "<>&='\u2028"},
        ),
        "library_gson_plain": compact.replace("\u2028", "\\u2028"),
        "html_dotnet": replaced(right, {'\\"': "\\u0022"} | upper),
        "numbers_written": right.replace(":0.5,", ":0.50,").replace(
            '"whole":10', '"whole":10.0'
        ),
        "numbers_amount_places": right.replace('"amount":10', '"amount":10.00').replace(
            '"amount":0.5', '"amount":0.50'
        ),
        "numbers_amount_float": right.replace('"amount":10', '"amount":10.0'),
        "library_go": replaced(whole, lower),
        "library_dotnet": replaced(
            whole, {'\\"': "\\u0022", "\u00e9": "\\u00E9", "\u2028": "\\u2028"} | upper
        ),
        "library_java": compact,
    }


def replaced(text: str, table: dict[str, str]) -> str:
    """Replace pieces of a text, all at once."""
    pattern = "|".join(map(re.escape, table))
    return re.sub(pattern, lambda m: table[m[0]], text)


def made_by_python() -> dict[str, str]:
    """Let json.dumps write the parameters."""
    right = json.loads(canonicalize(RICH))
    blanks = json.dumps(right)
    indented = json.dumps(right, indent=2)
    as_php = {"/": "\\/", "\\u007f": "\x7f"}
    return {
        "spacing_python": replaced(blanks, as_php),
        "spacing_pretty_2": replaced(indented, as_php),
        "library_python": json.dumps(parameters()),
        "library_python_compact": json.dumps(parameters(), separators=(",", ":")),
        "library_python_utf8": json.dumps(parameters(), ensure_ascii=False),
    }


#: Texts that were never canonicalised.
MADE_RAW = {
    "raw_without_sign": RICH.replace(',"sign":"SIGN"', ""),
    "raw_without_both": RICH.replace(',"sign_type":"RSA2","sign":"SIGN"', ""),
    "raw_empty_sign": RICH.replace('"SIGN"', '""'),
    "raw_data": RICH[RICH.index('{"z"') : RICH.index(',"note"')],
    "empty": "",
    "null": "null",
    "false": "false",
    "empty_array": "[]",
    "php_array": "Array",
    "js_object": "[object Object]",
}

BY_HAND = made_by_hand() | made_by_python() | MADE_RAW
BY_PHP = (
    "empty",
    "scope_data",
    "with_sign_empty",
    "with_sign_null",
    "with_type_kept",
    "order_document",
    "order_deep",
    "order_caseless",
    "order_reverse",
    "slashes_raw",
    "unicode_raw",
    "unicode_raw_all",
    "html_hex",
    "spacing_pretty_4",
    "fraction_kept",
    "order_values",
    "order_values_reverse",
    "order_document_reverse",
    "form_values_sort",
    "form_values_rsort",
    "chars_entities",
    "chars_entities_double",
    "chars_entities_plain",
    "encoding_entities",
    "encoding_percent",
    "encoding_json",
    "form_pairs",
    "numbers_php_100",
    "form_query_json",
    "form_query_rfc3986",
    "form_query_decoded",
    "form_values_php",
    "form_values_comma",
    "form_values_pipe",
    "form_values_list",
    "with_key_after",
    "with_key_before",
    "with_key_appended",
    "with_key_prepended",
    "with_key_member",
    "numbers_check",
    "numbers_text",
    "numbers_amount_text",
    "numbers_amount_places_text",
    "numbers_php_17",
    "empty_object",
    "values_no_null",
    "values_no_empty",
    "values_no_empty_top",
    "values_no_falsy_top",
    "values_trimmed",
    "values_trimmed_null",
    "form_query",
    "form_query_php",
    "form_query_encoded",
    "library_query",
    "library_query_encoded",
    "end_lf",
    "end_crlf",
    "end_bom",
    "hashing_hex",
    "hashing_raw",
    "hashing_md5_hex",
    "hashing_base64",
)

#: Another document, and a text that was signed for it.
ELSEWHERE: dict[str, tuple[str, bytes]] = {
    "numbers_float": ('{"a":0.00001,"sign":"SIGN"}', b'{"a":1e-05}'),
    "with_type_added": (UNTYPED, b'{"a":"\\/","b":1,"sign_type":"RSA2"}'),
    "duplicates_first": (DOUBLED, b'{"a":{"x":1},"b":1}'),
    "order_ksort_8_0": (NUMBERED, canonicalize(NUMBERED, profile=Profile(ksort="8.0"))),
    "order_ksort_7": (BLANKS, canonicalize(BLANKS, profile=Profile(ksort="7"))),
    "encoding_utf16le": (RICH, canonicalize(RICH).decode().encode("utf-16-le")),
}

pytestmark = pytest.mark.usefixtures("backend")


def explained(
    template: str,
    text: bytes,
    profile: Profile | None = None,
    kind: Kind | None = None,
) -> Explanation:
    """Sign a text, put the signature into a document, and have it explained."""
    body = body_of(template, pkcs1(text))
    key = PublicKey.from_file(KEYS / "rsa-2048.pub.pem")
    return explain(body, [key], profile=profile or Profile(), secret=SECRET, kind=kind)


def assert_named(explanation: Explanation, *codes: str) -> None:
    """Assert that exactly these mistakes were found, and reported."""
    assert codes == explanation.mistakes
    assert not explanation.verifies
    printed = {f.code for f in explanation.findings if f.sort == "cause"}
    assert printed >= ({"profile"} if explanation.profile else set(codes))


#: What to do about each mistake, for who made it.
FIXES = {m.code: m.fix for m in MISTAKES} | {
    code: fix for code, (_, fix) in RAW.items()
}


def assert_named_to_both(template: str, text: bytes, code: str) -> None:
    """Assert that a mistake is named with what its reader can do about it."""
    found = explained(template, text, kind="answer")
    assert_named(found, code)
    [advice] = [f.advice for f in found.findings if f.sort == "cause"]
    assert advice.startswith("use Profile(") or advice == (
        f"send this explanation to KESS, whose gateway has to: {FIXES[code]}"
    )
    found = explained(template, text, kind="request")
    assert found.mistakes == (code,)
    [cause] = [f for f in found.findings if f.sort == "cause"]
    assert (cause.code, cause.advice) == (code, FIXES[code])


@pytest.mark.parametrize("code", BY_PHP)
def test_what_php_makes_is_named(code: str) -> None:
    """A text that PHP made in the wrong way is recognised by its digest."""
    assert_named_to_both(RICH, made_by_php()[code], code)


def test_all_that_php_makes_is_tested() -> None:
    """Nothing in mistakes.php is made in vain."""
    assert set(BY_PHP) == set(made_by_php())


@pytest.mark.parametrize("code", BY_HAND)
def test_what_other_languages_make_is_named(code: str) -> None:
    """A text made by another library or by hand is recognised by its digest."""
    assert_named_to_both(RICH, BY_HAND[code].encode(), code)


def made_by_node(program: str, document: str) -> bytes:
    """Let Node run a program over the text of a document."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node is installed")
    done = subprocess.run(
        [node, "-e", program],
        input=document.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def right_in_node(template: str, change: str) -> bytes:
    """Read the canonical form with JavaScript, change it, and write it as PHP does."""
    program = (
        "const text = require('fs').readFileSync(0, 'utf8');"
        "const php = t => t.replace(/\\//g, '\\\\/').replace(/[\\u0080-\\uffff]/g,"
        " c => '\\\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));"
        f"process.stdout.write(php({change}));"
    )
    return made_by_node(program, canonicalize(template).decode())


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("code", "template", "change"),
    [
        (
            "numbers_javascript",
            '{"wallet":10000000000000003,"n":[1e21,1e-7,0.00001,1.5],"sign":"SIGN"}',
            "JSON.stringify(JSON.parse(text))",
        ),
        (
            "keys_javascript",
            '{"a":{"x":1,"7":2,"5":[{"z":1,"0":2}],"01":3,"4294967295":4},"sign":"S"}',
            "JSON.stringify(JSON.parse(text))",
        ),
        (
            "order_utf16",
            '{"\\uff5e":2,"\\ud83d\\ude00":1,"sign":"SIGN"}',
            (
                "'{' + Object.entries(JSON.parse(text))"
                ".sort((a, b) => a[0] < b[0] ? -1 : 1)"
                ".map(([k, v]) => JSON.stringify(k) + ':' + v).join(',') + '}'"
            ),
        ),
        (
            "chars_nfc",
            '{"name":"e\\u0301","list":["e\\u0301",{"x":true}],"sign":"SIGN"}',
            "JSON.stringify(JSON.parse(text)).normalize('NFC')",
        ),
        (
            "chars_nfd",
            '{"name":"\\u00e9 \\u00c5","n":1,"sign":"SIGN"}',
            "JSON.stringify(JSON.parse(text)).normalize('NFD')",
        ),
    ],
)
def test_what_node_makes_is_named(code: str, template: str, change: str) -> None:
    """What a real Node makes of the parameters is recognised."""
    template = template.replace('"S"', '"SIGN"')
    assert_named_to_both(template, right_in_node(template, change), code)


FORM = '{"a":"x y~*/","b":{"u":"a/b","n":[1]},"c":true,"d":null,"e":1.50,"sign":"SIGN"}'


@pytest.mark.parametrize(
    ("code", "change"),
    [
        (
            "form_search_params",
            (
                "new URLSearchParams(Object.entries(p).map(([k, v]) => [k,"
                " typeof v === 'object' ? JSON.stringify(v) : v])).toString()"
            ),
        ),
        (
            "form_values",
            (
                "Object.values(p).map(v => v === null ? '' : typeof v === 'object' ?"
                " JSON.stringify(v).replace(/\\//g, '\\\\/') : v).join('')"
            ),
        ),
    ],
)
def test_a_form_that_node_makes_is_named(code: str, change: str) -> None:
    """Texts that are no JSON are recognised too."""
    program = (
        "const p = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        f"process.stdout.write({change});"
    )
    text = made_by_node(program, canonicalize(FORM).decode())
    assert_named_to_both(FORM, text, code)


@pytest.mark.parametrize(
    ("code", "template", "program"),
    [
        (
            "order_bytes",
            '{"9":1,"10":2,"b":3,"C":4,"sign":"SIGN"}',
            "ksort($p, SORT_STRING); echo json_encode($p);",
        ),
        (
            "empty_force",
            '{"a":[],"b":[1,[2]],"sign":"SIGN"}',
            "echo json_encode($p, JSON_FORCE_OBJECT);",
        ),
        (
            "order_values",
            '{"a":"x","b":"a","c":3,"d":"10","e":null,"f":true,"g":["z"],"sign":"SIGN"}',
            "asort($p); echo json_encode($p);",
        ),
        (
            "order_values_reverse",
            '{"a":"x","b":["z",1],"c":["z"],"d":["a"],"e":"10","f":9,"sign":"SIGN"}',
            "arsort($p); echo json_encode($p);",
        ),
        (
            "form_values_rsort",
            '{"a":"x","b":{"z":1},"c":"b","d":{"y":2},"e":true,"sign":"SIGN"}',
            "rsort($p); echo json_encode($p);",
        ),
        (
            "order_reverse",
            '{"1.0":1,"10":2,"1":3,"9":4,"b":5,"01":6,"sign":"SIGN"}',
            "krsort($p); echo json_encode($p);",
        ),
        (
            "numbers_php_100",
            '{"a":0.1,"b":1e25,"c":-0.0,"d":1e-9,"e":1.5e300,"f":3.0,"sign":"SIGN"}',
            "ini_set('serialize_precision', '100'); echo json_encode($p);",
        ),
        (
            "fraction_kept",
            '{"a":1.0,"b":1e25,"c":-0.0,"d":1e2,"e":1,"sign":"SIGN"}',
            "echo json_encode($p, JSON_PRESERVE_ZERO_FRACTION);",
        ),
    ],
)
def test_what_other_calls_of_php_make_is_named(
    code: str, template: str, program: str
) -> None:
    """A real PHP makes the text of a document in which its mistake shows."""
    php = find_php()
    if php is None:
        missing("no PHP 8.2 or later is installed", "KESSPAY_REQUIRE_PHP")
    read = "$p = json_decode(stream_get_contents(STDIN), true);unset($p['sign']);"
    done = subprocess.run(
        [php, "-r", read + program],
        input=template.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert_named_to_both(template, done.stdout, code)


def test_what_javascript_makes_is_named() -> None:
    """JSON.stringify of a real Node is recognised."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node is installed")
    program = (
        "const p = JSON.parse(require('fs').readFileSync(0)); delete p.sign;"
        "delete p.sign_type; const q = {}; Object.keys(p).sort()"
        ".forEach(k => q[k] = p[k]); process.stdout.write(JSON.stringify(q))"
    )
    done = subprocess.run(
        [node, "-e", program], input=RICH.encode(), capture_output=True, check=True
    )
    assert_named_to_both(RICH, done.stdout, "library_javascript")


@pytest.mark.parametrize("code", ELSEWHERE)
def test_what_shows_elsewhere_is_named(code: str) -> None:
    """Mistakes that need another document to show are recognised."""
    template, text = ELSEWHERE[code]
    assert_named(explained(template, text), code)


@pytest.mark.parametrize("code", OTHER_PROFILES)
def test_a_profile_too_many_is_named(code: str) -> None:
    """Where the chosen profile is wrong, plain PHP is recognised."""
    template, profile = OTHER_PROFILES[code]
    found = explained(template, canonicalize(template), profile)
    assert_named(found, code)
    assert found.profile == Profile()


def test_every_mistake_is_made() -> None:
    """No mistake is in the list that was not made and recognised above."""
    made = {*BY_PHP, *BY_HAND, *ELSEWHERE, *OTHER_PROFILES, "library_javascript"}
    made |= {"numbers_javascript", "keys_javascript", "order_utf16", "order_bytes"}
    made |= {"empty_force"}
    made |= {"chars_nfc", "chars_nfd", "form_search_params", "form_values"}
    assert made == {*RAW, *(m.code for m in MISTAKES)}


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("codes", "text"),
    [
        (
            ("slashes_raw", "unicode_raw"),
            canonicalize(
                RICH, profile=Profile(unescaped_slashes=True, unescaped_unicode=True)
            ),
        ),
        (
            ("with_type_kept", "order_deep", "library_python"),
            json.dumps(
                {k: v for k, v in json.loads(RICH).items() if k != "sign"},
                sort_keys=True,
            ).encode(),
        ),
        (
            ("order_deep", "end_lf", "library_python_compact"),
            json.dumps(
                json.loads(canonicalize(RICH)), sort_keys=True, separators=(",", ":")
            )
            .replace('"x":[]', '"x":{}')
            .replace('"whole":10', '"whole":10.0')
            .encode()
            + b"\n",
        ),
        (
            # As clients of other gateways sign: with sign_type, without what is empty.
            ("with_type_kept", "library_query"),
            b"code=200&phone=012345678&sign_type=RSA2",
        ),
        (
            ("scope_data", "order_document", "library_javascript"),
            b'{"z":{"y":"1/","x":{}},"amount":0.5}',
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else "",
)
def test_mistakes_that_were_made_together(codes: tuple[str, ...], text: bytes) -> None:
    """Several mistakes at once are taken apart again."""
    template = RICH
    if "scope_data" in codes:
        template = '{"data":{"z":{"y":"1/","x":{}},"amount":0.50},"b":1,"sign":"SIGN"}'
    if "library_query" in codes:
        template = (
            '{"phone":"012345678","note":"","none":null,"code":200,"sign_type":"RSA2",'
            '"sign":"SIGN"}'
        )
    assert_named(explained(template, text), *codes)


def test_the_profile_that_fits_is_offered() -> None:
    """Mistakes that settings of PHP explain come as a profile that verifies."""
    wanted = Profile(serialize_precision=17, unescaped_slashes=True)
    found = explained(RICH, canonicalize(RICH, profile=wanted))
    assert found.profile == wanted
    [finding] = [f for f in found.findings if f.code == "profile"]
    assert "Profile(serialize_precision=17, unescaped_slashes=True)" in finding.advice


def test_another_text_is_not_explained_away() -> None:
    """For a text of other content no mistakes are invented."""
    found = explained(UNTYPED, b'{"amount":9999}')
    assert found.mistakes == ()
    assert [f.code for f in found.findings] == ["text_unknown"]
