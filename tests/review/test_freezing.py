"""A project becomes a corpus: versions, the same to the byte, merged and exported like others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from store_support import a_document, a_project, edit_of
from support import ROOT
from typer.testing import CliRunner, Result

from bioner.__main__ import app
from bioner.corpora.mapping import apply_mapping
from bioner.corpora.own import VERSIONS, read_all, read_own_corpus
from bioner.corpora.striking import strike
from bioner.errors import CorpusError
from bioner.formats import WRITABLE, read_documents
from bioner.review.freezing import freeze
from bioner.settings import read_settings
from bioner.spans import mention
from bioner.store import Store, open_store


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in words])


@pytest.fixture
def store(home: Path) -> Store:
    """Twelve documents of two sentences, all but the last one's reviewed; one looks for less."""
    made = open_store(read_settings())
    guidelines = (("Gene", "Name the gene, not its product."),)
    made.create_project(replace(a_project(), guidelines=guidelines))
    made.import_documents("p", [a_document(n) for n in range(12)], model="m")
    for n in range(11):
        for item in made.items_of("p", f"d{n}"):
            opened = made.open_item(item)
            made.save(edit_of(opened, *opened.mentions))
    first = made.open_item(made.items_of("p", "d0")[0])
    nested = mention(first.start, first.start + 13, "Gene")
    edit = edit_of(first, *first.mentions, nested)
    made.save(replace(edit, covers=frozenset({"Gene"})))
    return made


