"""Applications: registered, recognised, renewed and deleted, on the real store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carwire.core.applications import MAX_NAME, MAX_REDIRECT_URIS
from carwire.core.errors import InvalidInput, NotAuthenticated
from carwire.kit.secrets import Secret, SecretHasher, new_pepper
from carwire.services.accounts import AccountService
from carwire.storage.sql.sqlite import SqliteApplications, open_database

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[AccountService]:
    moments = iter(NOW + timedelta(seconds=n) for n in range(1000))
    with closing(open_database(tmp_path)) as connection:
        yield AccountService(SqliteApplications(connection), SecretHasher(new_pepper()), lambda: next(moments))


def test_a_registered_application_is_recognised_by_its_secret(accounts: AccountService) -> None:
    new = accounts.register("  My App ", ("https://a.example/cb", "https://a.example/cb", "myapp://cb"))
    assert new.application.name == "My App"
    assert new.application.redirect_uris == ("https://a.example/cb", "myapp://cb")
    assert new.application.created_at == NOW
    assert len(new.application.client_id) == 36
    assert accounts.authenticate(new.application.client_id, new.client_secret) == new.application
    assert accounts.list() == [new.application]


def test_two_registrations_of_one_name_are_two_applications(accounts: AccountService) -> None:
    first, second = accounts.register("App"), accounts.register("App")
    assert first.application.client_id != second.application.client_id
    texts = {s.reveal() for new in (first, second) for s in (new.client_secret, new.management_token)}
    assert len(texts) == 4
    assert accounts.list() == [first.application, second.application]


def test_a_new_application_shows_no_secret_when_printed(accounts: AccountService) -> None:
    new = accounts.register("App")
    assert new.client_secret.reveal() not in repr(new)
    assert new.management_token.reveal() not in repr(new)


@pytest.mark.parametrize(
    "client_id", ["", "nobody", "0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c3", "a\0b", "é", "\ud800", "'; --"]
)
def test_unknown_clients_are_not_authenticated(accounts: AccountService, client_id: str) -> None:
    new = accounts.register("App")
    with pytest.raises(NotAuthenticated) as caught:
        accounts.authenticate(client_id, new.client_secret)
    assert str(caught.value) == str(NotAuthenticated())


def test_a_wrong_secret_the_token_and_another_applications_secret_are_not_authenticated(
    accounts: AccountService,
) -> None:
    new, other = accounts.register("App"), accounts.register("Other")
    right = new.client_secret.reveal()
    wrong = [Secret(""), Secret(right[:-1]), Secret(right + " "), Secret(right.swapcase()), Secret("\ud800")]
    for secret in (*wrong, other.client_secret, new.management_token, Secret(new.application.secret_digest.hex())):
        with pytest.raises(NotAuthenticated) as caught:
            accounts.authenticate(new.application.client_id, secret)
        assert str(caught.value) == str(NotAuthenticated()), "every cause has the same message"


def test_a_renewed_secret_replaces_the_old_one_at_once(accounts: AccountService) -> None:
    new, other = accounts.register("App"), accounts.register("Other")
    client_id = new.application.client_id
    renewed = accounts.rotate_secret(client_id)
    found = accounts.authenticate(client_id, renewed)
    assert found.management_token_digest == new.application.management_token_digest
    assert found.created_at == new.application.created_at
    with pytest.raises(NotAuthenticated):
        accounts.authenticate(client_id, new.client_secret)
    assert accounts.authenticate(other.application.client_id, other.client_secret)


def test_a_deleted_application_is_gone_at_once(accounts: AccountService) -> None:
    new, other = accounts.register("App"), accounts.register("Other")
    accounts.delete(new.application.client_id)
    with pytest.raises(NotAuthenticated):
        accounts.authenticate(new.application.client_id, new.client_secret)
    assert accounts.list() == [other.application]


def test_an_unknown_client_id_cannot_be_renewed_or_deleted(accounts: AccountService) -> None:
    for change in (accounts.rotate_secret, accounts.delete):
        with pytest.raises(InvalidInput) as caught:
            change("x" * 5000 + "é")
        assert [problem.field for problem in caught.value.fields] == ["client_id"]
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", ["a", "x" * MAX_NAME, " " * 50 + "x" * MAX_NAME, "Ünïcödé 車", "O'Brien & <b>"])
def test_a_printable_name_is_kept(accounts: AccountService, name: str) -> None:
    accounts.register(name)
    assert [a.name for a in accounts.list()] == [name.strip()]


@pytest.mark.parametrize("name", ["", "   ", "x" * (MAX_NAME + 1), "a\nb", "a\0", "a\x1b[31m", "\ud800", "a\u202eb"])
def test_a_name_that_cannot_be_shown_is_refused_and_nothing_is_stored(accounts: AccountService, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        accounts.register(name)
    assert [problem.field for problem in caught.value.fields] == ["name"]
    assert accounts.list() == []


@pytest.mark.parametrize(
    "uri",
    [
        "https://a.example/cb",
        "https://a.example",
        "https://a.example:8443/cb?x=1",
        "http://localhost/cb",
        "http://localhost:3000/cb",
        "http://127.0.0.1:3000/cb",
        "http://[::1]:3000/cb",
        "com.example.app:/cb",
        "myapp://cb",
        "sc0b9d1c55://exchange",
    ],
)
def test_an_absolute_redirect_uri_is_kept(accounts: AccountService, uri: str) -> None:
    assert accounts.register("App", (uri,)).application.redirect_uris == (uri,)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("", "is not absolute"),
        ("/cb", "is not absolute"),
        ("a.example/cb", "is not absolute"),
        ("//a.example/cb", "is not absolute"),
        ("https://a.example/cb#here", "must not have a fragment"),
        ("https://a.example/cb#", "must not have a fragment"),
        ("https:///cb", "has no host"),
        ("http://:3000/cb", "has no host"),
        ("http://a.example/cb", "must use https"),
        ("HTTP://A.EXAMPLE/cb", "must use https"),
        ("http://localhost.a.example/cb", "must use https"),
        ("http://localhost@a.example/cb", "must use https"),
        ("https://a.example/ cb", "a URI may not contain"),
        ("https://a.example/\ncb", "a URI may not contain"),
        ("https://é.example/cb", "a URI may not contain"),
        ("https://a.example/\ud800", "a URI may not contain"),
        ("https://[::1/cb", "is not a URI"),
    ],
)
def test_a_redirect_uri_that_could_mislead_is_refused(accounts: AccountService, uri: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        accounts.register("App", ("https://a.example/cb", uri))
    (problem,) = caught.value.fields
    assert problem.field == "redirect_uris"
    assert said in problem.message
    assert accounts.list() == []


def test_every_problem_of_a_registration_is_told_at_once(accounts: AccountService) -> None:
    with pytest.raises(InvalidInput) as caught:
        accounts.register("", ("/cb", *(f"https://a.example/{n}" for n in range(MAX_REDIRECT_URIS))))
    assert [problem.field for problem in caught.value.fields] == ["name", "redirect_uris", "redirect_uris"]
