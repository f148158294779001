"""What the API document says beyond the route table and the structs: rules between fields, examples, second forms.

The rules are kept by the services; here they are only told, so that whoever generates a client, or requests, knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from carwire.core.commands import COMMANDS, DAYS, SCHEDULE_DAYS, Argument, Choice, Number, Text, Windows
from carwire.core.signals.catalogue import signals
from carwire.core.signals.problems import KINDS
from carwire.core.simulation import MAX_LATENCY_S
from carwire.wire.v2.batch import MAX_REQUESTS
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.static import STATIC_ENDPOINTS
from carwire.wire.v2.vehicles import ENDPOINTS
from carwire.wire.v3.asking import BESIDE_ATTRIBUTES, BESIDE_DATA
from carwire.wire.v3.signals import PreviewSignalsBody, SignalResource
from carwire.wire.v3.vehicles import VehicleResource

Schema = dict[str, Any]
_SECONDS: Final = {"type": "number", "minimum": 0}
_WHOLE_SECONDS: Final = {"type": "integer", "minimum": 0}
_TEMPERATURE: Final = {"type": "number", "minimum": 10, "maximum": 89.6}  # 32 °C are 89.6 °F
_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MOMENT: Final = {
    "anyOf": [{"format": "date", "pattern": f"^{_DAY}$"}, {"format": "date-time", "pattern": f"^{_DAY}T"}],
}
_DAYS: Final = [day.lower() for day in DAYS]  # in any case
_TIME: Final = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
_WINDOWS: Final = {
    "type": "array",
    "description": "Each day is in one window. None stops when it starts; one that stops before stops on the next day.",
    "minItems": 1,
    "maxItems": len(DAYS),
    "items": {
        "type": "object",
        "properties": {
            "days": {"type": "array", "items": {"enum": list(DAYS)}, "minItems": 1, "uniqueItems": True},
            "start": _TIME,
            "stop": _TIME,
        },
        "required": ["days", "start", "stop"],
        "additionalProperties": False,
    },
}
# Path parameter → an example. The VIN is one of a model, not of a car anybody drives.
EXAMPLES: Final[dict[str, str]] = {
    "plate_number": "REG4SUCCESS",
    "id": "7f3bd4c6-3f0c-4b63-9d9f-0a4f5f0f8a51",
    "webhook_id": "b1f7c4de-91f4-4a3c-8d55-2f6f1a0e7c39",
    "delivery_id": "0d9c8b7a-6f5e-4d3c-8b2a-1f0e9d8c7b6a",
    "vin": "5YJXCDE22HF068739",
    "wmi": "5YJ",
    "code": "odometer-traveleddistance",
    "connection_id": "c3d0a7f4-7f0e-4f0c-8f56-6b6f6fb0a2d1",
    "user_id": "f5a1c9d2-2b34-4b6e-9c3f-0d8f5c1b7a60",
    "schedule_id": "b9f0c2d4-77aa-5e1f-8c3d-2a1b0c9d8e7f",
    "subscription_id": "d7c6b5a4-3e2f-4d1c-8b0a-9f8e7d6c5b4a",
    "application_id": "94e0c6f2-8f3a-4a12-b2ad-3d1a5b6c7d55",
    "execution_id": "exec_7d2c5b1894ae4c03b6f1e85a30d7c249",
    "car": "tesla-3",
}
# Query parameter → what its struct does not say of it, in whatever struct it stands.
QUERY_RULES: Final[dict[str, Schema]] = dict.fromkeys(("start_date", "end_date", "startDate", "endDate"), _MOMENT)
# Route → what an owner's token is answered: the form the SDKs read.
FOR_SDKS: Final[dict[str, Any]] = {
    "v3_vehicle": VehicleResource,
    "v3_signals": PreviewSignalsBody,
    "v3_signal": SignalResource,
}
FORM_OR_JSON: Final = frozenset({"application_token"})  # whose body may be either
# Whose body or query names what may not be there.
NAMING: Final = frozenset({"v3_subscribe", "webhook_deliveries", "events"})


def apply(components: dict[str, Schema]) -> None:
    """Write the rules into the components they are about."""
    components["CabinAction"] |= _cabin()
    components["CabinAction"]["properties"]["temperature"]["description"] = "START and SET need it: 10 to 32 °C, or °F."
    components["ChargeLimit"]["properties"]["limit"]["anyOf"][1]["pattern"] = r"^(0?\.[5-9][0-9]{0,17}|1(\.0{1,18})?)$"
    components["BatchRequests"]["properties"]["requests"] |= {"minItems": 1, "maxItems": MAX_REQUESTS}
    components["BatchRequest"]["properties"]["path"] |= {"pattern": _read_pattern(), "examples": ["/odometer"]}
    components["ClockChange"] |= {"oneOf": [_given("step", "integer"), _given("speed", "number")]}
    components["Changes"] |= {"anyOf": [_given("scenario", "string"), _settings()]}
    components["WebhookTrigger"] |= {"oneOf": _conditions()}
    components["Replay"] |= {"anyOf": [_given("delivery_id", "string"), _given("since", "string")]}
    components["Order"] |= {"oneOf": [_order(name) for name in COMMANDS]}
    for name in ("Daily", "Times"):
        for member, time in (("startTime", "22:00"), ("stopTime", "06:00")):
            components[name]["properties"][member]["examples"] = [time]
    components["Weekly"]["properties"]["days"] |= {"minProperties": 1, "propertyNames": {"enum": _DAYS}}
    for name, schema in components.items():
        if name.startswith(("Body_", "Given_")):
            _close(schema, BESIDE_DATA if name.startswith("Body_") else BESIDE_ATTRIBUTES)
    fault = components["Fault"]
    fault["properties"]["kind"]["anyOf"][0] = {"enum": sorted(KINDS)}
    fault["properties"]["latency_s"] |= {"minimum": 0, "maximum": MAX_LATENCY_S}
    fault["properties"]["after_s"] |= {"minimum": 0}
    fault["properties"]["for_s"]["anyOf"][0] = _WHOLE_SECONDS
    fault["properties"]["retry_after_s"]["anyOf"][0] = _SECONDS
    fault["anyOf"] = [
        {"required": ["kind"], "properties": {"kind": {"type": "string"}}},
        {"required": ["latency_s"], "properties": {"latency_s": {"exclusiveMinimum": 0}}},
        {"required": ["stale"], "properties": {"stale": {"const": True}}},
        {"required": ["half"], "properties": {"half": {"type": "string"}}},
    ]


def _close(schema: Schema, beside: Iterable[str]) -> None:
    """Say that nothing else may be sent, but for what is left aside."""
    schema["properties"] |= {name: {"description": "Left aside."} for name in sorted(beside)}
    schema["additionalProperties"] = False


def _given(name: str, kind: str) -> Schema:
    """Say that a field is there and not null."""
    return {"required": [name], "properties": {name: {"type": kind}}}


def _conditions() -> list[Schema]:
    """Say which values go with which condition of a trigger, and which signals are numbers."""
    numbers = sorted(code for code, signal in signals().items() if signal.scalar)
    no_value = {"properties": {"condition": {"const": "changes"}, "value": {"type": "null"}}}
    any_value = {"properties": {"condition": {"enum": ["becomes", "leaves"]}, "value": {"not": {"type": "null"}}}}
    number = {
        "properties": {
            "code": {"enum": numbers},
            "condition": {"enum": ["rises_above", "falls_below"]},
            "value": {"type": "number"},
        }
    }
    return [no_value, {**any_value, "required": ["condition", "value"]}, {**number, "required": ["condition", "value"]}]


def _settings() -> Schema:
    return {"required": ["settings"], "properties": {"settings": {"minProperties": 1}}}


def _cabin() -> Schema:
    return {
        "anyOf": [
            {"properties": {"action": {"const": "STOP"}}},
            {"required": ["temperature"], "properties": {"temperature": _TEMPERATURE}},
        ]
    }


def _order(name: str) -> Schema:
    """Describe one command: every argument must be given, and no other."""
    arguments = {each: _argument(rule) for each, rule in COMMANDS[name].arguments.items()}
    shape: Schema = {"properties": arguments, "additionalProperties": False}
    if arguments:
        shape["required"] = list(arguments)
    if "windows" in arguments:
        shape["oneOf"] = [_of_schedule(kind, days) for kind, days in SCHEDULE_DAYS.items()]
    return {
        "properties": {"name": {"const": name}, "arguments": shape},
        "required": ["name", "arguments"] if arguments else ["name"],
    }


def _of_schedule(kind: str, of_windows: Sequence[Sequence[str]] | None) -> Schema:
    """Say which days the windows of a kind of schedule are of."""
    properties: Schema = {"kind": {"const": kind}}
    if of_windows is not None:
        windows = [
            {"properties": {"days": {"items": {"enum": list(days)}, "minItems": len(days)}}} for days in of_windows
        ]
        properties["windows"] = {"prefixItems": windows, "minItems": len(windows), "maxItems": len(windows)}
    return {"properties": properties}


def _argument(rule: Argument) -> Schema:
    if isinstance(rule, Number):
        return {"type": "number", "minimum": rule.least, "maximum": rule.most}
    if isinstance(rule, Choice):
        return {"enum": list(rule.of)}
    if isinstance(rule, Text):
        return {"type": "string", "pattern": "^[ -~]+$", "maxLength": rule.most}
    if isinstance(rule, Windows):
        return _WINDOWS
    if ":" in rule.pattern:
        return _TIME
    return {"type": "string", "pattern": f"^{rule.pattern.replace('0', '[0-9]')}$"}


def _read_pattern() -> str:
    """Match every path a batch may read, with or without its leading slash and a query."""
    paths = [*STATIC_ENDPOINTS, *ENDPOINTS, *(f"/{make}/{rest}" for make, rest in MAKE_READS)]
    named = "|".join(re.escape(path[1:]).replace("\\_", "_") for path in sorted(paths) if path != "/")
    return rf"^/?({named})?/?(\?.*)?$"
