"""Jobs: work to be done now. What has to be done is known from the store; a job says only that somebody should look."""

from __future__ import annotations

from typing import Final

import msgspec

LEASE_S: Final = 15.0  # after which a job whose worker is not heard of any more is handed out again
HEARTBEAT_S: Final = 5.0  # how often a worker is to be heard of


class Job(msgspec.Struct, frozen=True, order=True):
    """What to look at: a kind of work and its subject. There is never more than one of each."""

    kind: str
    subject: str


class Taken(msgspec.Struct, frozen=True):
    """A job in the hands of one worker. `lease` names this one hand-out, so that nobody ends the next."""

    job: Job
    lease: str
