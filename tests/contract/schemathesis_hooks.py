"""What Schemathesis is told beyond the API document. Loaded by the process that `test_schemathesis` starts."""

from __future__ import annotations

import atexit
import json
import os
import re
from base64 import b64encode
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote
from urllib.request import Request, urlopen
from uuid import uuid4

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import EnsureResourceAvailability, UseAfterFree
from tests.contract import schemathesis_v3 as v3
from tests.contract.schemathesis_v3 import FACTS, is_good, turn

from carwire.connectors.simulator.scenarios import SCENARIOS
from carwire.core._iso3166 import COUNTRIES
from carwire.core.compatibility.simulated import LEVELS
from carwire.core.permissions import PERMISSIONS
from carwire.core.signals.catalogue import signals
from carwire.kit.urls import check_url

_NAMES = "|".join(sorted(PERMISSIONS))
_SCOPE = f"^(required:)?({_NAMES})( (required:)?({_NAMES}))*$"
_COUNTRY = f"^({'|'.join(sorted({*COUNTRIES, *map(str.lower, COUNTRIES)}))})$"
_ABSENT = "", "undefined", "null"
_DESTROYS = {"disconnect", "delete_connections", "delete_webhook"}
_TOKEN = {"token", "token_alias"}
_FIRST, _WITH_TANK = "tesla", "chevrolet"
_MOST_HOOKS = 60
_CLOSED = re.compile(r"^http://127[.]0[.]0[.]1:9/[a-z]{0,9}$")
_SOME_CODES = ["tractionbattery-stateofcharge", "closure-islocked", "location-preciselocation"]
_UNITS = "metric", "imperial"
_WHOLE = "step", "after_s", "for_s", "seed", "cool_down_s", "concurrency"
_cursors: set[str | None] = set()
_hooks: dict[str, None] = {}  # webhooks that were made
_answers: Counter[str] = Counter()  # "operation status" → how often


@atexit.register
def _tell() -> None:
    """Write what was answered, for the test to look at."""
    Path(os.environ["SCHEMATHESIS_ANSWERS"]).write_text(json.dumps(_answers))


@schemathesis.auth(refresh_interval=None)
class Credentials:
    """What each kind of door wants to be shown; where it takes several kinds they take turns."""

    def get(self, case: Any, _context: Any) -> str | None:
        """Write the authorization header, null where none is wanted."""
        schemes = [name for each in case.operation.definition.raw.get("security", []) for name in each]
        if not schemes:
            return None
        # With an owner's token v3 looks neither at the owner's name nor at pages by their long names.
        looked_at = ParameterLocation.HEADER, ParameterLocation.QUERY
        known = schemes if all(is_good(case, location) for location in looked_at) else schemes[:1]
        name = known[next(turn) % len(known)]
        return {
            "application": _basic(FACTS["client_id"], FACTS["client_secret"]),
            "management": _basic("default", FACTS["management_token"]),
            "manager": f"Bearer {FACTS['management_token']}",
            "token": f"Bearer {_owner(case)['access_token']}",
            "machine": f"Bearer {FACTS['machine']['token']}",
            "api_key": f"ApiKey {FACTS['api_key']}",
            "api_token": f"Bearer {FACTS['api_token']}",
            "machine_secret": _basic(FACTS["machine"]["id"], FACTS["machine"]["secret"]),
        }[name]

    def set(self, case: Any, data: str | None, _context: Any) -> None:
        """Put the header on a request."""
        if data is not None:
            case.headers["Authorization"] = data


