"""Scores equal seqeval's (and nervaluate's) to the last digit, in each corpus's own terms."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from bioner.bio import decode_strict, encode
from bioner.conventions import Conventions
from bioner.corpora.dataset import Dataset
from bioner.errors import CorpusError
from bioner.evaluation import scoring
from bioner.evaluation.comparison import (
    compare_reports,
    compare_types,
    fixed_and_broken,
    paired_bootstrap,
)
from bioner.evaluation.evaluate import evaluate_and_store
from bioner.evaluation.folding import fold_pair
from bioner.evaluation.keys import EvaluationKey
from bioner.evaluation.matching import MATCHINGS, match_all
from bioner.evaluation.mistakes import KINDS, find_mistakes
from bioner.evaluation.scores import Report, report_from_json
from bioner.evaluation.scoring import count_matches, score
from bioner.evaluation.strict import ScoresDisagreeError
from bioner.evaluation.surfaces import agreeing_corpora, read_lexicon, read_treatments
from bioner.labels import CorpusMapping, EntityType, LabelSchema, SourceRule, read_schema
from bioner.spans import Sentence, Span, corpus_sentence, with_spans
from bioner.tagging.calibration import reliability

QUICK = settings(max_examples=50, deadline=None)
SCHEMA = read_schema()
TYPES = ("Gene", "Disease", "Cell")
ANY = {"corpus": "any", "covers": frozenset(TYPES)}
TAGS = ("O", *(f"{prefix}-{name}" for name in TYPES for prefix in "BI"))


def tags_of(length: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(TAGS), min_size=length, max_size=length)


@st.composite
def tagged_pairs(draw) -> list[tuple[list[str], list[str]]]:
    lengths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=8))
    return [(draw(tags_of(n)), draw(tags_of(n))) for n in lengths]


def sentence(tags: list[str], corpus: str = "BioNLP13CG", number: int = 0) -> Sentence:
    words = [f"w{number}t{i}" for i in range(len(tags))]
    spans = [Span(s.start, s.end, s.label) for s in decode_strict(tags)]
    covers = SCHEMA.mapping_for(corpus).covers
    return corpus_sentence(
        f"{corpus}/{number}", words, spans=spans, covers=covers, corpus=corpus, split="test"
    )


def plain_schema() -> LabelSchema:
    """A schema whose corpora look for everything and fold nothing."""
    return LabelSchema(tuple(EntityType(n, n, "#123456") for n in TYPES), {}, "own")


def seqeval_report(pairs: list[tuple[list[str], list[str]]]) -> dict[str, dict[str, float]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return classification_report(
            [gold for gold, _ in pairs],
            [predicted for _, predicted in pairs],
            mode="strict",
            scheme=IOB2,
            output_dict=True,
            zero_division=0,
        )


@QUICK
@given(tagged_pairs())
@pytest.mark.slow
def test_score_equals_seqeval_strict_iob2_to_the_last_digit(pairs):
    gold = [replace(sentence(g, number=i), **ANY) for i, (g, _) in enumerate(pairs)]
    predicted = [replace(sentence(p, number=i), **ANY) for i, (_, p) in enumerate(pairs)]
    report = score(gold, predicted, plain_schema(), bootstrap=0)
    # seqeval's strict reading of broken tags is what the sentences hold, so both see one thing.
    expected = seqeval_report(pairs)
    for name, ours in report.by_type.items():
        assert ours.precision == expected[name]["precision"]
        assert ours.recall == expected[name]["recall"]
        assert ours.f1 == pytest.approx(expected[name]["f1-score"], abs=1e-15)
        assert ours.support == expected[name]["support"]
    assert set(report.by_type) == set(expected) - {"micro avg", "macro avg", "weighted avg"}
    micro = expected.get("micro avg", {"precision": 0, "recall": 0, "f1-score": 0, "support": 0})
    assert report.micro.precision == micro["precision"]
    assert report.micro.recall == micro["recall"]
    assert report.micro.f1 == pytest.approx(micro["f1-score"], abs=1e-15)


@QUICK
@given(tagged_pairs())
def test_conlleval_mode_gives_the_same_number_because_predictions_are_valid_iob2(pairs):
    valid = [tuple(encode(decode_strict(tags), len(tags)) for tags in pair) for pair in pairs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lenient = classification_report(
            [g for g, _ in valid], [p for _, p in valid], output_dict=True, zero_division=0
        )
    strict = seqeval_report(valid)
    assert set(lenient) == set(strict)
    for name in set(strict) - {"macro avg", "weighted avg"}:  # NaN where there is no mention
        assert lenient[name] == strict[name]


def test_seqeval_s_own_figures_are_the_ones_shown_and_stored():
    gold = [words("p53 binds aspirin", "any", {"p53": "Gene", "aspirin": "Cell"})]
    gold = [replace(one, **ANY) for one in gold]
    report = score(gold, Parrot({"p53": "Gene"}).tag(gold), plain_schema(), bootstrap=0)
    theirs = seqeval_report([(["B-Gene", "O", "B-Cell"], ["B-Gene", "O", "O"])])
    for name, ours in report.by_corpus["any"].by_type.items():
        assert ours.rates == tuple(theirs[name][k] for k in ("precision", "recall", "f1-score"))
    assert report.by_corpus["any"].micro.rates[2] == theirs["micro avg"]["f1-score"]
    stored = report.to_json()["by_corpus"]["any"]["micro"]["f1"]
    assert stored == theirs["micro avg"]["f1-score"]


def test_a_difference_from_seqeval_is_an_error_that_names_corpus_and_type(monkeypatch):
    gold = [replace(words("p53 binds", "any", {"p53": "Gene"}), **ANY)]

    def one_too_many(pairs):
        types, counts = count_matches(pairs)
        counts[0, 0, 1] += 1
        return types, counts

    monkeypatch.setattr(scoring, "count_matches", one_too_many)
    with pytest.raises(ScoresDisagreeError, match=r"any, (Gene|all types): seqeval says"):
        score(gold, gold, plain_schema(), bootstrap=0)


def test_strict_scores_differ_from_the_lenient_default_where_tags_are_broken():
    gold, broken = ["O", "B-Gene", "I-Gene", "O"], ["O", "I-Gene", "I-Gene", "O"]
    _, counts = count_matches([(sentence(gold), sentence(broken))])
    assert counts.sum(axis=(0, 1)).tolist() == [0, 0, 1]


@QUICK
@given(tagged_pairs())
def test_lenient_schemes_equal_nervaluate(pairs):
    plain = [(sentence(g, number=i), sentence(p, number=i)) for i, (g, p) in enumerate(pairs)]

    def entities(one: Sentence) -> list[dict[str, object]]:
        return [{"label": s.label, "start": s.start, "end": s.end - 1} for s in one.spans]

    theirs = Evaluator(
        [entities(g) for g, _ in plain],
        [entities(p) for _, p in plain],
        tags=list(TYPES),
        loader="dict",
    ).evaluate()["overall"]
    for scheme, ours in match_all(plain).items():
        expected = theirs[scheme]
        for name in ("correct", "incorrect", "partial", "missed", "spurious"):
            assert getattr(ours, name) == getattr(expected, name), (scheme, name)
        assert ours.f1 == pytest.approx(expected.f1, abs=1e-12)
        assert (ours.precision, ours.recall) == (expected.precision, expected.recall)


@QUICK
@given(tagged_pairs())
def test_strict_scheme_agrees_with_the_score_itself(pairs):
    plain = [(sentence(g, number=i), sentence(p, number=i)) for i, (g, p) in enumerate(pairs)]
    _, counts = count_matches(plain)
    correct, predicted, support = counts.sum(axis=(0, 1))
    strict = match_all(plain)["strict"]
    assert strict.correct == correct
    assert strict.correct + strict.incorrect + strict.spurious == predicted
    assert strict.correct + strict.incorrect + strict.missed == support


@QUICK
@given(tagged_pairs())
def test_each_unmatched_mention_is_in_exactly_one_mistake(pairs):
    for number, (g, p) in enumerate(pairs):
        gold, predicted = sentence(g, number=number), sentence(p, number=number)
        exact = set(gold.spans) & set(predicted.spans)
        mistakes = find_mistakes(gold, predicted, row=number)
        by_gold = [m.gold for m in mistakes if m.gold]
        by_predicted = [m.predicted for m in mistakes if m.predicted]
        assert sorted(map(repr, by_gold)) == sorted(repr(s) for s in gold.spans if s not in exact)
        assert sorted(map(repr, by_predicted)) == sorted(
            repr(s) for s in predicted.spans if s not in exact
        )
        for m in mistakes:
            assert (m.kind == "missed") == (m.predicted is None)
            assert (m.kind == "spurious") == (m.gold is None)
            assert m.kind in KINDS
            assert m.row == number


@pytest.mark.parametrize(
    ("gold", "predicted", "kind"),
    [
        ("B-Gene I-Gene O", "B-Cell I-Cell O", "wrong label"),
        ("B-Gene I-Gene O", "B-Gene O O", "wrong boundary"),
        ("B-Gene I-Gene O", "B-Cell O O", "wrong label and boundary"),
        ("B-Gene I-Gene O", "O O O", "missed"),
        ("O O O", "B-Gene I-Gene O", "spurious"),
    ],
)
def test_a_mistake_is_named_for_what_is_wrong(gold, predicted, kind):
    [found] = find_mistakes(sentence(gold.split()), sentence(predicted.split()))
    assert found.kind == kind


def test_a_gold_mention_is_paired_with_the_prediction_that_overlaps_it_most():
    gold = sentence(["B-Gene", "I-Gene", "I-Gene", "I-Gene"])
    predicted = sentence(["B-Cell", "B-Gene", "I-Gene", "I-Gene"])
    kinds = {m.kind: m for m in find_mistakes(gold, predicted)}
    assert kinds["wrong boundary"].predicted == Span(1, 4, "Gene")
    assert kinds["spurious"].predicted == Span(0, 1, "Cell")


def test_gold_and_prediction_are_folded_into_the_corpus_own_terms():
    gold = sentence(["B-Anatomy", "I-Anatomy", "O", "B-Anatomy"], "AnatEM")
    predicted = sentence(["B-Cell", "I-Cell", "O", "B-Cancer"], "AnatEM")
    report = score([gold], [predicted], SCHEMA, bootstrap=0)
    assert set(report.by_corpus["AnatEM"].by_type) == {"Anatomy"}
    assert report.micro.f1 == 1.0
    disease = sentence(["B-Disease"], "NCBI-disease")
    cancer = sentence(["B-Cancer"], "NCBI-disease")
    assert score([disease], [cancer], SCHEMA, bootstrap=0).micro.f1 == 1.0


def test_predictions_of_types_nobody_looked_for_are_set_aside_not_errors():
    gold = sentence(["B-Disease", "O", "O"], "NCBI-disease")
    predicted = sentence(["B-Disease", "B-Gene", "B-Cell"], "NCBI-disease")
    report = score([gold], [predicted], SCHEMA, bootstrap=0)
    assert report.micro.f1 == 1.0
    assert report.by_corpus["NCBI-disease"].set_aside == 2
    assert not report.mistakes


def test_over_firing_compares_text_where_a_type_is_looked_for_with_text_where_it_is_not():
    looked = sentence(["O", "O", "O", "O"], "BC2GM", 1)
    elsewhere = sentence(["O", "O"], "NCBI-disease", 2)
    predicted = [
        with_spans(looked, [Span(0, 1, "Gene")]),
        with_spans(elsewhere, [Span(0, 1, "Gene"), Span(1, 2, "Gene")]),
    ]
    fired = score([looked, elsewhere], predicted, SCHEMA, bootstrap=0).over_firing["Gene"]
    assert (fired.covered, fired.uncovered) == (250.0, 1000.0)
    assert fired.ratio == 4.0
    alone = score([looked], predicted[:1], SCHEMA, bootstrap=0).over_firing["Gene"]
    assert alone.uncovered_tokens == 0
    assert alone.ratio is None


def test_wrong_predictions_where_the_mapping_ignores_the_corpus_are_counted_apart():
    gold = replace(sentence(["O", "O", "O"], "CRAFT"), ignored=((0, 1),))
    predicted = with_spans(gold, [Span(0, 1, "Gene"), Span(2, 3, "Gene")])
    scores = score([gold], [predicted], SCHEMA, bootstrap=0).by_corpus["CRAFT"]
    assert scores.in_ignored == 1
    assert scores.micro.predicted == 2


def test_a_type_without_gold_mentions_scores_zero_and_does_not_enter_the_macro_mean():
    gold = sentence(["B-Gene", "O"])
    predicted = sentence(["B-Gene", "B-Cell"])
    report = score([gold], [predicted], SCHEMA, bootstrap=0)
    assert report.by_type["Cell"].support == 0
    assert report.by_type["Cell"].f1 == 0.0
    assert report.macro_f1 == 1.0


def test_scoring_refuses_lists_of_different_length():
    with pytest.raises(ValueError, match="1 gold sentences but 0 predicted"):
        score([sentence(["O"])], [], SCHEMA)


class Parrot:
    """A tagger that says the dictionary's label for each word it knows."""

    name = "parrot"
    backend = "dictionary"
    schema = SCHEMA
    conventions = Conventions()

    def __init__(self, words: dict[str, str], types: tuple[str, ...] = SCHEMA.names) -> None:
        self.words = words
        self.types = types

    def tag(self, sentences, *, progress=None):
        return [
            with_spans(
                s,
                [
                    Span(i, i + 1, self.words[t], status="predicted", score=0.75)
                    for i, t in enumerate(s.tokens)
                    if t in self.words
                ],
            )
            for s in sentences
        ]

    def tag_own(self, sentences, *, progress=None):
        return self.tag(sentences, progress=progress)


