"""
How a value that came from a user or a server is shown in a message.

People put a secret where a path, a URL or a name is expected, and servers
repeat what they were sent. A message that quotes such a value hands the secret
to every log. So no message quotes one: it is shown by a function of this
module, which says what kind of thing it is where it could be a secret.

A value is shown as a path only where that is what it must be: it names a file
that exists; or its first folder does; or it has the letters of a path and ends
like a file (``gateway.pem``). A word alone, ``hunter2-hunter2``, is a password
as well as a name, and is not shown.
"""

from __future__ import annotations

import os
import re
from binascii import b2a_base64
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus, urlsplit


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


__all__ = [
    "HIDDEN",
    "brief_path",
    "connects",
    "could_be_path",
    "is_shown_whole",
    "kind_of",
    "masked",
    "no_path",
    "quoted",
    "shown_path",
    "shown_url",
    "shown_value",
    "visible",
]

#: Stands for a value that must not be shown.
HIDDEN: Final = "(hidden)"

#: Characters of a path that is shown, and of the name of a file on any disk.
_LONGEST_PATH: Final = 400
_LONGEST_NAME: Final = 255
#: Characters of a place in a document: all, or so many of its beginning and its end.
_LONGEST_PLACE: Final = 120
_BEGINNING: Final = 60
_END: Final = 50

#: How the names of files end that kesspay reads or writes.
_ENDINGS: Final = (
    "cer|cnf|conf|crt|csr|db|der|env|ini|json|jsonl|key|log|p12|p7b|pem|pfx|php|pk8"
    "|ppk|pub|py|sh|sig|sqlite|sqlite3|txt|xml|yaml|yml"
)
#: Letters of a path whose folder is not there.
_PLAIN_PATH: Final = re.compile(rf"(?:[A-Za-z]:)?[A-Za-z0-9._~/\\-]+\.(?:{_ENDINGS})")
#: Names of bytes that are no text, which Python gives as lone surrogates.
_BYTES_OF_NAMES: Final = re.compile("[\udc80-\udcff]")

#: A scheme, as of a URL. One letter alone is a drive of Windows, and pathlib
#: makes one slash of two. The search begins once in each run of letters, since a
#: long one takes quadratic time otherwise.
_SCHEME: Final = re.compile(
    r"\A[\s\"']*([A-Za-z][A-Za-z0-9+.-]+):(?=/|\\)"
    r"|(?<![A-Za-z0-9+.-])([A-Za-z0-9+.-]+)://"
)
#: ``user:password@host`` without a scheme.
_USER: Final = re.compile(r"[^/\\\s:@]+:[^/\\\s@]+@[^/\\\s@]+(?:[/?:].*)?", re.DOTALL)
_WEB: Final = frozenset({"http", "https", "ws", "wss", "file", "ftp", "sftp", "ssh"})
_DRIVER: Final = re.compile(r"\s*(?:jdbc|odbc|oci|sqlite|dbi):", re.IGNORECASE)
_KEYWORD: Final = re.compile(
    r"(?:^|[\s;&?,(])\W{0,4}(?:host|hostaddr|port|dbname|database|initial catalog"
    r"|data source|server|driver|dsn|user|user[ _]?name|user ?id|uid|passfile|service"
    r"|sslmode|sslkey|application_name|\w{0,40}(?:password|passwd|pwd|passphrase"
    r"|token|secret|key))\s*=",
    re.IGNORECASE,
)

_PEM: Final = re.compile(
    r"-{2,5} ?(?:BEGIN|END) |(?:BEGIN|END) (?:[A-Z0-9]+ ){0,8}(?:KEY|CERTIFICATE)"
)
_KINDS: Final = (
    (re.compile(r"PuTTY-User-Key-File"), "a PuTTY key"),
    (re.compile(r"(?:ssh-|ecdsa-sha2-|sk-ssh-)\S+\s+\S"), "an SSH key"),
    (re.compile(r"(?:Bearer|Basic|Token)\s+\S", re.IGNORECASE), "a bearer token"),
    (re.compile(r"eyJ[\w-]*\.[\w-]+\.[\w-]*\Z"), "a token"),
    (re.compile(r"[{\[].*[}\]]\Z", re.DOTALL), "a JSON text"),
    (re.compile(r"<.*>\Z", re.DOTALL), "an XML text"),
    (re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?\Z"), "a number"),
    (re.compile(r"(?:[0-9A-Fa-f]{2}[\s:]*){16,}\Z"), "a hex text"),
)
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/_-]\s*|\\[nr]){16,}(?:=\s*){0,2}")

