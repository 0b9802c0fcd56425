"""The sandbox names the rule that a request breaks, and gives nothing away."""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64encode, urlsafe_b64encode
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15

from kesspay.sandbox import teacher as module
from kesspay.sandbox.emulator import GATEWAY_PATH
from kesspay.sandbox.teacher import Teacher, language_of
from tests.conftest import missing
from tests.sandbox.parties import KEYS, Partner, box, load
from tests.support.forger import private_key
from tests.support.kit import stored_kit
from tests.support.php import find_php


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.sandbox import Sandbox


KIT: Final = stored_kit()
#: What is asked for, in an order that is not that of the canonical form.
PARAMS: Final = {
    "service": "create.unified.fundTransfer",
    "sign_type": "RSA2",
    "out_trade_no": "order/1",
    "receiver_id": "85512345678",
    "sender_name": "\u1785\u17b6\u1793\u17cb",
    "amount": 100.0,
    "currency": "USD",
}
CANONICAL: Final = (
    r'{"amount":100,"currency":"USD","out_trade_no":"order\/1","receiver_id":'
    r'"85512345678","sender_name":"\u1785\u17b6\u1793\u17cb","service":'
    r'"create.unified.fundTransfer"}'
)
SORTED: Final = {key: PARAMS[key] for key in sorted(PARAMS) if key != "sign_type"}


def signature(
    text: str,
    key: str = "rsa-2048",
    digest: hashes.HashAlgorithm | None = None,
    padding: PKCS1v15 | PSS | None = None,
) -> bytes:
    """Sign a text, as any library would."""
    private = private_key(key)
    return private.sign(text.encode(), padding or PKCS1v15(), digest or hashes.SHA256())


def in_base64(text: str, **how: Any) -> str:  # noqa: ANN401 - arguments of signature
    """Sign a text, and write the signature as it should be."""
    return b64encode(signature(text, **how)).decode()


def compact(value: object, **how: Any) -> str:  # noqa: ANN401 - arguments of dumps
    """Write JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), **how)


#: What some programmer sends first, and the rules that are named.
SLIPS: Final = {
    "slashes raw": (in_base64(CANONICAL.replace(r"\/", "/")), ["write.slash"]),
    "not sorted": (
        in_base64(
            compact({k: v for k, v in PARAMS.items() if k != "sign_type"})
            .replace("/", r"\/")
            .replace("100.0", "100")
        ),
        ["sort.bytes"],
    ),
    "unicode raw": (
        in_base64(
            compact(SORTED, ensure_ascii=False)
            .replace("/", r"\/")
            .replace("100.0", "100")
        ),
        ["write.unicode"],
    ),
    "floats": (in_base64(CANONICAL.replace("100", "100.0")), ["write.whole"]),
    "sign included": (
        in_base64(CANONICAL.replace("}", ',"sign":""}')),
        ["remove.sign"],
    ),
    "sign_type included": (
        in_base64(CANONICAL.replace("}", ',"sign_type":"RSA2"}')),
        ["remove.sign_type"],
    ),
    "JSON.stringify": (
        in_base64(compact(SORTED, ensure_ascii=False).replace("100.0", "100")),
        ["write.slash", "write.unicode"],
    ),
    "json.dumps": (
        in_base64(json.dumps(SORTED)),
        ["plain.form", "write.slash", "write.whole"],
    ),
    "a line feed": (in_base64(CANONICAL + "\n"), ["plain.bare"]),
    "a query": (
        in_base64("&".join(f"{k}={v}" for k, v in SORTED.items())),
        ["plain.json", "write.whole"],
    ),
    "base64url": (
        urlsafe_b64encode(signature(CANONICAL)).decode().rstrip("="),
        ["sign.base64"],
    ),
    "hexadecimal": (signature(CANONICAL).hex(), ["sign.base64"]),
    "SHA-1": (in_base64(CANONICAL, digest=hashes.SHA1()), ["sign.hash"]),  # noqa: S303 - the slip
    "SHA-512": (in_base64(CANONICAL, digest=hashes.SHA512()), ["sign.hash"]),
    "PSS": (
        in_base64(CANONICAL, padding=PSS(MGF1(hashes.SHA256()), 32)),
        ["sign.scheme"],
    ),
    "another key": (in_base64(CANONICAL, key="rsa-3072"), ["sign.length"]),
    "the gateway's key": (in_base64(CANONICAL, key="other-2048"), ["key_other"]),
    "the raw text": (in_base64("[object Object]"), ["sign.text"]),
    "nothing": ("", ["body.plain"]),
    "another text": (in_base64("something else"), ["text_unknown"]),
}


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox whose keys are those of the tests."""
    return box()


