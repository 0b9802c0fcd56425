"""
An audit of what stands in a store of objects: s3:// and gs://, on loopback.

moto answers as S3 does, gcp-storage-emulator as Google's store; neither is a part of
the environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from kesspay import audit
from tests.conftest import missing
from tests.support.engines import write_traffic
from tests.support.recording import as_json, judged, record, ring


if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.engines

MOTO = """
import sys
from threading import Thread
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
app = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, app, threaded=True)
Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
"""
EMULATOR = """
import sys
from gcp_storage_emulator.server import create_server
server = create_server("127.0.0.1", 0, in_memory=True, default_bucket="traffic")
server.start()
print(server._api._httpd.server_port, flush=True)
sys.stdin.read()
server.stop()
"""


@contextmanager
def served(module: str, program: str) -> Iterator[str]:
    """Start a store; give its address."""
    if find_spec(module) is None:
        missing(f"{module} is not installed", "KESSPAY_REQUIRE_ENGINES")
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


@contextmanager
def store(scheme: str) -> Iterator[tuple[Any, str, str]]:
    """Start a store with a bucket; give it, its URI, and the query of a URI."""
    if scheme == "s3":
        with served("moto", MOTO) as address:
            system = fs.S3FileSystem(
                endpoint_override=address,
                scheme="http",
                region="eu-west-1",
                allow_bucket_creation=True,
            )
            system.create_dir("traffic")
            query = f"scheme=http&endpoint_override={address}&region=eu-west-1"
            yield system, "s3://traffic", query
        return
    with served("gcp_storage_emulator", EMULATOR) as address:
        system = fs.GcsFileSystem(
            anonymous=True, scheme="http", endpoint_override=address
        )
        query = f"scheme=http&endpoint_override={address}"
        yield system, "gs://anonymous@traffic", query


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have credentials that no machine of the network is asked for."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tester")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_store(scheme: str, tmp_path: Path) -> None:
    """A folder, a glob and files of a store have the verdicts of their rows."""
    write_traffic(tmp_path)
    rows = [row for row in record(600) if row.fault != "not UTF-8"]
    lines = b"".join(as_json(row) + b"\n" for row in rows)
    with store(scheme) as (system, uri, query):
        for path in sorted((tmp_path / "traffic").iterdir()):
            with system.open_output_stream(f"traffic/day/{path.name}") as file:
                file.write(path.read_bytes())
        with system.open_output_stream("traffic/lines/all.jsonl.gz") as file:
            file.write(lines)
        for number, place in enumerate(("day", "day/*.parquet", "each")):
            paths = [f"{uri}/{place}?{query}"]
            if place == "each":
                paths = [f"{uri}/day/{part}.parquet?{query}" for part in range(3)]
            out = tmp_path / f"out{number}"
            result = audit.run(
                paths, ring(), out=out, time="received_at", ids=["id"], explain_budget=0
            )
            assert result.complete
            parts = [pq.read_table(one) for one in sorted(out.glob("part-*"))]
            found = {
                row["id"]: (row["verdict"], row["status"], row["key"])
                for part in parts
                for row in part.to_pylist()
            }
            assert found == {row.number: judged(row, ring()) for row in record(600)}
            names = {str(row) for part in parts for row in part["source"].to_pylist()}
            assert names == {f"{scheme}://traffic/day/{n}.parquet" for n in range(3)}
        command = [
            *(str(Path(sys.executable).with_name("kesspay")), "audit", "--json"),
            *("--keys", "ring.toml", "--out", "lines", "--explain-budget", "0s"),
        ]
        done = subprocess.run(
            [*command, f"{uri}/lines?{query}"],
            cwd=tmp_path,
            capture_output=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert json.loads(done.stdout)["rows"] == len(rows)
        gone = subprocess.run(
            [*command, f"{uri}/nothing?{query}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert gone.returncode == 2
        assert f"there is no input at the {scheme}:// URI" in gone.stdout + gone.stderr