#: A piece of a path that a URL may show: short, and no token, which has both
#: letters and digits.
_URL_PIECE: Final = re.compile(
    r"[A-Za-z0-9._~-]{0,15}|(?:[A-Za-z._~-]{16,40}|[0-9._~-]{16,40})"
)
_SHOWN_SCHEMES: Final = frozenset({"http", "https", "postgres", "postgresql"})
_HOST: Final = re.compile(r"[A-Za-z0-9_.-]{1,253}|[0-9A-Fa-f:.]{2,45}")

#: A text that is shown although it breaks a rule, as it is too short for a
#: secret or is a number.
_SHORT: Final = 4
_NUMBER: Final = re.compile(r"[0-9.,+\-eE]{1,7}")
_LARGE: Final = 10**40
#: Characters of a Decimal that is shown.
_LONGEST_NUMBER: Final = 60
#: Types whose repr shows the value and nothing else; of a subclass anything may come.
_WRITTEN: Final = frozenset({type(None), bool, float, Decimal})
_LAST_OF_FOUR: Final = 0xFFFF

#: This many characters of a secret in a row are hidden wherever they stand.
_PIECE: Final = 8
_JSON_ESCAPES: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
#: A secret that is shorter is hidden where it stands as a word.
_WORD: Final = 4


def _text(value: object) -> str | None:
    """Return a value as text where it can stand for a path or a text."""
    if isinstance(value, os.PathLike):
        value = _path_of(value)
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            return os.fsdecode(bytes(value))
        except ValueError:
            # A memoryview that was released.
            return None
    # A class of the caller's own may write itself otherwise, or fail to.
    return str.__str__(value) if isinstance(value, str) else None


def _path_of(value: os.PathLike[Any]) -> object:
    """Return what a path object stands for; None where its class fails to say."""
    try:
        return os.fspath(value)
    except Exception:  # noqa: BLE001 - an error of the caller's class hides no other
        return None


def kind_of(value: object) -> str:
    """
    Say what kind of thing a value is, with nothing of its content.

    Returns:
        "a PEM text", "base64", "a connection string", "a URL with a password",
        "an empty text", "a word of 15 characters" and the like.
    """
    text = _text(value)
    if text is None:
        return f"a value of the type {type(value).__name__:.40}"
    bare = text.strip()
    if not bare:
        return "a blank text" if text else "an empty text"
    if _PEM.search(text):
        return "a PEM text"
    kind = _kind_of_address(bare)
    if kind:
        return kind
    for pattern, name in _KINDS:
        if pattern.match(bare):
            return name
    if _is_base64(bare):
        return "base64"
    if "\n" in bare or "\r" in bare:
        return f"a text of {len(text.splitlines())} lines"
    noun = "text" if any(map(str.isspace, bare)) else "word"
    nul = " with a NUL byte" if "\0" in text else ""
    return f"a {noun} of {_characters(text)}{nul}"


def _characters(text: str) -> str:
    return f"{len(text)} character{'s' * (len(text) != 1)}"


def connects(value: object) -> bool:
    """Return whether a value is made to open a connection: a URL, or its like."""
    text = _text(value)
    return text is not None and bool(_kind_of_address(text.strip()))


def _kind_of_address(text: str) -> str:
    scheme = _SCHEME.search(text)
    if scheme is not None and (scheme[1] or scheme[2]).lower() in _WEB:
        return "a URL with a password" if "@" in text[scheme.end() :] else "a URL"
    if scheme is not None or _DRIVER.match(text) or _KEYWORD.search(text):
        return "a connection string"
    return "a URL with a password" if _USER.fullmatch(text) else ""


def _is_base64(text: str) -> bool:
    if not _BASE64.fullmatch(text):
        return False
    mixed = all(re.search(letters, text) for letters in ("[a-z]", "[A-Z]", "[0-9]"))
    return mixed or text.endswith("=")


def brief_path(path: str) -> str:
    """Return where a value stands in a document: of a long path both ends."""
    if len(path) <= _LONGEST_PLACE:
        return path
    return f"{path[:_BEGINNING]} ... {path[-_END:]}"


