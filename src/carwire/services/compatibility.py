"""Compatibility: can the car behind a VIN be connected, with which permissions; and the matrix of all that can."""

from __future__ import annotations

import functools
import string
from collections.abc import Collection, Mapping, Sequence

import msgspec

from carwire.core.compatibility.catalogue import Catalogue
from carwire.core.compatibility.explain import Explanation, explain
from carwire.core.compatibility.fit import grants_of_line
from carwire.core.compatibility.simulated import is_simulated, judge_simulated
from carwire.core.compatibility.verdict import NotCapable, NotCompatible, Verdict, judge
from carwire.core.countries import Market
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.ports import VinDecoder
from carwire.core.vin import makers, structure, years
from carwire.core.vin.decode import Identity
from carwire.core.vin.powertrain import Powertrain
from carwire.kit.clock import Clock

_RAISED = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_NOTHING = Identity(None, None, None, None, None, None, None, believed=False)
_SIMULATED_LEVEL = "bev"  # what a simulated car's VIN is answered as outside test mode


class MatrixLine(msgspec.Struct, frozen=True):
    """One model line of the matrix. Years are model years, inclusive; a line that is still current ends this year."""

    model: str
    start_year: int
    end_year: int
    powertrain: Powertrain
    permissions: tuple[str, ...]


class Checked(msgspec.Struct, frozen=True):
    """A VIN, what it was read as, by which tables, and the verdict."""

    vin: str
    car: Identity
    read_by: str
    verdict: Verdict


class PermissionVerdict(msgspec.Struct, frozen=True, gc=False):
    """One permission and whether the car can do what it opens."""

    permission: str
    capable: bool
    reason: NotCapable | None


class Summary(msgspec.Struct, frozen=True):
    """The verdict for one of many VINs. `problem` is set exactly when the text is no VIN; `compatible` then is null."""

    vin: str
    compatible: bool | None
    reason: NotCompatible | None
    make: str | None
    model: str | None
    model_year: int | None
    powertrain: Powertrain | None
    capabilities: list[PermissionVerdict]
    problem: FieldProblem | None


