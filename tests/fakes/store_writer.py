"""A process that saves edits one after another and prints which were acknowledged.

Usage: ``python store_writer.py URL BACKUPS REVIEWER FIRST LAST``. Edit number N has the op id
"REVIEWER:N" and always the same content, so whoever kills the process can start it again at the
first edit that was not acknowledged: it may be in the database already, and must not be doubled.
"""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path

from store_support import edit_of

from bioner.spans import mention
from bioner.store import QueueFilter, StaleEditError, Store


def main(url: str, backups: str, reviewer: str, first: str, last: str) -> None:
    store = Store(url, Path(backups))
    items = [row.item for row in store.queue("p", filters=QueueFilter(status="all"), limit=50)]
    print("ready", flush=True)
    for number in range(int(first), int(last)):
        op = f"{reviewer}:{number}"
        chance = random.Random(op)
        item = chance.choice(items)
        while True:
            seen = store.open_item(item, reviewer, claim=False)
            length = random.Random(op).randrange(1, len(seen.surface))
            change = mention(seen.start, seen.start + length, "Gene")
            try:
                saved = store.save(
                    replace(edit_of(seen, change, reviewer=reviewer, note=op), op=op)
                )
            except StaleEditError:
                continue
            break
        print(f"ack {number} {saved.seq}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
