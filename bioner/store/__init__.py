"""The annotation store: projects, documents, layers kept apart, append-only revisions, backups."""

from bioner.store.curations import Curated, Curating, Curation
from bioner.store.decisions import Decision, Ruling, Settled, Settling, TakenBack
from bioner.store.evidence import Agreement, Evidence, Layered, SideBySide, Usable, Version
from bioner.store.failures import (
    DatabaseLostError,
    RestoredMeanwhileError,
    StaleEditError,
    StaleSettingsError,
)
from bioner.store.overview import DocumentRow
from bioner.store.placement import Placement, Reject
from bioner.store.queue_items import (
    Occurrence,
    Other,
    Prediction,
    Priority,
    QueueFilter,
    QueueRow,
    Reason,
    ReviewItem,
    ReviewProgress,
)
from bioner.store.rescue import Restored, restore_database
from bioner.store.store import Store, open_store
from bioner.store.values import Backup, Edit, Event, Project, Revision, Verdict, new_op, surfaces_of
from bioner.store.verifying import Verified
from bioner.store.waiting import Standing, WaitingMark

__all__ = [
    "Agreement",
    "Backup",
    "Curated",
    "Curating",
    "Curation",
    "DatabaseLostError",
    "Decision",
    "DocumentRow",
    "Edit",
    "Event",
    "Evidence",
    "Layered",
    "Occurrence",
    "Other",
    "Placement",
    "Prediction",
    "Priority",
    "Project",
    "QueueFilter",
    "QueueRow",
    "Reason",
    "Reject",
    "Restored",
    "RestoredMeanwhileError",
    "ReviewItem",
    "ReviewProgress",
    "Revision",
    "Ruling",
    "Settled",
    "Settling",
    "SideBySide",
    "StaleEditError",
    "StaleSettingsError",
    "Standing",
    "Store",
    "TakenBack",
    "Usable",
    "Verdict",
    "Verified",
    "Version",
    "WaitingMark",
    "new_op",
    "open_store",
    "restore_database",
    "surfaces_of",
]
