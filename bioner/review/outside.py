"""Outside commands as suggesters: named in the administrator's file alone, spoken to in JSONL."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bioner.errors import BionerError
from bioner.files import parse_json_object, read_json_object
from bioner.spans import Document, Mention

SECONDS = 120
ANSWER = 64 * 2**20
"""The most bytes of an answer."""


class OutsideError(BionerError):
    """An outside command that is not configured, fails, or answers what cannot be read."""


@dataclass(frozen=True, kw_only=True)
class OutsideSuggester:
    """A command that reads our JSON lines (``id``, ``text``) and writes ``id`` and ``entities``.

    ``entities`` have ``start``, ``end``, ``label`` and, if it likes, ``score``. It is run without a
    shell, and stopped after ``seconds``.
    """

    title: str
    command: tuple[str, ...]
    seconds: int = SECONDS

    @property
    def name(self) -> str:
        return f"command:{self.title}"

    @property
    def version(self) -> str:
        return hashlib.blake2b("\0".join(self.command).encode(), digest_size=8).hexdigest()

    def suggest(self, documents: Sequence[Document]) -> list[Document]:
        """Return the documents with what the command marks. Raises OutsideError."""
        given = "".join(
            json.dumps({"id": str(number), "text": one.text}) + "\n"
            for number, one in enumerate(documents)
        )
        try:
            done = subprocess.run(
                self.command, input=given.encode(), capture_output=True, timeout=self.seconds,
                check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OutsideError(f"{self.title}: {error}") from error
        if done.returncode or len(done.stdout) > ANSWER:
            said = done.stderr.decode("utf-8", "replace").strip()[-200:]
            raise OutsideError(f"{self.title}: ended with {done.returncode}: {said}")
        marks: dict[str, tuple[Mention, ...]] = {}
        for number, line in enumerate(filter(bytes.strip, done.stdout.splitlines()), 1):
            where = f"{self.title}: line {number} of its answer"
            value = parse_json_object(line, where, OutsideError)
            entities = value.get("entities")
            if not isinstance(entities, list):
                raise OutsideError(f'{where}: expected "entities": a list')
            marks[str(value.get("id"))] = tuple(_mark(one, where) for one in entities)
        return [
            replace(
                one, mentions=_within(marks.get(str(number), ()), one, self.title), relations=()
            )
            for number, one in enumerate(documents)
        ]


def _mark(value: object, where: str) -> Mention:
    try:
        assert isinstance(value, dict)
        start, end, label, score = (value.get(k) for k in ("start", "end", "label", "score"))
        assert isinstance(start, int)
        assert isinstance(end, int)
        assert isinstance(label, str)
        sure = float(score) if isinstance(score, int | float) else None
        return Mention(((start, end),), label, status="predicted", score=sure)
    except (AssertionError, ValueError) as error:
        raise OutsideError(
            f'{where}: expected {{"start": 0, "end": 3, "label": "Gene"}}, got {value!r}'[:300]
        ) from error


def _within(marks: tuple[Mention, ...], document: Document, title: str) -> tuple[Mention, ...]:
    for one in marks:
        if one.end > len(document.text):
            raise OutsideError(f"{title}: a mark ends after the text of {document.id!r}")
    return tuple(sorted(marks, key=lambda one: one.start))


def outside_suggesters(path: Path | None) -> dict[str, OutsideSuggester]:
    """Read the administrator's file: ``{"suggesters": {"NAME": {"command": ["…"]}}}``.

    A command may say after how many ``seconds`` it is stopped.

    Raises OutsideError.
    """
    if path is None:
        return {}
    value = read_json_object(path, OutsideError).get("suggesters", {})
    if not isinstance(value, dict):
        raise OutsideError(f'{path}: expected "suggesters": an object')
    found: dict[str, OutsideSuggester] = {}
    for title, one in value.items():
        command = one.get("command") if isinstance(one, dict) else None
        seconds = one.get("seconds", SECONDS) if isinstance(one, dict) else 0
        if (
            not isinstance(command, list)
            or not command
            or not all(isinstance(word, str) for word in command)
            or not isinstance(seconds, int)
            or not 0 < seconds <= 3600
        ):
            raise OutsideError(f'{path}: {title}: expected "command": words, "seconds": 1 to 3600')
        found[title] = OutsideSuggester(title=title, command=tuple(command), seconds=seconds)
    return found
