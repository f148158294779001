"""Commands are found by their vehicle: when one is disconnected, the table is not gone through."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_commands_vehicle_id", "commands", ["vehicle_id"])
