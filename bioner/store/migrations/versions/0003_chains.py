"""What shows that something was lost: a generation, a chain a document, events, counted changes."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

from bioner.store.chains import chain_all

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, chain the old revisions, give the database its first generation."""
    for table, column in (
        ("projects", sa.Column("changes", sa.Integer(), nullable=False, server_default="0")),
        ("documents", sa.Column("salt", sa.String())),
        ("documents", sa.Column("tip", sa.String(), nullable=False, server_default="")),
        ("revisions", sa.Column("digest", sa.String(), nullable=False, server_default="")),
        ("revisions", sa.Column("chain", sa.String(), nullable=False, server_default="")),
        ("clock", sa.Column("generation", sa.String(), nullable=False, server_default="")),
    ):
        op.add_column(table, column)
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("recorded", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("events_project", "events", ["project", "seq"])
    connection = op.get_bind()
    chain_all(connection)
    connection.execute(sa.text("UPDATE clock SET generation = :new"), {"new": uuid.uuid4().hex})
