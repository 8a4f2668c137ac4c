"""evaluate, compare and models promote on the command line: a mistyped name is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from metrics_support import GOOD, WORSE, make_data, store_report
from runs import make_model
from typer.testing import CliRunner, Result

from bioner.__main__ import app
from bioner.models.catalogue import active_model, history
from bioner.settings import Settings, read_settings


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A machine with merged corpora and three models that were scored on them."""
    for name in ("home", "models", "data"):
        monkeypatch.setenv(f"BIONER_{name.upper()}", str(tmp_path / name))
    settings = read_settings()
    data = make_data(corpora=2, count=320)
    for name, words in (("bioner-compact", GOOD), ("worse", WORSE), ("same", GOOD)):
        (make_model(settings.models, name) / "vocab.txt").write_text(name, encoding="utf-8")
        store_report(settings, data, name, words)
    manifest = settings.merged / "manifest.json"
    raw = json.loads(manifest.read_text("utf-8"))
    raw["report"]["sentences"] = {
        corpus: {"train": 1, "test": 320} for corpus in ("BC2GM", "NCBI-disease")
    }
    manifest.write_text(json.dumps(raw), "utf-8")
    return settings


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate", "--model", "same", "--split", "tset"], "unknown split 'tset'"),
        (["evaluate", "--model", "same", "--split", "devel"], "has no devel sentences"),
        (["evaluate", "--model", "same", "--corpus", "BC2GN"], "corpus 'BC2GN' has no test"),
        (["evaluate", "--model", "sane"], "sane: no such model"),
        (["evaluate", "--model", "same", "--data", "/nowhere"], "/nowhere"),
        (["compare", "same", "worse", "--split", "tset"], "unknown split 'tset'"),
        (["compare", "same", "worse", "--corpus", "BC2GN"], "corpus 'BC2GN' has no test"),
        (["compare", "same", "wrose"], "wrose: no such model"),
        (["compare", "same", "same"], "compared with itself"),
        (["models", "show", "sane"], "sane: no such model"),
        (["models", "promote", "sane"], "sane: no such model"),
        (["models", "promote", "bioner-compact"], "active model already"),
        (["models", "rollback"], "no earlier model"),
    ],
)
def test_a_mistyped_argument_is_one_sentence_and_exit_1(
    place: Settings, words: list[str], message: str
) -> None:
    done = run(*words)
    assert done.exit_code == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_promote_refuses_what_fell_and_says_so_and_a_reason_overrules(place: Settings) -> None:
    refused = run("models", "promote", "worse")
    assert refused.exit_code == 1
    assert "BC2GM: F1 100.0 →" in refused.stderr
    assert active_model(place) == "bioner-compact"
    assert run("models", "promote", "worse", "--reason", "I like it").exit_code == 1
    done = run("models", "promote", "worse", "--overrule", "Only speed matters.")
    assert done.exit_code == 0, done.stderr
    assert active_model(place) == "worse"
    assert history(place)[-1].reason.startswith("Only speed matters. Overruled: the gate refuses")


def test_promote_lets_pass_what_kept_evaluations_show_to_be_as_good(place: Settings) -> None:
    done = run("models", "promote", "same")
    assert done.exit_code == 0, done.stderr
    assert active_model(place) == "same"


def test_compare_says_each_verdict_and_exits_with_the_decision(place: Settings) -> None:
    passed = run("compare", "bioner-compact", "same")
    assert passed.exit_code == 0, passed.stderr
    assert "passed       BC2GM: F1 100.0 → 100.0" in passed.stdout
    refused = run("compare", "bioner-compact", "worse")
    assert refused.exit_code == 1
    assert "fell         BC2GM" in refused.stdout
