"""The composition: the one place that names concrete classes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import msgspec
from litestar.types import ASGIApp

from carwire.beside import Beside, Cars
from carwire.connectors.simulator.desk import Desk
from carwire.connectors.simulator.keeper import Keeper
from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.source import SimulatorSource
from carwire.connectors.vpic import VpicDecoder
from carwire.core.budgets import DAY_S, Bucket, Budget
from carwire.core.compatibility.catalogue import Catalogue
from carwire.core.errors import CannotStart
from carwire.core.ports import Jobs, PushingSource, Sender, Source, Store
from carwire.demo import Demo, ensure_owner, write_demo
from carwire.http.application import Facts, Services, create
from carwire.http.bridge import Bridge
from carwire.http.call import Route
from carwire.http.connect import handlers as connect
from carwire.http.connect.pages import ConnectPages, choose_language
from carwire.http.door import Doors
from carwire.http.limits import ApplicationLimit
from carwire.http.metrics import Metrics
from carwire.http.operations import OperationHandlers
from carwire.http.v1 import relay
from carwire.http.v1 import simulator as v1_simulator
from carwire.http.web import demo as web_demo
from carwire.jobs.memory import MemoryJobs
from carwire.kit.clock import Clock, utc_now
from carwire.kit.files import write_private
from carwire.kit.secrets import PEPPER_BYTES, Secret, SecretHasher, new_pepper
from carwire.lookup import Lookup, build_lookup
from carwire.senders.later import LaterSender
from carwire.services.access import AccessService
from carwire.services.accounts import AccountService
from carwire.services.commands import CommandService
from carwire.services.compatibility import CompatibilityService
from carwire.services.connect.brands import Brands
from carwire.services.connect.service import ConnectService
from carwire.services.connect.tools import put_together
from carwire.services.credentials import CredentialService
from carwire.services.elements import ElementService
from carwire.services.links import LinkService
from carwire.services.lookup.finding import LookupService
from carwire.services.lookup.keys import KeyService
from carwire.services.lookup.usage import LookupUsageService
from carwire.services.observing import ObservingService
from carwire.services.tokens import TokenService
from carwire.services.usage import UsageService
from carwire.services.vehicles import VehicleService
from carwire.services.vin import VinService
from carwire.services.webhooks.bell import Bell
from carwire.services.webhooks.delivering import Delivering
from carwire.services.webhooks.diagnosing import Diagnosing
from carwire.services.webhooks.fanning_out import FanOut
from carwire.services.webhooks.hints import Hints
from carwire.services.webhooks.managing import WebhookService
from carwire.services.webhooks.streaming import Streaming
from carwire.services.webhooks.verifying import Verifying
from carwire.services.why import WhyService
from carwire.settings import Settings
from carwire.storage.catalogue import load_catalogue
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store
from carwire.upstream.door import Freshness, Upstream, budget_of
from carwire.upstream.metrics import UpstreamMetrics
from carwire.wire.telling import WireSpelling
from carwire.worker.metrics import WorkerMetrics
from carwire.worker.worker import SWEEP_S, UNHINTED_S, Work, Worker

PEPPER_FILE: Final = "pepper"


class Elsewhere(msgspec.Struct, frozen=True):
    """Another process keeps the simulated cars. `find` says at which origin, null when nobody can tell just now."""

    find: Callable[[], str | None]


class Here(msgspec.Struct, frozen=True):
    """This process keeps the simulated cars. `holds` tells whether the claim is still ours, null: who knows."""

    holds: Callable[[], bool | None] | None = None


class Carwire(msgspec.Struct, frozen=True):
    """A server put together but not yet listening: its services, its ASGI application and its route table.

    What runs beside the requests begins and ends with the ASGI application's lifespan.
    """

    services: Services
    asgi: ASGIApp
    routes: tuple[Route, ...]
    base_url: str
    store: Store
    upstream: Upstream
    worker: Worker
    lookup: Lookup
    cars: Cars
    beside: Beside

    @property
    def keeper(self) -> Keeper:
        """What keeps the simulated cars, in a process that does."""
        assert self.cars.keeper is not None, "another process keeps the simulated cars"
        return self.cars.keeper

    async def close(self) -> None:
        """Let go of what is open: for those who never ran the lifespan."""
        await self.beside.close()


def build(
    settings: Settings,
    base_url: str,
    *,
    store: Store | None = None,
    clock: Clock = utc_now,
    sources: Mapping[str, Source] | None = None,
    sender: Sender | None = None,
    local_key: Secret | None = None,
    demo: Demo | None = None,
    answers: bool = True,
    works: bool = True,
    cars: Here | Elsewhere | None = None,
) -> Carwire:
    """Put a server together. Raises `CannotStart` when folder, database, keys or catalogue cannot be used.

    `store`, `clock`, `sender` and further `sources` are for tests; `local_key` is what opens the simulator's routes to
    commands on the same data folder; `demo` is the application of the demo page. A process that `answers` has the API,
    one that `works` polls and delivers, and tidies; `cars` says which one keeps the simulated cars.
    """
    store = store or open_database(settings)
    hasher = SecretHasher(pepper_of(settings))
    relay_key = Secret(hasher.hash(Secret("simulated cars")).hex())
    where, simulator, simulation = _simulated(settings, cars or Here(), relay_key, clock)
    known: dict[str, Source] = {simulator.name: simulator, **(sources or {})}
    jobs, bell, at_door = open_jobs(settings), Bell(store), UpstreamMetrics()
    hints = Hints(jobs, bell.ring)
    budgets = {name: _budget(settings, each) for name, each in known.items()}
    upstream = Upstream(store, known, clock, budgets, on_event=hints.event, metrics=at_door)
    ground = _Ground(
        settings, base_url, store, hasher, clock, known, jobs, bell, upstream,
        ObservingService(store, upstream, clock, hints.event), sender or _web_sender(settings, clock),
        WireSpelling(base_url), VpicDecoder(), load_catalogue(),
    )  # fmt: skip
    services, counted = _services(ground), WorkerMetrics()
    worker = _worker(ground, counted, SWEEP_S if answers or settings.database else UNHINTED_S)
    lookup = build_lookup(store, hasher, clock, settings.lookup_services)
    facts = Facts(
        base_url,
        ground.decoder.data,
        len(ground.catalogue.makes),
        demo=demo is not None,
        generation=settings.v3_generation,
        long_after=timedelta(seconds=settings.long_command_after),
    )
    metrics = Metrics()
    metrics.add(at_door)
    if works or where.keeper:
        metrics.add(counted)
    beside = Beside(settings, store, where, services, lookup, worker, works, jobs, ground.sender, clock)
    asgi, routes = create(
        services,
        facts,
        OperationHandlers(store.ping, metrics),
        metrics,
        Doors(services.accounts, services.access, _limit(settings), *filter(None, (local_key, relay_key))),
        more=(
            *simulation,
            *lookup.routes(services.accounts, clock),
            *_connect_routes(ground, services.links),
            *(_demo_routes(demo, services, facts) if demo else ()),
        ),
        default=Freshness(max_age=timedelta(seconds=settings.max_age)),
        bridge=Bridge(always=settings.v3_calls),
        lifespan=lambda _: beside.running(),
        answers=answers,
    )
    return Carwire(services, asgi, routes, base_url, store, upstream, worker, lookup, where, beside)


class _Ground(msgspec.Struct, frozen=True):
    """What services are made of."""

    settings: Settings
    base_url: str
    store: Store
    hasher: SecretHasher
    clock: Clock
    sources: Mapping[str, Source]
    jobs: Jobs
    bell: Bell
    upstream: Upstream
    observing: ObservingService
    sender: Sender
    spelling: WireSpelling
    decoder: VpicDecoder
    catalogue: Catalogue


def _services(of: _Ground) -> Services:
    store, hasher, clock = of.store, of.hasher, of.clock
    us_only = of.settings.compatibility_us_only
    return Services(
        accounts=AccountService(store, hasher, clock),
        access=AccessService(store, hasher, clock),
        vins=VinService(of.decoder, clock),
        elements=ElementService(of.decoder, clock),
        compatibility=CompatibilityService(of.decoder, of.catalogue, clock, us_only=us_only),
        tokens=TokenService(store, hasher, clock),
        vehicles=VehicleService(store, of.upstream, clock),
        commands=CommandService(store, of.upstream, hasher, clock),
        webhooks=WebhookService(store, of.spelling, clock),
        verifying=Verifying(store, of.sender, of.spelling, clock),
        streaming=Streaming(store, of.spelling, of.bell, of.observing.poll, clock),
        credentials=CredentialService(store, hasher, clock),
        usage=UsageService(store, clock),
        why=WhyService(store, of.upstream),
        links=LinkService(hasher, clock, of.base_url),
    )


def _worker(of: _Ground, counted: WorkerMetrics, sweep_s: float) -> Worker:
    work = Work(
        of.store,
        of.jobs,
        FanOut(of.store, of.spelling, of.clock),
        Delivering(of.store, of.sender, of.spelling, of.clock, on_tried=counted.tried),
        of.observing,
        {name: each for name, each in of.sources.items() if isinstance(each, PushingSource)},
        of.clock,
    )
    return Worker(work, counted, sweep_s)


def _connect_routes(of: _Ground, links: LinkService) -> tuple[Route, ...]:
    tools = put_together(
        of.store,
        of.sources,
        Brands(of.sources, of.catalogue, of.decoder, _make_of_simulated),
        of.hasher,
        of.clock,
        choose_language=choose_language,
        check_battery_token=links.check_battery_token,
    )
    return connect.routes(connect.ConnectHandlers(ConnectService(tools), ConnectPages(), of.base_url))


def _simulated(
    settings: Settings, cars: Here | Elsewhere, key: Secret, clock: Clock
) -> tuple[Cars, Source, tuple[Route, ...]]:
    """Return where the simulated cars are, the source they are behind, and the routes of those who test with them."""
    if isinstance(cars, Elsewhere):
        from carwire.connectors.simulator.remote import RemoteSource  # noqa: PLC0415  # few processes need it

        remote = RemoteSource(cars.find, key, clock)
        handlers = relay.ForwardingHandlers(remote.forward, clock)
        return Cars(remote=remote), remote, v1_simulator.routes(handlers, for_applications=settings.simulator_api)
    keeper = Keeper(settings.data, settings.simulator_clock, clock)
    source, desk = SimulatorSource(keeper.world), Desk.of(keeper, clock)
    rows = v1_simulator.routes(v1_simulator.SimulatorHandlers(desk), for_applications=settings.simulator_api)
    return Cars(keeper, holds=cars.holds), source, rows + relay.routes(relay.RelayHandlers(source, desk))


def _web_sender(settings: Settings, clock: Clock = utc_now) -> Sender:
    def make() -> Sender:
        from carwire.senders.web import WebSender  # noqa: PLC0415  # see `LaterSender`

        return WebSender(settings.webhook_networks, clock)

    return LaterSender(make)


def open_jobs(settings: Settings) -> Jobs:
    """Return the queue of jobs: in memory where there is one process, in the database where there may be many. Raises
    `CannotStart` when that cannot hold one.
    """
    if settings.database is None:
        return MemoryJobs()
    from carwire.jobs import pgqueuer, pgqueuer_schema  # noqa: PLC0415  # an extra

    pgqueuer_schema.install(settings.database)
    return pgqueuer.PgQueuerJobs(settings.database)


def open_database(settings: Settings) -> Store:
    """Open the database. Raises `CannotStart` when it, its keys or the data folder cannot be used."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        msg = f"the data folder {settings.data} cannot be made: {error.strerror}"
        raise CannotStart(msg) from error
    return open_store(settings.data, settings.database, open_sealer(settings.data, settings.keys))


