"""Write the SDK's module of signal codes from the server's catalogue: run by ``make docs``; a test fails when it is out
of date.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

ROOT: Final = Path(__file__).parents[1]
CATALOGUE: Final = ROOT / "src/carwire/core/signals/catalogue.json"
MODULE: Final = "client/src/carwire_client/signals.py"
PUBLISHED: Final = frozenset({"signal", "attribute"})
_WIDTH: Final = 119
_HEAD: Final = '''\
"""The published signals of API v3: their codes, to be asked for. Written by ``make docs`` from the server's catalogue.

Beneath each code stands what it says, its unit where it has one (metric; Carwire converts to imperial when asked to),
the members of its body, and the permission the owner has to grant.

>>> ODOMETER_TRAVELEDDISTANCE in CODES
True
"""

from __future__ import annotations

from typing import Final, Literal, get_args
'''


def main() -> None:
    """Write the module."""
    (ROOT / MODULE).write_text(module(), encoding="utf-8")


def module() -> str:
    """Return the text of the module."""
    rows = [row for row in msgspec.json.decode(CATALOGUE.read_bytes()) if row["kind"] in PUBLISHED]
    codes = [f'    "{row["code"]}",' for row in rows]
    names = "\n".join(line for row in rows for line in _constant(row))
    ends = ["]", "CODES: Final[tuple[SignalCode, ...]] = get_args(SignalCode)"]
    literal = "\n".join(["SignalCode = Literal[", *codes, *ends])
    return f"{_HEAD}\n{literal}\n\n{names}\n"


def _constant(row: Mapping[str, Any]) -> Iterator[str]:
    code = row["code"]
    yield f'{code.replace("-", "_").upper()}: Final = "{code}"'
    facts = [row["description"]]
    if row.get("unit_word"):
        facts.append(f"Unit: {row['unit_word']}.")
    facts += [f"Body: {_members(row['body'])}.", f"Permission: {row['permission']}."]
    text = '"""' + " ".join(facts) + '"""'
    yield from textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _members(body: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} ({_kind(member)})" for name, member in body.items())


def _kind(member: Mapping[str, Any]) -> str:
    """Name a member's type; of a list with objects what those have."""
    words: str = member["type"].replace("|", " or ")
    items = member.get("items")
    if isinstance(items, Mapping) and items and all(isinstance(each, Mapping) for each in items.values()):
        return f"list of objects: {', '.join(items)}"
    return words


if __name__ == "__main__":
    main()
