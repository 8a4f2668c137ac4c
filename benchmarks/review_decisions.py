"""Count the keys that waiting marks cost when alike ones are decided together, in a real browser.

    python -m benchmarks.review_decisions [--model bioner-compact] [--share 0.5] [--write]
        [--json FILE]

BioRED's dev abstracts that are not in NLM-Gene, marked by a model that has seen none of them. A
scripted expert goes through the groups of Review → Decide in the app in Chromium, in the order in
which they come: looks at the three lines that are shown; where gold has the same choice for all
three, presses its key; else opens all lines (a key), and where at least two thirds have the same
choice and at most three do not, unticks those (a click each) and presses the key; else leaves the
group for reading (a key). What the expert does not see is settled all the same: the precision of
what was settled, read back from the database against gold, says what that costs.

Beside it stands the least that the same marks cost sentence by sentence, by the keys that
``benchmarks.review_keystrokes`` replays: one to accept a sentence; one to relabel or delete a wrong
mark, one a word to move its edge, and one a mark to reach the last wrong one. What the model has
missed is not counted on either side. Sentences of "my test" are decided by nobody here.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.external import BIORED, TYPES, read_biored
from benchmarks.review_keystrokes import PATIENCE_S, serving
from benchmarks.written import write_part
from bioner.formats import read_documents
from bioner.labels import LabelSchema
from bioner.models.catalogue import find_model
from bioner.review.groups import Board, Group, examples, read_board, where
from bioner.settings import PROJECT_ROOT, read_settings
from bioner.spans import Document, Mention, Range
from bioner.store import Project, Store, WaitingMark
from bioner.tagging.load import load_tagger
from bioner.ui.review.alike import FEW, included_key, shown_marks

NLM_GENE = PROJECT_ROOT.parent / "shared" / "formats" / "overlaps.NLMgene_Train.PubTator"
DOCUMENT = PROJECT_ROOT / "docs" / "review.md"
PART = "decisions"
LABELS = tuple(dict.fromkeys(TYPES.values()))
PROJECT, WHO = "decisions", "script"
HEADING = "[data-testid=stMain] h3"
MOST_EXCEPTIONS = 3
ELSEWHERE = "?"
"""The choice where gold begins or ends elsewhere: no key of a group gives it."""


@dataclass(kw_only=True)
class Tally:
    """What the expert did: keys and clicks, groups by what became of them, marks settled."""

    keys: int = 0
    clicks: int = 0
    settled: int = 0
    groups: Counter[str] = field(default_factory=Counter)

    @property
    def actions(self) -> int:
        return self.keys + self.clicks


def held_out(biored: Path, nlm_gene: Path) -> list[Document]:
    """Return BioRED's dev documents that are not in NLM-Gene, by number and by text."""
    known = read_documents(nlm_gene).documents
    ids, texts = {one.id for one in known}, {one.text for one in known}
    return [one for one in read_biored(biored) if one.id not in ids and one.text not in texts]


def predicted(gold: Sequence[Document], model: str) -> list[Document]:
    """Return the documents as the model marks them, by the four types that BioRED looks for too.

    What overlaps a sequence variant or a cell line is left out, as in ``benchmarks.external``.
    """
    tagger = load_tagger(find_model(model, read_settings().models))
    fold = folds(tagger.schema)
    found = []
    bare = [replace(one, mentions=(), relations=()) for one in gold]
    for mine, theirs in zip(gold, tagger.tag_documents(bare), strict=True):
        unscored = [one for one in mine.mentions if one.label not in TYPES]
        marks = tuple(
            replace(one, label=fold[one.label], alternatives=())
            for one in theirs.mentions
            if one.label in fold
            and not any(one.start < other.end and other.start < one.end for other in unscored)
        )
        found.append(replace(theirs, mentions=marks))
    return found


def folds(schema: LabelSchema) -> dict[str, str]:
    """Return our types → the one of the four whose group they are of."""
    of_group = {schema.group_of[label]: label for label in LABELS}
    return {name: of_group[g] for name, g in schema.group_of.items() if g in of_group}


