"""Connect and the token endpoint of v2.0."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from carwire.conformance.answers import Answer
from carwire.conformance.check import Group
from carwire.conformance.expecting import NotAsked, expect, kind_of
from carwire.conformance.owners import (
    TOKEN,
    callback,
    granted,
    owner,
    pair_of,
    refresh,
    second_owner,
    walked,
)
from carwire.conformance.talk import FORM, NOBODY, Talk
from carwire.conformance.walking import AUTHORIZE

tokens: Final = Group()
_CONNECT: Final = f"GET {AUTHORIZE}"
_TOKEN: Final = f"POST {TOKEN}"
_FIELDS: Final = {"access_token", "token_type", "expires_in", "refresh_token"}
_UNKNOWN: Final = {"grant_type": "refresh_token", "refresh_token": NOBODY}
_TWO: Final = "Python: a generic SDK_ERROR without both; Java: a null is a crash"


@tokens.add("connect-reachable", _CONNECT, "is there, a page or a redirect", "Node: builds it on SMARTCAR_API_ORIGIN")
async def connect_reachable(talk: Talk) -> None:
    """Without anything asked for, even an error page will do."""
    answer = await talk.get(AUTHORIZE)
    expect(answer.status not in {404, 405} and answer.status < 500, "a page or a redirect", answer)


@tokens.add(
    *("connect-forms", _CONNECT, "can be walked by the ids of its buttons, simulated"),
    "the suites: #continue-button, #CHEVROLET, #sign-in-button, #approval-button",
)
async def connect_forms(talk: Talk) -> None:
    """Up to a code."""
    await walked(talk)


@tokens.add("connect-state", _CONNECT, "gives the state back unchanged", "all SDKs: getAuthUrl(state)")
async def connect_state(talk: Talk) -> None:
    """The state is compared by the application."""
    found = (await callback(talk)).get("state", [])
    expect(found == ["conformance"], "state=conformance", "&".join(f"state={each}" for each in found) or "none")


def _expect_tokens(body: Any) -> None:
    """Nothing of a value is told: it may be a secret in the wrong place."""
    expect(isinstance(body, dict), "an object", kind_of(body))
    expect(body.keys() >= _FIELDS, f"members {', '.join(sorted(_FIELDS))}", f"only {', '.join(sorted(body))}")
    for name in ("access_token", "refresh_token"):
        expect(isinstance(body[name], str) and body[name], f"{name}, a string", kind_of(body[name]))


@tokens.add("tokens-members", _TOKEN, "answers with a pair of tokens", "all SDKs: exchangeCode")
async def members(talk: Talk) -> None:
    """The four members."""
    body = (await granted(talk)).good()
    talk.keep_secrets(body)
    _expect_tokens(body)


@tokens.add("tokens-lifetime", _TOKEN, "gives 7200 seconds, an integer", "Java: an integer; all: when to refresh")
async def lifetime(talk: Talk) -> None:
    """Two hours."""
    body = (await granted(talk)).good()
    expect(body.get("expires_in") == 7200 and type(body["expires_in"]) is int, "7200", kind_of(body.get("expires_in")))


@tokens.add("tokens-type", _TOKEN, "gives tokens of the type Bearer", "Python, Ruby: token_type")
async def token_type(talk: Talk) -> None:
    """As Smartcar writes it."""
    body = (await granted(talk)).good()
    expect(body.get("token_type") == "Bearer", "token_type Bearer", "another")


@tokens.add("tokens-json", _TOKEN, "is application/json and has sc-request-id", "Node, Python: how it is read")
async def token_json(talk: Talk) -> None:
    """The headers of every answer."""
    answer = await granted(talk)
    answer.expect_json()
    answer.expect_request_id()


@tokens.add("tokens-undefined", _TOKEN, "takes redirect_uri=undefined for none", "Node: without a redirect URI")
async def undefined(talk: Talk) -> None:
    """Node sends the word."""
    await second_owner(talk)


async def _refreshed(talk: Talk) -> Answer:
    who = await owner(talk)
    if talk.access.access_token.reveal() and not who.refresh_token:
        raise NotAsked("an access token was given, and no refresh token")
    return await refresh(talk, who.refresh_token)


@tokens.add("refresh-rotates", _TOKEN, "refreshes with a new pair", "all SDKs: exchangeRefreshToken")
async def rotates(talk: Talk) -> None:
    """Both are new."""
    who = await owner(talk)
    answer = await _refreshed(talk)
    access_token, refresh_token = pair_of(talk, answer)
    _expect_tokens(answer.json())
    expect(access_token != who.access_token, "a new access token", "the same")
    expect(refresh_token != who.refresh_token, "a new refresh token", "the same")


@tokens.add("refresh-keeps", _TOKEN, "leaves the older access token alive", "applications with several processes")
async def keeps(talk: Talk) -> None:
    """Until it expires by itself."""
    who = await owner(talk)
    (await _refreshed(talk)).expect_status(200)
    (await talk.ask("GET", "/v2.0/user", [who.bearer], again=True)).expect_status(200)


@tokens.add(
    "refresh-grace", _TOKEN, "takes a used refresh token again, at once", "answers that got lost: the grace period"
)
async def grace(talk: Talk) -> None:
    """Smartcar's documentation has one minute and ten."""
    who = await owner(talk)
    (await _refreshed(talk)).expect_status(200)
    fields = urlencode({"refresh_token": who.refresh_token, "grant_type": "refresh_token"}).encode()
    again = await talk.ask("POST", TOKEN, [talk.client, FORM], fields)
    pair_of(talk, again)


