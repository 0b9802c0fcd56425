"""Collect PHP's answers about documents, parameters and doubles."""

from __future__ import annotations

import subprocess
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from tests.support.php import (
    PHP_SCRIPTS,
    Php,
    PhpError,
    canonical_request,
    find_php,
    php_doubles,
    php_version,
    read_answer,
)
from tests.support.php_answers import DEFAULT, Answer, Settings
from tests.support.trees import encode_tree
from tests.vectors.corpus import (
    doubles,
    examples,
    keys,
    numbers,
    parameters,
    profiled,
    strings,
    structure,
    syntax,
)
from tests.vectors.store import VectorFile, field, unique


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


__all__ = [
    "ask_canonical",
    "ask_doubles",
    "ask_ksort",
    "ask_ksort_old",
    "ask_parameters",
    "ask_profiles",
    "php_name",
]

_CANON: Final = "tests/php/canon.php"

#: The npm package, the version it must be, and the code of the settings.
_OLD_VERSIONS: Final = (
    ("@php-wasm/node-8-1", "8.1.", "8"),
    ("@php-wasm/node-7-4", "7.4.", "7"),
)


def php_name() -> str:
    """Return the name of the PHP that answers, as "PHP 8.2.0"."""
    path = find_php()
    if path is None:
        msg = "no PHP 8.2 or later is installed"
        raise PhpError(msg)
    return f"PHP {php_version(path)}"


def _answer(answer: Answer) -> dict[str, Any]:
    if answer.canonical is not None:
        return {"ok": answer.canonical.decode()}
    return {"error": [answer.failure, answer.code, answer.message]}


def _canonical_file(
    name: str, about: str, cases: Iterable[tuple[str, bytes]]
) -> VectorFile:
    distinct = unique(cases)
    with Php() as php:
        answers = php.canonicalize([text for _, text in distinct])
    rows = [
        {"group": group, **field("document", text), **_answer(answer)}
        for (group, text), answer in zip(distinct, answers, strict=True)
    ]
    return VectorFile(name, php_name(), _CANON, about, rows)


def ask_canonical() -> VectorFile:
    """Ask about documents of all kinds but large sets of keys."""
    modules = (examples, syntax, strings, numbers, structure)
    return _canonical_file(
        "canonical.jsonl.gz",
        "a document and its canonical form, or class, code and message of the error",
        chain.from_iterable(module.cases() for module in modules),
    )


def ask_ksort() -> VectorFile:
    """Ask about objects whose keys exercise ksort."""
    return _canonical_file(
        "ksort.jsonl.gz", "an object and its canonical form", keys.cases()
    )


def ask_profiles() -> VectorFile:
    """Ask about documents under other settings than the default."""
    cases = unique(profiled.cases())
    texts = [text for _, text in cases]
    with Php() as php:
        columns = [
            (code, php.canonicalize(texts, Settings.from_code(code)))
            for code in profiled.CODES
        ]
    return VectorFile(
        "profiles.jsonl.gz",
        php_name(),
        _CANON,
        "a document and the answers under settings: p serialize_precision 17, "
        "h serialize_precision 100, s unescaped slashes, u unescaped unicode, "
        "z the fraction of zero is preserved",
        _rows_of_columns(cases, columns),
    )


def _rows_of_columns(
    cases: Sequence[tuple[str, bytes]],
    columns: Sequence[tuple[str, Sequence[Answer]]],
) -> list[Any]:
    return [
        {
            "group": group,
            **field("document", text),
            "answers": [
                {"settings": code, **_answer(answers[at])} for code, answers in columns
            ],
        }
        for at, (group, text) in enumerate(cases)
    ]


def ask_ksort_old(directory: str) -> VectorFile:
    """
    Ask versions of PHP before 8.2, compiled to WebAssembly.

    Args:
        directory: where npm installed the packages.

    Raises:
        PhpError: where one of them is missing or of another version.
    """
    cases = unique(keys.cases_for_old_versions())
    requests = b"".join(canonical_request("text", text, DEFAULT) for _, text in cases)
    columns: list[tuple[str, list[Answer]]] = []
    names: list[str] = []
    for package, version, code in _OLD_VERSIONS:
        script = str(PHP_SCRIPTS / "php_wasm.mjs")
        done = subprocess.run(
            ["node", script, directory, package],
            input=requests,
            capture_output=True,
            check=False,
            timeout=300,
        )
        found, *lines = done.stdout.splitlines() or [b""]
        if not found.decode().startswith(version) or len(lines) != len(cases):
            complaint = done.stderr[-2000:].decode(errors="replace")
            msg = f"{package} answered {found!r}: {complaint}"
            raise PhpError(msg)
        names.append(f"PHP {found.decode()}")
        columns.append((code, list(map(read_answer, lines))))
    return VectorFile(
        "ksort_old.jsonl.gz",
        f"{' and '.join(names)}, compiled to WebAssembly",
        f"{_CANON} under tests/php/php_wasm.mjs",
        "an object and the answers of old versions: 8 PHP 8.1, 7 PHP 7.4",
        _rows_of_columns(cases, columns),
    )


def ask_parameters() -> VectorFile:
    """Ask about trees of parameters."""
    plain = {encode_tree(tree): (group, tree) for group, tree in parameters.cases()}
    profiled_trees = [("profile", tree) for tree in parameters.PROFILED]
    rows: list[Any] = []
    with Php() as php:
        rows += _tree_rows(php, "", list(plain.values()))
        for code in profiled.TREE_CODES:
            rows += _tree_rows(php, code, profiled_trees)
    return VectorFile(
        "parameters.jsonl.gz",
        php_name(),
        _CANON,
        "a tree (tests/support/trees.py) and its canonical form, or the error; "
        "removed_fails: only a value that is removed cannot be encoded",
        rows,
    )


def _tree_rows(
    php: Php, code: str, cases: Sequence[tuple[str, dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    settings = Settings.from_code(code)
    answers = php.canonicalize_parameters([tree for _, tree in cases], settings)
    # Under another name nothing is removed; then every fault shows.
    kept = php.canonicalize_parameters([_renamed(tree) for _, tree in cases])
    for (group, tree), answer, whole in zip(cases, answers, kept, strict=True):
        row = {"group": group, **field("tree", encode_tree(tree)), **_answer(answer)}
        if code:
            row["settings"] = code
        if answer.ok and not whole.ok:
            row["removed_fails"] = True
        yield row


def _renamed(tree: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{key}." if key in {"sign", "sign_type"} else key: value
        for key, value in tree.items()
    }


def ask_doubles() -> VectorFile:
    """Ask for the JSON texts of doubles."""
    all_bits = doubles.all_bits()
    rows = [
        [
            f"{bits:016x}",
            None if shortest is None else shortest.decode(),
            None if long is None else long.decode(),
        ]
        for bits, (shortest, long) in zip(all_bits, php_doubles(all_bits), strict=True)
    ]
    return VectorFile(
        "doubles.jsonl.gz",
        php_name(),
        "tests/php/doubles.php",
        "the bits of a double, its text under serialize_precision -1, and under 17",
        rows,
    )