class Gold:
    """What is right for a mark, by the item and the place where it stands."""

    def __init__(self, store: Store, gold: Sequence[Document]) -> None:
        by_name = {one.id: one for one in gold}
        self.document_of: dict[int, str] = {}
        self.marks: dict[str, dict[tuple[Range, ...], str]] = {
            name: {m.fragments: TYPES[m.label] for m in one.mentions if m.label in TYPES}
            for name, one in by_name.items()
        }
        for name in by_name:
            for item in store.items_of(PROJECT, name):
                self.document_of[item] = name

    def choice(self, item: int, at: tuple[Range, ...]) -> str:
        """Return the type that is right for a mark, empty for none, ``?`` where edges differ."""
        marks = self.marks[self.document_of[item]]
        if at in marks:
            return marks[at]
        begin, end = at[0][0], at[-1][1]
        overlaps = any(one[0][0] < end and begin < one[-1][1] for one in marks)
        return ELSEWHERE if overlaps else ""


class Expert:
    """Works through the groups by keys and ticks, and counts them."""

    def __init__(self, page: Page, gold: Gold) -> None:
        self.page, self.gold, self.tally = page, gold, Tally()

    def work(self, board: Board, share: float) -> None:
        """Decide group by group until this share of the marks is settled."""
        for group in board.groups:
            if self.tally.settled >= share * board.marks:
                return
            shown = self.page.locator(HEADING).first.inner_text()
            assert shown == group.surface, (shown, group.surface)
            self._decide(group)

    def _decide(self, group: Group) -> None:
        seen = examples(group, FEW)
        choices = Counter(self._choice(one) for one in seen)
        if len(choices) == 1 and ELSEWHERE not in choices:
            self._settle(group, next(iter(choices)), "at once")
            return
        if group.size == len(seen):
            self._next(group)
            return
        self._press("a", 'button:has-text("Show three")')
        everything = shown_marks(group, is_open=True)
        best, count = Counter(self._choice(one) for one in everything).most_common(1)[0]
        wrong = [one for one in everything if self._choice(one) != best]
        if best == ELSEWHERE or 3 * count < 2 * len(everything) or len(wrong) > MOST_EXCEPTIONS:
            self._next(group)
            return
        for one in wrong:
            self.page.locator(f".st-key-{included_key(one)} button").first.click()
            self._wait()
            self.tally.clicks += 1
        self._settle(group, best, "after a look at all", but=len(wrong))

    def _choice(self, mark: WaitingMark) -> str:
        return self.gold.choice(mark.item, mark.at)

    def _settle(self, group: Group, label: str, how: str, *, but: int = 0) -> None:
        self._turn(group, str(LABELS.index(label) + 1) if label else "x")
        self.tally.settled += group.size - but
        self.tally.groups[how] += 1

    def _next(self, group: Group) -> None:
        self._turn(group, "n")
        self.tally.groups["left for reading"] += 1

    def _turn(self, group: Group, key: str) -> None:
        self.page.keyboard.press(key)
        self.page.wait_for_function(
            "([where, before]) => document.querySelector(where)?.innerText !== before",
            arg=[HEADING, group.surface],
        )
        self._wait()
        self.tally.keys += 1
        if self.tally.keys % 20 == 0:
            print(f"{self.tally.settled:,} marks, {self.tally.keys} keys", file=sys.stderr)

    def _press(self, key: str, until: str) -> None:
        self.page.keyboard.press(key)
        self.page.wait_for_selector(until)
        self._wait()
        self.tally.keys += 1

    def _wait(self) -> None:
        self.page.wait_for_selector("[data-test-script-state='notRunning']")


def sentence_by_sentence(marks: Sequence[WaitingMark], gold: Gold) -> int:
    """Return the fewest keys that decide these marks in the editor, a sentence at a time."""
    by_item: dict[int, list[WaitingMark]] = {}
    for one in sorted(marks, key=lambda mark: mark.at):
        by_item.setdefault(one.item, []).append(one)
    keys = 0
    for item, ones in by_item.items():
        wrong = [n for n, one in enumerate(ones) if gold.choice(item, one.at) != one.label]
        # The first mark is at work when a sentence opens; each wrong one takes a key at least.
        keys += 1 + len(wrong) + (wrong[-1] if wrong else 0)
    return keys


