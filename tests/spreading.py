"""How tests are spread over workers: those that share costly servers and browsers go to one, the others wherever there
is room.

pytest-xdist's own groups are names of tests changed by its workers, which pytest does not let them do any more.
"""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadScopeScheduling

# Files → what they share. Nothing else is in a module's fixtures that takes more than a second.
_TOGETHER: Final = {
    "tests/contract/test_official_": "official SDKs",
    "tests/contract/test_parity": "official SDKs",
    "tests/contract/test_strict_answers": "official SDKs",
    "tests/contract/test_golden_http": "golden",
    "tests/contract/test_conformance": "conformance",
}


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """Hands out a group as one, any other test alone."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group for start, group in _TOGETHER.items() if nodeid.startswith(start)), nodeid)
