"""The gate: passed, fell or cannot tell, question by question; only what passed all goes on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import DictionaryTagger

from bioner.corpora.dataset import Dataset
from bioner.errors import CorpusError
from bioner.evaluation.comparison import compare_reports, fixed_and_broken, pair, paired_bootstrap
from bioner.evaluation.evaluate import evaluate_and_store
from bioner.evaluation.gate import Evidence, corrected_patterns, decide
from bioner.evaluation.keys import EvaluationKey
from bioner.evaluation.questions import MARGIN, OWN_MARGIN, Pattern, difference, few, judge_f1
from bioner.evaluation.reports import OWN_TEST, Evaluation
from bioner.evaluation.verdicts import (
    Answer,
    Decision,
    Verdict,
    answer_from_json,
    decision_from_json,
    more_sentences,
)
from bioner.labels import read_schema
from bioner.spans import Sentence, Span, corpus_sentence

SCHEMA = read_schema()
GENES = [f"gen{i}" for i in range(320)]


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
WORSE = {**dict.fromkeys(GENES[:200], "Gene"), "flu": "Disease"}


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


def decision(
    new: Evaluation,
    old: Evaluation,
    *,
    own: tuple[Evaluation, Evaluation] | None = None,
    patterns: Collection[Pattern] = (),
    has_own_test: bool = False,
) -> Decision:
    evidence = Evidence(
        candidate=new.key.model,
        active=old.key.model,
        corpora=(new, old) if new.key.data else None,
        own=own if new.key.data else (new, old),
        has_own_test=has_own_test or own is not None,
    )
    return decide(evidence, patterns=patterns)


def verdicts(decision: Decision) -> dict[str, Verdict]:
    return {one.name: one.verdict for one in decision.answers}


def test_a_worse_model_is_refused_with_the_corpus_and_the_numbers(tmp_path: Path) -> None:
    refused = decision(stored(tmp_path, "new", WORSE), stored(tmp_path, "old", GOOD))
    assert not refused.is_accepted
    assert verdicts(refused)["BC2GM"] is Verdict.FELL
    assert verdicts(refused)["NCBI-disease"] is Verdict.PASSED
    [reason] = refused.reasons
    assert reason.startswith("BC2GM: F1 100.0 → 76.9")
    assert "significant fall" in refused.summary


def test_a_better_model_is_accepted_and_what_was_not_asked_is_said(tmp_path: Path) -> None:
    accepted = decision(stored(tmp_path, "new", GOOD), stored(tmp_path, "old", WORSE))
    assert accepted.is_accepted
    assert accepted.reasons == ()
    assert any("My test: no reviewed test sentences yet" in text for text in accepted.notes)


def test_a_fall_that_cannot_be_ruled_out_blocks_and_what_would_settle_it_is_said(
    tmp_path: Path,
) -> None:
    slightly = {**dict.fromkeys(GENES[:-5], "Gene"), "flu": "Disease"}
    before = {word: label for word, label in GOOD.items() if word not in GENES[:2]}
    unsure = decision(stored(tmp_path, "new", slightly), stored(tmp_path, "old", before))
    genes = next(one for one in unsure.answers if one.name == "BC2GM")
    assert genes.verdict is Verdict.CANNOT_TELL
    assert "a fall by 1 point or more cannot be ruled out" in genes.text
    assert not unsure.is_accepted
    assert unsure.settles == ("more BC2GM test sentences.",)
    assert "more BC2GM test sentences" in unsure.summary


def test_what_several_corpora_lack_is_said_in_one_line() -> None:
    unsure = [
        Answer(name, Verdict.CANNOT_TELL, f"{name}: too few", more_sentences(name))
        for name in ("BC2GM", "CRAFT", "AnatEM")
    ]
    other = Answer("my test", Verdict.CANNOT_TELL, "My test: too few", "more text of your own.")
    told = Decision("new", "old", (unsure[0], other, *unsure[1:])).settles
    assert told == ("more test sentences of BC2GM, CRAFT and AnatEM.", "more text of your own.")
    assert len(Decision("new", "old", (other, *unsure[:2])).settles) == 3


def test_the_fall_from_67_to_64_on_a_small_test_of_ones_own_is_not_passed() -> None:
    rng = np.random.default_rng(5)
    gold = np.ones(240, dtype=np.int64)
    found = rng.random(240) < 0.67
    lost = found & (rng.random(240) < 0.05)

    def counts(right: np.ndarray) -> np.ndarray:
        return np.stack([right.astype(np.int64), gold, gold], axis=1)

    one = difference(OWN_TEST, counts(found), counts(found & ~lost), 1)
    assert -0.05 < one.difference < -0.02
    assert judge_f1(one, OWN_MARGIN).verdict is not Verdict.PASSED


def test_a_model_that_fires_where_nobody_looked_is_refused(tmp_path: Path) -> None:
    noisy = {**GOOD, "and": "Complex", "cause": "Complex"}
    refused = decision(stored(tmp_path, "new", noisy), stored(tmp_path, "old", GOOD))
    assert not refused.is_accepted
    assert verdicts(refused)["over-firing of Complex"] is Verdict.FELL
    [reason] = refused.reasons
    assert "Complex fires more where nobody looked" in reason
    assert "0.0 →" in reason


def test_the_page_keeps_a_decision_until_the_evidence_or_the_patterns_are_others(
    tmp_path: Path,
) -> None:
    from bioner.ui import cache

    new, old = stored(tmp_path, "new", WORSE), stored(tmp_path, "old", GOOD)

    def ask(*patterns: Pattern, has_own_test: bool = False) -> Decision:
        evidence = Evidence(
            candidate="new", active="old", corpora=(new, old), has_own_test=has_own_test
        )
        return cache.decision(evidence, patterns)

    first = ask()
    assert ask() is first
    assert cache.comparison(old, new) is cache.comparison(old, new)
    assert cache.comparison(old, new).by_corpus == compare_reports(old.report, new.report)
    assert cache.comparison(new, old).by_corpus != compare_reports(old.report, new.report)
    told = [one for one in ask(has_own_test=True).answers if one not in first.answers]
    assert [(one.name, one.verdict) for one in told] == [(OWN_TEST, Verdict.CANNOT_TELL)]
    assert new.sentences([]) == []
    new = stored(tmp_path, "new", GOOD)
    assert (first.is_accepted, ask().is_accepted) == (False, True)
    assert cache.comparison(old, new).by_corpus == compare_reports(old.report, new.report)


def test_a_fall_on_my_test_refuses_too(tmp_path: Path) -> None:
    data = make_dataset(own=320)
    less = dict.fromkeys(GENES[:290], "Gene") | {"flu": "Disease"}
    new = stored(tmp_path, "new", less, data, own_test="x")
    refused = decision(new, stored(tmp_path, "old", GOOD, data, own_test="x"))
    assert verdicts(refused)[OWN_TEST] is Verdict.FELL


def test_my_test_may_be_scored_apart_from_the_corpora(tmp_path: Path) -> None:
    whole = make_dataset(own=320)
    mine = replace(whole, test=tuple(s for s in whole.test if s.corpus == OWN_TEST), fingerprint="")
    less = dict.fromkeys(GENES[:250], "Gene") | {"flu": "Disease"}
    new, old = stored(tmp_path, "new", GOOD), stored(tmp_path, "old", GOOD)
    own = (
        stored(tmp_path, "new", less, mine, own_test="x"),
        stored(tmp_path, "old", GOOD, mine, own_test="x"),
    )
    refused = decision(new, old, own=own, patterns={(gene, "Gene") for gene in GENES[250:]})
    assert [one.name for one in refused.blocking] == [OWN_TEST, "corrected patterns"]
    assert {one.verdict for one in refused.blocking} == {Verdict.FELL}
    assert refused.notes == ()


def test_with_few_mentions_even_equal_outputs_cannot_be_told_apart(tmp_path: Path) -> None:
    assert (few(MARGIN), few(OWN_MARGIN)) == (300, 100)
    data = make_dataset(own=99)
    a = stored(tmp_path, "a", GOOD, data, own_test="x")
    b = stored(tmp_path, "b", GOOD, data, own_test="x")
    unsure = decision(a, b)
    assert verdicts(unsure)[OWN_TEST] is Verdict.CANNOT_TELL
    assert any("only 99 gold mentions" in text for text in unsure.unchecked)


def test_my_test_alone_does_not_let_a_model_pass(tmp_path: Path) -> None:
    own = make_dataset(own=320)
    data = replace(own, test=tuple(s for s in own.test if s.corpus == OWN_TEST), fingerprint="")
    a = stored(tmp_path, "a", GOOD, data, own_test="x")
    b = stored(tmp_path, "b", GOOD, data, own_test="x")
    held = decision(a, b, has_own_test=True)
    assert verdicts(held)[OWN_TEST] is Verdict.PASSED
    assert verdicts(held)["corpora"] is Verdict.CANNOT_TELL
    assert not held.is_accepted
    assert any("forgotten is not known" in text for text in held.unchecked)


def test_nothing_checked_is_not_accepted() -> None:
    held = decide(Evidence(candidate="new", active="old"))
    assert not held.is_accepted
    assert not Decision("new", "old", ()).is_accepted
    assert Decision("new", "old", ()).reasons == ("Nothing could be checked.",)


def test_a_candidate_that_does_not_say_what_it_was_trained_on_is_not_called_checked(
    tmp_path: Path,
) -> None:
    new = stored(tmp_path, "new", GOOD, trained_on=frozenset())
    held = decision(new, stored(tmp_path, "old", GOOD))
    assert verdicts(held)["what new was trained on"] is Verdict.CANNOT_TELL


def test_corrected_patterns_must_be_found_again_on_held_out_text(tmp_path: Path) -> None:
    data = make_dataset(own=320)
    patterns = corrected_patterns(data.test[-6:])
    assert ("gen319", "Gene") in patterns
    without = {word: label for word, label in GOOD.items() if word not in GENES[-6:]}
    new = stored(tmp_path, "new", without, data, own_test="x")
    old = stored(tmp_path, "old", GOOD, data, own_test="x")
    fell = next(a for a in decision(new, old, patterns=patterns).answers if "pattern" in a.name)
    assert (fell.verdict, "0 of 6 found (before 6)" in fell.text) == (Verdict.FELL, True)
    rose = next(a for a in decision(old, new, patterns=patterns).answers if "pattern" in a.name)
    assert (rose.verdict, "6 of 6 found (before 0)" in rose.text) == (Verdict.PASSED, True)
    one = decision(new, old, patterns=corrected_patterns(data.test[-1:]))
    assert verdicts(one)["corrected patterns"] is Verdict.CANNOT_TELL
    nowhere = decision(old, old, patterns={("nowhere", "Gene")})
    assert "corrected patterns" not in verdicts(nowhere)


def test_evaluations_of_different_data_are_not_compared(tmp_path: Path) -> None:
    other = replace(make_dataset(), fingerprint="other")
    with pytest.raises(CorpusError, match="different sentences"):
        decision(stored(tmp_path, "a", GOOD), stored(tmp_path, "b", GOOD, other))


def test_models_that_leak_different_sentences_are_paired_on_those_both_were_scored_on(
    tmp_path: Path,
) -> None:
    first, last = DATA.test[0].fingerprint, DATA.test[-1].fingerprint
    a = stored(tmp_path, "a", GOOD, trained_on=frozenset({first}))
    b = stored(tmp_path, "b", WORSE, trained_on=frozenset({last}))
    paired = pair(a, b)
    assert paired.left_out == 2
    assert {c: len(n) for c, n in paired.a.counts.items()} == {"BC2GM": 319, "NCBI-disease": 319}
    genes = next(d for d in compare_reports(paired.a, paired.b) if d.name == "BC2GM")
    assert genes.a == 1.0
    assert genes.b == pytest.approx(2 * 199 / (199 + 319))
    fixed, broken = fixed_and_broken(paired.a.mistakes, paired.b.mistakes)
    assert fixed == []
    assert [m.surface for m in broken] == GENES[200:]


def test_upper_limits_of_the_gate_hold_for_all_questions_together() -> None:
    rng = np.random.default_rng(2)
    right = (rng.random((400, 2)) < 0.8).astype(np.int64)
    ones = np.ones(400, dtype=np.int64)
    a, b = (np.stack([right[:, i], ones, ones], axis=1) for i in (0, 1))
    assert difference("x", a, b, 10).high > difference("x", a, b, 1).high
    assert difference("x", a, b, 10).low == pytest.approx(difference("x", a, b, 1).low, abs=0.01)
    assert difference("x", a, b, 1).low > paired_bootstrap("x", a, b).low


def test_a_decision_survives_json_and_those_of_the_earlier_gate_are_read() -> None:
    made = Decision(
        "new",
        "old",
        (
            Answer("a", Verdict.PASSED, "Fine."),
            Answer("b", Verdict.FELL, "Fell."),
            Answer("c", Verdict.CANNOT_TELL, "Unsure.", "more text."),
        ),
        ("Not asked.",),
    )
    assert decision_from_json(made.to_json()) == made
    for is_passed, verdict in ((True, "passed"), (False, "fell"), (None, "cannot tell")):
        raw = {"name": "x", "is_passed": is_passed, "text": "As it was."}
        assert answer_from_json(raw) == Answer("x", Verdict(verdict), "As it was.")
