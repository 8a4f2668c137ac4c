"""What the Predict page finds again after a look at another page."""

from __future__ import annotations

from dataclasses import dataclass, field

from bioner.spans import Document


@dataclass
class PredictMemory:
    """Where the text comes from, the pasted text, the uploaded ones, the mention last clicked.

    ``folder`` is what a person wrote of a whole folder of texts.
    """

    source: str = "Paste"
    text: str = ""
    uploads: list[Document] = field(default_factory=list)
    chosen: str = ""
    folder: str = ""
