"""Formats: how the columns of a register's file become traits of a kind of car, and facts of one.

A format is data. Columns are found by their headings, never by position; what is not named in a format is not read, so
owners and addresses cannot get any further than the line they stand in.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from datetime import date
from operator import itemgetter
from typing import Any, Final, Literal

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.lookup import spelling
from carwire.core.lookup.names import make_of_code, pieces
from carwire.core.lookup.registers import LENGTHS, WHOLE, EntryRow, Individual, Link, TypeRow
from carwire.core.lookup.traits import TRAITS, Traits

_REMEMBERED: Final = 200_000
_VIN: Final = re.compile(r"[A-HJ-NPR-Z0-9]+")
_UNREADABLE: Final = re.compile("[\ud800-\udfff]")
_PLATE_BLANKS: Final = str.maketrans("", "", " -\u00a0.")
_DATES: Final = (
    (re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ].*)?", re.ASCII), (1, 2, 3)),
    (re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII), (1, 2, 3)),
    (re.compile(r"(\d\d)/(\d\d)/(\d{4})", re.ASCII), (3, 1, 2)),
    (re.compile(r"(\d\d)\.(\d\d)\.(\d{4})", re.ASCII), (3, 2, 1)),
    (re.compile(r"(\d{4})-(\d\d?)", re.ASCII), (1, 2, 0)),
    (re.compile(r"(\d{4})", re.ASCII), (1, 0, 0)),
)
KG_PER_LB: Final = 0.45359237
KM_PER_MILE: Final = 1.609344


class Rejected(Exception):
    """A row that cannot be used: the column at fault, what is wrong, and the value, which names no person."""

    def __init__(self, column: str, reason: str, value: str = "") -> None:
        super().__init__(reason)
        self.column, self.reason, self.value = column, reason, value


class Reads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"how": "as"}):
    """A column, or the first of several that says something, and how it is read. `words` stand for codes. `without` is
    a column whose words are left out: a badge is what a name has beyond its model.
    """

    column: str | list[str]
    how: str = "text"
    words: dict[str, str] = {}
    without: str | None = None


class Format(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A format. `knows` lists the other columns that may be there; `drops` those that say something of a person.
    `kind_columns` and `car_columns` are kept as published, with the kind of car or with the car. `only` names a column
    and its values that are vehicles. `repeats` says that one car may have several rows; `newest` is then the date that
    decides. `partial` says which part of the fleet it holds; of a `catalogue` a match chooses vehicles.
    """

    name: str
    dataset: str
    title: str
    publisher: str = ""
    terms: str = ""
    region: str | None = None
    link: Link
    kind: Literal["csv", "xml"] = "csv"
    record: str = ""
    separator: str | None = None
    encodings: tuple[str, ...] = ("utf-8",)
    vin: str | None = None
    plate: str | None = None
    needs: list[str]
    knows: list[str] = []
    drops: list[str] = []
    kind_columns: list[str] = []
    car_columns: list[str] = []
    describes: list[str] = []
    only: dict[str, list[str]] = {}
    traits: dict[str, Reads] = {}
    car: dict[str, Reads] = {}
    repeats: bool = False
    newest: str | None = None
    partial: str | None = None
    catalogue: bool = False

    def columns(self) -> set[str]:
        """Return every column it reads."""
        reads = [*self.traits.values(), *self.car.values()]
        named = {name for each in reads for name in _names(each)} | {*self.needs, *self.kind_columns, *self.car_columns}
        return named | {*self.only} | {name for name in (self.vin, self.plate, self.newest) if name}


def _names(reads: Reads) -> list[str]:
    named = [reads.column] if isinstance(reads.column, str) else reads.column
    return [*named, reads.without] if reads.without else named


