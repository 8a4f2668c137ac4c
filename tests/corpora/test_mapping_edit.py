"""Changing a mapping: counted before it is applied, kept apart from the package, undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support import ROOT

from bioner.corpora.dataset import Dataset, MergeReport
from bioner.corpora.mapping_changes import changes
from bioner.corpora.mapping_edit import MappingEdit, exceptions_of, has_edits, restore, write_edit
from bioner.corpora.overview import open_sample
from bioner.corpora.own import read_user_schema
from bioner.errors import SchemaError
from bioner.labels import IGNORE, read_schema
from bioner.settings import read_settings


def edit_of(corpus: str, covers: frozenset[str] | None = None, **rules: str) -> MappingEdit:
    present = read_schema().mapping_for(corpus)
    kept = {source: rule.label for source, rule in present.rules.items()}
    return MappingEdit(corpus, {**kept, **rules}, present.covers if covers is None else covers)


def test_an_edit_that_changes_nothing_has_no_changes(sample: Dataset) -> None:
    assert sample.report is not None
    present = sample.schema.mapping_for("BC5CDR")
    assert changes(edit_of("BC5CDR"), present, sample.report) == []


def test_changes_count_the_mentions_of_the_merge_report(sample: Dataset) -> None:
    assert sample.report is not None
    report = sample.report
    present = sample.schema.mapping_for("BC5CDR")
    (change,) = changes(edit_of("BC5CDR", Chemical=IGNORE), present, report)
    assert change.number == report.mapped["BC5CDR"]["Chemical"]["Chemical"] > 0
    assert change.what == "Mentions of Chemical: Chemical becomes left open"


def test_changed_covers_touch_every_sentence_of_the_corpus(sample: Dataset) -> None:
    assert sample.report is not None
    present = sample.schema.mapping_for("BC2GM")
    wanted = edit_of("BC2GM", covers=frozenset({"Gene", "Complex"}))
    found = changes(wanted, present, sample.report)
    assert {(one.what.split()[-1], one.number) for one in found} == {("evidence", 17), ("more", 17)}


def test_an_edit_is_read_back_and_leaves_the_package_alone(home: Path) -> None:
    settings = read_settings()
    before = read_schema()
    write_edit(settings, edit_of("CRAFT", SO="Gene", covers=frozenset({"Gene", "Cell"})))
    after = read_user_schema(settings).mapping_for("CRAFT")
    assert after.rules["SO"].label == "Gene"
    assert after.rules["CHEBI"] == before.mapping_for("CRAFT").rules["CHEBI"], "exceptions stay"
    assert after.covers == {"Gene", "Cell"}
    assert read_schema() == before
    assert has_edits(settings, "CRAFT")
    assert not has_edits(settings, "BC2GM")


def test_the_shipped_mapping_comes_back(home: Path) -> None:
    settings = read_settings()
    write_edit(settings, edit_of("CRAFT", SO="Gene"))
    restore(settings, "CRAFT")
    assert read_user_schema(settings).fingerprint == read_schema().fingerprint
    assert not has_edits(settings, "CRAFT")


def test_an_edit_that_the_schema_refuses_leaves_nothing_behind(home: Path) -> None:
    settings = read_settings()
    with pytest.raises(SchemaError, match="unknown type 'Planet'"):
        write_edit(settings, edit_of("CRAFT", SO="Planet"))
    assert not settings.home.exists()


def edit_of_words(**words: dict[str, frozenset[str]]) -> MappingEdit:
    """Return an edit of CRAFT's exceptions, by source label."""
    plain = edit_of("CRAFT")
    present = exceptions_of(read_schema().mapping_for("CRAFT"))
    return MappingEdit("CRAFT", plain.rules, plain.covers, {**present, **words})


def test_words_that_are_excepted_are_counted_where_they_are_written() -> None:
    shelf = open_sample(read_settings().sample, read_schema())
    present, report = read_schema().mapping_for("CRAFT"), shelf.report
    written = shelf.written("CRAFT")
    assert sum(n for (label, _), n in written.items() if label == "GGP") == sum(
        report.mapped["CRAFT"]["GGP"].values()
    )
    word, number = next((word, n) for (label, word), n in written.items() if label == "GGP")
    assert changes(edit_of_words(), present, report, written) == []
    (change,) = changes(edit_of_words(GGP={IGNORE: frozenset({word})}), present, report, written)
    assert change.what == f"Mentions of GGP written “{word}”: Protein becomes left open"
    assert change.number == number > 0
    open_before = sum(n for (label, _), n in written.items() if label == IGNORE)
    assert open_before == sum(report.ignored["CRAFT"].values())


def test_a_word_that_is_no_exception_any_more_takes_the_labels_type(home: Path) -> None:
    settings = read_settings()
    present = read_schema().mapping_for("CRAFT")
    fewer = exceptions_of(present)["Taxon"]["Taxon"] - {"mammals", "birds"}
    edit = edit_of_words(Taxon={"Taxon": fewer}, CL={"Tissue": frozenset({"hela cells"})})
    written = {("Taxon", "mammals"): 5, ("Taxon", "birds"): 2, ("CL", "hela cells"): 1}
    report = MergeReport.from_json({})
    assert {(one.what, one.number) for one in changes(edit, present, report, written)} == {
        ("Mentions of Taxon written “birds”, “mammals”: Taxon becomes Organism", 7),
        ("Mentions of CL written “hela cells”: Cell becomes Tissue", 1),
    }
    write_edit(settings, edit)
    after = read_user_schema(settings).mapping_for("CRAFT")
    assert after.rules["Taxon"].apply("Mammals") == "Organism"
    assert after.rules["Taxon"].apply("vertebrates") == "Taxon"
    assert after.rules["Taxon"].by_surface[0].reason == "Taxa above the species."
    assert after.rules["CL"].apply("HeLa cells") == "Tissue"
    assert after.rules["CL"].apply("B cells") == "Cell"
    assert after.rules["CHEBI"] == present.rules["CHEBI"]
    assert has_edits(settings, "CRAFT")


def test_words_are_excepted_on_the_page(home: Path) -> None:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    page.switch_page("pages/1_Corpora.py")
    page.query_params["part"], page.query_params["corpus"] = "mapping", "CRAFT"
    page.run()
    assert "Nothing yet." in [one.value for one in page.caption]
    page.selectbox(key="mapping_CRAFT_new_source").set_value("CL")
    page.selectbox(key="mapping_CRAFT_new_label").set_value("Tissue")
    page.text_area(key="mapping_CRAFT_new_words").set_value("HeLa-cells").run()
    assert not page.exception
    assert any("Mentions of CL written “hela - cells”" in one.body for one in page.get("html"))
    page.button(key="mapping_apply").click().run()
    rule = read_user_schema(read_settings()).mapping_for("CRAFT").rules["CL"]
    assert rule.apply("HeLa - cells") == "Tissue"
    areas = {one.label: one.value for one in page.text_area}
    assert areas["CL written so becomes Tissue"] == "hela - cells"
    assert areas["where they are written"] == ""
    assert "Nothing yet." in [one.value for one in page.caption]
