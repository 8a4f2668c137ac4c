"""The annotation store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from store_support import (  # noqa: F401 (a fixture)
    HARD_TEXT,
    TYPES,
    a_document,
    a_project,
    edit_of,
    empty,
    postgres_url,
)

from bioner.errors import StaleRevisionError, StoreError
from bioner.spans import Alternative, Document, Mention, Relation, Sentence, mention
from bioner.store import (
    Edit,
    Priority,
    Project,
    QueueFilter,
    Reason,
    ReviewItem,
    StaleEditError,
    Store,
    surfaces_of,
)

GENE = mention(0, 5, "Gene", status="reviewed")


@pytest.fixture(params=["sqlite", "postgres"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """A function that opens the same database again and again, on either backend."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
        else:
            url = request.getfixturevalue("postgres_url")
            empty(url)

        def open_one() -> Store:
            store = Store(url, tmp_path / "backups")
            stack.callback(store.close)
            return store

        yield open_one


@pytest.fixture
def store(make: Callable[..., Store]) -> Store:
    store = make()
    store.create_project(a_project())
    store.import_documents("p", [a_document(n) for n in range(3)], model="m", schema="s1")
    return store


def opened(store: Store, item: int, reviewer: str = "ann") -> ReviewItem:
    return store.open_item(item, reviewer, claim=False)


def first(store: Store) -> ReviewItem:
    return opened(store, store.items_of("p", "d0")[0])


def test_a_saved_edit_is_there_after_reopening(store: Store, make: Callable[..., Store]) -> None:
    item = first(store)
    saved = store.save(edit_of(item, GENE, note="clear"))
    again = opened(make(), item.item)
    assert (again.mentions, again.layer, again.verdict, again.note) == (
        (GENE,),
        "correction",
        "correct",
        "clear",
    )
    assert again.base == saved.seq
    assert again.status == "done"


def test_the_layers_stay_apart(store: Store) -> None:
    gold = replace(a_document(0), mentions=(mention(0, 13, "Gene"),))
    store.import_documents("p", [gold], as_layer="gold")
    store.import_documents("p", [replace(gold, mentions=())], model="other", schema="s2")
    store.save(edit_of(first(store), mention(6, 13, "Disease")))
    item = first(store)
    assert [m.label for m in item.mentions] == ["Disease"]
    assert item.gold == (mention(0, 13, "Gene"),)
    assert [(p.model, p.schema, len(p.mentions)) for p in item.predictions] == [
        ("other", "s2", 0),
        ("m", "s1", 1),
    ]
    for layer, label in (("gold", "Gene"), ("shown", "Disease"), ("correction", "Disease")):
        document = store.export_documents("p", layer=layer)[0]  # type: ignore[arg-type]
        assert document.mentions[0].label == label


def test_gold_is_shown_before_predictions_and_the_newest_prediction_before_older(
    store: Store,
) -> None:
    newer = replace(a_document(0), mentions=(mention(6, 13, "Gene"),))
    store.import_documents("p", [newer], model="new")
    assert first(store).mentions[0].start == 6
    gold = replace(a_document(0), mentions=(mention(0, 13, "Gene"),))
    store.import_documents("p", [gold], as_layer="gold")
    assert (first(store).layer, first(store).mentions[0].end) == ("gold", 13)


def test_a_stale_edit_is_refused_and_carries_the_newer_revision(store: Store) -> None:
    seen_by_both = first(store)
    theirs = store.save(edit_of(seen_by_both, GENE, reviewer="bob"))
    with pytest.raises(StaleEditError, match=r"bob saved revision \d+") as caught:
        store.save(edit_of(seen_by_both, reviewer="ann"))
    assert isinstance(caught.value, StaleRevisionError)
    assert caught.value.revision == theirs
    assert first(store).mentions == (GENE,)
    assert len(store.history(seen_by_both.item)) == 1


def test_edits_of_other_sentences_are_not_stale(store: Store) -> None:
    one, two = (opened(store, item) for item in store.items_of("p", "d0"))
    store.save(edit_of(one, reviewer="bob"))
    assert store.save(edit_of(two, reviewer="ann")).reviewer == "ann"


