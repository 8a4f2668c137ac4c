"""Each corpus's licence is said once, in the registry; card, docs and command say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from bioner.corpora.catalogue import licence_of_model, read_catalogue
from bioner.corpora.registry import CORPORA
from bioner.models.catalogue import read_card
from bioner.settings import PROJECT_ROOT

SHARED = PROJECT_ROOT.parent / "shared" / "corpora"
DOCS = PROJECT_ROOT / "docs" / "licences.md"


def test_the_licences_are_those_of_the_distributors() -> None:
    assert {name: info.licence for name, info in CORPORA.items()} == {
        "AnatEM": "CC BY-SA 3.0",
        "BC2GM": "CC BY 4.0",
        "BC4CHEMD": "unclear: public, but without terms of redistribution",
        "BC5CDR": "US public domain",
        "BioNLP09": "GENIA Project License",
        "BioNLP11ID": "GENIA Project License; its annotations CC BY 3.0",
        "BioNLP13CG": "CC BY-SA 3.0",
        "BioNLP13PC": "CC BY-SA 3.0",
        "CRAFT": "CC BY 4.0 as distributed; CRAFT's own release CC BY 3.0",
        "NCBI-disease": "US public domain",
    }
    assert all(info.licence_source for info in CORPORA.values())


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("BioNLP11ID-IOB/LICENSE", "GENIA Project License"),
        ("BioNLP11ID-IOB/LICENSE", "Creative Commons Attribution 3.0"),
        ("BioNLP13CG-IOB/LICENSE", "CC BY-SA 3.0"),
        ("BioNLP13PC-IOB/LICENSE", "CC BY-SA 3.0"),
        ("LICENSE.md", "Attribution 4.0 International"),
        ("UPSTREAM-README.md", "BC4CHEMD) named entity recognition task corpus is unclear"),
    ],
)
def test_the_files_beside_the_data_say_so(name: str, said: str) -> None:
    if not (SHARED / name).exists():
        pytest.skip("the corpora are not here")
    assert said in (SHARED / name).read_text(encoding="utf-8")


def test_the_docs_name_every_licence_and_where_it_is_said() -> None:
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in DOCS.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| corpus ")
    ]
    every = (*CORPORA.values(), *read_catalogue().values())
    assert rows == [(one.id, one.licence, one.licence_source) for one in every]
    assert licence_of_model(CORPORA) in DOCS.read_text(encoding="utf-8")
    for path in (
        Path("README.md"),
        Path("data/sample/README.md"),
        Path("docs/decisions/0043-licences.md"),
    ):
        assert "licences.md" in (PROJECT_ROOT / path).read_text(encoding="utf-8")


def test_the_shipped_models_card_says_the_licences_of_what_it_was_trained_on() -> None:
    card = read_card(PROJECT_ROOT / "models" / "bioner-compact")
    assert card.licence == licence_of_model(card.corpora)
    assert licence_of_model(["mine"]) == (
        "Apache-2.0 (weights); training data: mine (as its owner says)"
    )
