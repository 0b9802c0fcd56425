"""
Explain why a recorded body does not verify, as ``kesspay explain`` does.

``explain`` examines the recording, the document, the signature and the text that was
signed, and returns an ``Explanation``. It decides nothing: only ``verify_document``
decides whether a document is authentic.
"""

from __future__ import annotations

from kesspay.explain.explanation import explain
from kesspay.explain.report import Explanation


__all__ = ["Explanation", "explain"]
