"""Names of components that generators of clients can use: letters and digits, and none that tells how it was made.

A struct is called as it is. One of a generic kind is called after what it holds, and two structs of one name after the
modules they are in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

_REFERENCE: Final = "#/components/schemas/"
_GENERIC: Final = re.compile(r"(?P<kind>[A-Z]\w*?)_(?P<of>\w.*)_")
# Generic struct → what one of it is called.
_KINDS: Final = {
    "Single": "Single{}",
    "Listed": "{}List",
    "Body": "{}Request",
    "Given": "{}Data",
    "Field": "{}Field",
}
_OF_FIELDS: Final = {"str": "Text", "int": "Integer", "float": "Number", "typing": "Powertrain"}


def name_of(component: str) -> str:
    """Return what a component is called.

    >>> name_of("Single_VehicleResource_"), name_of("Listed_WebhookResource_"), name_of("Body_SetLimit_")
    ('SingleVehicle', 'WebhookList', 'SetLimitRequest')
    >>> name_of("carwire.core.vin.structure.Problem")
    'StructureProblem'
    """
    generic = _GENERIC.fullmatch(component)
    if generic:
        of = generic["of"].partition(".")[0]
        return _KINDS[generic["kind"]].format(_OF_FIELDS.get(of, of.removesuffix("Resource")))
    *_, module, name = ("", *component.split("."))
    return module.capitalize() + name


def renamed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with its components under the names generators can use."""
    components: dict[str, Any] = document["components"]["schemas"]
    names = _names(components)
    schemas = {names[name]: {**schema, "title": names[name]} for name, schema in components.items()}
    given = {**document, "components": {**document["components"], "schemas": schemas}}
    written: dict[str, Any] = _referring(given, names)
    return written


def _names(components: Iterable[str]) -> dict[str, str]:
    names = {component: name_of(component) for component in components}
    assert len(set(names.values())) == len(names), "two components of one name"
    return names


def _referring(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str) and value.startswith(_REFERENCE):  # a reference, or what a discriminator leads to
        return _REFERENCE + names[value.removeprefix(_REFERENCE)]
    if isinstance(value, list | tuple):
        return [_referring(each, names) for each in value]
    return {key: _referring(each, names) for key, each in value.items()} if isinstance(value, dict) else value
