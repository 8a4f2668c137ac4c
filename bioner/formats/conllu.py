"""CoNLL-U: ten columns a word, entity tags in MISC (``NER=B-Gene``) or in a column of their own.

The tag is MISC's ``NER``, ``Entity`` or ``NE``, or the column that ``# global.columns`` calls so.
``SpaceAfter=No`` and UDPipe's ``SpacesAfter`` and ``SpacesInToken`` say how the text ran;
``# newdoc id`` begins a document, without it every sentence is one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO, TextIO

from bioner import bio
from bioner.errors import FormatError
from bioner.formats.attributes import SAID_COVERS, sentences_with_covers, without
from bioner.formats.conll import SCHEME_SENTENCES
from bioner.formats.conll_lines import unknown_tag
from bioner.formats.conll_writer import flat_sentences
from bioner.formats.lines import OddLines, read_lines
from bioner.formats.source import stem
from bioner.formats.tally import Losses, ReadOptions, Tally
from bioner.spans import Document, Mention, Range
from bioner.tokens import as_word

_COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_TAG_KEYS = ("NER", "ENTITY", "NE", "NAMEDENTITY")
_ID = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9})|\.([0-9]{1,9}))?")
_ESCAPES = {" ": "\\s", "\t": "\\t", "\n": "\\n", "\r": "\\r", "|": "\\p", "\\": "\\\\"}
_UNESCAPES = {escape[1]: char for char, escape in _ESCAPES.items()}


@dataclass
class _Sentence:
    """The words of one sentence: form, tag, and the space that follows it."""

    line: int
    number: int
    """Of the document that it is of; 0 where none has begun, and it is one by itself."""
    document: str
    text: str = ""
    before: str = ""
    forms: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    spaces: list[str | None] = field(default_factory=list)
    """What follows each word; None where nothing is said: a blank, but for the text's end."""


def read(stream: BinaryIO, name: str, tally: Tally, options: ReadOptions) -> Iterator[Document]:
    """Yield the documents. Raises FormatError where most lines are of another number of columns."""
    sentences = _sentences(read_lines(stream, name), name, OddLines(tally))
    first = list(islice(sentences, SCHEME_SENTENCES))
    if not first:
        raise FormatError(f"{name}: no words found; expected CoNLL-U, ten columns a word")
    scheme = _scheme(first, name)
    tally.scheme = scheme
    group: list[_Sentence] = []
    number = 0
    for one in chain(first, sentences):
        if group and (one.number != group[0].number or not one.number):
            number += 1
            yield _document(group, f"{stem(name)}-{number}", name, scheme, tally, options)
            group = []
        group.append(one)
    yield _document(group, f"{stem(name)}-{number + 1}", name, scheme, tally, options)


def _scheme(sentences: Iterable[_Sentence], name: str) -> bio.Scheme:
    runs: Counter[tuple[str, ...]] = Counter()
    for one in sentences:
        for number, tag in enumerate(one.tags):
            try:
                bio.split_tag(tag)
            except ValueError as error:
                raise unknown_tag(name, one.line + number, tag) from error
        run: list[str] = []
        for tag in [*one.tags, "O"]:
            if tag != "O":
                run.append(tag)
            elif run:
                runs[tuple(run)] += 1
                run = []
    return bio.detect_scheme(runs)


def _sentences(lines: Iterable[str], name: str, odd: OddLines) -> Iterator[_Sentence]:
    columns: tuple[str, ...] = _COLUMNS
    document = text = ""
    number_of_new = 0
    sentence: _Sentence | None = None
    inside = -1
    for number, line in enumerate(lines, 1):
        if not line.strip():
            if sentence and sentence.forms:
                yield sentence
            sentence, text, inside = None, "", -1
        elif line.startswith("#") and "\t" not in line:
            key, _, value = (part.strip() for part in line[1:].partition("="))
            if key == "global.columns":
                columns = tuple(value.upper().split())
            elif key in ("newdoc", "newdoc id"):
                number_of_new += 1
                document = value or f"document-{number_of_new}"
            elif key == "text":
                text = value
        else:
            cells = line.split("\t")
            found = _ID.fullmatch(cells[0])
            odd.lines += 1
            if len(cells) != len(columns) or not found or not cells[1].strip():
                told = odd.allow(
                    f"{name}:{number}: expected {len(columns)} columns separated by tabs, the "
                    f"first a number, the second a word, found {len(cells)}: {line!r:.60}"
                )
                told.leave("line that is no word", f"{name}:{number}", line[:60], is_mark=False)
                continue
            sentence = sentence or _Sentence(number, number_of_new, document, text)
            inside = _add_word(sentence, dict(zip(columns, cells, strict=True)), found, inside)
    if sentence and sentence.forms:
        yield sentence
    odd.refuse_many()


