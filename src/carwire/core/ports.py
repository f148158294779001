"""The seams: what the middle needs from the outside, as small protocols. Adapters fulfil them, `carwire.app` joins
them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from msgspec import UNSET, UnsetType

from carwire.core.applications import Application, ClientSecret
from carwire.core.budgets import Budget, Level
from carwire.core.commands import Accepted, Arguments, AuditEntry, CommandRecord, Outcome, State
from carwire.core.delivery import Sent
from carwire.core.events import Event
from carwire.core.grants import AccessToken, Approval, Code, Exchange, Principal, RefreshToken, TokenPair
from carwire.core.jobs import Job, Taken
from carwire.core.lookup.ports import LookupStore
from carwire.core.outbox import (
    Attempt,
    Audience,
    Backlog,
    Delivery,
    DeliveryFilter,
    NewDelivery,
    Standing,
    Target,
    Tried,
)
from carwire.core.polling import Poll, Polled
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.sources import Costs, Login, Question, SignedIn, SourceCar
from carwire.core.usage import Usage
from carwire.core.vehicles import (
    ConnectedVehicle,
    Connection,
    ConnectionFilter,
    ConnectionPage,
    ConnectSession,
    Owner,
    Vehicle,
)
from carwire.core.vin.decode import Decoded, Identity
from carwire.core.vin.elements import Element, ElementValues
from carwire.core.webhooks import Halt, SigningKeys, Subscription, SubscriptionFilter, Webhook
from carwire.kit.secrets import Secret


class VinDecoder(Protocol):
    """Decodes normalised VINs of 1 to 17 characters through vPIC tables. Pure: `now` bounds years and publication
    dates.
    """

    data: str  # names the tables and their month

    def decode(self, vin: str, *, now: datetime) -> Decoded:
        """Return every field with its source."""

    def identify(self, vin: str, *, now: datetime) -> Identity:
        """Return only what identifies the car: cheaper than `decode`, same values."""


class ElementReader(Protocol):
    """Reads VINs in vPIC's own terms. Pure, as `VinDecoder`."""

    @property
    def elements(self) -> tuple[Element, ...]:
        """Every element there can be a value of."""

    def read(self, vin: str, *, claimed_year: int | None, now: datetime) -> ElementValues:
        """Return vPIC's own answer for any text, with a model year somebody claims."""


class ApplicationStore(Protocol):
    """Keeps applications. Client secrets come and go as digests only; the management token is kept sealed besides,
    because webhooks are signed with it.
    """

    async def add(self, application: Application, management_token: Secret) -> None:
        """Store a new application."""

    async def find(self, client_id: str) -> Application | None:
        """Return the application with this client id, or null."""

    async def find_by_management_token(self, digest: bytes) -> Application | None:
        """Return the application with this management token, or null."""

    async def management_token(self, client_id: str) -> Secret | None:
        """Return the token itself; null for an application registered before tokens were kept."""

    async def replace(
        self,
        application: Application,
        management_token: Secret | None = None,
        former_until: datetime | None = None,
    ) -> bool:
        """Store `application` over the one with its client id; false when there is none. A null token stays; the one a
        new token replaces signs webhooks until `former_until`.
        """

    async def delete(self, client_id: str) -> bool:
        """Delete it and everything of it; false when there is none."""

    async def all(self) -> list[Application]:
        """Return every application, oldest first."""

    async def add_secret(self, secret: ClientSecret, others_until: datetime | None) -> bool:
        """Store a secret; those of before end at `others_until` unless they end sooner, at a null never. False when
        there is no such application.
        """

    async def secrets(self, client_id: str) -> list[ClientSecret]:
        """Return an application's secrets, ended ones included, oldest first."""

    async def delete_secret(self, client_id: str, secret_id: str) -> bool:
        """Delete a secret, and with it the tokens it led to; false when the application has none of this id."""

    def version(self) -> int:
        """Return a number that changes when applications or keys are written to: at once by us, within a second by
        others.
        """


