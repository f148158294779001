"""Mapping files: how one external service is asked, what it costs, and where in its answer each fact stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec

from carwire.core.errors import CannotStart
from carwire.core.lookup.formats import READERS
from carwire.core.lookup.registers import Entry, Individual, Link, Release
from carwire.core.lookup.traits import TRAITS, Traits

_MOST_RAW: Final = 60
_PARTS: Final = frozenset({"vin", "plate", "state", "region"})


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"how": "as"}):
    """Where a fact stands: names and numbers joined by dots, as `data.vehicle.0.year`, and how it is read."""

    path: str
    how: str = "text"
    words: dict[str, str] = {}


class ServiceMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service. Addresses may hold `{vin}`, `{plate}`, `{state}` and `{region}`; headers may hold `{secret}`, which
    is the variable of the environment that `secret_env` names. `found` is the place that is empty when the service
    knows no such car; a status of `unknown_statuses` says the same. Costs are in any currency, as long as it is one.
    """

    name: str
    regions: list[str]
    vin_url: str | None = None
    plate_url: str | None = None
    headers: dict[str, str] = {}
    secret_env: str | None = None
    timeout_s: float = 3.0
    cost: float = 0.0
    most_per_day: float | None = None
    keep_hours: float = 24.0
    found: str | None = None
    unknown_statuses: tuple[int, ...] = (404,)
    describes: str | None = None
    vin: str | None = None
    raw: dict[str, str] = {}
    traits: dict[str, Place] = {}
    car: dict[str, Place] = {}


def read_mapping(path: Path) -> ServiceMapping:
    """Read a mapping file. Raises `CannotStart` with one sentence on what is wrong with it."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), ServiceMapping)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        msg = f"the lookup service {path} cannot be used: {error}"
        raise CannotStart(msg) from error
    wrong = [name for name in found.traits if name not in TRAITS]
    wrong += [name for name in found.car if name not in Individual.__struct_fields__]
    wrong += [place.how for place in (*found.traits.values(), *found.car.values()) if place.how not in READERS]
    parts = set(re.findall(r"\{(\w*)\}", (found.vin_url or "") + (found.plate_url or "")))
    wrong += sorted(parts - _PARTS)
    if wrong or not (found.vin_url or found.plate_url):
        msg = f"the lookup service {path} cannot be used: " + (
            f"{wrong[0]!a} is not known" if wrong else "it has no url"
        )
        raise CannotStart(msg)
    return found


def address(template: str, values: Mapping[str, str]) -> str:
    """Fill in an address; values are escaped, whatever they hold.

    >>> address("https://a.example/{vin}?c={region}", {"vin": "A/B", "region": "us"})
    'https://a.example/A%2FB?c=us'
    """
    return re.sub(r"\{(\w+)\}", lambda part: quote(values.get(part[1], ""), safe=""), template)


def at(body: Any, path: str) -> Any:
    """Return what stands at a place, null where there is nothing.

    >>> at({"a": [{"b": 1}]}, "a.0.b"), at({"a": []}, "a.0.b")
    (1, None)
    """
    for name in path.split("."):
        if isinstance(body, list) and name.isdigit():
            body = body[int(name)] if int(name) < len(body) else None
        elif isinstance(body, dict):
            body = body.get(name)
        else:
            return None
    return body


def entry_of(
    mapping: ServiceMapping, body: Any, *, region: str, link: Link, vin: str | None, today: date
) -> Entry | None:
    """Return what an answer says, as an entry of a register of its own; null when the service knows no such car."""
    if mapping.found is not None and at(body, mapping.found) in (None, "", [], {}, False):
        return None
    told = at(body, mapping.vin) if mapping.vin else None
    key = vin or (told if isinstance(told, str) and len(told) == 17 else "")
    raw = {name: _text(at(body, path)) for name, path in list(mapping.raw.items())[:_MOST_RAW]}
    said = _text(at(body, mapping.describes)) if mapping.describes else ""
    release = Release(
        region=region,
        dataset=mapping.name,
        format="service",
        checksum="",
        link="L17" if vin else link,
        as_of=today,
        state="active",
        publisher=mapping.name,
        describes=("description",),
        has_writeoffs="incidents" in mapping.car,
        has_thefts="thefts" in mapping.car,
    )
    kept = {name: text for name, text in {**raw, "description": said}.items() if text}
    traits = Traits(**_facts(mapping.traits, body))
    return Entry(release, key, "", 1, traits, kept, Individual(**_facts(mapping.car, body)))


def _facts(places: Mapping[str, Place], body: Any) -> dict[str, Any]:
    """Read facts. One that cannot be read is not known: a service's slip is no reason for no answer."""
    found: dict[str, Any] = {}
    for name, place in places.items():
        value = at(body, place.path)
        if name in {"incidents", "thefts"}:
            if isinstance(value, list):
                found[name] = [each for each in value if isinstance(each, dict)]
            continue
        text = _text(value)
        text = place.words.get(text, text)
        try:
            read = READERS[place.how](text) if text else None
        except ValueError:
            read = None
        if read is not None:
            found[name] = read
    return found


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    text = " ".join(str(value).split())[:500]
    return text.encode("utf-8", "replace").decode().replace("\0", "")
