"""What the Review page says of training is what training sees: the tokens that were brought in."""

from __future__ import annotations

from pathlib import Path

from store_support import a_store, edit_of

from bioner.spans import Span, corpus_sentence, mention
from bioner.store import Store
from bioner.ui.review.survival import survives


def brought_in(store: Store, *words: str) -> int:
    sentence = corpus_sentence("CRAFT:7", words, spans=[Span(0, 1, "Gene")])
    store.import_documents("p", [sentence], as_layer="gold")
    return store.items_of("p", sentence.id)[0]


def test_mention_of_a_part_of_a_stored_token_is_said_to_be_widened(tmp_path: Path) -> None:
    """Cut anew, "+/-" would be three tokens and the mention of "+" whole."""
    store = a_store(tmp_path, documents=0)
    item = store.open_item(brought_in(store, "p53", "+/-", "mice"), "ann", claim=False)
    assert item.tokens == ((0, 3), (4, 7), (8, 12))
    store.save(edit_of(item, mention(4, 5, "Gene"), verdict="correct"))
    kept, nested, joined, snapped = survives(store.open_item(item.item, "ann", claim=False))
    assert (kept, nested, joined, snapped) == (1, 0, 0, 1)
    (seen,) = store.corrections("p", include_test=True)
    assert [(s.start, s.end) for s in seen.spans] == [(1, 2)]
