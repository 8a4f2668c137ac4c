"""Tagger: Sentences in, scored Sentences out; torch and ONNX Runtime behind one door."""

from __future__ import annotations

import json
import logging
import math
import os
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from bioner.bio import tag_names, types_of, viterbi
from bioner.errors import ModelError
from bioner.labels import LabelSchema, schema_from_json
from bioner.machine import resolve_device
from bioner.models.catalogue import find_model
from bioner.models.folder import check_folder
from bioner.settings import read_settings
from bioner.spans import Alternative, Document, Sentence, Span, unflatten
from bioner.tagging.onnx_network import cpu_threads, load_onnx
from bioner.text import sentences as sentences_of
from bioner.text import split_document

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
OnProgress = Callable[[int, int], None]

BATCH_PIECES = 4096
"""Padded word-pieces in one batch at most."""

BATCH_ROWS = 64
MAX_ALTERNATIVES = 3
_LEAST_SHOWN = 0.001
_LEAST_PROBABILITY = 1e-30


class Network(Protocol):
    """A token classifier: *shape* ids and mask (rows, pieces) → logits (rows, pieces, tags)."""

    name: str

    def __call__(self, input_ids: Ints, attention_mask: Ints) -> Floats: ...


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
        decoded: list[list[_Draft]] = [[] for _ in sentences]
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
                progress(done, len(sentences))

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


def _surface(sentence: Sentence, draft: _Draft) -> str:
    return " ".join(sentence.tokens[draft.start : draft.end])


@dataclass(frozen=True)
class _Draft:
    """A span of a group whose type is not named yet.

    ``within``: probabilities of the group's types given the group; ``group_score``: 0..1.
    """

    start: int
    end: int
    group: str
    group_score: float
    within: Floats
    rivals: tuple[Alternative, ...]


class GroupDecoder:
    """Decides on the sum of each group of types first, then names the type.

    ``calibration`` gives, by type, the slope and the shift of a mention's log-odds (Platt 1999);
    scores are left as they are where it names none.
    """

    def __init__(self, schema: LabelSchema, calibration: Mapping[str, Sequence[float]]) -> None:
        self._groups = tuple(schema.groups)
        self._members = [schema.groups[g] for g in self._groups]
        number = {name: i for i, name in enumerate(schema.names)}
        self._numbers = [[number[n] for n in names] for names in self._members]
        self._fold = np.zeros((1 + 2 * len(number), 1 + 2 * len(self._groups)), dtype=np.float32)
        self._fold[0, 0] = 1
        for g, numbers in enumerate(self._numbers):
            for i in numbers:
                self._fold[1 + 2 * i, 1 + 2 * g] = self._fold[2 + 2 * i, 2 + 2 * g] = 1
        self._calibration = calibration
        self._alike = indistinguishable(schema)

    def decode(self, logits: Floats) -> tuple[list[_Draft], float]:
        """Return the drafts of one sentence, and its uncertainty, from its word logits.

        *Shape:* (words, tags).
        """
        if not len(logits):
            return [], 0.0
        log_p = logits - _logsumexp(logits)
        if (log_p[:, 0] > -0.01).all():
            return [], _doubt(log_p[:, 0])
        scores = np.log(np.maximum(np.exp(log_p) @ self._fold, _LEAST_PROBABILITY))
        drafts: list[_Draft] = []
        path = best_path(scores, self._groups)
        start = 0
        while start < len(path):
            tag = path[start]
            if tag == 0:
                start += 1
                continue
            group = (tag - 1) // 2
            end = start + 1
            while end < len(path) and path[end] == 2 + 2 * group:
                end += 1
            drafts.append(self._draft(log_p, scores, start, end, group))
            start = end
        return drafts, _doubt(scores.max(axis=1))

    def _draft(self, log_p: Floats, scores: Floats, start: int, end: int, group: int) -> _Draft:
        tags = [1 + 2 * group] + [2 + 2 * group] * (end - start - 1)
        rows = np.arange(start, end)
        score = float(np.exp(scores[rows, tags].mean()))
        by_type = log_p[start, 1::2] + log_p[start + 1 : end, 2::2].sum(axis=0)
        by_type = by_type / (end - start)
        own = by_type[self._numbers[group]]
        within = np.exp(own - _logsumexp(own[None, :])[0])
        p = np.exp(by_type).tolist()
        rivals = []
        for g, numbers in enumerate(self._numbers):
            best = max(numbers, key=p.__getitem__)
            chance = round(p[best], 4)
            if g != group and chance >= _LEAST_SHOWN:
                rivals.append(Alternative(self._members[g][numbers.index(best)], chance))
        return _Draft(start, end, self._groups[group], score, within, tuple(rivals))

    def name(self, draft: _Draft, votes: Floats) -> Span:
        """Name a draft by the document's votes; its score is the probability that the name is right
        as far as the corpora can tell."""
        members = self._members[self._groups.index(draft.group)]
        chosen = members[int(np.argmax(votes))]
        alike = self._alike[chosen]
        share = float(sum(p for n, p in zip(members, draft.within, strict=True) if n in alike))
        others = [
            Alternative(n, round(float(p) * draft.group_score, 4))
            for n, p in zip(members, draft.within, strict=True)
            if n != chosen
        ]
        ranked = sorted([*others, *draft.rivals], key=lambda a: (-a.score, a.label))
        return Span(
            draft.start,
            draft.end,
            chosen,
            status="predicted",
            score=round(calibrated(draft.group_score * share, self._calibration.get(chosen)), 4),
            alternatives=tuple(a for a in ranked if a.score >= _LEAST_SHOWN)[:MAX_ALTERNATIVES],
        )


