"""Deliveries as they are sent, in every form the wire contracts have, and their signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any, Final

AMT: Final = "amt-demo-7f3c"
SECRET: Final = "whsec_" + base64.b64encode(bytes(range(32))).decode()
AT: Final = datetime(2026, 6, 1, 8, tzinfo=UTC)
EVENT_BASED: Final = (
    '{"version":"2.0","webhookId":"0b5e2f4a-8d7c-4e1b-9a63-2c1f7d905e38","eventName":"eventBased","mode":"test","payload":'
    '{"eventId":"c1a9d6e2-3b47-4f58-8e20-64d7b1a3f905","vehicleId":"7d2c5b18-94ae-4c03-b6f1-e85a30d7c249",'
    '"eventType":"CHARGING_STARTED","eventTime":"2025-03-04T05:06:07.089Z"}}'
)
VECTORS: Final = [  # message, SC-Signature under AMT: the v2.0 wire contract, section 8.4
    (EVENT_BASED, "418f2ccbd6622b012d7ea9e8e187b1b19f0a7de762923d8825cbd5caef2faa30"),
    ('{"note":"Zürich 5°","pct":1,"n":1e+21}', "5d5758b21f941caf69e93c48447034e7c58d174e2ea601ffe9a9a5b8438b9b11"),
]
USER: Final = {"id": "5c1b7c60-2f0b-4f9c-8a53-0b7d9b9f1e10", "externalId": None}
VEHICLE: Final = {
    "id": "7f3f2a0e-93d1-4f3f-9f60-6a0a3d2b4c11",
    "make": "EXAMPLE",
    "model": "One",
    "year": 2024,
    "mode": "live",
    "powertrainType": "BEV",
}
META: Final = {
    "version": "4.0",
    "applicationId": "94e0c6f2-8f3a-4a12-b2ad-3d1a5b6c7d55",
    "webhookId": "2a1f4e90-58a1-4c0e-9d5a-6b8f5d4b3c22",
    "webhookName": "State of charge",
    "deliveryId": "6a9f3b7e-0d53-4d0e-9a7e-5e8c1b2a3f66",
    "deliveredAt": 1780300800000,
    "mode": "LIVE",
    "sequence": 1780300800000,
    "signalCount": 2,
}
CHARGE: Final = {"code": "tractionbattery-stateofcharge", "name": "StateOfCharge", "group": "TractionBattery"}
ODOMETER: Final = {"code": "odometer-traveleddistance", "name": "TraveledDistance", "group": "Odometer"}

VERIFY: Final[dict[str, Any]] = {
    "eventId": "8b7c0b6e-0b64-4a5a-9a3e-0a6c9c6a7f00",
    "eventType": "VERIFY",
    "data": {"challenge": "3f0c1e9a-6f3b-4d87-a8b1-6a0f4c5d7e21"},
    "meta": {key: META[key] for key in ("version", "webhookId", "webhookName", "deliveryId", "deliveredAt")},
}
STATE: Final[dict[str, Any]] = {  # the form that is sent now
    "eventId": "f4b1e6c0-2f5a-4b39-9a0b-7c0d1e2f3a44",
    "eventType": "VEHICLE_STATE",
    "data": {
        "user": USER,
        "vehicle": VEHICLE,
        "signals": [
            {
                **CHARGE,
                "body": {"value": 64, "unit": "percent"},
                "status": {"value": "SUCCESS"},
                "meta": {"oemUpdatedAt": 1780300720000, "retrievedAt": 1780300790000},
            },
            {**ODOMETER, "status": {"value": "ERROR", "error": {"type": "PERMISSION", "code": None}}},
        ],
    },
    "triggers": [{"type": "SIGNAL_UPDATED", "signal": CHARGE}],
    "meta": META,
}
NEWER_STATE: Final[dict[str, Any]] = {  # the form newer documentation shows
    "eventId": STATE["eventId"],
    "eventType": "VEHICLE_STATE",
    "vehicleId": VEHICLE["id"],
    "data": {
        "user": USER,
        "vehicle": {key: value for key, value in VEHICLE.items() if key != "id"},
        "signals": [
            {
                **CHARGE,
                "body": {"value": 64, "unit": "percent"},
                "status": {"value": "SUCCESS"},
                "meta": {"oemUpdatedAt": 1780300720000, "fetchedAt": 1780300790000},
            }
        ],
        "triggers": [CHARGE, {"code": "FIRST_DELIVERY"}],
    },
    "meta": META,
}
EARLY_STATE: Final[dict[str, Any]] = {  # the form of September 2025
    "eventId": STATE["eventId"],
    "eventType": "VEHICLE_STATE",
    "data": {
        "user": {"id": USER["id"]},
        "vehicle": {key: VEHICLE[key] for key in ("id", "make", "model", "year")},
        "signals": [
            {
                "code": "internalcombustionengine-fuellevel",
                "name": "FuelLevel",
                "group": "InternalCombustionEngine",
                "body": {"value": 0.4},
                "meta": {"oemUpdatedAt": 1757300720000, "retrievedAt": 1757300790000},
            },
            {
                "code": "vehicleidentification-vin",
                "name": "VIN",
                "group": "VehicleIdentification",
                "body": {"value": "0EXAMPLE000000001"},
                "meta": {"oemUpdatedAt": 0, "retrievedAt": 0},
            },
            ODOMETER,
        ],
    },
    "triggers": [
        {"type": "SIGNAL_UPDATED", "signal": "InternalCombustionEngine.FuelLevel"},
        {"type": "FIRST_DELIVERY"},
    ],
    "meta": {
        "mode": "TEST",
        "deliveryId": META["deliveryId"],
        "deliveredAt": 1757300800000,
        "deliveryTime": 1757300800000,
    },
}
ERROR: Final[dict[str, Any]] = {
    "eventId": "0e9a7d3c-4b5f-4e6a-8c1d-2f3a4b5c6d77",
    "eventType": "VEHICLE_ERROR",
    "data": {
        "user": {"id": USER["id"]},
        "vehicle": VEHICLE,
        "errors": [
            {
                "type": "CONNECTED_SERVICES_ACCOUNT",
                "code": "AUTHENTICATION_FAILED",
                "state": "ERROR",
                "description": "The maker account refused the stored login.",
                "suggestedUserMessage": "Please connect the car again.",
                "docURL": "https://example.org/errors",
                "resolution": {"type": "REAUTHENTICATE"},
                "signals": [CHARGE],
            },
            {"type": "VEHICLE_STATE", "code": "ASLEEP", "state": "RESOLVED", "description": "It is awake."},
            {"type": "PERMISSION", "code": None, "state": "ERROR", "resolution": {"type": None}},
        ],
    },
    "meta": {key: META[key] for key in ("version", "webhookId", "webhookName", "deliveryId", "deliveredAt", "mode")},
}
EARLY_ERROR: Final[dict[str, Any]] = {
    "eventId": ERROR["eventId"],
    "eventType": "VEHICLE_ERROR",
    "data": {
        "user": {"id": USER["id"]},
        "vehicle": EARLY_STATE["data"]["vehicle"],
        "errors": [
            {
                "type": "COMPATIBILITY",
                "code": "VEHICLE_NOT_CAPABLE",
                "state": "ERROR",
                "signals": ["TractionBattery.StateOfCharge", ODOMETER, "charge-voltage"],
            }
        ],
    },
    "meta": EARLY_STATE["meta"],
}
OLD_VERIFY: Final[dict[str, Any]] = {
    "version": "2.0",
    "webhookId": "0b5e2f4a-8d7c-4e1b-9a63-2c1f7d905e38",
    "eventName": "verify",
    "payload": {"challenge": "open-sesame-42"},
}
DYNAMIC: Final[dict[str, Any]] = {
    "version": "2.0",
    "webhookId": "0b5e2f4a-8d7c-4e1b-9a63-2c1f7d905e38",
    "eventName": "dynamic",
    "mode": "live",
    "payload": {
        "vehicles": [
            {
                "vehicleId": "7d2c5b18-94ae-4c03-b6f1-e85a30d7c249",
                "requestId": "91e6d0b4-3f2a-4c8e-a7d5-5b0c49f1e283",
                "data": [
                    {
                        "path": "/charge",
                        "code": 200,
                        "body": {"isPluggedIn": True, "state": "CHARGING"},
                        "headers": {
                            "sc-data-age": "2025-06-01T10:15:30.120Z",
                            "sc-fetched-at": "2025-06-01T10:15:31.004Z",
                        },
                    },
                    {
                        "path": "/location",
                        "code": 409,
                        "body": {
                            "type": "VEHICLE_STATE",
                            "code": "UNREACHABLE",
                            "statusCode": 409,
                            "description": "The car has no radio contact.",
                            "docURL": "https://docs.example.test/errors",
                            "resolution": {"type": None},
                            "requestId": "91e6d0b4-3f2a-4c8e-a7d5-5b0c49f1e283",
                        },
                    },
                ],
            }
        ]
    },
}
SCHEDULED: Final[dict[str, Any]] = {**DYNAMIC, "eventName": "scheduled"}
SCHEDULE: Final[dict[str, Any]] = {**DYNAMIC, "eventName": "schedule"}
FORMS: Final[dict[str, dict[str, Any]]] = {
    "verify": VERIFY,
    "state": STATE,
    "newer state": NEWER_STATE,
    "early state": EARLY_STATE,
    "error": ERROR,
    "early error": EARLY_ERROR,
    "old verify": OLD_VERIFY,
    "dynamic": DYNAMIC,
    "scheduled": SCHEDULED,
    "schedule": SCHEDULE,
    "charging": json.loads(EVENT_BASED),
}


def written(value: object) -> bytes:
    """Return the bytes that are sent: compact, nothing escaped."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def sc_signed(body: bytes, token: str = AMT) -> dict[str, str]:
    """Return the header of the older scheme, made without the SDK."""
    return {"SC-Signature": hmac.new(token.encode(), body, hashlib.sha256).hexdigest()}


def standard_signed(body: bytes, at: datetime = AT, secret: str = SECRET, message_id: str = "msg_1") -> dict[str, str]:
    """Return the headers of Standard Webhooks, made without the SDK."""
    seconds = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": message_id, "webhook-timestamp": seconds, "webhook-signature": signature}
