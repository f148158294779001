"""What these results have in common: names on the wire are their own."""

from __future__ import annotations

import msgspec

from carwire_client.models.base import Result


class OwnPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a result."""


class OwnResult(Result, frozen=True, kw_only=True, rename=str):
    """A result of Carwire's own API."""


class FieldProblem(OwnPart, frozen=True, kw_only=True):
    """What cannot be used, and what is expected instead."""

    field: str
    message: str
