"""
The tables of docs/explanation/comparison.md, made from what three programs do.

    python -m tests.docs.comparison_page --write

Real PHP runs the class of the API document, Python what one writes by hand with
``cryptography``, and kesspay stands for itself. Without ``--write`` it says whether
the page is up to date.
"""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from kesspay import KesspayError, PrivateKey, PublicKey
from tests.support.messages import judge_signature, signed_text
from tests.support.php import php_sign, php_verify
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["PAGE", "Case", "page"]

PAGE: Final = Path(__file__).parents[2] / "docs" / "explanation" / "comparison.md"
RSA_2048: Final = "rsa-2048"


@dataclass(frozen=True)
class Case:
    """
    One message.

    Args:
        name: what it is, for the page.
        body: the message.
        key: name of the public key it is verified with.
    """

    name: str
    body: bytes
    key: str = RSA_2048


def _of_php(name: str, parameters: str) -> Case:
    (signed,) = php_sign(KEYS / f"{RSA_2048}.pem", [parameters.encode()])
    assert signed is not None
    return Case(name, signed.body)


def _honest() -> list[Case]:
    """Return messages that the gateway's own class signed."""
    return [
        _of_php(
            "an ordinary answer",
            '{"success":true,"data":{"amount":0.5,"out_trade_no":"T-1"}}',
        ),
        _of_php(
            "a name in Khmer, a slash", '{"name":"\\u1785\\u17b6\\u1793","path":"a/b"}'
        ),
        _of_php("an empty object", '{"data":{},"success":true}'),
        _of_php("a large number", '{"total":1e25}'),
        _of_php("an integer above 64 bits", '{"id":18446744073709551616}'),
        _of_php("keys like numbers", '{"10":"a","9":"b","x":"c"}'),
    ]


def _signed_weakly(text: bytes) -> bytes:
    pem = (KEYS / "rsa-1024.pem").read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    return text[:-1] + b',"sign":"' + base64.b64encode(signature) + b'"}'


def _forged() -> list[Case]:
    """Return messages that no program should believe."""
    key = PrivateKey.from_pem((KEYS / f"{RSA_2048}.pem").read_bytes())
    nothing = base64.b64encode(judge_signature(b"")).decode()
    genuine = signed_text('{"amount":0.5,"sign":"SIGN"}', key)
    sign = json.loads(genuine)["sign"]
    return [
        Case("another amount", genuine.replace(b"0.5", b"9.5")),
        Case(
            "an infinite number, signed as the empty text",
            f'{{"success":true,"data":{{"amount":1e999}},"sign":"{nothing}"}}'.encode(),
        ),
        Case(
            "one key twice: one reader sees 1000000, another 0.5",
            signed_text('{"amount":1000000,"amount":0.5,"sign":"SIGN"}', key),
        ),
        Case(
            "garbage inside the base64",
            genuine.replace(sign.encode(), b"!@#" + sign.encode()),
        ),
        Case(
            'a `sign_type` that says "SHA1"',
            signed_text('{"amount":0.5,"sign_type":"SHA1","sign":"SIGN"}', key),
        ),
        Case(
            "garbage, while the key file holds an EC key",
            b'{"success":true,"sign":"Z2FyYmFnZQ=="}',
            "ec-p256",
        ),
        Case(
            "a right signature by a key of 1024 bits",
            _signed_weakly(b'{"amount":0.5}'),
            "rsa-1024",
        ),
        Case(
            "lists, 100,000 deep",
            b'{"a":'
            + b"[" * 100_000
            + b"]" * 100_000
            + b',"sign":"'
            + nothing.encode()
            + b'"}',
        ),
    ]


def by_hand(case: Case) -> str:
    """Verify with json and ``cryptography``, with care."""
    pem = (KEYS / f"{case.key}.pub.pem").read_bytes()
    try:
        key = serialization.load_pem_public_key(pem)
        if not isinstance(key, rsa.RSAPublicKey):
            return "refused"
        values: dict[str, Any] = json.loads(case.body)
        kept = {
            k: v for k, v in sorted(values.items()) if k not in {"sign", "sign_type"}
        }
        text = json.dumps(kept, separators=(",", ":")).replace("/", "\\/").encode()
        signature = base64.b64decode(values["sign"], validate=True)
        key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return "refused"
    except RecursionError:
        return "crashed"
    return "accepted"


def by_php(case: Case) -> str:
    """Verify with the class of the API document."""
    (verdict,) = php_verify(KEYS / f"{case.key}.pub.pem", [case.body], "documented")
    return {True: "accepted", False: "refused", None: "crashed"}[verdict]


def by_kesspay(case: Case) -> str:
    """Verify with kesspay."""
    try:
        key = PublicKey.from_file(KEYS / f"{case.key}.pub.pem")
        key.verify_document(case.body)
    except KesspayError:
        return "refused"
    return "accepted"


def _table(head: str, cases: Sequence[Case], wanted: str) -> str:
    lines = [
        f"| {head} | the PHP class | `cryptography` by hand | kesspay |",
        "|---|---|---|---|",
    ]
    for case in cases:
        verdicts = [by_php(case), by_hand(case), by_kesspay(case)]
        cells = (one if one == wanted else f"**{one}**" for one in verdicts)
        lines.append(f"| {case.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def tables_of() -> dict[str, str]:
    """Return the tables by the name of their place in the page."""
    return {
        "honest": _table("signed by the gateway's own class", _honest(), "accepted"),
        "forged": _table("forged, or with two meanings", _forged(), "refused"),
    }


def page() -> str:
    """Return the page with its tables made anew."""
    text = PAGE.read_text(encoding="utf-8")
    for name, table in tables_of().items():
        begin, end = f"<!-- {name}: made by tests -->", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        assert found, name
        text = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    return text


def main() -> int:
    """Compare the page, or write it."""
    made = page()
    if "--write" in sys.argv:
        PAGE.write_text(made, encoding="utf-8")
    return 0 if made == PAGE.read_text(encoding="utf-8") else 1


if __name__ == "__main__":
    sys.exit(main())