def indistinguishable(schema: LabelSchema) -> dict[str, frozenset[str]]:
    """Return, for each type, the types of its group that no corpus tells apart from it.

    A corpus tells two types apart if it covers both and folds them to different terms; two types
    that no corpus covers together count as told apart.
    """
    alike: dict[str, frozenset[str]] = {}
    for name in schema.names:
        same = {name}
        for other in schema.groups[schema.group_of[name]]:
            together = [m for m in schema.corpora.values() if {name, other} <= m.covers]
            if together and all(m.fold_label(name) == m.fold_label(other) for m in together):
                same.add(other)
        alike[name] = frozenset(same)
    return alike


def best_path(scores: Floats, groups: tuple[str, ...]) -> list[int]:
    """Return the best valid IOB2 path; the tag-wise best one where that is valid already."""
    greedy = scores.argmax(axis=1)
    is_inside = (greedy > 0) & (greedy % 2 == 0)
    previous = np.concatenate([[0], greedy[:-1]])
    if not (is_inside & (previous != greedy) & (previous != greedy - 1)).any():
        return [int(t) for t in greedy]
    return viterbi(scores, groups)


def _doubt(best: Floats) -> float:
    """Return the mean chance that the best tag is wrong, from its log-probability a word."""
    return round(float(1.0 - np.exp(best).mean()), 6)


def _logsumexp(values: Floats) -> Floats:
    top = values.max(axis=1, keepdims=True)
    total: Floats = top + np.log(np.exp(values - top).sum(axis=1, keepdims=True))
    return total


def log_odds(p: float) -> float:
    """Return the log-odds of a probability, kept away from 0 and 1 by one in ten thousand."""
    p = min(max(p, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))


def calibrated(p: float, slope_and_shift: Sequence[float] | None) -> float:
    """Return the probability after Platt scaling; as it is where there is nothing to scale by."""
    if slope_and_shift is None:
        return p
    slope, shift = slope_and_shift
    return 1 / (1 + math.exp(-min(max(slope * log_odds(p) + shift, -30.0), 30.0)))


class TorchNetwork:
    """A Hugging Face token classifier on one device, in the precision given."""

    def __init__(self, model: PreTrainedModel, *, device: str, bfloat16: bool) -> None:
        self._model = model
        self._device = device
        self._bfloat16 = bfloat16
        self.name = f"torch {device} {'bfloat16' if bfloat16 else 'float32'}"

    def __call__(self, input_ids: Ints, attention_mask: Ints) -> Floats:
        import torch

        with (
            torch.inference_mode(),
            torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._bfloat16),
        ):
            logits = self._model(
                input_ids=torch.from_numpy(input_ids).to(self._device),
                attention_mask=torch.from_numpy(attention_mask).to(self._device),
            ).logits
        values: Floats = logits.float().cpu().numpy()
        return values


def load_tagger(
    folder: Path,
    *,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    backend: Literal["auto", "torch", "onnx"] = "auto",
    is_calibrated: bool = True,
) -> Tagger:
    """Load a model folder. Raises ModelError saying what is missing or does not fit.

    ``auto`` takes the GPU where there is one, and on a CPU the folder's ONNX file if it was made of
    the folder's weights, else torch; ``Tagger.backend`` says which it was. Without
    ``is_calibrated`` the scores are the network's own.
    """
    problem = check_folder(folder)
    if problem:
        raise ModelError(problem)
    config = _read_json(folder / "config.json")
    schema = read_model_schema(folder, config)
    tokenizer, special = load_tokenizer(folder)
    max_length = min(256, int(config.get("max_position_embeddings", 256)))
    scales: Mapping[str, Sequence[float]] = {}
    if is_calibrated and (folder / "card.json").is_file():
        scales = _read_json(folder / "card.json").get("calibration", {}).get("types", {})
    return Tagger(
        _load_network(folder, device, backend),
        tokenizer,
        schema,
        special=special,
        max_length=max_length,
        name=folder.name,
        calibration=scales,
    )


