"""Every check there is, in the order they are made."""

from __future__ import annotations

from typing import Final

from carwire.conformance import accounts, batches, catalogues, endings, errors, preview, reads, throughout, tokens, v3
from carwire.conformance.check import Check

CHECKS: Final[tuple[Check, ...]] = (
    *tokens.CHECKS,
    *accounts.CHECKS,
    *reads.CHECKS,
    *batches.CHECKS,
    *catalogues.CHECKS,
    *errors.CHECKS,
    *endings.MANAGING,
    *v3.CHECKS,
    *preview.CHECKS,
    *endings.COMMANDING,
    *endings.ENDING,  # what was connected here is there no more after these
    *throughout.CHECKS,
)
