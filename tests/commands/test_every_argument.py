"""Every argument of every command: empty, negative, huge, mistyped, unwritable.

Each is refused in one sentence that names it, before anything is done: exit status 1, or 2 for
wrong usage. A new argument fails here until the table says what it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from metrics_support import make_data, store_report
from runs import make_model
from support import ROOT
from typer.main import get_command
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.settings import read_settings

SAMPLE = str(ROOT / "data" / "sample")
HUGE, LONG, HALF, ZERO = "9" * 23, "x" * 300, "\ud800", "a\0b"
COUNT = ("", "-7", "1.5", "x", HUGE)
NUMBER = ("", "-7", "nan", "x", "1e999")
OUT = ("", " ", "/proc/none/x", LONG, "{tmp}/file.txt/x", "{tmp}/loop", "~nobody-here/x", ZERO)
IN = ("", "{tmp}/nope", LONG, "{tmp}/loop", "~nobody-here", ZERO)
NAME = ("", "nope", "../nope", HALF, ZERO, LONG, "x" * 5000)
MAYBE = NAME[1:]
"""A name that may be left out: empty is left out."""
NAMES = (*MAYBE, ",", " , ")
"""Names by commas; commas alone name nothing."""
PAIRS = ("", "nope", "nope=nope")
FREE = ()
"""Any words will do; half a character, which no output holds, must not end in a traceback."""

KINDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            *("--max-steps", "--batch-size", "--accumulate", "--max-length", "--seed"),
            "--batch-pieces",
            *("--save-steps", "--log-steps", "--eval-steps", "--replay", "--repeat", "--limit"),
            "--workers",
            *("--lines", "--gpus", "--port", "--days", "item", "number"),
        ),
        COUNT,
    ),
    **dict.fromkeys(
        (
            *("--epochs", "--lr", "--head-lr", "--layer-decay", "--warmup", "--weight-decay"),
            *(
                "--dropout",
                "--keep",
                "--any-share",
                "--convention-dropout",
                "--repeat-rare",
                "--patience",
                "--save-minutes",
            ),
        ),
        NUMBER,
    ),
    "repository": ("", "nope", "../x", "a/b/c"),
    "--add-type": ("", HALF),
    "--out": OUT,
    "out": OUT,
    **dict.fromkeys(("--data", "--source", "--from", "file", "files", "checkpoint"), IN),
    **dict.fromkeys(
        (
            *("--base", "--loss", "--device", "--precision", "--format", "--mapping", "--split"),
            *(
                "--split-by",
                "id",
                "name",
                "model",
                "document",
                "model_a",
                "model_b",
                "--model",
                "--type",
            ),
            *("--partly", "--scope", "--order"),
            *("--corpus", "corpus", "names"),
        ),
        NAME,
    ),
    **dict.fromkeys(("--fill-in", "--parent", "--project", "--kind"), MAYBE),
    **dict.fromkeys(("--corpora", "--types", "--covers"), NAMES),
    **dict.fromkeys(("--map", "--except", "rules"), PAIRS),
    **dict.fromkeys(
        (
            *("--reason", "--overrule", "--licence", "--surface", "query", "--name", "--column"),
            *("--host", "--version", "--host-name", "--address", "--reviewer"),
        ),
        FREE,
    ),
}
"""What is wrong for each argument; options by their name, others by their parameter's."""

