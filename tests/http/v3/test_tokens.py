"""``POST /oauth2/token``: every way to ask, and every way there is to be wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.conftest import Answer, Headers, Owned, basic, built
from tests.fakes import StandingClock
from tests.http.test_bad_calls import FORMS, oauth_refused

from carwire.services.credentials import OVERLAP, NewSecret

PATH = "/oauth2/token"
FORM = (b"content-type", b"application/x-www-form-urlencoded")
JSON = (b"content-type", b"application/json")
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, clock: StandingClock) -> Iterator[Owned]:
    with built(tmp_path_factory.mktemp("tokens"), clock=clock) as client:
        yield client


@pytest.fixture
def new(place: Owned) -> NewSecret:
    return place.run(place.carwire.services.credentials.draw(place.client_id))


def pair(new: NewSecret) -> dict[str, str]:
    return {**GRANT, "client_id": new.machine_id, "client_secret": new.secret.reveal()}


def ask(place: Owned, body: object, *headers: tuple[bytes, bytes]) -> Answer:
    """Ask with a form, or with bytes as they are."""
    sent = body if isinstance(body, bytes) else urlencode(body).encode()  # type: ignore[arg-type]
    return place.ask("POST", PATH, headers, sent)


def works(place: Owned, answer: Answer) -> str:
    """Fail unless there is a token that opens what is the application's."""
    body = answer.json()
    assert answer.status == 200, answer
    assert list(body) == ["access_token", "token_type", "expires_in"]
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert (answer.header("cache-control"), answer.header("pragma")) == ("no-store", "no-cache")
    token = str(body["access_token"])
    assert len(token) > 40
    assert opens(place, token)
    return token


def opens(place: Owned, token: str) -> bool:
    answer = place.ask("GET", "/v3/applications", [(b"authorization", b"Bearer " + token.encode())])
    assert answer.status in {200, 401}
    assert answer.status == 401 or answer.json()["data"][0]["id"] == place.client_id
    return answer.status == 200


def test_a_pair_is_taken_as_a_form_as_json_and_as_basic(place: Owned, new: NewSecret) -> None:
    text = json.dumps(pair(new)).encode()
    header = basic(f"{new.machine_id}:{new.secret.reveal()}")
    tokens = [
        works(place, ask(place, pair(new), FORM)),
        works(place, ask(place, pair(new))),
        works(place, ask(place, text, JSON)),
        works(place, ask(place, b" \n" + text)),
        works(place, ask(place, text, (b"content-type", b"application/json; charset=utf-8"))),
        works(place, ask(place, GRANT, FORM, header)),
        works(place, ask(place, json.dumps(GRANT).encode(), JSON, header)),
        works(place, ask(place, {**GRANT, "client_id": new.machine_id}, FORM, header)),
        works(place, ask(place, {**pair(new), "scope": "anything", "audience": "x"}, FORM)),
    ]
    assert len(set(tokens)) == len(tokens)
    assert all(opens(place, token) for token in tokens)


def test_a_token_lives_an_hour(place: Owned, new: NewSecret, clock: StandingClock) -> None:
    token = works(place, ask(place, pair(new)))
    clock.now += timedelta(minutes=59, seconds=59)
    assert opens(place, token)
    clock.now += timedelta(seconds=1)
    assert not opens(place, token)


def test_the_secret_before_is_taken_until_its_overlap_is_over(
    place: Owned, new: NewSecret, clock: StandingClock
) -> None:
    clock.move(hours=1)
    newer = place.run(place.carwire.services.credentials.draw(place.client_id))
    assert newer.machine_id == new.machine_id
    clock.now += OVERLAP - timedelta(seconds=1)
    for each in (new, newer):
        works(place, ask(place, pair(each)))
    clock.now += timedelta(seconds=1)
    assert oauth_refused(ask(place, pair(new)), 401)["error"] == "invalid_client"
    works(place, ask(place, pair(newer)))


def test_without_an_overlap_the_secret_before_ends_at_once(place: Owned, new: NewSecret) -> None:
    newer = place.run(place.carwire.services.credentials.draw(place.client_id, timedelta(0)))
    oauth_refused(ask(place, pair(new)), 401)
    works(place, ask(place, pair(newer)))


def test_a_deleted_secret_and_its_tokens_end_at_once_and_others_stay(place: Owned, new: NewSecret) -> None:
    credentials = place.carwire.services.credentials
    other = place.run(credentials.draw(place.client_id))
    gone, stays = (works(place, ask(place, pair(each))) for each in (new, other))
    place.run(credentials.delete(place.client_id, new.id))
    oauth_refused(ask(place, pair(new)), 401)
    assert not opens(place, gone)
    assert opens(place, stays)


def test_a_wrong_pair_is_refused_the_same_whatever_is_wrong(place: Owned, new: NewSecret) -> None:
    foreign = place.another()
    theirs = place.run(place.carwire.services.credentials.draw(foreign.client_id))
    good = pair(new)
    wrong: list[dict[str, str]] = [
        {**good, "client_secret": good["client_secret"][:-1]},
        {**good, "client_secret": good["client_secret"] + "x"},
        {**good, "client_secret": theirs.secret.reveal()},
        {**good, "client_secret": place.client_secret},
        {**good, "client_secret": place.management_token},
        {**good, "client_id": theirs.machine_id},
        {**good, "client_id": place.client_id},
        {**good, "client_id": "client_" + place.client_id},
        {**good, "client_id": new.machine_id.upper()},
        {**good, "client_id": new.machine_id + "0"},
        {**good, "client_id": "client_" + "0" * 32},
        {**good, "client_id": "client_"},
        {**good, "client_id": "\0"},
        {**good, "client_id": "' OR 1=1--"},
        {**GRANT, "client_id": place.client_id, "client_secret": place.client_secret},
    ]
    bodies = set()
    for fields in wrong:
        answer = ask(place, fields)
        assert oauth_refused(answer, 401)["error"] == "invalid_client", fields
        assert (answer.header("www-authenticate") or "").startswith("Basic ")
        bodies.add(answer.body)
        if fields["client_id"].isprintable():
            answer = ask(place, GRANT, basic(f"{fields['client_id']}:{fields['client_secret']}"))
            bodies.add(answer.body)
            oauth_refused(answer, 401)
    assert len(bodies) == 1