def test_a_browsers_own_unacknowledged_edits_do_not_make_it_stale(store: Store) -> None:
    item = first(store)
    store.save(edit_of(item, GENE, session="tab1"))
    store.save(edit_of(item, session="tab1"))
    assert first(store).mentions == ()
    with pytest.raises(StaleEditError):
        store.save(edit_of(item, GENE, session="tab2"))


def test_a_base_from_nowhere_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="revision 999999 is unknown here; reload"):
        store.save(replace(edit_of(first(store)), base=999999))


def test_an_edit_sent_twice_is_saved_once(store: Store) -> None:
    edit = edit_of(first(store), GENE, op="op-1")
    assert store.save(edit) == store.save(edit)
    assert len(store.history(edit.item)) == 1
    with pytest.raises(StoreError, match="was used before"):
        store.save(replace(edit, reviewer="bob"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"surface": "Something else."}, "the edit was made on 'Something else.'"),
        ({"surfaces": ("BRCA",)}, "is 'BRCA1', the reviewer saw 'BRCA'"),
        ({"surfaces": ()}, "1 mentions but 0 surfaces"),
        ({"mentions": (mention(0, 60, "Gene"),), "surfaces": ("x",)}, "leaves the sentence"),
        ({"mentions": (mention(0, 5, ""),)}, "has no type"),
        ({"verdict": "perhaps"}, "expected a verdict"),
        ({"item": 999999}, "there is no item 999999"),
    ],
)
def test_an_edit_that_does_not_fit_the_text_is_refused(
    store: Store, change: dict[str, object], message: str
) -> None:
    edit = replace(edit_of(first(store), GENE), **change)  # type: ignore[arg-type]
    with pytest.raises(StoreError, match=message):
        store.save(edit)
    assert first(store).base == 0


def test_of_several_edits_all_are_saved_or_none(store: Store) -> None:
    one, two = (opened(store, item) for item in store.items_of("p", "d0"))
    bad = replace(edit_of(two), surface="no")
    with pytest.raises(StoreError):
        store.save_all([edit_of(one, GENE), bad])
    assert opened(store, one.item).base == 0
    saved = store.save_all([edit_of(one, GENE), edit_of(one), edit_of(two)])
    assert [r.base for r in saved] == [0, saved[0].seq, 0]
    assert opened(store, one.item).mentions == ()


def test_undo_and_redo_go_all_the_way_across_reloads(
    store: Store, make: Callable[..., Store]
) -> None:
    start = first(store)
    states = [start]
    for end in (5, 13, 20):
        store.save(edit_of(states[-1], mention(0, end, "Gene"), note=f"to {end}"))
        states.append(first(store))
    again = make()
    for expected in reversed(states[:-1]):
        again.undo(start.item, "bob")
        found = opened(again, start.item)
        assert replace(found, base=0) == replace(expected, base=0)
    assert again.undo(start.item) == []
    assert again.can_undo(start.item) == (False, True)
    for expected in states[1:]:
        store.redo(start.item, "ann")
        assert replace(first(store), base=0) == replace(expected, base=0)
    assert store.redo(start.item) == []


def test_a_new_edit_ends_what_could_be_redone(store: Store) -> None:
    item = first(store)
    store.save(edit_of(item, GENE))
    store.undo(item.item)
    store.save(edit_of(first(store), mention(0, 13, "Gene")))
    assert store.can_undo(item.item) == (True, False)


def test_a_batch_is_undone_as_one(store: Store) -> None:
    all_items = [opened(store, i) for d in ("d0", "d1") for i in store.items_of("p", d)]
    store.save_all([edit_of(item, batch="every BRCA1") for item in all_items])
    undone = store.undo(all_items[2].item, "ann", "undo-1")
    assert len(undone) == 4
    assert store.undo(all_items[2].item, "ann", "undo-1") == undone
    assert all(opened(store, i.item).layer == "prediction" for i in all_items)
    assert len(store.redo(all_items[0].item, "ann")) == 4
    assert all(opened(store, i.item).mentions == () for i in all_items)


