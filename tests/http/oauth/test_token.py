"""``POST /oauth/token`` and ``/oauth/revoke`` as SDKs call them, every way there is to be wrong, and parallel use."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from tests.conftest import Answer, Owned, basic, built
from tests.fakes import StandingClock
from tests.support import approve

from carwire.core.grants import ACCESS_LIFE, CODE_LIFE, REFRESH_GRACE, REFRESH_LIFE
from carwire.kit.secrets import Secret

REDIRECT = "https://example.com/auth"
FORM = (b"content-type", b"application/x-www-form-urlencoded")
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
VERIFIER = "a" * 20 + "-._~" + "B9" * 10 + "0"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def client(tmp_path: Path, clock: StandingClock) -> Iterator[Owned]:
    with built(tmp_path, clock=clock) as opened:
        yield opened


def code_of(client: Owned, username: str = "owner@example.com", **options: Any) -> str:
    now = client.carwire.services.tokens._clock()
    work = approve(client.carwire.store, client.hasher, client.source, client.client_id, username, now=now, **options)
    return client.run(work)[1].reveal()


def ask(
    client: Owned,
    fields: dict[str, str] | str,
    headers: list[tuple[bytes, bytes]] | None = None,
    path: str = "/oauth/token",
) -> Answer:
    body = fields if isinstance(fields, str) else urlencode(fields)
    return client.ask("POST", path, [FORM, *([client.basic] if headers is None else headers)], body.encode())


def redeem(client: Owned, code: str, headers: list[tuple[bytes, bytes]] | None = None, **fields: str) -> Answer:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **fields}
    return ask(client, {name: text for name, text in form.items() if text != "-"}, headers)


def refresh(client: Owned, token: str) -> Answer:
    return ask(client, {"grant_type": "refresh_token", "refresh_token": token})


def tokens_of(answer: Answer) -> dict[str, Any]:
    """Fail unless the answer is a pair of tokens as every SDK reads it."""
    assert answer.status == 200, answer
    body = answer.json()
    assert list(body) == ["access_token", "token_type", "expires_in", "refresh_token"]
    assert UUID_FORM.fullmatch(body["access_token"])
    assert UUID_FORM.fullmatch(body["refresh_token"])
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 7200)
    check_headers(answer)
    found: dict[str, Any] = body
    return found


def check_headers(answer: Answer) -> None:
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("pragma") == "no-cache"
    assert UUID(answer.header("sc-request-id") or "")
    assert all(name == name.lower() for name, _ in answer.headers)


def refused(answer: Answer, error: str, status: int = 400, said: str | None = None) -> str:
    """Fail unless the answer is an error of OAuth's form: two texts, and no key that belongs to another form."""
    body = answer.json()
    assert (answer.status, body["error"]) == (status, error), body
    assert list(body) == ["error", "error_description"]
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,500}", body["error_description"]), "as RFC 6749 has it"
    check_headers(answer)
    assert (answer.header("www-authenticate") is not None) is (status == 401)
    if said is not None:
        assert body["error_description"] == said
    description: str = body["error_description"]
    return description


def opens(client: Owned, token: str) -> bool:
    status = client.ask("GET", "/v2.0/user", [(b"authorization", f"Bearer {token}".encode())]).status
    assert status in {200, 401}
    return status == 200


# What works.


def test_a_code_is_exchanged_with_basic_credentials(client: Owned) -> None:
    tokens = tokens_of(redeem(client, code_of(client)))
    assert opens(client, tokens["access_token"])
    assert not opens(client, tokens["refresh_token"])


def test_a_code_is_exchanged_with_credentials_in_the_form(client: Owned) -> None:
    secrets = {"client_id": client.client_id, "client_secret": client.client_secret}
    tokens_of(redeem(client, code_of(client), [], **secrets))


