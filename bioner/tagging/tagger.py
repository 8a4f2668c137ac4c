"""Tagger: Sentences in, scored Sentences out; torch and ONNX Runtime behind one door."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bioner.conventions import ANY, Convention, Told
from bioner.flattening import unflatten
from bioner.labels import LabelSchema
from bioner.progress import OnProgress, Progress
from bioner.spans import Document, Sentence, Span
from bioner.tagging.decoding import Draft, GroupDecoder
from bioner.tagging.network import Floats, Network
from bioner.tagging.told import ToldPieces, join_readings, own_columns
from bioner.text import sentences as sentences_of
from bioner.text import split_document

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer


ENCODED = 256
"""Sentences are cut into word-pieces so many at a time."""


@dataclass(frozen=True)
class Batch:
    """How large a batch may be: word-pieces, padding counted, and rows."""

    pieces: int
    rows: int


ON_A_CPU = Batch(4_096, 64)
"""A small batch stays in the cache."""

ON_A_CARD = Batch(65_536, 2_048)
"""A card needs many pieces at once to be busy."""


@dataclass(frozen=True)
class Window:
    """A run of word-pieces to classify, and which of its pieces answer for which words."""

    sentence: int
    ids: tuple[int, ...]
    words: tuple[tuple[int, int], ...]
    """(word in the sentence, position in ``ids``) of each word this window answers for."""


class Tagger:
    """Tags sentences with a token classifier, valid IOB2 by construction, groups decided first.

    ``schema`` gives the groups; its types must be those of the network's tags.
    """

    def __init__(
        self,
        network: Network,
        tokenizer: Tokenizer,
        schema: LabelSchema,
        *,
        special: tuple[int, int, int],
        max_length: int = 256,
        name: str = "",
        calibration: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
        pieces: ToldPieces | None = None,
        reads_twice: bool = True,
        batch: Batch = ON_A_CPU,
    ) -> None:
        self._network = network
        self._tokenizer = tokenizer
        self._cls, self._sep, self._pad = special
        self._pieces = pieces or ToldPieces()
        self.conventions = self._pieces.conventions
        self.reads_twice = reads_twice
        self._batch = batch
        if self.conventions:  # a text that spells out a reserved piece is a text
            tokenizer.encode_special_tokens = True
        self._budget = max_length - 2 - bool(self.conventions)
        self.schema = schema
        self.name = name
        self.types = schema.names
        self.backend = network.name
        self._calibration = calibration or {}
        self._decoders: dict[str, GroupDecoder] = {}

    def tag(
        self,
        sentences: Sequence[Sentence],
        *,
        convention: Told = ANY,
        progress: OnProgress | None = None,
    ) -> list[Sentence]:
        """Return the sentences in their order with predicted spans in place of their own.

        Each span has a score in 0..1 and up to three alternatives. Within a document the same
        surface of one group gets the same type. Each sentence has its ``uncertainty``. Whose rules
        hold is told by ``convention``, for all or one a sentence; types that a convention does not
        look for are marked as under ``any``, by a second reading where the first has not learned
        them (``reads_twice``). Raises ConventionError for one that is not known.
        """
        told = self.conventions.per_sentence(convention, len(sentences), of=self.name or "it")
        spans: list[list[Span]] = [[] for _ in sentences]
        votes: dict[tuple[str, str, str, str], Floats] = {}
        decoded: list[list[Draft]] = [[] for _ in sentences]
        uncertainty = [0.0] * len(sentences)
        for index, logits in self._joined(sentences, told, progress):
            decoded[index], uncertainty[index] = self._decoder(ANY).decode(logits)

        def key(sentence: Sentence, one: Convention, draft: Draft) -> tuple[str, str, str, str]:
            return (sentence.document, one.name, draft.group, _surface(sentence, draft).lower())

        for sentence, one, drafts in zip(sentences, told, decoded, strict=True):
            for draft in drafts:
                at = key(sentence, one, draft)
                votes[at] = votes.get(at, 0) + draft.within
        for sentence, one, drafts, found in zip(sentences, told, decoded, spans, strict=True):
            for draft in drafts:
                found.append(self._decoder(one.name).name(draft, votes[key(sentence, one, draft)]))
        return [
            replace(s, spans=tuple(found), readings=(), ignored=(), uncertainty=doubt)
            for s, found, doubt in zip(sentences, spans, uncertainty, strict=True)
        ]

    def tag_own(
        self, sentences: Sequence[Sentence], *, progress: OnProgress | None = None
    ) -> list[Sentence]:
        """Tag each sentence by its own corpus's or project's rules, if the model knows them."""
        if not self.conventions:
            return self.tag(sentences, progress=progress)
        own = [self.conventions.nearest(one.owner) for one in sentences]
        return self.tag(sentences, convention=own, progress=progress)

    def _decoder(self, convention: str) -> GroupDecoder:
        """Return the decoder with a convention's own scales; without such, those of ``any``."""
        found = self._decoders.get(convention)
        if found is None:
            scales = {**self._calibration.get(ANY, {}), **self._calibration.get(convention, {})}
            found = self._decoders[convention] = GroupDecoder(self.schema, scales)
        return found

    def tag_document(
        self, document: Document, *, convention: str = ANY, progress: OnProgress | None = None
    ) -> Document:
        """Return the document with predicted mentions in place of its own, offsets into its text.

        A document without sentence ranges is split first.
        """
        return self.tag_documents([document], convention=convention, progress=progress)[0]

    def tag_documents(
        self,
        documents: Sequence[Document],
        *,
        convention: Told = ANY,
        progress: OnProgress | None = None,
    ) -> list[Document]:
        """Tag several documents in one batch, under one convention or one each."""
        names = [convention] * len(documents) if isinstance(convention, str) else convention
        prepared: list[Document] = []
        owners: list[int] = []
        pieces: list[Sentence] = []
        for number, document in enumerate(documents):
            split = document
            if not document.sentence_ranges:
                ranges = split_document(document.text, id=document.id).sentence_ranges
                split = replace(document, sentence_ranges=ranges)
            prepared.append(split)
            for sentence in sentences_of(replace(split, mentions=())):
                pieces.append(replace(sentence, document=f"{number}\0{document.id}"))
                owners.append(number)
        mentions: list[list[Any]] = [[] for _ in documents]
        doubts = [[0.0] * len(one.sentence_ranges) for one in prepared]
        ends = [[end for _, end in one.sentence_ranges] for one in prepared]
        told = [names[number] for number in owners]
        done = self.tag(pieces, convention=told, progress=progress)
        for number, tagged in zip(owners, done, strict=True):
            mentions[number].extend(unflatten(tagged, status="predicted"))
            doubts[number][bisect_right(ends[number], tagged.start)] = tagged.uncertainty or 0.0
        return [
            replace(document, mentions=tuple(found), uncertainty=tuple(doubt))
            for document, found, doubt in zip(prepared, mentions, doubts, strict=True)
        ]

    def word_logits(
        self,
        sentences: Sequence[Sentence],
        *,
        convention: Told = ANY,
        progress: OnProgress | None = None,
    ) -> list[Floats]:
        """Return the raw logits of each word of each sentence. *Shape:* (words, tags) each."""
        found: list[Floats] = [np.zeros((0, 0), dtype=np.float32)] * len(sentences)
        told = self.conventions.per_sentence(convention, len(sentences), of=self.name or "it")
        for index, logits in self._logits(sentences, told, progress):
            found[index] = logits
        return found

    def _joined(
        self,
        sentences: Sequence[Sentence],
        told: Sequence[Convention],
        progress: OnProgress | None,
    ) -> Iterator[tuple[int, Floats]]:
        """Yield (sentence number, logits of its words), those of ``any`` joined in where needed."""
        own = {one.name: own_columns(one, self.schema) for one in set(told) if one.name != ANY}
        open_types = {
            name for name, columns in own.items() if self.reads_twice and not columns[1:].all()
        }
        second = [i for i, one in enumerate(told) if one.name in open_types]
        untold: dict[int, Floats] = {}
        if second:
            nobodys = self.conventions.per_sentence(ANY, len(second))
            passes = len(second) + len(sentences)
            heard = _from(progress, 0, passes)
            again = self._logits([sentences[i] for i in second], nobodys, heard)
            untold = {second[number]: logits for number, logits in again}
            progress = _from(progress, len(second), passes)
        for index, logits in self._logits(sentences, told, progress):
            other = untold.get(index)
            name = told[index].name
            yield (
                index,
                logits
                if other is None or not len(logits)
                else join_readings(logits, other, own[name]),
            )

    def _logits(
        self,
        sentences: Sequence[Sentence],
        told: Sequence[Convention],
        progress: OnProgress | None,
    ) -> Iterator[tuple[int, Floats]]:
        """Yield (sentence number, logits of its words) as soon as all its windows are done."""
        n_tags = 1 + 2 * len(self.types)
        windows, pending = self._windows(sentences, told, progress)
        partial: dict[int, Floats] = {}
        done = 0
        for index, count in enumerate(pending):
            if not count:
                done += 1
                yield index, _nothing(len(sentences[index].tokens), n_tags)
        for batch in bucket(windows, self._batch):
            length = max(len(w.ids) for w in batch)
            ids = np.full((len(batch), length), self._pad, dtype=np.int64)
            mask = np.zeros((len(batch), length), dtype=np.int64)
            for row, window in enumerate(batch):
                ids[row, : len(window.ids)] = window.ids
                mask[row, : len(window.ids)] = 1
            logits = self._network(ids, mask)
            for row, window in enumerate(batch):
                i = window.sentence
                if i not in partial:
                    partial[i] = _nothing(len(sentences[i].tokens), n_tags)
                if window.words:
                    at = np.asarray(window.words)
                    partial[i][at[:, 0]] = logits[row, at[:, 1]]
                pending[i] -= 1
                if not pending[i]:
                    done += 1
                    yield i, partial.pop(i)
            if progress:
                progress(Progress(done, len(sentences)))

    def _windows(
        self,
        sentences: Sequence[Sentence],
        told: Sequence[Convention],
        progress: OnProgress | None,
    ) -> tuple[list[Window], list[int]]:
        windows: list[Window] = []
        pending: list[int] = []
        for index, encoding in enumerate(self._encodings(sentences, progress)):
            owners = encoding.word_ids
            firsts = [
                (word, position)
                for position, word in enumerate(owners)
                if word is not None and (position == 0 or owners[position - 1] != word)
            ]
            begin = (self._cls, *self._pieces.prefix(told[index]))
            made = list(self._cut(index, begin, encoding.ids, firsts))
            windows += made
            pending.append(len(made))
        return windows, pending

    def _encodings(
        self, sentences: Sequence[Sentence], progress: OnProgress | None
    ) -> Iterator[Encoding]:
        """Yield each sentence's pieces; who hears of the progress may end or hold the work."""
        for begin in range(0, len(sentences), ENCODED):
            if begin and progress:
                progress(Progress(0, len(sentences)))
            yield from self._tokenizer.encode_batch(
                [list(s.tokens) for s in sentences[begin : begin + ENCODED]],
                is_pretokenized=True,
                add_special_tokens=False,
            )

    def _cut(
        self,
        index: int,
        begin: tuple[int, ...],
        ids: Sequence[int],
        firsts: Sequence[tuple[int, int]],
    ) -> Iterator[Window]:
        """Cut a sentence into windows that overlap by half; each word is answered for by the
        window in which it is most central. Each window has the pieces that stand at the begin."""
        if not ids:
            return
        shift = len(begin)
        if len(ids) <= self._budget:
            words = tuple((word, position + shift) for word, position in firsts)
            yield Window(index, (*begin, *ids, self._sep), words)
            return
        step = self._budget // 2
        starts = [*range(0, len(ids) - self._budget, step), len(ids) - self._budget]
        best: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for word, position in firsts:
            margins = [
                min(position - start, start + self._budget - 1 - position) for start in starts
            ]
            chosen = int(np.argmax(margins))
            best[chosen].append((word, position - starts[chosen] + shift))
        for number, start in enumerate(starts):
            piece = ids[start : start + self._budget]
            yield Window(index, (*begin, *piece, self._sep), tuple(best[number]))


def bucket(windows: Iterable[Window], most: Batch) -> Iterator[list[Window]]:
    """Sort windows by length and cut them into batches of little padding.

    The order of the sentences does not matter: equal lengths are ordered by their content.
    """
    batch: list[Window] = []
    for window in sorted(windows, key=lambda w: (len(w.ids), w.ids)):
        longest = len(window.ids)
        if batch and (len(batch) >= most.rows or (len(batch) + 1) * longest > most.pieces):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _from(progress: OnProgress | None, done: int, total: int) -> OnProgress | None:
    """Return what hears of one of two passes as a part of both."""
    if progress is None:
        return None
    return lambda heard: progress(Progress(done + heard.done, total))


def _nothing(words: int, n_tags: int) -> Floats:
    """Logits that say O: for a word that the tokenizer has no piece for."""
    logits = np.zeros((words, n_tags), dtype=np.float32)
    logits[:, 0] = 20.0
    return logits


def _surface(sentence: Sentence, draft: Draft) -> str:
    return " ".join(sentence.tokens[draft.start : draft.end])
