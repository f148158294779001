"""Every call of v3 over HTTP in both generations, written down: status, content type, names of headers, and the body.

A new call is a row of `ROWS`. What differs from run to run (ids, tags, cursors, tokens, moments of the wall clock, the
server's address) is a placeholder; what the simulated car says is not, since its clock stands. To write the files anew
after a change that is meant:

    python -m tests.contract.golden
"""

from __future__ import annotations

import json
import re
import tempfile
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from tests.conftest import Answer, Owned, built
from tests.support import Connected

from carwire.core.triggers import Trigger
from carwire.kit.clock import Clock
from carwire.services.webhooks.managing import Wanted
from carwire.wire.v3.envelope import Generation

FOLDER: Final = Path(__file__).parent / "golden_v3"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VEHICLE: Final = "/vehicles/{vehicle}"
_TIMES: Final = {"startTime": "22:00", "stopTime": "06:00"}
_PLACE: Final = {"latitude": 39.75, "longitude": -105}
_ODOMETER: Final = f"{_VEHICLE}/signals/odometer-traveleddistance"
_LIMIT: Final = f"{_VEHICLE}/commands/charge/set-limit"
_SUBSCRIBING: Final = {"webhookId": "{webhook}", "userId": "{user}", "vehicleId": "{vehicle}"}
# What tells of the wall clock, or is drawn → what stands for it.
_BY_KEY: Final = {
    **dict.fromkeys(("createdAt", "updatedAt", "executedAt", "completedAt", "expiresAt"), "<moment>"),
    **{"durationInSeconds": "<seconds>", "nextCursor": "<cursor>", "access_token": "<token>"},
}


class Row(msgspec.Struct, frozen=True):
    """One call. `path` stands behind ``/v3`` and has names of what `Place` knows in braces, as the `attributes` of a
    body may have. `page` is a number and a size; `who` shows a token of the application, one of the owner where `sdk`,
    no token or one nobody gave; `settings` are of the car, made before. `keeps` names the id of the answer.
    """

    name: str
    path: str
    method: str = "GET"
    attributes: dict[str, Any] | None = None
    owner: bool = True
    page: tuple[int, int] | None = None
    filters: str = ""
    headers: dict[str, str] = {}
    who: str = "application"
    sdk: bool = False
    settings: dict[str, Any] | None = None
    keeps: str | None = None