@pytest.mark.parametrize("order", [("code", "grant_type", "redirect_uri"), ("grant_type", "code", "redirect_uri")])
def test_the_order_of_fields_does_not_matter(client: Owned, order: tuple[str, ...]) -> None:
    form = {"grant_type": "authorization_code", "code": code_of(client), "redirect_uri": REDIRECT}
    tokens_of(ask(client, urlencode({name: form[name] for name in order})))


@pytest.mark.parametrize("absent", ["undefined", "", "-"])
def test_the_default_redirect_uri_may_be_left_out(client: Owned, absent: str) -> None:
    tokens_of(redeem(client, code_of(client), redirect_uri=absent))


@pytest.mark.parametrize("absent", ["undefined", "", "-"])
def test_a_redirect_uri_that_never_was_named_may_be_left_out(client: Owned, absent: str) -> None:
    tokens_of(redeem(client, code_of(client, redirect_uri=None), redirect_uri=absent))


def test_what_is_no_secret_may_stand_in_the_query(client: Owned) -> None:
    query = urlencode({"grant_type": "authorization_code", "redirect_uri": REDIRECT, "flags": "country:DE"})
    tokens_of(ask(client, {"code": code_of(client)}, path=f"/oauth/token?{query}"))


@pytest.mark.parametrize(
    "path",
    [
        "/oauth/token",
        "/oauth/token/",
        "//oauth//token",
        "/oauth/token?",
        "/oauth/token/oauth/token",
        "/oauth/token/oauth/token/",
        "/oauth/token?flags=country:DE+beta:true",
        "/oauth/token?flags=country%3ADE%20beta:true",
    ],
)
def test_the_endpoint_has_two_names_and_any_slashes(client: Owned, path: str) -> None:
    form = {"grant_type": "authorization_code", "code": code_of(client), "redirect_uri": REDIRECT}
    tokens_of(ask(client, form, path=path))


def test_a_refresh_gives_a_new_pair_and_the_old_access_token_lives_on(client: Owned, clock: StandingClock) -> None:
    first = tokens_of(redeem(client, code_of(client)))
    second = tokens_of(refresh(client, first["refresh_token"]))
    assert len({*first.values(), *second.values()}) == 6
    clock.now += ACCESS_LIFE - timedelta(seconds=1)
    assert opens(client, first["access_token"])
    clock.now += timedelta(seconds=1)
    assert not opens(client, first["access_token"])


def test_a_used_refresh_token_gives_the_same_pair_for_ten_minutes(client: Owned, clock: StandingClock) -> None:
    first = tokens_of(redeem(client, code_of(client)))
    second = tokens_of(refresh(client, first["refresh_token"]))
    clock.now += REFRESH_GRACE
    assert tokens_of(refresh(client, first["refresh_token"])) == second
    clock.now += timedelta(seconds=1)
    refused(refresh(client, first["refresh_token"]), "invalid_request")
    assert not opens(client, second["access_token"]), "who comes that late is taken for a thief"


def test_a_refresh_token_lives_sixty_days(client: Owned, clock: StandingClock) -> None:
    token = tokens_of(redeem(client, code_of(client)))["refresh_token"]
    clock.now += REFRESH_LIFE - timedelta(seconds=1)
    token = tokens_of(refresh(client, token))["refresh_token"]
    clock.now += REFRESH_LIFE
    refused(refresh(client, token), "invalid_request", said=f"Invalid refresh_token: {token}.")


def test_a_challenge_is_met_by_its_verifier(client: Owned) -> None:
    tokens_of(redeem(client, code_of(client, challenge=CHALLENGE), code_verifier=VERIFIER))


# What does not.


@pytest.mark.parametrize("name", ["code", "refresh_token", "code_verifier"])
def test_the_fields_of_a_grant_may_stand_in_the_query(client: Owned, name: str) -> None:
    tokens = tokens_of(redeem(client, code_of(client)))
    form = {"grant_type": "authorization_code", "code": code_of(client, challenge=CHALLENGE), "code_verifier": VERIFIER}
    if name == "refresh_token":
        form = {"grant_type": name, name: tokens[name]}
    form |= {"client_id": client.client_id, "client_secret": client.client_secret, "redirect_uri": REDIRECT}
    rest = {key: text for key, text in form.items() if key != name}
    tokens_of(ask(client, rest, [], f"/oauth/token?{urlencode({name: form[name]})}"))


