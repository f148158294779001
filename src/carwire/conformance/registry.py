"""Every check there is, in the order they are made."""

from __future__ import annotations

from typing import Final

from carwire.conformance import errors, reads
from carwire.conformance.check import Check

CHECKS: Final[tuple[Check, ...]] = (*reads.CHECKS, *errors.CHECKS)