OWN: dict[tuple[str, str], tuple[str, ...]] = {
    ("corpora add", "--covers"): NAME,
    ("corpora add", "--name"): ("", "…"),
    ("corpora mapping change", "--covers"): NAME,
    ("corpora mapping show", "corpus"): MAYBE,
    ("corpora build", "--out"): ("", " ", "/proc/none/x", "{tmp}/file.txt/x", "{tmp}/loop"),
    ("models promote", "--reason"): FREE,
    ("corpora push", "--despite"): FREE,
    **{(f"{one} pull", "--name"): ("../x",) for one in ("models",)},
    **{(f"{one} pull", "--revision"): ("../x",) for one in ("models", "corpora")},
    ("review freeze", "--name"): ("", "…"),
    ("review freeze", "--version"): ("../x", "a b"),
    ("review import", "--project"): (HALF, "a\nb", "\x1b[31m", "x" * 5000),
    ("review send", "--project"): ("", HALF, "a\nb", "\x1b[31m", "x" * 5000),
    ("review send", "--corpus"): MAYBE,
    ("review decisions take", "surface"): MAYBE,
    ("review decisions take", "--label"): MAYBE,
    ("review decisions take", "--boundary"): MAYBE,
    ("retrain", "--base"): MAYBE,
    ("serve", "--model"): MAYBE,
    ("serve", "--host"): ("nope.invalid", HALF),
    ("tag", "--model"): MAYBE,
    ("tag", "--column"): FREE,
    ("tag", "--engine"): MAYBE,
    ("corpora search", "--tagged"): ("", "{tmp}/nope", "{tmp}/file.txt"),
    ("train", "--engine"): NAME,
    ("tag", "--convention"): (HALF,),
    ("tokens add", "name"): ("", HALF),
    ("dictionary build", "texts"): IN,
    ("dictionary build", "--name"): ("", "../x"),
    ("dictionary build", "--model"): MAYBE,
    ("dictionary build", "--project"): ("nope", HALF),
    ("dictionary build", "--convention"): (HALF,),
    ("dictionary show", "--type"): MAYBE,
    ("dictionary show", "--status"): MAYBE,
    ("dictionary export", "--out"): OUT[2:],
    ("dictionary show", "--text"): FREE,
    ("dictionary build", "--vocabulary"): ("{tmp}/nope", LONG),
    ("review search", "--concept"): FREE,
    ("review search", "--words"): FREE,
    ("review search", "--document"): FREE,
    ("review search", "--type"): MAYBE,
    ("review search", "--status"): NAME,
    ("review vocabularies", "--use"): ("nope", "../nope", HALF),
    ("concepts build", "vocabulary"): IN,
    ("concepts build", "--name"): ("../x",),
    ("concepts find", "words"): ("", HALF),
    ("concepts find", "--name"): ("nope", "../nope"),
    ("concepts find", "--long-form"): FREE,
    **{
        (f"review {one}", "--between"): ("nope",)
        for one in ("agreement", "curate show", "curate take", "curate all")
    },
    **{(f"review guidelines {one}", "label"): MAYBE for one in ("set", "example")},
    ("review guidelines set", "text"): FREE,
    ("review guidelines example", "text"): (HALF,),
    ("review guidelines example", "--item"): ("x", "-1"),
    ("review guidelines example", "--at"): ("1", "x-y"),
    ("review guidelines example", "--note"): FREE,
    ("review assign", "--to"): ("", HALF),
    ("review assign", "--document"): ("nope",),
    ("review assign", "--overlap"): ("101", "-1", "x"),
    ("review assign", "--by"): ("0", "9"),
    ("review queue", "--assigned"): (HALF,),
    ("review documents", "--named"): (HALF,),
    ("review documents", "--state"): NAME,
    ("review documents", "--assigned"): (HALF,),
    ("review documents", "--skip"): ("-1", "x"),
    ("review curate take", "choices"): ("nope", "1=", "x=none"),
    ("review curate all", "rule"): NAME,
    ("review suggest run", "--names"): ("{tmp}/nope", LONG),
    ("review suggest run", "--dictionary"): ("nope", "../nope"),
    ("review suggest run", "--pattern"): ("(", "a*"),
    ("review suggest run", "--model"): MAYBE,
    ("review suggest run", "--type"): MAYBE,
    ("review suggest run", "--command"): ("nope",),
    ("review suggest audit", "--type"): MAYBE,
    ("review suggest decide", "mark"): ("", "nope"),
    **{
        (f"review suggest {one}", "--suggester"): ("nope",) for one in ("audit", "decide", "accept")
    },
    **{(f"review suggest {one}", "--target"): (*NUMBER, "0.2") for one in ("status", "accept")},
    **{(f"dictionary {one}", "name"): MAYBE for one in ("show", "curate", "export")},
    **{("dictionary curate", f"--{one}"): MAYBE for one in ("keep", "drop")},
    **{
        ("dictionary curate", f"--{one}"): PAIRS
        for one in ("retype", "merge", "split", "prefer", "concept")
    },
    ("tag", "--out"): OUT,
    ("train", "--base"): ("", "/nope", HALF),
    ("jobs estimate", "--base"): ("", "/nope", HALF),
}
"""Where an argument of one command is of another kind than its namesakes."""

