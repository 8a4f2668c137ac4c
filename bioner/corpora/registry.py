"""The ten corpora and the user's own: what they are, where they come from, and reading them."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bioner.errors import CorpusError
from bioner.formats.conll import read_conll
from bioner.spans import Sentence

SPLITS = ("train", "devel", "test")
REPOSITORY = "https://raw.githubusercontent.com/cambridgeltl/MTL-Bioinformatics-2016/master/data"
PART_SUFFIX = " (part)"


@dataclass(frozen=True)
class CorpusInfo:
    """One of the ten corpora: its names, its licence, and the git blob SHA-1 of each split's file.

    A pin may be a prefix of the hash. ``untyped_label`` is what a B or I without a type means here.
    """

    id: str
    title: str
    annotates: str
    licence: str
    citation: str
    url: str
    pins: tuple[str, str, str]
    untyped_label: str = ""
    suffix: str = "-IOB"

    @property
    def folders(self) -> tuple[str, ...]:
        """The folder names it may have in a source folder, best first."""
        return (f"{self.id}-IOB", self.id, f"{self.id}-IOBES")


_CC_BY = "CC BY 4.0"
_CC_BY_SA = "CC BY-SA 3.0"
_ALL = (
    CorpusInfo(
        "AnatEM",
        "AnatEM: anatomical entity mentions",
        "anatomical entities of twelve types under one label",
        _CC_BY,
        "Pyysalo & Ananiadou (2014), Anatomical entity mention recognition at literature scale, "
        "Bioinformatics 30(6)",
        "http://nactem.ac.uk/anatomytagger/",
        (
            "c171414728e10e0956bef104769cc197e9c067f2",
            "eadfe0f4c35fe6e2145992adb7a60e22d8189d11",
            "7d5cfe5e919f6c7f2f04159e4cf12d83a3387baf",
        ),
        "Anatomy",
    ),
    CorpusInfo(
        "BC2GM",
        "BioCreative II gene mention",
        "genes and gene products under one label",
        _CC_BY,
        "Smith et al. (2008), Overview of BioCreative II gene mention recognition, "
        "Genome Biology 9(S2)",
        "https://biocreative.bioinformatics.udel.edu/",
        (
            "4cff7095a25ecda147466ab4b4a81a315d8641bd",
            "c083f1ef3d6c9113715c9782af67e1c6da31f6e4",
            "666f49afd8efeafbe34c846efb70be3f1fd92b5b",
        ),
        "GENE",
    ),
    CorpusInfo(
        "BC4CHEMD",
        "BioCreative IV chemical and drug names",
        "chemicals and drugs",
        "unclear; published by BioCreative for research",
        "Krallinger et al. (2015), The CHEMDNER corpus of chemicals and drugs and its annotation "
        "principles, Journal of Cheminformatics 7(S1)",
        "https://biocreative.bioinformatics.udel.edu/",
        ("f46f93b3", "607eed70", "ce2aeda4"),
        "Chemical",
        "",
    ),
    CorpusInfo(
        "BC5CDR",
        "BioCreative V chemical-disease relations",
        "chemicals and diseases",
        _CC_BY,
        "Li et al. (2016), BioCreative V CDR task corpus, Database 2016",
        "https://biocreative.bioinformatics.udel.edu/",
        (
            "dcc350bbfb973b05619f9eb871132f77ca7f4f84",
            "2c7b436450e06a2fb932a75a6d645da8197e6c2c",
            "b635b899356707c6b75ea9de4af6eb9f1b7f11df",
        ),
    ),
    CorpusInfo(
        "BioNLP09",
        "BioNLP shared task 2009",
        "proteins (genes and gene products alike)",
        _CC_BY,
        "Kim et al. (2009), Overview of BioNLP'09 shared task on event extraction, BioNLP 2009",
        "http://www.nactem.ac.uk/tsujii/GENIA/SharedTask/",
        (
            "e9851b833e371a449bab1a761649c3afdb7ad1ab",
            "57e3761d37d056947a0110c69523a16c51a5cb09",
            "4798a124a670f3d390923b30e5a965f3f38c0828",
        ),
        "Protein",
    ),
    CorpusInfo(
        "BioNLP11ID",
        "BioNLP shared task 2011, infectious diseases",
        "proteins, chemicals, organisms, regulons and operons",
        "GENIA licence, CC BY 3.0",
        "Pyysalo et al. (2012), Overview of the ID, EPI and REL tasks of BioNLP shared task 2011, "
        "BMC Bioinformatics 13(S11)",
        "http://2011.bionlp-st.org/",
        (
            "1a83e7ae9a14b4350b11b785ee17f3e4e7c1d7d0",
            "ca6fa18c664cdff2b751adcd01be63f29e52989c",
            "6cc4b1e4ef9865b199130003355a42f5145bcf7b",
        ),
    ),
    CorpusInfo(
        "BioNLP13CG",
        "BioNLP shared task 2013, cancer genetics",
        "sixteen types, from genes to anatomy and cancer",
        _CC_BY_SA,
        "Pyysalo et al. (2013), Overview of the cancer genetics (CG) task of BioNLP shared task "
        "2013, BioNLP 2013",
        "http://2013.bionlp-st.org/",
        (
            "924b9a8bca936c4fbd61584029b0b9fcf87be720",
            "ffbaf05788d4c60738f677908adaee8aba4e382b",
            "27cc784571679c48e80dc0f3aab23e895a1ad76a",
        ),
    ),
    CorpusInfo(
        "BioNLP13PC",
        "BioNLP shared task 2013, pathway curation",
        "genes and gene products, chemicals, complexes, cellular components",
        _CC_BY_SA,
        "Ohta et al. (2013), Overview of the pathway curation (PC) task of BioNLP shared task "
        "2013, BioNLP 2013",
        "http://2013.bionlp-st.org/",
        (
            "c5eb7ab0def9e191c9a94f4ce7fd499d8c551068",
            "037578d37d2319198586806010d475c9ecfe0b41",
            "096c8069550e8b5c423f8e212edb4b26017f0198",
        ),
    ),
    CorpusInfo(
        "CRAFT",
        "Colorado richly annotated full text",
        "genes and gene products, chemicals, cells, taxa, sequence features, cellular components",
        "CC BY 3.0",
        "Bada et al. (2012), Concept annotation in the CRAFT corpus, BMC Bioinformatics 13",
        "https://github.com/UCDenver-ccp/CRAFT",
        (
            "b583142af69ee1edb4e610793bd286707c90696a",
            "2f826517cec9c4c22c2b6441d1f2545116c53573",
            "f90ba59f6f64ed91a2f151332c9b66c4744a1adf",
        ),
    ),
    CorpusInfo(
        "NCBI-disease",
        "NCBI disease corpus",
        "diseases",
        _CC_BY,
        "Dogan, Leaman & Lu (2014), NCBI disease corpus: a resource for disease name recognition "
        "and concept normalization, Journal of Biomedical Informatics 47",
        "https://www.ncbi.nlm.nih.gov/CBBresearch/Dogan/DISEASE/",
        (
            "d2d646eead9fabe3b1fe0391035bd135d32051c7",
            "152e9b9d3b4275a1bb9a435b0783946ef40208fe",
            "6217f611e1517a70e5bd645b9dea34f7f9bf594f",
        ),
        "Disease",
    ),
)
CORPORA: Mapping[str, CorpusInfo] = {info.id: info for info in _ALL}


@dataclass(frozen=True)
class Corpus:
    """A corpus as read: its splits, labels still its own, and what reading it repaired.

    ``is_part`` says that the files are not the published ones (BC4CHEMD here): its scores must not
    be printed as that corpus's.
    """

    id: str
    title: str
    splits: Mapping[str, tuple[Sentence, ...]]
    scheme: str = "IOB2"
    repairs: Counter[str] = field(default_factory=Counter)
    is_part: bool = False
    shas: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The id as it is shown: marked where only a part of the corpus is here."""
        return self.id + (PART_SUFFIX if self.is_part else "")