def dataset(**splits: list[Sentence]) -> Dataset:
    return Dataset(
        tuple(splits.get("train", ())),
        tuple(splits.get("devel", ())),
        tuple(splits.get("test", ())),
        SCHEMA,
        "fingerprint",
    )


def evaluate(tagger, data, *, corpora=(), trained_on=frozenset(), parts=()):
    key = EvaluationKey("m", "weights", data.fingerprint, "test", "", corpora=tuple(corpora))
    with tempfile.TemporaryDirectory() as folder:
        return evaluate_and_store(
            tagger, data, key, Path(folder), trained_on=trained_on, parts=parts
        ).report


def words(text: str, corpus: str, labels: dict[str, str], number: int = 0) -> Sentence:
    tokens = text.split()
    spans = [Span(i, i + 1, labels[t], labels[t]) for i, t in enumerate(tokens) if t in labels]
    covers = SCHEMA.mapping_for(corpus).covers
    return corpus_sentence(
        f"{corpus}/{number}", tokens, spans=spans, covers=covers, corpus=corpus, split="test"
    )


def test_sentences_the_model_was_trained_on_are_left_out_and_counted():
    known = words("p53 binds", "BC2GM", {"p53": "Gene"}, 1)
    fresh = words("MDM2 binds", "BC2GM", {"MDM2": "Gene"}, 2)
    data = dataset(test=[known, fresh])
    report = evaluate(Parrot({"p53": "Gene"}), data, trained_on=frozenset([known.fingerprint]))
    assert report.leaked == 1
    assert report.by_corpus["BC2GM"].sentences == 1
    assert report.micro.f1 == 0.0
    assert evaluate(Parrot({"p53": "Gene"}), data).leaked == 0


