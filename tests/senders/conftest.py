"""Senders are tried on both event loops: the one of Python and the one the server runs on."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Override the one event loop of other tests."""
    return "asyncio", {"use_uvloop": request.param}
