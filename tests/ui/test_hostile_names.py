"""Names and texts of others on every page: shown as they are, never run, nothing fetched."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest
from page_support import load_tagger, make_model
from runs import make_run
from streamlit.testing.v1 import AppTest

from bioner.corpora.adding import add_corpus
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.corpora.own import OwnCorpus
from bioner.labels import read_schema
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.spans import Document, mention
from bioner.store import Project, open_store
from bioner.ui.corpora.page import SECTIONS
from bioner.ui.metrics.data import to_csv
from bioner.ui.plain import plain, plain_label

IMAGE = "![x](http://evil.example/a.png)"
HTML = "<img src=http://evil.example/b.png onerror=alert(1)>"
EVIL = f"{IMAGE} {HTML} $\\beta$ [y](http://evil.example/c)"
SHORT = "![x](a.png)"
"""A folder's name holds no slash."""

LIVE = re.compile(r"(?<!\\)!\\?\[x\\?\](?<!\\\])\((?:http|a\.png)|(?<!\\)\[y\]\(http")
"""An image or a link that Markdown would draw: its brackets are not escaped."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "made"
    make_model(folder)
    return folder


@pytest.fixture
def hostile(home: Path, model: Path, sample: Dataset, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A machine on which every name that others choose is hostile."""
    monkeypatch.setattr("bioner.tagging.load.load_tagger", load_tagger)
    settings = read_settings()
    write_dataset(sample, settings.merged)
    for name in ("bioner-compact", SHORT):
        shutil.copytree(model, settings.models / name)
        card = settings.models / name / "card.json"
        raw = json.loads(card.read_text("utf-8"))
        raw |= {
            "name": EVIL,
            "base": EVIL,
            "stage": EVIL,
            "licence": EVIL,
            "parent": EVIL,
            "limits": [EVIL],
            "command": EVIL,
            "corpora": [EVIL],
            "mapping": EVIL,
        }
        card.write_text(json.dumps(raw), encoding="utf-8")
    make_run(settings, SHORT, "failed", problem=EVIL, mend=EVIL)
    schema = read_schema()
    own = OwnCorpus("evil", EVIL, ("Gene",), {name: name for name in schema.names})
    folder = add_corpus(settings, own, sample.train[:3], schema)
    described = json.loads((folder / "corpus.json").read_text("utf-8"))
    described |= {"title": EVIL, "licence": EVIL, "types": {EVIL: "Gene"}}
    (folder / "corpus.json").write_text(json.dumps(described), encoding="utf-8")
    store = open_store(settings)
    people = ((EVIL, "curator"),)
    guidelines = (("Gene", EVIL),)
    store.create_project(Project(EVIL, schema.names, frozenset(schema.names), guidelines, people))
    text = f"TNF-α {EVIL} primes keratinocytes."
    marks = (mention(0, 5, "Gene", status="predicted", score=0.9),)
    store.import_documents(EVIL, [Document(EVIL, text, marks)], model=EVIL, source=EVIL)
    store.close()
    return settings


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
