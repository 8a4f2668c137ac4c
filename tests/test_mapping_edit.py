"""Changing a mapping: counted before it is applied, kept apart from the package, undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bioner.errors import SchemaError
from bioner.labels import IGNORE, read_schema
from bioner.merge import Dataset
from bioner.own_corpora import read_user_schema
from bioner.settings import read_settings
from bioner.ui.mapping_edit import MappingEdit, changes, has_edits, restore, write_edit


def edit_of(corpus: str, covers: frozenset[str] | None = None, **rules: str) -> MappingEdit:
    present = read_schema().mapping_for(corpus)
    kept = {source: rule.label for source, rule in present.rules.items()}
    return MappingEdit(corpus, {**kept, **rules}, present.covers if covers is None else covers)


def test_an_edit_that_changes_nothing_has_no_changes(sample: Dataset) -> None:
    assert sample.report is not None
    present = sample.schema.mapping_for("BC5CDR")
    assert changes(edit_of("BC5CDR"), present, sample.report.to_json()) == []


def test_changes_count_the_mentions_of_the_merge_report(sample: Dataset) -> None:
    assert sample.report is not None
    report = sample.report.to_json()
    present = sample.schema.mapping_for("BC5CDR")
    (change,) = changes(edit_of("BC5CDR", Chemical=IGNORE), present, report)
    assert change.number == report["mapped"]["BC5CDR"]["Chemical"]["Chemical"] > 0
    assert change.what == "Mentions of Chemical: Chemical becomes left open"


def test_changed_covers_touch_every_sentence_of_the_corpus(sample: Dataset) -> None:
    assert sample.report is not None
    present = sample.schema.mapping_for("BC2GM")
    wanted = edit_of("BC2GM", covers=frozenset({"Gene", "Complex"}))
    found = changes(wanted, present, sample.report.to_json())
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
    assert list(settings.home.iterdir()) == []