class Management(msgspec.Struct, frozen=True):
    """The services that manage, for commands that need no server."""

    accounts: AccountService
    credentials: CredentialService
    webhooks: WebhookService
    verifying: Verifying
    diagnosing: Diagnosing
    usage: UsageService
    keys: KeyService
    lookup_usage: LookupUsageService


def management_of(settings: Settings, store: Store, sender: Sender | None = None) -> Management:
    """Return the managing services over a store. Raises `CannotStart` when the pepper cannot be used."""
    hasher, spelling = SecretHasher(pepper_of(settings)), WireSpelling("")
    return Management(
        AccountService(store, hasher, utc_now),
        CredentialService(store, hasher, utc_now),
        WebhookService(store, spelling, utc_now),
        Verifying(store, sender or _web_sender(settings), spelling, utc_now),
        Diagnosing(store, spelling),
        UsageService(store, utc_now),
        KeyService(store, hasher, utc_now),
        LookupUsageService(store),
    )


@asynccontextmanager
async def open_management(settings: Settings) -> AsyncIterator[Management]:
    """Open the database for the managing services alone."""
    store, sender = open_database(settings), _web_sender(settings)
    try:
        yield management_of(settings, store, sender)
    finally:
        await sender.close()
        await store.close()


@asynccontextmanager
async def open_lookup(settings: Settings) -> AsyncIterator[LookupService]:
    """Open the database for lookups alone."""
    store = open_database(settings)
    finding = build_lookup(store, SecretHasher(pepper_of(settings)), utc_now, settings.lookup_services).finding
    try:
        yield finding
        await finding.write()
    finally:
        await store.close()