def blob_sha1(content: bytes) -> str:
    """Return the git blob SHA-1 of a file's content (40 hex digits)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def find_folder(source: Path, info: CorpusInfo) -> Path | None:
    """Return the corpus's folder in a source folder, ``-IOB`` first, or None."""
    for name in info.folders:
        if (source / name / "train.tsv").is_file():
            return source / name
    return None


def read_corpora(
    source: Path,
    only: Iterable[str] | None = None,
    *,
    progress: Callable[[str], None] | None = None,
) -> list[Corpus]:
    """Read the registered corpora that a source folder holds, in the registry's order.

    Raises CorpusError where the folder does not exist, holds none, or lacks one of ``only``.
    """
    if not source.is_dir():
        raise CorpusError(
            f"{source}: no such folder; give the folder that holds AnatEM-IOB, BC2GM-IOB, …, "
            "or run `python -m bioner corpora fetch`"
        )
    wanted = list(only) if only is not None else None
    for name in wanted or ():
        if name not in CORPORA:
            raise CorpusError(f"unknown corpus {name!r}; expected one of {', '.join(CORPORA)}")
    found: list[Corpus] = []
    for info in CORPORA.values():
        if wanted is not None and info.id not in wanted:
            continue
        folder = find_folder(source, info)
        if folder is None:
            if wanted is not None:
                raise CorpusError(
                    f"{source}: no folder {' or '.join(info.folders)} with a train.tsv"
                )
            continue
        if progress:
            progress(info.id)
        found.append(read_corpus(folder, info))
    if not found:
        raise CorpusError(
            f"{source}: none of the ten corpora is here; expected folders such as AnatEM-IOB with "
            "train.tsv, devel.tsv and test.tsv"
        )
    return found


