"""The reference page of the Python SDK, from its signatures and docstrings."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final

import msgspec

import carwire_client
import pytest_carwire
from carwire_client import bodies, errors, receiving, signals, testing, v1, v3
from carwire_client.models.base import Part, Result
from carwire_client.receiving import django, flask, starlette

ASYNC: Final = "Async"
_HEAD: Final = """\
# The Python SDK

Written from the code of `carwire-client` by `make docs`; how to use it is in [the guide](../guides/sdk.md). What begins
with `Async` has the methods of its namesake, awaited; what goes through pages is gone through with `async for`.

[Classes](#classes) · [Functions](#functions) · [Results](#results) · [Results of API v3](#results-of-api-v3) ·
[What signals say](#what-signals-say) · [Results of Carwire's own API](#results-of-carwires-own-api) ·
[Errors](#errors) · [Settings and values](#settings-and-values) · [Words](#words) ·
[Receiving webhooks](#receiving-webhooks) · [For tests](#for-tests)
"""
_BASES: Final = frozenset({"Result", "Part"})
_OWN: Final = frozenset({"meta", "raw"})


def sdk_page() -> str:
    """Everything that is public, by kind; within a kind in the order of the alphabet."""
    known = {name: getattr(carwire_client, name) for name in sorted(carwire_client.__all__) if name[0] != "_"}
    classes = {name: each for name, each in known.items() if inspect.isclass(each)}
    failures = {name for name, each in classes.items() if issubclass(each, Exception)}
    results = {name for name, each in classes.items() if issubclass(each, Result | Part)} - _BASES
    values = {name for name, each in classes.items() if _is_value(each)} - results
    acting = [name for name in classes if name not in failures | results | values]
    functions = [name for name, each in known.items() if inspect.isroutine(each)]
    words = [name for name in known if name not in classes and name not in functions]
    parts = [_HEAD, "## Classes\n"]
    for name in acting:
        parts += _awaited(name) if name.startswith(ASYNC) and name[5:] in known else _class(name, known[name])
    parts.append("## Functions\n")
    for name in functions:
        parts += _callable(name, known[name])
    parts += [
        "## Results\n",
        *_common(),
        *(line for name in sorted(results) for line in _struct(known[name])),
    ]
    parts += ["## Results of API v3\n", "In `carwire_client.v3`.\n", *_results_of(v3, "v3.")]
    parts += ["## What signals say\n", *_signals()]
    parts += ["## Results of Carwire's own API\n", "In `carwire_client.v1`.\n", *_results_of(v1, "v1.")]
    parts += ["## Errors\n", *_errors()]
    parts.append("## Settings and values\n")
    for name in sorted(values - _BASES):
        parts += _struct(known[name]) if issubclass(known[name], msgspec.Struct) else _class(name, known[name])
    parts += ["## Words\n", "| name | |", "|---|---|", *(_word(name, known[name]) for name in words), ""]
    parts += ["## Receiving webhooks\n", *_receiving()]
    parts += ["## For tests\n", *_for_tests()]
    return "\n".join(parts).rstrip() + "\n"


def _is_value(kind: type) -> bool:
    return issubclass(kind, msgspec.Struct) or typing.is_typeddict(kind) or bool(getattr(kind, "_is_protocol", False))


def _class(name: str, kind: type) -> Iterator[str]:
    yield f"### {name}\n"
    is_made = any("__init__" in vars(base) for base in _ours(kind))
    if is_made and not getattr(kind, "_is_protocol", False):
        yield f"```\n{name}{_signature(kind.__init__)}\n```\n"  # type: ignore[misc]
    yield f"{_prose(inspect.getdoc(kind))}\n"
    yield from _members(name, kind)


def _awaited(name: str) -> Iterator[str]:
    yield f"### {name}\n"
    yield f"{_prose(inspect.getdoc(getattr(carwire_client, name)))}\n"


def _members(name: str, kind: type) -> Iterator[str]:
    seen: set[str] = set()
    for base in _ours(kind):
        if base is receiving.Event and kind is not base:
            continue
        for member, value in vars(base).items():
            if member.startswith("_") or member in seen:
                continue
            seen.add(member)
            plain = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            if isinstance(plain, property) or hasattr(plain, "attrname"):
                yield f"#### {name}.{member}\n"
                yield f"{_prose(inspect.getdoc(plain))}\n"
            elif inspect.isfunction(plain):
                yield from _callable(f"{name}.{member}", plain, "####")


def _ours(kind: type) -> list[type]:
    return [base for base in kind.__mro__ if base.__module__.partition(".")[0] == "carwire_client"]


def _callable(name: str, function: Callable[..., Any], level: str = "###") -> Iterator[str]:
    """Signature and docstring; of a function that builds a call those of the method that makes it."""
    yield f"{level} {name}\n"
    yield f"```\n{name.rpartition('.')[2]}{_signature(function)}\n```\n"
    yield f"{_prose(inspect.getdoc(function))}\n"


def _signature(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    built = hasattr(function, "__wrapped__") and "Call[" in str(signature.return_annotation)
    if built or (parameters and parameters[0].name in {"self", "cls"}):
        parameters = parameters[1:]
    returned = _plain(signature.return_annotation)
    if built:
        returned = re.sub(r"^Call\[(.*)\]$", r"\1", returned)
        returned = re.sub(r"^Page\[(.*)\]$", r"Iterator[\1]", returned)
    shown = "" if function.__name__ == "__init__" or not returned else f" -> {returned}"
    return f"({', '.join(_parameters(parameters))}){shown}"


def _parameters(parameters: list[inspect.Parameter]) -> Iterator[str]:
    starred = False
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and not starred:
            yield "*"
        starred = starred or each.kind in {each.KEYWORD_ONLY, each.VAR_POSITIONAL}
        stars = "*" if each.kind is each.VAR_POSITIONAL else "**" if each.kind is each.VAR_KEYWORD else ""
        kind = _plain(each.annotation)
        default = "" if each.default is each.empty else f" = {_default(each.default)}"
        yield f"{stars}{each.name}{f': {kind}' if kind else ''}{default}"


def _plain(annotation: object) -> str:
    """An annotation as it is written, without the modules it comes from."""
    if annotation is inspect.Parameter.empty:
        return ""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    return re.sub(r"\b[a-z_0-9]+\.(?=[A-Za-z])", "", text.strip("'\""))


def _default(value: object) -> str:
    if inspect.isroutine(value):
        return "…" if value.__name__ == "<lambda>" else value.__name__
    if isinstance(value, msgspec.Struct):
        return f"{type(value).__name__}(…)" if type(value).__struct_fields__ else f"{type(value).__name__}()"
    return _plain(repr(value)) if type(value).__module__ == "datetime" else repr(value)


def _common() -> Iterator[str]:
    yield f"{_prose(inspect.getdoc(Result))}\n"
    yield f"`extra`: {_prose(inspect.getdoc(Result.extra))}\n"


def _results_of(module: ModuleType, prefix: str) -> Iterator[str]:
    """Return the results a module has of its own."""
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) and issubclass(value, Result | Part):
            yield from _struct(value, prefix)


def _signals() -> Iterator[str]:
    yield f"The codes are in `carwire_client.signals`, the types in `carwire_client.bodies`. {_prose(bodies.__doc__)}\n"
    yield "| code | constant | value |"
    yield "|---|---|---|"
    names = {value: name for name, value in vars(signals).items() if isinstance(value, bodies.SignalCode)}
    for code in signals.CODES.values():
        shown = _plain(str(code.kind)) if typing.get_args(code.kind) else code.kind.__name__
        yield f"| `{code}` | `{names[code]}` | `{shown}` |"
    yield ""
    for kind in vars(bodies).values():
        if inspect.isclass(kind) and issubclass(kind, bodies.Body) and kind is not bodies.Body:
            yield from _struct(kind, "bodies.")


def _struct(kind: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    yield f"### {prefix}{kind.__name__}\n"
    yield f"{_prose(inspect.getdoc(kind))}\n"
    annotations = {
        name: each for base in reversed(kind.__mro__) for name, each in vars(base).get("__annotations__", {}).items()
    }
    known = _OWN if issubclass(kind, Result) else _of_every_event(kind)
    fields = [each for each in msgspec.structs.fields(kind) if each.name not in known]
    if fields:
        yield "| | type | default |"
        yield "|---|---|---|"
        for each in fields:
            default = _field_default(each)
            shown = _plain(annotations[each.name]).replace("|", "\\|")
            yield f"| `{each.name}` | `{shown}` | {f'`{default}`' if default else ''} |".replace("  |", " |")
        yield ""
    if not issubclass(kind, Result):
        yield from _members(kind.__name__, kind)


def _of_every_event(kind: type[msgspec.Struct]) -> frozenset[str]:
    is_narrower = issubclass(kind, receiving.Event) and kind is not receiving.Event
    return frozenset(receiving.Event.__struct_fields__) if is_narrower else frozenset()


def _field_default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is not msgspec.NODEFAULT:
        return _default(field.default)
    return "" if field.default_factory is msgspec.NODEFAULT else "…"


def _errors() -> Iterator[str]:
    """The tree as the module has it, then what the attributes are."""
    intro, _, rest = (errors.__doc__ or "").partition("::\n\n")
    lines = rest.splitlines()
    tree = [line.removeprefix("    ") for line in lines if line.startswith("    ")]
    after = "\n".join(line for line in lines if not line.startswith("    "))
    yield f"{_prose(intro.strip())}\n"
    yield "```\n" + "\n".join(tree) + "\n```\n"
    yield f"{_prose(after.strip())}\n"
    yield "### CarwireError\n"
    yield f"{_prose(inspect.getdoc(errors.CarwireError))}\n"
    yield from _members("CarwireError", errors.CarwireError)


def _word(name: str, value: object) -> str:
    options = typing.get_args(value)
    if typing.get_origin(value) is typing.Literal:
        return f"| `{name}` | {', '.join(f'`{each}`' for each in options)} |"
    if name == "READS":
        paths = ", ".join(f"`{path}`" for path in carwire_client.READS)
        return f"| `{name}` | what a batch can read with results of their own: {paths} |"
    shown = (_plain(str(value)) if options else repr(value)).replace("|", "\\|")
    return f"| `{name}` | `{shown}` |"


def _receiving() -> Iterator[str]:
    """Functions and handlers first, then the rest; what every event has stands with `Event` alone."""
    yield "In `carwire_client.receiving`; handlers are in the module of their framework.\n"
    found = {name: getattr(receiving, name) for name in sorted(receiving.__all__)}
    for name, value in found.items():
        if not inspect.isclass(value):
            yield from _callable(name, value)
    for module in (starlette, flask, django):
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and name[0] != "_":
                yield from _callable(f"{module.__name__.removeprefix('carwire_client.')}.{name}", value)
    for name, value in found.items():
        if inspect.isclass(value):
            yield from _struct(value) if issubclass(value, msgspec.Struct) else _class(name, value)


def _for_tests() -> Iterator[str]:
    yield "In `carwire_client.testing`, with `carwire-client[testing]`. The plugin `pytest_carwire` has two fixtures:\n"
    yield "| fixture | |"
    yield "|---|---|"
    for name in ("carwire_server", "car"):
        fixture = getattr(pytest_carwire, name)
        text = " ".join(
            _prose(inspect.getdoc(getattr(fixture, "_get_wrapped_function", lambda f=fixture: f)())).split()
        )
        yield f"| `{name}` | {text} |"
    yield ""
    for name in testing.__all__:
        value = getattr(testing, name)
        yield from (_class(name, value) if inspect.isclass(value) else _callable(name, value))


def _prose(doc: str | None) -> str:
    """A docstring as Markdown: code in single backticks, examples fenced."""
    lines: list[str] = []
    inside = False
    for line in re.sub(r"``(.+?)``", r"`\1`", doc or "").splitlines():
        if line.startswith(">>> ") and not inside:
            lines.append("```pycon")
            inside = True
        elif inside and not line.strip():
            lines.append("```")
            inside = False
        lines.append(line)
    return "\n".join([*lines, "```"] if inside else lines)