def _owner(case: Any) -> dict[str, Any]:
    """Choose the owner whose car has what a path is about: the make it names, or a tank."""
    parts = case.operation.path.split("/")
    make = parts[4] if len(parts) > 4 else ""
    owners: dict[str, dict[str, Any]] = FACTS["owners"]
    return owners.get(_WITH_TANK if make in {"fuel", "engine"} else make, owners[_FIRST])


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: dict[str, Any]) -> None:
    """Narrow what the document says in prose only: else hardly a generated request would get past validation."""
    schemas = raw_schema["components"]["schemas"]
    shapes = [
        parameter for path in raw_schema["paths"].values() for op in path.values() for parameter in op["parameters"]
    ]
    for parameter in shapes:
        schema = parameter["schema"]
        if parameter["name"] == "scope":
            schema["pattern"] = _SCOPE
        elif parameter["name"] == "country":
            schema["pattern"] = _COUNTRY
        elif parameter["name"] == "vin" and parameter["in"] == "query":
            schema["pattern"] = "^[0-9A-HJ-NPR-Za-hj-npr-z]{17}$"
        elif parameter["name"] == "codes":
            schema["pattern"] = "^odometer$"  # what every car has
    _narrow_lookup(raw_schema["paths"])
    many = schemas["CompatibilityList"]["properties"]
    many["country"]["pattern"] = _COUNTRY
    for option in many["scope"]["anyOf"]:
        if option["type"] == "string":
            option["pattern"] = _SCOPE
    _narrow_simulator(schemas)
    _narrow_webhooks(schemas)
    # Exactly one thing is to be explained, and what goes with it depends on which: here it is a signal.
    why = raw_schema["paths"]["/v1/vehicles/{id}/why"]["get"]
    why["parameters"] = [each for each in why["parameters"] if each["name"] != "command"]
    next(each for each in why["parameters"] if each["name"] == "signal")["required"] = True
    # Whether 60 degrees are too many depends on a header, so these requests come without it.
    schemas["CabinAction"]["anyOf"][1]["properties"]["temperature"]["maximum"] = 32
    cabin = raw_schema["paths"]["/v2.0/vehicles/{id}/tesla/climate/cabin"]["post"]
    cabin["parameters"] = [each for each in cabin["parameters"] if each["name"] != "sc-unit-system"]
    # The token endpoint's second path grants credentials as well: requests with made-up codes are right to be refused.
    flows = raw_schema["components"]["securitySchemes"]["owner"]["flows"]
    flows["clientCredentials"] = {"tokenUrl": "/oauth/token/oauth/token", "scopes": {}}


def _narrow_lookup(paths: dict[str, Any]) -> None:
    """Ask for what this server has: two regions, and whole VINs. What a plate may look like depends on the region."""
    narrower = {"region": "^(us|ca|US|CA)?$", "vin": "^[0-9A-HJ-NPR-Z]{17}$", "plate_number": "^[0-9A-Z]{1,12}$"}
    for path, operations in paths.items():
        for parameter in (each for op in operations.values() for each in op["parameters"]):
            if path.startswith("/v2/vehicle") and parameter["name"] in narrower:
                options = parameter["schema"].get("anyOf", [parameter["schema"]])
                options[0]["pattern"] = narrower[parameter["name"]]


def _narrow_webhooks(schemas: dict[str, Any]) -> None:
    """Let webhooks lead to this machine, which is closed, so that nothing is sent; and few signals stand for all."""
    for name in ("NewWebhook", "WebhookChange"):
        members = schemas[name]["properties"]
        members["url"]["pattern"] = _CLOSED.pattern
        members["error_url"]["anyOf"][0]["pattern"] = _CLOSED.pattern
        members["signals"]["items"]["enum"] = _SOME_CODES
    trigger = schemas["WebhookTrigger"]
    trigger["properties"]["code"]["enum"] = _SOME_CODES
    trigger["oneOf"][2]["properties"]["code"]["enum"] = _SOME_CODES[:1]


