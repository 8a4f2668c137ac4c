"""What goes out of the store: training data, documents, how far two reviewers agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from bioner.errors import StoreError
from bioner.formats import attributes
from bioner.spans import Document, Flattening, Mention, Range, Sentence, flatten
from bioner.store import codec, projects
from bioner.store.documents import shown_mentions
from bioner.store.tables import corrections, documents, items, layers
from bioner.store.values import Agreement, Evidence, ExportLayer, Layered

CORPUS = "corrections"
_PAGE = 500


def reviewed(
    connection: Connection, stored: projects.StoredProject, *, tests: bool | None
) -> Evidence:
    """Return a project's reviewed sentences as training data.

    ``tests``: only "my test" (True), all but it (False), both (None). Of an independent project:
    what a curator chose, else what the reviewers agree on; where they do not, nothing.
    """
    query = (
        select(
            corrections,
            items.c.start,
            items.c.end,
            items.c.tokens,
            items.c.is_test,
            documents.c.name,
            documents.c.text,
        )
        .join(items, corrections.c.item == items.c.id)
        .join(documents, items.c.document == documents.c.id)
        .where(
            items.c.project == stored.id,
            corrections.c.verdict.in_(("accept", "correct")),
        )
        .order_by(documents.c.id, items.c.start, corrections.c.track)
    )
    by_item: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(query):
        by_item.setdefault(row.item, []).append(row)
    found = Evidence()
    sentences: list[Sentence] = []
    for rows in by_item.values():
        settled = _settled(rows)
        if tests is not None and rows[0].is_test != tests:
            found += Evidence(held_back=int(rows[0].is_test))
        elif settled is None:
            found += Evidence(undecided=1)
        else:
            sentence, flattening = _sentence(stored.project.name, settled)
            sentences.append(sentence)
            found += Evidence((), flattening)
    return Evidence(tuple(sentences)) + found


def _settled(rows: Sequence[Row[Any]]) -> Row[Any] | None:
    shared = next((row for row in rows if row.track == ""), None)
    if shared is not None:
        return shared
    first = rows[0]
    key = _keys(codec.read_mentions(first.mentions))
    same = all(_keys(codec.read_mentions(row.mentions)) == key for row in rows[1:])
    return first if same else None


def _keys(mentions: Iterable[Mention]) -> Counter[tuple[tuple[Range, ...], str]]:
    return Counter((m.fragments, m.label) for m in mentions)


def _sentence(project: str, row: Row[Any]) -> tuple[Sentence, Flattening]:
    offsets, tokens = tokens_of(row.text, row.start, row.end, row.tokens)
    mentions = tuple(_reviewed(m) for m in codec.read_mentions(row.mentions))
    spans, flattening = flatten(Document(row.name, row.text), offsets, mentions)
    covers = frozenset(codec.read_names(row.covers))
    name = f"{project}/{row.name}"
    return Sentence(name, tokens, offsets, spans, covers, CORPUS), flattening


def _reviewed(one: Mention) -> Mention:
    return replace(one, status="reviewed", score=None, alternatives=())


def tokens_of(
    text: str, start: int, end: int, stored: str | None
) -> tuple[tuple[Range, ...], tuple[str, ...]]:
    """Return an item's token ranges and its tokens, folded as the model reads them."""
    from bioner.text import fold, tokenize

    ranges = codec.read_ranges(stored) if stored else tuple(tokenize(text, start, end))
    return ranges, tuple(fold(text[a:b]) for a, b in ranges)


def layered_page(
    connection: Connection,
    stored: projects.StoredProject,
    status: str,
    after: int,
    names: Sequence[str] | None = None,
) -> list[Layered]:
    """Return the next items after an id, in order of id, each with its layers as Sentences.

    ``names``: of these documents alone, a few hundred at most.
    """
    query = (
        select(items, documents.c.name, documents.c.text)
        .join(documents, items.c.document == documents.c.id)
        .where(items.c.project == stored.id, items.c.id > after, documents.c.text.is_not(None))
        .order_by(items.c.id)
        .limit(_PAGE)
    )
    if status != "all":
        query = query.where(items.c.status == status)
    if names is not None:
        query = query.where(documents.c.name.in_(names))
    rows = connection.execute(query).all()
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(
        select(layers)
        .where(layers.c.item.in_([r.id for r in rows]))
        .order_by(layers.c.added.desc())
    ):
        found[row.item].append(row)
    return [_layered(stored, row, found[row.id]) for row in rows]


