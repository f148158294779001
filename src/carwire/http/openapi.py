"""The OpenAPI 3.1 document, written from the route table and the structs the handlers read and answer with."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from carwire import __version__
from carwire.core.permissions import PERMISSIONS
from carwire.http import openapi_rules as rules
from carwire.http.call import NHTSA, ONE_MAKE, Route
from carwire.http.oauth.handlers import OAuthError
from carwire.http.openapi_links import links_of
from carwire.http.openapi_names import renamed
from carwire.http.v1.events import PLACE
from carwire.http.wishes import LONGEST_S
from carwire.kit.sse import MEDIA_TYPE
from carwire.wire.lookup.bodies import RefusalBody
from carwire.wire.nhtsa.answers import Refusal
from carwire.wire.v2.errors import ErrorBody
from carwire.wire.v2.static import STATIC_ENDPOINTS
from carwire.wire.v3.errors import ErrorsBody, PreviewErrorsBody

Schemas = Mapping[Any, dict[str, Any]]  # type → its schema, or the reference to it
_REF: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_DESCRIPTION: Final = (
    "The open vehicle API server. `/v2.0` and `/v3` speak the wires of Smartcar's API; `/v1` is our own, "
    "`/api/vehicles` NHTSA's. "
    "Carwire has no contracts with car makers: cars that can be connected are simulated ones so far, and what it says "
    "of compatibility comes from the VIN and from public sources."
)


_SCHEMES: Final[dict[str, dict[str, Any]]] = {
    "application": {"type": "http", "scheme": "basic", "description": "Client id and client secret of an application."},
    "management": {
        "type": "http",
        "scheme": "basic",
        "description": "`default` and an application's management token.",
    },
    "manager": {"type": "http", "scheme": "bearer", "description": "An application's management token."},
    "local": {"type": "http", "scheme": "bearer", "description": "The key in the server's own data folder."},
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token that an owner's approval led to: see `owner`. The roles named are permissions.",
    },
    "machine": {"type": "http", "scheme": "bearer", "description": "A token of the application itself: see `client`."},
    "api_key": {"type": "apiKey", "in": "header", "name": "ApiKey", "description": "A key of the lookup API."},
    "api_token": {"type": "http", "scheme": "bearer", "description": "A token that stands for such a key."},
    "machine_secret": {"type": "http", "scheme": "basic", "description": "A `client_…` id and one of its secrets."},
}
# Door → the schemes that open it.
_SECURITY: Final[dict[str | None, tuple[str, ...]]] = {
    None: (),
    "application": ("application",),
    "application_or_local": ("application",),
    "local": ("local",),
    "management": ("management", "manager"),
    "manager_or_application": ("application", "management", "manager"),
    "token": ("token",),
    "vehicle": ("token",),
    "vehicle_or_management": ("token", "management", "manager"),
    "application_token": ("machine",),
    "owned_vehicle": ("machine",),
    "readable_vehicle": ("machine", "token"),
    "any_vehicle": ("machine", "token"),
    "lookup": ("api_key", "api_token"),
}
_VEHICLE_DOORS: Final = frozenset({"vehicle", "vehicle_or_management"})
_OF_OWNERS: Final = frozenset({"owned_vehicle", "readable_vehicle"})  # where an application names the owner
_OF_SDKS: Final = frozenset({"readable_vehicle", "any_vehicle"})  # where an owner's token is answered in its own form
_TAGS: Final[dict[str, str]] = {
    "v2.0": "The wire of Smartcar's API v2.0.",
    ONE_MAKE: "Reads and commands that exist for cars of the make in the path; of others they answer 501.",
    "v3": "The wire of Smartcar's API v3, in the form documented now. An owner's token gets the form the SDKs read: a "
    "single resource without `data`, relative links, epoch milliseconds, pages by `page` and `pageSize`.",
    "oauth": "From an owner's approval to tokens. Connect itself, `/oauth/authorize`, is a page and not listed here.",
    "v1": "Our own: what a VIN says, why a car is compatible, why a vehicle does not answer, webhooks, simulated cars.",
    NHTSA: "NHTSA's own API for VINs, in JSON, from the same tables: clients of it change the host. No credentials. "
    "Methods and parameters may be written in any case; there is no XML and no CSV.",
    "lookup": "Which vehicle has this VIN: for holders of a key, see `carwire key create`.",
    "operation": "For supervisors. No credentials.",
}
_VEHICLE: Final = "/v2.0/vehicles/{id}"


def document(routes: Sequence[Route], base_url: str) -> dict[str, Any]:
    """Return the document. Every route of the table is in it, with every parameter, body, answer and error."""
    types = [kind for route in routes for kind in (route.answers, route.body, _for_sdks(route)) if kind is not None]
    types += [ErrorBody, OAuthError, ErrorsBody, PreviewErrorsBody, Refusal, RefusalBody]
    found, components = _schemas(types)  # all at once: two structs of one name are told apart
    schemas = dict(zip(types, found, strict=True))
    rules.apply(components)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, routes, schemas)
    written = {
        "openapi": "3.1.0",
        "info": {
            "title": "Carwire",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "tags": [
            {"name": tag, "description": _TAGS[tag]} for tag in _TAGS if any(route.tag == tag for route in routes)
        ],
        "paths": paths,
        "components": {
            "schemas": {name: _tidy(schema) for name, schema in components.items()},
            "securitySchemes": {**_SCHEMES, "owner": _owner_flow(base_url), "client": _client_flow(base_url)},
        },
    }
    return renamed(written)


def _owner_flow(base_url: str) -> dict[str, Any]:
    """Say where access tokens come from."""
    token = f"{base_url}/oauth/token"
    flow = {"authorizationUrl": f"{base_url}/oauth/authorize", "tokenUrl": token, "refreshUrl": token}
    scopes = {name: name.replace("_", " ") for name in sorted(PERMISSIONS)}
    text = "How an application comes by the bearer token of the scheme `token`."
    return {
        "type": "oauth2",
        "description": text,
        "flows": {"authorizationCode": {**flow, "scopes": scopes}},
    }


def _client_flow(base_url: str) -> dict[str, Any]:
    """Say where tokens of applications themselves come from."""
    return {
        "type": "oauth2",
        "description": "How an application comes by the bearer token of the scheme `machine`.",
        "flows": {"clientCredentials": {"tokenUrl": f"{base_url}/oauth2/token", "scopes": {}}},
    }


def _schemas(types: list[Any]) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    return msgspec.json.schema_components(types, schema_hook=_anything, ref_template=_REF)


def _anything(kind: type) -> dict[str, Any]:
    """Describe `object`, the value of a signal: any JSON."""
    if kind is object:
        return {"description": "Any JSON."}
    raise NotImplementedError


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Take the indentation off a description, which is a docstring, and empty lists that say nothing."""
    if "description" in schema:
        schema["description"] = inspect.cleandoc(schema["description"])
    if schema.get("required") == []:
        del schema["required"]
    return schema


