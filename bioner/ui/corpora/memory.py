"""What the Corpora page finds again: where the corpora lay, what its forms have just done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class CorporaMemory:
    """One tab's forms; a round makes a form's widgets begin anew once it has been sent.

    ``source``: the folder last built from. ``saved``, ``problem``: what came of an edited mapping.
    ``added``: what came of an own corpus. ``brought``: what came of one of the catalogue.
    """

    source: str = ""
    saved: str = ""
    problem: str = ""
    mapping_round: int = 0
    added: str = ""
    brought: tuple[str, ...] = ()
    own_round: int = 0
