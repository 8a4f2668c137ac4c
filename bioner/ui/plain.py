"""Text of others (file names, log lines, labels) inside Streamlit's Markdown, shown as it is."""

from __future__ import annotations

import re

_MARKS = re.compile(r"[\\\[\]$<>*~]")
_SIGNS = re.compile(r"[\\`*_{}\[\]()#+\-.!|~$:<>]")
_CODE = re.compile(r"(`[^`]+`)")


def plain(text: str) -> str:
    """Escape what Markdown would read as links, images, formulas or emphasis.

    Code between backticks stays code, as our own sentences name commands so, where Markdown sees
    the same code: single backticks, two a line.
    """
    if "``" in text or any(line.count("`") % 2 for line in text.splitlines()):
        text = text.replace("`", "'")
    parts = _CODE.split(text)
    return "".join(
        part if i % 2 else _MARKS.sub(lambda m: f"\\{m[0]}", part) for i, part in enumerate(parts)
    )


def plain_label(text: str, longest: int = 70) -> str:
    """Return others' text for a button or a widget's label: one line, shortened, all escaped."""
    line = " ".join(text.split())
    cut = line if len(line) <= longest else f"{line[: longest - 2]} …"
    return _SIGNS.sub(lambda m: f"\\{m[0]}", cut)
