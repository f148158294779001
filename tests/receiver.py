"""Somebody's endpoint: a receiver on this machine that verifies with the official package, and does as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import smartcar

LOOPBACK = {"CARWIRE_WEBHOOK_NETWORKS": "127.0.0.0/8"}


@dataclass
class Receiver:
    """An endpoint. `status` is what deliveries are answered; challenges are answered while `honest`."""

    url: str = ""
    management_token: str = ""
    status: int = 200
    honest: bool = True
    asked: int = 0  # challenges
    told: list[dict[str, Any]] = field(default_factory=list)
    signatures: list[tuple[str, bytes]] = field(default_factory=list)

    def answer(self, body: bytes, signature: str | None) -> tuple[int, dict[str, str]]:
        """Answer a request as the official package's documentation says."""
        event = json.loads(body)
        challenge = event.get("data", {}).get("challenge") or event.get("payload", {}).get("challenge")
        if challenge:
            self.asked += 1
            return 200, {"challenge": smartcar.hash_challenge(self.management_token, challenge) if self.honest else ""}
        if not smartcar.verify_payload(self.management_token, signature, body.decode()):
            return 401, {"error": "signature"}
        self.signatures.append((signature or "", body))
        self.told.append(event)
        return self.status, {"thanks": "no" if self.status >= 400 else "yes"}


@contextmanager
def receiving(path: str = "/hook") -> Iterator[Receiver]:
    """Run a receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, answer = receiver.answer(body, self.headers["sc-signature"])
            said = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}{path}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()
