"""The services of the recipes answer the commands that their pages show."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

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


@pytest.mark.thorough
@pytest.mark.parametrize("recipe", SERVERS)
@pytest.mark.usefixtures("prepared")
def test_requests_that_a_recipe_refuses(recipe: str, tmp_path: Path) -> None:
    """What is no order is 422, another order of the same id 409, and none is a 500."""
    order = {
        "payment_id": "p-1",
        "receiver_id": "85512345678",
        "amount": "0.50" if recipe == "fastapi" else 0.50,
        "sender_name": "Chan Sophea",
    }
    found = []
    with served(recipe, tmp_path) as port:
        for body in (
            *("{", "[]", "null", "{}", json.dumps({**order, "payment_id": "p 1"})),
            *(json.dumps(order), json.dumps({**order, "sender_name": "Another"})),
        ):
            request = Request(
                f"http://127.0.0.1:{port}/payments",
                body.encode(),
                {"Content-Type": "application/json"},
            )
            try:
                with urlopen(request, timeout=30) as answer:  # noqa: S310 - of ours
                    found.append(answer.status)
            except HTTPError as error:
                found.append(error.code)
                error.close()
    assert found == [422, 422, 422, 422, 422, 200, 409]