def test_no_secret_of_an_application_is_taken_from_the_query(client: Owned) -> None:
    name = "client_secret"
    code = code_of(client, challenge=CHALLENGE)
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "client_id": client.client_id}
    form |= {"client_secret": client.client_secret, "redirect_uri": REDIRECT}
    rest = {key: text for key, text in form.items() if key != name}
    path = f"/oauth/token?{urlencode({name: form[name]})}"
    said = refused(ask(client, rest, [], path), "invalid_request")
    assert said == f"The parameter {name} belongs in the body, not in the URI."
    refused(ask(client, form, [], path), "invalid_request", said=said)
    tokens_of(ask(client, form, []))


def test_no_token_to_revoke_is_taken_from_the_query(client: Owned) -> None:
    token = tokens_of(redeem(client, code_of(client)))["access_token"]
    refused(ask(client, "", path=f"/oauth/revoke?token={token}"), "invalid_request")
    assert opens(client, token)


def test_a_used_code_is_refused_and_what_it_gave_is_dead(client: Owned) -> None:
    code = code_of(client)
    tokens = tokens_of(redeem(client, code))
    refused(redeem(client, code), "invalid_request", said=f"Invalid code: {code}.")
    assert not opens(client, tokens["access_token"])
    token = tokens["refresh_token"]
    refused(refresh(client, token), "invalid_request", said=f"Invalid refresh_token: {token}.")


def test_a_code_dies_after_ten_minutes(client: Owned, clock: StandingClock) -> None:
    code = code_of(client)
    clock.now += CODE_LIFE
    refused(redeem(client, code), "invalid_request", said=f"Invalid code: {code}.")


def test_a_code_used_again_after_ten_minutes_ends_what_it_led_to(client: Owned, clock: StandingClock) -> None:
    code = code_of(client)
    tokens = tokens_of(redeem(client, code))
    clock.now += CODE_LIFE
    refused(redeem(client, code), "invalid_request", said=f"Invalid code: {code}.")
    assert not opens(client, tokens["access_token"])


@pytest.mark.parametrize(
    "code", ["0d9b", "0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c3", "x" * 300, "a\0b", 'say "hi"\\', "é", "a\r\nb", "\u202e"]
)
def test_an_unknown_code_is_refused_in_the_words_sdks_know(client: Owned, code: str) -> None:
    said = refused(redeem(client, code), "invalid_request")
    assert said.startswith("Invalid code: ")
    assert said.endswith(".")
    assert refused(refresh(client, code), "invalid_request").startswith("Invalid refresh_token: ")


def test_a_code_of_another_application_is_refused_and_stays_good_for_its_own(client: Owned) -> None:
    other, code = client.another(), code_of(client)
    foreign = refused(redeem(other, code), "invalid_request", said=f"Invalid code: {code}.")
    unknown = refused(redeem(other, code[::-1]), "invalid_request", said=f"Invalid code: {code[::-1]}.")
    assert len(foreign) == len(unknown)
    tokens = tokens_of(redeem(client, code))
    token = tokens["refresh_token"]
    refused(refresh(other, token), "invalid_request", said=f"Invalid refresh_token: {token}.")
    tokens_of(refresh(client, token))


@pytest.mark.parametrize(
    "uri",
    [
        "https://example.com/auth/",
        "https://example.com/AUTH",
        "https://example.com:443/auth",
        "https://example.com/auth?x=1",
        "https://example.com/auth#x",
        "https://EXAMPLE.com/auth",
        "http://example.com/auth",
        "https://example.com/auth ",
        "https://example.com/./auth",
        "https://evil.example/auth",
        "null",
    ],
)
def test_another_redirect_uri_is_refused_and_the_code_stays_good(client: Owned, uri: str) -> None:
    code = code_of(client)
    refused(redeem(client, code, redirect_uri=uri), "invalid_grant")
    tokens_of(redeem(client, code))


