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
        number = self.partly + self.left_out
        if not number:
            return
        if self.left_out:
            fate = f"{NAMES[self.format]} cannot say which: left out"
        elif self.format in LOOKS_COMPLETE:
            fate = f"{NAMES[self.format]} cannot say which: they look complete"
        else:
            fate = "the file says which"
        yield (
            f"documents reviewed only in part: {number:,}; sentences in them that nobody has read: "
            f"{self.sentences:,}; {fate}"
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
