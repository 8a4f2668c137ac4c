"""What a label of another corpus or tool is most likely called here: the one suggestion rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from bioner.labels import IGNORE, LabelSchema

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "Gene": (
        "Gene or gene product",
        "Gene/protein",
        "Gene name",
        "Gene symbol",
        "Gene family",  # GENIA
        "Family name",  # GNormPlus, NLM-Gene: a family of genes
        "Star gene",  # NLM-Gene
        "Gene RIF",  # NLM-Gene
    ),
    "Protein": (
        "GGP",  # CRAFT, BioInfer
        "Protein name",
        "Protein molecule",  # GENIA
        "Protein family",
        "Protein family or group",  # GENIA
        "Individual protein",  # BioInfer
        "Polypeptide",
        "Enzyme",
        "UniProt",
    ),
    "Chemical": (
        "Chemical entity",  # BioRED
        "Chemical compound",
        "Chemical substance",
        "Chem",
        "CHEBI",
        "Compound",
        "Organic compound",
        "Inorganic compound",
        "Small molecule",
        "Simple molecule",
        "Drug",
        "Drug n",  # DDI corpus: a drug not approved for people
        "Drug name",
        "Brand",  # DDI corpus
        "Medication",
        "Medicine",
        "Clinical drug",  # UMLS T200
        "Pharmacologic substance",  # UMLS T121
        "Metabolite",
        "Toxin",
        "Amino acid",
        "Amino acid monomer",  # GENIA
    ),
    "Disease": (
        "Disease or phenotypic feature",  # BioRED
        "Disease or syndrome",  # UMLS T047
        "Disease class",  # NCBI disease
        "Specific disease",  # NCBI disease
        "Composite mention",  # NCBI disease: several diseases in one
        "Disease name",
        "DISO",  # UMLS: disorders
        "DOID",
        "MONDO",
        "Disorder",
        "Mental disorder",
        "Syndrome",
        "Illness",
        "Medical condition",
        "Symptom",
        "Sign or symptom",  # UMLS T184
        "Sign symptom",  # MACCROBAT
        "Disease disorder",  # MACCROBAT
        "Adverse reaction",
        "Adverse effect",
        "ADR",
    ),
    "Organism": (
        "Species",  # Linnaeus, SPECIES-800
        "Species name",
        "Organism taxon",  # BioRED
        "NCBI taxon",  # CRAFT: mostly species
        "Model organism",
        "Strain",
        "Virus",
        "Bacteria",
        "Bacterium",
        "Microorganism",  # Bacteria Biotope
        "Fungus",
        "Plant",
        "Animal",
        "Human",
        "Patient",
        "Living being",
        "LIVB",  # UMLS: living beings
    ),
    "Taxon": ("Taxonomic group", "Taxonomic rank", "Genus", "Clade"),
    "Cancer": (
        "Cancer type",
        "Tumor",
        "Tumour",
        "Neoplasm",
        "Neoplastic process",  # UMLS T191
        "Malignancy",
        "Carcinoma",
    ),
    "Cell": (
        "Cell line",  # JNLPBA, BioRED
        "Cell type",  # JNLPBA
        "Cell line name",
        "Cell name",
        "CL",
        "CLO",
        "Cellosaurus",
    ),
    "Organ": ("Body organ", "Body part, organ, or organ component"),  # UMLS T023
    "Tissue": ("Tissue type", "Body tissue"),
    "Anatomy": (
        "Anatomical entity",
        "Anatomical structure",  # UMLS T017
        "Anatomical site",
        "Anatomical location",
        "Body part",
        "Body location",
        "Body region",
        "Body substance",  # UMLS T031
        "Body fluid",
        "Biological structure",  # MACCROBAT
        "ANAT",  # UMLS: anatomy
        "UBERON",
        "FMA",
    ),
    "Pathology": ("Pathologic formation", "Pathological structure", "Lesion", "Wound"),
    "Complex": ("Protein complex", "Macromolecular complex", "Complex molecule"),
}
"""Our type → what corpora and tools call it. Compared without case, spaces, signs and a plural s.

Not here, for what they mean differs or is none of our types, so that they are left open: DNA and
RNA (JNLPBA), mutations and variants, domains, families of anything, modifiers, problems, findings,
treatments, habitats, pathways, phenotypes.
"""


def suggest_type(label: str, schema: LabelSchema) -> str:
    """Return the type of ours that a foreign label most likely means, or ``ignore``.

    By our types' names; else as most corpora of the schema map a label of this name (``ignore``
    among their answers); else by ``SYNONYMS``, if the schema has that type.
    """
    bare = _bare(label)
    for name in schema.names:
        if _bare(name) == bare:
            return name
    votes = Counter(
        rule.label
        for mapping in schema.corpora.values()
        for source, rule in mapping.rules.items()
        if _bare(source) == bare
    )
    if votes:
        order = [*schema.names, IGNORE]
        return min(votes, key=lambda name: (-votes[name], order.index(name)))
    known = _by_synonym().get(bare, IGNORE)
    return known if known in schema.names else IGNORE


def suggest_types(labels: Iterable[str], schema: LabelSchema) -> dict[str, str]:
    """Suggest a type, or ``ignore``, for each label."""
    return {label: suggest_type(label, schema) for label in labels}


@lru_cache(maxsize=1)
def _by_synonym() -> Mapping[str, str]:
    return {_bare(one): name for name, others in SYNONYMS.items() for one in others}


def _bare(label: str) -> str:
    """Return a label's letters and digits, lower-cased, without a plural s."""
    return "".join(sign for sign in label.casefold() if sign.isalnum()).removesuffix("s")