def could_be_path(value: object) -> bool:
    """
    Return whether a value is a path, with enough certainty to show it.

    The rule is the one at the top of this module. What is long, has several
    lines or control characters, or is made to connect, is none.
    """
    text = _text(value)
    if not text or len(text) > _LONGEST_PATH or connects(text) or _PEM.search(text):
        return False
    if not _BYTES_OF_NAMES.sub("", text).isprintable():
        return False
    parts = re.split(r"[/\\]" if os.sep == "\\" else "/", text)
    if any(len(part) > _LONGEST_NAME for part in parts):
        return False
    if os.path.lexists(text):
        return True
    # Of "/run/secrets/key" it is "/run", of "keys/key" it is "keys". The root
    # says nothing: base64 begins with a slash as well.
    named = [part for part in parts if part]
    if len(named) > 1:
        first = text[: text.index(named[0])] + named[0]
        if os.path.lexists(f"{first}{os.sep}"):  # which a file is not
            return True
    return _PLAIN_PATH.fullmatch(text) is not None and not any(
        _is_base64(part.partition(".")[0]) for part in parts
    )


def no_path(value: object) -> str:
    """
    Return what kind of thing a value is that cannot be meant as a path.

    A file with such a name must not be made. A word can be meant as one.

    Returns:
        The kind and the length, or "" for a value that may be a path.
    """
    text = _text(value)
    if text is None or could_be_path(text):
        return "" if text else kind_of(value)
    kind = kind_of(text)
    clean = _BYTES_OF_NAMES.sub("", text).isprintable()
    if kind.startswith(("a word of", "a text of", "a number")) and clean:
        return ""
    length = _characters(text)
    return kind if length in kind or not text else f"{kind} ({length})"


def shown_path(value: object) -> str:
    """
    Return a path for a message, or what stands in its place.

    Returns:
        The path, quoted; or "a value of 1704 characters (a PEM text, not a
        path)", where it is not certain that it is one.
    """
    text = _text(value)
    if text is None:
        return kind_of(value)
    if could_be_path(text):
        return repr(text)
    length = f"a value of {_characters(text)}"
    kind = kind_of(text)
    return length if _characters(text) in kind else f"{length} ({kind}, not a path)"


def shown_value(value: object) -> str:
    """
    Return a value that breaks a rule, for a message.

    Returns:
        Its repr, where it is a number, a text of up to four characters, or a
        URL with nothing in it that ``shown_url`` hides; else its kind.
    """
    if type(value) in _WRITTEN:
        written = repr(value)
        return written if len(written) <= _LONGEST_NUMBER else "a long number"
    if type(value) is int:
        # Python refuses to write integers of thousands of digits.
        return repr(value) if abs(value) < _LARGE else "a large int"
    text = str.__str__(value) if isinstance(value, str) else None
    if text is None:
        return kind_of(value)
    short = len(text) <= _SHORT or _NUMBER.fullmatch(text) is not None
    harmless = (short and text.isprintable()) or text == HIDDEN
    if harmless or shown_url(text) == text:
        return repr(text)
    return kind_of(text)


def is_shown_whole(value: object, shown: str) -> bool:
    """Return whether ``shown``, which ``shown_value`` returned, is the whole value."""
    if type(value) is int:
        return abs(value) < _LARGE
    return (type(value) is str or type(value) in _WRITTEN) and shown == repr(value)


def shown_url(url: object) -> str:
    """
    Return scheme, host, port and path of a URL.

    User, password, query and fragment are left out, and so is every piece of
    the path that is long or looks like a token.

    Returns:
        The URL, or "a URL that cannot be read".
    """
    unreadable = "a URL that cannot be read"
    text = _text(url)
    if text is None or not text.isprintable() or "\\" in text:
        return unreadable
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return unreadable
    # An "@" later on is one of a user whose password has a "/", "?" or "#".
    later = text.partition("//")[2][len(parts.netloc) :]
    if parts.scheme not in _SHOWN_SCHEMES or "@" in later:
        return unreadable
    if host is None or not _HOST.fullmatch(host):
        return unreadable
    place = f"[{host}]" if ":" in host else host
    number = "" if port is None else f":{port}"
    path = "/".join(
        piece if _URL_PIECE.fullmatch(piece) else HIDDEN
        for piece in parts.path.split("/")
    )
    return f"{parts.scheme}://{place}{number}{path}"


