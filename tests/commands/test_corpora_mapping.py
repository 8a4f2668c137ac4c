"""``corpora mapping``: shown, tried without harm, applied; for the ten corpora and one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from bioner.__main__ import app as commands
from bioner.corpora.build import build
from bioner.corpora.own import read_own_corpus, read_own_description, read_user_schema
from bioner.labels import IGNORE
from bioner.settings import PROJECT_ROOT, Settings, read_settings

WARD = b"We\tO\ngave\tO\naspirin\tB-Code\n.\tO\n\nMice\tB-Animal\ndied\tO\n" * 6


def corpora(*words: str) -> Result:
    return CliRunner().invoke(commands, ["corpora", *words])


@pytest.fixture
def place(home: Path, tmp_path: Path) -> Settings:
    """A home with an own corpus, merged with the sample."""
    settings = read_settings()
    (tmp_path / "ward.conll").write_bytes(WARD)
    added = corpora(
        "add", str(tmp_path / "ward.conll"), "--name", "ward", "--covers", "Chemical",
        "--map", "Code=Chemical",
    )  # fmt: skip
    assert added.exit_code == 0, added.stderr
    build(settings.sample, settings.merged, settings)
    return settings


def files(settings: Settings) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(settings.home.rglob("*")) if p.is_file()}


def test_mapping_show_tells_what_labels_become_how_often_and_why(place: Settings) -> None:
    shown = json.loads(corpora("mapping", "show", "CRAFT", "--json").stdout)["CRAFT"]
    by_label = {one["source"]: one for one in shown["labels"]}
    assert by_label["CL"]["label"] == "Cell"
    assert by_label["SO"]["label"] == IGNORE
    assert by_label["SO"]["mentions"] > 0
    everything = corpora("mapping", "show").stdout
    assert "AnatEM" in everything
    assert "ward" in everything


def test_a_change_is_tried_without_harm_and_then_applied(place: Settings) -> None:
    before = files(place)
    words = ["mapping", "change", "CRAFT", "SO=Gene", "--covers", "Gene,Cell"]
    tried = corpora(*words)
    assert tried.exit_code == 0, tried.stderr
    assert "Mentions of SO: left open becomes Gene" in tried.stdout
    assert "absence of Chemical is no evidence any more" in tried.stdout
    assert "--apply does it" in tried.stdout
    assert files(place) == before
    done = json.loads(corpora(*words, "--apply", "--json").stdout)
    assert done["applied"]
    assert done["changes"][0]["number"] > 0
    after = read_user_schema(place).mapping_for("CRAFT")
    assert after.rules["SO"].label == "Gene"
    assert after.covers == {"Gene", "Cell"}
    assert "Nothing would change." in corpora(*words, "--apply").stdout
    corpora("mapping", "restore", "CRAFT")
    assert read_user_schema(place).mapping_for("CRAFT").rules["SO"].label == IGNORE


def test_words_are_excepted_and_given_back(place: Settings) -> None:
    corpora("mapping", "change", "CRAFT", "--except", "CL=Tissue:HeLa-cells", "--apply")
    rule = read_user_schema(place).mapping_for("CRAFT").rules["CL"]
    assert (rule.apply("HeLa - cells"), rule.apply("B cells")) == ("Tissue", "Cell")
    corpora("mapping", "change", "CRAFT", "--except", "CL=Cell:HeLa-cells", "--apply")
    assert not read_user_schema(place).mapping_for("CRAFT").rules["CL"].by_surface


def test_the_mapping_of_an_own_corpus_is_changed_where_it_lies(place: Settings) -> None:
    done = corpora(
        "mapping", "change", "ward", "Animal=Organism", "Code=ignore", "--covers",
        "Organism,Chemical", "--except", "Code=Chemical:Aspirin", "--apply",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    own = read_own_description(place.own_corpora / "ward")
    assert own.types == {"Code": IGNORE, "Animal": "Organism"}
    assert own.covers == ("Chemical", "Organism")
    rules = read_user_schema(place).mapping_for("ward").rules
    assert rules["Code"].apply("aspirin") == "Chemical"
    assert not place.schema_file.exists()
    dataset = build(place.sample, place.merged, place)
    assert dataset.report is not None
    assert dataset.report.mapped["ward"]["Animal"] == {"Organism": 6}
    assert dataset.report.mapped["ward"]["Code"] == {"Chemical": 6}
    assert read_own_corpus(place.own_corpora / "ward").id == "ward"


def test_the_page_applies_a_change_of_an_own_corpus(place: Settings) -> None:
    page = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    page.switch_page("pages/1_Corpora.py")
    page.query_params["part"], page.query_params["corpus"] = "mapping", "ward"
    page.run()
    page.selectbox(key="mapping_ward_Animal").set_value("Taxon").run()
    page.button(key="mapping_apply").click().run()
    assert not page.exception
    assert not page.error
    assert "Changed" in page.success[0].value
    assert read_own_description(place.own_corpora / "ward").types["Animal"] == "Taxon"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "CRAFFT"], "unknown corpus 'CRAFFT'; expected one of AnatEM"),
        (["change", "CRAFFT", "SO=Gene"], "unknown corpus 'CRAFFT'"),
        (["change", "", "SO=Gene"], "CORPUS: is needed, got nothing"),
        (["change", "CRAFT", "SO"], "SO: expected LABEL=TYPE"),
        (["change", "CRAFT", "=Gene"], "=Gene: expected LABEL=TYPE"),
        (["change", "CRAFT", "XX=Gene"], "there is no label 'XX'; expected one of GGP"),
        (["change", "CRAFT", "SO=Planet"], "unknown type 'Planet'; expected one of Anatomy"),
        (["change", "CRAFT", "SO="], "unknown type ''"),
        (["change", "CRAFT", "--covers", "Planet"], "unknown type 'Planet' among those looked"),
        (["change", "CRAFT", "--covers", ""], "say at least one type"),
        (["change", "CRAFT", "--except", "CL"], "--except CL: expected LABEL=TYPE:WORDS"),
        (["change", "CRAFT", "--except", "CL=Planet:x"], "unknown type 'Planet'"),
        (["restore", "ward"], "ward: no mapping of it came with the app"),
        (["restore", "nope"], "unknown corpus 'nope'"),
        (["show", "--data", "/nowhere"], "/nowhere: no merged dataset here"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_changes_nothing(
    place: Settings, words: list[str], told: str
) -> None:
    before = files(place)
    done = corpora("mapping", *words, *(["--apply"] if words[0] == "change" else []))
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert files(place) == before