def test_a_corpus_that_is_not_there_is_refused_by_name():
    data = dataset(test=[words("p53 binds", "BC2GM", {"p53": "Gene"})])
    with pytest.raises(CorpusError, match=r"'CRAFT' has no test sentences.*BC2GM"):
        evaluate(Parrot({}), data, corpora=["CRAFT"])


def test_mentions_seen_and_unseen_in_training_are_scored_apart():
    train = [words("p53 binds", "BioNLP09", {"p53": "Protein"})]
    test = [words("P53 and MDM2", "BC2GM", {"P53": "Gene", "MDM2": "Gene"})]
    report = evaluate(Parrot({"P53": "Gene"}), dataset(train=train, test=test))
    assert report.seen.support == report.seen.correct == 1
    assert report.unseen.support == 1
    assert report.unseen.correct == 0
    assert evaluate(Parrot({}), dataset(test=test)).seen is None


def test_types_the_model_cannot_say_are_named():
    data = dataset(test=[words("p53 binds", "BC2GM", {"p53": "Gene"})])
    report = evaluate(Parrot({}, types=("Gene",)), data)
    assert "Disease" in report.unknown_types
    assert "Gene" not in report.unknown_types


def test_a_corpus_of_which_only_a_part_is_here_stays_out_of_the_mean():
    data = dataset(
        test=[
            words("p53 binds", "BC2GM", {"p53": "Gene"}, 1),
            words("aspirin helps", "BC4CHEMD", {"aspirin": "Chemical"}, 2),
        ]
    )
    report = evaluate(Parrot({"p53": "Gene"}), data, parts=["BC4CHEMD", "CRAFT"])
    assert report.parts == ("BC4CHEMD",)
    assert report.mean_f1 == 1.0
    assert report.mean_over == ("BC2GM",)


