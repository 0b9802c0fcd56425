"""The services of the recipes answer the commands that their pages show."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from tests.conftest import missing
from tests.support.pages import blocks


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Each serves on a free port, and prints it as the last part of a line.
SERVERS: Final = {
    "fastapi": """
import asyncio, uvicorn
from app import app

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)

Server(uvicorn.Config(app, port=0, log_level="warning")).run()
""",
    "django": """
from wsgiref.simple_server import make_server
from django.core.wsgi import get_wsgi_application
import pay

server = make_server("127.0.0.1", 0, get_wsgi_application())
print(server.server_port, flush=True)
server.serve_forever()
""",
}


@contextmanager
def served(recipe: str, folder: Path) -> Iterator[int]:
    """Serve the program of a page, and give the port."""
    (block,) = blocks(f"recipes/{recipe}.md", "python")
    name = re.match(r'"""(\w+\.py)', block.code)
    assert name
    (folder / name[1]).write_text(block.code, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-c", SERVERS[recipe]],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout
            yield int(server.stdout.readline())
        finally:
            server.kill()


@pytest.mark.thorough
@pytest.mark.parametrize("recipe", SERVERS)
@pytest.mark.usefixtures("prepared")
def test_the_commands_of_a_recipe(recipe: str, tmp_path: Path) -> None:
    """Create, confirm and look work as written, the last after a restart."""
    if shutil.which("curl") is None:
        missing("curl is not installed", "KESSPAY_REQUIRE_CURL")
    (block,) = [
        one for one in blocks(f"recipes/{recipe}.md", "sh") if "curl" in one.code
    ]
    steps = block.code.replace("\\\n", " ").replace("curl ", "curl -sSm 30 ")
    said = []
    for step in steps.splitlines():
        # A server of its own for each command: it was killed, and started again.
        with served(recipe, tmp_path) as port:
            done = subprocess.run(
                ["sh", "-c", step.replace(":8000/", f":{port}/")],
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            )
        said.append(json.loads(done.stdout))
    assert [one["outcome"] for one in said] == ["pending", "paid", "paid"]
    assert {one["receiver_name"] for one in said} == {"Sok Dara"}
