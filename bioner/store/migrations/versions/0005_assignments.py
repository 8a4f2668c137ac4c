"""Whose documents are whose: a row a document and person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table; so far every document was everybody's."""
    op.create_table(
        "assignments",
        sa.Column("document", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("project", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.id"]),
        sa.ForeignKeyConstraint(["project"], ["projects.id"]),
        sa.PrimaryKeyConstraint("document", "who"),
    )
    op.create_index("assignments_project", "assignments", ["project", "who"])
