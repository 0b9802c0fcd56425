# ruff: noqa: T201 - a program that prints

"""
Ask Gson itself what a program in Java signs, and keep its answers in gson.json.

    apt-get install libgoogle-gson-java
    python -m tests.explain.record_gson

Gson is that of Debian, and the program that calls it is Gson.java. The ordinary tests
read gson.json; test_gson.py compares it with a live Gson where the tests of other
languages run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from tests.explain.test_mistakes import RICH


JAR: Final = Path("/usr/share/java/gson.jar")
RECORDED: Final = Path(__file__).with_name("gson.json")


def is_there() -> bool:
    """Whether Java and Debian's Gson are installed."""
    return shutil.which("java") is not None and JAR.exists()


def asked() -> dict[str, Any]:
    """Return what Gson answers, with its version as "judge"."""
    program = Path(__file__).with_name("Gson.java")
    done = subprocess.run(
        ["java", "-cp", str(JAR), str(program)],
        input=RICH.encode(),
        capture_output=True,
        check=True,
        timeout=120,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    java = answer.pop("java")
    # The package has the version in the name of another link.
    version = max(path.stem for path in JAR.parent.glob("gson-[0-9]*.jar"))
    return {"judge": f"{version}, Java {java}"} | answer


def main() -> None:
    """Ask, and write."""
    text = json.dumps(asked(), indent=1, ensure_ascii=True)
    RECORDED.write_text(text + "\n", encoding="ascii")
    print(f"{RECORDED.name} has the answers of {json.loads(text)['judge']}")


if __name__ == "__main__":
    main()
