"""Reserved pieces in a model's folder: added to its vocabulary, and which convention each tells.

Order of making: a case split drops unused pieces, so it comes first; then the reserved pieces; then
fine-tuning teaches what they mean.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bioner.conventions import ANY_PIECE, Conventions, conventions_from_json
from bioner.errors import ConventionError, ModelError
from bioner.files import read_json_object, staged_folder, write_whole
from bioner.models.card import COPY_AGAIN
from bioner.models.folder import WEIGHTS
from bioner.models.wordpiece import read_json, write_json

CONVENTIONS = "conventions.json"
EMBEDDINGS = "word_embeddings.weight"
NOISE = 0.3
"""Spread of a new piece's embedding around the mean, as a share of all embeddings' spread."""

KEPT = ("schema.json", "training_hashes.bin", "card.json", "vocab.txt")


def read_conventions(folder: Path) -> Conventions:
    """Return the conventions that a model's folder lists; none for a folder without a list.

    Raises ModelError where the list is damaged.
    """
    path = folder / CONVENTIONS
    if not path.is_file():
        return Conventions()
    try:
        return conventions_from_json(read_json_object(path, ModelError, mend=COPY_AGAIN))
    except ConventionError as error:
        raise ModelError(f"{path}: {error}; {COPY_AGAIN}") from error


def has_conventions(folder: Path) -> bool:
    """Return whether a folder has reserved pieces, without reading them."""
    return (folder / CONVENTIONS).is_file()


def write_conventions(folder: Path, conventions: Conventions) -> None:
    """Write the list, and make stock Transformers read the folder's own tokenizer template.

    Nothing is written for a model without reserved pieces.
    """
    if not conventions:
        return
    path = folder / "tokenizer_config.json"
    # BertTokenizer builds its template anew from the vocabulary and would leave [ANY] out.
    write_json(path, {**read_json(path), "tokenizer_class": "PreTrainedTokenizerFast"})
    text = json.dumps(conventions.to_json(), indent=1, ensure_ascii=False) + "\n"
    write_whole(folder / CONVENTIONS, text)


def reserve_pieces(source: Path, out: Path, pieces: Sequence[str], *, seed: int = 0) -> Conventions:
    """Write the model or encoder in ``source`` with reserved pieces into ``out``, whole or not.

    The tokenizer's template becomes ``[CLS] [ANY] text [SEP]``, which a stock pipeline follows. A
    new piece's embedding is the mean of all, plus a little noise drawn by ``seed``. Raises
    ModelError where the folder has pieces reserved, or no WordPiece tokenizer and embeddings.
    """
    if out.exists():
        raise ModelError(f"{out}: exists already; choose another name, or delete it first")
    if read_conventions(source):
        raise ModelError(f"{source}: has its reserved pieces already; train it as it is")
    if ANY_PIECE not in pieces:
        raise ModelError(f"the reserved pieces need {ANY_PIECE} among them")
    with staged_folder(out) as made:
        first = _write_tokenizer(source, made, pieces)
        rows = _write_weights(source, made, first, len(pieces), seed)
        write_json(made / "config.json", {**read_json(source / "config.json"), "vocab_size": rows})
        for name in KEPT:
            if (source / name).is_file():
                shutil.copyfile(source / name, made / name)
        conventions = Conventions((), tuple(pieces))
        write_conventions(made, conventions)
    return conventions


def _write_tokenizer(source: Path, made: Path, pieces: Sequence[str]) -> int:
    """Write the tokenizer with the pieces at its end; return the first one's number."""
    from tokenizers import AddedToken
    from tokenizers.processors import TemplateProcessing
    from transformers import AutoTokenizer

    whole = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    if not whole.is_fast:
        raise ModelError(f"{source}: its tokenizer has no fast version, which is needed")
    backend: Any = whole.backend_tokenizer
    begin, end = whole.cls_token, whole.sep_token
    there = [piece for piece in pieces if backend.token_to_id(piece) is not None]
    if there or begin is None or end is None:
        why = f"has a piece {there[0]} already" if there else "has no begin and end pieces"
        raise ModelError(f"{source}: {why}, so that no convention can be told to it")
    backend.add_special_tokens([AddedToken(p, special=True, normalized=False) for p in pieces])
    numbers = [(p, backend.token_to_id(p)) for p in (begin, ANY_PIECE, end)]
    backend.post_processor = TemplateProcessing(
        single=f"{begin} {ANY_PIECE} $A {end}",
        pair=f"{begin} {ANY_PIECE} $A {end} $B:1 {end}:1",
        special_tokens=numbers,
    )
    whole.save_pretrained(made)
    backend.save(str(made / "tokenizer.json"))
    settings: dict[str, Any] = read_json(made / "tokenizer_config.json")
    names = list(whole.model_input_names)
    write_json(made / "tokenizer_config.json", {**settings, "model_input_names": names})
    number: int = backend.token_to_id(pieces[0])
    return number


def _write_weights(source: Path, made: Path, first: int, count: int, seed: int) -> int:
    """Write the weights with the new pieces' embeddings; return how many rows there are now."""
    import torch
    from safetensors.torch import load_file, save_file

    if not (source / WEIGHTS).is_file():
        raise ModelError(f"{source / WEIGHTS} is missing; copy the whole folder again")
    weights = load_file(source / WEIGHTS)
    names = [name for name in weights if name.endswith(EMBEDDINGS)]
    if len(names) != 1:
        raise ModelError(f"{source / WEIGHTS}: no {EMBEDDINGS}; only BERT's kind can be told")
    old = weights[names[0]].float()
    draw = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, old.shape[1], generator=draw) * old.std() * NOISE
    made_rows = torch.zeros(max(len(old), first + count), old.shape[1])
    made_rows[: len(old)] = old
    made_rows[first : first + count] = old[:first].mean(dim=0) + noise
    weights[names[0]] = made_rows.to(weights[names[0]].dtype).contiguous()
    save_file(weights, made / WEIGHTS, metadata={"format": "pt"})
    return len(made_rows)