def check_format(form: Format) -> Format:
    """Return the format. Raises `InvalidInput` for one that cannot be followed."""
    problems = [
        FieldProblem("traits", f"there is no trait {name[:40]!a}") for name in form.traits if name not in TRAITS
    ]
    facts = Individual.__struct_fields__
    problems += [FieldProblem("car", f"there is no fact {name[:40]!a}") for name in form.car if name not in facts]
    reads = [*form.traits.values(), *form.car.values()]
    problems += [FieldProblem("as", f"there is no way to read {r.how[:40]!a}") for r in reads if r.how not in READERS]
    if form.link in LENGTHS and form.vin is None:
        problems.append(FieldProblem("vin", f"a register of link {form.link} has a column of VINs"))
    if form.link == "LP" and form.plate is None:
        problems.append(FieldProblem("plate", "a register of link LP has a column of plates"))
    if personal := form.columns() & {*form.drops}:
        problems.append(FieldProblem("drops", f"{sorted(personal)[0]!a} says something of a person and is not read"))
    if form.link not in WHOLE and form.car:
        problems.append(FieldProblem("car", "a register by a part of the VIN says nothing of one car"))
    if problems:
        raise InvalidInput(*problems)
    return form


def folded(heading: str) -> str:
    """Return a heading as it is compared: publishers write `Reg Valid Date` in files and `reg_valid_date` elsewhere.

    >>> folded("Reg Valid Date") == folded("reg_valid_date")
    True
    """
    return "".join(c for c in heading.casefold() if c.isalnum())


class RowReader:
    """Reads rows under a header. Kinds of cars are numbered as they are met, and kept in `types`.

    Raises `InvalidInput` when a needed column is missing.
    """

    def __init__(self, form: Format, header: Sequence[str]) -> None:
        self.form = form
        there = {folded(name): index for index, name in enumerate(header)}
        missing = [name for name in form.needs if folded(name) not in there]
        if missing:
            raise InvalidInput(
                FieldProblem(
                    "file",
                    f"is no {form.title}: it has no column {', '.join(missing)[:200]}; it has"
                    f" {', '.join(name[:40] for name in header)[:600]}",
                )
            )
        self._there = there
        told = {folded(name) for name in (*form.columns(), *form.knows, *form.drops)}
        self.unknown = tuple(name for name in header if folded(name) not in told)
        self.width = len(header)
        self.types: list[TypeRow] = []
        self._same: dict[bytes, int] = {}
        self._types: dict[Any, int] = {}
        kind = {name for each in form.traits.values() for name in _names(each)} | {*form.kind_columns}
        self._kind_names = [name for name in sorted(kind) if folded(name) in there]
        self._kind = self._getter(self._kind_names)
        self._kind_facts = _facts_of(form.traits, self._kind_names)
        self._kind_kept = [(i, name) for i, name in enumerate(self._kind_names) if name in form.kind_columns]
        self._car = [
            (self._getter(names), _piece(fact, form.car[fact], names))
            for fact in Individual.__struct_fields__
            if fact in form.car and (names := [name for name in _names(form.car[fact]) if folded(name) in there])
        ]
        self._car_kept = [
            (self._getter([name]), _kept_piece(name)) for name in sorted(form.car_columns) if folded(name) in there
        ]
        self._vin = there.get(folded(form.vin)) if form.vin else None
        self._plate = there.get(folded(form.plate)) if form.plate else None
        self._newest = there.get(folded(form.newest)) if form.newest else None
        self._only = [
            (name, there[folded(name)], {*values}) for name, values in form.only.items() if folded(name) in there
        ]
        self._length = LENGTHS.get(form.link)

    def _getter(self, names: Sequence[str]) -> Callable[[Sequence[str]], Any]:
        places = [self._there[folded(name)] for name in names]
        return itemgetter(*places) if places else lambda _row: ()

    def read(self, row: Sequence[str], number: int) -> EntryRow:
        """Return what a row says. Raises `Rejected`. `number` is the row's own, for one without a date."""
        if len(row) != self.width:
            raise Rejected("", f"has {len(row)} fields, the header has {self.width}")
        for name, place, values in self._only:
            if row[place].strip() not in values:
                raise Rejected(name, "is another kind of thing", row[place].strip()[:20])
        key = "" if self._vin is None else self._key(row[self._vin])
        plate = "" if self._plate is None else row[self._plate].translate(_PLATE_BLANKS).upper()[:16]
        if not plate.isascii() and _UNREADABLE.search(plate):
            raise Rejected(self.form.plate or "", "is no text in the file's encoding")
        if self.form.link == "LP":
            if not plate:
                raise Rejected(self.form.plate or "", "is empty")
            key = f"={plate}"
        raw = self._kind(row)
        type_id = self._types.get(raw)
        if type_id is None:
            type_id = self._number(raw)
        rank = number if self._newest is None else _rank(row[self._newest])
        return EntryRow(key, plate, type_id, 1, rank, self._individual(row))

    def _key(self, text: str) -> str:
        vin = text.strip().upper()
        if self._length and (len(vin) != self._length or not _VIN.fullmatch(vin)):
            what = "is empty" if not vin else f"has {len(vin)} characters" if len(vin) != self._length else "is no VIN"
            raise Rejected(self.form.vin or "", what)
        return vin

    def _number(self, raw: Any) -> int:
        texts = (raw,) if isinstance(raw, str) else raw
        traits = Traits(**self._kind_facts(texts))
        kept = _kept(self._kind_kept, texts)
        content = _content(traits, kept)
        number = self._same.get(content)
        if number is None:
            number = self._same[content] = len(self.types) + 1
            self.types.append(TypeRow(number, traits, kept))
        if len(self._types) >= _REMEMBERED:
            self._types.clear()
        self._types[raw] = number
        return number

    def _individual(self, row: Sequence[str]) -> str:
        """Return an `Individual` as JSON, put together of pieces that come again and again."""
        said = "".join([piece(get(row)) for get, piece in self._car])
        kept = "".join([piece(get(row)) for get, piece in self._car_kept])
        if kept:
            return f'{{{said}"raw":{{{kept[:-1]}}}}}'
        return f"{{{said[:-1]}}}" if said else ""


