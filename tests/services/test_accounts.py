"""Applications: registered, recognised, renewed, changed and deleted, on every store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from carwire.core.applications import MAX_NAME, MAX_REDIRECT_URIS
from carwire.core.errors import InvalidInput, NotAuthenticated
from carwire.core.ports import Store
from carwire.kit.secrets import Secret, SecretHasher, new_pepper
from carwire.services.accounts import AccountService

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def accounts(store: Store) -> AccountService:
    moments = iter(NOW + timedelta(seconds=n) for n in range(1000))
    return AccountService(store, SecretHasher(new_pepper()), lambda: next(moments))


async def test_a_registered_application_is_recognised_by_its_secret(accounts: AccountService) -> None:
    new = await accounts.register("  My App ", ("https://a.example/cb", "https://a.example/cb", "http://localhost/cb"))
    assert new.application.name == "My App"
    assert new.application.redirect_uris == ("https://a.example/cb", "http://localhost/cb")
    assert new.application.created_at == NOW
    assert len(new.application.client_id) == 36
    assert await accounts.authenticate(new.application.client_id, new.client_secret) == new.application
    assert await accounts.list() == [new.application]


async def test_two_registrations_of_one_name_are_two_applications(accounts: AccountService) -> None:
    first, second = await accounts.register("App"), await accounts.register("App")
    assert first.application.client_id != second.application.client_id
    texts = {s.reveal() for new in (first, second) for s in (new.client_secret, new.management_token)}
    assert len(texts) == 4
    assert await accounts.list() == [first.application, second.application]


async def test_a_new_application_shows_no_secret_when_printed(accounts: AccountService) -> None:
    new = await accounts.register("App")
    assert new.client_secret.reveal() not in repr(new)
    assert new.management_token.reveal() not in repr(new)


@pytest.mark.parametrize(
    "client_id", ["", "nobody", "0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c3", "a\0b", "é", "\ud800", "'; --"]
)
async def test_unknown_clients_are_not_authenticated(accounts: AccountService, client_id: str) -> None:
    new = await accounts.register("App")
    with pytest.raises(NotAuthenticated) as caught:
        await accounts.authenticate(client_id, new.client_secret)
    assert str(caught.value) == str(NotAuthenticated())


async def test_a_wrong_secret_the_token_and_another_applications_secret_are_not_authenticated(
    accounts: AccountService,
) -> None:
    new, other = await accounts.register("App"), await accounts.register("Other")
    right = new.client_secret.reveal()
    wrong = [Secret(""), Secret(right[:-1]), Secret(right + " "), Secret(right.swapcase()), Secret("\ud800")]
    for secret in (*wrong, other.client_secret, new.management_token, Secret(new.application.secret_digest.hex())):
        with pytest.raises(NotAuthenticated) as caught:
            await accounts.authenticate(new.application.client_id, secret)
        assert str(caught.value) == str(NotAuthenticated()), "every cause has the same message"


async def test_a_renewed_secret_replaces_the_old_one_at_once(accounts: AccountService) -> None:
    new, other = await accounts.register("App"), await accounts.register("Other")
    client_id = new.application.client_id
    renewed = await accounts.rotate_secret(client_id)
    found = await accounts.authenticate(client_id, renewed)
    assert found.management_token_digest == new.application.management_token_digest
    assert found.created_at == new.application.created_at
    with pytest.raises(NotAuthenticated):
        await accounts.authenticate(client_id, new.client_secret)
    assert await accounts.authenticate(other.application.client_id, other.client_secret)


async def test_a_deleted_application_is_gone_at_once(accounts: AccountService) -> None:
    new, other = await accounts.register("App"), await accounts.register("Other")
    await accounts.delete(new.application.client_id)
    with pytest.raises(NotAuthenticated):
        await accounts.authenticate(new.application.client_id, new.client_secret)
    assert await accounts.list() == [other.application]


async def test_an_unknown_client_id_cannot_be_renewed_or_deleted(accounts: AccountService) -> None:
    for change in (accounts.rotate_secret, accounts.delete):
        with pytest.raises(InvalidInput) as caught:
            await change("x" * 5000 + "é")
        assert [problem.field for problem in caught.value.fields] == ["client_id"]
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", ["a", "x" * MAX_NAME, " " * 50 + "x" * MAX_NAME, "Ünïcödé 車", "O'Brien & <b>"])
async def test_a_printable_name_is_kept(accounts: AccountService, name: str) -> None:
    await accounts.register(name)
    assert [a.name for a in await accounts.list()] == [name.strip()]


@pytest.mark.parametrize("name", ["", "   ", "x" * (MAX_NAME + 1), "a\nb", "a\0", "a\x1b[31m", "\ud800", "a\u202eb"])
async def test_a_name_that_cannot_be_shown_is_refused_and_nothing_is_stored(
    accounts: AccountService, name: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await accounts.register(name)
    assert [problem.field for problem in caught.value.fields] == ["name"]
    assert await accounts.list() == []


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
    ],
)
async def test_an_absolute_redirect_uri_is_kept(accounts: AccountService, uri: str) -> None:
    assert (await accounts.register("App", (uri,))).application.redirect_uris == (uri,)


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
        ("http://localhost@a.example/cb", "must not name a user"),
        ("https://a.example/ cb", "a URI may not contain"),
        ("https://a.example/\ncb", "a URI may not contain"),
        ("com.example.app:/cb", "scheme that cannot be registered"),
        ("myapp://cb", "scheme that cannot be registered"),
        ("sc0b9d1c55://exchange", "scheme that cannot be registered"),
        ("https://é.example/cb", "a URI may not contain"),
        ("https://a.example/\ud800", "a URI may not contain"),
        ("https://[::1/cb", "is not a URI"),
    ],
)
async def test_a_redirect_uri_that_could_mislead_is_refused(accounts: AccountService, uri: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await accounts.register("App", ("https://a.example/cb", uri))
    (problem,) = caught.value.fields
    assert problem.field == "redirect_uris"
    assert said in problem.message
    assert await accounts.list() == []


async def test_every_problem_of_a_registration_is_told_at_once(accounts: AccountService) -> None:
    with pytest.raises(InvalidInput) as caught:
        await accounts.register("", ("/cb", *(f"https://a.example/{n}" for n in range(MAX_REDIRECT_URIS))))
    assert [problem.field for problem in caught.value.fields] == ["name", "redirect_uris", "redirect_uris"]


# What the door remembers, and the second secret.


async def test_credentials_are_remembered_by_what_carried_them_until_anybody_writes(accounts: AccountService) -> None:
    new = await accounts.register("App")
    client_id = new.application.client_id
    assert accounts.recognise(b"proof") is None
    await accounts.authenticate(client_id, new.client_secret, proof=b"proof")
    await accounts.authenticate(client_id, new.client_secret, proof=b"proof")  # the first may come before the reset
    assert accounts.recognise(b"proof") == new.application
    assert accounts.recognise(b"other proof") is None
    await accounts.rotate_secret(client_id)
    assert accounts.recognise(b"proof") is None


async def test_credentials_that_are_refused_are_not_remembered(accounts: AccountService) -> None:
    new = await accounts.register("App")
    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            await accounts.authenticate(new.application.client_id, Secret("wrong"), proof=b"proof")
        with pytest.raises(NotAuthenticated):
            await accounts.authenticate_manager(Secret("wrong"), proof=b"proof")
    assert accounts.recognise(b"proof") is None


async def test_an_application_is_recognised_by_its_management_token(accounts: AccountService) -> None:
    new, other = await accounts.register("App"), await accounts.register("Other")
    assert await accounts.authenticate_manager(new.management_token) == new.application
    for secret in (new.client_secret, Secret(""), Secret("\ud800"), Secret(other.management_token.reveal()[:-1])):
        with pytest.raises(NotAuthenticated):
            await accounts.authenticate_manager(secret)


async def test_a_renewed_management_token_replaces_the_old_one_at_once(accounts: AccountService) -> None:
    new = await accounts.register("App")
    renewed = await accounts.rotate_management_token(new.application.client_id)
    found = await accounts.authenticate_manager(renewed)
    assert found.secret_digest == new.application.secret_digest
    with pytest.raises(NotAuthenticated):
        await accounts.authenticate_manager(new.management_token)
    with pytest.raises(InvalidInput):
        await accounts.rotate_management_token("nobody")


async def test_an_old_management_token_signs_until_the_overlap_ends_and_opens_nothing(
    accounts: AccountService, store: Store
) -> None:
    new = await accounts.register("App")
    client_id = new.application.client_id
    renewed = await accounts.rotate_management_token(client_id, timedelta(hours=2))
    with pytest.raises(NotAuthenticated):
        await accounts.authenticate_manager(new.management_token)
    now = accounts._clock()

    async def signing(minutes: float) -> str | None:
        keys = await store.signing_keys(client_id, "any", now + timedelta(minutes=minutes))
        return keys.management_token.reveal() if keys.management_token else None

    assert await signing(119) == new.management_token.reveal()
    assert await signing(121) == renewed.reveal()
    for hours in (-1, 168.1):
        with pytest.raises(InvalidInput):
            await accounts.rotate_management_token(client_id, timedelta(hours=hours))


async def test_redirect_uris_and_rules_are_changed_apart(accounts: AccountService) -> None:
    new = await accounts.register("App", ("https://a.example/cb",))
    client_id = new.application.client_id
    changed = await accounts.change(client_id, require_pkce=True, country="DE")
    assert changed.redirect_uris == ("https://a.example/cb",)
    assert (changed.rules.require_pkce, changed.rules.country) == (True, "DE")
    changed = await accounts.change(client_id, ("https://b.example/cb", "https://b.example/cb"))
    assert changed.redirect_uris == ("https://b.example/cb",)
    assert changed.rules.require_pkce
    assert await accounts.find(client_id) == changed
    assert await accounts.authenticate(client_id, new.client_secret) == changed


@pytest.mark.parametrize(
    ("uris", "rules"),
    [
        (("/cb",), {}),
        (None, {"origins": ("https://a.example/",)}),
        (None, {"scope": "read_nothing"}),
        (None, {"country": "XX"}),
    ],
)
async def test_a_change_that_cannot_be_is_refused_whole(
    accounts: AccountService, uris: tuple[str, ...] | None, rules: dict[str, object]
) -> None:
    new = await accounts.register("App")
    with pytest.raises(InvalidInput):
        await accounts.change(new.application.client_id, uris, require_pkce=True, **rules)
    assert await accounts.find(new.application.client_id) == new.application
    with pytest.raises(InvalidInput):
        await accounts.change("nobody", require_pkce=True)


async def test_names_are_found_by_client_id(accounts: AccountService) -> None:
    new = await accounts.register("App")
    assert await accounts.name_of(new.application.client_id) == "App"
    for client_id in ("nobody", "a\0b", "\ud800", ""):
        assert await accounts.name_of(client_id) is None
        assert await accounts.find(client_id) is None
