"""The tutorial's abstracts as files: ``python texts.py FOLDER`` writes abstracts.jsonl into it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("abstracts.txt")
TYPES = {"O": "Organism", "T": "Tissue"}
MARK = re.compile(r"\{([OT]):([^}]*)\}")


def read() -> list[dict[str, object]]:
    """Return each abstract: its id, its plain text, and the lab's marks as character offsets."""
    found: list[dict[str, object]] = []
    for part in SOURCE.read_text(encoding="utf-8").split("\n== ")[1:]:
        name, _, body = part.partition("\n")
        plain, marks = "", []
        for piece in re.split(r"(\{[OT]:[^}]*\})", " ".join(body.split())):
            if mark := MARK.fullmatch(piece):
                marks.append([len(plain), len(plain) + len(mark[2]), TYPES[mark[1]]])
            plain += mark[2] if mark else piece
        found.append({"id": name, "text": plain, "marks": marks})
    return found


def main(folder: Path) -> None:
    """Write the abstracts as they come from a journal: without marks."""
    lines = [json.dumps({"id": one["id"], "text": one["text"]}) for one in read()]
    (folder / "abstracts.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
