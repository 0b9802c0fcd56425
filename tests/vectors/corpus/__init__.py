"""
What PHP is asked: the inputs of the stored vectors, one subject a module.

Every module yields its inputs in a fixed order, from fixed lists and from
seeds. The answers are not here; PHP gives them (generate.py).
"""

from __future__ import annotations

from typing import TypeAlias


#: The subject of a case, and the JSON text (or what pretends to be one).
Case: TypeAlias = tuple[str, bytes]