def send(sandbox: Sandbox, body: bytes, **headers: str) -> tuple[int, str]:
    """Send a body; return the status, and what the gateway says."""
    partner = Partner(sandbox)
    given = {"authorization": f"Bearer {partner.token}", **headers}
    reply = partner.respond(GATEWAY_PATH, body, given)
    answer = json.loads(reply.body)
    return reply.status, answer.get("error_desc", "")


def request(sign: object) -> bytes:
    """Return a request, as a program sends it."""
    return json.dumps({**PARAMS, "sign": sign}).encode()


def rules(description: str) -> list[str]:
    """Return the rules that a description names, sorted."""
    parts = description.split(" | ")
    return sorted({part.partition(": ")[0] for part in parts if " -> " in part})


def test_the_right_request(sandbox: Sandbox) -> None:
    """The text of these tests is the one to sign."""
    assert send(sandbox, request(in_base64(CANONICAL))) == (200, "")


@pytest.mark.parametrize("slip", SLIPS)
def test_the_rule_is_named(sandbox: Sandbox, slip: str) -> None:
    """A wrong request is answered with its rule, and with the text to sign."""
    sign, wanted = SLIPS[slip]
    status, description = send(sandbox, request(sign))
    assert status == 400
    assert description.startswith("Parameters validation incorrect: signature: ")
    named = rules(description)
    assert named == wanted or set(wanted) < set(named)
    assert description.endswith(f"the text to sign: {CANONICAL}.")


def test_the_first_difference_is_in_words(sandbox: Sandbox) -> None:
    """It says what stands where."""
    _, description = send(sandbox, request(SLIPS["slashes raw"][0]))
    at = CANONICAL.index(r"\/")
    said = f"at byte {at} the canonical form has '\\\\', the text that was signed '/'"
    assert f" | {said} | " in description


def test_another_value_was_signed(sandbox: Sandbox) -> None:
    """A value that is sent otherwise than it was signed is named."""
    sign = in_base64(CANONICAL.replace('"amount":100', '"amount":99.5'))
    _, description = send(sandbox, request(sign))
    assert rules(description) == ["value_changed"]
    assert "99.5" in description
    assert " -> sign the values that you send | " in description


def test_the_advice_is_in_the_language_of_the_program(sandbox: Sandbox) -> None:
    """Who sends with Go reads what to do in Go."""
    body = request(SLIPS["slashes raw"][0])
    _, description = send(sandbox, body, **{"user-agent": "Go-http-client/1.1"})
    assert "(Go: strings.ReplaceAll" in description