ROWS: Final = (
    Row("vehicle", _VEHICLE, sdk=True),
    Row("vehicle-missing", "/vehicles/00000000-0000-4000-8000-000000000000", sdk=True),
    Row("vehicle-no-id", "/vehicles/tesla-3", sdk=True),
    Row("vehicle-token-unknown", _VEHICLE, who="nobody", sdk=True),
    Row("signals", f"{_VEHICLE}/signals", sdk=True),
    Row("signals-page", f"{_VEHICLE}/signals", page=(2, 3), sdk=True),
    Row("signals-imperial", f"{_VEHICLE}/signals", page=(8, 10), headers={"sc-unit-system": "imperial"}, sdk=True),
    Row("signals-page-wrong", f"{_VEHICLE}/signals", page=(0, 3), sdk=True),
    Row("signal", _ODOMETER, sdk=True),
    Row("signal-imperial", _ODOMETER, headers={"sc-unit-system": "imperial"}, sdk=True),
    Row("signal-static", f"{_VEHICLE}/signals/vehicleidentification-vin", sdk=True),
    Row("signal-failed", f"{_VEHICLE}/signals/charge-timetocomplete", sdk=True),
    Row("signal-unknown", f"{_VEHICLE}/signals/nothing", sdk=True),
    Row("signal-without-owner", _ODOMETER, owner=False),
    Row("security-unlock", f"{_VEHICLE}/commands/security/unlock", "POST"),
    Row("security-lock", f"{_VEHICLE}/commands/security/lock", "POST"),
    Row("charge-set-limit", _LIMIT, "POST", {"percent": 90}, keeps="execution"),
    Row("charge-set-limit-wrong", _LIMIT, "POST", {"percent": 49}),
    Row("charge-set-limit-missing", _LIMIT, "POST", {}),
    Row("command-execution", f"{_VEHICLE}/command-executions/{{execution}}"),
    Row("charge-stop", f"{_VEHICLE}/commands/charge/stop", "POST", settings={"plug": "ac", "charge": 0.4}),
    Row("charge-stop-stopped", f"{_VEHICLE}/commands/charge/stop", "POST"),
    Row("charge-start", f"{_VEHICLE}/commands/charge/start", "POST"),
    Row("charge-port-open", f"{_VEHICLE}/commands/charge-port/open", "POST", settings={"plug": "none"}),
    Row("charge-port-close", f"{_VEHICLE}/commands/charge-port/close", "POST"),
    Row(
        *("navigation-set-destination", f"{_VEHICLE}/commands/navigation/set-destination", "POST"),
        attributes={"latitude": 52.52, "longitude": 13.4},
    ),
    Row("command-without-owner", f"{_VEHICLE}/commands/security/lock", "POST", owner=False),
    Row("command-of-owners-token", f"{_VEHICLE}/commands/security/lock", "POST", who="owner"),
    Row(
        *("charge-schedule-daily", f"{_VEHICLE}/charge-schedules/daily", "POST"),
        attributes={"location": _PLACE, **_TIMES},
        keeps="schedule",
    ),
    Row("signal-charge-timers", f"{_VEHICLE}/signals/charge-chargetimers", sdk=True),
    Row("charge-schedule-delete", f"{_VEHICLE}/charge-schedules/{{schedule}}", "DELETE"),
    Row("charge-schedule-delete-missing", f"{_VEHICLE}/charge-schedules/{{schedule}}", "DELETE"),
    Row(
        *("charge-schedule-weekly", f"{_VEHICLE}/charge-schedules/weekly", "POST"),
        attributes={"location": _PLACE, "days": {"monday": _TIMES, "sunday": {**_TIMES, "stopTime": "08:00"}}},
    ),
    Row(
        *("charge-schedule-workweek", f"{_VEHICLE}/charge-schedules/workweek", "POST"),
        attributes={"location": _PLACE, "weekdays": _TIMES, "weekends": {**_TIMES, "stopTime": "08:00"}},
    ),
    Row("connections-live", "/connections"),
    Row("connections", "/connections", filters="filter[vehicle.mode]=simulated"),
    Row("connections-page", "/connections", filters="filter[vehicle.mode]=simulated", page=(1, 1)),
    Row("connections-filter-unknown", "/connections", filters="filter[colour]=red"),
    Row("connections-of-owners-token", "/connections", who="owner"),
    Row("connection", "/connections/{connection}"),
    Row("webhooks", "/webhooks"),
    Row("webhook", "/webhooks/{webhook}"),
    Row("webhook-missing", "/webhooks/00000000-0000-4000-8000-000000000000"),
    Row("subscribe", "/subscriptions", "POST", _SUBSCRIBING),
    Row("subscribe-again", "/subscriptions", "POST", _SUBSCRIBING),
    Row("subscriptions", "/subscriptions", filters="filter[vehicle.mode]=simulated", keeps="subscription"),
    Row("subscription", "/subscriptions/{subscription}"),
    Row("unsubscribe", "/subscriptions/{subscription}", "DELETE"),
    Row("applications", "/applications"),
    Row("application", "/applications/{application}"),
    Row("application-secrets", "/applications/{application}/secrets"),
    Row(
        *("compatible-vehicles", "/compatible-vehicles"),
        filters="filter[region]=EUROPE&filter[make]=tesla&filter[powertrainType]=BEV",
        page=(1, 1),
        who="nobody at all",
    ),
    Row("path-unknown", f"{_VEHICLE}/battery", sdk=True),
    Row("method-unknown", "/connections", "POST"),
    Row("delete-connection", "/connections/{connection}", "DELETE"),
    Row("connection-deleted", "/connections/{connection}"),
    Row("delete-user", "/users/{user}", "DELETE"),
    Row("user-deleted", "/users/{user}", "DELETE"),
)


