"""One process alone is the worker of a data folder."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import ROOT, environment

from carwire.jobs.claim import FILE_NAME, claim_worker
from carwire.kit.claims import Claim

WORKER = """
import sys, time
from pathlib import Path
from carwire.jobs.claim import claim_worker

claim = claim_worker(Path(sys.argv[1]))
print("worker" if claim else "not", flush=True)
time.sleep(60 if claim else 0)
"""


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, folder],
        env=environment(PYTHONPATH=str(ROOT / "src")),
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ended(process: subprocess.Popen[str]) -> None:
    process.kill()  # SIGKILL: nothing of it runs any more
    process.communicate(timeout=10)


def claimed(folder: Path) -> Claim:
    claim = claim_worker(folder)
    assert claim is not None
    return claim


def test_of_two_processes_one_is_the_worker_until_it_is_killed(tmp_path: Path) -> None:
    first, second = start(tmp_path), None
    try:
        assert said(first) == "worker"
        second = start(tmp_path)
        assert said(second) == "not"
        assert claim_worker(tmp_path) is None
        ended(first)
        claimed(tmp_path).release()
    finally:
        for process in (first, second):
            if process:
                ended(process)


def test_processes_that_start_at_once_make_one_worker(tmp_path: Path) -> None:
    started = [start(tmp_path) for _ in range(4)]
    try:
        assert sorted(map(said, started)) == ["not", "not", "not", "worker"]
    finally:
        for process in started:
            ended(process)


def test_a_claim_that_was_released_can_be_had_again(tmp_path: Path) -> None:
    first = claimed(tmp_path)
    assert claim_worker(tmp_path) is None, "not even by ourselves"
    first.release()
    second = claimed(tmp_path)
    first.release()
    assert claim_worker(tmp_path) is None, "the second is not released with the first"
    second.release()


def test_a_program_the_worker_starts_does_not_inherit_the_claim(tmp_path: Path) -> None:
    claim = claimed(tmp_path)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
    try:
        time.sleep(0.1)
        claim.release()
        claimed(tmp_path).release()
    finally:
        child.kill()
        child.wait(10)


def test_the_file_is_private_and_folders_have_a_worker_each(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first, second = claimed(tmp_path), claimed(tmp_path / "other")
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    first.release()
    second.release()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        claim_worker(tmp_path / "nowhere")
