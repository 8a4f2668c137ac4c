"""Make the shipped model of a trained one: half-precision weights, int8 ONNX, scores on its card.

    python -m benchmarks.ship TRAINED_FOLDER [--out models/bioner-compact] [--data data/merged]
        [--scored-on data/merged] [--stage early]
        [--average STARTED_FROM --share 0.7] [--outside 0.3]
    python -m benchmarks.ship models/bioner-compact --refit

The weights are stored in half precision (they are loaded as float32), the ONNX model is made of
exactly these, and what is evaluated is what is shipped. Refuses more than 80 MB. ``--refit`` leaves
the weights as they are and fits the confidence anew, then scores the model for its card.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from bioner.commands.evaluate import scores_table
from bioner.commands.terminal import counter
from bioner.corpora.dataset_folder import read_dataset
from bioner.evaluation.confidence import fit_confidence
from bioner.evaluation.evaluate import evaluate_cached
from bioner.models.card import read_card, write_card
from bioner.tagging.load import load_tagger
from bioner.tagging.onnx_export import export_onnx

LIMIT_BYTES = 80_000_000
KEPT = (
    "schema.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "special_tokens_map.json",
    "training_hashes.bin",
    "conventions.json",
)


def halve(
    trained: Path, out: Path, *, base: Path | None = None, share: float = 1.0, outside: float = 0.0
) -> None:
    """Write the weights in float16, and a configuration that says so.

    With ``base``, what the run started from, the weights are averaged: ``share`` of the trained
    ones (Wortsman et al. 2022, WiSE-FT). ``outside`` is added to the classifier's bias of O. Both
    are chosen on devel.
    """
    import torch
    from safetensors.torch import load_file, save_file

    weights = {name: w.float() for name, w in load_file(trained / "model.safetensors").items()}
    if base:
        start = load_file(base / "model.safetensors")
        for name, before in start.items():
            # pieces of conventions that the start had not stay as they were learned
            old = weights[name][: len(before)]
            old.copy_(share * old + (1 - share) * before.float())
    weights["classifier.bias"][0] += outside
    half = {name: w.to(torch.float16).contiguous() for name, w in weights.items()}
    if not all(torch.isfinite(w).all() for w in half.values()):
        sys.exit(f"{trained}: a weight does not fit into half precision")
    save_file(half, out / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((trained / "config.json").read_text(encoding="utf-8"))
    config["dtype"] = "float16"
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def fit(folder: Path, data: Path) -> dict[str, Any]:
    """Fit the confidence on the devel sentences that may be tuned on."""
    read = read_dataset(data)
    raw = load_tagger(folder, is_calibrated=False)
    return fit_confidence(
        raw, read.tuning, read.schema, shares=read.shares, progress=counter("devel")
    )


def refit(folder: Path, data: Path) -> None:
    """Fit the confidence of a shipped model anew, and score it with that."""
    write_card(folder, replace(read_card(folder), calibration=fit(folder, data)))
    stored = evaluate_cached(folder, data, progress=counter("tagging"))
    print(scores_table(stored.report))
    write_card(folder, replace(read_card(folder), scores=stored.report.to_json()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("trained", type=Path)
    parser.add_argument("--out", type=Path, default=Path("models/bioner-compact"))
    parser.add_argument("--data", type=Path, default=Path("data/merged"))
    parser.add_argument("--scored-on", type=Path, help="the ten alone, if more were trained on")
    parser.add_argument("--stage", default="early")
    parser.add_argument("--epochs", type=float, help="all epochs, if it was trained in stages")
    parser.add_argument("--command", help="the commands that repeat it, if it was in stages")
    parser.add_argument("--average", type=Path, help="what the run started from, to average with")
    parser.add_argument("--share", type=float, default=1.0, help="share of the trained weights")
    parser.add_argument("--outside", type=float, default=0.0, help="added to the bias of O")
    parser.add_argument("--refit", action="store_true", help="the confidence alone")
    args = parser.parse_args()
    if args.refit:
        refit(args.trained, args.data)
        return
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".ship-", dir=args.out.parent) as scratch:
        made = Path(scratch) / args.out.name
        made.mkdir()
        halve(args.trained, made, base=args.average, share=args.share, outside=args.outside)
        for name in KEPT:
            if (args.trained / name).is_file():
                shutil.copyfile(args.trained / name, made / name)
        export = export_onnx(made)
        print(export)
        size = sum(f.stat().st_size for f in made.iterdir())
        print(f"{size / 1e6:.1f} MB")
        if size > LIMIT_BYTES:
            sys.exit(f"{size / 1e6:.1f} MB is more than {LIMIT_BYTES / 1e6:.0f} MB")
        card = replace(read_card(args.trained), calibration={})
        write_card(made, card)  # the confidence is fitted on what is read as it will be read
        found = fit(made, args.data)
        averaged = {"share": args.share} if args.average else {}
        config = {**card.config, **averaged, "outside_bias": args.outside}
        card = replace(card, calibration=found, config=config)
        write_card(made, card)
        stored = evaluate_cached(made, args.scored_on or args.data, progress=counter("tagging"))
        print(scores_table(stored.report))
        write_card(
            made,
            replace(
                card,
                name=args.out.name,
                stage=args.stage,
                parent="",
                epochs=args.epochs or card.epochs,
                command=args.command or card.command,
                base="all-MiniLM-L6-v2",
                scores=stored.report.to_json(),
            ),
        )
        for file in made.iterdir():
            file.chmod(0o644)
        if args.out.exists():
            shutil.rmtree(args.out)
        made.rename(args.out)


if __name__ == "__main__":
    main()