@pytest.mark.parametrize(
    ("agent", "language"),
    [
        ("Go-http-client/2.0", "Go"),
        ("node", "Node"),
        ("undici", "Node"),
        ("axios/1.7", "Node"),
        ("GuzzleHttp/7", "PHP"),
        ("python-requests/2.32", "Python"),
        ("Java/21", "Java"),
        ("okhttp/4.12", "Java"),
        ("Ruby", "Ruby"),
        ("curl/8.5", ""),
        ("", ""),
    ],
)
def test_languages(agent: str, language: str) -> None:
    """The header User-Agent is all that is known."""
    assert language_of(agent) == language


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"a=1&sign=x", "verify.json"),
        (b"", "verify.json"),
        (b"[1]", "verify.json"),
        (b"\xff", "verify.json"),
        (b'{"a":1,"a":2,"sign":"AAAA"}', "verify.duplicate"),
        (b'{"a":1e999,"sign":"AAAA"}', "verify.nothing"),
        (b'{"a":' + b"[" * 70 + b"]" * 70 + b',"sign":"AAAA"}', "verify.depth"),
        (b'{"a":1}', "body.plain"),
        (b'{"a":1,"sign":1}', "body.plain"),
        (b'{"a":1,"sign":"AAAA","sign_type":"RSA"}', "verify.sign_type"),
    ],
)
def test_bodies_that_are_no_requests(
    sandbox: Sandbox, body: bytes, wanted: str
) -> None:
    """Each is named, whatever else is wrong with it."""
    status, description = send(sandbox, body)
    assert status == 400
    assert wanted in rules(description)
    assert "record" not in description


# ------------------------------------------------------------ the page


def test_the_page_shows_the_lesson(sandbox: Sandbox) -> None:
    """Rule, advice, paragraph, both texts at the difference, and the text to sign."""
    send(sandbox, request(SLIPS["slashes raw"][0]))
    page = sandbox.site.respond("GET", "/", {"host": "localhost"}, b"").body.decode()
    for part in (
        ">write.slash<",
        KIT.rules["write.slash"].doc,
        "first difference",
        CANONICAL.replace('"', "&quot;"),
    ):
        assert part in page
    exchange = sandbox.exchanges[-1]
    assert exchange.request.lesson is not None
    assert [topic.rule for topic in exchange.request.lesson.topics] == ["write.slash"]
    assert exchange.answer.lesson is None
    messages = sandbox.site.respond(
        "GET", "/sandbox/messages", {"host": "localhost"}, b""
    )
    kept = json.loads(messages.body)["messages"][-1]["request"]["lesson"]
    assert kept["topics"][0]["rule"] == "write.slash"


def test_the_page_shows_what_there_is(sandbox: Sandbox) -> None:
    """A lesson without a difference, without advice and without a text to sign."""
    send(sandbox, request(SLIPS["another key"][0]))
    password = sandbox.settings["credentials"].password
    send(sandbox, request(password))
    page = sandbox.site.respond("GET", "/", {"host": "localhost"}, b"").body.decode()
    assert ">sign.length<" in page
    assert ">credential<" in page
    assert "first difference" not in page
    assert password not in page


@pytest.mark.parametrize("text", ["{0}&key={1}", "{1}{0}", "{0}{1}"])
def test_a_secret_in_the_text_is_named_and_not_shown(
    sandbox: Sandbox, text: str
) -> None:
    """Other gateways want the secret key there: the lesson says that it is wrong."""
    secret = sandbox.settings["credentials"].partner_secret_key
    status, description = send(
        sandbox, request(in_base64(text.format(CANONICAL, secret)))
    )
    assert status == 400
    assert "plain.bare" in description
    assert "put no secret into the text" in description
    page = sandbox.site.respond("GET", "/", {"host": "localhost"}, b"").body.decode()
    kept = json.dumps([str(one) for one in sandbox.exchanges])
    for shown in (description, page, kept):
        assert secret not in shown


def test_a_right_request_has_no_lesson(sandbox: Sandbox) -> None:
    """There is nothing to say."""
    send(sandbox, request(in_base64(CANONICAL)))
    assert sandbox.exchanges[-1].request.lesson is None


# ------------------------------------------------------------ bounds and secrets


