"""Mistakes counted by gold type and by what the model says; which of them a filter chooses."""

from __future__ import annotations

from bioner.evaluation.confusion import Confusions, MistakeFilter, count_confusions
from bioner.evaluation.mistakes import Mistake
from bioner.evaluation.scores import CorpusScores, Report, Score
from bioner.spans import Span

GENE, CELL = Span(0, 1, "Gene"), Span(0, 1, "Cell")
MISTAKES = [
    Mistake("wrong label", "A", "s1", GENE, CELL, "p53", "p53"),
    Mistake("wrong boundary", "A", "s2", GENE, Span(0, 2, "Gene"), "p53", "p53 gene", 1, ("B",)),
    Mistake("missed", "B", "s3", CELL, None, "HeLa"),
    Mistake("spurious", "B", "s4", None, GENE, "and", "and"),
]
BY_TYPE = {"Gene": Score(3, 5, 5), "Cell": Score(1, 2, 2)}
SCORES = CorpusScores(Score(2, 3, 3), {"Gene": Score(2, 3, 3)}, 1, 0)
REPORT = Report("m", "test", {"A": SCORES, "B": SCORES}, BY_TYPE, {})


def test_each_mistake_is_in_one_cell_and_exact_matches_stand_apart():
    wrong, right = count_confusions(REPORT, MISTAKES, "", ("Cell", "Gene"))
    assert wrong == [
        Confusions("Cell", "missed", 1),
        Confusions("Gene", "Cell", 1),
        Confusions("Gene", "wrong boundary", 1),
        Confusions("spurious", "Gene", 1),
    ]
    assert right == [Confusions("Cell", "Cell", 1), Confusions("Gene", "Gene", 3)]


def test_one_corpus_counts_its_own_mistakes_alone():
    wrong, right = count_confusions(REPORT, MISTAKES, "A", ("Gene",))
    assert sum(one.count for one in wrong) == 1, "Cell is no type of this corpus"
    assert right == [Confusions("Gene", "Gene", 2)]


def test_a_filter_chooses_by_cell_text_and_convention():
    def chosen(**fields: str) -> list[str]:
        return [m.sentence for m in MISTAKES if MistakeFilter(**fields).lets_through(m)]

    assert chosen() == ["s1", "s2", "s3", "s4"]
    assert chosen(gold="Gene", predicted="wrong boundary") == ["s2"]
    assert chosen(gold="spurious") == ["s4"]
    assert chosen(predicted="missed") == ["s3"]
    assert chosen(text="HELA") == ["s3"]
    assert chosen(convention="yes") == ["s2"]
    assert chosen(convention="no", corpus="B") == ["s3", "s4"]
