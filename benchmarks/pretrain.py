"""Go on with an encoder's masked-language-model pre-training, on biomedical text.

    python -m benchmarks.pretrain ENCODER --out FOLDER --text FILE [--text FILE ...]
        [--data data/merged] [--minutes 5] [--rate 6e-4] [--pieces 65536] [--length 128]

Text files (``.txt``, ``.txt.gz``) have their documents parted by blank lines; with ``--data`` the
train sentences of the merged corpora are read too, devel and test ones never. Documents are packed
into windows of ``--length`` pieces; 15% of the pieces are chosen, of these 80% masked and 10%
replaced (Devlin et al. 2019). The encoder is one whose vocabulary was split by case
(``benchmarks.cased_vocabulary``), so that each cased form learns what it means. The rate rises in
the first of ``--minutes`` and falls to nothing at their end, whatever the machine's pace.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bioner.commands.terminal import say
from bioner.corpora.dataset_folder import read_dataset

if TYPE_CHECKING:
    import torch

Pieces = npt.NDArray[np.uint16]
CHOSEN, MASKED, REPLACED = 0.15, 0.8, 0.1
WARMUP = 0.06
"""Share of the time in which the rate rises."""

BATCH = 500
"""Texts that are made into pieces together."""

LOGGED = 200
"""Steps between two reports."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long, how fast and in what batches: ``pieces`` a step, in windows of ``length``."""

    minutes: float
    rate: float = 6e-4
    pieces: int = 65_536
    length: int = 128
    seed: int = 0

    @property
    def rows(self) -> int:
        return max(1, self.pieces // self.length)

    def rate_at(self, share: float) -> float:
        """Return the rate when this share of the time is over: up in the warm-up, then down."""
        return self.rate * max(0.0, min(share / WARMUP, (1 - share) / (1 - WARMUP)))


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What was done. ``loss``: the last steps' mean, in nats a chosen piece."""

    steps: int
    pieces: int
    loss: float
    seconds: float


def documents(paths: Sequence[Path]) -> Iterator[str]:
    """Yield each distinct document of the files once."""
    seen: set[str] = set()
    for path in paths:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as file:
            text = file.read()
        for one in text.split("\n\n"):
            document = one.strip()
            if document and document not in seen:
                seen.add(document)
                yield document


def pieces_of(encoder: Path, texts: Sequence[str] | Sequence[list[str]]) -> list[Pieces]:
    """Return the word-pieces of each text, ``[SEP]`` at its end; a list is a text's words."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    end = tokenizer.token_to_id("[SEP]")
    is_words = bool(texts) and not isinstance(texts[0], str)
    found: list[Pieces] = []
    for start in range(0, len(texts), BATCH):
        encoded = tokenizer.encode_batch(
            list(texts[start : start + BATCH]), is_pretokenized=is_words, add_special_tokens=False
        )
        found += [np.array([*one.ids, end], dtype=np.uint16) for one in encoded]
    return found


def windows(pieces: Pieces, length: int, begin: int, draw: np.random.Generator) -> Pieces:
    """Pack a stream of pieces into windows that each begin with ``[CLS]``, in any order.

    The stream is cut from a drawn place on, so that another pass has other windows. *Shape:*
    (pieces,) → (windows, length).
    """
    inner = length - 1
    start = int(draw.integers(0, inner))
    count = max(0, (len(pieces) - start) // inner)
    body = pieces[start : start + count * inner].reshape(count, inner)
    made = np.concatenate([np.full((count, 1), begin, dtype=np.uint16), body], axis=1)
    draw.shuffle(made)
    return made


class Masking:
    """Chooses the pieces to be guessed, and what stands in their place meanwhile."""

    def __init__(self, encoder: Path, size: int, device: str, seed: int) -> None:
        import torch

        raw = json.loads((encoder / "tokenizer.json").read_text(encoding="utf-8"))
        number: dict[str, int] = raw["model"]["vocab"]
        self.begin = number["[CLS]"]
        self._mask, self._size, self._device = number["[MASK]"], size, device
        kept = [number[piece] for piece in ("[CLS]", "[SEP]", "[PAD]") if piece in number]
        self._kept = torch.tensor(kept, device=device)
        self._draw = torch.Generator(device=device).manual_seed(seed)

    def __call__(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return what is read, the places chosen in the flat batch, and what stood there.

        As many places in each batch: shapes stay, and nothing waits for a count. *Shape:* ids
        (rows, length) → (rows, length), (chosen,), (chosen,).
        """
        import torch

        chance = self._random(ids.shape)
        chance[torch.isin(ids, self._kept)] = 1.0
        flat = ids.reshape(-1)
        places = chance.view(-1).topk(int(CHOSEN * ids.numel()), largest=False).indices
        wanted = flat[places]
        how = self._random(places.shape)
        other = torch.randint(
            0, self._size, places.shape, device=self._device, generator=self._draw
        )
        given = torch.where(how < MASKED + REPLACED, other, wanted)
        given = torch.where(how < MASKED, torch.full_like(given, self._mask), given)
        read = flat.clone()
        read[places] = given
        return read.view(ids.shape), places, wanted

    def _random(self, shape: Sequence[int]) -> torch.Tensor:
        import torch

        return torch.rand(tuple(shape), device=self._device, generator=self._draw)


def pretrain(
    encoder: Path, out: Path, stream: Callable[[], Pieces], plan: Plan, tell: Callable[[str], None]
) -> Trained:
    """Train for the planned minutes and write the encoder to ``out``.

    ``stream`` is asked for all pieces at the begin of each pass. On a GPU the steps are compiled
    and computed in bfloat16.
    """
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(plan.seed)
    torch.set_float32_matmul_precision("high")
    model, encode = _load(encoder, device)
    masking = Masking(encoder, model.config.vocab_size, device, plan.seed)
    optimizer = _optimizer(model, plan)
    draw = np.random.default_rng(plan.seed)
    began, step, seen = time.monotonic(), 0, 0
    mean = torch.zeros((), device=device)

    def share() -> float:
        return (time.monotonic() - began) / (60 * plan.minutes)

    while share() < 1:
        made = windows(stream(), plan.length, masking.begin, draw)
        for start in range(0, max(1, len(made) - plan.rows + 1), plan.rows):
            if (now := share()) >= 1:
                break
            for group in optimizer.param_groups:
                group["lr"] = plan.rate_at(now)
            batch = made[start : start + plan.rows].astype(np.int64)
            read, places, wanted = masking(torch.from_numpy(batch).to(device))
            with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
                hidden = encode(input_ids=read).last_hidden_state
                logits = model.cls(hidden.reshape(-1, hidden.shape[-1])[places])
            loss = torch.nn.functional.cross_entropy(logits.float(), wanted)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            mean = 0.98 * mean + 0.02 * loss.detach() if step else loss.detach()
            step, seen = step + 1, seen + batch.size
            if step % LOGGED == 0:
                pace = seen / (time.monotonic() - began)
                tell(f"step {step}: loss {float(mean):.3f}, {pace:,.0f} pieces/s")
    _write(model, encoder, out)
    seconds = round(time.monotonic() - began, 1)
    return Trained(steps=step, pieces=seen, loss=round(float(mean), 4), seconds=seconds)


def _load(encoder: Path, device: str) -> tuple[Any, Any]:
    """Return the encoder with a head that shares its embeddings, and what computes its states."""
    import torch
    from transformers import BertForMaskedLM

    model: Any = BertForMaskedLM.from_pretrained(encoder, dtype=torch.float32)
    model.cls.predictions.decoder.weight = model.bert.embeddings.word_embeddings.weight
    model.to(device).train()
    return model, torch.compile(model.bert) if device == "cuda" else model.bert


def _optimizer(model: Any, plan: Plan) -> torch.optim.Optimizer:
    import torch

    plain = [p for p in model.parameters() if p.ndim < 2]
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    groups = [
        {"params": matrices, "weight_decay": 0.01},
        {"params": plain, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=plan.rate, betas=(0.9, 0.98), eps=1e-6, fused=matrices[0].is_cuda
    )


def _write(model: Any, encoder: Path, out: Path) -> None:
    """Write the encoder without the head, with the tokenizer that it had."""
    out.mkdir(parents=True)
    for file in encoder.iterdir():
        if file.is_file() and file.name not in ("model.safetensors", "card.json"):
            shutil.copyfile(file, out / file.name)
    model.bert.float().save_pretrained(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("encoder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--text", type=Path, action="append", default=[])
    parser.add_argument("--data", type=Path, help="merged corpora: their train sentences too")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--rate", type=float, default=Plan.rate)
    parser.add_argument("--pieces", type=int, default=Plan.pieces, help="of a step")
    parser.add_argument("--length", type=int, default=Plan.length)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    args = parser.parse_args()
    if args.out.exists():
        parser.error(f"{args.out}: exists already; choose another name, or delete it first")
    read = pieces_of(args.encoder, list(documents(args.text)))
    if args.data:
        train = read_dataset(args.data, ("train",)).train
        read += pieces_of(args.encoder, [list(one.tokens) for one in train])
    if not read:
        parser.error("there is nothing to read: give --text or --data")
    draw = np.random.default_rng(args.seed)

    def stream() -> Pieces:
        return np.concatenate([read[i] for i in draw.permutation(len(read))])

    say(f"{sum(map(len, read)):,} pieces of {len(read):,} texts")
    plan = Plan(
        minutes=args.minutes,
        rate=args.rate,
        pieces=args.pieces,
        length=args.length,
        seed=args.seed,
    )
    print(json.dumps(asdict(pretrain(args.encoder, args.out, stream, plan, say))))


if __name__ == "__main__":
    main()
