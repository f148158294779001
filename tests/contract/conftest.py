"""Official SDKs in processes of their own, told what to call line by line."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import Server, environment, started

if TYPE_CHECKING:
    from tests.contract.hands import Hand

HERE = Path(__file__).parent
NODE_PACKAGE = "smartcar@10.4.0"


class Sdk:
    """One running driver."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, function: str, *args: object, **kwargs: object) -> dict[str, Any]:
        """Call a function of the SDK; the answer has `value` or `error`."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"function": function, "args": args, "kwargs": kwargs}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def call(self, function: str, *args: object, **kwargs: object) -> Any:
        """Call a function that has to succeed."""
        answer = self.ask(function, *args, **kwargs)
        assert "error" not in answer, answer
        return answer["value"]

    def error(self, function: str, *args: object, **kwargs: object) -> dict[str, Any]:
        """Call a function that has to fail; return the error's class, text and attributes."""
        answer = self.ask(function, *args, **kwargs)
        assert "error" in answer, answer
        found: dict[str, Any] = answer["error"]
        return found


def origins(base_url: str) -> dict[str, str]:
    """Return the variables that lead every SDK to one server: one set for all of them.

    The Python SDK takes the address of the tokens as a whole, the others add the path to it once more.
    """
    plain = ("API", "API_V3", "VEHICLE_API_V3", "MANAGEMENT_API", "CONNECT")
    return {f"SMARTCAR_{name}_ORIGIN": base_url for name in plain} | {"SMARTCAR_AUTH_ORIGIN": f"{base_url}/oauth/token"}


@contextlib.contextmanager
def running(command: Sequence[str | Path], server: Server, *, credentials: bool = True, **more: str) -> Iterator[Sdk]:
    """Start a driver whose SDK reaches the server and nothing else."""
    known = {"SMARTCAR_CLIENT_ID": server.client_id, "SMARTCAR_CLIENT_SECRET": server.client_secret}
    env = environment(**origins(server.base_url) | (known if credentials else {}) | more)
    with subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    ) as process:
        yield Sdk(process)
        assert process.stdin
        process.stdin.close()
        assert process.wait(20) == 0


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder the official npm package is in, installed unless CARWIRE_NODE_MODULES names one that has it."""

    def missing(reason: str) -> None:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    given = os.environ.get("CARWIRE_NODE_MODULES")
    if not shutil.which("node"):
        missing("Node.js is not installed")
    if given and (Path(given) / "smartcar").is_dir():
        return Path(given)
    npm = shutil.which("npm")
    if not npm:
        missing("npm is not installed, and CARWIRE_NODE_MODULES names no folder with the package smartcar")
    assert npm
    folder = Path(given).parent if given else tmp_path_factory.mktemp("node")
    install = ["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix"]
    command = [npm, *install, str(folder), NODE_PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        missing(f"npm could not install {NODE_PACKAGE}: {done.stderr[-300:]}")
    return folder / "node_modules"


@pytest.fixture(scope="module")
def python_sdk(server: Server) -> Iterator[Sdk]:
    """The official Python SDK with the demo application's credentials in its environment."""
    with running([sys.executable, HERE / "python_driver.py"], server) as sdk:
        yield sdk


@pytest.fixture(scope="module")
def node_sdk(server: Server, node_modules: Path) -> Iterator[Sdk]:
    """The official Node SDK with the demo application's credentials in its environment."""
    with running(["node", HERE / "node_driver.js"], server, NODE_PATH=str(node_modules)) as sdk:
        yield sdk


@pytest.fixture(scope="session")
def still_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose cars stand still, so that what an SDK reads can be read again and be the same."""
    folder = tmp_path_factory.mktemp("still") / "data"
    with started(folder, CARWIRE_LOG_LEVEL="debug", CARWIRE_SIMULATOR_CLOCK="stepped") as running_server:
        yield running_server
    assert "Traceback" not in running_server.log
    assert '"level":"error"' not in running_server.log


@pytest.fixture(scope="session")
def python_hand(still_server: Server) -> Iterator[Hand]:
    """The official Python SDK, with cars that owners have connected in Chromium."""
    from tests.contract.hands import Hand

    with running([sys.executable, HERE / "python_driver.py"], still_server) as sdk:
        hand = Hand("python", sdk, still_server)
        hand.connect_cars()
        yield hand


@pytest.fixture(scope="session")
def node_hand(still_server: Server, node_modules: Path) -> Iterator[Hand]:
    """The official Node SDK, with cars that owners have connected in Chromium."""
    from tests.contract.hands import Hand

    with running(["node", HERE / "node_driver.js"], still_server, NODE_PATH=str(node_modules)) as sdk:
        hand = Hand("node", sdk, still_server)
        hand.connect_cars()
        yield hand


@pytest.fixture(params=["python", pytest.param("node", marks=pytest.mark.node)])
def hand(request: pytest.FixtureRequest) -> Hand:
    """Each official SDK."""
    found: Hand = request.getfixturevalue(f"{request.param}_hand")
    return found
