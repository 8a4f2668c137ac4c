"""Models and corpora go to a hub and come from it: a hub on this machine, by the commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import hub as hubs
import pytest
import yaml
from runs import make_model
from support import ROOT
from typer.testing import CliRunner, Result

from bioner.__main__ import app
from bioner.corpora.own import read_own_description
from bioner.errors import HubError
from bioner.hub import card_text, check_repository, licence_id, may_pass_on
from bioner.models.card import ModelCard, read_card, write_card
from bioner.models.sharing import hub_card

# huggingface_hub's own way of sending a large file, which its HTTP client would like to change
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

Run = Callable[..., Result]
ROWS = [
    {"id": "a", "text": "p53 binds MDM2 in mice.", "label": [[0, 3, "Gene"], [10, 14, "Gene"]]},
    {"id": "b", "text": "BRCA1 was lost in tumours.", "label": [[0, 5, "Gene"]]},
]


@pytest.fixture(scope="module")
def hub() -> Iterator[hubs.Hub]:
    with hubs.running() as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub")
    made = make_model(folder / "models", "mine")
    card = read_card(made)
    told = {"by_corpus": {"BC5CDR": {"micro": {"f1": 0.72806, "support": 9809}}}}
    licence = "Apache-2.0 (weights); training data: BC5CDR (US public domain)"
    write_card(
        made,
        ModelCard(
            **{
                **card.to_json(),
                "name": "mine",
                "scores": told,
                "licence": licence,
                "corpora": ("BC5CDR",),
                "command": "train --data /somebody/secret",
                "corrections": 3,
            }
        ),
    )
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    return folder


@pytest.fixture
def run(hub: hubs.Hub, place: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in folders of its own, with the hub of this machine and a token for it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.chdir(ROOT)

    def call(*words: str, token: str = hubs.TOKEN, home: str = "home", url: str = "") -> Result:
        for name in ("BACKUPS", "DATA"):
            monkeypatch.setenv(f"BIONER_{name}", str(place / home / name.lower()))
        monkeypatch.setenv("BIONER_HOME", str(place / home))
        monkeypatch.setenv("BIONER_MODELS", str(place / ("models" if home == "home" else home)))
        monkeypatch.setenv("HF_ENDPOINT", url or hub.url)
        monkeypatch.setenv("HF_TOKEN", token)
        return CliRunner().invoke(app, [*words])

    return call


def front(data: bytes) -> dict[str, object]:
    return yaml.safe_load(data.decode().split("---")[1])


def test_a_model_goes_to_the_hub_with_its_card_and_comes_back_the_same(
    run: Run, hub: hubs.Hub, place: Path
) -> None:
    sent = run("models", "push", "mine", "lab/mine")
    assert sent.exit_code == 0, sent.stderr
    held = hub.repositories["model", "lab/mine"]
    assert held.is_private
    head = front(held.files["README.md"])
    assert (head["license"], head["pipeline_tag"]) == ("apache-2.0", "token-classification")
    assert head["model-index"][0]["results"][0]["metrics"][0]["value"] == 72.8
    shown = held.files["README.md"].decode()
    assert "| BC5CDR | 72.8 | 9,809 |" in shown
    assert "BC5CDR (US public domain)" in shown
    assert "3 sentences that people corrected" in shown
    assert not [name for name, data in held.files.items() if b"/somebody/secret" in data]
    held.commits[held.newest]["evil.py"] = b"raise SystemExit"
    came = run("models", "pull", "lab/mine", "--name", "theirs", home="other")
    assert came.exit_code == 0, came.stderr
    folder, source = place / "other" / "theirs", place / "models" / "mine"
    names = {path.name for path in source.iterdir()}
    assert {path.name for path in folder.iterdir()} == names | {"README.md"}
    for name in names - {"card.json"}:
        assert (folder / name).read_bytes() == (source / name).read_bytes(), name
    again = run("models", "pull", "lab/mine", "--name", "theirs", home="other")
    assert (again.exit_code, "exists already" in again.stderr) == (1, True)


def test_a_pulled_model_runs_no_code_and_what_is_not_sound_leaves_nothing(
    run: Run, hub: hubs.Hub, place: Path
) -> None:
    source = place / "models" / "mine"
    files = {path.name: path.read_bytes() for path in source.iterdir()}
    config = json.loads(files["config.json"])
    files["config.json"] = json.dumps({**config, "auto_map": {"AutoModel": "evil.Model"}}).encode()
    hub.repositories["model", "lab/coded"] = hubs.Repository(False, {"1" * 40: files})
    came = run("models", "pull", "lab/coded", home="other")
    assert came.exit_code == 0, came.stderr
    assert "auto_map" not in (place / "other" / "coded" / "config.json").read_text()
    pickled = {"config.json": b'{"model_type": "bert"}', "pytorch_model.bin": b"x"}
    hub.repositories["model", "lab/pickled"] = hubs.Repository(False, {"2" * 40: pickled})
    refused = run("models", "pull", "lab/pickled", home="other")
    assert refused.exit_code == 1
    assert "error: lab/pickled: not a model that can be used here" in refused.stderr
    assert not (place / "other" / "pickled").exists()


@pytest.mark.slow
def test_a_corpus_that_may_not_be_passed_on_is_sent_only_with_a_reason(
    run: Run, hub: hubs.Hub, place: Path
) -> None:
    added = ("corpora", "add", str(place / "rows.jsonl"), "--covers", "Gene")
    for name, licence in (("open", "CC BY 4.0"), ("closed", "internal")):
        made = run(*added, "--name", name, "--licence", licence)
        assert made.exit_code == 0, made.stderr
    sent = run("corpora", "push", "open", "lab/open", "--public")
    assert sent.exit_code == 0, sent.stderr
    held = hub.repositories["dataset", "lab/open"]
    assert not held.is_private
    assert front(held.files["README.md"])["license"] == "cc-by-4.0"
    assert "| open | CC BY 4.0 |" in held.files["README.md"].decode()
    refused = run("corpora", "push", "closed", "lab/closed")
    assert refused.exit_code == 1
    assert "closed (internal)" in refused.stderr
    assert ("dataset", "lab/closed") not in hub.repositories
    sent = run("corpora", "push", "closed", "lab/closed", "--despite", "our own hub")
    assert sent.exit_code == 0, sent.stderr
    assert front(hub.repositories["dataset", "lab/closed"].files["README.md"])["license"] == "other"
    came = run("corpora", "pull", "lab/open", "--name", "theirs")
    assert came.exit_code == 0, came.stderr
    own = read_own_description(place / "home" / "corpora" / "theirs")
    assert (own.licence, own.covers) == ("CC BY 4.0", ("Gene",))
    assert own.origin.startswith("hub: lab/open@")


@pytest.mark.slow
def test_a_pulled_corpus_with_a_file_that_is_no_text_is_one_sentence(
    run: Run, hub: hubs.Hub, place: Path
) -> None:
    words = ("corpora", "add", str(place / "rows.jsonl"), "--covers", "Gene", "--name", "sound")
    assert run(*words, "--licence", "CC BY 4.0").exit_code == 0
    assert run("corpora", "push", "sound", "lab/sound").exit_code == 0
    files = hub.repositories["dataset", "lab/sound"].files
    files = {**files, "documents.jsonl": b"{}\n", "guidelines.md": b"Mark genes.\n"}
    names = [one for one in files if "/" not in one and one not in ("README.md", ".gitattributes")]
    assert {"corpus.json", "train.tsv", "documents.jsonl", "guidelines.md"} <= set(names)
    refused = run("corpora", "pull", "lab/sound", "--name", "?")
    assert refused.exit_code == 1
    assert "not a corpus that can be used" not in refused.stderr, "the name is the caller's"
    for number, name in enumerate(names):
        repository = f"lab/broken{number}"
        held = {**files, name: b"Zo\xeb\tO\n" + files[name]}
        hub.repositories["dataset", repository] = hubs.Repository(False, {"3" * 40: held})
        came = run("corpora", "pull", repository, "--name", f"broken{number}")
        said = came.stderr.strip().splitlines()[-1]
        assert isinstance(came.exception, SystemExit), (name, came.exception)
        assert came.exit_code == 1
        assert said.startswith(f"error: {repository}: not a corpus that can be used here: {name}")
        assert "bioner-hub-" not in said, "a folder that is gone"
        assert not (place / "home" / "corpora" / f"broken{number}").exists()


def test_the_merged_corpora_go_out_with_every_licence_on_the_card(run: Run, hub: hubs.Hub) -> None:
    built = run("corpora", "build", "--source", "data/sample")
    assert built.exit_code == 0, built.stderr
    refused = run("corpora", "push", "merged", "lab/merged")
    assert refused.exit_code == 1
    assert "BC4CHEMD" in refused.stderr
    assert "NCBI-disease" not in refused.stderr.splitlines()[-1]
    sent = run("corpora", "push", "merged", "lab/merged", "--despite", "sentences of our own")
    assert sent.exit_code == 0, sent.stderr
    shown = hub.repositories["dataset", "lab/merged"].files["README.md"].decode()
    assert "| CRAFT | CC BY 4.0 as distributed; CRAFT's own release CC BY 3.0 |" in shown
    assert "train.parquet" in hub.repositories["dataset", "lab/merged"].files


def test_a_hub_that_refuses_or_is_not_there_is_one_sentence(run: Run, hub: hubs.Hub) -> None:
    for words, options, told in (
        (("models", "push", "mine", "lab/x"), {"token": "hf_wrong"}, "not let in"),
        (("models", "pull", "lab/none"), {}, "no such repository"),
        (("models", "pull", "lab/far"), {"url": "http://127.0.0.1:9"}, "cannot be reached"),
    ):
        refused = run(*words, **options)
        assert refused.exit_code == 1, refused.stderr
        last = refused.stderr.strip().splitlines()[-1]
        assert last.startswith("error: lab/"), refused.stderr
        assert told in last
        assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("licence", "is_free", "name"),
    [
        ("CC BY 4.0", True, "cc-by-4.0"),
        ("CC BY-SA 3.0", True, "cc-by-sa-3.0"),
        ("CC BY-NC-SA 4.0", True, "cc-by-nc-sa-4.0"),
        ("CC BY-ND 4.0", False, "cc-by-nd-4.0"),
        ("CC BY-NC-ND 4.0", False, "cc-by-nc-nd-4.0"),
        ("CC0 1.0", True, "cc0-1.0"),
        ("US public domain", True, "other"),
        ("MIT", True, "mit"),
        ("CC BY 4.0 as distributed; CRAFT's own release CC BY 3.0", True, "other"),
        ("unclear: public, but without terms of redistribution", False, "other"),
        ("GENIA Project License", False, "other"),
        ("internal", False, "other"),
        ("", False, "other"),
    ],
)
def test_a_licence_lets_pass_on_only_what_it_is_known_to(
    licence: str, is_free: bool, name: str
) -> None:
    assert may_pass_on(licence) is is_free
    assert licence_id([licence]) == name


def test_several_licences_are_other_on_the_card() -> None:
    assert licence_id(["CC BY 4.0", "CC BY 4.0"]) == "cc-by-4.0"
    assert licence_id(["CC BY 4.0", "MIT"]) == "other"


@pytest.mark.parametrize("name", ["", "x", "../x", "a/b/c", "a/..", "a b/c", "a/b\n"])
def test_what_is_no_name_of_a_repository_is_refused(name: str) -> None:
    with pytest.raises(HubError, match="OWNER/NAME"):
        check_repository(name)


def test_a_card_of_an_unknown_model_says_what_is_not_known() -> None:
    shown = hub_card(ModelCard("bare"), "lab/bare")
    assert "It has not been scored." in shown
    assert "Nobody has said under which licence." in shown
    assert card_text({"license": "mit", "tags": []}, ["# x"]).startswith("---\nlicense: mit\n---\n")