def _layered(stored: projects.StoredProject, row: Row[Any], found: Sequence[Row[Any]]) -> Layered:
    offsets, tokens = tokens_of(row.text, row.start, row.end, row.tokens)
    covers = stored.project.covers if row.covers is None else codec.read_names(row.covers)
    document = Document(row.name, row.text)

    def sentence(mentions: str) -> Sentence:
        spans, _ = flatten(document, offsets, codec.read_mentions(mentions))
        return Sentence(row.name, tokens, offsets, spans, frozenset(covers))

    gold = next((sentence(r.mentions) for r in found if r.layer == "gold"), None)
    predictions = tuple((r.model, sentence(r.mentions)) for r in found if r.layer == "prediction")
    return Layered(row.id, gold, predictions, codec.read_reasons(row.reasons))


def export_documents(
    connection: Connection,
    stored: projects.StoredProject,
    layer: ExportLayer,
    model: str,
    *,
    only_reviewed: bool,
    with_covers: bool,
) -> Iterator[Document]:
    """Yield the project's documents with one layer's mentions, as they are shown."""
    last = 0
    while True:
        page = connection.execute(
            select(documents)
            .where(
                documents.c.project == stored.id,
                documents.c.erased.is_(None),
                documents.c.id > last,
            )
            .order_by(documents.c.id)
            .limit(_PAGE)
        ).all()
        if not page:
            return
        last = page[-1].id
        contents = _contents(connection, stored, [row.id for row in page], layer, model)
        for row in page:
            found = contents.get(row.id, [])
            if only_reviewed:
                found = [one for one in found if one.is_reviewed]
                if not found:
                    continue
            document = Document(
                row.name,
                row.text,
                tuple(m for one in found for m in one.mentions),
                tuple(one.extent for one in found),
                codec.read_relations(row.relations),
                codec.read_pairs(row.attributes),
            )
            if with_covers:
                of_sentences = [(one.extent, one.covers) for one in found]
                document = attributes.with_covers(document, stored.project.covers, of_sentences)
            yield document


@dataclass(frozen=True)
class _Content:
    """What goes out of one sentence."""

    extent: Range
    mentions: tuple[Mention, ...]
    covers: frozenset[str]
    is_reviewed: bool


def _contents(
    connection: Connection,
    stored: projects.StoredProject,
    ids: Sequence[int],
    layer: ExportLayer,
    model: str,
) -> dict[int, list[_Content]]:
    item_rows = connection.execute(
        select(items).where(items.c.document.in_(ids)).order_by(items.c.document, items.c.start)
    ).all()
    by_item: dict[int, list[Row[Any]]] = defaultdict(list)
    mine = select(items.c.id).where(items.c.document.in_(ids))
    for row in connection.execute(select(layers).where(layers.c.item.in_(mine))):
        if model and row.layer == "prediction" and row.model != model:
            continue
        by_item[row.item].append(row)
    corrected = {
        row.item: row
        for row in connection.execute(
            select(corrections).where(corrections.c.item.in_(mine), corrections.c.track == "")
        )
    }
    contents: dict[int, list[_Content]] = defaultdict(list)
    for row in item_rows:
        correction = corrected.get(row.id)
        mentions = _choose(by_item[row.id], correction, layer)
        is_reviewed = correction is not None and correction.verdict in ("accept", "correct")
        covers = stored.project.covers if row.covers is None else codec.read_names(row.covers)
        if layer in ("shown", "correction") and correction is not None:
            covers = codec.read_names(correction.covers)
            if is_reviewed:
                mentions = tuple(replace(m, status="reviewed") for m in mentions)
        contents[row.document].append(
            _Content((row.start, row.end), mentions, frozenset(covers), is_reviewed)
        )
    return contents


