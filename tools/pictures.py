"""Take the pictures of the README anew: of pages as a browser shows them, with simulated cars.

``.venv/bin/python tools/pictures.py`` needs Chromium and writes into ``docs/images``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
PROGRAM: Final = Path(sys.executable).parent / "carwire"
VIEW: Final = {"width": 880, "height": 760}


def main() -> None:
    """Take all of them."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder)) as base_url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=VIEW, device_scale_factor=1, locale="en")  # type: ignore[arg-type]
        connect(page, base_url)
        browser.close()


@contextlib.contextmanager
def demo(folder: Path) -> Iterator[str]:
    """Run a server with the demo and give its address."""
    env = os.environ | {"CARWIRE_DATA": str(folder), "CARWIRE_PORT": "8000", "CARWIRE_SIMULATOR_CLOCK": "stepped"}
    command = [str(PROGRAM), "up", "--demo"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603  # our own
        try:
            assert server.stdout
            for line in server.stdout:
                if "Start page" in line:
                    break
            yield json.loads((folder / "demo.json").read_text())["base_url"]
        finally:
            server.terminate()


def connect(page: Page, base_url: str) -> None:
    """Connect a car as its owner does."""
    page.goto(f"{base_url}/demo")
    page.click("text=Connect a simulated car")
    page.click("#continue-button")
    page.click("#FORD")
    page.fill("#username", "owner@example.com")
    page.fill("#password", "any")
    page.click("#sign-in-button")
    take(page, "permissions")
    page.click("#approval-button")
    page.wait_for_url("**/demo**")
    time.sleep(0.5)
    take(page, "demo")


def take(page: Page, name: str) -> None:
    """Write what is to be seen."""
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