def taught(**options: Any) -> tuple[Teacher, list[bytes]]:  # noqa: ANN401 - of Teacher
    """Return a teacher, and the bodies that it explained."""
    asked: list[bytes] = []
    keys = {
        "partner_key": load("rsa-2048.pem").public_key,
        "gateway_key": load("other-2048.pem").public_key,
        "redact": lambda text: text,
    }
    return Teacher(**{**keys, **options}), asked


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Count what is explained."""
    asked: list[bytes] = []
    real = module.explain  # type: ignore[attr-defined]  # what it imported

    def explain(
        body: bytes,
        *args: Any,  # noqa: ANN401 - passed on
        **more: Any,  # noqa: ANN401 - passed on
    ) -> object:
        asked.append(body)
        return real(body, *args, **more)

    monkeypatch.setattr(module, "explain", explain)
    return asked


def test_only_who_is_logged_in_is_taught(
    sandbox: Sandbox, counted: list[bytes]
) -> None:
    """A request without the token costs no search."""
    body = request("")
    reply = Partner(sandbox).respond(GATEWAY_PATH, body, {"authorization": "Bearer x"})
    assert reply.status == 401
    assert counted == []


def test_long_bodies_have_no_lesson(counted: list[bytes]) -> None:
    """What the API does not send is not explained."""
    teacher, _ = taught()
    assert teacher.lesson(b'{"a":"' + b"x" * (16 << 10) + b'"}') is None
    assert counted == []


def test_the_search_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The busiest body may write no more than the budget allows."""
    budgets = []
    real = module.explain  # type: ignore[attr-defined]  # what it imported

    def explain(
        *args: Any,  # noqa: ANN401 - passed on
        **more: Any,  # noqa: ANN401 - passed on
    ) -> object:
        budgets.append(more.get("budget"))
        return real(*args, **more)

    monkeypatch.setattr(module, "explain", explain)
    teacher, _ = taught()
    busy = json.dumps({f"/\u00e9{n}": [n / 8] * 20 for n in range(60)})
    sign = in_base64("else")
    assert teacher.lesson(f'{busy[:-1]},"sign":"{sign}"}}'.encode()) is not None
    assert budgets == [8 << 20]


def test_what_was_asked_before_is_remembered(counted: list[bytes]) -> None:
    """The same body is explained once, and the last fifty are kept."""
    teacher, _ = taught()
    first = teacher.lesson(b"{}")
    assert teacher.lesson(b"{}") is first
    assert teacher.known(b"{}") is first
    assert len(counted) == 1
    for number in range(50):
        teacher.lesson(b"[%d" % number)
    assert teacher.known(b"{}") is None
    assert teacher.known(b"[49") is not None


