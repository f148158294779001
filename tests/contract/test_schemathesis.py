"""Requests made up from the API document, 2,000 and more of them, good and bad, and every check Schemathesis has.

It runs as a process of its own, the way anybody runs it. No check is left out; what the hooks beside this file narrow
or skip is said there. The stateful phase is off: the document has no resources that one call makes and another reads.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT, Server, environment

HERE = Path(__file__).parent
CASES = 2000


def test_requests_made_up_from_the_api_document_find_nothing(server: Server, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml", "run"),
            f"{server.base_url}/openapi.json",
            *("--auth", f"{server.client_id}:{server.client_secret}"),
            *("--checks", "all", "--mode", "all", "--phases", "examples,coverage,fuzzing"),
            *("--continue-on-failure", "--no-color"),
        ],
        env=environment(PYTHONPATH=str(ROOT)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    operations = [f"{m} {p}" for p, methods in server.get("/openapi.json").json()["paths"].items() for m in methods]
    assert tested
    assert int(tested[1]) == len(operations) == 9
    generated = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert generated, done.stdout
    assert int(generated[1]) >= CASES
    assert "mostly rejected" not in done.stdout, done.stdout
