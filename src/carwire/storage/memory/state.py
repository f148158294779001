"""What a `MemoryStore` holds, and the few questions all of its parts ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from carwire.core.applications import Application, ClientSecret
from carwire.core.budgets import Level
from carwire.core.commands import AuditEntry, CommandRecord
from carwire.core.events import Event
from carwire.core.grants import Approval, Code, Principal, RefreshToken
from carwire.core.outbox import Attempt, Delivery
from carwire.core.signals.reading import Problem, Reading, Value
from carwire.core.vehicles import Car, Connection, ConnectionFilter, ConnectSession, Mode, Owner, Vehicle
from carwire.core.webhooks import Subscription, Webhook
from carwire.kit.secrets import Secret
from carwire.storage.audit import BEGINNING, chain
from carwire.storage.cursors import position

SubscriptionKey = tuple[str, str, str]  # webhook, vehicle and owner


@dataclass
class VehicleRow:
    """A vehicle without its connections."""

    id: str
    client_id: str
    car_id: str
    capacity_kwh: float | None


@dataclass
class Link:
    """A connection."""

    id: str
    permissions: frozenset[str]
    connected_at: datetime
    updated_at: datetime
    external_id: str | None
    revision: int = 0
    poll_at: datetime | None = None


@dataclass
class SubscriptionRow:
    """A subscription, whose webhook, vehicle and owner are its key."""

    id: str
    created_at: datetime
    first: int = 1
    scheduled_at: datetime | None = None
    sequence: int | None = None
    fired_at: dict[str, datetime] = field(default_factory=dict)


@dataclass
class Grant:
    """A grant with the vehicles it still reaches."""

    id: str
    client_id: str
    user_id: str
    mode: Mode
    vehicles: set[str]
    revoked: bool = False


@dataclass
class State:
    """All tables. `links` is by vehicle, then by owner."""

    applications: dict[str, Application] = field(default_factory=dict)
    management_tokens: dict[str, Secret] = field(default_factory=dict)
    former_tokens: dict[str, tuple[Secret, datetime]] = field(default_factory=dict)  # and until when they sign
    applications_version: int = 0
    sessions: dict[str, ConnectSession] = field(default_factory=dict)
    owners: dict[str, Owner] = field(default_factory=dict)
    maker_sessions: dict[str, Secret] = field(default_factory=dict)
    cars: dict[str, Car] = field(default_factory=dict)
    vehicles: dict[str, VehicleRow] = field(default_factory=dict)
    links: dict[str, dict[str, Link]] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    consents: list[Approval] = field(default_factory=list)
    codes: dict[bytes, Code] = field(default_factory=dict)
    access: dict[bytes, tuple[str, datetime]] = field(default_factory=dict)  # grant and end
    refresh: dict[bytes, RefreshToken] = field(default_factory=dict)
    readings: dict[tuple[str, bytes], dict[str, Reading | Problem]] = field(default_factory=dict)
    levels: dict[str, Level] = field(default_factory=dict)
    commands: dict[str, CommandRecord] = field(default_factory=dict)
    keys: dict[tuple[str, str, str], tuple[str, datetime]] = field(default_factory=dict)  # command and moment
    audit: list[AuditEntry] = field(default_factory=list)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    webhook_secrets: dict[str, list[tuple[Secret, datetime | None]]] = field(default_factory=dict)  # newest last
    subscriptions: dict[SubscriptionKey, SubscriptionRow] = field(default_factory=dict)
    told: dict[tuple[str, bytes], dict[str, Value]] = field(default_factory=dict)  # what was told last
    history: list[tuple[str, bytes, str, Reading]] = field(default_factory=list)  # car, account, code
    events: list[Event] = field(default_factory=list)
    waiting: set[int] = field(default_factory=set)  # positions of events that are not fanned out
    position: int = 0  # of the last event
    counted: dict[str, tuple[int, int]] = field(default_factory=dict)  # by car: number and sequence of its last event
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    attempts: dict[str, list[Attempt]] = field(default_factory=dict)  # by delivery
    secrets: dict[str, ClientSecret] = field(default_factory=dict)
    application_tokens: dict[bytes, tuple[str, datetime]] = field(default_factory=dict)  # secret and end
    usage: dict[tuple[str, int, str, str], int] = field(default_factory=dict)  # as `carwire.core.usage.order` has it

    def links_of_client(self, client_id: str, wanted: ConnectionFilter) -> list[Connection]:
        """Return an application's connections that a filter lets through, newest first."""
        found = []
        for vehicle_id, links in self.links.items():
            if self.vehicles[vehicle_id].client_id != client_id:
                continue
            for user_id, link in links.items():
                mode = self.owners[user_id].mode
                has = (vehicle_id, user_id, mode, link.external_id, link.id)
                wants = (wanted.vehicle_id, wanted.user_id, wanted.mode, wanted.external_id, wanted.id)
                if all(want is None or want == value for want, value in zip(wants, has, strict=True)):
                    found.append(Connection(vehicle_id, user_id, mode, link.external_id, link.connected_at))
        return sorted(found, key=position, reverse=True)

    def links_of(self, principal: Principal) -> Iterator[tuple[datetime, str, str]]:
        """Yield when, vehicle and owner of every connection a principal reaches."""
        grant = self.grants.get(principal.grant_id) if principal.grant_id else None
        if principal.grant_id and (grant is None or grant.revoked):
            return
        for vehicle_id, links in self.links.items():
            if self.vehicles[vehicle_id].client_id != principal.client_id:
                continue
            if grant and vehicle_id not in grant.vehicles:
                continue
            owner = grant.user_id if grant else principal.user_id
            for user_id, link in links.items():
                if owner in (None, user_id):
                    yield link.connected_at, vehicle_id, user_id

    def vehicle(self, vehicle_id: str, user_id: str) -> Vehicle:
        """Return a vehicle as its connection with an owner shows it."""
        row, link = self.vehicles[vehicle_id], self.links[vehicle_id][user_id]
        return Vehicle(
            id=row.id,
            client_id=row.client_id,
            user_id=user_id,
            mode=self.owners[user_id].mode,
            permissions=link.permissions,
            connected_at=link.connected_at,
            external_id=link.external_id,
            capacity_kwh=row.capacity_kwh,
            car=self.cars[row.car_id],
            account=self.owners[user_id].account_digest,
            revision=link.revision,
        )

    def subscription(self, key: SubscriptionKey) -> Subscription:
        """Return a subscription with the vehicle it is for."""
        row = self.subscriptions[key]
        return Subscription(
            row.id, key[0], self.vehicle(*key[1:]), row.created_at, bool(row.first), row.sequence, dict(row.fired_at)
        )

    def drop_webhooks(self, webhooks: set[str]) -> None:
        """Drop webhooks with all that is theirs."""
        self.drop_subscriptions({key for key in self.subscriptions if key[0] in webhooks})
        for webhook_id in webhooks:
            del self.webhooks[webhook_id]
            self.webhook_secrets.pop(webhook_id, None)

    def drop_subscriptions(self, keys: set[SubscriptionKey]) -> None:
        """Drop subscriptions with their deliveries."""
        for key in keys:
            del self.subscriptions[key]
        for each in list(self.deliveries.values()):
            if (each.webhook_id, each.vehicle_id, each.user_id) in keys:
                del self.deliveries[each.id]
                self.attempts.pop(each.id, None)

    def forget(self, car_id: str, account: bytes) -> None:
        """Forget what a car said to an account."""
        self.readings.pop((car_id, account), None)
        self.told.pop((car_id, account), None)
        self.history = [each for each in self.history if each[:2] != (car_id, account)]
        self.events = [each for each in self.events if (each.car_id, each.account) != (car_id, account)]
        self.waiting &= {each.position for each in self.events}

    def links_to(self, car_id: str, account: bytes) -> list[Link]:
        """Return the connections of an account to a car, of any application."""
        links = (self.links.get(row.id, {}) for row in self.vehicles.values() if row.car_id == car_id)
        return [
            link for each in links for user_id, link in each.items() if self.owners[user_id].account_digest == account
        ]

    def is_connected(self, car_id: str, account: bytes) -> bool:
        """Tell whether any application connects an account to a car."""
        return bool(self.links_to(car_id, account))

    def perishable(self) -> int:
        """Return how many rows there are that expire."""
        tokens = len(self.codes) + len(self.access) + len(self.refresh) + len(self.application_tokens)
        told = len(self.history) + len(self.events) + len(self.deliveries)
        return len(self.sessions) + tokens + len(self.keys) + len(self.levels) + told

    def note(self, kind: str, subject: str, detail: Mapping[str, object], now: datetime) -> None:
        """Append a line to the audit."""
        self.audit.append(chain(self.audit_head, now, kind, subject, detail))

    @property
    def audit_head(self) -> tuple[int, bytes]:
        """Number and digest of the newest line."""
        return (self.audit[-1].number, self.audit[-1].digest) if self.audit else BEGINNING

    def drop_grants(self, grants: set[str]) -> None:
        """Drop grants with their codes and tokens."""
        self.grants = {key: value for key, value in self.grants.items() if key not in grants}
        self.codes = {key: value for key, value in self.codes.items() if value.grant_id in self.grants}
        self.access = {key: value for key, value in self.access.items() if value[0] in self.grants}
        self.refresh = {key: value for key, value in self.refresh.items() if value.grant_id in self.grants}

    def drop_orphans(self, cars: set[str]) -> None:
        """Drop those of these cars that no application knows any more, with their budgets."""
        for car_id in cars - {row.car_id for row in self.vehicles.values()}:
            del self.cars[car_id]
            self.levels.pop(car_id, None)
            self.counted.pop(car_id, None)

    def cut(self, vehicle_id: str, user_id: str) -> None:
        """Cut one connection, and drop what went with the last one of its vehicle, its car and its owner."""
        del self.links[vehicle_id][user_id]
        for grant in self.grants.values():
            if grant.user_id == user_id:
                grant.vehicles.discard(vehicle_id)
        if not self.links[vehicle_id]:
            del self.links[vehicle_id]
            self.vehicles[vehicle_id].capacity_kwh = None
        ends = (vehicle_id, user_id)
        self.drop_subscriptions({key for key in self.subscriptions if key[1:] == ends})
        car_id = self.vehicles[vehicle_id].car_id
        account = self.owners[user_id].account_digest
        if not self.is_connected(car_id, account):
            self.forget(car_id, account)
        if not any(user_id in links for links in self.links.values()):
            self.maker_sessions.pop(user_id, None)