def quoted(text: object, *, secrets: Iterable[object] = (), limit: int = 200) -> str:
    """
    Return words of a server for a message.

    Args:
        text: what the server sent, as text or bytes.
        secrets: of ours (texts or bytes); no piece of one is shown, in none of
            the forms in which a server may repeat it.
        limit: most characters of the result, its quotation marks included.

    Returns:
        The words in quotation marks, with control characters and characters
        that change the direction of writing escaped.
    """
    if isinstance(text, bytes | bytearray | memoryview):
        words = bytes(text).decode(errors="replace")
    else:
        words = str(text)
    forms = _all_forms(secrets)
    # What is beyond is not shown; a secret that begins within is seen whole.
    beyond = limit + max(map(len, forms), default=0)
    shown = repr(_masked(words[:beyond], forms))
    if len(shown) > limit or len(words) > beyond:
        shown = f"{shown[:-1][: limit - 4]}...{shown[0]}"
    return shown


def visible(text: str) -> str:
    r"""
    Replace by \uNNNN what a reader does not see, or sees in another place than it is.

    Marks that change the direction of writing let a text look like another one. Line
    breaks and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in "\n\t" else _point(ord(one)) for one in text
    )


def _point(number: int) -> str:
    return f"\\u{number:04x}" if number <= _LAST_OF_FOUR else f"\\U{number:08x}"


def masked(text: str, secrets: Iterable[object]) -> str:
    """Return a text without any piece of the secrets, in any of their forms."""
    return _masked(text, _all_forms(secrets))


def _all_forms(secrets: Iterable[object]) -> list[str]:
    return list(dict.fromkeys(form for one in secrets for form in _forms(one)))


def _masked(text: str, forms: list[str]) -> str:
    """Replace every piece of a secret."""
    folded = [_folded(form) for form in forms]
    pieces = {
        form[at : at + _PIECE]
        for form in folded
        for at in range(len(form) - _PIECE + 1)
    }
    low = _folded(text)
    hidden = [False] * len(text)
    for at in range(len(low) - _PIECE + 1):
        if low[at : at + _PIECE] in pieces:
            hidden[at : at + _PIECE] = [True] * _PIECE
    for form in folded:
        if len(form) < _PIECE:
            edge = r"\b" if len(form) < _WORD else ""
            for match in re.finditer(f"{edge}{re.escape(form)}{edge}", low):
                hidden[match.start() : match.end()] = [True] * len(form)
    if True not in hidden:
        return text
    shown = []
    for at, char in enumerate(text):
        if not hidden[at]:
            shown.append(char)
        elif at == 0 or not hidden[at - 1]:
            shown.append(HIDDEN)
    return "".join(shown)


def _folded(text: str) -> str:
    """Return a text in lower case, each character in its place."""
    if text.isascii():
        return text.lower()
    return "".join(one.lower() if len(one.lower()) == 1 else one for one in text)


def _in_json(char: str, *, ascii_only: bool) -> str:
    """Write a character in JSON (RFC 8259, 7); the module json is slow to load."""
    if char in _JSON_ESCAPES:
        return _JSON_ESCAPES[char]
    if " " <= char <= "~" or (char > "~" and not ascii_only):
        return char
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _forms(secret: object) -> Iterator[str]:
    """Yield the forms in which a server may repeat a secret."""
    if isinstance(secret, bytes | bytearray | memoryview):
        plain = bytes(secret).decode(errors="replace")
    else:
        plain = str(secret)
    if not plain:
        return
    data = plain.encode(errors="replace")
    yield plain
    for ascii_only in (True, False):
        written = "".join(_in_json(one, ascii_only=ascii_only) for one in plain)
        yield written
        yield written.replace("/", r"\/")
    yield quote(data, safe="")
    yield quote_plus(data)
    yield quote(data)
    for quotation in ("'", "&#039;", "&#x27;", "&apos;"):
        page = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        yield page.replace('"', "&quot;").replace("'", quotation)
    yield data.hex()
    # In the base64 of a longer text, as "user:password", the place of the
    # secret decides how it is written: what does not depend on its neighbours.
    for shift in range(3):
        spelled = b2a_base64(b"\0" * shift + data).decode().rstrip("=\n")
        inner = spelled[(0, 2, 3)[shift] : (len(data) + shift) * 8 // 6]
        if len(inner) >= _WORD:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
