"""The README's first calls, pasted as they stand, give the output it shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import Server, started

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = [b for b in re.findall(r"^```\w*\n(.*?)^```", README, re.DOTALL | re.MULTILINE) if b.startswith("$ ")]
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT / "tools"))
import recording  # noqa: E402


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


@pytest.mark.parametrize(
    "word", ["curl -u", "import smartcar", "/v3/connections", "/v2/vehicles/vins", "import carwire_client"]
)
def test_a_first_call_with_the_demo_prints_what_the_readme_shows(word: str, server: Server) -> None:
    command, shown = block(word)
    command = command.replace("http://127.0.0.1:8000", server.base_url).replace("curl -u", "curl -s -u")
    printed = shell(f". {server.folder}/demo.env\n{command}")
    if shown.startswith("{"):
        assert json.loads(printed) == json.loads(shown)
    else:
        assert printed == shown


def test_the_command_line_prints_what_the_readme_shows() -> None:
    command, shown = block("carwire compatibility WBAKE5C58DJ107700")
    printed = shell(command.replace(".venv/bin/carwire", str(BIN / "carwire")))
    assert printed.startswith(shown)


def test_the_recording_can_be_made_again(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(BIN.parent)
    with started(tmp_path / "carwire-data", CARWIRE_SIMULATOR_CLOCK="stepped"):
        printed = list(recording.record(tmp_path))
    page = recording.PAGE.read_text("utf-8")
    for (about, commands), now in zip(recording.STEPS, printed, strict=True):
        section = page.partition(f"## {about}\n")[2].partition("\n## ")[0]
        assert f"$ {commands}\n" in section
        shown = section.partition(commands)[2].strip("`\n")
        assert len(now.split()) == len(shown.split()), "other words: record it anew"
    assert '"value": "SUCCESS"' in printed[3]
    assert "true" in printed[3].splitlines()[-2]


def test_every_picture_of_the_readme_is_there() -> None:
    named = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert len(named) > 1
    assert [name for name in named if (ROOT / name).read_bytes()[:4] != b"\x89PNG"] == []