def _piece(fact: str, how: Reads, names: Sequence[str]) -> Callable[[Any], str]:
    """Return what writes a fact as a member of a JSON object, with a comma; nothing where nothing is said."""
    read = _facts_of({fact: how}, names)

    @functools.lru_cache(65536)
    def piece(raw: Any) -> str:
        said = read((raw,) if isinstance(raw, str) else raw)
        return _member(fact, said[fact]) if said else ""

    return piece


def _kept_piece(column: str) -> Callable[[str], str]:
    """Return what writes a column as published as a member of a JSON object, with a comma."""

    @functools.lru_cache(65536)
    def piece(text: str) -> str:
        text = _tidy(text, column)
        return _member(column, text) if text else ""

    return piece


def _member(name: str, value: Any) -> str:
    return f"{_encode(name)}:{_encode(value)},"


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _kept(columns: Sequence[tuple[int, str]], texts: Sequence[str]) -> dict[str, str]:
    """Return what is kept as published, blanks at the ends aside. Raises `Rejected`."""
    return {name: text for place, name in columns if (text := _tidy(texts[place], name))}


@functools.lru_cache(65536)
def _tidy(text: str, column: str) -> str:
    """Put blanks right. Raises `Rejected` for bytes that are no text in the file's encoding."""
    if "\0" in text or (not text.isprintable() and _UNREADABLE.search(text)):
        raise Rejected(column, "is no text in the file's encoding")
    return " ".join(text.split())


