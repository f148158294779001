"""Keys of the lookup API, what each may do, and the records of what was done with them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.lookup.asking import FEATURES, INDIVIDUAL
from carwire.core.lookup.regions import region_of

Kind = Literal["sec", "pub"]
Product = Literal["vin", "registration", "vehicle", "search", "facets", "options", "build_data"]
PRODUCTS: Final = ("vin", "registration", "vehicle", "search", "facets", "options", "build_data")
Outcome = Literal["standard", "reduced", "no_match", "answered", "error", "test"]
GROUPS: Final = ("key", "reference_id", "day", "product", "region", "outcome")
_ORIGIN: Final = re.compile(r"https?://[a-z0-9.\-\[\]:]+")
MOST: Final = 10**9


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What a key may do. Empty `regions` and `features` mean all of them. `origins` are where a public key may be used
    from. `rate` is requests a second and product on average, `burst` at once; null: no limit. Of the two quotas a
    month, `max_quota` is the one that refuses; null: no limit.
    """

    regions: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    default_region: str | None = None
    rate: float | None = None
    burst: int | None = None
    base_quota: int | None = None
    max_quota: int | None = None


class ApiKey(msgspec.Struct, frozen=True):
    """A key of an application. `shown` is how it begins, so that its owner knows it again; the key itself is kept
    nowhere.
    """

    id: str
    client_id: str
    kind: Kind
    name: str
    shown: str
    rights: Rights
    created_at: datetime
    revoked_at: datetime | None = None

    def may_use_region(self, code: str) -> bool:
        """Tell whether the key may ask for a region."""
        return not self.rights.regions or code in self.rights.regions

    def may_use_feature(self, feature: str) -> bool:
        """Tell whether the key may ask for a feature: a public one never for what concerns one car."""
        if self.kind == "pub" and feature in INDIVIDUAL:
            return False
        return not self.rights.features or feature in self.rights.features

    def may_be_used_from(self, origin: str | None) -> bool:
        """Tell whether a page of this origin may use the key."""
        return self.kind == "sec" or (origin is not None and origin in self.rights.origins)


class Record(msgspec.Struct, frozen=True):
    """One answered request. `subject` is a keyed digest of VIN or plate, so that usage counts per car without
    the VIN.
    """

    id: str
    at: datetime
    client_id: str
    key_id: str
    product: Product
    region: str | None
    reference_id: str | None
    features: tuple[str, ...]
    status: int
    outcome: Outcome
    billable: bool
    latency_us: int
    subject: str | None


class RecordFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which records: from `since` on, before `until`; null means any."""

    client_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    key_id: str | None = None
    reference_id: str | None = None
    product: str | None = None


class Count(msgspec.Struct, frozen=True):
    """How many records there are of one group. `by` holds the values of what was grouped by, in that order."""

    by: tuple[str | None, ...]
    requests: int
    billable: int


def origin_of(text: str | None) -> str | None:
    """Return the origin of an ``Origin`` or ``Referer`` header; null for none, and for what is no address.

    >>> origin_of("https://Shop.example/cars?x=1")
    'https://shop.example'
    """
    try:
        parts = urlsplit(text or "")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return None
        port = f":{parts.port}" if parts.port and parts.port != {"http": 80, "https": 443}[parts.scheme] else ""
    except ValueError:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def check_rights(kind: Kind, rights: Rights) -> Rights:
    """Return the rights in their normal form. Raises `InvalidInput` with everything that cannot be."""
    problems: list[FieldProblem] = []
    regions = [(text, region_of(text)) for text in (*rights.regions, *filter(None, [rights.default_region]))]
    problems += [
        FieldProblem("region", f"there is no region {text[:20]!a}") for text, found in regions if found is None
    ]
    problems += [
        FieldProblem("feature", f"there is no feature {f[:40]!a}") for f in rights.features if f not in FEATURES
    ]
    origins = tuple(origin_of(text) or text for text in rights.origins)
    problems += [FieldProblem("origin", f"{o[:60]!a} is no origin, as https://shop.example is one") for o in origins
                 if not _ORIGIN.fullmatch(o)]  # fmt: skip
    if kind == "pub" and not origins:
        problems.append(FieldProblem("origin", "a public key needs at least one origin it may be used from"))
    for name in ("rate", "burst", "base_quota", "max_quota"):
        value = getattr(rights, name)
        if value is not None and not 0 < value <= MOST:
            problems.append(FieldProblem(name, f"is more than 0 and at most {MOST}"))
    if problems:
        raise InvalidInput(*problems)
    return msgspec.structs.replace(
        rights,
        regions=tuple(dict.fromkeys(region.code for _, region in regions[: len(rights.regions)] if region)),
        features=tuple(dict.fromkeys(rights.features)),
        origins=origins,
        default_region=regions[-1][1].code if rights.default_region and regions[-1][1] else None,
    )


def month_of(moment: datetime) -> int:
    """Return a number for a month: quotas are of a calendar month in UTC.

    >>> from datetime import UTC
    >>> month_of(datetime(2026, 11, 30, tzinfo=UTC))
    202611
    """
    return moment.year * 100 + moment.month