class Place:
    """A server inside this process with an owner of one car, and what it has called things so far."""

    def __init__(self, client: Owned) -> None:
        self.client = client
        self._tenant = client.connect("other@example.com", "CHEVROLET")
        self.owner: Connected = client.connect("owner@example.com", "TESLA")
        hook = client.carwire.services.webhooks.create(
            client.client_id,
            Wanted(
                name="Hook",
                url="https://example.com/hook",
                error_url="https://example.com/errors",
                triggers=(Trigger("tractionbattery-stateofcharge"),),
                signals=("tractionbattery-stateofcharge", "charge-ischarging"),
            ),
        )
        webhook = client.run(hook).webhook
        client.run(client.carwire.store.halt_webhook(webhook.id, None, webhook.created_at))
        self.names = {
            "vehicle": self.owner.vehicle_id,
            "user": self.owner.user_id,
            "application": client.client_id,
            "webhook": webhook.id,
            "other-vehicle": self._tenant.vehicle_id,
            "other-user": self._tenant.user_id,
        }
        found = self._connections()
        self.names |= {"connection": found[self.owner.vehicle_id], "other-connection": found[self._tenant.vehicle_id]}

    def ask(self, row: Row, generation: Generation, *, as_sdk: bool) -> dict[str, Any]:
        """Make the call; return what of the answer does not differ from run to run."""
        return self._plain(self.send(row, generation, as_sdk=as_sdk))

    def send(self, row: Row, generation: Generation, *, as_sdk: bool) -> Answer:
        """Make the call, and keep the id its answer names."""
        if row.settings and not as_sdk:
            done = self.client.post(f"/v1/simulator/cars/{self.owner.vins[0]}", {"settings": row.settings})
            assert done.status == 200, done
        headers = [(b"content-type", b"application/json"), *self._shown(row, as_sdk=as_sdk)]
        headers += [(name.encode(), value.encode()) for name, value in row.headers.items()]
        body = b"" if row.attributes is None else self._body(row.attributes)
        answer = self.client.ask(row.method, f"/v3{self._target(row, generation)}", headers, body)
        if row.keeps:
            self._keep(row.keeps, answer.json())
        return answer

    def token(self) -> dict[str, Any]:
        """Ask for a token of the application itself."""
        new = self.client.run(self.client.carwire.services.credentials.draw(self.client.client_id))
        form = f"grant_type=client_credentials&client_id={new.machine_id}&client_secret={new.secret.reveal()}"
        kind = [(b"content-type", b"application/x-www-form-urlencoded")]
        return self._plain(self.client.ask("POST", "/oauth2/token", kind, form.encode()))

    def _shown(self, row: Row, *, as_sdk: bool) -> list[tuple[bytes, bytes]]:
        unknown = b"00000000-0000-4000-8000-000000000000" if as_sdk else b"nobody's"
        tokens = {
            "application": [self.owner.bearer if as_sdk else self.client.machine],
            "owner": [self.owner.bearer],
            "nobody": [(b"authorization", b"Bearer " + unknown)],
        }
        named = row.owner and not as_sdk
        return tokens.get(row.who, []) + ([(b"sc-user-id", self.owner.user_id.encode())] if named else [])

    def _target(self, row: Row, generation: Generation) -> str:
        query = [row.filters] if row.filters else []
        if row.page:
            number, size = ("page", "pageSize") if generation == "preview" else ("page[number]", "page[size]")
            query += [f"{number}={row.page[0]}", f"{size}={row.page[1]}"]
        return row.path.format_map(self.names) + (f"?{'&'.join(query)}" if query else "")

    def _body(self, attributes: dict[str, Any]) -> bytes:
        text = json.dumps({"data": {"attributes": attributes}})
        return re.sub(r'"\{(\w+)\}"', lambda found: f'"{self.names[found[1]]}"', text).encode()

    def _keep(self, name: str, body: Any) -> None:
        resource = body.get("data", body)
        resource = resource[0] if isinstance(resource, list) else resource
        self.names[name] = resource["attributes"]["scheduleId"] if name == "schedule" else resource["id"]

    def _connections(self) -> dict[str, str]:
        listed = self.client.v3("GET", "/connections?filter[vehicle.mode]=simulated").json()["data"]
        return {row["relationships"]["vehicle"]["data"]["id"]: row["id"] for row in listed}

    def _plain(self, answer: Answer) -> dict[str, Any]:
        names = sorted(name for name, _ in answer.headers)
        return {
            "status": answer.status,
            "contentType": answer.header("content-type"),
            "headers": names,
            "body": self._steady(json.loads(answer.body)) if answer.body else None,
        }

    def _steady(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self._steady(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [self._steady(each) for each in value]
        if key in _BY_KEY and value is not None:
            return _BY_KEY[key]
        return self._without_ids(value) if isinstance(value, str) else value

    def _without_ids(self, text: str) -> str:
        text = text.replace(self.client.base_url, "<server>")
        for name, known in self.names.items():
            text = text.replace(known, f"<{name}>")
        for prefix, name in (("exec", "execution"), ("client", "client")):
            text = re.sub(f"{prefix}_[0-9a-f]{{32}}", f"<{name}>", text)
        return _UUID.sub("<uuid>", re.sub(r"(page%5Bafter%5D=)[^&]+", r"\1<cursor>", text))


def record() -> dict[str, dict[str, Any]]:
    """Make every call in both generations: a token of the application gets the general form, one of the owner the
    preview's where it may read; elsewhere a server that is forced to it answers. Return golden file → what it holds.
    """
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        with built(Path(folder) / "both", clock=_this_year()) as client:
            place = Place(client)
            found["oauth2-token.json"] = place.token()
            for row in ROWS:
                found[f"{row.name}.ga.json"] = place.ask(row, "ga", as_sdk=False)
                if row.sdk:
                    found[f"{row.name}.preview.json"] = place.ask(row, "preview", as_sdk=True)
        with built(Path(folder) / "forced", clock=_this_year(), v3_generation="preview") as client:
            place = Place(client)
            for row in ROWS:
                answer = place.ask(row, "preview", as_sdk=False)
                found.setdefault(f"{row.name}.preview.json", answer)
    return found


def _this_year() -> Clock:
    """Return a clock that goes on by a millisecond each time it is read, in the year compatible cars end with."""
    begin, ticks = datetime(2026, 6, 1, 12, tzinfo=UTC), count()
    return lambda: begin + timedelta(milliseconds=next(ticks))


def text_of(golden: dict[str, Any]) -> str:
    """Return what a file holds."""
    return json.dumps(golden, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every file anew, and delete those of calls that are no more."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        path.unlink()
    for name, golden in record().items():
        (FOLDER / name).write_text(text_of(golden))


if __name__ == "__main__":
    main()
