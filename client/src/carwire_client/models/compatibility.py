"""Whether a car can be connected."""

from __future__ import annotations

from carwire_client.models.base import Part, Result


class Capability(Part, frozen=True):
    """Whether one endpoint that a permission opens works.

    `reason` is null when it does, else ``VEHICLE_NOT_CAPABLE`` or ``SMARTCAR_NOT_CAPABLE``.
    """

    permission: str
    endpoint: str
    capable: bool
    reason: str | None = None


class Compatibility(Result, frozen=True):
    """Whether a car can be connected.

    `reason` is null when it can, else ``VEHICLE_NOT_COMPATIBLE`` or ``MAKE_NOT_COMPATIBLE``.
    """

    compatible: bool
    reason: str | None = None
    capabilities: tuple[Capability, ...] = ()


class CompatibilityMatrixEntry(Part, frozen=True):
    """A model line.

    Both years are included. `type` is ``ICE``, ``HEV``, ``PHEV``, ``BEV`` or ``FCEV``; `endpoints` are names to show,
    no paths.
    """

    model: str
    start_year: int
    end_year: int
    type: str
    endpoints: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()


class CompatibilityMatrix(Result, frozen=True):
    """The model lines that can be connected, by make in upper case. On the wire the makes are the whole body."""

    makes: dict[str, tuple[CompatibilityMatrixEntry, ...]]
