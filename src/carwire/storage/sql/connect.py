"""Plans for runs of Connect and their approvals."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.grants import CODE_LIFE, Approval, ApprovedCar
from carwire.core.vehicles import ConnectSession, Owner
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret
from carwire.storage.audit import of_approval
from carwire.storage.moments import from_us, to_us
from carwire.storage.sql.auditing import append
from carwire.storage.sql.plans import Plan, Planned, Row, chunks, marks, reads, writes
from carwire.storage.sql.rows import RENEW, permissions_of, permissions_text
from carwire.storage.sql.webhooks import subscribe_by_itself

_OWNER: Final = "id, client_id, source, mode, account_digest, created_at"
_WHERE_ACCOUNT: Final = "WHERE client_id = ? AND source = ? AND mode = ? AND account_digest = ?"
_SESSION: Final = "id, client_id, cookie_digest, record, secret_sealed, version, expires_at, closed"


class ConnectPlans(Planned):
    """`carwire.core.ports.ConnectStore`."""

    @writes
    def open_session(self, session: ConnectSession) -> Plan[None]:
        """Store a new session."""
        values = (
            session.id, session.client_id, session.cookie_digest, session.record, self._seal_secret(session),
            session.version, to_us(session.expires_at), int(session.closed),
        )  # fmt: skip
        yield f"INSERT INTO connect_sessions ({_SESSION}) VALUES ({marks(8)})", values

    @reads
    def session(self, session_id: str) -> Plan[ConnectSession | None]:
        """Return a session, expired or not; null when there is none."""
        rows = yield f"SELECT {_SESSION} FROM connect_sessions WHERE id = ?", (session_id,)
        return self._session(rows[0]) if rows else None

    @writes
    def save_session(self, session: ConnectSession) -> Plan[bool]:
        """Store it if `session.version` is one above what is stored and it is not closed; false else."""
        rows = yield (
            "UPDATE connect_sessions SET cookie_digest = ?, record = ?, secret_sealed = ?, version = ?, expires_at = ?,"
            " closed = ? WHERE id = ? AND version = ? AND closed = 0 RETURNING id",
            (
                session.cookie_digest, session.record, self._seal_secret(session), session.version,
                to_us(session.expires_at), int(session.closed), session.id, session.version - 1,
            ),
        )  # fmt: skip
        return bool(rows)

    @writes
    def owner(self, owner: Owner) -> Plan[Owner]:
        """Return the stored owner with the same application, source, mode and account; `owner`, now stored, if none."""
        return (yield from _owner(owner))

    @reads
    def find_owner(self, owner: Owner) -> Plan[Owner | None]:
        """Return the stored owner with the same application, source, mode and account; null when there is none."""
        rows = yield f"SELECT id, created_at FROM owners {_WHERE_ACCOUNT}", _account(owner)
        return _known(owner, rows[0]) if rows else None

    @writes
    def approve(self, approval: Approval) -> Plan[bool]:
        """Write an approval whole; false, nothing written, when its session was touched or closed meanwhile."""
        result = self._sealer.seal(approval.result, "connect_sessions", "secret_sealed", approval.session_id)
        closed = yield (
            "UPDATE connect_sessions SET secret_sealed = ?, version = version + 1, closed = 1"
            " WHERE id = ? AND version = ? AND closed = 0 RETURNING id",
            (result, approval.session_id, approval.session_version),
        )
        if not closed:
            return False
        owner = yield from _owner(approval.owner)
        sealed = self._sealer.seal(approval.maker_session, "owners", "maker_session_sealed", owner.id)
        yield "UPDATE owners SET maker_session_sealed = ? WHERE id = ?", (sealed, owner.id)
        agreed = {}
        for approved in sorted(approval.cars, key=lambda car: car.source_car.vin):
            vehicle_id = yield from _connect(approval, owner, approved)
            agreed[vehicle_id] = permissions_text(approved.permissions)
        if owner.mode == "live":
            yield from subscribe_by_itself(owner.client_id, agreed, owner.id, approval.at)
        yield from _grant(approval, owner, agreed)
        yield from append("connect.approved", owner.id, of_approval(approval), approval.at)
        return True

    @writes
    def repair(
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
    ) -> Plan[bool]:
        """Close a session by replacing what an owner signs in with; false as with `approve`, or when they are not
        connected to the vehicle. `external_id` and `result` are as in an `Approval`.
        """
        kept = self._sealer.seal(result, "connect_sessions", "secret_sealed", session_id) if result else None
        rows = yield (
            "UPDATE connect_sessions SET secret_sealed = ?, version = version + 1, closed = 1"
            " WHERE id = ? AND version = ? AND closed = 0"
            " AND EXISTS (SELECT 1 FROM connections c WHERE c.vehicle_id = ? AND c.user_id = ?"
            " AND c.client_id = connect_sessions.client_id) RETURNING client_id",
            (kept, session_id, version, vehicle_id, user_id),
        )
        if not rows:
            return False
        sealed = self._sealer.seal(maker_session, "owners", "maker_session_sealed", user_id)
        yield RENEW, (sealed, user_id)
        if not isinstance(external_id, UnsetType):
            renamed = "UPDATE connections SET external_id = ? WHERE vehicle_id = ? AND user_id = ?"
            yield renamed, (external_id, vehicle_id, user_id)
        yield from append("connect.repaired", vehicle_id, {"client_id": rows[0][0], "user_id": user_id}, now)
        return True

    @reads
    def granted(self, client_id: str, user_id: str) -> Plan[dict[str, frozenset[str]]]:
        """Return what an owner has granted already: VIN → permissions."""
        rows = yield (
            "SELECT k.vin, c.permissions FROM connections c JOIN cars k ON k.id = c.car_id"
            " WHERE c.user_id = ? AND c.client_id = ?",
            (user_id, client_id),
        )
        return {vin: permissions_of(text) for vin, text in rows}

    @writes
    def choose_capacity(self, client_id: str, vehicle_id: str, kwh: float, *, now: datetime) -> Plan[bool]:
        """Store the battery size an owner picked; false when the application has no such vehicle."""
        rows = yield (
            "UPDATE connections SET capacity_kwh = ? WHERE vehicle_id = ? AND client_id = ? RETURNING vehicle_id",
            (kwh, vehicle_id, client_id),
        )
        if rows:
            yield from append("connect.capacity_chosen", vehicle_id, {"client_id": client_id, "kwh": kwh}, now)
        return bool(rows)

    def _seal_secret(self, session: ConnectSession) -> bytes | None:
        if session.secret is None:
            return None
        return self._sealer.seal(session.secret, "connect_sessions", "secret_sealed", session.id)

    def _session(self, row: Row) -> ConnectSession:
        session_id, client_id, cookie_digest, record, sealed, version, expires_at, closed = row
        return ConnectSession(
            id=session_id,
            client_id=client_id,
            cookie_digest=cookie_digest,
            record=record,
            secret=sealed and self._sealer.open(sealed, "connect_sessions", "secret_sealed", session_id),
            version=version,
            expires_at=from_us(expires_at),
            closed=bool(closed),
        )


def _owner(owner: Owner) -> Plan[Owner]:
    yield (
        f"INSERT INTO owners ({_OWNER}) VALUES ({marks(6)})"
        " ON CONFLICT (client_id, source, mode, account_digest) DO NOTHING",
        (owner.id, *_account(owner), to_us(owner.created_at)),
    )
    (row,) = yield f"SELECT id, created_at FROM owners {_WHERE_ACCOUNT} {{for_update}}", _account(owner)
    return _known(owner, row)


def _account(owner: Owner) -> tuple[str, str, str, bytes]:
    return owner.client_id, owner.source, owner.mode, owner.account_digest


def _known(owner: Owner, row: Row) -> Owner:
    user_id, created_at = row
    return msgspec.structs.replace(owner, id=user_id, created_at=from_us(created_at))


def _connect(approval: Approval, owner: Owner, approved: ApprovedCar) -> Plan[str]:
    """Write one car of an approval and return its vehicle id."""
    car = approved.source_car
    ((car_id,),) = yield (
        f"INSERT INTO cars (id, source, vin, make, model, year, powertrain) VALUES ({marks(7)})"
        " ON CONFLICT (source, vin) DO UPDATE SET make = excluded.make, model = excluded.model, year = excluded.year,"
        " powertrain = excluded.powertrain RETURNING id",
        (new_id(), owner.source, car.vin, car.make, car.model, car.year, car.powertrain),
    )
    ((vehicle_id,),) = yield (
        "INSERT INTO vehicles (id, client_id, car_id) VALUES (?, ?, ?)"
        " ON CONFLICT (client_id, car_id) DO UPDATE SET car_id = excluded.car_id RETURNING id",
        (new_id(), owner.client_id, car_id),
    )
    unset = isinstance(approval.external_id, UnsetType)
    external_id = None if isinstance(approval.external_id, UnsetType) else approval.external_id
    yield (
        "INSERT INTO connections (vehicle_id, user_id, client_id, car_id, account_digest, mode, permissions,"
        f" connected_at, updated_at, id, external_id, capacity_kwh) VALUES ({marks(11)},"
        " COALESCE(?, (SELECT max(capacity_kwh) FROM connections WHERE vehicle_id = ?)))"
        " ON CONFLICT (vehicle_id, user_id) DO UPDATE SET permissions = excluded.permissions,"
        " updated_at = excluded.updated_at,"
        " capacity_kwh = excluded.capacity_kwh" + ("" if unset else ", external_id = excluded.external_id"),
        (
            vehicle_id, owner.id, owner.client_id, car_id, owner.account_digest, owner.mode,
            permissions_text(approved.permissions), to_us(approval.at), to_us(approval.at), new_id(),
            external_id, approved.capacity_kwh, vehicle_id,
        ),
    )  # fmt: skip
    return str(vehicle_id)


def _grant(approval: Approval, owner: Owner, agreed: dict[str, str]) -> Plan[None]:
    """Write grant, consent and code. `agreed` is vehicle id → permissions."""
    at = to_us(approval.at)
    yield (
        f"INSERT INTO grants (id, client_id, user_id, mode, created_at) VALUES ({marks(5)})",
        (approval.grant_id, owner.client_id, owner.id, owner.mode, at),
    )
    for some in chunks(list(agreed)):
        yield (
            "INSERT INTO grant_vehicles (grant_id, vehicle_id, user_id) VALUES " + ", ".join(["(?, ?, ?)"] * len(some)),
            tuple(value for vehicle_id in some for value in (approval.grant_id, vehicle_id, owner.id)),
        )
    consent, kept = approval.consent, msgspec.json.encode(agreed).decode()
    yield (
        "INSERT INTO consents (grant_id, user_id, text_version, language, application_name, vehicles, agreed_at)"
        f" VALUES ({marks(7)})",
        (approval.grant_id, owner.id, consent.text_version, consent.language, consent.application_name, kept, at),
    )
    if approval.code_digest is not None:
        yield (
            f"INSERT INTO codes (digest, grant_id, redirect_uri, challenge, expires_at) VALUES ({marks(5)})",
            (
                approval.code_digest, approval.grant_id, approval.redirect_uri, approval.challenge,
                to_us(approval.at + CODE_LIFE),
            ),
        )  # fmt: skip
