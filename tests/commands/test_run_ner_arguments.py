"""Arguments of run_ner.py and BERT-NER: read as ours, or answered in one line and exit 2."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.commands.run_ner import FLAGS, GONE, ONLY, RENAMED, Former, translate

TRAIN: Any = typer.main.get_command(app).commands["train"]  # type: ignore[attr-defined]
OURS = frozenset(name for option in TRAIN.params for name in option.opts)


def read(line: str) -> str:
    return " ".join(translate(line.split(), OURS))


@pytest.mark.parametrize(
    ("line", "ours"),
    [
        (
            "--data_dir=data/ --bert_model=bert-base-cased --task_name=ner --output_dir=out_base "
            "--max_seq_length=128 --do_train --num_train_epochs 5 --do_eval "
            "--warmup_proportion=0.1",
            "--eval-steps -1 --data data/ --base bert-base-cased --out out_base --max-length 128 "
            "--epochs 5 --warmup 0.1",
        ),
        (
            "--model_name_or_path dmis-lab/biobert-v1.1 --output_dir out --do_train True "
            "--per_device_train_batch_size 32 --learning_rate 5e-5 --save_steps 1000 --seed 1",
            "--base dmis-lab/biobert-v1.1 --out out --batch-size 32 --lr 5e-5 --save-steps 1000 "
            "--seed 1",
        ),
        (
            "--do_train=true --init_checkpoint=biobert/model.ckpt-1000000 --output-dir=out "
            "--train_batch_size=32 --no_cuda false",
            "--base biobert/model.ckpt-1000000 --out out --batch-size 32",
        ),
        ("--base x --out y --no_cuda --bf16", "--precision bfloat16 --device cpu --base x --out y"),
        ("--base x --fp16 true", "--precision float16 --base x"),
        ("--base x --report_to tensorboard", "--base x"),
        ("--eval_steps 50 --do_eval", "--eval-steps -1 --eval-steps 50"),
        ("--base=x --out y --resume --types A,B", "--base=x --out y --resume --types A,B"),
    ],
)
def test_what_means_the_same_is_read_under_our_name(line: str, ours: str) -> None:
    assert read(line) == ours


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("--loss_scale 128", "scales the loss by itself"),
        ("--report_to wandb", "in the job's folder"),
        ("--train_file data/train.json", "corpora add"),
        ("--overwrite_output_dir", "another --out"),
        ("--do_lower_case", "vocabulary"),
        ("--do_predict", "evaluate --model NAME --split test"),
        ("--local-rank 0", "torchrun"),
        ("--task_name pos", "named entity recognition"),
        ("--do_train false", "this command trains"),
        ("--train_batch_size 32 --gradient_accumulation_steps 2", "--accumulate"),
        ("--output_dir", "expected a value"),
        ("--no_cuda=maybe", "true or false"),
    ],
)
def test_what_means_nothing_here_is_answered_with_what_to_give(line: str, answer: str) -> None:
    with pytest.raises(Former, match=answer):
        read(line)


def test_the_table_leads_to_options_that_exist_and_hides_none_of_ours() -> None:
    targets = {*RENAMED.values(), *(words[0] for words in FLAGS.values() if words)}
    assert targets <= OURS
    former = {*RENAMED, *FLAGS, *ONLY, *GONE}
    assert len(former) == sum(map(len, (RENAMED, FLAGS, ONLY, GONE)))
    mentioned = {word.strip(":;,.") for text in GONE.values() for word in text.split()}
    elsewhere = {"--name", "--model", "--split", "--nproc-per-node"}
    assert {word for word in mentioned if word.startswith("--")} <= OURS | elsewhere


def test_the_command_answers_in_one_line_and_exits_2() -> None:
    line = "--bert_model x --output_dir y --cache_dir=z"
    done = CliRunner().invoke(app, ["train", *line.split()])
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        "error: --cache_dir means nothing here; set HF_HOME in the environment"
    ]
    unknown = CliRunner().invoke(app, ["train", "--base", "x", "--out", "y", "--no_such_thing"])
    assert unknown.exit_code == 2
    assert "No such option" in unknown.stderr


def test_a_usual_line_is_answered_once_with_all_that_is_to_change() -> None:
    line = (
        "--model_name_or_path dmis-lab/biobert-base-cased-v1.1 --train_file train.json "
        "--validation_file devel.json --output_dir out --do_train --do_eval --do_predict --fp16 "
        "--report_to tensorboard --overwrite_output_dir --num_train_epochs 3"
    )
    done = CliRunner().invoke(app, ["train", *line.split()])
    assert done.exit_code == 2
    told = done.stderr.splitlines()
    assert [one.split()[1] for one in told] == [
        "--train_file", "--validation_file", "--do_predict", "--overwrite_output_dir",
    ]  # fmt: skip
    assert all("means nothing here; " in one for one in told)


def test_the_command_says_how_it_read_the_arguments() -> None:
    done = CliRunner().invoke(
        app, ["train", "--bert_model", "/no/such", "--output_dir", "y", "--loss", "other"]
    )
    assert done.exit_code == 1
    assert "read as: python -m bioner train --base /no/such --out y" in done.stderr