async def ensure_demo_owner(settings: Settings, carwire: Carwire, demo: Demo) -> Demo:
    """Let the demo's owner connect their cars, unless they have, and write down who it is, and the cars' world."""
    simulator = SimulatorSource(carwire.keeper.world)
    desk = Desk.of(carwire.keeper, utc_now)
    made = await ensure_owner(demo, carwire.store, SecretHasher(pepper_of(settings)), simulator, desk)
    if made != demo:
        write_demo(settings.data, made)
        carwire.keeper.keep_now()
    return made


def build_offline(settings: Settings) -> tuple[VinService, CompatibilityService]:
    """Return the two services that need neither database nor server, for commands that read VINs."""
    decoder = VpicDecoder()
    us_only = settings.compatibility_us_only
    return VinService(decoder, utc_now), CompatibilityService(decoder, load_catalogue(), utc_now, us_only=us_only)


def _demo_routes(demo: Demo, services: Services, facts: Facts) -> tuple[Route, ...]:
    server = web_demo.InProcess(services.tokens, services.access, services.vehicles)
    handlers = web_demo.DemoHandlers(server, demo.client_id, facts.base_url, data=facts.data, makes=facts.makes)
    return web_demo.routes(handlers)


def _make_of_simulated(vin: str) -> str | None:
    model = car_range().model_of(vin)
    return model.make if model else None


