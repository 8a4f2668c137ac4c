"""merge(corpora) → Dataset and MergeReport: mapping, leak removal, fusing; the merged folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioner.bio import encode, tag_names
from bioner.corpora.leaks import LEAK_RULES, find_leaks
from bioner.corpora.registry import SPLITS, Corpus
from bioner.errors import CorpusError, SchemaError
from bioner.labels import IGNORE, CorpusMapping, LabelSchema, schema_from_json, schema_to_json
from bioner.spans import Range, Sentence, Span, spaced_offsets

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1


@dataclass(frozen=True)
class MergeReport:
    """Everything that the merge dropped, fused, repaired, ignored or found leaking, by rule.

    ``sentences`` and ``mentions`` count what is in the dataset, by corpus and split. ``leaks``
    counts train sentences dropped, by rule, as ``{"distinct", "sentences"}``; ``fused`` counts
    sentences that several corpora share, by pair of corpora, before leak removal.
    """

    read: int
    read_by_corpus: Mapping[str, Mapping[str, int]]
    sentences: Mapping[str, Mapping[str, int]]
    mentions: Mapping[str, Mapping[str, Mapping[str, int]]]
    types: Mapping[str, int]
    tags: tuple[str, ...]
    leaks: Mapping[str, Mapping[str, int]]
    leaks_by_corpus: Mapping[str, int]
    fused: Mapping[str, int]
    fused_sentences: int
    repeated: int
    finer_label_won: int
    boundary_clashes: int
    type_clashes: int
    ignored: Mapping[str, Mapping[str, int]]
    mapped: Mapping[str, Mapping[str, Mapping[str, int]]]
    repairs: Mapping[str, Mapping[str, int]]
    devel_equal_to_test: int
    parts: tuple[str, ...]
    mapping: str
    schema_fingerprint: str
    fingerprint: str = ""

    @property
    def leaks_dropped(self) -> int:
        """Distinct train sentences dropped because they equal a devel or test sentence."""
        return self.leaks["equal"]["distinct"]

    def to_json(self) -> dict[str, Any]:
        """Return the report as printed by ``corpora build --json``."""
        return {**asdict(self), "tags": list(self.tags), "leaks_dropped": self.leaks_dropped}


@dataclass(frozen=True)
class Dataset:
    """The merged train, devel and test sentences under one label schema."""

    train: tuple[Sentence, ...]
    devel: tuple[Sentence, ...]
    test: tuple[Sentence, ...]
    schema: LabelSchema
    fingerprint: str
    report: MergeReport | None = field(default=None, compare=False)

    def split(self, name: str) -> tuple[Sentence, ...]:
        """Return ``train``, ``devel`` or ``test``."""
        if name not in SPLITS:
            raise CorpusError(f"unknown split {name!r}; expected train, devel or test")
        chosen: tuple[Sentence, ...] = getattr(self, name)
        return chosen

    @cached_property
    def tuning(self) -> tuple[Sentence, ...]:
        """The devel sentences that equal no test sentence: what may be tuned on.

        Only where the test split was read too; without it nothing is known to be left out.
        """
        held = {s.fingerprint for s in self.test}
        return tuple(s for s in self.devel if s.fingerprint not in held)

    @property
    def shares(self) -> dict[str, float]:
        """Each corpus's share of all sentences, 0..1."""
        counts = Counter(s.corpus for split in SPLITS for s in self.split(split))
        return {name: n / counts.total() for name, n in counts.items()}

    @property
    def corpora(self) -> tuple[str, ...]:
        """The corpus ids present, in order of first appearance."""
        return tuple(dict.fromkeys(s.corpus for split in SPLITS for s in self.split(split)))

    def only_types(self, types: Iterable[str]) -> Dataset:
        """Return the dataset under a schema of these types alone.

        Mentions of the other types, and coarse ones that may stand for them alone, are gone; a
        coarse one that may stand for a type that is left and one that is not becomes ignored.
        """
        schema = self.schema.only(types)
        kept = frozenset(schema.names)
        return replace(
            self,
            train=tuple(_only_types(s, kept) for s in self.train),
            devel=tuple(_only_types(s, kept) for s in self.devel),
            test=tuple(_only_types(s, kept) for s in self.test),
            schema=schema,
        )

    @property
    def all_corpora(self) -> tuple[str, ...]:
        """The corpus ids present, those that were fused into others included."""
        inside = (c for s in self.train for c in s.sources)
        return tuple(sorted({*self.corpora, *inside}))

    def only(self, corpora: Iterable[str]) -> Dataset:
        """Return the dataset of these corpora; a fused sentence stays if one of them has it."""
        chosen = set(corpora)
        return replace(
            self,
            train=tuple(s for s in self.train if chosen & set(s.sources or (s.corpus,))),
            devel=tuple(s for s in self.devel if s.corpus in chosen),
            test=tuple(s for s in self.test if s.corpus in chosen),
        )


