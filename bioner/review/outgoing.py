"""Texts on their way out: documents of which only a part is reviewed do not look complete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from bioner.formats import NAMES
from bioner.formats.attributes import unread_sentences
from bioner.formats.writing import LOOKS_COMPLETE
from bioner.spans import Document

Partly = Literal["leave", "keep"]
PARTLY: tuple[Partly, ...] = get_args(Partly)


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """The documents that go out, and those of which nobody has read every sentence.

    ``partly`` counts those that go out all the same, ``left_out`` those that do not, and
    ``sentences`` what nobody has read in both.
    """

    documents: tuple[Document, ...]
    format: str
    partly: int = 0
    left_out: int = 0
    sentences: int = 0

    def lines(self) -> Iterator[str]:
        """Yield what a person must know of it; nothing where every document is read whole."""
        name = NAMES[self.format]
        if self.left_out:
            yield (
                f"{self.left_out:,} documents are only partly reviewed ({self.sentences:,} "
                f"sentences are not) and {name} cannot say which sentences: left out"
            )
        elif self.partly and self.format in LOOKS_COMPLETE:
            yield (
                f"{self.partly:,} documents are only partly reviewed ({self.sentences:,} sentences "
                f"are not) and look complete: {name} cannot say which sentences"
            )
        elif self.partly:
            yield (
                f"{self.partly:,} documents are only partly reviewed: which of their sentences "
                f"nobody has read ({self.sentences:,}) is written with them"
            )


def outgoing(documents: Iterable[Document], format: str, *, partly: Partly = "leave") -> Outgoing:
    """Return what goes out in a format: whole documents alone where it cannot say what was read.

    ``partly`` "keep" is a person's word that the others shall go out too.
    """
    given = list(documents)
    unread = [unread_sentences(one) for one in given]
    leaves = format in LOOKS_COMPLETE and partly == "leave"
    kept = [one for one, number in zip(given, unread, strict=True) if not (leaves and number)]
    count = sum(map(bool, unread))
    return Outgoing(
        documents=tuple(kept),
        format=format,
        partly=0 if leaves else count,
        left_out=count if leaves else 0,
        sentences=sum(unread),
    )