def _expect_refusal(answer: Answer, status: int, *errors: str) -> None:
    answer.expect_status(status)
    answer.expect_json()
    body = answer.json()
    expect(isinstance(body, dict), "an object", kind_of(body))
    for name in ("error", "error_description"):
        expect(
            isinstance(body.get(name), str) and body[name],
            f"{name}, a string that is not empty",
            kind_of(body.get(name)),
        )
    expect(not errors or body["error"] in errors, f"error {' or '.join(errors)}", body["error"])
    expect("type" not in body, "no type beside error", body.get("type"))


def _refused(name: str, says: str, relies: str, fields: Mapping[str, str], status: int, *errors: str) -> None:
    async def run(talk: Talk) -> None:
        headers = [talk.client] if status != 401 else [talk.basic(talk.access.client_id or NOBODY, "wrong-secret")]
        _expect_refusal(await talk.form(TOKEN, fields, *headers), status, *errors)

    tokens.add(name, _TOKEN, says, relies)(run)


_CODE: Final = {"grant_type": "authorization_code", "code": NOBODY}
_refused(
    *("token-bad-code", "refuses an unknown code: 400 invalid_request", "Python's and Java's suites", _CODE, 400),
    "invalid_request",
)
_refused(
    *("token-bad-refresh", "refuses an unknown refresh token: 400 invalid_request", "Python's and Java's suites"),
    *(_UNKNOWN, 400, "invalid_request"),
)
_refused("token-bad-client", "refuses a wrong secret: 401 invalid_client", _TWO, _CODE, 401, "invalid_client")
_refused(
    *(
        "token-bad-grant",
        "refuses an unknown grant: 400, error and error_description",
        _TWO,
        {"grant_type": "none"},
        400,
    ),
    *("unsupported_grant_type", "invalid_request"),
)


def _same(name: str, says: str, relies: str, ask: Callable[[Talk], Any]) -> None:
    """A spelling of a refresh: one of an unknown token is refused as it is otherwise."""

    async def run(talk: Talk) -> None:
        _expect_refusal(await ask(talk), 400, "invalid_request")

    tokens.add(name, _TOKEN, says, relies)(run)


def _with_client(talk: Talk) -> dict[str, str]:
    _ = talk.client
    return {"client_id": talk.access.client_id, "client_secret": talk.access.client_secret.reveal()}


_same(
    *("token-form-client", "takes the client from the form, too", "Ruby: client_id and client_secret in the form"),
    lambda talk: talk.form(TOKEN, {**_UNKNOWN, **_with_client(talk)}),
)


@tokens.add(
    *("token-query", _TOKEN, "takes its fields from the query, too", "Smartcar's documentation: a page on the exchange")
)
async def _query(talk: Talk) -> None:
    told = await talk.form(f"{TOKEN}?{urlencode(_UNKNOWN)}", {}, talk.client)
    _expect_refusal(told, 400, "invalid_request")
    form = await talk.form(TOKEN, _UNKNOWN, talk.client)
    same = form.status == told.status and form.json() == told.json()
    expect(same, "the very refusal that the form gets", "another one")


_same(
    *("token-slash", "is there with a slash, too", "Go: /oauth/token/"),
    lambda talk: talk.form(f"{TOKEN}/", _UNKNOWN, talk.client),
)
_same(
    *("token-flags", "takes flags", "all SDKs: flags in the query"),
    lambda talk: talk.form(f"{TOKEN}?flags=a%3Atrue+b%3Ax", _UNKNOWN, talk.client),
)
_same(
    *("token-twice", f"is at {TOKEN}{TOKEN}, too", "one SMARTCAR_AUTH_ORIGIN for Python, Node and Java"),
    lambda talk: talk.form(f"{TOKEN}{TOKEN}", _UNKNOWN, talk.client),
)

CHECKS: Final = tuple(tokens.checks)
