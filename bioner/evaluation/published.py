"""Published scores on these corpora's test sets: quoted from papers, not measured here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Place = tuple[str, str]
"""A corpus, and a type in its own terms or "" for all of its types together."""


@dataclass(frozen=True)
class Anchor:
    """One published system; ``f1`` in per cent, strict, by place; ``note``: what differs."""

    name: str
    citation: str
    f1: Mapping[Place, float] = field(default_factory=dict)
    note: str = ""


COLUMNS: tuple[Place, ...] = (
    ("NCBI-disease", "Disease"),
    ("BC5CDR", "Disease"),
    ("BC5CDR", "Chemical"),
    ("BC4CHEMD", "Chemical"),
    ("BC2GM", "Gene"),
    ("AnatEM", ""),
    ("BC5CDR", ""),
    ("BioNLP09", ""),
    ("BioNLP11ID", ""),
    ("BioNLP13CG", ""),
    ("BioNLP13PC", ""),
    ("CRAFT", ""),
)

TEST_SENTENCES: Mapping[str, int] = {
    "AnatEM": 3830,
    "BC2GM": 5038,
    "BC4CHEMD": 26364,
    "BC5CDR": 4797,
    "BioNLP09": 2446,
    "BioNLP11ID": 1961,
    "BioNLP13CG": 1906,
    "BioNLP13PC": 1695,
    "CRAFT": 7425,
    "NCBI-disease": 940,
}
"""Sentences of the public test files; a score on far fewer is not comparable with a quoted one."""

_ONE_A_CORPUS = "one model for each corpus"
_OWN_TYPES = "CG, PC, 11ID and CRAFT on their own 16, 4, 4 and 6 types: near, but not our 13"

ANCHORS: tuple[Anchor, ...] = (
    Anchor(
        "BioBERT v1.1 (110 M)",
        "Lee et al. 2020, Bioinformatics 36(4)",
        {
            ("NCBI-disease", "Disease"): 89.71,
            ("BC5CDR", "Disease"): 87.15,
            ("BC5CDR", "Chemical"): 93.47,
            ("BC4CHEMD", "Chemical"): 92.36,
            ("BC2GM", "Gene"): 84.72,
        },
        _ONE_A_CORPUS,
    ),
    Anchor(
        "BioBERT v1.1, PyTorch port",
        "dmis-lab/biobert-pytorch",
        {
            ("NCBI-disease", "Disease"): 88.30,
            ("BC5CDR", "Disease"): 86.37,
            ("BC5CDR", "Chemical"): 93.04,
            ("BC4CHEMD", "Chemical"): 91.15,
            ("BC2GM", "Gene"): 83.41,
        },
        _ONE_A_CORPUS,
    ),
    Anchor(
        "BERT-base-cased, same port",
        "dmis-lab/biobert-pytorch",
        {
            ("NCBI-disease", "Disease"): 85.27,
            ("BC5CDR", "Disease"): 83.28,
            ("BC5CDR", "Chemical"): 91.78,
            ("BC4CHEMD", "Chemical"): 89.51,
            ("BC2GM", "Gene"): 80.93,
        },
        _ONE_A_CORPUS,
    ),
    Anchor(
        "ELECTRA-small class (14 M)",
        "domain pre-trained, as quoted in compact-model papers",
        {
            ("NCBI-disease", "Disease"): 78.28,
            ("BC5CDR", "Disease"): 78.46,
            ("BC5CDR", "Chemical"): 88.10,
        },
        _ONE_A_CORPUS,
    ),
    Anchor(
        "TinyBERN2 / KAZU, 4 layers",
        "KAZU (Yoon et al. 2022)",
        {("BC5CDR", "Disease"): 71.18, ("BC5CDR", "Chemical"): 90.36},
    ),
    Anchor(
        "BiLSTM-CRF, word vectors",
        "Lample et al. 2016, as quoted by Lee et al. 2020",
        {
            ("NCBI-disease", "Disease"): 85.80,
            ("BC5CDR", ""): 86.92,
            ("BC4CHEMD", "Chemical"): 87.74,
            ("BC2GM", "Gene"): 80.51,
        },
        _ONE_A_CORPUS,
    ),
    Anchor(
        "Multi-task CNN",
        "Crichton et al. 2017, BMC Bioinformatics 18:368 (these very files)",
        {
            ("AnatEM", ""): 82.2,
            ("BC2GM", "Gene"): 73.2,
            ("BC4CHEMD", "Chemical"): 83.0,
            ("BC5CDR", ""): 83.9,
            ("BioNLP09", ""): 84.2,
            ("BioNLP11ID", ""): 82.3,
            ("BioNLP13CG", ""): 78.9,
            ("BioNLP13PC", ""): 81.9,
            ("CRAFT", ""): 79.6,
            ("NCBI-disease", "Disease"): 80.7,
        },
        _OWN_TYPES,
    ),
    Anchor(
        "Stanza biomedical",
        "Zhang et al. 2021, JAMIA 28(9)",
        {
            ("AnatEM", ""): 88.18,
            ("BC4CHEMD", "Chemical"): 89.65,
            ("BC5CDR", ""): 88.08,
            ("BioNLP13CG", ""): 84.34,
            ("NCBI-disease", "Disease"): 87.49,
        },
        _OWN_TYPES,
    ),
    Anchor(
        "scispaCy",
        "Neumann et al. 2019, BioNLP workshop",
        {
            ("AnatEM", ""): 84.14,
            ("BC4CHEMD", "Chemical"): 84.55,
            ("BC5CDR", ""): 83.92,
            ("BioNLP13CG", ""): 77.60,
            ("CRAFT", ""): 79.72,
            ("NCBI-disease", "Disease"): 81.65,
        },
        _OWN_TYPES,
    ),
)
