"""What the base install leaves out: which packages each extra brings, and how to get them."""

from __future__ import annotations

from importlib.util import find_spec

from bioner.errors import ExtraError

EXTRAS = {
    "train": ("torch", "transformers", "accelerate"),
    "postgres": ("psycopg",),
    "ray": ("ray",),
    "spacy": ("spacy",),
}
"""Extra → the packages that tell whether it is installed, by the names they are imported by."""


def has_extra(extra: str) -> bool:
    """Return whether an extra's packages are installed; none of them is imported."""
    return not _missing(extra)


def require_extra(extra: str, what: str) -> None:
    """Raise ExtraError where an extra is not installed; ``what`` begins its sentence."""
    missing = _missing(extra)
    if missing:
        raise ExtraError(
            f"{what} needs {', '.join(missing)}, which the base install leaves out: "
            f'pip install "bioner-studio[{extra}]"'
        )


def _missing(extra: str) -> list[str]:
    return [name for name in EXTRAS[extra] if find_spec(name) is None]