@QUICK
@given(tagged_pairs())
def test_a_report_survives_json(pairs):
    gold = [sentence(g, number=i) for i, (g, _) in enumerate(pairs)]
    predicted = [sentence(p, number=i) for i, (_, p) in enumerate(pairs)]
    report = score(gold, predicted, SCHEMA, bootstrap=20, model="m")
    again = report_from_json(report.to_json())
    assert again == report
    assert again.to_json() == report.to_json()


def test_a_report_of_an_earlier_version_is_still_read():
    gold = [sentence(["B-Gene", "O"])]
    raw = score(gold, gold, SCHEMA, bootstrap=0).to_json()
    for name in ("schemes", "calibration", "unknown_types", "parts"):
        del raw[name]
    for entry in raw["by_corpus"].values():
        del entry["seen"], entry["unseen"], entry["in_ignored"]
    assert report_from_json(raw).micro.f1 == 1.0


def test_json_has_the_keys_that_scripts_read():
    gold = [sentence(["B-Gene", "O"])]
    raw = score(gold, gold, SCHEMA, model="m").to_json()
    assert set(raw) >= {
        "model", "split", "overall", "by_corpus", "by_type", "over_firing", "leaked",
    }  # fmt: skip
    assert set(raw["overall"]["micro"]) >= {"precision", "recall", "f1", "support"}
    assert set(raw["by_corpus"]["BioNLP13CG"]) >= {"micro", "by_type"}


