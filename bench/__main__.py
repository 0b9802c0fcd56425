"""
Print the goals of the project, and what is measured for each.

::

    make bench                               # all of it, some minutes
    python -m bench --rounds 11 --no-growth  # a quick look
    make bench-suites                        # library x document, pytest-benchmark

Writes ``build/bench/speed.json`` and, of two widths, ``build/bench/speed.svg`` and
``build/bench/speed-narrow.svg``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import kesspay
from bench import goals, growth, plot, processes, rounds
from bench.loops import BUILD, Unmeasurable
from bench.machine import facts
from bench.recipes import libraries


if TYPE_CHECKING:
    from bench.rounds import Loop, Times


#: Operations of a peer before it is measured, until it has compiled what it runs.
WARM: Final = 2000


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--rounds", type=int, default=61, help="of each comparison")
    parser.add_argument("--no-growth", action="store_true", help="leave it out")
    parser.add_argument("--out", type=Path, default=BUILD, help="folder for the files")
    options = parser.parse_args()
    machine = facts()
    for name, fact in machine.items():
        print(f"{name:18} {fact}")
    print(f"{'load before':18} {_load()}")
    found = goals.measured(options.rounds)
    _print_goals(found)
    alone = _signatures(options.rounds)
    _print_signatures(alone)
    grown = None if options.no_growth else growth.measured(options.rounds)
    if grown is not None:
        _print_growth(grown)
    print(f"\n{'load after':18} {_load()}")
    options.out.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": machine,
        **goals.as_json(found),
        "signatures": {name: one.shown() for name, one in alone.items()},
        "growth": dataclasses.asdict(grown) if grown else None,
    }
    written = options.out / "speed.json"
    written.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"written: {written}")
    if grown is not None:
        for name, size in (("speed", plot.WIDE), ("speed-narrow", plot.NARROW)):
            picture = options.out / f"{name}.svg"
            drawn = _picture(found, alone, grown, machine, size)
            picture.write_text(drawn, encoding="utf-8")
            print(f"written: {picture}")


def _load() -> str:
    if not hasattr(os, "getloadavg"):
        return "unknown"
    return f"{os.getloadavg()[0]:.2f} (above 1 other programs were busy too)"


def _print_goals(found: goals.Found) -> None:
    print(f"\n{'':48} {'goal':>8} {'median':>8} {'least':>8}")
    for one in found.results:
        sign = ">=" if one.goal.at_least else "<="
        limit = "-" if one.goal.limit is None else f"{sign} {one.goal.limit:7g}"
        print(
            f"{one.goal.name:46} {limit:>10} {_value(one.value):>8} "
            f"{_value(one.least):>8} {one.goal.unit:3} {one.verdict:8} {one.remark}"
        )


def _value(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _signatures(count: int) -> dict[str, Times]:
    """Measure signatures alone, of 300 bytes, with every library."""
    pem = processes.PRIVATE.read_bytes()
    key = kesspay.PrivateKey.from_pem(pem)
    message = b"x" * 300
    signature = key.sign(message)
    todo: dict[str, Loop] = {
        "kesspay sign": rounds.of(key.sign, message),
        "kesspay verify": rounds.of(key.public_key.verify, signature, message),
    }
    for name, (sign, verify) in libraries(pem).items():
        assert sign(message) == signature
        verify(signature, message)
        todo[f"{name} sign"] = rounds.of(sign, message)
        todo[f"{name} verify"] = rounds.of(verify, signature, message)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, start in (("node", processes.node), ("java", processes.java)):
            try:
                peer = stack.enter_context(start(message, folder))
            except Unmeasurable:
                continue
            assert processes.signature_of(peer) == signature
            for what in ("sign", "verify"):
                loop = peer.loop(what)
                loop(WARM)
                todo[f"{name} {what}"] = loop
        return rounds.measure(todo, rounds=max(5, count // 2))


def _print_signatures(alone: dict[str, Times]) -> None:
    print("\nsignatures alone, microseconds, and as a multiple of kesspay's")
    for what in ("sign", "verify"):
        ours = alone[f"kesspay {what}"].median
        for name, one in alone.items():
            if name.endswith(f" {what}"):
                print(f"  {name:22} {one.median / 1e3:9.1f} {one.median / ours:7.2f}")


def _print_growth(grown: growth.Growth) -> None:
    print("\ncanonicalizing, nanoseconds for a byte")
    for line in grown.documents:
        shown = "  ".join(f"{x:.0f} B: {y / x:.2f}" for x, y in line.points)
        print(f"  {line.name:16} {shown}")
    print("\nkeys, microseconds")
    for line in grown.keys:
        shown = "  ".join(f"{x:.0f}: {y / 1e3:.1f}" for x, y in line.points)
        print(f"  {line.name:16} {shown}")
    print("\ndocuments in a call, documents verified a second")
    for line in grown.batches:
        shown = "  ".join(f"{x:.0f}: {y:.0f}" for x, y in line.points)
        print(f"  {line.name:16} {shown}")
    print("\nthreads, documents verified a second")
    for line in grown.threads:
        shown = "  ".join(f"{x:.0f}: {y:.0f}" for x, y in line.points)
        print(f"  {line.name:16} {shown}")


def _picture(
    found: goals.Found,
    alone: dict[str, Times],
    grown: growth.Growth,
    machine: dict[str, str],
    size: plot.Size,
) -> str:
    shown = {
        "raw": "RSA alone, in C",
        "kesspay": "kesspay",
        "recipe": "orjson, json, cryptography",
        "PHP": "PHP, documented class",
    }
    bars = []
    for what, heading in (
        ("verify", "Verifying a whole answer of 800 bytes, RSA-2048"),
        ("sign", "Signing a whole request of 300 bytes, RSA-2048"),
    ):
        group = [
            (words, found.times[f"{name} {what}"].median / 1e3)
            for name, words in shown.items()
            if f"{name} {what}" in found.times
        ]
        bars.append((heading, group))
    group = [
        (name.removesuffix(" verify"), one.median / 1e3)
        for name, one in alone.items()
        if name.endswith(" verify")
    ]
    bars.append(("Verifying a signature alone, RSA-2048", group))
    notes = [f"{name}: {fact}" for name, fact in machine.items() if fact != "none"]
    return plot.page(
        bars,
        grown.documents,
        grown.batches,
        ["CPU time, medians. " + notes[0], *notes[1:]],
        size,
    )


if __name__ == "__main__":
    main()
