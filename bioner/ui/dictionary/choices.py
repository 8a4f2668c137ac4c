"""What somebody decides about a dictionary's terms: put on record, the page drawn anew."""

from __future__ import annotations

from collections.abc import Sequence

from bioner.review.dictionary import Dictionary
from bioner.review.dictionary_curation import Choice, curate
from bioner.ui.session import Session, act


def put_on_record(session: Session, dictionary: Dictionary, choices: Sequence[Choice]) -> None:
    """Decide all of it, or say why not."""
    act(lambda: curate(dictionary.path, choices, types=session.schema.names, actor=session.actor))
