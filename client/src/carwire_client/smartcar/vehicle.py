"""A vehicle as the official package has it."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from carwire_client.answers import Answer
from carwire_client.call import Auth, Bearer, Kind, authorized, flags_text, segment
from carwire_client.calls import requests
from carwire_client.secrets import Secret
from carwire_client.settings import Reach, check_unit_system
from carwire_client.smartcar import reading, smartcar, types
from carwire_client.smartcar.asking import ask, send
from carwire_client.smartcar.exception import exception_of

_V3: Final = "3"


class Vehicle:
    """A vehicle. Everything that asks the server raises `SmartcarException`.

    `options` may have ``unit_system`` (``metric`` or ``imperial``), ``version`` and ``flags``. Attributes: `vehicle_id`
    and `access_token`, which may be changed at any time; the token may also be a `carwire_client.OwnerSession`, which
    renews it. An id that could be no segment of a path raises `ValueError`.
    """

    def __init__(self, vehicle_id: str, access_token: Any, options: Mapping[str, Any] | None = None) -> None:
        given = options or {}
        self.vehicle_id = vehicle_id
        self.access_token = access_token
        self._api_version: str = given.get("version") or smartcar.API_VERSION
        self._unit_system: str = given.get("unit_system") or "metric"
        self._flags: Mapping[str, Any] = given.get("flags") or {}

    def set_unit_system(self, unit_system: str) -> None:
        """Set the unit system of later calls: ``metric`` or ``imperial``, in any case. Raises `ValueError` else."""
        self._unit_system = check_unit_system(unit_system.lower())

    # --- reads

    def attributes(self) -> types.Attributes:
        """Read make, model, year and id."""
        return self._read("")  # type: ignore[no-any-return]

    def permissions(self, paging: Mapping[str, Any] | None = None) -> types.Permissions:
        """Read what the owner has granted. `paging` may have ``limit`` (25) and ``offset`` (0)."""
        query = None if paging is None else {"limit": paging.get("limit", 25), "offset": paging.get("offset", 0)}
        return self._read("permissions", query)  # type: ignore[no-any-return]

    def vin(self) -> types.Vin:
        """Read the VIN."""
        return self._read("vin")  # type: ignore[no-any-return]

    def odometer(self) -> types.Odometer:
        """Read how far it has gone."""
        return self._read("odometer")  # type: ignore[no-any-return]

    def fuel(self) -> types.Fuel:
        """Read what is in the tank."""
        return self._read("fuel")  # type: ignore[no-any-return]

    def battery(self) -> types.Battery:
        """Read state of charge and range."""
        return self._read("battery")  # type: ignore[no-any-return]

    def battery_capacity(self) -> types.BatteryCapacity:
        """Read what the drive battery can hold."""
        return self._read("battery/capacity")  # type: ignore[no-any-return]

    def nominal_capacity(self) -> types.NominalCapcity:
        """Read the rated capacity of the drive battery, or between which its owner has to choose."""
        return self._read("battery/nominal_capacity")  # type: ignore[no-any-return]

    def charge(self) -> types.Charge:
        """Read whether it is plugged in and charging."""
        return self._read("charge")  # type: ignore[no-any-return]

    def get_charge_limit(self) -> types.ChargeLimit:
        """Read up to where it charges."""
        return self._read("charge/limit")  # type: ignore[no-any-return]

    def engine_oil(self) -> types.EngineOil:
        """Read how much life the engine oil has left."""
        return self._read("engine/oil")  # type: ignore[no-any-return]

    def location(self) -> types.Location:
        """Read where it is."""
        return self._read("location")  # type: ignore[no-any-return]

    def tire_pressure(self) -> types.TirePressure:
        """Read the pressure of each tyre."""
        return self._read("tires/pressure")  # type: ignore[no-any-return]

    def lock_status(self) -> types.LockStatus:
        """Read whether it is locked, and what is open."""
        return self._read("security")  # type: ignore[no-any-return]

    def service_history(self, start_date: str | None = None, end_date: str | None = None) -> types.ServiceHistory:
        """Read the visits to the workshop between two days or moments; without them those of the last year."""
        query = {"startDate": start_date or None, "endDate": end_date or None}
        return self._read("service/history", query)  # type: ignore[no-any-return]

    def diagnostic_system_status(self) -> types.DiagnosticSystemStatus:
        """Read how the systems of the car are."""
        return self._read("diagnostics/system_status")  # type: ignore[no-any-return]

    def diagnostic_trouble_codes(self) -> types.DiagnosticTroubleCodes:
        """Read the trouble codes that are active."""
        return self._read("diagnostics/dtcs")  # type: ignore[no-any-return]

    def get_signals(self) -> types.SignalsResponse:
        """Read every signal that is known: API v3."""
        return reading.v3_response(self._ask("GET", "signals", version=_V3))

    def get_signal(self, signal_code: str) -> types.SignalsResponse:
        """Read one signal, such as ``odometer-traveleddistance``: API v3."""
        return reading.v3_response(self._ask("GET", f"signals/{segment(signal_code)}", version=_V3))

    # --- commands

    def lock(self) -> types.Action:
        """Lock it."""
        return self._act("security", {"action": "LOCK"})

    def unlock(self) -> types.Action:
        """Unlock it."""
        return self._act("security", {"action": "UNLOCK"})

    def start_charge(self) -> types.Action:
        """Begin to charge."""
        return self._act("charge", {"action": "START"})

    def stop_charge(self) -> types.Action:
        """End charging."""
        return self._act("charge", {"action": "STOP"})

    def set_charge_limit(self, limit: float) -> types.Action:
        """Set up to where it charges."""
        return self._act("charge/limit", {"limit": limit})

    def send_destination(self, latitude: float, longitude: float) -> types.Action:
        """Send a destination, in degrees, to its navigation system."""
        return self._act("navigation/destination", {"latitude": latitude, "longitude": longitude})

    def disconnect(self) -> types.Status:
        """Cut it off from the application."""
        answer = self._ask("DELETE", "application", units=False)
        return reading.read(reading.STATUS, answer)  # type: ignore[no-any-return]

    def subscribe(self, webhook_id: str) -> types.Subscribe:
        """Put it on a webhook."""
        answer = self._ask("POST", f"webhooks/{segment(webhook_id)}", units=False)
        return reading.read(reading.SUBSCRIBE, answer)  # type: ignore[no-any-return]

    def unsubscribe(self, amt: str, webhook_id: str) -> types.Status:
        """Take it off a webhook; `amt` is the application's management token."""
        answer = self._ask("DELETE", f"webhooks/{segment(webhook_id)}", units=False, auth=Bearer(Secret(amt)))
        return reading.read(reading.STATUS, answer)  # type: ignore[no-any-return]

    # --- several at once, and requests of one's own

    def batch(self, paths: Sequence[str]) -> Any:
        """Read several paths in one request.

        Returns a tuple with a function for each, named as the method that reads it alone: it returns what that would,
        or raises. `meta` is that of the answer as a whole.
        """
        body = {"requests": [{"path": path} for path in paths]}
        answer = self._ask("POST", "batch", body=body, kind="read")
        return reading.read(lambda found, meta: _batch(found, meta, answer), answer)

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> types.Response:
        """Make a request to a path of the vehicle, such as one that a single make has.

        `headers` are those of this request alone and go before those that are sent anyhow. A body is always sent but
        with GET, where it has to be given.
        """
        reach = Reach(
            id=self.vehicle_id, token=self.access_token, api_version=self._api_version, flags=self._flags or None
        )
        own = {"sc-unit-system": self._unit_system.lower(), **{name.lower(): v for name, v in (headers or {}).items()}}
        sent = body or (None if method.upper() in {"GET", "HEAD"} else {})
        call = requests.request(reach, method, path, sent, own)
        return reading.read(reading.RESPONSE, send(call))  # type: ignore[no-any-return]

    def _read(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        return reading.read(reading.READS[path], self._ask("GET", path, query=query))

    def _act(self, path: str, body: object) -> types.Action:
        answer = self._ask("POST", path, body=body, units=False, kind="command")
        return reading.read(reading.ACTION, answer)  # type: ignore[no-any-return]

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: object = msgspec.UNSET,
        units: bool = True,
        auth: Auth = None,
        version: str | None = None,
        kind: Kind | None = None,
    ) -> Answer:
        flags = flags_text(self._flags)
        return ask(
            method,
            f"/v{segment(version or self._api_version)}/vehicles/{segment(self.vehicle_id)}/{path}",
            auth or authorized(self.access_token),
            role="v3" if version == _V3 else "api",
            query=query if flags is None else {"flags": flags, **(query or {})},
            headers={"sc-unit-system": self._unit_system.lower()} if units else None,
            body=body,
            kind=kind,
        )


def _batch(body: Any, meta: Any, answer: Answer) -> Any:
    items: dict[str, Any] = {}
    for row in body["responses"]:
        path = row["path"].removeprefix("/")
        name = reading.snake(reading.ACCESSORS.get(path, path).replace("/", "_"))
        items[name] = _item(path, row, answer)
    items["meta"] = meta
    return namedtuple("batch", items, rename=True)(*items.values())


def _item(path: str, row: Mapping[str, Any], answer: Answer) -> Callable[[], Any]:
    """Return what gives the result of one path, or raises its error."""
    headers = {str(name).lower(): str(value) for name, value in (row.get("headers") or {}).items()}
    if "sc-request-id" in answer.headers:
        headers["sc-request-id"] = answer.headers["sc-request-id"]
    own = Answer(row["code"], headers, msgspec.json.encode(row.get("body")), answer.received_at)

    def get() -> Any:
        if not 200 <= own.status < 300:
            raise exception_of(own.status, own.headers, own.body, alone=False)
        return reading.read(reading.READS.get(path, reading.anything), own)

    return get
