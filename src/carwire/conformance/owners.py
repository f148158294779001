"""The owner of the cars: a token that was given, one for a refresh token, or one from Connect's simulated mode."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import msgspec

from carwire.conformance.answers import Answer, is_uuid
from carwire.conformance.expecting import Deviation, NotAsked, expect
from carwire.conformance.talk import Talk, bearer
from carwire.conformance.walking import walk

TOKEN: Final = "/oauth/token"  # noqa: S105  # a path


class Owner(msgspec.Struct, frozen=True):
    """An owner as their tokens reach them. `connected` was connected here, and may be disconnected."""

    access_token: str
    refresh_token: str = ""
    connected: bool = False

    @property
    def bearer(self) -> tuple[str, str]:
        """The header of the access token."""
        return bearer(self.access_token)


async def owner(talk: Talk) -> Owner:
    """Return the owner whose cars are asked. Raises `NotAsked` when there is no way to a token."""
    return await talk.once("owner", lambda: _owner(talk))


async def second_owner(talk: Talk) -> Owner:
    """Connect one more simulated car, to be disconnected again. Its code is exchanged as Node does without a redirect
    URI: with the word ``undefined``.
    """

    async def connect() -> Owner:
        await callback(talk)  # once more only where the first time went well
        return _owner_of(talk, await _exchange(talk, await walk(talk), "undefined"), connected=True)

    return await talk.once("second owner", connect)


async def walked(talk: Talk) -> dict[str, list[str]]:
    """Walk Connect, once, and return the query that came back. Raises `Deviation` if the suites could not click it."""
    _check_walk(talk)
    return await talk.once("walk", lambda: walk(talk))


async def callback(talk: Talk) -> dict[str, list[str]]:
    """Return the query that Connect came back with; where it cannot be walked, what comes after is not asked."""
    try:
        return await walked(talk)
    except Deviation as error:
        msg = f"Connect could not be walked: {error.seen}"
        raise NotAsked(msg) from None


async def granted(talk: Talk) -> Answer:
    """Return what the first code, or the refresh token that was given, was exchanged for."""
    access = talk.access
    if access.access_token.reveal():
        raise NotAsked("an access token was given")
    if access.refresh_token.reveal():
        return await refresh(talk, access.refresh_token.reveal())
    return await _exchange(talk, await callback(talk), access.redirect_uri)


async def _owner(talk: Talk) -> Owner:
    access = talk.access
    if access.access_token.reveal():
        return Owner(access.access_token.reveal(), access.refresh_token.reveal())
    try:
        return _owner_of(talk, await granted(talk), connected=not access.refresh_token.reveal())
    except Deviation as error:
        msg = f"no access token: {error.seen}"
        raise NotAsked(msg) from None


def _check_walk(talk: Talk) -> None:
    if talk.access.access_token.reveal() or talk.access.refresh_token.reveal():
        raise NotAsked("a token was given, so no simulated car is connected")
    if not talk.access.redirect_uri:
        raise NotAsked("no token, and no redirect URI to connect a simulated car with")
    _ = talk.client


async def refresh(talk: Talk, token: str) -> Answer:
    """Exchange a refresh token."""
    return await talk.form(TOKEN, {"grant_type": "refresh_token", "refresh_token": token}, talk.client)


async def _exchange(talk: Talk, query: dict[str, list[str]], redirect_uri: str) -> Answer:
    code = talk.keep_secret(query["code"][0])
    fields = {"code": code, "grant_type": "authorization_code", "redirect_uri": redirect_uri}
    return await talk.form(TOKEN, fields, talk.client)


def _owner_of(talk: Talk, answer: Answer, *, connected: bool) -> Owner:
    access_token, refresh_token = pair_of(talk, answer)
    if connected:
        talk.connected.append(access_token)
    return Owner(access_token, refresh_token, connected)


def pair_of(talk: Talk, answer: Answer) -> tuple[str, str]:
    """Return access and refresh token of a good answer. Whatever it says is a secret first."""
    body = answer.good()
    talk.keep_secrets(body)
    found = [body.get(name) for name in ("access_token", "refresh_token")] if isinstance(body, dict) else [None]
    expect(all(isinstance(each, str) and each for each in found), "access_token and refresh_token", "not both of them")
    return found[0], found[1]  # type: ignore[return-value]


async def vehicles(talk: Talk) -> list[str]:
    """Return the ids of the owner's vehicles, of one page. Raises `NotAsked` when there are none."""
    who = await owner(talk)
    try:
        body = (await talk.get("/v2.0/vehicles", who.bearer)).good()
    except Deviation as error:  # of which the checks of that endpoint tell
        msg = f"the vehicles cannot be listed: {error.seen}"
        raise NotAsked(msg) from None
    found = body.get("vehicles") if isinstance(body, dict) else None
    found = [each for each in found if is_uuid(each)] if isinstance(found, list) else []
    if not found:
        raise NotAsked("the token reaches no vehicle")
    return found


async def only_vehicle(talk: Talk, token: str) -> str:
    """Return the one vehicle an owner who was connected here had at first. Raises `NotAsked` when there were others,
    which may be somebody's.
    """
    body = (await talk.get("/v2.0/vehicles", bearer(token))).good()
    found = body.get("vehicles") if isinstance(body, dict) else None
    if not isinstance(found, list) or len(found) != 1 or not is_uuid(found[0]):
        raise NotAsked("the token that was made here does not reach one vehicle alone")
    return str(found[0])


async def let_go(talk: Talk) -> None:
    """Disconnect what was connected here and still is."""
    for token in talk.connected:
        with suppress(Deviation, NotAsked):
            vehicle = await only_vehicle(talk, token)
            listed = await talk.ask("GET", "/v2.0/vehicles", [bearer(token)], again=True)
            if vehicle.encode() not in listed.body:
                continue
            await talk.ask("DELETE", f"/v2.0/vehicles/{vehicle}/application", [bearer(token)], again=True)
