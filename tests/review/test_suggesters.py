"""Suggesters: what they mark, that they stop, and that nothing outside is run but what is named."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from dictionaries import a_dictionary

from bioner.errors import BionerError
from bioner.review.dictionary_curation import Choice, curate
from bioner.review.dictionary_files import WRITERS, write_dictionary
from bioner.review.outside import OutsideError, OutsideSuggester, outside_suggesters
from bioner.review.patterns import PatternError, PatternSuggester
from bioner.review.suggesters import (
    Name,
    NameSuggester,
    Suggester,
    add_name,
    dictionary_suggester,
    listed_names,
)
from bioner.spans import Document


def found(suggester: Suggester, text: str) -> list[tuple[str, str]]:
    [document] = suggester.suggest([Document("d", text)])
    return [(document.surface(one), one.label) for one in document.mentions]


def names_of(*terms: tuple[str, str]) -> NameSuggester:
    names: dict[str, Name] = {}
    for surface, label in terms:
        add_name(names, [surface], label)
    return NameSuggester(name="list:test", names=names)


def test_a_name_is_found_however_it_is_spelled_and_the_longest_wins():
    suggester = names_of(("TNF-alpha", "Gene"), ("TNF", "Protein"), ("B cell", "Cell"))
    text = "TNF-α, TNF alpha and TNFalpha; a TNF in B-cells. A TNFx? TNF. Alpha"
    assert found(suggester, text) == [
        ("TNF-α", "Gene"),
        ("TNF alpha", "Gene"),
        ("TNFalpha", "Gene"),
        ("TNF", "Protein"),
        ("B-cells", "Cell"),
        ("TNF", "Protein"),
    ]


def test_a_name_in_capitals_is_found_in_capitals_alone():
    assert found(names_of(("CAT", "Gene")), "The cat has CAT and Cat.") == [("CAT", "Gene")]
    assert len(found(names_of(("Cat", "Organism")), "The cat has CAT and Cat.")) == 3


@pytest.mark.parametrize("format", WRITERS)
def test_an_exported_dictionary_comes_back_as_a_suggester(tmp_path: Path, format: str):
    dictionary, _ = a_dictionary(tmp_path / "four.dictionary")
    keys = tuple(one.key for one in dictionary.terms())
    curate(dictionary.path, [Choice(action="keep", terms=keys)], types=())
    curate(dictionary.path, [Choice(action="drop", terms=("mouse",))], types=())
    out = tmp_path / f"out{WRITERS[format].suffix}"
    write_dictionary(dictionary, out, format)
    text = "Mice with tumor necrosis factor or TNF; tumour necrosis factors; a mouse; =high OB"
    expected = [
        ("Mice", "Organism"),
        ("TNF", "Gene"),
        ("tumour necrosis factors", "Gene"),
        ("high", "Chemical"),
        ("OB", "Chemical"),
    ]
    assert found(dictionary_suggester(dictionary), text) == expected
    assert found(listed_names(out), text) == expected


def test_a_list_without_types_asks_for_one(tmp_path: Path):
    path = tmp_path / "names.csv"
    path.write_text("name,id\nmouse,NCBITaxon:10090\n")
    with pytest.raises(BionerError, match="has no type"):
        listed_names(path)
    [document] = listed_names(path, label="Organism").suggest([Document("d", "a mouse")])
    assert document.mentions[0].attributes == (("identifier", "NCBITaxon:10090"),)


def test_a_pattern_marks_text_or_tokens():
    one = PatternSuggester(pattern=r"(?<mark>p\d+) gene", label="Gene")
    assert found(one, "the p53 gene and p63") == [("p53", "Gene")]
    tokens = PatternSuggester(pattern=r"IL - \d+", label="Gene", by_token=True)
    assert found(tokens, "IL-2, IL - 6 and XIL-2") == [("IL-2", "Gene"), ("IL - 6", "Gene")]


@pytest.mark.parametrize("pattern", ["(", "", "a*", "x" * 3000, "(?P<a>"])
def test_a_pattern_that_makes_no_sense_is_refused(pattern: str):
    with pytest.raises(PatternError):
        PatternSuggester(pattern=pattern, label="Gene")


def test_a_pattern_that_runs_away_is_stopped():
    runaway = PatternSuggester(pattern=r"x(a|aa|a?)+$", label="Gene", seconds=0.3)
    with pytest.raises(PatternError, match="stopped after"):
        runaway.suggest([Document("d", "x" + "a" * 60 + "b")])


ECHO = """
import json, sys
for line in sys.stdin:
    one = json.loads(line)
    marks = [{"start": 0, "end": 3, "label": "Gene", "score": 0.5}] if one["text"] else []
    print(json.dumps({"id": one["id"], "entities": marks}))
"""


def test_an_outside_command_speaks_json_lines():
    suggester = OutsideSuggester(title="echo", command=(sys.executable, "-c", ECHO))
    documents = suggester.suggest([Document("a", "p53 x"), Document("b", "p63 é")])
    assert [one.surface(one.mentions[0]) for one in documents] == ["p53", "p63"]
    assert documents[0].mentions[0].score == 0.5


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.exit(3)",
        "print('no json')",
        "import time; time.sleep(60)",
        """print('{"id": "0", "entities": [{"start": 0, "end": 999, "label": "Gene"}]}')""",
        """print('{"id": "0", "entities": [{"start": "0"}]}')""",
    ],
)
@pytest.mark.slow
def test_an_outside_command_that_fails_says_so_in_a_sentence(code: str):
    suggester = OutsideSuggester(title="odd", command=(sys.executable, "-c", code), seconds=3)
    with pytest.raises(OutsideError, match="odd"):
        suggester.suggest([Document("a", "p53")])


def test_outside_commands_are_those_of_the_administrators_file(tmp_path: Path):
    assert outside_suggesters(None) == {}
    path = tmp_path / "suggesters.json"
    path.write_text(json.dumps({"suggesters": {"mine": {"command": ["mine", "-x"]}}}))
    assert outside_suggesters(path)["mine"].command == ("mine", "-x")
    for odd in ({"command": "rm -rf"}, {"command": []}, {"command": ["a"], "seconds": 0}, 5):
        path.write_text(json.dumps({"suggesters": {"mine": odd}}))
        with pytest.raises(OutsideError):
            outside_suggesters(path)
