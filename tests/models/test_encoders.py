"""Base encoders from hub-layout folders: no pickle survives, no case is lost."""

import json
import os
import pickle
import shutil
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForTokenClassification, AutoTokenizer, BertConfig, BertModel

from bioner.corpora.dataset import Dataset
from bioner.errors import ModelError
from bioner.models.encoders import (
    BaseKind,
    import_hub_folder,
    is_ready,
    kind_of_base,
    prepare_encoder,
)
from bioner.models.folder import check_folder
from bioner.tagging.load import load_tagger
from bioner.training.config import TrainingConfig
from bioner.training.run import train

FIXTURE = Path(__file__).parents[1] / "fixtures" / "tf_bert"
MINILM = Path(__file__).parents[3] / "shared" / "encoders" / "all-MiniLM-L6-v2"
WORDS = ["EGFR", "and", "BRCA", "mutations", "in", "patients", "with", "Alzheimer", "disease"]
CONFIG = BertConfig(
    vocab_size=40,
    hidden_size=12,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=16,
    max_position_embeddings=512,
    architectures=["BertForMaskedLM"],
)


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """What BioBERT's hub page holds: config, vocabulary, pickled weights; nothing about case."""
    folder = tmp_path / "biobert-v1.1"
    folder.mkdir()
    torch.manual_seed(3)
    model = BertModel(CONFIG)
    CONFIG.save_pretrained(folder)
    shutil.copy(FIXTURE / "vocab.txt", folder)
    state = {
        f"bert.{name}".replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): value
        for name, value in model.state_dict().items()
    }
    state["bert.embeddings.position_ids"] = torch.arange(512)
    state["cls.predictions.decoder.weight"] = state["bert.embeddings.word_embeddings.weight"]
    torch.save(state, folder / "pytorch_model.bin")
    model.save_pretrained(tmp_path / "as-safetensors")
    return folder


def pieces(folder: Path) -> list[str]:
    return AutoTokenizer.from_pretrained(folder).tokenize(" ".join(WORDS))  # type: ignore[no-any-return]


def test_the_untouched_folder_would_be_lower_cased(hub: Path) -> None:
    assert "[UNK]" in pieces(hub), "else forcing the case is no longer needed"
    assert not is_ready(hub)


def test_pickled_weights_become_safetensors_with_the_same_values(hub: Path, tmp_path: Path) -> None:
    report = import_hub_folder(hub, tmp_path / "out")
    assert report.was_pickled
    assert not list((tmp_path / "out").glob("*.bin"))
    found = load_file(tmp_path / "out" / "model.safetensors")
    plain = load_file(tmp_path / "as-safetensors" / "model.safetensors")
    assert found.keys() == {f"bert.{name}" for name in plain} | {"cls.predictions.decoder.weight"}
    assert all(torch.equal(found[f"bert.{name}"], value) for name, value in plain.items())
    _, info = AutoModelForTokenClassification.from_pretrained(
        tmp_path / "out", num_labels=3, output_loading_info=True, use_safetensors=True
    )
    assert {key.split(".")[0] for key in info["missing_keys"]} == {"classifier"}


def test_a_cased_folder_stays_cased_through_import_save_and_load(hub: Path, tmp_path: Path) -> None:
    report = import_hub_folder(hub, tmp_path / "out")
    assert report.cased
    config = json.loads((tmp_path / "out" / "tokenizer_config.json").read_text())
    assert config == {"do_lower_case": False, "model_max_length": 512}
    assert pieces(tmp_path / "out") == WORDS
    AutoTokenizer.from_pretrained(tmp_path / "out").save_pretrained(tmp_path / "again")
    shutil.copy(tmp_path / "out" / "config.json", tmp_path / "again")
    shutil.copy(tmp_path / "out" / "model.safetensors", tmp_path / "again")
    assert pieces(tmp_path / "again") == WORDS
    assert is_ready(tmp_path / "again"), "what training saves needs no rewriting"


def test_a_tokenizer_that_lower_cases_a_cased_vocabulary_is_put_right(
    hub: Path, tmp_path: Path
) -> None:
    AutoTokenizer.from_pretrained(hub).save_pretrained(hub)  # with do_lower_case true, twice
    assert json.loads((hub / "tokenizer.json").read_text())["normalizer"]["lowercase"]
    (hub / "vocab.txt").unlink()
    import_hub_folder(hub, tmp_path / "out")
    assert pieces(tmp_path / "out") == WORDS
    assert not json.loads((tmp_path / "out" / "tokenizer.json").read_text())["normalizer"][
        "lowercase"
    ]


