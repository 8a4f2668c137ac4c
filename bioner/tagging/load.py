"""A model folder becomes a Tagger, on torch or ONNX Runtime."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bioner.bio import tag_names, types_of
from bioner.conventions import Conventions
from bioner.devices import require_device, resolve_precision
from bioner.errors import ModelError, SchemaError
from bioner.extras import require_extra
from bioner.files import read_json_object
from bioner.labels import EntityType, LabelSchema, schema_from_json
from bioner.machine import Device, Precision
from bioner.models.card import CARD, COPY_AGAIN, read_card
from bioner.models.folder import check_folder
from bioner.models.reserved_pieces import read_conventions
from bioner.settings import cpu_threads
from bioner.tagging.network import Network, TorchNetwork
from bioner.tagging.onnx_network import load_onnx
from bioner.tagging.tagger import ON_A_CARD, ON_A_CPU, Batch, Tagger
from bioner.tagging.told import ToldPieces

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_tagger(
    folder: Path,
    *,
    device: Device = Device.AUTO,
    backend: Literal["auto", "torch", "onnx"] = "auto",
    is_calibrated: bool = True,
    is_filled_in: bool = False,
    threads: int | None = None,
) -> Tagger:
    """Load a model folder. Raises ModelError saying what is missing or does not fit.

    ``auto`` takes the GPU where there is one, and on a CPU the folder's ONNX file if it was made of
    the folder's weights, else torch; ``Tagger.backend`` says which it was. Without
    ``is_calibrated`` the scores are the network's own. ``is_filled_in``: a teacher filled in what
    its corpora did not look for, so that it is read once, though no card says so yet: what is
    measured before the card is written must be read as it will be. ``threads`` compute on a CPU,
    else as many as the settings say.
    """
    problem = check_folder(folder)
    if problem:
        raise ModelError(problem)
    config = read_json_object(folder / "config.json", ModelError, mend=COPY_AGAIN)
    schema = read_model_schema(folder, config)
    tokenizer, special = load_tokenizer(folder)
    max_length = min(256, int(config.get("max_position_embeddings", 256)))
    conventions = read_conventions(folder)
    scales: Mapping[str, Mapping[str, Sequence[float]]] = {}
    card = None
    if (folder / CARD).is_file() and (is_calibrated or conventions):
        card = read_card(folder)
        scales = card.scales_by_convention if is_calibrated else {}
    network = _load_network(folder, device, backend, threads)
    return Tagger(
        network,
        tokenizer,
        schema,
        special=special,
        max_length=max_length,
        name=folder.name,
        calibration=scales,
        pieces=_told_pieces(conventions, tokenizer),
        reads_twice=not (is_filled_in or (card and card.fill_in)),
        batch=_batch(network),
    )


def _told_pieces(conventions: Conventions, tokenizer: Tokenizer) -> ToldPieces:
    numbers = {piece: tokenizer.token_to_id(piece) for piece in conventions.reserved}
    return ToldPieces(conventions, {p: n for p, n in numbers.items() if n is not None})


def _load_network(folder: Path, device: Device, backend: str, threads: int | None) -> Network:
    """Take ONNX Runtime on a CPU where the folder has a sound ONNX file, else torch."""
    device = require_device(device)
    if backend == "onnx" or (backend == "auto" and device is Device.CPU):
        try:
            network = load_onnx(folder, threads=threads)
        except ModelError as error:
            if backend == "onnx":
                raise
            logging.getLogger(__name__).warning("%s (torch is used meanwhile)", error)
        else:
            if network:
                return network
            if backend == "onnx":
                raise ModelError(
                    f"{folder}: has no ONNX file; make one with "
                    f"`python -m bioner.tagging.onnx_export {folder}`, or use backend torch"
                )
    require_extra("train", f"{folder.name}: a model without an ONNX file")
    import torch
    from transformers import AutoModelForTokenClassification

    if device is Device.CPU:
        torch.set_num_threads(threads or cpu_threads())
    model = AutoModelForTokenClassification.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False
    )
    model.eval().to(device)
    return TorchNetwork(model, device=device, precision=_precision(device))


def _precision(device: Device) -> Precision:
    """On a CPU float32, whose scores are those of the exported files; on a GPU what is quick."""
    if device is Device.CPU:
        return Precision.FLOAT32
    return resolve_precision(Precision.AUTO, device)


def tagger_from_model(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    schema: LabelSchema,
    conventions: Conventions | None = None,
    *,
    is_filled_in: bool = False,
) -> Tagger:
    """Make a tagger of a model in memory, as training does to evaluate itself.

    ``is_filled_in``: a teacher filled in what its corpora did not look for (it is read once).
    """
    from tokenizers import Tokenizer

    backend = tokenizer.backend_tokenizer
    if conventions:  # the tagger sets it to read reserved pieces as text: training's own stays
        backend = Tokenizer.from_str(backend.to_str())
    device = Device(next(model.parameters()).device.type)
    special = (tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id or 0)
    network = TorchNetwork(model, device=device, precision=_precision(device))
    return Tagger(
        network,
        backend,
        schema,
        special=special,
        max_length=min(256, int(getattr(model.config, "max_position_embeddings", 256))),
        pieces=_told_pieces(conventions or Conventions(), backend),
        reads_twice=not is_filled_in,
        batch=_batch(network),
    )


def _batch(network: Network) -> Batch:
    on_card = isinstance(network, TorchNetwork) and network.device is Device.CUDA
    return ON_A_CARD if on_card else ON_A_CPU


def load_tokenizer(folder: Path) -> tuple[Tokenizer, tuple[int, int, int]]:
    """Load ``tokenizer.json`` and the ids of its begin, end and padding pieces.

    A folder with a vocabulary only is read through transformers. Raises ModelError.
    """
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if path.is_file():
        tokenizer = Tokenizer.from_file(str(path))
    else:
        require_extra("train", f"{folder.name}: a model without tokenizer.json")
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder).backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    ids: list[int] = []
    for names in (("[CLS]", "<s>"), ("[SEP]", "</s>"), ("[PAD]", "<pad>")):
        found = [i for name in names if (i := tokenizer.token_to_id(name)) is not None]
        if not found:
            raise ModelError(f"{path}: has no piece {' or '.join(names)}; use another model")
        ids.append(found[0])
    return tokenizer, (ids[0], ids[1], ids[2])


def read_model_schema(folder: Path, config: Mapping[str, Any]) -> LabelSchema:
    """Read the schema a model was trained with; without one, make it of the model's tags.

    Raises ModelError where the tags are not O and B-, I- of each type.
    """
    raw = config.get("id2label") or {}
    tags = tuple(str(raw[key]) for key in sorted(raw, key=int))
    try:
        types = types_of(tags)
    except ValueError as error:
        raise ModelError(
            f"{folder / 'config.json'}: {error}; train this encoder first, or choose another model"
        ) from error
    if not types or tags != tag_names(types):
        raise ModelError(
            f"{folder / 'config.json'}: expected the tags O, then B- and I- of each type; got "
            f"{', '.join(tags[:5]) or 'none'}…: train this encoder first, or choose another model"
        )
    if (folder / "schema.json").is_file():
        raw_schema = read_json_object(folder / "schema.json", ModelError, mend=COPY_AGAIN)
        try:
            schema = schema_from_json(raw_schema)
        except SchemaError as error:
            raise ModelError(f"{folder / 'schema.json'}: {error}; {COPY_AGAIN}") from error
        if schema.names != types:
            raise ModelError(
                f"{folder}: schema.json names other types than config.json; copy the folder again"
            )
        return schema
    palette = ("#1f6fd6", "#d98200", "#d62839", "#2e8b3d", "#8a63d2", "#a0612b", "#5b6b75")
    made = tuple(EntityType(n, n, palette[i % len(palette)]) for i, n in enumerate(types))
    return LabelSchema(made, {}, "own")
