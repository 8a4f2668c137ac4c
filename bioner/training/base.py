"""The encoder that a run starts from, with a token classifier of the data's types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bioner.bio import tag_names
from bioner.conventions import Conventions, pieces_for
from bioner.corpora.catalogue import read_catalogue
from bioner.corpora.registry import CORPORA
from bioner.errors import TrainingError
from bioner.models.encoders import cached, prepare_encoder
from bioner.models.reserved_pieces import read_conventions, reserve_pieces
from bioner.settings import read_settings
from bioner.training import processes
from bioner.training.config import TrainingConfig

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_base(
    config: TrainingConfig, types: tuple[str, ...]
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, Conventions]:
    """Load an encoder with a fresh token classifier for the types, in float32; and what it knows.

    A half-precision checkpoint is loaded as float32: AdamW on half-precision weights gives NaN at
    the second step. A model that has the same tags keeps its classifier. Raises TrainingError.
    """
    import torch
    from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer

    cache = read_settings().data / "encoders"
    folder = processes.first_before_others(
        lambda: _with_pieces(prepare_encoder(config.base, cache), cache, config)
    )
    tags = tag_names(types)
    labels = {
        "id2label": dict(enumerate(tags)),
        "label2id": {tag: i for i, tag in enumerate(tags)},
        "num_labels": len(tags),
    }
    try:
        settings = AutoConfig.from_pretrained(folder, trust_remote_code=False, **labels)
        if config.dropout is not None:
            settings.hidden_dropout_prob = config.dropout
        extra = {"add_prefix_space": True} if settings.model_type in ("roberta", "gpt2") else {}
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, **extra)
        model = AutoModelForTokenClassification.from_pretrained(
            folder,
            config=settings,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,
        )
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(
            f"{config.base}: not loadable as an encoder ({str(error).splitlines()[0]}); give a "
            "folder with config.json, model.safetensors and a tokenizer, or a hub id while there "
            "is a network"
        ) from error
    if not tokenizer.is_fast:
        raise TrainingError(f"{config.base}: its tokenizer has no fast version, which is needed")
    return model, tokenizer, read_conventions(folder)


def _with_pieces(folder: Path, cache: Path, config: TrainingConfig) -> Path:
    """Return the folder with reserved pieces in its vocabulary, where they are asked for."""
    if not config.conventions or read_conventions(folder):
        return folder
    pieces = pieces_for((*CORPORA, *read_catalogue()))

    def reserve(out: Path) -> None:
        reserve_pieces(folder, out, pieces, seed=config.seed)

    name = f"{folder.name}-told-{config.seed}-{len(pieces)}"
    return cached(folder, cache, reserve, name)


def window_length(config: TrainingConfig, model: PreTrainedModel) -> int:
    """Return the pieces of the longest window: what was asked for, as far as the encoder reads.

    Raises TrainingError where more than that was asked for; the default is no demand.
    """
    positions = int(getattr(model.config, "max_position_embeddings", config.max_length))
    if config.max_length > max(positions, type(config)(config.base).max_length):
        raise TrainingError(
            f"--max-length: expected at most {positions}, which is what {config.base} reads, got "
            f"{config.max_length}"
        )
    return min(config.max_length, positions)