def _add_word(sentence: _Sentence, cells: dict[str, str], id: re.Match[str], inside: int) -> int:
    """Add a word; return the last number that a word of several parts (``3-4``) stands for."""
    misc = dict(part.partition("=")[::2] for part in cells.get("MISC", "_").split("|"))
    known = {key.upper(): value for key, value in (*cells.items(), *misc.items())}
    tag = next((known[key] for key in _TAG_KEYS if known.get(key, "_") != "_"), "O")
    if id[3]:
        return inside
    if not id[2] and int(id[1]) <= inside:
        if sentence.tags[-1] == "O":
            sentence.tags[-1] = tag
        return inside
    if not sentence.forms:
        sentence.before = _unescape(misc.get("SpacesBefore", ""))
    exact = misc.get("SpacesInToken")
    sentence.forms.append(_unescape(exact) if exact else cells["FORM"])
    sentence.tags.append(tag)
    if "SpacesAfter" in misc:
        sentence.spaces.append(_unescape(misc["SpacesAfter"]))
    else:
        sentence.spaces.append("" if misc.get("SpaceAfter") == "No" else None)
    return int(id[2]) if id[2] else inside


def _document(
    sentences: list[_Sentence],
    id: str,
    name: str,
    scheme: bio.Scheme,
    tally: Tally,
    options: ReadOptions,
) -> Document:
    text = ""
    mentions: list[Mention] = []
    ranges: list[Range] = []
    for one in sentences:
        words: list[Range] = []
        text += one.before
        for form, space in zip(one.forms, one.spaces, strict=True):
            words.append((len(text), len(text) + len(form)))
            text += form + (" " if space is None else space)
        ranges.append((words[0][0], words[-1][1]))
        found, repairs = bio.decode(one.tags, scheme, untyped_label=options.label)
        for rule, count in repairs.items():
            tally.repair(rule, f"{name}:{one.line}", count=count)
        for span in found:
            tally.place(span.label)
            extent = (words[span.start][0], words[span.end - 1][1])
            mentions.append(Mention((extent,), span.label))
    text = text[:-1] if sentences[-1].spaces[-1] is None else text
    id = tally.document_id(sentences[0].document or id, f"{name}:{sentences[0].line}")
    return Document(id, text, tuple(mentions), tuple(ranges))


def _escape(text: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in text)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _UNESCAPES.get(found[1], found[0]), text)


def write(documents: Iterable[Document], stream: TextIO, losses: Losses) -> None:
    """Write a document's sentences, word by word; mentions lie flat on them, as in CoNLL."""
    for document in documents:
        losses.document(document)
        losses.drop("relations_dropped", len(document.relations))
        losses.drop("attributes_dropped", len(without(document.attributes, *SAID_COVERS)))
        losses.drop("covers_dropped", sentences_with_covers(document))
        for one in document.mentions:
            losses.drop("mention_id_dropped", bool(one.id))
            losses.drop_details(one)
        sentences = [(r, s) for r, s in flat_sentences(document, losses) if r]
        if not sentences:
            losses.drop("text_without_words_dropped")
            continue
        stream.write(f"# newdoc id = {' '.join(document.id.split())}\n")
        starts = [ranges[0][0] for ranges, _ in sentences]
        ends = [*starts[1:], len(document.text)]
        for number, ((ranges, spans), end) in enumerate(zip(sentences, ends, strict=True), 1):
            first, last = ranges[0][0], ranges[-1][1]
            surface = " ".join(document.text[first:last].split())
            stream.write(f"# sent_id = {number}\n# text = {surface}\n")
            tags = bio.encode(spans, len(ranges))
            nexts = [start for start, _ in ranges[1:]] + [end]
            for i, ((low, high), tag, following) in enumerate(
                zip(ranges, tags, nexts, strict=True), 1
            ):
                misc = [f"NER={tag}"] if tag != "O" else []
                if i == 1 and number == 1 and low > 0:
                    misc.append(f"SpacesBefore={_escape(document.text[:low])}")
                between = document.text[high:following]
                if not between:
                    misc.append("SpaceAfter=No")
                elif between != " " or following == len(document.text):
                    misc.append(f"SpacesAfter={_escape(between)}")
                surface = document.text[low:high]
                if as_word(surface) != surface:
                    misc.append(f"SpacesInToken={_escape(surface)}")
                cells = [str(i), as_word(surface), *"_" * 7, "|".join(misc) or "_"]
                stream.write("\t".join(cells) + "\n")
            stream.write("\n")
