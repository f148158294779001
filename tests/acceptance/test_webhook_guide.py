"""The guide to webhooks does what it says: its commands and snippets, from top to bottom, as they stand."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT, Server, environment, started, until
from tests.receiver import LOOPBACK

GUIDE = (ROOT / "docs/guides/webhooks.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
BIN = Path(sys.executable).parent


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Server]:
    with started(tmp_path / "carwire-data", **LOOPBACK) as server:
        yield server


class Reader:
    """Somebody at a terminal, in the folder of the server, on another port than the page has."""

    def __init__(self, server: Server, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._base_url = server.base_url
        self._folder = folder
        env = environment(PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}", PYTHONPATH=os.pathsep.join(sys.path))
        self._shell = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.names: dict[str, Any] = {}
        (folder / ".venv").symlink_to(BIN.parent)
        self.told = folder / "told"

    def as_here(self, text: str) -> str:
        """Return a block with the ports of this machine."""
        return text.replace("http://127.0.0.1:8000", self._base_url).replace("3000", str(self._port))

    def shell(self, text: str) -> str:
        """Run commands, of which each has to succeed; what runs on writes into a file."""
        lines = self.as_here(text).replace("receiver.py &", f"receiver.py > {self.told} 2>&1 &").splitlines()
        checked = "\n".join(f"{line}\n[ $? = 0 ] || echo FAILED" for line in lines)
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(f"{checked}\necho END\n")
        self._shell.stdin.flush()
        said = ""
        while not said.endswith("END\n"):
            line = self._shell.stdout.readline()
            assert line, said
            said += line
        assert "FAILED" not in said, said
        return said

    def python(self, text: str) -> None:
        """Write a file that the page names, or run a snippet."""
        text = self.as_here(text)
        if text.startswith("# receiver.py"):
            (self._folder / "receiver.py").write_text(text)
            return
        exec(compile(text, "webhooks.md", "exec"), self.names)

    def close(self) -> None:
        """End the shell and what runs in it."""
        assert self._shell.stdin
        self._shell.stdin.write("kill %1\nwait\nexit\n")
        self._shell.communicate(timeout=20)
        if "client" in self.names:
            self.names["client"].close()


def test_the_guide_runs_from_top_to_bottom(place: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reader = Reader(place, tmp_path)
    said: list[str] = []
    try:
        for kind, text in BLOCKS:
            if kind == "python":
                reader.python(text)
            else:
                said.append(reader.shell(text))
            if "receiver.py &" in text:
                until(lambda: answers(reader._port))
            if "subscribe(" in text:
                until(lambda: "VEHICLE_STATE" in reader.told.read_text())
    finally:
        reader.close()
    assert "VEHICLE_STATE" in reader.told.read_text()
    assert "Verified: the receiver has proved itself" in said[1]
    assert "Doors is active" not in said[2]
    assert "Locks is active." in said[2]
    assert '"name":"Doors and charge"' in said[3]
    assert '"dry_run":true' in said[3]


def answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_the_table_of_attempts_is_that_of_the_code() -> None:
    from carwire.core.delivery import ATTEMPTS, RETRIES_S

    table = GUIDE.partition("| attempt | after the one before |")[2].partition("\n\n")[0]
    assert RETRIES_S[:3] == ((0.5, 25.0), (30.0, 50.0), (60.0, 100.0))
    assert ["up to 25 s" in table, "30 to 50 s" in table, "60 to 100 s" in table] == [True] * 3
    hours = [round((first + last) / 2) for first, last in RETRIES_S[3:]]
    units = {"min": 60, "h": 3600}
    later = re.findall(r"(\d+) (min|h)\b", table)
    assert [int(number) * units[unit] for number, unit in later] == hours
    assert f"9 to {ATTEMPTS}" in table