class ConnectStore(Protocol):
    """Keeps runs of Connect and writes their approvals."""

    async def open_session(self, session: ConnectSession) -> None:
        """Store a new session."""

    async def session(self, session_id: str) -> ConnectSession | None:
        """Return a session, expired or not; null when there is none."""

    async def save_session(self, session: ConnectSession) -> bool:
        """Store it if `session.version` is one above what is stored and it is not closed; false else."""

    async def owner(self, owner: Owner) -> Owner:
        """Return the stored owner with the same application, source, mode and account; `owner`, now stored, if none."""

    async def find_owner(self, owner: Owner) -> Owner | None:
        """Return the stored owner with the same application, source, mode and account; null when there is none."""

    async def approve(self, approval: Approval) -> bool:
        """Write an approval whole; false, nothing written, when its session was touched or closed meanwhile.

        A car already known keeps its id, a vehicle and a connection too; permissions are those of this approval.
        """

    async def repair(
        self,
        session_id: str,
        version: int,
        vehicle_id: str,
        user_id: str,
        maker_session: Secret,
        *,
        now: datetime,
        external_id: str | UnsetType | None = UNSET,
        result: Secret | None = None,
    ) -> bool:
        """Close a session by replacing what an owner signs in with; false as with `approve`, or when they are not
        connected to the vehicle. `external_id` and `result` are as in an `Approval`.
        """

    async def granted(self, client_id: str, user_id: str) -> dict[str, frozenset[str]]:
        """Return what an owner has granted already: VIN → permissions."""

    async def choose_capacity(self, client_id: str, vehicle_id: str, kwh: float, *, now: datetime) -> bool:
        """Store the battery size an owner picked, with its line in the audit; false when the application has no such
        vehicle.
        """

    async def tidy(self, now: datetime) -> int:
        """Delete what has expired: sessions, codes, tokens, idempotency keys past a day, and the budgets of cars that
        nobody is connected to and nobody has asked for two days. Return how much it was. A used code stays as long as
        a token of its grant and is not counted.
        """


class GrantStore(Protocol):
    """Keeps grants, codes and tokens, the latter two by digest."""

    async def code(self, digest: bytes) -> Code | None:
        """Return a code, used or not; null when there is none."""

    async def redeem(self, digest: bytes, tokens: TokenPair, now: datetime) -> Exchange:
        """Exchange a code for tokens, once: of any number of callers one gets ``done``. A second use revokes, however
        late. How it ended is a line of the audit.
        """

    async def refresh_token(self, digest: bytes) -> RefreshToken | None:
        """Return a refresh token, used or not; null when there is none."""

    async def rotate(self, digest: bytes, tokens: TokenPair, now: datetime, grace: timedelta) -> Exchange:
        """Exchange a refresh token for its successor. The successor is derived from it, so every caller brings the
        same one: within `grace` of the first use the answer is ``again``, after it the grant is revoked, which is a
        line of the audit.
        """

    async def access_token(self, digest: bytes, now: datetime) -> AccessToken | None:
        """Return what a living access token of a living grant stands for."""

    async def revoke(self, client_id: str, digest: bytes, now: datetime) -> bool:
        """Revoke the grant an access or refresh token of this application belongs to; false when there is none."""

    async def issue(self, secret_id: str, digest: bytes, expires_at: datetime) -> bool:
        """Store a token of an application itself; false when the secret it is for was deleted meanwhile."""

    async def application_token(self, digest: bytes, now: datetime) -> AccessToken | None:
        """Return what a living token of an application itself stands for."""


