"""The files of a folder or an archive into documents: pairs, each file by its own format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from bioner.errors import FormatError
from bioner.formats import beside, brat
from bioner.formats.members import is_archive, members_of
from bioner.formats.readers import DAMAGED, damaged, format_of, read_one, unpacked
from bioner.formats.tally import ReadOptions, Tally
from bioner.formats.understood import understood
from bioner.spans import Document


def read_members_of(
    path: Path, format: str | None, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    """Yield the documents of a folder or an archive. Raises FormatError where it holds none."""
    found = _each_member(members_of(path), format, tally, options)
    is_empty = True
    try:
        for document in found:
            is_empty = False
            yield document
    except FormatError as error:
        if path.is_dir():
            raise
        raise FormatError(f"{path.name}/{error}") from error
    if is_empty:
        left = tally.example('file "') or ", ".join(tally.unread)
        raise FormatError(
            f"{path.name}: no documents found inside; expected text files, or .ann"
            + (f"; left out: {left:.200}" if left else "")
        )


def _each_member(
    members: Mapping[str, bytes], format: str | None, tally: Tally, options: ReadOptions
) -> Iterator[Document]:
    """Yield the documents of BRAT's pairs, of every other file by its own format, texts alone last.

    Files that are no texts, or none that is known, are named as left out; one in which marks were
    found, and no document, refuses them all.
    """
    pairs, taken = _pairs(members, format, tally)
    formats: dict[str, None] = dict.fromkeys(["brat"] if pairs else [])
    found = brat.read_pairs(pairs.items(), tally, options)
    yield from understood(found, next(iter(pairs), ""), tally, options)
    bare: dict[str, str] = {}
    for name in members if format != "brat" else ():
        if name in pairs or name in taken or brat.is_annotation(name) or beside.is_unsaid(name):
            continue
        its_format = _member_format(members[name], name, format, tally, options)
        if its_format in beside.BARE and format is None:
            bare[name] = its_format
        elif its_format:
            yield from _member(members[name], name, its_format, format, tally, options)
            formats[its_format] = None
    if pairs or tally.read:
        labels = beside.folded(tally.labels) | (options.labels_beside or frozenset())
        options = replace(options, labels_beside=labels)
    for name, its_format in bare.items():
        yield from _member(members[name], name, its_format, format, tally, options)
        formats[its_format] = None
    tally.format = "+".join(one for one in formats if one) or tally.format


def _pairs(
    members: Mapping[str, bytes], format: str | None, tally: Tally
) -> tuple[dict[str, bytes], frozenset[str]]:
    """Return the files that are BRAT's, each text beside its annotation, and the texts so moved.

    Annotations without their text are named.
    """
    has_pairs = format == "brat" or (format is None and any(map(brat.is_annotation, members)))
    bases = {base_of(name) for name in members if brat.is_annotation(name)}
    named = {base_of(name): name for name in members if name.lower().endswith(".txt")}
    apart = _texts_apart(bases, named) if has_pairs else {}
    texts = named.keys() | apart.keys()
    pairs = {
        name: members[name]
        for name in members
        if has_pairs and is_of_pair(name) and (format == "brat" or base_of(name) in bases)
    }
    for base, text in apart.items():
        pairs.pop(text, None)
        pairs[f"{base}.txt"] = members[text]
    if bases & texts:
        for name in [one for one in pairs if base_of(one) not in texts]:
            tally.leave("annotations without their text", name, f"{base_of(name)}.txt is missing")
            del pairs[name]
    return pairs, frozenset(apart.values())


def _texts_apart(bases: set[str], texts: Mapping[str, str]) -> dict[str, str]:
    """Return the file of the text for each annotation that has none of its name beside it.

    It lies in another folder ("ann/a.ann", "txt/a.txt") under a name that one text and one
    annotation have; or its whole name is in the annotation's ("a.txt.ann").
    """
    lone = Counter(PurePosixPath(base).name for base in bases - texts.keys())
    stems = Counter(PurePosixPath(base).name for base in texts.keys() - bases)
    by_stem = {PurePosixPath(base).name: texts[base] for base in texts.keys() - bases}
    found: dict[str, str] = {}
    for base in sorted(bases - texts.keys()):
        stem = PurePosixPath(base).name
        if base.lower().endswith(".txt") and base[:-4] in texts and base[:-4] not in bases:
            found[base] = texts[base[:-4]]
        elif lone[stem] == stems[stem] == 1:
            found[base] = by_stem[stem]
    return found


def _member_format(
    data: bytes, name: str, format: str | None, tally: Tally, options: ReadOptions
) -> str:
    """Return the format of a folder's file; nothing, and its name is counted, where it has none."""
    if beside.is_about(name):
        beside.leave_file(name, tally)
        return ""
    stream, inner = unpacked(data, name)
    try:
        if format is None and not stream.read(1):
            tally.leave("empty file", name)
            return ""
        stream.seek(0)
        if is_archive(inner):
            raise FormatError(f"{inner}: an archive inside another; give it by itself")
        return format_of(stream, inner, format, options)
    except (FormatError, *DAMAGED) as error:
        beside.leave_file(name, tally, str(error))
        return ""


def _member(
    data: bytes,
    name: str,
    its_format: str,
    format: str | None,
    tally: Tally,
    options: ReadOptions,
) -> Iterator[Document]:
    """Yield the documents of a folder's file; one that cannot be read is named as left out."""
    stream, inner = unpacked(data, name)
    tally.format = its_format
    before, is_read = tally.mark(), False
    try:
        found = read_one(stream, inner, its_format, tally, options)
        for document in understood(found, name, tally, options):
            is_read = True
            yield document
    except (FormatError, *DAMAGED) as error:
        if format or is_read or tally.has_marks_since(before):
            if isinstance(error, FormatError):
                raise
            raise damaged(name, error) from error
        tally.take_back(before)
        beside.leave_file(name, tally, str(error))


def base_of(name: str) -> str:
    """Return a name without its ending: a pair shares it."""
    return name.rpartition(".")[0]


def is_of_pair(name: str) -> bool:
    """Tell whether a file may be one of BRAT's pair."""
    return brat.is_annotation(name) or name.lower().endswith(".txt")
