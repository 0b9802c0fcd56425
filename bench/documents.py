"""The documents that are measured: those of the API, hostile ones, any size."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Callable


PARAMETERS: Final[dict[str, object]] = {
    "service": "create.unified.fundTransfer",
    "out_trade_no": "ORDER-2026-000123-1",
    "receiver_id": "85512345678",
    "sender_name": "Sok Dara",
    "amount": 19.99,
    "currency": "USD",
    "note": "school fees / first half of the year",
}

#: An answer to a confirm, without its signature; about 500 bytes.
ANSWER: Final = (
    b'{"success":true,"code":200,"message":"Success","data":{'
    b'"result_code":"SUCCESS","fund_transfer_id":"FT20260101123456789",'
    b'"out_trade_no":"ORDER-2026-000123-1","receiver_id":"85512345678",'
    b'"pre_transfer_id":"PT0123456789abcdef0123456789abcdef",'
    b'"amount":19.99,"currency":"USD","receiver_name":"\xe1\x9e\x9f\xe1\x9e\xbb'
    b'\xe1\x9e\x81 Dara","expire_in":300}}'
)


#: Parameters of a request whose JSON text has 300 bytes.
REQUEST: Final[dict[str, object]] = {
    "service": "create.unified.fundTransfer",
    "out_trade_no": "ORDER-2026-000123-1",
    "receiver_id": "85512345678",
    "sender_name": "Sok Dara",
    "amount": 19.99,
    "currency": "USD",
    "note": "school fees / first half of the year",
    "callback": "partner.example/kess/fund-transfers/ORDER-2026-000123-1",
    "device": "desk 12.34",
}

#: What an answer says whose body, signature included, has 800 bytes (of a key
#: of 2048 bits; base64 escapes a slash or two more or less).
RESPONSE: Final[dict[str, object]] = {
    "success": True,
    "code": 200,
    "message": "Success",
    "data": {
        "result_code": "SUCCESS",
        "fund_transfer_id": "FT20260101123456789",
        "out_trade_no": "ORDER-2026-000123-1",
        "receiver_id": "85512345678",
        "pre_transfer_id": "PT0123456789abcdef0123456789abcdef",
        "amount": 19.99,
        "currency": "USD",
        "receiver_name": "\u179f\u17bb\u1781 Dara",
        "expire_in": 300,
        "sender_name": "Sok Dara",
        "note": "school fees / first half of the year",
        "at": "2026-01-01",
    },
}


def sized(size: int) -> bytes:
    """Return a document of about this many bytes, of many small transfers."""
    rng = random.Random(size)
    items: list[str] = []
    length = 26
    while length < size - 30:
        number = rng.randrange(10**9)
        items.append(
            f'{{"id":"FT{number:09}","amount":{number // 100}.{number % 99 + 1:02},'
            f'"note":"fees / {number}"}}'
        )
        length += len(items[-1]) + 1
    return ('{"success":true,"data":[' + ",".join(items) + "]}").encode()


def _objects(keys: list[str]) -> bytes:
    return ("{" + ",".join(f'"{key}":1' for key in keys) + "}").encode()


def _nested(members: bytes) -> bytes:
    return b'{"d":' + members + b"}"


def _random_keys(rng: random.Random, n: int) -> bytes:
    return _objects([f"{rng.getrandbits(60):x}" for _ in range(n)])


def _mixed_keys(rng: random.Random, n: int) -> bytes:
    forms = ["%d", "%da", "%d.5", "%de1", " %d", "%d "]
    return _objects([rng.choice(forms) % rng.randrange(10 * n) for _ in range(n)])


def _doubles(rng: random.Random, n: int) -> bytes:
    values = (rng.random() * 10.0 ** rng.randrange(-20, 20) for _ in range(n))
    return ("[" + ",".join(map(repr, values)) + "]").encode()


def _hard_doubles(rng: random.Random, n: int) -> bytes:
    values = (f"{rng.getrandbits(70)}.{rng.getrandbits(70)}" for _ in range(n))
    return ("[" + ",".join(values) + "]").encode()


#: Name -> document from seeded rng and a number n that it grows with.
HOSTILE: Final[dict[str, Callable[[random.Random, int], bytes]]] = {
    "keys, random": _random_keys,
    "keys, random, nested": lambda d, n: _nested(_random_keys(d, n)),
    "keys, ascending": lambda _, n: _objects([f"key_{i}" for i in range(n)]),
    "keys, integers": lambda d, n: _objects(
        [str(i) for i in d.sample(range(10**9), n)]
    ),
    "keys, numeric strings": lambda d, n: _objects(
        [f"{i}.5" for i in d.sample(range(10**9), n)]
    ),
    "keys without an order": _mixed_keys,
    "one key, repeated": lambda _, n: _nested(_objects(["a"] * n)),
    "1000 keys, repeated": lambda _, n: _objects([f"a{i % 1000}" for i in range(n)]),
    "object that is a list": lambda _, n: _nested(_objects([str(i) for i in range(n)])),
    "lists in lists, 500 deep": lambda _, n: (
        b'{"0":' * 500 + b"[" + b"1," * n + b"1]" + b"}" * 500
    ),
    "empty objects": lambda _, n: b"[" + b"{}," * n + b"1]",
    "small objects": lambda _, n: b"[" + b'{"a":1,"b":2},' * n + b"1]",
    "small integers": lambda _, n: b"[" + b"1," * n + b"1]",
    "doubles": _doubles,
    "doubles, 42 digits": _hard_doubles,
    "string, plain": lambda _, n: b'{"a":"' + b"x" * (50 * n) + b'"}',
    "string, slashes": lambda _, n: b'{"a":"' + b"/" * (50 * n) + b'"}',
    "string, Khmer": lambda _, n: b'{"a":"' + "\u1780".encode() * (16 * n) + b'"}',
    "string, escapes": lambda _, n: b'{"a":"' + b"\\u0041" * (8 * n) + b'"}',
    "string, DEL": lambda _, n: b'{"a":"' + b"\x7f" * (10 * n) + b'"}',
    "fault at the end": lambda _, n: b"[" + b"1," * n + b"x]",
    "number, n digits": lambda _, n: b'{"a":0.' + b"1" * n + b"}",
    "integer, n digits, replaced": lambda _, n: b'{"a":' + b"1" * n + b',"a":1}',
}


def hostile(name: str, size: int) -> bytes:
    """Return the hostile document of this name; the same on every machine."""
    return HOSTILE[name](random.Random(name), size)
