"""Shapes of v3, from the wire's documentation: what an application is answered (the general form), and what the SDKs
read with an owner's token (the preview)."""

from __future__ import annotations

from typing import Final

from carwire.conformance.shapes import (
    Shape,
    address,
    integer,
    mapping,
    matching,
    moment,
    number,
    one_of,
    or_null,
    text,
    truth,
    under,
    uuid,
)

POWERTRAIN: Final = matching("[A-Z]+", "a powertrain in upper case")
MODE: Final = one_of("live", "simulated", "test")
STAMP: Final[Shape] = {
    "/make": text,
    "/model": text,
    "/year": integer,
    "/powertrainType": POWERTRAIN,
    "/mode": MODE,
}
DATES: Final[Shape] = {"/meta/createdAt": moment, "/meta/updatedAt": moment}
LINKS: Final[Shape] = {
    **{f"/links/{name}": address for name in ("self", "first", "last")},
    **{f"/links/{name}": or_null(address) for name in ("next", "prev")},
}
PAGES: Final[Shape] = {**{f"/meta/{name}": integer for name in ("pageNumber", "pageSize", "totalCount")}, **LINKS}
ORDER: Final[Shape] = {"/meta/orderBy": one_of("createdAt"), "/meta/orderDirection": one_of("DESC")}
CONNECTION: Final[Shape] = {
    "/id": uuid,
    "/type": one_of("connection"),
    "/attributes/permissions/*": text,
    **under("/attributes/vehicle", STAMP),
    "/relationships/vehicle/data/id": uuid,
    "/relationships/vehicle/data/type": one_of("vehicle"),
    "/relationships/vehicle/links/related": address,
    "/relationships/user/data/id": uuid,
    "/relationships/user/data/type": one_of("user"),
    **DATES,
    "/links/self": address,
}
VEHICLE: Final[Shape] = {
    "/id": uuid,
    "/type": one_of("vehicle"),
    **under("/attributes", STAMP),
    "/links/self": address,
}
SIGNAL: Final[Shape] = {
    "/id": text,
    "/type": one_of("signal"),
    "/attributes/code": text,
    "/attributes/name": text,
    "/attributes/group": text,
    "/attributes/status/value": one_of("SUCCESS", "ERROR", "UNAVAILABLE"),
    "/meta/ingestedAt": moment,
    "/links/self": address,
}
SIGNAL_ERROR: Final[Shape] = {
    **{f"/{name}": text for name in ("type", "code", "title", "detail", "description")},
    "/resolution/type": or_null(text),
}
EXECUTION: Final[Shape] = {
    "/data/id": matching("exec_.+", "exec_ and more"),
    "/data/type": one_of("command-execution"),
    "/data/attributes/commandType": text,
    "/data/attributes/status/value": one_of("SUCCESS"),
    "/data/attributes/executionMode": text,
    "/data/meta/executedAt": moment,
    "/data/meta/completedAt": moment,
    "/data/meta/durationInSeconds": number,
}
_NAMED: Final[Shape] = {"/group": text, "/name": text, "/code": text}
WEBHOOK: Final[Shape] = {
    "/id": uuid,
    "/type": one_of("webhook"),
    "/attributes/name": text,
    "/attributes/callbackUri": text,
    "/attributes/isEnabled": truth,
    "/attributes/autoSubscribe": truth,
    **under("/attributes/triggers/*", _NAMED),
    **under("/attributes/data/*", _NAMED),
    "/meta/createdAt": moment,
    "/links/self": address,
}
SUBSCRIPTION: Final[Shape] = {
    "/id": uuid,
    "/type": one_of("subscription"),
    **under("/attributes/vehicle", STAMP),
    **{f"/relationships/{name}/data/id": uuid for name in ("webhook", "user", "vehicle")},
    **{f"/relationships/{name}/links/related": address for name in ("webhook", "user", "vehicle")},
    **DATES,
    "/links/self": address,
}
COMPATIBLE: Final[Shape] = {
    "/id": matching(r"[^-]+-.+-\d{4}-\d{4}-[A-Z]+-(US|CA|EUROPE)", "MAKE-Model-start-end-POWERTRAIN-REGION"),
    "/type": one_of("vehicle-model-capability"),
    "/attributes/make": text,
    "/attributes/model": text,
    "/attributes/region": one_of("US", "CA", "EUROPE"),
    "/attributes/powertrainType": POWERTRAIN,
    "/attributes/years/start": integer,
    "/attributes/years/end": integer,
    "/attributes/capabilities/*/type": one_of("signal", "command"),
    **{f"/attributes/capabilities/*/{name}": text for name in ("name", "group", "code", "capability", "permission")},
}
ERROR: Final[Shape] = {
    "/errors/*/status": matching("[45][0-9]{2}", "a string of three digits"),
    "/errors/*/type": text,
    "/errors/*/code": or_null(text),
    "/errors/*/title": text,
    "/errors/*/detail": text,
    "/errors/*/links/about": address,
    "/errors/*/resolution/type": or_null(text),
}
# The preview: links are paths, moments numbers, and a single resource stands alone.
PREVIEW_VEHICLE: Final[Shape] = {
    "/id": uuid,
    "/type": one_of("vehicle"),
    "/attributes/make": text,
    "/attributes/model": text,
    "/attributes/year": integer,
    "/links/self": text,
}
PREVIEW_SIGNAL: Final[Shape] = {
    **{pointer: kind for pointer, kind in SIGNAL.items() if pointer.startswith(("/id", "/type", "/attributes"))},
    "/meta": mapping,
    "/links/self": text,
}
PREVIEW_PAGES: Final[Shape] = {f"/meta/{name}": integer for name in ("page", "pageSize", "totalCount")}
