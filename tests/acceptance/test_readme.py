"""The README's first calls, pasted as they stand, give the output it shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import Client, Server

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = [b for b in re.findall(r"^```\w*\n(.*?)^```", README, re.DOTALL | re.MULTILINE) if b.startswith("$ ")]
BIN = Path(sys.executable).parent


def block(word: str) -> tuple[str, str]:
    """The command of the block that holds `word`, and the output shown below it."""
    (found,) = [b for b in BLOCKS if word in b]
    lines = found.strip().split("\n")
    commands = [i for i, line in enumerate(lines) if line.startswith("$ ") or lines[i - 1].endswith("\\")]
    command = "\n".join(line.removeprefix("$ ") for line in lines[: commands[-1] + 1])
    return command, "\n".join(lines[commands[-1] + 1 :])


def shell(command: str, **environment: str) -> str:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **environment, "PATH": path, "COLUMNS": "200"}
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("word", ["/v3/connections", "/v2/vehicles/vins", "import carwire_client"])
def test_a_first_call_with_the_demo_prints_what_the_readme_shows(word: str, server: Server) -> None:
    command, shown = block(word)
    command = command.replace("http://127.0.0.1:8000", server.base_url)
    names = ("v3_client_id", "v3_client_secret", "api_key")
    assert shell(command, **{name.upper(): server.demo[name] for name in names}) == shown


@pytest.mark.parametrize("word", ["curl -u", "import smartcar"])
def test_a_first_call_prints_what_the_readme_shows(word: str, server: Client) -> None:
    command, shown = block(word)
    command = command.replace("http://127.0.0.1:8000", server.base_url)
    if "curl -u" in word:
        command = command.replace("curl -u", "curl -s -u")
    printed = shell(command, CLIENT_ID=server.client_id, CLIENT_SECRET=server.client_secret)
    if shown.startswith("{"):
        assert json.loads(printed) == json.loads(shown)
    else:
        assert printed == shown


def test_the_command_line_prints_what_the_readme_shows() -> None:
    command, shown = block("carwire compatibility WBAKE5C58DJ107700")
    printed = shell(command.replace(".venv/bin/carwire", str(BIN / "carwire")))
    assert printed.startswith(shown)