def random_counts(generator: np.random.Generator, n: int, rate: float) -> np.ndarray:
    support = generator.integers(0, 4, n)
    correct = generator.binomial(support, rate)
    return np.stack([correct, correct + generator.integers(0, 2, n), support], axis=1)


def test_bootstrap_interval_holds_the_score_and_narrows_with_more_sentences():
    few = [(sentence(["B-Gene", "O"], number=i), i % 3 > 0) for i in range(30)]

    def interval(copies: int) -> tuple[float, float, float]:
        gold = [s for s, _ in few] * copies
        predicted = [s if hit else with_spans(s, []) for s, hit in few] * copies
        micro = score(gold, predicted, SCHEMA).by_corpus["BioNLP13CG"].micro
        assert micro.low is not None
        assert micro.high is not None
        return micro.low, micro.f1, micro.high

    low, f1, high = interval(1)
    assert low < f1 < high
    assert interval(20)[2] - interval(20)[0] < high - low


def test_paired_bootstrap_sees_a_difference_that_unpaired_intervals_would_hide():
    generator = np.random.default_rng(1)
    a = random_counts(generator, 400, 0.7)
    b = a.copy()
    worse = np.flatnonzero(a[:, 0] > 0)[:12]
    b[worse, 0] -= 1
    difference = paired_bootstrap("x", a, b)
    assert difference.difference < 0
    assert difference.is_significant_fall
    assert not paired_bootstrap("x", a, a).is_significant_fall
    assert paired_bootstrap("x", b, a).is_significant_rise


@pytest.mark.slow
def test_ten_comparisons_together_seldom_find_a_fall_between_equal_models():
    generator = np.random.default_rng(3)
    alone = together = 0
    for _ in range(60):
        pairs = []
        for _ in range(10):
            a = random_counts(generator, 200, 0.7)
            other = a.copy()
            other[:, 0] = generator.binomial(a[:, 2], 0.7)
            other[:, 1] = other[:, 0] + generator.integers(0, 2, 200)
            b = np.where(generator.random((200, 1)) < 0.3, other, a)
            pairs.append((a, b))

        def falls(pairs: list[tuple[np.ndarray, np.ndarray]], comparisons: int) -> bool:
            tails = (2.5, 2.5 / comparisons)
            return any(
                paired_bootstrap("x", a, b, draws=400, tails=tails).is_significant_fall
                for a, b in pairs
            )

        alone += falls(pairs, 1)
        together += falls(pairs, 10)
    assert alone / 60 > 0.12, "each at 95%: about every fifth set of ten"
    assert together / 60 < 0.1, "all at 95%: about every fortieth"


