"""The OpenAPI 3.1 document, written from the route table and the structs the handlers read and answer with."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from carwire import __version__
from carwire.http.call import Route
from carwire.wire.v2.errors import ErrorBody

_REF: Final = "#/components/schemas/{name}"
_DESCRIPTION: Final = (
    "The open vehicle API server. `/v2.0` speaks the wire of Smartcar's API v2.0; `/v1` is our own. "
    "Carwire has no contracts with car makers: what it says of a car comes from its VIN and from public sources."
)


def document(routes: Sequence[Route], base_url: str) -> dict[str, Any]:
    """Return the document. Every route of the table is in it, with every parameter, body, answer and error."""
    types = [kind for route in routes for kind in (route.answers, route.body) if kind is not None]
    _, components = msgspec.json.schema_components([*types, ErrorBody], ref_template=_REF)
    components = _readable(components)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Carwire",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "application": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Client id and client secret of an application.",
                }
            },
        },
    }


def _readable(components: dict[str, Any]) -> dict[str, Any]:
    """Give the one field of a list of words a name that generators of clients can use."""
    text = msgspec.json.encode(components).decode()
    for name in components:
        if name.startswith("Field_typing."):
            text = text.replace(name, "Field_Powertrain_")
    renamed: dict[str, Any] = msgspec.json.decode(text)
    return renamed


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": (route.handler.__doc__ or "").strip(),
        "tags": [route.tag],
        "parameters": [_path_parameter(name, schema) for name, schema in route.parameters.items()],
        "responses": _responses(route),
        "security": [{"application": []}] if route.door else [],
    }
    if route.query:
        operation["parameters"] += _query_parameters(route.query)
    if route.body:
        schema = {"$ref": _REF.format(name=route.body.__name__)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _path_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    schema = dict(schema)
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": schema.pop("description", ""),
        "schema": schema,
    }


def _query_parameters(kind: type[msgspec.Struct]) -> list[dict[str, Any]]:
    (_,), components = msgspec.json.schema_components([kind], ref_template=_REF)
    schema = components[kind.__name__]
    found = []
    for name, given in schema["properties"].items():
        shape = copy.deepcopy(given)
        default = shape.pop("default", None)
        options = [option for option in shape.pop("anyOf", []) if option != {"type": "null"}]
        if options:
            shape = options[0]
        elif "enum" in shape:
            shape["enum"] = [value for value in shape["enum"] if value is not None]
        if default is not None:
            shape["default"] = default
        description = shape.pop("description", given.get("description", ""))
        found.append(
            {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", []),
                "description": description,
                "schema": shape,
            }
        )
    return found


def _responses(route: Route) -> dict[str, Any]:
    request_id = {
        "sc-request-id": {
            "description": "Identifies the request in the log.",
            "schema": {"type": "string", "format": "uuid"},
        }
    }
    if route.answers is None:
        content = {"text/html" if route.tag == "pages" else "text/plain": {"schema": {"type": "string"}}}
    else:
        (schema,), _ = msgspec.json.schema_components([route.answers], ref_template=_REF)
        content = {"application/json": {"schema": schema}}
    responses: dict[str, Any] = {"200": {"description": "The answer.", "headers": request_id, "content": content}}
    error = {"application/json": {"schema": {"$ref": _REF.format(name="ErrorBody")}}}
    wanted = {"400": "The request cannot be used; `detail` names the fields."} if _can_refuse(route) else {}
    if route.door:
        wanted["401"] = "No known credentials."
    if route.parameters:
        wanted["404"] = "There is nothing at this path."
    if route.body:
        wanted["413"] = "The body is too large."
    for status, description in wanted.items():
        responses[status] = {"description": description, "headers": request_id, "content": error}
    return responses


def _can_refuse(route: Route) -> bool:
    return bool(route.query or route.body or route.parameters)
