"""Texts: documents brought into projects, taken out, cut into sentences, erased."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from bioner.access import Action
from bioner.formats.tally import Losses
from bioner.spans import Document, Range, Sentence
from bioner.store import assigning, erasing, exporting, former, listing, projects, resplit
from bioner.store import backups as rotation
from bioner.store import documents as incoming
from bioner.store.door import Door
from bioner.store.listing import DocumentFilter, DocumentPage, DocumentSize, Order
from bioner.store.my_test import TrainedOn, nothing
from bioner.store.placement import Placement
from bioner.store.placing import import_in_pieces
from bioner.store.values import ExportLayer, Layer, Revision, new_op

_ANY = DocumentFilter()


class Texts(Door):
    """The documents of all projects, and the sentences that they are cut into."""

    def import_documents(
        self,
        project: str,
        documents: Iterable[Document] | Iterable[Sentence],
        *,
        as_layer: Layer = "prediction",
        model: str = "",
        schema: str = "",
        covers: frozenset[str] | None = None,
        source: str = "",
        trained: TrainedOn = nothing,
    ) -> Placement:
        """Place documents and their mentions; a document that is there already gets only the layer.

        A corpus sentence becomes a one-sentence document; its tokens and covers are kept.

        Works in pieces, each a transaction, so that others save meanwhile: what is placed stays if
        a later piece fails, and importing the same again places the rest.

        In a project with enough text one document in five (by a hash of its words) is set aside as
        "my test", for good, unless a model knows it: ``trained`` gives the fingerprints of what
        models were trained on. ``model`` and ``schema`` (its fingerprint) say who made a
        prediction; importing the same model's again replaces it. ``covers`` overrides what the
        project looks for. Nothing is dropped silently: the report counts all and names each reject.
        """
        with self.database.read() as connection:
            self._allow_in(Action.IMPORT, projects.find(connection, project))
        origin = incoming.Origin(as_layer, model, schema, source, covers, trained)
        return import_in_pieces(self.database, project, origin, incoming.incoming(documents))

    def texts(self, project: str, names: Sequence[str]) -> dict[str, str | None]:
        """Return the texts of those documents that the project has; None for an erased one."""
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            return incoming.read_texts(connection, stored.id, names)

    def export_documents(
        self,
        project: str,
        *,
        layer: ExportLayer = "shown",
        model: str = "",
        only_reviewed: bool = False,
        with_covers: bool = False,
        losses: Losses | None = None,
    ) -> list[Document]:
        """Return the documents with a layer's mentions; ``shown`` is what the reviewer sees.

        Nested, overlapping and discontinuous mentions and attributes come out as they went in, and
        so do the relations whose mentions are there, the others counted in ``losses``; reviewed
        mentions have the status ``reviewed``. ``with_covers`` adds what was looked for, in the
        project and in the sentences where it was something else, as attributes.
        """
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            self._allow_in(Action.EXPORT, stored)
            return list(
                exporting.export_documents(
                    connection,
                    stored,
                    layer,
                    model,
                    only_reviewed=only_reviewed,
                    with_covers=with_covers,
                    losses=losses or Losses(""),
                )
            )

    def erase_document(
        self,
        project: str,
        document: str,
        reviewer: str,
        *,
        in_backups: bool = True,
        beside: Callable[[], None] = lambda: None,
    ) -> Revision:
        """Remove a document's text and the content of all its revisions, and record that.

        Every copy in the folder of the backups is erased from too, unless ``in_backups`` is False;
        copies elsewhere are the person's own to erase, and a PostgreSQL server keeps the old rows
        in its files until it vacuums them and in its log until that is recycled. Nobody writes and
        no backup is made meanwhile. What could not be finished is named by a StoreError, and
        finished by erasing the document once more. ``beside`` deletes what was made from the text,
        once it is sure that it may go and while it can still be told by it. Only a curator may.
        """
        self._allow(Action.ERASE, reviewer)
        with rotation.locked(self.folder):
            with self.database.write(alone=True) as connection:
                what = erasing.wanted(connection, project, document)
                revision = erasing.erase(connection, project, document, reviewer, new_op())
                beside()
            self.database.forget_free_pages()
            rotation.sweep(self.folder, self.database.file)
            if in_backups:
                erasing.erase_in_backups(self.database, self.folder, what)
        return revision

    def resplit(
        self, project: str, document: str, ranges: Sequence[Range], reviewer: str
    ) -> list[int]:
        """Give a document other sentence ranges and return the items' ids; mentions move along.

        Items whose range stays keep their id and verdict; changed ones with corrections are open
        again. Raises StoreError for ranges that overlap, leave the text, or cut or drop a mention.
        """
        self._allow(Action.ANNOTATE, reviewer)
        with self.database.write() as connection:
            return resplit.resplit(connection, project, document, ranges, reviewer, new_op())

    def undo_resplit(self, project: str, document: str, reviewer: str) -> list[int]:
        """Take back the newest change of a document's sentences and return the items' ids.

        Marks stay as they are now; a sentence whose marks are those of before has its verdict
        again. Raises StoreError where there is no change left, or where a mention would be cut.
        """
        self._allow(Action.ANNOTATE, reviewer)
        with self.database.write() as connection:
            return resplit.undo_resplit(connection, project, document, reviewer, new_op())

    def successor(self, item: int) -> int | None:
        """Return the item itself, or where it begins now if its sentence was split or joined."""
        with self.database.read() as connection:
            return former.successor(connection, item)

    def document_page(
        self,
        project: str,
        reviewer: str = "",
        *,
        filters: DocumentFilter = _ANY,
        order: Order = "came",
        is_reversed: bool = False,
        offset: int = 0,
        limit: int = listing.PAGE,
    ) -> DocumentPage:
        """Return a page of a project's documents, how far each is, and how many there are in all.

        As this reviewer has them. Raises StoreError for an order that there is not.
        """
        with self.database.read() as connection:
            return listing.page(
                connection,
                projects.find(connection, project),
                reviewer,
                filters=filters,
                order=order,
                is_reversed=is_reversed,
                offset=offset,
                limit=limit,
            )

    def document_sizes(
        self,
        project: str,
        reviewer: str = "",
        *,
        filters: DocumentFilter = _ANY,
    ) -> list[DocumentSize]:
        """Return the documents that a filter lets through, in the order in which they came."""
        with self.database.read() as connection:
            stored = projects.find(connection, project)
            return listing.sizes(connection, stored, reviewer, filters)

    def assignees(self, project: str) -> list[str]:
        """Return whose documents there are, by name."""
        with self.database.read() as connection:
            return listing.assignees(connection, projects.find(connection, project))

    def assign(
        self, project: str, documents: Sequence[str], assignees: Sequence[str], reviewer: str = ""
    ) -> int:
        """Say whose these documents are (nobody named: everybody's); return how many; a curator."""
        self._allow(Action.CHANGE, reviewer or self.actor.name)
        return self.assign_each(project, dict.fromkeys(documents, assignees), reviewer)

    def assign_each(
        self, project: str, shares: Mapping[str, Sequence[str]], reviewer: str = ""
    ) -> int:
        """Say of each document whose it is, all as one; return how many; a curator."""
        who = reviewer or self.actor.name
        self._allow(Action.CHANGE, who)
        with self.database.write() as connection:
            self._allow_in(Action.CHANGE, projects.find(connection, project))
            return assigning.assign(connection, project, shares, who)