def _operation(route: Route, routes: Sequence[Route], schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": inspect.cleandoc(route.handler.__doc__ or ""),
        "tags": [route.tag],
        "parameters": [_path_parameter(name, schema) for name, schema in route.parameters.items()],
        "responses": _responses(route, schemas),
        "security": _security(route),
    }
    if route.query:
        operation["parameters"] += _query_parameters(route.query)
    operation["parameters"] += _headers_of(route)
    if route.body or route.schema:
        schema = schemas[route.body] if route.body else route.schema or {}
        content = {_FORM if route.form else _JSON: {"schema": schema}}
        if route.name in rules.FORM_OR_JSON:
            content |= _json({**schema, "additionalProperties": True})
        operation["requestBody"] = {"required": True, "content": content}
    links = links_of(route, routes)
    if links:
        operation["responses"][str(route.status)]["links"] = links
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    if _is_oauth(route):  # credentials may be in the form instead
        return [{"machine_secret" if route.name in rules.FORM_OR_JSON else "application": []}, {}]
    permissions = [route.permission] if route.permission else []
    return [{scheme: permissions if scheme == "token" else []} for scheme in _SECURITY[route.door]]


def _is_oauth(route: Route) -> bool:
    """Tell whether the body is a form of OAuth."""
    return route.form and route.tag != NHTSA


