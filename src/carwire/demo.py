"""The demo of ``carwire up --demo``: an application and an owner with simulated cars, written into ``demo.json``
and, for a shell, ``demo.env``.

Both are made once and kept by every later start. The owner has one plain simulated car of every powertrain; one of them
begins at a charger, so that together they tell every signal there is.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

import msgspec

from carwire.connectors.simulator.desk import Desk
from carwire.connectors.simulator.source import SimulatorSource
from carwire.core.applications import check_registration
from carwire.core.errors import CannotStart, InvalidInput, NotAuthenticated
from carwire.core.grants import Consent
from carwire.core.lookup.keys import Rights
from carwire.core.ports import Store
from carwire.core.sources import Login, SignedIn
from carwire.core.vehicles import ConnectionFilter, ConnectionPage
from carwire.kit.clock import utc_now
from carwire.kit.files import write_private
from carwire.kit.secrets import Secret, SecretHasher
from carwire.services.accounts import AccountService
from carwire.services.connect.unattended import unattended_approval
from carwire.services.credentials import CredentialService
from carwire.services.lookup.keys import KeyService

NAME: Final = "Carwire demo"
# What the official suites and their samples come back to; the demo page of the server itself is added.
REDIRECT_URIS: Final = ("https://example.com/auth", "http://localhost:8000/exchange")
CALLBACK: Final = "/demo/callback"
_VARIABLES: Final = {  # what a shell calls them
    "BASE_URL": "base_url",
    "CLIENT_ID": "client_id",
    "CLIENT_SECRET": "client_secret",
    "MANAGEMENT_TOKEN": "application_management_token",
    "V3_CLIENT_ID": "v3_client_id",
    "V3_CLIENT_SECRET": "v3_client_secret",
    "USER_ID": "user_id",
    "API_KEY": "api_key",
}
_OWNER: Final = Login("6-vehicles@smartcar.com", Secret("any"), "SIMULATED")
_CHARGING: Final = ("simulated-bev", "dc_charging")  # which car begins with which scenario


class Demo(msgspec.Struct, frozen=True):
    """What ``demo.json`` holds: the demo application's credentials in plain text, readable by the folder's owner
    alone. `user_id` is the demo owner's, `api_key` is for the lookup API.
    """

    base_url: str
    client_id: str
    client_secret: str
    application_management_token: str
    redirect_uris: list[str]
    v3_client_id: str = ""
    v3_client_secret: str = ""
    user_id: str = ""
    api_key: str = ""


async def ensure_demo(
    folder: Path, accounts: AccountService, credentials: CredentialService, keys: KeyService, base_url: str
) -> Demo:
    """Return the demo application, made when ``demo.json`` is missing or names one the database no longer knows.

    Raises `CannotStart` when the file cannot be read or written.
    """
    try:
        kept = await _kept(folder, accounts)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unusable(folder, error) from error
    demo = kept or await _register(accounts, base_url)
    if demo.base_url != base_url:
        demo = await _moved(accounts, demo, base_url)
    if not await _opens(credentials, demo):
        new = await credentials.draw(demo.client_id)
        demo = msgspec.structs.replace(demo, v3_client_id=new.machine_id, v3_client_secret=new.secret.reveal())
    if not await keys.opens(Secret(demo.api_key)):
        key = await keys.create(demo.client_id, "sec", NAME, Rights(default_region="us"))
        demo = msgspec.structs.replace(demo, api_key=key.secret.reveal())
    if demo != kept or not (folder / "demo.env").exists():
        write_demo(folder, demo)
    return demo


async def ensure_owner(demo: Demo, store: Store, hasher: SecretHasher, source: SimulatorSource, desk: Desk) -> Demo:
    """Return the demo with the id of its owner, who has connected all their cars."""
    wanted = ConnectionFilter(user_id=demo.user_id or "none")
    _, count, _ = await store.connected(demo.client_id, wanted, ConnectionPage(1))
    if count:
        return demo
    now = utc_now()
    signed = await source.sign_in(_OWNER, now=now)
    assert isinstance(signed, SignedIn), "a plain login"
    approval = await unattended_approval(
        store, hasher, source, demo.client_id, signed, Consent("demo", "en", NAME), now
    )
    await store.approve(msgspec.structs.replace(approval, external_id="demo"))
    charging = desk.summary(source.world.find(_CHARGING[0])).model
    for car in signed.cars:
        if car.model == charging:
            desk.change(car.vin, _CHARGING[1], {})
    return msgspec.structs.replace(demo, user_id=approval.owner.id)


def write_demo(folder: Path, demo: Demo) -> None:
    """Write ``demo.json`` and ``demo.env``. Raises `CannotStart` when they cannot be."""
    text = msgspec.json.format(msgspec.json.encode(demo), indent=2).decode() + "\n"
    lines = [f"export {name}={shlex.quote(getattr(demo, field))}\n" for name, field in _VARIABLES.items()]
    try:
        write_private(folder / "demo.json", text, replace=True)
        write_private(folder / "demo.env", "".join(lines), replace=True)
    except OSError as error:
        raise _unusable(folder, error) from error


async def _kept(folder: Path, accounts: AccountService) -> Demo | None:
    path = folder / "demo.json"
    demo = msgspec.json.decode(path.read_bytes(), type=Demo) if path.exists() else None
    if demo is None:
        return None
    try:
        await accounts.authenticate(demo.client_id, Secret(demo.client_secret))
    except NotAuthenticated:
        return None
    return demo


async def _opens(credentials: CredentialService, demo: Demo) -> bool:
    """Tell whether the pair for tokens of v3 is accepted. A demo of before v3 has none."""
    try:
        await credentials.exchange(demo.v3_client_id, Secret(demo.v3_client_secret))
    except NotAuthenticated:
        return False
    return True


async def _moved(accounts: AccountService, kept: Demo, base_url: str) -> Demo:
    """The same application on another port: its demo page is somewhere else."""
    kept_uris = (uri for uri in kept.redirect_uris if not uri.endswith(CALLBACK))
    uris = (*kept_uris, *_own_uris(base_url))
    await accounts.change(kept.client_id, uris)
    return msgspec.structs.replace(kept, base_url=base_url, redirect_uris=list(uris))


def _own_uris(base_url: str) -> tuple[str, ...]:
    """The demo page's address; none where a redirect URI may not point, at a plain http host in the network."""
    uri = base_url + CALLBACK
    try:
        check_registration(NAME, (uri,))
    except InvalidInput:
        return ()
    return (uri,)


async def _register(accounts: AccountService, base_url: str) -> Demo:
    new = await accounts.register(NAME, (*REDIRECT_URIS, *_own_uris(base_url)))
    return Demo(
        base_url=base_url,
        client_id=new.application.client_id,
        client_secret=new.client_secret.reveal(),
        application_management_token=new.management_token.reveal(),
        redirect_uris=list(new.application.redirect_uris),
    )


def _unusable(folder: Path, error: Exception) -> CannotStart:
    return CannotStart(f"{folder / 'demo.json'} cannot be read or written: {error}")