def test_a_batch_of_which_one_was_changed_since_is_not_undone(store: Store) -> None:
    all_items = [opened(store, i) for d in ("d0", "d1") for i in store.items_of("p", d)]
    store.save_all([edit_of(item, batch="b") for item in all_items])
    store.save(edit_of(opened(store, all_items[3].item), GENE_IN_D1, reviewer="bob"))
    with pytest.raises(StaleEditError, match="bob saved"):
        store.undo(all_items[0].item)
    assert all(opened(store, i.item).mentions == () for i in all_items[:3])


GENE_IN_D1 = mention(34, 39, "Gene")


def test_any_revision_can_be_restored(store: Store) -> None:
    item = first(store)
    one = store.save(edit_of(item, GENE, note="one"))
    store.save(edit_of(first(store), verdict="reject"))
    back = store.restore_revision(one.seq, "bob", "op-r")
    assert store.restore_revision(one.seq, "bob", "op-r") == back
    found = first(store)
    assert (found.mentions, found.verdict, found.note) == ((GENE,), "correct", "one")
    assert [r.kind for r in store.history(item.item)] == ["restore", "edit", "edit"]
    store.undo(item.item)
    assert first(store).verdict == "reject"
    with pytest.raises(StoreError, match="there is no revision 999999"):
        store.restore_revision(999999)


def test_emoji_marks_and_right_to_left_overlapping_and_broken_mentions_are_kept_exactly(
    store: Store,
) -> None:
    def at(surface: str) -> tuple[int, int]:
        start = HARD_TEXT.index(surface)
        return start, start + len(surface)

    hard = (
        Mention((at("TNF-α"),), "Gene", "GGP", "gold", None, (), (("id", "7124"),), "T1"),
        Mention((at("α 🧬"),), "Chemical", score=0.25, alternatives=(Alternative("Gene", 0.2),)),
        Mention((at("e\u0301tat"), at("\u05d0\u05d1\u05d2")), "Disease", id="T3"),
        Mention((at("👩🏽‍🔬"),), "Gene"),
        Mention((at("p53 or p63"),), "Gene"),
        Mention((at("p53"), at("63")), "Gene"),
    )
    relation = (Relation("R1", "binds", (("Arg1", "T1"), ("Arg2", "T3")), (("x", "y"),)),)
    document = Document(
        "hard", HARD_TEXT, hard, ((0, len(HARD_TEXT) - 6),), relation, (("k", "v"),)
    )
    document = replace(
        document, sentence_ranges=((0, len(HARD_TEXT) - 6), (len(HARD_TEXT) - 5, len(HARD_TEXT)))
    )
    report = store.import_documents("p", [document], as_layer="gold")
    assert (report.mentions_in, report.mentions_placed, report.rejects) == (6, 6, ())
    item = opened(store, store.items_of("p", "hard")[0])
    assert item.mentions == hard
    assert item.surface == HARD_TEXT[:-6]
    store.save(edit_of(item, *hard, verdict="accept"))
    out = store.export_documents("p")[-1]
    assert out == replace(document, mentions=tuple(replace(m, status="reviewed") for m in hard))


def test_sentences_are_joined_where_a_mention_crosses_their_edge(store: Store) -> None:
    document = a_document(7, sentences=3)
    edge = document.sentence_ranges[0][1]
    crossing = replace(
        document, mentions=(Mention(((edge - 7, edge - 1), (edge + 1, edge + 6)), "Gene"),)
    )
    report = store.import_documents("p", [crossing])
    assert (report.joined, report.items, report.mentions_placed) == (1, 2, 1)


def test_an_import_says_what_it_placed_and_why_not_the_rest(store: Store) -> None:
    good = a_document(10)
    report = store.import_documents(
        "p",
        [
            replace(good, mentions=(*good.mentions, good.mentions[0], mention(0, 3, "Planet"))),
            replace(good, text=good.text + " More."),
            replace(a_document(0), text="Another text entirely.", mentions=(), sentence_ranges=()),
            Document("empty", "  "),
            Document("nul", "a\0b"),
            Document("half", "a\ud83d b"),
            Document("", "text"),
        ],
        model="m",
    )
    assert (report.documents_in, report.documents_placed) == (7, 1)
    assert (report.mentions_in, report.mentions_placed) == (6, 2)
    assert sorted((r.document, r.reason) for r in report.rejects) == sorted(
        [
            ("d10", "the same mention is listed twice"),
            ("d10", "type 'Planet' is not among the project's types"),
            ("d10", "another document of this import has the same id"),
            ("d10", "another document of this import has the same id"),
            ("d10", "another document of this import has the same id"),
            ("d0", "the project has another text under this id"),
            ("empty", "the document has no text"),
            ("nul", "the text contains a NUL character"),
            ("half", "the text contains half a surrogate pair; read the file as UTF-8"),
            ("", "the document has no id"),
        ]
    )