class VehicleStore(Protocol):
    """Hands out vehicles, through principals only, and keeps what their cars said."""

    async def reach(self, principal: Principal, vehicle_id: str) -> Vehicle | None:
        """Return a vehicle the principal reaches; null for any other, whether it exists or not."""

    async def reach_by_token(
        self, digest: bytes, vehicle_id: str, now: datetime
    ) -> tuple[AccessToken, Vehicle | None] | None:
        """Do `access_token` and `reach` in one statement; null when the token does not live."""

    async def reach_by_application(
        self, digest: bytes, user_id: str | None, vehicle_id: str, now: datetime
    ) -> tuple[AccessToken, Vehicle | None] | None:
        """Do `application_token` and `reach`, for one owner or any, in one statement; null when the token does not
        live.
        """

    async def vehicles(self, principal: Principal, limit: int, offset: int) -> tuple[list[str], int]:
        """Return a page of vehicle ids in the order they were connected, and how many there are in all."""

    async def connections(
        self, client_id: str, wanted: ConnectionFilter, limit: int, after: str | None
    ) -> tuple[list[Connection], str | None]:
        """Return a page of an application's connections, newest first, and the cursor of the next page."""

    async def connected(
        self, client_id: str, wanted: ConnectionFilter, page: ConnectionPage
    ) -> tuple[list[ConnectedVehicle], int, str | None]:
        """Return a page of an application's connections with their vehicles, how many the filter lets through in all,
        and the cursor of the next page. Raises `InvalidInput` for a cursor of another list.
        """

    async def delete_owner(self, client_id: str, user_id: str, now: datetime) -> list[Connection] | None:
        """Delete an owner with everything of theirs: connections, which are returned, grants, tokens, consents, and
        what no other owner leads to any more: vehicles, their commands, what their cars said. The audit stays. Null
        when the application has no such owner.
        """

    async def disconnect(self, client_id: str, wanted: ConnectionFilter, now: datetime) -> list[Connection]:
        """Cut connections and return them; each is a line of the audit. With the last one of a vehicle its
        subscriptions go, with the last one of a car its readings, with the last one of an owner what they signed in
        with.
        """

    async def maker_session(self, vehicle: Vehicle) -> Secret | None:
        """Return what the owner's sign-in at the source gave."""

    async def keep_maker_session(self, user_id: str, session: Secret) -> None:
        """Replace it, after the source renewed it."""

    async def readings(self, vehicle: Vehicle, codes: Sequence[str]) -> dict[str, Reading]:
        """Return the last known readings among the codes, of those the car gave to the vehicle's account."""

    async def answers(self, vehicle: Vehicle, codes: Sequence[str] | None = None) -> dict[str, Reading | Problem]:
        """Return what was answered last for each of the codes, a null is all: a reading, or a problem with the last
        reading before it.
        """

    async def keep(self, vehicle: Vehicle, answers: Mapping[str, Reading | Problem], now: datetime) -> bool:
        """Keep answers for the vehicle's account: a reading unless one that was measured later is kept already, a
        problem beside the last reading unless that was fetched later.

        What differs from before goes into the history, and what is worth telling (`core.events.observed`) becomes an
        event at `now`, all in one transaction. Return whether there is one.
        """

    async def mark_changed(self, car_id: str, at: datetime) -> None:
        """Note that a command may have changed the car: what was fetched up to `at`, in its source's time, is stale."""

    async def spend(self, car_id: str, budget: Budget, now: datetime, *, calls: int, wakes: int) -> float | None:
        """Take calls and wakes from a car's budget, all or nothing. Return null when done, else in how many seconds
        there will be enough.
        """

    async def level(self, car_id: str) -> Level | None:
        """Return how full a car's budget was when it was last spent from; null when nobody has yet."""


