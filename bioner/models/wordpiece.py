"""WordPiece vocabularies: ``vocab.txt``, cased or uncased, and telling Transformers which.

Transformers 5 lower-cases every BERT folder whose ``tokenizer_config.json`` does not say otherwise,
whatever its vocabulary or ``tokenizer.json`` hold; so that file is always written.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from bioner.errors import ModelError
from bioner.files import read_json_object

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
MAX_LENGTH = 512
CASED_SHARE = 0.01
"""The least share of upper-case pieces in a cased vocabulary; an uncased one has next to none."""
_UPPER = re.compile("[A-Z]")
_CASED_NAME = re.compile(r"biobert|clinical_?bert|(?<!un)cased", re.IGNORECASE)
_UNCASED_NAME = re.compile(r"uncased", re.IGNORECASE)


def read_vocab(path: Path) -> tuple[str, ...]:
    """Read a vocabulary, a piece a line; raise ModelError if it is absent or not one of BERT's."""
    try:
        lines = path.read_bytes().decode("utf-8").replace("\r\n", "\n").split("\n")
    except FileNotFoundError as error:
        raise ModelError(
            f"{path}: no such file; a BERT release has its vocabulary there"
        ) from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{path}: not UTF-8 text at byte {error.start}") from error
    if lines[-1] == "":
        lines.pop()
    missing = [token for token in SPECIAL if token not in lines]
    if missing:
        raise ModelError(
            f"{path}: not a BERT vocabulary, {', '.join(missing)} missing among {len(lines)} lines"
        )
    return tuple(lines)


def is_cased(vocab: tuple[str, ...], *names: str) -> bool:
    """Say whether a vocabulary keeps case: by its upper-case pieces, else by known cased names.

    An uncased vocabulary has no upper-case letter outside its ``[...]`` specials; ``names`` (of the
    folder, the archive, the hub id) decide for vocabularies too small to tell.
    """
    upper = sum(bool(_UPPER.search(piece)) and not piece.startswith("[") for piece in vocab)
    if upper >= CASED_SHARE * len(vocab):
        return True
    return any(_CASED_NAME.search(name) and not _UNCASED_NAME.search(name) for name in names)


def write_vocab(folder: Path, vocab: tuple[str, ...]) -> None:
    """Write ``vocab.txt``."""
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in vocab), encoding="utf-8")


def write_tokenizer_config(
    folder: Path, *, cased: bool, max_length: int, keep: dict[str, Any] | None = None
) -> None:
    """Write ``tokenizer_config.json``: case and length forced, the rest as ``keep`` says.

    A ``tokenizer.json`` in the folder gets the same case, for those who read that file alone.
    """
    config = {
        **(keep or {}),
        "do_lower_case": not cased,
        "model_max_length": min(max_length, MAX_LENGTH),
    }
    write_json(folder / "tokenizer_config.json", config)
    fast = folder / "tokenizer.json"
    if fast.is_file():
        content = read_json(fast)
        normalizer = content.get("normalizer") or {}
        if normalizer.get("type") == "BertNormalizer":
            normalizer["lowercase"] = not cased
            fast.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a small JSON file, indented."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of an encoder's folder; raise ModelError if it is absent or is none."""
    return read_json_object(path, ModelError, missing=f"{path}: no such file")
