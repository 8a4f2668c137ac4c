"""The span editor in a real browser: what is pressed and dragged is what arrives."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apps.serving import (
    PATIENCE_MS,
    ROOT,
    Server,
    click_text,
    drag,
    open_editor,
    place_of,
    press,
    read_lines,
    settle,
)
from playwright.sync_api import Browser, Page

from bioner.errors import StaleRevisionError
from bioner.review.operations import Operation, apply_operation, mention_to_json
from bioner.spans import Mention

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TEXT = (
    "Mutations in BRCA1 👩‍🔬 impair p53 and α-synuclein; nai\u0308ve T-cells bind p53.\n"
    "يمنع p53 نمو السرطان"
)


def mention(
    surface: str, label: str, status: str = "predicted", nth: int = 0, **more: Any
) -> dict[str, Any]:
    start = -1
    for _ in range(nth + 1):
        start = TEXT.index(surface, start + 1)
    return {"fragments": [[start, start + len(surface)]], "label": label, "status": status, **more}


class Case:
    """One served editor with its page and the operations that it received."""

    def __init__(self, server: Server, page: Page, log: Path) -> None:
        self.server, self.page, self.log = server, page, log

    @property
    def operations(self) -> list[dict[str, Any]]:
        settle(self.page)
        return read_lines(self.log)

    @property
    def mentions(self) -> list[tuple[list[list[int]], str]]:
        settle(self.page)
        state = json.loads(self.log.with_suffix(".state").read_text())
        return [(one["fragments"], one["label"]) for one in state["mentions"]]

    @property
    def shown(self) -> str:
        return self.page.inner_text(".bse-info")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("editor")
    one = Server("tests/e2e/apps/editor_app.py", folder, {"EDITOR_FOLDER": str(folder)})
    one.start()
    yield one
    one.kill()


@pytest.fixture
def case(request: pytest.FixtureRequest, chromium: Browser, server: Server) -> Iterator[Case]:
    given = {"text": TEXT, "mentions": [], **getattr(request, "param", {})}
    name = f"case{uuid.uuid4().hex}"
    (server.folder / f"{name}.json").write_text(json.dumps(given))
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        open_editor(page, f"{server.url}/?case={name}")
        yield Case(server, page, server.folder / f"{name}.log")
        assert errors == []
    finally:
        context.close()


def test_thirty_edits_at_fifty_milliseconds_all_arrive_in_order(case: Case) -> None:
    press(case.page, "Home")
    sent = []
    for number in range(30):
        key = str(number % 9 + 1)
        started = time.monotonic()
        case.page.keyboard.press(key)
        sent.append(number % 9)
        time.sleep(max(0.0, 0.05 - (time.monotonic() - started)))
    arrived = case.operations
    names = ["Anatomy", "Gene", "Chemical", "Disease", "Protein", "Organism", "Cancer", "Organ"]
    names.append("Cell")
    assert [one["added"][0]["label"] for one in arrived] == [names[number] for number in sent]
    assert len({one["op_id"] for one in arrived}) == 30
    assert case.mentions == [([[0, 9]], names[29 % 9])]
    assert case.page.inner_text(".bse-saved") == "saved, revision 30"


def test_a_drag_snaps_to_whole_words_and_offsets_are_code_points(case: Case) -> None:
    start = TEXT.index("synuclein")
    drag(case.page, start + 3, start + 7)
    press(case.page, "5")
    assert case.operations[-1]["surfaces"] == ["synuclein"]
    assert case.mentions == [([[start, start + 9]], "Protein")]
    assert case.page.evaluate("window.getSelection().isCollapsed")


def test_a_drag_with_alt_takes_the_exact_characters(case: Case) -> None:
    start = TEXT.index("BRCA1")
    drag(case.page, start, start + 4, alt=True)
    press(case.page, "2")
    assert case.mentions == [([[start, start + 4]], "Gene")]
    assert case.operations[-1]["surfaces"] == ["BRCA"]


def test_two_drags_in_a_row_both_select(case: Case) -> None:
    for surface, key in (("Mutations", "1"), ("impair", "4"), ("cells", "9")):
        start = TEXT.index(surface)
        drag(case.page, start, start + len(surface))
        press(case.page, key)
    assert [label for _, label in case.mentions] == ["Anatomy", "Disease", "Cell"]


def test_a_double_click_and_a_click_on_a_type_mark_a_word_by_mouse_alone(case: Case) -> None:
    start = TEXT.index("p53")
    click_text(case.page, start + 1, count=2)
    case.page.click(".bse-pop [data-type='Protein']")
    assert case.mentions == [([[start, start + 3]], "Protein")]
    click_text(case.page, start + 1)
    case.page.click(".bse-pop [data-type='Gene']")
    assert case.mentions == [([[start, start + 3]], "Gene")]
    click_text(case.page, start + 1)
    case.page.click(".bse-pop [data-action='pop-delete']")
    assert case.mentions == []
    case.page.click(".bse-actions [data-action='undo']")
    assert case.mentions == [([[start, start + 3]], "Gene")]


@pytest.mark.parametrize(
    "case", [{"mentions": [mention("BRCA1", "Gene", score=0.7)]}], indirect=True
)
def test_the_handles_resize_by_mouse(case: Case) -> None:
    start = TEXT.index("BRCA1")
    click_text(case.page, start + 2)
    press(case.page, "Escape", "n")
    handle = case.page.locator(".bse-handle.bse-start").bounding_box()
    target = place_of(case.page, TEXT.index("in BRCA1"), TEXT.index("in BRCA1") + 1)
    assert handle is not None
    case.page.mouse.move(handle["x"] + 4, handle["y"] + 8)
    case.page.mouse.down()
    case.page.mouse.move(target["left"] + 1, (target["top"] + target["bottom"]) / 2, steps=6)
    case.page.mouse.up()
    assert case.mentions == [([[start - 3, start + 5]], "Gene")]
    assert case.operations[-1]["kind"] == "resize"


@pytest.mark.parametrize(
    "case", [{"mentions": [mention("BRCA1", "Gene", score=0.7)]}], indirect=True
)
def test_a_type_that_is_kept_marks_each_drag_at_once(case: Case) -> None:
    case.page.click(".bse-palette [data-type='Protein']", modifiers=["Shift"])
    start = TEXT.index("p53")
    click_text(case.page, start + 1, count=2)
    second = TEXT.index("synuclein")
    drag(case.page, second, second + 9)
    assert [label for _, label in case.mentions] == ["Gene", "Protein", "Protein"]


@pytest.mark.parametrize(
    "case",
    [
        {
            "mentions": [
                mention(
                    "BRCA1", "Gene", score=0.7, alternatives=[{"label": "Protein", "score": 0.2}]
                )
            ]
        }
    ],
    indirect=True,
)
def test_everything_works_without_a_mouse(case: Case) -> None:
    start = TEXT.index("BRCA1")
    press(case.page, "n", "s")
    assert case.mentions == [([[start, start + 5]], "Protein")]
    press(case.page, "s")
    assert case.mentions == [([[start, start + 5]], "Gene")]
    press(case.page, "Control+Shift+ArrowLeft")
    assert case.mentions == [([[start - 3, start + 5]], "Gene")]
    press(case.page, "Control+Shift+ArrowRight", "Alt+Shift+ArrowLeft")
    assert case.mentions == [([[start, start + 4]], "Gene")]
    press(case.page, "Alt+Shift+ArrowRight", "Delete")
    assert case.mentions == []
    press(case.page, "Home", "ArrowRight", "Shift+ArrowRight", "3")
    assert case.mentions == [([[start - 3, start + 5]], "Chemical")]
    press(case.page, "Shift+1")
    assert case.mentions == [([[start - 3, start + 5]], "Pathology")]
    press(case.page, "t")
    case.page.keyboard.type("tax")
    press(case.page, "Enter")
    assert case.mentions == [([[start - 3, start + 5]], "Taxon")]
    press(case.page, "Enter")
    assert [one["name"] for one in case.operations if one["kind"] == "command"] == ["accept"]


NESTED = [mention("in BRCA1", "Disease"), mention("BRCA1", "Gene"), mention("p53", "Gene")]
GOLD = {"name": "gold", "title": "gold", "mentions": [mention("T-cells", "Cell")]}


OF_BEFORE = mention(
    "BRCA1", "Chemical", score=0.35, alternatives=[{"label": "Gene", "score": 0.37}]
)


@pytest.mark.parametrize("case", [{"mentions": [OF_BEFORE]}], indirect=True)
def test_a_second_best_saved_above_the_first_is_named_without_its_number(case: Case) -> None:
    press(case.page, "n")
    assert "35% sure" in case.shown
    assert "second best Gene" in case.shown
    assert "37%" not in case.shown
    press(case.page, "s")
    assert [label for _, label in case.mentions] == ["Gene"]


@pytest.mark.parametrize("case", [{"mentions": NESTED, "layers": [GOLD]}], indirect=True)
def test_the_other_keys_do_what_the_list_says(case: Case) -> None:
    outer, inner, after = (one["fragments"] for one in NESTED)
    press(case.page, "n", "n", "o", "5")
    assert case.mentions == [(outer, "Protein"), (inner, "Gene"), (after, "Gene")]
    press(case.page, "n", "n", "p", "x")
    assert case.mentions == [(outer, "Protein"), (after, "Gene")]
    press(case.page, "Control+z", "Backspace", "Control+z", "Control+Shift+Z")
    assert case.mentions == [(outer, "Protein"), (after, "Gene")]
    press(case.page, "Control+Home", "ArrowDown", "3")
    [(fragments, label)] = [one for one in case.mentions if one[0] not in (outer, after)]
    assert (label, fragments[0][0] > TEXT.index("\n")) == ("Chemical", True)
    press(case.page, "Delete", "ArrowUp", "4")
    [start] = [fragments[0][0] for fragments, label in case.mentions if label == "Disease"]
    assert start < TEXT.index("\n")
    press(case.page, "l")
    assert case.shown == "Other layers hidden"
    press(case.page, "l")
    assert case.shown == "Lines under the text: gold"


@pytest.mark.parametrize(
    "case",
    [{"mentions": [mention("p53", "Gene", alternatives=[{"label": "Protein", "score": 0.2}])],
      "layers": [GOLD]}],
    indirect=True,
)  # fmt: skip
def test_each_button_does_what_its_key_does(case: Case) -> None:
    first, second, _ = (i for i in range(len(TEXT)) if TEXT.startswith("p53", i))
    one, other = [[first, first + 3]], [[second, second + 3]]

    def click(action: str) -> None:
        case.page.locator(f".bse-actions [data-action={action}]").click()

    click_text(case.page, first)
    click("second")
    assert case.mentions == [(one, "Protein")]
    click("every")
    click("confirm")
    assert [label for _, label in case.mentions] == ["Protein"] * 3
    click("undo")
    assert case.mentions == [(one, "Protein")]
    click("redo")
    assert len(case.mentions) == 3
    click_text(case.page, second)
    click("delete")
    assert other not in [fragments for fragments, _ in case.mentions]
    click("layers")
    assert case.shown == "Other layers hidden"
    click("help")
    assert "redo" in case.page.inner_text(".bse-help")
    press(case.page, "Escape")
    assert case.page.locator(".bse-help").is_hidden()


PREDICTED = {
    "name": "prediction",
    "title": "prediction of first",
    "mentions": [
        mention("BRCA1", "Protein", score=0.7),
        mention("α-synuclein", "Protein", score=0.9),
        mention("T-cells", "Cell", score=0.9),
        mention("nai\u0308ve T-cells", "Cell", score=0.2),
    ],
}
BESIDE = {"mentions": [mention("BRCA1", "Gene", "gold")], "layers": [PREDICTED]}


@pytest.mark.parametrize("case", [BESIDE], indirect=True)
def test_predictions_beside_gold_are_taken_over_by_key_and_by_click(case: Case) -> None:
    place = {one["label"] + str(i): one["fragments"] for i, one in enumerate(PREDICTED["mentions"])}
    gold = (place["Protein0"], "Gene")
    click_text(case.page, TEXT.index("synuclein"))
    assert "prediction of first: Protein “α-synuclein” (A takes it over)" in case.shown
    case.page.locator(".bse-pop [data-action=pop-take]").click()
    assert case.mentions == [gold, (place["Protein1"], "Protein")]
    press(case.page, "Control+z")
    assert case.mentions == [gold]
    click_text(case.page, TEXT.index("α"))
    press(case.page, "a")
    assert case.mentions == [gold, (place["Protein1"], "Protein")]
    press(case.page, "Control+Home", "ArrowRight", "ArrowRight", "a")
    assert case.mentions[0] == (place["Protein0"], "Protein"), "it stands in the gold one's place"
    press(case.page, "a")
    assert case.shown == "No other layer has a mark here"


@pytest.mark.parametrize("case", [BESIDE], indirect=True)
def test_all_predictions_shown_beside_gold_are_taken_over_as_one(case: Case) -> None:
    press(case.page, "l", "A")
    assert case.shown == "No prediction shown stands beside the marks"
    press(case.page, "l", "A")
    assert case.shown.startswith("Take over 2 predictions?"), "of two that overlap only one"
    press(case.page, "Escape")
    assert not case.operations
    press(case.page, "A", "Enter")
    assert [label for _, label in case.mentions] == ["Gene", "Protein", "Cell"]
    press(case.page, "Control+z")
    assert [label for _, label in case.mentions] == ["Gene"]


def test_a_toolbar_is_one_stop_of_the_tab_key_and_arrows_move_inside(case: Case) -> None:
    press(case.page, "Control+Home", "Shift+Tab", "Shift+Tab", "Shift+Tab")
    press(case.page, "ArrowRight", "ArrowRight")
    name = case.page.evaluate("document.activeElement.dataset.type")
    press(case.page, "Enter")
    assert case.mentions == [([[0, len("Mutations")]], name)]
    assert case.page.locator(".bse-palette [tabindex='0']").count() == 1


def test_every_occurrence_is_previewed_and_undone_as_one(case: Case) -> None:
    starts = [i for i in range(len(TEXT)) if TEXT.startswith("p53", i)]
    click_text(case.page, starts[0], count=2)
    press(case.page, "5", "e")
    assert "2 ×" in case.shown
    assert case.page.locator(".bse-occurrence").count() == 2
    assert len(case.operations) == 1
    press(case.page, "Enter")
    assert case.mentions == [([[start, start + 3]], "Protein") for start in starts]
    press(case.page, "Control+z")
    assert case.mentions == [([[starts[0], starts[0] + 3]], "Protein")]
    press(case.page, "Control+y", "n", "Shift+E", "Enter")
    assert case.mentions == []
    assert [one["kind"] for one in case.operations] == ["add", "batch", "undo", "redo", "batch"]


def test_undo_and_redo_are_exact_after_a_reload(case: Case) -> None:
    states = [case.mentions]
    press(case.page, "Home")
    for keys in (["1"], ["2"], ["Shift+ArrowRight"], ["Delete"], ["End", "3"]):
        press(case.page, *keys)
        states.append(case.mentions)
    open_editor(case.page, case.page.url)
    for expected in reversed(states[:-1]):
        press(case.page, "u")
        assert case.mentions == expected
    press(case.page, "u")
    assert "Nothing to undo" in case.shown
    open_editor(case.page, case.page.url)
    for expected in states[1:]:
        press(case.page, "Shift+U")
        assert case.mentions == expected


DISCONTINUOUS = {
    "fragments": [[0, 9], [TEXT.index("p53"), TEXT.index("p53") + 3]],
    "label": "Pathology",
    "status": "gold",
}


@pytest.mark.parametrize(
    "case",
    [
        {
            "mentions": [
                mention("α-synuclein", "Protein", "gold"),
                mention("synuclein", "Gene", "gold"),
                mention("and α", "Cell", "gold"),
                DISCONTINUOUS,
            ]
        }
    ],
    indirect=True,
)
def test_overlapping_nested_and_discontinuous_mentions_stay_intact(case: Case) -> None:
    labels = case.page.eval_on_selector_all(
        ".bse-mark[data-label]", "nodes => nodes.map(node => node.dataset.label)"
    )
    assert any("Pathology…" in label for label in labels)
    assert any("Protein" in label and "Gene" in label for label in labels)
    start = TEXT.index("BRCA1")
    click_text(case.page, start)
    press(case.page, "2")
    assert DISCONTINUOUS["fragments"] in [fragments for fragments, _ in case.mentions]
    assert len(case.mentions) == 5
    click_text(case.page, 2)
    press(case.page, "Shift+ArrowRight")
    assert "several parts" in case.shown
    press(case.page, "4")
    assert (DISCONTINUOUS["fragments"], "Disease") in case.mentions
    press(case.page, "Delete")
    assert len(case.mentions) == 4
    nested = TEXT.index("synuclein")
    click_text(case.page, nested + 2)
    press(case.page, "Delete")
    assert {label for _, label in case.mentions} == {"Gene", "Protein", "Cell"} - {"Gene"} | {
        "Gene"
    }
    assert ([[nested, nested + 9]], "Gene") not in case.mentions


def test_combining_marks_emoji_and_right_to_left_text_keep_their_offsets(case: Case) -> None:
    for surface in ("nai\u0308ve", "👩‍🔬", "السرطان"):
        start = TEXT.index(surface)
        click_text(case.page, start, count=2)
        press(case.page, "9")
        assert case.operations[-1]["surfaces"] == [surface]
        assert ([[start, start + len(surface)]], "Cell") in case.mentions


def test_keys_of_streamlit_do_not_fire_in_the_editor(case: Case) -> None:
    press(case.page, "c", "r", "z")
    settle(case.page)
    assert case.page.locator("[role='dialog']:visible").count() == 0
    press(case.page, "?")
    assert case.page.locator(".bse-help").is_visible()
    press(case.page, "Escape")
    assert not case.page.locator(".bse-help").is_visible()


@pytest.mark.parametrize(
    "case",
    [{"text": "<img src=x onerror=alert(1)> & $\\beta$ [x](y) <b>p53</b>"}],
    indirect=True,
)
def test_text_is_never_markup(case: Case) -> None:
    assert (
        case.page.inner_text(".bse-text")
        == "<img src=x onerror=alert(1)> & $\\beta$ [x](y) <b>p53</b>"
    )
    assert case.page.locator(".bse-text img, .bse-text b").count() == 0


@pytest.mark.parametrize("case", [{"units": [[0, 20]]}], indirect=True)
def test_an_edit_outside_the_open_sentence_is_refused(case: Case) -> None:
    click_text(case.page, TEXT.index("T-cells") + 3, count=2)
    press(case.page, "2")
    assert case.operations == []
    assert "Only the marked sentence" in case.shown


def test_edits_survive_a_killed_app_and_arrive_once(case: Case) -> None:
    press(case.page, "Home", "1")
    settle(case.page)
    case.server.kill()
    press(case.page, "2", "3", "4")
    assert case.page.get_attribute(".bse", "data-pending") == "3"
    case.server.start()
    case.page.wait_for_function(
        "() => document.querySelector('.bse')?.dataset.pending === '0'", timeout=PATIENCE_MS
    )
    labels = [one["added"][0]["label"] for one in case.operations]
    assert labels == ["Anatomy", "Gene", "Chemical", "Disease"]
    assert case.mentions == [([[0, 9]], "Disease")]


def test_the_browser_applies_operations_as_python_does(chromium: Browser) -> None:
    page = chromium.new_page()
    page.add_script_tag(path=str(ROOT / "bioner" / "ui" / "span_editor" / "model.js"))
    chance = random.Random(7)
    for _ in range(300):
        mentions = [random_mention(chance) for _ in range(chance.randrange(6))]
        removed = chance.sample(mentions, min(len(mentions), chance.randrange(3)))
        if chance.random() < 0.2:
            removed.append(random_mention(chance))
        added = [random_mention(chance) for _ in range(chance.randrange(3))]
        try:
            operation = Operation(
                op_id="1",
                seq=1,
                view="v",
                session="s",
                reviewer="r",
                kind="batch",
                removed=tuple(removed),
                added=tuple(added),
            )
            expected = list(map(mention_to_json, apply_operation(mentions, operation)))
        except StaleRevisionError:
            expected = None
        found = page.evaluate(
            "([mentions, operation]) => applyOperation(mentions, operation)",
            [
                list(map(mention_to_json, mentions)),
                {
                    "removed": list(map(mention_to_json, removed)),
                    "added": list(map(mention_to_json, added)),
                },
            ],
        )
        assert found == expected
    page.close()


def random_mention(chance: random.Random) -> Mention:
    cuts = sorted(chance.sample(range(12), chance.choice([2, 2, 2, 4])))
    fragments = tuple(zip(cuts[::2], cuts[1::2], strict=True))
    return Mention(fragments, chance.choice(["Gene", "Cell"]), status="reviewed")


@pytest.mark.parametrize(
    "case", [{"text": " ".join(f"word{n} p53, (α)" for n in range(850))}], indirect=True
)
def test_five_thousand_tokens_stay_fluid(case: Case) -> None:
    """An edit draws again the blocks that it touches, not the text; the times are printed."""
    page = case.page
    assert page.locator(".bse-block").count() > 100
    press(page, "Control+End")
    page.evaluate(
        """() => {
          window.times = [];
          window.drawn = new Set();
          const body = document.querySelector('.bse-text');
          new MutationObserver((records) => {
            for (const one of records) window.drawn.add(one.target);
          }).observe(body, { childList: true, subtree: true });
          body.addEventListener('keydown', () => {
            const start = performance.now();
            const painted = () => window.times.push(performance.now() - start);
            requestAnimationFrame(() => setTimeout(painted));
          }, true);
        }"""
    )
    for number in range(20):
        press(page, "Shift+ArrowLeft" if number % 2 else "ArrowLeft", str(number % 9 + 1))
    settle(page)
    assert 1 <= page.evaluate("window.drawn.size") <= 3
    started = time.monotonic()
    press(page, "Control+Home", "1")
    settle(page)
    times = sorted(page.evaluate("window.times"))
    print(
        f"5,000 tokens: key to paint median {times[len(times) // 2]:.0f} ms, "
        f"p95 {times[int(len(times) * 0.95)]:.0f} ms; saved in {time.monotonic() - started:.2f} s"
    )
    assert case.mentions[0] == ([[0, 5]], "Anatomy")


CONCEPT = [["identifier", "672"], ["Negation", ""]]


@pytest.mark.parametrize(
    "case",
    [{"mentions": [mention("BRCA1", "Gene", "reviewed", attributes=CONCEPT)]}],
    indirect=True,
)
def test_a_concept_is_shown_goes_with_the_type_and_is_kept_on_request(case: Case) -> None:
    press(case.page, "n")
    assert "672" in case.shown
    press(case.page, "5")
    assert "no longer 672 (C keeps it)" in case.shown
    assert case.operations[-1]["added"][0]["attributes"] == [["Negation", ""]]
    press(case.page, "Shift+ArrowRight")
    press(case.page, "c")
    kept = case.operations[-1]["added"][0]
    assert kept["attributes"] == CONCEPT
    assert kept["label"] == "Protein"
    press(case.page, *["u"] * 3)
    assert case.operations[-1]["added"][0]["attributes"] == CONCEPT
    assert case.mentions == [([[13, 18]], "Gene")]


OFFERED = {
    "mentions": [mention("BRCA1", "Gene", "reviewed", attributes=[["Negation", ""]])],
    "concepts": [["BRCA1", "Gene", "HGNC:1100", "BRCA1 DNA repair associated"]],
}


@pytest.mark.parametrize("case", [OFFERED], indirect=True)
def test_a_concept_is_offered_under_the_mark_taken_by_a_key_typed_and_taken_off(case: Case) -> None:
    def attributes() -> list[list[str]]:
        return case.operations[-1]["added"][0]["attributes"]

    press(case.page, "n")
    assert "HGNC:1100 BRCA1 DNA repair associated" in case.page.inner_text(".bse-concepts")
    press(case.page, "v")
    assert attributes() == [["identifier", "HGNC:1100"], ["Negation", ""]]
    assert "is HGNC:1100 BRCA1 DNA repair" in case.shown
    press(case.page, "V")
    case.page.keyboard.type("NCBI:672")
    case.page.keyboard.press("Enter")
    assert attributes() == [["identifier", "NCBI:672"], ["Negation", ""]]
    press(case.page, "C")
    assert attributes() == [["Negation", ""]]
    press(case.page, "u", "u")
    assert attributes()[0] == ["identifier", "HGNC:1100"]
    press(case.page, "Escape")
    assert not case.page.locator(".bse-concepts").is_visible()


THEIRS = {
    "name": "prediction",
    "title": "of another",
    "mentions": [mention("BRCA1", "Gene", score=0.7, attributes=CONCEPT)],
}


@pytest.mark.parametrize("case", [{"mentions": [], "layers": [THEIRS]}], indirect=True)
def test_a_mark_taken_over_keeps_its_concept_and_what_else_is_said_of_it(case: Case) -> None:
    click_text(case.page, TEXT.index("BRCA1"))
    press(case.page, "a")
    taken = case.operations[-1]["added"][0]
    assert taken["attributes"] == CONCEPT
    assert (taken["status"], taken["score"]) == ("reviewed", None)
    press(case.page, "n")
    assert "672" in case.shown
    press(case.page, "5")
    assert "no longer 672 (C keeps it)" in case.shown
    assert case.operations[-1]["added"][0]["attributes"] == [["Negation", ""]]
    press(case.page, "c")
    assert case.operations[-1]["added"][0]["attributes"] == CONCEPT


@pytest.mark.parametrize(
    "case", [{"mentions": [mention("BRCA1", "Gene", score=0.7)]}], indirect=True
)
def test_a_part_is_added_and_taken_off_with_control_by_mouse(case: Case) -> None:
    first, other = TEXT.index("BRCA1"), TEXT.index("p53")
    click_text(case.page, first + 2)
    case.page.keyboard.down("Control")
    drag(case.page, other, other + 3)
    case.page.keyboard.up("Control")
    assert case.mentions == [([[first, first + 5], [other, other + 3]], "Gene")]
    assert "training sees 2 parts as one" in case.shown
    assert case.page.locator(".bse-joined").count() > 0
    case.page.keyboard.down("Control")
    click_text(case.page, other + 1)
    case.page.keyboard.up("Control")
    assert case.mentions == [([[first, first + 5]], "Gene")]
    press(case.page, "u")
    assert case.mentions == [([[first, first + 5], [other, other + 3]], "Gene")]


@pytest.mark.parametrize(
    "case", [{"mentions": [mention("BRCA1", "Gene", score=0.7)]}], indirect=True
)
def test_a_part_is_joined_by_keys(case: Case) -> None:
    first, other = TEXT.index("BRCA1"), TEXT.index("impair")
    press(case.page, "n", "j")
    assert "J joins it" in case.shown
    click_text(case.page, other + 1)
    press(case.page, "j")
    assert case.mentions == [([[first, first + 5], [other, other + 6]], "Gene")]


def test_the_verdicts_stand_in_one_row_wherever_a_row_holds_them(case: Case) -> None:
    rows = {}
    for width in range(360, 1400, 80):
        case.page.set_viewport_size({"width": width, "height": 800})
        settle(case.page)
        room, needed, tops = case.page.evaluate(
            """() => {
              const bar = document.querySelector(".bse-actions");
              const made = [...bar.querySelectorAll(".bse-verdicts button")];
              const boxes = made.map((one) => one.getBoundingClientRect());
              const needed = boxes.reduce((sum, one) => sum + one.width + 5, 0);
              return [bar.clientWidth, needed, new Set(boxes.map((one) => one.top)).size];
            }"""
        )
        rows[width] = (needed < room - 5, tops)
    assert {tops for fits, tops in rows.values() if fits} == {1}, rows
