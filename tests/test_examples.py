"""The examples do what they say: each is run as a user would run it."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import ROOT

from bioner.corpora.dataset_folder import read_dataset
from bioner.models.card import read_card
from bioner.settings import read_settings
from bioner.training.config import Recipe

EXAMPLES = ROOT / "examples"


def main_of(name: str) -> Callable[..., Any]:
    """Return an example's ``main``."""
    found: Callable[..., Any] = runpy.run_path(str(EXAMPLES / name))["main"]
    return found


def test_every_example_is_in_the_list_and_run_here():
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert {name for name in names if f"[{name}]({name})" in listed} == names
    here = Path(__file__).read_text(encoding="utf-8")
    assert not [name for name in names if f'"{name}"' not in here]


def test_tag_prints_each_name_with_its_place():
    call = [sys.executable, "-m", "examples.tag", "Aspirin inhibits COX-1 in mice."]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert ["0-7", "Aspirin", "Chemical"] in [row[:3] for row in rows]
    assert all(0 < float(row[3]) <= 1 for row in rows)
    assert main_of("tag.py")


def test_an_own_corpus_is_merged_with_the_others(home, tmp_path, capsys):
    file = tmp_path / "ward.conll"
    file.write_text("ACE2\tB-GENE\nbinds\tO\n.\tO\n\nNo\tO\nfever\tB-Disease\n.\tO\n")
    main_of("own_corpus.py")(str(file), "Ward notes", str(ROOT / "data" / "sample"))
    said = capsys.readouterr().out
    assert "GENE → Gene" in said
    assert "2 sentences kept" in said
    dataset = read_dataset(read_settings().merged)
    kept = [s for part in ("train", "devel", "test") for s in dataset.split(part)]
    assert {s.text for s in kept if s.corpus == "Ward-notes"} == {"ACE2 binds .", "No fever ."}
    with pytest.raises(Exception, match="Ward-notes"):
        main_of("own_corpus.py")(str(file), "Ward notes", str(ROOT / "data" / "sample"))


@pytest.mark.slow
def test_a_model_learns_from_what_was_corrected(home, capsys):
    settings = read_settings()
    shutil.copytree(ROOT / "tests" / "former" / "models" / "tiny", settings.models / "tiny")
    recipe = Recipe(replay=8, repeat=2, batch_size=8, device="cpu")
    main_of("correct_and_retrain.py")("tiny", "taught", recipe)
    said = capsys.readouterr().out
    assert "3 texts in, 5 sentences to review" in said
    card = read_card(settings.models / "taught")
    assert card.parent == "tiny"
    assert card.corrections > 0