def _asks_car(route: Route) -> bool:
    """Tell whether the car, or its maker, may be asked."""
    if route.tag == "v3":
        return route.door in _OF_OWNERS and "-executions" not in route.path
    rest = route.path.removeprefix(_VEHICLE)
    of_car = (rest or "/") not in STATIC_ENDPOINTS and not rest.startswith("/webhooks/")
    return route.door == "vehicle" and route.path.startswith(_VEHICLE) and of_car


def _commands_car(route: Route) -> bool:
    return _asks_car(route) and route.method != "GET" and not route.path.endswith("/batch")


def _headers_of(route: Route) -> list[dict[str, Any]]:
    names: tuple[_Header, ...] = _OWNER_HEADER if route.door in _OF_OWNERS | _OF_SDKS else ()
    if route.tag == "v3":
        if _commands_car(route):
            names = (*names, *_COMMAND_HEADERS)
        elif _asks_car(route):
            names = (*names, *_ANY_HEADERS, _READ_HEADERS[0])
    elif _asks_car(route):
        names = (*_ANY_HEADERS, *(_COMMAND_HEADERS if _commands_car(route) else _READ_HEADERS), *_BRIDGE_HEADERS)
    elif route.tag.startswith("v2.0"):
        names = _BRIDGE_HEADERS
    elif route.streams:
        names = _STREAM_HEADERS
    return [
        {
            "name": name,
            "in": "header",
            "required": name == _OWNER and route.door == "owned_vehicle",
            "description": text,
            "schema": schema,
        }
        for name, text, schema in names
    ]


_WHOLE: Final = {"type": "integer", "minimum": 0, "maximum": LONGEST_S}
_Header = tuple[str, str, dict[str, Any]]
_ANY_HEADERS: Final[tuple[_Header, ...]] = (
    ("sc-unit-system", "Units of the answer.", {"type": "string", "enum": ["metric", "imperial"]}),
)
_BRIDGE_HEADERS: Final[tuple[_Header, ...]] = (
    ("carwire-v3-call", "`1` or `true`: name the call of v3 that replaces this one.", {"type": "string"}),
)
_STREAM_HEADERS: Final[tuple[_Header, ...]] = (
    ("last-event-id", "The `id` after which to go on.", {"type": "string", "pattern": PLACE}),
)
_OWNER: Final = "sc-user-id"
_OWNER_HEADER: Final[tuple[_Header, ...]] = (
    (
        _OWNER,
        "The owner, as Connect told. Signals and commands need it with an application's token.",
        {"type": "string", "format": "uuid"},
    ),
)
_READ_HEADERS: Final[tuple[_Header, ...]] = (
    ("carwire-max-age", "Seconds: what was fetched this long ago need not be asked again.", _WHOLE),
    ("carwire-stale-if-error", "Seconds: how old a kept value may be when the car cannot be asked.", _WHOLE),
)
_COMMAND_HEADERS: Final[tuple[_Header, ...]] = (
    (
        "idempotency-key",
        "A repeated request with the same key is answered as the first; an empty one counts as none.",
        {"type": "string", "maxLength": 255, "pattern": "^[ -~]*$"},
    ),
    (
        "carwire-deadline",
        "Seconds after which the command is not sent any more.",
        {"type": "integer", "minimum": 1, "maximum": 300},
    ),
)


def _path_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    schema = dict(schema)
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": schema.pop("description", ""),
        "schema": schema,
        "example": rules.EXAMPLES[name],
    }


def _query_parameters(kind: type[msgspec.Struct]) -> list[dict[str, Any]]:
    _, components = _schemas([kind])
    schema = components[kind.__name__]
    required = schema.get("required", [])
    return [_query_parameter(name, given, name in required) for name, given in schema["properties"].items()]


def _query_parameter(name: str, given: dict[str, Any], required: bool) -> dict[str, Any]:
    """Describe one parameter. In a query there is no null: what may be null may be left out."""
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
    shape |= rules.QUERY_RULES.get(name, {})
    return {"name": name, "in": "query", "required": required, "description": description, "schema": shape}


