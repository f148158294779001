"""A thousand secrets of every kind go into a running server by every door a secret has, right and wrong ones, and into
places where no secret belongs. Afterwards no piece of one is in the database, its log of changes, the server's log,
the metrics, answers, a backup or any file of the data folder.

What the wire wants handed out is taken out of the answers before they are searched: a secret to its owner at the moment
it is drawn, and a code or refresh token back to whoever sent it, in the words SDKs read.
"""

from __future__ import annotations

import re
import secrets
import subprocess
import zipfile
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.conftest import CARWIRE, Answer, Headers, Server, basic, environment
from tests.http.connect.tab import Place as TabPlace
from tests.http.connect.tab import Tab
from tests.installation import Installation, Process, installed
from tests.planting import Planted, Search, joined, spelled
from tests.postgres import Cluster, cluster

from carwire.app import Carwire
from carwire.core.lookup.keys import Rights
from carwire.http.call import Answer as Given

__all__ = ["cluster"]
APPLICATIONS, RUNS, OF_EACH_DOOR = 25, 25, 12
MISTYPED = 9  # of one account; after ten there is a pause
LEAST = 1_000
VIN = "5YJ3E1EAXJF000001"
CALLBACK = "https://example.com/auth"
QUESTION = f"/v2.0/compatibility?vin={VIN}&scope=read_vin"
LOOKUP = f"/v2/vehicles/vins/{VIN}?region=us"
NOBODY = "0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c3"
FORM = (b"content-type", b"application/x-www-form-urlencoded")
JSON = (b"content-type", b"application/json")
_CSRF = re.compile(rb'(name="csrf" value=")([^"]+)')
# What the server has besides secrets of callers. They are in files of their own, for the operator alone.
OWN = {"pepper": secrets.token_hex(32), "keys": secrets.token_hex(32)}


def bearer(text: str) -> tuple[bytes, bytes]:
    return b"authorization", b"Bearer " + text.encode()


def raw_header(text: str) -> tuple[bytes, bytes]:
    return b"authorization", text.encode()


@dataclass
class Sealed(Installation):
    """An installation whose pepper and keys are looked for as well, behind a proxy that is trusted: so that runs of
    Connect come from many addresses.
    """

    def settings(self, name: str) -> dict[str, str]:
        own = {"CARWIRE_PEPPER": OWN["pepper"], "CARWIRE_KEYS": f"k1:{OWN['keys']}", "CARWIRE_LOG_LEVEL": "debug"}
        return {**super().settings(name), **own, "CARWIRE_TRUSTED_PROXIES": "127.0.0.1"}


@dataclass
class Registered:
    """An application with all its secrets."""

    client_id: str
    client_secret: str
    management_token: str
    machine_id: str
    machine_secret: str
    key: str
    public_key: str


@dataclass
class Ground:
    """A running server, what was planted in it and what it answered. `reached` counts answers by door and status."""

    installation: Sealed
    process: Process
    search: Search = field(default_factory=Search)
    answers: list[bytes] = field(default_factory=list)
    reached: Counter[tuple[str, int]] = field(default_factory=Counter)
    mine: list[Registered] = field(default_factory=list)
    token: str = ""
    vehicle_id: str = ""
    machine: str = ""

    @property
    def server(self) -> Server:
        return Server(self.process.origin, self.process.folder, {}, self.process.popen, "", "")

    def plant(self, kind: str, text: str, *, whole: bool = False) -> str:
        self.search.add(Planted(kind, text, whole))
        return text

    def ask(
        self, method: str, target: str, headers: Headers = (), body: bytes = b"", out: Iterable[str] = ()
    ) -> Answer:
        """Send a request and keep the answer, without what it hands out."""
        answer = self.server.ask(method, target, headers, body)
        self.keep(answer, out)
        return answer

    def keep(self, answer: Answer, out: Iterable[str] = ()) -> None:
        lines = b"\n".join(f"{name}: {value}".encode() for name, value in answer.headers)
        text = lines + b"\n\n" + answer.body
        for each in out:
            text = text.replace(each.encode(), b"(handed out)")
        self.answers.append(text)

    def drawn(self, kind: str, answer: Answer, *names: str) -> list[str]:
        """Plant what an answer hands out to its owner under these names."""
        assert answer.status == 200, answer
        texts = [answer.json()[name] for name in names]
        for name, text in zip(names, texts, strict=True):
            self.plant(f"{kind}: {name}", text)
            self.answers[-1] = self.answers[-1].replace(text.encode(), b"(handed out)")
        return texts


