"""What each source says of a fused sentence is kept beside it, and changes nothing else."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from clashing import DRUGS, LONG_GENE, SHORT_GENE, clashing

from bioner.corpora.dataset_folder import BY_SOURCE, read_dataset, write_dataset
from bioner.spans import as_read_by


def test_a_fused_sentence_keeps_what_each_source_says() -> None:
    fused = [s for s in clashing().train if len(s.sources) > 1]
    assert len(fused) == 16
    for one in fused:
        by = {r.corpus: as_read_by(one, r) for r in one.by_source}
        assert [(s.start, s.end, s.label) for s in by[LONG_GENE].spans] == [(1, 3, "Gene")]
        assert [(s.start, s.end, s.label) for s in by[SHORT_GENE].spans] == [(1, 2, "Protein")]
        assert all(r.readings == () for r in by.values())
        assert by[LONG_GENE].covers == {"Gene", "Protein"}


def test_sentences_of_one_source_carry_nothing_twice() -> None:
    assert all(not s.by_source for s in clashing().train if len(s.sources) < 2)


def test_the_column_reads_back_and_the_rest_of_the_folder_is_as_without_it(tmp_path) -> None:
    dataset = clashing()
    write_dataset(dataset, tmp_path / "merged")
    assert read_dataset(tmp_path / "merged") == dataset
    assert dataset.has_readings
    bare = replace(dataset, train=tuple(replace(s, by_source=()) for s in dataset.train))
    write_dataset(bare, tmp_path / "bare")
    for name in ("train.conll", "manifest.json", "schema.json"):
        assert (tmp_path / "bare" / name).read_bytes() == (tmp_path / "merged" / name).read_bytes()
    assert [s.fingerprint for s in bare.train] == [s.fingerprint for s in dataset.train]


def test_a_folder_of_before_reads_as_ever_and_says_that_it_has_no_readings(tmp_path) -> None:
    dataset = clashing()
    write_dataset(dataset, tmp_path / "merged")
    for split in ("train", "devel", "test"):
        path = tmp_path / "merged" / f"{split}.parquet"
        table = pq.read_table(path)
        pq.write_table(table.drop_columns([BY_SOURCE]), path)
    old = read_dataset(tmp_path / "merged")
    assert not old.has_readings
    assert [s.spans for s in old.train] == [s.spans for s in dataset.train]
    assert old.fingerprint == dataset.fingerprint


def test_a_part_of_the_corpora_or_types_keeps_its_own_readings_alone() -> None:
    part = clashing().only([SHORT_GENE, DRUGS])
    assert {r.corpus for s in part.train for r in s.by_source} == {SHORT_GENE}
    genes = clashing().only_types(["Gene"])
    spans = [s.label for one in genes.train for r in one.by_source for s in r.spans]
    assert set(spans) == {"Gene"}


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_the_corpora_does_not_matter(order: int) -> None:
    from support import ROOT

    from bioner.corpora.merge import merge
    from bioner.corpora.read import read_corpora
    from bioner.labels import read_schema

    corpora = read_corpora(ROOT / "data" / "sample")
    one, other = (merge(list(given), read_schema()) for given in (corpora, corpora[::order]))
    assert [s.by_source for s in one.train] == [s.by_source for s in other.train]
