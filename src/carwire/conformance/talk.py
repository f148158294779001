"""The conversation with a server: what is known of it, what it was asked, and who it is asked as.

The same request is made once: many checks look at one answer, and no car is asked more often than it has to be.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import quote, quote_plus, urlencode

import msgspec

from carwire.conformance.answers import JSON, Answer, Headers
from carwire.conformance.expecting import Deviation, NotAsked
from carwire.conformance.web import Asker, Unanswered
from carwire.kit.secrets import Secret

T = TypeVar("T")
V = TypeVar("V")
FORM: Final = ("content-type", "application/x-www-form-urlencoded")
AS_JSON: Final = ("content-type", JSON)
NOBODY: Final = "00000000-0000-4000-8000-000000000000"  # an id, code or token that no server has given
# Types of errors that are a car's or its owner's, and no fault of a server.
_EXCUSES: Final = frozenset(
    {"COMPATIBILITY", "VEHICLE_STATE", "UPSTREAM", "CONNECTED_SERVICES_ACCOUNT", "PERMISSION", "RATE_LIMIT", "BILLING"}
)
_RECORDS: Final = frozenset({"RECORD_NOT_FOUND", "MULTIPLE_RECORDS_FOUND"})
_PATIENCE: Final = 3  # requests without an answer, one after the other, before the server is given up
_SHOWN: Final = 200  # characters of what was seen
_SHORTEST: Final = 6  # characters; shorter ones would hide half of every sentence


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator has. Any of it may be missing (empty); a refresh token is used up.

    With `redirect_uri`, and without a token, a simulated car is connected in Connect's simulated mode. `user_id` is the
    owner that v3 is asked for.
    """

    client_id: str = ""
    client_secret: Secret = Secret("")
    management_token: Secret = Secret("")
    redirect_uri: str = ""
    access_token: Secret = Secret("")
    refresh_token: Secret = Secret("")
    v3_client_id: str = ""
    v3_client_secret: Secret = Secret("")
    user_id: str = ""
    commands: bool = False


class GivenUp(Exception):
    """A server that does not answer any more."""


class Talk:
    """A conversation with what answers at `url`. `heard` are all answers, in order; `connected` the tokens of owners
    that were connected here.
    """

    def __init__(self, url: str, asker: Asker, access: Access) -> None:
        self.url = url
        self._asker = asker
        self.access = access
        self.heard: list[Answer] = []
        self.connected: list[str] = []
        self._known: dict[object, Answer | Unanswered] = {}
        self._made: dict[str, object] = {}
        self._silent = 0
        self._secrets: set[str] = set()
        for secret in (
            *(access.client_secret, access.management_token, access.access_token, access.refresh_token),
            access.v3_client_secret,
        ):
            self.keep_secret(secret.reveal(), shortest=1)

    # --- asking

    async def ask(
        self, method: str, target: str, headers: Headers = (), body: bytes = b"", *, again: bool = False
    ) -> Answer:
        """Send a request, unless it was sent before and is not wanted `again`. Raises `Deviation` without an answer."""
        key = method, target, tuple(headers), body
        found = self._known.get(key)
        if found is None or again:
            found = self._known[key] = await self._send(method, target, headers, body)
        if isinstance(found, Unanswered):
            raise Deviation("an answer", str(found))
        return found

    async def _send(self, method: str, target: str, headers: Headers, body: bytes) -> Answer | Unanswered:
        try:
            found = await self._asker(method, target, headers, body)
        except Unanswered as error:
            self._silent += 1
            if self._silent == _PATIENCE:
                msg = f"{error}, {_PATIENCE} times running"
                raise GivenUp(msg) from None
            return error
        self._silent = 0
        self.heard.append(found)
        return found

    async def get(self, target: str, *headers: tuple[str, str]) -> Answer:
        """Read."""
        return await self.ask("GET", target, headers)

    async def post(self, target: str, body: object, *headers: tuple[str, str], again: bool = False) -> Answer:
        """Send JSON."""
        return await self.ask("POST", target, (*headers, AS_JSON), json.dumps(body).encode(), again=again)

    async def form(self, target: str, fields: Mapping[str, str], *headers: tuple[str, str]) -> Answer:
        """Send a form."""
        return await self.ask("POST", target, (*headers, FORM), urlencode(fields).encode())

    async def once(self, name: str, make: Callable[[], Awaitable[T]]) -> T:
        """Do something that several checks look at, once; what it raises is raised again."""
        if name not in self._made:
            try:
                self._made[name] = await make()
            except (Deviation, NotAsked) as error:
                self._made[name] = error
        made = self._made[name]
        if isinstance(made, Deviation | NotAsked):
            raise made
        return made  # type: ignore[return-value]

    # --- secrets

    def keep_secret(self, text: str, shortest: int = _SHORTEST) -> str:
        """Return a text that `hidden` will hide from now on, unless it is too short to be drawn by a server."""
        if len(text) >= shortest:
            written = {
                text,
                repr(text)[1:-1],
                quote(text, safe=""),
                quote_plus(text),
                json.dumps(text)[1:-1],
                text.lower(),
                text.upper(),
            }
            self._secrets |= written | {b64encode(text.encode()).decode()}
        return text

    def keep_secrets(self, body: object) -> None:
        """Keep every text of an answer that gives tokens: they may be in the wrong places."""
        for value in body.values() if isinstance(body, dict) else ():
            if isinstance(value, str) and value != "Bearer":
                self.keep_secret(value)

    def hidden(self, said: str) -> str:
        """Return a text of one line without the secrets in it, not too long."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            said = said.replace(secret, "***")
        line = " ".join(said.split())
        return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"

    # --- who asks

    def basic(self, name: str, secret: str) -> tuple[str, str]:
        """Return the header of HTTP Basic."""
        return "authorization", f"Basic {self.keep_secret(b64encode(f'{name}:{secret}'.encode()).decode())}"

    @property
    def client(self) -> tuple[str, str]:
        """The header of the application's client id and secret."""
        if not self.access.client_id or not self.access.client_secret.reveal():
            raise NotAsked("no client id and secret")
        return self.basic(self.access.client_id, self.access.client_secret.reveal())

    @property
    def management(self) -> tuple[str, str]:
        """The header of the application management token."""
        if not self.access.management_token.reveal():
            raise NotAsked("no application management token")
        return self.basic("default", self.access.management_token.reveal())


def bearer(token: str) -> tuple[str, str]:
    """Return the header of a token."""
    return "authorization", f"Bearer {token}"


async def first_answer(vehicles: Iterable[V], ask: Callable[[V], Awaitable[Answer]]) -> tuple[V, Answer]:
    """Ask vehicle after vehicle. Return the first that has no excuse, and its answer. Raises `NotAsked` if all have."""
    why = ""
    for vehicle in vehicles:
        answer = await ask(vehicle)
        if not _excused(answer):
            return vehicle, answer
        why = str(answer)
    msg = f"no vehicle does it: {why}"
    raise NotAsked(msg)


def _excused(answer: Answer) -> bool:
    """Tell whether an answer is an error of a car or its owner, which says nothing about the server."""
    try:
        body: Any = answer.json()
    except Deviation:
        return False
    first = body["errors"][0] if isinstance(body, dict) and body.get("errors") else body
    if answer.status < 400 or not isinstance(first, dict):
        return False
    return first.get("type") in _EXCUSES or (first.get("type") == "SERVER" and first.get("code") in _RECORDS)