VALID: dict[str, list[str]] = {
    "train": ["--base", "there", "--out", "new"],
    "retrain": ["--base", "there", "--out", "new"],
    "jobs estimate": ["--base", "there"],
    "jobs show": ["nope"],
    "convert": ["{tmp}/file.txt", "--out", "new"],
    "tag": ["{tmp}/a.jsonl", "--model", "there"],
    "evaluate": ["--model", "there"],
    "compare": ["there", "other"],
    "serve": ["--model", "there"],
    "models show": ["there"],
    "tokens add": ["lab"],
    "models promote": ["there"],
    "corpora fetch": ["AnEM"],
    "corpora add": ["{tmp}/a.jsonl", "--name", "own", "--covers", "Gene"],
    "corpora build": ["--source", SAMPLE],
    "corpora search": ["p53"],
    "corpora push": ["mine", "lab/mine", "--despite", "ours"],
    "corpora pull": ["lab/mine"],
    "models push": ["there", "lab/there"],
    "models pull": ["lab/there"],
    "corpora mapping change": ["CRAFT"],
    "corpora mapping restore": ["CRAFT"],
    "review import": ["{tmp}/a.jsonl", "--project", "P"],
    "review send": ["there", "--project", "P"],
    "review export": ["--project", "P", "--out", "{tmp}/out.jsonl"],
    "review restore": ["{tmp}/file.txt", "--yes"],
    "review history": ["1"],
    "review erase": ["d", "--project", "P", "--yes"],
    "review freeze": ["--name", "own"],
    "review decisions take": ["p53", "--project", "P"],
    "corpora export": ["mine", "--out", "{tmp}/new.jsonl"],
    "review suggest run": ["--pattern", "p53", "--type", "Gene", "--project", "P"],
    "review suggest audit": ["--project", "P"],
    "review suggest decide": ["1:0-3:Gene", "--right", "--project", "P"],
    "review suggest accept": ["--type", "Gene", "--project", "P"],
    "review guidelines set": ["Gene", "--project", "P"],
    "review guidelines example": ["Gene", "[[p53]]", "--project", "P"],
    "review guidelines drop": ["0", "--project", "P"],
    "review assign": ["--project", "P", "--to", "ann", "--overlap", "0"],
    "review agreement": ["--project", "P"],
    "review curate show": ["1", "--project", "P"],
    "review curate take": ["1", "--project", "P"],
    "review curate all": ["alike", "--project", "P"],
    "review curate undo": ["1"],
    "concepts build": ["{tmp}/names.csv"],
    "concepts find": ["p53"],
    "dictionary build": ["{tmp}/a.jsonl", "--marked"],
    "review queue": ["--project", "P"],
    "review search": ["--project", "P"],
    "review vocabularies": ["--project", "P"],
}
"""What else a command needs, with sense; a tested argument of the same name comes after."""


COMMAND = get_command(app)


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield each command's words and the command."""
    if hasattr(command, "commands"):
        for name, one in command.commands.items():
            yield from leaves(one, (*path, name))
    else:
        yield " ".join(path), command


def arguments() -> Iterator[tuple[str, Any]]:
    for words, command in leaves(COMMAND):
        for one in command.params:
            if not (getattr(one, "is_flag", False) or getattr(one, "hidden", False)):
                yield words, one


def label(one: Any) -> str:
    return str(one.opts[0])


def cases() -> list[tuple[str, str, str]]:
    found = []
    for words, one in arguments():
        values = OWN.get((words, label(one)), KINDS.get(label(one), ()))
        found += [(words, label(one), value) for value in values]
    return found