class CompatibilityService:
    """Answers from the catalogue and the VIN alone: no car is asked and nothing is stored.

    `us_only` is the original's behaviour: outside the United States a verdict without capabilities.
    """

    def __init__(self, decoder: VinDecoder, catalogue: Catalogue, clock: Clock, *, us_only: bool = False) -> None:
        self._decoder = decoder
        self._catalogue = catalogue
        self._clock = clock
        self._us_only = us_only
        self._matrix = functools.lru_cache(maxsize=256)(self._lines)  # a whole market takes milliseconds

    def check(
        self,
        vin: str,
        permissions: Sequence[str],
        country: str,
        *,
        level: str | None = None,
        us_only: bool | None = None,
    ) -> Checked:
        """Judge one whole VIN. `level` asks for a level of test mode instead: then any 17 characters do.

        Simulated cars' VINs may hold letters no other VIN does. Raises `InvalidInput` on the field ``vin`` unless it
        has the 17 characters of a VIN.
        """
        if level is not None or is_simulated(vin[:3].upper()):
            vin = any_vin(vin)
            verdict = judge_simulated(level or _SIMULATED_LEVEL, country, permissions)
            return self._checked(vin, _NOTHING, "simulated", verdict, us_only)
        vin = whole_vin(vin)
        car = self._decoder.identify(vin, now=self._clock())
        return self._judge(vin, car, permissions, country, us_only)

    def check_many(
        self, vins: Sequence[str], permissions: Sequence[str], country: str, *, us_only: bool | None = None
    ) -> list[Checked | InvalidInput]:
        """Return `check` of each VIN in order; an unusable one is answered by its error, in its place."""
        answers: list[Checked | InvalidInput] = []
        for vin in vins:
            try:
                answers.append(self.check(vin, permissions, country, us_only=us_only))
            except InvalidInput as error:
                answers.append(error)
        return answers

    def explain(self, checked: Checked) -> Explanation:
        """Put a verdict into words: which fact, which source, how sure, what would change it."""
        return explain(checked.vin, checked.car, checked.read_by, checked.verdict, self._catalogue.sources)

    def matrix(
        self,
        market: Market,
        *,
        powertrain: Powertrain | None = None,
        makes: Collection[str] | None = None,
        permissions: Collection[str] = (),
    ) -> Mapping[str, Sequence[MatrixLine]]:
        """Return the model lines that connect in a market, by make, in the catalogue's order.

        Filters narrow it: to one powertrain, to some makes (any spelling; unknown ones are not there), to lines that
        have every one of `permissions`. Lines that look wrong are left out.
        """
        wanted = (
            None if makes is None else frozenset(make.make for name in makes if (make := self._catalogue.find(name)))
        )
        return self._matrix(market, powertrain, wanted, frozenset(permissions), self._clock().year)

    def _lines(
        self,
        market: Market,
        powertrain: Powertrain | None,
        wanted: frozenset[str] | None,
        permissions: frozenset[str],
        this_year: int,
    ) -> Mapping[str, Sequence[MatrixLine]]:
        answer: dict[str, list[MatrixLine]] = {}
        for make in self._catalogue.makes.values():
            entry = make.markets.get(market)
            if entry is None or not entry.supported or (wanted is not None and make.make not in wanted):
                continue
            for line in entry.lines:
                granted = grants_of_line(line, entry.additions)
                if line.doubt or (powertrain and line.powertrain != powertrain) or not granted.keys() >= permissions:
                    continue
                end = line.end_year or max(this_year, line.start_year)
                found = MatrixLine(line.model, line.start_year, end, line.powertrain, tuple(granted))
                answer.setdefault(make.make, []).append(found)
        return answer

    def makes_in(self, text: str) -> list[str]:
        """Read makes separated by spaces, where a make may hold a space itself: ``KIA LAND ROVER`` is two.

        The longest run of words that is a make's name is taken; words that are none are left out.
        """
        words = text.split()
        found = []
        while words:
            runs = range(min(len(words), self._catalogue.longest_name), 0, -1)
            longest = next((n for n in runs if self._catalogue.find(" ".join(words[:n]))), None)
            if longest:
                found.append(" ".join(words[:longest]))
            words = words[longest or 1 :]
        return found

    def _judge(
        self, vin: str, car: Identity, permissions: Sequence[str], country: str, us_only: bool | None
    ) -> Checked:
        if car.believed:
            read_by = self._decoder.data
            makes = (car.make,) if car.make else makers.makes_of(vin)
        else:
            read_by = "manufacturer identifier"
            makes = makers.makes_of(vin)
            car = msgspec.structs.replace(_NOTHING, model_year=self._year(vin, makes))
        return self._checked(vin, car, read_by, judge(self._catalogue, car, makes, country, permissions), us_only)

    def _year(self, vin: str, makes: tuple[str, ...]) -> int | None:
        """The model year of a car made for another market, where its maker is known to write one at position 10."""
        if not makers.writes_year_at_10(makes):
            return None
        candidates = years.year_candidates(vin, north_american=False, this_year=self._clock().year)
        return candidates[0].year if candidates else None

    def _checked(self, vin: str, car: Identity, read_by: str, verdict: Verdict, us_only: bool | None) -> Checked:
        only = self._us_only if us_only is None else us_only
        if only and verdict.market != "US" and verdict.capabilities:
            verdict = msgspec.structs.replace(verdict, capabilities=())
        return Checked(vin, car, read_by, verdict)


def summarise(vin: str, answer: Checked | InvalidInput) -> Summary:
    """Flatten one answer of `CompatibilityService.check_many` to `vin`."""
    if isinstance(answer, InvalidInput):
        return Summary(vin, None, None, None, None, None, None, [], answer.fields[0])
    verdict, car = answer.verdict, answer.car
    return Summary(
        vin=answer.vin,
        compatible=verdict.compatible,
        reason=verdict.reason,
        make=verdict.make.make if verdict.make else next(iter(verdict.makes_asked), None),
        model=car.model,
        model_year=car.model_year,
        powertrain=car.powertrain,
        capabilities=[PermissionVerdict(c.permission, c.capable, c.reason) for c in verdict.capabilities],
        problem=None,
    )


def whole_vin(text: str) -> str:
    """Return the 17 characters of a VIN, upper case. Raises `InvalidInput` naming the first character that cannot be
    one.
    """
    vin = any_vin(text)
    if not structure.CHARACTERS.issuperset(vin):
        position, character = next((n, c) for n, c in enumerate(vin, 1) if c not in structure.CHARACTERS)
        message = f"position {position} is {character!a}, which no VIN contains"
        raise InvalidInput(FieldProblem("vin", message))
    return vin


def any_vin(text: str) -> str:
    """Return 17 characters, ASCII letters raised. Raises `InvalidInput` for any other length."""
    if len(text) != structure.VIN_LENGTH:
        raise InvalidInput(FieldProblem("vin", f"must have {structure.VIN_LENGTH} characters, has {len(text)}"))
    return text.translate(_RAISED)
