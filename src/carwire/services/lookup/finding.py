"""Finding: which vehicle a VIN or plate is, from the decode, registers, catalogues and external services."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from time import monotonic
from typing import Final, Protocol

from carwire.core.errors import StoreUnavailable
from carwire.core.lookup.answers import Found, colour_of, described, extras_of
from carwire.core.lookup.asking import TEST_PLATES, TEST_VINS, Question, digit_is_right
from carwire.core.lookup.evidence import Evidence, weigh
from carwire.core.lookup.facts import DecodedFacts
from carwire.core.lookup.match import Match, match
from carwire.core.lookup.names import make_key, pieces
from carwire.core.lookup.ports import FactDecoder, LookupStore
from carwire.core.lookup.refusal import LookupRefused
from carwire.core.lookup.regions import Region
from carwire.core.lookup.registers import LENGTHS, WHOLE, Entry, PrefixCount, Release, prefix_of
from carwire.core.lookup.samples import sample, sample_vehicle
from carwire.core.lookup.traits import Vehicle
from carwire.core.vin.structure import VIN_LENGTH
from carwire.kit.clock import Clock

_RELEASES_S: Final = 1.0  # for which what is loaded counts as known
_REMEMBERED: Final = 100_000  # decoded vehicles known to be stored
_MATCHES: Final = 20_000
MOST_VEHICLES: Final = 1000
Place = tuple[Hashable, ...]


class Asked(Protocol):
    """External services, asked where no register knows the car."""

    async def ask(self, region: Region, vin: str | None, plate: str | None, state: str | None) -> list[Entry]:
        """Return what they say, as entries; nothing where there is none for the region."""

    def serves(self, region: Region) -> bool:
        """Tell whether there is one for a region."""


class LookupService:
    """Answers lookups. The decode costs no waiting; registers and catalogues are asked only where there are some."""

    def __init__(self, store: LookupStore, decoder: FactDecoder, clock: Clock, services: Asked | None = None) -> None:
        self._store = store
        self._decoder = decoder
        self._clock = clock
        self._services = services
        self._releases: list[Release] = []
        self._asked_at = float("-inf")
        self._stored: set[tuple[str, str]] = set()
        self._matched: dict[Place, Match] = {}
        self._unwritten: dict[tuple[str, str], Vehicle] = {}

    async def releases(self, region: str) -> list[Release]:
        """Return the active releases of a region, as they were at most a second ago."""
        now = monotonic()
        if now - self._asked_at > _RELEASES_S:
            self._releases = [r for r in await self._store.releases() if r.state == "active"]
            self._asked_at = now
        return [release for release in self._releases if release.region == region]

    async def check_region(self, region: Region) -> list[Release]:
        """Return its active releases. Raises `LookupRefused` for a region that has no catalogue and no decode."""
        releases = await self.releases(region.code)
        if not releases and not region.decoded and not self._has_service(region):
            raise LookupRefused(
                "region_not_configured",
                f"{region.name} is known here, but has no catalogue yet",
                hint="import a register or a catalogue: carwire register import, carwire catalogue import",
            )
        return releases

    async def by_vin(self, vin: str, question: Question, *, public: bool = False) -> Found:
        """Return the vehicle of a VIN."""
        if vin in TEST_VINS:
            return _sampled(question, vin)
        releases = await self.check_region(question.region)
        entries = await self._entries(question.region, vin, releases)
        return await self._found(vin, entries, releases, question, public=public)

    async def by_plate(self, plate: str, state: str | None, question: Question, *, public: bool = False) -> Found:
        """Return the vehicle that carries a plate now, as far as the newest import knows."""
        if plate in TEST_PLATES:
            return _sampled(question, plate)
        releases = await self.check_region(question.region)
        entries = (await self._store.register_entries_of_plate(question.region.code, plate))[:1] if releases else []
        if not entries and self._services is not None:
            entries = await self._services.ask(question.region, None, plate, state)
        if not entries:
            return Found()
        vin = entries[0].key if len(entries[0].key) == VIN_LENGTH else None
        if vin is not None:
            others = await self._registered(question.region, vin, releases)
            entries += [entry for entry in others if entry.link not in WHOLE]
        return await self._found(vin, entries, releases, question, public=public)

    async def vehicle(self, region: Region, vehicle_id: str) -> Vehicle:
        """Return a vehicle by its id. Raises `LookupRefused` when there is none."""
        found = sample_vehicle(region.code, vehicle_id)
        if found is None:
            await self.check_region(region)
            found = await self._store.catalogue_vehicle(region.code, vehicle_id)
            found = found or self._unwritten.get((region.code, vehicle_id))
        if found is None:
            raise LookupRefused("not_found", "There is no vehicle with this id in this region")
        return found

    async def search(self, region: Region, text: str, count: int) -> tuple[list[Vehicle], int]:
        """Return vehicles whose title has all words of a text, and how many there are."""
        await self._settle(region)
        words = pieces(text)[:12]
        return await self._store.find_vehicles(region.code, {}, words, count) if words else ([], 0)

    async def facets(
        self, region: Region, names: Sequence[str], filters: Mapping[str, str], limit: int
    ) -> dict[str, list[tuple[str, int]]]:
        """Return, for each trait, its values among the vehicles that fit."""
        await self._settle(region)
        return {name: await self._store.facet(region.code, name, filters, limit) for name in names}

    async def narrow(self, region: Region, filters: Mapping[str, str]) -> list[Vehicle]:
        """Return the vehicles that fit. Raises `LookupRefused` for more than a thousand."""
        await self._settle(region)
        found, total = await self._store.find_vehicles(region.code, filters, (), MOST_VEHICLES)
        if total > MOST_VEHICLES:
            raise LookupRefused("too_many_vehicles", f"{total} vehicles fit, at most {MOST_VEHICLES} are answered")
        return found

    async def _settle(self, region: Region) -> None:
        """Let what this process has decoded be found."""
        await self.check_region(region)
        await self.write()

    async def _entries(self, region: Region, vin: str, releases: Sequence[Release]) -> list[Entry]:
        entries = await self._registered(region, vin, releases)
        if self._services is not None and not any(entry.link in WHOLE for entry in entries):
            entries += await self._services.ask(region, vin, None, None)
        return entries

    async def _registered(self, region: Region, vin: str, releases: Sequence[Release]) -> list[Entry]:
        """Return what is registered under a VIN, or under as much of it as each register publishes."""
        lengths = {LENGTHS[release.link] for release in releases if release.link in LENGTHS}
        keys = [vin[:length] for length in lengths] if len(vin) == VIN_LENGTH else [vin] if lengths else []
        return await self._store.register_entries(region.code, keys) if keys else []

    async def _found(
        self,
        vin: str | None,
        entries: Sequence[Entry],
        releases: Sequence[Release],
        question: Question,
        *,
        public: bool,
    ) -> Found:
        decode = self._decoder.facts(vin, now=self._clock()) if vin is not None and len(vin) == VIN_LENGTH else None
        place = _same(question, vin, decode, entries)
        chosen = None if any(release.catalogue for release in releases) else self._matched.get(place)
        if chosen is None:
            chosen, of_kind = await self._match(vin, decode, entries, releases, question)
            if of_kind:
                if len(self._matched) >= _MATCHES:
                    self._matched.clear()
                self._matched[place] = chosen
        self._remember(chosen)
        return Found(
            vehicle=chosen.vehicle,
            upstream_vehicle=described(entries),
            confidence=chosen.confidence,
            colour=colour_of(entries),
            vin=vin,
            additional=chosen.additional,
            explanation=chosen.explanation,
            extras=extras_of(question.features, entries, chosen.vehicle, public=public) if question.features else {},
        )

    async def _match(
        self,
        vin: str | None,
        decode: DecodedFacts | None,
        entries: Sequence[Entry],
        releases: Sequence[Release],
        question: Question,
    ) -> tuple[Match, bool]:
        """Match, and tell whether the match rests on the decode and the entries alone."""
        region = question.region.code
        evidence = weigh(vin, decode, entries)
        chooses = any(release.catalogue for release in releases)
        wanted = chooses or evidence.value("model") is None  # to break a tie, or to infer a model
        counts = await self._counts(region, vin, releases) if wanted else ()
        catalogue = await self._catalogue(region, evidence, counts, releases, decode)
        chosen = match(region, evidence, counts, catalogue, more=question.more)
        return chosen, not wanted

    async def _counts(self, region: str, vin: str | None, releases: Sequence[Release]) -> Sequence[PrefixCount]:
        """What other cars under the same prefix are: to infer a model, or to break a tie."""
        prefix = prefix_of(vin or "")
        if prefix is None or all(release.link in {"LP", "none"} for release in releases):
            return ()
        return await self._store.prefix_counts(region, prefix)

    async def _catalogue(
        self,
        region: str,
        evidence: Evidence,
        counts: Sequence[PrefixCount],
        releases: Sequence[Release],
        decode: DecodedFacts | None,
    ) -> Sequence[Vehicle]:
        if not any(release.catalogue for release in releases):
            return ()
        sources = (evidence.decode, evidence.whole, evidence.partial, *(count.traits for count in counts))
        traits = [each for each in sources if each is not None]
        makes = sorted({make_key(each.make) for each in traits if each.make} | _shared_makes(decode))
        years = [year for each in traits for year in (each.year, each.release_year) if year]
        if not makes or not years:
            return ()
        return await self._store.candidates(region, makes, (min(years) - 2, max(years) + 2))

    def _remember(self, chosen: Match) -> None:
        """Keep what was decoded or described, so that its id answers afterwards. Known ones cost nothing."""
        for vehicle in (*chosen.additional, *([chosen.vehicle] if chosen.vehicle else [])):
            place = vehicle.region, vehicle.id
            if vehicle.source == "decode" and place not in self._stored:
                self._unwritten[place] = vehicle
                self._stored.add(place)

    async def write(self) -> None:
        """Write down what was decoded since the last time. Raises `StoreUnavailable`: then it is kept for the next."""
        unwritten, self._unwritten = self._unwritten, {}
        if not unwritten:
            return
        try:
            await self._store.put_vehicles(list(unwritten.values()))
        except StoreUnavailable:
            self._unwritten = unwritten | self._unwritten
            raise
        if len(self._stored) >= _REMEMBERED:
            self._stored.clear()

    def _has_service(self, region: Region) -> bool:
        return self._services is not None and self._services.serves(region)


def _same(question: Question, vin: str | None, decode: DecodedFacts | None, entries: Sequence[Entry]) -> Place:
    """Return what a match depends on: cars of one specification, with entries that say the same, share theirs."""
    said = (decode.traits, tuple(decode.strengths.items()), decode.makes, decode.clean) if decode else None
    told = tuple((entry.release.dataset, entry.link, entry.traits) for entry in entries)
    return question.region.code, question.more, vin is not None and digit_is_right(vin), said, told


def _shared_makes(decode: DecodedFacts | None) -> set[str]:
    return {make_key(make) for make in decode.makes} if decode else set()


def _sampled(question: Question, text: str) -> Found:
    found = sample(question.region.code, text)
    assert found is not None, "a documented value"
    return found
