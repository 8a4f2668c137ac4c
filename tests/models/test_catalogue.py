"""Model folders: what is sound, what is damaged and says so, and which model is active."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
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


def test_promote_and_roll_back_walk_the_same_way_back(place: Settings) -> None:
    for name in ("bioner-compact", "a", "b"):
        make_model(place.models, name)
    assert catalogue.active_model(place) == "bioner-compact"
    assert catalogue.rollback_target(place) is None
    catalogue.promote(place, "a", "better on CRAFT", "Ada")
    catalogue.promote(place, "b", "faster")
    assert catalogue.active_model(place) == "b"
    assert catalogue.rollback(place, "too eager").name == "a"
    assert catalogue.rollback(place).name == "bioner-compact"
    with pytest.raises(ModelError, match="no earlier model"):
        catalogue.rollback(place)
    kinds = [(change.kind, change.name) for change in catalogue.history(place)]
    assert kinds == [
        ("promote", "a"),
        ("promote", "b"),
        ("rollback", "a"),
        ("rollback", "bioner-compact"),
    ]
    assert catalogue.history(place)[0].reason == "better on CRAFT"


def test_promotion_refuses_what_cannot_serve(place: Settings) -> None:
    make_model(place.models, "encoder", head=False)
    make_model(place.models, "good")
    (make_model(place.models, "broken") / "config.json").unlink()
    for name, message in [
        ("encoder", "bare encoder"),
        ("broken", r"config\.json is missing"),
        ("absent", "no such model"),
        (str(place.models / "good"), "copy it there"),
        ("..", "copy it there"),
    ]:
        with pytest.raises(ModelError, match=message):
            catalogue.promote(place, name, "because")
    with pytest.raises(ModelError, match="reason"):
        catalogue.promote(place, "good", "  ")
    assert catalogue.history(place) == ()


def test_roll_back_to_a_model_that_is_gone_is_refused_by_name(place: Settings) -> None:
    for name in ("a", "b"):
        make_model(place.models, name)
    catalogue.promote(place, "a", "first")
    catalogue.promote(place, "b", "second")
    (place.models / "a" / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors is missing"):
        catalogue.rollback(place)
    assert catalogue.active_model(place) == "b"


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
    for use in (
        lambda: catalogue.promote(place, "a", "why"),
        lambda: catalogue.active_model(place),
    ):
        with pytest.raises(ModelError, match=r"active-model\.json.*move it away to begin anew"):
            use()
    assert (place.home / catalogue.POINTER).read_text() == damage


def _promote_often(place: Settings, name: str) -> None:
    for i in range(10):
        catalogue.promote(place, f"{name}{i % 2}", f"{name} {i}")


def test_promotions_of_several_processes_are_all_on_record(place: Settings) -> None:
    for name in ("a0", "a1", "b0", "b1"):
        make_model(place.models, name)
    workers = [
        multiprocessing.get_context("fork").Process(target=_promote_often, args=(place, name))
        for name in "ab"
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    reasons = {change.reason for change in catalogue.history(place)}
    assert reasons == {f"{name} {i}" for name in "ab" for i in range(10)}