def read_back(store: Store, before: Sequence[WaitingMark], gold: Gold) -> dict[str, int]:
    """Compare what was settled, as the database has it, with gold."""
    waiting = {where(one) for one in store.waiting_marks(PROJECT, WHO)}
    settled = [one for one in before if where(one) not in waiting]
    right = 0
    present: dict[int, dict[tuple[Range, ...], Mention]] = {}
    for one in settled:
        if one.item not in present:
            [standing] = store.standing(PROJECT, [one.item], WHO)
            present[one.item] = {m.fragments: m for m in standing.mentions}
        now = present[one.item].get(one.at)
        right += (now.label if now is not None else "") == gold.choice(one.item, one.at)
    unread = sum(one.label == gold.choice(one.item, one.at) for one in settled)
    return {"settled": len(settled), "right": right, "right_before": unread}


def measure(model: str, share: float, biored: Path, nlm_gene: Path) -> dict[str, Any]:
    """Decide in a real browser and return the counts."""
    gold = held_out(biored, nlm_gene)
    with (
        tempfile.TemporaryDirectory() as scratch,
        serving(Path(scratch)) as (url, store),
        sync_playwright() as driver,
    ):
        store.create_project(Project(PROJECT, LABELS, frozenset(LABELS)))
        store.import_documents(PROJECT, predicted(gold, model), model=model)
        known = Gold(store, gold)
        board = read_board(store, PROJECT, WHO)
        before = [one for group in board.groups for one in group.marks]
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(1000 * PATIENCE_S)
        page.goto(f"{url}/Review?project={PROJECT}&reviewer={WHO}&part=Decide")
        page.wait_for_selector(".st-key-decide_undo")
        page.wait_for_selector("[data-test-script-state='notRunning']")
        began = time.perf_counter()
        expert = Expert(page, known)
        expert.work(board, share)
        took = time.perf_counter() - began
        browser.close()
        found = read_back(store, before, known)
    settled = found["settled"]
    assert settled == expert.tally.settled, (settled, expert.tally)
    return {
        "model": model,
        "documents": len(gold),
        "marks": board.marks,
        "test_marks": board.test_marks,
        "groups": len(board.groups),
        **found,
        "keys": expert.tally.keys,
        "clicks": expert.tally.clicks,
        "seconds": round(took, 1),
        "groups_by": dict(expert.tally.groups),
        "one_by_one": sentence_by_sentence(before, known),
    }


def table(result: Mapping[str, Any]) -> str:
    """Write the counts as a Markdown table."""
    marks, settled = result["marks"], result["settled"]
    actions = result["keys"] + result["clicks"]
    same = result["one_by_one"] * settled / marks
    by = ", ".join(f"{name} {count}" for name, count in result["groups_by"].items())
    return "\n".join(
        [
            "| | in groups | sentence by sentence |",
            "|---|---:|---:|",
            f"| waiting marks settled | {settled:,} of {marks:,} ({settled / marks:.0%}) "
            f"| {marks:,} of {marks:,} |",
            f"| keys and clicks | {actions:,} ({result['keys']:,} keys, {result['clicks']:,} "
            f"clicks) | {result['one_by_one']:,}, for as many marks {same:,.0f} |",
            f"| share of those keys | {actions / same:.0%} | 100% |",
            f"| of what was settled, right | {result['right'] / settled:.1%} "
            f"({result['right_before'] / settled:.1%} as the model marked it) | as read |",
            "",
            f"{result['documents']} abstracts, marks of {result['model']}, "
            f"{result['groups']:,} groups; {by}. {result['test_marks']:,} more marks lie in "
            "“my test” and are read one by one.",
        ]
    )


def main() -> None:
    """Measure, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="bioner-compact")
    parser.add_argument("--share", type=float, default=0.5, help="stop at this share of the marks")
    parser.add_argument("--biored", type=Path, default=BIORED)
    parser.add_argument("--nlm-gene", type=Path, default=NLM_GENE)
    parser.add_argument("--write", action="store_true", help="write the table into docs/review.md")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = measure(options.model, options.share, options.biored, options.nlm_gene)
    said = table(result)
    print(said)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if options.write:
        write_part(DOCUMENT, PART, said)


if __name__ == "__main__":
    main()
