"""What is sent, into typed values: filters of a query, and the attributes in a JSON body.

A query comes as the names and texts it holds, each name once. A filter nobody knows is refused, since a list it was to
narrow would be answered whole; other parameters are left aside. The same holds for attributes of a body, since what
they were to do would not be done. Everything here raises `InvalidInput` alone, naming the field as on the wire.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.vehicles import Mode

T = TypeVar("T", bound=msgspec.Struct)
A = TypeVar("A")

Params = Mapping[str, str]
ATTRIBUTES: Final = "data.attributes"
MAX_TEXT: Final = 255
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
_MODES: Final[dict[str, Mode]] = {"live": "live", "simulated": "simulated"}
# JSON:API lets clients send these beside what is read here.
BESIDE_DATA: Final = frozenset({"jsonapi", "meta"})
BESIDE_ATTRIBUTES: Final = frozenset({"type", "id", "meta"})
_PLACE: Final = re.compile(r"`\$(?P<path>[^`]*)`$")
_NAMED: Final = re.compile(r"^Object (?P<how>missing required|contains unknown) field `(?P<field>.*?)`", re.DOTALL)


class Given(msgspec.Struct, Generic[A], frozen=True):
    """What stands under ``data`` of a body."""

    attributes: A


class Body(msgspec.Struct, Generic[A], frozen=True):
    """A body that is sent, as the API document shows it."""

    data: Given[A]


class MissingParameter(InvalidInput):
    """Something that must be sent is not there. The wire has a code of its own for this."""

    def __init__(self, field: str) -> None:
        super().__init__(FieldProblem(field, "is missing"))


def check_filters(params: Params, known: Collection[str]) -> None:
    """Raise `InvalidInput` for every filter that is not among the `known` ones."""
    unknown = [name for name in params if name.startswith("filter[") and name not in known]
    if unknown:
        raise InvalidInput(*(FieldProblem(name[:60], "is no filter of this list") for name in unknown[:10]))


def given_filters(names: Sequence[str], values: Sequence[str | None]) -> tuple[tuple[str, str], ...]:
    """Return the filters that took effect, as links repeat them. A null value is a filter that was not given."""
    return tuple((name, value) for name, value in zip(names, values, strict=True) if value is not None)


def uuid_of(params: Params, name: str) -> str | None:
    """Return an id in lower case, null when there is none."""
    text = params.get(name)
    if text is None:
        return None
    if not _UUID.fullmatch(text):
        raise InvalidInput(FieldProblem(name, "must be a UUID"))
    return text.lower()


def id_of(text: str, field: str) -> str:
    """Return the id in a path in lower case. Raises `InvalidInput` for what is none."""
    return uuid_of({field: text}, field) or text


def text_of(params: Params, name: str) -> str | None:
    """Return a text of 1 to 255 printable characters, null when there is none."""
    text = params.get(name)
    if text is not None and not (1 <= len(text) <= MAX_TEXT and text.isprintable()):
        raise InvalidInput(FieldProblem(name, f"must have 1 to {MAX_TEXT} printable characters"))
    return text


def truth_of(params: Params, name: str) -> bool | None:
    """Return a truth value, null when there is none."""
    text = params.get(name)
    if text is None:
        return None
    if text.lower() not in _TRUTHS:
        raise InvalidInput(FieldProblem(name, "must be true or false"))
    return _TRUTHS[text.lower()]


def mode_of(params: Params, name: str) -> Mode | None:
    """Return a mode, null when there is none."""
    text = params.get(name)
    if text is None:
        return None
    if text not in _MODES:
        raise InvalidInput(FieldProblem(name, "must be live or simulated"))
    return _MODES[text]


def user_of(header: str | None) -> str:
    """Return the user an application asks for, from the header ``sc-user-id``. The wire calls it ``userId``."""
    if not header:
        raise MissingParameter("userId")
    if not _UUID.fullmatch(header):
        raise InvalidInput(FieldProblem("sc-user-id", "must be a UUID"))
    return header.lower()


def no_attributes(body: object) -> None:
    """Read the body of a call that takes none: nothing, ``{}`` and empty attributes are alike."""
    for name in _attributes_in(body):
        raise InvalidInput(FieldProblem(f"{ATTRIBUTES}.{name[:60]}", "is not known here"))


def attributes_of(body: object, kind: type[T]) -> T:
    """Read ``data.attributes`` of a decoded JSON body. The `kind`'s fields say in their description what they take."""
    given = _attributes_in(body)
    try:
        return msgspec.convert(given, kind, strict=True)
    except (msgspec.ValidationError, OverflowError) as error:
        raise _explained(str(error), kind) from None


def _attributes_in(body: object) -> dict[str, object]:
    if body is None:
        return {}
    data = _member(body, "body", "data", BESIDE_DATA)
    return {} if data is None else _checked(_member(data, "data", "attributes", BESIDE_ATTRIBUTES), ATTRIBUTES)


def _member(value: object, place: str, name: str, beside: frozenset[str]) -> object:
    given = _checked(value, place)
    for key in given:
        if key != name and key not in beside:
            inside = key if place == "body" else f"{place}.{key}"
            raise InvalidInput(FieldProblem(inside[:60] or place, "is not known here"))
    return given.get(name, {})


def _checked(value: object, place: str) -> dict[str, object]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InvalidInput(FieldProblem(place, "must be an object"))
    return value


def _explained(sentence: str, kind: type[msgspec.Struct]) -> InvalidInput:
    """Say what is expected of the field at fault. What was sent is not repeated."""
    named, place = _NAMED.match(sentence), _PLACE.search(sentence)
    parts = [part for part in re.split(r"\[[^\]]*\]|\.", place["path"] if place else "") if part]
    if named:
        parts.append(named["field"][:60])
    field = ".".join((ATTRIBUTES, *parts))
    if named and named["how"] == "missing required":
        return MissingParameter(field)
    if named:
        return InvalidInput(FieldProblem(field, "is not known here"))
    expected = _expected(kind).get(parts[-1]) if parts else None
    return InvalidInput(FieldProblem(field, f"must be {expected or 'an object of another form'}"))


@functools.cache
def _expected(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Field → its description, for the struct and those inside it."""
    found: dict[str, str] = {}
    for schema in msgspec.json.schema_components([kind])[1].values():
        for name, each in schema.get("properties", {}).items():
            if "description" in each:
                found[name] = str(each["description"])
    return found
