"""The command that gives the answer of a case: PHP in one line."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from kesspay.signing.profile import Profile


if TYPE_CHECKING:
    from kesspay.conformance.kit import Case


__all__ = ["one_liner"]

#: What each operation runs; the names in braces stand for base64.
_SCRIPTS: Final = {
    "canonicalize": (
        '$d = json_decode(base64_decode("{text}"), true); ksort($d); '
        'unset($d["sign_type"], $d["sign"]); echo json_encode($d{flags});'
    ),
    "sign": (
        'openssl_sign(base64_decode("{text}"), $s, base64_decode("{key}"), '
        "OPENSSL_ALGO_SHA256); echo base64_encode($s);"
    ),
    "body": (
        '$d = json_decode(base64_decode("{text}"), true); ksort($d); '
        'unset($d["sign_type"], $d["sign"]); openssl_sign(json_encode($d), $s, '
        'base64_decode("{key}"), OPENSSL_ALGO_SHA256); $d["sign"] = base64_encode($s); '
        "echo json_encode($d);"
    ),
    "verify": (
        '$d = json_decode(base64_decode("{text}"), true); $s = $d["sign"]; ksort($d); '
        'unset($d["sign_type"], $d["sign"]); echo openssl_verify(json_encode($d), '
        'base64_decode($s), base64_decode("{key}"), OPENSSL_ALGO_SHA256);'
    ),
    "base64": 'var_dump(base64_decode(base64_decode("{text}"), true));',
}
_FLAGS: Final = {
    "unescaped_slashes": "JSON_UNESCAPED_SLASHES",
    "unescaped_unicode": "JSON_UNESCAPED_UNICODE",
    "preserve_zero_fraction": "JSON_PRESERVE_ZERO_FRACTION",
}


def one_liner(case: Case) -> str | None:
    """
    Return a command for a shell that asks PHP; None where PHP has no function for it.

    What PHP accepts and kesspay refuses for a reason of security, it accepts here.

    Args:
        case: a case of the kit.
    """
    script = _SCRIPTS.get(case.op)
    if script is None or case.password is not None:
        return None
    if any(word.startswith("ksort=") for word in case.profile):
        return None
    profile = Profile.from_words(" ".join(case.profile))
    flags = " | ".join(name for word, name in _FLAGS.items() if getattr(profile, word))
    script = script.replace("{text}", _packed(case.text))
    script = script.replace("{key}", _packed(case.key or b""))
    script = script.replace("{flags}", f", {flags}" if flags else "")
    precision = profile.serialize_precision
    setting = "" if precision < 0 else f"-d serialize_precision={precision} "
    return f"php {setting}-r '{script}'"


def _packed(content: bytes) -> str:
    return base64.b64encode(content).decode()