STRANGE: dict[str, Headers] = {
    "bearer": [(b"authorization", b"Bearer x")],
    "empty": [(b"authorization", b"")],
    "digest": [(b"authorization", b'Digest username="x"')],
    "no-colon": [basic("x")],
    "not-base64": [(b"authorization", b"Basic !!!")],
    "huge": [basic("a" * 2000 + ":b")],
    "twice": [basic("a:b"), basic("a:b")],
}


@pytest.mark.parametrize("what", STRANGE)
def test_another_authorization_is_refused_even_beside_a_good_pair(place: Owned, new: NewSecret, what: str) -> None:
    for body in (GRANT, pair(new)):
        assert oauth_refused(ask(place, body, *STRANGE[what]), 401)["error"] == "invalid_client"


def test_a_pair_in_both_places_is_refused(place: Owned, new: NewSecret) -> None:
    header = basic(f"{new.machine_id}:{new.secret.reveal()}")
    for body in (pair(new), {**GRANT, "client_secret": "x"}, {**GRANT, "client_id": "client_x"}):
        assert oauth_refused(ask(place, body, header))["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ({"grant_type": "CLIENT_CREDENTIALS"}, "unsupported_grant_type"),
        ({"grant_type": "\0"}, "unsupported_grant_type"),
        ({"grant_type": "a" * 5000}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": None}, "invalid_request"),
        ({"client_id": None}, "invalid_request"),
        ({"client_secret": None}, "invalid_request"),
        ({"client_id": ""}, "invalid_request"),
        ({"client_id": "a" * 256}, "invalid_request"),
        ({"client_secret": "a" * 256}, "invalid_request"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(place: Owned, new: NewSecret, change: dict[str, Any], error: str) -> None:
    fields = {name: value for name, value in {**pair(new), **change}.items() if value is not None}
    for answer in (ask(place, fields), ask(place, json.dumps(fields).encode(), JSON)):
        body = oauth_refused(answer)
        assert body["error"] == error
        assert next(iter(change)) in body["error_description"]
        assert new.secret.reveal() not in answer.text


WRONG_JSON: list[object] = [[], "x", 1, None, {"grant_type": 1}, {"grant_type": ["client_credentials"]},
                            {**GRANT, "client_id": {}, "client_secret": 1}]  # fmt: skip


@pytest.mark.parametrize("body", WRONG_JSON)
def test_json_of_another_form_is_refused(place: Owned, body: object) -> None:
    answer = ask(place, json.dumps(body).encode(), JSON)
    assert oauth_refused(answer)["error"] in {"invalid_request", "unsupported_grant_type"}


@pytest.mark.parametrize(
    "body", [b"{", b'{"grant_type":', b"\xff", b"{\xff}", b'{"a":' * 100_00, b"[" * 10_000, b'{"a":"\\ud800"}']
)
def test_what_is_no_json_is_refused(place: Owned, body: bytes) -> None:
    assert oauth_refused(ask(place, body, JSON))["error"] == "invalid_request"


@pytest.mark.parametrize("what", FORMS)
def test_a_wrong_form_is_refused_in_the_form_of_oauth(place: Owned, what: str) -> None:
    oauth_refused(ask(place, FORMS[what], FORM))


def test_a_huge_body_is_refused(place: Owned, new: NewSecret) -> None:
    for size in (16 * 1024, 1024 * 1024 - 200):
        body = urlencode({**pair(new), "x": "a" * size}).encode()
        oauth_refused(ask(place, body, FORM))
    answer = ask(place, b"a" * (1 << 21), FORM)
    assert (answer.status, answer.json()["code"]) == (413, "TOO_LARGE")


def test_a_field_given_twice_is_refused(place: Owned, new: NewSecret) -> None:
    body = urlencode(pair(new)).encode()
    for twice in (b"&grant_type=client_credentials", b"&client_id=x", b"&client%5Fsecret=x"):
        assert oauth_refused(ask(place, body + twice, FORM))["error"] == "invalid_request"


def test_a_query_is_not_looked_at(place: Owned, new: NewSecret) -> None:
    answer = place.ask("POST", f"{PATH}?{urlencode(pair(new))}", [FORM])
    oauth_refused(answer)


def test_the_two_token_endpoints_do_not_take_each_others_pairs(place: Owned, new: NewSecret) -> None:
    other = place.ask("POST", "/oauth/token", [basic(f"{new.machine_id}:{new.secret.reveal()}")],
                      urlencode({"grant_type": "refresh_token", "refresh_token": "x"}).encode())  # fmt: skip
    assert oauth_refused(other, 401)["error"] == "invalid_client"
    assert oauth_refused(place.ask("POST", "/oauth/token", [place.basic], urlencode(GRANT).encode()))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_refused(place: Owned, method: str) -> None:
    answer = place.ask(method, PATH)
    assert (answer.status, answer.header("allow")) == (405, "POST")


@pytest.mark.parametrize("path", ["/oauth2/token/", "//oauth2//token"])
def test_slashes_change_nothing(place: Owned, new: NewSecret, path: str) -> None:
    works(place, place.ask("POST", path, [FORM], urlencode(pair(new)).encode()))
