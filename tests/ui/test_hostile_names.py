"""Names and texts of others on every page: shown as they are, never run, nothing fetched."""

from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path

import pytest
from hostile import EVIL, IMAGE, SHORT, make_hostile
from page_support import load_tagger
from streamlit.testing.v1 import AppTest

from bioner.corpora.dataset import Dataset
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.ui.corpora.page import SECTIONS
from bioner.ui.metrics.data import to_csv
from bioner.ui.plain import plain, plain_label

LIVE = re.compile(r"(?<!\\)!\\?\[x\\?\](?<!\\\])\((?:http|a\.png)|(?<!\\)\[y\]\(http")
"""An image or a link that Markdown would draw: its brackets are not escaped."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, sample: Dataset) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    folders = {name: root / name for name in ("home", "backups", "data", "models", "jobs")}
    make_hostile(
        Settings(database_url=f"sqlite:///{root}/home/bioner.sqlite3", device="cpu", **folders),
        sample,
    )
    return root


@pytest.fixture
def hostile(home: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("bioner.tagging.load.load_tagger", load_tagger)
    shutil.copytree(made, home.parent, dirs_exist_ok=True)
    return read_settings()


def drawn(app: AppTest) -> list[tuple[str, str]]:
    """Return the Markdown and the HTML that a page sends, with what it is."""
    found = []
    for block in (app.main, app.sidebar):
        for node in block:
            proto = getattr(node, "proto", None)
            if proto is None:
                continue
            for name in ("body", "label", "help", "text"):
                said = getattr(proto, name, "")
                if isinstance(said, str) and said:
                    found.append((f"{node.type}.{name}", said))
            for option in getattr(proto, "options", ()):
                content = getattr(option, "content", "")
                if content:
                    found.append((f"{node.type}.option", content))
    return found


PLAIN_TEXT = ("text.body", "code.body", "text_input", "text_area.value")
"""What Streamlit shows as it is."""


def live(app: AppTest) -> list[tuple[str, str]]:
    """Return what a page would draw as an image, a link or an element of others."""
    bad = []
    for kind, said in drawn(app):
        if kind.startswith("text.") or kind.startswith("code."):
            continue
        outside_code = re.sub(r"`[^`]*`", "", said)
        if kind.startswith("html."):
            if "<img" in said or "onerror=alert(1)>" in said.replace("&gt;", ""):
                bad.append((kind, said))
        elif LIVE.search(outside_code):
            bad.append((kind, said))
    return bad


VIEWS = [
    ("", {}),
    ("1_Corpora.py", {}),
    *(("1_Corpora.py", {"part": part}) for part in SECTIONS),
    ("2_Train.py", {}),
    *(("2_Train.py", {"view": view}) for view in ("runs", "compare", "models")),
    ("2_Train.py", {"view": "runs", "job": f"20260101-000000-{SHORT}"}),
    ("2_Train.py", {"job": EVIL}),
    ("3_Predict.py", {"model": SHORT}),
    ("3_Predict.py", {"model": EVIL}),
    ("3_Predict.py", {"text": f"{EVIL}/{EVIL}"}),
    *(
        ("4_Review.py", {"project": EVIL, "reviewer": EVIL, "part": part})
        for part in ("Correct", "Texts", "Compare", "Project")
    ),
    ("4_Review.py", {"document": EVIL, "label": EVIL, "reason": EVIL, "text": EVIL}),
    ("5_Metrics.py", {"model": SHORT}),
    ("5_Metrics.py", {"model": EVIL}),
]


@pytest.mark.parametrize(("page", "params"), VIEWS)
def test_a_hostile_name_is_shown_as_it_is(hostile: Settings, page: str, params: dict[str, str]):
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=60)
    if page:
        app.switch_page(f"pages/{page}")
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [one.value for one in app.exception]
    assert drawn(app)
    assert not live(app)


@pytest.mark.parametrize(
    "text",
    [
        IMAGE,
        f"``a`b`{IMAGE}`",
        f"`a\nb`{IMAGE}`",
        f"`{IMAGE}",
        f"\\{IMAGE}",
        f"\\`{IMAGE}`",
        ":red[x] :material/home: $x$",
    ],
)
def test_no_text_gets_out_of_its_escapes(text: str):
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark")
    for escaped in (plain(text), plain_label(text)):
        html = reader.render(escaped)
        assert "<img" not in html, escaped
        assert "<a " not in html, escaped


def test_no_cell_of_a_table_is_a_formula():
    cells = ["=1+1", "+1", "-1", "@A1", "\t=1", "plain", -1.5]
    row = list(csv.reader(io.StringIO(to_csv(["a"] * 7, [cells]))))[1]
    assert row == ["'=1+1", "'+1", "'-1", "'@A1", "'\t=1", "plain", "-1.5"]
