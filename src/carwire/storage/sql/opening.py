"""What happens to a database before the first question: is it ours, do our keys open it, has it what plans rely on."""

from __future__ import annotations

from typing import Final

from carwire.core.errors import CannotStart
from carwire.kit.secrets import Secret
from carwire.storage.audit import BEGINNING
from carwire.storage.sealing import SealBroken, Sealer, UnknownKey, key_id
from carwire.storage.sql.plans import Plan

HEAD: Final = "0006"  # newest migration; a test holds it against Alembic's
OURS: Final = frozenset({"alembic_version", "applications"})  # tables a database of ours has had from the beginning
CANARY: Final = ("sealing", "canary_sealed", "canary")  # a sealed value that tells wrong keys apart at the start
_TEXT: Final = Secret("opens")


def check_keys(sealer: Sealer) -> Plan[None]:
    """Raise `CannotStart` unless the canary opens. One that is not there yet is no objection."""
    rows = yield "SELECT canary_sealed FROM sealing WHERE name = ?", (CANARY[2],)
    for (sealed,) in rows:
        try:
            sealer.open(sealed, *CANARY)
        except UnknownKey as error:
            msg = f"the database is sealed under the key {key_id(sealed)!a}, which is not among the keys"
            raise CannotStart(msg) from error
        except SealBroken as error:
            msg = "the keys do not open the secrets in the database: they belong to another one"
            raise CannotStart(msg) from error


def prepare(sealer: Sealer) -> Plan[None]:
    """Store what plans expect to be there, and the canary. Whatever is there already stays."""
    for counter in ("applications", "events"):
        yield "INSERT INTO counters (name, number) VALUES (?, 0) ON CONFLICT (name) DO NOTHING", (counter,)
    yield (
        "INSERT INTO audit_head (name, number, digest) VALUES ('audit', ?, ?) ON CONFLICT (name) DO NOTHING",
        BEGINNING,
    )
    rows = yield "SELECT name FROM sealing WHERE name = ?", (CANARY[2],)
    if not rows:
        yield (
            "INSERT INTO sealing (name, canary_sealed) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            (CANARY[2], sealer.seal(_TEXT, *CANARY)),
        )
        yield from check_keys(sealer)  # another server with other keys may have been quicker
