"""merge(corpora) → Dataset with its MergeReport: mapping, leak removal, fusing."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bioner.bio import tag_names
from bioner.corpora.dataset import Dataset, MergeReport
from bioner.corpora.leaks import LEAK_RULES, LeakRule, find_leaks
from bioner.corpora.mapping import MappingCounts, apply_mapping
from bioner.corpora.read import Corpus
from bioner.corpora.registry import CORPORA, SPLITS
from bioner.errors import CorpusError
from bioner.labels import LabelSchema
from bioner.progress import OnProgress, Progress, unheard
from bioner.spans import Range, Sentence, SourceReading, Span


@dataclass
class _Counts:
    labels: MappingCounts = field(default_factory=MappingCounts)
    leaks: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    leaks_of_ten: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    leaks_by_corpus: Counter[str] = field(default_factory=Counter)
    fused: Counter[str] = field(default_factory=Counter)
    plain: Counter[str] = field(default_factory=Counter)


def merge(
    corpora: Sequence[Corpus],
    schema: LabelSchema,
    *,
    fuse: bool = True,
    progress: OnProgress = unheard,
) -> Dataset:
    """Merge corpora into one dataset under the schema; the order of ``corpora`` does not matter.

    Devel and test get the mapping and nothing else. Train sentences that equal a devel or test
    sentence are dropped, then equal train sentences become one: covers united, all mentions kept,
    of two labels with the same boundaries the finer one, of clashing boundaries both readings.
    ``fuse=False`` leaves equal sentences apart (for ablations). Raises SchemaError where a corpus
    has a type without a rule.
    """
    ordered = sorted(corpora, key=lambda c: c.id)
    if len({c.id for c in ordered}) != len(ordered):
        raise CorpusError(f"a corpus is given twice: {', '.join(c.id for c in ordered)}")
    counts = _Counts()
    mapped: dict[str, list[Sentence]] = {split: [] for split in SPLITS}
    for done, corpus in enumerate(ordered):
        progress(Progress(done, len(ordered), f"mapping {corpus.id}"))
        rules = schema.mapping_for(corpus.id)
        for split in SPLITS:
            mapped[split].extend(
                apply_mapping(s, rules, counts.labels) for s in corpus.splits.get(split, ())
            )
    progress(Progress(len(ordered), len(ordered), "removing leaks"))
    held = [*mapped["devel"], *mapped["test"]]
    _count_shared(mapped["train"], counts)
    train = _without_leaks(mapped["train"], held, counts)
    progress(Progress(len(ordered), len(ordered), "fusing"))
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
    rules = find_leaks(train, held)
    _count_leaks(train, rules, counts.leaks)
    for sentence, rule in zip(train, rules, strict=True):
        counts.leaks_by_corpus[sentence.corpus] += rule is not None
    ten = [one for one in train if one.corpus in CORPORA]
    if len(ten) < len(train) or any(one.corpus not in CORPORA for one in held):
        theirs = [one for one in held if one.corpus in CORPORA]
        _count_leaks(ten, find_leaks(ten, theirs), counts.leaks_of_ten)
    else:
        counts.leaks_of_ten = counts.leaks
    counts.leaks_by_corpus = +counts.leaks_by_corpus
    return [one for one, rule in zip(train, rules, strict=True) if rule is None]


def _count_leaks(
    train: Sequence[Sentence],
    rules: Sequence[LeakRule | None],
    counts: dict[str, Counter[str]],
) -> None:
    """Count the sentences that leak, and how many distinct ones they are, by rule."""
    for rule in LEAK_RULES:
        leaking = [s for s, found in zip(train, rules, strict=True) if found == rule]
        counts[rule]["distinct"] = len({s.tokens for s in leaking})
        counts[rule]["sentences"] = len(leaking)


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
        fused.append(replace(fuse_sentences(group, counts.plain), by_source=_by_source(group)))
    return fused


def _by_source(group: Sequence[Sentence]) -> tuple[SourceReading, ...]:
    """Return what each corpus says of a sentence that several share; nothing where one has it."""
    by_corpus: dict[str, list[Sentence]] = defaultdict(list)
    for sentence in group:
        by_corpus[sentence.corpus].append(sentence)
    if len(by_corpus) == 1:
        return ()
    return tuple(
        SourceReading(corpus, one.spans, one.covers, one.readings, one.ignored)
        for corpus, theirs in sorted(by_corpus.items())
        for one in [theirs[0] if len(theirs) == 1 else fuse_sentences(theirs)]
    )


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
        leaks_of_ten={k: dict(v) for k, v in counts.leaks_of_ten.items()},
        leaks_by_corpus=dict(counts.leaks_by_corpus),
        fused=dict(sorted(counts.fused.items())),
        fused_sentences=counts.plain["fused_sentences"],
        repeated=counts.plain["repeated"],
        finer_label_won=counts.plain["finer_label_won"],
        boundary_clashes=counts.plain["boundary_clashes"],
        type_clashes=counts.plain["type_clashes"],
        ignored={k: dict(v) for k, v in counts.labels.ignored.items()},
        mapped={k: {t: dict(c) for t, c in v.items()} for k, v in counts.labels.mapped.items()},
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
