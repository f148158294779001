"""Plans for key rotation: which keys are in use, and sealing everything anew under the current one."""

# ruff: noqa: S608  # what is put into statements are constants
from __future__ import annotations

from collections import Counter
from typing import Final

from carwire.storage.sealing import key_id
from carwire.storage.sql.plans import Plan, Planned, reads, writes

# Every sealed column, and the column its row is named by. A test holds it against the schema.
SEALED: Final = (
    ("applications", "management_token_sealed", "client_id"),
    ("applications", "former_token_sealed", "client_id"),
    ("connect_sessions", "secret_sealed", "id"),
    ("owners", "maker_session_sealed", "id"),
    ("sealing", "canary_sealed", "name"),
    ("webhook_secrets", "secret_sealed", "id"),
)
_BATCH: Final = 200
_LONGEST_PREFIX: Final = 34  # version, length, and an id of 32 characters


class RotationPlans(Planned):
    """Everything sealed, in batches of one transaction each: a server beside it goes on working."""

    async def sealed_values(self) -> dict[str, int]:
        """Return how many values are sealed under each key, by the key's id."""
        found: Counter[str] = Counter()
        for table, column, row in SEALED:
            after = ""
            while page := await self._sealed_after(table, column, row, after):
                after = page[-1][0]
                found.update(name for _, name in page)
        return dict(found)

    async def reseal(self) -> int:
        """Seal everything under the current key that is not, and return how many values that were.

        Raises `UnknownKey` and `SealBroken` for a value nobody can open; what was done before stays done.
        """
        done = 0
        for table, column, row in SEALED:
            while batch := await self._reseal(table, column, row):
                done += batch
        return done

    @reads
    def _sealed_after(self, table: str, column: str, row: str, after: str) -> Plan[list[tuple[str, str]]]:
        rows = yield (
            f"SELECT {row}, substr({column}, 1, {_LONGEST_PREFIX}) FROM {table}"
            f" WHERE {column} IS NOT NULL AND {row} > ? ORDER BY {row} LIMIT {_BATCH}",
            (after,),
        )
        return [(name, key_id(start)) for name, start in rows]

    @writes
    def _reseal(self, table: str, column: str, row: str) -> Plan[int]:
        prefix = self._sealer.current_prefix()
        rows = yield (
            f"SELECT {row}, {column} FROM {table} WHERE {column} IS NOT NULL AND substr({column}, 1, ?) <> ?"
            f" ORDER BY {row} LIMIT {_BATCH} {{for_update}}",
            (len(prefix), prefix),
        )
        for name, sealed in rows:
            secret = self._sealer.open(sealed, table, column, name)
            yield (
                f"UPDATE {table} SET {column} = ? WHERE {row} = ?",
                (self._sealer.seal(secret, table, column, name), name),
            )
        return len(rows)
