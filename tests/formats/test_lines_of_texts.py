"""Generated siblings of pasted lines and narrow columns: what is a sentence, what goes on."""

from __future__ import annotations

import textwrap

from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.text import split_document

quick = settings(max_examples=60, deadline=None)
TITLES = (
    "Role of p53 in the development of breast cancer in women",
    "Mutations of BRCA1 and BRCA2 in the families of patients",
    "TNF-α in human blood",
    "A new mouse model of the nephrotic syndrome with mutations of podocin",
    "Caffeine challenge in panic disorder and in depression with panic attacks",
    "Two distinct mutations at one BamHI site in phenylketonuria",
    "Epstein Barr virus in Hodgkin disease of children, a survey of ten years",
    "5-HT receptors of the brain after chronic treatment with fluoxetine",
)
PROSE = (
    "Sildenafil attenuates hypoxic pulmonary remodelling by inhibiting marrow progenitor cells",
    "Myocardial Fas ligand expression increases susceptibility to AZT-induced cardiomyopathy",
    "the family of a patient with type 2B von Willebrand disease was studied by us in the clinic",
    "mutations of the p62/Sequestosome 1 gene account for most cases of the disease in the north",
    "an arginine was replaced by a stop at amino-acid 469 in the second finger of the receptor",
    "we saw the maturation/stabilization of the Rieske Fe-S protein in the mitochondria of mice",
)


@quick
@given(st.lists(st.sampled_from(TITLES), min_size=2, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_pasted_lines_without_full_stops_are_sentences_of_their_own(titles, newline):
    document = split_document(newline.join(titles))
    assert [document.text[start:end] for start, end in document.sentence_ranges] == titles


@quick
@given(st.lists(st.sampled_from(PROSE), min_size=1, max_size=4, unique=True), st.integers(14, 40))
def test_a_narrow_column_is_one_sentence_whatever_its_words(texts, width):
    text = " and ".join(texts)
    lines = textwrap.wrap(f"{text}.", width, break_long_words=False)
    document = split_document("\n".join(lines))
    names = ("progenitor cells", "Fas ligand", "von Willebrand disease", "p62/Sequestosome 1")
    flat = " ".join(document.text.split())
    pieces = [" ".join(document.text[a:b].split()) for a, b in document.sentence_ranges]
    for name in names:
        assert (name in flat) == any(name in piece for piece in pieces)
