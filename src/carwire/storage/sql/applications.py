"""Plans for applications."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from carwire.core.applications import Application, ClientSecret, Rules
from carwire.kit.secrets import Secret
from carwire.storage.moments import from_us, from_us_or_null, to_us, to_us_or_null
from carwire.storage.sql.plans import WROTE, Plan, Planned, Row, Value, chunks, marks, reads, writes

_COLUMNS: Final = "client_id, name, redirect_uris, secret_digest, management_token_digest, created_at, rules"
_ITS_SECRETS: Final = "id, client_id, digest, created_at, expires_at"


class ApplicationPlans(Planned):
    """`carwire.core.ports.ApplicationStore`."""

    async def add(self, application: Application, management_token: Secret) -> None:
        """Store a new application."""
        await self._add(application, management_token)
        self._database.look_again()

    async def replace(
        self,
        application: Application,
        management_token: Secret | None = None,
        former_until: datetime | None = None,
    ) -> bool:
        """Store `application` over the one with its client id; false when there is none. A null token stays; the one a
        new token replaces signs webhooks until `former_until`.
        """
        done = await self._replace(application, management_token, former_until)
        self._database.look_again()
        return done

    async def delete(self, client_id: str) -> bool:
        """Delete it and everything of it, cars nobody else knows included; false when there is none."""
        done = await self._delete(client_id)
        self._database.look_again()
        return done

    def version(self) -> int:
        """Return a number that changes when applications or keys are written to: at once by us, within a second by
        others.
        """
        return self._database.version()

    @reads
    def find(self, client_id: str) -> Plan[Application | None]:
        """Return the application with this client id, or null."""
        rows = yield f"SELECT {_COLUMNS} FROM applications WHERE client_id = ?", (client_id,)
        return _application(rows[0]) if rows else None

    @reads
    def find_by_management_token(self, digest: bytes) -> Plan[Application | None]:
        """Return the application with this management token, or null."""
        rows = yield f"SELECT {_COLUMNS} FROM applications WHERE management_token_digest = ?", (digest,)
        return _application(rows[0]) if rows else None

    @reads
    def management_token(self, client_id: str) -> Plan[Secret | None]:
        """Return the token itself; null for an application registered before tokens were kept."""
        rows = yield "SELECT management_token_sealed FROM applications WHERE client_id = ?", (client_id,)
        if not rows or rows[0][0] is None:
            return None
        return self._sealer.open(rows[0][0], "applications", "management_token_sealed", client_id)

    @reads
    def all(self) -> Plan[list[Application]]:
        """Return every application, oldest first."""
        rows = yield f"SELECT {_COLUMNS} FROM applications ORDER BY created_at, client_id", ()
        return [_application(row) for row in rows]

    @writes
    def add_secret(self, secret: ClientSecret, others_until: datetime | None) -> Plan[bool]:
        """Store a secret; those of before end at `others_until` unless they end sooner."""
        found = yield "SELECT client_id FROM applications WHERE client_id = ? {for_update}", (secret.client_id,)
        if not found:
            return False
        if others_until is not None:
            until = to_us(others_until)
            yield (
                "UPDATE client_secrets SET expires_at = ? WHERE client_id = ?"
                " AND (expires_at IS NULL OR expires_at > ?)",
                (until, secret.client_id, until),
            )
        yield (
            f"INSERT INTO client_secrets ({_ITS_SECRETS}) VALUES ({marks(5)})",
            (
                secret.id, secret.client_id, secret.digest, to_us(secret.created_at),
                to_us_or_null(secret.expires_at),
            ),
        )  # fmt: skip
        return True

    @reads
    def secrets(self, client_id: str) -> Plan[list[ClientSecret]]:
        """Return an application's secrets, ended ones included, oldest first."""
        rows = yield (
            f"SELECT {_ITS_SECRETS} FROM client_secrets WHERE client_id = ? ORDER BY created_at, id",
            (client_id,),
        )
        return [
            ClientSecret(secret_id, client, digest, from_us(created_us), from_us_or_null(expires_us))
            for secret_id, client, digest, created_us, expires_us in rows
        ]

    @writes
    def delete_secret(self, client_id: str, secret_id: str) -> Plan[bool]:
        """Delete a secret, and with it the tokens it led to; false when the application has none of this id."""
        rows = yield "DELETE FROM client_secrets WHERE id = ? AND client_id = ? RETURNING id", (secret_id, client_id)
        return bool(rows)

    @writes
    def _add(self, application: Application, management_token: Secret) -> Plan[None]:
        values = (*_row(application), self._seal(application, management_token))
        yield f"INSERT INTO applications ({_COLUMNS}, management_token_sealed) VALUES ({marks(8)})", values
        yield WROTE

    @writes
    def _replace(
        self, application: Application, management_token: Secret | None, former_until: datetime | None
    ) -> Plan[bool]:
        sets = ", ".join(f"{name} = ?" for name in _COLUMNS.split(", ")[1:])
        values = _row(application)[1:]
        if management_token is not None:
            former = (yield from self._former(application.client_id)) if former_until else None
            sets += ", management_token_sealed = ?, former_token_sealed = ?, former_token_until = ?"
            values += (self._seal(application, management_token), former, to_us_or_null(former_until))
        rows = yield (
            f"UPDATE applications SET {sets} WHERE client_id = ? RETURNING client_id",
            (*values, application.client_id),
        )
        yield WROTE
        return bool(rows)

    @writes
    def _delete(self, client_id: str) -> Plan[bool]:
        yield "SELECT client_id FROM applications WHERE client_id = ? {for_update}", (client_id,)
        yield "SELECT id FROM owners WHERE client_id = ? ORDER BY id {for_update}", (client_id,)
        cars = yield (
            "SELECT id FROM cars WHERE id IN (SELECT car_id FROM vehicles WHERE client_id = ?)"
            " ORDER BY source, vin {for_update}",
            (client_id,),
        )
        gone = yield "DELETE FROM applications WHERE client_id = ? RETURNING client_id", (client_id,)
        for some in chunks([car_id for (car_id,) in cars]):
            yield from drop_readings(some)
            yield from drop_orphans(some)
        yield WROTE
        return bool(gone)

    def _former(self, client_id: str) -> Plan[bytes | None]:
        """Return the management token that is about to be replaced, sealed to be kept beside its successor."""
        rows = yield (
            "SELECT management_token_sealed FROM applications WHERE client_id = ? {for_update}",
            (client_id,),
        )
        if not rows or rows[0][0] is None:
            return None
        token = self._sealer.open(rows[0][0], "applications", "management_token_sealed", client_id)
        return self._sealer.seal(token, "applications", "former_token_sealed", client_id)

    def _seal(self, application: Application, token: Secret) -> bytes:
        return self._sealer.seal(token, "applications", "management_token_sealed", application.client_id)