def _only_types(sentence: Sentence, kept: frozenset[str]) -> Sentence:
    ignored = list(sentence.ignored)

    def keep(spans: tuple[Span, ...]) -> tuple[Span, ...]:
        chosen: list[Span] = []
        for span in spans:
            labels = tuple(label for label in span.labels if label in kept)
            if len(labels) == len(span.labels):
                chosen.append(span)
            elif labels:
                ignored.append((span.start, span.end))
        return tuple(chosen)

    return replace(
        sentence,
        spans=keep(sentence.spans),
        readings=keep(sentence.readings),
        covers=sentence.covers & kept,
        ignored=tuple(sorted(set(ignored))),
    )


@dataclass
class _Counts:
    ignored: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    mapped: dict[str, dict[str, Counter[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )
    leaks: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    leaks_by_corpus: Counter[str] = field(default_factory=Counter)
    fused: Counter[str] = field(default_factory=Counter)
    plain: Counter[str] = field(default_factory=Counter)


def merge(
    corpora: Sequence[Corpus],
    schema: LabelSchema,
    *,
    fuse: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Dataset:
    """Merge corpora into one dataset under the schema; the order of ``corpora`` does not matter.

    Devel and test get the mapping and nothing else. Train sentences that equal a devel or test
    sentence are dropped, then equal train sentences become one: covers united, all mentions kept,
    of two labels with the same boundaries the finer one, of clashing boundaries both readings.
    ``fuse=False`` leaves equal sentences apart (for ablations). Raises SchemaError where a corpus
    has a type without a rule.
    """
    say = progress or (lambda _: None)
    ordered = sorted(corpora, key=lambda c: c.id)
    if len({c.id for c in ordered}) != len(ordered):
        raise CorpusError(f"a corpus is given twice: {', '.join(c.id for c in ordered)}")
    counts = _Counts()
    mapped: dict[str, list[Sentence]] = {split: [] for split in SPLITS}
    for corpus in ordered:
        say(f"mapping {corpus.id}")
        rules = schema.mapping_for(corpus.id)
        for split in SPLITS:
            mapped[split].extend(
                apply_mapping(s, rules, counts) for s in corpus.splits.get(split, ())
            )
    say("removing leaks")
    held = [*mapped["devel"], *mapped["test"]]
    _count_shared(mapped["train"], counts)
    train = _without_leaks(mapped["train"], held, counts)
    say("fusing")
    if fuse:
        train = _fuse_equal(train, counts)
    report = _report(ordered, train, mapped, schema, counts)
    fingerprint = _fingerprint((train, mapped["devel"], mapped["test"]), schema)
    return Dataset(
        tuple(train),
        tuple(mapped["devel"]),
        tuple(mapped["test"]),
        schema,
        fingerprint,
        replace(report, fingerprint=fingerprint),
    )


def apply_mapping(sentence: Sentence, rules: CorpusMapping, counts: Any = None) -> Sentence:
    """Return the sentence with our labels, its corpus's covers, and ignored ranges.

    Raises SchemaError where a source type has no rule.
    """
    spans: list[Span] = []
    ignored: list[Range] = []
    for span in sentence.spans:
        rule = rules.rules.get(span.label)
        if rule is None:
            raise SchemaError(
                f"{sentence.document}: {rules.corpus} has a type {span.label!r} without a rule; "
                f"add one to the label schema under corpora → {rules.corpus} → types: "
                "a type of ours, or ignore"
            )
        label = rule.apply(sentence.surface(span)) if rule.by_surface else rule.label
        if counts is not None:
            counts.mapped[rules.corpus][span.label][label] += 1
        if label == IGNORE:
            ignored.append((span.start, span.end))
            if counts is not None:
                counts.ignored[rules.corpus][span.label] += 1
            continue
        spans.append(
            Span(
                span.start,
                span.end,
                label,
                span.label,
                rules.coarse.get(label, ()),
                span.status,
                span.score,
                span.alternatives,
            )
        )
    return Sentence(
        sentence.document,
        sentence.tokens,
        sentence.offsets,
        tuple(spans),
        rules.covers,
        sentence.corpus,
        sentence.split,
        sentence.readings,
        tuple(ignored),
        sentence.sources,
    )


def _count_shared(train: Sequence[Sentence], counts: _Counts) -> None:
    owners: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for sentence in train:
        owners[sentence.tokens].add(sentence.corpus)
    for corpora in owners.values():
        if len(corpora) > 1:
            counts.plain["shared"] += 1
            names = sorted(corpora)
            for i, first in enumerate(names):
                for second in names[i + 1 :]:
                    counts.fused[f"{first}+{second}"] += 1


def _without_leaks(
    train: Sequence[Sentence], held: Sequence[Sentence], counts: _Counts
) -> list[Sentence]:
    kept: list[Sentence] = []
    distinct: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for sentence, rule in zip(train, find_leaks(train, held), strict=True):
        if rule is None:
            kept.append(sentence)
            continue
        counts.leaks[rule]["sentences"] += 1
        counts.leaks_by_corpus[sentence.corpus] += 1
        distinct[rule].add(sentence.tokens)
    for rule in LEAK_RULES:
        counts.leaks[rule]["distinct"] = len(distinct[rule])
        counts.leaks[rule]["sentences"] += 0
    return kept


def _fuse_equal(train: Sequence[Sentence], counts: _Counts) -> list[Sentence]:
    groups: dict[tuple[str, ...], list[Sentence]] = defaultdict(list)
    for sentence in train:
        groups[sentence.tokens].append(sentence)
    fused: list[Sentence] = []
    for group in groups.values():
        if len(group) == 1:
            fused.append(group[0])
            continue
        corpora = sorted({s.corpus for s in group})
        counts.plain["repeated"] += len(group) - len(corpora)
        counts.plain["fused_sentences"] += len(corpora) > 1
        fused.append(fuse_sentences(group, counts.plain))
    return fused


def fuse_sentences(group: Sequence[Sentence], counts: Counter[str] | None = None) -> Sentence:
    """Make one sentence of several with equal tokens: covers united, all mentions kept.

    Same boundaries: the label that stands for fewer types wins if it is one of the other's types,
    else both readings are allowed. Overlapping with other boundaries: the longer one is the
    sentence's span, the others become ``readings``.
    """
    tally: Counter[str] = Counter() if counts is None else counts
    group = sorted(group, key=lambda s: (s.corpus, s.document))
    by_range: dict[Range, Span] = {}
    extra: list[Span] = []
    for sentence in group:
        for span in sentence.spans:
            key = (span.start, span.end)
            known = by_range.get(key)
            if known is None:
                by_range[key] = span
            elif set(known.labels) != set(span.labels):
                finer = _finer(known, span)
                if finer is None:
                    tally["type_clashes"] += 1
                    extra.append(span)
                else:
                    tally["finer_label_won"] += 1
                    by_range[key] = finer
    spans: list[Span] = []
    for span in sorted(by_range.values(), key=lambda s: (s.start - s.end, s.start)):
        if any(span.start < other.end and other.start < span.end for other in spans):
            tally["boundary_clashes"] += 1
            extra.append(span)
        else:
            spans.append(span)
    ignored = {
        (start, end)
        for sentence in group
        for start, end in sentence.ignored
        if not any(span.start < end and start < span.end for span in by_range.values())
    }
    main = group[0]
    return replace(
        main,
        spans=tuple(sorted(spans, key=lambda s: s.start)),
        readings=tuple(sorted(set(extra), key=lambda s: (s.start, s.end, s.label))),
        ignored=tuple(sorted(ignored)),
        covers=frozenset().union(*(s.covers for s in group)),
        sources=tuple(dict.fromkeys(s.corpus for s in group)),
    )


def _finer(one: Span, other: Span) -> Span | None:
    if set(one.labels) < set(other.labels):
        return one
    if set(other.labels) < set(one.labels):
        return other
    return None


def _report(
    corpora: Sequence[Corpus],
    train: Sequence[Sentence],
    mapped: Mapping[str, Sequence[Sentence]],
    schema: LabelSchema,
    counts: _Counts,
) -> MergeReport:
    sentences: dict[str, Counter[str]] = {c.id: Counter(dict.fromkeys(SPLITS, 0)) for c in corpora}
    mentions: dict[str, dict[str, Counter[str]]] = {
        c.id: {split: Counter() for split in SPLITS} for c in corpora
    }
    types: Counter[str] = Counter(dict.fromkeys(schema.names, 0))
    for split, chosen in (("train", train), ("devel", mapped["devel"]), ("test", mapped["test"])):
        for sentence in chosen:
            sentences[sentence.corpus][split] += 1
            for span in sentence.spans:
                mentions[sentence.corpus][split][span.label] += 1
                types[span.label] += 1
    held = {s.tokens for s in mapped["test"]}
    return MergeReport(
        read=sum(len(c.splits[split]) for c in corpora for split in c.splits),
        read_by_corpus={c.id: {s: len(c.splits.get(s, ())) for s in SPLITS} for c in corpora},
        sentences={k: dict(v) for k, v in sentences.items()},
        mentions={k: {s: dict(c) for s, c in v.items()} for k, v in mentions.items()},
        types=dict(types),
        tags=tag_names(schema.names),
        leaks={k: dict(v) for k, v in counts.leaks.items()},
        leaks_by_corpus=dict(counts.leaks_by_corpus),
        fused=dict(sorted(counts.fused.items())),
        fused_sentences=counts.plain["fused_sentences"],
        repeated=counts.plain["repeated"],
        finer_label_won=counts.plain["finer_label_won"],
        boundary_clashes=counts.plain["boundary_clashes"],
        type_clashes=counts.plain["type_clashes"],
        ignored={k: dict(v) for k, v in counts.ignored.items()},
        mapped={k: {t: dict(c) for t, c in v.items()} for k, v in counts.mapped.items()},
        repairs={c.id: dict(c.repairs) for c in corpora if c.repairs},
        devel_equal_to_test=len({s.tokens for s in mapped["devel"]} & held),
        parts=tuple(c.id for c in corpora if c.is_part),
        mapping=schema.mapping,
        schema_fingerprint=schema.fingerprint,
    )


def _fingerprint(splits: Iterable[Iterable[Sentence]], schema: LabelSchema) -> str:
    digest = hashlib.blake2b(schema.fingerprint.encode(), digest_size=8)
    for split in splits:
        for s in split:
            digest.update(
                repr(
                    (
                        s.document,
                        s.tokens,
                        [(x.start, x.end, x.label, x.stands_for) for x in s.spans],
                        [(x.start, x.end, x.label, x.stands_for) for x in s.readings],
                        s.ignored,
                        sorted(s.covers),
                    )
                ).encode()
            )
    return digest.hexdigest()


@dataclass(frozen=True)
class Manifest:
    """``manifest.json``: its existence means that the merged folder is complete."""

    fingerprint: str
    mapping: str
    schema_fingerprint: str
    report: Mapping[str, Any]
    format: int = FORMAT


def write_dataset(dataset: Dataset, folder: Path) -> None:
    """Write Parquet and CoNLL of each split, the schema, and ``manifest.json`` last.

    The folder is made beside its final place and moved there whole, so that a reader sees the old
    dataset or the new one.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    work.chmod(0o755)
    try:
        import pyarrow.parquet as pq

        for split in SPLITS:
            sentences = dataset.split(split)
            pq.write_table(to_table(sentences), work / f"{split}.parquet", compression="zstd")
            write_conll(sentences, work / f"{split}.conll")
        (work / "schema.json").write_text(
            json.dumps(schema_to_json(dataset.schema), indent=1), encoding="utf-8"
        )
        manifest = {
            "format": FORMAT,
            "fingerprint": dataset.fingerprint,
            "mapping": dataset.schema.mapping,
            "schema_fingerprint": dataset.schema.fingerprint,
            "report": dataset.report.to_json() if dataset.report else {},
        }
        (work / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        old = folder.with_name(f".{folder.name}-old-{os.getpid()}")
        if folder.exists():
            folder.replace(old)
        work.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_conll(sentences: Iterable[Sentence], path: Path) -> None:
    """Write two tab-separated columns, token and IOB2 tag, a blank line after each sentence."""
    with path.open("w", encoding="utf-8", newline="\n") as sink:
        for sentence in sentences:
            tags = encode(sentence.spans, len(sentence.tokens))
            lines = map("\t".join, zip(sentence.tokens, tags, strict=True))
            sink.write("\n".join(lines) + "\n\n")


def to_table(sentences: Sequence[Sentence]) -> pa.Table:
    """Return the sentences as an Arrow table, one row each; ``from_table`` reads it."""
    import pyarrow as pa

    columns = {
        "corpus": pa.array([s.corpus for s in sentences], pa.string()),
        "split": pa.array([s.split for s in sentences], pa.string()),
        "document": pa.array([s.document for s in sentences], pa.string()),
        "index": pa.array(range(len(sentences)), pa.int32()),
        "text": pa.array([s.text for s in sentences], pa.string()),
        "n_tokens": pa.array([len(s.tokens) for s in sentences], pa.int32()),
        "spans": _span_lists([s.spans for s in sentences]),
        "readings": _span_lists([s.readings for s in sentences]),
        "ignored": pa.array([s.ignored for s in sentences], pa.list_(pa.list_(pa.int32()))),
        "covers": pa.array([sorted(s.covers) for s in sentences], pa.list_(pa.string())),
        "sources": pa.array([s.sources for s in sentences], pa.list_(pa.string())),
    }
    return pa.table(columns)


def _span_lists(groups: Sequence[tuple[Span, ...]]) -> pa.ListArray:
    """Return the spans of each sentence as an Arrow list of structs, made column by column."""
    import pyarrow as pa

    flat = [span for group in groups for span in group]
    offsets = pa.array(accumulate(map(len, groups), initial=0), pa.int32())
    struct = pa.StructArray.from_arrays(
        [
            pa.array([s.start for s in flat], pa.int32()),
            pa.array([s.end for s in flat], pa.int32()),
            pa.array([s.label for s in flat], pa.string()),
            pa.array([s.source_label for s in flat], pa.string()),
            pa.array([s.stands_for for s in flat], pa.list_(pa.string())),
        ],
        names=["start", "end", "label", "source_label", "stands_for"],
    )
    return pa.ListArray.from_arrays(offsets, struct)


def from_table(table: pa.Table) -> tuple[Sentence, ...]:
    """Return the sentences of an Arrow table made by ``to_table``."""
    covers_seen: dict[tuple[str, ...], frozenset[str]] = {}

    def spans(rows: list[dict[str, Any]]) -> tuple[Span, ...]:
        return tuple(
            Span(r["start"], r["end"], r["label"], r["source_label"], tuple(r["stands_for"]))
            for r in rows
        )

    made: list[Sentence] = []
    for row in table.to_pylist():
        key = tuple(row["covers"])
        covers = covers_seen.setdefault(key, frozenset(key))
        tokens = tuple(row["text"].split(" "))
        made.append(
            Sentence(
                row["document"],
                tokens,
                spaced_offsets(tokens),
                spans(row["spans"]),
                covers,
                row["corpus"],
                row["split"],
                spans(row["readings"]),
                tuple((a, b) for a, b in row["ignored"]),
                tuple(row["sources"]),
            )
        )
    return tuple(made)


def read_manifest(folder: Path) -> Manifest:
    """Read ``manifest.json``. Raises CorpusError where the folder is absent or incomplete."""
    path = folder / "manifest.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(
            raw["fingerprint"],
            raw["mapping"],
            raw["schema_fingerprint"],
            raw["report"],
            raw["format"],
        )
    except FileNotFoundError as error:
        raise CorpusError(
            f"{folder}: no merged dataset here; make one with "
            "`python -m bioner corpora build --source DIR`"
        ) from error
    except (ValueError, KeyError) as error:
        raise CorpusError(f"{path}: damaged ({error}); build the merged dataset again") from error


def read_dataset(folder: Path, splits: Iterable[str] = SPLITS) -> Dataset:
    """Read a merged folder, or some of its splits. Raises CorpusError where it is incomplete."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    manifest = read_manifest(folder)
    loaded: dict[str, tuple[Sentence, ...]] = {}
    for split in SPLITS:
        if split not in splits:
            loaded[split] = ()
            continue
        try:
            loaded[split] = from_table(pq.read_table(folder / f"{split}.parquet"))
        except (OSError, pa.ArrowInvalid) as error:
            raise CorpusError(
                f"{folder / split}.parquet: not readable ({error}); build the merged dataset again"
            ) from error
    return Dataset(
        loaded["train"],
        loaded["devel"],
        loaded["test"],
        read_dataset_schema(folder),
        manifest.fingerprint,
        None,
    )


def read_dataset_schema(folder: Path) -> LabelSchema:
    """Read the schema that a merged folder was made with."""
    path = folder / "schema.json"
    try:
        return schema_from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise CorpusError(f"{path}: missing; build the merged dataset again") from error
