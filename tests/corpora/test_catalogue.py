"""The catalogue of corpora beside the ten: each with its terms, brought in whole, guarded apart."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import SHARED
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.corpora.bringing import bring
from bioner.corpora.catalogue import find_entry, published, read_catalogue
from bioner.corpora.merge import merge
from bioner.corpora.own import read_own_corpus, read_own_description, read_user_schema
from bioner.corpora.read import Corpus, read_corpora
from bioner.corpora.registry import CORPORA
from bioner.errors import CorpusError
from bioner.formats import read_documents
from bioner.labels import IGNORE, read_schema
from bioner.settings import Settings, read_settings
from bioner.spans import Sentence, corpus_sentence, normalise
from bioner.text import sentences_and_report

SCHEMA = read_schema()
MORE = SHARED / "more-corpora"
GENES = """{id}|t|Wnt and APC in HCC.
{id}|a|The transcription factors bind APC.
{id}\t0\t3\tWnt\tFamilyName\t1
{id}\t8\t11\tAPC\tGene\t324
{id}\t15\t18\tHCC\tCell
{id}\t24\t45\ttranscription factors\tFamilyName
"""
HELD = "17397547"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("HOME", "BACKUPS", "MODELS", "JOBS", "DATA"):
        monkeypatch.setenv(f"BIONER_{name}", str(tmp_path / name.lower()))
    return read_settings()


@pytest.fixture
def genes(tmp_path: Path) -> Path:
    path = tmp_path / "NLM-Gene.train.PubTator"
    path.write_text("\n".join(GENES.format(id=id) for id in ("1", HELD)))
    return path


def packed(files: dict[str, str], path: Path) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize("entry", read_catalogue().values(), ids=lambda one: one.id)
def test_every_entry_says_its_terms_its_source_and_what_its_labels_mean(entry) -> None:
    assert all((entry.title, entry.annotates, entry.licence, entry.licence_source, entry.citation))
    assert entry.url.startswith("http")
    assert entry.files
    assert entry.by_hand
    assert entry.id not in CORPORA
    assert entry.rest in ("train", "hash")
    assert entry.mapping.covers
    assert entry.mapping.rules
    SCHEMA.with_corpus(entry.mapping)
    for source, rule in entry.mapping.rules.items():
        assert (
            rule.reason
            or source.lower().rstrip("s") == rule.label.lower()
            or (source in ("ChemicalEntity", "CellType", "cell_type", "cell_line", "CellLine"))
        ), source
        assert all(one.reason for one in rule.by_surface)
    assert entry.devel_reason if entry.devel else not entry.devel_reason


def test_the_ten_are_what_they_were_while_the_catalogue_is_not_fetched(home: Settings) -> None:
    assert read_user_schema(home).fingerprint == SCHEMA.fingerprint
    assert set(read_user_schema(home).corpora) == set(CORPORA)


def test_a_corpus_brought_in_has_the_catalogues_meaning_and_reasons(
    home: Settings, genes: Path
) -> None:
    entry = find_entry("nlm-gene")
    made = bring(entry, home, genes)
    assert made.documents == 2
    assert made.published == 550
    assert any("2 of the published 550" in line for line in made.notes(entry))
    mapping = read_user_schema(home).mapping_for("NLM-Gene")
    assert mapping.covers == {"Gene", "Protein"}
    assert mapping.fold == {"Protein": "Gene"}
    assert mapping.rules["FamilyName"].apply("Transcription factors") == IGNORE
    assert mapping.rules["FamilyName"].apply("Wnt") == "Gene"
    assert mapping.rules == entry.mapping.rules
    own = read_own_description(made.folder)
    assert own.licence == "CC0 1.0"
    assert "NLM-Gene.train.PubTator" in own.origin
    assert published("NLM-Gene").licence == own.licence
    with pytest.raises(CorpusError, match="is here already"):
        bring(entry, home, genes)
    assert bring(entry, home, genes, replacing=True).splits == made.splits


def test_texts_that_models_are_checked_on_are_devel_and_never_trained_on(
    home: Settings, genes: Path
) -> None:
    bring(find_entry("NLM-Gene"), home, genes)
    corpus = read_own_corpus(home.own_corpora / "NLM-Gene")
    assert {s: len(found) for s, found in corpus.splits.items()} == {
        "train": 2, "devel": 2, "test": 0,
    }  # fmt: skip
    merged = merge([corpus], read_user_schema(home))
    assert not merged.train
    assert merged.report.leaks_by_corpus == {"NLM-Gene": 2}


def test_leaks_of_a_corpus_beside_the_ten_are_counted_apart() -> None:
    def corpus(id: str, **splits: str) -> Corpus:
        made: dict[str, tuple[Sentence, ...]] = {
            split: (corpus_sentence(f"{id}/{split}/0", text.split(), corpus=id, split=split),)
            for split, text in splits.items()
        }
        return Corpus(id, id, made)

    ten = [
        corpus("BC2GM", train="p53 is here .", test="APC is there ."),
        corpus("BioNLP09", train="APC is there ."),
    ]
    alone = merge(ten, SCHEMA).report
    both = merge(
        [*ten, corpus("NLM-Gene", train="Wnt is new .", devel="p53 is here .")], SCHEMA
    ).report
    assert (alone.leaks_dropped, alone.leaks_beside) == (1, 0)
    assert (both.leaks_dropped, both.leaks_beside) == (2, 1)
    assert both.leaks_of_ten == alone.leaks == alone.leaks_of_ten
    older = {k: v for k, v in both.to_json().items() if k != "leaks_of_ten"}
    assert type(both).from_json(older).leaks_beside == 0


def test_marks_in_a_table_beside_the_texts_are_read(home: Settings, tmp_path: Path) -> None:
    linnaeus = packed(
        {
            "manual-corpus-species-1.0/README": "about",
            "manual-corpus-species-1.0/txt/pmcA1.txt": "Café: the mice ran.",
            "manual-corpus-species-1.0/tags.tsv": "#species id\tdocument\tstart\tend\ttext\tcode\n"
            "species:ncbi:10090\tpmcA1\t10\t14\tmice\t\n",
        },
        tmp_path / "manual-corpus-species-1.0.tar.gz",
    )
    s800 = packed(
        {
            "S800.tsv": "562\tbac001:123\t0\t6\tE. coli\n",
            "abstracts/bac001.txt": "E. coli grew.\n",
            "pubmedid.tsv": "bac001\t123\tbacteriology\t1\tX\n",
        },
        tmp_path / "S800-1.0.tar.gz",
    )
    drugprot = packed(
        {
            f"drugprot/{split}/drugprot_{split}_{name}.tsv": text
            for split in ("training", "development")
            for name, text in {
                "abstracs": f"{len(split)}\tAspirin\tIt blocks COX.\n",
                "entities": f"{len(split)}\tT1\tCHEMICAL\t0\t7\tAspirin\n"
                f"{len(split)}\tT2\tGENE-Y\t18\t21\tCOX\n",
                "relations": f"{len(split)}\tINHIBITOR\tArg1:T1\tArg2:T2\n",
            }.items()
        },
        tmp_path / "drugprot.tar.gz",
    )
    for name, path, expected in (
        ("Linnaeus", linnaeus, {"mice"}),
        ("S800", s800, {"E . coli"}),
        ("DrugProt", drugprot, {"Aspirin", "COX"}),
    ):
        made = bring(find_entry(name), home, path)
        assert not made.receipt.rejected + made.receipt.repaired, name
        splits = read_own_corpus(made.folder).splits
        found = {one.surface(s) for split in splits.values() for one in split for s in one.spans}
        assert found == expected, name
    assert made.splits == {"train": 2, "devel": 2, "test": 0}


def test_a_corpuss_own_lists_say_what_is_test(home: Settings, tmp_path: Path) -> None:
    devel = "PMID-10191918"
    texts = {id: f"The liver of {id[-3:]}." for id in ("PMID-1", "PMID-2", devel)}
    files = {f"AnEM-1.0.4/standoff/{id}.txt": text for id, text in texts.items()}
    files |= {f"AnEM-1.0.4/standoff/{id}.ann": "T1\tOrgan 4 9\tliver\n" for id in texts}
    files["AnEM-1.0.4/test/test-files.list"] = "PMID-2\n"
    made = bring(find_entry("AnEM"), home, packed(files, tmp_path / "AnEM-1.0.4.tar.gz"))
    assert made.splits == {"train": 1, "devel": 1, "test": 1}
    assert read_own_corpus(made.folder).splits["test"][0].text == "The liver of D - 2 ."


def test_without_a_network_the_command_says_how_to_get_it_by_hand(
    home: Settings, genes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> SimpleNamespace:
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    told = CliRunner().invoke(app, ["corpora", "fetch", "NLM-Gene"])
    assert told.exit_code == 1
    assert "By hand: Download NLM-Gene-Corpus.zip" in told.output
    assert "corpora fetch NLM-Gene --from FILE" in told.output
    made = CliRunner().invoke(app, ["corpora", "fetch", "nlm-gene", "--from", str(genes)])
    assert made.exit_code == 0, made.output
    assert "train 2, devel 2, test 0" in made.output
    listed = CliRunner().invoke(app, ["corpora", "list"])
    line = next(one for one in listed.output.splitlines() if one.startswith("NLM-Gene"))
    assert "beside them  yes" in line
    assert "CC0" in line
    for words in (["--from", str(genes)], ["AnatEM", "--from", str(genes)], ["none"]):
        assert CliRunner().invoke(app, ["corpora", "fetch", *words]).exit_code == 1


def test_a_changed_mapping_of_one_of_them_keeps_its_own_terms(home: Settings, genes: Path) -> None:
    from bioner.corpora.mapping_edit import edit_of, write_edit

    bring(find_entry("NLM-Gene"), home, genes)
    mapping = read_user_schema(home).mapping_for("NLM-Gene")
    write_edit(home, edit_of(mapping, {"DomainMotif": "Gene"}))
    changed = read_user_schema(home).mapping_for("NLM-Gene")
    assert changed.rules["DomainMotif"].label == "Gene"
    assert changed.rules["DomainMotif"].reason != mapping.rules["DomainMotif"].reason
    kept = {**changed.rules, "DomainMotif": mapping.rules["DomainMotif"]}
    assert replace(changed, rules=kept) == mapping


@pytest.mark.corpora
@pytest.mark.slow
def test_the_listed_devel_texts_are_those_that_others_hold_out(shared: Path) -> None:
    splits = read_corpora(shared / "corpora", ["AnatEM"])[0].splits
    held, train = ({normalise(s.tokens) for s in splits[one]} for one in ("devel", "train"))
    text = f" {' | '.join(sorted(held))} "
    found = set()
    for document in read_documents(shared / "more-corpora" / "AnEM.train").documents:
        words = [normalise(s.tokens) for s in sentences_and_report(document)[0]]
        words = [one for one in words if len(one.split()) >= 6]
        inside = [one for one in words if one in held or f" {one} " in text]
        if inside and len(inside) > sum(one in train for one in words):
            found.add(document.id)
    assert found == find_entry("AnEM").devel
    dev = read_documents(shared / "formats" / "crlf.BioRED.Dev.PubTator").documents
    theirs = read_documents(shared / "more-corpora" / "NLM-Gene.train.PubTator").documents
    assert {one.id for one in dev} & {one.id for one in theirs} == find_entry("NLM-Gene").devel


@pytest.mark.corpora
@pytest.mark.slow
def test_thirteen_corpora_merge_and_the_tens_leaks_stay_what_they_were(
    home: Settings, shared: Path
) -> None:
    for name, file in (
        ("NLM-Gene", "NLM-Gene.train.PubTator"),
        ("Linnaeus", "Linnaeus.train.PubTator"),
        ("AnEM", "AnEM.train"),
    ):
        bring(find_entry(name), home, shared / "more-corpora" / file)
    corpora = read_corpora(shared / "corpora")
    corpora += [read_own_corpus(home.own_corpora / n) for n in ("NLM-Gene", "Linnaeus", "AnEM")]
    report = merge(corpora, read_user_schema(home)).report
    assert report.read == 131_859
    assert report.leaks_of_ten["equal"] == {"distinct": 260, "sentences": 1345}
    assert (report.leaks_dropped, report.leaks_beside) == (316, 56)
    assert report.fused["AnEM+AnatEM"] == 2072
    assert report.sentences["NLM-Gene"] == {"train": 4822, "devel": 226, "test": 0}
    assert report.sentences["AnEM"] == {"train": 2068, "devel": 506, "test": 0}
    assert report.sentences["Linnaeus"] == {"train": 10_945, "devel": 1422, "test": 1391}
