"""Print an explanation for people."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from kesspay.cli.printer import Printer
    from kesspay.explain.report import Explanation, Finding, KeyReport


__all__ = ["show_explanation"]


def show_explanation(
    printer: Printer, explanation: Explanation, key_files: tuple[str, ...]
) -> None:
    """Print the verdict, the findings, and the facts behind them."""
    _verdict(printer, explanation)
    for sort, title in (("cause", "Why"), ("note", "Worth knowing")):
        chosen = [f for f in explanation.findings if f.sort == sort]
        if chosen:
            printer.line()
            printer.line(title, "bold")
            for finding in chosen:
                _finding(printer, finding)
    printer.line()
    printer.table(_facts(explanation), "Facts")
    printer.line()
    rows = [
        (path, _key(report))
        for path, report in zip(key_files, explanation.keys, strict=True)
    ]
    printer.table(rows, "Keys")
    _difference(printer, explanation)
    if explanation.canonical is not None:
        printer.line()
        printer.line("Canonical form", "bold")
        printer.line(explanation.canonical.decode())


def _verdict(printer: Printer, explanation: Explanation) -> None:
    """Print whether the body verifies."""
    if explanation.verifies:
        printer.line("The body verifies.", "bold green")
        return
    why = explanation.refusal.message if explanation.refusal else ""
    printer.line(f"The body does not verify: {why}.", "bold red")


def _finding(printer: Printer, finding: Finding) -> None:
    """Print one finding and its advice."""
    printer.line(f"  * {finding.text} [{finding.code}]")
    if finding.advice:
        printer.line(f"    -> {finding.advice}")


def _facts(explanation: Explanation) -> list[tuple[str, str]]:
    """List what was measured."""
    rows = []
    if explanation.canonical is not None:
        rows += [
            ("canonical length", f"{len(explanation.canonical)} bytes"),
            ("canonical SHA-256", explanation.canonical_sha256 or ""),
        ]
    signature = explanation.signature
    if signature is None:
        rows.append(("signature", "none to look at"))
        return rows
    rows.append(("signature length", f"{signature.length} bytes"))
    if signature.padding:
        rows.append(("signature padding", signature.padding))
    if signature.algorithm:
        rows.append(("signed digest", signature.algorithm))
    if signature.digest:
        rows.append(("signed text's digest", signature.digest))
    if explanation.expected is not None:
        rows.append(("expected SHA-256", explanation.expected.sha256))
    return rows


def _key(report: KeyReport) -> str:
    """Describe a key in a line."""
    words = [f"{report.bits} bits, {report.fingerprint}"]
    if report.verifies:
        words.append("verifies the body")
    elif report.made_signature:
        words.append("made the signature")
    elif report.made_signature is False:
        words.append("did not make the signature")
    if report.own:
        words.append("is your own")
    return "; ".join(words)


def _difference(printer: Printer, explanation: Explanation) -> None:
    """Print where the expected text parts from the canonical form."""
    expected = explanation.expected
    if expected is None or expected.difference is None:
        return
    difference = expected.difference
    printer.line()
    printer.line(f"First difference, at byte {difference.position}", "bold")
    printer.line(f"  canonical  {difference.ours}")
    printer.line(f"  expected   {difference.theirs}")
    printer.line("             " + " " * difference.marker + "^")
