"""Every setting, typed, with its sentence. Read from the environment: the field ``port`` is ``CARWIRE_PORT``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, get_type_hints

import msgspec
from msgspec import Meta

from carwire.core.errors import CannotStart
from carwire.kit.networks import Networks

PREFIX: Final = "CARWIRE_"
_SECRET: Final = frozenset({"pepper", "keys", "database"})


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one server. A value that cannot be used stops the start with a line that names it."""

    data: Annotated[
        Path,
        Meta(
            description="Folder for the database, pepper, keys, demo credentials and simulated cars. Made when missing."
        ),
    ] = Path("carwire-data")
    host: Annotated[
        str, Meta(min_length=1, description="Address to listen on; 0.0.0.0 opens the server to the network.")
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 takes any free one.")] = 8000
    base_url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+$")] | None,
        Meta(description="Origin by which clients reach the server, when not http://host:port. No trailing slash."),
    ] = None
    pepper: Annotated[
        Annotated[str, Meta(pattern=r"^([0-9a-fA-F]{2}){32,}$")] | None,
        Meta(
            description="Key under which secrets are hashed, 64 or more hex digits. Unset: a file in the data folder."
        ),
    ] = None
    database: Annotated[
        Annotated[str, Meta(pattern=r"^postgres(ql)?://")] | None,
        Meta(description="`postgresql://user:password@host/name`. Unset: an SQLite file in the data folder."),
    ] = None
    keys: Annotated[
        str | None,
        Meta(
            description="Keys that seal what has to be read again, `id:hex,id:hex`, 64 hex digits each, the first is "
            "current. Unset: a file in the data folder."
        ),
    ] = None
    trusted_proxies: Annotated[
        str | None,
        Meta(
            description="Addresses or networks of proxies, separated by commas, whose X-Forwarded-For is believed. "
            "Unset: none, and limits per address count the proxy."
        ),
    ] = None
    max_age: Annotated[
        float,
        Meta(ge=0, le=86_400, description="Seconds for which a kept reading answers when a request does not say."),
    ] = 0
    v3_generation: Annotated[
        Literal["preview", "ga"] | None,
        Meta(
            description="The one form v3 is written in: `preview` as the SDKs read it, `ga` as it is documented now. "
            "Unset: preview for an owner's token, ga for an application's."
        ),
    ] = None
    long_command_after: Annotated[
        float,
        Meta(
            ge=1,
            le=300,
            description="Seconds after which a v3 command still under way is answered with 202 and headers, its end "
            "following in the body. Less than a proxy's patience.",
        ),
    ] = 175
    v3_calls: Annotated[
        bool,
        Meta(
            description="Name in every v2.0 answer the v3 call that replaces it, in `carwire-v3-call`; else only where "
            "a request asks for it by the same header."
        ),
    ] = False
    application_requests: Annotated[
        Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,8}/[1-9][0-9]{0,8}$")] | None,
        Meta(
            description="Limit per application: so many requests at once / so many more a minute; the original has "
            "`120/2`. Unset: none."
        ),
    ] = None
    vehicle_reads_per_minute: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)] | None,
        Meta(description="Budget of every car: how often it may be asked. Unset: what its source can bear."),
    ] = None
    vehicle_wakes_per_day: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)] | None,
        Meta(description="Budget of every car: how often it may be woken. Unset: what its source can bear."),
    ] = None
    lookup_services: Annotated[
        str | None,
        Meta(
            description="Mapping files of external lookup services, separated by commas, in the order they are asked."
        ),
    ] = None
    simulator_clock: Annotated[
        Literal["real", "stepped"],
        Meta(
            description="`real`: simulated cars live now. `stepped`: their clock starts on 5 January 2026 and moves "
            "only when told, so that a test meets the same cars every time."
        ),
    ] = "real"
    simulator_url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+$")] | None,
        Meta(
            description="Origin of the one process that keeps the simulated cars, for others that share its "
            "PostgreSQL and have data folders of their own. Unset: this process, or another one on its folder."
        ),
    ] = None
    simulator_api: Annotated[
        bool,
        Meta(
            description="Let applications drive the simulated cars at /v1/simulator; `carwire sim` may at any rate. "
            "They share one world and its clock: say false where applications that do not trust each other rehearse."
        ),
    ] = True
    webhook_networks: Annotated[
        Networks,
        Meta(
            description="Networks webhooks may be sent into although they are not public, and into which plain http is "
            "allowed, separated by commas: `192.168.1.0/24,fd00::/8`. Unset: https to public addresses only."
        ),
    ] = Networks()
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="Least level that is logged. Answered requests are logged at debug, refused ones at info."),
    ] = "info"
    compatibility_us_only: Annotated[
        bool,
        Meta(
            description="Answer capabilities for the United States only, as the original does; verdicts stay worldwide."
        ),
    ] = False


def read_settings(environment: Mapping[str, str], **overrides: object) -> Settings:
    """Read settings from the environment; `overrides` that are not null win. An empty variable counts as unset.

    Raises `CannotStart` naming the variable that cannot be used.
    """
    values: dict[str, object] = {}
    known = {f"{PREFIX}{name.upper()}": name for name in Settings.__struct_fields__}
    for variable, text in environment.items():
        if variable in known and text:
            values[known[variable]] = text
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return msgspec.convert(values, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        field = str(error).rpartition("`$.")[2].rstrip("`")
        shown = "what it is" if field in _SECRET else repr(values.get(field))
        msg = f"{PREFIX}{field.upper()} cannot be {shown}: {str(error).partition(' - at')[0]}"
        raise CannotStart(msg) from None


def describe() -> list[tuple[str, str, str]]:
    """Return variable, default and sentence of every setting, in order: the settings page is written from it."""
    hints = get_type_hints(Settings, include_extras=True)
    rows = []
    for field in msgspec.structs.fields(Settings):
        meta = next(m for m in hints[field.name].__metadata__ if isinstance(m, Meta))
        default = "" if field.default is None else str(field.default)
        if isinstance(field.default, bool):
            default = default.lower()
        rows.append((f"{PREFIX}{field.name.upper()}", default, meta.description or ""))
    return rows


def _decode(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    if kind is Networks:
        return value if isinstance(value, Networks) else Networks.read(str(value))
    raise NotImplementedError