def _narrow_simulator(schemas: dict[str, Any]) -> None:
    """Say what simulated cars know: the document leaves the words to the simulator, which refuses others by name."""
    changes = schemas["Changes"]["properties"]
    changes["scenario"] = {"anyOf": [{"enum": sorted(SCENARIOS)}, {"type": "null"}]}
    # What every car has, whatever it is driven by.
    share, truth = {"type": "number", "minimum": 0, "maximum": 100}, {"type": "boolean"}
    known = {"washer": share, "low_voltage": share, "locked": truth, "hood": truth, "trunk": truth}
    changes["settings"] = {"type": "object", "properties": known, "additionalProperties": False}
    fault = schemas["Fault"]["properties"]
    fault["codes"]["items"] = {"enum": sorted(signals())}
    # A day instead of a month: a hundred cars live through every minute of it.
    schemas["ClockChange"]["properties"]["step"]["anyOf"][0]["maximum"] = 86_400
    # The clock of this server steps, so that every run meets the same cars; such a clock refuses a speed.
    schemas["ClockChange"]["oneOf"] = schemas["ClockChange"]["oneOf"][:1]
    schemas["ClockChange"]["properties"]["speed"] = {"type": "null"}


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    """Leave out what the document calls wrong and the wire allows on purpose."""
    units = str((case.headers or {}).get("sc-unit-system", "metric"))
    if units not in _UNITS and units.lower() in {"", *_UNITS}:
        return False  # read in any case, and an empty one counts as none
    if (case.headers or {}).get("sc-user-id") == "":
        return False  # counts as none
    if _no_webhook(case.body) if is_good(case, ParameterLocation.BODY) else _leads_elsewhere(case.body):
        return False
    if is_good(case, ParameterLocation.BODY) and _windows_clash(case.body):
        return False  # refused, though each window is good: two days or times differ, which OpenAPI cannot say
    query = case.query or {}
    values = [each for value in query.values() for each in (value if isinstance(value, list) else [value])]
    if not is_good(case, ParameterLocation.QUERY) and any(value in _ABSENT or value == {} for value in values):
        return False  # SDKs send absent parameters so: they count as left out, and null to Schemathesis is the text
    if {"start_date", "startDate"} <= set(query) or {"end_date", "endDate"} <= set(query):
        return False  # two spellings of one parameter: of both only one is looked at
    plate = (case.path_parameters or {}).get("plate_number")
    if plate is not None and not is_good(case, ParameterLocation.PATH) and str(plate).isalnum():
        return False  # a number or a null is a plate, once it is in a path
    texts = [*values, *(unquote(str(value)) for value in (case.path_parameters or {}).values())]
    if any(isinstance(value, str) and not value.isprintable() for value in texts):
        return False  # v3 refuses them, which no pattern says in every dialect
    if case.operation.definition.raw["operationId"] == "delete_connections" and not {"user_id", "vehicle_id"} & {
        *query
    }:
        return False  # one of the two is needed, which OpenAPI cannot say
    mode, level = query.get("mode"), query.get("test_mode_compatibility_level")
    if "vin" in query and ((mode in ("test", "simulated") and not level) or (mode == "live" and level)):
        return False  # refused, though each value is good: the one needs the other, which OpenAPI cannot say
    return not (level in LEVELS and len(str(query.get("vin"))) == 17)  # any 17 characters do


def _no_webhook(body: object) -> bool:
    """Tell whether a webhook's name is blank or has what cannot be printed, or it is to tell in version 2.0: whether
    that can depends on its signals.
    """
    if not isinstance(body, dict):
        return False
    name = body.get("name", "x")
    return body.get("version") == "2.0" or (isinstance(name, str) and not (name.isprintable() and name.strip()))


def _leads_elsewhere(body: object) -> bool:
    """Tell whether a webhook is only wrong by what was narrowed here."""
    urls = [body.get("url"), body.get("error_url")] if isinstance(body, dict) else []
    return any(isinstance(each, str) and check_url(each) is None and not _CLOSED.match(each) for each in urls)