def test_an_uncased_folder_stays_uncased(hub: Path, tmp_path: Path) -> None:
    folder = hub.rename(hub.with_name("some-uncased-bert"))
    vocab = folder / "vocab.txt"
    lines = vocab.read_text(encoding="utf-8").split()
    low = [line if line[0] == "[" else line.lower() for line in lines]
    vocab.write_text("\n".join(low), encoding="utf-8")
    assert not import_hub_folder(folder, tmp_path / "out").cased
    assert pieces(tmp_path / "out") == [word.lower() for word in WORDS]


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.system, ("touch ran-code",))


def test_a_pickle_that_could_run_code_is_refused_and_runs_nothing(
    hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": torch.zeros(2), "evil": Harmful()}, hub / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin: refused"):
        import_hub_folder(hub, tmp_path / "out")
    (hub / "pytorch_model.bin").write_bytes(pickle.dumps({"evil": Harmful()}, protocol=2))
    with pytest.raises(ModelError, match=r"pytorch_model\.bin: refused"):
        import_hub_folder(hub, tmp_path / "out")
    torch.save({"state_dict": {"weight": torch.zeros(2)}}, hub / "pytorch_model.bin")
    with pytest.raises(ModelError, match="expected named tensors, found 'state_dict'"):
        import_hub_folder(hub, tmp_path / "out")
    (hub / "pytorch_model.bin").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin: "):
        import_hub_folder(hub, tmp_path / "out")
    assert not (tmp_path / "ran-code").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["as-safetensors", "biobert-v1.1"]


def test_other_pickles_are_refused_by_name_or_left_behind(hub: Path, tmp_path: Path) -> None:
    (hub / "optimizer.pt").write_bytes(b"x")
    (hub / "modeling_custom.py").write_text("raise SystemExit")
    config = json.loads((hub / "config.json").read_text())
    (hub / "config.json").write_text(
        json.dumps({**config, "auto_map": {"AutoModel": "modeling_custom.X"}})
    )
    import_hub_folder(hub, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer_config.json",
        "vocab.txt",
    ]
    assert "auto_map" not in json.loads((tmp_path / "out" / "config.json").read_text())
    (hub / "pytorch_model.bin").unlink()
    with pytest.raises(ModelError, match=r"expected model\.safetensors.*refused: optimizer\.pt"):
        import_hub_folder(hub, tmp_path / "other")


def test_prepare_takes_a_folder_a_tensorflow_release_or_a_hub_id_and_caches(
    hub: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    from_tf = prepare_encoder(str(FIXTURE), cache)
    assert pieces(from_tf) == WORDS
    assert prepare_encoder(str(FIXTURE / "model.ckpt-7"), cache).parent == cache
    assert prepare_encoder(str(from_tf), cache) == from_tf, "ready: used as it is"
    local = prepare_encoder(str(hub), cache)
    assert local.parent == cache
    assert prepare_encoder(str(hub), cache) == local, "made once"
    os.utime(hub / "vocab.txt", (1, 1))
    assert prepare_encoder(str(hub), cache) != local, "its source has changed"
    fetched = prepare_encoder("dmis-lab/biobert-v1.1", cache, download=lambda hub_id: hub)
    assert fetched.name.startswith("dmis-lab-biobert-v1.1-")
    assert pieces(fetched) == WORDS


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["TensorFlow", "hub"])
def test_both_layouts_are_trained_alike_and_stay_cased(
    layout: str, hub: Path, tmp_path: Path, sample: Dataset, home: Path
) -> None:
    base = FIXTURE if layout == "TensorFlow" else hub
    config = TrainingConfig(str(base), max_steps=2, batch_size=2, device="cpu")
    out = tmp_path / "model"
    assert train(config, sample, out).steps == 2
    assert check_folder(out) is None
    assert is_ready(out)
    assert pieces(out) == WORDS
    assert load_tagger(out).tag(sample.test[:2])


def test_a_name_that_is_no_folder_and_no_hub_id_is_refused(tmp_path: Path) -> None:
    for name in ("/no/such/folder", "./nowhere", "~/nowhere", "models/nowhere", "a b", "a/b/c"):
        assert kind_of_base(name) is BaseKind.ABSENT
        with pytest.raises(ModelError, match="no such model folder"):
            prepare_encoder(name, tmp_path)


@pytest.mark.skipif(not MINILM.is_dir(), reason="needs ../shared/encoders")
def test_the_local_uncased_encoder_is_used_as_it_is(tmp_path: Path) -> None:
    assert prepare_encoder(str(MINILM), tmp_path) == MINILM
