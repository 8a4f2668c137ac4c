"""Vocabularies of others: OBO, tables and JSON lines, read term by term."""

from __future__ import annotations

from pathlib import Path

import pytest

from bioner.corpora.vocabulary import Listed, read_terms
from bioner.errors import FormatError

OBO = r"""format-version: 1.4

[Term]
id: NCBITaxon:10090
name: Mus musculus ! a comment
synonym: "house mouse" EXACT []
synonym: "mouse \"lab\"" RELATED [PMID:1]

[Term]
id: X:2
name: gone
is_obsolete: true

[Typedef]
id: part_of
name: part of

[Term]
id: X:3
name: a\{b\}
"""


def test_terms_of_obo_are_read_without_the_obsolete(tmp_path: Path):
    path = tmp_path / "a.obo"
    path.write_text(OBO)
    assert list(read_terms(path)) == [
        Listed(("Mus musculus", "house mouse", 'mouse "lab"'), "", "NCBITaxon:10090"),
        Listed(("a{b}",), "", "X:3"),
    ]


def test_a_table_needs_a_name_and_may_have_the_rest(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("id,name,synonyms,type\nX:1,mouse,mice | Mus,Organism\n")
    assert list(read_terms(path)) == [Listed(("mouse", "mice", "Mus"), "Organism", "X:1")]
    path.write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match=r"a\.csv:2: expected a column"):
        list(read_terms(path))


def test_what_is_no_list_is_refused_in_a_sentence(tmp_path: Path):
    for name, text in (("a.txt", "x"), ("b.jsonl", "{}"), ("c.jsonl", "no")):
        (tmp_path / name).write_text(text)
        with pytest.raises(FormatError, match=name):
            list(read_terms(tmp_path / name))
    with pytest.raises(FormatError, match="cannot be read"):
        list(read_terms(tmp_path / "none.obo"))
