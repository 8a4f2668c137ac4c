"""The tables, as the newest migration leaves them (a test compares the two)."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    desc,
)

metadata = MetaData()

projects = Table(
    "projects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("types", Text, nullable=False),
    Column("covers", Text, nullable=False),
    Column("guidelines", Text, nullable=False),
    Column("reviewers", Text, nullable=False),
    Column("independent", Boolean, nullable=False),
    Column("changes", Integer, nullable=False, server_default="0"),
    Column("vocabularies", Text, nullable=False, server_default="[]"),
    Column("examples", Text, nullable=False, server_default="[]"),
)

documents = Table(
    "documents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project", ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("text", Text),
    Column("attributes", Text),
    Column("relations", Text),
    Column("source", String, nullable=False),
    Column("is_test", Boolean, nullable=False),
    Column("erased", Integer),
    Column("salt", String),
    Column("tip", String, nullable=False, server_default=""),
    UniqueConstraint("project", "name"),
)

items = Table(
    "items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project", ForeignKey("projects.id"), nullable=False),
    Column("document", ForeignKey("documents.id"), nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("tokens", Text),
    Column("covers", Text),
    Column("status", String, nullable=False),
    Column("is_test", Boolean, nullable=False),
    Column("priority", Float, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("claimed_by", String, nullable=False),
    Column("claimed_until", Float, nullable=False),
    Index("items_queue", "project", "status", desc("priority"), "id"),
    Index("items_all", "project", desc("priority"), "id"),
    Index("items_document", "document", "start"),
    Index("items_counts", "is_test", "project", "status"),
    sqlite_autoincrement=True,
)

layers = Table(
    "layers",
    metadata,
    Column("item", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("layer", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("schema", String, nullable=False),
    Column("mentions", Text, nullable=False),
    Column("added", Integer, nullable=False),
)

corrections = Table(
    "corrections",
    metadata,
    Column("item", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("track", String, primary_key=True),
    Column("mentions", Text),
    Column("covers", Text, nullable=False),
    Column("verdict", String),
    Column("reviewer", String, nullable=False),
    Column("note", Text, nullable=False),
    Column("head", Integer, nullable=False),
    Column("project", Integer),
    Index("corrections_reviewers", "project", "verdict", "reviewer"),
)

facets = Table(
    "facets",
    metadata,
    Column("project", Integer, primary_key=True),
    Column("facet", String, primary_key=True),
    Column("value", String, primary_key=True),
    Column("item", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Index("facets_item", "item", "facet"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("op", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("document", ForeignKey("documents.id"), nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("track", String, nullable=False),
    Column("surface", Text),
    Column("before", Text),
    Column("after", Text),
    Column("previous", Text, nullable=False),
    Column("is_correction", Boolean, nullable=False),
    Column("covers", Text, nullable=False),
    Column("verdict", String),
    Column("reviewer", String, nullable=False),
    Column("note", Text),
    Column("model", String, nullable=False),
    Column("schema", String, nullable=False),
    Column("base", Integer, nullable=False),
    Column("batch", String, nullable=False),
    Column("session", String, nullable=False),
    Column("target", Integer, nullable=False),
    Column("recorded", String, nullable=False),
    Column("digest", String, nullable=False, server_default=""),
    Column("chain", String, nullable=False, server_default=""),
    Index("revisions_place", "document", "start", "end", "seq"),
    Index("revisions_batch", "batch"),
    Index("revisions_recorded", "recorded"),
    sqlite_autoincrement=True,
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project", ForeignKey("projects.id"), nullable=False),
    Column("track", String, nullable=False),
    Column("op", String, nullable=False, unique=True),
    Column("batch", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("surface", Text),
    Column("key", Text),
    Column("label", String, nullable=False),
    Column("boundary", String, nullable=False),
    Column("follows", Integer, nullable=False),
    Column("marks", Integer, nullable=False),
    Column("sentences", Integer, nullable=False),
    Column("reviewer", String, nullable=False),
    Column("stands", Boolean, nullable=False),
    Column("recorded", String, nullable=False),
    Index("decisions_project", "project", "track", "id"),
    Index("decisions_batch", "batch"),
)

assignments = Table(
    "assignments",
    metadata,
    Column("document", ForeignKey("documents.id"), primary_key=True),
    Column("who", String, primary_key=True),
    Column("project", ForeignKey("projects.id"), nullable=False),
    Index("assignments_project", "project", "who"),
)

clock = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("seconds", Float, nullable=False),
    Column("imports", Integer, nullable=False),
    Column("generation", String, nullable=False, server_default=""),
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("project", String, nullable=False),
    Column("who", String, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("recorded", String, nullable=False),
    Index("events_project", "project", "seq"),
    sqlite_autoincrement=True,
)