def _facts_of(reads: dict[str, Reads], names: Sequence[str]) -> Callable[[Sequence[str]], dict[str, Any]]:
    """Return what reads facts from the texts of columns. Texts that come again are read once."""
    place = {name: index for index, name in enumerate(names)}
    steps = [
        (fact, column, place[column], place.get(how.without or "", -1), _remembering(how, column))
        for fact, how in reads.items()
        for column in ([how.column] if isinstance(how.column, str) else how.column)
        if column in place
    ]

    def read(texts: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for fact, column, index, without, convert in steps:
            if fact in found:
                continue
            text = texts[index]
            if without >= 0:
                text = _beyond(_tidy(text, column), texts[without])
            value = convert(text)
            if value is not None:
                found[fact] = value
        return found

    return read


def _remembering(how: Reads, column: str) -> Callable[[str], Any]:
    reader = READERS[how.how]

    @functools.lru_cache(16384)
    def convert(text: str) -> Any:
        text = _tidy(text, column)
        text = how.words.get(text, "" if how.words and how.how == "word" else text)
        try:
            return reader(text) if text else None
        except ValueError:
            raise Rejected(column, f"is no {how.how}", text[:40]) from None

    return convert


def _content(traits: Traits, raw: dict[str, str]) -> bytes:
    return msgspec.json.encode((traits, raw))


def _beyond(text: str, part: str) -> str:
    """Return the words of a text that another has not; nothing where the other is empty."""
    known = set(pieces(part))
    return " ".join(word for word in text.split() if not set(pieces(word)) <= known) if known else ""


@functools.lru_cache(65536)
def _rank(text: str) -> int:
    day = read_date(text.strip())
    return int(day.replace("-", "").ljust(8, "0")) if day else 0


@functools.lru_cache(65536)
def read_date(text: str) -> str | None:
    """Return a date in ISO 8601, as far as it is known; null for none.

    >>> read_date("11/21/2018"), read_date("21.11.2018"), read_date("20180000"), read_date("2018-7"), read_date("x")
    ('2018-11-21', '2018-11-21', '2018', '2018-07', None)
    """
    for pattern, (year, month, day) in _DATES:
        found = pattern.fullmatch(text)
        if not found:
            continue
        y, m, d = int(found[year]), int(found[month]) if month else 0, int(found[day]) if day else 0
        if not 1850 <= y <= 2200 or m > 12 or d > 31:
            return None
        if not m:
            return f"{y:04}"
        if not d:
            return f"{y:04}-{m:02}"
        try:
            return date(y, m, d).isoformat()
        except ValueError:
            return None
    return None


def _year(text: str) -> int | None:
    number = int(text[:-2] if text.endswith(".0") else text)
    if number in {0, 9999}:
        return None
    if not 1850 <= number <= 2200:
        raise ValueError(text)
    return number


def _whole(text: str) -> int | None:
    number = round(float(text.replace(",", ".")))
    if abs(number) > 10**9:
        raise ValueError(text)
    return number if number > 0 else None


def _scaled(factor: float) -> Callable[[str], int | None]:
    def read(text: str) -> int | None:
        number = float(text.replace(",", "."))
        return round(number * factor) if 0 < number < 10**7 else None

    return read


def _year_of_date(text: str) -> int | None:
    day = read_date(text)
    return int(day[:4]) if day else None


def _gears(text: str) -> int | None:
    """Read how many gears a transmission has, as in `Manual 5-spd` and `Automatic (S8)`."""
    found = re.search(r"([0-9]{1,2})-spd|\([A-Z-]*?([0-9]{1,2})\)", text)
    return int(found[1] or found[2]) if found else None


READERS: Final[dict[str, Callable[[str], Any]]] = {
    "text": str,
    "word": str,
    "make": spelling.make_shown,
    "make code": lambda text: spelling.make_shown(make_of_code(text)),
    "hebrew make": spelling.hebrew_make,
    "model": lambda text: spelling.model_shown(text) if text.casefold() not in {"unknown", "-"} else None,
    "year": _year,
    "year of date": _year_of_date,
    "whole number": _whole,
    "pounds": _scaled(KG_PER_LB),
    "miles": _scaled(KM_PER_MILE),
    "litres": _scaled(1000),
    "date": read_date,
    "fuel": lambda text: spelling.fuel(text)[0],
    "fuel group": lambda text: spelling.fuel(text)[1],
    "body": spelling.body_type,
    "drive": lambda text: spelling.drive(text)[0],
    "drive group": lambda text: spelling.drive(text)[1],
    "gears": _gears,
    "transmission group": spelling.transmission_type,
    "colour": spelling.colour,
    "engine": lambda text: "Electric" if spelling.fuel(text)[1] in {"Electric", "Hydrogen"} else "Piston",
}
