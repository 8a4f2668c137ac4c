"""An uncased WordPiece encoder becomes a cased one that starts out computing the same.

Case tells a gene from a word ("CAT", "cat"), and an uncased encoder throws it away. Each cased
form of a piece that the training words hold often enough becomes a piece of its own, whose
embedding starts as a copy of the uncased one; fine-tuning tells them apart. The way of starting new
pieces from old embeddings follows Gee et al. 2022 ("Fast Vocabulary Transfer").
"""

from __future__ import annotations

import json
import shutil
import string
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioner.errors import ModelError
from bioner.files import staged_folder
from bioner.models.folder import WEIGHTS
from bioner.models.wordpiece import read_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer

EMBEDDINGS = "embeddings.word_embeddings.weight"
PREFIX = "##"


@dataclass(frozen=True, slots=True)
class CasedVocabulary:
    """What became of the vocabulary: pieces kept, cased ones added, and ones left out as unused."""

    folder: Path
    kept: int
    added: int
    dropped: int


def split_by_case(
    source: Path, out: Path, words: Iterable[str], *, least: int = 5, most: int = 8_000
) -> CasedVocabulary:
    """Write the uncased model or encoder in ``source`` as a cased one into ``out``.

    ``words`` are training words as they are written; a cased piece seen ``least`` times is added,
    the ``most`` frequent ones at most. Reserved pieces (``[unused1]``) and those with letters
    outside ASCII, which the tagger folds to ASCII anyway, are left out. Raises ModelError for a
    folder without an uncased WordPiece ``tokenizer.json``, or where ``out`` exists.
    """
    from tokenizers import Tokenizer

    path = source / "tokenizer.json"
    if not path.is_file():
        raise ModelError(f"{path}: not there; an uncased WordPiece tokenizer is needed")
    if out.exists():
        raise ModelError(f"{out}: exists already; choose another name, or delete it first")
    tokenizer: dict[str, Any] = read_json(path)
    model, normalizer = tokenizer["model"], tokenizer.get("normalizer") or {}
    if model.get("type") != "WordPiece" or not normalizer.get("lowercase"):
        raise ModelError(f"{path}: not an uncased WordPiece tokenizer; there is no case to split")
    old: dict[str, int] = model["vocab"]
    special = {entry["content"] for entry in tokenizer["added_tokens"]}
    kept = [
        piece
        for piece in sorted(old, key=old.__getitem__)
        if piece in special or (piece.isascii() and not piece.startswith("[unused"))
    ]
    seen = cased_pieces(Tokenizer.from_file(str(path)), Counter(words))
    letters = [prefix + letter for letter in string.ascii_uppercase for prefix in ("", PREFIX)]
    often = [piece for piece, n in seen.most_common() if n >= least and piece not in letters]
    added = [p for p in (*letters, *often[:most]) if p.lower() in old]
    pieces = [*kept, *added]
    rows = [old[piece] for piece in kept] + [old[piece.lower()] for piece in added]
    with staged_folder(out) as made:
        for name in ("schema.json", "training_hashes.bin", "card.json"):
            if (source / name).is_file():
                shutil.copyfile(source / name, made / name)
        _write_tokenizer(tokenizer, {p: i for i, p in enumerate(pieces)}, source, made)
        _write_weights(source, made, rows)
    return CasedVocabulary(out, len(kept), len(added), len(old) - len(kept))


def cased_pieces(tokenizer: Tokenizer, words: Mapping[str, int]) -> Counter[str]:
    """Count the pieces of the words as they are written, those with a capital letter only."""
    found: Counter[str] = Counter()
    distinct = [word for word in words if word != word.lower() and word.isascii()]
    encodings = tokenizer.encode_batch(
        [[word] for word in distinct], is_pretokenized=True, add_special_tokens=False
    )
    for word, encoding in zip(distinct, encodings, strict=True):
        for piece, (start, end) in zip(encoding.tokens, encoding.offsets, strict=True):
            written = word[start:end]
            if written != written.lower():
                continuing = PREFIX if piece.startswith(PREFIX) else ""
                found[continuing + written] += words[word]
    return found


def _write_tokenizer(
    tokenizer: dict[str, Any], vocab: dict[str, int], source: Path, made: Path
) -> None:
    tokenizer["model"]["vocab"] = vocab
    tokenizer["normalizer"] |= {"lowercase": False, "strip_accents": True}
    for entry in tokenizer["added_tokens"]:
        entry["id"] = vocab[entry["content"]]
    for name, entry in (tokenizer.get("post_processor") or {}).get("special_tokens", {}).items():
        entry["ids"] = [vocab[name]]
    _write(made / "tokenizer.json", tokenizer, indent=None)
    settings = read_json(source / "tokenizer_config.json")
    settings |= {"do_lower_case": False, "strip_accents": True}
    settings.pop("added_tokens_decoder", None)
    _write(made / "tokenizer_config.json", settings)
    config = read_json(source / "config.json")
    pad = vocab["[PAD]"]
    _write(made / "config.json", {**config, "vocab_size": len(vocab), "pad_token_id": pad})


def _write_weights(source: Path, made: Path, rows: list[int]) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(source / WEIGHTS)
    names = [name for name in weights if name.endswith(EMBEDDINGS)]
    if len(names) != 1:
        raise ModelError(f"{source / WEIGHTS}: no {EMBEDDINGS}; only BERT encoders can be split")
    weights[names[0]] = weights[names[0]][rows].contiguous()
    save_file(weights, made / WEIGHTS, metadata={"format": "pt"})


def _write(path: Path, value: object, indent: int | None = 2) -> None:
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")
