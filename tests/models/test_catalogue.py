"""Model folders: what is sound, what is damaged and says so, and which model is active."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from runs import make_model

from bioner.errors import ModelError
from bioner.models import catalogue
from bioner.models.card import (
    HASHES,
    ModelCard,
    has_training_hashes,
    read_card,
    training_hashes,
    write_card,
    write_training_hashes,
)
from bioner.models.folder import check_folder, read_tensor_shapes
from bioner.settings import Settings, read_settings


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("BIONER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BIONER_MODELS", str(tmp_path / "models"))
    return read_settings()


def test_card_survives_writing_and_reading(tmp_path: Path) -> None:
    card = ModelCard(
        name="µ-model",
        base="tiny",
        types=("Gene", "Cell"),
        tags=("O",),
        config={"lr": 1e-3},
        epochs=1,
        scores={"overall": {"micro": {"f1": 0.7}}},
        limits=("no µ",),
    )
    write_card(tmp_path, card)
    assert read_card(tmp_path) == card
    assert card.f1 == 0.7


def test_card_of_a_later_version_is_read_without_its_unknown_fields() -> None:
    raw = {**ModelCard(name="a").to_json(), "invented_later": {"x": 1}}
    assert ModelCard.from_json(raw) == ModelCard(name="a")


@pytest.mark.parametrize(
    ("field", "value"),
    [("types", "Gene"), ("seed", "1"), ("config", []), ("epochs", True), ("base", None)],
)
def test_card_with_a_field_of_another_kind_names_the_field(field: str, value: object) -> None:
    with pytest.raises(ModelError, match=field):
        ModelCard.from_json({**ModelCard(name="a").to_json(), field: value})


@given(st.sets(st.binary(min_size=8, max_size=8).map(bytes.hex), max_size=50))
@hypothesis_settings(max_examples=30, deadline=None)
def test_training_hashes_are_read_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, hashes: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("hashes")
    assert not has_training_hashes(folder)
    write_training_hashes(folder, hashes)
    assert training_hashes(folder) == hashes
    assert has_training_hashes(folder)


def test_training_hashes_that_were_cut_off_are_refused(tmp_path: Path) -> None:
    write_training_hashes(tmp_path, ["00112233445566aa"])
    file = tmp_path / HASHES
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"training_hashes\.bin"):
        training_hashes(tmp_path)


def test_sound_folder_has_no_problem_and_a_stamp_that_follows_its_files(place: Settings) -> None:
    folder = make_model(place.models, "good")
    before = catalogue.list_models(place.models)[0]
    assert before.problem is None
    assert before.can_tag
    assert before.card is not None
    assert before.size_bytes > 100
    write_card(folder, replace(before.card, stage="final"))
    assert catalogue.describe_model(folder).stamp != before.stamp


def test_folder_that_a_run_still_writes_is_not_a_model_yet(place: Settings) -> None:
    (place.models / "unfinished" / "checkpoints" / "checkpoint-5").mkdir(parents=True)
    assert catalogue.list_models(place.models) == []


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "vocab.txt"])
def test_damaged_folder_is_listed_with_what_is_missing(place: Settings, missing: str) -> None:
    folder = make_model(place.models, "broken")
    (folder / missing).unlink()
    entry = catalogue.list_models(place.models)[0]
    expected = "tokenizer.json" if missing == "vocab.txt" else missing
    assert entry.problem is not None
    assert expected in entry.problem
    assert not entry.can_tag


def test_weights_cut_off_anywhere_are_noticed(place: Settings) -> None:
    file = make_model(place.models, "cut") / "model.safetensors"
    whole = file.read_bytes()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        problem = check_folder(file.parent)
        assert problem is not None, length
        assert "model.safetensors" in problem
    file.write_bytes(whole + b"x")
    assert check_folder(file.parent) is not None


@given(st.binary(max_size=200))
@hypothesis_settings(max_examples=60, deadline=None)
def test_any_bytes_as_weights_give_a_model_error_or_shapes(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    file = tmp_path_factory.mktemp("noise") / "model.safetensors"
    for content in (noise, len(noise).to_bytes(8, "little") + noise):
        file.write_bytes(content)
        with contextlib.suppress(ModelError):
            read_tensor_shapes(file)


def test_pickled_weights_and_own_code_are_refused(place: Settings) -> None:
    folder = make_model(place.models, "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "pytorch_model.bin" in (check_folder(folder) or "")
    other = make_model(place.models, "own-code")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "x.Y"}}))
    assert "auto_map" in (check_folder(other) or "")


def test_head_that_does_not_fit_the_tag_names_is_a_problem(place: Settings) -> None:
    folder = make_model(place.models, "odd", tags=3)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "id2label": {"0": "O"}}))
    assert "names 1 tags, but the classifier has 3" in (check_folder(folder) or "")


def test_sharded_weights_need_every_shard(place: Settings) -> None:
    folder = make_model(place.models, "sharded")
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    index = {"weight_map": {"classifier.weight": "model-1.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert check_folder(folder) is None
    index["weight_map"]["x"] = "model-2.safetensors"
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "model-2.safetensors is missing" in (check_folder(folder) or "")


def test_model_is_found_by_name_or_path_and_else_the_known_ones_are_named(place: Settings) -> None:
    folder = make_model(place.models, "good")
    assert catalogue.find_model("good", place.models) == folder
    assert catalogue.find_model(str(folder), place.models) == folder
    with pytest.raises(ModelError, match=r"nope: no such model.*good"):
        catalogue.find_model("nope", place.models)
    with pytest.raises(ModelError, match="no model was named"):
        catalogue.find_model("", place.models)


@pytest.mark.parametrize(
    "damage",
    [
        "{",
        "[" * 100_000,
        "[]",
        "{}",
        '{"history": 5}',
        '{"history": "abc"}',
        '{"history": [{"name": "a"}]}',
        '{"history": [{"kind": "promote", "name": 3, "previous": "", "reason": "", "by": "", '
        '"at": ""}]}',
    ],
)
def test_damaged_record_is_named_and_not_overwritten(place: Settings, damage: str) -> None:
    make_model(place.models, "a")
    place.home.mkdir()
    (place.home / catalogue.POINTER).write_text(damage)
    with pytest.raises(ModelError, match=r"active-model\.json.*move it away to begin anew"):
        catalogue.active_model(place)
    assert (place.home / catalogue.POINTER).read_text() == damage


def test_a_folder_is_read_again_only_where_a_file_of_it_was_touched(place: Settings) -> None:
    folder = make_model(place.models, "one")
    first = catalogue.describe_model(folder)
    assert first.problem is None
    assert catalogue.describe_model(folder) is first
    whole = (folder / "card.json").read_bytes()
    (folder / "card.json").write_bytes(whole[:-2])
    assert catalogue.describe_model(folder).problem
    (folder / "card.json").write_bytes(whole)
    assert catalogue.describe_model(folder).problem is None
    (folder / "model.safetensors").unlink()
    assert "model.safetensors" in str(catalogue.describe_model(folder).problem)
