"""What every call of the lookup API goes through: key, rights, rate, the question, quota, answer, record.

The order is documented: who asks (401), what they may (403), how often (429), and only then what they ask (400).
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any, Final, Generic, TypeVar

import msgspec
import structlog
from litestar.exceptions import HTTPException

from carwire.core.errors import InvalidInput, StoreUnavailable
from carwire.core.lookup.asking import Question, read_features, read_reference, read_region, read_truth
from carwire.core.lookup.keys import ApiKey, Product, Record
from carwire.core.lookup.refusal import LookupRefused
from carwire.core.lookup.regions import Region, region_of
from carwire.http.call import Answer, Call, Headers, json_answer
from carwire.http.query import decode_text
from carwire.kit.clock import Clock
from carwire.kit.ids import new_ordered_id
from carwire.kit.redaction import redact_text
from carwire.services.lookup.keys import KeyService, Proofs
from carwire.services.lookup.metering import Meter, Standing
from carwire.wire.lookup.bodies import RefusalBody

T = TypeVar("T")
_log = structlog.get_logger("carwire.http")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)
_MAX_QUERY: Final = 8192
_KNOWN: Final = frozenset(
    {
        *("region", "features", "prefer_more_results", "reference_id", "state", "search", "count", "facet", "facets"),
        *("limit", "year", "make", "model", "badge", "series", "transmission", "body", "body_type", "body_style"),
        *("fuel", "drive", "engine", "wheelbase", "from", "to", "key", "product", "group_by", "format", "cursor"),
        *("grant_type", "id", "vin"),
    }
)
_BY_STATUS: Final = {
    400: ("invalid_parameter", "The request cannot be read"),
    404: ("not_found", "There is nothing at this path"),
    405: ("method_not_allowed", "This path takes other methods"),
    413: ("too_large", "The body is too large"),
}
_EXPOSED: Final = (
    b"rate-limit-remaining, rate-limit-total, rate-limit-reset, monthly-base-request-quota,"
    b" monthly-max-request-quota, monthly-request-total, retry-after, sc-request-id"
)
_CHALLENGE: Final = b'ApiKey realm="carwire"'


class Asking:
    """A call as its handler sees it: who asks, with which parameters. `outcome` and `subject` go into its record."""

    def __init__(self, call: Call, key: ApiKey) -> None:
        self.call = call
        self.key = key
        self.values: Mapping[str, str] = {}
        self.outcome: Any = "answered"
        self.subject: str | None = None
        self._question: Question | None = None

    @property
    def question(self) -> Question:
        """What is asked besides VIN or plate."""
        assert self._question is not None, "it has been read"
        return self._question

    def read_question(self) -> None:
        """Read what every call may ask for. Raises `LookupRefused`."""
        values = self.values
        more = read_truth(values, "prefer_more_results")
        reference = read_reference(values.get("reference_id"))
        features = read_features(values.get("features"))
        region = read_region(values.get("region"), self.key.rights.default_region)
        self._question = Question(region, features, more, reference)

    @property
    def region(self) -> Region | None:
        """The region that is asked for, null for none and for one that is not known."""
        code = self.values.get("region") or self.key.rights.default_region
        return region_of(code) if code else None

    @property
    def record_question(self) -> Question | None:
        """What was asked, as far as it could be read."""
        return self._question

    @property
    def public(self) -> bool:
        """Whether the key is one that anybody can read."""
        return self.key.kind == "pub"


class Calling(msgspec.Struct, Generic[T], frozen=True):
    """A call: what it is counted as, a sentence about it, what reads its subject and what answers it.
    `is_test` says which subjects are documented test values, which cost nothing.
    """

    product: Product
    about: str
    read: Callable[[Asking], T]
    answer: Callable[[Asking, T], Awaitable[object]]
    is_test: Callable[[T], bool] = lambda _: False


class Gate:
    """Lets calls through to what answers them, and notes what became of them."""

    def __init__(self, keys: KeyService, meter: Meter, clock: Clock) -> None:
        self._keys = keys
        self._meter = meter
        self._clock = clock

    def handler(self, calling: Calling[T]) -> Callable[[Call], Awaitable[Answer]]:
        """Make the handler of a call."""

        async def handle(call: Call) -> Answer:
            started = perf_counter()
            try:
                key = await self._keys.recognise(proofs_of(call))
                asking = Asking(call, key)
                reply, billable = await self._through(calling, asking)
                self._note(calling.product, asking, reply.status, billable=billable, seconds=perf_counter() - started)
                standing = await self._meter.standing(key, calling.product)
            except Exception as error:
                return refusal(error, call)
            shared = shared_headers(key, call)
            return msgspec.structs.replace(reply, headers=(*reply.headers, *standing_headers(standing), *shared))

        handle.__doc__ = calling.about
        return handle

    async def _through(self, calling: Calling[T], asking: Asking) -> tuple[Answer, bool]:
        """Answer, and tell whether the answer counts."""
        taken = False
        try:
            asking.values = parameters(asking.call.query)
            check_rights(asking)
            self._meter.take_rate(asking.key, calling.product)
            subject = calling.read(asking)
            asking.read_question()
            test = calling.is_test(subject)
            if not test:
                await self._meter.take_quota(asking.key)
                taken = True
            reply = json_answer(await calling.answer(asking, subject))
        except Exception as error:
            asking.outcome = "error"
            reply = refusal(error, asking.call)
            if taken and reply.status != 404:
                await self._give_back(asking.key)
            return reply, taken and reply.status == 404
        if test:
            asking.outcome = "test"
        return reply, taken

    async def _give_back(self, key: ApiKey) -> None:
        try:
            await self._meter.give_back(key)
        except StoreUnavailable as error:
            _log.error("database", error=redact_text(str(error)))

    def _note(self, product: Product, asking: Asking, status: int, *, billable: bool, seconds: float) -> None:
        at, question = self._clock(), asking.record_question
        subject = None
        if asking.subject is not None:
            subject = self._meter.subject_of(question.region.code if question else None, asking.subject)
        self._meter.note(
            Record(
                id=new_ordered_id((at - _EPOCH) // _US),
                at=at,
                client_id=asking.key.client_id,
                key_id=asking.key.id,
                product=product,
                region=question.region.code if question else None,
                reference_id=question.reference_id if question else None,
                features=tuple(sorted(question.features)) if question else (),
                status=status,
                outcome=asking.outcome,
                billable=billable,
                latency_us=round(seconds * 1e6),
                subject=subject,
            )
        )


def check_rights(asking: Asking) -> None:
    """Raise `LookupRefused` for a region or feature that the key may not use. Unknown ones are refused later."""
    region = asking.region
    if region is not None and not asking.key.may_use_region(region.code):
        raise LookupRefused("region_not_allowed", f"This key may not ask for {region.name}")
    for feature in (asking.values.get("features") or "").split(","):
        if feature.strip() and not asking.key.may_use_feature(feature.strip()):
            try:
                read_features(feature)
            except LookupRefused:
                continue
            raise LookupRefused("feature_not_allowed", f"This key may not ask for {feature.strip()}")


def parameters(query: bytes) -> dict[str, str]:
    """Read a query string or a form. Raises `LookupRefused`. Unknown names and empty values count as absent."""
    if len(query) > _MAX_QUERY:
        raise LookupRefused("invalid_parameter", f"The query has more than {_MAX_QUERY} bytes")
    found: dict[str, str] = {}
    for part in query.split(b"&"):
        raw_name, _, raw = part.partition(b"=")
        name, text = decode_text(raw_name), decode_text(raw)
        if name not in _KNOWN:
            continue
        if text is None:
            raise LookupRefused("invalid_parameter", f"{name} is not url-encoded UTF-8")
        if name in found and text != found[name]:
            raise LookupRefused("invalid_parameter", f"{name} is given more than once")
        if text:
            found[name] = text
    return found


def proofs_of(call: Call) -> Proofs:
    """Return what a request shows."""

    def texts(name: bytes) -> tuple[str, ...]:
        return tuple(value.decode("latin-1") for value in call.header(name))

    return Proofs(
        texts(b"apikey"),
        texts(b"authorization"),
        next(iter(texts(b"origin")), None),
        next(iter(texts(b"referer")), None),
    )


def standing_headers(standing: Standing) -> Headers:
    """Spell how a key stands. Where there is no limit, the number is a thousand million."""
    return (
        (b"rate-limit-remaining", str(standing.remaining).encode()),
        (b"rate-limit-total", str(standing.total).encode()),
        (b"rate-limit-reset", str(standing.reset).encode()),
        (b"monthly-base-request-quota", str(standing.base).encode()),
        (b"monthly-max-request-quota", str(standing.most).encode()),
        (b"monthly-request-total", str(standing.used).encode()),
    )


def shared_headers(key: ApiKey, call: Call) -> Headers:
    """Let the page that asks with a public key read the answer, its limits too."""
    origin = next(iter(call.header(b"origin")), None)
    if key.kind != "pub" or origin is None:
        return ()
    return (
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"origin"),
    )


def preflight_headers(path: str, headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Let a page ask with a key. Whether the key may be used from there is known when it is shown."""
    origin = next((value for name, value in headers if name == b"origin"), None)
    if origin is None or not path.startswith("/v2/vehicle"):
        return ()
    return (
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", b"GET, HEAD"),
        (b"access-control-allow-headers", b"apikey, authorization"),
        (b"access-control-max-age", b"600"),
        (b"vary", b"origin"),
    )