def test_importing_again_doubles_nothing_and_keeps_corrections(store: Store) -> None:
    store.save(edit_of(first(store)))
    report = store.import_documents("p", [a_document(0)], model="m")
    assert (report.documents_placed, report.mentions_placed, report.items) == (1, 2, 0)
    assert len(first(store).predictions) == 1
    assert first(store).mentions == ()


def test_one_document_in_five_is_my_test_by_its_words(store: Store) -> None:
    store.create_project(a_project("q"))
    many = [Document(f"x{i}", f"Sentence number {i} about BRCA1.") for i in range(400)]
    report = store.import_documents("q", many)
    assert 60 <= report.test_documents <= 100
    chosen = {r.document for r in store.queue("q", filters=QueueFilter(test=True), limit=400)}
    assert len(chosen) == report.test_documents
    store.create_project(a_project("r"))
    renamed = [replace(d, id="y" + d.id, text=d.text.upper()) for d in reversed(many)]
    store.import_documents("r", renamed)
    again = {r.document for r in store.queue("r", filters=QueueFilter(test=True), limit=400)}
    assert again == {"y" + name for name in chosen}


@pytest.mark.slow
def test_my_test_is_never_training_data(store: Store) -> None:
    store.create_project(a_project("q"))
    store.import_documents("q", [Document(f"x{i}", f"BRCA1 number {i}.") for i in range(100)])
    for row in store.queue("q", limit=100):
        item = opened(store, row.item)
        store.save(edit_of(item, mention(0, 5, "Gene"), verdict="accept"))
    train, test = store.corrections("q"), store.my_test("q")
    assert len(train) + len(test) == 100
    assert test
    assert not {s.id for s in train} & {s.id for s in test}
    assert len(store.corrections("q", include_test=True)) == 100


def test_only_accepted_and_corrected_sentences_are_training_data_with_what_was_looked_for(
    store: Store,
) -> None:
    all_items = [i for d in ("d0", "d1", "d2") for i in store.items_of("p", d)]
    verdicts = ["accept", "correct", "reject", "unsure", None, "correct"]
    for item, verdict in zip(all_items, verdicts, strict=True):
        seen = opened(store, item)
        store.save(edit_of(seen, *seen.mentions, verdict=verdict))  # type: ignore[arg-type]
    last = opened(store, all_items[5])
    store.save(replace(edit_of(last, *last.mentions), covers=frozenset({"Gene"})))
    sentences = store.corrections("p", include_test=True)
    assert [s.id for s in sentences] == ["p/d0:0-32", "p/d0:33-65", "p/d2:33-65"]
    assert [s.covers for s in sentences] == [
        frozenset({"Gene", "Disease"}),
        frozenset({"Gene", "Disease"}),
        frozenset({"Gene"}),
    ]
    assert {s.corpus for s in sentences} == {"corrections"}
    assert {s.owner for s in sentences} == {"p"}, "its own convention, where a model knows it"
    assert [(x.start, x.end, x.label, x.status, x.score) for x in sentences[1].spans] == [
        (0, 1, "Gene", "reviewed", None)
    ]
    assert store.corrections() == store.corrections("p")


