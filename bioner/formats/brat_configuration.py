"""BRAT's ``annotation.conf``: the types that its editor must know to show what we wrote."""

from __future__ import annotations

from collections import defaultdict


class Configuration:
    """Gathers the types of annotation lines, and lays them out as BRAT reads them."""

    def __init__(self) -> None:
        self._entities: dict[str, None] = {}
        self._arguments: dict[str, dict[str, dict[str, None]]] = defaultdict(dict)
        self._values: dict[str, dict[str, None]] = {}
        self._has_equivalence = False

    def add(self, line: str) -> None:
        """Take note of what a line uses."""
        id, _, rest = line.partition("\t")
        words = rest.partition("\t")[0].split()
        if not words:
            return
        if id.startswith("T"):
            self._entities[words[0]] = None
        elif id.startswith("R"):
            self._add_arguments("relations", words[0], words[1:])
        elif id.startswith("E"):
            self._add_arguments("events", words[0].partition(":")[0], words[1:])
        elif id.startswith(("A", "M")):
            self._values.setdefault(words[0], {}).update(dict.fromkeys(words[2:]))
        elif id == "*":
            self._has_equivalence = True

    def _add_arguments(self, section: str, type: str, arguments: list[str]) -> None:
        roles = self._arguments[section].setdefault(type, {})
        roles.update((one.partition(":")[0], None) for one in arguments)

    def text(self) -> str:
        """Return the file's content."""
        relations = [
            f"{type}\t" + ", ".join(f"{role}:<ANY>" for role in roles)
            for type, roles in self._arguments["relations"].items()
        ]
        if self._has_equivalence:
            relations.append("Equiv\tArg1:<ANY>, Arg2:<ANY>, <REL-TYPE>:symmetric-transitive")
        events = [
            f"{type}\t" + (", ".join(f"{role}?:<ANY>" for role in roles) or "Theme?:<ANY>")
            for type, roles in self._arguments["events"].items()
        ]
        attributes = [
            f"{key}\tArg:<ANY>" + (f", Value:{'|'.join(values)}" if values else "")
            for key, values in self._values.items()
        ]
        sections = {
            "entities": list(self._entities),
            "relations": relations,
            "events": events,
            "attributes": attributes,
        }
        return "\n".join(
            f"[{name}]\n" + "".join(f"{row}\n" for row in rows) for name, rows in sections.items()
        )
