"""API v3 as it is documented now: one token of the application for all of its owners, signals, executions of commands.

>>> with Client("http://127.0.0.1:8000", v3_client_id="client_…", v3_client_secret="…") as client:  # doctest: +SKIP
...     for connection in client.v3.iter_connections():
...         car = client.v3.vehicle(connection.vehicle_id, connection.user_id)
...         print(car.signal("odometer-traveleddistance").value_or_raise())

The names of its results are here: some of them are those of other results in `carwire_client`.
"""

from carwire_client.calls.ga.owners import ConnectionOrder, VehicleMode
from carwire_client.calls.ga.shared import Done
from carwire_client.models.ga.base import Listing, PageMeta, Resource
from carwire_client.models.ga.executions import Execution
from carwire_client.models.ga.readings import Remedy, Signal, Signals, Trouble
from carwire_client.models.ga.resources import (
    ApplicationResource,
    ApplicationSecret,
    CompatibleVehicle,
    Connection,
    ModelCapability,
    ModelYears,
    SignalName,
    Subscription,
    Vehicle,
    VehicleFacts,
    Webhook,
)
from carwire_client.models.ga.tokens import ApplicationToken
from carwire_client.tokens.application import ApplicationSession, AsyncApplicationSession
from carwire_client.v3.clients import AsyncV3Client, V3Client
from carwire_client.v3.vehicles import AsyncV3Vehicle, V3Vehicle, V3VehicleOptions

__all__ = [
    "ApplicationResource",
    "ApplicationSecret",
    "ApplicationSession",
    "ApplicationToken",
    "AsyncApplicationSession",
    "AsyncV3Client",
    "AsyncV3Vehicle",
    "CompatibleVehicle",
    "Connection",
    "ConnectionOrder",
    "Done",
    "Execution",
    "Listing",
    "ModelCapability",
    "ModelYears",
    "PageMeta",
    "Remedy",
    "Resource",
    "Signal",
    "SignalName",
    "Signals",
    "Subscription",
    "Trouble",
    "V3Client",
    "V3Vehicle",
    "V3VehicleOptions",
    "Vehicle",
    "VehicleFacts",
    "VehicleMode",
    "Webhook",
]
