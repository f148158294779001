"""What lookup needs from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from carwire.core.errors import CarwireError
from carwire.core.lookup.facts import DecodedFacts
from carwire.core.lookup.keys import ApiKey, Count, Record, RecordFilter
from carwire.core.lookup.registers import Chunk, Entry, PrefixCount, Release
from carwire.core.lookup.traits import Vehicle


class FactDecoder(Protocol):
    """Says what the text of a whole VIN says, each fact with its strength."""

    data: str

    def facts(self, vin: str, *, now: datetime) -> DecodedFacts:
        """Return the facts. Pure: `now` bounds years."""


class ServiceFailed(CarwireError):
    """An external service could not be asked."""


class KeyStore(Protocol):
    """Keeps keys of the lookup API by digest, tokens that stand for them, quotas, and records of use."""

    def version(self) -> int:
        """Return a number that changes when keys are written to: at once by us, within a second by others."""

    async def add_api_key(self, key: ApiKey, digest: bytes) -> bool:
        """Store a new key; false when there is no such application."""

    async def find_api_key(self, digest: bytes) -> ApiKey | None:
        """Return the key with this digest, revoked or not."""

    async def api_keys(self, client_id: str | None = None) -> list[ApiKey]:
        """Return keys of an application, at a null of all, oldest first."""

    async def revoke_api_key(self, key_id: str, now: datetime) -> bool:
        """End a key; false when there is none, or it has ended."""

    async def add_api_key_token(self, digest: bytes, key_id: str, expires_at: datetime) -> None:
        """Store a token that stands for a key."""

    async def find_api_key_token(self, digest: bytes) -> tuple[ApiKey, datetime] | None:
        """Return the key a token stands for and when it ends, over or not."""

    async def take_quota(self, key_id: str, month: int, most: int | None, count: int = 1) -> int | None:
        """Count requests of a month and return how many there are now; null, nothing counted, when that would be more
        than `most`. Of any number of callers none goes over.
        """

    async def quota_used(self, key_id: str, month: int) -> int:
        """Return how many requests of a month are counted."""

    async def add_lookup_records(self, records: Sequence[Record]) -> None:
        """Store records of use. Those of applications that are gone are dropped."""

    async def lookup_records(self, wanted: RecordFilter, limit: int, after: str | None = None) -> list[Record]:
        """Return records in the order of their ids, which is that of time, from the one after `after` on."""

    async def count_lookup_records(self, wanted: RecordFilter, by: Sequence[str]) -> list[Count]:
        """Count records in groups of `keys.GROUPS`, ordered by their values."""


class CatalogueStore(Protocol):
    """Keeps vehicles of catalogues, each with the release it came with; those that were decoded have release 0."""

    async def put_vehicles(self, vehicles: Sequence[Vehicle], release_id: int = 0, *, candidates: bool = False) -> None:
        """Store vehicles; a known id of the same release is replaced, what was decoded stays. `candidates` says that
        a match may choose them.
        """

    async def candidates(self, region: str, makes: Sequence[str], years: tuple[int, int]) -> list[Vehicle]:
        """Return candidates of active releases of these makes, by `names.make_key`, and of the years from the first to
        the second, ordered by id.
        """

    async def catalogue_vehicle(self, region: str, vehicle_id: str) -> Vehicle | None:
        """Return a vehicle, of an active release before what was decoded; null when there is none."""

    async def find_vehicles(
        self, region: str, filters: Mapping[str, str], words: Sequence[str] = (), limit: int = 1000
    ) -> tuple[list[Vehicle], int]:
        """Return vehicles with these values, whatever their case, whose title has all the words, ordered by year down,
        then id; and how many there are in all.
        """

    async def facet(self, region: str, name: str, filters: Mapping[str, str], limit: int) -> list[tuple[str, int]]:
        """Return the values of a trait and how many vehicles have each, most first."""


class RegisterStore(Protocol):
    """Keeps releases of registers. What is loading is not read."""

    async def releases(self, region: str | None = None) -> list[Release]:
        """Return releases in every state, oldest first."""

    async def begin_release(self, release: Release) -> Release:
        """Store a release that is loading and return it with its id."""

    async def add_chunk(self, release_id: int, chunk: Chunk) -> None:
        """Add rows and note the position, in one transaction. No row comes twice; counts of a prefix are added to those
        of chunks before.
        """

    async def finish_release(self, release_id: int) -> None:
        """Make a release the active one of its dataset and region, and retire the one before."""

    async def drop_release(self, release_id: int) -> None:
        """Delete a release with its rows, in pieces. The release itself goes last."""

    async def register_entries(self, region: str, keys: Sequence[str]) -> list[Entry]:
        """Return entries of active releases with these keys, in a fixed order."""

    async def register_entries_of_plate(self, region: str, plate: str) -> list[Entry]:
        """Return entries of active releases with this plate, the newest first."""

    async def prefix_counts(self, region: str, prefix: str) -> list[PrefixCount]:
        """Return what active releases count under characters 1 to 8 and 10, in a fixed order."""


class ProviderStore(Protocol):
    """Keeps what external services answered, by a digest of what they were asked, and what they cost."""

    async def provided(self, provider: str, region: str, subject: bytes, now: datetime) -> bytes | None:
        """Return an answer that is not too old; null when there is none."""

    async def keep_provided(self, provider: str, region: str, subject: bytes, answer: bytes, until: datetime) -> None:
        """Keep an answer for a while."""

    async def spend_on(self, provider: str, day: int, cost: int, most: int | None) -> bool:
        """Count the cost of a question, in millionths; false, nothing counted, when a day's would be more than
        `most`.
        """


class LookupStore(KeyStore, CatalogueStore, RegisterStore, ProviderStore, Protocol):
    """All that lookup keeps."""
