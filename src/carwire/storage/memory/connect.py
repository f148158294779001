"""Runs of Connect and their approvals in memory."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.grants import CODE_LIFE, Approval, ApprovedCar, Code
from carwire.core.vehicles import Car, ConnectSession, Owner
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret
from carwire.storage.audit import of_approval
from carwire.storage.errors import Conflict
from carwire.storage.memory.state import Grant, Link, State, VehicleRow
from carwire.storage.memory.webhooks import WebhooksInMemory


class ConnectInMemory(WebhooksInMemory):
    """`ConnectStore`."""

    _state: State

    async def open_session(self, session: ConnectSession) -> None:
        """Store a new session."""
        if session.id in self._state.sessions or session.client_id not in self._state.applications:
            raise Conflict
        self._state.sessions[session.id] = session

    async def session(self, session_id: str) -> ConnectSession | None:
        """Return a session, expired or not; null when there is none."""
        return self._state.sessions.get(session_id)

    async def save_session(self, session: ConnectSession) -> bool:
        """Store it if `session.version` is one above what is stored and it is not closed; false else."""
        stored = self._state.sessions.get(session.id)
        if stored is None or stored.closed or session.version != stored.version + 1:
            return False
        self._state.sessions[session.id] = msgspec.structs.replace(session, client_id=stored.client_id)
        return True

    async def owner(self, owner: Owner) -> Owner:
        """Return the stored owner with the same application, source, mode and account; `owner`, now stored, if none."""
        if known := await self.find_owner(owner):
            return known
        if owner.client_id not in self._state.applications or owner.id in self._state.owners:
            raise Conflict
        self._state.owners[owner.id] = owner
        return owner

    async def find_owner(self, owner: Owner) -> Owner | None:
        """Return the stored owner with the same application, source, mode and account; null when there is none."""
        return next((each for each in self._state.owners.values() if _account(each) == _account(owner)), None)

    async def approve(self, approval: Approval) -> bool:
        """Write an approval whole; false, nothing written, when its session was touched or closed meanwhile."""
        s = self._state
        if not self._closable(approval.session_id, approval.session_version):
            return False
        owner = await self.owner(approval.owner)
        s.maker_sessions[owner.id] = approval.maker_session
        vehicles = {self._connect(approval, owner, approved) for approved in approval.cars}
        s.grants[approval.grant_id] = Grant(approval.grant_id, owner.client_id, owner.id, owner.mode, vehicles)
        s.consents.append(approval)
        if approval.code_digest is not None:
            s.codes[approval.code_digest] = Code(
                approval.code_digest, approval.grant_id, owner.client_id, approval.redirect_uri, approval.challenge,
                approval.at + CODE_LIFE,
            )  # fmt: skip
        if owner.mode == "live":
            for vehicle_id in vehicles:
                self._subscribe_by_itself(owner.client_id, vehicle_id, owner.id, approval.at)
        self._close(approval.session_id, approval.result)
        s.note("connect.approved", owner.id, of_approval(approval), approval.at)
        return True

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
        links = self._state.links.get(vehicle_id, {})
        if not self._closable(session_id, version) or user_id not in links:
            return False
        session = self._state.sessions[session_id]
        if self._state.vehicles[vehicle_id].client_id != session.client_id:
            return False
        self._close(session_id, result)
        self._state.maker_sessions[user_id] = maker_session
        if not isinstance(external_id, UnsetType):
            links[user_id].external_id = external_id
        detail = {"client_id": session.client_id, "user_id": user_id}
        self._state.note("connect.repaired", vehicle_id, detail, now)
        return True

    async def granted(self, client_id: str, user_id: str) -> dict[str, frozenset[str]]:
        """Return what an owner has granted already: VIN → permissions."""
        s = self._state
        return {
            s.cars[s.vehicles[vehicle_id].car_id].vin: links[user_id].permissions
            for vehicle_id, links in s.links.items()
            if user_id in links and s.vehicles[vehicle_id].client_id == client_id
        }

    async def choose_capacity(self, client_id: str, vehicle_id: str, kwh: float, *, now: datetime) -> bool:
        """Store the battery size an owner picked; false when the application has no such vehicle."""
        vehicle = self._state.vehicles.get(vehicle_id)
        if vehicle is None or vehicle.client_id != client_id or vehicle_id not in self._state.links:
            return False
        vehicle.capacity_kwh = kwh
        self._state.note("connect.capacity_chosen", vehicle_id, {"client_id": client_id, "kwh": kwh}, now)
        return True

    def _closable(self, session_id: str, version: int) -> bool:
        stored = self._state.sessions.get(session_id)
        return stored is not None and not stored.closed and stored.version == version

    def _close(self, session_id: str, secret: Secret | None) -> None:
        stored = self._state.sessions[session_id]
        closed = msgspec.structs.replace(stored, secret=secret, version=stored.version + 1, closed=True)
        self._state.sessions[session_id] = closed

    def _connect(self, approval: Approval, owner: Owner, approved: ApprovedCar) -> str:
        """Write one car of an approval and return its vehicle id."""
        s = self._state
        car = self._car(owner.source, approved)
        rows = (row for row in s.vehicles.values() if (row.client_id, row.car_id) == (owner.client_id, car.id))
        vehicle = next(rows, None) or VehicleRow(new_id(), owner.client_id, car.id, None)
        s.vehicles[vehicle.id] = vehicle
        if approved.capacity_kwh is not None:
            vehicle.capacity_kwh = approved.capacity_kwh
        known = s.links.setdefault(vehicle.id, {}).get(owner.id)
        external = approval.external_id
        if isinstance(external, UnsetType):
            external = known.external_id if known else None
        connected_at = known.connected_at if known else approval.at
        link_id = known.id if known else new_id()
        revision, poll_at = (known.revision, known.poll_at) if known else (0, None)
        link = Link(link_id, frozenset(approved.permissions), connected_at, approval.at, external, revision, poll_at)
        s.links[vehicle.id][owner.id] = link
        return vehicle.id

    def _car(self, source: str, approved: ApprovedCar) -> Car:
        told = approved.source_car
        known = next((c for c in self._state.cars.values() if (c.source, c.vin) == (source, told.vin)), None)
        car = Car(
            known.id if known else new_id(), source, told.vin, told.make, told.model, told.year, told.powertrain,
            known.changed_at if known else None,
        )  # fmt: skip
        self._state.cars[car.id] = car
        return car


def _account(owner: Owner) -> tuple[str, str, str, bytes]:
    return owner.client_id, owner.source, owner.mode, owner.account_digest
