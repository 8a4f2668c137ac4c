"""Which concept a mention stands for: identifiers among its attributes, and where they clash."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bioner.spans import Document, Mention, Range
from bioner.variants import name_key

Pairs = tuple[tuple[str, str], ...]
IDENTIFIER = "identifier"
"""The attribute that holds a concept's id where a person or a JSON file gave it."""
_NAMES = frozenset(
    (
        *("biotype", "database", "db", "kb", "kbname", "name", "namespace", "ontology", "term"),
        *("canonicalform", "canonicalname", "normalized", "normalizedform", "normalizedname"),
        *("prefname", "preferredname", "preferredterm", "tui", "semantictype"),
    )
)
"""Attributes that say something of a concept, and are no identifier of it."""
_CONCEPTS = _NAMES | frozenset(
    (
        *("accession", "concept", "cui", "curie", "iri", "mesh", "omim", "umls", "uri"),
        *("wikidata", "chebi", "cl", "cvcl", "doid"),
        *("atc", "cas", "casnumber", "correspondinggene", "dbpedia", "dbxref", "entitylink"),
        *("grounding", "hgvs", "icd10cm", "inchi", "inchikey", "loinc", "meddra", "ncbitaxon"),
        *("normalisation", "normalization", "orpha", "orphanet", "rxnorm", "smiles"),
        *("uniprotac", "uniprotkb", "url", "wikipedia", "xref"),
        *("drugbank", "ensembl", "entrez", "entrezgene", "go", "hgnc", "hp", "hpo", "icd10"),
        *("cellosaurus", "dbsnp", "efo", "mondo", "ncbigene", "ncbihomologene", "ncbitaxonomy"),
        *("pubchem", "snomed", "snomedct", "taxonomy", "uberon", "uniprot"),
    )
)
_IDENTIFIERS = re.compile(r"(^|.*[\W_])(ids?|identifiers?)|\w*(identifiers?|cui|taxid|rsid)")
"""The attributes of a mention that name the concept that it stands for, in small letters.

Of the first, letters and digits alone.
"""
_NORMALIZATION = "normalization:"
_NOTHING = frozenset(("", "-", "-1", "none", "null", "nil", "cui-less"))
"""What files write where a mark has no concept, in small letters."""
_SEVERAL = re.compile(r"\s*[|;,]\s*")
LONGEST = 200
"""Characters of an identifier that are searched by."""


def concepts_of(pairs: Pairs) -> Pairs:
    """Return the attributes that name the concept that a mention of this label and place means."""
    return tuple((key, value) for key, value in pairs if _names_concept(key))


def _names_concept(key: str) -> bool:
    """Tell whether a key names a concept, its words parted by signs or by capitals ("GeneID")."""
    key = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).casefold()
    is_named = _bare(key) in _CONCEPTS or bool(_IDENTIFIERS.fullmatch(key))
    return is_named or key.startswith(_NORMALIZATION)


def _bare(key: str) -> str:
    return re.sub(r"[\W_]", "", key)


def ids_of(pairs: Pairs) -> tuple[str, ...]:
    """Return a mention's identifiers as they are written, each once.

    A composite one ("D003110|D009369") is its parts; BRAT's name behind the identifier is left out,
    and so is what stands for none ("-").
    """
    if not pairs:
        return ()
    found: dict[str, None] = {}
    for key, value in concepts_of(pairs):
        if _bare(key.casefold()) in _NAMES:
            continue
        for one in _SEVERAL.split(value.partition("\t")[0].strip()):
            if one.casefold() not in _NOTHING:
                found[one] = None
    return tuple(found)


def identifier_of(pairs: Pairs) -> str:
    """Return a mention's identifiers as the one cell that most formats have; empty: none."""
    given = ";".join(value for key, value in pairs if key == IDENTIFIER)
    return given or "|".join(ids_of(pairs))


def identified(one: Mention, identifier: str) -> Mention:
    """Return a mention that stands for this concept alone; an empty identifier: for none."""
    rest = without_concepts(one.attributes)
    return replace(one, attributes=((IDENTIFIER, identifier), *rest) if identifier else rest)


def without_concepts(pairs: Pairs) -> Pairs:
    """Return the attributes that say nothing of a concept, which another type or place belies."""
    held = concepts_of(pairs)
    return tuple(pair for pair in pairs if pair not in held)


def search_keys(pairs: Pairs) -> frozenset[str]:
    """Return what a mention's identifiers are found by: themselves, and without their database."""
    found = [_cut(one) for one in ids_of(pairs)]
    return frozenset(key for one in found for key in (one, _local(one)) if key)


def search_key(typed: str) -> str:
    """Return what somebody looks for as ``search_keys`` have it."""
    return _cut(typed.strip())


def _cut(identifier: str) -> str:
    return identifier[:LONGEST].casefold()


def _local(identifier: str) -> str:
    return identifier.rpartition(":")[2]


def is_same(a: str, b: str) -> bool:
    """Tell whether two identifiers are one: case aside, and a database that only one of them names.

    "MESH:D003110" is "D003110", and not "OMIM:D003110".
    """
    one, other = a.casefold(), b.casefold()
    return one == other or (_local(one) == _local(other) and (":" in one) != (":" in other))


@dataclass(frozen=True, kw_only=True, slots=True)
class Clash:
    """Marks of one text that are written alike, have one type, and stand for different concepts.

    ``ids``: each of the identifiers with how often; ``places``: where each of the marks stands.
    """

    surface: str
    label: str
    ids: tuple[tuple[str, int], ...]
    places: tuple[Range, ...]


Identified = tuple[str, str, tuple[str, ...], Range]
"""A mark's surface, type, identifiers and place."""


def marks_with_ids(document: Document) -> Iterator[Identified]:
    """Yield the marks of a document that have an identifier."""
    for one in document.mentions:
        ids = ids_of(one.attributes)
        if ids:
            yield document.surface(one), one.label, ids, (one.start, one.end)


def clashes(marks: Iterable[Identified]) -> list[Clash]:
    """Return where marks of a text contradict one another, in the order of the text.

    Case, plural, hyphens and Greek letters aside, the same words of one type; a mark without an
    identifier contradicts nothing.
    """
    alike: dict[tuple[str, str], list[Identified]] = defaultdict(list)
    for one in marks:
        alike[name_key(one[0]), one[1]].append(one)
    found = [_clash(ones) for ones in alike.values() if not _agree([ids for _, _, ids, _ in ones])]
    return sorted(found, key=lambda one: one.places)


def _agree(told: list[tuple[str, ...]]) -> bool:
    first = told[0]
    return all(other == first or _same_ids(first, other) for other in told[1:])


def _same_ids(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return len(some) == len(others) and all(any(is_same(a, b) for b in others) for a in some)


def _clash(ones: list[Identified]) -> Clash:
    counts: dict[str, int] = {}
    for _, _, ids, _ in ones:
        whole = "|".join(ids)
        counts[whole] = counts.get(whole, 0) + 1
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    places = tuple(sorted(place for _, _, _, place in ones))
    return Clash(surface=ones[0][0], label=ones[0][1], ids=tuple(ranked), places=places)
