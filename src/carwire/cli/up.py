"""``carwire up``: run the server."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path

from carwire.kit.secrets import new_secret
from carwire.settings import Settings, read_settings


def up(*, demo: bool = False, data: Path | None = None, host: str | None = None, port: int | None = None) -> None:
    """Run the server until Ctrl-C or SIGTERM.

    Settings come from the environment (CARWIRE_DATA, CARWIRE_HOST, CARWIRE_PORT …); an option given here wins.

    Parameters
    ----------
    demo
        Make a demo application, write its credentials into demo.json in the data folder, and print them.
    data
        Folder for everything that is kept.
    host
        Address to listen on.
    port
        Port to listen on; 0 takes any free one.
    """
    settings = read_settings(os.environ, data=data, host=host, port=port)
    from carwire.http.server import bind

    listener = bind(settings.host, settings.port)  # before anything slow: a taken port is known at once
    from carwire import app, logs
    from carwire.cli.running import remove_running, write_running
    from carwire.http.server import serve

    logs.configure(settings.log_level)
    base_url = settings.base_url or _own_url(settings, listener.getsockname()[1])
    key = new_secret()
    store = app.open_database(settings)
    greeting, made = f"Carwire answers at {base_url}", None
    if demo:
        from carwire.demo import ensure_demo

        management = app.management_of(settings, store)
        made = asyncio.run(ensure_demo(settings.data, management.accounts, management.credentials, base_url))
    carwire = app.build(settings, base_url, store=store, local_key=key, demo=made)
    if made:
        made = asyncio.run(app.ensure_demo_owner(settings, carwire, made))
        greeting = _greeting(settings, made)
    gc.collect()
    gc.freeze()  # what the server is made of lives as long as it: collections need not walk it

    def on_ready() -> None:
        write_running(settings.data, _own_url(settings, listener.getsockname()[1]), key)
        print(greeting, flush=True)

    try:
        serve(
            carwire.asgi,
            listener,
            base_url,
            on_ready=on_ready,
            on_ending=carwire.services.streaming.end,
            trusted_proxies=settings.trusted_proxies,
        )
    finally:
        remove_running(settings.data, key)
        listener.close()
    print("Carwire has stopped.", file=sys.stderr)


def _own_url(settings: Settings, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104  # compared, not bound
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}"


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

Three commands to try in another terminal:
  curl {auth} "{demo.base_url}/v2.0/compatibility?vin=5YJXCDE22HF068739&scope=read_odometer+read_fuel"
  curl {auth} {demo.base_url}/v1/vins/5YJXCDE22HF068739
  curl -u {demo.v3_client_id}:{demo.v3_client_secret} -d grant_type=client_credentials {demo.base_url}/oauth2/token

With the token of the last one, the demo owner's cars:
  curl -H "authorization: Bearer TOKEN" "{demo.base_url}/v3/connections?filter%5Bvehicle.mode%5D=simulated"
  curl -H "authorization: Bearer TOKEN" -H sc-user-id:{demo.user_id} {demo.base_url}/v3/vehicles/VEHICLE/signals

Connect a simulated car in the browser: {demo.base_url}/demo
Start page, API reference and errors: {demo.base_url}/
"""
