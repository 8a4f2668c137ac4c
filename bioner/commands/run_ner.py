"""Arguments of ``run_ner.py`` and BERT-NER: read as ours where they mean the same, else answered.

Three scripts go by that name: Hugging Face's example, kamalkraj/BERT-NER and BioBERT's own.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import typer

from bioner.commands.terminal import RememberingCommand, say

RENAMED: Mapping[str, str] = {
    "model_name_or_path": "--base",
    "bert_model": "--base",
    "init_checkpoint": "--base",
    "data_dir": "--data",
    "output_dir": "--out",
    "num_train_epochs": "--epochs",
    "learning_rate": "--lr",
    "per_device_train_batch_size": "--batch-size",
    "per_gpu_train_batch_size": "--batch-size",
    "train_batch_size": "--batch-size",
    "gradient_accumulation_steps": "--accumulate",
    "max_seq_length": "--max-length",
    "warmup_proportion": "--warmup",
    "warmup_ratio": "--warmup",
    "weight_decay": "--weight-decay",
    "max_steps": "--max-steps",
    "save_steps": "--save-steps",
    "save_checkpoints_steps": "--save-steps",
    "eval_steps": "--eval-steps",
    "logging_steps": "--log-steps",
}
"""Options that take a value and mean the same under our name."""

FLAGS: Mapping[str, tuple[str, ...]] = {
    "do_train": (),
    "do_eval": ("--eval-steps", "-1"),
    "no_cuda": ("--device", "cpu"),
    "use_cpu": ("--device", "cpu"),
    "bf16": ("--precision", "bfloat16"),
    "fp16": ("--precision", "float16"),
    "overwrite_cache": (),
    "ignore_mismatched_sizes": (),
}
"""Switches and what they are here; nothing for what is done anyway."""

ONLY: Mapping[str, tuple[str, str]] = {
    "task_name": ("ner", "this command trains named entity recognition and nothing else"),
    "lr_scheduler_type": ("linear", "the rate falls linearly, after --warmup"),
    "optim": ("adamw_torch", "the optimizer is AdamW"),
    "report_to": (
        "none|tensorboard",
        "loss and scores are in the job's folder (--background), for TensorBoard too where it is "
        "installed",
    ),
}
"""Options of which these values are what happens anyway, and what to say to the others."""

_OWN_FILES = (
    "bring the file with `python -m bioner corpora add FILE --name NAME`, merge with "
    "`corpora build`, then --corpora NAME"
)
_SCORING = "score with `python -m bioner evaluate --model NAME`"
_PART_OF_BASE = "it is read from the folder that --base names"
_MARKED_STEPS = "give the steps: --eval-steps N, --save-steps N"

GONE: Mapping[str, str] = {
    "do_predict": "score with `python -m bioner evaluate --model NAME --split test`",
    "do_lower_case": "leave it out: the vocabulary of --base says whether it is lower-cased",
    "overwrite_output_dir": "a finished model is never overwritten: give another --out",
    "resume_from_checkpoint": "give --resume: it goes on from the last whole checkpoint in --out",
    "fp16_opt_level": "leave it out: --precision float16 scales the loss by itself",
    "loss_scale": "leave it out: --precision float16 scales the loss by itself",
    "local_rank": "several GPUs: `torchrun --nproc-per-node N -m bioner train …`",
    "use_tpu": "there is cpu or cuda: --device",
    "warmup_steps": "give --warmup, as a share of all steps",
    "train_file": _OWN_FILES,
    "validation_file": _OWN_FILES,
    "test_file": _OWN_FILES,
    "dataset_name": _OWN_FILES,
    "dataset_config_name": _OWN_FILES,
    "text_column_name": _OWN_FILES,
    "label_column_name": _OWN_FILES,
    "labels": "the tags follow from the label schema; --types A,B chooses among them",
    "max_train_samples": "give --max-steps, or fewer --corpora",
    "max_eval_samples": _SCORING,
    "max_predict_samples": _SCORING,
    "eval_batch_size": _SCORING,
    "predict_batch_size": _SCORING,
    "per_device_eval_batch_size": _SCORING,
    "per_gpu_eval_batch_size": _SCORING,
    "return_entity_level_metrics": f"{_SCORING}: it prints every type",
    "eval_strategy": _MARKED_STEPS,
    "evaluation_strategy": _MARKED_STEPS,
    "evaluate_during_training": _MARKED_STEPS,
    "save_strategy": _MARKED_STEPS,
    "save_total_limit": "two checkpoints are kept while it trains, none after",
    "load_best_model_at_end": "the last step is kept; compare runs with `python -m bioner compare`",
    "metric_for_best_model": "the last step is kept; compare with `python -m bioner compare`",
    "label_all_tokens": "the first piece of a word carries its label, the others none",
    "pad_to_max_length": "leave it out: batches hold sentences of like length",
    "group_by_length": "leave it out: batches hold sentences of like length",
    "config_name": _PART_OF_BASE,
    "bert_config_file": _PART_OF_BASE,
    "tokenizer_name": _PART_OF_BASE,
    "vocab_file": _PART_OF_BASE,
    "model_type": _PART_OF_BASE,
    "model_revision": "fetch that revision and give its folder as --base",
    "cache_dir": "set HF_HOME in the environment",
    "trust_remote_code": "code that comes with a model is never run",
    "token": "set HF_TOKEN in the environment",
    "adam_epsilon": "it is 1e-8 here",
    "max_grad_norm": "gradients are clipped at 1.0 here",
    "logging_dir": "loss and scores are in the job's folder: --background",
    "push_to_hub": "nothing leaves this machine; the model folder is an ordinary one",
}
"""Options that mean nothing here, with what to give or do instead."""

SWITCH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Former(Exception):
    """An argument of ``run_ner.py`` that has no meaning here; its text is the answer."""


def translate(words: Sequence[str], ours: Collection[str]) -> list[str]:
    """Return the words with the arguments of ``run_ner.py`` under our names.

    ``ours`` are our own options: left alone, as is what nobody knows. Raises Former for what has
    no meaning here, all of it at once.
    """
    found: list[str] = []
    answers: list[str] = []
    seen: set[str] = set()
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        name = word.partition("=")[0].removeprefix("--").replace("-", "_")
        seen.add(name)
        if not word.startswith("--") or word.partition("=")[0] in ours:
            found.append(word)
            continue
        try:
            front, back = _read(word, name, waiting)
        except Former as answer:
            answers.append(str(answer))
            continue
        found[:0] = front  # what is said by name wins
        found += back
    if {"train_batch_size", "gradient_accumulation_steps"} <= seen:
        answers.append(
            "--train_batch_size counts all sentences of a step; give those of one batch as "
            "--batch-size and the batches of a step as --accumulate"
        )
    if answers:
        raise Former("\n".join(answers))
    return found


def _read(word: str, name: str, waiting: list[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return an argument in our words, before and after the others; takes its value off the rest.

    Raises Former for what means nothing here.
    """
    option, equals, value = word.partition("=")
    if name in GONE:
        if not equals and waiting and not waiting[0].startswith("--"):
            waiting.pop(0)
        raise Former(f"{option} means nothing here; {GONE[name]}")
    if name in FLAGS:
        if not equals:
            value = waiting.pop(0) if waiting and waiting[0].lower() in SWITCH else "true"
        return _switched(option, FLAGS[name], value), ()
    if name not in RENAMED and name not in ONLY:
        return (), (word,)
    if not equals and not waiting:
        raise Former(f"{option}: expected a value")
    value = value if equals else waiting.pop(0)
    return (), (RENAMED[name], value) if name in RENAMED else _checked(option, name, value)


def _switched(option: str, meaning: tuple[str, ...], value: str) -> tuple[str, ...]:
    is_on = SWITCH.get(value.lower())
    if is_on is None:
        raise Former(f"{option} {value}: expected true or false")
    if option == "--do_train" and not is_on:
        raise Former(f"{option} {value}: this command trains; {_SCORING}")
    return meaning if is_on else ()


def _checked(option: str, name: str, value: str) -> tuple[str, ...]:
    expected, answer = ONLY[name]
    if value.lower() not in expected.split("|"):
        raise Former(f"{option} {value}: {answer}")
    return ()


class TrainCommand(RememberingCommand):
    """The ``train`` command, which also reads the arguments of ``run_ner.py``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Translate first; an argument without meaning here is one line and exit status 2."""
        own = frozenset(name for option in self.get_params(ctx) for name in option.opts)
        try:
            words = translate(args, own)
        except Former as answer:
            for line in str(answer).splitlines():
                say(f"error: {line}")
            raise typer.Exit(2) from answer
        if words != args:
            say(f"read as: python -m bioner train {shlex.join(words)}")
        return super().parse_args(ctx, words)