def test_what_flattening_and_my_test_leave_out_is_counted(store: Store) -> None:
    (item, *_) = (opened(store, i) for i in store.items_of("p", "d0"))
    nested = (
        mention(0, 13, "Gene"),
        mention(0, 5, "Disease"),
        mention(19, 22, "Gene"),
        Mention(((25, 27), (30, 31)), "Gene"),
    )
    store.save(edit_of(item, *nested))
    store.create_project(a_project("q"))
    store.import_documents("q", [Document(f"x{i}", f"BRCA1 number {i}.") for i in range(100)])
    for row in store.queue("q", limit=100):
        store.save(edit_of(opened(store, row.item)))
    assert not item.is_test
    found = store.evidence()
    assert found.held_back == len(store.my_test()) > 0
    assert len(found.sentences) + found.held_back == 101
    flat = store.evidence("p").flattening
    assert (flat.kept, flat.nested_dropped, flat.discontinuous_joined) == (3, 1, 1)
    assert (flat.snapped, flat.labels_dropped) == (1, {"Disease": 1})


def test_corpus_sentences_keep_their_tokens_and_covers(store: Store) -> None:
    from bioner.spans import Span, corpus_sentence

    sentence = corpus_sentence(
        "CRAFT:7", ["a", "+/-", "p53"], spans=[Span(2, 3, "Gene")], covers=frozenset({"Gene"})
    )
    report = store.import_documents("p", [sentence], as_layer="gold")
    assert report.items == 1
    item = opened(store, store.items_of("p", sentence.id)[0])
    store.save(edit_of(item, *item.mentions, verdict="accept"))
    (out,) = store.corrections("p", include_test=True)
    assert (out.tokens, out.offsets, out.covers) == (
        sentence.tokens,
        sentence.offsets,
        sentence.covers,
    )
    assert [(s.start, s.end) for s in out.spans] == [(2, 3)]


def test_the_queue_is_best_first_and_goes_on_after_an_item(store: Store) -> None:
    ids = [row.item for row in store.queue("p")]
    assert ids == sorted(ids)
    given = [Priority(i, (i % 3) / 3, (Reason("rare type", (i % 3) / 3),)) for i in ids]
    assert store.set_priorities("p", given) == 6
    best = store.queue("p")
    assert [row.priority for row in best] == sorted((p.priority for p in given), reverse=True)
    assert best[0].reasons[0].name == "rare type"
    pages, after = [], None
    while page := store.queue("p", limit=2, after=after):
        pages += page
        after = page[-1].item
    assert pages == best


def test_the_queue_filters_by_state_type_reason_document_text_and_test(store: Store) -> None:
    items = [row.item for row in store.queue("p")]
    store.save(edit_of(opened(store, items[0]), mention(6, 13, "Disease"), verdict=None))
    store.set_priorities("p", [Priority(items[1], 0.5, (Reason("unseen surface", 0.5),))])

    def found(filters: QueueFilter) -> list[int]:
        return sorted(row.item for row in store.queue("p", filters=filters))

    assert found(QueueFilter(status="open")) == [items[0]]
    assert found(QueueFilter(status="all", label="Disease")) == [items[0]]
    assert found(QueueFilter(label="Gene")) == items[1:]
    assert found(QueueFilter(reason="unseen surface")) == [items[1]]
    assert found(QueueFilter(document="d2")) == items[4:]
    assert found(QueueFilter(text="VARIANT 1.")) == items[2:4]
    assert found(QueueFilter(text="100%")) == []
    tests = found(QueueFilter(status="all", test=True))
    assert sorted(tests + found(QueueFilter(status="all", test=False))) == items


def test_nobody_is_handed_what_another_has_open(store: Store) -> None:
    one = store.claim_next("p", "ann")
    two = store.claim_next("p", "bob")
    assert one is not None
    assert two is not None
    assert one.item != two.item
    assert store.claim_next("p", "ann") == one
    assert store.open_item(one.item, "bob").claimed_by == "ann"
    assert not store.renew(one.item, "bob")
    store.release(one.item, "ann")
    assert store.open_item(one.item, "bob").claimed_by == "bob"


def test_who_may_only_read_keeps_nobody_away(store: Store) -> None:
    people = (("cora", "curator"), ("rev", "reviewer"), ("rex", "reader"))
    store.create_project(replace(a_project("team"), reviewers=people))
    store.import_documents("team", [a_document(9, 1)])
    [item] = store.items_of("team", "d9")
    read = store.claim_next("team", "rex")
    assert read is not None
    assert (read.item, read.claimed_by) == (item, "")
    assert store.renew(item, "rex")
    mine = store.claim_next("team", "rev")
    assert mine is not None
    assert (mine.item, mine.claimed_by) == (item, "rev")
    assert store.claim_next("team", "cora") is None


