"""How the Predict page tells one marked mention from another."""

from __future__ import annotations

from bioner.spans import Mention


def mention_key(one: Mention) -> str:
    """Return what tells a mention from the others of its document."""
    where = ",".join(f"{start}-{end}" for start, end in one.fragments)
    return f"{where}:{one.label}"
