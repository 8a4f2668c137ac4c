"""A dictionary: what texts yield, by concept, counted; and what people decide about it."""

from __future__ import annotations

import csv
import json
import threading
from pathlib import Path

import pytest
from dictionaries import MARKED, a_dictionary, documents, marked

from bioner.corpora.vocabulary import Listed
from bioner.review.dictionary import Dictionary, dictionary_names, dictionary_path
from bioner.review.dictionary_build import build_dictionary
from bioner.review.dictionary_curation import Choice, curate, undo
from bioner.review.dictionary_files import write_dictionary
from bioner.review.terms import DictionaryError, Wanted
from bioner.settings import read_settings

TYPES = ("Gene", "Chemical", "Organism")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "four.dictionary"


def decide(path: Path, action: str, *terms: str, **more: object):
    return curate(path, [Choice(action=action, terms=terms, **more)], types=TYPES)  # type: ignore[arg-type]


def test_spellings_of_a_concept_are_one_term_with_counts_and_examples(path):
    dictionary, built = a_dictionary(path)
    term = dictionary.term("TNF-α")
    assert (term.key, term.label, term.mentions, term.documents) == ("tnf alpha", "Gene", 2, 2)
    assert term.score == pytest.approx(0.5)
    assert [one.surface for one in dictionary.variants(term.key)] == ["TNF-alpha", "TNF-α"]
    example = dictionary.examples(term.key)[0]
    assert f"{example.before}{example.surface}{example.after}" in MARKED[0][0]
    assert built.mentions == built.marks == sum(len(one.mentions) for one in documents())
    assert built.terms == dictionary.count() == len(list(dictionary.every()))


def test_an_abbreviation_is_one_term_with_what_it_stands_for(path):
    dictionary, built = a_dictionary(path)
    term = dictionary.term("TNF")
    assert term.key == "tumour necrosis factor"
    assert term.preferred == "Tumour necrosis factor"
    assert (term.mentions, term.documents, built.abbreviations) == (3, 2, 1)


def test_an_abbreviation_of_two_things_stands_by_itself_and_says_so(path):
    texts = [
        ("A computed tomography (CT) scan.", {"computed tomography": "Gene", "CT": "Gene"}),
        ("A calcitonin test (CT) scan.", {"calcitonin test": "Gene", "CT": "Gene"}),
    ]
    dictionary, _ = a_dictionary(path, texts)
    term = dictionary.term("CT")
    assert term.key == "ct"
    assert set(term.long_forms) == {"computed tomography", "calcitonin test"}


def test_a_term_is_of_the_type_that_most_of_its_marks_are(path):
    dictionary, _ = a_dictionary(path)
    term = dictionary.term("OB")
    assert term.labels == (("Chemical", 2), ("Gene", 1))
    assert term.label == "Chemical"


def test_what_goes_in_is_used_or_named(path):
    texts = [*documents(), *documents(), marked("  ", {}), marked("x" * 300, {"x" * 300: "Gene"})]
    built = build_dictionary(path, texts, source="twice", model="")
    assert built.texts == built.documents + built.repeated + built.empty == 10
    assert (built.repeated, built.empty, built.left_out) == (4, 1, 1)
    assert built.marks == built.mentions + built.repeated_marks + built.left_out
    assert Dictionary(path).term("TNF").documents == 2


def test_a_vocabulary_gives_identifiers_and_joins_the_names_of_one_concept(path):
    vocabulary = [
        Listed(("Mus musculus", "mouse", "mice"), "Organism", "T:10090"),
        Listed(("OB",), "Gene", "G:1"),
        Listed(("ob", "leptin"), "Gene", "G:2"),
        Listed(("TNF-α", "tumour necrosis factor"), "Gene", "G:3"),
    ]
    built = build_dictionary(path, documents(), source="", model="", vocabulary=vocabulary)
    dictionary = Dictionary(path)
    mouse = dictionary.term("mice")
    assert (mouse.identifier, mouse.mentions, mouse.variants) == ("T:10090", 2, 2)
    assert dictionary.term("OB").identifier == ""
    factor = dictionary.term("TNF")
    assert (factor.identifier, factor.mentions) == ("G:3", 5)
    assert built.identified == 5
    decide(path, "keep", mouse.key)
    undo(path)
    assert dictionary.term("mice") == mouse


def test_terms_are_found_by_part_of_a_name_type_and_status(path):
    dictionary, _ = a_dictionary(path)
    assert [one.preferred for one in dictionary.terms(Wanted(text="mous"))] == ["mouse"]
    assert {one.preferred for one in dictionary.terms(Wanted(text="%"))} == set()
    assert {one.label for one in dictionary.terms(Wanted(label="Organism"))} == {"Organism"}
    decide(path, "drop", "ob")
    assert [one.key for one in dictionary.terms(Wanted(status="dropped"))] == ["ob"]
    assert dictionary.statuses() == {"new": dictionary.count() - 1, "kept": 0, "dropped": 1}


def test_every_decision_is_on_record_and_undone_one_by_one(path):
    dictionary, _ = a_dictionary(path)
    before = list(dictionary.every())
    decide(path, "keep", "ob", "mouse")
    decide(path, "retype", "ob", value="Gene")
    decide(path, "merge", "mice", value="mouse")
    decide(path, "split", "tumour necrosis factor", surfaces=("TNF",))
    decide(path, "prefer", "tnf alpha", value="TNF-α")
    decide(path, "identify", "mouse", value="NCBITaxon:10090")
    term = dictionary.term("mouse")
    assert (term.mentions, term.status, term.identifier) == (2, "kept", "NCBITaxon:10090")
    assert dictionary.term("OB").label == "Gene"
    assert dictionary.term("TNF").key == "tumour necrosis factor / TNF"
    assert dictionary.term("TNF").mentions == 2
    assert dictionary.term("TNF-alpha").preferred == "TNF-α"
    for action in ("identify", "prefer", "split", "merge", "retype", "keep"):
        undone = undo(path)
        assert undone is not None
        assert undone.action == action
    assert undo(path) is None
    assert list(dictionary.every()) == before
    assert [one.action for one in dictionary.log()].count("undo") == 6
    assert len(dictionary.log()) == 12


