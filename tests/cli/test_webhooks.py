"""``carwire webhook``: on the database alone, with a receiver on this machine."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import smartcar
from tests.receiver import LOOPBACK, Receiver, receiving

Run = Callable[..., subprocess.CompletedProcess[str]]
SOC, CHARGING = "tractionbattery-stateofcharge", "charge-ischarging"


class Desk:
    """The command line, an application, and a receiver that knows its token."""

    def __init__(self, run: Run, receiver: Receiver, folder: Path) -> None:
        self._run = run
        self._folder = folder
        self.receiver = receiver
        app = json.loads(run("app", "create", "App", "--json", "--data", folder).stdout)
        self.client_id = app["client_id"]
        receiver.management_token = app["application_management_token"]

    def ask(self, verb: str, *arguments: object, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a verb for the application."""
        known = {**LOOPBACK, **settings}
        return self._run("webhook", verb, self.client_id, *arguments, "--data", self._folder, stdin=stdin, **known)

    def make(self, *more: object) -> Any:
        """Make a webhook at the receiver."""
        done = self.ask("create", "Hook", self.receiver.url, "--trigger", SOC, "--signal", SOC, "--json", *more)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)


@pytest.fixture
def desk(carwire: Run, tmp_path: Path) -> Iterator[Desk]:
    with receiving() as receiver:
        yield Desk(carwire, receiver, tmp_path)


def test_a_webhook_is_made_verified_listed_shown_and_deleted(desk: Desk) -> None:
    assert "No webhooks yet" in desk.ask("list").stdout
    made = desk.make("--signal", CHARGING, "--error-url", "https://a.example/errors")
    assert (made["state"], made["objection"], made["secret"][:6]) == ("active", None, "whsec_")
    webhook_id = made["webhook_id"]
    rows = json.loads(desk.ask("list", "--json").stdout)
    assert rows == [{"webhook_id": webhook_id, "name": "Hook", "url": desk.receiver.url, "state": "active"}]
    shown = json.loads(desk.ask("show", webhook_id, "--json").stdout)
    assert (shown["triggers"], shown["signals"], shown["error_url"]) == (
        [SOC],
        [SOC, CHARGING],
        "https://a.example/errors",
    )
    assert (shown["waiting"], shown["dead"], shown["failures"]) == (0, 0, [])
    assert "besides" not in shown
    assert desk.ask("delete", webhook_id).returncode == 0
    gone = desk.ask("delete", webhook_id)
    assert gone.returncode == 1
    assert webhook_id in gone.stderr


def test_whoever_makes_one_is_told_what_came_of_its_verification(desk: Desk) -> None:
    done = desk.ask("create", "Hook", desk.receiver.url)
    assert "Verified: the receiver has proved itself" in done.stdout
    desk.receiver.management_token = "another"  # no secret
    wrong = desk.ask("create", "Hook", desk.receiver.url)
    assert "Not verified: The hash is wrong" in wrong.stdout
    assert re.search(r"^state +unverified$", wrong.stdout, re.MULTILINE)
    closed = desk.ask("create", "Hook", desk.receiver.url, CARWIRE_WEBHOOK_NETWORKS="")
    assert "CARWIRE_WEBHOOK_NETWORKS=" in closed.stdout
    assert desk.receiver.asked == 2


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ("odometer", "'odometer' is no signal"),
        (f"{SOC} dances", "the condition is one of changes, becomes"),
        (f"{SOC} falls_below", "needs a value"),
        (f"{SOC} falls_below low", "compares numbers"),
    ],
)
def test_a_trigger_that_cannot_be_is_refused(desk: Desk, trigger: str, said: str) -> None:
    done = desk.ask("create", "N", desk.receiver.url, "--trigger", trigger)
    assert done.returncode == 1
    assert said in done.stderr


def test_everything_can_be_changed_and_what_is_left_out_stays(desk: Desk) -> None:
    webhook_id = desk.make("--every", "day", "--concurrency", 3)["webhook_id"]

    def shown() -> Any:
        return json.loads(desk.ask("show", webhook_id, "--json").stdout)

    done = desk.ask(
        "change", webhook_id, "--trigger", f"{SOC} falls_below 20", "--cool-down", 60, "--unit-system", "imperial"
    )
    assert done.returncode == 0
    found = shown()
    assert found["triggers"] == [f"{SOC} falls_below 20.0 (rests for 60 s)"]
    assert (found["every"], found["concurrency"], found["unit_system"], found["name"]) == ("day", 3, "imperial", "Hook")
    desk.ask("change", webhook_id, "--clear", "every", "--clear", "triggers", "--clear", "error-url", "--name", "New")
    found = shown()
    assert (found["every"], found["triggers"], found["signals"], found["name"]) == (None, [], [SOC], "New")
    moved = desk.ask("change", webhook_id, "--url", f"{desk.receiver.url}/2")
    assert "Verified" in moved.stdout
    assert desk.receiver.asked == 2


