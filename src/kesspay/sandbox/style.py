"""How the status page looks: one style sheet, in the page, light and dark."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final


__all__ = ["STYLE", "STYLE_SOURCE"]

STYLE: Final = """
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --ink: #1c2330; --soft: #5d6878;
  --line: #e1e5eb; --code: #f3f5f8; --accent: #2456c4;
  --good: #14683a; --good-ground: #dcf3e4;
  --bad: #a11c24; --bad-ground: #fbe1e2;
  --warn: #7a4d00; --warn-ground: #fdeecb;
  --plain: #46505f; --plain-ground: #e9edf2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161c; --card: #1a2029; --ink: #e3e8ef; --soft: #94a0b2;
    --line: #2b333f; --code: #141920; --accent: #86aefb;
    --good: #7fdca3; --good-ground: #153724;
    --bad: #ff9c9f; --bad-ground: #45191c;
    --warn: #f3c667; --warn-ground: #3d2f10;
    --plain: #b3bdca; --plain-ground: #2b333f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; }
h1 { font-size: 1.45rem; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1rem; margin: 2rem 0 .6rem; }
h2 small { color: var(--soft); font-weight: 400; margin-left: .4rem; }
p { margin: .3rem 0; color: var(--soft); }
a { color: var(--accent); }
nav { margin-left: auto; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  overflow-x: auto;
}
table { border-collapse: collapse; width: 100%; }
th, td {
  text-align: left; padding: .5rem .9rem; vertical-align: top;
  border-top: 1px solid var(--line);
}
thead th {
  border-top: 0; color: var(--soft); font-weight: 600; font-size: .78rem;
  text-transform: uppercase; letter-spacing: .04em; white-space: nowrap;
}
tbody:first-child tr:first-child > * { border-top: 0; }
tbody th { color: var(--soft); font-weight: 500; width: 14rem; }
thead + tbody td { white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
th.number { text-align: right; }
code, pre {
  font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  overflow-wrap: anywhere;
}
pre {
  margin: .3rem 0 0; padding: .55rem .75rem; background: var(--code);
  border-radius: 6px; white-space: pre-wrap;
}
pre:empty { display: none; }
.badge {
  display: inline-block; padding: .05rem .5rem; border-radius: 999px;
  font-size: .78rem; font-weight: 600; white-space: nowrap;
  color: var(--plain); background: var(--plain-ground);
}
.badge.good { color: var(--good); background: var(--good-ground); }
.badge.bad { color: var(--bad); background: var(--bad-ground); }
.badge.warn { color: var(--warn); background: var(--warn-ground); }
.message { padding: .8rem .9rem; border-top: 1px solid var(--line); }
.message:first-child { border-top: 0; }
.message > div { display: flex; flex-wrap: wrap; gap: .35rem .6rem; }
.message > div + div, .message pre + div { margin-top: .6rem; }
.message .time { color: var(--soft); font-variant-numeric: tabular-nums; }
.message .side { color: var(--soft); width: 4.2rem; }
.none { padding: .8rem .9rem; color: var(--soft); }
"""

#: What a Content-Security-Policy allows by it. Source: CSP Level 3, 2.3.1.
STYLE_SOURCE: Final = (
    "'sha256-" + b64encode(sha256(STYLE.encode()).digest()).decode() + "'"
)
