"""Whatever text and mentions go into the store, the same come out."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_support import TYPES, a_store, edit_of

from bioner.spans import Alternative, Document, Mention
from bioner.store import Store, agreement, codec
from bioner.store.documents import item_ranges

ALPHABET = "ab α🧬\u0301\u05d0\u200d\n.\t👩"
NUMBERS = itertools.count()


@st.composite
def some_mentions(draw: st.DrawFn, length: int) -> list[Mention]:
    found = []
    for _ in range(draw(st.integers(0, 5))):
        cuts = sorted(draw(st.sets(st.integers(0, length), min_size=2, max_size=6)))
        fragments = tuple(zip(cuts[::2], cuts[1::2], strict=False))
        found.append(
            Mention(
                fragments,
                draw(st.sampled_from(TYPES)),
                draw(st.sampled_from(["", "GGP"])),
                "gold",
                draw(st.sampled_from([None, 0.1, 1 / 3])),
                draw(st.sampled_from([(), (Alternative("Gene", 0.25),)])),
                draw(st.sampled_from([(), (("id", "7:α"),)])),
                draw(st.sampled_from(["", "T1"])),
            )
        )
    return found


@st.composite
def some_documents(draw: st.DrawFn) -> Document:
    text = draw(st.text(ALPHABET, min_size=2, max_size=40).filter(str.strip))
    mentions = draw(some_mentions(len(text)))
    cuts = sorted({0, len(text), *draw(st.sets(st.integers(1, len(text)), max_size=4))})
    ranges = tuple(itertools.pairwise(cuts))
    return Document(f"h{next(NUMBERS)}", text, tuple(mentions), ranges)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return a_store(tmp_path_factory.mktemp("exact"), documents=0)


def once(mentions: tuple[Mention, ...]) -> Counter[Mention]:
    """The mentions, of those that differ in nothing that counts only the first."""
    first = {(m.fragments, m.label, m.attributes): m for m in reversed(mentions)}
    return Counter(first.values())


@given(some_documents())
@settings(max_examples=30, deadline=None)
@pytest.mark.slow
def test_every_mention_comes_out_as_it_went_in(store: Store, document: Document) -> None:
    report = store.import_documents("p", [document], as_layer="gold")
    expected = once(document.mentions)
    assert report.mentions_placed == expected.total()
    assert report.mentions_in == report.mentions_placed + len(report.rejects)
    items = [store.open_item(i, claim=False) for i in store.items_of("p", document.id)]
    assert sum((Counter(i.mentions) for i in items), Counter()) == expected
    assert "".join(i.surface for i in items) == document.text
    for item in items:
        store.save(edit_of(item, *item.mentions, verdict="accept"))
        assert store.open_item(item.item, claim=False).mentions == item.mentions


@given(some_documents())
@settings(max_examples=60, deadline=None)
def test_items_hold_every_mention_whole(document: Document) -> None:
    ranges, joined = item_ranges(document)
    assert all(any(a <= m.start and m.end <= b for a, b in ranges) for m in document.mentions)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(ranges))
    assert len(ranges) + joined == len(document.sentence_ranges)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_mentions_survive_the_column(data: st.DataObject) -> None:
    mentions = tuple(data.draw(some_mentions(30)))
    assert codec.read_mentions(codec.write_mentions(mentions)) == mentions


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.sampled_from(TYPES)), max_size=4),
        min_size=2,
        max_size=2,
    )
)
@settings(max_examples=60, deadline=None)
def test_agreement_is_symmetric_and_whole_with_oneself(
    sides: list[list[tuple[int, str]]],
) -> None:
    left, right = (
        tuple(Mention(((start, start + 3),), label) for start, label in side) for side in sides
    )
    forth, back = (
        agreement.compare("a", "b", {1: pair}) for pair in ((left, right), (right, left))
    )
    assert (forth.exact, forth.type_only) == (back.exact, back.type_only)
    for label, score in forth.exact.items():
        assert 0.0 <= score <= forth.overlap[label] <= forth.type_only[label] <= 1.0
    same = agreement.compare("a", "b", {1: (left, left)})
    assert set(same.exact.values()) | set(same.overlap.values()) == {1.0}
