"""BioNER Studio: from corpora to a model, from its corrections to a better one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bioner.tagging.ner import Ner as Ner

__version__ = "0.1.0"
__all__ = ["Ner", "__version__"]


def __getattr__(name: str) -> Any:
    """Import ``bioner.Ner`` on first use: it pulls in torch or ONNX Runtime."""
    if name == "Ner":
        from bioner.tagging.ner import Ner

        return Ner
    raise AttributeError(f"module 'bioner' has no attribute {name!r}")