def done(*_: object, **__: object) -> NoReturn:
    raise AssertionError("the command did its work")


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, sample: Dataset
) -> Iterator[tuple[Path, pytest.MonkeyPatch]]:
    """A home with a model, merged data, a project and files; what would do the work fails."""
    folder = tmp_path_factory.mktemp("arguments")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "BACKUPS", "MODELS", "JOBS", "DATA"):
            patch.setenv(f"BIONER_{name}", str(folder / name.lower()))
        patch.setenv("BIONER_DEVICE", "cpu")
        patch.setattr("typer.main.get_group", lambda _: COMMAND)  # made once, not each time
        patch.delenv("BIONER_DATABASE_URL", raising=False)
        patch.chdir(folder)
        settings = read_settings()
        for name in ("there", "other"):
            make_model(settings.models, name)
        store_report(settings, make_data(), "there", {"aspirin": None})
        write_dataset(sample, settings.merged)
        (folder / "file.txt").write_text("p53 binds MDM2.")
        (folder / "loop").symlink_to(folder / "round")
        (folder / "round").symlink_to(folder / "loop")
        row = {"id": "a", "text": "p53 binds MDM2.", "label": [[0, 3, "Gene"]]}
        (folder / "a.jsonl").write_text(json.dumps(row))
        filled = CliRunner().invoke(app, ["review", "import", "a.jsonl", "--project", "P"])
        assert filled.exit_code == 0, filled.output
        added = ("--name", "mine", "--covers", "Gene")
        filled = CliRunner().invoke(app, ["corpora", "add", "a.jsonl", *added])
        assert filled.exit_code == 0, filled.output
        made = CliRunner().invoke(app, ["dictionary", "build", "a.jsonl", "--marked"])
        assert made.exit_code == 0, made.output
        (folder / "names.csv").write_text("id,name\nG:1,p53\n")
        made = CliRunner().invoke(app, ["concepts", "build", "names.csv"])
        assert made.exit_code == 0, made.output
        words = ("--pattern", "p53", "--type", "Gene", "--project", "P")
        made = CliRunner().invoke(app, ["review", "suggest", "run", *words])
        assert made.exit_code == 0, made.output
        for name in (
            "bioner.training.run.train",
            "bioner.training.retraining.retrain",
            "bioner.tagging.load.load_tagger",
            "bioner.evaluation.evaluate.load_tagger",
            "bioner.training.replay.load_tagger",
            "urllib.request.urlopen",
            "bioner.corpora.build.merge",
            "uvicorn.Server.run",
            "bioner.processes.run_in_place",
        ):
            patch.setattr(name, done)
        yield folder, patch


def snapshot(folder: Path) -> dict[str, int]:
    """Return what lies in the folder; the database changes its own files as it is opened."""
    return {
        str(one): one.stat().st_size
        for one in sorted(folder.rglob("*"))
        if one.is_file() and not any(kind in one.name for kind in (".sqlite3", ".db", ".lock"))
    }


def invoke(folder: Path, words: str, name: str, value: str) -> Any:
    """Run a command with this value for the argument and sense for what else it needs."""
    valid = [one.replace("{tmp}", str(folder)) for one in VALID.get(words, [])]
    given = value.replace("{tmp}", str(folder))
    if name.startswith("--"):
        line = [*valid, f"{name}={given}"]
    else:
        options = valid[len(positionals(words, valid)) :]
        line = [*options, "--", *replaced(words, name, positionals(words, valid), given)]
    return CliRunner().invoke(app, [*words.split(), *line])


def positionals(words: str, valid: list[str]) -> list[str]:
    found: list[str] = []
    for one in valid:
        if one.startswith("--"):
            break
        found.append(one)
    return found


def replaced(words: str, name: str, given: list[str], value: str) -> list[str]:
    """Return the positional words with the one of this argument replaced."""
    names = [label(one) for w, one in arguments() if w == words and not label(one).startswith("-")]
    at = names.index(name)
    return [*given[:at], value, *given[at + 1 :]]


def test_the_table_says_what_every_argument_is() -> None:
    unknown = {
        (words, label(one))
        for words, one in arguments()
        if label(one) not in KINDS and (words, label(one)) not in OWN
    }
    assert not unknown


@pytest.mark.parametrize(("words", "name", "value"), cases())
@pytest.mark.slow
def test_a_value_without_sense_is_one_sentence_that_names_it_and_nothing_is_done(
    place: tuple[Path, pytest.MonkeyPatch], words: str, name: str, value: str
) -> None:
    folder, _ = place
    before = snapshot(folder)
    result = invoke(folder, words, name, value)
    assert isinstance(result.exception, SystemExit), (result.exception, result.output)
    assert result.exit_code in (1, 2), result.output
    said = result.stderr.strip()
    assert "Traceback" not in said
    if result.exit_code == 1:
        last = said.splitlines()[-1]
        assert last.startswith("error: "), said
    given = value.replace("{tmp}", str(folder))[:40]
    named = (name, name.upper(), repr(given), *filter(str.strip, [given.partition("=")[0]]))
    assert any(one in said for one in named), said
    assert snapshot(folder) == before


@pytest.mark.parametrize(
    ("words", "name"),
    [(words, label(one)) for words, one in arguments() if HALF not in KINDS.get(label(one), ())],
)
@pytest.mark.parametrize("value", [HALF, ZERO, "x" * 5000, "\x1b[31m\n"])
@pytest.mark.slow
def test_what_no_word_can_hold_ends_in_no_traceback(
    place: tuple[Path, pytest.MonkeyPatch], words: str, name: str, value: str
) -> None:
    result = invoke(place[0], words, name, value)
    raised = result.exception
    assert raised is None or isinstance(raised, SystemExit | AssertionError), (words, name, raised)