class CommandStore(Protocol):
    """Keeps commands and the audit. Every change of a command's state writes a line of the audit with it."""

    async def accept(self, record: CommandRecord, key: str | None, *, room: bool = True) -> Accepted:
        """Hand in a command. An idempotency key seen before for this vehicle wins, unless its command was not sent,
        then an equal order under way on the same car; else the record is stored, if there is room.

        An equal order whose deadline has passed by then is ended first, as `recover` does, but without its grace.
        """

    async def mark_sent(self, command_id: str, now: datetime) -> bool:
        """Mark an accepted command as sent; false when it is not accepted any more or its deadline has passed."""

    async def end(self, command_id: str, state: State, problem: Problem | None, now: datetime) -> bool:
        """End a command; false when it has ended already."""

    async def command(self, command_id: str) -> CommandRecord | None:
        """Return a command."""

    async def recover(self, now: datetime) -> int:
        """End what nobody can be working on any more, its deadline and `RECOVERY_GRACE` passed: accepted as
        ``not_sent``, sent as ``unknown``. Return how many.
        """

    async def note(self, kind: str, subject: str, detail: Mapping[str, object], now: datetime) -> None:
        """Append a line to the audit."""

    async def audit(self, after: int = 0, limit: int = 1000) -> list[AuditEntry]:
        """Return lines of the audit in order, from the one after `after` on."""

    async def audit_head(self) -> tuple[int, bytes]:
        """Return number and digest of the newest line, as the next one is chained to it."""


class WebhookStore(Protocol):
    """Keeps webhooks, their secrets, and which vehicles they are subscribed to."""

    async def add_webhook(self, webhook: Webhook, secret: Secret) -> None:
        """Store a new webhook with its first secret. One that subscribes by itself is subscribed to every live vehicle
        of its application, now and whenever one is connected.
        """

    async def webhooks(self, client_id: str) -> list[Webhook]:
        """Return an application's webhooks, oldest first."""

    async def webhook(self, webhook_id: str) -> Webhook | None:
        """Return a webhook of any application."""

    async def change_webhook(self, changed: Webhook, now: datetime) -> bool:
        """Store a webhook over the one of its id and application; false when there is none. If it is active, what
        waits is sent now, and what it is told next it is told as for the first time.
        """

    async def halt_webhook(self, webhook_id: str, halt: Halt | None, now: datetime) -> bool:
        """Stop deliveries to a webhook and say why; a null goes on, as `change_webhook` does. Nothing that waits is
        lost. False when there is none.
        """

    async def delete_webhook(self, client_id: str, webhook_id: str) -> bool:
        """Delete one with its subscriptions and deliveries; false when the application has none of this id."""

    async def rotate_webhook_secret(self, webhook_id: str, secret: Secret, now: datetime, until: datetime) -> None:
        """Store a new secret; those of before sign besides until they end, at `until` at the latest."""

    async def signing_keys(self, client_id: str, webhook_id: str, now: datetime) -> SigningKeys:
        """Return what deliveries to a webhook of an application are signed with."""

    async def subscribe(self, vehicle: Vehicle, webhook_id: str, now: datetime) -> bool | None:
        """Subscribe a vehicle of an owner; false when it is subscribed already, null when the application has no such
        webhook or the owner is not connected any more.
        """

    async def subscriptions(
        self, client_id: str, wanted: SubscriptionFilter, limit: int, offset: int
    ) -> tuple[list[Subscription], int]:
        """Return a page of an application's subscriptions, newest first, and how many the filter lets through."""

    async def unsubscribe(self, client_id: str, wanted: SubscriptionFilter) -> int:
        """End subscriptions, with what was to be delivered because of them. Return how many."""


