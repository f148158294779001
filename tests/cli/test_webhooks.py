"""``carwire webhook``: what is kept, and how it looks to the application's own token."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., subprocess.CompletedProcess[str]]
SOC, CHARGING = "tractionbattery-stateofcharge", "charge-ischarging"


def test_a_webhook_is_made_listed_and_deleted(carwire: Run, tmp_path: Path) -> None:
    data = ("--data", tmp_path)
    client_id = json.loads(carwire("app", "create", "App", "--json", *data).stdout)["client_id"]
    assert "No webhooks yet" in carwire("webhook", "list", client_id, *data).stdout
    made = carwire(
        "webhook", "create", client_id, "Charge", "https://a.example/hook", "--trigger", SOC, "--signal", SOC,
        "--signal", CHARGING, "--error-url", "https://a.example/errors", "--json", *data,
    )  # fmt: skip
    assert (made.returncode, made.stderr) == (0, "")
    webhook_id = json.loads(made.stdout)["webhook_id"]
    rows = json.loads(carwire("webhook", "list", client_id, "--json", *data).stdout)
    assert rows == [{"webhook_id": webhook_id, "name": "Charge", "url": "https://a.example/hook"}]
    assert carwire("webhook", "delete", client_id, webhook_id, *data).returncode == 0
    gone = carwire("webhook", "delete", client_id, webhook_id, *data)
    assert gone.returncode == 1
    assert webhook_id in gone.stderr


def test_a_code_nobody_knows_is_refused(carwire: Run, tmp_path: Path) -> None:
    data = ("--data", tmp_path)
    client_id = json.loads(carwire("app", "create", "App", "--json", *data).stdout)["client_id"]
    done = carwire("webhook", "create", client_id, "N", "https://a.example/", "--trigger", "odometer", *data)
    assert done.returncode == 1
    assert "'odometer' is no signal" in done.stderr
