"""
Name what a file holds that holds no key of ours, and how to convert it.

The backends say in their own words why a key was not loaded (``format``,
``kind``); they know nothing of the formats of other tools. This module looks
at such a file once more, so that the words are the same with both backends. It
takes no key out of anything: it only recognises.

A message holds the name of the format and the command that converts it, with
FILE for the file, and never a byte of the file.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from kesspay.errors import KeyLoadError
from kesspay.signing.keyfile import MAX_BYTES, Need, key_error, plain_base64, readable
from kesspay.signing.status import Found


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["FORMATS", "Format", "explained", "read_again", "recognise"]

_Handle = TypeVar("_Handle")


class Format(NamedTuple):
    """
    A format that is recognised and not loaded.

    Args:
        found: its name, with an article.
        pattern: what the file, its text, or what its base64 holds looks like.
        private: what to do where a private key is needed.
        public: what to do where a public key is needed.
        secret: whether it holds a private key.
    """

    found: str
    pattern: re.Pattern[bytes]
    private: str
    public: str
    secret: bool = False


_ASK_FOR_PEM: Final = "ask for the key in PEM"
_OWN: Final = (
    "it holds no private key; give the private key that was made with it, or make a "
    "pair: `kesspay keys generate`"
)
_NOT_HANDED_OUT: Final = (
    "it is secret and must not be handed around; ask its owner for the public key"
)
_FROM_JWK: Final = (
    "convert it: `node -p \"require('crypto').create{half}Key({{key: JSON.parse("
    "require('fs').readFileSync('FILE')){item}, format: 'jwk'}})"
    ".export({{type: '{type}', format: 'pem'}})\" > NEW`"
)


def _jwk(*, private: bool, item: str = "") -> str:
    half, kind = ("Private", "pkcs8") if private else ("Public", "spki")
    return _FROM_JWK.format(half=half, type=kind, item=item)


def _at_start(text: str) -> re.Pattern[bytes]:
    return re.compile(rb"\A[\s\"']*" + text.encode())


def _magic(*starts: str) -> re.Pattern[bytes]:
    anyone = b"|".join(re.escape(bytes.fromhex(start)) for start in starts)
    return re.compile(rb"\A(?:" + anyone + rb")", re.DOTALL)


def _one_before(one: bytes, other: bytes) -> re.Pattern[bytes]:
    """
    Match one thing that another follows anywhere.

    Only the first is looked at, as all follows it that follows a later one: to try
    each would take hours for a file of 1 MiB that has nothing else.
    """
    return re.compile(rb"\A(?>.*?" + one + rb").*" + other, re.DOTALL)


def _label(words: str) -> re.Pattern[bytes]:
    return re.compile(rb"-----BEGIN (?:" + words.encode() + rb")-----")


#: ``-----BEGIN PRIVATE KEY`` and the like in base64.
_SECRET_IN_BASE64: Final = (
    rb"LS0tLS1CRUdJTi(?:BQUklWQVRF|BSU0EgUFJJVkFU|BFTkNSWVBURUQg|BFQyBQUklWQVRF"
    rb"|BPUEVOU1NIIFBS)"
)
_NO_RSA: Final = "the API needs RSA, and no key of another kind can be made into it"
_SSH_TO_PEM: Final = "convert it: `ssh-keygen -e -m PKCS8 -f FILE > NEW`"
_RFC_4716: Final = (
    "convert it: `ssh-keygen -i -m RFC4716 -f FILE > NEW.pub && "
    "ssh-keygen -e -m PKCS8 -f NEW.pub > NEW`"
)
_OPENSSH: Final = (
    "convert a copy of it, since this overwrites the file: "
    "`ssh-keygen -p -m PKCS8 -f FILE`"
)
_KEYSTORE: Final = (
    "convert it: `keytool -importkeystore -srckeystore FILE -srcstoretype {type} "
    "-destkeystore NEW -deststoretype PKCS12`; then "
)
_P12_KEY: Final = "`openssl pkcs12 -in NEW -nocerts -out private.pem`"
_P12_CERT: Final = "`openssl pkcs12 -in NEW -nokeys -clcerts -out public.pem`"
_PKCS7: Final = (
    "take its certificates out: `openssl pkcs7 {form}-in FILE -print_certs -out NEW`"
)
_BLOB: Final = "convert it: `openssl rsa -inform {form} -in FILE -out NEW`"
_PUBLIC_BLOB: Final = (
    "convert it: `openssl rsa -inform MSBLOB -pubin -in FILE -pubout -out NEW`"
)
_DOTNET: Final = (
    'convert it with PowerShell 7: `pwsh -c "\\$k = [Security.Cryptography.RSA]::'
    "Create(); \\$k.FromXmlString((Get-Content -Raw FILE)); "
    '\\$k.{export}()" > NEW`'
)
_UNPACK: Final = "unpack it: `{command}`"

#: What is recognised, in this order.
FORMATS: Final[tuple[Format, ...]] = (
    Format(
        "a PuTTY private key (.ppk)",
        _at_start(r"PuTTY-User-Key-File-\d"),
        "convert it: `puttygen FILE -O private-openssh -o NEW`",
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "an OpenSSH key",
        re.compile(
            rb"-----BEGIN OPENSSH PRIVATE KEY-----|\A\s*openssh-key-v1"
            rb"|\A\s*b3BlbnNzaC1rZXktdjE"
        ),
        _OPENSSH,
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "an encrypted private key of SSH2 (ssh.com)",
        re.compile(rb"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"),
        "convert it: `puttygen FILE -O private-openssh -o NEW`",
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "an SSH2 public key (RFC 4716)",
        re.compile(rb"-{4,5} ?BEGIN SSH2 PUBLIC KEY ?-{4,5}"),
        _OWN,
        _RFC_4716,
    ),
    Format(
        "an OpenSSH key",
        re.compile(
            rb"\A\s*(?:ssh-|sk-ssh-|ecdsa-sha2-|sk-ecdsa-)"
            rb"|(?:^|\s)(?:ssh-rsa|ssh-dss|ssh-ed25519) AAAA"
        ),
        "it is the public half; the private key is in the file without .pub",
        _SSH_TO_PEM,
    ),
    Format(
        "a private key of GnuPG",
        re.compile(rb"-----BEGIN PGP PRIVATE KEY BLOCK-----|\A[\x95\xc5\x94]"),
        "PGP keys serve another purpose; make a pair: `kesspay keys generate`",
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "a public key of GnuPG",
        re.compile(
            rb"-----BEGIN PGP (?:PUBLIC KEY BLOCK|MESSAGE)-----|\A[\x98\x99\xc6]"
        ),
        "PGP keys serve another purpose; make a pair: `kesspay keys generate`",
        f"PGP keys serve another purpose; {_ASK_FOR_PEM}",
    ),
    Format(
        "an RSA private key in .NET's XML (RSAKeyValue)",
        _one_before(rb"<RSAKeyValue\b", rb"<D>"),
        _DOTNET.format(export="ExportPkcs8PrivateKeyPem"),
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "an RSA public key in XML (RSAKeyValue)",
        re.compile(rb"<(?:\w+:)?RSAKeyValue\b"),
        _OWN,
        _DOTNET.format(export="ExportSubjectPublicKeyInfoPem"),
    ),
    Format(
        "a JSON Web Key that is no RSA key",
        _one_before(rb'"kty"\s*:\s*"(?:EC|OKP|oct)"', rb'"[dk]"\s*:'),
        _NO_RSA,
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "a set of JSON Web Keys with private ones",
        _one_before(rb'"keys"\s*:\s*\[', rb'"d"\s*:\s*"'),
        _jwk(private=True, item=".keys[0]"),
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "a set of JSON Web Keys (JWKS)",
        _one_before(rb'"keys"\s*:\s*\[', rb'"kty"'),
        _OWN,
        _jwk(private=False, item=".keys[0]"),
    ),
    Format(
        "a private JSON Web Key (JWK)",
        re.compile(rb'\A(?=.*"kty"\s*:\s*"RSA")(?=.*"d"\s*:\s*")', re.DOTALL),
        _jwk(private=True),
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "a JSON Web Key (JWK)",
        re.compile(rb'"kty"\s*:\s*"RSA"'),
        _OWN,
        _jwk(private=False),
    ),
    Format(
        "a JSON Web Key that is no RSA key",
        re.compile(rb'"kty"\s*:\s*"'),
        _NO_RSA,
        _NO_RSA,
    ),
    Format(
        "a text with a private key in base64 (a Kubernetes secret, perhaps)",
        re.compile(rb"(?:[:=]\s*|[\"'>])" + _SECRET_IN_BASE64),
        "take the key out: `sed -n 's/^ *tls\\.key: *//p' FILE | base64 -d > NEW`",
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "a text with PEM in base64 (a Kubernetes secret, perhaps)",
        re.compile(rb"(?:[:=]\s*|[\"'>])LS0tLS1CRUdJTi"),
        _OWN,
        "take the PEM out: `sed -n 's/^ *tls\\.crt: *//p' FILE | base64 -d > NEW`",
    ),
    Format(
        "certificates in PKCS#7 (.p7b)",
        _label("PKCS7|PKCS #7 SIGNED DATA|CMS"),
        _OWN,
        _PKCS7.format(form=""),
    ),
    Format(
        "certificates in PKCS#7 (.p7b)",
        re.compile(
            rb"\A\x30[\x80-\xff].{0,4}?\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
            re.DOTALL,
        ),
        _OWN,
        _PKCS7.format(form="-inform DER "),
    ),
    Format(
        "a PKCS#12 file in BER",
        re.compile(rb"\A\x30\x80\x02\x01\x03\x30"),
        "rewrite it: `openssl pkcs12 -in FILE -nodes -out NEW`, and encrypt the key "
        "in NEW again",
        "take the certificate out: `openssl pkcs12 -in FILE -nokeys -clcerts -out NEW`",
    ),
    Format(
        "a list of revoked certificates (CRL)",
        _label("X509 CRL"),
        _OWN,
        _ASK_FOR_PEM,
    ),
    Format(
        "parameters without a key",
        _label("[A-Z0-9. ]*PARAMETERS"),
        _OWN,
        _ASK_FOR_PEM,
    ),
    Format(
        "a Java keystore (JKS)",
        _magic("feedfeed"),
        _KEYSTORE.format(type="JKS") + _P12_KEY,
        _KEYSTORE.format(type="JKS") + _P12_CERT,
    ),
    Format(
        "a Java keystore (JCEKS)",
        _magic("cececece"),
        _KEYSTORE.format(type="JCEKS") + _P12_KEY,
        _KEYSTORE.format(type="JCEKS") + _P12_CERT,
    ),
    Format(
        "a private key of Windows (PVK)",
        _magic("1ef1b5b0"),
        _BLOB.format(form="PVK"),
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "a private key of Windows (PRIVATEKEYBLOB)",
        _magic("07020000"),
        _BLOB.format(form="MSBLOB"),
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "a public key of Windows (PUBLICKEYBLOB)",
        _magic("06020000"),
        _OWN,
        _PUBLIC_BLOB,
    ),
    Format(
        "a private key of Windows (CNG blob)",
        _magic("52534132", "52534133"),
        f"export it as PKCS#8; {_ASK_FOR_PEM}",
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "a private key of BIND (DNSSEC)",
        _at_start("Private-key-format:"),
        "make a pair: `kesspay keys generate`",
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "a private key of age",
        re.compile(rb"AGE-SECRET-KEY-1"),
        _NO_RSA,
        _NOT_HANDED_OUT,
        secret=True,
    ),
    Format(
        "a name of a key in a token (pkcs11:)",
        _at_start("pkcs11:"),
        "a key that stays in a token signs through a signer of your own",
        _ASK_FOR_PEM,
    ),
    Format(
        "a file packed with gzip",
        _magic("1f8b"),
        _UNPACK.format(command="gzip -dc FILE > NEW"),
        _UNPACK.format(command="gzip -dc FILE > NEW"),
    ),
    Format(
        "a ZIP archive",
        _magic("504b0304"),
        _UNPACK.format(command="unzip FILE"),
        _UNPACK.format(command="unzip FILE"),
    ),
    Format(
        "a packed file",
        _magic("425a68", "fd377a585a00", "28b52ffd", "377abcaf271c"),
        "unpack it first",
        "unpack it first",
    ),
    Format(
        "a PDF file",
        _at_start("%PDF-"),
        _ASK_FOR_PEM,
        _ASK_FOR_PEM,
    ),
    Format(
        "an HTML page",
        re.compile(rb"\A\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE),
        "download the file itself, not the page that shows it",
        "download the file itself, not the page that shows it",
    ),
    Format(
        "XML that is no key",
        _at_start("<[?A-Za-z]"),
        _ASK_FOR_PEM,
        _ASK_FOR_PEM,
    ),
    Format(
        "a URL",
        re.compile(rb"\A\s*[A-Za-z][A-Za-z0-9+.-]*://\S+\s*\Z"),
        "a key is not downloaded; give the key itself",
        "a key is not downloaded; give the key itself",
    ),
    Format(
        "a dump in hexadecimal digits",
        re.compile(rb"\A\s*(?:0x)?30[\s:]*8[0-4][0-9A-Fa-f\s:]+\Z"),
        "convert it: `tr -d ': \\r' < FILE | xxd -r -p > NEW`",
        "convert it: `tr -d ': \\r' < FILE | xxd -r -p > NEW`",
    ),
    Format(
        "a dump in hexadecimal digits",
        re.compile(rb"\A\s*0+:? +30 ?8[0-4] ?[0-9a-fA-F]"),
        "convert it: `xxd -r FILE > NEW`",
        "convert it: `xxd -r FILE > NEW`",
    ),
    Format(
        "PEM whose hyphens were replaced by dashes",
        re.compile(rb"(?:\xe2\x80[\x90-\x95]|\xe2\x88\x92|\x96|\x97)\s*BEGIN "),
        "write five hyphens before and after BEGIN and END, or ask for the key again",
        "write five hyphens before and after BEGIN and END, or ask for the key again",
    ),
    Format(
        "JSON that is no key",
        _at_start(r"[{\[]"),
        _ASK_FOR_PEM,
        _ASK_FOR_PEM,
    ),
    Format(
        "the path of a file",
        re.compile(
            rb"\A\s*+(?:[A-Za-z]:|~|\.{1,2})?[\w ./\\-]{1,400}\.(?:pem|key|der|crt|cer"
            rb"|pub|p12|pfx|txt)\s*\Z"
        ),
        "load it with from_file, or put it into the variable that ends with _FILE",
        "load it with from_file, or put it into the variable that ends with _FILE",
    ),
)

#: What the backends could not name: these words may be replaced.
_VAGUE: Final = frozenset({"", Found.OPENSSH_KEY, Found.OTHER_KEY, Found.OTHER_PEM})
_RENEW: Final = "`openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW`"
_RENEW_P12: Final = (
    "it is damaged, or has an encryption that is not read; renew it: `openssl pkcs12 "
    "-legacy -in FILE -nodes -out NEW`, and encrypt the key in NEW again"
)
#: What to do about what the backends name: reason, found, need.
_STEPS: Final[dict[tuple[str, str, Need], str]] = {
    ("kind", Found.LEGACY_ENCRYPTED_KEY, Need.PRIVATE): (
        f"renew its encryption: {_RENEW}"
    ),
    ("format", Found.ENCRYPTED_PRIVATE_KEY, Need.PRIVATE): (
        "its encryption is an old one (PBES1) or damaged; renew it: "
        f"{_RENEW}, with -inform DER for DER, and with -provider legacy -provider "
        "default for ciphers that OpenSSL 3 calls legacy"
    ),
    ("format", Found.PKCS12, Need.PRIVATE): _RENEW_P12,
    ("format", Found.PKCS12, Need.PUBLIC): _RENEW_P12,
    ("kind", Found.PKCS12, Need.PRIVATE): _OWN,
    ("kind", Found.PKCS12, Need.PUBLIC): (
        "it holds no certificate; ask for the public key"
    ),
    ("kind", Found.CERTIFICATE, Need.PRIVATE): _OWN,
    ("kind", Found.PUBLIC_KEY, Need.PRIVATE): _OWN,
    ("kind", Found.CSR, Need.PRIVATE): _OWN,
    ("kind", Found.CSR, Need.PUBLIC): (
        "take the key out: `openssl req -in FILE -noout -pubkey -out NEW`, with "
        "-inform DER for DER"
    ),
}
_DAMAGED: Final = (
    "the lines with BEGIN and END do not fit one another, or what stands between "
    "them is damaged; copy the whole file again"
)
_BROKEN: Final = (
    (
        re.compile(rb"-----(?:BEGIN|END) "),
        _DAMAGED,
    ),
    (re.compile(rb"\A\s*\Z"), "it is empty"),
)
_MISSING: Final = "no password was given"
_WRONG: Final = "the password that was given does not open it"
#: A file may have no MAC, which would tell the two apart no better.
_WRONG_P12: Final = "the password that was given does not fit, or the file is damaged"
_AMBIGUOUS: Final = "leave the one that is meant in the file"


def recognise(data: bytes) -> Format | None:
    """Return the format of other tools that the data are in, or None."""
    text = readable(data)
    views = (data, text, plain_base64(text))
    for known in FORMATS:
        if any(known.pattern.search(view) for view in views):
            return known
    return None


def explained(
    load: Callable[[], _Handle],
    read: Callable[[], bytes | None],
    *,
    password: bool = False,
) -> _Handle:
    """
    Return what ``load`` returns, or say more of why it does not.

    Args:
        load: loads a key with a backend.
        read: returns what the file holds, or None; called only where the
            backend could not say what it is.
        password: whether one was given.

    Raises:
        KeyLoadError: what ``load`` raises, with a name and a next step.
    """
    try:
        return load()
    except KeyLoadError as error:
        failure = error
    need, reason, found = Need(failure.needed), failure.reason, failure.found
    if reason == "ambiguous":
        raise key_error(need, reason, found, next_step=_AMBIGUOUS)
    if reason == "algorithm":
        raise key_error(need, reason, found, detail=_NO_RSA)
    if reason == "password":
        detail = _MISSING
        if password:
            detail = _WRONG_P12 if found == Found.PKCS12 else _WRONG
        raise key_error(need, reason, found, detail=detail)
    if reason not in ("format", "kind"):
        raise failure
    if found in _VAGUE:
        raise _looked_at(failure, read())
    step = _STEPS.get((reason, found, need), "")
    raise key_error(need, reason, found, next_step=step)


def read_again(path: str) -> bytes | None:
    """
    Return the content of a key file that was not loaded, to name its format.

    None for anything but an ordinary file: a pipe has been read and would block.
    """
    try:
        if stat.S_ISREG(Path(path).stat().st_mode):
            with Path(path).open("rb") as file:
                return file.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        pass
    return None


def _looked_at(error: KeyLoadError, data: bytes | None) -> KeyLoadError:
    """Return the error, with what our own look at the data says."""
    if data is None:
        return error
    need = Need(error.needed)
    known = recognise(data)
    if known is None:
        detail = _what_is_broken(data)
        return key_error(need, error.reason, error.found, detail=detail)
    if known.secret and need is Need.PUBLIC:
        return key_error(need, "secret", known.found, next_step=known.public)
    step = known.private if need is Need.PRIVATE else known.public
    return key_error(need, "kind", known.found, next_step=step)


def _what_is_broken(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        return f"it has more than {MAX_BYTES} bytes"
    text = readable(data)
    for pattern, detail in _BROKEN:
        if pattern.search(text):
            return detail
    return ""