def test_many_reviewers_at_once_all_get_another_item(store: Store) -> None:
    got: list[int] = []
    lock = threading.Lock()

    def work(name: str) -> None:
        item = store.claim_next("p", name)
        with lock:
            got.append(item.item if item else 0)

    threads = [threading.Thread(target=work, args=(f"r{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [row.item for row in store.queue("p")]


def test_of_two_writers_on_one_sentence_one_wins_and_the_other_is_told(store: Store) -> None:
    for _ in range(5):
        seen = first(store)
        results: list[str] = []
        barrier = threading.Barrier(2)

        def write(
            name: str,
            seen: ReviewItem = seen,
            gate: threading.Barrier = barrier,
            out: list[str] = results,
        ) -> None:
            gate.wait()
            try:
                store.save(edit_of(seen, GENE, reviewer=name))
                out.append("saved")
            except StaleEditError:
                out.append("stale")

        threads = [threading.Thread(target=write, args=(name,)) for name in ("ann", "bob")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == ["saved", "stale"]
    assert len(store.history(first(store).item)) == 5


def test_roles_say_who_may_do_what(store: Store) -> None:
    project = replace(
        a_project("team"), reviewers=(("cora", "curator"), ("rev", "reviewer"), ("rex", "reader"))
    )
    store.create_project(project)
    store.import_documents("team", [a_document(1)])
    item = opened(store, store.items_of("team", "d1")[0])
    for name, said in (("rex", "is a reader"), ("eve", "is not among"), ("", "without a name")):
        with pytest.raises(StoreError, match=said):
            store.save(edit_of(item, reviewer=name))
    store.save(edit_of(item, reviewer="rev"))
    with pytest.raises(StoreError, match="at least one curator"):
        store.update_project(replace(a_project("team"), reviewers=(("rev", "reviewer"),)), "cora")
    with pytest.raises(StoreError, match="this needs a curator"):
        store.erase_document("team", "d1", "rev")
    with pytest.raises(StoreError, match="this needs a curator"):
        store.update_project(project, "rev")
    store.update_project(replace(project, guidelines=(("Gene", "also proteins"),)), "cora")
    assert store.project("team").guidelines == (("Gene", "also proteins"),)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {"types": ()},
        {"types": ("Gene", "Gene")},
        {"covers": frozenset({"Planet"})},
        {"reviewers": (("ann", "king"),)},
    ],
)
def test_a_project_that_contradicts_itself_is_refused(fields: dict[str, object]) -> None:
    good: dict[str, object] = {"name": "p", "types": TYPES, "covers": frozenset({"Gene"})}
    with pytest.raises(StoreError):
        Project(**{**good, **fields})  # type: ignore[arg-type]


def test_projects_are_found_by_name(store: Store) -> None:
    with pytest.raises(StoreError, match="exists already"):
        store.create_project(a_project())
    with pytest.raises(StoreError, match="no project named 'x'; there are: p"):
        store.project("x")
    assert [p.name for p in store.projects()] == ["p"]


def test_an_erased_document_leaves_only_the_record_that_it_was(store: Store) -> None:
    item = first(store)
    store.save(edit_of(item, GENE, note="patient text"))
    kept = [r.seq for r in store.history(item.item)]
    erased = store.erase_document("p", "d0", "ann")
    assert (erased.kind, erased.document) == ("erase", "d0")
    assert all(row.document != "d0" for row in store.queue("p", filters=QueueFilter(status="all")))
    assert all(d.id != "d0" for d in store.export_documents("p"))
    assert store.corrections(include_test=True) == []
    with pytest.raises(StoreError, match="was erased"):
        store.restore_revision(kept[0])
    report = store.import_documents("p", [a_document(0)])
    assert f"revision {erased.seq}" in report.rejects[0].reason
    assert store.erase_document("p", "d0", "ann").seq == erased.seq, "once more does no harm"


def test_a_wrong_split_can_be_mended_and_nothing_is_lost(store: Store) -> None:
    one, two = (opened(store, i) for i in store.items_of("p", "d0"))
    store.save(edit_of(one, mention(6, 13, "Disease")))
    (joined,) = store.resplit("p", "d0", [(0, 65)], "ann")
    item = opened(store, joined)
    assert [(m.start, m.label) for m in item.mentions] == [(6, "Disease"), (33, "Gene")]
    assert (item.status, item.layer) == ("open", "correction")
    assert [len(p.mentions) for p in item.predictions] == [2]
    with pytest.raises(StoreError, match="is gone"):
        store.save(edit_of(two))
    assert {r.kind for r in store.history(joined)} == {"edit", "resplit"}
    back = store.resplit("p", "d0", [(0, 32), (33, 65)], "ann")
    assert [opened(store, i).surface for i in back] == [one.surface, two.surface]
    assert opened(store, back[0]).mentions[0].label == "Disease"


def test_a_split_is_undone_with_its_verdicts_and_an_old_id_leads_on(store: Store) -> None:
    one, two = (opened(store, i) for i in store.items_of("p", "d0"))
    marks = mention(6, 13, "Disease")
    store.save(replace(edit_of(one, marks), verdict="correct", note="sure"))
    (joined,) = store.resplit("p", "d0", [(0, 65)], "ann")
    assert store.successor(one.item) == store.successor(two.item) == joined
    first_again, second_again = store.undo_resplit("p", "d0", "ann")
    again = opened(store, first_again)
    assert (again.surface, again.verdict, again.note) == (one.surface, "correct", "sure")
    assert [(m.start, m.label) for m in again.mentions] == [(6, "Disease")]
    assert (opened(store, second_again).surface, opened(store, second_again).verdict) == (
        two.surface,
        None,
    )
    assert store.successor(one.item) == store.successor(joined) == first_again
    assert store.successor(two.item) == second_again
    assert store.successor(first_again) == first_again
    assert store.successor(10**6) is None
    with pytest.raises(StoreError, match="no change of its sentences is left"):
        store.undo_resplit("p", "d0", "ann")


def test_changes_of_a_split_are_undone_one_after_another(store: Store) -> None:
    before = [opened(store, i).surface for i in store.items_of("p", "d0")]
    (joined,) = store.resplit("p", "d0", [(0, 65)], "ann")
    store.resplit("p", "d0", [(0, 13), (14, 65)], "ann")
    assert len(store.undo_resplit("p", "d0", "ann")) == 1
    back = store.undo_resplit("p", "d0", "ann")
    assert [opened(store, i).surface for i in back] == before
    assert store.successor(joined) == back[0]


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ([(0, 3), (3, 65)], "crosses the edge"),
        ([(0, 40), (33, 65)], "overlap"),
        ([(0, 32)], "is in no sentence"),
        ([(0, 99)], "leaves the text"),
    ],
)
def test_a_split_that_cuts_or_drops_anything_is_refused(
    store: Store, ranges: list[tuple[int, int]], message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        store.resplit("p", "d0", ranges, "ann")
    assert len(store.items_of("p", "d0")) == 2


def test_every_occurrence_is_found_as_whole_words(store: Store) -> None:
    document = Document("occ", "p53 and p53R2 and (p53), ap53. p53")
    store.import_documents("p", [document])
    found = store.occurrences("p", "p53", document="occ")
    assert [(o.start, o.end) for o in found] == [(0, 3), (19, 22), (31, 34)]
    assert len(store.occurrences("p", "BRCA1")) == 6
    assert len(store.occurrences("p", "BRCA1", limit=2)) == 2


def test_independent_reviewers_do_not_see_or_hinder_each_other(store: Store) -> None:
    store.create_project(a_project("both", independent=True))
    store.import_documents("both", [a_document(n, 1) for n in range(4)], model="m")
    ids = [row.item for row in store.queue("both", reviewer="ann")]
    work = {
        "ann": [(0, 5, "Gene"), (0, 5, "Gene"), (0, 5, "Gene")],
        "bob": [(0, 5, "Gene"), (0, 13, "Gene"), (0, 5, "Disease")],
    }
    for name, spans in work.items():
        for item, span in zip(ids, spans, strict=False):
            seen = store.claim_next("both", name)
            assert seen is not None
            assert seen.item == item
            assert seen.layer == "prediction"
            store.save(edit_of(seen, mention(*span), reviewer=name))
    agreement = store.agreement("both", "ann", "bob")
    assert agreement.items == 3
    assert agreement.exact == {"Gene": 0.4, "Disease": 0.0, "all": pytest.approx(1 / 3)}
    assert agreement.overlap == {"Gene": 0.8, "Disease": 0.0, "all": pytest.approx(2 / 3)}
    assert agreement.type_only == {"Gene": 0.8, "Disease": 0.0, "all": pytest.approx(2 / 3)}
    assert agreement.disagreements == (ids[1], ids[2])
    assert [s.document for s in store.corrections("both", include_test=True)] == ["both/d0"]
    seen = opened(store, ids[1], "ann")
    assert [(o.reviewer, o.mentions[0].end) for o in seen.others] == [("bob", 13)]
    chosen = store.adjudicate(ids[1], "cora", "bob")
    assert chosen.kind == "adjudicate"
    after = store.agreement("both", "ann", "bob")
    assert (after.disagreements, after.settled) == ((ids[2],), 1)
    assert after.exact == agreement.exact
    counted = store.progress("both", "ann")
    assert (counted.waiting, counted.done, counted.by_reviewer) == (1, 3, {"ann": 3, "bob": 3})
    assert store.progress("both").done == 1
    assert store.renew(ids[3], "ann")
    assert store.renew(ids[3], "bob")
    assert store.open_item(ids[3], "bob").claimed_by == ""
    assert [s.document for s in store.corrections("both", include_test=True)] == [
        "both/d0",
        "both/d1",
    ]
    with pytest.raises(StoreError, match="has not reviewed it"):
        store.adjudicate(ids[3], "cora", "bob")
    with pytest.raises(StoreError, match="share one copy"):
        store.agreement("p", "ann", "bob")


def test_progress_counts_every_state(store: Store) -> None:
    ids = [row.item for row in store.queue("p")]
    for item, verdict in zip(ids, ("accept", "reject", "unsure", None), strict=False):
        store.save(edit_of(opened(store, item), verdict=verdict))  # type: ignore[arg-type]
    progress = store.progress("p")
    assert (progress.items, progress.documents) == (6, 3)
    assert (progress.done, progress.rejected, progress.unsure, progress.open) == (1, 1, 1, 1)
    assert (progress.waiting, progress.by_reviewer, progress.last_hour) == (2, {"ann": 3}, 3)


def test_neighbours_lead_through_a_document(store: Store) -> None:
    one, two = (opened(store, i) for i in store.items_of("p", "d1"))
    assert (one.previous, one.following) == (None, two.item)
    assert (two.previous, two.following) == (one.item, None)


def test_a_backup_can_be_put_back_and_numbers_are_never_used_again(
    store: Store, tmp_path: Path
) -> None:
    item = first(store)
    store.save(edit_of(item, GENE))
    store.backup(tmp_path / "copy.sqlite3")
    with pytest.raises(StoreError, match="exists already"):
        store.backup(tmp_path / "copy.sqlite3")
    shown = [opened(store, row.item) for row in store.queue("p", filters=QueueFilter(status="all"))]
    later = store.save(edit_of(first(store), verdict="reject"))
    safety = store.restore(tmp_path / "copy.sqlite3").before
    assert [
        opened(store, row.item) for row in store.queue("p", filters=QueueFilter(status="all"))
    ] == shown
    assert store.save(edit_of(first(store))).seq > later.seq
    store.import_documents("p", [a_document(50)])
    store.restore(safety)
    assert first(store).verdict == "reject"


def test_sentence_values_are_what_the_pages_get(store: Store) -> None:
    item = first(store)
    assert item.surface == item.text[item.start : item.end]
    assert all(surfaces_of(item.text, item.mentions))
    assert isinstance(store.corrections(), list)
    assert not any(isinstance(s, Sentence) for s in store.corrections())
    assert (
        Edit(item=item.item, base=0, surface="", mentions=(), surfaces=(), reviewer="a").op
        != Edit(item=item.item, base=0, surface="", mentions=(), surfaces=(), reviewer="a").op
    )