class EventStore(Protocol):
    """Keeps what happened at cars (`VehicleStore.keep` writes it) and hands it on."""

    async def waiting_shards(self) -> list[int]:
        """Return the shards with events that are not fanned out."""

    async def audience(self, shard: int, limit: int) -> Audience | None:
        """Return the oldest events of a shard that wait, and who is subscribed to their cars; null when none waits."""

    async def fan_out(self, events: Sequence[Event], deliveries: Sequence[NewDelivery], now: datetime) -> None:
        """Keep deliveries, and note that events are fanned out. Doing it twice is doing it once: of an event that is
        fanned out already nothing is kept. A delivery whose subscription has ended is not made.
        """

    async def announce(self, of: Vehicle, now: datetime) -> bool:
        """Write an event for every active webhook that has never been told of a vehicle; false when there is none."""

    async def announce_scheduled(self, now: datetime, limit: int) -> int:
        """Write an event for every subscription whose scheduled moment has come, `limit` at most; return how many.
        Moments that were missed are not made up for.
        """

    async def events_after(
        self, client_id: str, after: int, limit: int, webhook_id: str | None = None
    ) -> tuple[list[tuple[Event, Vehicle]], int]:
        """Return what happened at the cars of an application's vehicles, once for each of their owners, in order: of
        the `limit` positions after `after`; and the last position that was looked at. What is for one webhook alone is
        left out, unless it is `webhook_id`.
        """

    async def event_span(self) -> tuple[int, int]:
        """Return the position of the oldest event that is kept, one beyond the last when none is, and the last."""


class OutboxStore(Protocol):
    """Keeps deliveries and how they went."""

    async def due_webhooks(self, now: datetime) -> list[str]:
        """Return the active webhooks that something is due for."""

    async def target(self, webhook_id: str, now: datetime, limit: int) -> Target | None:
        """Return a webhook with what is due, soonest first, and what to sign it with; null when it is halted."""

    async def record(self, webhook_id: str, tries: Sequence[Tried], now: datetime) -> Halt | None:
        """Keep how tries went, in the order they ended, and how the webhook fares after them: an answer of 410 halts
        it, and so does a failure `FAILING_AFTER` the first one without a success between. Return why it was halted by
        this, null when it was not. A failure is not kept of what has ended meanwhile: somebody else delivered it.
        """

    async def deliveries(self, webhook_id: str, wanted: DeliveryFilter, limit: int) -> list[Delivery]:
        """Return deliveries of a webhook, newest first."""

    async def attempts(self, delivery_id: str) -> list[Attempt]:
        """Return the attempts at a delivery, oldest first."""

    async def count_replay(self, webhook_id: str, wanted: DeliveryFilter) -> int:
        """Return how many deliveries `replay` would send once more."""

    async def replay(self, webhook_id: str, wanted: DeliveryFilter, now: datetime) -> int:
        """Let deliveries that have ended be sent once more, with the same bytes and ids. Return how many."""

    async def standing(self, webhook_id: str) -> Standing:
        """Return how far one webhook is behind."""

    async def backlog(self, now: datetime) -> Backlog:
        """Return how far the outbox is behind."""


class PollStore(Protocol):
    """Keeps when cars are asked on behalf of webhooks."""

    async def claim_polls(self, now: datetime, lease: timedelta, limit: int) -> list[Poll]:
        """Take vehicles whose moment has come, `limit` at most; nobody else gets them before the lease ends."""

    async def polled(self, rows: Sequence[Polled]) -> None:
        """Note when vehicles are asked next."""

    async def listen(self, webhook_id: str, until: datetime) -> None:
        """Let those subscribed to a webhook count as waiting for news until a moment although it is halted: whoever
        listens asks the cars. Those an active webhook waits for are left to it.
        """

    async def waiting_for(self, source: str, vin: str) -> list[Vehicle]:
        """Return the vehicles that a car of a source is, to those owners somebody waits for news of."""


class UsageStore(Protocol):
    """Keeps how often applications made which calls."""

    async def add_usage(self, rows: Sequence[Usage]) -> None:
        """Add counts to those that are kept. Those of applications that are gone are dropped."""

    async def usage(self, since_day: int, client_id: str | None = None) -> list[Usage]:
        """Return what was counted from a day on, of one application, at a null of all, ordered by `usage.order`."""


class Store(
    ApplicationStore,
    ConnectStore,
    GrantStore,
    VehicleStore,
    CommandStore,
    WebhookStore,
    EventStore,
    OutboxStore,
    PollStore,
    UsageStore,
    LookupStore,
    Protocol,
):
    """All that is kept. Every method is one transaction; nothing waits for a car or a maker inside one."""

    async def ping(self) -> None:
        """Raise `StoreUnavailable` when the database cannot be reached."""

    async def close(self) -> None:
        """Let go of files and connections."""