def refusal(error: Exception, call: Call, *, challenge: bytes = _CHALLENGE) -> Answer:
    """Write an error in the form of the lookup API. What nobody expected is logged with its traceback."""
    refused = _refused(error, call)
    hint = refused.hint if refused.hint is not None else msgspec.UNSET
    body = RefusalBody(False, True, str(refused), refused.code, call.request_id, hint)
    headers: list[tuple[bytes, bytes]] = []
    if refused.status == 401:
        headers.append((b"www-authenticate", challenge))
    if refused.retry_after_s is not None:
        headers.append((b"retry-after", str(max(1, math.ceil(refused.retry_after_s))).encode()))
    return json_answer(body, refused.status, headers)


def _refused(error: Exception, call: Call) -> LookupRefused:
    if isinstance(error, LookupRefused):
        return error
    if isinstance(error, InvalidInput):
        return LookupRefused("invalid_parameter", str(error))
    if isinstance(error, StoreUnavailable):
        _log.error("database", request_id=call.request_id, error=redact_text(str(error)))
        return LookupRefused("source_unavailable", "The database cannot be used just now", retry_after_s=1)
    if isinstance(error, HTTPException) and error.status_code in _BY_STATUS:
        return LookupRefused(*_BY_STATUS[error.status_code])
    _log.error("unexpected", request_id=call.request_id, exc_info=error)
    return LookupRefused("internal", "Something went wrong here; it was written down")
