"""The pace measured by taking steps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from runs import make_model

from bioner.settings import PROJECT_ROOT
from bioner.training.pace import calibrate


@pytest.mark.slow
def test_tensorflow_release_and_hub_name_are_measured_in_their_shape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    shapes = []
    make = transformers.AutoModelForTokenClassification.from_config

    def watch(config: transformers.BertConfig, **options: object) -> object:
        shapes.append((config.num_hidden_layers, config.hidden_size))
        config.num_hidden_layers = 1
        config.hidden_size, config.intermediate_size, config.vocab_size = 24, 24, 50
        return make(config, **options)

    monkeypatch.setattr(transformers.AutoModelForTokenClassification, "from_config", watch)
    release = PROJECT_ROOT / "tests" / "fixtures" / "tf_bert"
    layers = json.loads((release / "bert_config.json").read_text())["num_hidden_layers"]
    for base in (str(release), "dmis-lab/biobert-base-cased-v1.2"):
        assert calibrate(base, "cpu", 1, seconds=0.0) > 0
    assert shapes[0][0] == layers
    assert shapes[1] == (12, 768)


@pytest.mark.parametrize("kept_as", ["float16", "bfloat16", "float32"])
@pytest.mark.slow
def test_half_precision_model_is_measured_on_the_cpu(tmp_path: Path, kept_as: str) -> None:
    """What a card keeps in half precision is trained in float32: the pace of that is measured."""
    folder = make_model(tmp_path, "tiny", head=False)
    config = json.loads((folder / "config.json").read_text())
    shape = {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50}
    (folder / "config.json").write_text(json.dumps({**config, **shape, "dtype": kept_as}))
    assert calibrate(str(folder), "cpu", 2, seconds=0.0) > 0


@pytest.mark.slow
def test_measuring_is_a_command_of_its_own(tmp_path: Path) -> None:
    folder = make_model(tmp_path, "tiny", head=False)
    config = json.loads((folder / "config.json").read_text())
    shape = {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50}
    (folder / "config.json").write_text(json.dumps({**config, **shape}))
    command = [sys.executable, "-m", "bioner.training.pace", str(folder), "cpu", "2", "48"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout.split()[-1]) > 0