class Jobs(Protocol):
    """Hands out work to do now, each job to one worker at a time, roughly in the order it was put.

    Jobs may be lost when a database or a process dies: what is to be done is in the store, and a sweep over it puts
    them again. `StoreUnavailable` is raised while the queue cannot be reached, and by everything after `close`.
    """

    async def put(self, jobs: Sequence[Job]) -> None:
        """Let each be handed out. One that waits or is leased already stays as it is, so whoever is done with a job
        looks once more whether there is anything to do, and puts it again if so.
        """

    async def take(self, kinds: Sequence[str], limit: int, wait_s: float) -> list[Taken]:
        """Lease up to `limit` jobs of these kinds for `LEASE_S`, among them those whose lease ended. Waits up to
        `wait_s` for one to be put; that a lease ended meanwhile is noticed at the end of the wait.
        """

    async def keep(self, taken: Sequence[Taken]) -> None:
        """Renew leases for another `LEASE_S`. Those that ended and were handed out again stay with their new worker."""

    async def done(self, taken: Taken) -> None:
        """End a lease, whether the work succeeded or not: the job is gone. Nothing happens when it ended already and
        the job was handed out again.
        """

    async def close(self) -> None:
        """Let go of connections. Who waits in `take` gets `StoreUnavailable`."""


class Source(Protocol):
    """Where vehicle data come from: a maker's service, a bridge in the car, the simulator.

    It reports, once: it does not retry, store or keep a budget, and wakes a car only as its `costs` say. `session` is
    what its sign-in gave.
    """

    @property
    def name(self) -> str:
        """Names the source in readings."""

    @property
    def costs(self) -> Costs:
        """What asking costs its cars."""

    def clock(self, now: datetime) -> datetime:
        """Return the time its cars live in: `now`, unless they are simulated."""

    def circuit(self, vin: str) -> str | None:
        """Name the part of the maker's service that answers for a car: what fails together. Null: nothing does."""

    def brands(self, country: str) -> tuple[str, ...]:
        """Return the makes, upper case, whose owners can sign in here from a country (ISO 3166-1 alpha-2)."""

    async def sign_in(self, login: Login, *, now: datetime) -> SignedIn | Question | Problem:
        """Sign an owner in, or say what else is asked, or why not."""

    async def answer(self, state: Secret, answer: Secret | None, *, now: datetime) -> SignedIn | Question | Problem:
        """Go on with a sign-in after a `Question`; null skips a question that may be skipped (PIN, permissions)."""

    async def cars(self, session: Secret, *, now: datetime) -> tuple[SourceCar, ...] | Problem:
        """Return the cars of a session as they are now, or why there are none to show."""

    async def read(self, session: Secret, vin: str, codes: Sequence[str], *, now: datetime) -> Snapshot:
        """Read signals: an answer for every code, in order; one that fails does not spoil the rest."""

    async def command(self, session: Secret, vin: str, name: str, arguments: Arguments, *, now: datetime) -> Outcome:
        """Give a command, once. Raises `InvalidInput` for a command or arguments that do not exist."""


@runtime_checkable
class PushingSource(Protocol):
    """A source whose cars tell by themselves, besides being asked."""

    def pushed(self) -> AsyncIterator[Snapshot]:
        """Yield what cars tell, for as long as somebody listens. What nobody hears is lost: cars are asked too."""


class Sender(Protocol):
    """Takes bytes to an endpoint of somebody else, once, and says what came of it. It raises for nothing the other side
    does.
    """

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, keep: int = 1024, timeout_s: float = 15.0
    ) -> Sent:
        """Send one POST of JSON, and return the answer with at most `keep` bytes of its body. `timeout_s` is for all of
        it, from asking for the address to the last byte.
        """

    async def close(self) -> None:
        """Let go of kept connections."""
