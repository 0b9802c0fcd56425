"""
Secrets of every kind that people put into the wrong place, and what shows them.

Each has a text and the pieces that must never be shown; of a PEM text these are
the lines of base64, and not the words of its frame.
"""

from __future__ import annotations

import base64
import os
import traceback
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


__all__ = ["KINDS", "WORD", "Misplaced", "leaks", "names_in", "shown_by", "some"]

#: This many characters of a secret in a row are a leak.
PIECE: Final = 8

WORD: Final = "hunter2-hunter2"
_LONG: Final = base64.b64encode(bytes(range(91, 139))).decode()
_JOSE: Final = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJodW50ZXIyIn0.c2lnbmF0dXJlLW9mLWEtdG9rZW4"


class Misplaced(NamedTuple):
    """A text in the wrong place, and its secret pieces."""

    text: str
    secrets: tuple[str, ...]

    @property
    def is_word(self) -> bool:
        """True for what a file, an account or a person can be named by as well."""
        return self.text in self.secrets and "\n" not in self.text


def _pem(name: str) -> str:
    return (KEYS / name).read_text(encoding="ascii")


def _body(pem: str) -> tuple[str, ...]:
    """Return the lines of base64, once as they are and once as one."""
    lines = [line for line in pem.splitlines() if line and "-----" not in line]
    return (*lines, "".join(lines))


_PKCS8: Final = _pem("rsa-2048.pem")
_DER: Final = (KEYS / "rsa-2048.pkcs8.der").read_bytes()

KINDS: Final[dict[str, Misplaced]] = {
    "word": Misplaced(WORD, (WORD,)),
    "word with dots": Misplaced("Tr0ub4dor.and.3", ("Tr0ub4dor.and.3",)),
    "word with slash": Misplaced("hunter2/hunter2x", ("hunter2/hunter2x",)),
    "rooted word": Misplaced("/hunter2hunter2", ("/hunter2hunter2",)),
    "odd word": Misplaced("p%40ss;w0rd'\"$x", ("p%40ss;w0rd'\"$x",)),
    "sentence": Misplaced("purple monkey washer", ("purple monkey washer",)),
    "digits": Misplaced("918273645546", ("918273645546",)),
    "base64": Misplaced(_LONG, (_LONG,)),
    "hex": Misplaced(_DER[600:664].hex(), (_DER[600:664].hex(),)),
    "hex dump": Misplaced(
        _DER[600:664].hex(" "), (_DER[600:664].hex(" "), _DER[600:664].hex())
    ),
    "PKCS#8": Misplaced(_PKCS8, _body(_PKCS8)),
    "PKCS#1": Misplaced(_pem("rsa-2048.pkcs1.pem"), _body(_pem("rsa-2048.pkcs1.pem"))),
    "encrypted": Misplaced(
        _pem("rsa-2048.encrypted.pem"), _body(_pem("rsa-2048.encrypted.pem"))
    ),
    "public": Misplaced(_pem("rsa-2048.pub.pem"), _body(_pem("rsa-2048.pub.pem"))),
    "one line": Misplaced(_PKCS8.replace("\n", "\\n"), _body(_PKCS8)),
    "CRLF": Misplaced(_PKCS8.replace("\n", "\r\n"), _body(_PKCS8)),
    "no frame": Misplaced(_body(_PKCS8)[-1], _body(_PKCS8)),
    "short PEM": Misplaced(
        f"-----BEGIN PRIVATE KEY-----\n{_LONG}\n-----END PRIVATE KEY-----\n", (_LONG,)
    ),
    "JWK": Misplaced(f'{{"kty":"oct","k":"{_LONG}"}}', (_LONG,)),
    "token": Misplaced(_JOSE, (_JOSE,)),
    "bearer": Misplaced(f"Bearer {_JOSE}", (_JOSE,)),
    "setting": Misplaced(f"KESSPAY_PASSWORD={WORD}", (WORD,)),
    **{
        text.partition(":")[0].partition("=")[0] + ending: Misplaced(text, (WORD,))
        for ending, text in (
            ("", f"postgresql://kess:{WORD}@127.0.0.1:1/kess"),
            (" query", f"postgresql://kess@127.0.0.1:1/kess?password={WORD}"),
            (" slash", f"postgresql://kess:12/{WORD}@127.0.0.1:1/kess"),
            (" sslpassword", f"postgres://127.0.0.1:1/kess?sslpassword={WORD}"),
            (" sslkey", f"postgresql://kess@127.0.0.1:1/kess?sslkey={WORD}"),
            ("", f"postgres://kess:{WORD}@127.0.0.1:1/kess"),
            ("", f"postgresql+psycopg://kess:{WORD}@127.0.0.1:1/kess"),
            ("", f"jdbc:postgresql://127.0.0.1:1/kess?user=u&password={WORD}"),
            ("", f"mysql://root:{WORD}@127.0.0.1/kess"),
            ("", f"mongodb+srv://root:{WORD}@127.0.0.1/kess"),
            ("", f"redis://:{WORD}@127.0.0.1:1/0"),
            ("", f"amqps://guest:{WORD}@127.0.0.1//"),
            ("", f"sqlite:///{WORD}"),
            ("", f"host=127.0.0.1 port=1 user=kess password={WORD}"),
            (" quoted", f"host='127.0.0.1' port='1' password='{WORD} x'"),
            (" alone", f"password={WORD}"),
            ("", f"Driver={{PostgreSQL}};Server=127.0.0.1;Uid=kess;Pwd={WORD}"),
            ("", f"https://kess:{WORD}@127.0.0.1:1/partnerapi/v1"),
            (" token", f"https://127.0.0.1:1/partnerapi/v1?token={WORD}"),
            (" fragment", f"https://127.0.0.1:1/partnerapi/v1#{WORD}"),
            (" cut", f"https://kess:4/{WORD}@127.0.0.1:1/v1"),
            ("", f"kess:{WORD}@127.0.0.1:1"),
        )
    },
}


def some(number: int, share: int) -> list[str]:
    """Return one kind out of a few, other ones for each number; all where asked."""
    step = 1 if int(os.environ.get("KESSPAY_LONG", "1")) > 1 else share
    return list(KINDS)[number % step :: step]


def leaks(secrets: Iterable[str], text: str) -> set[str]:
    """Return the pieces of secrets that a text shows, case aside."""
    low = text.lower()
    return {
        piece
        for secret in secrets
        for at in range(len(secret) - PIECE + 1)
        if (piece := secret[at : at + PIECE].lower()) in low
    }


def shown_by(error: BaseException) -> str:
    """Return everything that an exception and all behind it show."""
    texts = list(traceback.TracebackException.from_exception(error).format())
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        texts += [str(one), repr(one), repr(one.args), repr(vars(one))]
        texts += getattr(one, "__notes__", [])
        # What the system, a decoder or json says of what it was given.
        names = ("filename", "filename2", "object", "doc", "strerror")
        texts += [repr(getattr(one, name, None)) for name in names]
        todo += [one.__cause__, one.__context__]
    return "\n".join(texts)


def names_in(folder: Path) -> Iterator[str]:
    """Yield the names of what lies in a folder."""
    for path in folder.rglob("*"):
        yield str(path.relative_to(folder))
