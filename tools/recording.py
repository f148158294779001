"""Record a terminal: commands at a server with the demo, and what they print, into ``docs/recording.md``.

``.venv/bin/python tools/recording.py`` writes it anew; the tests run the same commands. What is drawn anew at every
start (ids, tokens) differs from one recording to the next.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

PAGE: Final = Path(__file__).parents[1] / "docs" / "recording.md"
BIN: Final = Path(sys.executable).parent
STEPS: Final = (  # what is done, by which commands
    (
        "The demo application's credentials, and a token of its own",
        """. carwire-data/demo.env
TOKEN=$(curl -s -u "$V3_CLIENT_ID:$V3_CLIENT_SECRET" -d grant_type=client_credentials $BASE_URL/oauth2/token \\
  | sed 's/.*access_token":"\\([^"]*\\).*/\\1/')""",
    ),
    (
        "Who has connected what, by the SDK",
        """export CARWIRE_ORIGIN=$BASE_URL CARWIRE_V3_CLIENT_ID=$V3_CLIENT_ID CARWIRE_V3_CLIENT_SECRET=$V3_CLIENT_SECRET
.venv/bin/python - <<'END'
import carwire_client

for connection in carwire_client.Client().v3.iter_connections(mode="simulated"):
    print(connection.vehicle_id, connection.vehicle.model)
END""",
    ),
    (
        "A signal, with the time it is from",
        """CAR=$(.venv/bin/python -c '
import carwire_client
cars = carwire_client.Client().v3.iter_connections(mode="simulated")
print(next(each.vehicle_id for each in cars if each.vehicle.powertrain_type == "BEV"))')
AS_OWNER="-H sc-user-id:$USER_ID"
curl -s -H "authorization: Bearer $TOKEN" $AS_OWNER $BASE_URL/v3/vehicles/$CAR/signals/tractionbattery-stateofcharge \\
  | python3 -m json.tool""",
    ),
    (
        "A command, and what became of it",
        """curl -s -X POST -H "authorization: Bearer $TOKEN" $AS_OWNER \\
  $BASE_URL/v3/vehicles/$CAR/commands/security/lock | python3 -m json.tool
.venv/bin/carwire sim show simulated-bev closure-islocked --data carwire-data""",
    ),
    (
        "Why this car does not tell a fuel level",
        """curl -s -H "authorization: Bearer $TOKEN" $AS_OWNER \\
  "$BASE_URL/v1/vehicles/$CAR/why?signal=internalcombustionengine-fuellevel" \\
  | grep -o '"blocked_by":"[a-z]*"\\|"verdict":"blocks","fact":"[^"]*"'""",
    ),
    ("What a VIN says, without a server", ".venv/bin/carwire vin 5YJSA1E29LF403082 | head -14"),
)
_INTRODUCTION: Final = """\
# A terminal, recorded

What it looks like: `make run` in one terminal, and these commands in another, as they ran. The pages are in the
[README](../README.md#what-it-looks-like). Written by `tools/recording.py`; the tests run the same commands.
"""


def main() -> None:
    """Write the page."""
    from pictures import demo  # noqa: PLC0415  # needs a browser's driver, which the tests of this have not

    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / ".venv").symlink_to(BIN.parent)
        with demo(place / "carwire-data"):
            PAGE.write_text("\n".join([_INTRODUCTION, *_parts(record(place))]) + "\n", "utf-8")


def record(place: Path) -> Iterator[str]:
    """Run the commands in a folder with `carwire-data` and `.venv`, in one shell, and yield what every step prints.

    Raises `RuntimeError` for one that fails.
    """
    env = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    mark = "~" * 8
    script = "\n".join(f"{commands}\n[ $? = 0 ] || exit 3\necho {mark}" for _, commands in STEPS)
    done = subprocess.run(  # noqa: S603  # our own words
        ["/bin/sh", "-c", script], cwd=place, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        msg = f"{done.stdout}\n{done.stderr}"
        raise RuntimeError(msg)
    yield from done.stdout.split(f"{mark}\n")[:-1]


def _parts(printed: Iterator[str]) -> Iterator[str]:
    for (about, commands), shown in zip(STEPS, printed, strict=True):
        first, *rest = commands.split("\n")
        lines = [line.rstrip() for line in shown.splitlines()]
        yield "\n".join([f"## {about}\n", "```", f"$ {first}", *rest, *lines, "```\n"])


if __name__ == "__main__":
    main()
