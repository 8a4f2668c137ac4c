"""How far reviewers agree: against published tables, sklearn, and what each looked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.metrics.agreement import AnnotationTask
from sklearn.metrics import cohen_kappa_score
from store_support import a_document, a_project, edit_of

from bioner.errors import StoreError
from bioner.review.agreement import (
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    labels_of,
    measure,
)
from bioner.spans import mention
from bioner.store import Store

LABELS = [frozenset(one) for one in ((), ("Gene",), ("Disease",), ("Gene", "Disease"))]


Label = frozenset[str]


def units(table: list[tuple[int, ...]]) -> Counter[tuple[Label, ...]]:
    """Units of which so many raters chose each label."""
    return counted(
        [frozenset({str(label)}) for label, n in enumerate(row) for _ in range(n)] for row in table
    )


def counted(units: Iterable[Iterable[Label]]) -> Counter[tuple[Label, ...]]:
    return Counter(map(tuple, units))


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1))
@settings(max_examples=100, deadline=None)
def test_cohens_kappa_is_that_of_scikit_learn(pairs: list[tuple[frozenset[str], ...]]) -> None:
    found = cohen_kappa(counted(pairs))
    if found is None:
        assert len({label for pair in pairs for label in pair}) == 1
        return
    sides = [[LABELS.index(pair[side]) for pair in pairs] for side in (0, 1)]
    assert found == pytest.approx(cohen_kappa_score(*sides))


def test_fleiss_kappa_is_that_of_the_table_of_14_raters() -> None:
    table = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    assert fleiss_kappa(units(table)) == pytest.approx(0.210, abs=5e-4)


def test_alpha_is_that_of_krippendorffs_own_table_with_missing_values() -> None:
    # Krippendorff 2011, "Computing Krippendorff's alpha-reliability", C: nominal data, 4 observers.
    observers = (
        (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
        (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
        (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
        (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
    )
    columns = [
        [frozenset({str(value)}) for value in column if value is not None]
        for column in zip(*observers, strict=True)
    ]
    assert krippendorff_alpha(counted(one for one in columns if len(one) > 1)) == pytest.approx(
        0.743, abs=5e-4
    )


@given(st.lists(st.lists(st.sampled_from(LABELS), min_size=2, max_size=4), min_size=1))
@settings(max_examples=50, deadline=None)
def test_alpha_is_that_of_nltk(words: list[list[Label]]) -> None:
    triples = [
        (str(rater), number, label)
        for number, unit in enumerate(words)
        for rater, label in enumerate(unit)
    ]
    found = krippendorff_alpha(counted(words))
    if found is None:
        assert len({label for *_, label in triples}) == 1
        return
    assert found == pytest.approx(AnnotationTask(triples).alpha())


@given(st.lists(st.tuples(*[st.sampled_from(LABELS)] * 2), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_alpha_and_fleiss_differ_only_by_the_size_of_the_sample(
    pairs: list[tuple[frozenset[str], ...]],
) -> None:
    alpha, kappa = krippendorff_alpha(counted(pairs)), fleiss_kappa(counted(pairs))
    assert (alpha is None) == (kappa is None)
    if alpha is not None and kappa is not None:
        assert alpha == pytest.approx(1 - (1 - kappa) * (1 - 1 / (2 * len(pairs))))


def test_a_word_has_all_types_whose_marks_it_shares_a_character_with() -> None:
    tokens = ((0, 5), (6, 13), (14, 15))
    marks = [mention(0, 13, "Gene"), mention(8, 10, "Disease")]
    assert labels_of(tokens, marks) == [{"Gene"}, {"Gene", "Disease"}, frozenset()]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three reviewers: ann and bob have three sentences, cy the last two of them."""
    made = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path / "backups")
    made.create_project(a_project("both", independent=True))
    made.import_documents("both", [a_document(n, 1) for n in range(3)], model="m")
    spans = {
        "ann": [(0, 5, "Gene"), (0, 5, "Gene"), (0, 5, "Gene")],
        "bob": [(0, 5, "Gene"), (0, 13, "Gene"), (0, 5, "Disease")],
        "cy": [None, (0, 5, "Gene"), (0, 5, "Gene")],
    }
    for name, marks in spans.items():
        for document, span in enumerate(marks):
            if span is not None:
                [item] = made.items_of("both", f"d{document}")
                review = made.open_item(item, name)
                made.save(edit_of(review, mention(*span), reviewer=name))
    return made


def test_the_team_is_measured_over_what_two_of_it_have(store: Store) -> None:
    found = measure(store, "both")
    assert (found.reviewers, found.sentences) == (("ann", "bob", "cy"), 3)
    assert [(p.f1.a, p.f1.b, p.f1.items) for p in found.pairs] == [
        ("ann", "bob", 3), ("ann", "cy", 2), ("bob", "cy", 2),
    ]  # fmt: skip
    assert [p.f1.exact["all"] for p in found.pairs] == [pytest.approx(1 / 3), 1.0, 0.0]
    assert found.f1.exact["all"] == pytest.approx(3 / 7)
    assert found.pairs[1].kappa["all"] == 1.0
    assert found.types == ("Disease", "Gene")
    assert len(found.disagreements) == 2
    assert measure(store, "both", ["cy", "ann"]).disagreements == ()


def test_only_types_that_both_looked_for_are_counted(store: Store) -> None:
    [item] = store.items_of("both", "d2")
    review = store.open_item(item, "ann")
    edit = edit_of(review, *review.mentions, reviewer="ann")
    store.save(edit.__class__(**{**vars(edit), "covers": frozenset({"Disease"})}))
    pair = measure(store, "both", ["ann", "bob"]).pairs[0]
    assert pair.f1.set_aside == 1
    assert set(pair.f1.exact) == {"Gene", "Disease", "all"}
    assert pair.kappa["Disease"] is not None
    assert pair.kappa["Disease"] < 1


def test_who_has_reviewed_nothing_is_not_compared(store: Store) -> None:
    with pytest.raises(StoreError, match=r"'dee' has not accepted .* ann, bob, cy"):
        measure(store, "both", ["ann", "dee"])
    with pytest.raises(StoreError, match="it takes two"):
        measure(store, "both", ["ann"])