def _windows_clash(body: object) -> bool:
    """Tell whether windows of a charge schedule share a day, or one stops when it starts."""
    arguments = body.get("arguments", {}) if isinstance(body, dict) else {}
    windows = arguments.get("windows", [])
    days = [day for window in windows for day in window["days"]]
    return len(days) != len(set(days)) or any(window["start"] == window["stop"] for window in windows)


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Let most good requests be about what exists: made-up ids are all answered alike."""
    name = case.operation.definition.raw["operationId"]
    if case.operation.path.startswith("/v3/") or name == "application_token":
        v3.name_what_exists(case, name)
    elif is_good(case, ParameterLocation.PATH):
        _name_what_exists(case, name)
    if is_good(case, ParameterLocation.QUERY) and case.query:
        _ask_for_what_exists(case, name)
    if is_good(case, ParameterLocation.HEADER) and "idempotency-key" in (case.headers or {}):
        # Every request gets a key of its own: one that has named another command is refused, whatever it looks like.
        case.headers["idempotency-key"] = f"{next(turn)}{case.headers['idempotency-key']}"[:255]
    if is_good(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        # To JSON Schema 5.0 is a whole number, to the server it is not, and no client writes one so.
        for part in (case.body, *case.body.get("triggers", ()), case.body.get("form", {})):
            part |= {each: int(part[each]) for each in _WHOLE if isinstance(part.get(each), float)}
        if name == "replay_webhook" and next(turn) % 4:  # nothing was delivered here
            case.body = {**case.body, "delivery_id": None, "since": "2026-01-01T00:00:00Z"}
    if name in _TOKEN and is_good(case, ParameterLocation.BODY) and next(turn) % 8:
        case.body = {"grant_type": "refresh_token", "refresh_token": FACTS["owners"][_FIRST]["refresh_token"]}


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:
    """Keep what only the server can write: the newest refresh token, for the one before it stops working soon, and
    cursors.
    """
    name = case.operation.definition.raw["operationId"]
    if response.request.method == case.operation.method.upper():
        _answers[f"{name} {response.status_code}"] += 1
    v3.keep_what_was_written(case, name, response)
    if name in _TOKEN and response.status_code == 200:
        FACTS["owners"][_FIRST]["refresh_token"] = response.json()["refresh_token"]
    if name == "create_webhook" and response.status_code == 200:
        _hooks[response.json()["webhook"]["id"]] = None
        _make_room(response.request.url.partition("?")[0])
    if name == "delete_webhook" and response.status_code == 204:
        _hooks.pop((case.path_parameters or {}).get("webhook_id", ""), None)
    if name == "connections" and response.status_code == 200:
        _cursors.add(response.json()["paging"]["cursor"])


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, case: Any, _response: Any) -> bool:
    """Let a fault script be read after it was deleted: its entries are gone, and the car has an empty one. And a new
    webhook have no delivery that could be sent once more.
    """
    name = case.operation.definition.raw["operationId"]
    script = name == "simulated_faults" and isinstance(failure, UseAfterFree)
    return not script and not (name == "replay_webhook" and isinstance(failure, EnsureResourceAvailability))


def _name_what_exists(case: Any, name: str) -> None:
    path = case.path_parameters or {}
    if "id" in path:
        path["id"] = _vehicle(path["id"], _owner(case)["vehicle_ids"], destroys=name in _DESTROYS)
    if "webhook_id" in path:
        path["webhook_id"] = _webhook(path["webhook_id"], destroys=name in _DESTROYS)
    # A car's fault script may be full: they are set on one after another.
    if "car" in path and (path["car"] not in FACTS["cars"] or name == "add_simulated_fault"):
        path["car"] = FACTS["cars"][next(turn) % len(FACTS["cars"])]


def _webhook(given: str, *, destroys: bool) -> str:
    """Choose a webhook. The first, which vehicles are subscribed to, is never deleted."""
    if destroys:
        return given if given in _hooks else next(iter(_hooks), str(uuid4()))
    return given if given in _hooks and next(turn) % 2 else FACTS["webhook_id"]


def _make_room(url: str) -> None:
    """Delete the oldest webhooks that were made: an application has a hundred at most."""
    while len(_hooks) > _MOST_HOOKS:
        oldest = next(iter(_hooks))
        del _hooks[oldest]
        shown = {"authorization": _basic(FACTS["client_id"], FACTS["client_secret"])}
        with suppress(HTTPError):  # it is gone already
            urlopen(Request(f"{url}/{oldest}", method="DELETE", headers=shown)).close()  # this server


def _ask_for_what_exists(case: Any, name: str) -> None:
    query, cars = case.query, FACTS["owners"][_FIRST]["vehicle_ids"]
    if query.get("cursor") not in _cursors or name == "lookup_records":  # those known are of another call
        query.pop("cursor", None)
    if name == "vehicles":
        query["offset"] = int(query.get("offset", 0)) % 5  # an empty page leads nowhere
    if name == "delete_connections":
        # Of the owner of all cars not everything is cut.
        query["vehicle_id"] = _vehicle(query.get("vehicle_id", ""), cars, destroys=True)
    elif isinstance(query.get("vehicle_id"), str) and next(turn) % 2:
        query["vehicle_id"] = cars[-1]


def _vehicle(given: str, cars: list[str], *, destroys: bool) -> str:
    """Choose a vehicle. What is cut off is never an owner's last one, which all reads and commands are about; an id
    that came over a link stays, so that what was cut off is asked for again.
    """
    if given in cars[:-1]:
        return given
    if destroys:
        return cars[next(turn) % (len(cars) - 1)]
    return given if next(turn) % 8 == 0 else cars[-1]