def test_one_lesson_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one request is explained, others get the plain answer."""
    entered, leave = Barrier(2, timeout=60), Barrier(2, timeout=60)
    real = module.explain  # type: ignore[attr-defined]  # what it imported

    def explain(
        *args: Any,  # noqa: ANN401 - passed on
        **more: Any,  # noqa: ANN401 - passed on
    ) -> object:
        entered.wait()
        leave.wait()
        return real(*args, **more)

    monkeypatch.setattr(module, "explain", explain)
    teacher, _ = taught()
    found: list[object] = []
    thread = Thread(target=lambda: found.append(teacher.lesson(b"{}")))
    thread.start()
    entered.wait()
    assert teacher.lesson(b"[]") is None
    leave.wait()
    thread.join(60)
    assert found[0] is not None


def test_a_search_that_fails_leaves_the_teacher_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next request is explained."""
    teacher, _ = taught()
    with monkeypatch.context() as patched:
        patched.setattr(module, "explain", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            teacher.lesson(b"{}")
    assert teacher.lesson(b"{}") is not None


@pytest.mark.parametrize(
    "write",
    [
        lambda secret: json.dumps({**PARAMS, "password": secret, "sign": "AAAA"}),
        lambda secret: json.dumps({**PARAMS, secret: 1, "sign": "AAAA"}),
        lambda secret: json.dumps({"a": [{"b": f"x{secret}y"}], "sign": "AAAA"}),
        lambda secret: (
            '{"a":"' + "".join(f"\\u{ord(c):04x}" for c in secret) + '","sign":"AAAA"}'
        ),
        lambda secret: f"password={secret}",
    ],
)
def test_credentials_are_not_repeated(
    sandbox: Sandbox, write: Callable[[str], str]
) -> None:
    """For a body that holds one the answer says only that."""
    secret = sandbox.settings["credentials"].password
    status, description = send(sandbox, write(secret).encode())
    assert status == 400
    assert "the body holds a credential" in description
    assert secret not in description
    lesson = sandbox.exchanges[-1].request.lesson
    assert lesson is not None
    assert (lesson.expected, lesson.difference) == ("", None)


def test_an_escaped_credential_is_found() -> None:
    """Also where what takes secrets out of a text undoes no escapes."""
    teacher, _ = taught(redact=lambda text: text.replace("p4ss", ""))
    lesson = teacher.lesson(b'{"a":[{"b":"\\u0070\\u0034ss"}],"sign":"AAAA"}')
    assert lesson is not None
    assert [topic.rule for topic in lesson.topics] == ["credential"]


def test_long_texts_are_shortened() -> None:
    """A lesson shows the beginning of a long text."""
    teacher, _ = taught()
    body = json.dumps({"a": "x" * 5000, "sign": "AAAA"}).encode()
    lesson = teacher.lesson(body)
    assert lesson is not None
    assert lesson.expected.endswith("... (5008 bytes)")
    assert len(lesson.expected) < 2050


# ------------------------------------------------------------ programs

#: First programs, and what they sign with: the text on standard input.
NODE: Final = """
const { createSign, createPrivateKey } = require("crypto");
const { readFileSync } = require("fs");
const [, file] = process.argv;
const params = JSON.parse(readFileSync(0));
const text = WRITE;
const sign = createSign("RSA-SHA256").update(text).sign(readFileSync(file), "base64");
process.stdout.write(JSON.stringify({ ...params, sign }));
"""
PHP: Final = """
$params = json_decode(stream_get_contents(STDIN), true);
$data = $params;
unset($data["sign_type"]);
WRITE;
openssl_sign($text, $sign, file_get_contents($argv[1]), OPENSSL_ALGO_SHA256);
echo json_encode($params + ["sign" => base64_encode($sign)]);
"""


def made(command: list[str]) -> bytes:
    """Let a program make a request."""
    ran = subprocess.run(
        command,
        input=json.dumps(PARAMS).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return ran.stdout


@pytest.mark.parametrize(
    ("write", "wanted"),
    [
        (
            "JSON.stringify(params)",
            [
                *("remove.sign_type", "sign.text", "sort.bytes"),
                *("write.slash", "write.unicode"),
            ],
        ),
        (
            "JSON.stringify(params, Object.keys(params).sort())",
            ["remove.sign_type", "write.slash", "write.unicode"],
        ),
    ],
)
def test_a_program_of_node(sandbox: Sandbox, write: str, wanted: list[str]) -> None:
    """Its first request names all that is to be done."""
    node = shutil.which("node")
    if node is None:
        missing("Node is not installed", "KESSPAY_REQUIRE_NODE")
    script = NODE.replace("WRITE", write)
    key = str(KEYS / "rsa-2048.pem")
    status, description = send(sandbox, made([node, "-e", script, key]))
    assert (status, rules(description)) == (400, wanted)


@pytest.mark.parametrize(
    ("write", "wanted"),
    [
        (
            "ksort($data); $text = json_encode($data, JSON_UNESCAPED_SLASHES)",
            ["write.slash"],
        ),
        (
            "ksort($data); $text = json_encode($data, 256 | 1024)",
            ["keep.amount", "write.unicode"],
        ),
        ("$text = json_encode($data)", ["sort.bytes"]),
        ("ksort($data); $text = http_build_query($data)", ["plain.json"]),
        ("ksort($data); $text = hash('sha256', json_encode($data))", ["plain.bare"]),
    ],
)
def test_a_program_of_php(sandbox: Sandbox, write: str, wanted: list[str]) -> None:
    """So does that of a programmer who knows the document, nearly."""
    php = find_php()
    if php is None:
        missing("PHP is not installed", "KESSPAY_REQUIRE_PHP")
    script = PHP.replace("WRITE", write)
    key = str(KEYS / "rsa-2048.pem")
    status, description = send(sandbox, made([php, "-r", script, key]))
    assert (status, rules(description)) == (400, wanted)
