"""VINs, and what can be connected: with id and secret of the application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from carwire_client.call import JSON, Basic, Call, Pairs, json_body, pairs, segment
from carwire_client.calls.building import reading
from carwire_client.models.base import Result
from carwire_client.models.own.vins import CompatibilityExplanation, CompatibilityReports, VinReport, VinReports
from carwire_client.settings import Application

R = TypeVar("R", bound=Result)


def decode_vin(application: Application, vin: str) -> Call[VinReport]:
    """Read what a VIN says, whole or its beginning; ``*`` stands for a character that is not known."""
    return ask(application, "vin", f"/v1/vins/{segment(vin)}", VinReport)


def decode_vins(application: Application, vins: Sequence[str]) -> Call[VinReports]:
    """Read what up to 1,000 VINs say; one that is none has a problem, and no other is touched by it."""
    return ask(application, "vins", "/v1/vins", VinReports, body={"vins": _listed(vins)})


def explain_compatibility(
    application: Application, vin: str, *, scope: Sequence[str] | None = None, country: str = "US"
) -> Call[CompatibilityExplanation]:
    """Ask whether the car of a VIN can be connected, and what every verdict rests on.

    `scope` are permissions, all of them unless given; `country` is ISO 3166-1 alpha-2.
    """
    query = pairs(scope=_words(scope), country=country)
    path = f"/v1/compatibility/{segment(vin)}"
    return ask(application, "explain compatibility", path, CompatibilityExplanation, query=query)


def check_compatibility(
    application: Application, vins: Sequence[str], *, scope: Sequence[str] | None = None, country: str = "US"
) -> Call[CompatibilityReports]:
    """Ask whether the cars of up to 1,000 VINs can be connected. The rest is as of `explain_compatibility`."""
    body = {"vins": _listed(vins), "country": country} | ({} if scope is None else {"scope": _words(scope)})
    return ask(application, "check compatibility", "/v1/compatibility", CompatibilityReports, body=body)


def ask(
    application: Application,
    name: str,
    path: str,
    kind: type[R],
    *,
    query: Pairs = (),
    body: Any = None,
    method: str | None = None,
    once: bool = False,
) -> Call[R]:
    """Build a call that shows id and secret of the application. Raises `NotConfigured` without them."""
    known = application.credentials()
    return Call(
        name=name,
        method=method or ("GET" if body is None else "POST"),
        path=path,
        read=reading(kind, may_be_empty=method == "DELETE"),
        kind="once" if once else "read",
        auth=Basic(known.client_id, known.client_secret),
        query=query,
        body=None if body is None else json_body(body),
        content_type=JSON,
    )


def _listed(vins: Sequence[str]) -> list[str]:
    if isinstance(vins, str) or not vins:
        msg = "vins must be a list of texts, and not empty"
        raise ValueError(msg)
    return list(vins)


def _words(scope: Sequence[str] | None) -> str | None:
    return scope if scope is None or isinstance(scope, str) else " ".join(scope)
