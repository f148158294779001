"""The command line as a page: every verb, what it takes, and what each of that means, from the functions behind it."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, Union

from cyclopts import App
from docstring_parser import parse

from carwire.cli import cli

_INTRODUCTION: Final = """\
# The command line

Written from the functions behind the verbs by `make docs`. What goes wrong is one line on standard error and status 1.
`--data`, or `CARWIRE_DATA`, names the server's data folder; `CARWIRE_DATABASE` and the other [settings](settings.md)
are read from the environment.
"""


def cli_page() -> str:
    """Return the page."""
    parts = [_INTRODUCTION]
    for path, app in _verbs(cli, ("carwire",)):
        assert app.default_command is not None, "a verb does something"
        parts += [f"## {' '.join(path)}\n", *_verb(path, app.default_command)]
    return "\n".join(parts)


def _verbs(app: App, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], App]]:
    for name in app:
        if name.startswith("-"):
            continue
        inner, here = app[name], (*path, name)
        if inner.default_command is not None:
            yield here, inner
        yield from _verbs(inner, here)


def _verb(path: tuple[str, ...], function: Callable[..., Any]) -> Iterator[str]:
    told = parse(function.__doc__ or "")
    helps = {each.arg_name: " ".join((each.description or "").split()) for each in told.params}
    parameters = list(inspect.signature(function).parameters.values())
    hints = typing.get_type_hints(function, localns={"Path": Path})
    usage = [_usage(each, takes=hints[each.name] not in {bool, bool | None}) for each in parameters]
    yield f"```\n{' '.join([*path, *usage])}\n```\n"
    yield " ".join(filter(None, (told.short_description, told.long_description))).replace("\n", " ") + "\n"
    if parameters:
        yield "| | | unless given |\n|---|---|---|"
        for parameter in parameters:
            default = "" if parameter.default in {parameter.empty, None, False, ""} else f"`{parameter.default}`"
            what = _cell(helps.get(parameter.name, "") + _choices(hints[parameter.name]))
            yield f"| `{_name(parameter)}` | {what} | {default} |"
        yield ""


def _is_positional(parameter: inspect.Parameter) -> bool:
    return parameter.kind is not parameter.KEYWORD_ONLY


def _name(parameter: inspect.Parameter) -> str:
    name = parameter.name.rstrip("_")
    return name.upper() if _is_positional(parameter) else "--" + name.replace("_", "-")


def _usage(parameter: inspect.Parameter, *, takes: bool) -> str:
    name = _name(parameter)
    if parameter.kind is parameter.VAR_POSITIONAL or (takes and not _is_positional(parameter)):
        name += " …"
    needed = parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL
    return name if needed else f"[{name}]"


def _choices(kind: Any) -> str:
    """Say which words there are, where there are few."""
    if typing.get_origin(kind) is Literal:
        return f" One of {', '.join(f'`{word}`' for word in typing.get_args(kind))}."
    if typing.get_origin(kind) in {Union, types.UnionType, list, tuple}:
        return next(filter(None, map(_choices, typing.get_args(kind))), "")
    return ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
