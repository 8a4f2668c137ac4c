"""Examples of what a project marks as a type, and what it does not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; so far no project had any."""
    op.add_column("projects", sa.Column("examples", sa.Text(), nullable=False, server_default="[]"))