def test_a_decision_that_makes_no_sense_changes_nothing(path):
    dictionary, _ = a_dictionary(path)
    for choice in (
        {"action": "keep", "terms": ("no such",)},
        {"action": "retype", "terms": ("ob",), "value": "Planet"},
        {"action": "merge", "terms": ("ob",), "value": "ob"},
        {"action": "split", "terms": ("ob",), "surfaces": ("OB",)},
        {"action": "prefer", "terms": ("ob",), "value": "TNF"},
    ):
        good = Choice(action="keep", terms=("mouse",))
        with pytest.raises(DictionaryError):
            curate(path, [good, Choice(**choice)], types=TYPES)  # type: ignore[arg-type]
    assert dictionary.log() == []
    assert dictionary.statuses()["kept"] == 0


def test_a_dictionary_that_is_built_again_keeps_what_was_decided(path):
    a_dictionary(path)
    decide(path, "keep", "mouse")
    decide(path, "drop", "ob")
    dictionary, built = a_dictionary(path, MARKED[:1] + MARKED[2:3])
    assert built.stale == 0
    assert dictionary.statuses() == {"new": dictionary.count() - 2, "kept": 1, "dropped": 1}
    dictionary, built = a_dictionary(path, MARKED[:1])
    assert built.stale == 2
    assert len(dictionary.log()) == 2
    dictionary, built = a_dictionary(path)
    assert (built.stale, dictionary.term("OB").status) == (0, "dropped")


def test_two_people_who_decide_at_once_both_are_on_record(path):
    dictionary, _ = a_dictionary(path)
    several = [
        threading.Thread(target=decide, args=(path, "keep" if n % 2 else "drop", "ob", "mouse"))
        for n in range(8)
    ]
    for one in several:
        one.start()
    for one in several:
        one.join()
    assert len(dictionary.log()) == 8


def test_a_failing_build_leaves_the_former_dictionary(path):
    a_dictionary(path)

    def broken():
        yield documents()[0]
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        build_dictionary(path, broken(), source="", model="")
    assert Dictionary(path).term("OB").mentions == 3
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_exports_hold_kept_terms_and_no_formula(path, tmp_path):
    dictionary, _ = a_dictionary(path)
    decide(path, "keep", "high", "tumour necrosis factor", "tnf alpha")
    out = tmp_path / "out"
    done = write_dictionary(dictionary, out, "csv")
    assert done.written + done.left_out == dictionary.count()
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    assert [one["term"] for one in rows] == ["Tumour necrosis factor", "TNF-alpha", "'=high"]
    assert rows[0]["spellings"] == "TNF | Tumour necrosis factor"
    assert all(not cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())

    write_dictionary(dictionary, out, "jsonl")
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert lines[1]["spellings"][1] == {"text": "TNF-α", "mentions": 1, "types": {"Gene": 1}}

    write_dictionary(dictionary, out, "spacy")
    patterns = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert {"label": "Gene", "pattern": "TNF", "id": "Tumour necrosis factor"} in patterns

    write_dictionary(dictionary, out, "obo")
    obo = out.read_text("utf-8")
    assert obo.count("[Term]") == 3
    assert 'synonym: "TNF-α" EXACT []' in obo


def test_a_file_that_is_no_dictionary_is_refused_in_one_sentence(tmp_path):
    for text in ("", "hello", "x" * 5000):
        path = tmp_path / "odd.dictionary"
        path.write_text(text)
        with pytest.raises(DictionaryError):
            Dictionary(path)
    with pytest.raises(DictionaryError, match="no such dictionary"):
        Dictionary(tmp_path / "none.dictionary")


def test_dictionaries_lie_beside_the_database_under_names_that_leave_no_folder(home):
    settings = read_settings()
    assert dictionary_names(settings) == []
    a_dictionary(dictionary_path(settings, "My terms"))
    assert dictionary_names(settings) == ["My terms"]
    assert settings.dictionaries.parent == settings.home
    for name in ("", "../x", ".hidden", "a/b", "a" * 99, "end."):
        with pytest.raises(DictionaryError):
            dictionary_path(settings, name)


def test_an_undo_takes_back_only_the_decision_that_was_seen(tmp_path: Path) -> None:
    dictionary, _ = a_dictionary(tmp_path / "four.dictionary")
    assert dictionary.newest() is None
    [first] = curate(dictionary.path, [Choice(action="drop", terms=("ob",))], types=TYPES)
    assert dictionary.newest() == first
    [second] = curate(
        dictionary.path, [Choice(action="merge", terms=("mice",), value="mouse")], types=TYPES
    )
    assert second.said.startswith("merge mice into mouse (")
    for seen in (0, first.seq, second.seq + 1):
        with pytest.raises(DictionaryError, match="by now: merge mice into mouse"):
            undo(dictionary.path, seen=seen)
    assert dictionary.newest() == second
    undone = undo(dictionary.path, seen=second.seq)
    assert undone is not None
    assert undone.seq == second.seq
    assert dictionary.newest() == first
