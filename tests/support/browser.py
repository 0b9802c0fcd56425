"""Look at a page as a reader does: Chromium, of a chosen width, light or dark."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final, Self

import aiohttp

from tests.conftest import missing
from tests.support.pages import ROOT


#: The widths that pages are looked at: a telephone and a desktop, in CSS pixels; and
#: what a sheet of A4 has between its edges.
NARROW, WIDE = 390, 1280
PAPER: Final = 718

#: Seconds until the browser is there, and for each answer of it.
_LIMIT: Final = 60

#: What is wider than the window: the page, or else the elements that make it so.
_OVERFLOW: Final = """
(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.body.querySelectorAll("*")]
    .filter(one => one.getBoundingClientRect().right > width + 0.5)
    .map(one => one.tagName + "." + one.className).slice(0, 5);
})()
"""

#: The width of the window and the length of the page.
_SIZE: Final = """
[innerWidth, document.documentElement.scrollHeight]
"""


def chromium() -> str:
    """Return the program; a test without it is left out, or fails in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing("chromium is not installed", "KESSPAY_REQUIRE_CHROMIUM")
    return found


def keep(name: str, picture: bytes) -> None:
    """Leave a picture where a reader finds it: KESSPAY_SCREENSHOTS, or build."""
    named = os.environ.get("KESSPAY_SCREENSHOTS")
    folder = Path(named) if named else ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.png").write_bytes(picture)


class Browser:
    """A Chromium with one window, driven over its debugging port on loopback."""

    def __init__(self, folder: Path) -> None:
        """
        Start nothing yet.

        Args:
            folder: an empty one, for its profile.
        """
        self._folder = folder
        self._sent = 0
        self._loads = 0
        self.problems: list[str] = []

    async def __aenter__(self) -> Self:
        """Start the browser, and attach to its window."""
        self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            [
                chromium(),
                *("--headless=new", "--no-sandbox", "--disable-gpu"),
                *("--disable-background-networking", "--disable-component-update"),
                *("--disable-quic", "--disable-sync", "--no-first-run"),
                *("--hide-scrollbars", "--remote-debugging-port=0"),
                *(f"--user-data-dir={self._folder}", "about:blank"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._http = aiohttp.ClientSession()
        try:
            async with asyncio.timeout(_LIMIT):
                await self._attach()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the browser."""
        await self._http.close()
        self._process.kill()
        self._process.wait()

    async def _attach(self) -> None:
        port = self._folder / "DevToolsActivePort"
        while not (port.is_file() and "\n" in port.read_text("utf-8")):
            assert self._process.poll() is None, "the browser ended"
            await asyncio.sleep(0.05)
        base = f"http://127.0.0.1:{port.read_text('utf-8').splitlines()[0]}"
        while True:
            async with self._http.get(f"{base}/json/list") as reply:
                targets = await reply.json(content_type=None)
            windows = [one for one in targets if one["type"] == "page"]
            if windows:
                break
            await asyncio.sleep(0.05)
        self._socket = await self._http.ws_connect(
            windows[0]["webSocketDebuggerUrl"], max_msg_size=0
        )
        for domain in ("Page", "Runtime", "Log"):
            await self._call(f"{domain}.enable")
        # No page remembers what it was shown in before, light or dark.
        await self._call(
            "Page.addScriptToEvaluateOnNewDocument", source="localStorage.clear()"
        )

    async def _call(self, method: str, **params: object) -> dict[str, Any]:
        """Send a command, and return its answer; note what the page complains of."""
        self._sent += 1
        await self._socket.send_json(
            {"id": self._sent, "method": method, "params": params}
        )
        async with asyncio.timeout(_LIMIT):
            while True:
                message = await self._receive()
                if message.get("id") == self._sent:
                    assert "error" not in message, (method, message)
                    answer: dict[str, Any] = message["result"]
                    return answer

    async def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = await self._socket.receive_json()
        what = message.get("method")
        self._loads += what == "Page.loadEventFired"
        if what == "Runtime.exceptionThrown" or (
            what == "Log.entryAdded" and message["params"]["entry"]["level"] == "error"
        ):
            self.problems.append(str(message["params"]))
        return message

    async def open(
        self, address: str, *, width: int, dark: bool = False, paper: bool = False
    ) -> None:
        """Show a page, as on paper perhaps, and wait until it is loaded."""
        await self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = "dark" if dark else "light"
        await self._call(
            "Emulation.setEmulatedMedia",
            media="print" if paper else "",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        before = self._loads
        await self._call("Page.navigate", url=address)
        await self._loaded(before)

    async def follow(self, script: str) -> None:
        """Act in the page, and wait for the page to which that leads."""
        before = self._loads
        await self.evaluate(f"void setTimeout(() => {{ {script} }}, 0)")
        await self._loaded(before)

    async def next_load(self) -> None:
        """Wait until the page is loaded again without anything being done."""
        await self._loaded(self._loads)

    async def _loaded(self, before: int) -> None:
        async with asyncio.timeout(_LIMIT):
            while self._loads == before:
                await self._receive()

    async def evaluate(self, script: str) -> Any:  # noqa: ANN401 - what the script gives
        """Return the value of an expression in the page, as if the reader acted."""
        answer = await self._call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def overflow(self) -> list[str]:
        """Return which elements make the page wider than its window."""
        found: list[str] = await self.evaluate(_OVERFLOW)
        return found

    async def screenshot(self, height: int | None = None) -> bytes:
        """Return what the page shows as PNG: the top of it, or its whole length."""
        words: dict[str, object] = {"captureBeyondViewport": True}
        if height is not None:
            width, length = await self.evaluate(_SIZE)
            top = {"x": 0, "y": 0, "width": width, "height": min(height, length)}
            words["clip"] = {**top, "scale": 1}
        answer = await self._call("Page.captureScreenshot", **words)
        return base64.b64decode(answer["data"])
