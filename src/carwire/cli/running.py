"""The server that runs on a data folder, as other commands find it: ``running.json``, readable by its owner alone.

A server writes the file when it answers and removes it when it ends. One that was killed leaves it behind, so a file
counts for nothing until the server it names has answered to its key.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

import msgspec

from carwire.core.errors import CannotStart, FieldProblem, InvalidInput
from carwire.kit.files import write_private
from carwire.kit.secrets import Secret

FILE: Final = "running.json"
_PROBE: Final = "/v1/simulator"
_PROBE_S: Final = 5.0
_PATIENCE_S: Final = 120.0  # a list of many cars that have a month to catch up on
# No proxy: the server is on this machine, or was told to answer here.
_opener: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class _File(msgspec.Struct, frozen=True):
    base_url: str
    key: str


class _Refusal(msgspec.Struct, frozen=True):
    """What we read of the wire's error body."""

    description: str
    detail: tuple[FieldProblem, ...] = ()


class Running:
    """A server that answers, asked with the key from its data folder."""

    def __init__(self, base_url: str, key: Secret) -> None:
        self.base_url: Final = base_url
        self._key = key

    def ask(self, method: str, path: str, body: object = None, seconds: float = _PATIENCE_S) -> bytes:
        """Send one request and return the answer's body.

        Raises `InvalidInput` as the server says it, `CannotStart` for any other refusal and for no answer at all.
        """
        headers = {"authorization": f"Bearer {self._key.reveal()}", "content-type": "application/json"}
        data = None if body is None else msgspec.json.encode(body)
        request = urllib.request.Request(self.base_url + path, data, headers, method=method)  # noqa: S310  # see `_read`
        try:
            with _opener.open(request, timeout=seconds) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                raise _refused(self.base_url, error.code, error.read()) from None
        except HTTPException:
            raise NotTheServer(f"what answers at {self.base_url} is not Carwire") from None
        except OSError as error:
            reason = getattr(error, "reason", error)  # urllib wraps some of them
            kind = TooLate if isinstance(reason, TimeoutError) else NoAnswer
            raise kind(f"the server at {self.base_url} does not answer: {reason}") from None

    def get(self, path: str, kind: Any) -> Any:
        """Ask, and read the answer as `kind`."""
        return self._decoded(self.ask("GET", path), kind)

    def post(self, path: str, body: object, kind: Any) -> Any:
        """Send `body` as JSON, and read the answer as `kind`."""
        return self._decoded(self.ask("POST", path, body), kind)

    def _decoded(self, answer: bytes, kind: Any) -> Any:
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.MsgspecError as error:
            msg = f"the server at {self.base_url} is of another version: {error}"
            raise CannotStart(msg) from None


class NoAnswer(CannotStart):
    """Nobody takes connections there."""


class TooLate(CannotStart):
    """The server takes connections and does not answer."""


class NotTheServer(CannotStart):
    """Somebody else answers there."""


def find_base_url(folder: Path) -> str | None:
    """Return where a data folder says that its server answers, so or not; null where it says nothing."""
    found = _read(folder / FILE)
    return found.base_url if found else None


def write_running(folder: Path, base_url: str, key: Secret) -> None:
    """Say in a data folder that a server answers at `base_url` to `key`. Raises `CannotStart` when it cannot be."""
    path = folder / FILE
    try:
        write_private(path, msgspec.json.encode(_File(base_url, key.reveal())).decode() + "\n", replace=True)
    except OSError as error:
        msg = f"{path} cannot be written: {error}"
        raise CannotStart(msg) from error


def remove_running(folder: Path, key: Secret) -> None:
    """Take back what `write_running` said, unless a later server has said something else since."""
    path = folder / FILE
    try:
        found = _read(path)
        if found and found.key == key.reveal():
            path.unlink(missing_ok=True)
    except OSError:
        return  # it counts for nothing without the server


def find_running(folder: Path) -> Running | None:
    """Return the server that runs on a data folder, null when none does.

    Raises `TooLate` for one that takes connections and does not answer: working on its files would undo its work.
    """
    found = _read(folder / FILE)
    if found is None:
        return None
    running = Running(found.base_url, Secret(found.key))
    try:
        running.ask("GET", _PROBE, seconds=_PROBE_S)
    except (NotTheServer, NoAnswer):
        return None
    return running


def origin_of_running(folder: Path) -> str | None:
    """Return where a server says in a data folder that it answers. It is not asked whether it still does."""
    found = _read(folder / FILE)
    return found.base_url if found else None


def _read(path: Path) -> _File | None:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except (OSError, ValueError):  # what is no such file says nothing of a server
        return None
    return found if found.base_url.startswith(("http://", "https://")) else None


def _refused(base_url: str, status: int, body: bytes) -> CannotStart | InvalidInput:
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
    except msgspec.MsgspecError:
        return NotTheServer(f"what answers at {base_url} is not Carwire")
    if status == HTTPStatus.BAD_REQUEST and refusal.detail:
        return InvalidInput(*refusal.detail)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}:
        return NotTheServer(f"the server at {base_url} is another one: {refusal.description}")
    return CannotStart(f"the server at {base_url} refused: {refusal.description}")
