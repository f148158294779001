"""A worker to be measured, without the server around it: works until it is told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import uvloop

from carwire.app import build
from carwire.settings import read_settings


async def main() -> None:
    """Work."""
    carwire = build(read_settings(os.environ), "http://127.0.0.1:8000")
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    carwire.worker.start()
    print("ready", flush=True)
    await ending.wait()
    await carwire.worker.stop()
    await carwire.close()


if __name__ == "__main__":
    uvloop.run(main())
    sys.exit(0)
