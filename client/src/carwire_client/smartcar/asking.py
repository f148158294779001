"""The one client underneath: made when it is first needed, and again when the environment names another server.

Threads share it. A child process does not: it would read the answers of its parent.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from carwire_client.answers import Answer
from carwire_client.call import FORM, JSON, Auth, Call, Kind, Pairs, Role, form_body, json_body
from carwire_client.drivers import Driver
from carwire_client.errors import CarwireError
from carwire_client.origins import EVERY_ROLE, VARIABLES, Origins
from carwire_client.retries import Failure, RetryPolicy
from carwire_client.secrets import Secret
from carwire_client.settings import Timeouts
from carwire_client.smartcar.exception import SDK_ERROR, SmartcarException, exception_of

Environment = tuple[str | None, ...]
_SECONDS: Final = 310.0  # as long as the official package waits
_NAMES: Final = tuple(dict.fromkeys((EVERY_ROLE, *(name for names in VARIABLES.values() for name in names))))
_lock: Final = threading.Lock()
_drivers: Final[dict[Environment, Driver]] = {}
_inherited: Final[list[Driver]] = []  # a parent's: neither used nor closed


class _OnlyLost(RetryPolicy, frozen=True):
    """Repeats once what was lost on a connection that had been kept; never what was answered, never what was slow."""

    def wait(self, failure: Failure, *, within: float, random: Callable[[], float]) -> float | None:
        if failure.status is not None or failure.loss == "timed_out":
            return None
        return super().wait(failure, within=within, random=random)


class _Refused(CarwireError):
    """The server answered with an error; `received` is all of it."""


def origins() -> Origins:
    """Return where the server is, as the environment says now. Raises `NotConfigured` when it does not."""
    return _driver().origins


def ask(
    method: str,
    path: str,
    auth: Auth,
    *,
    role: Role = "api",
    query: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = msgspec.UNSET,
    kind: Kind | None = None,
) -> Answer:
    """Ask and return the answer, any 2xx. Null members of the query are left out.

    Raises `SmartcarException`, and `NotConfigured` when no server is known.
    """
    sent = None if body is msgspec.UNSET else json_body(body)
    return send(
        Call(
            name=f"{method} {path}",
            method=method,
            path=path,
            read=lambda answer: answer,
            role=role,
            kind=kind or ("read" if method == "GET" else "once"),
            auth=auth,
            query=pairs_of(query),
            headers=tuple((name.lower(), Secret(value)) for name, value in (headers or {}).items()),
            body=sent,
            content_type=JSON,
        )
    )


def post_form(auth: Auth, fields: Mapping[str, str | None], query: Mapping[str, object], given: str) -> Answer:
    """Send a form to the token endpoint; `given` is what in it is secret. Raises as `ask` does."""
    return send(
        Call(
            name="tokens",
            method="POST",
            path="",
            read=lambda answer: answer,
            role="token",
            kind="once",
            auth=auth,
            query=pairs_of(query),
            body=form_body(*fields.items()),
            content_type=FORM,
            secrets=(Secret(given),),
        )
    )


def send(call: Call[Any]) -> Answer:
    """Make a call that was built elsewhere and return its answer, any 2xx. Raises as `ask` does."""
    raw = msgspec.structs.replace(call, read=_same, fault=_refused)
    driver = _driver()
    try:
        answer: Answer = driver.send(raw)
    except _Refused as error:
        raise exception_of(error.status_code, error.headers, error.received) from None
    except (CarwireError, ValueError, TypeError) as error:
        raise SmartcarException(message=SDK_ERROR) from error
    return answer


def pairs_of(query: Mapping[str, object] | None) -> Pairs:
    """Write what a query has; a list gives its name several times."""
    found: list[tuple[str, str]] = []
    for name, value in (query or {}).items():
        values = value if isinstance(value, list | tuple) else [value]
        found += [(name, str(each)) for each in values if each is not None]
    return tuple(found)


def close() -> None:
    """Close the connections. The next call opens others."""
    with _lock:
        closing = list(_drivers.values())
        _drivers.clear()
    for driver in closing:
        driver.close()


def _same(answer: Answer) -> Answer:
    return answer


def _refused(answer: Answer) -> CarwireError:
    return _Refused("refused", status_code=answer.status, headers=answer.headers, received=answer.body)


def _driver() -> Driver:
    environ = os.environ
    seen = tuple([environ.get(name) for name in _NAMES])
    driver = _drivers.get(seen)
    return driver or _made(seen)


def _made(seen: Environment) -> Driver:
    with _lock:
        if seen not in _drivers:
            known = {name: value for name, value in zip(_NAMES, seen, strict=True) if value is not None}
            timeouts = Timeouts(connect=_SECONDS, read=_SECONDS, command=_SECONDS, once=_SECONDS, overall=_SECONDS)
            policy = _OnlyLost(attempts=2, first_wait=0.05)
            _drivers[seen] = Driver(origins=Origins.of(known), environ=known, timeouts=timeouts, retry=policy)
        return _drivers[seen]


def _forget() -> None:
    global _lock  # noqa: PLW0603  # the parent's may be held by a thread the child does not have
    _lock = threading.Lock()  # type: ignore[misc]
    _inherited.extend(_drivers.values())
    _drivers.clear()


atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
