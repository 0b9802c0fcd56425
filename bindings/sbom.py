# ruff: noqa: INP001 - a program that CMake runs

"""
Write the software bill of materials of a wheel (CycloneDX 1.6, JSON).

Run: python bindings/sbom.py PYPROJECT VERSION OPENSSL LINKAGE OUTPUT

CMake calls it with the OpenSSL it found; LINKAGE is "dynamic" or "static". The
file goes into the wheel as kesspay-*.dist-info/sboms/kesspay.cdx.json (PEP
770). It has no time and no random number, so that builds can be reproduced.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Final


_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)([^;]*?)\s*(?:;\s*(.*))?")


def sbom(
    pyproject: Path, version: str, openssl: str, linkage: str
) -> dict[str, object]:
    """Return the bill: kesspay, the libcrypto it was built on, what it requires."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    itself = f"pkg:pypi/kesspay@{version}"
    libcrypto = f"pkg:generic/openssl@{openssl}"
    components: list[dict[str, object]] = [
        {
            "type": "library",
            "bom-ref": libcrypto,
            "name": "openssl",
            "version": openssl,
            "purl": libcrypto,
            "properties": [{"name": "kesspay:linkage", "value": linkage}],
        }
    ]
    for requirement in project["dependencies"]:
        parts = _REQUIREMENT.fullmatch(requirement)
        if parts is None:
            sys.exit(f"{requirement!r} is a requirement of a form not known here")
        name, bounds, marker = parts.groups()
        properties = [{"name": "kesspay:requires", "value": bounds}]
        if marker:
            properties.append({"name": "kesspay:marker", "value": marker})
        purl = f"pkg:pypi/{name}"
        components.append(
            {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "purl": purl,
                "properties": properties,
            }
        )
    references = [component["bom-ref"] for component in components]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": itself,
                "name": project["name"],
                "version": version,
                "purl": itself,
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": components,
        "dependencies": [{"ref": itself, "dependsOn": references}],
    }


def main() -> None:
    """Write the file that was asked for."""
    pyproject, version, openssl, linkage, output = sys.argv[1:]
    text = json.dumps(sbom(Path(pyproject), version, openssl, linkage), indent=1)
    Path(output).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
