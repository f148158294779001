"""What Schemathesis is told beyond the API document. Loaded by the process that `test_schemathesis` starts."""

from __future__ import annotations

from typing import Any

import schemathesis

from carwire.core._iso3166 import COUNTRIES
from carwire.core.compatibility.simulated import LEVELS
from carwire.core.permissions import PERMISSIONS

_NAMES = "|".join(sorted(PERMISSIONS))
_SCOPE = f"^(required:)?({_NAMES})( (required:)?({_NAMES}))*$"
_COUNTRY = f"^({'|'.join(sorted({*COUNTRIES, *map(str.lower, COUNTRIES)}))})$"
_ABSENT = "", "undefined"
_NULL = "null"


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
        elif parameter["name"] == "test_mode_compatibility_level":
            schema["enum"] = list(LEVELS)
    many = schemas["CompatibilityList"]["properties"]
    many["country"]["pattern"] = _COUNTRY
    for option in many["scope"]["anyOf"]:
        if option["type"] == "string":
            option["pattern"] = _SCOPE


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    """Leave out what the document calls wrong and the wire allows on purpose."""
    query = case.query or {}
    values = [each for value in query.values() for each in (value if isinstance(value, list) else [value])]
    if any(value in _ABSENT for value in values):
        return False  # SDKs send absent parameters so: they count as left out
    if _NULL in values:
        return False  # counts as left out as well: reported, see test_bad_input
    mode, level = query.get("mode"), query.get("test_mode_compatibility_level")
    if "vin" in query and ((mode in ("test", "simulated") and not level) or (mode == "live" and level)):
        return False  # refused, though each value is good: the one needs the other, which OpenAPI cannot say
    return not (level in LEVELS and len(str(query.get("vin"))) == 17)  # any 17 characters do