def _limit(settings: Settings) -> ApplicationLimit:
    if settings.application_requests is None:
        return ApplicationLimit(None)
    size, _, per_minute = settings.application_requests.partition("/")
    return ApplicationLimit(Bucket(int(size), int(size) / int(per_minute) * 60))


def _budget(settings: Settings, source: Source) -> Budget:
    own = budget_of(source)
    reads, wakes = settings.vehicle_reads_per_minute, settings.vehicle_wakes_per_day
    return Budget(
        own.calls if reads is None else Bucket(reads, 60.0), own.wakes if wakes is None else Bucket(wakes, DAY_S)
    )


def pepper_of(settings: Settings) -> bytes:
    """Return the pepper from the settings, else from a file in the data folder that only its owner can read, made if it
    is not there. Raises `CannotStart`.
    """
    if settings.pepper:
        return bytes.fromhex(settings.pepper)
    path = settings.data / PEPPER_FILE
    try:
        if not path.exists():
            with contextlib.suppress(FileExistsError):
                write_private(path, new_pepper().hex(), replace=False)
        pepper = bytes.fromhex(path.read_text("ascii").strip())
        if len(pepper) < PEPPER_BYTES:
            raise ValueError(f"it has {len(pepper)} of {PEPPER_BYTES} bytes")
    except (OSError, ValueError) as error:
        msg = f"the server's pepper {path} cannot be read or written: {error}"
        raise CannotStart(msg) from error
    return pepper