def drop_readings(cars: tuple[str, ...]) -> Plan[None]:
    """Delete what is kept of these cars for accounts that no application connects to them any more."""
    for table in ("readings", "history", "events"):
        yield (
            f"DELETE FROM {table} WHERE car_id IN ({marks(len(cars))})"
            " AND NOT EXISTS (SELECT 1 FROM connections c"
            f" WHERE c.car_id = {table}.car_id AND c.account_digest = {table}.account_digest)",
            cars,
        )


def drop_orphans(cars: tuple[str, ...]) -> Plan[None]:
    """Delete those of these cars that no application knows any more, with their budgets."""
    orphans = yield (
        f"DELETE FROM cars WHERE id IN ({marks(len(cars))})"
        " AND NOT EXISTS (SELECT 1 FROM vehicles WHERE car_id = cars.id) RETURNING id",
        cars,
    )
    if orphans:
        ids = tuple(car_id for (car_id,) in orphans)
        yield f"DELETE FROM budgets WHERE car_id IN ({marks(len(ids))})", ids


def _row(application: Application) -> tuple[Value, ...]:
    return (
        application.client_id,
        application.name,
        msgspec.json.encode(application.redirect_uris).decode(),
        application.secret_digest,
        application.management_token_digest,
        to_us(application.created_at),
        msgspec.json.encode(application.rules).decode(),
    )


def _application(row: Row) -> Application:
    client_id, name, redirect_uris, secret_digest, management_token_digest, created_at, rules = row
    return Application(
        client_id=client_id,
        name=name,
        redirect_uris=msgspec.json.decode(redirect_uris, type=tuple[str, ...]),
        secret_digest=secret_digest,
        management_token_digest=management_token_digest,
        created_at=from_us(created_at),
        rules=msgspec.json.decode(rules, type=Rules),
    )
