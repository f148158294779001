"""Several reads at once, and requests of one's own: endpoints of single makes, and whatever a server adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from carwire_client.answers import Answer, invalid, json_of, object_of
from carwire_client.call import JSON, Call, Kind, authorized, json_body
from carwire_client.calls.building import flags_of, reach_headers, vehicle_path
from carwire_client.calls.vehicle import READS
from carwire_client.faults import error_from
from carwire_client.models.base import Meta, convert, meta_of
from carwire_client.models.batch import Batch, BatchItem
from carwire_client.models.vehicle import Response
from carwire_client.secrets import Secret
from carwire_client.settings import Reach

_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {"/battery/nominal_capacity": ("battery_nominal_capacity",)}
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def batch(vehicle: Reach, paths: Sequence[str]) -> Call[Batch]:
    """Read several paths, such as ``/odometer`` or ``/tesla/compass``, in one request.

    Each needs its own permission and fails by itself. The request as a whole fails with `InvalidRequest` for a path
    that nobody can read. Raises `ValueError` when there is none.
    """
    if isinstance(paths, str) or not paths:
        msg = "paths must be a list of paths, and not empty"
        raise ValueError(msg)
    asked = tuple("/" + path.strip().lstrip("/") for path in paths)
    return Call(
        name="batch",
        method="POST",
        path=vehicle_path(vehicle, "/batch"),
        read=lambda answer: _batch(answer, asked),
        auth=authorized(vehicle.token),
        query=flags_of(vehicle),
        headers=reach_headers(vehicle),
        body=json_body({"requests": [{"path": path} for path in asked]}),
        content_type=JSON,
    )


def request(
    vehicle: Reach,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    api_version: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Response]:
    """Make a request to a path of the vehicle, which may have a query: ``tesla/charge/records?page=2``.

    `body` is sent as JSON unless it is null. `headers` go before those the SDK sends, the authorization included, and
    are those of this request alone. What is no GET counts as a command. Raises `ValueError` for a path that leads out
    of the vehicle.
    """
    verb = method.upper()
    reach = vehicle if api_version is None else msgspec.structs.replace(vehicle, api_version=api_version)
    kind: Kind = "read" if verb in _SAFE else "command"
    own = tuple((name.lower(), Secret(value)) for name, value in (headers or {}).items())
    overridden = {name for name, _ in own}
    return Call(
        name=f"{verb} request",
        method=verb,
        path=vehicle_path(reach, _relative(path)),
        read=_response,
        kind=kind,
        auth=None if "authorization" in overridden else authorized(vehicle.token),
        query=flags_of(vehicle),
        headers=(*(each for each in reach_headers(reach) if each[0] not in overridden), *own),
        body=None if body is None else json_body(body),
        content_type=JSON,
        key=idempotency_key,
    )


def _relative(path: str) -> str:
    plain, _, query = path.partition("?")
    parts = [part for part in plain.split("/") if part]
    if {".", ".."} & set(parts) or "#" in path or not path.isascii() or not path.isprintable() or " " in path:
        msg = f"{path!r} is no path of a vehicle"
        raise ValueError(msg)
    return "".join(f"/{part}" for part in parts) + (f"?{query}" if query else "")


def _response(answer: Answer) -> Response:
    """Any JSON, and nothing at all."""
    meta = meta_of(answer.status, answer.headers)
    if not answer.body.strip():
        return Response(meta=meta)
    body = json_of(answer)
    return Response(body, meta=meta, raw=body)


def _batch(answer: Answer, asked: tuple[str, ...]) -> Batch:
    body = object_of(answer)
    rows = body.get("responses")
    if not isinstance(rows, list):
        raise invalid(answer, "Batch: the answer has no list of responses")
    return batch_of(rows, asked, answer, body)


def batch_of(rows: list[Any], asked: Sequence[str], answer: Answer, raw: Any) -> Batch:
    """Make a batch of decoded responses; `answer` is what they came in, `raw` its body."""
    left = [row for row in rows if isinstance(row, dict)]
    meta = meta_of(answer.status, answer.headers)
    return Batch(tuple(_item(path, _taken(path, left), answer, meta) for path in asked), meta, raw)


def _taken(path: str, left: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Take the first answer to a path out of those that are left: a path may have been asked for twice."""
    wanted = path.strip("/")
    for index, row in enumerate(left):
        if isinstance(row.get("path"), str) and row["path"].strip("/") == wanted:
            return left.pop(index)
    return None


def _item(path: str, row: dict[str, Any] | None, answer: Answer, outer: Meta) -> BatchItem:
    plain = path.partition("?")[0].rstrip("/") or "/"
    known = READS.get(plain)
    names = ((known.method,) if known else ()) + _ALIASES.get(plain, ()) + (plain.strip("/").replace("/", "_"),)
    names = tuple(name for name in dict.fromkeys(names) if name)
    code = row.get("code") if row else None
    if row is None or not isinstance(code, int) or isinstance(code, bool):
        return BatchItem(path, names, None, _raising(lambda: invalid(answer, f"Batch: the answer lacks {path}")))
    body, own = row.get("body"), _own_answer(row, code, answer)
    if not 200 <= code < 300:
        return BatchItem(path, names, code, _raising(lambda: error_from(own, body)))
    meta = meta_of(code, own.headers, outer.request_id)

    def get() -> Any:
        if known is None:
            return Response(body, meta=meta, raw=body)
        return convert(known.result, body, own, meta, known.shape)

    return BatchItem(path, names, code, get)


def _raising(error: Callable[[], Exception]) -> Callable[[], Any]:
    def get() -> Any:
        raise error()

    return get


def _own_answer(row: dict[str, Any], code: int, outer: Answer) -> Answer:
    """The answer an item would have been alone. Its headers may be missing; the request id is the outer one's."""
    given = row.get("headers")
    pairs = given.items() if isinstance(given, dict) else ()
    headers = {str(name).lower(): str(value) for name, value in pairs}
    if outer.request_id is not None:
        headers.setdefault("sc-request-id", outer.request_id)
    return Answer(code, headers, msgspec.json.encode(row.get("body")), outer.received_at)
