"""Concepts: which vocabularies a project uses, and what the marks shown stand for, to find by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bioner.store.facets import fill_concepts

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; so far no project had any. Find the concepts that marks were brought with."""
    op.add_column(
        "projects", sa.Column("vocabularies", sa.Text(), nullable=False, server_default="[]")
    )
    fill_concepts(op.get_bind())
