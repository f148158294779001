"""The published signals of API v3: their codes, to be asked for. Written by ``make docs`` from the server's catalogue.

Beneath each code stands what it says, its unit where it has one (metric; Carwire converts to imperial when asked to),
the members of its body, and the permission the owner has to grant.

>>> ODOMETER_TRAVELEDDISTANCE in CODES
True
"""

from __future__ import annotations

from typing import Final, Literal, get_args

SignalCode = Literal[
    "charge-amperage",
    "charge-amperagemax",
    "charge-amperagerequested",
    "charge-chargelimits",
    "charge-chargeportstatuscolor",
    "charge-chargerate",
    "charge-chargerecords",
    "charge-chargerphases",
    "charge-chargetimers",
    "charge-chargingconnectortype",
    "charge-detailedchargingstatus",
    "charge-energyadded",
    "charge-fastchargertype",
    "charge-ischarging",
    "charge-ischargingcableconnected",
    "charge-ischargingcablelatched",
    "charge-ischargingportflapopen",
    "charge-isfastchargerpresent",
    "charge-timetocomplete",
    "charge-voltage",
    "charge-wattage",
    "climate-externaltemperature",
    "climate-internaltemperature",
    "closure-doors",
    "closure-enginecover",
    "closure-fronttrunk",
    "closure-islocked",
    "closure-reartrunk",
    "closure-sunroof",
    "closure-tailgate",
    "closure-windows",
    "connectivitysoftware-currentfirmwareversion",
    "connectivitystatus-isasleep",
    "connectivitystatus-isdigitalkeypaired",
    "connectivitystatus-isonline",
    "diagnostics-abs",
    "diagnostics-activesafety",
    "diagnostics-airbag",
    "diagnostics-brakefluid",
    "diagnostics-driverassistance",
    "diagnostics-dtccount",
    "diagnostics-dtclist",
    "diagnostics-emissions",
    "diagnostics-evbatteryconditioning",
    "diagnostics-evcharging",
    "diagnostics-evdriveunit",
    "diagnostics-evhvbattery",
    "diagnostics-lighting",
    "diagnostics-mil",
    "diagnostics-oillife",
    "diagnostics-oilpressure",
    "diagnostics-oiltemperature",
    "diagnostics-telematics",
    "diagnostics-tirepressure",
    "diagnostics-tirepressuremonitoring",
    "diagnostics-transmission",
    "diagnostics-washerfluid",
    "diagnostics-waterinfuel",
    "hvac-cabintargettemperature",
    "hvac-iscabinhvacactive",
    "hvac-isfrontdefrosteractive",
    "hvac-isreardefrosteractive",
    "hvac-issteeringheateractive",
    "internalcombustionengine-amountremaining",
    "internalcombustionengine-fuellevel",
    "internalcombustionengine-oillife",
    "internalcombustionengine-range",
    "location-isathome",
    "location-preciselocation",
    "lowvoltagebattery-stateofcharge",
    "lowvoltagebattery-status",
    "motion-currentspeed",
    "odometer-traveleddistance",
    "service-isinservice",
    "service-records",
    "surveillance-brand",
    "surveillance-isenabled",
    "tractionbattery-isheateractive",
    "tractionbattery-maxrangechargecounter",
    "tractionbattery-nominalcapacity",
    "tractionbattery-range",
    "tractionbattery-stateofcharge",
    "transmission-drivemode",
    "transmission-gearstate",
    "vehicleidentification-exteriorcolor",
    "vehicleidentification-nickname",
    "vehicleidentification-packages",
    "vehicleidentification-trim",
    "vehicleidentification-vin",
    "vehicleuseraccount-permissions",
    "vehicleuseraccount-role",
    "wheel-style",
    "wheel-tires",
]
CODES: Final[tuple[SignalCode, ...]] = get_args(SignalCode)

