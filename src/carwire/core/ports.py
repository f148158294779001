"""The seams: what the middle needs from the outside, as small protocols. Adapters fulfil them, `carwire.app` joins
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import UNSET, UnsetType

from carwire.core.applications import Application, ClientSecret
from carwire.core.budgets import Budget, Level
from carwire.core.commands import Accepted, Arguments, AuditEntry, CommandRecord, Outcome, State
from carwire.core.grants import AccessToken, Approval, Code, Exchange, Principal, RefreshToken, TokenPair
from carwire.core.lookup.ports import LookupStore
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
from carwire.core.webhooks import Subscription, SubscriptionFilter, Webhook
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

    async def replace(self, application: Application, management_token: Secret | None = None) -> bool:
        """Store `application` over the one with its client id; false when there is none. A null token stays."""

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
        """Return a number that changes when applications are written to: at once by us, within a second by others."""


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
        external_id: str | UnsetType | None = UNSET,
        result: Secret | None = None,
    ) -> bool:
        """Close a session by replacing what an owner signs in with; false as with `approve`, or when they are not
        connected to the vehicle. `external_id` and `result` are as in an `Approval`.
        """

    async def granted(self, client_id: str, user_id: str) -> dict[str, frozenset[str]]:
        """Return what an owner has granted already: VIN → permissions."""

    async def choose_capacity(self, client_id: str, vehicle_id: str, kwh: float) -> bool:
        """Store the battery size an owner picked; false when the application has no such vehicle."""

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

    async def keep(self, vehicle: Vehicle, answers: Mapping[str, Reading | Problem]) -> None:
        """Keep answers for the vehicle's account: a reading unless one that was measured later is kept already, a
        problem beside the last reading unless that was fetched later.
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


class SubscriptionStore(Protocol):
    """Keeps webhooks and which vehicles they are subscribed to."""

    async def add_webhook(self, webhook: Webhook) -> None:
        """Store a new webhook."""

    async def webhooks(self, client_id: str) -> list[Webhook]:
        """Return an application's webhooks, oldest first."""

    async def delete_webhook(self, client_id: str, webhook_id: str) -> bool:
        """Delete one with its subscriptions; false when the application has none of this id."""

    async def subscribe(self, vehicle: Vehicle, webhook_id: str, now: datetime) -> bool | None:
        """Subscribe a vehicle of an owner; false when it is subscribed already, null when the application has no such
        webhook or the owner is not connected any more.
        """

    async def subscriptions(
        self, client_id: str, wanted: SubscriptionFilter, limit: int, offset: int
    ) -> tuple[list[Subscription], int]:
        """Return a page of an application's subscriptions, newest first, and how many the filter lets through."""

    async def unsubscribe(self, client_id: str, wanted: SubscriptionFilter) -> int:
        """End subscriptions. Return how many."""


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
    SubscriptionStore,
    UsageStore,
    LookupStore,
    Protocol,
):
    """All that is kept. Every method is one transaction; nothing waits for a car or a maker inside one."""

    async def ping(self) -> None:
        """Raise `StoreUnavailable` when the database cannot be reached."""

    async def close(self) -> None:
        """Let go of files and connections."""


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
