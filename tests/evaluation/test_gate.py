"""The gate refuses a worse model with the reason, accepts a better one, says what it cannot see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support import DictionaryTagger

from bioner.corpora.dataset import Dataset
from bioner.errors import CorpusError, ModelError
from bioner.evaluation import gate
from bioner.evaluation.comparison import compare_reports, fixed_and_broken, pair
from bioner.evaluation.evaluate import evaluate_and_store
from bioner.evaluation.gate import Decision, apply, corrected_patterns, decide, record, recorded
from bioner.evaluation.keys import EvaluationKey
from bioner.evaluation.reports import OWN_TEST, Evaluation
from bioner.labels import read_schema
from bioner.models import catalogue
from bioner.settings import Settings, read_settings
from bioner.spans import Sentence, Span, corpus_sentence

SCHEMA = read_schema()
GENES = [f"gen{i}" for i in range(60)]


def sentence(corpus: str, number: int, text: str, labels: dict[str, str]) -> Sentence:
    tokens = text.split()
    spans = [Span(i, i + 1, labels[t]) for i, t in enumerate(tokens) if t in labels]
    covers = SCHEMA.mapping_for(corpus).covers
    return corpus_sentence(
        f"{corpus}/{number}", tokens, spans=spans, covers=covers, corpus=corpus, split="test"
    )


def make_dataset(own: int = 0) -> Dataset:
    genes = [sentence("BC2GM", i, f"{g} binds now", {g: "Gene"}) for i, g in enumerate(GENES)]
    ills = [
        sentence("NCBI-disease", i, f"flu and {g} cause", {"flu": "Disease"})
        for i, g in enumerate(GENES)
    ]
    mine = [sentence(OWN_TEST, i, f"{g} acts", {g: "Gene"}) for i, g in enumerate(GENES[:own])]
    return Dataset((), (), (*genes, *ills, *mine), SCHEMA, "data")


DATA = make_dataset()
GOOD = {**dict.fromkeys(GENES, "Gene"), "flu": "Disease"}
WORSE = {**dict.fromkeys(GENES[:30], "Gene"), "flu": "Disease"}


def stored(
    folder: Path,
    name: str,
    words: dict[str, str],
    data: Dataset = DATA,
    trained_on: frozenset[str] = frozenset({"0" * 16}),
    own_test: str = "",
) -> Evaluation:
    key = EvaluationKey(name, name, data.fingerprint, "test", SCHEMA.fingerprint, own_test=own_test)
    tagger = DictionaryTagger(data, words)
    return evaluate_and_store(tagger, data, key, folder, trained_on=trained_on)


def test_a_worse_model_is_refused_with_the_corpus_and_the_numbers(tmp_path: Path) -> None:
    decision = decide(stored(tmp_path, "new", WORSE), stored(tmp_path, "old", GOOD))
    assert not decision.is_accepted
    [reason] = decision.reasons
    assert reason.startswith("BC2GM: F1 100.0 → 66.7")
    assert "significant fall" in decision.summary


def test_a_better_model_is_accepted_and_what_was_not_checked_is_said(tmp_path: Path) -> None:
    decision = decide(stored(tmp_path, "new", GOOD), stored(tmp_path, "old", WORSE))
    assert decision.is_accepted
    assert decision.reasons == ()
    assert any("My test" in text for text in decision.unchecked)
    assert "Not checked" in decision.summary


def test_a_model_that_fires_where_nobody_looked_is_refused(tmp_path: Path) -> None:
    noisy = {**GOOD, "and": "Complex", "cause": "Complex"}
    decision = decide(stored(tmp_path, "new", noisy), stored(tmp_path, "old", GOOD))
    assert not decision.is_accepted
    assert "Complex fires more where nobody looked" in decision.reasons[0]
    assert "0.0 →" in decision.reasons[0]


def test_the_page_keeps_a_decision_until_a_report_or_the_patterns_are_others(
    tmp_path: Path,
) -> None:
    from bioner.ui import cache

    new, old = stored(tmp_path, "new", WORSE), stored(tmp_path, "old", GOOD)

    def ask(*patterns: gate.Pattern) -> Decision:
        return cache.decision(new, old, own=None, patterns=patterns)

    first = ask()
    assert ask() is first
    assert cache.comparison(old, new) is cache.comparison(old, new)
    assert cache.comparison(old, new).by_corpus == compare_reports(old.report, new.report)
    assert cache.comparison(new, old).by_corpus != compare_reports(old.report, new.report)
    [told] = [check for check in ask(("gen1", "Gene")).checks if check not in first.checks]
    assert (told.name, told.is_passed) == ("corrected patterns", None)
    assert "my test was not scored" in told.text
    assert new.sentences([]) == []
    new = stored(tmp_path, "new", GOOD)
    assert (first.is_accepted, ask().is_accepted) == (False, True)
    assert cache.comparison(old, new).by_corpus == compare_reports(old.report, new.report)


def test_a_fall_on_my_test_refuses_too(tmp_path: Path) -> None:
    data = make_dataset(own=60)
    half = dict.fromkeys(GENES[:55], "Gene") | {"flu": "Disease"}
    new = stored(tmp_path, "new", half, data, own_test="x")
    decision = decide(new, stored(tmp_path, "old", GOOD, data, own_test="x"))
    assert {reason.partition(":")[0] for reason in decision.reasons} >= {OWN_TEST}


def test_my_test_may_be_scored_apart_from_the_corpora(tmp_path: Path) -> None:
    whole = make_dataset(own=60)
    mine = replace(whole, test=tuple(s for s in whole.test if s.corpus == OWN_TEST), fingerprint="")
    half = dict.fromkeys(GENES[:50], "Gene") | {"flu": "Disease"}
    new, old = stored(tmp_path, "new", GOOD), stored(tmp_path, "old", GOOD)
    own = (
        stored(tmp_path, "new", half, mine, own_test="x"),
        stored(tmp_path, "old", GOOD, mine, own_test="x"),
    )
    decision = decide(new, old, own=own, patterns={("gen59", "Gene")})
    assert [reason.partition(":")[0] for reason in decision.reasons] == [
        OWN_TEST,
        "Corrected patterns in my test",
    ]
    assert not any("My test" in text for text in decision.unchecked)


def test_a_corpus_with_few_mentions_is_not_called_checked(tmp_path: Path) -> None:
    data = make_dataset(own=4)
    a = stored(tmp_path, "a", GOOD, data, own_test="x")
    b = stored(tmp_path, "b", GOOD, data, own_test="x")
    assert any("only 4 gold mentions" in text for text in decide(a, b).unchecked)


def test_without_corpora_the_gate_says_that_forgetting_is_not_known(tmp_path: Path) -> None:
    own = make_dataset(own=50)
    data = replace(own, test=tuple(s for s in own.test if s.corpus == OWN_TEST), fingerprint="")
    a = stored(tmp_path, "a", GOOD, data, own_test="x")
    b = stored(tmp_path, "b", GOOD, data, own_test="x")
    decision = decide(a, b)
    assert decision.is_accepted
    assert any("forgotten is not known" in text for text in decision.unchecked)


def test_nothing_checked_is_not_accepted() -> None:
    decision = Decision("new", "old", (gate.Check("x", None, "Not looked."),))
    assert not decision.is_accepted
    assert decision.reasons == ("Nothing could be checked.",)


def test_corrected_patterns_must_be_found_again_on_held_out_text(tmp_path: Path) -> None:
    data = make_dataset(own=40)
    patterns = corrected_patterns([data.test[-1]])
    assert patterns == {("gen39", "Gene")}
    without = {word: label for word, label in GOOD.items() if word != "gen39"}
    new = stored(tmp_path, "new", without, data, own_test="x")
    old = stored(tmp_path, "old", GOOD, data, own_test="x")
    refused = decide(new, old, patterns=patterns)
    assert "0 of 1 found (before 1)" in " ".join(refused.reasons)
    assert "1 of 1 found (before 0)" in decide(old, new, patterns=patterns).checks[-1].text
    none = decide(new, old, patterns={("nowhere", "Gene")})
    assert any("none of them occurs" in text for text in none.unchecked)


def test_reports_of_different_data_are_not_compared(tmp_path: Path) -> None:
    other = replace(make_dataset(), fingerprint="other")
    with pytest.raises(CorpusError, match="different sentences"):
        decide(stored(tmp_path, "a", GOOD), stored(tmp_path, "b", GOOD, other))


def test_models_that_leak_different_sentences_are_paired_on_those_both_were_scored_on(
    tmp_path: Path,
) -> None:
    first, last = DATA.test[0].fingerprint, DATA.test[-1].fingerprint
    a = stored(tmp_path, "a", GOOD, trained_on=frozenset({first}))
    b = stored(tmp_path, "b", WORSE, trained_on=frozenset({last}))
    paired = pair(a, b)
    assert paired.left_out == 2
    assert {c: len(n) for c, n in paired.a.counts.items()} == {"BC2GM": 59, "NCBI-disease": 59}
    genes = next(d for d in compare_reports(paired.a, paired.b) if d.name == "BC2GM")
    assert genes.a == 1.0
    assert genes.b == pytest.approx(2 * 29 / (29 + 59))
    fixed, broken = fixed_and_broken(paired.a.mistakes, paired.b.mistakes)
    assert fixed == []
    assert [m.surface for m in broken] == GENES[30:]


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(catalogue, "_check_promotable", lambda *_: None)
    return read_settings()


def test_promotion_refusal_and_roll_back_are_on_record(settings: Settings, tmp_path: Path) -> None:
    good, bad = stored(tmp_path, "good", GOOD), stored(tmp_path, "bad", WORSE)
    with pytest.raises(ModelError, match="refuses bad: BC2GM"):
        apply(settings, decide(bad, good), by="Ada")
    assert catalogue.active_model(settings) == catalogue.DEFAULT_MODEL
    apply(settings, decide(good, bad), reason="Better on genes.", by="Ada")
    assert catalogue.active_model(settings) == "good"
    assert catalogue.history(settings)[-1].reason.startswith("Better on genes. the gate accepts")
    catalogue.rollback(settings, "second thoughts")
    assert [(r.decision.candidate, r.decision.is_accepted, r.by) for r in recorded(settings)] == [
        ("bad", False, "Ada"),
        ("good", True, "Ada"),
    ]


def test_a_damaged_line_of_the_record_does_not_hide_the_others(settings: Settings) -> None:
    decision = Decision("new", "old", (gate.Check("x", True, "Fine."),))
    record(settings, decision)
    path = settings.home / gate.RECORD
    path.write_text(path.read_text(encoding="utf-8") + "{cut", encoding="utf-8")
    assert [r.decision for r in recorded(settings)] == [decision]
