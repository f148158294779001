"""Whose address a request has, behind a proxy and without one."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_SERVER = """
import json, sys
from carwire.http.server import bind, serve

async def who(scope, receive, send):
    if scope["type"] != "http":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    body = json.dumps(scope["client"][0]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})

listener = bind("127.0.0.1", 0)
port = listener.getsockname()[1]
ready = lambda: print(port, flush=True)
serve(who, listener, "http://x", on_ready=ready, on_ending=lambda: None, trusted_proxies=sys.argv[1] or None)
"""


@contextmanager
def running(trusted: str) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", _SERVER, trusted], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.stdout.close()


@pytest.mark.parametrize(
    ("trusted", "seen"),
    [("", "127.0.0.1"), ("127.0.0.1", "203.0.113.9"), ("127.0.0.0/8", "203.0.113.9"), ("192.0.2.1", "127.0.0.1")],
)
def test_only_a_trusted_proxy_says_for_whom_it_asks(trusted: str, seen: str) -> None:
    with running(trusted) as port:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"X-Forwarded-For": "203.0.113.9"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert json.load(answer) == seen
