"""The annotation store: projects, documents, layers kept apart, append-only revisions, backups."""

from bioner.store.curations import Curated, Curating, Curation
from bioner.store.decisions import Decision, Ruling, Settled, Settling, TakenBack
from bioner.store.evidence import Agreement, Evidence, Layered, SideBySide, Usable, Version
from bioner.store.examples import ShownExample
from bioner.store.failures import (
    DatabaseLostError,
    RestoredMeanwhileError,
    StaleEditError,
    StaleSettingsError,
)
from bioner.store.listing import DocumentFilter, DocumentPage, DocumentSize
from bioner.store.outlook import Content, look_at
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
from bioner.store.rescue import backups_beside, place_of, restore_database
from bioner.store.restoring import Restored
from bioner.store.store import Store, open_store
from bioner.store.values import (
    Backup,
    Edit,
    Event,
    Example,
    Project,
    Revision,
    Verdict,
    edit_of,
    new_op,
    surfaces_of,
)
from bioner.store.verifying import Verified
from bioner.store.waiting import Standing, WaitingMark

__all__ = [
    "Agreement",
    "Backup",
    "Content",
    "Curated",
    "Curating",
    "Curation",
    "DatabaseLostError",
    "Decision",
    "DocumentFilter",
    "DocumentPage",
    "DocumentRow",
    "DocumentSize",
    "Edit",
    "Event",
    "Evidence",
    "Example",
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
    "ShownExample",
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
    "backups_beside",
    "edit_of",
    "look_at",
    "new_op",
    "open_store",
    "place_of",
    "restore_database",
    "surfaces_of",
]
