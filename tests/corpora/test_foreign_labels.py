"""One answer to what a foreign label means here, at every door where labels come in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from bioner.__main__ import app as commands
from bioner.corpora.foreign_labels import SYNONYMS, suggest_type, suggest_types
from bioner.labels import IGNORE, SourceRule, identity_mapping, read_schema
from bioner.settings import PROJECT_ROOT, read_settings
from bioner.store import Project, open_store

SCHEMA = read_schema()
MEANT = {
    "gene": "Gene",
    "GENES": "Gene",
    "Gene_or_gene_product": "Gene",
    "GeneOrGeneProduct": "Gene",
    "FamilyName": "Gene",
    "protein": "Protein",
    "Proteins": "Protein",
    "GGP": "Protein",
    "protein_molecule": "Protein",
    "Chemical": "Chemical",
    "ChemicalEntity": "Chemical",
    "SIMPLE_CHEMICAL": "Chemical",
    "Drug": "Chemical",
    "drug_n": "Chemical",
    "CHEBI": "Chemical",
    "AMINO_ACID": "Chemical",
    "Disease": "Disease",
    "DiseaseOrPhenotypicFeature": "Disease",
    "DiseaseClass": "Disease",
    "SpecificDisease": "Disease",
    "DISO": "Disease",
    "Sign_symptom": "Disease",
    "Species": "Organism",
    "species": "Organism",
    "OrganismTaxon": "Organism",
    "NCBITaxon": "Organism",
    "Virus": "Organism",
    "Bacteria": "Organism",
    "Taxon": "Taxon",
    "Genus": "Taxon",
    "Cancer": "Cancer",
    "Tumour": "Cancer",
    "neoplasms": "Cancer",
    "CellLine": "Cell",
    "cell_line": "Cell",
    "cell-type": "Cell",
    "CL": "Cell",
    "Organ": "Organ",
    "Tissues": "Tissue",
    "UBERON": "Anatomy",
    "Multi-tissue_structure": "Anatomy",
    "ORGANISM_SUBSTANCE": "Anatomy",
    "Body part": "Anatomy",
    "Pathological_formation": "Pathology",
    "Complex": "Complex",
    "protein_complex": "Complex",
    "DNA": IGNORE,
    "RNA": IGNORE,
    "ProteinMutation": IGNORE,
    "SequenceVariant": IGNORE,
    "SNP": IGNORE,
    "DomainMotif": IGNORE,
    "ChromosomeLocation": IGNORE,
    "Cellular_component": IGNORE,
    "SO": IGNORE,
    "GO": IGNORE,
    "Entity": IGNORE,
    "PER": IGNORE,
    "Method": IGNORE,
    "蛋白质": IGNORE,
    "+": IGNORE,
}


def test_labels_of_corpora_and_tools_are_known_by_what_they_mean() -> None:
    assert suggest_types(MEANT, SCHEMA) == MEANT


def test_what_the_corpora_of_the_schema_say_of_a_name_goes_before_the_table() -> None:
    mine = identity_mapping("mine", SCHEMA)
    drugs = replace(mine, rules={"Drug": SourceRule("Complex")})
    assert suggest_type("drugs", SCHEMA) == "Chemical"
    assert suggest_type("drugs", SCHEMA.with_corpus(drugs)) == "Complex"


def test_a_type_that_the_schema_lacks_is_never_suggested() -> None:
    few = SCHEMA.only(["Gene", "Disease"])
    found = suggest_types(MEANT, few)
    assert set(found.values()) <= {"Gene", "Disease", IGNORE}
    assert found["CellLine"] == found["Virus"] == IGNORE


def test_no_name_stands_in_the_table_twice_and_each_leads_to_a_type_of_the_schema() -> None:
    names = [one.casefold() for others in SYNONYMS.values() for one in others]
    assert len(names) == len(set(names))
    assert set(SYNONYMS) <= set(SCHEMA.names)
    for name, others in SYNONYMS.items():
        assert {one: suggest_type(one, SCHEMA) for one in others} == dict.fromkeys(others, name)


@given(st.sampled_from(sorted(MEANT)), st.sampled_from([str.upper, str.lower, str.title]))
def test_case_and_signs_between_words_make_no_difference(label: str, written) -> None:
    assert suggest_type(written(label).replace("_", " "), SCHEMA) == MEANT[label]


def one_mention_each(labels: list[str]) -> bytes:
    """Return JSON lines with a mention of each label."""
    return "".join(
        json.dumps(
            {
                "id": f"note-{i}",
                "text": f"Note {i} names aspirin.",
                "entities": [{"start": 12 + len(str(i)), "end": 19 + len(str(i)), "label": label}],
            }
        )
        + "\n"
        for i, label in enumerate(labels)
    ).encode()


@pytest.fixture
def upload(home: Path, tmp_path: Path) -> Path:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(one_mention_each(list(MEANT)))
    return path


def test_corpora_add_suggests_by_the_rule(upload: Path) -> None:
    done = CliRunner().invoke(
        commands, ["corpora", "add", str(upload), "--name", "notes", "--covers", "Gene"]
    )
    assert done.exit_code == 0, done.stderr
    kept = json.loads((read_settings().own_corpora / "notes" / "corpus.json").read_text())
    assert kept["types"] == MEANT


def opened(page: str, upload: Path, **params: str) -> AppTest:
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page(f"pages/{page}")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    app.file_uploader[0].set_value([(upload.name, upload.read_bytes(), "")]).run()
    assert not app.exception
    return app


def test_the_corpora_page_suggests_by_the_rule(upload: Path) -> None:
    app = opened("1_Corpora.py", upload, part="own")
    assert {label: app.selectbox(key=f"own_type_{label}").value for label in MEANT} == MEANT


def test_the_review_page_suggests_by_the_rule(upload: Path) -> None:
    open_store(read_settings()).create_project(Project("P", SCHEMA.names, frozenset(SCHEMA.names)))
    app = opened("4_Review.py", upload, project="P", reviewer="Ann", part="Texts")
    asked = {label: ours for label, ours in MEANT.items() if label not in SCHEMA.names}
    chosen = {label: app.selectbox(key=f"label_{label}").value for label in asked}
    assert chosen == {label: "" if ours == IGNORE else ours for label, ours in asked.items()}
