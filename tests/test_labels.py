"""The label schema: types, groups, the two mappings, and what an edit changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bioner.bio import tag_names
from bioner.errors import SchemaError
from bioner.labels import (
    PACKAGE_SCHEMA,
    read_schema,
    schema_from_json,
    schema_to_json,
)
from bioner.tagging.decoding import indistinguishable

CURATED = {
    "AnatEM": "Anatomy Organ Tissue Cell Cancer Pathology",
    "BC2GM": "Gene Protein",
    "BioNLP09": "Gene Protein",
    "BC4CHEMD": "Chemical",
    "BC5CDR": "Chemical Disease Cancer Pathology",
    "BioNLP11ID": "Gene Protein Chemical Organism Taxon",
    "BioNLP13CG": "Anatomy Gene Chemical Protein Organism Cancer Organ Cell Tissue Pathology Taxon",
    "BioNLP13PC": "Gene Protein Chemical Complex",
    "CRAFT": "Gene Protein Chemical Cell Organism Taxon",
    "NCBI-disease": "Disease Cancer Pathology",
}
ARTICLE = {
    "AnatEM": "Anatomy",
    "BC2GM": "Gene",
    "BC4CHEMD": "Chemical",
    "BC5CDR": "Chemical Disease",
    "BioNLP09": "Protein",
    "BioNLP11ID": "Chemical Protein Organism",
    "BioNLP13CG": "Anatomy Gene Chemical Organism Cancer Organ Cell Tissue Pathology",
    "BioNLP13PC": "Gene Chemical Cell Complex",
    "CRAFT": "Gene Protein Chemical Cell Taxon Organism",
    "NCBI-disease": "Disease",
}


@pytest.mark.parametrize(("mapping", "expected"), [("curated", CURATED), ("article", ARTICLE)])
def test_each_corpus_covers_what_the_design_says(mapping, expected) -> None:
    schema = read_schema(mapping)
    assert {name: set(m.covers) for name, m in schema.corpora.items()} == {
        name: set(types.split()) for name, types in expected.items()
    }


def test_thirteen_types_make_twenty_seven_tags_in_six_groups() -> None:
    schema = read_schema()
    assert len(schema.names) == 13
    assert len(tag_names(schema.names)) == 27
    assert sorted(map(len, schema.groups.values())) == [1, 1, 2, 2, 3, 4]
    assert len(set(schema.colors.values())) == 13


@pytest.mark.parametrize("mapping", ["curated", "article"])
def test_what_a_corpus_labels_it_also_looks_for(mapping) -> None:
    for corpus in read_schema(mapping).corpora.values():
        for rule in corpus.rules.values():
            assert set(rule.targets) - {"ignore"} <= corpus.covers


def test_surfaces_decide_between_organism_and_taxon() -> None:
    rule = read_schema().corpora["CRAFT"].rules["Taxon"]
    assert (rule.apply("Mice"), rule.apply("Mammals")) == ("Organism", "Taxon")
    assert read_schema().corpora["CRAFT"].rules["CHEBI"].apply("protein") == "ignore"


def test_no_corpus_tells_gene_from_protein() -> None:
    alike = indistinguishable(read_schema())
    assert alike["Gene"] == {"Gene", "Protein"}
    assert alike["Cell"] == {"Cell"}


def test_a_schema_survives_json(tmp_path: Path) -> None:
    schema = read_schema()
    again = schema_from_json(schema_to_json(schema))
    assert again == schema
    assert again.fingerprint == schema.fingerprint


def test_a_colour_leaves_the_fingerprint_and_a_mapping_changes_it(tmp_path: Path) -> None:
    raw = yaml.safe_load(PACKAGE_SCHEMA.read_text(encoding="utf-8"))
    raw["types"]["Gene"]["color"] = "#000000"
    path = tmp_path / "labels.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    assert read_schema(path=path).fingerprint == read_schema().fingerprint
    raw["corpora"]["BC2GM"]["curated"]["types"]["GENE"] = "Protein"
    path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    assert read_schema(path=path).fingerprint != read_schema().fingerprint
    assert not read_schema(path=path).agrees_with(read_schema())


def test_schemas_agree_where_one_knows_more_corpora_but_not_where_one_has_more_types() -> None:
    schema = read_schema()
    fewer = replace(schema, corpora={"CRAFT": schema.corpora["CRAFT"]})
    assert fewer.fingerprint != schema.fingerprint
    assert fewer.agrees_with(schema)
    assert schema.agrees_with(fewer)
    assert not fewer.only(schema.names[:-1]).agrees_with(schema)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("types: [", "not readable as YAML"),
        ("corpora: {}", "expected a YAML mapping"),
        ("types: {Gene: {group: G, color: '#1'}}\ncorpora: {X: {curated: {types: {a: Foo}, "
         "covers: [Gene]}}}", "unknown type 'Foo'"),
    ],
)  # fmt: skip
def test_a_bad_schema_file_is_refused_in_one_sentence(tmp_path: Path, text, message) -> None:
    path = tmp_path / "labels.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError, match=message):
        read_schema(path=path)


def test_a_schema_of_fewer_types_ignores_the_others() -> None:
    schema = read_schema().only(["Gene", "Protein"])
    assert schema.names == ("Gene", "Protein")
    assert schema.corpora["BC5CDR"].rules["Chemical"].label == "ignore"
    assert schema.corpora["CRAFT"].covers == {"Gene", "Protein"}


@pytest.mark.parametrize("deep", ["[" * 300_000, "{a: " * 300_000, "- " * 300_000 + "a"])
def test_a_schema_nested_without_end_is_one_sentence(tmp_path, deep):
    path = tmp_path / "deep.yaml"
    path.write_text(deep, encoding="utf-8")
    with pytest.raises(SchemaError, match="nested more than 100 deep"):
        read_schema(str(path))
