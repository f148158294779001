"""Query strings into typed structs, strictly: a parameter given twice, text that is not UTF-8 or a value out of range
is an error that names the field. The text ``undefined`` and the empty text count as absent where SDKs are known to
send them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Final, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec.inspect import BoolType, IntType

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.kit.redaction import redact_text

T = TypeVar("T", bound=msgspec.Struct)

MAX_QUERY: Final = 8192
_ABSENT: Final = frozenset({"", "undefined"})
_WHOLE: Final = re.compile(r"-?[0-9]{1,9}")
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_WHERE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<field>[^`\[]*)(?:\[[^`]*)?`)?$", re.DOTALL)


def decode_query(query: bytes, kind: type[T], *, lax: bool = False) -> T:
    """Read a raw query string as `kind`. Raises `InvalidInput` with every field that is missing, repeated or wrong.

    Unknown parameters are left aside, as the original does, unless the struct forbids unknown fields. `lax` reads
    numbers too; they are texts else.
    """
    if not query:
        nothing: T = _without(kind)
        return nothing
    fields = _fields(kind)
    values: dict[str, str] = {}
    seen: set[str] = set()
    problems: list[FieldProblem] = []
    if len(query) > MAX_QUERY:
        raise InvalidInput(FieldProblem("query", f"The query string has more than {MAX_QUERY} bytes"))
    for part in query.split(b"&"):
        raw_name, _, raw = part.partition(b"=")
        name = decode_text(raw_name)
        if name is None or name not in fields:
            if raw_name and kind.__struct_config__.forbid_unknown_fields:
                problems.append(FieldProblem((name or "query")[:60], "No such parameter"))
            continue
        text = decode_text(raw)
        if text is None:
            problems.append(FieldProblem(name, "Not UTF-8, or a broken percent escape"))
        elif name in seen:
            problems.append(FieldProblem(name, "Given more than once"))
        elif text not in _ABSENT:
            values[name] = text
        seen.add(name)
    if not values.keys() >= _required(kind):
        problems += [FieldProblem(name, "Required") for name in fields if name in _required(kind) - values.keys()]
    if problems:
        raise InvalidInput(*dict.fromkeys(problems))
    return convert(values, kind, lax=lax)


def convert(values: dict[str, str], kind: type[T], *, lax: bool = False) -> T:
    """Convert texts to `kind`: a text is what it is, ``null`` included, only truth values are read, and numbers if
    `lax`.

    Raises `InvalidInput` naming the field, and what it may be where that is a list.
    """
    try:
        truths = _truths(kind)
        read = {n: _TRUTHS.get(t.lower(), t) for n, t in values.items() if n in truths} if truths else {}
        numbers = {n: _number(values[n]) for n in _numbers(kind) & values.keys()} if lax else {}
        return msgspec.convert({**values, **read, **numbers}, kind)
    except msgspec.ValidationError as error:
        wrong = invalid(error)
        choices = _choices(kind).get(wrong.fields[0].field)
        if choices:
            message = f"Field must be one of: [{','.join(choices)}]"
            wrong = InvalidInput(FieldProblem(wrong.fields[0].field, message))
        raise wrong from None


def decode_params(query: bytes) -> dict[str, str]:
    """Read a query string, or a form, as the names and texts it holds. Raises `InvalidInput` with every name that is
    repeated or cannot be read. Empty texts count as absent.
    """
    if not query:
        return {}
    if len(query) > MAX_QUERY:
        raise InvalidInput(FieldProblem("query", f"has more than {MAX_QUERY} bytes"))
    found: dict[str, str] = {}
    problems: list[FieldProblem] = []
    for part in query.split(b"&"):
        raw_name, _, raw = part.partition(b"=")
        name, text = decode_text(raw_name), decode_text(raw)
        if name is None or text is None:
            problems.append(FieldProblem(redact_text(name or "query", 60), "is not url-encoded UTF-8"))
        elif name in found:
            problems.append(FieldProblem(redact_text(name, 60), "is given more than once"))
        elif name:
            found[name] = text
    if problems:
        raise InvalidInput(*problems[:10])
    return {name: text for name, text in found.items() if text}


def decode_body(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Read a JSON body. Raises `InvalidInput` on the field at fault, or ``body`` when it is no JSON at all."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(FieldProblem("body", f"Not JSON: {error}"[:200])) from None


def decode_text(raw: bytes) -> str | None:
    """Decode one form-urlencoded piece of a query or a form; null for a broken escape and for what is no UTF-8.

    >>> decode_text(b"state%20of+charge"), decode_text(b"100%"), decode_text(b"%ff")
    ('state of charge', None, None)
    """
    if b"%" not in raw and b"+" not in raw:
        plain = raw
    elif _BAD_ESCAPE.search(raw):
        return None
    else:
        plain = unquote_to_bytes(raw.replace(b"+", b" "))
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        return None


def invalid(error: msgspec.ValidationError) -> InvalidInput:
    """Turn msgspec's sentence, which ends in a path, into a field and a sentence. A sentence may quote what came in."""
    match = _WHERE.match(str(error))
    assert match
    return InvalidInput(FieldProblem(match["field"] or "body", redact_text(match["what"], 300)))


def _number(text: str) -> int | str:
    """Read a whole number in plain digits; anything else stays a text and is refused as one."""
    return int(text) if _WHOLE.fullmatch(text) else text


@functools.cache
def _numbers(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The names of the fields that are whole numbers."""
    return frozenset(name for name, options in _options(kind) if any(isinstance(o, IntType) for o in options))


@functools.cache
def _without(kind: type[T]) -> T:
    """What no query at all means. Structs are frozen, so one serves all."""
    if _required(kind):
        raise InvalidInput(*(FieldProblem(name, "Required") for name in _fields(kind) if name in _required(kind)))
    return kind()


@functools.cache
def _truths(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The names of the fields that are true or false."""
    return frozenset(name for name, options in _options(kind) if any(isinstance(o, BoolType) for o in options))


def _options(kind: type[msgspec.Struct]) -> Iterator[tuple[str, list[msgspec.inspect.Type]]]:
    """The types each field may have."""
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        options = field.type.types if isinstance(field.type, msgspec.inspect.UnionType) else (field.type,)
        yield field.encode_name, [_plain(option) for option in options]


@functools.cache
def _choices(kind: type[msgspec.Struct]) -> dict[str, tuple[str, ...]]:
    """The values of every field that is a list of words."""
    found = {}
    for name, options in _options(kind):
        words = [o for o in options if isinstance(o, msgspec.inspect.LiteralType)]
        if words:
            found[name] = tuple(str(value) for word in words for value in word.values)
    return found


def _plain(option: msgspec.inspect.Type) -> msgspec.inspect.Type:
    return option.type if isinstance(option, msgspec.inspect.Metadata) else option


@functools.cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, None]:
    return {field.encode_name: None for field in msgspec.structs.fields(kind)}


@functools.cache
def _required(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind) if field.required)
