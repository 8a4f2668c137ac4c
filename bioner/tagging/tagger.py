"""Tagger: Sentences in, scored Sentences out; torch and ONNX Runtime behind one door."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bioner.flattening import unflatten
from bioner.labels import LabelSchema
from bioner.progress import OnProgress, Progress
from bioner.spans import Document, Sentence, Span
from bioner.tagging.decoding import Draft, GroupDecoder
from bioner.tagging.network import Floats, Network
from bioner.text import sentences as sentences_of
from bioner.text import split_document

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BATCH_PIECES = 4096
"""Padded word-pieces in one batch at most."""

BATCH_ROWS = 64


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
        calibration: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        self._network = network
        self._tokenizer = tokenizer
        self._cls, self._sep, self._pad = special
        self._budget = max_length - 2
        self.schema = schema
        self.name = name
        self.types = schema.names
        self.backend = network.name
        self._decoder = GroupDecoder(schema, calibration or {})

    def tag(
        self, sentences: Sequence[Sentence], *, progress: OnProgress | None = None
    ) -> list[Sentence]:
        """Return the sentences in their order with predicted spans in place of their own.

        Each span has a score in 0..1 and up to three alternatives. Within a document the same
        surface of one group gets the same type. Each sentence has its ``uncertainty``.
        """
        spans: list[list[Span]] = [[] for _ in sentences]
        votes: dict[tuple[str, str, str], Floats] = {}
        decoded: list[list[Draft]] = [[] for _ in sentences]
        uncertainty = [0.0] * len(sentences)
        for index, logits in self._logits(sentences, progress):
            decoded[index], uncertainty[index] = self._decoder.decode(logits)
        for sentence, drafts in zip(sentences, decoded, strict=True):
            for draft in drafts:
                key = (sentence.document, draft.group, _surface(sentence, draft).lower())
                votes[key] = votes.get(key, 0) + draft.within
        for index, (sentence, drafts) in enumerate(zip(sentences, decoded, strict=True)):
            for draft in drafts:
                key = (sentence.document, draft.group, _surface(sentence, draft).lower())
                spans[index].append(self._decoder.name(draft, votes[key]))
        return [
            replace(s, spans=tuple(found), readings=(), ignored=(), uncertainty=doubt)
            for s, found, doubt in zip(sentences, spans, uncertainty, strict=True)
        ]

    def tag_document(self, document: Document, *, progress: OnProgress | None = None) -> Document:
        """Return the document with predicted mentions in place of its own, offsets into its text.

        A document without sentence ranges is split first.
        """
        return self.tag_documents([document], progress=progress)[0]

    def tag_documents(
        self, documents: Sequence[Document], *, progress: OnProgress | None = None
    ) -> list[Document]:
        """Tag several documents in one batch; see ``tag_document``."""
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
        for number, tagged in zip(owners, self.tag(pieces, progress=progress), strict=True):
            mentions[number].extend(unflatten(tagged, status="predicted"))
            doubts[number][bisect_right(ends[number], tagged.start)] = tagged.uncertainty or 0.0
        return [
            replace(document, mentions=tuple(found), uncertainty=tuple(doubt))
            for document, found, doubt in zip(prepared, mentions, doubts, strict=True)
        ]

    def word_logits(self, sentences: Sequence[Sentence]) -> list[Floats]:
        """Return the raw logits of each word of each sentence. *Shape:* (words, tags) each."""
        found: list[Floats] = [np.zeros((0, 0), dtype=np.float32)] * len(sentences)
        for index, logits in self._logits(sentences, None):
            found[index] = logits
        return found

    def _logits(
        self, sentences: Sequence[Sentence], progress: OnProgress | None
    ) -> Iterator[tuple[int, Floats]]:
        """Yield (sentence number, logits of its words) as soon as all its windows are done."""
        n_tags = 1 + 2 * len(self.types)
        windows, pending = self._windows(sentences)
        partial: dict[int, Floats] = {}
        done = 0
        for index, count in enumerate(pending):
            if not count:
                done += 1
                yield index, _nothing(len(sentences[index].tokens), n_tags)
        for batch in bucket(windows):
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

    def _windows(self, sentences: Sequence[Sentence]) -> tuple[list[Window], list[int]]:
        windows: list[Window] = []
        pending: list[int] = []
        encodings = self._tokenizer.encode_batch(
            [list(s.tokens) for s in sentences], is_pretokenized=True, add_special_tokens=False
        )
        for index, encoding in enumerate(encodings):
            owners = encoding.word_ids
            firsts = [
                (word, position)
                for position, word in enumerate(owners)
                if word is not None and (position == 0 or owners[position - 1] != word)
            ]
            made = list(self._cut(index, encoding.ids, firsts))
            windows += made
            pending.append(len(made))
        return windows, pending

    def _cut(
        self, index: int, ids: Sequence[int], firsts: Sequence[tuple[int, int]]
    ) -> Iterator[Window]:
        """Cut a sentence into windows that overlap by half; each word is answered for by the
        window in which it is most central."""
        if not ids:
            return
        if len(ids) <= self._budget:
            words = tuple((word, position + 1) for word, position in firsts)
            yield Window(index, (self._cls, *ids, self._sep), words)
            return
        step = self._budget // 2
        starts = [*range(0, len(ids) - self._budget, step), len(ids) - self._budget]
        best: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for word, position in firsts:
            margins = [
                min(position - start, start + self._budget - 1 - position) for start in starts
            ]
            chosen = int(np.argmax(margins))
            best[chosen].append((word, position - starts[chosen] + 1))
        for number, start in enumerate(starts):
            piece = ids[start : start + self._budget]
            yield Window(index, (self._cls, *piece, self._sep), tuple(best[number]))


def bucket(windows: Iterable[Window]) -> Iterator[list[Window]]:
    """Sort windows by length and cut them into batches of little padding.

    The order of the sentences does not matter: equal lengths are ordered by their content.
    """
    batch: list[Window] = []
    for window in sorted(windows, key=lambda w: (len(w.ids), w.ids)):
        longest = len(window.ids)
        if batch and (len(batch) >= BATCH_ROWS or (len(batch) + 1) * longest > BATCH_PIECES):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _nothing(words: int, n_tags: int) -> Floats:
    """Logits that say O: for a word that the tokenizer has no piece for."""
    logits = np.zeros((words, n_tags), dtype=np.float32)
    logits[:, 0] = 20.0
    return logits


def _surface(sentence: Sentence, draft: Draft) -> str:
    return " ".join(sentence.tokens[draft.start : draft.end])