def test_paired_bootstrap_refuses_different_sentences():
    with pytest.raises(ValueError, match="2 and 3 sentences"):
        paired_bootstrap("x", np.zeros((2, 3), dtype=int), np.zeros((3, 3), dtype=int))


def test_reports_are_compared_by_corpus_and_by_type():
    gold = [
        words("p53 helps HeLa", "BioNLP13CG", {"p53": "Gene", "HeLa": "Cell"}, i) for i in (1, 2)
    ]
    a = score(gold, Parrot({"p53": "Gene"}).tag(gold), SCHEMA, bootstrap=0)
    b = score(gold, Parrot({"HeLa": "Cell"}).tag(gold), SCHEMA, bootstrap=0)
    [corpus] = compare_reports(a, b)
    assert (corpus.name, corpus.difference) == ("BioNLP13CG", 0.0)
    types = {d.name: d.difference for d in compare_types(a, b)}
    assert types == {"Gene": -1.0, "Cell": 1.0}


def test_fixed_and_broken_are_what_only_one_of_the_two_gets_wrong():
    gold = [words("p53 helps HeLa", "BioNLP13CG", {"p53": "Gene", "HeLa": "Cell"})]
    a = score(gold, Parrot({"p53": "Gene", "helps": "Cell"}).tag(gold), SCHEMA, bootstrap=0)
    b = score(gold, Parrot({"HeLa": "Cell"}).tag(gold), SCHEMA, bootstrap=0)
    fixed, broken = fixed_and_broken(a.mistakes, b.mistakes)
    assert [(m.kind, m.surface) for m in fixed] == [("missed", "HeLa"), ("spurious", "helps")]
    assert [(m.kind, m.surface) for m in broken] == [("missed", "p53")]
    assert fixed_and_broken(a.mistakes, a.mistakes) == ([], [])


def test_a_mistake_another_corpus_would_not_call_one_is_a_matter_of_convention():
    train = [
        words("p53 acts", "BioNLP09", {"p53": "Protein"}, 1),
        words("p53 falls", "BioNLP09", {"p53": "Protein"}, 2),
        words("antibody binds", "BioNLP09", {}, 3),
        words("antibody sticks", "BioNLP09", {}, 4),
    ]
    test = [words("p53 antibody", "BC2GM", {"antibody": "Gene"})]
    report = evaluate(Parrot({"p53": "Gene"}), dataset(train=train, test=test))
    treatments = read_treatments(train, {m.surface for m in report.mistakes}, SCHEMA)
    assert treatments["p53"]["BioNLP09"].marked == {"Protein": 2}
    agreeing = {m.surface: agreeing_corpora(m, treatments, SCHEMA) for m in report.mistakes}
    assert agreeing == {"p53": ("BioNLP09",), "antibody": ("BioNLP09",)}
    alone = read_treatments(train[:1], ["p53"], SCHEMA)
    assert agreeing_corpora(report.mistakes[-1], alone, SCHEMA) == ()


def test_a_fused_sentence_speaks_for_the_corpora_whose_rules_give_the_label():
    fused = replace(
        words("HeLa grow", "AnatEM", {}),
        spans=(Span(0, 1, "Cell", "Cell"),),
        sources=("AnatEM", "BioNLP13CG"),
    )
    treatment = read_treatments([fused], ["hela"], SCHEMA)["hela"]
    assert treatment["BioNLP13CG"].marked == {"Cell": 1}
    assert treatment["AnatEM"].occurrences == 1
    assert not treatment["AnatEM"].marked, "the label is not one of AnatEM's own"


def test_lexicon_ignores_case_and_knows_a_surface_in_the_corpus_terms():
    lexicon = read_lexicon([words("HeLa grow", "BioNLP13CG", {"HeLa": "Cell"})])
    assert lexicon.knows("hela", "Anatomy", SCHEMA.mapping_for("AnatEM"))
    assert not lexicon.knows("hela", "Gene", SCHEMA.mapping_for("BC2GM"))


