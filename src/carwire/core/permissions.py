"""The permissions an owner can grant: 22 that read and 6 that control. The names are part of every wire version.

Source: the platform's permission list as of autumn 2026; which call each opens is the business of a wire version.
"""

from __future__ import annotations

from typing import Final

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.kit.redaction import redact_text

READ: Final = (
    "read_alerts",
    "read_battery",
    "read_charge",
    "read_charge_events",
    "read_charge_locations",
    "read_charge_records",
    "read_climate",
    "read_compass",
    "read_diagnostics",
    "read_engine_oil",
    "read_extended_vehicle_info",
    "read_fuel",
    "read_location",
    "read_odometer",
    "read_security",
    "read_service_history",
    "read_speedometer",
    "read_thermometer",
    "read_tires",
    "read_user_profile",
    "read_vehicle_info",
    "read_vin",
)
CONTROL: Final = (
    "control_charge",
    "control_climate",
    "control_navigation",
    "control_pin",
    "control_security",
    "control_trunk",
)
PERMISSIONS: Final = frozenset((*READ, *CONTROL))

STATIC: Final = ("read_vehicle_info", "read_vin")  # answered without asking the car
NEEDS_PLUG: Final = frozenset(
    {
        "read_battery",
        "read_charge",
        "read_charge_events",
        "read_charge_locations",
        "read_charge_records",
        "control_charge",
    }
)
NEEDS_COMBUSTION: Final = frozenset({"read_fuel", "read_engine_oil"})
_REQUIRED: Final = "required:"


def parse_scope(text: str) -> tuple[str, ...]:
    """Read a space-separated list of permissions: each once, in the order given, without its ``required:`` prefix.

    Raises `InvalidInput` on the field ``scope`` for an empty list and for names that are no permission.

    >>> parse_scope("read_odometer required:read_vin read_odometer")
    ('read_odometer', 'read_vin')
    """
    names = tuple(dict.fromkeys(word.removeprefix(_REQUIRED) for word in text.split(" ") if word))
    unknown = [name for name in names if name not in PERMISSIONS]
    if unknown:
        listed = ", ".join(ascii(redact_text(name, 60)) for name in unknown[:5])
        raise InvalidInput(FieldProblem("scope", f"Not a permission: {listed}"))
    if not names:
        raise InvalidInput(FieldProblem("scope", "Give at least one permission; several are separated by spaces"))
    return names