def test_a_redirect_uri_that_is_not_the_default_may_not_be_left_out(client: Owned) -> None:
    code = code_of(client, redirect_uri="https://example.com/second")
    refused(redeem(client, code, redirect_uri="-"), "invalid_grant")
    refused(redeem(client, code), "invalid_grant")
    tokens_of(redeem(client, code, redirect_uri="https://example.com/second"))


@pytest.mark.parametrize(
    ("verifier", "error"),
    [
        ("-", "invalid_request"),
        ("", "invalid_request"),
        ("short", "invalid_request"),
        (VERIFIER + "é", "invalid_request"),
        ("x" * 129, "invalid_request"),
        (VERIFIER[:-1] + "1", "invalid_grant"),
        (CHALLENGE, "invalid_grant"),
    ],
)
def test_a_challenge_is_met_by_nothing_else(client: Owned, verifier: str, error: str) -> None:
    """The challenge itself, as the method ``plain`` would have it, is nothing else either."""
    code = code_of(client, challenge=CHALLENGE)
    refused(redeem(client, code, code_verifier=verifier), error)
    refused(redeem(client, code, code_verifier=verifier, code_challenge_method="plain"), error)
    tokens_of(redeem(client, code, code_verifier=VERIFIER))


def test_a_verifier_without_a_challenge_is_refused(client: Owned) -> None:
    refused(redeem(client, code_of(client), code_verifier=VERIFIER), "invalid_request")


@pytest.mark.parametrize(
    ("form", "error", "said"),
    [
        ("", "invalid_request", "Missing grant_type in request."),
        ("code=x", "invalid_request", "Missing grant_type in request."),
        ("grant_type=", "invalid_request", "Missing grant_type in request."),
        ("grant_type=authorization_code", "invalid_request", "Missing 'code' in request."),
        ("grant_type=authorization_code&code=", "invalid_request", "Missing 'code' in request."),
        ("grant_type=refresh_token", "invalid_request", "Missing 'refresh_token' in request."),
        ("grant_type=refresh_token&refresh_token=undefined", "invalid_request", "Missing 'refresh_token' in request."),
        (
            "grant_type=authorization_code&code=x&code=y",
            "invalid_request",
            "The parameter code is given more than once.",
        ),
        ("grant_type=a&grant_type=a", "invalid_request", "The parameter grant_type is given more than once."),
        ("grant_type=%ff", "invalid_request", "The form is not url-encoded UTF-8."),
        ("grant_type=%zz", "invalid_request", "The form is not url-encoded UTF-8."),
        ("grant_type=" + "x" * 20_000, "invalid_request", "The form is too long."),
        ('{"grant_type": "authorization_code"}', "invalid_request", "Missing grant_type in request."),
        ("grant_type=client_credentials", "unsupported_grant_type", None),
        ("grant_type=password&username=a&password=b", "unsupported_grant_type", None),
        ("grant_type=implicit", "unsupported_grant_type", None),
        ("grant_type=Authorization_Code", "unsupported_grant_type", None),
        ("grant_type=a%22b%5C%0D%0Ac%C3%A9", "unsupported_grant_type", None),
        ("grant_type=" + "x" * 3000, "unsupported_grant_type", None),
    ],
)
def test_a_form_that_cannot_be_used_is_refused(client: Owned, form: str, error: str, said: str | None) -> None:
    refused(ask(client, form), error, said=said)


