"""What libraries of other languages and of other gateways do, all at once."""

from __future__ import annotations

from typing import Final


__all__ = ["LIBRARIES"]


#: Name, who writes such a text, and the changes of ``Style``.
LIBRARIES: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    (
        "javascript",
        "JSON.stringify of JavaScript does",
        {"slashes": "raw", "unicode": "raw_all", "empty": "object"},
    ),
    (
        "python",
        "json.dumps of Python does",
        {
            "slashes": "raw",
            "delete": "escaped",
            "empty": "object",
            "numbers": "float",
            "spacing": "python",
        },
    ),
    (
        "python_compact",
        "json.dumps of Python does, without blanks",
        {
            "slashes": "raw",
            "delete": "escaped",
            "empty": "object",
            "numbers": "float",
        },
    ),
    (
        "python_utf8",
        "json.dumps of Python does with ensure_ascii=False",
        {
            "slashes": "raw",
            "unicode": "raw_all",
            "empty": "object",
            "numbers": "float",
            "spacing": "python",
        },
    ),
    (
        "java",
        "libraries of Java do",
        {
            "slashes": "raw",
            "unicode": "raw_all",
            "empty": "object",
            "numbers": "float",
        },
    ),
    (
        "go",
        "encoding/json of Go does",
        {"slashes": "raw", "unicode": "raw", "html": "tags", "empty": "object"},
    ),
    (
        "gson",
        "Gson of Java does",
        {
            "slashes": "raw",
            "unicode": "raw",
            "html": "gson",
            "empty": "object",
            "numbers": "float",
        },
    ),
    (
        "gson_tree",
        "Gson of Java does with what it read, whose numbers stay as they stand",
        {
            "slashes": "raw",
            "unicode": "raw",
            "html": "gson",
            "empty": "object",
            "numbers": "written",
        },
    ),
    (
        "gson_plain",
        "Gson of Java does with disableHtmlEscaping",
        {"slashes": "raw", "unicode": "raw", "empty": "object", "numbers": "float"},
    ),
    (
        "dotnet",
        "System.Text.Json of .NET does",
        {"slashes": "raw", "unicode": "upper", "html": "dotnet", "empty": "object"},
    ),
    (
        "query",
        "other gateways want it: key=value&key=value, without empty values",
        {"form": "query", "values": "no_empty_top"},
    ),
    (
        "query_encoded",
        "http_build_query of PHP does, after array_filter",
        {"form": "query_encoded", "values": "no_falsy_top"},
    ),
)
