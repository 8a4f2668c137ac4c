"""Whose rules of marking hold: each corpus and each project is a convention, with its own piece.

The corpora contradict each other not only in what they look for but in how they mark it ("apoE
gene" in BC2GM, "apoE" elsewhere). A reserved piece after ``[CLS]`` tells a model whose rules hold;
``[ANY]`` stands for nobody's in particular. No text gives such a piece: words are cut at brackets,
and taggers and training read text with reserved pieces switched off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from bioner.errors import ConventionError

ANY = "any"
ANY_PIECE = "[ANY]"
SPARE = 32
"""Reserved pieces for own corpora and projects: ``[convention1]`` and so on."""

Told = str | Sequence[str]
"""A convention's name for all sentences, or one name a sentence."""


@dataclass(frozen=True)
class Convention:
    """Whose rules: a corpus's by its id, an own corpus's, a project's; and the piece that says so.

    ``covers``: the types that were looked for under it; of the others it says nothing.
    """

    name: str
    piece: str
    covers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Conventions:
    """The conventions that a model knows beside ``any``, and the pieces reserved in its vocabulary.

    Without reserved pieces a model knows none, and ``any`` is all that can be asked of it.
    """

    known: tuple[Convention, ...] = ()
    reserved: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [one.name for one in self.known]
        pieces = [one.piece for one in self.known]
        if len({*names}) != len(names) or len({*pieces}) != len(pieces) or ANY in names:
            raise ConventionError(f"conventions: a name or a piece stands twice in {names}")
        missing = [piece for piece in pieces if piece not in self.reserved]
        if missing:
            raise ConventionError(f"conventions: {missing[0]} is not among the reserved pieces")
        if self.reserved and ANY_PIECE not in self.reserved:
            raise ConventionError(f"conventions: {ANY_PIECE} is not among the reserved pieces")

    def __bool__(self) -> bool:
        return bool(self.reserved)

    def __contains__(self, name: object) -> bool:
        return name == ANY or name in self._by_name

    @cached_property
    def _by_name(self) -> dict[str, Convention]:
        return {one.name: one for one in self.known}

    @property
    def names(self) -> tuple[str, ...]:
        """What can be asked for: ``any`` first."""
        return (ANY, *self._by_name)

    def find(self, name: str, *, of: str = "this model") -> Convention:
        """Return the convention of this name, its case aside.

        Raises ConventionError with those that the model (``of``) knows.
        """
        if name.lower() == ANY or not name:
            return Convention(ANY, ANY_PIECE if self else "")
        found = self._by_name.get(name) or next(
            (one for one in self.known if one.name.lower() == name.lower()), None
        )
        if found is None:
            knows = ", ".join(self.names) if self else "none but any: it was not told whose marks"
            raise ConventionError(f"{of} knows no convention {name!r}; it knows {knows}")
        return found

    def nearest(self, name: str) -> str:
        """Return the name if the model knows it, else ``any``."""
        return name if name in self else ANY

    def per_sentence(self, told: Told, count: int, *, of: str = "this model") -> list[Convention]:
        """Return the convention of each of ``count`` sentences. Raises ConventionError."""
        if isinstance(told, str):
            return [self.find(told, of=of)] * count
        if len(told) != count:
            raise ValueError(f"{len(told)} conventions for {count} sentences")
        seen = {name: self.find(name, of=of) for name in dict.fromkeys(told)}
        return [seen[name] for name in told]

    def knowing(self, covers: Mapping[str, Iterable[str]]) -> Conventions:
        """Return these with each name known: under its own piece if it has one, else a spare one.

        What was known keeps its piece and gets the new covers. Raises ConventionError where no
        spare piece is left.
        """
        known = dict(self._by_name)
        for name, types in covers.items():
            if name == ANY:
                raise ConventionError(f"{ANY!r} is nobody's convention; choose another name")
            taken = {one.piece for one in known.values()}
            free = [p for p in self.reserved if p not in taken and _is_spare(p)]
            own = piece_of(name)
            if name in known:
                piece = known[name].piece
            elif own in self.reserved and own not in taken:
                piece = own
            elif free:
                piece = free[0]
            else:
                raise ConventionError(
                    f"no reserved piece is left for {name!r}: all {SPARE} spare ones are taken"
                )
            known[name] = Convention(name, piece, frozenset(types))
        return replace(self, known=tuple(known.values()))

    def to_json(self) -> dict[str, Any]:
        """Return what ``conventions.json`` of a model's folder holds."""
        return {
            "format": 1,
            "known": [
                {"name": one.name, "piece": one.piece, "covers": sorted(one.covers)}
                for one in self.known
            ],
            "reserved": list(self.reserved),
        }


def conventions_from_json(raw: Mapping[str, Any]) -> Conventions:
    """Read what ``Conventions.to_json`` returned. Raises ConventionError for another form."""
    try:
        if raw["format"] != 1:
            raise ConventionError(f"conventions: expected format 1, got {raw['format']!r}")
        known = tuple(
            Convention(str(one["name"]), str(one["piece"]), frozenset(map(str, one["covers"])))
            for one in raw["known"]
        )
        return Conventions(known, tuple(map(str, raw["reserved"])))
    except (KeyError, TypeError, AttributeError) as error:
        raise ConventionError(f"conventions: not of the expected form ({error!r})") from error


def piece_of(name: str) -> str:
    """Return the reserved piece that a corpus's own name makes."""
    return ANY_PIECE if name == ANY else f"[{name}]"


def pieces_for(names: Iterable[str], *, spare: int = SPARE) -> tuple[str, ...]:
    """Return the pieces to reserve: ``[ANY]``, one a name, and the spare ones."""
    spares = (f"[convention{i}]" for i in range(1, spare + 1))
    return tuple(dict.fromkeys((ANY_PIECE, *map(piece_of, names), *spares)))


def _is_spare(piece: str) -> bool:
    return piece.startswith("[convention") and piece[11:-1].isdigit()