# Right ones.


async def register(carwire: Carwire, number: int) -> Registered:
    """Register an application as the command line does, in a process of its own."""
    new = await carwire.services.accounts.register(f"App {number}", (CALLBACK,))
    drawn = await carwire.services.credentials.draw(new.application.client_id)
    keys = carwire.lookup.keys
    key = await keys.create(new.application.client_id, "sec", "", Rights())
    public = await keys.create(new.application.client_id, "pub", "", Rights(origins=("https://example.com",)))
    return Registered(
        new.application.client_id, new.client_secret.reveal(), new.management_token.reveal(),
        drawn.machine_id, drawn.secret.reveal(), key.secret.reveal(), public.secret.reveal(),
    )  # fmt: skip


def use_applications(ground: Ground) -> None:
    """Show every secret of every application where it opens something, and draw what it leads to."""

    async def register_all(carwire: Carwire) -> list[Registered]:
        return [await register(carwire, number) for number in range(APPLICATIONS)]

    ground.mine = ground.installation.inside(ground.process, register_all)
    for each in ground.mine:
        ground.plant("client secret", each.client_secret)
        ground.plant("management token", each.management_token)
        ground.plant("v3 secret", each.machine_secret)
        ground.plant("lookup key", each.key)
        ground.plant("public lookup key", each.public_key)
        own = basic(f"{each.client_id}:{each.client_secret}")
        assert ground.ask("GET", QUESTION, [own]).status == 200
        shown = basic(f"default:{each.management_token}")
        assert ground.ask("GET", "/v2.0/management/connections", [shown]).status == 200
        assert ground.ask("GET", "/v1/webhooks", [bearer(each.management_token)]).status == 200
        form = {"grant_type": "client_credentials", "client_id": each.machine_id, "client_secret": each.machine_secret}
        answer = ground.ask("POST", "/oauth2/token", [FORM], urlencode(form).encode())
        (token,) = ground.drawn("v3 token", answer, "access_token")
        assert ground.ask("GET", "/v3/connections", [bearer(token)]).status == 200
        ground.machine = token
        assert ground.ask("GET", LOOKUP, [(b"apikey", each.key.encode())]).status == 200
        public = [raw_header(f"ApiKey {each.public_key}"), (b"origin", b"https://example.com")]
        assert ground.ask("GET", LOOKUP, public).status == 200
        answer = ground.ask("POST", "/auth-broker/request-token", [own, FORM], b"grant_type=client_credentials")
        (token,) = ground.drawn("lookup token", answer, "access_token")
        assert ground.ask("GET", LOOKUP, [bearer(token)]).status == 200
        wanted = b'{"name":"W","url":"%s","triggers":[{"code":"closure-islocked"}],"signals":["closure-islocked"]}'
        url = ground.installation.receiver.url.encode()
        ground.installation.receiver.token = each.management_token
        answer = ground.ask("POST", "/v1/webhooks", [own, JSON], wanted % url)
        ground.drawn("webhook secret", answer, "secret")
        path = f"/v1/webhooks/{answer.json()['webhook']['id']}"
        ground.drawn("webhook secret, the next", ground.ask("POST", path + "/rotate", [own, JSON], b"{}"), "secret")


@dataclass
class Far:
    """A browser's way to the server: what `Tab` asks of a place. Cookies and tokens of forms are planted."""

    ground: Ground
    query: Callable[..., str]
    out: list[str] = field(default_factory=list)

    async def ask(
        self, method: str, target: str, headers: Sequence[tuple[bytes, bytes]], body: bytes, address: str
    ) -> Given:
        own = [each for each in headers if each[0] != b"host"]
        own += [FORM] if method == "POST" else []
        answer = self.ground.server.ask(method, target, [*own, (b"x-forwarded-for", address.encode())], body)
        given = tuple((name.encode(), value.encode()) for name, value in answer.headers)
        for name, value in answer.headers:
            if name == "set-cookie":
                self._hand_out("cookie of Connect", value.partition("=")[2].partition(";")[0])
        for _, token in _CSRF.findall(answer.body):
            self._hand_out("token of forms", token.decode())
        location = answer.header("location") or ""
        if location.startswith(CALLBACK):
            self._hand_out("code", parse_qs(urlsplit(location).query)["code"][0])
        self.ground.keep(answer, self.out)
        return Given(answer.body, answer.status, headers=given)

    def _hand_out(self, kind: str, text: str) -> None:
        if text not in self.out:
            self.out.append(self.ground.plant(kind, text))