CHARGE_AMPERAGE: Final = "charge-amperage"
"""Current drawn by the vehicle in the running charge session. Unit: ampere. Body: value (number), unit (string).
Permission: read_charge."""
CHARGE_AMPERAGEMAX: Final = "charge-amperagemax"
"""Highest current the vehicle could draw from the present supply. Unit: ampere. Body: value (number), unit (string).
Permission: read_charge."""
CHARGE_AMPERAGEREQUESTED: Final = "charge-amperagerequested"
"""Current the vehicle has asked the supply for. Unit: ampere. Body: value (number), unit (string). Permission:
read_charge."""
CHARGE_CHARGELIMITS: Final = "charge-chargelimits"
"""Configured state-of-charge ceilings (global, per place, per connector) and the one in force. Unit: percent. Body:
values (list of objects: type, limit, condition), activeLimit (number or null), unit (string). Permission:
read_charge."""
CHARGE_CHARGEPORTSTATUSCOLOR: Final = "charge-chargeportstatuscolor"
"""Colour of the indicator light at the charge port. Body: value (string). Permission: read_charge."""
CHARGE_CHARGERATE: Final = "charge-chargerate"
"""Speed at which driving range is being gained while charging. Unit: km/h. Body: value (number), unit (string).
Permission: read_charge."""
CHARGE_CHARGERECORDS: Final = "charge-chargerecords"
"""History of charge sessions kept for the vehicle. Body: values (list of objects: id, startTime, endTime, energyAdded,
startStateOfCharge, endStateOfCharge, isPublicCharger, connectorType, cost, location). Permission:
read_charge_records."""
CHARGE_CHARGERPHASES: Final = "charge-chargerphases"
"""Number of AC phases the connected charger offers. Body: value (integer). Permission: read_charge."""
CHARGE_CHARGETIMERS: Final = "charge-chargetimers"
"""Charge windows and departure timers configured on the vehicle. Body: values (list of objects: type, condition,
schedules, departureTimers, isOEMOptimizationEnabled, scheduleType, scheduleId). Permission: read_charge."""
CHARGE_CHARGINGCONNECTORTYPE: Final = "charge-chargingconnectortype"
"""Inlet type fitted to the vehicle. Body: value (string). Permission: read_charge."""
CHARGE_DETAILEDCHARGINGSTATUS: Final = "charge-detailedchargingstatus"
"""Charging state as a word. Body: value (string). Permission: read_charge."""
CHARGE_ENERGYADDED: Final = "charge-energyadded"
"""Energy delivered in the current or last session. Unit: kWh. Body: value (number), unit (string). Permission:
read_charge."""
CHARGE_FASTCHARGERTYPE: Final = "charge-fastchargertype"
"""DC fast-charge standard in use. Body: value (string). Permission: read_charge."""
CHARGE_ISCHARGING: Final = "charge-ischarging"
"""True while power flows into the vehicle. Body: value (boolean). Permission: read_charge."""
CHARGE_ISCHARGINGCABLECONNECTED: Final = "charge-ischargingcableconnected"
"""True when a cable is in the charge port. Body: value (boolean). Permission: read_charge."""
CHARGE_ISCHARGINGCABLELATCHED: Final = "charge-ischargingcablelatched"
"""True when the cable is locked in the port. Body: value (boolean). Permission: read_charge."""
CHARGE_ISCHARGINGPORTFLAPOPEN: Final = "charge-ischargingportflapopen"
"""True when the charge port door is open. Body: value (boolean). Permission: read_charge."""
CHARGE_ISFASTCHARGERPRESENT: Final = "charge-isfastchargerpresent"
"""True when connected to a DC fast charger. Body: value (boolean). Permission: read_charge."""
CHARGE_TIMETOCOMPLETE: Final = "charge-timetocomplete"
"""Minutes left until the active limit is reached. Body: value (number), unit (string). Permission: read_charge."""
CHARGE_VOLTAGE: Final = "charge-voltage"
"""Voltage supplied during charging. Unit: volts. Body: value (number), unit (string). Permission: read_charge."""
CHARGE_WATTAGE: Final = "charge-wattage"
"""Power supplied during charging. Unit: watts. Body: value (number), unit (string). Permission: read_charge."""
CLIMATE_EXTERNALTEMPERATURE: Final = "climate-externaltemperature"
"""Outside air temperature. Unit: celsius. Body: value (number), unit (string). Permission: read_thermometer."""
CLIMATE_INTERNALTEMPERATURE: Final = "climate-internaltemperature"
"""Cabin air temperature. Unit: celsius. Body: value (number), unit (string). Permission: read_thermometer."""
CLOSURE_DOORS: Final = "closure-doors"
"""Open and lock state of each door on a row/column grid. Body: values (list of objects: row, column, isOpen,
isLocked), rowCount (number), columnCount (number). Permission: read_security."""
CLOSURE_ENGINECOVER: Final = "closure-enginecover"
"""Hood state. Body: isOpen (boolean or null). Permission: read_security."""
CLOSURE_FRONTTRUNK: Final = "closure-fronttrunk"
"""Front trunk state. Body: isOpen (boolean or null), isLocked (boolean or null). Permission: read_security."""
CLOSURE_ISLOCKED: Final = "closure-islocked"
"""Whole-vehicle lock state. Body: value (boolean). Permission: read_security."""
CLOSURE_REARTRUNK: Final = "closure-reartrunk"
"""Rear trunk state. Body: isOpen (boolean or null), isLocked (boolean or null). Permission: read_security."""
CLOSURE_SUNROOF: Final = "closure-sunroof"
"""Sunroof state. Body: isOpen (boolean or null). Permission: read_security."""
CLOSURE_TAILGATE: Final = "closure-tailgate"
"""Tailgate state. Body: isOpen (boolean or null), isLocked (boolean or null). Permission: read_security."""
CLOSURE_WINDOWS: Final = "closure-windows"
"""Open state of each window on a row/column grid. Body: values (list of objects: row, column, isOpen), rowCount
(number), columnCount (number). Permission: read_security."""
CONNECTIVITYSOFTWARE_CURRENTFIRMWAREVERSION: Final = "connectivitysoftware-currentfirmwareversion"
"""Firmware version of the telematics unit. Body: value (string). Permission: read_extended_vehicle_info."""
CONNECTIVITYSTATUS_ISASLEEP: Final = "connectivitystatus-isasleep"
"""True when the vehicle is in its low-power state. Body: value (boolean). Permission: read_vehicle_info."""
CONNECTIVITYSTATUS_ISDIGITALKEYPAIRED: Final = "connectivitystatus-isdigitalkeypaired"
"""True when a digital key is paired. Body: value (boolean). Permission: read_vehicle_info."""
CONNECTIVITYSTATUS_ISONLINE: Final = "connectivitystatus-isonline"
"""True when the vehicle is reachable. Body: value (boolean). Permission: read_vehicle_info."""
DIAGNOSTICS_ABS: Final = "diagnostics-abs"
"""Anti-lock brake system health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_ACTIVESAFETY: Final = "diagnostics-activesafety"
"""Collision-avoidance system health. Body: status (string), description (string or null). Permission:
read_diagnostics."""
DIAGNOSTICS_AIRBAG: Final = "diagnostics-airbag"
"""Airbag system health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_BRAKEFLUID: Final = "diagnostics-brakefluid"
"""Brake fluid state. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_DRIVERASSISTANCE: Final = "diagnostics-driverassistance"
"""Driver-assist system health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_DTCCOUNT: Final = "diagnostics-dtccount"
"""Number of active trouble codes. Unit: count. Body: value (integer), unit (string). Permission: read_diagnostics."""
DIAGNOSTICS_DTCLIST: Final = "diagnostics-dtclist"
"""Active trouble codes. Body: values (list of objects: code, timestamp). Permission: read_diagnostics."""
DIAGNOSTICS_EMISSIONS: Final = "diagnostics-emissions"
"""Exhaust and emissions system health. Body: status (string), description (string or null). Permission:
read_diagnostics."""
DIAGNOSTICS_EVBATTERYCONDITIONING: Final = "diagnostics-evbatteryconditioning"
"""High-voltage battery thermal management health. Body: status (string), description (string or null). Permission:
read_diagnostics."""
DIAGNOSTICS_EVCHARGING: Final = "diagnostics-evcharging"
"""Charging system health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_EVDRIVEUNIT: Final = "diagnostics-evdriveunit"
"""Electric drive unit health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_EVHVBATTERY: Final = "diagnostics-evhvbattery"
"""High-voltage battery health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_LIGHTING: Final = "diagnostics-lighting"
"""Lighting health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_MIL: Final = "diagnostics-mil"
"""Malfunction indicator lamp state. Body: status (string), description (string or null). Permission:
read_diagnostics."""
DIAGNOSTICS_OILLIFE: Final = "diagnostics-oillife"
"""Engine oil condition state. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_OILPRESSURE: Final = "diagnostics-oilpressure"
"""Engine oil pressure state. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_OILTEMPERATURE: Final = "diagnostics-oiltemperature"
"""Engine oil temperature state. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_TELEMATICS: Final = "diagnostics-telematics"
"""Connectivity unit health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_TIREPRESSURE: Final = "diagnostics-tirepressure"
"""Tire pressure state. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_TIREPRESSUREMONITORING: Final = "diagnostics-tirepressuremonitoring"
"""Tire pressure monitoring system health. Body: status (string), description (string or null). Permission:
read_diagnostics."""
DIAGNOSTICS_TRANSMISSION: Final = "diagnostics-transmission"
"""Transmission health. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_WASHERFLUID: Final = "diagnostics-washerfluid"
"""Washer fluid state. Body: status (string), description (string or null). Permission: read_diagnostics."""
DIAGNOSTICS_WATERINFUEL: Final = "diagnostics-waterinfuel"
"""Water-in-fuel warning state. Body: status (string), description (string or null). Permission: read_diagnostics."""
HVAC_CABINTARGETTEMPERATURE: Final = "hvac-cabintargettemperature"
"""Cabin temperature set point. Unit: celsius. Body: value (number), unit (string). Permission: read_climate."""
HVAC_ISCABINHVACACTIVE: Final = "hvac-iscabinhvacactive"
"""True when cabin heating or cooling runs. Body: value (boolean). Permission: read_climate."""
HVAC_ISFRONTDEFROSTERACTIVE: Final = "hvac-isfrontdefrosteractive"
"""True when the windshield defroster runs. Body: value (boolean). Permission: read_climate."""
HVAC_ISREARDEFROSTERACTIVE: Final = "hvac-isreardefrosteractive"
"""True when the rear defroster runs. Body: value (boolean). Permission: read_climate."""
HVAC_ISSTEERINGHEATERACTIVE: Final = "hvac-issteeringheateractive"
"""True when the steering wheel heater runs. Body: value (boolean). Permission: read_climate."""
INTERNALCOMBUSTIONENGINE_AMOUNTREMAINING: Final = "internalcombustionengine-amountremaining"
"""Volume of fuel left. Unit: liters. Body: value (number), unit (string). Permission: read_fuel."""
INTERNALCOMBUSTIONENGINE_FUELLEVEL: Final = "internalcombustionengine-fuellevel"
"""Fuel left as a share of the tank. Unit: percent. Body: value (number), unit (string). Permission: read_fuel."""
INTERNALCOMBUSTIONENGINE_OILLIFE: Final = "internalcombustionengine-oillife"
"""Engine oil life left. Unit: percent. Body: value (number), unit (string). Permission: read_engine_oil."""
INTERNALCOMBUSTIONENGINE_RANGE: Final = "internalcombustionengine-range"
"""Distance left on the fuel aboard. Unit: km. Body: value (number), unit (string). Permission: read_fuel."""
LOCATION_ISATHOME: Final = "location-isathome"
"""True when at the home place set in the OEM app. Body: value (boolean). Permission: read_location."""
LOCATION_PRECISELOCATION: Final = "location-preciselocation"
"""Position, heading and whether it is live or the last parked spot. Body: latitude (number), longitude (number),
heading (number), direction (string), locationType (string). Permission: read_location."""
LOWVOLTAGEBATTERY_STATEOFCHARGE: Final = "lowvoltagebattery-stateofcharge"
"""Charge of the 12 V battery. Unit: percent. Body: value (number), unit (string). Permission: read_battery."""
LOWVOLTAGEBATTERY_STATUS: Final = "lowvoltagebattery-status"
"""Health word for the 12 V battery. Body: value (string). Permission: read_battery."""
MOTION_CURRENTSPEED: Final = "motion-currentspeed"
"""Road speed, 0 when not driving. Unit: kph. Body: value (number), unit (string). Permission: read_speedometer."""
ODOMETER_TRAVELEDDISTANCE: Final = "odometer-traveleddistance"
"""Lifetime distance driven. Unit: km. Body: value (number), unit (string). Permission: read_odometer."""
SERVICE_ISINSERVICE: Final = "service-isinservice"
"""True while the vehicle is at a workshop. Body: value (boolean). Permission: read_service_history."""
SERVICE_RECORDS: Final = "service-records"
"""Service history entries. Body: values (list of objects: id, time, odometer, cost, tasks, details). Permission:
read_service_history."""
SURVEILLANCE_BRAND: Final = "surveillance-brand"
"""Marketing name of the surveillance feature. Body: value (string). Permission: read_extended_vehicle_info."""
SURVEILLANCE_ISENABLED: Final = "surveillance-isenabled"
"""True when the surveillance feature is on. Body: value (boolean). Permission: read_extended_vehicle_info."""
TRACTIONBATTERY_ISHEATERACTIVE: Final = "tractionbattery-isheateractive"
"""True when the battery heater runs. Body: value (boolean). Permission: read_battery."""
TRACTIONBATTERY_MAXRANGECHARGECOUNTER: Final = "tractionbattery-maxrangechargecounter"
"""How often the battery was charged to its full range setting. Body: value (integer), unit (string). Permission:
read_battery."""
TRACTIONBATTERY_NOMINALCAPACITY: Final = "tractionbattery-nominalcapacity"
"""Rated gross battery size and the sizes offered for this model. Unit: kWh. Body: source (string), capacity (number),
availableCapacities (list of objects: capacity, description), unit (string). Permission: read_battery."""
TRACTIONBATTERY_RANGE: Final = "tractionbattery-range"
"""Best real-world estimate of the distance left on the battery. Unit: km. Body: value (number), unit (string), type
(string), additionalValues (list of objects: type, value). Permission: read_battery."""
TRACTIONBATTERY_STATEOFCHARGE: Final = "tractionbattery-stateofcharge"
"""Charge of the traction battery. Unit: percent. Body: value (number), unit (string). Permission: read_battery."""
TRANSMISSION_DRIVEMODE: Final = "transmission-drivemode"
"""Selected drive mode, standard word plus the OEM's own label. Body: canonical (string), oemDisplayName (string).
Permission: read_extended_vehicle_info."""
TRANSMISSION_GEARSTATE: Final = "transmission-gearstate"
"""Selected gear. Body: value (string). Permission: read_extended_vehicle_info."""
VEHICLEIDENTIFICATION_EXTERIORCOLOR: Final = "vehicleidentification-exteriorcolor"
"""Factory paint colour. Body: value (string). Permission: read_extended_vehicle_info."""
VEHICLEIDENTIFICATION_NICKNAME: Final = "vehicleidentification-nickname"
"""Name given by the owner. Body: value (string). Permission: read_vehicle_info."""
VEHICLEIDENTIFICATION_PACKAGES: Final = "vehicleidentification-packages"
"""Optional equipment packages. Body: values (array<string>). Permission: read_vehicle_info."""
VEHICLEIDENTIFICATION_TRIM: Final = "vehicleidentification-trim"
"""Trim level. Body: value (string). Permission: read_vehicle_info."""
VEHICLEIDENTIFICATION_VIN: Final = "vehicleidentification-vin"
"""17-character vehicle identification number. Body: value (string). Permission: read_vin."""
VEHICLEUSERACCOUNT_PERMISSIONS: Final = "vehicleuseraccount-permissions"
"""Rights the OEM account gave, in the OEM's words. Body: values (array<string>). Permission: read_user_profile."""
VEHICLEUSERACCOUNT_ROLE: Final = "vehicleuseraccount-role"
"""Account role towards the vehicle, in the OEM's words. Body: value (string). Permission: read_user_profile."""
WHEEL_STYLE: Final = "wheel-style"
"""Wheel style. Body: value (string). Permission: read_extended_vehicle_info."""
WHEEL_TIRES: Final = "wheel-tires"
"""Pressure of each tire on a row/column grid. Unit: bar. Body: values (list of objects: row, column, tirePressure),
rowCount (number), columnCount (number), unit (string). Permission: read_tires."""
