"""Each text of others is escaped where a page draws it; each escape left out once is noticed."""

from __future__ import annotations

import ast
from collections import Counter

import pytest
from sources import tree_of
from support import ROOT
from unescaped import unescaped, without_each

UI = ROOT / "bioner" / "ui"
FILES = [path.relative_to(UI).as_posix() for path in sorted(UI.rglob("*.py"))]

OURS = {
    "chips.py": {"str(get_annotated_html(*parts))"},
    "corpora/lens.py": {"corpus", "name"},
    "corpora/overview.py": {"name", "helps.get(name)"},
    "corpora/own.py": {"frozen_version(folder)"},
    "dictionary/take_out.py": {"WRITERS[format].title", "WRITERS[one].title"},
    "highlight.py": {
        "_open(text, mentions[index], schema, index, is_last, show_score, clickable, extra)",
        "_GROUNDS", "extra", "color_of(schema, one.label)", "index",
    },
    "home/steps.py": {"title", "text"},
    "metrics/compare.py": {"title"},
    "metrics/mistakes.py": {"label", "who"},
    "metrics/page.py": {"report.split"},
    "metrics/scores.py": {"name"},
    "ordering.py": {"heard.text"},
    "predict/actions.py": {"told"},
    "predict/chosen.py": {"color_of(schema, label)", "round(100 * score)"},
    "predict/reading.py": {"summary(part, name, 0)"},
    "predict/view.py": {
        "{label: ' / '.join((f'{one.get(label, 0):,}' for one in by_document)) "
        "for label in counts}",
        "i", "color_of(schema, label)",
    },
    "review/agreement.py": {"title"},
    "review/clash.py": {"clash.operation.name"},
    "review/export.py": {"capital(line)"},
    "review/freeze.py": {"made.folder.name", "made.version", "split", "reason"},
    "review/guideline_settings.py": {"title"},
    "review/guidelines.py": {"title"},
    "review/project.py": {"said != 1"},
    "review/queue.py": {"told(r.name)"},
    "review/record.py": {"sum((one.is_damaged for one in found))"},
    "review/assigning.py": {"title"},
    "review/split.py": {"title"},
    "review/suggest.py": {"label"},
    "session.py": {"title", "label"},
    "sign_in.py": {"actor.role.title"},
    "tables.py": {
        "_cell(one)",
        "_head(header, [row[i] for row in rows])"},
    "train/form.py": {"PRESETS[key].title"},
    "train/numbers.py": {"title"},
    "train/run.py": {"capital(job.state.problem)"},
}  # fmt: skip
"""What looks like others' text and is ours, a number, or escaped before; looked at one by one."""


def page_tree(file: str) -> ast.Module:
    return tree_of(UI / file)


@pytest.mark.parametrize("file", FILES)
def test_no_text_of_others_is_drawn_as_it_is(file: str) -> None:
    strange = set(unescaped(page_tree(file))) - OURS.get(file, set())
    assert not strange, "escape it with plain, plain_label or html.escape, or list it as ours"


@pytest.mark.long
@pytest.mark.parametrize("file", [file for file in FILES if file != "plain.py"])
def test_each_escape_that_is_left_out_is_noticed(file: str) -> None:
    tree = page_tree(file)
    as_it_is = unescaped(tree)
    unnoticed = [what for what, changed in without_each(tree) if not unescaped(changed) - as_it_is]
    assert unnoticed == [], "add the words of what is escaped to OTHERS of tests/fakes/unescaped.py"


def test_many_escapes_are_tried() -> None:
    number = sum(1 for file in FILES for _ in without_each(page_tree(file)))
    assert number > 120


def test_what_is_ours_is_still_there() -> None:
    gone = {
        file: names - set(unescaped(page_tree(file)))
        for file, names in OURS.items()
        if names - set(unescaped(page_tree(file)))
    }
    assert not gone


@pytest.mark.parametrize(
    ("code", "noticed"),
    [
        ("def f(): st.caption(f'{model.name} is here')", {"model.name"}),
        ("def f():\n    told = f'{model.name}'\n    st.info('see ' + told)", {"model.name"}),
        ("def f():\n    parts = []\n    parts.append(one.surface)\n    st.write(', '.join(parts))",
         {"one.surface"}),
        ("def f(): st.button('x', help=str(error))", {"str(error)"}),
        ("def f(): st.html(f'<b>{anything}</b>')", {"anything"}),
        ("def f(): st.caption(f'{plain(model.name)}: {len(names)} of {number:,}')", set()),
        ("def f(): st.text(model.name)", set()),
    ],
)  # fmt: skip
def test_what_is_drawn_is_found_in_the_source(code: str, noticed: set[str]) -> None:
    assert unescaped(ast.parse(code)) == Counter(dict.fromkeys(noticed, 1))