def run_connect(ground: Ground, number: int) -> None:
    """Let an owner mistype, sign in and approve, and exchange the code and the refresh token."""
    application = ground.mine[number % APPLICATIONS]
    plant = ground.plant
    state, verifier = plant("state", secrets.token_urlsafe(32)), plant("PKCE verifier", secrets.token_urlsafe(48))
    login = plant("login", f"{secrets.token_hex(8)}@owners.example", whole=True)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    given = {
        "client_id": application.client_id, "response_type": "code", "redirect_uri": CALLBACK, "mode": "simulated",
        "scope": "read_odometer read_vin read_battery control_security", "flags": "country:US", "state": state,
        "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    far = Far(ground, lambda: urlencode(given), [state, login])  # a page shows who signs in what they typed
    if number < MISTYPED:
        mistype(ground, Tab(cast("TabPlace", far), f"198.51.101.{number + 1}", "en"))
    tab = Tab(cast("TabPlace", far), f"198.51.100.{number + 1}", "en").authorize()
    tab.press("continue-button").press("TESLA")
    tab.press("sign-in-button", username=login, password=plant("password", secrets.token_urlsafe(16)))
    tab.approve()
    assert tab.outcome["state"] == state
    exchange(ground, application, tab.outcome["code"], verifier)


def mistype(ground: Ground, tab: Tab) -> None:
    """Sign in with a wrong password and answer a question wrongly."""
    tab.authorize().press("continue-button").press("TESLA")
    wrong = ground.plant("wrong password", secrets.token_urlsafe(16))
    tab.press("sign-in-button", username="wrong-password@connect.test", password=wrong)
    assert (tab.page, tab.status) == ("sign-in", 422)
    password = ground.plant("password", secrets.token_urlsafe(16))
    assert tab.press("sign-in-button", username="mfa@connect.test", password=password).page == "check"
    tab.press("submit-button", answer=ground.plant("wrong one-time code", secrets.token_hex(8)))
    assert (tab.page, tab.status) == ("check", 422)


def exchange(ground: Ground, application: Registered, code: str, verifier: str) -> None:
    own = [basic(f"{application.client_id}:{application.client_secret}"), FORM]
    wrong = ground.plant("wrong PKCE verifier", secrets.token_urlsafe(48))
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    answer = ground.ask("POST", "/oauth/token", own, urlencode({**form, "code_verifier": wrong}).encode())
    assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")
    answer = ground.ask("POST", "/oauth/token", own, urlencode({**form, "code_verifier": verifier}).encode())
    _, refresh = ground.drawn("first pair", answer, "access_token", "refresh_token")
    renewed = urlencode({"grant_type": "refresh_token", "refresh_token": refresh}).encode()
    answer = ground.ask("POST", "/oauth/token", own, renewed)
    access, _ = ground.drawn("second pair", answer, "access_token", "refresh_token")
    answer = ground.ask("GET", "/v2.0/vehicles", [bearer(access)])
    ground.token, ground.vehicle_id = access, answer.json()["vehicles"][0]
    vehicle = f"/v2.0/vehicles/{ground.vehicle_id}"
    assert ground.ask("GET", f"{vehicle}/odometer", [bearer(access)]).status == 200
    told = ground.ask("GET", f"{vehicle}/vin", [bearer(access)])
    ground.plant("VIN", told.json()["vin"], whole=True)
    ground.answers[-1] = b""


# Wrong ones, and right kinds in wrong places.

Sent = tuple[str, str, Sequence[tuple[bytes, bytes]], bytes]
Door = Callable[[Ground, str], Sent]


def uuid() -> str:
    text = secrets.token_hex(16)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def long() -> str:
    return secrets.token_urlsafe(32)


def shown(make: Callable[[str], tuple[bytes, bytes]], target: str, method: str = "GET") -> Door:
    """A door that takes a header."""
    return lambda _, text: (method, target, [make(text)], b"")


def form(target: str, fields: dict[str, str], *, own: bool = True) -> Door:
    """A door that takes a form; the secret stands where `*` does. With an application's credentials, or none."""
    return lambda g, text: (
        *("POST", target, [own_basic(g), FORM] if own else [FORM]),
        urlencode({name: text if value == "*" else value for name, value in fields.items()}).encode(),
    )


def own_basic(ground: Ground) -> tuple[bytes, bytes]:
    return basic(f"{ground.mine[0].client_id}:{ground.mine[0].client_secret}")


def at(target: str, method: str = "GET", body: bytes = b"", more: Sequence[tuple[bytes, bytes]] = ()) -> Door:
    """A place in a target, body or header, the secret where `*` is; asked by whoever may."""

    def sent(ground: Ground, text: str) -> Sent:
        key = raw_header("ApiKey " + ground.mine[0].key)
        who = own_basic(ground)
        if target.startswith(("/v2.0/vehicles", "/v2.0/user")):
            who = bearer(ground.token)
        elif target.startswith("/v3"):
            who = bearer(ground.machine)
        elif target.startswith("/v2/vehicle"):
            who = key
        given = text.encode()
        headers = [(name, value.replace(b"*", given)) for name, value in more]
        path = target.replace("{id}", ground.vehicle_id).replace("*", text)
        return method, path, [who, JSON, *headers], body.replace(b"*", given)

    return sent


def nobody(target: str, *headers: tuple[bytes, bytes]) -> Door:
    """A place of a request that shows nothing."""
    return lambda _, text: (
        *("GET", target.replace("*", text)),
        *([(name, value.replace(b"*", text.encode())) for name, value in headers], b""),
    )


MACHINE = {"grant_type": "client_credentials", "client_id": "client_x", "client_secret": "*"}
CODE = {"grant_type": "authorization_code", "redirect_uri": CALLBACK}
# Name → what draws such a secret, what sends it, which statuses say that it came so far.
DOORS: dict[str, tuple[Callable[[], str], Door, set[int]]] = {
    "password of Basic": (long, shown(lambda s: basic(f"{NOBODY}:{s}"), QUESTION), {401}),
    "name of Basic": (long, shown(lambda s: basic(f"{s}:x"), QUESTION), {401}),
    "Basic that is no base64": (long, shown(lambda s: raw_header(f"Basic {s}"), QUESTION), {401}),
    "Bearer": (uuid, shown(bearer, "/v2.0/vehicles"), {401}),
    "Bearer at a vehicle": (uuid, shown(bearer, f"/v2.0/vehicles/{NOBODY}/odometer"), {401}),
    "Bearer at an application's call": (long, shown(bearer, QUESTION), {401}),
    "Bearer at v3": (long, shown(bearer, f"/v3/vehicles/{NOBODY}/signals"), {401}),
    "owner's Bearer at v3": (uuid, shown(bearer, f"/v3/vehicles/{NOBODY}/signals"), {401}),
    "Bearer at commands": (long, shown(bearer, f"/v3/vehicles/{NOBODY}/commands/charge/start", "POST"), {401}),
    "header without a scheme": (long, shown(raw_header, QUESTION), {401}),
    "another scheme": (long, shown(lambda s: raw_header(f'Digest username="x", response="{s}"'), QUESTION), {401}),
    "management token, Basic": (
        *(long, shown(lambda s: basic(f"default:{s}"), "/v2.0/management/connections"), {401}),
    ),
    "management token, Bearer": (long, shown(bearer, "/v2.0/management/connections"), {401}),
    "lookup key": (lambda: "sec_" + long(), shown(lambda s: (b"apikey", s.encode()), LOOKUP), {401}),
    "lookup key of no kind": (long, shown(lambda s: (b"apikey", s.encode()), LOOKUP), {401}),
    "lookup key by scheme": (lambda: "sec_" + long(), shown(lambda s: raw_header(f"ApiKey {s}"), LOOKUP), {401}),
    "public lookup key": (lambda: "pub_" + long(), shown(lambda s: (b"apikey", s.encode()), LOOKUP), {401}),
    "lookup token": (long, shown(bearer, LOOKUP), {401}),
    "client secret for a lookup token": (
        *(long, shown(lambda s: basic(f"{NOBODY}:{s}"), "/auth-broker/request-token", "POST"), {401}),
    ),
    "key between processes": (long, shown(bearer, "/v1/relay/cars", "POST"), {401, 404}),
    "client secret at the simulator": (long, shown(lambda s: basic(f"{NOBODY}:{s}"), "/v1/simulator"), {401}),
    "client secret in the token form": (
        long,
        lambda g, s: (
            *("POST", "/oauth/token", [FORM]),
            urlencode({**CODE, "code": NOBODY, "client_id": g.mine[0].client_id, "client_secret": s}).encode(),
        ),
        {401},
    ),
    "PKCE verifier": (long, form("/oauth/token", {**CODE, "code": NOBODY, "code_verifier": "*"}), {400}),
    "token to revoke": (uuid, form("/oauth/revoke", {"token": "*"}), {200}),
    "secret in the form of v3": (
        *(
            long,
            form("/oauth2/token", MACHINE, own=False),
            {401},
        ),
    ),
    "client secret in a query": (long, at("/oauth/token?client_secret=*", "POST"), {400}),
    "token to revoke in a query": (uuid, at("/oauth/revoke?token=*", "POST"), {400}),
    "token form as JSON": (long, at("/oauth/token", "POST", b'{"client_secret":"*"}'), {400}),
    "broken JSON at v3's token endpoint": (long, at("/oauth2/token", "POST", b'{"client_secret":"*"'), {400, 401}),
    "token in a query": (uuid, nobody("/v2.0/vehicles?access_token=*"), {401}),
    "token in an owner's query": (uuid, at("/v2.0/vehicles?access_token=*"), {200, 400}),
    "token in an application's query": (uuid, at(QUESTION + "&access_token=*"), {200, 400}),
    "key in a lookup's query": (long, nobody(LOOKUP + "&key=*"), {401}),
    "token as a vehicle": (long, at("/v2.0/vehicles/*/odometer"), {400}),
    "token as a vehicle of v3": (long, at("/v3/vehicles/*/signals"), {400}),
    "token as a signal": (long, at("/v3/vehicles/{id}/signals/*"), {400, 404}),
    "token as a make": (uuid, at("/v2.0/vehicles/{id}/*/charge"), {403, 404}),
    "token as a path": (long, at("/*"), {404}),
    "token under a path": (long, nobody("/oauth/*"), {404}),
    "token under a version": (long, at("/v1.0/*"), {404}),
    "token as a webhook": (long, at("/v1/webhooks/*"), {400, 404}),
    "token as a run": (long, nobody("/c/*/*"), {404}),
    "token as a page of errors": (long, nobody("/docs/errors/api-errors/*"), {404}),
    "token as a VIN": (long, at("/v1/vins/*"), {400}),
    "token as a VIN of v2.0": (long, at("/v2.0/compatibility?scope=read_vin&vin=*"), {400}),
    "token as a permission": (long, at(f"/v2.0/compatibility?vin={VIN}&scope=*"), {400}),
    "token as the name of a parameter": (long, at(QUESTION + "&*=1"), {200, 400}),
    "token as a VIN of lookups": (long, at("/v2/vehicles/vins/*?region=us"), {400}),
    "token as a cursor": (long, at("/v3/connections?page[after]=*"), {400}),
    "token as an owner": (long, at("/v3/vehicles/{id}/signals", more=[(b"sc-user-id", b"*")]), {400}),
    "token as units": (long, at("/v2.0/vehicles/{id}/odometer", more=[(b"sc-unit-system", b"*")]), {400}),
    "token as an action": (long, at("/v2.0/vehicles/{id}/security", "POST", b'{"action":"*"}'), {400}),
    "PIN": (long, at("/v2.0/vehicles/{id}/tesla/pin", "POST", b'{"pin":"*"}'), {400, 403}),
    "field nobody knows": (long, at("/v1/webhooks", "POST", b'{"name":"x","*":"*"}'), {400}),
    "broken JSON": (long, at("/v1/webhooks", "POST", b'{"name":"*'), {400}),
    "no JSON": (long, at("/v1/vins", "POST", b"*"), {400}),
    "value of a wrong kind": (long, at("/v1/vins", "POST", b'{"vins":"*"}'), {400}),
    "credentials in a webhook's URL": (
        *(long, at("/v1/webhooks", "POST", b'{"name":"x","url":"https://u:*@hook.example/in"}'), {400}),
    ),
    "credentials in an error URL": (
        long,
        at("/v1/webhooks", "POST", b'{"name":"x","url":"https://hook.example","error_url":"https://*@hook.example/"}'),
        {400},
    ),
    "cookie of no run": (long, nobody(f"/c/{NOBODY}/welcome", (b"cookie", f"connect-{NOBODY}=*".encode())), {404}),
    "cookie of something else": (long, nobody("/health", (b"cookie", b"session=*"), (b"x-api-key", b"*")), {200}),
    "who asks": (long, nobody("/nothing", (b"user-agent", b"*"), (b"referer", b"https://example.com/?t=*")), {404}),
    "client id of Connect": (long, nobody("/oauth/authorize?response_type=code&client_id=*"), {400}),
    "credentials in a redirect URI": (
        long,
        lambda g, s: (
            *("GET", f"/oauth/authorize?client_id={g.mine[0].client_id}&redirect_uri=https://u:{s}@example.com/auth"),
            *((), b""),
        ),
        {400},
    ),
    "token of a link": (
        *(uuid, nobody(f"/battery-capacity?client_id={NOBODY}&vehicle_id={NOBODY}&response_type=vehicle_id&token=*")),
        {400},
    ),
    "position in the events": (long, at("/v1/events", more=[(b"last-event-id", b"*")]), {400}),
}
# Said back by the wire: the code or token that was sent, to who sent it.
SAID_BACK = {
    "code": (uuid, form("/oauth/token", {**CODE, "code": "*"}), {400}),
    "refresh token": (uuid, form("/oauth/token", {"grant_type": "refresh_token", "refresh_token": "*"}), {400}),
    "code in a query": (uuid, at("/oauth/token?grant_type=authorization_code&code=*", "POST"), {400}),
    "refresh token in a query": (uuid, at("/oauth/token?grant_type=refresh_token&refresh_token=*", "POST"), {400}),
}


def try_doors(ground: Ground) -> None:
    for name, (make, door, _) in {**DOORS, **SAID_BACK}.items():
        for _ in range(OF_EACH_DOOR):
            text = ground.plant(name, make())
            answer = ground.ask(*door(ground, text), out=[text] if name in SAID_BACK else ())
            ground.reached[name, answer.status] += 1
    doors = {**DOORS, **SAID_BACK}
    assert [each for each in ground.reached if each[1] not in doors[each[0]][2]] == []
    for _ in range(OF_EACH_DOOR):
        text = ground.plant("line that is no HTTP", long())
        ground.answers.append(ground.server.raw(b"GET / HTTP/1.1\r\n" + text.encode() + b"\r\n\r\n"))
        assert b" 400 " in ground.answers[-1]
        text = ground.plant("method", secrets.token_hex(8).upper())
        ground.answers.append(ground.server.raw(text.encode() + b" /health HTTP/1.1\r\nhost: x\r\n\r\n"))
        assert b" 40" in ground.answers[-1][:13]


# The search.


def on_disk(folder: Path) -> bytes:
    return joined(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def members(file: Path) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return joined(archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_no_planted_secret_is_found_in_anything_a_server_leaves(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    found: Cluster | None = request.getfixturevalue("cluster") if kind == "postgres" else None
    if found is None:
        leave_nothing(tmp_path, None, lambda: b"")
        return
    password = secrets.token_hex(16)
    found.run(f"CREATE ROLE planted SUPERUSER LOGIN PASSWORD '{password}'")
    try:
        with found.database() as url:
            own = url.replace(urlsplit(url).netloc.rpartition("@")[0], f"planted:{password}")
            leave_nothing(tmp_path, own, lambda: joined((found.dump(url), on_disk(found.folder / "data" / "pg_wal"))))
    finally:
        found.run("DROP ROLE planted")


def leave_nothing(folder: Path, database: str | None, dumped: Callable[[], bytes]) -> None:
    """Run a server, plant, search while it runs, back up, stop it, and search again."""
    with installed(folder, database) as bare:
        installation = Sealed(folder, bare.receiver, database, bare.processes)
        ground = Ground(installation, installation.start("up", "server"))
        for name, text in OWN.items():
            ground.plant(name, text)
            ground.search.add(Planted(f"{name}, as bytes", bytes.fromhex(text)))
        if database is not None:
            ground.plant("password of the database", urlsplit(database).password or "")
        use_applications(ground)
        for number in range(RUNS):
            run_connect(ground, number)
        try_doors(ground)
        place = folder / ("data" if database is None else "server/data")
        metrics = ground.ask("GET", "/metrics")
        assert 'route="/oauth/token",status="200"' in metrics.text
        places = {"answers": joined(ground.answers), "metrics": metrics.body}
        places |= {"data folder": on_disk(place), "database": dumped()}
        backup = subprocess.run(
            [CARWIRE, "backup", folder / "copy"],
            env=environment(**installation.settings("server")),
            capture_output=True, check=True, timeout=120,
        )  # fmt: skip
        places |= {"backup": members(folder / "copy"), "its words": backup.stdout + backup.stderr}
        request_id = ground.ask("GET", "/nothing").header("sc-request-id") or ""
        assert ground.process.end() == 0
        places |= {"data folder afterwards": on_disk(place), "database afterwards": dumped()}
        places |= {"log": (folder / "server" / "stderr").read_bytes()}
        places |= {"standard output": (folder / "server" / "stdout").read_bytes()}
    check(ground, places, request_id, database)


def check(ground: Ground, places: dict[str, bytes], request_id: str, database: str | None) -> None:
    """Fail for any piece of any secret; and unless the same search finds what is known to be there."""
    planted = ground.search.planted
    assert len(planted) == len({each.text for each in planted}) >= LEAST, len(planted)
    data = "data folder" if database is None else "database"
    control = Search()
    name = control.add(Planted("a name that is kept in clear", ground.mine[7].client_id))
    line = control.add(Planted("the id of a request", request_id))
    for where in (data, f"{data} afterwards", "backup"):
        assert name in control.found(places[where]), where
    assert line in control.found(places["log"])
    if database is None:
        assert b"SQLite format 3" in places["data folder"]
        assert b"\x37\x7f\x06\x82" in places["data folder"], "a log of changes that is not yet in the database"
    vins = {each for each in planted if each.kind == "VIN"}
    assert vins <= ground.search.found(places[data]), "readings and VINs are kept in clear, as the page says"
    clear = {"data folder", "database", "data folder afterwards", "database afterwards", "backup", "answers"}
    leaks = Counter(
        leak
        for where, text in places.items()
        for leak in ground.search.leaks(where, text, vins if where in clear else ())
    )
    assert leaks == {}


@pytest.mark.parametrize("before", ["", "x", "xy", "client:"])
@pytest.mark.parametrize("text", ["Zm9v-_bar+/=9kp3Q?x", "0d9b1c55-7f0e-4f43-9a49-d8a5b6f1b9c3", "ünïcode/päßwörd"])
def test_the_search_finds_every_spelling_and_every_piece(text: str, before: str) -> None:
    search = Search()
    planted = search.add(Planted("control", text))
    assert search.found(b"nothing of the kind" * 10) == set()
    for form, length in spelled(text):
        for piece in (form, form[:length], form[-length:], form[1 : length + 1]):
            assert search.found(b"\x01\x02" + before.encode() + piece + b"\0" * 40 + b"x") == {planted}
        assert search.found(b"\x7f" * 40 + form[: length - 1] + b"\x7f" * 40) == set()
    whole = Search()
    planted = whole.add(Planted("control", text, whole=True))
    assert whole.found(text.encode()[:-1]) == set()
    assert whole.found(before.encode() + text.encode()) == {planted}


def test_the_search_finds_a_secret_in_the_header_it_came_in() -> None:
    for text in (secrets.token_urlsafe(32), uuid()):
        for user in ("", "a", "ab", "abc", NOBODY):
            search = Search()
            planted = search.add(Planted("control", text))
            _, value = basic(f"{user}:{text}")
            assert search.found(value) == {planted}
