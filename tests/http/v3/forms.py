"""What an error of v3 looks like in either generation, and what a server in memory keeps."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any
from uuid import UUID

from tests.conftest import Answer, Client, Owned, check_error_body, page_has_anchor

from carwire.storage.memory import MemoryStore

TYPES = {
    *("AUTHENTICATION", "PERMISSION", "VALIDATION", "RESOURCE_NOT_FOUND", "BILLING", "COMPATIBILITY"),
    *("CONNECTED_SERVICES_ACCOUNT", "RATE_LIMIT", "SERVER", "UPSTREAM", "VEHICLE_STATE"),
}
RESOLUTIONS = {None, "RETRY_LATER", "REAUTHENTICATE", "CONTACT_SUPPORT", "USER_ACTION_REQUIRED"}
ENTRY = ["status", "type", "code", "title", "detail", "links", "resolution", "suggestedUserMessage", "meta"]
# What requests leave behind that may differ: what was read of cars, and when tokens were handed out.
_PASSING = {
    *("readings", "levels", "access", "refresh", "codes", "application_tokens", "audit", "sessions"),
    *("told", "history", "events", "waiting", "position", "counted"),  # what reads found
}


def refused(client: Client, answer: Answer, status: int | None = None, code: str | None = None) -> dict[str, Any]:
    """Fail unless the answer is an error in the general form; return its first entry."""
    body = answer.json()
    assert list(body) == ["errors"], answer
    for entry in body["errors"]:
        check_entry(client, entry, answer.header("sc-request-id") or "")
        assert entry["status"] == str(answer.status)
    _check_status(answer, status)
    entry = body["errors"][0]
    assert code is None or entry["code"] == code, entry
    return dict(entry)


def check_entry(client: Client, entry: dict[str, Any], request_id: str) -> None:
    """Fail unless an error is as section 13 of the contract has it, with a page behind its link."""
    assert list(entry) == [key for key in ENTRY if key != "suggestedUserMessage" or key in entry]
    assert 400 <= int(entry["status"]) < 600
    assert entry["type"] in TYPES
    assert entry["code"] is None or entry["code"].isupper()
    assert entry["title"] == (entry["code"] or entry["type"]).replace("_", " ").title()
    assert entry["detail"]
    assert len(entry["detail"]) < 900
    assert list(entry["links"]) == ["about"]
    assert entry["links"]["about"].startswith(f"{client.base_url}/docs/errors/api-errors/")
    assert page_has_anchor(client, entry["links"]["about"].removeprefix(client.base_url)), entry
    assert list(entry["resolution"]) == ["type"]
    assert entry["resolution"]["type"] in RESOLUTIONS
    assert entry.get("suggestedUserMessage", "x")
    assert entry["meta"] == {"debug": {"requestId": request_id}}
    assert str(UUID(request_id)) == request_id


def refused_preview(client: Client, answer: Answer, status: int | None = None, code: str | None = None) -> Any:
    """Fail unless the answer is an error in the preview's form, with the members of a v2.0 error; return its body."""
    body = answer.json()
    check_error_body(client, {key: value for key, value in body.items() if key != "errors"})
    assert next(iter(body)) == "errors"
    for entry in body["errors"]:
        assert list(entry) == ["links", "status", "code", "title", "detail"]
        assert entry["status"] == str(answer.status) == str(body["statusCode"])
        assert entry["code"].islower()
        assert entry["links"] == {"about": body["docURL"]}
        assert entry["title"]
        assert entry["detail"]
        assert code is None or entry["code"] == code, entry
    assert body["requestId"] == answer.header("sc-request-id")
    _check_status(answer, status)
    return body


def _check_status(answer: Answer, status: int | None) -> None:
    assert answer.status == (status or answer.status), answer
    assert 400 <= answer.status < 600
    assert all(name == name.lower() for name, _ in answer.headers)
    assert (answer.header("www-authenticate") is not None) is (answer.status == 401)
    assert (answer.header("allow") is not None) is (answer.status == 405)
    assert (answer.header("retry-after") is not None) is (answer.status == 429)
    assert answer.header("etag") is None


def kept(client: Owned) -> dict[str, Any]:
    """Everything the store holds that a refused request may not change: connections, subscriptions, commands, …"""
    store = client.carwire.store
    assert isinstance(store, MemoryStore)
    state = store._state
    return {each.name: _frozen(getattr(state, each.name)) for each in fields(state) if each.name not in _PASSING}


def _frozen(value: Any) -> Any:
    """Copy what can be changed in place; the rest is compared as it is."""
    if isinstance(value, dict):
        return {key: _frozen(each) for key, each in value.items()}
    if isinstance(value, list | set):
        return type(value)(value)
    if not is_dataclass(value):
        return value
    return [_frozen(each) for name, each in vars(value).items() if name != "revision"]  # counts what reads kept
