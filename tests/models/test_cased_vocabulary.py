"""Splitting an uncased vocabulary by case: the same numbers at the start, case afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bioner.errors import ModelError
from bioner.models.cased_vocabulary import split_by_case

WORDS = ["CAT"] * 6 + ["cat"] * 9 + ["Cat"] * 5 + ["IL"] * 5 + ["Rare"] + ["2B"] * 7


@pytest.fixture
def uncased(tmp_path: Path) -> Path:
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path / "uncased"
    folder.mkdir()
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    pieces = ["[PAD]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "é", *letters]
    pieces += [f"##{c}" for c in letters] + ["cat", "il"]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
    BertTokenizer(str(folder / "vocab.txt"), do_lower_case=True).save_pretrained(folder)
    torch.manual_seed(1)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = BertConfig(vocab_size=len(pieces), intermediate_size=32, **size)
    BertModel(config).save_pretrained(folder)
    return folder


def hidden(folder: Path, text: str) -> tuple[list[str], np.ndarray]:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    encoded = tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        states = model(**encoded).last_hidden_state[0].numpy()
    return tokenizer.convert_ids_to_tokens(encoded["input_ids"][0]), states


def test_the_split_model_computes_the_same_but_sees_case(uncased: Path, tmp_path: Path) -> None:
    made = split_by_case(uncased, tmp_path / "cased", WORDS)
    before, old = hidden(uncased, "CAT cat Cat IL 2B")
    after, new = hidden(made.folder, "CAT cat Cat IL 2B")
    assert before == ["[CLS]", "cat", "cat", "cat", "il", "2", "##b", "[SEP]"]
    assert after == ["[CLS]", "CAT", "cat", "Cat", "IL", "2", "##B", "[SEP]"]
    np.testing.assert_allclose(new, old, atol=1e-6)


def test_rare_forms_get_no_piece_and_no_word_is_unknown(uncased: Path, tmp_path: Path) -> None:
    made = split_by_case(uncased, tmp_path / "cased", WORDS)
    pieces, _ = hidden(made.folder, "Rare QZ9")
    assert pieces == ["[CLS]", "R", "##a", "##r", "##e", "Q", "##Z", "##9", "[SEP]"]
    vocab = json.loads((made.folder / "tokenizer.json").read_text())["model"]["vocab"]
    assert "Rare" not in vocab
    assert made.dropped == 2
    assert made.kept + made.added == len(vocab) == len(set(vocab.values()))
    assert not [piece for piece in vocab if not piece.isascii() or piece.startswith("[unused")]


def test_the_most_frequent_forms_come_first(uncased: Path, tmp_path: Path) -> None:
    made = split_by_case(uncased, tmp_path / "cased", WORDS, most=1)
    vocab = json.loads((made.folder / "tokenizer.json").read_text())["model"]["vocab"]
    assert "CAT" in vocab
    assert "Cat" not in vocab


def test_what_cannot_be_split_is_refused_and_nothing_is_written(
    uncased: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cased"
    made = split_by_case(uncased, out, WORDS)
    with pytest.raises(ModelError, match="exists"):
        split_by_case(uncased, out, WORDS)
    with pytest.raises(ModelError, match="not an uncased"):
        split_by_case(made.folder, tmp_path / "twice", WORDS)
    with pytest.raises(ModelError, match="not there"):
        split_by_case(tmp_path, tmp_path / "nothing", WORDS)
    assert not (tmp_path / "twice").exists()
    assert not (tmp_path / "nothing").exists()