_TEXT: Final = {"type": "string"}
_MOMENT: Final = {"type": "string", "format": "date-time"}
_REQUEST_ID: Final = {
    "sc-request-id": {
        "description": "Identifies the request in the log.",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    }
}
_OF_V2: Final[dict[str, Any]] = {
    "carwire-v3-call": {
        "description": "Where it is asked for, or the server always tells it: the call of v3 that replaces this one, "
        "several joined with ` or `, `none` where v3 has nothing for it.",
        "schema": _TEXT,
    }
}
_OF_READS: Final[dict[str, Any]] = {
    "sc-data-age": {"description": "When the car measured the oldest value of the answer.", "schema": _MOMENT},
    "sc-fetched-at": {"description": "When the oldest value of the answer was fetched.", "schema": _MOMENT},
    "sc-unit-system": {
        "description": "Units of the answer, where it has some.",
        "schema": {"type": "string", "enum": ["metric", "imperial"]},
    },
}
_OF_COMMANDS: Final[dict[str, Any]] = {
    "carwire-command-id": {"description": "Names the command.", "schema": {"type": "string", "format": "uuid"}},
    "carwire-command-outcome": {
        "description": "What became of it. Only what was not sent may be tried again.",
        "schema": {"type": "string", "enum": ["done", "refused", "not_sent", "unknown"]},
    },
}
_ETAG: Final[dict[str, Any]] = {
    "etag": {
        "description": "For `if-none-match`: who has this already is answered 304.",
        "required": True,
        "schema": _TEXT,
    }
}
_CHALLENGE: Final[dict[str, Any]] = {
    "www-authenticate": {"description": "Which credentials are wanted.", "required": True, "schema": _TEXT}
}
_RETRY_AFTER: Final[dict[str, Any]] = {
    "retry-after": {
        "description": "Whole seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}
_NO_STORE: Final[dict[str, Any]] = {"cache-control": {"description": "`no-store`.", "required": True, "schema": _TEXT}}
# What a car or its maker can answer with; billing is rehearsed by simulated cars only.
_OF_CARS: Final = {
    "409": "The car is in a state that forbids it.",
    "430": "A plan does not allow it.",
    "501": "The car, its make or its platform cannot do it.",
    "502": "The maker's service did not serve.",
}


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    """Describe every answer, in the order of their statuses."""
    found = {str(route.status): _answer(route, schemas)}
    if route.tag == "v3" and _commands_car(route):
        found["202"] = {
            "description": "Under way still: the end follows in the body, or an error.",
            "headers": _REQUEST_ID,
            "content": _json({"anyOf": [schemas[route.answers], schemas[ErrorsBody]]}),
        }
    if route.tag == "v3" and route.method == "GET":
        found["304"] = {"description": "The caller has it already.", "headers": {**_REQUEST_ID, **_ETAG}}
    bridge = _OF_V2 if route.tag.startswith("v2.0") else {}
    for status, (text, headers) in {**_errors(route), **_failures(route)}.items():
        content = _json(_error(route, status, schemas))
        found[status] = {"description": text, "headers": {**_REQUEST_ID, **headers, **bridge}, "content": content}
    return dict(sorted(found.items()))


def _error(route: Route, status: str, schemas: Schemas) -> dict[str, Any]:
    """Return the schema of an error."""
    if route.tag == "v3":
        # In the form of whoever asks: an owner's token is refused in its own, also where it opens nothing.
        both = route.door is not None
        return {"anyOf": [schemas[ErrorsBody], schemas[PreviewErrorsBody]]} if both else schemas[ErrorsBody]
    if route.tag == NHTSA:
        return schemas[Refusal]
    if route.tag == "lookup":
        return schemas[RefusalBody]
    # What has nothing to do with OAuth is refused before its handlers see it.
    return schemas[OAuthError if route.tag == "oauth" and status in {"400", "401"} else ErrorBody]


def _for_sdks(route: Route) -> Any:
    """Return the type of what an owner's token is answered; null where it is not, or not otherwise."""
    return rules.FOR_SDKS.get(route.name) if route.door in _OF_SDKS else None


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {_JSON: {"schema": schema}}


def _answer(route: Route, schemas: Schemas) -> dict[str, Any]:
    headers = {**_REQUEST_ID, **(_OF_V2 if route.tag.startswith("v2.0") else {})}
    if _asks_car(route):
        headers |= _OF_COMMANDS if _commands_car(route) else {} if route.path.endswith("/batch") else _OF_READS
    if _is_oauth(route):
        headers |= _NO_STORE
    if route.status == 204:
        return {"description": "Done.", "headers": headers}
    if route.tag == "v3" and route.method == "GET":
        headers |= _ETAG
    if route.streams:
        return {
            "description": "Events, without an end.",
            "headers": headers,
            "content": {MEDIA_TYPE: {"schema": _TEXT}},
        }
    if route.answers is None:
        return {"description": "Text.", "headers": headers, "content": {"text/plain": {"schema": _TEXT}}}
    schema, for_sdks = schemas[route.answers], _for_sdks(route)
    if for_sdks is not None:
        schema = {"anyOf": [schema, schemas[for_sdks]]}
    content = _json(schema)
    if route.query is not None and "format" in route.query.__struct_fields__:
        content["text/csv"] = {"schema": _TEXT}
    return {"description": "The answer.", "headers": headers, "content": content}


def _errors(route: Route) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return what a request, or the car, can be to blame for: status → sentence and headers."""
    wanted: dict[str, tuple[str, dict[str, Any]]] = {}
    if _is_oauth(route):
        wanted["400"] = "In OAuth's own error form.", _NO_STORE
        wanted["401"] = "The application's credentials are not known.", {**_CHALLENGE, **_NO_STORE}
    elif route.query or route.body or route.parameters or route.form:
        wanted["400"] = "The request cannot be used; `detail` names the fields.", {}
    if route.tag == "v3":
        wanted |= _of_v3(route)
    if route.door:
        wanted["401"] = "No known credentials.", _CHALLENGE
        wanted["429"] = "The application asks too often.", _RETRY_AFTER
    if route.door == "lookup":
        wanted["403"] = "The key may not use this region or feature.", {}
    if route.door in _VEHICLE_DOORS:
        wanted["403"] = "Not granted, or not connected.", {}
    if _asks_car(route):
        headers = _OF_COMMANDS if _commands_car(route) else {}
        wanted |= {status: (text, headers) for status, text in _OF_CARS.items()}
        wanted["429"] = "The application, or the car, is asked too often.", {**_RETRY_AFTER, **headers}
    if route.streams:
        wanted["429"] = "The application asks too often, or has too many streams open.", _RETRY_AFTER
    if route.parameters or route.name in rules.NAMING:
        wanted["404"] = "There is nothing at this path.", {}
    if route.tag == "v3" and _asks_car(route) and not _commands_car(route):  # signals fail by themselves
        wanted = {status: row for status, row in wanted.items() if status not in {"409", "501", "502"}}
    if route.takes_body:
        wanted["413"] = "The body is too large.", {}
    return wanted


def _of_v3(route: Route) -> dict[str, tuple[str, dict[str, Any]]]:
    wanted = dict(_V3_ERRORS.get(route.door or "", {}))
    if _commands_car(route):
        wanted["504"] = "Nobody can tell what became of the command.", {}
    if route.name == "v3_subscribe":
        wanted["409"] = "Subscribed already.", {}
    return wanted


_KIND: Final[tuple[str, dict[str, Any]]] = "The token is of a kind that does not open this.", {}
_V3_ERRORS: Final[dict[str, dict[str, tuple[str, dict[str, Any]]]]] = {
    "application_token": {"403": _KIND},
    "owned_vehicle": {"403": ("Not granted, or the token is of a kind that does not open this.", {})},
}


def _failures(route: Route) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return what the server is to blame for."""
    if route.door is None and not _is_oauth(route):
        return {"503": ("The database cannot be reached.", {})} if route.name == "ready" else {}
    found: dict[str, tuple[str, dict[str, Any]]] = {
        "500": ("Something failed in the server.", {}),
        "503": ("The database cannot be reached.", {}),
    }
    if _asks_car(route):
        found["500"] = "Something is not on record, or failed in the server.", {}
    return found
