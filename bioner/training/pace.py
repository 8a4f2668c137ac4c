"""The pace of training here, measured by taking steps; a process of its own (see ``__main__``)."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any


def calibrate(
    base: str, device: str, batch_size: int, *, length: int = 48, seconds: float = 6.0
) -> float:
    """Return word-pieces a second of whole training steps, random weights in the base's shape.

    A batch has so many sentences of ``length`` word-pieces, which take about ``seconds`` in all.
    What is not on this machine yet counts as a BERT base.
    """
    import torch
    from transformers import AutoConfig, AutoModelForTokenClassification, BertConfig

    from bioner.devices import resolve_precision
    from bioner.machine import Device, Precision

    folder = Path(base)
    config: Any = BertConfig()
    if (folder / "config.json").is_file():
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    elif (folder / "bert_config.json").is_file():
        config = BertConfig.from_json_file(folder / "bert_config.json")
    config.num_labels = 27
    make: Any = AutoModelForTokenClassification.from_config
    model = make(config, dtype=torch.float32).to(device)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6)
    precision = resolve_precision(Precision.AUTO, Device(device))
    half = torch.float16 if precision is Precision.FLOAT16 else torch.bfloat16
    length = min(length, config.max_position_embeddings)
    ids = torch.randint(5, config.vocab_size, (batch_size, length), device=device)

    def step() -> None:
        with torch.autocast(device, dtype=half, enabled=precision is not Precision.FLOAT32):
            loss = model(input_ids=ids).logits.float().logsumexp(-1).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()

    step()
    began, steps = time.monotonic(), 0
    while steps < 2 or time.monotonic() - began < seconds:
        step()
        steps += 1
    return steps * ids.numel() / (time.monotonic() - began)


if __name__ == "__main__":
    print(calibrate(sys.argv[1], sys.argv[2], int(sys.argv[3]), length=int(sys.argv[4])))
