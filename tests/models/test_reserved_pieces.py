"""Reserved pieces: a stock pipeline gets [ANY], and what was computed before is still there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bioner.conventions import Conventions, pieces_for
from bioner.errors import ModelError
from bioner.models.reserved_pieces import read_conventions, reserve_pieces, write_conventions

torch = pytest.importorskip("torch")
PIECES = pieces_for(["BC2GM", "CRAFT"], spare=2)


@pytest.fixture(scope="module")
def told(tmp_path_factory, tiny_encoder) -> Path:
    out = tmp_path_factory.mktemp("told") / "encoder"
    reserve_pieces(tiny_encoder, out, PIECES)
    return out


def test_the_template_of_a_stock_tokenizer_has_any_also_after_saving(told, tmp_path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(told)
    tokenizer.save_pretrained(tmp_path)
    write_conventions(tmp_path, read_conventions(told))
    for one in (tokenizer, AutoTokenizer.from_pretrained(tmp_path)):
        made = one("The mouse", return_special_tokens_mask=True)
        pieces = one.convert_ids_to_tokens(made["input_ids"])
        assert pieces[:2] == ["[CLS]", "[ANY]"]
        assert pieces[-1] == "[SEP]"
        assert made["special_tokens_mask"][:2] == [1, 1]
        assert len(one("a b c " * 50, truncation=True, max_length=20)["input_ids"]) == 20


def test_the_old_pieces_keep_number_and_embedding_and_new_ones_differ(told, tiny_encoder) -> None:
    from safetensors.torch import load_file

    name = "embeddings.word_embeddings.weight"
    old = load_file(tiny_encoder / "model.safetensors")[name]
    new = load_file(told / "model.safetensors")[name]
    assert torch.equal(new[: len(old)], old)
    added = new[len(old) :]
    assert len(added) == len(PIECES)
    assert len(torch.unique(added, dim=0)) == len(PIECES)
    assert torch.allclose(added.mean(), old.mean(), atol=0.01)


def test_the_same_seed_gives_the_same_embeddings(told, tiny_encoder, tmp_path) -> None:
    reserve_pieces(tiny_encoder, tmp_path / "again", PIECES)
    reserve_pieces(tiny_encoder, tmp_path / "other", PIECES, seed=1)
    weights = [(f / "model.safetensors").read_bytes() for f in (told, tmp_path / "again")]
    assert weights[0] == weights[1]
    assert weights[0] != (tmp_path / "other" / "model.safetensors").read_bytes()


def test_a_folder_lists_what_it_knows_and_one_without_a_list_knows_none(
    told, tiny_encoder, tmp_path
) -> None:
    assert read_conventions(tiny_encoder) == Conventions()
    assert read_conventions(told).reserved == PIECES
    with pytest.raises(ModelError, match="reserved pieces already"):
        reserve_pieces(told, tmp_path / "twice", PIECES)
    (tmp_path / "conventions.json").write_text("{}")
    with pytest.raises(ModelError, match="copy the whole model folder again"):
        read_conventions(tmp_path)


def test_case_is_split_before_pieces_are_reserved(tiny_encoder, tmp_path) -> None:
    from transformers import AutoTokenizer

    from bioner.models.cased_vocabulary import split_by_case

    split_by_case(tiny_encoder, tmp_path / "cased", ["BRCA1", "Mouse"] * 9)
    reserve_pieces(tmp_path / "cased", tmp_path / "told", PIECES)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "told")
    assert tokenizer.tokenize("B b") == ["B", "b"]
    assert tokenizer("b")["input_ids"][1] == tokenizer.convert_tokens_to_ids("[ANY]")
