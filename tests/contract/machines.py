"""Tokens of an application itself, at a started server: a secret is drawn beside it, as a command line would."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from tests.conftest import Answer, Headers, Server

from carwire.app import open_database
from carwire.kit.clock import utc_now
from carwire.kit.secrets import SecretHasher
from carwire.services.credentials import CredentialService
from carwire.settings import Settings


@dataclass(frozen=True)
class Machine:
    """An application at a server: its pair of id and secret, and the newest token."""

    server: Server
    id: str
    secret: str
    token: str

    @property
    def bearer(self) -> tuple[bytes, bytes]:
        """The authorization header."""
        return b"authorization", b"Bearer " + self.token.encode()

    def ask(
        self, method: str, path: str, user_id: str | None = None, body: object = None, headers: Headers = ()
    ) -> Answer:
        """Ask v3, `path` relative to it, for an owner or for none."""
        owner = [(b"sc-user-id", user_id.encode())] if user_id else []
        sent = b"" if body is None else json.dumps(body).encode()
        return self.server.ask(method, f"/v3{path}", [self.bearer, *owner, *headers], sent)

    def get(self, path: str, user_id: str | None = None) -> Any:
        """Read what has to be there."""
        answer = self.ask("GET", path, user_id)
        assert answer.status == 200, answer
        return answer.json()


def machine_of(server: Server) -> Machine:
    """Draw a secret for the server's demo application and exchange it for a token."""
    machine_id, secret = asyncio.run(_draw(server))
    form = f"grant_type=client_credentials&client_id={machine_id}&client_secret={secret}"
    answer = server.ask(
        "POST", "/oauth2/token", [(b"content-type", b"application/x-www-form-urlencoded")], form.encode()
    )
    assert answer.status == 200, answer
    return Machine(server, machine_id, secret, answer.json()["access_token"])


async def _draw(server: Server) -> tuple[str, str]:
    settings = Settings(data=server.folder)
    store = open_database(settings)
    try:
        hasher = SecretHasher(bytes.fromhex((server.folder / "pepper").read_text().strip()))
        new = await CredentialService(store, hasher, utc_now).draw(server.client_id)
    finally:
        await store.close()
    return new.machine_id, new.secret.reveal()