def test_reliability_bins_hold_every_prediction_once_and_measure_the_gap():
    found = reliability([(0.95, True), (0.95, True), (1.0, False), (0.05, False)])
    assert sum(one.count for one in found.bins) == 4
    top = found.bins[-1]
    assert (top.count, top.accuracy) == (3, pytest.approx(2 / 3))
    assert found.error == pytest.approx(3 / 4 * abs(2.9 / 3 - 2 / 3) + 1 / 4 * 0.05)
    assert reliability([]).error == 0.0


def test_scores_keep_calibration_of_what_was_scored_alone():
    gold = [words("p53 binds", "NCBI-disease", {}, 1), words("p53 binds", "BC2GM", {"p53": "Gene"})]
    report: Report = score(gold, Parrot({"p53": "Gene"}).tag(gold), SCHEMA, bootstrap=0)
    assert [(b.count, b.accuracy) for b in report.reliability.bins] == [(1, 1.0)]


def test_every_scheme_is_explained():
    assert list(MATCHINGS) == ["strict", "exact", "partial", "ent_type"]
    assert all(MATCHINGS.values())


def test_an_own_corpus_is_scored_by_its_own_mapping():
    own = CorpusMapping("lab", {"gene": SourceRule("Gene")}, frozenset({"Gene", "Protein"}),
                        fold={"Protein": "Gene"})  # fmt: skip
    schema = SCHEMA.with_corpus(own)
    gold = [corpus_sentence("lab/1", ["p53"], spans=[Span(0, 1, "Gene")], covers=own.covers,
                            corpus="lab")]  # fmt: skip
    report = score(gold, Parrot({"p53": "Protein"}).tag(gold), schema, bootstrap=0)
    assert report.micro.f1 == 1.0


def test_types_and_micro_have_intervals_over_all_corpora():
    gold = [
        words("p53 binds", c, {"p53": "Gene"}, i) for i in range(20) for c in ("BC2GM", "CRAFT")
    ]
    half = [g if i % 2 else with_spans(g, []) for i, g in enumerate(gold)]
    report = score(gold, half, SCHEMA)
    for one in (report.by_type["Gene"], report.micro):
        assert one.low is not None
        assert one.high is not None
        assert one.low <= one.f1 <= one.high
    assert report_from_json(report.to_json()).micro == report.micro


@pytest.mark.corpora
@pytest.mark.slow
def test_score_equals_seqeval_on_every_real_corpus(shared):
    from bioner.corpora.mapping import apply_mapping
    from bioner.corpora.read import read_corpora

    generator = np.random.default_rng(7)
    for corpus in read_corpora(shared / "corpora"):
        mapping = SCHEMA.mapping_for(corpus.id)
        gold = [apply_mapping(s, mapping) for s in corpus.splits["devel"]][:700]
        predicted = [with_spans(s, disturbed(s, generator)) for s in gold]
        report = score(gold, predicted, SCHEMA, bootstrap=0)
        folded = [fold_pair(g, p, mapping) for g, p in zip(gold, predicted, strict=True)]
        expected = seqeval_report(
            [
                (
                    encode(f.gold.spans, len(f.gold.tokens)),
                    encode(f.predicted.spans, len(f.gold.tokens)),
                )
                for f in folded
            ]
        )
        for name, ours in report.by_corpus[corpus.id].by_type.items():
            assert ours.precision == expected[name]["precision"]
            assert ours.recall == expected[name]["recall"]
            assert ours.f1 == pytest.approx(expected[name]["f1-score"], abs=1e-15)
        assert report.micro.f1 == pytest.approx(expected["micro avg"]["f1-score"], abs=1e-15)


def disturbed(one: Sentence, generator: np.random.Generator) -> list[Span]:
    """Keep, relabel, shorten or drop each gold span."""
    spans = []
    for span in one.spans:
        what = generator.random()
        if what < 0.6:
            spans.append(span)
        elif what < 0.75:
            spans.append(replace(span, label=str(generator.choice(SCHEMA.names))))
        elif what < 0.9 and span.end - span.start > 1:
            spans.append(replace(span, end=span.end - 1))
    return spans