def _load_network(folder: Path, device: str, backend: str) -> Network:
    """Take ONNX Runtime on a CPU where the folder has a sound ONNX file, else torch."""
    device = resolve_device(device)
    if backend == "onnx" or (backend == "auto" and device == "cpu"):
        try:
            network = load_onnx(folder)
        except ModelError as error:
            if backend == "onnx":
                raise
            logging.getLogger(__name__).warning("%s (torch is used meanwhile)", error)
        else:
            if network:
                return network
            if backend == "onnx":
                raise ModelError(
                    f"{folder}: has no ONNX file; make one with "
                    f"`python -m bioner.tagging.onnx_network {folder}`, or use backend torch"
                )
    import torch
    from transformers import AutoModelForTokenClassification

    if device == "cpu":
        torch.set_num_threads(cpu_threads())
    model = AutoModelForTokenClassification.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False
    )
    model.eval().to(device)
    return TorchNetwork(model, device=device, bfloat16=device == "cuda")


def tagger_from_model(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, schema: LabelSchema
) -> Tagger:
    """Make a tagger of a model in memory, as training does to evaluate itself."""
    device = str(next(model.parameters()).device).partition(":")[0]
    special = (tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id or 0)
    return Tagger(
        TorchNetwork(model, device=device, bfloat16=device == "cuda"),
        tokenizer.backend_tokenizer,
        schema,
        special=special,
        max_length=min(256, int(getattr(model.config, "max_position_embeddings", 256))),
    )


def load_tokenizer(folder: Path) -> tuple[Tokenizer, tuple[int, int, int]]:
    """Load ``tokenizer.json`` and the ids of its begin, end and padding pieces.

    A folder with a vocabulary only is read through transformers. Raises ModelError.
    """
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if path.is_file():
        tokenizer = Tokenizer.from_file(str(path))
    else:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder).backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    ids: list[int] = []
    for names in (("[CLS]", "<s>"), ("[SEP]", "</s>"), ("[PAD]", "<pad>")):
        found = [i for name in names if (i := tokenizer.token_to_id(name)) is not None]
        if not found:
            raise ModelError(f"{path}: has no piece {' or '.join(names)}; use another model")
        ids.append(found[0])
    return tokenizer, (ids[0], ids[1], ids[2])


def read_model_schema(folder: Path, config: Mapping[str, Any]) -> LabelSchema:
    """Read the schema a model was trained with; without one, make it of the model's tags.

    Raises ModelError where the tags are not O and B-, I- of each type.
    """
    raw = config.get("id2label") or {}
    tags = tuple(str(raw[key]) for key in sorted(raw, key=int))
    try:
        types = types_of(tags)
    except ValueError as error:
        raise ModelError(
            f"{folder / 'config.json'}: {error}; train this encoder first, or choose another model"
        ) from error
    if not types or tags != tag_names(types):
        raise ModelError(
            f"{folder / 'config.json'}: expected the tags O, then B- and I- of each type; got "
            f"{', '.join(tags[:5]) or 'none'}…: train this encoder first, or choose another model"
        )
    if (folder / "schema.json").is_file():
        schema = schema_from_json(_read_json(folder / "schema.json"))
        if schema.names != types:
            raise ModelError(
                f"{folder}: schema.json names other types than config.json; copy the folder again"
            )
        return schema
    from bioner.labels import EntityType

    palette = ("#1f6fd6", "#d98200", "#d62839", "#2e8b3d", "#8a63d2", "#a0612b", "#5b6b75")
    made = tuple(EntityType(n, n, palette[i % len(palette)]) for i, n in enumerate(types))
    return LabelSchema(made, {}, "own")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: not readable ({error}); copy the model again") from error
    return loaded


class Ner:
    """The tagger in one line, for scripts and for BERT-NER's users.

    ``Ner("bioner-compact").predict("Aspirin helps.")`` returns a list of ``{"word", "tag",
    "confidence"}``, one for each word; ``entities`` returns mentions with character offsets.
    """

    def __init__(self, model: str | os.PathLike[str] = "bioner-compact") -> None:
        self.tagger = load_tagger(find_model(os.fspath(model), read_settings().models))

    def entities(self, text: str) -> Document:
        """Return the text as a Document with predicted mentions."""
        return self.tagger.tag_document(split_document(text))

    def predict(self, text: str) -> list[dict[str, str | float]]:
        """Return ``{"word", "tag", "confidence"}`` for each word of the text, in order."""
        from bioner.bio import encode

        words: list[dict[str, str | float]] = []
        for sentence in self.tagger.tag(sentences_of(split_document(text))):
            tags = encode(sentence.spans, len(sentence.tokens))
            scores = [1.0] * len(tags)
            for span in sentence.spans:
                scores[span.start : span.end] = [span.score or 0.0] * (span.end - span.start)
            for (start, end), tag, score in zip(sentence.offsets, tags, scores, strict=True):
                words.append({"word": text[start:end], "tag": tag, "confidence": score})
        return words