def test_one_is_paused_resumed_and_verified(desk: Desk) -> None:
    webhook_id = desk.make()["webhook_id"]
    assert desk.ask("pause", webhook_id).stdout == f"Paused {webhook_id}.\n"
    shown = desk.ask("show", webhook_id).stdout
    assert "It is told nothing: somebody paused it." in shown
    assert "It stays paused." in desk.ask("verify", webhook_id).stdout
    assert desk.ask("resume", webhook_id).stdout == f"Resumed {webhook_id}.\n"
    desk.receiver.honest = False
    refused = desk.ask("verify", webhook_id)
    assert (refused.returncode, refused.stdout[:13]) == (1, "Not verified:")
    other = desk.make()["webhook_id"]
    assert desk.ask("resume", other).returncode == 1
    desk.receiver.honest = True
    assert "Verified" in desk.ask("resume", other).stdout


def test_a_rotated_secret_says_until_when_the_other_signs(desk: Desk) -> None:
    made = desk.make()
    rotated = json.loads(desk.ask("rotate", made["webhook_id"], "--overlap", 1, "--json").stdout)
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]
    assert desk.ask("rotate", made["webhook_id"], "--overlap", 169).returncode == 1
    assert desk.ask("rotate", made["webhook_id"], "--overlap", "nan").returncode == 1


def test_a_token_is_rotated_and_the_one_of_before_signs_a_while(desk: Desk, carwire: Run, tmp_path: Path) -> None:
    webhook_id = desk.make()["webhook_id"]
    rotate = ("app", "rotate-management-token", desk.client_id, "--data", tmp_path)
    first = json.loads(carwire(*rotate, "--json").stdout)["application_management_token"]
    assert "Verified" in desk.ask("verify", webhook_id).stdout  # who knows the one of before is still right
    desk.receiver.management_token = first
    assert desk.ask("verify", webhook_id).returncode == 1
    second = json.loads(carwire(*rotate, "--overlap", 0, "--json").stdout)["application_management_token"]
    assert desk.ask("verify", webhook_id).returncode == 1
    desk.receiver.management_token = second
    assert desk.ask("verify", webhook_id).returncode == 0
    for hours in (-1, 169, "inf"):
        assert carwire(*rotate, "--overlap", hours).returncode != 0


def test_what_is_replayed_has_to_be_said_and_is_counted(desk: Desk) -> None:
    webhook_id = desk.make()["webhook_id"]
    assert "give --delivery or --since" in desk.ask("replay", webhook_id).stderr
    assert "is no date or time" in desk.ask("replay", webhook_id, "--since", "yesterday").stderr
    assert "0 deliveries that ended" in desk.ask("replay", webhook_id, "--since", "2026-01-01").stdout
    unknown = desk.ask("replay", webhook_id, "--delivery", "x")
    assert (unknown.returncode, "has no delivery" in unknown.stderr) == (1, True)


def test_the_doctor_asks_an_unverified_one_and_explains(desk: Desk) -> None:
    desk.receiver.honest = False
    webhook_id = desk.make()["webhook_id"]
    told = desk.ask("doctor", webhook_id)
    assert told.returncode == 1
    assert "Hook is told nothing: nobody has proved that the URL is theirs." in told.stdout
    assert "Not verified: " in told.stdout
    closed = desk.ask("doctor", webhook_id, CARWIRE_WEBHOOK_NETWORKS="10.0.0.0/8")
    assert "CARWIRE_WEBHOOK_NETWORKS=192.168.1.0/24" in closed.stdout
    desk.receiver.honest = True
    assert "It is told of changes from now on." in desk.ask("doctor", webhook_id).stdout
    assert "Hook is active." in desk.ask("doctor", webhook_id).stdout
    alone = desk.ask("doctor", webhook_id, "--signature", smartcar.hash_challenge("a", "b"))
    assert "together" in alone.stderr
    assert "has no delivery" in desk.ask("doctor", webhook_id, "--signature", "ab", "--delivery", "x").stderr
