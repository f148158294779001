"""``carwire up``: run the server."""

from __future__ import annotations

import asyncio
from pathlib import Path

from carwire.cli.serving import own_url, prepared, run, simulated_cars
from carwire.kit.secrets import new_secret
from carwire.settings import Settings


def up(*, demo: bool = False, data: Path | None = None, host: str | None = None, port: int | None = None) -> None:
    """Run the server until Ctrl-C or SIGTERM.

    Settings come from the environment (CARWIRE_DATA, CARWIRE_HOST, CARWIRE_PORT …); an option given here wins.

    Parameters
    ----------
    demo
        Make a demo application, write its credentials into demo.json and demo.env in the data folder, and print them.
    data
        Folder for everything that is kept.
    host
        Address to listen on.
    port
        Port to listen on; 0 takes any free one.
    """
    settings, listener = prepared(data, host, port)
    from carwire import app

    base_url = settings.base_url or own_url(settings, listener)
    key = new_secret()
    store = app.open_database(settings)
    greeting, made = f"Carwire answers at {base_url}", None
    with simulated_cars(settings, "up") as cars:
        if demo:
            from carwire.demo import ensure_demo

            management = app.management_of(settings, store)
            made = asyncio.run(
                ensure_demo(settings.data, management.accounts, management.credentials, management.keys, base_url)
            )
        carwire = app.build(settings, base_url, store=store, local_key=key, demo=made, cars=cars)
        if made:
            if carwire.cars.keeper:
                made = asyncio.run(app.ensure_demo_owner(settings, carwire, made))
            greeting = _greeting(settings, made)
        run(carwire, settings, listener, key=key, greeting=greeting)


def _greeting(settings: Settings, demo: object) -> str:
    from carwire.demo import Demo

    assert isinstance(demo, Demo)
    auth = f"-u {demo.client_id}:{demo.client_secret}"
    return f"""\
Carwire answers at {demo.base_url}   (Ctrl-C ends it)

Demo application, also in {settings.data / "demo.json"}:
  client_id                     {demo.client_id}
  client_secret                 {demo.client_secret}
  application_management_token  {demo.application_management_token}
  redirect_uris                 {" ".join(demo.redirect_uris)}
  v3_client_id                  {demo.v3_client_id}
  v3_client_secret              {demo.v3_client_secret}
  user_id                       {demo.user_id}

The same as variables, for the calls of the README:
  . {settings.data / "demo.env"}

Four commands to try in another terminal:
  curl {auth} "{demo.base_url}/v2.0/compatibility?vin=5YJXCDE22HF068739&scope=read_odometer+read_fuel"
  curl {auth} {demo.base_url}/v1/vins/5YJXCDE22HF068739
  curl -u {demo.v3_client_id}:{demo.v3_client_secret} -d grant_type=client_credentials {demo.base_url}/oauth2/token
  curl -H "ApiKey: {demo.api_key}" "{demo.base_url}/v2/vehicles/vins/5YJXCDE22HF068739?region=us"

With the token of the third, the demo owner's cars:
  curl -H "authorization: Bearer TOKEN" "{demo.base_url}/v3/connections?filter%5Bvehicle.mode%5D=simulated"
  curl -H "authorization: Bearer TOKEN" -H sc-user-id:{demo.user_id} {demo.base_url}/v3/vehicles/VEHICLE/signals

Connect a simulated car in the browser: {demo.base_url}/demo
Start page, API reference and errors: {demo.base_url}/
"""
