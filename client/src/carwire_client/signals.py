"""The published signals of API v3: their codes, to be asked for. Written by ``make docs`` from the server's catalogue.

Each carries the type of its value (see `carwire_client.bodies`); beneath it stands what it says, its unit where it has
one (metric; Carwire converts to imperial when asked to), the members of its body, and the permission the owner has to
grant.

>>> CODES["odometer-traveleddistance"].kind
<class 'float'>
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from carwire_client import bodies
from carwire_client.bodies import SignalCode

CHARGE_AMPERAGE: Final = SignalCode("charge-amperage", float)
"""Current drawn by the vehicle in the running charge session. Unit: ampere. Body: value (number), unit (string).
Permission: read_charge."""
CHARGE_AMPERAGEMAX: Final = SignalCode("charge-amperagemax", float)
"""Highest current the vehicle could draw from the present supply. Unit: ampere. Body: value (number), unit (string).
Permission: read_charge."""
CHARGE_AMPERAGEREQUESTED: Final = SignalCode("charge-amperagerequested", float)
"""Current the vehicle has asked the supply for. Unit: ampere. Body: value (number), unit (string). Permission:
read_charge."""
CHARGE_CHARGELIMITS: Final = SignalCode("charge-chargelimits", bodies.LimitRules)
"""Configured state-of-charge ceilings (global, per place, per connector) and the one in force. Unit: percent. Body:
values (list of objects: type, limit, condition), activeLimit (number or null), unit (string). Permission:
read_charge."""
CHARGE_CHARGEPORTSTATUSCOLOR: Final = SignalCode("charge-chargeportstatuscolor", str)
"""Colour of the indicator light at the charge port. Body: value (string). Permission: read_charge."""
CHARGE_CHARGERATE: Final = SignalCode("charge-chargerate", float)
"""Speed at which driving range is being gained while charging. Unit: km/h. Body: value (number), unit (string).
Permission: read_charge."""
CHARGE_CHARGERECORDS: Final = SignalCode("charge-chargerecords", tuple[bodies.ChargeRecord, ...])
"""History of charge sessions kept for the vehicle. Body: values (list of objects: id, startTime, endTime, energyAdded,
startStateOfCharge, endStateOfCharge, isPublicCharger, connectorType, cost, location). Permission:
read_charge_records."""
CHARGE_CHARGERPHASES: Final = SignalCode("charge-chargerphases", int)
"""Number of AC phases the connected charger offers. Body: value (integer). Permission: read_charge."""
CHARGE_CHARGETIMERS: Final = SignalCode("charge-chargetimers", tuple[bodies.ChargeTimer, ...])
"""Charge windows and departure timers configured on the vehicle. Body: values (list of objects: type, condition,
schedules, departureTimers, isOEMOptimizationEnabled, scheduleType, scheduleId). Permission: read_charge."""
CHARGE_CHARGINGCONNECTORTYPE: Final = SignalCode("charge-chargingconnectortype", str)
"""Inlet type fitted to the vehicle. Body: value (string). Permission: read_charge."""
CHARGE_DETAILEDCHARGINGSTATUS: Final = SignalCode("charge-detailedchargingstatus", str)
"""Charging state as a word. Body: value (string). Permission: read_charge."""
CHARGE_ENERGYADDED: Final = SignalCode("charge-energyadded", float)
"""Energy delivered in the current or last session. Unit: kWh. Body: value (number), unit (string). Permission:
read_charge."""
CHARGE_FASTCHARGERTYPE: Final = SignalCode("charge-fastchargertype", str)
"""DC fast-charge standard in use. Body: value (string). Permission: read_charge."""
CHARGE_ISCHARGING: Final = SignalCode("charge-ischarging", bool)
"""True while power flows into the vehicle. Body: value (boolean). Permission: read_charge."""
CHARGE_ISCHARGINGCABLECONNECTED: Final = SignalCode("charge-ischargingcableconnected", bool)
"""True when a cable is in the charge port. Body: value (boolean). Permission: read_charge."""
CHARGE_ISCHARGINGCABLELATCHED: Final = SignalCode("charge-ischargingcablelatched", bool)
"""True when the cable is locked in the port. Body: value (boolean). Permission: read_charge."""
CHARGE_ISCHARGINGPORTFLAPOPEN: Final = SignalCode("charge-ischargingportflapopen", bool)
"""True when the charge port door is open. Body: value (boolean). Permission: read_charge."""
CHARGE_ISFASTCHARGERPRESENT: Final = SignalCode("charge-isfastchargerpresent", bool)
"""True when connected to a DC fast charger. Body: value (boolean). Permission: read_charge."""
CHARGE_TIMETOCOMPLETE: Final = SignalCode("charge-timetocomplete", float)
"""Minutes left until the active limit is reached. Body: value (number), unit (string). Permission: read_charge."""
CHARGE_VOLTAGE: Final = SignalCode("charge-voltage", float)
"""Voltage supplied during charging. Unit: volts. Body: value (number), unit (string). Permission: read_charge."""
CHARGE_WATTAGE: Final = SignalCode("charge-wattage", float)
"""Power supplied during charging. Unit: watts. Body: value (number), unit (string). Permission: read_charge."""
CLIMATE_EXTERNALTEMPERATURE: Final = SignalCode("climate-externaltemperature", float)
"""Outside air temperature. Unit: celsius. Body: value (number), unit (string). Permission: read_thermometer."""
CLIMATE_INTERNALTEMPERATURE: Final = SignalCode("climate-internaltemperature", float)
"""Cabin air temperature. Unit: celsius. Body: value (number), unit (string). Permission: read_thermometer."""
CLOSURE_DOORS: Final = SignalCode("closure-doors", bodies.Doors)
"""Open and lock state of each door on a row/column grid. Body: values (list of objects: row, column, isOpen,
isLocked), rowCount (number), columnCount (number). Permission: read_security."""
CLOSURE_ENGINECOVER: Final = SignalCode("closure-enginecover", bodies.Closure)
"""Hood state. Body: isOpen (boolean or null). Permission: read_security."""
CLOSURE_FRONTTRUNK: Final = SignalCode("closure-fronttrunk", bodies.LockableClosure)
"""Front trunk state. Body: isOpen (boolean or null), isLocked (boolean or null). Permission: read_security."""
CLOSURE_ISLOCKED: Final = SignalCode("closure-islocked", bool)
"""Whole-vehicle lock state. Body: value (boolean). Permission: read_security."""
CLOSURE_REARTRUNK: Final = SignalCode("closure-reartrunk", bodies.LockableClosure)
"""Rear trunk state. Body: isOpen (boolean or null), isLocked (boolean or null). Permission: read_security."""
CLOSURE_SUNROOF: Final = SignalCode("closure-sunroof", bodies.Closure)
"""Sunroof state. Body: isOpen (boolean or null). Permission: read_security."""
CLOSURE_TAILGATE: Final = SignalCode("closure-tailgate", bodies.LockableClosure)
"""Tailgate state. Body: isOpen (boolean or null), isLocked (boolean or null). Permission: read_security."""
CLOSURE_WINDOWS: Final = SignalCode("closure-windows", bodies.Windows)
"""Open state of each window on a row/column grid. Body: values (list of objects: row, column, isOpen), rowCount
(number), columnCount (number). Permission: read_security."""
CONNECTIVITYSOFTWARE_CURRENTFIRMWAREVERSION: Final = SignalCode("connectivitysoftware-currentfirmwareversion", str)
"""Firmware version of the telematics unit. Body: value (string). Permission: read_extended_vehicle_info."""
CONNECTIVITYSTATUS_ISASLEEP: Final = SignalCode("connectivitystatus-isasleep", bool)
"""True when the vehicle is in its low-power state. Body: value (boolean). Permission: read_vehicle_info."""
CONNECTIVITYSTATUS_ISDIGITALKEYPAIRED: Final = SignalCode("connectivitystatus-isdigitalkeypaired", bool)
"""True when a digital key is paired. Body: value (boolean). Permission: read_vehicle_info."""
CONNECTIVITYSTATUS_ISONLINE: Final = SignalCode("connectivitystatus-isonline", bool)
"""True when the vehicle is reachable. Body: value (boolean). Permission: read_vehicle_info."""
DIAGNOSTICS_ABS: Final = SignalCode("diagnostics-abs", bodies.Health)
"""Anti-lock brake system health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_ACTIVESAFETY: Final = SignalCode("diagnostics-activesafety", bodies.Health)
"""Collision-avoidance system health. Body: status (string), description (string or null). Permission:
read_diagnostics."""
DIAGNOSTICS_AIRBAG: Final = SignalCode("diagnostics-airbag", bodies.Health)
"""Airbag system health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_BRAKEFLUID: Final = SignalCode("diagnostics-brakefluid", bodies.Health)
"""Brake fluid state. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_DRIVERASSISTANCE: Final = SignalCode("diagnostics-driverassistance", bodies.Health)
"""Driver-assist system health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_DTCCOUNT: Final = SignalCode("diagnostics-dtccount", int)
"""Number of active trouble codes. Unit: count. Body: value (integer), unit (string). Permission: read_diagnostics."""
DIAGNOSTICS_DTCLIST: Final = SignalCode("diagnostics-dtclist", tuple[bodies.TroubleCode, ...])
"""Active trouble codes. Body: values (list of objects: code, timestamp). Permission: read_diagnostics."""
DIAGNOSTICS_EMISSIONS: Final = SignalCode("diagnostics-emissions", bodies.Health)
"""Exhaust and emissions system health. Body: status (string), description (string or null). Permission:
read_diagnostics."""
DIAGNOSTICS_EVBATTERYCONDITIONING: Final = SignalCode("diagnostics-evbatteryconditioning", bodies.Health)
"""High-voltage battery thermal management health. Body: status (string), description (string or null). Permission:
read_diagnostics."""
DIAGNOSTICS_EVCHARGING: Final = SignalCode("diagnostics-evcharging", bodies.Health)
"""Charging system health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_EVDRIVEUNIT: Final = SignalCode("diagnostics-evdriveunit", bodies.Health)
"""Electric drive unit health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_EVHVBATTERY: Final = SignalCode("diagnostics-evhvbattery", bodies.Health)
"""High-voltage battery health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_LIGHTING: Final = SignalCode("diagnostics-lighting", bodies.Health)
"""Lighting health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_MIL: Final = SignalCode("diagnostics-mil", bodies.Health)
"""Malfunction indicator lamp state. Body: status (string), description (string or null). Permission:
read_diagnostics."""
DIAGNOSTICS_OILLIFE: Final = SignalCode("diagnostics-oillife", bodies.Health)
"""Engine oil condition state. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_OILPRESSURE: Final = SignalCode("diagnostics-oilpressure", bodies.Health)
"""Engine oil pressure state. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_OILTEMPERATURE: Final = SignalCode("diagnostics-oiltemperature", bodies.Health)
"""Engine oil temperature state. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_TELEMATICS: Final = SignalCode("diagnostics-telematics", bodies.Health)
"""Connectivity unit health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_TIREPRESSURE: Final = SignalCode("diagnostics-tirepressure", bodies.Health)
"""Tire pressure state. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_TIREPRESSUREMONITORING: Final = SignalCode("diagnostics-tirepressuremonitoring", bodies.Health)
"""Tire pressure monitoring system health. Body: status (string), description (string or null). Permission:
read_diagnostics."""
DIAGNOSTICS_TRANSMISSION: Final = SignalCode("diagnostics-transmission", bodies.Health)
"""Transmission health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_WASHERFLUID: Final = SignalCode("diagnostics-washerfluid", bodies.Health)
"""Washer fluid state. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_WATERINFUEL: Final = SignalCode("diagnostics-waterinfuel", bodies.Health)
"""Water-in-fuel warning state. Body: status (string), description (string or null). Permission: read_diagnostics."""
HVAC_CABINTARGETTEMPERATURE: Final = SignalCode("hvac-cabintargettemperature", float)
"""Cabin temperature set point. Unit: celsius. Body: value (number), unit (string). Permission: read_climate."""
HVAC_ISCABINHVACACTIVE: Final = SignalCode("hvac-iscabinhvacactive", bool)
"""True when cabin heating or cooling runs. Body: value (boolean). Permission: read_climate."""
HVAC_ISFRONTDEFROSTERACTIVE: Final = SignalCode("hvac-isfrontdefrosteractive", bool)
"""True when the windshield defroster runs. Body: value (boolean). Permission: read_climate."""
HVAC_ISREARDEFROSTERACTIVE: Final = SignalCode("hvac-isreardefrosteractive", bool)
"""True when the rear defroster runs. Body: value (boolean). Permission: read_climate."""
HVAC_ISSTEERINGHEATERACTIVE: Final = SignalCode("hvac-issteeringheateractive", bool)
"""True when the steering wheel heater runs. Body: value (boolean). Permission: read_climate."""
INTERNALCOMBUSTIONENGINE_AMOUNTREMAINING: Final = SignalCode("internalcombustionengine-amountremaining", float)
"""Volume of fuel left. Unit: liters. Body: value (number), unit (string). Permission: read_fuel."""
INTERNALCOMBUSTIONENGINE_FUELLEVEL: Final = SignalCode("internalcombustionengine-fuellevel", float)
"""Fuel left as a share of the tank. Unit: percent. Body: value (number), unit (string). Permission: read_fuel."""
INTERNALCOMBUSTIONENGINE_OILLIFE: Final = SignalCode("internalcombustionengine-oillife", float)
"""Engine oil life left. Unit: percent. Body: value (number), unit (string). Permission: read_engine_oil."""
INTERNALCOMBUSTIONENGINE_RANGE: Final = SignalCode("internalcombustionengine-range", float)
"""Distance left on the fuel aboard. Unit: km. Body: value (number), unit (string). Permission: read_fuel."""
LOCATION_ISATHOME: Final = SignalCode("location-isathome", bool)
"""True when at the home place set in the OEM app. Body: value (boolean). Permission: read_location."""
LOCATION_PRECISELOCATION: Final = SignalCode("location-preciselocation", bodies.PreciseLocation)
"""Position, heading and whether it is live or the last parked spot. Body: latitude (number), longitude (number),
heading (number), direction (string), locationType (string). Permission: read_location."""
LOWVOLTAGEBATTERY_STATEOFCHARGE: Final = SignalCode("lowvoltagebattery-stateofcharge", float)
"""Charge of the 12 V battery. Unit: percent. Body: value (number), unit (string). Permission: read_battery."""
LOWVOLTAGEBATTERY_STATUS: Final = SignalCode("lowvoltagebattery-status", str)
"""Health word for the 12 V battery. Body: value (string). Permission: read_battery."""
MOTION_CURRENTSPEED: Final = SignalCode("motion-currentspeed", float)
"""Road speed, 0 when not driving. Unit: kph. Body: value (number), unit (string). Permission: read_speedometer."""
ODOMETER_TRAVELEDDISTANCE: Final = SignalCode("odometer-traveleddistance", float)
"""Lifetime distance driven. Unit: km. Body: value (number), unit (string). Permission: read_odometer."""
SERVICE_ISINSERVICE: Final = SignalCode("service-isinservice", bool)
"""True while the vehicle is at a workshop. Body: value (boolean). Permission: read_service_history."""
SERVICE_RECORDS: Final = SignalCode("service-records", tuple[bodies.WorkshopVisit, ...])
"""Service history entries. Body: values (list of objects: id, time, odometer, cost, tasks, details). Permission:
read_service_history."""
SURVEILLANCE_BRAND: Final = SignalCode("surveillance-brand", str)
"""Marketing name of the surveillance feature. Body: value (string). Permission: read_extended_vehicle_info."""
SURVEILLANCE_ISENABLED: Final = SignalCode("surveillance-isenabled", bool)
"""True when the surveillance feature is on. Body: value (boolean). Permission: read_extended_vehicle_info."""
TRACTIONBATTERY_ISHEATERACTIVE: Final = SignalCode("tractionbattery-isheateractive", bool)
"""True when the battery heater runs. Body: value (boolean). Permission: read_battery."""
TRACTIONBATTERY_MAXRANGECHARGECOUNTER: Final = SignalCode("tractionbattery-maxrangechargecounter", int)
"""How often the battery was charged to its full range setting. Body: value (integer), unit (string). Permission:
read_battery."""
TRACTIONBATTERY_NOMINALCAPACITY: Final = SignalCode("tractionbattery-nominalcapacity", bodies.RatedCapacity)
"""Rated gross battery size and the sizes offered for this model. Unit: kWh. Body: source (string), capacity (number),
availableCapacities (list of objects: capacity, description), unit (string). Permission: read_battery."""
TRACTIONBATTERY_RANGE: Final = SignalCode("tractionbattery-range", float)
"""Best real-world estimate of the distance left on the battery. Unit: km. Body: value (number), unit (string), type
(string), additionalValues (list of objects: type, value). Permission: read_battery."""
TRACTIONBATTERY_STATEOFCHARGE: Final = SignalCode("tractionbattery-stateofcharge", float)
"""Charge of the traction battery. Unit: percent. Body: value (number), unit (string). Permission: read_battery."""
TRANSMISSION_DRIVEMODE: Final = SignalCode("transmission-drivemode", bodies.DriveMode)
"""Selected drive mode, standard word plus the OEM's own label. Body: canonical (string), oemDisplayName (string).
Permission: read_extended_vehicle_info."""
TRANSMISSION_GEARSTATE: Final = SignalCode("transmission-gearstate", str)
"""Selected gear. Body: value (string). Permission: read_extended_vehicle_info."""
VEHICLEIDENTIFICATION_EXTERIORCOLOR: Final = SignalCode("vehicleidentification-exteriorcolor", str)
"""Factory paint colour. Body: value (string). Permission: read_extended_vehicle_info."""
VEHICLEIDENTIFICATION_NICKNAME: Final = SignalCode("vehicleidentification-nickname", str)
"""Name given by the owner. Body: value (string). Permission: read_vehicle_info."""
VEHICLEIDENTIFICATION_PACKAGES: Final = SignalCode("vehicleidentification-packages", tuple[str, ...])
"""Optional equipment packages. Body: values (array<string>). Permission: read_vehicle_info."""
VEHICLEIDENTIFICATION_TRIM: Final = SignalCode("vehicleidentification-trim", str)
"""Trim level. Body: value (string). Permission: read_vehicle_info."""
VEHICLEIDENTIFICATION_VIN: Final = SignalCode("vehicleidentification-vin", str)
"""17-character vehicle identification number. Body: value (string). Permission: read_vin."""
VEHICLEUSERACCOUNT_PERMISSIONS: Final = SignalCode("vehicleuseraccount-permissions", tuple[str, ...])
"""Rights the OEM account gave, in the OEM's words. Body: values (array<string>). Permission: read_user_profile."""
VEHICLEUSERACCOUNT_ROLE: Final = SignalCode("vehicleuseraccount-role", str)
"""Account role towards the vehicle, in the OEM's words. Body: value (string). Permission: read_user_profile."""
WHEEL_STYLE: Final = SignalCode("wheel-style", str)
"""Wheel style. Body: value (string). Permission: read_extended_vehicle_info."""
WHEEL_TIRES: Final = SignalCode("wheel-tires", bodies.Tires)
"""Pressure of each tire on a row/column grid. Unit: bar. Body: values (list of objects: row, column, tirePressure),
rowCount (number), columnCount (number), unit (string). Permission: read_tires."""

CODES: Final[Mapping[str, SignalCode[Any]]] = MappingProxyType(
    {str(each): each for each in tuple(globals().values()) if isinstance(each, SignalCode)}
)