def files(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def test_what_was_reviewed_is_frozen_with_splits_covers_licence_and_guidelines(
    store: Store,
) -> None:
    made = freeze(store, read_settings(), "p", "Lab genes", licence="CC BY 4.0")
    assert (made.folder.name, made.version, made.is_new) == ("Lab-genes", "1", True)
    tests = {one.document for one in store.my_test("p")}
    assert sum(made.splits.values()) == len(store.corrections("p", include_test=True)) == 22
    assert made.splits["test"] == len(store.my_test("p"))
    told = json.loads((made.folder / "provenance.json").read_text())
    assert (told["project"], told["licence"], told["sentences"]) == ("p", "CC BY 4.0", made.splits)
    assert made.left_out == {"nested_dropped": 1}
    assert "Name the gene, not its product." in (made.folder / "guidelines.md").read_text()
    whole = read_documents(made.folder / "documents.jsonl").documents
    assert {one.id for one in whole} == {f"d{n}" for n in range(11)}
    assert {f"p/{one.id}" for one in whole if ("split", "test") in one.attributes} == tests
    assert len(whole[0].mentions) == 3


def test_the_same_state_gives_the_same_bytes_and_no_new_version(store: Store) -> None:
    settings = read_settings()
    first = freeze(store, settings, "p", "lab")
    before = files(first.folder)
    again = freeze(store, settings, "p", "lab")
    assert (again.version, again.is_new, files(again.folder)) == ("1", False, before)
    opened = store.open_item(store.items_of("p", "d1")[0])
    store.save(edit_of(opened))
    with pytest.raises(CorpusError, match="a version 1 with other content already"):
        freeze(store, settings, "p", "lab", version="1")
    assert files(first.folder) == before
    second = freeze(store, settings, "p", "lab")
    assert (second.version, second.is_new) == ("2", True)
    assert files(second.folder) != before
    assert files(settings.own_corpora / VERSIONS / "lab" / "1") == before


def test_it_joins_the_merge_and_each_sentence_keeps_what_was_looked_for(store: Store) -> None:
    settings = read_settings()
    folder = freeze(store, settings, "p", "lab").folder
    corpora, schema = read_all(ROOT / "data" / "sample", settings)
    assert "lab" in {one.id for one in corpora}
    rules = schema.mapping_for("lab")
    read = [one for found in read_own_corpus(folder).splits.values() for one in found]
    covers = [apply_mapping(one, rules).covers for one in read]
    assert sorted(map(sorted, covers))[-2:] == [["Disease", "Gene"], ["Gene"]]
    assert covers.count(frozenset({"Gene"})) == 1


def test_a_name_that_is_another_corpus_or_a_project_without_reviews_is_refused(
    store: Store,
) -> None:
    settings = read_settings()
    store.create_project(a_project("empty"))
    with pytest.raises(CorpusError, match="no sentence is reviewed yet"):
        freeze(store, settings, "empty", "lab")
    freeze(store, settings, "p", "lab")
    store.create_project(a_project("q"))
    store.import_documents("q", [a_document(90)], model="m")
    opened = store.open_item(store.items_of("q", "d90")[0])
    store.save(edit_of(opened, *opened.mentions))
    with pytest.raises(CorpusError, match="another corpus of this name"):
        freeze(store, settings, "q", "lab")


@pytest.mark.slow
def test_the_commands_freeze_and_export_in_every_format(store: Store, tmp_path: Path) -> None:
    done = run("review", "freeze", "--project", "p", "--name", "lab", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["version"] == "1"
    for format in WRITABLE:
        out = tmp_path / (f"{format}.zip" if format == "brat" else format)
        done = run("corpora", "export", "lab", "--format", format, "--out", out)
        assert done.exit_code == 0, done.output
        assert "11 documents" in done.stdout
        assert out.stat().st_size


def test_what_is_erased_is_struck_from_every_version_and_it_is_said(store: Store) -> None:
    settings = read_settings()
    for wanted in ("1", "2"):
        freeze(store, settings, "p", "lab", version=wanted, licence=wanted)
    freeze(store, settings, "p", "other")
    store.create_project(a_project("q"))
    store.import_documents("q", [a_document(3)], model="m")
    opened = store.open_item(store.items_of("q", "d3")[0])
    store.save(edit_of(opened, *opened.mentions))
    freeze(store, settings, "q", "of-q")
    versions = settings.own_corpora / VERSIONS
    before = files(versions / "lab" / "1")
    store.close()
    done = run("review", "erase", "d3", "--project", "p", "--yes")
    assert done.exit_code == 0, done.stderr
    for corpus, version in (("lab", "1"), ("lab", "2"), ("other", "1")):
        told = f"struck from the frozen corpus {corpus}, version {version}: 2 sentences"
        assert told in " ".join(done.stderr.split())
    assert "of-q/" in done.stderr.replace("\n", "")
    for folder in (settings.own_corpora / "lab", versions / "lab", versions / "other"):
        assert not any("variant 3." in text.decode() for text in files_below(folder).values())
    after = files(versions / "lab" / "1")
    assert json.loads(after["provenance.json"])["struck"] == 1
    assert sum(json.loads(after["provenance.json"])["sentences"].values()) == 20
    assert json.loads(after["provenance.json"])["documents"] == 10
    assert after["guidelines.md"] == before["guidelines.md"]
    kept = b"".join(one for one in before["documents.jsonl"].splitlines(True) if b'"d3"' not in one)
    assert after["documents.jsonl"] == kept
    assert sum(map(len, read_own_corpus(settings.own_corpora / "lab").splits.values())) == 20
    again = open_store(settings)
    assert freeze(again, settings, "p", "lab").version == "3"


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_a_frozen_corpus_of_nothing_but_the_erased_text_goes_with_it(home: Path) -> None:
    settings = read_settings()
    store = open_store(settings)
    store.create_project(a_project())
    store.import_documents("p", [a_document(1)], model="m")
    for item in store.items_of("p", "d1"):
        opened = store.open_item(item)
        store.save(edit_of(opened, *opened.mentions))
    freeze(store, settings, "p", "lab")
    struck = strike(settings, "p", "d1")
    assert [(one.corpus, one.version, one.sentences) for one in struck] == [("lab", "1", 2)]
    assert not files_below(settings.own_corpora)
    assert strike(settings, "p", "d1") == ()


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("documents.jsonl", b"{cut"),
        ("documents.jsonl", b"[]\n"),
        ("documents.jsonl", b'{"id": "Zo\xeb"}\n'),
        ("train.tsv", b"Zo\xeb\tO\n"),
        ("provenance.json", b"{cut"),
    ],
)
def test_a_frozen_version_that_cannot_be_read_is_named_and_nothing_of_it_changes(
    home: Path, name: str, damage: bytes
) -> None:
    settings = read_settings()
    store = open_store(settings)
    store.create_project(a_project())
    store.import_documents("p", [a_document(n) for n in range(9)], model="m")
    for document in (f"d{n}" for n in range(9)):
        for item in store.items_of("p", document):
            opened = store.open_item(item)
            store.save(edit_of(opened, *opened.mentions))
    freeze(store, settings, "p", "lab")
    path = settings.own_corpora / "lab" / name
    path.write_bytes(damage + path.read_bytes())
    before = files_below(settings.own_corpora)
    with pytest.raises(CorpusError, match=name):
        strike(settings, "p", "d1")
    assert files_below(settings.own_corpora) == before