def read_corpus(folder: Path, info: CorpusInfo) -> Corpus:
    """Read one corpus's three splits.

    Raises CorpusError for a missing file, FormatError for a bad one.
    """
    splits: dict[str, tuple[Sentence, ...]] = {}
    repairs: Counter[str] = Counter()
    shas: dict[str, str] = {}
    scheme = "IOB2"
    for split in SPLITS:
        path = folder / f"{split}.tsv"
        if not path.is_file():
            raise CorpusError(f"{path}: missing; {info.id} needs train.tsv, devel.tsv and test.tsv")
        read = read_conll(
            path,
            untyped_label=info.untyped_label,
            document_prefix=f"{info.id}/{split}/",
            corpus=info.id,
            split=split,
        )
        splits[split] = read.sentences
        repairs.update(read.repairs)
        scheme = read.scheme
        shas[split] = blob_sha1(path.read_bytes())
    is_part = info.id == "BC4CHEMD" and not all(
        shas[split].startswith(pin) for split, pin in zip(SPLITS, info.pins, strict=True)
    )
    return Corpus(info.id, info.title, splits, scheme, repairs, is_part, shas)


@dataclass(frozen=True)
class FetchReport:
    """What ``fetch`` did: files taken from the network, and files that were there already."""

    fetched: tuple[str, ...]
    kept: tuple[str, ...]


def fetch(
    destination: Path,
    only: Sequence[str] | None = None,
    *,
    repository: str = REPOSITORY,
    progress: Callable[[str, int, int], None] | None = None,
) -> FetchReport:
    """Fetch the public files into ``destination``, each checked against its pin.

    A file that is there with the right content is kept; an interrupted one is continued from its
    ``.part``; a file appears under its name only when it is whole and its git blob SHA-1 matches.
    Raises CorpusError (no network, another content) with what to do.
    """
    infos = [info for info in CORPORA.values() if only is None or info.id in only]
    jobs = [
        (info, split, pin) for info in infos for split, pin in zip(SPLITS, info.pins, strict=True)
    ]
    fetched: list[str] = []
    kept: list[str] = []
    for done, (info, split, pin) in enumerate(jobs):
        name = f"{info.id}{info.suffix}/{split}.tsv"
        target = destination / name
        if progress:
            progress(name, done, len(jobs))
        if target.is_file() and blob_sha1(target.read_bytes()).startswith(pin):
            kept.append(name)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".tsv.part")
        _download(f"{repository}/{name}", part)
        sha = blob_sha1(part.read_bytes())
        if not sha.startswith(pin):
            part.unlink()
            raise CorpusError(
                f"{name}: the fetched file's git blob SHA-1 is {sha[:8]}, expected {pin[:8]}; "
                "nothing was kept: try again, or copy the corpus here by hand"
            )
        part.replace(target)
        fetched.append(name)
    return FetchReport(tuple(fetched), tuple(kept))


def _download(url: str, part: Path) -> None:
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            resumed = response.status == 206
            with part.open("ab" if resumed else "wb") as sink:
                while block := response.read(1 << 16):
                    sink.write(block)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            part.unlink()
            return _download(url, part)
        raise CorpusError(f"{url}: the server answered {error.code}; try again later") from error
    except OSError as error:
        raise CorpusError(
            f"{url}: not reachable ({error}); what was fetched so far is kept: run the command "
            "again with a network, or copy the corpora here and use `corpora build --source DIR`"
        ) from error


@dataclass(frozen=True)
class OwnCorpus:
    """The description of a user's own corpus: ``corpus.json`` beside its three split files."""

    id: str
    title: str
    covers: tuple[str, ...]
    types: Mapping[str, str]
    licence: str = ""
    source_format: str = "conll"

    def to_json(self) -> str:
        return json.dumps(
            {
                "id": self.id,
                "title": self.title,
                "covers": list(self.covers),
                "types": dict(self.types),
                "licence": self.licence,
                "source_format": self.source_format,
            },
            indent=2,
            ensure_ascii=False,
        )


def read_own_description(folder: Path) -> OwnCorpus:
    """Read ``corpus.json``. Raises CorpusError where it is missing or not of the expected form."""
    path = folder / "corpus.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return OwnCorpus(
            str(raw["id"]),
            str(raw["title"]),
            tuple(raw["covers"]),
            dict(raw["types"]),
            str(raw.get("licence", "")),
            str(raw.get("source_format", "conll")),
        )
    except FileNotFoundError as error:
        raise CorpusError(f"{path}: missing; add the corpus again on the Corpora page") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{path}: not a corpus description ({error}); add the corpus again"
        ) from error