def _choose(
    found: Sequence[Row[Any]], correction: Row[Any] | None, layer: ExportLayer
) -> tuple[Mention, ...]:
    text = None if correction is None else correction.mentions
    if layer == "shown":
        return shown_mentions(found, text)[1]
    if layer == "correction":
        return codec.read_mentions(text)
    return shown_mentions([row for row in found if row.layer == layer], None)[1]


def agreement(connection: Connection, stored: projects.StoredProject, a: str, b: str) -> Agreement:
    """Compare two reviewers on the items where both gave a verdict of accept or correct."""
    if not stored.project.independent:
        raise StoreError(
            f"project {stored.project.name!r}: its reviewers share one copy, so there is nothing "
            "to compare; make an independent project"
        )
    both: dict[int, dict[str, tuple[Mention, ...]]] = defaultdict(dict)
    for row in connection.execute(
        select(corrections.c.item, corrections.c.track, corrections.c.mentions)
        .join(items, corrections.c.item == items.c.id)
        .where(
            items.c.project == stored.id,
            corrections.c.track.in_((a, b)),
            corrections.c.verdict.in_(("accept", "correct")),
        )
        .order_by(corrections.c.item)
    ):
        both[row.item][row.track] = codec.read_mentions(row.mentions)
    pairs = {item: (c[a], c[b]) for item, c in both.items() if a in c and b in c}
    found = compare(a, b, pairs)
    settled = set(
        connection.execute(
            select(corrections.c.item).where(
                corrections.c.project == stored.id,
                corrections.c.track == "",
                corrections.c.verdict.is_not(None),
            )
        ).scalars()
    )
    left = tuple(item for item in found.disagreements if item not in settled)
    return replace(found, disagreements=left, settled=len(found.disagreements) - len(left))


def compare(
    a: str, b: str, pairs: dict[int, tuple[tuple[Mention, ...], tuple[Mention, ...]]]
) -> Agreement:
    """Score two annotations of the same items against each other."""
    hits: dict[str, Counter[str]] = {name: Counter() for name in ("exact", "overlap", "type_only")}
    of_a: Counter[str] = Counter()
    of_b: Counter[str] = Counter()
    apart: list[int] = []
    for item, (left, right) in pairs.items():
        of_a.update(m.label for m in left)
        of_b.update(m.label for m in right)
        exact = _keys(left) & _keys(right)
        for (_, label), n in exact.items():
            hits["exact"][label] += n
        hits["overlap"].update(_overlaps(left, right))
        hits["type_only"].update(Counter(m.label for m in left) & Counter(m.label for m in right))
        if _keys(left) != _keys(right):
            apart.append(item)
    scores = {name: _scores(found, of_a, of_b) for name, found in hits.items()}
    return Agreement(
        a, b, len(pairs), scores["exact"], scores["overlap"], scores["type_only"], tuple(apart)
    )


def _scores(hits: Counter[str], a: Counter[str], b: Counter[str]) -> dict[str, float]:
    labels = sorted({*a, *b})
    scores = {label: _f1(hits[label], a[label], b[label]) for label in labels}
    scores["all"] = _f1(hits.total(), a.total(), b.total())
    return scores


def _f1(hits: int, a: int, b: int) -> float:
    return 2 * hits / (a + b) if a + b else 1.0


def _overlaps(left: Sequence[Mention], right: Sequence[Mention]) -> Counter[str]:
    """Count mentions of one label that share a character, each used once (leftmost first)."""
    found: Counter[str] = Counter()
    free = sorted(right, key=lambda m: m.fragments)
    for one in sorted(left, key=lambda m: m.fragments):
        match = next((m for m in free if m.label == one.label and _touch(one, m)), None)
        if match is not None:
            free.remove(match)
            found[one.label] += 1
    return found


def _touch(one: Mention, other: Mention) -> bool:
    return any(a < d and c < b for a, b in one.fragments for c, d in other.fragments)
