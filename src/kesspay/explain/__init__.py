"""
Say why a recorded body does not verify: what ``kesspay explain`` stands on.

``explain`` examines the recording, the document, the signature and the text that was
signed, and returns an ``Explanation``. It decides nothing: ``verify_document`` alone
says whether a document is authentic.
"""

from __future__ import annotations

from kesspay.explain.explanation import explain
from kesspay.explain.report import Explanation


__all__ = ["Explanation", "explain"]
