"""The ten corpora: what they are, where they come from, and under which licence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SPLITS = ("train", "devel", "test")
PART_SUFFIX = " (part)"


@dataclass(frozen=True, kw_only=True)
class Published:
    """What is said of a published corpus: its names, its terms, where they are said, its paper."""

    id: str
    title: str
    annotates: str
    licence: str
    licence_source: str
    citation: str
    url: str


@dataclass(frozen=True, kw_only=True)
class CorpusInfo(Published):
    """One of the ten corpora, with the git blob SHA-1 of each split's file.

    A pin may be a prefix of the hash. ``untyped_label`` is what a B or I without a type means here.
    """

    pins: tuple[str, str, str]
    untyped_label: str = ""
    suffix: str = "-IOB"

    @property
    def folders(self) -> tuple[str, ...]:
        """The folder names it may have in a source folder, best first."""
        return (f"{self.id}-IOB", self.id, f"{self.id}-IOBES")


_DISTRIBUTION = (
    "the LICENSE.md of the distribution, https://github.com/cambridgeltl/MTL-Bioinformatics-2016"
)
_BESIDE = "the LICENSE file beside its data in the distribution"
_ALL = (
    CorpusInfo(
        id="AnatEM",
        title="AnatEM: anatomical entity mentions",
        annotates="anatomical entities of twelve types under one label",
        licence="CC BY-SA 3.0",
        licence_source="the LICENSE file of AnatEM-1.0, http://nactem.ac.uk/anatomytagger/",
        citation="Pyysalo & Ananiadou (2014), Anatomical entity mention recognition at literature "
        "scale, Bioinformatics 30(6)",
        url="http://nactem.ac.uk/anatomytagger/",
        pins=(
            "c171414728e10e0956bef104769cc197e9c067f2",
            "eadfe0f4c35fe6e2145992adb7a60e22d8189d11",
            "7d5cfe5e919f6c7f2f04159e4cf12d83a3387baf",
        ),
        untyped_label="Anatomy",
    ),
    CorpusInfo(
        id="BC2GM",
        title="BioCreative II gene mention",
        annotates="genes and gene products under one label",
        licence="CC BY 4.0",
        licence_source=_DISTRIBUTION,
        citation="Smith et al. (2008), Overview of BioCreative II gene mention recognition, "
        "Genome Biology 9(S2)",
        url="https://biocreative.bioinformatics.udel.edu/",
        pins=(
            "4cff7095a25ecda147466ab4b4a81a315d8641bd",
            "c083f1ef3d6c9113715c9782af67e1c6da31f6e4",
            "666f49afd8efeafbe34c846efb70be3f1fd92b5b",
        ),
        untyped_label="GENE",
    ),
    CorpusInfo(
        id="BC4CHEMD",
        title="BioCreative IV chemical and drug names",
        annotates="chemicals and drugs",
        licence="unclear: public, but without terms of redistribution",
        licence_source="the README of the distribution, "
        "https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
        citation="Krallinger et al. (2015), The CHEMDNER corpus of chemicals and drugs and its "
        "annotation principles, Journal of Cheminformatics 7(S1)",
        url="https://biocreative.bioinformatics.udel.edu/",
        pins=("f46f93b3", "607eed70", "ce2aeda4"),
        untyped_label="Chemical",
        suffix="",
    ),
    CorpusInfo(
        id="BC5CDR",
        title="BioCreative V chemical-disease relations",
        annotates="chemicals and diseases",
        licence="US public domain",
        licence_source="a work of the US National Library of Medicine, "
        "https://biocreative.bioinformatics.udel.edu/tasks/biocreative-v/track-3-cdr/",
        citation="Li et al. (2016), BioCreative V CDR task corpus, Database 2016",
        url="https://biocreative.bioinformatics.udel.edu/",
        pins=(
            "dcc350bbfb973b05619f9eb871132f77ca7f4f84",
            "2c7b436450e06a2fb932a75a6d645da8197e6c2c",
            "b635b899356707c6b75ea9de4af6eb9f1b7f11df",
        ),
    ),
    CorpusInfo(
        id="BioNLP09",
        title="BioNLP shared task 2009",
        annotates="proteins (genes and gene products alike)",
        licence="GENIA Project License",
        licence_source="http://www.nactem.ac.uk/tsujii/GENIA/SharedTask/",
        citation="Kim et al. (2009), Overview of BioNLP'09 shared task on event extraction, "
        "BioNLP 2009",
        url="http://www.nactem.ac.uk/tsujii/GENIA/SharedTask/",
        pins=(
            "e9851b833e371a449bab1a761649c3afdb7ad1ab",
            "57e3761d37d056947a0110c69523a16c51a5cb09",
            "4798a124a670f3d390923b30e5a965f3f38c0828",
        ),
        untyped_label="Protein",
    ),
    CorpusInfo(
        id="BioNLP11ID",
        title="BioNLP shared task 2011, infectious diseases",
        annotates="proteins, chemicals, organisms, regulons and operons",
        licence="GENIA Project License; its annotations CC BY 3.0",
        licence_source=_BESIDE,
        citation="Pyysalo et al. (2012), Overview of the ID, EPI and REL tasks of BioNLP shared "
        "task 2011, BMC Bioinformatics 13(S11)",
        url="http://2011.bionlp-st.org/",
        pins=(
            "1a83e7ae9a14b4350b11b785ee17f3e4e7c1d7d0",
            "ca6fa18c664cdff2b751adcd01be63f29e52989c",
            "6cc4b1e4ef9865b199130003355a42f5145bcf7b",
        ),
    ),
    CorpusInfo(
        id="BioNLP13CG",
        title="BioNLP shared task 2013, cancer genetics",
        annotates="sixteen types, from genes to anatomy and cancer",
        licence="CC BY-SA 3.0",
        licence_source=_BESIDE,
        citation="Pyysalo et al. (2013), Overview of the cancer genetics (CG) task of BioNLP "
        "shared task 2013, BioNLP 2013",
        url="http://2013.bionlp-st.org/",
        pins=(
            "924b9a8bca936c4fbd61584029b0b9fcf87be720",
            "ffbaf05788d4c60738f677908adaee8aba4e382b",
            "27cc784571679c48e80dc0f3aab23e895a1ad76a",
        ),
    ),
    CorpusInfo(
        id="BioNLP13PC",
        title="BioNLP shared task 2013, pathway curation",
        annotates="genes and gene products, chemicals, complexes, cellular components",
        licence="CC BY-SA 3.0",
        licence_source=_BESIDE,
        citation="Ohta et al. (2013), Overview of the pathway curation (PC) task of BioNLP "
        "shared task 2013, BioNLP 2013",
        url="http://2013.bionlp-st.org/",
        pins=(
            "c5eb7ab0def9e191c9a94f4ce7fd499d8c551068",
            "037578d37d2319198586806010d475c9ecfe0b41",
            "096c8069550e8b5c423f8e212edb4b26017f0198",
        ),
    ),
    CorpusInfo(
        id="CRAFT",
        title="Colorado richly annotated full text",
        annotates="genes and gene products, chemicals, cells, taxa, sequence features, "
        "cellular components",
        licence="CC BY 4.0 as distributed; CRAFT's own release CC BY 3.0",
        licence_source=_DISTRIBUTION,
        citation="Bada et al. (2012), Concept annotation in the CRAFT corpus, "
        "BMC Bioinformatics 13",
        url="https://github.com/UCDenver-ccp/CRAFT",
        pins=(
            "b583142af69ee1edb4e610793bd286707c90696a",
            "2f826517cec9c4c22c2b6441d1f2545116c53573",
            "f90ba59f6f64ed91a2f151332c9b66c4744a1adf",
        ),
    ),
    CorpusInfo(
        id="NCBI-disease",
        title="NCBI disease corpus",
        annotates="diseases",
        licence="US public domain",
        licence_source="a work of the US National Library of Medicine, "
        "https://www.ncbi.nlm.nih.gov/CBBresearch/Dogan/DISEASE/",
        citation="Dogan, Leaman & Lu (2014), NCBI disease corpus: a resource for disease name "
        "recognition and concept normalization, Journal of Biomedical Informatics 47",
        url="https://www.ncbi.nlm.nih.gov/CBBresearch/Dogan/DISEASE/",
        pins=(
            "d2d646eead9fabe3b1fe0391035bd135d32051c7",
            "152e9b9d3b4275a1bb9a435b0783946ef40208fe",
            "6217f611e1517a70e5bd645b9dea34f7f9bf594f",
        ),
        untyped_label="Disease",
    ),
)
CORPORA: Mapping[str, CorpusInfo] = {info.id: info for info in _ALL}
