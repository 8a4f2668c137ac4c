"""A fourteenth type is an edit of the label schema alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from support import ROOT
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.labels import PACKAGE_SCHEMA
from bioner.settings import read_settings


def call(*words: str | Path, text: str | None = None) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words], input=text)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.slow
def test_a_type_added_in_yaml_goes_through_build_train_tag_evaluate_and_page(
    home: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = yaml.safe_load(PACKAGE_SCHEMA.read_text(encoding="utf-8"))
    raw["types"]["Sequence"] = {
        "group": "Sequence",
        "color": "#444444",
        "definition": "A sequence feature: an allele, an exon, a mutation.",
    }
    craft = raw["corpora"]["CRAFT"]["curated"]
    craft["types"]["SO"] = "Sequence"
    craft["covers"].append("Sequence")
    home.mkdir(parents=True)
    (home / "labels.yaml").write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    settings = read_settings()

    report = json.loads(call("corpora", "build", "--source", ROOT / "data" / "sample", "--json"))
    assert len(report["types"]) == 14
    assert len(report["tags"]) == 29
    assert report["types"]["Sequence"] > 0
    assert "SO" not in report["ignored"].get("CRAFT", {})

    call("train", "--base", tiny_encoder, "--out", "fourteen", "--max-steps", "3")
    config = json.loads((settings.models / "fourteen" / "config.json").read_text("utf-8"))
    assert len(config["id2label"]) == 29

    line = json.loads(call("tag", "-", "--model", "fourteen", text="The exon of a mutant allele."))
    assert all(one["label"] in raw["types"] for one in line["entities"])
    scores = json.loads(call("evaluate", "--model", "fourteen", "--json"))
    assert scores["by_corpus"]["CRAFT"]["by_type"]["Sequence"]["support"] > 0

    from streamlit.testing.v1 import AppTest

    shutil.rmtree(settings.models / "bioner-compact", ignore_errors=True)
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.switch_page("pages/1_Corpora.py")
    page.run()
    assert not page.exception, [one.value for one in page.exception]
    types = next(one for one in page.metric if one.label == "Entity types")
    assert types.value == "14"
