"""Counting a large project's states and reviewers without reading its items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Give corrections their project, and both tables an index that answers the counts."""
    op.add_column("corrections", sa.Column("project", sa.Integer()))
    op.execute(
        "UPDATE corrections SET project = "
        "(SELECT items.project FROM items WHERE items.id = corrections.item)"
    )
    op.create_index("corrections_reviewers", "corrections", ["project", "verdict", "reviewer"])
    op.create_index("items_counts", "items", ["is_test", "project", "status"])