def test_no_form_of_a_grant_that_is_not_served_gives_a_token(client: Owned) -> None:
    drawn = random.Random(1)
    words = [
        "password",
        "client_credentials",
        "token",
        "id_token",
        "device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ]
    code = code_of(client)
    for _ in range(300):
        grant = "".join(drawn.sample([*words, "authorization_code ", " refresh_token", "\0"], drawn.randint(1, 3)))
        form = {
            "grant_type": grant,
            "code": code,
            "username": "a",
            "password": "b",
            "client_secret": client.client_secret,
        }
        refused(ask(client, form), "unsupported_grant_type")


def _wrong(client: Owned) -> list[list[tuple[bytes, bytes]]]:
    other = client.another()
    return [
        [],
        [basic(f"{client.client_id}:wrong")],
        [basic(f"{client.client_id}:")],
        [basic(f"nobody:{client.client_secret}")],
        [basic(f"{client.client_id}:{other.client_secret}")],
        [basic(f"default:{client.management_token}")],
        [(b"authorization", b"Bearer " + client.client_secret.encode())],
        [(b"authorization", b"Basic %%%")],
        [(b"authorization", b"")],
        [client.basic, client.basic],
    ]


def test_credentials_that_are_missing_or_wrong_are_refused_alike(client: Owned) -> None:
    code = code_of(client)
    said = {refused(redeem(client, code, headers), "invalid_client", 401) for headers in _wrong(client)}
    wrong = {"client_id": client.client_id, "client_secret": "wrong"}
    for fields in (wrong, {**wrong, "client_id": "nobody"}, {"client_id": client.client_id}, {"client_secret": "x"}):
        said.add(refused(redeem(client, code, [], **fields), "invalid_client", 401))
    assert len(said) == 1
    tokens_of(redeem(client, code))


def test_a_wrong_header_is_not_made_good_by_the_form(client: Owned) -> None:
    fields = {"client_id": client.client_id, "client_secret": client.client_secret}
    refused(redeem(client, code_of(client), [basic(f"{client.client_id}:wrong")], **fields), "invalid_client", 401)


def test_refusals_name_no_secret(client: Owned) -> None:
    fields = {"client_id": client.client_id, "client_secret": client.client_secret}
    for answer in (redeem(client, "x", [], **fields), ask(client, {"grant_type": "x", **fields})):
        assert client.client_secret not in answer.text


def test_only_post_is_served(client: Owned) -> None:
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        assert client.ask(method, "/oauth/token", [client.basic]).status == 405


# Revocation.


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense", ""])
def test_revoking_either_token_ends_the_grant_whatever_the_hint(client: Owned, which: str, hint: str) -> None:
    tokens = tokens_of(redeem(client, code_of(client)))
    answer = ask(client, {"token": tokens[which], "token_type_hint": hint}, path="/oauth/revoke")
    assert (answer.status, answer.json()) == (200, {})
    check_headers(answer)
    assert not opens(client, tokens["access_token"])
    refused(refresh(client, tokens["refresh_token"]), "invalid_request")


def test_own_foreign_and_unknown_tokens_are_answered_alike(client: Owned) -> None:
    other = client.another()
    kept, ended = (tokens_of(redeem(client, code_of(client, name))) for name in ("one@a.example", "two@a.example"))
    answers = [
        ask(client, {"token": ended["refresh_token"]}, path="/oauth/revoke"),
        ask(client, {"token": ended["refresh_token"]}, path="/oauth/revoke"),
        ask(other, {"token": kept["refresh_token"]}, path="/oauth/revoke"),
        ask(other, {"token": kept["access_token"]}, path="/oauth/revoke"),
        ask(client, {"token": "nothing"}, path="/oauth/revoke"),
        ask(client, {"token": "x" * 5000}, path="/oauth/revoke"),
    ]
    assert {(a.status, a.body, tuple(n for n, _ in a.headers)) for a in answers} == {
        (200, b"{}", tuple(n for n, _ in answers[0].headers))
    }
    assert opens(client, kept["access_token"])
    assert not opens(client, ended["access_token"])


def test_revoking_needs_credentials_and_a_token(client: Owned) -> None:
    tokens = tokens_of(redeem(client, code_of(client)))
    for headers in _wrong(client):
        refused(ask(client, {"token": tokens["access_token"]}, headers, "/oauth/revoke"), "invalid_client", 401)
    refused(ask(client, {}, path="/oauth/revoke"), "invalid_request")
    assert opens(client, tokens["access_token"])
    fields = {"client_id": client.client_id, "client_secret": client.client_secret, "token": tokens["access_token"]}
    assert ask(client, fields, [], "/oauth/revoke/").status == 200
    assert not opens(client, tokens["access_token"])


# The metadata.


def test_the_metadata_name_what_there_is(client: Owned) -> None:
    answer = client.ask("GET", "/.well-known/oauth-authorization-server")
    assert answer.status == 200
    body = answer.json()
    assert body["issuer"] == client.base_url
    served = {(route.method, client.base_url + route.path) for route in client.carwire.routes}
    assert ("POST", body["token_endpoint"]) in served
    assert ("POST", body["revocation_endpoint"]) in served
    assert ("GET", body["service_documentation"]) in served
    assert all(body[name].startswith(client.base_url) for name in body if name.endswith("_endpoint"))
    assert ("GET", body["authorization_endpoint"]) in served


def test_the_metadata_promise_only_what_is_kept(client: Owned) -> None:
    body = client.ask("GET", "/.well-known/oauth-authorization-server").json()
    for grant in body["grant_types_supported"]:
        assert ask(client, {"grant_type": grant}).json()["error"] == "invalid_request"
    assert body["code_challenge_methods_supported"] == ["S256"]
    assert body["token_endpoint_auth_methods_supported"] == ["client_secret_basic", "client_secret_post"]
    permissions = set(body["scopes_supported"])
    assert len(permissions) == len(body["scopes_supported"]) == 28


# Many at once.


def test_two_hundred_codes_thirty_two_times_each_have_one_winner_each(client: Owned) -> None:
    codes = [code_of(client, f"owner{n}@a.example") for n in range(200)]

    async def one(code: str) -> list[Answer]:
        form = urlencode({"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}).encode()
        sent = (client.send("POST", "/oauth/token", [FORM, client.basic], form) for _ in range(32))
        return await asyncio.gather(*sent)

    async def every() -> list[list[Answer]]:
        return [await one(code) for code in codes]

    for answers in client.run(every()):
        assert sorted(answer.status for answer in answers) == [200] + [400] * 31
        winner = next(answer for answer in answers if answer.status == 200)
        assert not opens(client, json.loads(winner.body)["access_token"])


def test_fifty_families_survive_lost_answers_and_parallel_refreshes(client: Owned, clock: StandingClock) -> None:
    """No family is killed within the grace, none has two branches, and each dies of a use after it."""
    drawn = random.Random(2)

    async def refresh_at_once(token: str) -> set[str]:
        form = urlencode({"grant_type": "refresh_token", "refresh_token": token}).encode()
        sent = (client.send("POST", "/oauth/token", [FORM, client.basic], form) for _ in range(8))
        answers = await asyncio.gather(*sent)
        assert {answer.status for answer in answers} == {200}
        return {json.loads(answer.body)["refresh_token"] for answer in answers}

    async def live(first: str) -> list[str]:
        line = [first]
        for _ in range(4):
            (successor,) = await refresh_at_once(line[-1])
            if drawn.random() < 0.3:  # all eight answers got lost
                assert await refresh_at_once(line[-1]) == {successor}
            line.append(successor)
        return line

    firsts = [tokens_of(redeem(client, code_of(client, f"o{n}@a.example")))["refresh_token"] for n in range(50)]
    for first in firsts:
        line = client.run(live(first))
        assert len(set(line)) == 5
    clock.now += REFRESH_GRACE + timedelta(seconds=1)
    for first in firsts:
        refused(refresh(client, first), "invalid_request")
        assert client.run(client.carwire.services.tokens.refresh_token(Secret(first))) is None
